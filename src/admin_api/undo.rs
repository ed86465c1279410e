//! Undoing of selected changes: a preview, a run in steps, and its result.

use serde::Deserialize;

use super::context::{AdminContext, InOrganization};
use super::reply::Reply;
use super::types::undo::{
    PreviewUndo, StartUndo, UndoLeft, UndoList, UndoOther, UndoPart, UndoPreview, UndoQuery, UndoResult,
    UndoRun, UndoSelection, UndoSubject,
};
use crate::d1::audit_log::Outcome;
use crate::d1::undo::{self as stored, Extent, LeftOut, OfType, Run, Selection, Span, Subject};
use crate::d1::{Batch, StorageError, Tenant};
use crate::http::{AdminCode, Problem};
use crate::runtime::ids;
use directory::Organization as Settings;
use directory::event::EventType;
use directory::undo::{Facet, Left, Place};
use scim_protocol::text::in_order;

/// Most runs of a list.
const MOST_RUNS: u16 = 50;
/// Most sequence numbers of a selection.
pub(crate) const MOST_SELECTED: usize = 1_000;
/// Most types of a selection.
pub(crate) const MOST_TYPES: usize = 50;

/// Checks a selection.
///
/// # Errors
/// 400 if it may select anything, or has too much.
fn checked(selection: UndoSelection) -> Result<Selection, Problem> {
    let is_bounded = selection.events.is_some() || selection.story.is_some() || selection.since.is_some();
    if !is_bounded {
        let detail = "Say which changes: by \"events\", by \"story\", or by \"since\" with other conditions.";
        return Err(Problem::of(AdminCode::SelectionEmpty, detail));
    }
    let events = selection.events.as_ref().map_or(1, Vec::len);
    if !(1..=MOST_SELECTED).contains(&events) {
        return Err(Problem::of(
            AdminCode::OutOfRange,
            format!("\"events\" must have 1 to {MOST_SELECTED} sequence numbers."),
        ));
    }
    let types = selection.types.as_deref().unwrap_or_default();
    if types.len() > MOST_TYPES || selection.types.as_ref().is_some_and(Vec::is_empty) {
        return Err(Problem::of(
            AdminCode::OutOfRange,
            format!("\"types\" must have 1 to {MOST_TYPES} types of events."),
        ));
    }
    if let Some(unknown) = types.iter().find(|name| name.parse::<EventType>().is_err()) {
        let unknown = scim_protocol::error::shorten(unknown);
        return Err(Problem::new(400, format!("\"{unknown}\" is no type of an event.")));
    }
    Ok(selection.into())
}

/// The organization that the actor administers, and the span of a selection in it.
async fn spanned(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    selection: &Selection,
) -> Result<InOrganization<Span>, Problem> {
    let found = context.select(tenant, stored::span(tenant, selection)).await?;
    let span = found.answer.into_iter().next().unwrap_or(Span { from: 1, to: 0 });
    if span.length() > stored::MOST_EVENTS {
        return Err(Problem::of(
            AdminCode::SelectionTooWide,
            format!(
                "More than {} events lie between the first and the last that may be selected. Choose a later \
                 \"since\" or an earlier \"until\", and undo the rest afterwards: begin with the newest.",
                stored::MOST_EVENTS
            ),
        ));
    }
    Ok(InOrganization { organization: found.organization, answer: span })
}

/// Says what an undo would restore and what it would leave, a page at a time: of at most `most` people and things.
pub(crate) async fn preview(
    context: &AdminContext<'_>,
    org: &str,
    request: PreviewUndo,
    most: u32,
) -> Result<InOrganization<UndoPreview>, Problem> {
    let after = request.after.as_deref().map(parse_place).transpose()?;
    let selection = checked(request.selection)?;
    let tenant = context.tenant(org);
    let InOrganization { organization, answer: span } = spanned(context, &tenant, &selection).await?;
    let tenant = tenant.of_organization(&organization.record.id);
    let settings = Settings::from(&organization.record);
    let found =
        stored::preview(context.database, &tenant, &settings, &selection, span, after.as_ref(), most).await?;
    let left = described(context, &tenant, found.left_out).await?;
    let Extent { events, people, groups, teams, projects, others } = found.extent;
    let other = |OfType { event_type, count }| {
        let why = why_not(event_type.parse().ok()).to_owned();
        UndoOther { event_type, count, why }
    };
    let answer = UndoPreview {
        events,
        people,
        groups,
        teams,
        projects,
        others: others.into_iter().map(other).collect(),
        restored: found.restored,
        left,
        next: found.next.map(|subject| place(subject.place, &subject.id)),
    };
    Ok(InOrganization { organization, answer })
}

