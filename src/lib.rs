//! scim-edge: a SCIM 2.0 service provider that runs as one Cloudflare Worker.
//!
//! Each module uses only those below it, from the router at the top to the crates [`directory`] and [`scim_protocol`]
//! at the bottom. See ARCHITECTURE.md.

pub(crate) mod admin_api;
pub mod audit;
pub mod auth;
pub(crate) mod console;
pub mod d1;
pub mod deployment;
pub mod error;
#[cfg(test)]
mod events_doc;
mod health;
pub mod http;
pub mod jobs;
pub mod kv;
#[cfg(test)]
mod limits_doc;
pub(crate) mod product_api;
pub mod redaction;
mod router;
pub mod runtime;
pub mod scim_api;
pub mod storage_error;
pub mod webhooks;

use worker::js_sys::{Error, Promise};
use worker::wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use worker::wasm_bindgen_futures::future_to_promise;
use worker::{Context, Env, event};

/// Logs the message and the stack of a panic, before the hook of the `worker` crate marks the instance of WebAssembly,
/// which is unusable after an abort, for replacement at the next request.
#[event(start)]
fn log_panics() {
    let hook_of_worker = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        console_error_panic_hook::hook(panic);
        hook_of_worker(panic);
    }));
}

/// Every HTTP request to the Worker.
#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> worker::Result<web_sys::Response> {
    router::serve(request, env, context).await
}

/// The cron jobs; see `[triggers]` in wrangler.toml. A failure rejects the promise, so that Cloudflare counts it as
/// one, which `#[event(scheduled)]` cannot do.
#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
pub fn scheduled(event: jobs::CronEvent, env: Env, _context: JsValue) -> Promise {
    future_to_promise(async move {
        match jobs::run(&event, &env).await {
            Ok(()) => Ok(JsValue::UNDEFINED),
            Err(reason) => Err(Error::new(&reason).into()),
        }
    })
}

/// Messages of the Worker's queue of webhooks.
#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
pub fn queue(batch: webhooks::queue::Batch, env: Env, context: webhooks::queue::ExecutionContext) -> Promise {
    future_to_promise(async move {
        webhooks::consume(batch, env, context).await;
        Ok(JsValue::UNDEFINED)
    })
}
