//! The SCIM endpoints (RFC 7644 §3.2, table 2).

pub mod bulk;
pub mod call;
pub mod consistency;
pub mod discovery;
pub mod group_resource;
pub mod groups;
pub mod lists;
pub mod resources;
pub mod users;

use crate::audit::record::Record;
use crate::d1::list::Listed;
use crate::d1::{Scope, Session, Tenant, known_keys};
use crate::http::answer::Answer;
use crate::http::request::Incoming;
pub(crate) use crate::http::{Aftermath, Deployment, rates};
use crate::runtime::platform;
use call::{Call, Source};
use consistency::{BOOKMARK, anchored};
use directory::Key;
use scim_protocol::ScimError;
use scim_protocol::work::Work;

/// Answers a request below the base path.
///
/// # Errors
/// What the client is to be told.
pub(crate) async fn answer(
    deployment: &Deployment<'_>,
    incoming: &mut Incoming,
    aftermath: &Aftermath,
    base_path: &str,
    segments: &[&str],
) -> Result<Answer, ScimError> {
    let base = format!("{}{base_path}", incoming.origin);
    let authorization = incoming.header("authorization").filter(|header| !header.trim().is_empty());
    if authorization.is_none() && incoming.method == "GET" && segments == ["ServiceProviderConfig"] {
        return discovery::public_service_provider_config(&base, incoming.parameters());
    }
    let outcome = match Key::from_authorization(authorization.as_deref()) {
        Ok(key) => with_key(deployment, incoming, aftermath, &key, base, segments).await,
        Err(error) => Err(error),
    };
    let is_refused = outcome.as_ref().map_or_else(|error| error.status, |answer| answer.status) == 401;
    if is_refused && authorization.is_some() {
        aftermath.refuses.set(true);
        rates::count_failure(deployment.env, incoming).await?;
    }
    outcome
}

async fn with_key(
    deployment: &Deployment<'_>,
    incoming: &mut Incoming,
    aftermath: &Aftermath,
    key: &Key,
    base: String,
    segments: &[&str],
) -> Result<Answer, ScimError> {
    aftermath.key_hint.set(Some(key.hint()));
    if let Some(refusal) = known_keys::refusal(key) {
        return Err(refusal);
    }
    if known_keys::is_good(key) {
        rates::count_request(deployment.env, key).await?;
    } else if let Err(error) = rates::check_unknown_key(deployment.env, incoming).await {
        aftermath.refuses.set(true);
        return Err(error);
    }
    aftermath.shard.set(Some(key.shard()));
    let mut database = deployment.database(key.shard()).ok_or_else(|| key.not_known())?;
    if deployment.read_replicas {
        database = anchored(database, incoming, segments);
    }
    let tenant = Tenant {
        scope: Scope::of_key(key),
        catalog: deployment.catalog,
        base,
        now: platform::iso(platform::now_millis()),
    };
    let session = Session { database: &database, kv: &deployment.kv, key, tenant, is_vetted: false };
    let method = incoming.method.clone();
    let record = Record::of_request(deployment.catalog, incoming, key, segments);
    let work = Work::default();
    let mut call =
        Call { session, source: Source::Http(incoming), aftermath, record, work: &work, env: deployment.env };
    let outcome = dispatch(&mut call, &method, segments).await;
    if deployment.cost().round_trips == 0 {
        // Answered before the key was looked at. Whoever has no good key is told that, and nothing else.
        call.open(Vec::new()).await?;
    }
    let answer = outcome.unwrap_or_else(Answer::from);
    call.note(&answer);
    Ok(match database.bookmark() {
        Some(bookmark) => answer.with_header(BOOKMARK, bookmark),
        None => answer,
    })
}

async fn dispatch(call: &mut Call<'_>, method: &str, segments: &[&str]) -> Result<Answer, ScimError> {
    match (segments, method) {
        ([], "GET") => lists::list(call, Listed::All).await,
        (["Users"], "GET") => lists::list(call, Listed::Users).await,
        (["Groups"], "GET") => lists::list(call, Listed::Groups).await,
        ([".search"], "POST") => lists::search(call, Listed::All).await,
        (["Users", ".search"], "POST") => lists::search(call, Listed::Users).await,
        (["Groups", ".search"], "POST") => lists::search(call, Listed::Groups).await,
        (["Users" | "Groups", ".search"], _) => Ok(resources::not_allowed(method, "POST")),
        (["Users", id], "GET") => users::read(call, id).await,
        (["Groups", id], "GET") => groups::read(call, id).await,
        (["Bulk"], "POST") => bulk::answer(call).await,
        (["ServiceProviderConfig"], "GET") => discovery::service_provider_config(call).await,
        (["ResourceTypes"], "GET") => discovery::resource_types(call, None).await,
        (["ResourceTypes", name], "GET") => discovery::resource_types(call, Some(name)).await,
        (["Schemas"], "GET") => discovery::schemas(call, None).await,
        (["Schemas", urn], "GET") => discovery::schemas(call, Some(urn)).await,
        _ => resources::write(call, method, segments).await,
    }
}
