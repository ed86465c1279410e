//! The SCIM endpoints (RFC 7644 §3.2, table 2).

use super::answer::Answer;
use super::call::{Call, Source};
use super::consistency::{BOOKMARK, anchored};
use super::record::Record;
use super::request::Incoming;
use super::{Aftermath, Deployment, bulk, discovery, groups, lists, resources, users};
use crate::directory::Key;
use crate::scim::ScimError;
use crate::store::list::Listed;
use crate::store::{Scope, Session, Tenant, platform};

/// Answers a request below the base path.
///
/// # Errors
/// What the client is to be told.
pub(super) async fn answer(
    deployment: &Deployment<'_>,
    incoming: &mut Incoming,
    aftermath: &Aftermath,
    base_path: &str,
    segments: &[&str],
) -> Result<Answer, ScimError> {
    let key = Key::from_authorization(incoming.header("authorization").as_deref())?;
    aftermath.key_hint.set(Some(key.hint()));
    aftermath.shard.set(Some(key.shard()));
    let mut database = deployment.database(key.shard()).ok_or_else(|| key.not_known())?;
    if deployment.read_replicas {
        database = anchored(database, incoming, segments);
    }
    let tenant = Tenant {
        scope: Scope::of_key(&key),
        catalog: deployment.catalog,
        base: format!("{}{base_path}", incoming.origin),
        now: platform::iso(platform::now_millis()),
    };
    let session = Session { database: &database, kv: &deployment.kv, key: &key, tenant, is_vetted: false };
    let method = incoming.method.clone();
    let record = Record::of_request(deployment.catalog, incoming, &key, segments);
    let mut call = Call { session, source: Source::Http(incoming), aftermath, record };
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