/// Why events of a type are not undone. `None`: a later version of the Worker wrote them.
fn why_not(event_type: Option<EventType>) -> &'static str {
    use EventType::{
        BrakeEngaged, BrakeReleased, GroupHidden, GroupShown, HistoryStarted, ImportFinished, ImportStarted,
        InvitationAccepted, InvitationDeclined, KeyCreated, KeyDeactivated, KeyExpiryChanged, KeyRenamed,
        OrganizationCreated, PeopleCounted, PersonErased, PersonHidden, PersonShown, ProductKeyCreated,
        ProductKeyDeactivated, ProductKeyExpiryChanged, ProductKeyRenamed, RolePermissionsChanged,
        SetupLinkCreated, SetupLinkOpened, SetupLinkRevoked, UndoFinished, UndoStarted, WebhookChanged,
        WritesPaused, WritesResumed,
    };
    match event_type {
        Some(KeyCreated) => "A key that was generated is in use. Deactivate it under Keys, if it must go.",
        Some(KeyDeactivated) => "A revoked key never comes back. Generate another one under Keys.",
        Some(KeyRenamed) => "The name of a key is for administrators only. Change it under Keys.",
        Some(KeyExpiryChanged) => "A key that expires is not extended. Generate another one under Keys.",
        Some(ProductKeyCreated | ProductKeyDeactivated | ProductKeyExpiryChanged | ProductKeyRenamed) => {
            "Keys of products are not undone. Generate, rename or deactivate them under Products."
        }
        Some(SetupLinkCreated) => {
            "A link that was made may be in use. Revoke it under Setup links, if it must go."
        }
        Some(SetupLinkRevoked) => "A revoked link never comes back. Make another one under Setup links.",
        Some(SetupLinkOpened) => "It changed nothing.",
        Some(GroupHidden | GroupShown) => {
            "It follows from the archiving of a project: it is undone with that."
        }
        Some(WebhookChanged) => "It decides where events go. Set it on the page of webhooks.",
        Some(PersonErased) => "What was erased is not kept anywhere.",
        Some(PersonHidden | PersonShown) => {
            "It follows from mail domains and addresses: it is undone with their change."
        }
        Some(RolePermissionsChanged) => "What a role allows is set under Permissions.",
        Some(OrganizationCreated) => "An organization is not deleted by an undo.",
        Some(InvitationAccepted | InvitationDeclined) => "The administrator decides that.",
        Some(BrakeEngaged | BrakeReleased | WritesPaused | WritesResumed) => {
            "It decided what identity providers may write at that time. Set it on the page of the organization."
        }
        Some(UndoStarted | UndoFinished) => "It marks an undo. The changes of that undo are undone.",
        Some(HistoryStarted | ImportStarted | ImportFinished | PeopleCounted) => "It changed nothing.",
        _ => "This version of the service does not undo it.",
    }
}

fn place(place: Place, id: &str) -> String {
    format!("{}:{id}", i8::from(place))
}

fn parse_place(text: &str) -> Result<Subject, Problem> {
    let parsed = text.split_once(':').and_then(|(place, id)| {
        Some((place.parse::<i8>().ok().and_then(|place| Place::try_from(place).ok())?, id))
    });
    match parsed {
        Some((place, id)) => Ok(Subject { place, id: id.to_owned(), bytes: 0 }),
        None => Err(Problem::of(
            AdminCode::InvalidParameter,
            "\"after\" must be the \"next\" of the previous page.",
        )),
    }
}

#[derive(Debug, Deserialize)]
struct Name {
    id: String,
    name: Option<String>,
}

/// What stays, with names.
pub(super) async fn described(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    left_out: Vec<LeftOut>,
) -> Result<Vec<UndoLeft>, StorageError> {
    if left_out.is_empty() {
        return Ok(Vec::new());
    }
    let group_of = |left: &Left| match &left.facet {
        Facet::Membership { group } => Some(group.clone()),
        _ => None,
    };
    let mut named: Vec<&str> = left_out.iter().map(|left_out| left_out.id.as_str()).collect();
    let groups: Vec<String> =
        left_out.iter().flat_map(|left_out| left_out.left.iter().filter_map(group_of)).collect();
    named.extend(groups.iter().map(String::as_str));
    let named = in_order(named);
    let mut names = context.database.run(stored::names::<Name>(tenant, &named)).await?;
    names.sort_by_cached_key(|row| row.id.clone());
    let name = |id: &str| {
        let found = names.binary_search_by(|row| row.id.as_str().cmp(id)).ok()?;
        names.get(found)?.name.clone()
    };
    let mut all = Vec::new();
    for LeftOut { place, id, left } in &left_out {
        all.extend(left.iter().map(|left| {
            let group = group_of(left);
            UndoLeft {
                subject: UndoSubject::from(*place),
                id: id.clone(),
                name: name(id),
                part: UndoPart::from(&left.facet),
                attribute: match &left.facet {
                    Facet::Attribute { name } | Facet::Setting { name } => Some(name.clone()),
                    _ => None,
                },
                group_name: group.as_deref().and_then(name),
                group,
                reason: left.reason,
                would_overwrite: left.reason.is_overwrite(),
                event: left.event,
            }
        }));
    }
    Ok(all)
}

