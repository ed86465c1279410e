//! Attribute definitions (RFC 7643 §7), from which everything else follows: what bodies may contain, what filters and
//! PATCH paths may name, what is returned, and the text of `/Schemas`.
//!
//! [`user`] and [`group`] are the resource types of RFC 7643. A provider adds its own attributes or extensions to them:
//!
//! ```
//! use scim_protocol::attribute_path::resolve;
//! use scim_protocol::schema::{Attribute, user};
//!
//! let mut user = user();
//! user.schema.attributes.push(Attribute::string("badgeColor", "Color of the person's badge."));
//! assert!(resolve(&user, "BADGECOLOR").is_some());
//! ```

mod attribute;
mod common;
mod group;
mod resource_type;
mod urn;
mod user;

pub use attribute::{Attribute, Kind, Mutability, Returned};
pub use group::group;
pub use resource_type::{ResourceType, Schema};
pub use urn::{CORE_GROUP, CORE_USER, ENTERPRISE_USER};
pub use user::user;

pub(crate) use urn::starts_with;
