//! Members: people of an organization.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Repeatable;
use super::events::EventCause;
use super::log::LogEntry;
use super::query::{Count, Moment};
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

/// Changes of a member. A field that is left out keeps its value.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChangeMember {
    #[schema(inline)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) org_role: Option<AssignableRole>,
    /// Empty: the person has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) given_name: Option<String>,
    /// Empty: the person has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) family_name: Option<String>,
    /// Empty: the person has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<String>,
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

/// What a list of members asks about them and the identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MemberProvider {
    /// SCIM sees the person.
    Seen,
    /// SCIM does not see the person: they were added in the console, outside the mail domains.
    Unseen,
    /// No request about the person has come from an identity provider, as far as history and log go back.
    NeverSent,
}

/// The order of a list of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MemberSort {
    /// By user_name.
    Name,
    /// Those that were changed last come first.
    Changed,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct MemberQuery {
    /// Only members who have this as a part of their user_name, names, addresses or externalId. Case, width and
    /// composition of characters make no difference.
    pub(crate) search: Option<String>,
    /// Only members whose address is of this mail domain.
    pub(crate) domain: Option<String>,
    /// Only active or only inactive members.
    #[param(inline)]
    pub(crate) status: Option<MemberStatus>,
    /// Only members with this role.
    pub(crate) org_role: Option<OrgRole>,
    /// Only members of the group with this id or name.
    pub(crate) group: Option<String>,
    /// Only members whom SCIM sees (`seen`) or does not see (`unseen`), or about whom no identity provider has ever
    /// sent a request (`never_sent`), as far as history and log go back. A push of a group is no request about its
    /// members.
    #[param(inline)]
    pub(crate) provider: Option<MemberProvider>,
    /// Only members about whom no identity provider has sent a request since then; a day stands for its beginning.
    pub(crate) silent_since: Option<Moment>,
    /// The order: by `name`, if left out, or those that were `changed` last first.
    #[param(inline)]
    pub(crate) sort: Option<MemberSort>,
    /// The `rest` of a search that has not looked at all people.
    pub(crate) from: Option<String>,
    /// The `next` of a page: the page behind it.
    pub(crate) after: Option<String>,
    /// The `previous` of a page: the page before it.
    pub(crate) before: Option<String>,
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
    /// How many members match, of those that were looked at; null: more than are counted.
    #[schema(required)]
    pub(crate) total: Option<u64>,
    /// Where the next page begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
    /// Where the page before ends; null on the first page.
    #[schema(required)]
    pub(crate) previous: Option<String>,
    /// Not all members were looked at: where the search goes on, as its `from`. Null: all were.
    #[schema(required)]
    pub(crate) rest: Option<String>,
    /// The group that was asked for; null: there is none, or no group was asked for.
    #[schema(required)]
    pub(crate) group: Option<MemberGroup>,
}

/// A group of a member.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct MemberGroup {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) display_name: String,
}

/// The names of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberNames {
    #[schema(required)]
    pub(crate) given_name: Option<String>,
    #[schema(required)]
    pub(crate) family_name: Option<String>,
    #[schema(required)]
    pub(crate) display_name: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberDetail {
    #[serde(flatten)]
    pub(crate) member: MemberInList,
    pub(crate) names: MemberNames,
    /// What added the person; null: that is older than the history.
    #[schema(required)]
    pub(crate) created_by: Option<EventCause>,
    /// The SCIM user as the identity provider gets it; null: SCIM does not see the person.
    #[schema(required, value_type = Option<Object>)]
    pub(crate) resource: Option<Value>,
    pub(crate) groups: Vec<MemberGroup>,
    /// The newest log entries about the person.
    #[schema(max_items = 20)]
    pub(crate) history: Vec<LogEntry>,
}
