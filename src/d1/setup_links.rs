//! Setup links in D1: each lets its holder set up the identity provider of one organization, without an account. Only
//! an HMAC of a link is kept.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::batch::Select;
use super::events;
use super::statement::{Statement, text};
use super::tenant::{Tenant, guard};
use directory::event::{Event, NewEvent, SubjectType};

/// Most links of an organization that are good at the same time.
pub(crate) const MOST_GOOD: u32 = 20;
/// Most links that are listed, the newest first.
pub(crate) const MOST_LISTED: u32 = 100;
/// Among how many of the newest entries of the console's log those of the set-up are looked for.
const NEWEST: u32 = 500;
/// Among how many of the newest keys the last answer is looked for.
const NEWEST_KEYS: u32 = 30;
/// Most entries of the log of the set-up.
const MOST_ENTRIES: u32 = 20;

const DESCRIBED: &str =
    "SELECT json_object('id', l.id, 'created_at', l.created_at, 'created_by', l.created_by,
    'expires_at', l.expires_at, 'revoked_at', l.revoked_at, 'uses', l.uses, 'last_used_at', l.last_used_at,
    'status', CASE WHEN l.revoked_at IS NOT NULL THEN 'revoked' WHEN l.expires_at <= :now THEN 'expired'
      ELSE 'active' END) AS json
  FROM setup_links l WHERE l.org_id = :org";

/// Reads an organization's links, the newest first, one a row as JSON.
pub fn all<R: DeserializeOwned>(tenant: &Tenant<'_>) -> Select<R> {
    tenant.select_json(&format!("{DESCRIBED} ORDER BY l.created_at DESC, l.id LIMIT {MOST_LISTED}"), &[])
}

/// Reads one link as JSON.
pub fn one<R: DeserializeOwned>(tenant: &Tenant<'_>, id: &str) -> Select<R> {
    tenant.select_json(&format!("{DESCRIBED} AND l.id = :id"), &[text("id", id)])
}

/// Writes a new link. Fails as stale if there are [`MOST_GOOD`] good ones.
pub fn insert(tenant: &Tenant<'_>, id: &str, hash: &str, expires_at: &str) -> Vec<Statement> {
    let sql = format!(
        "INSERT INTO setup_links (org_id, id, hash, created_at, created_by, expires_at)
         SELECT o.id, :id, :hash, :now, :event_actor, :expires_at FROM organizations o WHERE o.id = :org
           AND (SELECT count(*) FROM setup_links g
             WHERE g.org_id = o.id AND g.revoked_at IS NULL AND g.expires_at > :now) < {MOST_GOOD}"
    );
    let bindings = [text("id", id), text("hash", hash), text("expires_at", expires_at)];
    let created = Event::SetupLinkCreated { hint: hint(id), expires_at: expires_at.to_owned() };
    let mut statements = vec![tenant.statement(&sql, &bindings), guard()];
    statements.extend(events::record(tenant, &[about(id, created)]));
    statements
}

/// What may be shown of the link with this id.
pub(crate) fn hint(id: &str) -> String {
    format!("setup link {}…", id.get(..8).unwrap_or(id))
}

fn about(id: &str, event: Event) -> NewEvent {
    NewEvent::new(event, SubjectType::SetupLink, id)
}

/// Revokes a link that is not revoked.
pub fn revoke(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(
        "UPDATE setup_links SET revoked_at = :now WHERE org_id = :org AND id = :id AND revoked_at IS NULL",
        &[text("id", id)],
    )
}

/// Writes the event of a revocation, if the statement before has changed a row.
pub fn revoked(tenant: &Tenant<'_>, id: &str) -> Vec<Statement> {
    events::record_if_row_changed(tenant, &[about(id, Event::SetupLinkRevoked { hint: hint(id) })])
}

/// Counts a use of the link that the tenant names.
pub fn used(tenant: &Tenant<'_>, id: &str) -> Vec<Statement> {
    let sql = "UPDATE setup_links SET uses = uses + 1, last_used_at = :now WHERE org_id = :org AND id = :id";
    let mut statements = vec![tenant.statement(sql, &[text("id", id)]), guard()];
    statements.extend(events::record(tenant, &[about(id, Event::SetupLinkOpened { hint: hint(id) })]));
    statements
}

/// The last answer to an identity provider. It names no person and quotes no client.
#[derive(Debug, Serialize, Deserialize)]
pub struct LastAnswer {
    /// When the request came.
    pub at: String,
    /// Its method.
    pub method: String,
    /// Its path, with `:id` in place of identifiers.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// The text of the error.
    pub detail: Option<String>,
}

/// How long the answers to an organization's keys are kept one by one after its set-up was looked at, in milliseconds.
pub(crate) const WATCHED_FOR: u64 = 90_000;

/// Has the answers to an organization's keys kept until a time. Nothing changes if it is about to be reached only after
/// `soon`.
pub fn watch(tenant: &Tenant<'_>, until: &str, soon: &str) -> Statement {
    tenant.statement(
        "UPDATE organizations SET watched_until = :until WHERE id = :org AND watched_until < :soon",
        &[text("until", until), text("soon", soon)],
    )
}

/// Reads the last answer to one of the organization's newest keys, as JSON.
pub fn last_answer(tenant: &Tenant<'_>) -> Select<LastAnswer> {
    let sql = format!(
        "SELECT k.last_answer AS json FROM (
           SELECT last_answer FROM auth_keys WHERE org_id = :org ORDER BY created_at DESC LIMIT {NEWEST_KEYS}) k
         WHERE k.last_answer IS NOT NULL ORDER BY k.last_answer ->> 'at' DESC LIMIT 1"
    );
    tenant.select_json(&sql, &[])
}

/// An entry of the log of a set-up. It names no person.
#[derive(Debug, Deserialize)]
pub struct Entry {
    /// When it was.
    pub at: String,
    /// What was done.
    pub detail: String,
}

/// Reads what was done to the keys of an organization, and which of its links were opened, the newest first.
pub fn entries(tenant: &Tenant<'_>) -> Select<Entry> {
    let sql = format!(
        "SELECT substr(l.id, 1, 24) AS at, l.detail AS detail FROM (
           SELECT * FROM log INDEXED BY log_of_console WHERE org_id = :org AND source = 'console'
           ORDER BY id DESC LIMIT {NEWEST}) l
         WHERE l.resource_type = 'Key' AND (instr(l.path, '/keys') > 0 OR instr(l.path, '/setup') > 0)
           AND l.status < 400 AND l.detail IS NOT NULL
         ORDER BY l.id DESC LIMIT {MOST_ENTRIES}"
    );
    tenant.select_few(&sql, &[])
}
