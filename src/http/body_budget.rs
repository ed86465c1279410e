//! The memory of an isolate, which all requests in it share. WebAssembly's memory never shrinks again, and an isolate
//! with too much of it ends, with all that it is doing.

use std::cell::RefCell;

use crate::error::Limit;
use crate::runtime::clock;

/// Most bytes that the bodies of requests may take in an isolate at a time, as they are read and as they are kept.
pub(crate) const MOST: usize = 24 * 1024 * 1024;
/// From how many bytes on a body is large.
pub(crate) const LARGE: usize = 2 * 1024 * 1024;
/// Most large bodies at a time.
pub(crate) const MOST_LARGE: usize = 2;
/// A body this small is not counted.
const SMALL: usize = 64 * 1024;
/// After how many milliseconds a request is over, whatever became of it: the runtime drops requests whose clients have
/// gone without a word.
const OVER: u64 = 60_000;

thread_local! {
    static HELD: RefCell<Vec<Share>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone, Copy)]
struct Share {
    number: u64,
    /// Bytes of the body, as far as it has come.
    body: usize,
    /// Bytes that it takes, as it is and as values.
    bytes: usize,
    since: u64,
}

/// The memory that the body of one request takes, until this is dropped.
#[derive(Default)]
pub(crate) struct Held {
    number: Option<u64>,
}

impl Held {
    /// Notes that the body is that long, and takes so much memory.
    ///
    /// # Errors
    /// 429 where the isolate has not got that much.
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
            // What is alone may be as large as its own limits allow.
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
