//! What was done: events in deeds, and between them the requests that changed nothing.

use litemap::LiteMap;

use super::context::{AdminContext, InOrganization, Opened};
use super::deed_kinds::types_of;
use super::deed_pages::{Item, Page, Reach, Stream, behind};
use super::types::events::{
    ChangeEvent, ChangedValue, Deed, DeedCursor, DeedOutcome, DeedPage, DeedQuery, DeedTotal, EventCause,
    EventSubject, ListedPerson,
};
use super::types::log::{LogEntry, LogSource};
use super::types::query::{self, Moment};
use crate::d1::events::range::Range;
use crate::d1::events::read::{self as stored, About, DeedRow, Found, KeptSince, Seen, Total};
use crate::d1::events::requests::{self, RequestRow};
use crate::d1::events::shown::{Names, ShownEvent};
use crate::d1::{Batch, Handle, Results, StorageError, Tenant};
use crate::http::{AdminCode, Problem};
use directory::ByName;
use directory::event::{AttributeChange, Event, EventType, GroupRef, Personal, Source};
use directory::key;
use directory::user::fold_user_name;

/// Most events of a deed that are counted on the page of one of them.
const MOST_OF_A_DEED: i64 = 200;

/// Lists deeds, the newest first.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
    query: DeedQuery,
) -> Result<InOrganization<DeedPage>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let reading = Reading::push(&mut batch, &tenant, query)?;
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    Ok(InOrganization { organization, answer: reading.page(&results, &tenant.now)? })
}

/// The statements that read a page of deeds, in a batch that may have others.
pub(super) struct Reading {
    query: DeedQuery,
    events: Option<stored::Query>,
    kept_since: Handle<KeptSince>,
    deeds: Option<Handle<DeedRow<LogEntry>>>,
    entries: Option<Handle<RequestRow<LogEntry>>>,
    deed_total: Option<Handle<Total>>,
    request_total: Option<Handle<requests::Total>>,
}

impl Reading {
    /// Adds the statements to a batch.
    ///
    /// # Errors
    /// 400 for a query that cannot be.
    pub(super) fn push(batch: &mut Batch, tenant: &Tenant<'_>, query: DeedQuery) -> Result<Self, Problem> {
        let events = events_of(&query)?;
        let requests = requests_of(&query);
        let is_first = query.before.is_none() && query.after.is_none();
        let kept_since = batch.push(stored::kept_since(tenant));
        let deeds = events.as_ref().map(|events| batch.push(stored::deeds::<LogEntry>(tenant, events)));
        let entries =
            requests.as_ref().map(|query| batch.push(requests::requests::<LogEntry>(tenant, query)));
        let deed_total =
            events.as_ref().filter(|_| !is_first).map(|events| batch.push(stored::total(tenant, events)));
        let request_total =
            requests.as_ref().filter(|_| !is_first).map(|query| batch.push(requests::total(tenant, query)));
        Ok(Self { query, events, kept_since, deeds, entries, deed_total, request_total })
    }

    /// The page, once the statements have run.
    pub(super) fn page(&self, results: &Results, now: &str) -> Result<DeedPage, StorageError> {
        let is_first = self.query.before.is_none() && self.query.after.is_none();
        // Without an event, nothing has happened yet.
        let kept_since =
            results.first(self.kept_since)?.map_or_else(|| now.to_owned(), |KeptSince { at }| at);
        let mut page = Page::of(&self.query);
        let mut count = Count::default();
        if let (Some(deeds), Some(events)) = (self.deeds, &self.events) {
            let (stream, seen) = deeds_of(results.all(deeds)?, events, &page)?;
            page.deeds = stream;
            count.add(seen.deeds, seen.scanned, events.most_scanned());
        }
        if let Some(entries) = self.entries {
            let (stream, seen) = requests_found(results.all(entries)?, &kept_since, &page)?;
            page.requests = stream;
            count.add(seen.requests, seen.scanned, stored::MOST_SCANNED);
        }
        if !is_first {
            count = Count::default();
        }
        if let (Some(total), Some(events)) = (self.deed_total, &self.events) {
            let Total { deeds, scanned } = results.one(total)?;
            count.add(deeds, scanned, events.most_scanned());
        }
        if let Some(total) = self.request_total {
            let requests::Total { requests, scanned } = results.one(total)?;
            count.add(requests, scanned, stored::MOST_SCANNED);
        }
        let (deeds, next, previous) = page.merged();
        Ok(DeedPage { deeds, next, previous, total: count.total(), kept_since })
    }
}

/// How many deeds there are, as far as is known.
#[derive(Debug, Default)]
struct Count {
    deeds: u32,
    may_be_more: bool,
}

