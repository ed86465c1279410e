//! Changes of many people at once: what would become of them, and a run in steps.

use serde::Deserialize;

use super::context::{AdminContext, InOrganization, Opened};
use super::members;
use super::reply::Reply;
use super::types::bulk::{BulkPreview, BulkQuery, BulkResults, PreviewBulk, StartBulk};
use super::types::groups::GroupRecord;
use super::types::query;
use crate::d1::audit_log;
use crate::d1::bulk::{
    self as stored, Change, Counts, MOST_OF_STEP, MOST_PEOPLE, MOST_PREVIEWED, MOST_WINDOWS, Outcome, Person,
    Run, Status,
};
use crate::d1::consequences;
use crate::d1::session::{Failure, retry_on_conflict};
use crate::d1::users::{self, StoredUser};
use crate::d1::{
    Batch, Cause, Handle, StorageError, Tenant, console_views, group_people, memberships, people,
};
use crate::http::{AdminCode, Problem};
use crate::runtime::ids;
use directory::{OrgRole, Organization, User};
use scim_protocol::text::in_order;

/// The id of a person.
#[derive(Debug, Deserialize)]
struct Id {
    id: String,
}

/// The ids of the people of a request, each once: those that it names, or those whom its query finds.
async fn people_of(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    people: Option<Vec<String>>,
    query: Option<String>,
) -> Result<Vec<String>, Problem> {
    let people = match (people, query) {
        (Some(people), None) => people,
        (None, Some(query)) => found(context, tenant, &query).await?,
        _ => {
            return Err(Problem::of(
                AdminCode::SelectionEmpty,
                "Say which people: by \"people\", or by \"query\".",
            ));
        }
    };
    let people = in_order(people);
    match people.len() {
        0 => Err(Problem::of(AdminCode::SelectionEmpty, "There are no such people.")),
        1..=MOST_PEOPLE => Ok(people),
        _ => {
            let detail = format!(
                "More than {MOST_PEOPLE} people are chosen, which is the most that are changed at once. Add a filter, \
                 such as a domain, and change the others afterwards."
            );
            Err(Problem::of(AdminCode::SelectionTooWide, detail))
        }
    }
}

/// The people whom a list of members finds, in the whole directory: one window of the search after another.
async fn found(context: &AdminContext<'_>, tenant: &Tenant<'_>, query: &str) -> Result<Vec<String>, Problem> {
    // The place and the size of a page of the list do not matter.
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.trim_start_matches('?').as_bytes())
        .into_owned()
        .filter(|(name, _)| !["after", "before", "count", "from", "sort"].contains(&name.as_str()))
        .collect();
    let filter = members::filter(query::read(&pairs)?);
    let count = u16::try_from(MOST_PEOPLE).unwrap_or(u16::MAX);
    let mut query =
        people::Query { filter, order: people::Order::Name, from: None, turn: people::Turn::First, count };
    let mut found = Vec::new();
    for window in 0..MOST_WINDOWS {
        let page = people::page::<Id>(tenant, &query);
        let rows = match window {
            0 => context.select(tenant, page).await?.answer,
            _ => context.database.run(page).await?,
        };
        query.from = rows.first().and_then(|row| row.rest.clone());
        found.extend(rows.into_iter().filter_map(|row| Some(row.member?.id)));
        if query.from.is_none() || found.len() > MOST_PEOPLE {
            return Ok(found);
        }
    }
    let searched = u64::from(MOST_WINDOWS).saturating_mul(people::MOST_SEARCHED.into());
    Err(Problem::of(
        AdminCode::SelectionTooWide,
        format!(
            "{} people match among the first {searched} by user name, and there are more people behind them. Nothing \
             is changed unless all can be searched: search for a status, an organization role, or name the people.",
            found.len()
        ),
    ))
}

/// Refuses a change that cannot be made to anyone, and reads what is to be read of people at the same time.
async fn opened<R>(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    change: &Change,
    fill: impl FnOnce(&mut Batch) -> R,
) -> Result<(Opened, R), Problem> {
    if matches!(change, Change::SetRole { org_role: OrgRole::Owner }) {
        let detail = "An organization has exactly one Owner: ownership is transferred, by PUT of /owner.";
        return Err(Problem::of(AdminCode::OwnerIsTransferred, detail));
    }
    let mut batch = Batch::new();
    let group = match change {
        Change::AddToGroup { group } | Change::RemoveFromGroup { group } => {
            Some(batch.push(console_views::group::<GroupRecord>(tenant, group)))
        }
        _ => None,
    };
    let filled = fill(&mut batch);
    let opened = context.open(tenant, batch).await?;
    if let Some(group) = group {
        opened.results.first(group)?.ok_or_else(super::groups::not_found)?;
    }
    Ok((opened, filled))
}

