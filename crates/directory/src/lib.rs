//! The organization's rules as pure functions: who may be what, what a group's name means, what a key is.
//!
//! Nothing here reads or writes storage. Each function is given what was read and says what shall be.

pub mod administrator;
pub mod catalog;
pub mod deactivation;
pub mod group;
pub mod group_body;
pub mod group_name;
pub mod key;
pub mod member_filter;
pub mod org_role;
pub mod organization;
mod person_name;
pub mod shard;
pub mod user;
pub mod visible;

pub use administrator::AdministratorName;
pub use catalog::Catalog;
pub use key::Key;
pub use org_role::OrgRole;
pub use organization::Organization;
pub use shard::Shard;
pub use user::User;

use scim_protocol::ScimError;

/// Most bytes of a text that an index holds: `userName`, `externalId`, a group's `displayName`.
const MAX_INDEXED_BYTES: usize = 1024;

/// Refuses a text that is too long for an index, before anything is done with it.
fn check_length(attribute: &str, text: &str) -> Result<(), ScimError> {
    if text.len() <= MAX_INDEXED_BYTES {
        return Ok(());
    }
    Err(ScimError::invalid_value(format!("\"{attribute}\" is longer than {MAX_INDEXED_BYTES} bytes.")))
}
