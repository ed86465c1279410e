//! A SCIM request on its way: what it asks for, and its conversation with storage.

use serde_json::Value;

use super::Aftermath;
use super::request::{
    BODY_LIMIT, GROUP_BODY_LIMIT, GROUP_VALUE_LIMIT, Incoming, UNAUTHENTICATED_BODY_LIMIT,
    UNAUTHENTICATED_VALUE_LIMIT, VALUE_LIMIT, json,
};
use crate::scim::list::Page;
use crate::scim::projection::Projection;
use crate::scim::schema::ResourceType;
use crate::scim::{Object, ScimError};
use crate::store::session::Opened;
use crate::store::{Session, Statement, keys};

/// A SCIM request that carries a well-formed key, and what it needs to be carried out.
pub(super) struct Call<'a> {
    /// Its conversation with storage.
    pub(super) session: Session<'a>,
    /// The request.
    pub(super) incoming: &'a mut Incoming,
    /// What is left to do after the answer.
    pub(super) aftermath: &'a Aftermath,
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
    pub(super) async fn user_body(&mut self) -> Result<Value, ScimError> {
        json(&self.incoming.body(BODY_LIMIT).await?, VALUE_LIMIT)
    }

    /// The body of a request that writes a group.
    ///
    /// One that is large, or does not say how large it is, is read only for a key that is known to be good:
    /// anybody can make up a key whose checksum is right, and an isolate's memory is shared. That costs such
    /// a request a third round trip.
    pub(super) async fn group_body(&mut self) -> Result<Value, ScimError> {
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
    Ok(Value::Object(object).to_string())
}
