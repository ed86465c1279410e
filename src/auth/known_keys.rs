//! What an isolate remembers of SCIM keys for a while. A request with a refused key then costs no storage, and the
//! large body of a request with a good key costs no extra round trip. No request is let in by this memory: D1 decides
//! each time.

use std::cell::RefCell;

use crate::error::KeyRefusal;
use crate::runtime::clock;
use crate::runtime::expiring::ExpiringMap;
use directory::Key;

/// How long a good key is remembered, in milliseconds.
pub(crate) const GOOD_FOR: u64 = 10 * 60 * 1000;
/// How long a key is refused without asking D1 again, in milliseconds.
pub(crate) const REFUSED_FOR: u64 = 60 * 1000;
/// Most good keys, and most refused keys, that are remembered.
const MAX_KEYS: usize = 2_000;

thread_local! {
    static KEYS: RefCell<Keys> = const { RefCell::new(Keys { good: ExpiringMap::new(), refused: ExpiringMap::new() }) };
}

/// Keys by their hashes, and until when they are remembered, in milliseconds since the epoch. Hashes, since a made-up
/// key may have the id of a good one.
struct Keys {
    good: ExpiringMap<(), MAX_KEYS>,
    refused: ExpiringMap<KeyRefusal, MAX_KEYS>,
}

/// Whether the key was good when D1 was last asked.
pub(crate) fn is_good(key: &Key) -> bool {
    let now = clock::now_millis();
    KEYS.with_borrow(|keys| keys.good.get(key.hash(), now).is_some())
}

/// The refusal of the key, if it was refused within the last minute.
pub(crate) fn refusal(key: &Key) -> Option<KeyRefusal> {
    let now = clock::now_millis();
    KEYS.with_borrow(|keys| keys.refused.get(key.hash(), now).cloned())
}

/// Remembers a key that D1 has found good, or that was just made.
pub(crate) fn note_good(key: &Key) {
    let now = clock::now_millis();
    KEYS.with_borrow_mut(|keys| {
        keys.refused.remove(key.hash());
        keys.good.insert(key.hash(), (), now.saturating_add(GOOD_FOR), now);
    });
}

/// Remembers the refusal of a key, which must be final: the key is unknown, deactivated or expired.
pub(crate) fn note_refused(key: &Key, refusal: KeyRefusal) {
    let now = clock::now_millis();
    KEYS.with_borrow_mut(|keys| {
        keys.good.remove(key.hash());
        keys.refused.insert(key.hash(), refusal, now.saturating_add(REFUSED_FOR), now);
    });
}
