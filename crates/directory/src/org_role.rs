//! The role a person has in the organization.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Role in the organization. There is exactly one Owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum OrgRole {
    /// Owns the organization; SCIM can neither make nor remove one.
    Owner,
    /// Administers the organization.
    Admin,
    /// Has no rights over the organization.
    Member,
}

impl OrgRole {
    /// The roles in their canonical spelling.
    pub const NAMES: &'static [&'static str] = &["Member", "Admin", "Owner"];

    /// The roles that SCIM can give. The console transfers ownership.
    pub const ASSIGNABLE: &'static [&'static str] = &["Member", "Admin"];

    /// Reads a role in any case; `None` if it is unknown.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Owner, Self::Admin, Self::Member]
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(text.trim()))
    }

    /// The role in its canonical spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Admin => "Admin",
            Self::Member => "Member",
        }
    }
}
