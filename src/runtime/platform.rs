//! Time and randomness, which only the runtime has.

use worker::Date;
use worker::js_sys;
use worker::wasm_bindgen::JsValue;

use crate::d1::StoreError;

/// Milliseconds since the epoch. In production the clock stands still between two waits for I/O.
pub fn now_millis() -> u64 {
    Date::now().as_millis()
}

/// A moment as it is stored: ISO 8601, UTC, milliseconds, so that text order is time order.
pub fn iso(millis: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 ms, which is 285,000 years")]
    let millis = millis as f64;
    js_sys::Date::new(&JsValue::from_f64(millis)).to_iso_string().into()
}

/// The milliseconds since the epoch of a moment as it is stored; 0 for what is none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is no number becomes 0")]
pub fn millis(iso: &str) -> u64 {
    js_sys::Date::parse(iso) as u64
}

/// Random bytes from the runtime's cryptographic generator.
///
/// # Errors
/// Internal, if the runtime has none to give.
pub fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| StoreError::Internal(format!("no random numbers: {error}")))?;
    Ok(bytes)
}

/// A new identifier: a random UUID (RFC 9562 §5.4).
///
/// # Errors
/// As [`random`].
pub fn new_id() -> Result<String, StoreError> {
    Ok(uuid::Builder::from_random_bytes(random()?).into_uuid().to_string())
}
