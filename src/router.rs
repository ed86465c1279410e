//! Every HTTP request: which room answers it, the response, the line in the Worker's log, and the work that is left for
//! after the response.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use worker::{Context, Delay, Env, KvStore, console_error, console_log};

use crate::auth::product::Neighbor;
use crate::d1::imports::shown::Keeping;
use crate::d1::{Batch, Cost, Database};
use crate::deployment::{Deployment, database};
use crate::health::{self, Health};
use crate::http::Problem;
use crate::http::address::segments;
use crate::http::request::HttpRequest;
use crate::http::response::{DeferredWork, HttpResponse, Later};
use crate::kv::imports;
use crate::redaction::worker_log;
use crate::runtime::clock;
use crate::{console, jobs, product_api, scim_api, webhooks};
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
            let response = route(&deployment, &mut request, &context).await;
            (response, deployment.cost())
        }
        Err(reason) => {
            console_error!("the deployment is not complete: {reason}");
            (incomplete(&request, &reason), Cost::default())
        }
    };
    response = response.naming_request(&request.id);
    let deferred = std::mem::take(&mut response.deferred);
    if let Some(organization) = response.organization.clone().filter(|_| deferred.has_webhooks)
        && cost.rows_written > 0
    {
        wait_until(&context, Box::pin(webhooks::poke(env.clone(), organization)));
    }
    run_after_response(&env, &context, deferred);
    console_log!("{}", log_line(&request, &response, cost, clock::now_millis().saturating_sub(began)));
    response.into_response(cost, request.is_head, request.address.is_https)
}

/// Finds the room of a request by the first segment of its path, as it was sent: rules for paths before this Worker,
/// such as those of Cloudflare Access, know no other spelling.
async fn route(deployment: &Deployment<'_>, request: &mut HttpRequest, context: &Context) -> HttpResponse {
    let segments = segments(&request.address.path);
    let names: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let Err(error) = request.check_address() {
        return match names.first() {
            Some(&"console") => console::refused(request, error),
            Some(&("product" | "access")) => product_api::refused(request, error),
            _ => error.into(),
        };
    }
    let first = request.address.path.split('/').nth(1).unwrap_or_default();
    match names.as_slice() {
        [name, ..] if *name != first => not_found(request),
        ["scim", "v2", rest @ ..] => scim_api::respond(deployment, request, "/scim/v2", rest).await,
        ["scim", rest @ ..] => scim_api::respond(deployment, request, "/scim", rest).await,
        ["console", rest @ ..] => {
            let response = console::answer(deployment, request, rest).await;
            match response.status {
                // Signing in would lead to nothing.
                401 if rest.first() != Some(&"api") => ready(deployment, request).await.unwrap_or(response),
                _ => response,
            }
        }
        ["product" | "access" | ".well-known", ..] => {
            // The props of a request from the internet are empty.
            let neighbor: Option<Neighbor> = context.props().ok();
            product_api::respond(deployment, request, neighbor.as_ref(), &names).await
        }
        ["healthz"] => health::respond(&Health::of(deployment).await, &request.method),
        [] => start(deployment, request).await,
        _ => not_found(request),
    }
}

/// `/` leads browsers to the console, and tells other clients what is where. Where the service cannot work, it says
/// what to do.
async fn start(deployment: &Deployment<'_>, request: &HttpRequest) -> HttpResponse {
    if let Some(refused) = health::only_read(&request.method) {
        return refused;
    }
    let is_browser = request.header("accept").is_some_and(|accepted| accepted.contains("text/html"));
    match Health::of(deployment).await.problem() {
        Some(problem) if is_browser => console::failed(request, problem),
        Some(problem) => ScimError::unavailable(problem.into_detail()).into(),
        None if is_browser => HttpResponse::html(302, String::new()).with_header("Location", "/console"),
        None => health::index(request),
    }
}

/// What a browser gets instead of the console as long as the service cannot work.
async fn ready(deployment: &Deployment<'_>, request: &HttpRequest) -> Option<HttpResponse> {
    Health::of(deployment).await.problem().map(|problem| console::failed(request, problem))
}

