//! One SCIM request's conversation with storage: authenticate and read in one round trip, then write in
//! another.

use std::time::Duration;

use super::error::upgrading;
use super::record::{self, Record};
use super::statement::{Statement, text};
use super::tenant::Tenant;
use super::{Database, KvStore, Row, StoreError, known_keys, refolding};
use crate::kv::tombstone;
use crate::runtime::platform;
use directory::{Key, Organization};
use scim_protocol::ScimError;
use scim_protocol::text::FOLD_VERSION;

/// How often a write is tried whose basis others change meanwhile.
const ATTEMPTS: u64 = 8;

/// How long the time a key was last used may lag behind, in milliseconds.
const LAST_USED_LAG: u64 = 5 * 60 * 1000;

/// The presented key as D1 knows it.
#[derive(Debug)]
struct KeyRecord {
    deactivated_at: Option<String>,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    fold_version: i64,
    organization: Organization,
}

impl KeyRecord {
    fn read(row: &Row) -> Result<Self, StoreError> {
        record::read("a key", &row.head, |value| {
            let mut record = Record::of(value)?;
            Some(Self {
                deactivated_at: record.text_or_null("deactivated_at")?,
                expires_at: record.text_or_null("expires_at")?,
                last_used_at: record.text_or_null("last_used_at")?,
                fold_version: record.integer("fold_version")?,
                organization: serde_json::from_value(record.take("organization")).ok()?,
            })
        })
    }
}

/// A request's storage, its key and what it speaks of.
#[derive(Clone)]
pub struct Session<'a> {
    /// The database.
    pub database: &'a Database,
    /// KV, for tombstones.
    pub kv: &'a KvStore,
    /// The presented key.
    pub key: &'a Key,
    /// On whose behalf, and how things are called.
    pub tenant: Tenant<'static>,
    /// Whether the key has been found alive a moment ago, for the same request: KV is not asked again.
    pub is_vetted: bool,
}

/// What the first round trip of a request brings.
pub struct Opened {
    /// The organization of the key.
    pub organization: Organization,
    /// Whether the time of last use is due to be written.
    pub last_used_is_due: bool,
    /// The results of the caller's statements, in order.
    pub results: std::vec::IntoIter<Vec<Row>>,
}

impl Opened {
    /// The count that the next statement selects.
    ///
    /// # Errors
    /// Our fault: it selects none.
    pub fn count(&mut self) -> Result<u64, StoreError> {
        let row = self.row().unwrap_or_default();
        row.head.parse().map_err(|_| StoreError::Internal("a statement counts nothing".to_owned()))
    }

    /// The rows of the next statement.
    pub fn rows(&mut self) -> Vec<Row> {
        self.results.next().unwrap_or_default()
    }

    /// The first row of each statement that is left.
    pub fn first_rows(&mut self) -> impl Iterator<Item = Row> {
        std::mem::take(&mut self.results).filter_map(|rows| rows.into_iter().next())
    }

    /// The only row of the next statement, if there is one.
    pub fn row(&mut self) -> Option<Row> {
        self.rows().into_iter().next()
    }
}

