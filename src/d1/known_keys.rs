//! What an isolate remembers of SCIM keys for a while, so that whoever has none costs no storage, and whoever has a
//! good one costs no round trip to have a large body read. It never lets anybody in: that is decided in D1, with each
//! request.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::runtime::platform;
use directory::Key;
use scim_protocol::ScimError;

/// How long a key is known to have been good, in milliseconds.
const GOOD_FOR: u64 = 10 * 60 * 1000;
/// How long a key is refused without asking again, in milliseconds.
const REFUSED_FOR: u64 = 60 * 1000;
/// Most keys that are remembered of either kind.
const MOST: usize = 2_000;

thread_local! {
    static KEYS: RefCell<Keys> = const { RefCell::new(Keys { good: BTreeMap::new(), refused: BTreeMap::new() }) };
}

/// Keys by their hashes, which tell a key from another one with the same id, and until when something is known of them.
struct Keys {
    good: BTreeMap<String, u64>,
    refused: BTreeMap<String, (u64, ScimError)>,
}

/// Whether the key was found good a while ago.
pub fn is_good(key: &Key) -> bool {
    let now = platform::now_millis();
    KEYS.with_borrow(|keys| keys.good.get(key.hash()).is_some_and(|until| *until > now))
}

/// Why the key was refused a moment ago, if it was.
pub fn refusal(key: &Key) -> Option<ScimError> {
    let now = platform::now_millis();
    KEYS.with_borrow(|keys| {
        let (until, error) = keys.refused.get(key.hash())?;
        (*until > now).then(|| error.clone())
    })
}

/// Notes that the key is good: it was found so, or has just been made.
pub fn note_good(key: &Key) {
    let now = platform::now_millis();
    KEYS.with_borrow_mut(|keys| {
        keys.refused.remove(key.hash());
        make_room(&mut keys.good, |until| *until > now);
        keys.good.insert(key.hash().to_owned(), now.saturating_add(GOOD_FOR));
    });
}

/// Notes why the key is refused. That must be for good: that the database does not know it, or that it is dead.
pub fn note_refused(key: &Key, why: &ScimError) {
    let now = platform::now_millis();
    KEYS.with_borrow_mut(|keys| {
        keys.good.remove(key.hash());
        make_room(&mut keys.refused, |(until, _)| *until > now);
        keys.refused.insert(key.hash().to_owned(), (now.saturating_add(REFUSED_FOR), why.clone()));
    });
}

/// Forgets what is over, and if that is not enough, any.
fn make_room<V>(known: &mut BTreeMap<String, V>, is_current: impl Fn(&V) -> bool) {
    if known.len() >= MOST {
        known.retain(|_, value| is_current(value));
    }
    while known.len() >= MOST {
        known.pop_first();
    }
}
