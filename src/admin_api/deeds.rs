//! What was done: events in deeds, and between them the requests that changed nothing.

use super::context::{AdminContext, InOrganization, Opened};
use super::deed_kinds::types_of;
use super::deed_pages::{Item, Page, Reach, Stream, behind};
use super::types::events::{
    ChangeEvent, ChangedValue, Deed, DeedOutcome, DeedPage, DeedQuery, DeedTotal, EventCause, EventSubject,
    ListedPerson,
};
use super::types::log::{LogEntry, LogSource};
use super::types::query::Moment;
use crate::d1::Batch;
use crate::d1::events::range::Range;
use crate::d1::events::read::{self as stored, About, DeedRow, KeptSince};
use crate::d1::events::requests::{self, RequestRow};
use crate::d1::events::shown::{Names, ShownEvent};
use crate::http::Problem;
use directory::event::{AttributeChange, Event, EventType, GroupRef, Personal, Source};
use directory::key;
use directory::user::fold_user_name;

/// Lists deeds, the newest first.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
    query: DeedQuery,
) -> Result<InOrganization<DeedPage>, Problem> {
    let tenant = context.tenant(org);
    let events = events_of(&query)?;
    let mut batch = Batch::new();
    let kept_since = batch.push(stored::kept_since(&tenant));
    let read = events.as_ref().map(|events| {
        (batch.push(stored::deeds::<LogEntry>(&tenant, events)), batch.push(stored::total(&tenant, events)))
    });
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    // Without an event, nothing has happened yet.
    let kept_since = results.first(kept_since)?.map_or_else(|| tenant.now.clone(), |KeptSince { at }| at);
    let mut page = Page::of(&query);
    let mut total = DeedTotal { count: 0, is_exact: true };
    if let (Some((deeds, counted)), Some(events)) = (read, &events) {
        let counted = results.one(counted)?;
        total.count += u64::from(counted.deeds);
        total.is_exact &= counted.scanned < stored::MOST_SCANNED;
        page.deeds = deeds_of(results.all(deeds)?, events, &page);
    }
    if let Some(requests) = requests_of(&query, &kept_since, &page) {
        let mut batch = Batch::new();
        let rows = batch.push(requests::requests::<LogEntry>(&tenant, &requests));
        let counted = batch.push(requests::total(&tenant, &requests));
        let results = context.database.batch(&batch).await?;
        let counted = results.one(counted)?;
        total.count += u64::from(counted.requests);
        total.is_exact &= counted.scanned < stored::MOST_SCANNED;
        page.requests = requests_found(results.all(rows)?, &requests, &page);
    }
    let (deeds, next, previous) = page.merged();
    total.is_exact &= total.count <= u64::from(stored::MOST_COUNTED);
    total.count = total.count.min(stored::MOST_COUNTED.into());
    Ok(InOrganization { organization, answer: DeedPage { deeds, next, previous, total, kept_since } })
}

/// Reads one event, with all that it lists.
pub(crate) async fn event(
    context: &AdminContext<'_>,
    org: &str,
    seq: &str,
) -> Result<InOrganization<ChangeEvent>, Problem> {
    let missing =
        || Problem::new(404, "There is no such event in this organization, or it is no longer kept.");
    let seq = seq.parse().map_err(|_| missing())?;
    let tenant = context.tenant(org);
    let found = context.select(&tenant, stored::one(&tenant, seq)).await?;
    let event = found.answer.into_iter().next().ok_or_else(missing)?;
    Ok(InOrganization { organization: found.organization, answer: change_event(event) })
}

/// The query of events; `None`: no event can match.
fn events_of(query: &DeedQuery) -> Result<Option<stored::Query>, Problem> {
    if query.outcome.is_some_and(|outcome| outcome != DeedOutcome::Done) {
        return Ok(None);
    }
    let mut types: Vec<&'static str> = Vec::new();
    if let Some(name) = &query.r#type {
        let known: EventType = name.parse().map_err(|_| {
            Problem::new(400, "Invalid query parameter \"type\": there is no such type of event.")
        })?;
        types.push(known.into());
    }
    if let Some(kind) = query.kind {
        let of_kind = types_of(kind).iter().map(<&'static str>::from);
        types = match types.first() {
            None => of_kind.collect(),
            Some(one) => {
                let both: Vec<_> = of_kind.filter(|each| each == one).collect();
                if both.is_empty() {
                    return Ok(None);
                }
                both
            }
        };
    }
    let (about, group) = match (&query.person, &query.group) {
        (Some(person), group) => (Some(About::Person(person.clone())), group.clone()),
        (None, Some(group)) => (Some(About::Group(group.clone())), None),
        (None, None) => (None, None),
    };
    Ok(Some(stored::Query {
        about,
        group,
        types,
        source: query.source,
        actor: query.actor.clone(),
        key: query.key.clone(),
        text: query.text.as_deref().map(fold_user_name),
        range: Range {
            from: query.from.clone().map(Moment::into_prefix),
            to: query.to.clone().map(Moment::into_prefix),
            before: query.before.as_ref().map(|before| before.seq),
            after: query.after.as_ref().map(|after| after.seq),
        },
        count: query.count.0,
    }))
}

