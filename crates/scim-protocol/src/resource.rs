//! Reading the body of a POST or PUT into the canonical form of a resource.
//!
//! ```
//! use scim_protocol::budget::Budget;
//! use scim_protocol::resource;
//! use scim_protocol::schema::user;
//! use serde_json::json;
//!
//! let body = json!({"USERNAME": "ann", "active": "True", "title": null, "id": "ignored"});
//! let resource = resource::read(&user(), &body, &Budget::default())?;
//! assert_eq!(resource["userName"], "ann");
//! assert_eq!(resource["active"], true);
//! assert_eq!(resource["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:User"]));
//! assert!(!resource.contains_key("id"));
//! # Ok::<_, scim_protocol::ScimError>(())
//! ```

use serde_json::Value;

use crate::budget::Budget;
use crate::canonical::canonical;
pub use crate::canonical::is_primary;
use crate::schema::ResourceType;
use crate::{Object, ScimError, patch};

/// Reads the body of a POST or PUT.
///
/// Read-only and unknown attributes are ignored (RFC 7644 §3.3, §3.5.1), and so are write-only ones such as `password`.
/// Null, `[]` and blank text mean that the attribute has no value (RFC 7643 §2.5; identity providers send blank text
/// for a field that was cleared).
///
/// # Errors
/// `invalidSyntax` if the body is not an object, `invalidValue` if a value has the wrong type or a required
/// attribute is missing, `tooMany` if the budget is exhausted.
pub fn read(resource_type: &ResourceType, body: &Value, budget: &Budget) -> Result<Object, ScimError> {
    let edits = patch::assignments(resource_type, values(resource_type, body)?, budget.limits())?;
    let mut resource = Object::new();
    patch::apply(resource_type, &mut resource, &edits, budget)?;
    Ok(resource)
}

/// The attributes in the body of a POST or PUT.
///
/// # Errors
/// `invalidSyntax` if the body is not an object.
pub fn values<'b>(resource_type: &ResourceType, body: &'b Value) -> Result<&'b Object, ScimError> {
    body.as_object().ok_or_else(|| {
        ScimError::invalid_syntax(format!(
            "The body must be a JSON object describing a {}.",
            resource_type.name
        ))
    })
}

/// Puts the attributes of a resource that was composed of others into the order of the schema, and updates `schemas`.
///
/// # Errors
/// `invalidValue` naming the required attribute that has no value.
pub fn in_order(resource_type: &ResourceType, resource: Object) -> Result<Object, ScimError> {
    canonical(resource_type, resource)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::{ENTERPRISE_USER, user};

    fn read_user(body: &Value) -> Result<Value, ScimError> {
        read(&user(), body, &Budget::default()).map(Value::Object)
    }

    #[test]
    fn a_body_is_read_into_canonical_form() {
        let body = json!({
            "USERNAME": "a@example.com",
            "password": "secret",
            "id": "ignored",
            "groups": [],
            "meta": {"location": "x"},
            "favouriteColour": "green",
            "externalId": "00u1",
            "active": "False",
            "title": null,
            "nickName": "",
            "addresses": [],
            "department": "Tools",
            "urn:ietf:params:scim:schemas:core:2.0:User": {"locale": "en-US"},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user": {"manager": [{"value": "m1"}]},
            "emails": [{"Primary": "True", "value": "a@example.com", "TYPE": "work"}],
        });
        let expected = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE_USER],
            "externalId": "00u1",
            "userName": "a@example.com",
            "locale": "en-US",
            "active": false,
            "emails": [{"value": "a@example.com", "type": "work", "primary": true}],
            ENTERPRISE_USER: {"department": "Tools", "manager": {"value": "m1"}},
        });
        assert_eq!(read_user(&body).unwrap().to_string(), expected.to_string());
    }

    #[test]
    fn wrong_types_are_named() {
        for (body, name) in [
            (json!({"userName": 5}), "userName"),
            (json!({"userName": "a", "active": "maybe"}), "active"),
            (json!({"userName": "a", "active": 1}), "active"),
            (json!({"userName": "a", "name": "Ann"}), "name"),
            (json!({"userName": "a", "emails": [5]}), "emails"),
            (json!({"userName": "a", "emails": [{"value": ["x", "y"]}]}), "emails.value"),
            (json!({"userName": "a", "name": {"givenName": 7}}), "name.givenName"),
            (
                json!({"userName": "a", "entitlements": [{"value": "x", "primary": "1"}]}),
                "entitlements.primary",
            ),
            (json!({"userName": "a", ENTERPRISE_USER: {"manager": {"value": 3}}}), "manager.value"),
            (json!({"userName": ["a", "b"]}), "userName"),
            (json!({"active": true}), "userName"),
            (json!({"userName": ""}), "userName"),
        ] {
            let error = read_user(&body).unwrap_err();
            assert_eq!(error.status, 400);
            assert!(error.detail.contains(&format!("\"{name}\"")), "{body}: {}", error.detail);
        }
        assert!(read_user(&json!([])).is_err());
    }

    #[test]
    fn two_primary_values_are_refused() {
        let body = json!({"userName": "a", "emails": [
            {"value": "a@x", "primary": true}, {"value": "b@x", "primary": true}]});
        assert!(read_user(&body).unwrap_err().detail.contains("primary"));
    }
}
