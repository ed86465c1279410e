//! SCIM keys in D1, which has the public id and the hash of a key.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::batch::Select;
use super::events;
use super::statement::{Binding, Statement, optional, text};
use super::tenant::{Tenant, guard};
use directory::event::{Event, NewEvent, SubjectType, Transition};
use directory::key::{HINTED, PREFIX};
use directory::{Key, key};

/// Most keys that are listed: of those that were deactivated, and of the others.
pub(crate) const MOST_LISTED: u32 = 100;
/// Most failures of a day that are looked at, the newest of all keys of the organization.
pub(crate) const MOST_FAILURES: u32 = 1_000;

/// Keys as the console shows them, one a row as JSON; the hint is added by the reader, who knows how keys look.
/// `keys` is SQL of rows of auth_keys; in it, the organization is that of `o`.
fn described<R: DeserializeOwned>(tenant: &Tenant<'_>, keys: &str, bindings: &[Binding]) -> Select<R> {
    let sql = format!(
        "WITH o AS MATERIALIZED (SELECT :org AS id), failed AS MATERIALIZED (
           SELECT actor, count(*) AS failures FROM (
             SELECT l.actor AS actor FROM log l INDEXED BY log_of_failures
             WHERE l.org_id = (SELECT id FROM o) AND l.status >= 400 AND l.id >= substr(:now, 1, 10)
             ORDER BY l.id DESC LIMIT {MOST_FAILURES})
           GROUP BY actor)
         SELECT json_object(
           'id', k.id, 'name', k.name,
           'status', CASE WHEN k.deactivated_at IS NOT NULL THEN 'deactivated' WHEN k.expires_at <= :now THEN 'expired'
             ELSE 'active' END,
           'created_at', k.created_at, 'created_by', k.created_by, 'expires_at', k.expires_at,
           'deactivated_at', k.deactivated_at, 'last_used_at', k.last_used_at,
           'last_used_country', k.last_used_country, 'last_used_network', k.last_used_network,
           'requests_today', iif(k.counted_on = substr(:now, 1, 10), k.requests, 0),
           'failures_today', coalesce((
             SELECT f.failures FROM failed f WHERE f.actor = '{PREFIX}' || substr(k.id, 1, {HINTED}) || '…'), 0)
         ) AS json
         FROM ({keys}) k ORDER BY k.created_at DESC, k.id DESC"
    );
    tenant.select_json(&sql, bindings)
}

/// Reads an organization's keys, the newest first, one a row as JSON: of those that were deactivated the newest
/// [`MOST_LISTED`], and as many of the others.
pub fn all<R: DeserializeOwned>(tenant: &Tenant<'_>) -> Select<R> {
    let newest = |condition: &str| {
        format!(
            "SELECT * FROM (SELECT * FROM auth_keys WHERE org_id = (SELECT id FROM o) AND deactivated_at {condition}
               ORDER BY created_at DESC, id DESC LIMIT {MOST_LISTED})"
        )
    };
    let keys = format!("{} UNION ALL {}", newest("IS NULL"), newest("IS NOT NULL"));
    described(tenant, &keys, &[])
}

/// Reads one key as JSON.
pub fn one<R: DeserializeOwned>(tenant: &Tenant<'_>, id: &str) -> Select<R> {
    let key = "SELECT * FROM auth_keys WHERE id = :id AND org_id = (SELECT id FROM o)";
    described(tenant, key, &[text("id", id)])
}

/// Most keys of an organization that are good at the same time.
pub const MOST_GOOD: usize = 20;

/// The hash of a key.
#[derive(Debug, Deserialize)]
pub struct KeyHash {
    /// As it is stored.
    pub hash: String,
}

/// Reads the hash of one of the organization's keys, good or not.
pub fn hash(tenant: &Tenant<'_>, id: &str) -> Select<KeyHash> {
    tenant.select(
        "SELECT k.hash AS hash FROM auth_keys k WHERE k.org_id = :org AND k.id = :id",
        &[text("id", id)],
    )
}

/// What is chosen of a new key.
#[derive(Debug, Clone, Copy)]
pub struct NewKey<'a> {
    /// What administrators call it.
    pub name: Option<&'a str>,
    /// When it expires.
    pub expires_at: Option<&'a str>,
    /// The id of the key that it replaces.
    pub replaces: Option<&'a str>,
}

/// Writes a new key, unless the organization has [`MOST_GOOD`] already. `by` is the administrator who generated it.
pub fn insert(
    tenant: &Tenant<'_>,
    key: &Key,
    by: &str,
    NewKey { name, expires_at, replaces }: NewKey<'_>,
) -> Vec<Statement> {
    let sql = format!(
        "INSERT INTO auth_keys (id, org_id, hash, created_at, created_by, expires_at, name, is_paused, keeps_access)
         SELECT :id, o.id, :hash, :now, :by, :expires_at, :name, o.paused_at IS NOT NULL, o.keep_access
         FROM organizations o WHERE o.id = :org AND {MOST_GOOD} > (
           SELECT count(*) FROM auth_keys WHERE org_id = :org AND deactivated_at IS NULL
           AND (expires_at IS NULL OR expires_at > :now))"
    );
    let bindings = vec![
        text("id", key.id()),
        text("hash", key.hash()),
        text("by", by),
        optional("expires_at", expires_at),
        optional("name", name),
    ];
    let created = Event::KeyCreated {
        hint: key.hint(),
        expires_at: expires_at.map(str::to_owned),
        replaces: replaces.map(str::to_owned),
        name: name.map(str::to_owned),
    };
    let mut statements = vec![tenant.statement(&sql, &bindings), guard()];
    statements.extend(events::record(tenant, &[NewEvent::new(created, SubjectType::Key, key.id())]));
    statements
}

