//! Product keys in D1, which has the public id and the hash of a key.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::batch::Select;
use super::super::events;
use super::super::statement::{Binding, Statement, optional, text};
use super::super::tenant::{Scope, Tenant, guard};
use crate::runtime::clock;
use directory::event::{Event, NewEvent, SubjectType, Transition};
use directory::key::{HINTED, PRODUCT_PREFIX, hint_with};
use directory::{Key, KeyScope};
use scim_protocol::text::FOLD_VERSION;

/// Most product keys of an organization that are good at the same time.
pub const MOST_GOOD: usize = 20;
/// Most keys that are listed: of those that were deactivated, and of the others.
pub(crate) const MOST_LISTED: u32 = 100;
/// How long the time a key was last used may lag behind, in milliseconds.
const LAST_USED_LAG: u64 = 5 * 60 * 1000;

/// What a request of a product is made with, as D1 has it.
#[derive(Debug, Deserialize)]
pub struct StoredProduct {
    /// The organization's id.
    pub organization: String,
    /// Its name.
    pub organization_name: String,
    /// What the product may do.
    pub scopes: Vec<KeyScope>,
    /// What the product is called.
    pub name: String,
    /// Whose progress in the feed its acknowledgements are.
    pub consumer: String,
    /// What signs the cursors of the feed.
    pub feed_secret: String,
    /// Whether its organization is deleted, and may come back.
    #[serde(default)]
    pub is_stopped: bool,
    /// When the key was deactivated.
    pub deactivated_at: Option<String>,
    /// When the key expires.
    pub expires_at: Option<String>,
    last_used_at: Option<String>,
    fold_version: i64,
}

impl StoredProduct {
    /// Whether the organization's folded columns are of an older version, so that a search may miss rows.
    pub fn has_outdated_folds(&self) -> bool {
        self.fold_version < FOLD_VERSION
    }

    /// Whether the time of last use is due to be written.
    pub fn last_used_is_due(&self) -> bool {
        let due_before = clock::iso(clock::now_millis().saturating_sub(LAST_USED_LAG));
        self.last_used_at.as_ref().is_none_or(|used| *used < due_before)
    }
}

/// Reads what a request of a product is made with; no row if there is no such key, or no such organization. `consumer`
/// is what a product without a key calls itself.
pub fn presented(tenant: &Tenant<'_>, consumer: Option<&str>) -> Select<StoredProduct> {
    const ORGANIZATION: &str =
        "'organization', o.id, 'organization_name', o.name, 'fold_version', o.fold_version,
           'feed_secret', o.feed_secret";
    let all = json!([KeyScope::Read, KeyScope::Events, KeyScope::Check, KeyScope::SetupLinks]);
    let sql = match tenant.scope {
        Scope::ProductKey { .. } => format!(
            "SELECT json_object({ORGANIZATION}, 'scopes', json(k.scopes), 'name', k.name, 'consumer', k.consumer,
               'is_stopped', json(iif(k.is_stopped, 'true', 'false')), 'deactivated_at', k.deactivated_at,
               'expires_at', k.expires_at, 'last_used_at', k.last_used_at) AS json
             FROM product_keys k JOIN organizations o ON o.id = k.org_id WHERE k.id = :key AND k.hash = :key_hash"
        ),
        _ => format!(
            "SELECT json_object({ORGANIZATION}, 'scopes', json(:scopes), 'name', :consumer, 'consumer', :consumer,
               'last_used_at', :now) AS json
             FROM organizations o WHERE o.id = :org AND o.deleted_at IS NULL"
        ),
    };
    tenant.select_json(&sql, &[text("scopes", all.to_string()), optional("consumer", consumer)])
}

/// Notes that a key was used.
pub fn used(tenant: &Tenant<'_>) -> Statement {
    tenant.statement(
        "UPDATE product_keys SET last_used_at = :now
         WHERE id = :key AND hash = :key_hash AND deactivated_at IS NULL",
        &[],
    )
}

/// Keys as the console shows them, one a row as JSON. `keys` is SQL of rows of product_keys.
fn described<R: DeserializeOwned>(tenant: &Tenant<'_>, keys: &str, bindings: &[Binding]) -> Select<R> {
    let sql = format!(
        "WITH o AS MATERIALIZED (SELECT :org AS id)
         SELECT json_object('id', k.id, 'hint', '{PRODUCT_PREFIX}' || substr(k.id, 1, {HINTED}) || '…',
           'name', k.name, 'scopes', json(k.scopes), 'consumer', k.consumer,
           'status', CASE WHEN k.deactivated_at IS NOT NULL THEN 'deactivated' WHEN k.expires_at <= :now THEN 'expired'
             ELSE 'active' END,
           'created_at', k.created_at, 'created_by', k.created_by, 'expires_at', k.expires_at,
           'deactivated_at', k.deactivated_at, 'last_used_at', k.last_used_at) AS json
         FROM ({keys}) k ORDER BY k.created_at DESC, k.id DESC"
    );
    tenant.select_json(&sql, bindings)
}

