//! The log of an organization: what identity providers and administrators did, and what identity providers tried in
//! vain.
//!
//! The entry of a change is written in the change's own batch, so that there is never one without the other. Requests
//! that changed nothing are logged after the response, and limited: an organization's log takes `FAILURES_A_MINUTE`
//! failures a minute, and one entry an hour for each resource that needed no change. Requests without a valid key are
//! not logged.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::batch::Select;
use super::statement::{Binding, Statement, integer, optional, text};
use super::tenant::{IF_ROW_CHANGED, Tenant};
use crate::error::ErrorCode;
use crate::redaction::secrets::redact;
use crate::runtime::clock;
use directory::event::Source;
use directory::group_name::fold_group_name;
use scim_protocol::error::shorten;

/// Most failures that are kept of one minute.
pub(crate) const FAILURES_A_MINUTE: u32 = 60;
/// Longest path with its query that is kept, in bytes.
pub(crate) const LONGEST_PATH: usize = 1_000;
/// Longest `detail` that is kept, in bytes.
pub(crate) const LONGEST_DETAIL: usize = 2_000;

/// A request on its way into the log.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Who makes it.
    pub source: Source,
    /// The hint of the key, or the administrator's email address.
    pub actor: String,
    /// HTTP method.
    pub method: String,
    /// Path, with the query if there is one.
    pub path: String,
    /// Its body as far as it may be kept, as JSON.
    pub body: Option<String>,
    /// When it arrived, in milliseconds since the epoch.
    pub began_millis: u64,
    /// The end of the entry's id, which distinguishes entries of the same millisecond; see
    /// [`crate::runtime::ids::request_id`].
    pub request_id: String,
    /// The id of the HTTP request, which the Worker's log and the texts of errors have, too.
    pub ray_id: String,
}

/// The outcome of a request.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// HTTP status code.
    pub status: u16,
    /// `User`, `Group`, `Project` or `Key`.
    pub resource_type: Option<&'static str>,
    /// Identifier of the resource.
    pub resource_id: Option<String>,
    /// Name of the resource.
    pub resource_name: Option<String>,
    /// The error, or a description of the change.
    pub detail: Option<String>,
    /// The reason of a failure.
    pub code: Option<ErrorCode>,
}

impl Outcome {
    /// Success about a resource.
    pub fn of(status: u16, resource_type: &'static str, id: &str, name: &str) -> Self {
        Self {
            status,
            resource_type: Some(resource_type),
            resource_id: Some(id.to_owned()),
            resource_name: Some(name.to_owned()),
            detail: None,
            code: None,
        }
    }

    /// Success about the organization itself, and what was done.
    pub fn done(status: u16, detail: String) -> Self {
        Self { status, detail: Some(detail), ..Self::default() }
    }

    /// The same, saying more.
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }
}

/// The entry of a change, as the change's own batch has it.
#[derive(Debug, Clone)]
pub struct ChangeEntry {
    /// Writes the entry: the first statement of the batch.
    pub insert: Statement,
    /// Fails with `StorageErrorKind::AlreadyDone` if the entry was written, and therefore the change made. It
    /// comes first in a batch that is sent again because its result was lost.
    pub proof: Statement,
}

/// A condition on the organization `o`, in SQL.
#[derive(Debug, Clone)]
pub struct Condition {
    pub(crate) sql: String,
    pub(crate) bindings: Vec<Binding>,
}

/// How far the clocks of the Worker and of the database may be apart, in milliseconds.
const CLOCKS: u64 = 60_000;

impl Entry {
    /// The entry with which the batch of a change begins. `organization` is the id of the organization, which the guard
    /// of the batch verifies.
    pub fn insert(&self, tenant: &Tenant<'_>, organization: &str, outcome: &Outcome) -> ChangeEntry {
        ChangeEntry {
            insert: self.statement(tenant, ":organization", "", Some(organization), outcome, true),
            proof: self.proof(tenant, ":organization", Some(organization)),
        }
    }