/// The query of requests that changed nothing, as far as events were read; `None`: none can match.
fn requests_of(query: &DeedQuery, kept_since: &str, page: &Page) -> Option<requests::Query> {
    let is_about_events = query.kind.is_some() || query.r#type.is_some();
    if is_about_events
        || query.source == Some(Source::Job)
        || (query.person.is_some() && query.group.is_some())
    {
        return None;
    }
    let reached = page.deeds.reach.as_ref().map(|reach| reach.key.clone());
    let (least, below) = if page.is_ascending() { (None, reached) } else { (reached, None) };
    let before = query.before.as_ref().map(|before| before.log_id.clone());
    let count = u32::try_from(page.count).unwrap_or(u32::MAX).saturating_add(1);
    Some(requests::Query {
        resource: query.person.clone().or_else(|| query.group.clone()),
        outcome: query.outcome.map(|outcome| match outcome {
            DeedOutcome::Done => requests::Outcome::Done,
            DeedOutcome::Refused => requests::Outcome::Refused,
            DeedOutcome::Unchanged => requests::Outcome::Unchanged,
        }),
        source: query.source,
        actor: query.actor.clone().or_else(|| query.key.as_deref().map(key::hint)),
        text: query.text.as_deref().map(fold_user_name),
        from: query.from.clone().map(Moment::into_prefix),
        to: query.to.clone().map(Moment::into_prefix),
        least,
        below: before.into_iter().chain(below).min(),
        above: query.after.as_ref().map(|after| after.log_id.clone()),
        kept_since: kept_since.to_owned(),
        count,
    })
}

/// The deeds in rows of events, as far as they were read.
fn deeds_of(rows: Vec<DeedRow<LogEntry>>, query: &stored::Query, page: &Page) -> Stream {
    let mut looked_at = None;
    let mut items: Vec<(i64, Item)> = Vec::new();
    for DeedRow { scanned, lowest, highest, reached, last_run, found } in rows {
        looked_at = Some((scanned, lowest, highest, reached, last_run));
        let Some(found) = found else { continue };
        let is_next = items.last().is_none_or(|(run, _)| *run != found.run);
        if is_next {
            items.push((found.run, item(&found.event, (found.lowest, found.highest), found.events)));
        }
        if let Some((_, item)) = items.last_mut() {
            item.deed.request = item.deed.request.take().or(found.request);
            item.deed.events.push(change_event(found.event));
        }
    }
    let is_ascending = page.is_ascending();
    let before = |item: &Item| {
        let (lowest, highest) = item.seqs.unwrap_or_default();
        let seq = if is_ascending { lowest } else { highest.saturating_add(1) };
        Reach { seq, key: item.key.clone() }
    };
    let reach = match looked_at {
        _ if items.len() > page.count => {
            let reach = items.get(page.count).map(|(_, item)| before(item));
            items.truncate(page.count);
            reach
        }
        Some((scanned, Some(lowest), Some(highest), Some(key), last_run))
            if scanned >= query.most_scanned() =>
        {
            // There may be more events of the last deed.
            match items.pop_if(|(run, _)| Some(*run) == last_run && *run > 1) {
                Some((_, item)) => Some(before(&item)),
                None => {
                    Some(Reach { seq: if is_ascending { highest.saturating_add(1) } else { lowest }, key })
                }
            }
        }
        _ => None,
    };
    Stream { items: items.into_iter().map(|(_, item)| item).collect(), reach }
}

