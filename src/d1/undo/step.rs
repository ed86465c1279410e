//! One step of a run.

use super::changes::of_people;
use super::history::Scope;
use super::plan::{PlannedPerson, PlannedThing};
use super::planning::{Planned, plan};
use super::selection::{self, Selection, Span, Subject};
use super::thing_changes::of_things;
use super::{MOST_SUBJECTS, Progress, Run, Status, json, of_organization, one};
use crate::d1::batch::{Batch, Ignored};
use crate::d1::brake;
use crate::d1::events::{record, record_if_row_changed};
use crate::d1::organizations;
use crate::d1::statement::{Statement, integer, text};
use crate::d1::tenant::{Cause, Tenant, guard};
use crate::d1::{Database, Select, StorageError, StorageErrorKind};
use crate::runtime::clock;
use directory::event::{Event, Source};
use directory::undo::{Existence, Facet, Left, Place, Reason};
use directory::{OrgRole, Organization, User};

/// How often a step is tried if others change its basis in the meantime. Each further attempt is about fewer people.
pub(crate) const ATTEMPTS: u32 = 8;
/// Most teams of a step.
pub(crate) const MOST_TEAMS: usize = 20;

/// Carries out one step of a run, if it is running. Returns the run afterwards; `None`: there is none.
///
/// # Errors
/// Those of storage; `StorageErrorKind::Contended` if others change the same people all the time.
pub async fn step(database: &Database, tenant: &Tenant<'_>, run: &str) -> Result<Option<Run>, StorageError> {
    let mut most = MOST_SUBJECTS;
    for attempt in 1..=ATTEMPTS {
        let Some(read) = database.run(one(tenant, run)).await?.pop() else { return Ok(None) };
        if read.status != Status::Running {
            return Ok(Some(read));
        }
        let tenant = tenant_of(tenant, &read);
        match attempt_step(database, &tenant, &read, most).await {
            Ok(()) => break,
            // A unique index or a limit refuses the step, and does not say for which person.
            Err(error) => match *error {
                StorageErrorKind::Taken(_) | StorageErrorKind::Full(_) => most = 1,
                StorageErrorKind::Stale if attempt < ATTEMPTS => most = (most / 3).max(1),
                StorageErrorKind::Stale => return Err(StorageErrorKind::Contended.into()),
                _ => return Err(error),
            },
        }
    }
    Ok(database.run(one(tenant, run)).await?.pop())
}

/// The tenant as the cause of the run's changes: they are the administrator's who began it, whoever carries it on.
fn tenant_of<'t>(tenant: &Tenant<'t>, run: &Run) -> Tenant<'t> {
    let cause = Cause {
        source: Source::Console,
        actor: run.created_by.clone(),
        key_id: None,
        request_id: None,
        story: Some(run.story.to_string()),
    };
    Tenant { cause, now: clock::iso(clock::now_millis()), ..tenant.clone() }
}

async fn attempt_step(
    database: &Database,
    tenant: &Tenant<'_>,
    run: &Run,
    most: u32,
) -> Result<(), StorageError> {
    let (progress, selection) = (&run.progress, &run.selection);
    if !progress.is_collected() {
        return collect(database, tenant, run).await;
    }
    let mut batch = Batch::new();
    let organization = batch.push(organizations::one::<Organization>(tenant));
    let subjects: Select<Subject> =
        selection::worklist(tenant, &run.id, progress.span, progress.cursor.as_ref(), most);
    let subjects = batch.push(subjects);
    let results = database.batch(&batch).await?;
    let organization = results.one(organization)?.organization;
    let subjects = results.all(subjects)?;
    let Some(first) = subjects.first() else { return finish(database, tenant, run).await };
    // A step is about one place in the order, so that it finds what those before have done.
    let place = first.place;
    let most = match place {
        Place::Project | Place::Organization | Place::RestoredProject => 1,
        Place::CreatedTeam | Place::Team => MOST_TEAMS,
        Place::CreatedGroup | Place::CreatedPerson | Place::Group | Place::Person => subjects.len(),
    };
    let subjects: Vec<Subject> =
        subjects.into_iter().take(most).take_while(|subject| subject.place == place).collect();
    let scope = Scope { selection, span: progress.span, own: run.story };
    let planned = plan(database, tenant, &organization, scope, &subjects, false).await?;
    let outcome = write(database, tenant, &organization, run, &planned).await;
    let reason = match (outcome.as_ref().map_err(|error| &**error), place) {
        (Err(StorageErrorKind::Taken(_)), Place::Project) => Reason::ProjectNameTaken,
        (Err(StorageErrorKind::Taken(_)), Place::Person) => Reason::UserNameTaken,
        (Err(StorageErrorKind::Taken(_)), _) => Reason::GroupNameTaken,
        (Err(StorageErrorKind::Full(_)), Place::Person) => Reason::TooManyGroups,
        (Err(StorageErrorKind::Full(_)), _) => Reason::ProjectFull,
        _ => return outcome,
    };
    match planned.count {
        1 => write_without(database, tenant, run, planned, reason).await,
        _ => outcome,
    }
}

