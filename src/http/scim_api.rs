//! The SCIM endpoints (RFC 7644 §3.2, table 2).

use super::answer::Answer;
use super::request::{
    BODY_LIMIT, GROUP_BODY_LIMIT, GROUP_VALUE_LIMIT, Incoming, UNAUTHENTICATED_BODY_LIMIT,
    UNAUTHENTICATED_VALUE_LIMIT, VALUE_LIMIT, json,
};
use super::{Aftermath, Deployment, discovery, groups, users};
use crate::directory::Key;
use crate::scim::list::Page;
use crate::scim::projection::Projection;
use crate::scim::schema::ResourceType;
use crate::scim::{Object, ScimError};
use crate::store::session::Opened;
use crate::store::{Scope, Session, Statement, Tenant, keys, platform};

/// A SCIM request that carries a well-formed key, and what it needs to be carried out.
pub(super) struct Call<'a> {
    /// Its conversation with storage.
    pub(super) session: Session<'a>,
    /// The request.
    pub(super) incoming: &'a mut Incoming,
    aftermath: &'a Aftermath,
}

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
    let session = Session { database: &deployment.database, kv: &deployment.kv, key: &key, tenant };
    let method = incoming.method.clone();
    let mut call = Call { session, incoming, aftermath };
    match (segments, method.as_str()) {
        (["Users"], "GET") => users::list(&call).await,
        (["Users"], "POST") => users::create(&mut call).await,
        (["Users", id], "GET") => users::read(&call, id).await,
        (["Users", id], "PUT") => users::replace(&mut call, id).await,
        (["Users", id], "PATCH") => users::modify(&mut call, id).await,
        (["Users", id], "DELETE") => users::delete(&call, id).await,
        (["Groups"], "GET") => groups::list(&call).await,
        (["Groups"], "POST") => groups::create(&mut call).await,
        (["Groups", id], "GET") => groups::read(&call, id).await,
        (["Groups", id], "PUT") => groups::replace(&mut call, id).await,
        (["Groups", id], "PATCH") => groups::modify(&mut call, id).await,
        (["Groups", id], "DELETE") => groups::delete(&call, id).await,
        (["ServiceProviderConfig"], "GET") => discovery::service_provider_config(&call).await,
        (["ResourceTypes"], "GET") => discovery::resource_types(&call, None).await,
        (["ResourceTypes", name], "GET") => discovery::resource_types(&call, Some(name)).await,
        (["Schemas"], "GET") => discovery::schemas(&call, None).await,
        (["Schemas", urn], "GET") => discovery::schemas(&call, Some(urn)).await,
        _ => {
            // Whoever has no good key is told that, and nothing else.
            call.open(Vec::new()).await?;
            elsewhere(segments, &method, &call.session.tenant.base)
        }
    }
}

/// What is to be said where there is nothing to do.
fn elsewhere(segments: &[&str], method: &str, base: &str) -> Result<Answer, ScimError> {
    match segments {
        ["Users" | "Groups"] => Ok(not_allowed(method, "GET, POST")),
        [".search"] | ["Users" | "Groups", ".search"] => {
            Err(not_implemented("Searching by POST to /.search"))
        }
        ["Users" | "Groups", _] => Ok(not_allowed(method, "GET, PUT, PATCH, DELETE")),
        ["ServiceProviderConfig" | "ResourceTypes" | "Schemas"] | ["ResourceTypes" | "Schemas", _] => {
            Ok(not_allowed(method, "GET"))
        }
        ["Me"] => Err(not_implemented("/Me: a SCIM key stands for an organization, not for a person, so it")),
        ["Bulk"] => Err(not_implemented("Bulk")),
        _ => Err(ScimError::not_found(format!(
            "There is no such SCIM endpoint. Resources are at {base}/Users and {base}/Groups; check the connector's base \
             URL."
        ))),
    }
}

impl Call<'_> {
    /// Authenticates and runs the statements of a read; see [`Session::open`].
    pub(super) async fn open(&self, statements: Vec<Statement>) -> Result<Opened, ScimError> {
        let opened = self.session.open(statements).await?;
        if opened.last_used_is_due {
            self.aftermath.mark_used.set(Some(keys::used(self.session.key, &self.session.tenant.now)));
        }
        Ok(opened)
    }

    /// The body of a request that writes a user.
    pub(super) async fn user_body(&mut self) -> Result<serde_json::Value, ScimError> {
        json(&self.incoming.body(BODY_LIMIT).await?, VALUE_LIMIT)
    }

    /// The body of a request that writes a group.
    ///
    /// One that is large, or does not say how large it is, is read only for a key that is known to be good:
    /// anybody can make up a key whose checksum is right, and an isolate's memory is shared. That costs such
    /// a request a third round trip.
    pub(super) async fn group_body(&mut self) -> Result<serde_json::Value, ScimError> {
        let known = self.incoming.declared_length().is_none_or(|length| length > UNAUTHENTICATED_BODY_LIMIT);
        if known {
            self.open(Vec::new()).await?;
        }
        let body = self.incoming.body(GROUP_BODY_LIMIT).await?;
        json(&body, if known { GROUP_VALUE_LIMIT } else { UNAUTHENTICATED_VALUE_LIMIT })
    }

    /// Which page of a list is asked for.
    pub(super) fn page(&self) -> Result<Page, ScimError> {
        Page::parse(self.incoming.parameter("startIndex"), self.incoming.parameter("count"))
    }

    /// The filter's text, if there is one.
    pub(super) fn filter(&self) -> Option<String> {
        self.incoming.parameter("filter").filter(|filter| !filter.trim().is_empty()).map(str::to_owned)
    }

    /// Which attributes are asked for.
    pub(super) fn projection(&self, resource_type: &ResourceType) -> Result<Projection, ScimError> {
        Projection::parse(
            resource_type,
            self.incoming.parameter("attributes"),
            self.incoming.parameter("excludedAttributes"),
        )
    }
}

/// What of a resource is to be returned. One that goes out whole is not taken apart.
pub(super) fn project(
    projection: &Projection,
    resource_type: &ResourceType,
    resource: String,
) -> Result<String, ScimError> {
    if projection.is_everything() {
        return Ok(resource);
    }
    let mut object: Object = serde_json::from_str(&resource).map_err(|error| {
        worker::console_error!("a resource from storage is not JSON: {error}");
        ScimError::internal()
    })?;
    projection.apply(resource_type, &mut object);
    Ok(serde_json::Value::Object(object).to_string())
}

fn not_allowed(method: &str, allowed: &'static str) -> Answer {
    let error = ScimError::method_not_allowed(format!("{method} is not possible here; {allowed} are."));
    Answer::from(error).with_header("Allow", allowed)
}

fn not_implemented(what: &str) -> ScimError {
    ScimError::not_implemented(format!(
        "{what} is not implemented by this service. See /ServiceProviderConfig."
    ))
}