impl Count {
    fn add(&mut self, deeds: u32, scanned: u32, most_scanned: u32) {
        self.deeds = self.deeds.saturating_add(deeds);
        self.may_be_more |= scanned >= most_scanned;
    }

    fn total(&self) -> DeedTotal {
        DeedTotal {
            count: self.deeds.min(stored::MOST_COUNTED),
            is_exact: !self.may_be_more && self.deeds <= stored::MOST_COUNTED,
        }
    }
}

/// Reads one event, with all that it lists.
pub(crate) async fn event(
    context: &AdminContext<'_>,
    org: &str,
    seq: &str,
) -> Result<InOrganization<ChangeEvent>, Problem> {
    let seq = seq.parse().map_err(|_| no_event())?;
    let tenant = context.tenant(org);
    let found = context.select(&tenant, stored::one(&tenant, seq)).await?;
    let event = found.answer.into_iter().next().ok_or_else(no_event)?;
    Ok(InOrganization { organization: found.organization, answer: change_event(event) })
}

/// Reads one event, with all that it lists, and the deed to which it belongs, from that event on.
///
/// # Errors
/// 404.
pub(crate) async fn of_event(
    context: &AdminContext<'_>,
    org: &str,
    seq: &str,
) -> Result<InOrganization<(Deed, ChangeEvent)>, Problem> {
    let seq: u64 = seq.parse().map_err(|_| no_event())?;
    let first = i64::try_from(seq).map_err(|_| no_event())?;
    let tenant = context.tenant(org);
    let before = Some(first.saturating_add(MOST_OF_A_DEED));
    let range = Range { after: Some(first), before, ..Range::default() };
    let events = stored::Query { range, count: 1, ..stored::Query::default() };
    let after = Some(DeedCursor { seq: first, log_id: String::new() });
    let page = Page::of(&DeedQuery { after, count: query::Count(1), ..DeedQuery::default() });
    let mut batch = Batch::new();
    let event = batch.push(stored::one(&tenant, seq));
    let deeds = batch.push(stored::deeds::<LogEntry>(&tenant, &events));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let event = results.first(event)?.ok_or_else(no_event)?;
    let deed = deeds_of(results.all(deeds)?, &events, &page)?.0.items.into_iter().next();
    let Some(Item { deed, .. }) = deed else {
        return Err(StorageError::internal("an event belongs to no deed".to_owned()).into());
    };
    Ok(InOrganization { organization, answer: (deed, change_event(event)) })
}

fn no_event() -> Problem {
    Problem::of(
        AdminCode::EventNotFound,
        "There is no such event in this organization, or it is no longer kept.",
    )
}