    fn proof(&self, tenant: &Tenant<'_>, organization: &str, organization_id: Option<&str>) -> Statement {
        let sql = format!(
            "SELECT CASE WHEN EXISTS (
               SELECT 1 FROM log WHERE org_id = {organization} AND id > :since AND substr(id, 26) = :request)
             THEN json_extract('{{}}', 'already done') ELSE '' END"
        );
        let bindings = vec![
            optional("organization", organization_id),
            text("since", clock::iso(self.began_millis.saturating_sub(CLOCKS))),
            text("request", self.request_id.as_str()),
        ];
        tenant.statement(&sql, &bindings)
    }

    /// As [`Entry::insert`], for a batch in which the statement before writes one row or none: with none, no entry is
    /// written.
    pub fn insert_if_row_changed(&self, tenant: &Tenant<'_>, outcome: &Outcome) -> Statement {
        self.statement(tenant, IF_ROW_CHANGED, "WHERE o.id IS NOT NULL", None, outcome, true)
    }

    /// As [`Entry::insert_if_row_changed`] for a request that fails.
    pub fn insert_failure_if_row_changed(&self, tenant: &Tenant<'_>, outcome: &Outcome) -> Statement {
        self.statement(tenant, IF_ROW_CHANGED, "WHERE o.id IS NOT NULL", None, outcome, false)
    }

    /// As [`Entry::insert`], for a batch without a guard: no entry is written if the tenant's scope does not give
    /// access to the organization.
    pub fn insert_if_authorized(&self, tenant: &Tenant<'_>, outcome: &Outcome) -> ChangeEntry {
        self.insert_of_organization(tenant, outcome, "", &[], true)
    }

    /// As [`Entry::insert_if_authorized`], for a batch that changes something only under a condition: otherwise no
    /// entry is written.
    pub fn insert_if_changing(
        &self,
        tenant: &Tenant<'_>,
        outcome: &Outcome,
        condition: &Condition,
    ) -> ChangeEntry {
        let Condition { sql, bindings } = condition;
        self.insert_of_organization(tenant, outcome, &format!(" AND ({sql})"), bindings, true)
    }

    /// As [`Entry::insert_if_authorized`], of a request that changes nothing.
    pub fn insert_of_reading(&self, tenant: &Tenant<'_>, outcome: &Outcome) -> ChangeEntry {
        self.insert_of_organization(tenant, outcome, "", &[], false)
    }

    fn insert_of_organization(
        &self,
        tenant: &Tenant<'_>,
        outcome: &Outcome,
        condition: &str,
        more: &[Binding],
        is_change: bool,
    ) -> ChangeEntry {
        let from = format!("FROM organizations o WHERE o.id = :org{condition}");
        let (sql, mut bindings) = self.parts("o.id", &from, None, outcome, is_change);
        bindings.extend_from_slice(more);
        ChangeEntry { insert: tenant.statement(&sql, &bindings), proof: self.proof(tenant, ":org", None) }
    }

    /// The entry of a request that changed nothing, written after the response.
    pub fn insert_rate_limited(
        &self,
        tenant: &Tenant<'_>,
        organization: &str,
        outcome: &Outcome,
    ) -> Statement {
        let bounded = match outcome.status {
            400.. => format!(
                "WHERE {FAILURES_A_MINUTE} > (
                   SELECT count(*) FROM log INDEXED BY log_of_failures WHERE org_id = :organization AND status >= 400
                   AND id > strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-1 minute'))"
            ),
            _ => "WHERE NOT EXISTS (
                    SELECT 1 FROM log INDEXED BY log_by_resource
                    WHERE org_id = :organization AND resource_id = :resource_id AND detail = :detail
                    AND id > strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-1 hour'))"
                .to_owned(),
        };
        self.statement(tenant, ":organization", &bounded, Some(organization), outcome, false)
    }

    fn statement(
        &self,
        tenant: &Tenant<'_>,
        organization: &str,
        condition: &str,
        organization_id: Option<&str>,
        outcome: &Outcome,
        is_change: bool,
    ) -> Statement {
        // The LIMIT keeps SQLite from evaluating :org once for each time it is named.
        let from = format!("FROM (SELECT {organization} AS id LIMIT 1) o {condition}");
        let (sql, bindings) = self.parts("o.id", &from, organization_id, outcome, is_change);
        tenant.statement(&sql, &bindings)
    }

    fn parts(
        &self,
        organization: &str,
        condition: &str,
        organization_id: Option<&str>,
        outcome: &Outcome,
        is_change: bool,
    ) -> (String, Vec<Binding>) {
        // The entry comes before the events of its change in their batch.
        let first_event = match is_change {
            true => {
                format!("(SELECT coalesce(max(e.seq), 0) + 1 FROM events e WHERE e.org_id = {organization})")
            }
            false => "NULL".to_owned(),
        };
        let sql = format!(
            "INSERT INTO log (org_id, id, source, actor, method, path, status, resource_type, resource_id,
               resource_name, detail, body, duration, code, changed_id, first_event, request_id)
             SELECT {organization}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') || '-' || :request, :source, :actor, :method,
               :path, :status, :resource_type, :resource_id, :resource_name, :detail, :body,
               max(0, CAST(unixepoch('subsec') * 1000 AS INTEGER) - CAST(:began AS INTEGER)), :code, :changed_id,
               {first_event}, :ray_id
             {condition}"
        );
        let resource_id = outcome.resource_id.as_deref().map(redact_and_truncate);
        let bindings = vec![
            optional("organization", organization_id),
            // The id begins with the time of writing, not with that of the request: a client that reads the entries
            // after the newest one it knows misses none, except of the same millisecond.
            text("request", self.request_id.as_str()),
            text("source", self.source.as_str()),
            text("actor", self.actor.as_str()),
            text("method", self.method.as_str()),
            text("path", cut(&redact(&self.path), LONGEST_PATH)),
            integer("status", outcome.status),
            optional("resource_type", outcome.resource_type),
            optional("resource_id", resource_id.as_deref().filter(|_| !is_change)),
            optional("changed_id", resource_id.as_deref().filter(|_| is_change)),
            optional("resource_name", outcome.resource_name.as_deref().map(redact_and_truncate).as_deref()),
            optional(
                "detail",
                outcome.detail.as_deref().map(redact).as_deref().map(|detail| cut(detail, LONGEST_DETAIL)),
            ),
            optional("body", self.body.as_deref()),
            text("began", self.began_millis.to_string()),
            optional("code", outcome.code.map(ErrorCode::as_str)),
            text("ray_id", self.ray_id.as_str()),
        ];
        (sql, bindings)
    }
}