/// Begins an undo. Its steps are carried out by [`step`], or by the hourly job.
pub(crate) async fn start(
    context: &AdminContext<'_>,
    org: &str,
    request: StartUndo,
) -> Result<Reply<UndoRun>, Problem> {
    let selection = checked(request.selection)?;
    let tenant = context.tenant(org);
    let InOrganization { organization, answer: span } = spanned(context, &tenant, &selection).await?;
    if span.length() == 0 {
        return Err(Problem::of(AdminCode::NothingToUndo, "There are no such changes. Nothing was undone."));
    }
    let tenant = tenant.of_organization(&organization.record.id);
    let id = ids::new_id()?;
    let outcome = Outcome::done(201, "Began to undo changes.".to_owned());
    let releases_brake = organization.record.brake.engaged_at.as_deref().filter(|_| request.release_brake);
    let batch = Batch::from_iter(stored::start(&tenant, &id, &selection, span, releases_brake)?);
    context.write(&tenant, &outcome, batch).await?;
    let run = context.database.run(stored::one(&tenant, &id)).await?.pop();
    let run = run.ok_or_else(|| StorageError::internal("an undo that has begun is not there".to_owned()))?;
    Ok(Reply::created(run.into()))
}

/// The organization that the actor administers, and a run in it.
async fn opened(context: &AdminContext<'_>, org: &str, id: &str) -> Result<InOrganization<Run>, Problem> {
    let tenant = context.tenant(org);
    let found = context.select(&tenant, stored::one(&tenant, id)).await?;
    let run = found.answer.into_iter().next().ok_or_else(not_found)?;
    Ok(InOrganization { organization: found.organization, answer: run })
}

fn not_found() -> Problem {
    Problem::of(AdminCode::UndoNotFound, "There is no such undo in this organization.")
}

/// Lists the newest runs.
pub(crate) async fn list(context: &AdminContext<'_>, org: &str) -> Result<InOrganization<UndoList>, Problem> {
    let tenant = context.tenant(org);
    let found = context.select(&tenant, stored::newest(&tenant, MOST_RUNS)).await?;
    let runs = found.answer.into_iter().map(UndoRun::from).collect();
    Ok(InOrganization { organization: found.organization, answer: UndoList { runs } })
}

/// Reads how far a run is, and what it has left as it is.
pub(crate) async fn read(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    query: UndoQuery,
) -> Result<InOrganization<UndoResult>, Problem> {
    let after = query.after.as_deref().map(parse_place).transpose()?;
    let InOrganization { organization, answer: run } = opened(context, org, id).await?;
    let tenant = context.tenant(org).of_organization(&organization.record.id);
    let after = after.as_ref().map(|subject| (subject.place, subject.id.as_str()));
    let select = stored::left_out::<LeftOut>(&tenant, id, after, query.count.0);
    let mut left_out = context.database.run(select).await?;
    let has_more = query.count.truncate(&mut left_out);
    let next = left_out.last().filter(|_| has_more).map(|last| place(last.place, &last.id));
    let left = described(context, &tenant, left_out).await?;
    Ok(InOrganization { organization, answer: UndoResult { run: run.into(), left, next } })
}

/// Carries out one step of a run. It is the same for a run that is stopped or finished.
pub(crate) async fn step(context: &AdminContext<'_>, org: &str, id: &str) -> Result<Reply<UndoRun>, Problem> {
    let InOrganization { organization, .. } = opened(context, org, id).await?;
    let tenant = context.tenant(org).of_organization(&organization.record.id);
    let run = stored::step(context.database, &tenant, id).await?;
    Ok(Reply::ok(run.ok_or_else(not_found)?.into()))
}

/// Stops a run. What it has restored stays.
pub(crate) async fn stop(context: &AdminContext<'_>, org: &str, id: &str) -> Result<Reply<UndoRun>, Problem> {
    let InOrganization { organization, .. } = opened(context, org, id).await?;
    let tenant = context.tenant(org).of_organization(&organization.record.id);
    let outcome = Outcome::done(200, "Stopped an undo.".to_owned());
    context.write_if_changed(&tenant, &outcome, stored::stop(&tenant, id), Batch::new()).await?;
    let run = context.database.run(stored::one(&tenant, id)).await?.pop();
    Ok(Reply::ok(run.ok_or_else(not_found)?.into()))
}
