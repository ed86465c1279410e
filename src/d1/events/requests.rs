//! Requests that changed nothing, from the log: those that failed, and those that asked for what was there already.
//! They stand between the deeds. Of the time before events were kept, all requests are read.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::audit_log::ENTRY;
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
    /// Entries whose id is not lower than this.
    pub least: Option<String>,
    /// Entries whose id is lower than this.
    pub below: Option<String>,
    /// Entries whose id is not lower than this. The oldest of them are read, else the newest.
    pub above: Option<String>,
    /// Since when events are kept.
    pub kept_since: String,
    /// Most entries.
    pub count: u32,
}

/// What was looked at, and one of the entries that were found.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct RequestRow<R> {
    /// How many entries were looked at.
    pub scanned: u32,
    /// The entry that was looked at last.
    pub reached: Option<String>,
    /// The entry; `None`: none was found.
    pub entry: Option<R>,
}

impl Query {
    /// The entries that are looked at, with the column `is_match`.
    fn scanned(&self, order: &str) -> (String, Vec<Binding>) {
        let mut bindings = vec![text("kept_since", self.kept_since.as_str())];
        let mut range = String::new();
        let mut condition =
            String::from("(l.status >= 400 OR l.resource_id IS NOT NULL OR l.id < :kept_since)");
        let bounds = [
            ("from", ">=", &self.from),
            ("to", "<", &self.to),
            ("least", ">=", &self.least),
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
                "INDEXED BY log_by_resource"
            }
            (None, Some(Outcome::Refused)) => {
                range.push_str(" AND l.status >= 400");
                "INDEXED BY log_of_failures"
            }
            (None, _) => "",
        };
        match self.outcome {
            Some(Outcome::Refused) => condition.push_str(" AND l.status >= 400"),
            Some(Outcome::Unchanged) => condition.push_str(" AND l.status < 400 AND l.id >= :kept_since"),
            Some(Outcome::Done) => condition.push_str(" AND l.status < 400 AND l.id < :kept_since"),
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
            "scanned AS MATERIALIZED (
               SELECT l.id AS id, coalesce({condition}, 0) AS is_match FROM log l {index}
               WHERE l.org_id = :org{range} ORDER BY l.id {order} LIMIT {MOST_SCANNED})"
        );
        (sql, bindings)
    }
}

/// Reads requests that changed nothing: one a row, and at least one row.
pub fn requests<R: DeserializeOwned>(tenant: &Tenant<'_>, query: &Query) -> Select<RequestRow<R>> {
    let (order, reached) = if query.above.is_some() { ("ASC", "max") } else { ("DESC", "min") };
    let (scanned, mut bindings) = query.scanned(order);
    bindings.push(integer("count", query.count));
    let sql = format!(
        "WITH {scanned}
         SELECT json_object('scanned', w.scanned, 'reached', w.reached, 'entry', json(f.entry)) AS json
         FROM (SELECT count(*) AS scanned, {reached}(id) AS reached FROM scanned) w
         LEFT JOIN (
           SELECT m.id, {ENTRY} AS entry
           FROM (SELECT s.id FROM scanned s WHERE s.is_match ORDER BY s.id {order} LIMIT CAST(:count AS INTEGER)) m
           CROSS JOIN log l ON l.org_id = :org AND l.id = m.id) f
         ORDER BY f.id DESC"
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
    let all = Query { least: None, below: None, above: None, ..query.clone() };
    let (scanned, bindings) = all.scanned("DESC");
    let sql = format!(
        "WITH {scanned}
         SELECT coalesce(sum(is_match), 0) AS requests, count(*) AS scanned FROM scanned"
    );
    tenant.select(&sql, &bindings)
}