/// Notes that the only subject of a step stays as it is.
async fn write_without(
    database: &Database,
    tenant: &Tenant<'_>,
    run: &Run,
    planned: Planned,
    reason: Reason,
) -> Result<(), StorageError> {
    let Planned { things, people, last, count } = planned;
    let people = people.into_iter().map(|person| PlannedPerson::leaving(person.loaded, reason)).collect();
    let things = things.into_iter().map(|thing| PlannedThing::leaving(thing.loaded, reason)).collect();
    let planned = Planned { things, people, last, count };
    let mut batch = advanced(tenant, run, &planned)?;
    batch.extend(list_left_out(tenant, run, &planned));
    database.batch(&batch).await.map(drop)
}

async fn write(
    database: &Database,
    tenant: &Tenant<'_>,
    organization: &Organization,
    run: &Run,
    planned: &Planned,
) -> Result<(), StorageError> {
    let mut batch = advanced(tenant, run, planned)?;
    let scope = Scope { selection: &run.selection, span: run.progress.span, own: run.story };
    of_things(database, &mut batch, tenant, scope, &planned.things).await?;
    of_people(&mut batch, tenant, organization, &planned.people);
    batch.extend(list_left_out(tenant, run, planned));
    database.batch(&batch).await.map(drop)
}

/// The beginning of the batch of a step: the progress behind it.
fn advanced(tenant: &Tenant<'_>, run: &Run, planned: &Planned) -> Result<Batch, StorageError> {
    let progress = &run.progress;
    let left_out = planned.left_out();
    let left = || left_out.iter().flat_map(|left_out| &left_out.left);
    let overwritten = left().filter(|left| left.reason.is_overwrite()).count();
    let impossible = left().count().saturating_sub(overwritten);
    let more = |number: u64, by: usize| number.saturating_add(by as u64);
    let after = Progress {
        cursor: planned.last.clone().map(|last| Subject { bytes: 0, ..last }),
        done: more(progress.done, planned.count),
        restored: progress.restored.plus(planned.restored()),
        overwritten: more(progress.overwritten, overwritten),
        impossible: more(progress.impossible, impossible),
        stepped_at: tenant.now.clone(),
        ..progress.clone()
    };
    Ok(Batch::from_iter(compare_and_set(tenant, run, &after, Status::Running)))
}

/// Replaces the progress of a run by the next one, if it is still the one that was read.
fn compare_and_set(tenant: &Tenant<'_>, run: &Run, after: &Progress, status: Status) -> [Statement; 2] {
    let status = match status {
        Status::Running => "running",
        Status::Stopped => "stopped",
        Status::Finished => "finished",
    };
    let sql = "UPDATE undo_runs SET progress = :after, status = :status
               WHERE org_id = :org AND id = :run AND status = 'running'
                 AND progress ->> '$.collected' = CAST(:collected AS INTEGER)
                 AND progress ->> '$.done' = CAST(:done AS INTEGER)";
    let bindings = [
        text("run", run.id.as_str()),
        text("after", json(after)),
        text("status", status),
        integer("collected", run.progress.collected),
        text("done", run.progress.done.to_string()),
    ];
    [tenant.statement(sql, &bindings), guard()]
}

fn list_left_out(tenant: &Tenant<'_>, run: &Run, planned: &Planned) -> Option<Statement> {
    let left_out = planned.left_out();
    if left_out.is_empty() {
        return None;
    }
    let sql = "UPDATE undo_subjects SET left_out = (
                 SELECT j.value -> 'left' FROM json_each(:left_out) j
                 WHERE j.value ->> 'place' = place AND j.value ->> 'id' = subject_id)
               WHERE (org_id, undo_id, place, subject_id) IN (
                 SELECT :org, :run, value ->> 'place', value ->> 'id' FROM json_each(:left_out))";
    Some(tenant.statement(sql, &[text("run", run.id.as_str()), text("left_out", json(&left_out))]))
}

