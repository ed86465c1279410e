//! SCIM groups and their members.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Named;
use super::members::MemberInList;
use super::projects::PeopleCount;
use super::query::{Count, GroupCursor, ListSort, Skip};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct GroupQuery {
    /// Only members with this in their user_name or their names, in any case. A page has those among the next 2,000
    /// members: as long as there is a `next`, more may be found.
    #[param(min_length = 1)]
    pub(crate) search: Option<String>,
    /// The `next` of the previous page.
    #[param(value_type = String, pattern = "^[0-9]+$", required = false)]
    pub(crate) after: GroupCursor,
    /// Most entries of a page.
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}

/// A group without its members.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupRecord {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) display_name: String,
    /// null: it is no role, but a plain group.
    #[schema(required)]
    pub(crate) role: Option<String>,
    /// The identity provider's id for it.
    #[schema(required)]
    pub(crate) external_id: Option<String>,
    /// When an identity provider last changed it; null: never.
    #[schema(required, format = DateTime)]
    pub(crate) pushed_at: Option<String>,
    #[schema(required)]
    pub(crate) project: Option<Named>,
    #[schema(required)]
    pub(crate) team: Option<Named>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Group {
    #[serde(flatten)]
    pub(crate) record: GroupRecord,
    /// How many members it has; null: more than 1,000.
    #[schema(required, maximum = 1000)]
    pub(crate) member_count: Option<u64>,
    pub(crate) members: Vec<MemberInList>,
    /// Where the next page begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
}

/// What became of a person's membership of a group.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupMember {
    pub(crate) group: GroupRecord,
    pub(crate) member: MemberInList,
    /// Whether the person is a member now.
    pub(crate) is_member: bool,
    /// false: it was so before.
    pub(crate) changed: bool,
    /// The sequence number of the event; null: nothing was changed.
    #[schema(required)]
    pub(crate) event: Option<i64>,
    /// What the identity provider may do about it; null: nothing.
    #[schema(required)]
    pub(crate) warning: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct GroupListQuery {
    /// Only groups whose name has this in it, in any case. The first 20,000 groups by name are searched.
    pub(crate) search: Option<String>,
    /// By what they are sorted. By anything but the name: of those that match, the first 1,000 by name.
    #[param(inline, required = false)]
    pub(crate) sort: ListSort,
    /// How many come before the page: the `next` of the previous page.
    #[param(value_type = u32, minimum = 0, maximum = 20_000, default = 0, required = false)]
    pub(crate) skip: Skip,
    /// Most entries of a page.
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}

/// A group that belongs to no project.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlainGroup {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) display_name: String,
    /// When an identity provider last changed it; null: never.
    #[schema(required, format = DateTime)]
    pub(crate) pushed_at: Option<String>,
    pub(crate) people: PeopleCount,
}

/// A page of the groups that belong to no project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlainGroups {
    pub(crate) groups: Vec<PlainGroup>,
    /// How many match. null: more than 1,000.
    #[schema(required)]
    pub(crate) total: Option<u64>,
    /// The `skip` of the next page. null: it is the last one.
    #[schema(required)]
    pub(crate) next: Option<u32>,
}