/// The requests in rows of the log, as far as they were read.
fn requests_found(rows: Vec<RequestRow<LogEntry>>, query: &requests::Query, page: &Page) -> Stream {
    let is_ascending = page.is_ascending();
    let mut looked_at = None;
    let mut items = Vec::new();
    for RequestRow { scanned, reached, entry } in rows {
        looked_at = reached.filter(|_| scanned >= stored::MOST_SCANNED);
        items.extend(entry.map(|entry| request_item(entry, &query.kept_since)));
    }
    let end = |key: &str| if is_ascending { behind(key) } else { key.to_owned() };
    let has_more = items.len() > page.count;
    items.truncate(page.count);
    let key = match items.last() {
        Some(last) if has_more => Some(end(&last.key)),
        _ => looked_at
            .map(|key| end(&key))
            .or_else(|| page.deeds.reach.as_ref().map(|reach| reach.key.clone())),
    };
    Stream { items, reach: key.map(|key| Reach { seq: 0, key }) }
}

fn item(event: &ShownEvent, seqs: (i64, i64), events: u64) -> Item {
    let deed = Deed {
        at: event.at.clone(),
        outcome: DeedOutcome::Done,
        cause: EventCause { source: event.source, actor: event.actor.clone(), key: event.key.clone() },
        story: Some(event.story),
        log_id: event.log_id.clone(),
        request: None,
        events: Vec::new(),
        event_count: events,
    };
    Item { key: event.at.clone(), seqs: Some(seqs), deed }
}

fn request_item(entry: LogEntry, kept_since: &str) -> Item {
    let outcome = match entry.status {
        400.. => DeedOutcome::Refused,
        _ if entry.id.as_str() < kept_since => DeedOutcome::Done,
        _ => DeedOutcome::Unchanged,
    };
    let source = match entry.source {
        LogSource::Scim => Source::Scim,
        LogSource::Console => Source::Console,
    };
    let deed = Deed {
        at: entry.at.clone(),
        outcome,
        cause: EventCause { source, actor: entry.actor.clone(), key: None },
        story: None,
        log_id: Some(entry.id.clone()),
        request: Some(entry.clone()),
        events: Vec::new(),
        event_count: 0,
    };
    Item { key: entry.id, seqs: None, deed }
}

fn change_event(shown: ShownEvent) -> ChangeEvent {
    let ShownEvent { seq, at, version, event, personal, people_count, group_count, .. } = shown;
    let (name, display_name, external_id) = match shown.names {
        Some(Names { user_name, display_name, external_id }) => (Some(user_name), display_name, external_id),
        None => named(&event),
    };
    let changes =
        personal.filter(|personal| !personal.changes.is_empty()).map(|Personal { changes, .. }| {
            let changed = |(name, change): (String, AttributeChange)| {
                (name, ChangedValue { before: change.before, after: change.after })
            };
            changes.into_iter().map(changed).collect()
        });
    let people = shown.people.into_iter().map(|person| {
        let (user_name, display_name) =
            person.names.map_or((None, None), |names| (Some(names.user_name), names.display_name));
        ListedPerson { id: person.id, user_name, display_name }
    });
    ChangeEvent {
        seq,
        at,
        event,
        subject: EventSubject {
            r#type: shown.subject_type,
            id: shown.subject_id,
            name,
            display_name,
            external_id,
        },
        version,
        changes,
        people: people.collect(),
        people_count,
        group_count,
    }
}

/// The name, the name for display and the client's identifier of a subject that is no person, as the event has them.
fn named(event: &Event) -> (Option<String>, Option<String>, Option<String>) {
    let of_group = |group: &GroupRef| (Some(group.name.clone()), None, group.external_id.clone());
    let only = |name: &String| (Some(name.clone()), None, None);
    match event {
        Event::MembershipAdded(memberships) | Event::MembershipRemoved(memberships) => {
            memberships.groups.first().map_or((None, None, None), of_group)
        }
        Event::GroupCreated { group } | Event::GroupDeleted { group } | Event::RoleCreated { group } => {
            of_group(group)
        }
        Event::GroupUpdated { name, external_id } => {
            (Some(name.after.clone()), None, external_id.after.clone())
        }
        Event::ProjectRenamed { name } => only(&name.after),
        Event::ProjectCreated { name }
        | Event::ProjectArchived { name }
        | Event::ProjectRestored { name }
        | Event::TeamCreated { name, .. }
        | Event::TeamDeleted { name, .. }
        | Event::OrganizationCreated { name } => only(name),
        Event::KeyCreated { hint, .. }
        | Event::KeyExpiryChanged { hint, .. }
        | Event::KeyDeactivated { hint } => only(hint),
        _ => (None, None, None),
    }
}