/// Reads an organization's keys, the newest first, one a row as JSON: of those that were deactivated the newest
/// [`MOST_LISTED`], and as many of the others.
pub fn all<R: DeserializeOwned>(tenant: &Tenant<'_>) -> Select<R> {
    let newest = |condition: &str| {
        format!(
            "SELECT * FROM (SELECT * FROM product_keys WHERE org_id = (SELECT id FROM o) AND deactivated_at {condition}
               ORDER BY created_at DESC, id DESC LIMIT {MOST_LISTED})"
        )
    };
    described(tenant, &format!("{} UNION ALL {}", newest("IS NULL"), newest("IS NOT NULL")), &[])
}

/// Reads one key as JSON.
pub fn one<R: DeserializeOwned>(tenant: &Tenant<'_>, id: &str) -> Select<R> {
    let key = "SELECT * FROM product_keys WHERE id = :id AND org_id = (SELECT id FROM o)";
    described(tenant, key, &[text("id", id)])
}

/// What is chosen of a new key.
#[derive(Debug, Clone, Copy)]
pub struct NewKey<'a> {
    /// What administrators call it.
    pub name: &'a str,
    /// What it may do.
    pub scopes: &'a [KeyScope],
    /// When it expires.
    pub expires_at: Option<&'a str>,
    /// The id of the key that it replaces, and whose consumer goes on with it.
    pub replaces: Option<&'a str>,
}

/// Writes a new key, unless the organization has [`MOST_GOOD`] already. `by` is the administrator who generated it.
pub fn insert(tenant: &Tenant<'_>, key: &Key, by: &str, new: NewKey<'_>) -> Vec<Statement> {
    let sql = format!(
        "INSERT INTO product_keys (id, org_id, hash, name, scopes, consumer, created_at, created_by, expires_at)
         SELECT :id, o.id, :hash, :name, :scopes,
           coalesce((SELECT r.consumer FROM product_keys r WHERE r.id = :replaces AND r.org_id = o.id), :id),
           :now, :by, :expires_at
         FROM organizations o WHERE o.id = :org AND {MOST_GOOD} > (
           SELECT count(*) FROM product_keys WHERE org_id = o.id AND deactivated_at IS NULL
           AND (expires_at IS NULL OR expires_at > :now))"
    );
    let bindings = [
        text("id", key.id()),
        text("hash", key.hash()),
        text("name", new.name),
        text("scopes", json!(new.scopes).to_string()),
        optional("replaces", new.replaces),
        text("by", by),
        optional("expires_at", new.expires_at),
    ];
    let created = Event::ProductKeyCreated {
        hint: key.hint(),
        name: new.name.to_owned(),
        scopes: new.scopes.to_vec(),
        expires_at: new.expires_at.map(str::to_owned),
        replaces: new.replaces.map(hint),
    };
    let mut statements = vec![tenant.statement(&sql, &bindings), guard()];
    statements.extend(events::record(tenant, &[NewEvent::new(created, SubjectType::ProductKey, key.id())]));
    statements
}

/// What may be shown of the product key with this id.
pub fn hint(id: &str) -> String {
    hint_with(PRODUCT_PREFIX, id)
}

/// Gives a key another name.
pub fn rename(tenant: &Tenant<'_>, id: &str, name: &str) -> Statement {
    tenant.statement(
        "UPDATE product_keys SET name = :name WHERE org_id = :org AND id = :id AND name <> :name",
        &[text("id", id), text("name", name)],
    )
}

/// Writes the event of a key's other name, if the statement before has changed a row. Its consumer is called so from
/// now on.
pub fn renamed(tenant: &Tenant<'_>, id: &str, name: Transition<String>) -> Vec<Statement> {
    let bindings = [text("id", id), text("name", name.after.as_str())];
    let consumer = tenant.statement(
        "UPDATE consumers SET name = :name WHERE org_id = :org AND name <> :name
           AND id = (SELECT k.consumer FROM product_keys k WHERE k.id = :id AND k.org_id = :org)",
        &bindings,
    );
    let mut statements = record_if_row_changed(tenant, id, Event::ProductKeyRenamed { hint: hint(id), name });
    statements.push(consumer);
    statements
}

/// Deactivates a key. If it is deactivated already, nothing changes.
pub fn deactivate(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(
        "UPDATE product_keys SET deactivated_at = :now WHERE org_id = :org AND id = :id AND deactivated_at IS NULL",
        &[text("id", id)],
    )
}

/// Writes the event of a deactivation, if the statement before has changed a row.
pub fn deactivated(tenant: &Tenant<'_>, id: &str) -> Vec<Statement> {
    record_if_row_changed(tenant, id, Event::ProductKeyDeactivated { hint: hint(id) })
}

/// Lets a key expire no later than at this time.
pub fn expire(tenant: &Tenant<'_>, id: &str, at: &str) -> Vec<Statement> {
    let mut statements = vec![tenant.statement(
        "UPDATE product_keys SET expires_at = :at
         WHERE org_id = :org AND id = :id AND (expires_at IS NULL OR expires_at > :at)",
        &[text("id", id), text("at", at)],
    )];
    let changed = Event::ProductKeyExpiryChanged { hint: hint(id), expires_at: at.to_owned() };
    statements.extend(record_if_row_changed(tenant, id, changed));
    statements
}

fn record_if_row_changed(tenant: &Tenant<'_>, id: &str, event: Event) -> Vec<Statement> {
    events::record_if_row_changed(tenant, &[NewEvent::new(event, SubjectType::ProductKey, id)])
}
