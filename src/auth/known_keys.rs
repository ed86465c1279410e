//! What an isolate remembers of SCIM keys for a while. A request with a refused key then costs no storage, and the large
//! body of a request with a good key costs no extra round trip. No request is let in by this memory: D1 decides each
//! time.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::runtime::platform;
use directory::Key;
use scim_protocol::ScimError;

/// How long a good key is remembered, in milliseconds.
const GOOD_FOR: u64 = 10 * 60 * 1000;
/// How long a key is refused without asking D1 again, in milliseconds.
const REFUSED_FOR: u64 = 60 * 1000;
/// Most good keys, and most refused keys, that are remembered.
const MAX_KEYS: usize = 2_000;

thread_local! {
    static KEYS: RefCell<Keys> = const { RefCell::new(Keys { good: BTreeMap::new(), refused: BTreeMap::new() }) };
}

/// Keys by their hashes, and until when they are remembered, in milliseconds since the epoch. Hashes, since a made-up
/// key may have the id of a good one.
struct Keys {
    good: BTreeMap<String, u64>,
    refused: BTreeMap<String, (u64, ScimError)>,
}

/// Whether the key was good when D1 was last asked.
pub(crate) fn is_good(key: &Key) -> bool {
    let now = platform::now_millis();
    KEYS.with_borrow(|keys| keys.good.get(key.hash()).is_some_and(|until| *until > now))
}

/// The refusal of the key, if it was refused within the last minute.
pub(crate) fn refusal(key: &Key) -> Option<ScimError> {
    let now = platform::now_millis();
    KEYS.with_borrow(|keys| {
        let (until, error) = keys.refused.get(key.hash())?;
        (*until > now).then(|| error.clone())
    })
}

/// Remembers a key that D1 has found good, or that was just made.
pub(crate) fn note_good(key: &Key) {
    let now = platform::now_millis();
    KEYS.with_borrow_mut(|keys| {
        keys.refused.remove(key.hash());
        make_room(&mut keys.good, |until| *until > now);
        keys.good.insert(key.hash().to_owned(), now.saturating_add(GOOD_FOR));
    });
}

/// Remembers the refusal of a key, which must be final: the key is unknown, deactivated or expired.
pub(crate) fn note_refused(key: &Key, why: &ScimError) {
    let now = platform::now_millis();
    KEYS.with_borrow_mut(|keys| {
        keys.good.remove(key.hash());
        make_room(&mut keys.refused, |(until, _)| *until > now);
        keys.refused.insert(key.hash().to_owned(), (now.saturating_add(REFUSED_FOR), why.clone()));
    });
}

/// Makes room for one more: forgets outdated keys, and if that is not enough, any.
fn make_room<V>(known: &mut BTreeMap<String, V>, is_current: impl Fn(&V) -> bool) {
    if known.len() >= MAX_KEYS {
        known.retain(|_, value| is_current(value));
    }
    while known.len() >= MAX_KEYS {
        known.pop_first();
    }
}
