//! One SCIM request's statements: its key and its reads in one round trip, its writes in another.

use std::cell::RefCell;

use serde::Deserialize;
use worker::KvStore;
use worker::wasm_bindgen::JsValue;

use super::batch::{Batch, Handle, Results, Select, json_of};
use super::brake::Holds;
use super::numbered::is_same;
use super::retry::backoff_with_jitter;
use super::statement::{Statement, text};
use super::tenant::Tenant;
use super::{Database, Sent, StorageError, StorageErrorKind, refolding};
use crate::error::Error;
use crate::runtime::clock;
use directory::{Key, Organization, Refusal};
use scim_protocol::ScimError;
use scim_protocol::json::parse_object;
use scim_protocol::text::FOLD_VERSION;

/// How often a write is tried if other requests change its basis in the meantime.
pub(crate) const ATTEMPTS: u64 = 8;

/// How long the time a key was last used may lag behind, in milliseconds.
const LAST_USED_LAG: u64 = 5 * 60 * 1000;

thread_local! {
    /// The key that was read last, and its JSON. As long as nothing changes, the next request has the same.
    static LAST_READ: RefCell<Option<(String, StoredKey)>> = const { RefCell::new(None) };
}

/// The presented key as D1 has it.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredKey {
    /// When it was deactivated.
    pub deactivated_at: Option<String>,
    /// When it expires.
    pub expires_at: Option<String>,
    last_used_at: Option<String>,
    fold_version: i64,
    /// How many webhooks deliver the organization's events.
    pub webhooks: u32,
    /// Until when each answer is kept.
    watched_until: String,
    /// Its organization.
    pub organization: Organization,
    /// What holds up the organization's provisioning.
    pub holds: Holds,
}

impl StoredKey {
    fn read(row: JsValue) -> Result<Self, serde_wasm_bindgen::Error> {
        let json = json_of(row)?;
        LAST_READ.with_borrow_mut(|last| match last {
            Some((known, key)) if is_same(known, &json) => Ok(key.clone()),
            last => {
                let key: Self = parse_object(&json).map_err(serde_wasm_bindgen::Error::new)?;
                *last = Some((json, key.clone()));
                Ok(key)
            }
        })
    }

    /// Whether the organization's folded columns are of an older version, so that a search may miss rows.
    pub fn has_outdated_folds(&self) -> bool {
        self.fold_version < FOLD_VERSION
    }

    /// Whether the answer is kept: the organization's identity provider is being set up.
    pub fn is_watched(&self) -> bool {
        self.watched_until > clock::iso(clock::now_millis())
    }

    /// Whether the time of last use is due to be written.
    pub fn last_used_is_due(&self) -> bool {
        let due_before = clock::iso(clock::now_millis().saturating_sub(LAST_USED_LAG));
        self.last_used_at.as_ref().is_none_or(|used| *used < due_before)
    }
}

/// A request's storage, its key and its tenant.
#[derive(Clone)]
pub struct Session<'a> {
    /// The database.
    pub database: &'a Database,
    /// KV, which has the revocations of keys.
    pub kv: &'a KvStore,
    /// The presented key.
    pub key: &'a Key,
    /// The organization, and the product's names.
    pub tenant: Tenant<'static>,
    /// Whether the key was found good a moment ago for the same request, so that KV is not asked again.
    pub is_verified: bool,
}

/// A batch that begins with the presented key.
pub struct KeyBatch {
    batch: Batch,
    key: Handle<StoredKey>,
}

/// The results of a first round trip, before the key is verified.
pub struct Loaded {
    /// The row of the presented key, if there is one.
    pub key: Option<StoredKey>,
    /// The results of the caller's statements.
    pub results: Results,
}

/// The results of a first round trip with a good key.
pub struct Opened {
    /// The organization of the key.
    pub organization: Organization,
    /// What holds up the organization's provisioning.
    pub holds: Holds,
    /// Whether the time of last use is due to be written.
    pub last_used_is_due: bool,
    /// Whether webhooks deliver the organization's events.
    pub has_webhooks: bool,
    /// Whether the answer is kept.
    pub is_watched: bool,
    /// The results of the caller's statements.
    pub results: Results,
}

