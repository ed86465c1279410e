//! Change events in D1, written in the batch of the change: there is neither without the other.
//!
//! The sequence number of an event is one more than that of the newest event of the organization. D1 runs one batch at
//! a time, each as a transaction, so that numbers have no gaps and appear in order: a reader who has seen a number
//! never finds a lower one later. The newest event also carries the totals that the access brake needs.

pub mod access;
pub mod groups;
pub mod imports;
pub mod memberships;
pub mod organization;
pub mod range;
pub mod read;
pub mod requests;
pub mod shown;

use serde_json::{Map, Value, json};

use super::statement::{Binding, Statement, text};
use super::tenant::{IF_ROW_CHANGED, Tenant};
use directory::event::{EventType, NewEvent};

/// The organization of a change, which fails while an administrator has paused the writes of identity providers.
const WRITING: &str = ":org_of_write";
/// The organization where the pause does not matter, or another statement of the batch makes sure of it.
const READING: &str = ":org";

/// The values of the columns of new events, as SQL. `p` is the newest event so far; see [`newest`].
struct Frame<'s> {
    /// 1 for the first event of the statement, 2 for the second, and so on.
    number: &'s str,
    event_type: &'s str,
    subject_type: &'s str,
    subject_id: &'s str,
    version: &'s str,
    data: &'s str,
    /// The personal part.
    personal: &'s str,
    /// The other people or groups who find the event by their id, as a JSON array of objects with `id`, and `since` of
    /// a membership that ended.
    others: &'s str,
    active: &'s str,
    /// The sum of `active` up to this event of the statement.
    active_sum: &'s str,
    lost: &'s str,
    /// The sum of `lost` up to this event of the statement.
    lost_sum: &'s str,
    /// What comes before `p` in FROM, with a join behind it. If it has no row, nothing else is read.
    before: &'s str,
    /// What comes behind `p` in FROM, and the conditions.
    behind: &'s str,
    /// The organization: [`WRITING`], [`READING`], or [`IF_ROW_CHANGED`].
    org: &'s str,
}

impl Default for Frame<'_> {
    fn default() -> Self {
        Self {
            number: "1",
            event_type: "NULL",
            subject_type: "NULL",
            subject_id: "NULL",
            version: "NULL",
            data: "'{}'",
            personal: "NULL",
            others: "NULL",
            active: "0",
            active_sum: "0",
            lost: "0",
            lost_sum: "0",
            before: "",
            behind: "",
            org: WRITING,
        }
    }
}

impl Frame<'_> {
    /// The statement that inserts the events of a change with their subjects. Behind it, `changes()` is 0.
    fn statement(&self, tenant: &Tenant<'_>, bindings: &[Binding]) -> Statement {
        let Self { number, event_type, subject_type, subject_id, version, data, personal, others, .. } = self;
        let Self { active, active_sum, lost, lost_sum, before, behind, .. } = self;
        let newest = newest(tenant, self.org);
        // With its own LIMIT, SQLite does not search the entry of the log for each value that is made of it.
        let limit = if before.is_empty() && behind.is_empty() { "LIMIT 1" } else { "" };
        let sql = format!(
            "INSERT INTO new_events (org_id, seq, at, type, story, log_id, source, actor, key_id, subject_type,
               subject_id, version, data, active, active_total, lost, lost_total, personal, others)
             SELECT p.org_id, p.seq + {number},
               max(coalesce(substr(p.request_log_id, 1, 24), strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), p.at),
               {event_type},
               coalesce(CAST(:event_story AS INTEGER), iif(p.log_id = p.request_log_id, p.story, p.seq + 1)),
               p.request_log_id, :event_source, :event_actor, :event_key, {subject_type}, {subject_id}, {version},
               {data}, {active}, p.active_total + {active_sum}, iif(:event_source = 'scim', {lost}, 0),
               p.lost_total + iif(:event_source = 'scim', {lost_sum}, 0), {personal}, {others}
             FROM {before} {newest} p {behind} {limit}"
        );
        tenant.statement(&sql, bindings)
    }
}

/// SQL of one row: the organization's newest event, and the id of the request's entry in the log. Before the first
/// event the numbers are 0.
fn newest(tenant: &Tenant<'_>, org: &str) -> String {
    // The entry of the request is the newest of the log, or close to it. Its time is that of all its events.
    let log_id = match &tenant.cause.request_id {
        Some(_) => {
            "(SELECT l.id FROM log l WHERE l.org_id = n.org_id AND substr(l.id, 26) = :event_request
                AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour') ORDER BY l.id DESC LIMIT 1)"
        }
        None => "NULL",
    };
    // Each LIMIT keeps SQLite from evaluating the rest, or the same once more.
    format!(
        "(SELECT n.*, {log_id} AS request_log_id FROM (
            SELECT * FROM (SELECT org_id, seq, at, story, log_id, active_total, lost_total FROM events
              WHERE org_id = {org} ORDER BY seq DESC LIMIT 1)
            UNION ALL SELECT {org}, 0, '', NULL, NULL, 0, 0 LIMIT 1) n
          WHERE n.org_id IS NOT NULL LIMIT 1)"
    )
}

/// Writes events in the batch of their change, behind the statement of the change and its guard. No statements for no
/// events.
pub fn record(tenant: &Tenant<'_>, events: &[NewEvent]) -> Vec<Statement> {
    record_of(tenant, events, WRITING)
}

/// As [`record`], in a batch where the statement before changes one row or none: with none, no events are written. That
/// statement makes sure by itself that the writes of identity providers are not paused.
pub fn record_if_row_changed(tenant: &Tenant<'_>, events: &[NewEvent]) -> Vec<Statement> {
    record_of(tenant, events, IF_ROW_CHANGED)
}

fn record_of(tenant: &Tenant<'_>, events: &[NewEvent], org: &str) -> Vec<Statement> {
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
                "data": data.unwrap_or_else(|| Map::new().into()),
                "subject_type": event.subject_type.as_str(),
                "subject_id": event.subject_id,
                "version": event.version,
                "active": event.active,
                "active_sum": active_sum,
                "lost": event.lost,
                "lost_sum": lost_sum,
                "personal": event.personal,
            })
        })
        .collect();
    let (value, number, behind, bound) = match rows.as_slice() {
        [] => return Vec::new(),
        [only] => (":event", "1", "", text("event", only.to_string())),
        _ => ("j.value", "j.key + 1", "CROSS JOIN json_each(:events) j", {
            text("events", Value::from(rows).to_string())
        }),
    };
    let column = |name: &str| format!("({value} ->> '{name}')");
    let frame = Frame {
        number,
        event_type: &column("type"),
        subject_type: &column("subject_type"),
        subject_id: &column("subject_id"),
        version: &format!(
            "coalesce({value} ->> 'version', CASE {value} ->> 'subject_type' WHEN 'group' THEN (
                 SELECT version FROM groups WHERE org_id = p.org_id AND id = {value} ->> 'subject_id') END)"
        ),
        data: &format!("{value} -> 'data'"),
        personal: &column("personal"),
        active: &column("active"),
        active_sum: &column("active_sum"),
        lost: &column("lost"),
        lost_sum: &column("lost_sum"),
        behind,
        org,
        ..Frame::default()
    };
    vec![frame.statement(tenant, &[bound])]
}
