//! The SCIM endpoints (RFC 7644 §3.2, table 2).

pub mod bulk;
pub mod consistency;
pub mod context;
pub mod discovery;
pub mod group_resource;
pub mod groups;
pub mod lists;
pub mod routes;
pub mod users;

use crate::audit::scim_request::{AuditContext, Target};
use crate::auth::{known_keys, scim_key};
use crate::d1::{Batch, Scope, Session, Tenant};
use crate::http::request::HttpRequest;
use crate::http::response::HttpResponse;
pub(crate) use crate::http::{DeferredWork, Deployment, rate_limits};
use crate::runtime::clock;
use consistency::{BOOKMARK, route_to_replica};
use context::{RequestContext, Source};
use directory::Key;
use scim_protocol::ScimError;
use scim_protocol::budget::Budget;

/// Answers a request below the base path.
///
/// # Errors
/// What the client is to be told.
pub(crate) async fn respond(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    deferred: &DeferredWork,
    base_path: &str,
    segments: &[&str],
) -> Result<HttpResponse, ScimError> {
    let base = format!("{}{base_path}", request.address.origin);
    let authorization = request.header("authorization").filter(|header| !header.trim().is_empty());
    if authorization.is_none() && request.method == "GET" && segments == ["ServiceProviderConfig"] {
        return discovery::public_service_provider_config(
            &base,
            &deployment.catalog.limits,
            request.parameters(),
        );
    }
    let outcome = match scim_key::from_authorization(authorization.as_deref()) {
        Ok(key) => with_key(deployment, request, deferred, &key, base, segments).await,
        Err(error) => Err(error),
    };
    let is_refused = outcome.as_ref().map_or_else(|error| error.status, |response| response.status) == 401;
    if is_refused && authorization.is_some() {
        deferred.refuses.set(true);
        rate_limits::count_failure(deployment.env, request).await?;
    }
    outcome
}

async fn with_key(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    deferred: &DeferredWork,
    key: &Key,
    base: String,
    segments: &[&str],
) -> Result<HttpResponse, ScimError> {
    deferred.key_hint.set(Some(key.hint()));
    if let Some(refusal) = known_keys::refusal(key) {
        return Err(refusal);
    }
    if known_keys::is_good(key) {
        rate_limits::count_request(deployment.env, key).await?;
    } else if let Err(error) = rate_limits::check_unknown_key(deployment.env, request).await {
        deferred.refuses.set(true);
        return Err(error);
    }
    deferred.shard.set(Some(key.shard()));
    let mut database =
        deployment.database(key.shard()).ok_or_else(|| scim_key::Refusal::Unknown.answer(key))?;
    if deployment.read_replicas {
        database = route_to_replica(database, request, segments);
    }
    let tenant = Tenant {
        scope: Scope::of_key(key),
        catalog: deployment.catalog,
        base,
        now: clock::iso(clock::now_millis()),
    };
    let session = Session { database: &database, kv: &deployment.kv, key, tenant, is_verified: false };
    let method = request.method.clone();
    let target = Target {
        method: method.as_str(),
        path: &request.address.path,
        parameters: request.parameters(),
        segments,
    };
    let audit = AuditContext::new(deployment.catalog, key.hint(), target);
    let budget = Budget::new(&deployment.catalog.limits);
    let mut context = RequestContext {
        session,
        source: Source::Http(request),
        deferred,
        audit,
        budget: &budget,
        env: deployment.env,
    };
    let outcome = routes::dispatch(&mut context, &method, segments).await;
    if deployment.cost().round_trips == 0 {
        // Answered before the key was looked at. Whoever has no good key is told that, and nothing else.
        context.open(Batch::new()).await?;
    }
    let response = outcome.unwrap_or_else(HttpResponse::from);
    context.note(&response);
    Ok(match database.bookmark() {
        Some(bookmark) => response.with_header(BOOKMARK, bookmark),
        None => response,
    })
}
