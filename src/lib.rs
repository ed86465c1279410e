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
use worker::js_sys::{Error, Promise};
#[cfg(feature = "edge")]
use worker::wasm_bindgen::{JsValue, prelude::wasm_bindgen};
#[cfg(feature = "edge")]
use worker::wasm_bindgen_futures::future_to_promise;
#[cfg(feature = "edge")]
use worker::{Context, Env, Request, Response, event};

/// Every HTTP request to the Worker.
#[cfg(feature = "edge")]
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    http::serve(request, env, context).await
}

/// What is to be done by the clock; see `[triggers]` in wrangler.toml. A failure rejects the promise, so that
/// Cloudflare counts it as one: `#[event(scheduled)]` has no way to say that.
#[cfg(feature = "edge")]
#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
pub fn scheduled(_event: JsValue, env: Env, _context: JsValue) -> Promise {
    future_to_promise(async move {
        match http::run_maintenance(&env).await {
            Ok(()) => Ok(JsValue::UNDEFINED),
            Err(reason) => Err(Error::new(&reason).into()),
        }
    })
}
