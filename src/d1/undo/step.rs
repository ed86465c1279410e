//! One step of a run, and the same without writing: a preview.

use super::changes::{of_groups, of_people};
use super::history::{LoadedGroup, LoadedPerson, Loading, Names, Scope, holders};
use super::plan::{Counts, LeftOut, PlannedGroup, PlannedPerson};
use super::selection::{self, Selection, Span, Subject};
use super::{MOST_SUBJECTS, Progress, Run, Status, json, of_organization, one};
use crate::d1::batch::{Batch, Ignored};
use crate::d1::brake;
use crate::d1::events::{record, record_if_row_changed};
use crate::d1::organizations;
use crate::d1::statement::{Statement, integer, text};
use crate::d1::tenant::{Cause, Tenant, guard};
use crate::d1::{Database, Select, StorageError};
use crate::runtime::clock;
use directory::event::{Event, Source};
use directory::undo::{Existence, Left, Reason};
use directory::{Organization, User};

/// How often a step is tried if others change its basis in the meantime. Each further attempt is about fewer people.
pub(crate) const ATTEMPTS: u32 = 8;
/// About how many bytes of subjects are read for one step.
pub(crate) const MOST_BYTES: u64 = 1_000_000;
/// About how many bytes of a single subject are read.
pub(crate) const MOST_BYTES_OF_ONE: u64 = 8_000_000;
/// Most memberships that begin and end in one step, unless a single person has more.
pub(crate) const MOST_MEMBERSHIPS: usize = 2_000;

/// What a selection would restore, or a page of it.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// What is restored.
    pub restored: Counts,
    /// What stays.
    pub left_out: Vec<LeftOut>,
    /// The last subject, if there may be more.
    pub next: Option<Subject>,
}

/// Subjects and what becomes of them.
struct Planned {
    groups: Vec<PlannedGroup>,
    people: Vec<PlannedPerson>,
    /// The last subject that it has.
    last: Option<Subject>,
    /// How many subjects it has.
    count: usize,
}

impl Planned {
    /// A subject of which more is stored than is read.
    fn too_much(subject: &Subject) -> Self {
        let (mut groups, mut people) = (Vec::new(), Vec::new());
        let reason = Reason::TooManyChanges;
        if subject.is_person() {
            people.push(PlannedPerson::leaving(LoadedPerson::unread(&subject.id), reason));
        } else {
            groups.push(PlannedGroup::leaving(LoadedGroup::unread(&subject.id), reason));
        }
        Self { groups, people, last: Some(subject.clone()), count: 1 }
    }

    fn restored(&self) -> Counts {
        let groups = self.groups.iter().map(PlannedGroup::counts);
        let people = self.people.iter().map(PlannedPerson::counts);
        groups.chain(people).fold(Counts::default(), Counts::plus)
    }

    fn left_out(&self) -> Vec<LeftOut> {
        let of = |place: u8, id: &str, left: &[Left]| {
            (!left.is_empty()).then(|| LeftOut { place, id: id.to_owned(), left: left.to_vec() })
        };
        let groups = self.groups.iter().filter_map(|group| of(0, &group.loaded.id, &group.plan.left));
        let people = self.people.iter().filter_map(|person| of(1, &person.loaded.id, &person.plan.left));
        groups.chain(people).collect()
    }
}

/// Reads subjects and decides about them: as many of the first as fit into one step.
async fn plan(
    database: &Database,
    tenant: &Tenant<'_>,
    organization: &Organization,
    scope: Scope<'_>,
    subjects: &[Subject],
) -> Result<Planned, StorageError> {
    let mut bytes = 0_u64;
    let fits = |subject: &&Subject| {
        bytes = bytes.saturating_add(subject.bytes);
        bytes <= MOST_BYTES
    };
    let several: Vec<Subject> = subjects.iter().take_while(fits).cloned().collect();
    let taken = if several.is_empty() { subjects.iter().take(1).cloned().collect() } else { several };
    if let [only] = taken.as_slice()
        && only.bytes > MOST_BYTES_OF_ONE
    {
        return Ok(Planned::too_much(only));
    }
    let mut batch = Batch::new();
    let loading = Loading::push(&mut batch, tenant, scope, &taken);
    let results = database.batch(&batch).await?;
    let (groups, people) = loading.read(&results, &taken)?;
    let decide = |names: &Names| -> (Vec<PlannedGroup>, Vec<PlannedPerson>) {
        let limit = organization.user_limit;
        let mut room = limit.map(|limit| limit.saturating_sub(organization.user_count));
        let groups = groups.iter().cloned().map(|group| PlannedGroup::of(group, names)).collect();
        let people = people.iter().cloned();
        let people = people.map(|person| PlannedPerson::of(person, names, organization, &mut room)).collect();
        (groups, people)
    };
    let (mut groups_after, mut people_after) = decide(&Names::default());
    let user_names: Vec<String> = people_after.iter().filter_map(PlannedPerson::new_user_name).collect();
    let group_names: Vec<String> = groups_after.iter().filter_map(PlannedGroup::new_name).collect();
    if !user_names.is_empty() || !group_names.is_empty() {
        let user_names: Vec<&str> = user_names.iter().map(String::as_str).collect();
        let group_names: Vec<&str> = group_names.iter().map(String::as_str).collect();
        let taken = database.run(holders(tenant, &user_names, &group_names)).await?;
        (groups_after, people_after) = decide(&Names::of(taken));
    }
    let mut memberships = 0_usize;
    let mut fitting = people_after.iter().take_while(|person| {
        memberships = memberships.saturating_add(person.memberships());
        memberships <= MOST_MEMBERSHIPS
    });
    let fitting = fitting.by_ref().count().max(usize::from(!people_after.is_empty()));
    let is_cut = fitting < people_after.len();
    people_after.truncate(fitting);
    let last = match people_after.last().filter(|_| is_cut) {
        Some(person) => Some(Subject { place: 1, id: person.loaded.id.clone(), bytes: 0 }),
        None => taken.last().cloned(),
    };
    let count = if is_cut { groups_after.len().saturating_add(fitting) } else { taken.len() };
    Ok(Planned { groups: groups_after, people: people_after, last, count })
}

