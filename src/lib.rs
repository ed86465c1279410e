//! scim-edge: a SCIM 2.0 service provider that runs as one Cloudflare Worker.
//!
//! Arrows run one way: `http` calls `console` and `store`, `console` calls `store`, `store` calls
//! [`directory`], and that calls [`scim`]. See ARCHITECTURE.md.

pub mod directory;
pub mod scim;

#[cfg(feature = "edge")]
pub mod console;
#[cfg(feature = "edge")]
pub mod http;
#[cfg(feature = "edge")]
pub mod store;

#[cfg(feature = "edge")]
use worker::{Context, Env, Request, Response, ScheduleContext, ScheduledEvent, event};

/// Every HTTP request to the Worker.
#[cfg(feature = "edge")]
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    http::serve(request, env, context).await
}

/// What is due once a day; see `[triggers]` in wrangler.toml.
#[cfg(feature = "edge")]
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    http::keep_up(&env).await;
}