/// Collects the subjects of some further events.
async fn collect(database: &Database, tenant: &Tenant<'_>, run: &Run) -> Result<(), StorageError> {
    let (progress, selection) = (&run.progress, &run.selection);
    let upto =
        database.run(selection::upto(tenant, selection, progress.span, progress.collected)).await?.pop();
    let upto = upto.map_or(progress.span.to, |upto| upto.seq);
    let after = Progress { collected: upto, stepped_at: tenant.now.clone(), ..progress.clone() };
    let mut batch = Batch::from_iter(compare_and_set(tenant, run, &after, Status::Running));
    let from = progress.collected;
    batch.execute(selection::collect(tenant, &run.id, selection, progress.span, from, upto));
    batch.push(tenant.select::<Ignored>(
        "UPDATE undo_runs
         SET progress = json_set(progress, '$.subjects', (progress ->> '$.subjects') + changes())
         WHERE org_id = :org AND id = :run",
        &[text("run", run.id.as_str())],
    ));
    database.batch(&batch).await.map(drop)
}

async fn finish(database: &Database, tenant: &Tenant<'_>, run: &Run) -> Result<(), StorageError> {
    let progress = &run.progress;
    let mut batch = Batch::from_iter(compare_and_set(tenant, run, progress, Status::Finished));
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let event = Event::UndoFinished {
        undo: run.id.clone(),
        restored: count(progress.restored.subjects()),
        skipped: count(progress.overwritten.saturating_add(progress.impossible)),
    };
    batch.extend(record(tenant, &[of_organization(tenant, event)?]));
    if let Some(engaged_at) = &progress.releases_brake {
        let released = of_organization(tenant, Event::BrakeReleased { lifted_until: None })?;
        batch.execute(brake::release_engaged(tenant, engaged_at));
        batch.extend(record_if_row_changed(tenant, &[released]));
    }
    database.batch(&batch).await.map(drop)
}

/// How a deleted or deactivated person comes back.
#[derive(Debug)]
pub struct Return {
    /// The statements, unless the person was changed since they were read. Empty if they stay as they are.
    pub batch: Batch,
    /// The person afterwards; `None`: they stay as they are.
    pub user: Option<User>,
    /// The groups that they join.
    pub groups: Vec<String>,
    /// What is not restored, though it was to be.
    pub left: Vec<Left>,
}

/// What of a person's former access comes back.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Whether they come back as Member, without the role that they had.
    pub without_role: bool,
    /// The groups to which they do not come back.
    pub without_groups: Vec<String>,
}

/// Decides how a deleted or deactivated person comes back: as before these events.
///
/// # Errors
/// Those of storage.
pub async fn bring_back(
    database: &Database,
    tenant: &Tenant<'_>,
    organization: &Organization,
    id: &str,
    events: &[i64],
    choice: &Choice,
) -> Result<Return, StorageError> {
    let selection = Selection { events: Some(events.to_vec()), ..Selection::default() };
    let of = |seq: Option<&i64>| seq.copied().unwrap_or_default();
    let span = Span { from: of(events.iter().min()), to: of(events.iter().max()) };
    let scope = Scope { selection: &selection, span, own: 0 };
    let subject = Subject { place: Place::Person, id: id.to_owned(), bytes: 0 };
    let mut planned = plan(database, tenant, organization, scope, &[subject], false).await?;
    for PlannedPerson { plan, .. } in &mut planned.people {
        plan.join.retain(|group| !choice.without_groups.contains(group));
        match &mut plan.user {
            Some(user) if choice.without_role && user.org_role == OrgRole::Admin => {
                user.org_role = OrgRole::Member;
            }
            _ => {}
        }
    }
    let mut batch = Batch::new();
    of_people(&mut batch, tenant, organization, &planned.people);
    let Some(PlannedPerson { plan, .. }) = planned.people.into_iter().next() else {
        return Ok(Return { batch, user: None, groups: Vec::new(), left: Vec::new() });
    };
    let comes_back = plan.existence == Existence::Undeleted || plan.restored.contains(&Facet::Active);
    let (user, groups) = if comes_back { (plan.user, plan.join) } else { (None, Vec::new()) };
    Ok(Return { batch, user, groups, left: plan.left })
}