/// Says what would become of people.
pub(crate) async fn preview(
    context: &AdminContext<'_>,
    org: &str,
    request: PreviewBulk,
) -> Result<InOrganization<BulkPreview>, Problem> {
    let PreviewBulk { change, people, query } = request;
    let tenant = context.tenant(org);
    let people = people_of(context, &tenant, people, query).await?;
    let listed = serde_json::Value::from(people.as_slice()).to_string();
    let taken = consequences::Change::Bulk(stored::taken(&change, &listed));
    let (opened, (people, counted)) = opened(context, &tenant, &change, |batch| {
        (
            batch.push(stored::preview(&tenant, &change, &people)),
            batch.push(consequences::count(&tenant, taken)),
        )
    })
    .await?;
    let mut people: Vec<Person> = opened.results.all(people)?;
    let counted = opened.results.first(counted)?.ok_or_else(StorageError::stale)?;
    let counts = Counts { people: people.len() as u64, ..Counts::default() };
    let counts = counts.plus(people.iter().filter_map(|person| person.result));
    people.truncate(MOST_PREVIEWED);
    let answer = BulkPreview { counts, consequences: counted.into(), people };
    Ok(InOrganization { organization: opened.organization, answer })
}

/// Begins a run. Its steps are carried out by [`step`].
pub(crate) async fn start(
    context: &AdminContext<'_>,
    org: &str,
    request: StartBulk,
) -> Result<Reply<Run>, Problem> {
    let StartBulk { change, people, query, confirm_people } = request;
    let tenant = context.tenant(org);
    let people = people_of(context, &tenant, people, query).await?;
    opened(context, &tenant, &change, |_| ()).await?;
    let id = ids::new_id()?;
    let listed = serde_json::Value::from(people.as_slice()).to_string();
    let taken = consequences::Change::Bulk(stored::taken(&change, &listed));
    let mut batch = Batch::from_iter([consequences::check(&tenant, taken, confirm_people)]);
    batch.extend(stored::start(&tenant, &id, &change, &people));
    let run = batch.push(stored::one(&tenant, &id));
    let detail = format!("Began to {} {} people.", words(&change), people.len());
    let outcome = audit_log::Outcome { status: 201, ..audit_log::Outcome::default() }.with_detail(detail);
    let results = context.write(&tenant, &outcome, batch).await?;
    Ok(Reply::created(results.first(run)?.ok_or_else(StorageError::stale)?))
}

/// What a run does, before "… people".
fn words(change: &Change) -> &'static str {
    match change {
        Change::Deactivate {} => "deactivate",
        Change::Activate {} => "activate",
        Change::SetRole { .. } => "set the organization role of",
        Change::AddToGroup { .. } => "add to a group",
        Change::RemoveFromGroup { .. } => "remove from a group",
        Change::Remove {} => "remove",
    }
}

fn not_found() -> Problem {
    Problem::new(404, "There is no such run in this organization.")
}

/// Reads how far a run is, and a page of its people.
pub(crate) async fn read(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    query: BulkQuery,
) -> Result<InOrganization<BulkResults>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let run = batch.push(stored::one(&tenant, id));
    let after = query.after.as_deref().unwrap_or_default();
    let people = batch.push(stored::people(&tenant, id, after, query.count.0));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let run = results.first(run)?.ok_or_else(not_found)?;
    let mut people = results.all(people)?;
    let has_more = query.count.truncate(&mut people);
    let next = people.last().filter(|_| has_more).map(|last| last.id.clone());
    Ok(InOrganization { organization, answer: BulkResults { run, people, next } })
}

/// Stops a run. What it has changed stays.
pub(crate) async fn stop(context: &AdminContext<'_>, org: &str, id: &str) -> Result<Reply<Run>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let run = batch.push(stored::one(&tenant, id));
    let detail = "Stopped a change of many people.";
    let outcome = audit_log::Outcome { status: 200, ..audit_log::Outcome::default() }.with_detail(detail);
    let results = context.write_if_changed(&tenant, &outcome, stored::stop(&tenant, id), batch).await?;
    Ok(Reply::ok(results.first(run)?.ok_or_else(not_found)?))
}

/// Carries out one step of a run. It is the same for a run that is stopped or finished.
pub(crate) async fn step(context: &AdminContext<'_>, org: &str, id: &str) -> Result<Reply<Run>, Problem> {
    let tenant = context.tenant(org);
    let most = std::cell::Cell::new(MOST_OF_STEP);
    let run = retry_on_conflict(async || match attempt(context, &tenant, id, most.get()).await {
        Err(Failure::Stale) => {
            most.set((most.get() / 3).max(1));
            Err(Failure::Stale)
        }
        outcome => outcome,
    })
    .await?;
    Ok(Reply::ok(run))
}

