//! Requests to other services.

use worker::web_sys::{AbortSignal, Request, RequestInit, RequestRedirect};
use worker::{Fetch, Response};

/// Sends a request, and waits for an answer at most `timeout` milliseconds. Redirects are answers: they are not
/// followed.
///
/// # Errors
/// Why there is no answer.
// The type of `web_sys`: that of the worker crate has all that Cloudflare can do to images and caches, as types.
pub(crate) async fn send(address: &str, init: &RequestInit, timeout: u32) -> worker::Result<Response> {
    init.set_redirect(RequestRedirect::Manual);
    let request = Request::new_with_str_and_init(address, init)?;
    let timeout = worker::AbortSignal::from(AbortSignal::timeout_with_u32(timeout));
    Fetch::Request(request.into()).send_with_signal(&timeout).await
}