impl Session<'_> {
    /// Authenticates the key and runs the statements, in one round trip.
    ///
    /// The batch is sent again if it meets a passing error. The statements authorize themselves, so that they find
    /// nothing if the key is no good; what the client is told then is decided here.
    ///
    /// # Errors
    /// 401 saying why the key is refused, or what became of the storage.
    pub async fn open(&self, statements: Vec<Statement>) -> Result<Opened, ScimError> {
        self.open_as(statements, false).await
    }

    async fn open_as(&self, statements: Vec<Statement>, is_write: bool) -> Result<Opened, ScimError> {
        let mut batch = vec![self.key_record()];
        batch.extend(statements);
        let sent = self.database.send_repeatable(&batch, is_write);
        let revoked = !self.is_vetted && tombstone::exists(self.kv, self.key.id()).await;
        let (record, results) = self.taken_apart(sent.results().await)?;
        let due_before = platform::iso(platform::now_millis().saturating_sub(LAST_USED_LAG));
        self.check(&record, revoked)?;
        let (record, results) = match record.fold_version < FOLD_VERSION {
            false => (record, results),
            // What was looked up may have been missed, and nothing was written.
            true => {
                self.bring_up_to_date(&record.organization.id).await?;
                self.taken_apart(self.database.send_repeatable(&batch, is_write).results().await)?
            }
        };
        Ok(Opened {
            organization: record.organization,
            last_used_is_due: record.last_used_at.is_none_or(|used| used < due_before),
            results,
        })
    }

    /// The key's record, and the results of the statements behind it.
    fn taken_apart(
        &self,
        results: Result<Vec<Vec<Row>>, StoreError>,
    ) -> Result<(KeyRecord, std::vec::IntoIter<Vec<Row>>), ScimError> {
        let mut results = results.map_err(unreadable)?.into_iter();
        let record = results.next().and_then(|rows| rows.into_iter().next());
        let record = record.map(|row| KeyRecord::read(&row)).transpose()?;
        Ok((record.ok_or_else(|| self.refused(self.key.not_known()))?, results))
    }

    async fn bring_up_to_date(&self, organization: &str) -> Result<(), ScimError> {
        let tenant = self.tenant.of_organization(organization);
        let mut steps = refolding::STEPS_OF_REQUEST;
        match refolding::bring_up_to_date(self.database, &tenant, &mut steps).await? {
            true => Ok(()),
            false => Err(upgrading()),
        }
    }

    fn check(&self, record: &KeyRecord, revoked: bool) -> Result<(), ScimError> {
        if revoked || record.deactivated_at.is_some() {
            return Err(self.deactivated());
        }
        if let Some(expired) = record.expires_at.as_ref().filter(|expires| **expires <= self.tenant.now) {
            return Err(self.refused(ScimError::unauthorized(format!(
                "The SCIM key {} expired at {expired}. Generate a new one in the console and put it into the identity \
                 provider.",
                self.key.hint()
            ))));
        }
        known_keys::note_good(self.key);
        Ok(())
    }

    /// As [`Session::open`], for statements that write, and that write the same when they are carried out twice: both
    /// locks are tried before.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn open_writing(&self, statements: Vec<Statement>) -> Result<Opened, ScimError> {
        if !self.is_vetted && tombstone::exists(self.kv, self.key.id()).await {
            return Err(self.deactivated());
        }
        Session { is_vetted: true, ..self.clone() }.open_as(statements, true).await
    }

    /// Remembers that the key is refused for good. A replica of the database may not know yet a key that has just been
    /// made.
    fn refused(&self, why: ScimError) -> ScimError {
        if self.database.is_current() {
            known_keys::note_refused(self.key, &why);
        }
        why
    }

    fn deactivated(&self) -> ScimError {
        self.refused(ScimError::unauthorized(format!(
            "The SCIM key {} has been deactivated. Generate a new one in the console and put it into the identity provider.",
            self.key.hint()
        )))
    }

    /// Runs the statements of a write, all or none, in one round trip.
    ///
    /// # Errors
    /// Any of [`StoreError`]; nothing was changed then.
    pub async fn write(&self, statements: &[Statement]) -> Result<std::vec::IntoIter<Vec<Row>>, StoreError> {
        Ok(self.database.batch(statements).await?.into_iter())
    }

    fn key_record(&self) -> Statement {
        Statement::new(
            "SELECT json_object(
               'deactivated_at', k.deactivated_at, 'expires_at', k.expires_at, 'last_used_at', k.last_used_at,
               'fold_version', o.fold_version,
               'organization', json_object(
                 'id', o.id, 'name', o.name, 'mail_domains', json(o.mail_domains), 'user_count', o.user_count,
                 'group_count', o.group_count, 'user_limit', o.user_limit,
                 'email_management', json(iif(o.email_management, 'true', 'false')),
                 'plain_groups', json(iif(o.plain_groups, 'true', 'false')))) AS head
             FROM auth_keys k JOIN organizations o ON o.id = k.org_id
             WHERE k.id = :key AND k.hash = :key_hash",
            &[text("key", self.key.id()), text("key_hash", self.key.hash())],
        )
    }
}

/// Nothing is guarded while reading: what looks like a failed guard is a record that is not JSON.
fn unreadable(error: StoreError) -> StoreError {
    match error {
        StoreError::Stale => StoreError::Internal("a stored document is not JSON".to_owned()),
        other => other,
    }
}

/// What an attempt at a write came to, other than success.
#[derive(Debug)]
pub enum Failure {
    /// To be answered.
    Answer(ScimError),
    /// The basis of the write was stale: to be tried again from the start.
    Stale,
}

impl From<ScimError> for Failure {
    fn from(error: ScimError) -> Self {
        Self::Answer(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Stale,
            other => Self::Answer(other.into()),
        }
    }
}

/// Repeats an attempt as long as others change what it read before it writes, a bounded number of times.
///
/// # Errors
/// The attempt's own answer, or 429.
pub async fn attempts<T>(attempt: impl AsyncFn() -> Result<T, Failure>) -> Result<T, ScimError> {
    for tried in 1..=ATTEMPTS {
        match attempt().await {
            Ok(value) => return Ok(value),
            Err(Failure::Answer(error)) => return Err(error),
            Err(Failure::Stale) => step_aside(tried).await?,
        }
    }
    Err(StoreError::Stale.into())
}

/// Waits a random moment, longer each time, so that those who collided do not collide again.
async fn step_aside(tried: u64) -> Result<(), StoreError> {
    let [byte] = platform::random::<1>()?;
    let millis = tried.saturating_mul(u64::from(byte) / 8);
    worker::Delay::from(Duration::from_millis(millis)).await;
    Ok(())
}
