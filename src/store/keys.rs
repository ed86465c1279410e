//! SCIM keys in D1. What is stored of a key is its public id and its hash.

use super::statement::{Statement, optional, text};
use super::tenant::{Tenant, guard};
use crate::directory::Key;

/// A key as the console shows it, as JSON; the hint is added by the reader, who knows how keys look.
const DESCRIBED: &str = "SELECT json_object(
    'id', k.id,
    'status', CASE WHEN k.deactivated_at IS NOT NULL THEN 'deactivated' WHEN k.expires_at <= :now THEN 'expired'
      ELSE 'active' END,
    'created_at', k.created_at, 'expires_at', k.expires_at, 'deactivated_at', k.deactivated_at,
    'last_used_at', k.last_used_at) AS head
  FROM auth_keys k WHERE k.org_id = :org";

/// Reads an organization's keys, the newest first, one a row as JSON.
pub fn all(tenant: &Tenant<'_>) -> Statement {
    tenant.statement(&format!("{DESCRIBED} ORDER BY k.created_at DESC, k.id"), Vec::new())
}

/// Reads one key as JSON.
pub fn one(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(&format!("{DESCRIBED} AND k.id = :id"), vec![text("id", id)])
}

/// Writes a new key.
pub fn insert(tenant: &Tenant<'_>, key: &Key, expires_at: Option<&str>) -> Vec<Statement> {
    let sql = "INSERT INTO auth_keys (id, org_id, hash, created_at, expires_at)
               SELECT :id, o.id, :hash, :now, :expires_at FROM organizations o WHERE o.id = :org";
    let bindings = vec![text("id", key.id()), text("hash", key.hash()), optional("expires_at", expires_at)];
    vec![tenant.statement(sql, bindings), guard()]
}

/// Deactivates a key; one that is deactivated already stays as it is.
pub fn deactivate(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(
        "UPDATE auth_keys SET deactivated_at = :now WHERE org_id = :org AND id = :id AND deactivated_at IS NULL",
        vec![text("id", id)],
    )
}

/// Lets a key expire no later than at this time.
pub fn expire(tenant: &Tenant<'_>, id: &str, at: &str) -> Statement {
    tenant.statement(
        "UPDATE auth_keys SET expires_at = :at
         WHERE org_id = :org AND id = :id AND (expires_at IS NULL OR expires_at > :at)",
        vec![text("id", id), text("at", at)],
    )
}

/// Notes that a key was used.
pub fn used(key: &Key, now: &str) -> Statement {
    Statement::new(
        "UPDATE auth_keys SET last_used_at = :now WHERE id = :id AND hash = :hash AND deactivated_at IS NULL",
        &[text("now", now), text("id", key.id()), text("hash", key.hash())],
    )
}

/// Writes a key that replaces another, which expires at `overlap_until` or, without one, is deactivated.
pub fn regenerate(
    tenant: &Tenant<'_>,
    old: &str,
    overlap_until: Option<&str>,
    key: &Key,
    expires_at: Option<&str>,
) -> Vec<Statement> {
    let mut statements = insert(tenant, key, expires_at);
    statements.push(match overlap_until {
        Some(at) => expire(tenant, old, at),
        None => deactivate(tenant, old),
    });
    statements
}
