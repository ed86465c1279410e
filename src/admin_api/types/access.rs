//! Access: who had which rights, when and why.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::events::EventCause;
use super::query::{self, Moment};
use directory::OrgRole;
use directory::event::{GroupRef, Transition};

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccessQuery {
    /// The moment; a day stands for its beginning. Now, if left out.
    pub(crate) at: Option<Moment>,
}

/// The event that gave a right.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Origin {
    pub(crate) seq: i64,
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The type of the event, such as `membership.added`.
    pub(crate) r#type: String,
    /// The `seq` of the first event of its story.
    pub(crate) story: i64,
    /// The id of the request's entry in the log; null: it was no request.
    #[schema(required)]
    pub(crate) log_id: Option<String>,
    pub(crate) cause: EventCause,
}

/// What a right is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RightOn {
    /// The organization: `role` is the organization role.
    Organization,
    /// A project: `role` is a role of it.
    Project,
    /// A team: `role` is a role of it.
    Team,
    /// A plain group, of which the person is a member.
    Group,
}

/// A right of a person.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Right {
    #[schema(inline)]
    pub(crate) on: RightOn,
    /// Null: a plain group has no roles.
    #[schema(required)]
    pub(crate) role: Option<String>,
    /// The group through which the person has it, with its project and team; null: it is the organization role.
    #[schema(required)]
    pub(crate) group: Option<GroupRef>,
    /// The event that gave it. Null: it is older than the history, or the event is no longer kept.
    #[schema(required)]
    pub(crate) since: Option<Origin>,
}

/// What a person had at a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Access {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    /// The moment.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The newest event of the organization at that moment.
    pub(crate) seq: i64,
    /// Whether the person was in the directory.
    pub(crate) exists: bool,
    /// Whether they could use the organization.
    pub(crate) active: bool,
    /// Whether SCIM saw them.
    pub(crate) visible: bool,
    /// Their organization role; of a person who was not active the one that they would get back with their access.
    pub(crate) org_role: OrgRole,
    /// None, if they were not active.
    pub(crate) rights: Vec<Right>,
    /// Since when changes are kept as events: a right without `since` is older.
    #[schema(format = DateTime)]
    pub(crate) kept_since: String,
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccessChangeQuery {
    /// The first moment.
    pub(crate) from: Moment,
    /// The second moment. Now, if left out.
    #[serde(default)]
    pub(crate) to: Option<Moment>,
    /// Only of the person with this id.
    #[serde(default)]
    pub(crate) person: Option<String>,
    /// Only memberships of the group with this id.
    #[serde(default)]
    pub(crate) group: Option<String>,
    /// Of a difference of many changes: the `next` of the part before.
    #[serde(default, deserialize_with = "query::number")]
    pub(crate) after: Option<u64>,
}

/// What is different for a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonAccessChange {
    pub(crate) id: String,
    /// The newest `userName` that is known; null: it was erased.
    #[schema(required)]
    pub(crate) user_name: Option<String>,
    /// Whether the person was in the directory; null: no difference.
    #[schema(required)]
    pub(crate) exists: Option<Transition<bool>>,
    /// Whether the person was active; null: no difference.
    #[schema(required)]
    pub(crate) active: Option<Transition<bool>>,
    /// Whether SCIM saw the person; null: no difference.
    #[schema(required)]
    pub(crate) visible: Option<Transition<bool>>,
    /// The organization role; null: no difference.
    #[schema(required)]
    pub(crate) org_role: Option<Transition<OrgRole>>,
    /// The groups in which the person was at the second moment and not at the first.
    pub(crate) joined: Vec<GroupRef>,
    /// The groups in which the person was at the first moment and not at the second.
    pub(crate) left: Vec<GroupRef>,
}

/// The difference between two moments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessChanges {
    /// The first moment.
    #[schema(format = DateTime)]
    pub(crate) from: String,
    /// The second moment; of a part, the moment that it reaches to.
    #[schema(format = DateTime)]
    pub(crate) to: String,
    /// The newest events of the organization at these moments.
    pub(crate) from_seq: i64,
    pub(crate) to_seq: i64,
    /// The people for whom there is a difference.
    pub(crate) people: Vec<PersonAccessChange>,
    /// `after` of the next part: the difference from `to` to the moment that was asked for. Null: there is none.
    #[schema(required)]
    pub(crate) next: Option<i64>,
}
