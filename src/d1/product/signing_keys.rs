//! The keys with which security event tokens are signed. They lie in the first database.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::super::batch::Select;
use super::super::statement::{Statement, text};
use crate::d1::{Database, StorageError};
use crate::runtime::clock::{DAY_MILLIS, iso};
use crate::runtime::web_crypto::{self, EcKey};
use scim_protocol::json::parse;

/// How long a key signs, in milliseconds. The hourly maintenance makes the next one then.
pub(crate) const LIFETIME: u64 = 90 * DAY_MILLIS;
/// How long a new key is published before it signs, in milliseconds: receivers may keep what they have fetched.
pub(crate) const PUBLISHED_BEFORE: u64 = DAY_MILLIS;
/// How long a key stays published after the next one signs, in milliseconds: tokens signed with it may be on their way.
pub(crate) const PUBLISHED_AFTER: u64 = 30 * DAY_MILLIS;
/// Most keys that are published. There are two, unless they were made at the same time.
const MAX_PUBLISHED: u32 = 8;

/// A key.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SigningKey {
    /// Its thumbprint (RFC 7638).
    pub(crate) id: String,
    /// The private key, a JSON Web Key.
    pub(crate) private_key: String,
    /// When it was made.
    pub(crate) created_at: String,
}

impl SigningKey {
    /// The key itself.
    ///
    /// # Errors
    /// It is not one, which cannot be: only [`insert`] writes it.
    pub(crate) fn key(&self) -> Result<EcKey, StorageError> {
        parse(&self.private_key)
            .map_err(|error| StorageError::internal(format!("the signing key {} is none: {error}", self.id)))
    }
}

/// All keys, the newest first. The first one is made here.
///
/// # Errors
/// The database's, or the runtime's.
pub(crate) async fn all(database: &Database, now_millis: u64) -> Result<Vec<SigningKey>, StorageError> {
    let keys = database.run(select()).await?;
    if !keys.is_empty() {
        return Ok(keys);
    }
    database.execute(made(INSERT_FIRST, now_millis).await?).await?;
    database.run(select()).await
}

/// Makes the next key when it is time, and deletes those that nothing is signed with any more.
///
/// # Errors
/// The database's, or the runtime's.
pub(crate) async fn rotate(database: &Database, now_millis: u64) -> Result<(), StorageError> {
    let keys = database.run(select()).await?;
    if is_due(&keys, now_millis) {
        database.execute(made(INSERT, now_millis).await?).await?;
    }
    if keys.last().is_some_and(|key| key.created_at <= iso(forgotten_before(now_millis))) {
        database.execute(forget(now_millis)).await?;
    }
    Ok(())
}

fn select() -> Select<SigningKey> {
    Select::few(Statement::new(
        &format!(
            "SELECT id, private_key, created_at FROM signing_keys ORDER BY created_at DESC LIMIT {MAX_PUBLISHED}"
        ),
        &[],
    ))
}

const INSERT: &str = "INSERT INTO signing_keys (id, private_key, created_at) VALUES (:id, :key, :now)";
/// Another request may have stored the first key meanwhile.
const INSERT_FIRST: &str = "INSERT INTO signing_keys (id, private_key, created_at)
   SELECT :id, :key, :now WHERE NOT EXISTS (SELECT 1 FROM signing_keys)";

/// Stores a new key.
async fn made(sql: &str, now_millis: u64) -> Result<Statement, StorageError> {
    let failed = |error| StorageError::internal(format!("no signing key could be made: {error}"));
    let key = web_crypto::generate_es256().await.map_err(failed)?;
    let json = serde_json::to_string(&key).map_err(|error| failed(error.to_string()))?;
    let bindings = [text("id", thumbprint(&key)), text("key", json), text("now", iso(now_millis))];
    Ok(Statement::new(sql, &bindings))
}

/// RFC 7638, section 3.
fn thumbprint(EcKey { crv, kty, x, y, .. }: &EcKey) -> String {
    let members = format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}"#);
    Base64UrlUnpadded::encode_string(&Sha256::digest(members))
}

/// The key that signs, of all keys: the newest that was published long enough, or else the oldest.
pub(crate) fn signer(keys: &[SigningKey], now_millis: u64) -> Option<&SigningKey> {
    let published = iso(now_millis.saturating_sub(PUBLISHED_BEFORE));
    keys.iter().find(|key| key.created_at <= published).or(keys.last())
}

/// Whether the next key has to be made.
fn is_due(keys: &[SigningKey], now_millis: u64) -> bool {
    let newest = keys.first().map(|key| key.created_at.as_str());
    newest.is_some_and(|at| at <= iso(now_millis.saturating_sub(LIFETIME)).as_str())
}

fn forgotten_before(now_millis: u64) -> u64 {
    now_millis.saturating_sub(LIFETIME + PUBLISHED_BEFORE + PUBLISHED_AFTER)
}

fn forget(now_millis: u64) -> Statement {
    Statement::new(
        "DELETE FROM signing_keys WHERE created_at <= :before",
        &[text("before", iso(forgotten_before(now_millis)))],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, created_at: u64) -> SigningKey {
        SigningKey { id: id.to_owned(), private_key: String::new(), created_at: iso(created_at) }
    }

    #[test]
    fn a_new_key_signs_once_receivers_can_have_it() {
        let now = 1_800_000_000_000;
        let keys = [key("new", now - PUBLISHED_BEFORE + 1), key("old", now - LIFETIME)];
        assert_eq!(signer(&keys, now).unwrap().id, "old");
        assert_eq!(signer(&keys, now + 1).unwrap().id, "new");
        assert_eq!(signer(&[key("first", now)], now).unwrap().id, "first");
        assert!(signer(&[], now).is_none());
    }

    #[test]
    fn the_next_key_is_made_after_the_lifetime_of_the_last() {
        let now = 1_800_000_000_000;
        assert!(is_due(&[key("old", now - LIFETIME)], now));
        assert!(!is_due(&[key("new", now), key("old", now - LIFETIME)], now));
        assert!(!is_due(&[], now));
    }
}