/// A name or an identifier as the log keeps it: a client may send any text for one.
fn redact_and_truncate(name: &str) -> String {
    shorten(&redact(name))
}

/// The first `longest` bytes of a text, or fewer where the last character would be cut.
fn cut(text: &str, longest: usize) -> &str {
    let end = (0..=longest.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Which entries are read.
#[derive(Debug, Default)]
pub struct Query {
    /// `true`: only failures; `false`: only successes.
    pub failed: Option<bool>,
    /// Made by this kind of client.
    pub source: Option<Source>,
    /// About the resource with this identifier, `userName` or `displayName`.
    pub resource: Option<String>,
    /// About the resource with this identifier.
    pub resource_id: Option<String>,
    /// Failed with this code.
    pub code: Option<String>,
    /// Not older than this.
    pub from: Option<String>,
    /// Older than this.
    pub to: Option<String>,
    /// Older than the entry with this identifier.
    pub before: Option<String>,
    /// Newer than the entry with this identifier.
    pub after: Option<String>,
    /// Most entries.
    pub count: u16,
}

/// SQL of the entry `l` as JSON. `story` is SQL of the first event of its change.
pub(super) fn entry(story: &str) -> String {
    format!(
        "json_object('id', l.id, 'at', substr(l.id, 1, 24), 'source', l.source, 'actor', l.actor,
           'method', l.method, 'path', l.path, 'status', l.status, 'resource_type', l.resource_type,
           'resource_id', coalesce(l.resource_id, l.changed_id), 'resource_name', l.resource_name,
           'detail', l.detail, 'body', json(l.body), 'duration', l.duration, 'code', l.code,
           'first_event', {story}, 'request_id', l.request_id)"
    )
}

/// The first event of the entry `l`, if its change has events that are still kept.
pub(super) const FIRST_EVENT: &str = "(
    SELECT e.seq FROM events e WHERE e.org_id = l.org_id AND e.seq = l.first_event AND e.log_id = l.id)";

/// The first event of a change.
#[derive(Debug, Deserialize)]
pub struct FirstEvent {
    /// Sequence number.
    pub seq: i64,
}

/// Reads, in the batch of a change behind its entry, the first event of the change.
pub fn first_event(tenant: &Tenant<'_>) -> Select<FirstEvent> {
    tenant.select(
        "SELECT l.first_event AS seq FROM log l
         WHERE l.org_id = :org AND substr(l.id, 26) = :event_request
           AND l.id > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour')
         ORDER BY l.id DESC LIMIT 1",
        &[],
    )
}

