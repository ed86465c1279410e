//! SCIM keys in D1, which has the public id and the hash of a key.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::batch::Select;
use super::events;
use super::statement::{Statement, optional, text};
use super::tenant::{Tenant, guard};
use directory::event::{Event, NewEvent, SubjectType};
use directory::{Key, key};

/// A key as the console shows it, as JSON; the hint is added by the reader, who knows how keys look.
const DESCRIBED: &str = "SELECT json_object(
    'id', k.id,
    'status', CASE WHEN k.deactivated_at IS NOT NULL THEN 'deactivated' WHEN k.expires_at <= :now THEN 'expired'
      ELSE 'active' END,
    'created_at', k.created_at, 'created_by', k.created_by, 'expires_at', k.expires_at,
    'deactivated_at', k.deactivated_at, 'last_used_at', k.last_used_at) AS json
  FROM auth_keys k WHERE k.org_id = :org";

/// Reads an organization's keys, the newest first, one a row as JSON.
pub fn all<R: DeserializeOwned>(tenant: &Tenant<'_>) -> Select<R> {
    tenant.select_json(&format!("{DESCRIBED} ORDER BY k.created_at DESC, k.id"), &[])
}

/// Reads one key as JSON.
pub fn one<R: DeserializeOwned>(tenant: &Tenant<'_>, id: &str) -> Select<R> {
    tenant.select_json(&format!("{DESCRIBED} AND k.id = :id"), &[text("id", id)])
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

/// Writes a new key, unless the organization has [`MOST_GOOD`] already. `by` is the administrator who generated it, and
/// `replaces` the id of the key that it replaces.
pub fn insert(
    tenant: &Tenant<'_>,
    key: &Key,
    by: &str,
    expires_at: Option<&str>,
    replaces: Option<&str>,
) -> Vec<Statement> {
    let sql = format!(
        "INSERT INTO auth_keys (id, org_id, hash, created_at, created_by, expires_at, is_paused, keeps_access)
         SELECT :id, o.id, :hash, :now, :by, :expires_at, o.paused_at IS NOT NULL, o.keep_access
         FROM organizations o WHERE o.id = :org AND {MOST_GOOD} > (
           SELECT count(*) FROM auth_keys WHERE org_id = :org AND deactivated_at IS NULL
           AND (expires_at IS NULL OR expires_at > :now))"
    );
    let bindings = vec![
        text("id", key.id()),
        text("hash", key.hash()),
        text("by", by),
        optional("expires_at", expires_at),
    ];
    let created = Event::KeyCreated {
        hint: key.hint(),
        expires_at: expires_at.map(str::to_owned),
        replaces: replaces.map(str::to_owned),
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

/// Selects a row only if the number of keys is still `seen`: of two requests that replace a key at the same time, one
/// finds another number.
pub fn check_count(tenant: &Tenant<'_>, seen: usize) -> Statement {
    tenant.statement(
        "SELECT CASE WHEN count(*) = CAST(:seen AS INTEGER) THEN '' ELSE json('stale') END AS head
         FROM auth_keys WHERE org_id = :org",
        &[text("seen", seen.to_string())],
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

/// Notes that a key was used.
pub fn used(key: &Key, now: &str) -> Statement {
    Statement::new(
        "UPDATE auth_keys SET last_used_at = :now WHERE id = :id AND hash = :hash AND deactivated_at IS NULL",
        &[text("now", now), text("id", key.id()), text("hash", key.hash())],
    )
}