/// What a selection would restore: of the subjects behind `after`, at most [`MOST_SUBJECTS`].
///
/// # Errors
/// Those of storage.
pub async fn preview(
    database: &Database,
    tenant: &Tenant<'_>,
    organization: &Organization,
    selection: &Selection,
    span: Span,
    after: Option<&Subject>,
) -> Result<Preview, StorageError> {
    let subjects = database.run(selection::subjects(tenant, selection, span, after, MOST_SUBJECTS)).await?;
    let scope = Scope { selection, span, own: 0 };
    if subjects.is_empty() {
        return Ok(Preview::default());
    }
    let planned = plan(database, tenant, organization, scope, &subjects).await?;
    let is_all = planned.count == subjects.len() && subjects.len() < MOST_SUBJECTS as usize;
    let next = planned.last.clone().filter(|_| !is_all);
    Ok(Preview { restored: planned.restored(), left_out: planned.left_out(), next })
}

/// Carries out one step of a run, if it is running. Returns the run afterwards; `None`: there is none.
///
/// # Errors
/// Those of storage; [`StorageError::Contended`] if others change the same people all the time.
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
            Err(StorageError::Taken(_) | StorageError::Full(_)) => most = 1,
            Err(StorageError::Stale) if attempt < ATTEMPTS => most = (most / 3).max(1),
            Err(StorageError::Stale) => return Err(StorageError::Contended),
            Err(error) => return Err(error),
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
    if subjects.is_empty() {
        return finish(database, tenant, run).await;
    }
    let scope = Scope { selection, span: progress.span, own: run.story };
    let planned = plan(database, tenant, &organization, scope, &subjects).await?;
    let outcome = write(database, tenant, &organization, run, &planned).await;
    match outcome {
        Err(StorageError::Taken(_)) if planned.count == 1 => {
            write_without(database, tenant, run, planned, Reason::UserNameTaken).await
        }
        Err(StorageError::Full(_)) if planned.count == 1 => {
            write_without(database, tenant, run, planned, Reason::TooManyGroups).await
        }
        outcome => outcome,
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
    let Planned { groups, people, last, count } = planned;
    let people = people.into_iter().map(|person| PlannedPerson::leaving(person.loaded, reason)).collect();
    let groups =
        groups.into_iter().map(|group| PlannedGroup::leaving(group.loaded, Reason::GroupNameTaken)).collect();
    let planned = Planned { groups, people, last, count };
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
    of_groups(&mut batch, tenant, &planned.groups);
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
        restored: count(progress.restored.people.saturating_add(progress.restored.groups)),
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

/// What becomes of a deleted person who is to come back.
#[derive(Debug)]
pub struct Return {
    /// The statements, unless the person was changed since they were read. Empty if they stay deleted.
    pub batch: Batch,
    /// The person afterwards; `None`: they stay deleted.
    pub user: Option<User>,
    /// What is restored.
    pub restored: Counts,
    /// What is not.
    pub left: Vec<Left>,
}

/// Decides how a deleted person comes back: as at the deletion with this event.
///
/// # Errors
/// Those of storage.
pub async fn bring_back(
    database: &Database,
    tenant: &Tenant<'_>,
    organization: &Organization,
    id: &str,
    event: i64,
) -> Result<Return, StorageError> {
    let selection = Selection { events: Some(vec![event]), ..Selection::default() };
    let scope = Scope { selection: &selection, span: Span { from: event, to: event }, own: 0 };
    let subject = Subject { place: 1, id: id.to_owned(), bytes: 0 };
    let planned = plan(database, tenant, organization, scope, &[subject]).await?;
    let restored = planned.restored();
    let mut batch = Batch::new();
    of_people(&mut batch, tenant, organization, &planned.people);
    let plan = planned.people.into_iter().next().map(|person| person.plan);
    let (user, left) = match plan {
        Some(plan) if plan.existence == Existence::Undeleted => (plan.user, plan.left),
        Some(plan) => (None, plan.left),
        None => (None, Vec::new()),
    };
    Ok(Return { batch, user, restored, left })
}