/// Reads entries, the newest first, one a row as JSON. If there are more than [`Query::count`], one more is read.
pub fn entries<R: DeserializeOwned>(tenant: &Tenant<'_>, query: &Query) -> Select<R> {
    let mut conditions = String::new();
    let mut bindings: Vec<Binding> =
        vec![text("count", u32::from(query.count).saturating_add(1).to_string())];
    // Without INDEXED BY, SQLite prefers the primary key, which finds too many rows.
    let index = match query {
        Query { failed: Some(true), .. } | Query { code: Some(_), .. } => "INDEXED BY log_of_failures",
        Query { source: Some(Source::Console), .. } => "INDEXED BY log_of_console",
        _ => "",
    };
    match query.failed {
        Some(true) => conditions.push_str(" AND l.status >= 400"),
        Some(false) => conditions.push_str(" AND l.status < 400"),
        None => {}
    }
    if let Some(code) = &query.code {
        conditions.push_str(" AND l.status >= 400 AND l.code = :code");
        bindings.push(text("code", code.as_str()));
    }
    match query.source {
        Some(Source::Scim) => conditions.push_str(" AND l.source = 'scim'"),
        Some(Source::Console) => conditions.push_str(" AND l.source = 'console'"),
        Some(Source::Job) | None => {}
    }
    let bounds = [
        ("l.id >= :from", "from", query.from.as_deref()),
        ("l.id < :to", "to", query.to.as_deref()),
        ("l.id < :before", "before", query.before.as_deref()),
        ("l.id > :after", "after", query.after.as_deref()),
    ];
    for (condition, name, value) in bounds {
        if let Some(value) = value {
            conditions.push_str(" AND ");
            conditions.push_str(condition);
            bindings.push(text(name, value));
        }
    }
    let resources = match (&query.resource_id, &query.resource) {
        (Some(id), _) => {
            bindings.push(text("resource", id.as_str()));
            Some("SELECT :resource AS id")
        }
        (None, Some(resource)) => {
            bindings.push(text("resource", resource.as_str()));
            bindings.push(text("resource_fold", fold_group_name(resource)));
            Some(
                "SELECT :resource AS id UNION
                 SELECT id FROM users WHERE org_id = :org AND user_name_fold = :resource_fold UNION
                 SELECT id FROM groups WHERE org_id = :org AND name_fold = :resource_fold",
            )
        }
        (None, None) => None,
    };
    let (named, from) = match resources {
        None => (String::new(), format!("log l {index} WHERE l.org_id = :org")),
        // An entry of a change is found by its events, any other by its own index.
        Some(resources) => (
            format!("WITH s AS MATERIALIZED ({resources})"),
            "(SELECT r.org_id AS org_id, r.id AS id FROM s
               CROSS JOIN log r INDEXED BY log_by_resource
                 ON r.org_id = :org AND r.resource_id = s.id AND r.resource_id IS NOT NULL
              UNION
              SELECT e.org_id, e.log_id FROM s
               CROSS JOIN event_subjects es ON es.org_id = :org AND es.subject_id = s.id
               CROSS JOIN events e ON e.org_id = es.org_id AND e.seq = es.seq WHERE e.log_id IS NOT NULL) f
             CROSS JOIN log l ON l.org_id = f.org_id AND l.id = f.id WHERE TRUE"
                .to_owned(),
        ),
    };
    let sql = format!(
        "{named} SELECT {} AS json
         FROM {from}{conditions} ORDER BY l.id DESC LIMIT CAST(:count AS INTEGER)",
        entry(FIRST_EVENT)
    );
    tenant.select_json(&sql, &bindings)
}

/// Deletes the entries of all organizations that are older than `before`, at most `most`; returns one row for each
/// deleted entry.
pub fn prune(before: &str, most: u32) -> Statement {
    Statement::new(
        "DELETE FROM log WHERE (org_id, id) IN (
           SELECT l.org_id, l.id FROM organizations o CROSS JOIN log l ON l.org_id = o.id AND l.id < :before
           LIMIT CAST(:most AS INTEGER))
         RETURNING 1",
        &[text("before", before), text("most", most.to_string())],
    )
}
