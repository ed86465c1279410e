//! Undoing of selected changes in steps.
//!
//! A run first collects the people and groups that the selected events are about, then looks at them in the order of
//! their ids, some at a time. Each step is one batch, which begins with the new progress under the condition that the
//! progress is the one that was read: a step that was carried out already, by a call before or at the same time, fails
//! as stale. So a run can be broken off at any point and carried on by any caller.

mod changes;
mod history;
mod names;
mod plan;
pub(crate) mod planning;
mod selection;
#[cfg(test)]
pub(crate) mod statements;
pub(crate) mod step;
mod thing_changes;
mod things;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::StorageError;
use super::batch::Select;
use super::statement::{Statement, integer, text};
use super::tenant::{Tenant, guard};
use crate::d1::events::record;
use directory::event::{Event, NewEvent, SubjectType};
use directory::undo::Place;

pub use plan::{Counts, LeftOut};
pub use planning::{Preview, preview};
pub use selection::{Extent, OfType, Selection, Span, Subject, extent, span};
pub use step::{Choice, Return, bring_back, step};

/// Most events between the first and the last selected one.
pub(crate) const MOST_EVENTS: i64 = 200_000;
/// Most people or groups of a step.
pub(crate) const MOST_SUBJECTS: u32 = 100;

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = UndoStatus)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// There is more to do.
    Running,
    /// An administrator stopped it.
    Stopped,
    /// All is done.
    Finished,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Where the selected events are.
    pub span: Span,
    /// The event up to which people and groups are collected.
    pub collected: i64,
    /// How many were collected.
    pub subjects: u64,
    /// The last one that was looked at.
    pub cursor: Option<Subject>,
    /// How many were looked at.
    pub done: u64,
    /// What was restored.
    pub restored: Counts,
    /// How many changes since would have been overwritten.
    pub overwritten: u64,
    /// How many other things could not be restored.
    pub impossible: u64,
    /// When the last step was.
    pub stepped_at: String,
    /// Since when the access brake is engaged that the last step releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub releases_brake: Option<String>,
}

impl Progress {
    /// Whether all people and groups are collected.
    pub fn is_collected(&self) -> bool {
        self.collected >= self.span.to
    }
}

/// A run.
#[derive(Debug, Clone, Deserialize)]
pub struct Run {
    /// Identifier.
    pub id: String,
    /// When it began.
    pub created_at: String,
    /// The administrator who began it.
    pub created_by: String,
    /// Which events.
    pub selection: Selection,
    /// Whether it goes on.
    pub status: Status,
    /// The sequence number of its first event.
    pub story: i64,
    /// How far it is.
    pub progress: Progress,
}

const DESCRIBED: &str = "SELECT json_object('id', r.id, 'created_at', r.created_at, 'created_by', r.created_by,
    'selection', json(r.selection), 'status', r.status, 'story', r.story, 'progress', json(r.progress)) AS json
  FROM undo_runs r";

/// Reads a run.
pub fn one(tenant: &Tenant<'_>, id: &str) -> Select<Run> {
    tenant.select_json(&format!("{DESCRIBED} WHERE r.org_id = :org AND r.id = :id"), &[text("id", id)])
}

/// Reads the newest runs.
pub fn newest(tenant: &Tenant<'_>, count: u16) -> Select<Run> {
    let sql = format!(
        "{DESCRIBED} WHERE r.org_id = :org ORDER BY r.created_at DESC, r.id LIMIT CAST(:count AS INTEGER)"
    );
    tenant.select_json(&sql, &[integer("count", count)])
}

/// An organization with a run that has not been carried on for a while.
#[derive(Debug, Deserialize)]
pub struct Waiting {
    /// The organization.
    pub org_id: String,
    /// The run.
    pub id: String,
}

/// Finds runs of all organizations whose last step was before `before`, at most `most`.
pub fn waiting(before: &str, most: u32) -> Select<Waiting> {
    Select::few(Statement::new(
        "SELECT r.org_id AS org_id, r.id AS id FROM undo_runs r
         WHERE r.status = 'running' AND r.progress ->> '$.stepped_at' < :before
           AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = r.org_id AND o.deleted_at IS NULL)
         ORDER BY r.created_at LIMIT CAST(:most AS INTEGER)",
        &[text("before", before), text("most", most.to_string())],
    ))
}

