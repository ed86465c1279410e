//! Deeds: what was done in an organization, each with its change events; and requests that changed nothing.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::VariantArray;
use utoipa::{IntoParams, ToSchema};

use super::log::LogEntry;
use super::query::{Count, Moment};
use directory::ByName;
use directory::event::{Event, Source, SubjectType};

/// What a deed came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DeedOutcome {
    /// It changed something.
    Done,
    /// The request failed.
    Refused,
    /// All was already as the request asked.
    Unchanged,
}

/// What was done, in the words of administrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema, VariantArray)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DeedKind {
    /// People, groups, projects, roles, teams, keys or the organization were created.
    Created,
    /// Attributes or names changed.
    Updated,
    /// People were deactivated.
    Deactivated,
    /// People got access again, or a project was restored.
    Restored,
    /// People, groups or teams were deleted, or a project was archived.
    Deleted,
    /// The organization role of a person changed.
    Role,
    /// People joined groups.
    Joined,
    /// People left groups.
    Left,
    /// SCIM no longer sees people, or sees them again.
    Visibility,
    /// Settings of the organization changed, or what SCIM may write.
    Settings,
    /// A SCIM key was generated or deactivated, or its expiry changed.
    Key,
    /// An identity provider read a list page by page.
    Import,
    /// Changes were undone.
    Undo,
}

#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeedQuery {
    /// Only deeds of this kind.
    #[param(inline)]
    pub(crate) kind: Option<DeedKind>,
    /// Only deeds with an event of this type, such as `person.deactivated`.
    pub(crate) r#type: Option<String>,
    /// Only what was done to the person with this id.
    pub(crate) person: Option<String>,
    /// Only what was done to the group with this id.
    pub(crate) group: Option<String>,
    /// Only what the key with this id did.
    pub(crate) key: Option<String>,
    /// Only what identity providers did (`scim`), administrators (`console`), or scheduled jobs (`job`).
    #[param(inline)]
    pub(crate) source: Option<Source>,
    /// Only what this administrator did, by email address, or this key, by its hint.
    pub(crate) actor: Option<String>,
    /// Only deeds that came to this.
    #[param(inline)]
    pub(crate) outcome: Option<DeedOutcome>,
    /// Only deeds in which a name of a person, group, project, team or key contains this, in any case. People whom an
    /// event lists among more than 25 are found by the beginning of their `userName` (the first ten who have it), or
    /// with `person`.
    pub(crate) text: Option<String>,
    /// Only deeds that are not older than this.
    pub(crate) from: Option<Moment>,
    /// Only deeds that are older than this.
    pub(crate) to: Option<Moment>,
    /// Only older deeds: the `next` of the previous page.
    #[param(value_type = Option<String>)]
    pub(crate) before: Option<DeedCursor>,
    /// Only newer deeds: the `previous` of the next page.
    #[param(value_type = Option<String>)]
    pub(crate) after: Option<DeedCursor>,
    /// Most deeds of a page.
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}

/// A place between two deeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct DeedCursor {
    /// The sequence number of an event: later ones are on the one side.
    pub(crate) seq: i64,
    /// The beginning of the id of an entry of the log, likewise.
    pub(crate) log_id: String,
}

impl TryFrom<String> for DeedCursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts = text.split_once('~').and_then(|(seq, log_id)| Some((seq.parse().ok()?, log_id)));
        let (seq, log_id) = parts.ok_or("must be the \"next\" or \"previous\" of another page")?;
        Ok(Self { seq, log_id: log_id.to_owned() })
    }
}

impl From<DeedCursor> for String {
    fn from(cursor: DeedCursor) -> Self {
        format!("{}~{}", cursor.seq, cursor.log_id)
    }
}

/// What made a change, or tried to.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct EventCause {
    pub(crate) source: Source,
    /// A key's hint, an email address, `admin token`, or the name of a job.
    pub(crate) actor: String,
    /// The id of the key; null: it was no key, or the request changed nothing.
    #[schema(required)]
    pub(crate) key: Option<String>,
}

