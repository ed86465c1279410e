//! Time limits.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use worker::Delay;

use super::clock;

/// How long a whole request may wait for the database, in milliseconds. Okta gives up after 60 seconds.
pub(crate) const REQUEST_MILLIS: u64 = 25_000;

/// How long the database may take.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deadline {
    /// All batches of a request together: until this time, in milliseconds since the epoch.
    Request(u64),
    /// Each batch has the time of a whole request.
    Batch,
}

impl Deadline {
    /// The deadline of a request that begins now.
    pub(crate) fn of_request() -> Self {
        Self::Request(clock::now_millis().saturating_add(REQUEST_MILLIS))
    }

    /// The time that is left for the next batch.
    pub(crate) fn left(self) -> Duration {
        Duration::from_millis(match self {
            Self::Request(end) => end.saturating_sub(clock::now_millis()),
            Self::Batch => REQUEST_MILLIS,
        })
    }
}

/// The output of a future, or `None` if it takes longer than `limit`.
pub(crate) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    if limit.is_zero() {
        return None;
    }
    match select(pin!(future), pin!(Delay::from(limit))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}