/// Deactivates a key. If it is deactivated already, nothing changes.
pub fn deactivate(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(
        "UPDATE auth_keys SET deactivated_at = :now WHERE org_id = :org AND id = :id AND deactivated_at IS NULL",
        &[text("id", id)],
    )
}

/// Writes the event of a deactivation, if the statement before has changed a row.
pub fn deactivated(tenant: &Tenant<'_>, id: &str) -> Vec<Statement> {
    record_if_row_changed(tenant, id, Event::KeyDeactivated { hint: key::hint(id) })
}

fn record_if_row_changed(tenant: &Tenant<'_>, id: &str, event: Event) -> Vec<Statement> {
    events::record_if_row_changed(tenant, &[NewEvent::new(event, SubjectType::Key, id)])
}

/// Deactivates all good keys: those with these ids. The batch fails as stale if there are others.
pub fn deactivate_all(tenant: &Tenant<'_>, ids: &[&str]) -> Vec<Statement> {
    let change = tenant.statement(
        "UPDATE auth_keys SET deactivated_at = :now WHERE org_id = :org AND deactivated_at IS NULL
         AND (expires_at IS NULL OR expires_at > :now)",
        &[],
    );
    let guard = tenant.statement(
        "SELECT CASE WHEN changes() = CAST(:keys AS INTEGER) THEN '' ELSE json('stale') END",
        &[text("keys", ids.len().to_string())],
    );
    let event =
        |id: &&str| NewEvent::new(Event::KeyDeactivated { hint: key::hint(id) }, SubjectType::Key, id);
    let events: Vec<NewEvent> = ids.iter().map(event).collect();
    let mut statements = vec![change, guard];
    statements.extend(events::record(tenant, &events));
    statements
}

/// Names a key, or takes its name, if it has another.
pub fn rename(tenant: &Tenant<'_>, id: &str, name: Option<&str>) -> Statement {
    tenant.statement(
        "UPDATE auth_keys SET name = :name WHERE org_id = :org AND id = :id AND name IS NOT :name",
        &[text("id", id), optional("name", name)],
    )
}

/// Writes the event of a key's other name, if the statement before has changed a row.
pub fn renamed(tenant: &Tenant<'_>, id: &str, name: Transition<Option<String>>) -> Vec<Statement> {
    record_if_row_changed(tenant, id, Event::KeyRenamed { hint: key::hint(id), name })
}

/// Selects a row only if the newest key is still that one: of two requests that replace a key at the same time, one
/// finds another.
pub fn check_newest(tenant: &Tenant<'_>, seen: &str) -> Statement {
    tenant.statement(
        "SELECT CASE WHEN (
           SELECT id FROM auth_keys WHERE org_id = :org ORDER BY created_at DESC, id DESC LIMIT 1) = :seen
         THEN '' ELSE json('stale') END AS head",
        &[text("seen", seen)],
    )
}

/// Lets a key expire no later than at this time.
pub fn expire(tenant: &Tenant<'_>, id: &str, at: &str) -> Vec<Statement> {
    let mut statements = vec![tenant.statement(
        "UPDATE auth_keys SET expires_at = :at
         WHERE org_id = :org AND id = :id AND (expires_at IS NULL OR expires_at > :at)",
        &[text("id", id), text("at", at)],
    )];
    let changed = Event::KeyExpiryChanged { hint: key::hint(id), expires_at: at.to_owned() };
    statements.extend(record_if_row_changed(tenant, id, changed));
    statements
}

/// What is noted of a key's use.
#[derive(Debug, Clone)]
pub struct KeyUse {
    /// The key's id.
    pub id: String,
    /// The key's hash.
    pub hash: String,
    /// When it was last used.
    pub at: String,
    /// The country of that request.
    pub country: Option<String>,
    /// The name of the network of that request.
    pub network: Option<String>,
    /// What it was answered, as JSON; see [`super::setup_links::LastAnswer`].
    pub answer: Option<String>,
}

/// Keeps the last answer to a key, as JSON.
pub fn answered(id: &str, hash: &str, answer: &str) -> Statement {
    Statement::new(
        "UPDATE auth_keys SET last_answer = :answer WHERE id = :id AND hash = :hash AND deactivated_at IS NULL",
        &[text("id", id), text("hash", hash), text("answer", answer)],
    )
}

/// Notes that a key was used, and how many more requests were counted on that day.
pub fn used(KeyUse { id, hash, at, country, network, answer }: &KeyUse, requests: u64) -> Statement {
    Statement::new(
        "UPDATE auth_keys SET last_used_at = :at, last_used_country = :country, last_used_network = :network,
           requests = iif(counted_on = substr(:at, 1, 10), requests, 0) + CAST(:requests AS INTEGER),
           counted_on = substr(:at, 1, 10),
           last_answer = iif(last_answer ->> 'at' > :at, last_answer, coalesce(:answer, last_answer))
         WHERE id = :id AND hash = :hash AND deactivated_at IS NULL",
        &[
            optional("answer", answer.as_deref()),
            text("at", at.as_str()),
            optional("country", country.as_deref()),
            optional("network", network.as_deref()),
            text("requests", requests.to_string()),
            text("id", id.as_str()),
            text("hash", hash.as_str()),
        ],
    )
}
