//! Requests that changed nothing, from the log: those that failed, and those that asked for what was there already.
//! They stand between the deeds. Of the time before events were kept, all requests are read. A person's or group's are
//! those that are found by their `resource_id`: entries of changes have none.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::audit_log::entry;
use super::super::batch::Select;
use super::super::statement::{Binding, integer, text};
use super::super::tenant::Tenant;
use super::read::MOST_SCANNED;
use directory::event::Source;

/// What requests came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// They changed something, before events were kept.
    Done,
    /// They failed.
    Refused,
    /// All was as they asked.
    Unchanged,
}

/// Which requests are read.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// About the person or group with this identifier.
    pub resource: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// Made by this kind of client.
    pub source: Option<Source>,
    /// Made by this administrator, or with the key of this hint.
    pub actor: Option<String>,
    /// About a resource whose name contains this, folded.
    pub text: Option<String>,
    /// Not older than this.
    pub from: Option<String>,
    /// Older than this.
    pub to: Option<String>,
    /// Entries whose id is lower than this.
    pub below: Option<String>,
    /// Entries whose id is not lower than this. The oldest of them are read, else the newest.
    pub above: Option<String>,
    /// Most entries.
    pub count: u32,
}

/// At what a page looked, or a request that it found.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct RequestRow<R> {
    /// At what it looked: one row has it.
    pub seen: Option<Seen>,
    /// The entry.
    pub entry: Option<R>,
}

/// At what a page looked.
#[derive(Debug, Deserialize)]
pub struct Seen {
    /// How many entries.
    pub scanned: u32,
    /// How many of them match.
    pub requests: u32,
    /// The entry that was looked at last.
    pub reached: Option<String>,
}

impl Query {
    /// The entries at which a query looks, in the order of reading; and a condition on them.
    fn scanned(&self) -> (String, String, Vec<Binding>) {
        let order = if self.above.is_some() { "ASC" } else { "DESC" };
        let (mut bindings, mut range, mut condition) = (Vec::new(), String::new(), String::from("TRUE"));
        let bounds = [
            ("from", ">=", &self.from),
            ("to", "<", &self.to),
            ("below", "<", &self.below),
            ("above", ">=", &self.above),
        ];
        for (name, operator, value) in bounds {
            if let Some(value) = value {
                range.push_str(&format!(" AND l.id {operator} :{name}"));
                bindings.push(text(name, value.as_str()));
            }
        }
        let index = match (&self.resource, self.outcome) {
            (Some(id), _) => {
                range.push_str(" AND l.resource_id = :resource AND l.resource_id IS NOT NULL");
                bindings.push(text("resource", id.as_str()));
                "log_by_resource"
            }
            (None, Some(Outcome::Refused)) => {
                range.push_str(" AND l.status >= 400");
                "log_of_failures"
            }
            (None, _) => {
                range.push_str(" AND l.first_event IS NULL");
                "log_without_events"
            }
        };
        match self.outcome {
            Some(Outcome::Refused) => condition.push_str(" AND l.status >= 400"),
            Some(Outcome::Unchanged) => {
                condition.push_str(&format!(" AND l.status < 400 AND l.id >= {KEPT_SINCE}"));
            }
            Some(Outcome::Done) => {
                condition.push_str(&format!(" AND l.status < 400 AND l.id < {KEPT_SINCE}"));
            }
            None => {}
        }
        if let Some(source) = self.source {
            condition.push_str(" AND l.source = :source");
            bindings.push(text("source", source.as_str()));
        }
        if let Some(actor) = &self.actor {
            condition.push_str(" AND l.actor = :actor");
            bindings.push(text("actor", actor.as_str()));
        }
        if let Some(part) = &self.text {
            condition.push_str(" AND instr(lower(l.resource_name), :text)");
            bindings.push(text("text", part.as_str()));
        }
        let sql = format!(
            "SELECT l.* FROM log l INDEXED BY {index}
             WHERE l.org_id = :org{range} ORDER BY l.id {order} LIMIT {MOST_SCANNED}"
        );
        (sql, condition, bindings)
    }
}

/// The time of the oldest event that is kept.
const KEPT_SINCE: &str =
    "coalesce((SELECT e.at FROM events e WHERE e.org_id = :org ORDER BY e.seq LIMIT 1), '9')";

/// Reads requests that changed nothing, in the order of reading, and at least one row.
pub fn requests<R: DeserializeOwned>(tenant: &Tenant<'_>, query: &Query) -> Select<RequestRow<R>> {
    let (scanned, condition, mut bindings) = query.scanned();
    let reached = if query.above.is_some() { "max" } else { "min" };
    bindings.push(integer("count", query.count));
    let entry = entry("NULL");
    let sql = format!(
        "WITH w AS MATERIALIZED (
           SELECT count(*) AS scanned, count(*) FILTER (WHERE {condition}) AS requests, {reached}(l.id) AS reached,
             json_group_array(l.id) FILTER (WHERE {condition}) AS ids
           FROM ({scanned}) l)
         SELECT json_object('seen', json_object('scanned', w.scanned, 'requests', w.requests, 'reached', w.reached))
           AS json FROM w
         UNION ALL
         SELECT * FROM (
           SELECT json_object('entry', {entry})
           FROM w CROSS JOIN json_each(w.ids) j CROSS JOIN log l ON l.org_id = :org AND l.id = j.value
           LIMIT CAST(:count AS INTEGER))"
    );
    tenant.select_json(&sql, &bindings)
}

/// How many requests a query has.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Total {
    /// How many requests there are among the entries that were looked at.
    pub requests: u32,
    /// How many entries were looked at.
    pub scanned: u32,
}

/// Counts requests that changed nothing among the newest [`MOST_SCANNED`] of a range.
pub fn total(tenant: &Tenant<'_>, query: &Query) -> Select<Total> {
    let all = Query { below: None, above: None, ..query.clone() };
    let (scanned, condition, bindings) = all.scanned();
    let sql = format!(
        "SELECT count(*) FILTER (WHERE {condition}) AS requests, count(*) AS scanned FROM ({scanned}) l"
    );
    tenant.select_few(&sql, &bindings)
}
