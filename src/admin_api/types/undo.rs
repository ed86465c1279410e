//! Undoing of changes, and deleted people who come back.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Repeatable;
use super::log::LogSource;
use super::members::{Member, MemberGroup};
use super::query::{Count, Moment};
use crate::d1::undo::{Counts, Run, Selection, Status};
use directory::OrgRole;
use directory::event::Source;
use directory::undo::{Facet, Place, Reason};

/// Which events are undone: those that fulfil all conditions that are there. At least one of `events`, `story` and
/// `since` is needed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct UndoSelection {
    /// These sequence numbers.
    #[schema(min_items = 1, max_items = 1000)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) events: Option<Vec<i64>>,
    /// All of a request, or of an undo: the sequence number of its first event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) story: Option<i64>,
    /// What the key with this id caused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// What this administrator caused, or the key with this hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actor: Option<String>,
    /// What identity providers did, or administrators.
    #[schema(inline)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<LogSource>,
    /// What is not older than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Moment>,
    /// What is older than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Moment>,
    /// Only events of these types, such as `person.deactivated`. A deactivation or deletion has the memberships that
    /// ended with it.
    #[schema(min_items = 1, max_items = 50)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) types: Option<Vec<String>>,
}

impl From<UndoSelection> for Selection {
    fn from(selection: UndoSelection) -> Self {
        let UndoSelection { events, story, key, actor, source, since, until, types } = selection;
        let source = source.map(|source| match source {
            LogSource::Scim => Source::Scim,
            LogSource::Console => Source::Console,
        });
        let (since, until) = (since.map(Moment::into_prefix), until.map(Moment::into_prefix));
        Self { events, story, key, actor, source, since, until, types }
    }
}

/// Which events are undone; a condition that is null was not there.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoSelected {
    #[schema(required)]
    pub(crate) events: Option<Vec<i64>>,
    #[schema(required)]
    pub(crate) story: Option<i64>,
    #[schema(required)]
    pub(crate) key: Option<String>,
    #[schema(required)]
    pub(crate) actor: Option<String>,
    #[schema(required, inline)]
    pub(crate) source: Option<LogSource>,
    #[schema(required)]
    pub(crate) since: Option<Moment>,
    #[schema(required)]
    pub(crate) until: Option<Moment>,
    #[schema(required)]
    pub(crate) types: Option<Vec<String>>,
}

impl From<UndoSelection> for UndoSelected {
    fn from(selection: UndoSelection) -> Self {
        Selection::from(selection).into()
    }
}

impl From<Selection> for UndoSelected {
    fn from(selection: Selection) -> Self {
        let Selection { events, story, key, actor, source, since, until, types } = selection;
        let source = source.and_then(|source| match source {
            Source::Scim => Some(LogSource::Scim),
            Source::Console => Some(LogSource::Console),
            Source::Job => None,
        });
        let moment = |time: Option<String>| time.and_then(|time| Moment::try_from(time).ok());
        Self { events, story, key, actor, source, since: moment(since), until: moment(until), types }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewUndo {
    pub(crate) selection: UndoSelection,
    /// The `next` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartUndo {
    pub(crate) selection: UndoSelection,
    /// Whether the access brake, if it is engaged now, is released when the undo has finished.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(default = false)]
    pub(crate) release_brake: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UndoSubject {
    Person,
    Group,
    Team,
    Project,
    Organization,
}

impl From<Place> for UndoSubject {
    fn from(place: Place) -> Self {
        match place {
            Place::CreatedPerson | Place::Person => Self::Person,
            Place::CreatedGroup | Place::Group => Self::Group,
            Place::CreatedTeam | Place::Team => Self::Team,
            Place::Project | Place::RestoredProject => Self::Project,
            Place::Organization => Self::Organization,
        }
    }
}

/// What of it stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UndoPart {
    Existence,
    Archived,
    Active,
    OrgRole,
    Attribute,
    Membership,
    DisplayName,
    ExternalId,
    Setting,
}

impl From<&Facet> for UndoPart {
    fn from(facet: &Facet) -> Self {
        match facet {
            Facet::Existence => Self::Existence,
            Facet::Archived => Self::Archived,
            Facet::Active => Self::Active,
            Facet::OrgRole => Self::OrgRole,
            Facet::Attribute { .. } => Self::Attribute,
            Facet::Membership { .. } => Self::Membership,
            Facet::DisplayName | Facet::RoleName => Self::DisplayName,
            Facet::ExternalId => Self::ExternalId,
            Facet::Setting { .. } => Self::Setting,
        }
    }
}

/// Something that stays as it is although a selected change changed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoLeft {
    #[schema(inline)]
    pub(crate) subject: UndoSubject,
    pub(crate) id: String,
    /// The `userName` or the name at present, or the last one; null: it is not known any more.
    #[schema(required)]
    pub(crate) name: Option<String>,
    #[schema(inline)]
    pub(crate) part: UndoPart,
    /// Of an attribute or a setting, its name.
    #[schema(required)]
    pub(crate) attribute: Option<String>,
    /// Of a membership, the group's id.
    #[schema(required)]
    pub(crate) group: Option<String>,
    /// Of a membership, the group's name, or its last one; null: it is not known any more.
    #[schema(required)]
    pub(crate) group_name: Option<String>,
    #[schema(inline)]
    pub(crate) reason: Reason,
    /// Whether restoring it would overwrite a later change.
    pub(crate) would_overwrite: bool,
    /// The sequence number of the event that changed it since.
    #[schema(required)]
    pub(crate) event: Option<i64>,
}

/// How many selected events there are of a type that is not undone.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoOther {
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    pub(crate) count: u64,
    /// Why they are not undone.
    pub(crate) why: String,
}

