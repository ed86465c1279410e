//! Members: people of an organization.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Repeatable;
use super::log::LogEntry;
use super::query::Count;
use directory::OrgRole;
use scim_protocol::error::shorten;

/// A role that an administrator can give. Ownership is transferred instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String")]
pub(crate) enum AssignableRole {
    Admin,
    Member,
}

impl TryFrom<String> for AssignableRole {
    type Error = String;

    /// Reads a role in any case.
    fn try_from(text: String) -> Result<Self, String> {
        match OrgRole::parse(&text) {
            Some(OrgRole::Admin) => Ok(Self::Admin),
            Some(OrgRole::Member) => Ok(Self::Member),
            Some(OrgRole::Owner) => Err(
                "an organization has exactly one Owner: ownership is transferred, by PUT of /owner or on the person's \
                 page"
                    .to_owned(),
            ),
            None => Err(format!("\"{}\" is not an organization role: use Member or Admin", shorten(&text))),
        }
    }
}

impl From<AssignableRole> for OrgRole {
    fn from(role: AssignableRole) -> Self {
        match role {
            AssignableRole::Admin => Self::Admin,
            AssignableRole::Member => Self::Member,
        }
    }
}

/// The Owner of a new organization.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    /// Usually an email address.
    #[schema(min_length = 1)]
    pub(crate) user_name: String,
    /// Confirms a `user_name` that is not an email address.
    #[schema(default = false)]
    pub(crate) confirm_no_address: Option<bool>,
    pub(crate) given_name: Option<String>,
    pub(crate) family_name: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMember {
    /// Usually an email address.
    #[schema(min_length = 1)]
    pub(crate) user_name: String,
    /// Confirms a `user_name` that is not an email address.
    #[schema(default = false)]
    pub(crate) confirm_no_address: Option<bool>,
    pub(crate) given_name: Option<String>,
    pub(crate) family_name: Option<String>,
    #[schema(inline, default = "Member")]
    pub(crate) org_role: Option<AssignableRole>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeMember {
    #[schema(inline)]
    pub(crate) org_role: AssignableRole,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferOwnership {
    /// A member's id.
    #[schema(format = "uuid")]
    pub(crate) member: String,
}

/// Which members a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MemberStatus {
    Active,
    Inactive,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MemberQuery {
    /// Only members whose user_name begins with this, in any case.
    pub(crate) search: Option<String>,
    /// Only active or only inactive members.
    #[param(inline)]
    pub(crate) status: Option<MemberStatus>,
    /// Only members with this role.
    pub(crate) org_role: Option<OrgRole>,
    /// The `next` of the previous page.
    pub(crate) after: Option<String>,
    /// Most entries of a page.
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}

/// A member as it was just written.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) user_name: String,
    pub(crate) org_role: OrgRole,
    pub(crate) active: bool,
    /// Whether SCIM sees the person.
    pub(crate) managed: bool,
}

impl Repeatable for Member {}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberInList {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) user_name: String,
    /// For people; may be empty.
    pub(crate) name: String,
    pub(crate) org_role: OrgRole,
    pub(crate) active: bool,
    /// Whether SCIM sees the person.
    pub(crate) managed: bool,
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    #[schema(format = DateTime)]
    pub(crate) last_modified: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberList {
    pub(crate) members: Vec<MemberInList>,
    /// Where the next page begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
}

/// A group of a member.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberGroup {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) display_name: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberDetail {
    #[serde(flatten)]
    pub(crate) member: MemberInList,
    /// The SCIM user as the identity provider gets it; null: SCIM does not see the person.
    #[schema(required, value_type = Option<Object>)]
    pub(crate) resource: Option<Value>,
    pub(crate) groups: Vec<MemberGroup>,
    /// The newest log entries about the person.
    #[schema(max_items = 20)]
    pub(crate) history: Vec<LogEntry>,
}
