//! The SCIM endpoints (RFC 7644 §3.2, table 2).

mod bulk;
mod consistency;
mod context;
mod discovery;
mod group_resource;
mod groups;
mod lists;
mod resource;
mod routes;
mod users;

use std::cell::{Cell, RefCell};

use http::Method;

use crate::audit::scim_request::{AuditContext, Target};
use crate::auth::{key_use, known_keys, scim_key};
use crate::d1::keys::{self, KeyUse};
use crate::d1::setup_links::LastAnswer;
use crate::d1::{Cause, Scope, Session, Tenant};
use crate::deployment::Deployment;
use crate::error::Error;
use crate::http::rate_limits;
use crate::http::request::HttpRequest;
use crate::http::response::{HttpResponse, Later};
use crate::redaction::worker_log;
use crate::runtime::{clock, ids};
use consistency::{BOOKMARK, route_to_replica};
use context::{RequestContext, Source};
use directory::{Key, event};
use scim_protocol::budget::Budget;

/// Answers a request below the base path.
pub(crate) async fn respond(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    base_path: &str,
    segments: &[&str],
) -> HttpResponse {
    let base = format!("{}{base_path}", request.address.origin);
    let authorization = request.header("authorization").filter(|header| !header.trim().is_empty());
    if authorization.is_none() && request.method == Method::GET && segments == ["ServiceProviderConfig"] {
        return discovery::public_service_provider_config(
            &base,
            &deployment.catalog.limits,
            request.parameters(),
        )
        .unwrap_or_else(HttpResponse::from);
    }
    let response = match scim_key::from_authorization(authorization.as_deref()) {
        Ok(key) => {
            let response = with_key(deployment, request, &key, base, segments).await;
            let mut response = response.unwrap_or_else(HttpResponse::from);
            response.key_hint = Some(key.hint());
            response
        }
        Err(refusal) => Error::from(refusal).into(),
    };
    if response.status != 401 || authorization.is_none() {
        return response;
    }
    match rate_limits::count_failure(deployment.env, request).await {
        Ok(()) => response,
        Err(error) => {
            let mut throttled = HttpResponse::from(Error::from(error)).concealing_cost();
            throttled.key_hint = response.key_hint;
            throttled
        }
    }
}

/// The answer as the page of the set-up shows it: without names of people and without what the client wrote.
fn answer_of(context: &RequestContext<'_>, response: &HttpResponse) -> Option<String> {
    let Source::Http(request) = &context.source else { return None };
    let answer = LastAnswer {
        at: context.session.tenant.now.clone(),
        method: worker_log::method(request.method.as_str()).to_owned(),
        path: worker_log::route(&request.address.path),
        status: response.status,
        detail: response.detail.as_deref().map(worker_log::quoting),
    };
    serde_json::to_string(&answer).ok()
}

/// Writes the use of the key a while after the response, unless another request is about to.
fn note_use(key: &Key, context: &RequestContext<'_>, answer: Option<String>) -> Option<Later> {
    let Source::Http(request) = &context.source else { return None };
    let (country, network) = request.place();
    let at = context.session.tenant.now.clone();
    let (id, hash) = (key.id().to_owned(), key.hash().to_owned());
    let used = KeyUse { id, hash, at, country, network, answer };
    key_use::claim(&used).then(|| Later {
        after: key_use::WRITTEN_AFTER,
        statement: Box::new(move || keys::used(&used, key_use::take(&used))),
    })
}

/// Answers a request with a well-formed key.
async fn with_key(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    key: &Key,
    base: String,
    segments: &[&str],
) -> Result<HttpResponse, Error> {
    if let Some(refusal) = known_keys::refusal(key) {
        return Err(refusal.into());
    }
    if known_keys::is_good(key) {
        rate_limits::count_request(deployment.env, key).await?;
    } else if let Err(error) = rate_limits::check_unknown_key(deployment.env, request).await {
        return Ok(HttpResponse::from(Error::from(error)).concealing_cost());
    }
    let mut database = deployment.database(key.shard()).ok_or_else(|| scim_key::unknown(key))?;
    if deployment.read_replicas {
        database = route_to_replica(database, request, segments);
    }
    let request_id = ids::request_id()?;
    let tenant = Tenant {
        scope: Scope::of_key(key),
        catalog: deployment.catalog,
        base,
        now: clock::iso(clock::now_millis()),
        cause: Cause {
            source: event::Source::Scim,
            actor: key.hint(),
            key_id: Some(key.id().to_owned()),
            request_id: Some(request_id.clone()),
            story: None,
        },
    };
    let session = Session { database: &database, kv: &deployment.kv, key, tenant, is_verified: false };
    let method = request.method.clone();
    let target = Target {
        method: method.as_str(),
        path: &request.address.path,
        parameters: request.parameters(),
        segments,
    };
    let audit = AuditContext::new(deployment.catalog, key.hint(), target, request_id).of_request(&request.id);
    let budget = Budget::new(&deployment.catalog.limits);
    let mut context = RequestContext {
        session,
        source: Source::Http(request),
        last_used_is_due: Cell::new(false),
        has_webhooks: Cell::new(false),
        is_watched: Cell::new(false),
        audit,
        holds: RefCell::default(),
        budget: &budget,
        env: deployment.env,
    };
    let outcome = routes::dispatch(&mut context, &method, segments).await;
    if deployment.cost().round_trips == 0 {
        // The key has not been verified yet. A client without a good key gets 401, and no other detail.
        context.authenticate().await?;
    }
    let mut response = outcome.unwrap_or_else(HttpResponse::from);
    response.organization = context.audit.organization().map(str::to_owned);
    context.defer_entry(&mut response);
    if response.organization.is_some() {
        key_use::count(key.id(), &context.session.tenant.now);
    }
    let is_watched = context.is_watched.get();
    if context.last_used_is_due.get() || is_watched {
        let answer = answer_of(&context, &response);
        if let Some(answer) = answer.as_deref().filter(|_| is_watched) {
            response.deferred.statements.push(keys::answered(key.id(), key.hash(), answer));
        }
        if context.last_used_is_due.get() {
            response.deferred.later = note_use(key, &context, answer);
        }
    }
    response.deferred.shard = Some(key.shard());
    response.deferred.has_webhooks = context.has_webhooks.get();
    if let Some(keeping) = &mut response.deferred.keeping {
        keeping.pages_a_day = deployment.import_pages_per_day;
    }
    Ok(match database.bookmark() {
        Some(bookmark) => response.with_header(BOOKMARK, bookmark),
        None => response,
    })
}
