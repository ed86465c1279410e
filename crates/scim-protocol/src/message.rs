//! What the messages of RFC 7644 have in common.

use serde_json::Value;

use crate::ScimError;
use crate::object::IgnoreCase;

/// URN of the ListResponse message (RFC 7644 §3.4.2).
pub(crate) const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// URN of the BulkResponse message (RFC 7644 §3.7).
pub(crate) const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// Checks the `schemas` of a message. They may be missing, and may name other schemas: some clients send none, or those
/// of SCIM 1.1.
///
/// # Errors
/// `invalidValue` if `schemas` is not an array of strings.
pub(crate) fn check_schemas(message: &Value) -> Result<(), ScimError> {
    message.get_ignore_case("schemas").map_or(Ok(()), check_urns)
}

/// Checks a value of `schemas`.
///
/// # Errors
/// `invalidValue` if it is not an array of strings.
pub(crate) fn check_urns(schemas: &Value) -> Result<(), ScimError> {
    let is_well_formed = match schemas {
        Value::Null => true,
        Value::Array(urns) => urns.iter().all(Value::is_string),
        _ => false,
    };
    if is_well_formed {
        return Ok(());
    }
    Err(ScimError::invalid_value(
        "\"schemas\" must be an array of strings, the URNs of schemas, for example \
         [\"urn:ietf:params:scim:schemas:core:2.0:User\"].",
    ))
}
