//! What products read: the feed of events, the snapshot, and what a person may do. Beside SCIM, with keys of its own.

mod about;
mod acknowledgements;
pub(crate) mod authzen;
mod context;
pub(crate) mod cursor;
pub(crate) mod feed;
pub(crate) mod people;
mod routes;
mod sets;
mod setup_links;

use crate::admin_api::types::problem;
use crate::auth::product::{self, Caller, Neighbor};
use crate::deployment::Deployment;
use crate::http::request::HttpRequest;
use crate::http::response::HttpResponse;
use crate::http::routes::NoRoute;
use crate::http::{Problem, rate_limits};
use context::ProductContext;
use routes::{Access, Handler};

/// Answers a request below `/product`, `/access` or `/.well-known`. `neighbor`: the `props` of the service binding over
/// which it came.
pub(crate) async fn respond(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    neighbor: Option<&Neighbor>,
    path: &[&str],
) -> HttpResponse {
    let (route, parameters) = match routes::find(&request.method, path) {
        Ok(found) => found,
        Err(reason) => return refused(request, no_route(reason)),
    };
    match route {
        Handler::Public(handler) => {
            handler(deployment, request).await.unwrap_or_else(|p| refused(request, p))
        }
        Handler::Keyed(access, handler) => {
            let needs = match access {
                Access::Any => None,
                Access::Scope(scope) => Some(*scope),
            };
            let caller = match Caller::of(deployment, request, neighbor, needs).await {
                Ok(caller) => caller,
                Err(problem) => return refused_key(deployment, request, problem).await,
            };
            let hint = caller.hint();
            let mut context = ProductContext::new(deployment, request, caller);
            let outcome = handler(&mut context, &parameters).await;
            let (organization, statement) = (context.organization.take(), context.caller.note_use());
            let shard = context.caller.database.shard();
            let mut response = match outcome {
                Ok(response) => authzen::with_id_of(request, response),
                Err(problem) if problem.status == 401 => refused_key(deployment, request, problem).await,
                Err(problem) => refused(request, problem),
            };
            response.key_hint = hint;
            response.organization = organization;
            if let Some(statement) = statement {
                response.deferred.shard = Some(shard);
                response.deferred.statements.push(statement);
            }
            response
        }
    }
}

/// The response to a request that is refused before it is routed, or that fails.
pub(crate) fn refused(request: &HttpRequest, problem: impl Into<Problem>) -> HttpResponse {
    let problem = problem.into().of_request(&request.id);
    let mut response = problem::response(&problem, "product");
    if authzen::is_at(request) {
        return authzen::with_id_of(request, response.with_text(problem.into_detail()));
    }
    if response.status != 410 {
        return response;
    }
    // Where to go on instead.
    let mut body = std::mem::take(&mut response.body).into_string();
    body.insert_str(1, "\"snapshot\":\"/product/v1/snapshot\",");
    response.with_body(body.into())
}

/// 401, or 429 after too many from the same address. Neither tells what it cost.
async fn refused_key(deployment: &Deployment<'_>, request: &HttpRequest, problem: Problem) -> HttpResponse {
    let is_guess = problem.status == 401 && request.header("authorization").is_some();
    let problem = match is_guess {
        true => match rate_limits::count_failure(deployment.env, request).await {
            Ok(()) => problem,
            Err(limit) => product::limited(limit),
        },
        false => problem,
    };
    refused(request, problem).concealing_cost()
}

/// 404 for unknown paths, 405 with `Allow` for known ones.
fn no_route(reason: NoRoute) -> Problem {
    match reason {
        NoRoute::MethodNotAllowed { allow, detail } => Problem::new(405, detail).with_allow(allow),
        NoRoute::NotFound => Problem::new(404, "There is nothing at this address. Begin at /product/v1."),
    }
}
