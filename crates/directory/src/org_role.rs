//! The role a person has in the organization.

use serde::{Deserialize, Serialize};

use scim_protocol::ScimError;
use scim_protocol::error::shorten;

/// Role in the organization. There is exactly one Owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrgRole {
    /// Owns the organization; SCIM can neither make nor unmake one.
    Owner,
    /// Administers the organization.
    Admin,
    /// Everybody else.
    Member,
}

impl OrgRole {
    /// The roles in their canonical spelling.
    pub const NAMES: &'static [&'static str] = &["Member", "Admin", "Owner"];

    /// Those that SCIM can give. Ownership moves in the console.
    pub const ASSIGNABLE: &'static [&'static str] = &["Member", "Admin"];

    /// Reads a role in any case.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Owner, Self::Admin, Self::Member]
            .into_iter()
            .find(|role| role.as_str().eq_ignore_ascii_case(text.trim()))
    }

    /// Reads the value of the attribute with that name.
    ///
    /// # Errors
    /// `invalidValue` listing the roles there are.
    pub fn parse_attribute(attribute: &str, text: &str) -> Result<Self, ScimError> {
        Self::parse(text).ok_or_else(|| {
            ScimError::invalid_value(format!(
                "\"{}\" is not an organization role: \"{attribute}\" must be one of {}.",
                shorten(text),
                Self::NAMES.join(", ")
            ))
        })
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