/// Writes a new run and its first event. `releases_brake`: since when the access brake is engaged, if it is to be
/// released once the run has finished.
///
/// # Errors
/// `StorageErrorKind::Internal` if the tenant names no organization.
pub fn start(
    tenant: &Tenant<'_>,
    id: &str,
    selection: &Selection,
    span: Span,
    releases_brake: Option<&str>,
) -> Result<Vec<Statement>, StorageError> {
    let started = Event::UndoStarted { undo: id.to_owned() };
    let mut statements = record(tenant, &[of_organization(tenant, started)?]);
    let progress = Progress {
        span,
        collected: span.from.saturating_sub(1),
        subjects: 0,
        cursor: None,
        done: 0,
        restored: Counts::default(),
        overwritten: 0,
        impossible: 0,
        stepped_at: tenant.now.clone(),
        releases_brake: releases_brake.map(str::to_owned),
    };
    statements.push(tenant.statement(
        "INSERT INTO undo_runs (org_id, id, created_at, created_by, selection, status, story, progress)
         SELECT o.id, :id, :now, :event_actor, :selection, 'running',
           (SELECT max(seq) FROM events WHERE org_id = o.id), :progress
         FROM organizations o WHERE o.id = :org",
        &[text("id", id), text("selection", json(selection)), text("progress", json(&progress))],
    ));
    statements.push(guard());
    Ok(statements)
}

/// An event about the organization.
fn of_organization(tenant: &Tenant<'_>, event: Event) -> Result<NewEvent, StorageError> {
    let organization = tenant.scope.organization();
    let organization = organization
        .ok_or_else(|| StorageError::internal("an undo does not know its organization".to_owned()))?;
    Ok(NewEvent::new(event, SubjectType::Organization, organization))
}

/// Stops a run that is under way.
pub fn stop(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(
        "UPDATE undo_runs SET status = 'stopped' WHERE org_id = :org AND id = :id AND status = 'running'",
        &[text("id", id)],
    )
}

/// Reads what a run has left as it is, in the order of its steps behind `after`; one more than `count` if there are
/// more.
pub fn left_out<R: DeserializeOwned>(
    tenant: &Tenant<'_>,
    id: &str,
    after: Option<(Place, &str)>,
    count: u16,
) -> Select<R> {
    let (place, after) = after.unwrap_or((Place::Project, ""));
    tenant.select_json(
        "SELECT json_object('place', s.place, 'id', s.subject_id, 'left', json(s.left_out)) AS json
         FROM undo_subjects s INDEXED BY undo_subjects_left_out
         WHERE s.org_id = :org AND s.undo_id = :id AND (s.place, s.subject_id) > (CAST(:place AS INTEGER), :after)
           AND s.left_out IS NOT NULL
         ORDER BY s.place, s.subject_id LIMIT CAST(:count AS INTEGER) + 1",
        &[text("id", id), integer("place", i8::from(place)), text("after", after), integer("count", count)],
    )
}

/// Reads the names of people, groups, teams and projects by their ids, also of deleted ones.
pub fn names<R: DeserializeOwned>(tenant: &Tenant<'_>, ids: &[&str]) -> Select<R> {
    tenant.select_json(
        "SELECT json_object('id', j.value, 'name', coalesce(u.doc ->> '$.userName', g.display_name, p.name, (
             SELECT t.name FROM teams t CROSS JOIN projects q ON q.id = t.project_id AND q.org_id = :org
             WHERE t.id = j.value),
           json_extract(d.person ->> 'doc', '$.userName'), (
             SELECT coalesce(e.data ->> '$.group.name', e.data ->> '$.name')
             FROM event_subjects s CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
             WHERE s.org_id = :org AND s.subject_id = j.value AND (e.type = 'group.deleted' OR e.type = 'team.deleted')
             ORDER BY s.seq DESC LIMIT 1))) AS json
         FROM json_each(:ids) j LEFT JOIN users u ON u.org_id = :org AND u.id = j.value
         LEFT JOIN groups g ON g.org_id = :org AND g.id = j.value
         LEFT JOIN projects p ON +p.org_id = :org AND p.id = j.value
         LEFT JOIN deleted_people d ON d.org_id = :org AND d.id = j.value AND u.id IS NULL AND g.id IS NULL",
        &[text("ids", json(&ids))],
    )
}

/// JSON of a value that has text keys and no values that JSON cannot have.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::json!(value).to_string()
}