async fn attempt(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    id: &str,
    most: u32,
) -> Result<Run, Failure<Problem>> {
    let found = context.select(tenant, stored::one(tenant, id)).await.map_err(Failure::Final)?;
    let settings = Organization::from(&found.organization.record);
    let run = found.answer.into_iter().next().ok_or_else(|| Failure::Final(not_found()))?;
    if run.status != Status::Running {
        return Ok(run);
    }
    let people = context.database.run(stored::next(tenant, &run, most)).await?;
    let results = |people: &[Person]| -> Vec<(String, Outcome)> {
        people.iter().filter_map(|person| Some((person.id.clone(), person.result?))).collect()
    };
    let outcome = write(context, tenant, &settings, &run, &results(&people)).await;
    match (outcome, people.as_slice()) {
        // A limit refuses the step, and does not say for whom.
        (Err(error), [only]) if memberships::too_many_groups(&error).is_some() => {
            let refused = [(only.id.clone(), Outcome::TooManyGroups)];
            Ok(write(context, tenant, &settings, &run, &refused).await?)
        }
        (Err(error), [_, _, ..]) if memberships::too_many_groups(&error).is_some() => {
            Box::pin(attempt(context, tenant, id, 1)).await
        }
        (outcome, _) => Ok(outcome?),
    }
}

/// Writes a step: what becomes of each person was decided from what was read, which must still be so.
async fn write(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    settings: &Organization,
    run: &Run,
    people: &[(String, Outcome)],
) -> Result<Run, StorageError> {
    let counts = run.counts.plus(people.iter().map(|(_, result)| *result));
    let is_last = people.is_empty() || counts.looked_at >= counts.people;
    let status = if is_last { Status::Finished } else { Status::Running };
    let changed: Vec<&str> =
        people.iter().filter(|(_, result)| *result == Outcome::Done).map(|(id, _)| id.as_str()).collect();
    // The events of all steps are of one story.
    let cause = Cause { story: run.story.map(|story| story.to_string()), ..tenant.cause.clone() };
    let tenant = &Tenant { cause, ..tenant.clone() };
    let mut batch = Batch::from_iter(stored::advance(tenant, run, counts, status));
    match &run.change {
        _ if changed.is_empty() => {}
        Change::AddToGroup { group } => {
            batch.extend(group_people::change(tenant, group, &changed, true));
        }
        Change::RemoveFromGroup { group } => {
            batch.extend(group_people::change(tenant, group, &changed, false));
        }
        change => {
            let mut reads = Batch::new();
            let handles: Vec<Handle<StoredUser>> =
                changed.iter().map(|id| reads.push(users::find_unscoped(tenant, id))).collect();
            let read = context.database.batch(&reads).await?;
            for handle in handles {
                let record = read.first(handle)?.ok_or_else(StorageError::stale)?;
                of_user(&mut batch, tenant, settings, change, &record)?;
            }
        }
    }
    batch.extend(stored::note(tenant, run, people, !changed.is_empty()));
    let after = batch.push(stored::one(tenant, &run.id));
    let results = match changed.as_slice() {
        [] => context.database.batch(&batch).await?,
        changed => {
            let detail = format!("Went on to {} people: {} more.", words(&run.change), changed.len());
            let outcome =
                audit_log::Outcome { status: 200, ..audit_log::Outcome::default() }.with_detail(detail);
            context.write(tenant, &outcome, batch).await?
        }
    };
    results.first(after)?.ok_or_else(StorageError::stale)
}

/// Adds the change of one person to a batch. Fails as stale if what was decided about them does not hold any more.
fn of_user(
    batch: &mut Batch,
    tenant: &Tenant<'_>,
    settings: &Organization,
    change: &Change,
    record: &StoredUser,
) -> Result<(), StorageError> {
    let before = &record.user;
    let with = |active: bool, org_role: OrgRole| User { active, org_role, doc: before.doc.clone() };
    let kept = if settings.keep_access { before.org_role } else { OrgRole::Member };
    let after = match change {
        Change::Deactivate {} => with(false, kept),
        Change::Remove {} if record.managed => with(false, kept),
        Change::Remove {} => {
            batch.extend(users::delete(tenant, record));
            return if before.org_role == OrgRole::Owner { Err(StorageError::stale()) } else { Ok(()) };
        }
        Change::Activate {} => with(true, kept),
        Change::SetRole { org_role } => with(before.active, *org_role),
        Change::AddToGroup { .. } | Change::RemoveFromGroup { .. } => return Ok(()),
    };
    let needs_activity = matches!(change, Change::SetRole { .. });
    if before.org_role == OrgRole::Owner || after == *before || (needs_activity && !before.active) {
        return Err(StorageError::stale());
    }
    users::update(batch, tenant, settings, record, &after);
    Ok(())
}
