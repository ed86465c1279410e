//! PATCH (RFC 7644 §3.5.2): a request is read as a list of edits, and edits change a resource.
//!
//! An operation without a path and the body of a POST or PUT are the same, an object whose keys are attribute names;
//! [`assignments`] reads both.
//!
//! ```
//! use scim_protocol::budget::Budget;
//! use scim_protocol::schema::user;
//! use scim_protocol::{Limits, patch};
//! use serde_json::json;
//!
//! let user = user();
//! let message = json!({
//!     "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
//!     "Operations": [
//!         {"op": "replace", "path": "name.familyName", "value": "Jones"},
//!         {"op": "add", "path": "emails[type eq \"work\"].value", "value": "ann@example.com"},
//!     ],
//! });
//! let edits = patch::parse(&user, &message, &Limits::DEFAULT)?;
//!
//! let mut resource = json!({"userName": "ann"}).as_object().cloned().unwrap_or_default();
//! patch::apply(&user, &mut resource, &edits, &Budget::default())?;
//! assert_eq!(resource["name"], json!({"familyName": "Jones"}));
//! assert_eq!(resource["emails"], json!([{"type": "work", "value": "ann@example.com"}]));
//! # Ok::<_, scim_protocol::ScimError>(())
//! ```

mod apply;
mod change_set;
mod edit;
mod elements;
mod request;
#[cfg(test)]
mod tests;

pub use apply::apply;
pub use change_set::ChangeSet;
pub use edit::{Edit, Op};
pub use request::{assignments, parse};
