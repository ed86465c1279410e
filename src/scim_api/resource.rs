//! Stored resources as clients get them: all of a resource, or the attributes that a query asks for.

use serde_json::Value;

use crate::d1::StorageError;
use crate::error::Error;
use crate::runtime::js_text::JsText;
use scim_protocol::projection::Projection;
use scim_protocol::query::ListQuery;
use scim_protocol::schema::ResourceType;
use scim_protocol::{Limits, Object, ScimError};

/// The attributes that a query asks for (RFC 7644 §3.9).
///
/// # Errors
/// `invalidPath` for an attribute that the resource type does not have.
pub(crate) fn parse_projection(
    query: &ListQuery,
    resource_type: &ResourceType,
    limits: &Limits,
) -> Result<Projection, ScimError> {
    Projection::parse(
        resource_type,
        query.attributes.as_deref(),
        query.excluded_attributes.as_deref(),
        limits,
    )
}

/// The attributes of a stored resource that a projection has. A resource that is returned whole is not parsed.
///
/// # Errors
/// Internal, if it is not a JSON object.
pub(crate) fn apply_projection(
    projection: &Projection,
    resource_type: &ResourceType,
    resource: JsText,
) -> Result<JsText, Error> {
    if projection.is_everything() {
        return Ok(resource);
    }
    let mut object = parse(&resource.into_string())?;
    projection.apply(resource_type, &mut object);
    Ok(Value::Object(object).to_string().into())
}

/// A stored resource.
///
/// # Errors
/// Internal, if it is not a JSON object.
pub(crate) fn parse(stored: &str) -> Result<Object, Error> {
    match serde_json::from_str(stored) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(StorageError::internal("a resource is no object".to_owned()).into()),
        Err(error) => Err(StorageError::internal(format!("a resource is not JSON: {error}")).into()),
    }
}
