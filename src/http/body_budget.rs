//! The budget for request bodies in the memory of an isolate, which all its requests share. The memory of WebAssembly
//! never shrinks, and the runtime ends an isolate that has too much, with all its requests.

use std::cell::RefCell;

use crate::error::Limit;
use crate::runtime::clock;

/// Most bytes that request bodies may take in an isolate at a time, both as text and as values.
pub(crate) const MOST: usize = 24 * 1024 * 1024;
/// Bodies of more bytes are large.
pub(crate) const LARGE: usize = 2 * 1024 * 1024;
/// Most large bodies at a time.
pub(crate) const MOST_LARGE: usize = 2;
/// Bodies up to this many bytes are not counted.
pub(crate) const SMALL: usize = 64 * 1024;
/// After how many milliseconds the share of a request ends: the runtime drops requests whose clients have disconnected,
/// and does not run their destructors.
const OVER: u64 = 60_000;

thread_local! {
    static HELD: RefCell<Vec<Share>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone, Copy)]
struct Share {
    number: u64,
    /// Bytes of the body that have been read.
    body: usize,
    /// Bytes that it takes, as text and as values.
    bytes: usize,
    since: u64,
}

/// The memory that the body of one request takes. Dropping it returns the memory to the budget.
#[derive(Default)]
pub(crate) struct Held {
    number: Option<u64>,
}

impl Held {
    /// Sets how long the body is, and how many bytes of memory it takes.
    ///
    /// # Errors
    /// 429 if that is more than is left.
    pub(crate) fn grow(&mut self, body: usize, bytes: usize) -> Result<(), Limit> {
        if body.max(bytes) <= SMALL {
            return Ok(());
        }
        let now = clock::now_millis();
        HELD.with_borrow_mut(|held| {
            held.retain(|share| now.saturating_sub(share.since) < OVER);
            let number = *self.number.get_or_insert_with(|| {
                held.iter().map(|share| share.number).max().unwrap_or(0).saturating_add(1)
            });
            let others = || held.iter().filter(|share| share.number != number);
            let taken = others().fold(0_usize, |sum, share| sum.saturating_add(share.bytes));
            // A body that is alone may be as large as its own limits allow.
            let is_too_much = others().next().is_some() && taken.saturating_add(bytes) > MOST;
            let large = others().filter(|share| share.body > LARGE).count();
            if is_too_much || (body > LARGE && large >= MOST_LARGE) {
                held.retain(|share| share.number != number);
                return Err(Limit::LargeBodies);
            }
            let share = Share { number, body, bytes, since: now };
            match held.iter_mut().find(|share| share.number == number) {
                Some(own) => *own = share,
                None => held.push(share),
            }
            Ok(())
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            HELD.with_borrow_mut(|held| held.retain(|share| share.number != number));
        }
    }
}