impl Session<'_> {
    /// The statement that selects the key, followed by the others. These name the organization by the key, so that they
    /// find nothing if the key is not good.
    pub fn batch(&self, mut batch: Batch) -> KeyBatch {
        let key = batch.push_first_joined(self.select_key());
        KeyBatch { batch, key }
    }

    /// Sends a [`Session::batch`] off, which is sent again after a transient error. The result is that of
    /// [`Session::load`].
    pub fn send(&self, batch: &KeyBatch, is_write: bool) -> Sent<'_> {
        self.database.send_repeatable(&batch.batch, is_write)
    }

    /// Waits for the results of [`Session::send`].
    ///
    /// # Errors
    /// As [`Database::batch`].
    pub async fn load(batch: &KeyBatch, sent: Sent<'_>) -> Result<Loaded, StorageError> {
        let results = sent.results().await.map_err(unreadable)?;
        Ok(Loaded { key: results.first(batch.key)?, results })
    }

    /// Updates the folded columns of the organization.
    ///
    /// # Errors
    /// `StorageErrorKind::Upgrading` while there is more to do than one request may.
    pub async fn update_folds(&self, organization: &str) -> Result<(), StorageError> {
        let tenant = self.tenant.of_organization(organization);
        let mut steps = refolding::STEPS_OF_REQUEST;
        match refolding::bring_up_to_date(self.database, &tenant, &mut steps).await? {
            true => Ok(()),
            false => Err(StorageErrorKind::Upgrading.into()),
        }
    }

    fn select_key(&self) -> Select<StoredKey> {
        let statement = Statement::new(
            "SELECT json_object(
               'deactivated_at', k.deactivated_at, 'expires_at', k.expires_at, 'last_used_at', k.last_used_at,
               'fold_version', o.fold_version, 'webhooks', o.webhooks,
               'watched_until', o.watched_until,
               'organization', json_object(
                 'id', o.id, 'name', o.name, 'mail_domains', json(o.mail_domains), 'user_count', o.user_count,
                 'group_count', o.group_count, 'user_limit', o.user_limit,
                 'email_management', json(iif(o.email_management, 'true', 'false')),
                 'plain_groups', json(iif(o.plain_groups, 'true', 'false')),
                 'keep_access', json(iif(o.keep_access, 'true', 'false')),
                 'group_prefix', o.group_prefix,
                 'confirmed_org_role_attribute', o.org_role_attribute),
               'holds', json_object(
                 'brake_percent', o.brake_percent, 'brake_engaged_at', o.brake_engaged_at, 'paused_at', o.paused_at,
                 'paused_by', o.paused_by)) AS json
             FROM auth_keys k JOIN organizations o ON o.id = k.org_id
             WHERE k.id = :key AND k.hash = :key_hash",
            &[text("key", self.key.id()), text("key_hash", self.key.hash())],
        );
        Select::read_by(statement, StoredKey::read)
    }
}

/// A batch that reads has no guard: an error that looks like a failed guard is a record that is not JSON.
fn unreadable(error: StorageError) -> StorageError {
    match error.is_stale() {
        true => StorageError::internal("a stored document is not JSON".to_owned()),
        false => error,
    }
}

/// Why an attempt at a write has failed.
#[derive(Debug)]
pub enum Failure<E> {
    /// Another attempt would fail, too.
    Final(E),
    /// Its basis has changed since it was read: the next attempt may succeed.
    Stale,
}

impl<E: From<StorageError>> From<StorageError> for Failure<E> {
    fn from(error: StorageError) -> Self {
        match error.is_stale() {
            true => Self::Stale,
            false => Self::Final(error.into()),
        }
    }
}

impl From<Error> for Failure<Error> {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl From<Refusal> for Failure<Error> {
    fn from(refusal: Refusal) -> Self {
        Self::Final(refusal.into())
    }
}

impl From<ScimError> for Failure<Error> {
    fn from(error: ScimError) -> Self {
        Self::Final(error.into())
    }
}

/// Repeats an attempt while other requests change its basis, a limited number of times.
///
/// # Errors
/// The attempt's own, or `StorageErrorKind::Contended`.
pub async fn retry_on_conflict<T, E: From<StorageError>>(
    attempt: impl AsyncFn() -> Result<T, Failure<E>>,
) -> Result<T, E> {
    for tried in 1..=ATTEMPTS {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Stale) => backoff_with_jitter(tried).await?,
        }
    }
    Err(StorageError::from(StorageErrorKind::Contended).into())
}
