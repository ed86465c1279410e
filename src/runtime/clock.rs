//! The runtime's clock, and the form in which times are stored.

use worker::Date;
use worker::js_sys;
use worker::wasm_bindgen::JsValue;

use crate::storage_error::StorageError;

/// Milliseconds since the epoch. In production the clock stands still between two waits for I/O.
pub fn now_millis() -> u64 {
    Date::now().as_millis()
}

/// A time as it is stored: ISO 8601, UTC, with milliseconds, so that text order is time order.
pub fn iso(millis: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 ms, which is 285,000 years")]
    let millis = millis as f64;
    js_sys::Date::new(&JsValue::from_f64(millis)).to_iso_string().into()
}

/// The milliseconds since the epoch of a stored time.
///
/// # Errors
/// [`StorageError::Internal`] if the text is not a time after the epoch.
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
    Err(StorageError::Internal(format!("a stored time is not ISO 8601: {text:?}")))
}
