//! Permissions of roles.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use directory::permission::RoleKind;
use scim_protocol::json::present;

/// What a role allows.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = PermittedRole)]
pub(crate) struct Role {
    pub(crate) on: RoleKind,
    /// The role. It allows the same in every project or team.
    pub(crate) role: String,
    /// The names of its permissions.
    pub(crate) permissions: Vec<String>,
    /// Whether these are its permissions by default: an administrator has not set others.
    pub(crate) is_default: bool,
}

/// What all roles allow.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Permissions {
    /// The built-in roles, and up to 200 others of its projects.
    pub(crate) roles: Vec<Role>,
    /// Every permission that a role has, in the order of the alphabet.
    pub(crate) in_use: Vec<String>,
}

/// What a role shall allow.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePermissions {
    /// The names of all its permissions, 50 at most: lower-case letters, digits and underscores. Null: its default.
    #[serde(deserialize_with = "present")]
    #[schema(required, max_items = 50)]
    pub(crate) permissions: Option<Vec<String>>,
}
