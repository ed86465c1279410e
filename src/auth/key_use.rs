//! How often SCIM keys are used: what an isolate has counted and not yet written. D1 learns of it with the time of the
//! key's last use, at most every five minutes and after the answer, so that a request costs no more than without. What
//! is counted is lost with the isolate: the counts of keys are the least that there were.

use std::cell::RefCell;
use std::time::Duration;

use crate::d1::keys::KeyUse;
use crate::runtime::clock;
use crate::runtime::expiring::ExpiringMap;

/// How long after a response the use of its key is written, so that the requests of the same burst are counted with it.
/// The runtime lets work go on for 30 seconds after a response.
pub(crate) const WRITTEN_AFTER: Duration = Duration::from_secs(15);
/// For how long no other request writes it.
const CLAIMED_FOR: u64 = 60_000;
/// How long a count is kept, in milliseconds: it is of one day.
const KEPT_FOR: u64 = 24 * 60 * 60 * 1000;
/// Most keys whose requests are counted.
const MAX_KEYS: usize = 2_000;

thread_local! {
    static COUNTS: RefCell<ExpiringMap<Count, MAX_KEYS>> = const { RefCell::new(ExpiringMap::new()) };
}

/// What is known of a key and not yet written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Count {
    /// The day, in UTC, as in 2026-01-31.
    pub(crate) day: String,
    /// Requests of that day.
    pub(crate) requests: u64,
    /// The last use, which is about to be written.
    pub(crate) last: Option<KeyUse>,
    /// Until when no other request writes it, in milliseconds since the epoch.
    claimed_until: u64,
}

/// What is known of the key and not yet written.
pub(crate) fn unwritten(id: &str) -> Option<Count> {
    COUNTS.with_borrow(|counts| counts.get(id, clock::now_millis()).cloned())
}

/// Counts a request at that time (ISO 8601).
pub(crate) fn count(id: &str, at: &str) {
    let now = clock::now_millis();
    COUNTS.with_borrow_mut(|counts| change(counts, id, now, |count| count.add(at)));
}

/// Claims that this request writes the use of the key. `false`: another one is about to.
pub(crate) fn claim(used: &KeyUse) -> bool {
    let now = clock::now_millis();
    COUNTS.with_borrow_mut(|counts| change(counts, &used.id, now, |count| count.claim(used, now)))
}

/// How many requests are to be written with the use of the key: those of its day. They are not counted here any more.
pub(crate) fn take(used: &KeyUse) -> u64 {
    let now = clock::now_millis();
    COUNTS.with_borrow_mut(|counts| change(counts, &used.id, now, |count| count.take(used)))
}

fn change<T>(
    counts: &mut ExpiringMap<Count, MAX_KEYS>,
    id: &str,
    now: u64,
    change: impl FnOnce(&mut Count) -> T,
) -> T {
    let mut count = counts.get(id, now).cloned().unwrap_or_default();
    let result = change(&mut count);
    counts.insert(id, count, now.saturating_add(KEPT_FOR), now);
    result
}

impl Count {
    fn add(&mut self, at: &str) {
        let day = at.get(..10).unwrap_or(at);
        if self.day != day {
            day.clone_into(&mut self.day);
            self.requests = 0;
        }
        self.requests = self.requests.saturating_add(1);
    }

    fn claim(&mut self, used: &KeyUse, now: u64) -> bool {
        let is_free = self.claimed_until <= now;
        if is_free {
            self.claimed_until = now.saturating_add(CLAIMED_FOR);
            self.last = Some(used.clone());
        }
        is_free
    }

    fn take(&mut self, used: &KeyUse) -> u64 {
        self.claimed_until = 0;
        let is_of_day = !self.day.is_empty() && used.at.starts_with(&self.day);
        if is_of_day { std::mem::take(&mut self.requests) } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(at: &str) -> KeyUse {
        KeyUse {
            id: "A".to_owned(),
            hash: String::new(),
            at: at.to_owned(),
            country: None,
            network: None,
            answer: None,
        }
    }

    #[test]
    fn requests_are_written_once() {
        let mut count = Count::default();
        for second in 0..3 {
            count.add(&format!("2026-01-31T00:00:0{second}.000Z"));
        }
        let last = used("2026-01-31T00:00:00.000Z");
        assert!(count.claim(&last, 0));
        assert!(
            !count.claim(&used("2026-01-31T00:00:01.000Z"), 1_000),
            "another request is about to write it"
        );
        count.add("2026-01-31T00:00:04.000Z");
        assert_eq!((count.take(&last), count.take(&last)), (4, 0));
        assert!(count.claim(&last, 2_000));
        assert!(count.claim(&last, 2_000 + CLAIMED_FOR), "the one that was about to has not");
    }

    #[test]
    fn a_day_has_its_own_count() {
        let mut count = Count::default();
        count.add("2026-01-31T23:59:59.000Z");
        count.add("2026-02-01T00:00:00.000Z");
        assert_eq!(count.take(&used("2026-01-31T23:59:59.000Z")), 0);
        assert_eq!(count.take(&used("2026-02-01T00:00:00.000Z")), 1);
    }

    #[test]
    fn keys_are_counted_apart() {
        let mut counts = ExpiringMap::new();
        change(&mut counts, "A", 0, |count| count.add("2026-01-31T00:00:00.000Z"));
        change(&mut counts, "B", 0, |count| count.add("2026-01-31T00:00:00.000Z"));
        assert_eq!(counts.get("A", 0).map(|count| count.requests), Some(1));
        assert!(counts.get("A", KEPT_FOR).is_none());
    }
}