/// What an event is about.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct EventSubject {
    pub(crate) r#type: SubjectType,
    pub(crate) id: String,
    /// Its name at that time: of a person the `userName`. Null: it was erased.
    #[schema(required)]
    pub(crate) name: Option<String>,
    /// Of a person the name for display at that time.
    #[schema(required)]
    pub(crate) display_name: Option<String>,
    /// The client's identifier at that time.
    #[schema(required)]
    pub(crate) external_id: Option<String>,
}

/// An attribute's value before and after a change; null: it has none.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ChangedValue {
    #[serde(default)]
    #[schema(required, value_type = Value)]
    pub(crate) before: Option<Value>,
    #[serde(default)]
    #[schema(required, value_type = Value)]
    pub(crate) after: Option<Value>,
}

/// A person whom an event lists.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ListedPerson {
    pub(crate) id: String,
    /// The `userName` at that time; null: it was erased.
    #[schema(required)]
    pub(crate) user_name: Option<String>,
    /// The name for display at that time.
    #[schema(required)]
    pub(crate) display_name: Option<String>,
}

/// A change, as an event.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ChangeEvent {
    /// Grows by 1 from event to event of the organization.
    pub(crate) seq: i64,
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// What happened. Lists of people and groups are shortened in a list of deeds: `people_count` and `group_count`
    /// say how many there are.
    pub(crate) event: Event,
    pub(crate) subject: EventSubject,
    /// The version of the subject that the change made; null: it has none.
    #[schema(required)]
    pub(crate) version: Option<i64>,
    /// Each changed attribute of a person by its name. Null: there are none, or they were erased.
    #[schema(required, value_type = Option<std::collections::BTreeMap<String, ChangedValue>>)]
    pub(crate) changes: Option<ByName<ChangedValue>>,
    /// The people whom `event` lists, with their names.
    pub(crate) people: Vec<ListedPerson>,
    /// How many people the event lists before it is shortened.
    pub(crate) people_count: u64,
    /// How many groups the event lists before it is shortened.
    pub(crate) group_count: u64,
}

/// What one request did, or a step of a scheduled job; or a request that changed nothing.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Deed {
    #[schema(format = DateTime)]
    pub(crate) at: String,
    #[schema(inline)]
    pub(crate) outcome: DeedOutcome,
    pub(crate) cause: EventCause,
    /// The `seq` of the first event of the story: of all that one request changed, or a whole undo. Null: nothing
    /// changed.
    #[schema(required)]
    pub(crate) story: Option<i64>,
    /// The id of the request's entry in the log, which is kept for a shorter time than events. Null: it was no request.
    #[schema(required)]
    pub(crate) log_id: Option<String>,
    /// The request; null: it was none, or is no longer kept.
    #[schema(required)]
    pub(crate) request: Option<LogEntry>,
    /// What changed, in order: the first events. Of a query that selects events, those next to them belong to it, too.
    #[schema(max_items = 10)]
    pub(crate) events: Vec<ChangeEvent>,
    /// How many events it has, as far as this page has read them.
    pub(crate) event_count: u64,
}

/// How many deeds match a query.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub(crate) struct DeedTotal {
    pub(crate) count: u32,
    /// False: there may be more. At most 1,000 deeds are counted.
    pub(crate) is_exact: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeedPage {
    /// The newest first. A page may be short, or even empty, before the last one, if few deeds match the query. A deed
    /// of very many events may go on on the next page.
    pub(crate) deeds: Vec<Deed>,
    /// `before` of the page of older deeds; null: there are none.
    #[schema(required, value_type = Option<String>)]
    pub(crate) next: Option<DeedCursor>,
    /// `after` of the page of newer deeds; null: this is the first page.
    #[schema(required, value_type = Option<String>)]
    pub(crate) previous: Option<DeedCursor>,
    pub(crate) total: DeedTotal,
    /// Since when changes are kept as events. Deeds before that are known from requests only.
    #[schema(format = DateTime)]
    pub(crate) kept_since: String,
}
