//! The second lock on a dead key: a tombstone in KV.
//!
//! D1 decides whether a key is good. A replica of it may lag behind a deactivation; the tombstone, read at
//! the same time as the first statement, then refuses the key all the same.

use worker::{KvStore, console_error};

/// How long a tombstone stands, in seconds: longer than any replica lags.
const LIFETIME: u64 = 30 * 24 * 60 * 60;
/// How long a location may answer from its cache, in seconds; 30 is KV's least.
const CACHE: u64 = 30;

fn name(key_id: &str) -> String {
    format!("revoked:{key_id}")
}

/// Whether the key has a tombstone. If KV cannot answer, D1 alone decides.
pub async fn exists(kv: &KvStore, key_id: &str) -> bool {
    match kv.get(&name(key_id)).cache_ttl(CACHE).text().await {
        Ok(found) => found.is_some(),
        Err(error) => {
            console_error!("KV could not be read for the tombstone of a key: {error}");
            false
        }
    }
}

/// Puts up the tombstone of a key that D1 has deactivated. D1 is the truth: a failure is logged, not
/// answered.
pub async fn put_up(kv: &KvStore, key_id: &str, now: &str) {
    let outcome = match kv.put(&name(key_id), now) {
        Ok(put) => put.expiration_ttl(LIFETIME).execute().await,
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        console_error!("KV could not be written for the tombstone of a key: {error}");
    }
}