/// The answer of a deployment whose bindings or variables are not complete.
fn incomplete(request: &HttpRequest, reason: &str) -> HttpResponse {
    let detail = format!("This deployment of scim-edge is not complete: {reason}");
    let first = request.address.path.split('/').nth(1).unwrap_or_default();
    match first {
        "healthz" => health::respond(&Health::incomplete(&detail), &request.method),
        "console" => console::failed(request, Problem::new(503, detail)),
        _ => ScimError::unavailable(detail).into(),
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

/// Keeps the invocation alive until that work is done. It is boxed, so that this is compiled once.
fn wait_until(context: &Context, work: LocalBoxFuture<'static, ()>) {
    context.wait_until(work);
}

/// Does what the client need not wait for.
fn run_after_response(env: &Env, context: &Context, deferred: DeferredWork) {
    let DeferredWork { shard, statements, keeping, later, .. } = deferred;
    let Some(shard) = shard else { return };
    if let Some(later) = later
        && let Some(database) = database(env, shard, Rc::default())
    {
        wait_until(context, Box::pin(run_later(database, later)));
    }
    if statements.is_empty() && keeping.is_none() {
        return;
    }
    let Some(database) = database(env, shard, Rc::default()) else { return };
    let keeping = keeping.map(|keeping| (keeping, env.kv("KV"), jobs::log_retention_days(env)));
    let work = async move {
        let mut batch = Batch::from_iter(statements);
        let is_kept = keeping.as_ref().map(|(keeping, ..)| {
            let is_kept = batch.push(keeping.count());
            batch.execute(keeping.note());
            is_kept
        });
        let results = match database.batch(&batch).await {
            Ok(results) => results,
            Err(error) => {
                return console_error!("statements deferred until after the response failed: {error:?}");
            }
        };
        if let Some((keeping, kv, days)) = keeping
            && is_kept.is_some_and(|is_kept| results.count(is_kept) > 0)
            && let Err(why) = keep(&keeping, kv, days).await
        {
            console_error!("a page of an import could not be kept: {why}");
            if let Err(error) = database.execute(keeping.failed(&why)).await {
                console_error!("that could not be noted: {error:?}");
            }
        }
    };
    wait_until(context, Box::pin(work));
}

/// Runs a statement that is made a while after the response.
async fn run_later(database: Database, Later { after, statement }: Later) {
    Delay::from(after).await;
    if let Err(error) = database.execute(statement()).await {
        console_error!("a statement for a while after the response failed: {error:?}");
    }
}

/// Keeps who was on a page of an import, as long as the log is kept.
async fn keep(
    keeping: &Keeping,
    kv: worker::Result<KvStore>,
    days: Result<u64, String>,
) -> Result<(), String> {
    let kv = kv.map_err(|error| error.to_string())?;
    let lifetime = days?.saturating_mul(clock::DAY_SECONDS);
    let Keeping { page, organization, .. } = keeping;
    let people = page.people.as_deref().ok_or("the page has no people")?;
    imports::keep(&kv, (organization, &page.import, page.number()), people, lifetime).await
}

/// The line of a request in the Worker's log: one JSON object, whose fields Workers Logs indexes. It is written by
/// hand, since it is a good part of what a small request costs.
fn log_line(request: &HttpRequest, response: &HttpResponse, cost: Cost, millis: u64) -> String {
    // None of these texts has a character that JSON escapes.
    let mut line = format!(
        "{{\"request_id\":\"{}\",\"method\":\"{}\",\"route\":\"{}\",\"status\":{},\
         \"duration_ms\":{millis},\"d1_round_trips\":{},\"d1_rows_read\":{},\"d1_rows_written\":{}",
        request.id,
        worker_log::method(if request.is_head { "HEAD" } else { request.method.as_str() }),
        worker_log::route(&request.address.path),
        response.status,
        cost.round_trips,
        cost.rows_read,
        cost.rows_written
    );
    let mut add = |name: &str, value: &str| {
        line.push_str(",\"");
        line.push_str(name);
        line.push_str("\":");
        line.push_str(value);
    };
    let quoted = |text: &str| format!("\"{text}\"");
    if let Some(organization) = &response.organization {
        add("organization", &quoted(organization));
    }
    if let Some(hint) = &response.key_hint {
        add("key", &quoted(hint));
    }
    if let Some(code) = response.code {
        add("code", &quoted(code.as_str()));
    }
    if let Some(text) = response.log_text() {
        add("error", &Value::from(worker_log::message(text)).to_string());
    }
    // To recognize guesses at keys and tokens.
    if matches!(response.status, 401 | 429)
        && let Some(network) = request.header("cf-connecting-ip").and_then(|from| worker_log::network(&from))
    {
        add("client", &quoted(&network));
    }
    line.push('}');
    line
}
