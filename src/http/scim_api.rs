//! The SCIM endpoints (RFC 7644 §3.2, table 2).

use super::answer::Answer;
use super::call::{Call, Source};
use super::request::Incoming;
use super::{Aftermath, Deployment, bulk, discovery, groups, lists, users};
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
    let tenant = Tenant {
        scope: Scope::of_key(&key),
        catalog: deployment.catalog,
        base: format!("{}{base_path}", incoming.origin),
        now: platform::iso(platform::now_millis()),
    };
    let session =
        Session { database: &deployment.database, kv: &deployment.kv, key: &key, tenant, is_vetted: false };
    let method = incoming.method.clone();
    let mut call = Call { session, source: Source::Http(incoming), aftermath };
    let outcome = dispatch(&mut call, &method, segments).await;
    if deployment.database.cost().round_trips == 0 {
        // Answered before the key was looked at. Whoever has no good key is told that, and nothing else.
        call.open(Vec::new()).await?;
    }
    outcome
}

async fn dispatch(call: &mut Call<'_>, method: &str, segments: &[&str]) -> Result<Answer, ScimError> {
    match (segments, method) {
        ([], "GET") => lists::list(call, Listed::All).await,
        (["Users"], "GET") => lists::list(call, Listed::Users).await,
        (["Groups"], "GET") => lists::list(call, Listed::Groups).await,
        ([".search"], "POST") => lists::search(call, Listed::All).await,
        (["Users", ".search"], "POST") => lists::search(call, Listed::Users).await,
        (["Groups", ".search"], "POST") => lists::search(call, Listed::Groups).await,
        (["Users" | "Groups", ".search"], _) => Ok(not_allowed(method, "POST")),
        (["Users", id], "GET") => users::read(call, id).await,
        (["Groups", id], "GET") => groups::read(call, id).await,
        (["Bulk"], "POST") => bulk::answer(call).await,
        (["ServiceProviderConfig"], "GET") => discovery::service_provider_config(call).await,
        (["ResourceTypes"], "GET") => discovery::resource_types(call, None).await,
        (["ResourceTypes", name], "GET") => discovery::resource_types(call, Some(name)).await,
        (["Schemas"], "GET") => discovery::schemas(call, None).await,
        (["Schemas", urn], "GET") => discovery::schemas(call, Some(urn)).await,
        _ => write(call, method, segments).await,
    }
}

/// What writes a resource, on its own or as an operation of a bulk request.
///
/// # Errors
/// What the client is to be told.
pub(super) async fn write(call: &mut Call<'_>, method: &str, segments: &[&str]) -> Result<Answer, ScimError> {
    match (segments, method) {
        (["Users"], "POST") => users::create(call).await,
        (["Users", id], "PUT") => users::replace(call, id).await,
        (["Users", id], "PATCH") => users::modify(call, id).await,
        (["Users", id], "DELETE") => users::delete(call, id).await,
        (["Groups"], "POST") => groups::create(call).await,
        (["Groups", id], "PUT") => groups::replace(call, id).await,
        (["Groups", id], "PATCH") => groups::modify(call, id).await,
        (["Groups", id], "DELETE") => groups::delete(call, id).await,
        _ => elsewhere(segments, method, &call.session.tenant.base),
    }
}

/// What is to be said where there is nothing to do.
fn elsewhere(segments: &[&str], method: &str, base: &str) -> Result<Answer, ScimError> {
    match segments {
        ["Users" | "Groups"] => Ok(not_allowed(method, "GET, POST")),
        [".search" | "Bulk"] => Ok(not_allowed(method, "POST")),
        ["Users" | "Groups", _] => Ok(not_allowed(method, "GET, PUT, PATCH, DELETE")),
        [] | ["ServiceProviderConfig" | "ResourceTypes" | "Schemas"] | ["ResourceTypes" | "Schemas", _] => {
            Ok(not_allowed(method, "GET"))
        }
        // RFC 7644 §3.11
        ["Me"] => Err(ScimError::not_implemented(
            "/Me is not implemented: a SCIM key stands for an organization, not for a person. Address people as /Users/{id}.",
        )),
        _ => Err(ScimError::not_found(format!(
            "There is no such SCIM endpoint. Resources are at {base}/Users and {base}/Groups; check the connector's base \
             URL."
        ))),
    }
}

fn not_allowed(method: &str, allowed: &'static str) -> Answer {
    let error = ScimError::method_not_allowed(format!("{method} is not possible here; {allowed} are."));
    Answer::from(error).with_header("Allow", allowed)
}
