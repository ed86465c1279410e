//! The second lock on a dead key: a tombstone in KV.
//!
//! D1 decides whether a key is good. A replica of it may lag behind a deactivation; the tombstone, read at
//! the same time as the first statement, then refuses the key all the same.

use worker::console_error;

use crate::d1::KvStore;

/// How long a tombstone stands, in seconds: longer than any replica lags.
const LIFETIME: u32 = 30 * 24 * 60 * 60;
/// How long a location may answer from its cache, in seconds; 30 is KV's least.
const CACHE: u32 = 30;

fn name(key_id: &str) -> String {
    format!("revoked:{key_id}")
}

/// Whether the key has a tombstone. If KV cannot answer, D1 alone decides.
pub async fn exists(kv: &KvStore, key_id: &str) -> bool {
    kv.has(&name(key_id), CACHE).await.unwrap_or_else(|error| {
        console_error!("KV could not be read for the tombstone of a key: {error:?}");
        false
    })
}

/// Puts up the tombstone of a key that D1 has deactivated. D1 is the truth: a failure is logged, not
/// answered.
pub async fn put_up(kv: &KvStore, key_id: &str, now: &str) {
    if let Err(error) = kv.put(&name(key_id), now, LIFETIME).await {
        console_error!("KV could not be written for the tombstone of a key: {error:?}");
    }
}
