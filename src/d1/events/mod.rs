//! Change events in D1, written in the batch of the change: there is neither without the other.
//!
//! The sequence number of an event is one more than that of the newest event of the organization. D1 runs one batch at a
//! time, each as a transaction, so that numbers have no gaps and appear in order: a reader who has seen a number never
//! finds a lower one later. The newest event also carries the totals that the access brake needs.

pub mod access;
pub mod imports;
pub mod memberships;
pub mod organization;
pub mod range;
pub mod read;
pub mod requests;
pub mod shown;

use serde_json::{Value, json};

use super::statement::{Binding, Statement, text};
use super::tenant::Tenant;
use directory::event::{EventType, NewEvent};

/// The values of an event's columns, as SQL. `o` is the organization with `log_id`, and `p` the newest event so far.
struct Frame<'s> {
    /// 1 for the first event of the statement, 2 for the second, and so on.
    number: &'s str,
    event_type: &'s str,
    subject_type: &'s str,
    subject_id: &'s str,
    version: &'s str,
    data: &'s str,
    active: &'s str,
    /// The sum of `active` up to this event of the statement.
    active_sum: &'s str,
    lost: &'s str,
    /// The sum of `lost` up to this event of the statement.
    lost_sum: &'s str,
    /// What comes after `o` and `p` in FROM, and the conditions.
    from: &'s str,
    /// Whether it goes on while an administrator has paused the writes of identity providers.
    goes_on: bool,
}

impl Frame<'_> {
    /// The statement that inserts the events of a change.
    fn statement(&self, tenant: &Tenant<'_>, bindings: &[Binding]) -> Statement {
        let Self { number, event_type, subject_type, subject_id, version, data, .. } = self;
        let Self { active, active_sum, lost, lost_sum, from, .. } = self;
        // The entry of the request is the newest of the log, or close to it. Its time is that of all its events.
        let log_id = match &tenant.cause.request_id {
            Some(_) => {
                "(SELECT l.id FROM log l WHERE l.org_id = t.id AND substr(l.id, 26) = :event_request
                    AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour') ORDER BY l.id DESC LIMIT 1)"
            }
            None => "NULL",
        };
        let org = if self.goes_on { ":org" } else { ":org_of_write" };
        let sql = format!(
            "INSERT INTO events (org_id, seq, at, type, story, log_id, source, actor, key_id, subject_type, subject_id,
               version, data, active, active_total, lost, lost_total)
             SELECT o.id, coalesce(p.seq, 0) + {number},
               max(coalesce(substr(o.log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), coalesce(p.at, '')),
               {event_type},
               coalesce(CAST(:event_story AS INTEGER), iif(p.log_id = o.log_id, p.story, coalesce(p.seq, 0) + 1)),
               o.log_id, :event_source, :event_actor, :event_key, {subject_type}, {subject_id}, {version}, {data},
               {active}, coalesce(p.active_total, 0) + {active_sum},
               iif(:event_source = 'scim', {lost}, 0),
               coalesce(p.lost_total, 0) + iif(:event_source = 'scim', {lost_sum}, 0)
             FROM (SELECT t.id AS id, {log_id} AS log_id FROM (SELECT {org} AS id LIMIT 1) t WHERE t.id IS NOT NULL) o
             LEFT JOIN events p ON p.org_id = o.id AND p.seq = (SELECT max(seq) FROM events WHERE org_id = o.id)
             {from}"
        );
        tenant.statement(&sql, bindings)
    }
}

/// The events that the statement before has inserted, as `e`.
const JUST_INSERTED: &str = "(SELECT org_id, seq - changes() AS before FROM events WHERE org_id = :org
               ORDER BY seq DESC LIMIT 1) b
             CROSS JOIN events e ON e.org_id = b.org_id AND e.seq > b.before";

/// The statement after the one that has inserted events: their subjects, with the personal parts if there are any.
fn subjects(tenant: &Tenant<'_>, personal: Option<String>) -> Statement {
    let (column, bindings) = match personal {
        Some(personal) => (
            "nullif(:personal -> CAST(e.seq - b.before - 1 AS INTEGER), 'null')",
            vec![text("personal", personal)],
        ),
        None => ("NULL", Vec::new()),
    };
    let sql = format!(
        "INSERT INTO event_subjects (org_id, subject_id, seq, personal)
         SELECT e.org_id, e.subject_id, e.seq, {column}
         FROM {JUST_INSERTED}"
    );
    tenant.statement(&sql, &bindings)
}

/// Writes events in the batch of their change, behind the statement of the change and its guard. No statements for no
/// events.
pub fn record(tenant: &Tenant<'_>, events: &[NewEvent]) -> Vec<Statement> {
    record_where(tenant, events, "", false)
}

/// As [`record`], in a batch where the statement before changes one row or none: with none, no events are written.
/// `changes()` is 0 behind these statements if and only if it was before. That statement makes sure by itself that the
/// writes of identity providers are not paused.
pub fn record_if_row_changed(tenant: &Tenant<'_>, events: &[NewEvent]) -> Vec<Statement> {
    record_where(tenant, events, "WHERE changes() = 1", true)
}

fn record_where(tenant: &Tenant<'_>, events: &[NewEvent], condition: &str, goes_on: bool) -> Vec<Statement> {
    if events.is_empty() {
        return Vec::new();
    }
    let (mut active_sum, mut lost_sum) = (0_i64, 0_i64);
    let rows: Vec<Value> = events
        .iter()
        .map(|event| {
            active_sum = active_sum.saturating_add(event.active);
            lost_sum = lost_sum.saturating_add(event.lost);
            let mut fields = json!(event.event);
            let data = fields.get_mut("data").map(Value::take);
            json!({
                "type": <&str>::from(EventType::from(&event.event)),
                "data": data.unwrap_or_else(|| json!({})),
                "subject_type": event.subject_type.as_str(),
                "subject_id": event.subject_id,
                "version": event.version,
                "active": event.active,
                "active_sum": active_sum,
                "lost": event.lost,
                "lost_sum": lost_sum,
            })
        })
        .collect();
    let personal = events.iter().any(|event| event.personal.is_some()).then(|| {
        let personal: Vec<_> = events.iter().map(|event| &event.personal).collect();
        json!(personal).to_string()
    });
    let frame = Frame {
        number: "j.key + 1",
        event_type: "j.value ->> 'type'",
        subject_type: "j.value ->> 'subject_type'",
        subject_id: "j.value ->> 'subject_id'",
        version: "CASE j.value ->> 'subject_type'
                 WHEN 'group' THEN (SELECT version FROM groups WHERE org_id = o.id AND id = j.value ->> 'subject_id')
                 ELSE j.value ->> 'version' END",
        data: "j.value -> 'data'",
        active: "j.value ->> 'active'",
        active_sum: "(j.value ->> 'active_sum')",
        lost: "j.value ->> 'lost'",
        lost_sum: "j.value ->> 'lost_sum'",
        from: &format!("CROSS JOIN json_each(:events) j {condition}"),
        goes_on,
    };
    vec![
        frame.statement(tenant, &[text("events", Value::from(rows).to_string())]),
        subjects(tenant, personal),
    ]
}