/// What an undo would do, if it began now.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoPreview {
    /// How many of the selected events are undone.
    pub(crate) events: u64,
    /// How many people they are about.
    pub(crate) people: u64,
    /// How many groups themselves they are about, without those of teams.
    pub(crate) groups: u64,
    /// How many teams they are about.
    pub(crate) teams: u64,
    /// How many projects they are about.
    pub(crate) projects: u64,
    /// How many selected events are not undone, by type.
    pub(crate) others: Vec<UndoOther>,
    /// What is restored, of this page of people and things.
    #[schema(inline)]
    pub(crate) restored: Counts,
    /// What stays, of this page.
    pub(crate) left: Vec<UndoLeft>,
    /// Where the next page begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
}

/// An undo.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoRun {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// The administrator who began it.
    pub(crate) created_by: String,
    pub(crate) selection: UndoSelected,
    #[schema(inline)]
    pub(crate) status: Status,
    /// The sequence number of its first event: by this story it can be undone itself.
    pub(crate) story: i64,
    /// How many people and things it looks at; null as long as they are collected.
    #[schema(required)]
    pub(crate) subjects: Option<u64>,
    /// How many of them it has looked at.
    pub(crate) done: u64,
    /// What it has restored so far.
    #[schema(inline)]
    pub(crate) restored: Counts,
    /// How many later changes it has left as they are.
    pub(crate) overwritten: u64,
    /// How much else it could not restore.
    pub(crate) impossible: u64,
    /// When the last step was.
    #[schema(format = DateTime)]
    pub(crate) stepped_at: String,
    /// Whether the access brake that was engaged when it began is released when it has finished.
    #[serde(default)]
    #[schema(required)]
    pub(crate) releases_brake: bool,
}

impl Repeatable for UndoRun {}

impl From<Run> for UndoRun {
    fn from(run: Run) -> Self {
        let subjects = run.progress.is_collected().then_some(run.progress.subjects);
        Self {
            id: run.id,
            created_at: run.created_at,
            created_by: run.created_by,
            selection: run.selection.into(),
            status: run.status,
            story: run.story,
            subjects,
            done: run.progress.done,
            restored: run.progress.restored,
            overwritten: run.progress.overwritten,
            impossible: run.progress.impossible,
            stepped_at: run.progress.stepped_at,
            releases_brake: run.progress.releases_brake.is_some(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UndoList {
    /// The newest runs.
    #[schema(max_items = 50)]
    pub(crate) runs: Vec<UndoRun>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct UndoQuery {
    /// The `next` of the previous page.
    pub(crate) after: Option<String>,
    /// Most people and groups of a page.
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UndoResult {
    pub(crate) run: UndoRun,
    /// What it has left as it is.
    pub(crate) left: Vec<UndoLeft>,
    /// Where the next page begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
}

/// A deleted person who can come back.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeletedPerson {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) user_name: String,
    #[schema(format = DateTime)]
    pub(crate) deleted_at: String,
    /// A key's hint, or an administrator's email address.
    pub(crate) deleted_by: String,
    /// Whether the person was active.
    pub(crate) active: bool,
    pub(crate) org_role: OrgRole,
    /// The sequence number of the event of the deletion.
    pub(crate) event: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletedPeople {
    pub(crate) people: Vec<DeletedPerson>,
    /// Where the next page begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
}

/// What a deleted or deactivated person gets back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FormerAccess {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) user_name: String,
    /// Whether the person is deleted; otherwise they are deactivated.
    pub(crate) deleted: bool,
    /// The organization role.
    pub(crate) org_role: OrgRole,
    /// The groups that still exist, in the order of their names.
    pub(crate) groups: Vec<MemberGroup>,
    /// What cannot be restored.
    pub(crate) left: Vec<UndoLeft>,
}

/// What of a person's former access comes back.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RestorePerson {
    /// The person comes back as Member, without the organization role that they had.
    pub(crate) without_role: bool,
    /// The ids of groups to which they do not come back.
    pub(crate) without_groups: Vec<String>,
}

/// A person who has come back.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoredPerson {
    pub(crate) member: Member,
    /// How many memberships began again.
    pub(crate) joined: u64,
    /// What could not be restored.
    pub(crate) left: Vec<UndoLeft>,
}

impl Repeatable for RestoredPerson {}

/// A person about whom nothing is kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErasedPerson {
    #[schema(format = "uuid")]
    pub(crate) id: String,
}

impl Repeatable for ErasedPerson {}
