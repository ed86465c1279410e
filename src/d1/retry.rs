//! Pauses before a batch is sent again.

use std::time::Duration;

use worker::Delay;

use crate::runtime::random;
use crate::storage_error::StorageError;

/// The least pause before each retry after a transient error, in milliseconds. Up to half as much again is added at
/// random; together they are no longer than two seconds.
pub(crate) const PAUSES: [u64; 3] = [50, 200, 700];

/// Waits before a batch is sent again that met a transient error. `retries` is how often it has been sent again.
/// Returns whether it is to be sent again at all.
///
/// # Errors
/// Internal, if there is no randomness.
pub(crate) async fn pause_before_retry(retries: usize) -> Result<bool, StorageError> {
    let Some(least) = PAUSES.get(retries).copied() else { return Ok(false) };
    let [byte] = random::bytes::<1>()?;
    let more = least.saturating_mul(u64::from(byte)) / 512;
    Delay::from(Duration::from_millis(least.saturating_add(more))).await;
    Ok(true)
}

/// Waits a random time, longer after each conflict, so that requests that collided do not collide again. `conflicts` is
/// how many there have been.
///
/// # Errors
/// Internal, if there is no randomness.
pub(crate) async fn backoff_with_jitter(conflicts: u64) -> Result<(), StorageError> {
    let [byte] = random::bytes::<1>()?;
    let millis = conflicts.saturating_mul(u64::from(byte) / 8);
    Delay::from(Duration::from_millis(millis)).await;
    Ok(())
}
