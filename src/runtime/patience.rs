//! How long storage is waited for.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use worker::Delay;

use super::platform;
use crate::d1::StoreError;

/// How long a whole request may wait for the database, in milliseconds. Okta gives up after 60 seconds.
const WHOLE_REQUEST: u64 = 25_000;
/// What is waited before a batch is tried again that met a passing error, in milliseconds, and about as much again at
/// random: three times, and no longer than two seconds.
const PAUSES: [u64; 3] = [50, 200, 700];

/// Until when the database is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deadline {
    /// For all batches of a request together: milliseconds since the epoch.
    Request(u64),
    /// For each batch.
    Batch,
}

impl Deadline {
    /// That of a request that has just come.
    pub(crate) fn of_request() -> Self {
        Self::Request(platform::now_millis().saturating_add(WHOLE_REQUEST))
    }

    /// How much time there is for a batch.
    pub(crate) fn left(self) -> Duration {
        Duration::from_millis(match self {
            Self::Request(end) => end.saturating_sub(platform::now_millis()),
            Self::Batch => WHOLE_REQUEST,
        })
    }
}

/// What a future comes to, unless that takes longer.
pub(crate) async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    if time.is_zero() {
        return None;
    }
    match select(pin!(future), pin!(Delay::from(time))).await {
        Either::Left((outcome, _)) => Some(outcome),
        Either::Right(_) => None,
    }
}

/// Waits before a batch is tried again, unless it has been tried often enough.
///
/// # Errors
/// Internal, if there is no randomness.
pub(crate) async fn pause(tried: usize) -> Result<bool, StoreError> {
    let Some(least) = PAUSES.get(tried).copied() else { return Ok(false) };
    let [byte] = platform::random::<1>()?;
    let more = least.saturating_mul(u64::from(byte)) / 512;
    Delay::from(Duration::from_millis(least.saturating_add(more))).await;
    Ok(true)
}
