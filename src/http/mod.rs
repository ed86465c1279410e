//! The edge: takes a request apart, finds who is asking, has it carried out, answers, and writes one
//! line to the log. The only place that sees a `worker` Request or Response.

pub(crate) mod address;
pub mod body;
pub mod body_budget;
pub mod problem;
pub mod rate_limits;
pub mod request;
pub mod response;
pub(crate) mod routes;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use worker::{Context, Env, Request, Response, console_error, console_log};

use crate::d1::{Batch, Cost, Statement};
use crate::runtime::clock;
use directory::Shard;
use scim_protocol::ScimError;

use self::address::segments;
use self::request::HttpRequest;
use self::response::HttpResponse;
pub(crate) use crate::deployment::{Deployment, database};
use crate::{console, redaction::worker_log, scim_api};
pub use problem::Problem;

/// What is left to do after the response, and what the Worker's log should say of the key.
#[derive(Default)]
pub(crate) struct DeferredWork {
    pub(crate) key_hint: Cell<Option<String>>,
    /// Where the key lies, and all that is left to do.
    pub(crate) shard: Cell<Option<Shard>>,
    pub(crate) mark_used: Cell<Option<Statement>>,
    pub(crate) note_import: Cell<Option<Statement>>,
    /// Whether the response refuses a key or a token.
    pub(crate) refuses: Cell<bool>,
    /// Entries of the organization's log.
    pub(crate) entries: RefCell<Vec<Statement>>,
}

/// Answers a request. Every outcome is a response in JSON; nothing is left to the runtime's own error page,
/// which identity providers cannot read.
///
/// # Errors
/// The runtime's own, if it refuses a response.
pub async fn serve(raw: Request, env: Env, context: Context) -> worker::Result<Response> {
    let began = clock::now_millis();
    let mut request = HttpRequest::new(raw)?;
    let deferred = DeferredWork::default();
    let (response, cost) = match Deployment::of(&env) {
        Ok(deployment) => {
            let response = route(&deployment, &mut request, &deferred).await;
            (response, deployment.cost())
        }
        Err(reason) => {
            console_error!("the deployment is not complete: {reason}");
            (HttpResponse::from(ScimError::internal()), Cost::default())
        }
    };
    note_later(&env, &context, &deferred);
    let mut line = format!(
        "{} {} {} {} ms, D1: {} round trip{}, {} rows read, {} written",
        worker_log::method(if request.is_head { "HEAD" } else { request.method.as_str() }),
        worker_log::path(&request.address.path),
        response.status,
        clock::now_millis().saturating_sub(began),
        cost.round_trips,
        if cost.round_trips == 1 { "" } else { "s" },
        cost.rows_read,
        cost.rows_written
    );
    if let Some(hint) = deferred.key_hint.take() {
        line.push_str(", key ");
        line.push_str(&hint);
    }
    if let Some(text) = response.log_text() {
        line.push_str(": ");
        line.push_str(&worker_log::message(text));
    }
    console_log!("{line}");
    // What it cost would tell whether there is such a key.
    let is_told = response.status != 401 && !deferred.refuses.get();
    response.into_response(is_told.then_some(cost), request.is_head, request.address.is_https)
}

/// Whoever calls, by the first segment of the path as it was sent: rules for paths before this Worker, such as those of
/// Cloudflare Access, know no other spelling.
async fn route(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    deferred: &DeferredWork,
) -> HttpResponse {
    let segments = segments(&request.address.path);
    let names: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let Err(error) = request.check_address() {
        return if names.first() == Some(&"console") { console::refused(error) } else { error.into() };
    }
    let first = request.address.path.split('/').nth(1).unwrap_or_default();
    match names.as_slice() {
        [name, ..] if *name != first => nowhere(request),
        ["scim", "v2", rest @ ..] => scim_api::respond(deployment, request, deferred, "/scim/v2", rest)
            .await
            .unwrap_or_else(HttpResponse::from),
        ["scim", rest @ ..] => scim_api::respond(deployment, request, deferred, "/scim", rest)
            .await
            .unwrap_or_else(HttpResponse::from),
        ["console", rest @ ..] => console::answer(deployment, request, deferred, rest).await,
        _ => nowhere(request),
    }
}

fn nowhere(request: &HttpRequest) -> HttpResponse {
    ScimError::not_found(format!(
        "There is nothing at this address. The SCIM endpoint is {}/scim, the administrators' console {}/console.",
        request.address.origin, request.address.origin
    ))
    .into()
}

/// Notes what need not be known before the response has gone out: that a key was used, how far an import has come, what
/// failed.
fn note_later(env: &Env, context: &Context, deferred: &DeferredWork) {
    let mut statements = deferred.entries.take();
    statements.extend(deferred.mark_used.take());
    statements.extend(deferred.note_import.take());
    let Some(shard) = deferred.shard.get().filter(|_| !statements.is_empty()) else { return };
    let Some(database) = database(env, shard, Rc::default()) else { return };
    context.wait_until(async move {
        if let Err(error) = database.batch(&Batch::from_iter(statements)).await {
            console_error!("what is noted after a response could not be written: {error:?}");
        }
    });
}
