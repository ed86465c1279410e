//! Every HTTP request: which room answers it, the response, the line in the Worker's log, and the work that is left for
//! after the response.

use std::rc::Rc;

use worker::{Context, Env, console_error, console_log};

use crate::d1::{Batch, Cost};
use crate::deployment::{Deployment, database};
use crate::http::address::segments;
use crate::http::request::HttpRequest;
use crate::http::response::{DeferredWork, HttpResponse};
use crate::redaction::worker_log;
use crate::runtime::clock;
use crate::{console, scim_api};
use scim_protocol::ScimError;

/// Answers a request. Every outcome is a response in JSON or HTML: identity providers cannot read the runtime's own
/// error page.
///
/// # Errors
/// The runtime's, for a request or a response that it does not take.
pub(crate) async fn serve(
    raw: web_sys::Request,
    env: Env,
    context: Context,
) -> worker::Result<web_sys::Response> {
    let began = clock::now_millis();
    let mut request = HttpRequest::new(raw)?;
    let (mut response, cost) = match Deployment::of(&env) {
        Ok(deployment) => {
            let response = route(&deployment, &mut request).await;
            (response, deployment.cost())
        }
        Err(reason) => {
            console_error!("the deployment is not complete: {reason}");
            (HttpResponse::from(ScimError::internal()), Cost::default())
        }
    };
    run_after_response(&env, &context, std::mem::take(&mut response.deferred));
    console_log!("{}", log_line(&request, &response, cost, clock::now_millis().saturating_sub(began)));
    response.into_response(cost, request.is_head, request.address.is_https)
}

/// Finds the room of a request by the first segment of its path, as it was sent: rules for paths before this Worker,
/// such as those of Cloudflare Access, know no other spelling.
async fn route(deployment: &Deployment<'_>, request: &mut HttpRequest) -> HttpResponse {
    let segments = segments(&request.address.path);
    let names: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let Err(error) = request.check_address() {
        return if names.first() == Some(&"console") { console::refused(error) } else { error.into() };
    }
    let first = request.address.path.split('/').nth(1).unwrap_or_default();
    match names.as_slice() {
        [name, ..] if *name != first => not_found(request),
        ["scim", "v2", rest @ ..] => scim_api::respond(deployment, request, "/scim/v2", rest).await,
        ["scim", rest @ ..] => scim_api::respond(deployment, request, "/scim", rest).await,
        ["console", rest @ ..] => console::answer(deployment, request, rest).await,
        _ => not_found(request),
    }
}

fn not_found(request: &HttpRequest) -> HttpResponse {
    let origin = &request.address.origin;
    ScimError::not_found(format!(
        "There is nothing at this address. The SCIM endpoint is {origin}/scim, the administrators' console \
         {origin}/console."
    ))
    .into()
}

/// Runs statements that the client need not wait for.
fn run_after_response(env: &Env, context: &Context, deferred: DeferredWork) {
    let DeferredWork { shard, statements } = deferred;
    let Some(shard) = shard.filter(|_| !statements.is_empty()) else { return };
    let Some(database) = database(env, shard, Rc::default()) else { return };
    context.wait_until(async move {
        if let Err(error) = database.batch(&Batch::from_iter(statements)).await {
            console_error!("statements deferred until after the response failed: {error:?}");
        }
    });
}

/// The line of a request in the Worker's log.
fn log_line(request: &HttpRequest, response: &HttpResponse, cost: Cost, millis: u64) -> String {
    let mut line = format!(
        "{} {} {} {millis} ms, D1: {} round trip{}, {} rows read, {} written",
        worker_log::method(if request.is_head { "HEAD" } else { request.method.as_str() }),
        worker_log::path(&request.address.path),
        response.status,
        cost.round_trips,
        if cost.round_trips == 1 { "" } else { "s" },
        cost.rows_read,
        cost.rows_written
    );
    if let Some(hint) = &response.key_hint {
        line.push_str(", key ");
        line.push_str(hint);
    }
    if let Some(code) = response.code {
        line.push_str(", ");
        line.push_str(code.as_str());
    }
    if let Some(text) = response.log_text() {
        line.push_str(": ");
        line.push_str(&worker_log::message(text));
    }
    line
}
