//! The runtime's clock, and the form in which times are stored.

use chrono::{DateTime, SecondsFormat, Utc};
use worker::js_sys;

use crate::storage_error::StorageError;

/// Seconds of a day.
pub const DAY_SECONDS: u64 = 24 * 60 * 60;
/// Milliseconds of a day.
pub const DAY_MILLIS: u64 = DAY_SECONDS * 1000;

/// Milliseconds since the epoch. In production the clock stands still between two waits for I/O.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a whole number that is not negative"
)]
pub fn now_millis() -> u64 {
    js_sys::Date::now() as u64
}

/// A time as it is stored: ISO 8601, UTC, with milliseconds, so that text order is time order. A time that is too late
/// for the calendar, in 260,000 years, becomes its last one.
pub fn iso(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(DateTime::from_timestamp_millis);
    time.unwrap_or(DateTime::<Utc>::MAX_UTC).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The milliseconds since the epoch of a stored time.
///
/// # Errors
/// `StorageErrorKind::Internal` if the text is not a time after the epoch.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a finite number that is not negative"
)]
pub fn parse_iso(text: &str) -> Result<u64, StorageError> {
    let millis = js_sys::Date::parse(text);
    if millis.is_finite() && millis >= 0.0 {
        return Ok(millis as u64);
    }
    Err(StorageError::internal(format!("a stored time is not ISO 8601: {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_stored_with_milliseconds() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(951_782_400_007), "2000-02-29T00:00:00.007Z");
        assert_eq!(iso(1_767_225_599_999), "2025-12-31T23:59:59.999Z");
        assert!(iso(u64::MAX).starts_with('+'));
    }
}
