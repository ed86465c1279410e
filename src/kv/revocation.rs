//! Revocations of keys in KV.
//!
//! D1 decides whether a key is valid. A read replica of D1 may lag behind the deactivation of a key; the revocation in
//! KV, read at the same time as the first batch, refuses the key all the same.

use std::cell::RefCell;
use std::time::Duration;

use worker::KvStore;
use worker::console_error;
use worker::kv::KvError;

use crate::runtime::clock;
use crate::runtime::deadline::within;
use crate::runtime::expiring::ExpiringMap;

/// How long a revocation is kept, in seconds: longer than any replica lags.
pub(crate) const LIFETIME_SECONDS: u64 = 30 * 24 * 60 * 60;
/// How long a location may answer from its cache, in seconds; 30 is KV's minimum.
const CACHE_SECONDS: u64 = 30;
/// How long an answer of KV is used by the isolate that got it, in milliseconds.
pub(crate) const MEMORY_MILLIS: u64 = 30_000;
/// Maximum number of keys whose answers an isolate keeps.
const MAX_KEYS: usize = 2_000;
/// How long a read may take. D1 decides without it.
pub(crate) const READ_LIMIT: Duration = Duration::from_secs(1);
/// How long a write may take.
pub(crate) const WRITE_LIMIT: Duration = Duration::from_secs(5);

thread_local! {
    static MEMORY: RefCell<Memory> = const { RefCell::new(Memory(ExpiringMap::new())) };
}

/// What an isolate knows of the revocation of keys, by their ids.
struct Memory(ExpiringMap<bool, MAX_KEYS>);

impl Memory {
    /// Whether the key is revoked, if that is known.
    fn is_revoked(&self, key_id: &str, now: u64) -> Option<bool> {
        self.0.get(key_id, now).copied()
    }

    /// Notes that KV, asked at the time `asked`, has no revocation of the key. A revocation by this isolate since then
    /// stays.
    fn note_not_revoked(&mut self, key_id: &str, asked: u64, now: u64) {
        if self.is_revoked(key_id, now) != Some(true) {
            self.0.insert(key_id, false, asked.saturating_add(MEMORY_MILLIS), now);
        }
    }

    /// Notes that nothing is known of the key any more.
    fn forget(&mut self, key_id: &str, now: u64) {
        self.0.insert(key_id, false, now, now);
    }

    /// Notes that this isolate revokes the key.
    fn note_revoked(&mut self, key_id: &str, now: u64) {
        self.0.insert(key_id, true, now.saturating_add(MEMORY_MILLIS), now);
    }
}

/// Whether the key is revoked. The answer "not revoked" is used for [`MEMORY_MILLIS`] before KV is asked again. If KV
/// cannot answer, D1 decides alone.
pub async fn is_revoked(kv: &KvStore, key_id: &str) -> bool {
    let asked = clock::now_millis();
    if let Some(known) = MEMORY.with_borrow(|memory| memory.is_revoked(key_id, asked)) {
        return known;
    }
    let read = kv.get(&name(key_id)).cache_ttl(CACHE_SECONDS).text();
    match within(READ_LIMIT, read).await {
        Some(Ok(Some(_))) => true,
        Some(Ok(None)) => {
            let now = clock::now_millis();
            MEMORY.with_borrow_mut(|memory| memory.note_not_revoked(key_id, asked, now));
            false
        }
        failed => {
            console_error!("KV could not be read for the revocation of a key: {}", reason(failed));
            false
        }
    }
}

/// Marks a key as revoked that D1 has deactivated. A failure is logged, not answered, since D1 refuses the key anyway.
pub async fn mark_revoked(kv: &KvStore, key_id: &str, now: &str) {
    MEMORY.with_borrow_mut(|memory| memory.note_revoked(key_id, clock::now_millis()));
    let write = async { kv.put(&name(key_id), now)?.expiration_ttl(LIFETIME_SECONDS).execute().await };
    match within(WRITE_LIMIT, write).await {
        Some(Ok(())) => {}
        failed => console_error!("KV could not be written for the revocation of a key: {}", reason(failed)),
    }
}

/// Takes back the mark of a key that D1 accepts again. Until KV has it everywhere, the key may be refused.
pub async fn unmark(kv: &KvStore, key_id: &str) {
    MEMORY.with_borrow_mut(|memory| memory.forget(key_id, clock::now_millis()));
    match within(WRITE_LIMIT, kv.delete(&name(key_id))).await {
        Some(Ok(())) => {}
        failed => console_error!("KV could not take back the revocation of a key: {}", reason(failed)),
    }
}

fn name(key_id: &str) -> String {
    format!("revoked:{key_id}")
}

/// Why KV did not do what it was asked for.
pub(super) fn reason<T>(outcome: Option<Result<T, KvError>>) -> String {
    match outcome {
        Some(Err(error)) => error.to_string(),
        _ => "KV did not answer in time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> Memory {
        Memory(ExpiringMap::new())
    }

    #[test]
    fn not_revoked_is_remembered_for_thirty_seconds_from_the_question() {
        let mut memory = memory();
        assert_eq!(memory.is_revoked("a", 0), None);
        memory.note_not_revoked("a", 1_000, 1_500);
        assert_eq!(memory.is_revoked("a", 30_999), Some(false));
        assert_eq!(memory.is_revoked("a", 31_000), None);
        assert_eq!(memory.is_revoked("b", 1_500), None);
    }

    #[test]
    fn a_revocation_by_this_isolate_counts_at_once() {
        let mut memory = memory();
        memory.note_not_revoked("a", 0, 10);
        memory.note_revoked("a", 20);
        assert_eq!(memory.is_revoked("a", 20), Some(true));
        // An answer of KV to a question from before the revocation changes nothing.
        memory.note_not_revoked("a", 15, 30);
        assert_eq!(memory.is_revoked("a", 30), Some(true));
        // Then KV knows it.
        assert_eq!(memory.is_revoked("a", 30_020), None);
    }
}