/// The query of events; `None`: no event can match.
fn events_of(query: &DeedQuery) -> Result<Option<stored::Query>, Problem> {
    if query.outcome.is_some_and(|outcome| outcome != DeedOutcome::Done) {
        return Ok(None);
    }
    let mut types: Vec<&'static str> = Vec::new();
    if let Some(name) = &query.r#type {
        let known: EventType = name.parse().map_err(|_| {
            Problem::of(
                AdminCode::InvalidParameter,
                "Invalid query parameter \"type\": there is no such type of event.",
            )
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

/// The query of requests that changed nothing; `None`: none can match.
fn requests_of(query: &DeedQuery) -> Option<requests::Query> {
    let is_about_events = query.kind.is_some() || query.r#type.is_some();
    if is_about_events
        || query.source == Some(Source::Job)
        || (query.person.is_some() && query.group.is_some())
    {
        return None;
    }
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
        below: query.before.as_ref().map(|before| before.log_id.clone()),
        above: query.after.as_ref().map(|after| after.log_id.clone()),
        count: u32::from(query.count.0).saturating_add(1),
    })
}

/// The deeds in rows of events, as far as they were read, and at what the query looked.
fn deeds_of(
    rows: Vec<DeedRow<LogEntry>>,
    query: &stored::Query,
    page: &Page,
) -> Result<(Stream, Seen), StorageError> {
    let is_ascending = page.is_ascending();
    let mut seen = None;
    let mut items: Vec<Item> = Vec::new();
    let mut read: u32 = 0;
    for row in rows {
        seen = seen.or(row.seen);
        let Some(Found { event, request }) = row.found else { continue };
        read = read.saturating_add(1);
        let is_same = |item: &Item| item.deed.story == Some(event.story) && item.deed.log_id == event.log_id;
        if !items.last().is_some_and(is_same) {
            items.push(item(&event));
        }
        if let Some(item) = items.last_mut() {
            item.deed.request = item.deed.request.take().or(request);
            item.add(change_event(event));
        }
    }
    let seen =
        seen.ok_or_else(|| StorageError::internal("a page of deeds does not say what it saw".to_owned()))?;
    let is_cut = read >= query.most_read();
    let edge = if is_ascending { seen.highest } else { seen.lowest };
    let is_at_edge = |item: &Item| {
        item.seqs.is_some_and(|(low, high)| edge == Some(if is_ascending { high } else { low }))
    };
    let was_limited = seen.scanned >= query.most_scanned();
    let place = |item: &Item| {
        let (lowest, highest) = item.seqs.unwrap_or_default();
        (lowest, highest.saturating_add(1))
    };
    let reach = if items.len() > page.count {
        items.truncate(page.count);
        items.last().map(|last| {
            let (lowest, above) = place(last);
            Reach { seq: if is_ascending { above } else { lowest }, key: last.key.clone() }
        })
    } else if items.len() > 1 && (is_cut || (was_limited && items.last().is_some_and(is_at_edge))) {
        // There may be more events of the last deed.
        items.pop().map(|left| {
            let (lowest, above) = place(&left);
            Reach { seq: if is_ascending { lowest } else { above }, key: left.key }
        })
    } else if is_cut {
        items.last().map(|last| {
            let (lowest, above) = place(last);
            Reach { seq: if is_ascending { above } else { lowest }, key: last.key.clone() }
        })
    } else {
        edge.filter(|_| was_limited)
            .zip(seen.reached.clone())
            .map(|(edge, key)| Reach { seq: if is_ascending { edge.saturating_add(1) } else { edge }, key })
    };
    for item in &mut items {
        item.deed.events.truncate(stored::MOST_SHOWN);
    }
    Ok((Stream { items, reach }, seen))
}

/// The requests in rows of the log, as far as they were read, and at what the query looked.
fn requests_found(
    rows: Vec<RequestRow<LogEntry>>,
    kept_since: &str,
    page: &Page,
) -> Result<(Stream, requests::Seen), StorageError> {
    let mut seen = None;
    let mut items = Vec::new();
    for row in rows {
        seen = seen.or(row.seen);
        items.extend(row.entry.map(|entry| request_item(entry, kept_since)));
    }
    let seen =
        seen.ok_or_else(|| StorageError::internal("a page of requests does not say what it saw".to_owned()))?;
    let has_more = items.len() > page.count;
    items.truncate(page.count);
    let key = match items.last() {
        Some(last) if has_more => Some(last.key.clone()),
        _ => seen.reached.clone().filter(|_| seen.scanned >= stored::MOST_SCANNED),
    };
    let key = key.map(|key| if page.is_ascending() { behind(&key) } else { key });
    Ok((Stream { items, reach: key.map(|key| Reach { seq: 0, key }) }, seen))
}

fn item(event: &ShownEvent) -> Item {
    let deed = Deed {
        at: event.at.clone(),
        outcome: DeedOutcome::Done,
        cause: EventCause { source: event.source, actor: event.actor.clone(), key: event.key.clone() },
        story: Some(event.story),
        log_id: event.log_id.clone(),
        request: None,
        events: Vec::new(),
        event_count: 0,
    };
    Item { key: event.at.clone(), seqs: Some((event.seq, event.seq)), deed }
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
            let mut changed = LiteMap::new();
            for (name, AttributeChange { before, after }) in changes.0 {
                changed.insert(name, ChangedValue { before, after });
            }
            ByName(changed)
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
        Event::GroupCreated { group } | Event::GroupDeleted { group, .. } | Event::RoleCreated { group } => {
            of_group(group)
        }
        Event::GroupUpdated { name, external_id } => {
            (Some(name.after.clone()), None, external_id.after.clone())
        }
        Event::ProjectRenamed { name } | Event::TeamRenamed { name, .. } => only(&name.after),
        Event::RoleRenamed { role, .. } => only(&role.after),
        Event::ProjectCreated { name }
        | Event::ProjectArchived { name }
        | Event::ProjectRestored { name }
        | Event::GroupHidden { name, .. }
        | Event::GroupShown { name, .. }
        | Event::TeamCreated { name, .. }
        | Event::TeamDeleted { name, .. }
        | Event::OrganizationCreated { name }
        | Event::OrganizationDeleted { name }
        | Event::OrganizationRestored { name } => only(name),
        Event::KeyCreated { hint, .. }
        | Event::KeyExpiryChanged { hint, .. }
        | Event::KeyRenamed { hint, .. }
        | Event::KeyDeactivated { hint }
        | Event::ProductKeyCreated { hint, .. }
        | Event::ProductKeyExpiryChanged { hint, .. }
        | Event::ProductKeyRenamed { hint, .. }
        | Event::SetupLinkCreated { hint, .. }
        | Event::SetupLinkOpened { hint }
        | Event::SetupLinkRevoked { hint }
        | Event::ProductKeyDeactivated { hint } => only(hint),
        Event::WebhookChanged { target, .. } => only(target),
        _ => (None, None, None),
    }
}
