//! Identifiers.

use super::random;
use crate::storage_error::StorageError;

/// A new identifier: a random UUID (RFC 9562 §5.4).
///
/// # Errors
/// As [`random::bytes`].
pub fn new_id() -> Result<String, StorageError> {
    Ok(uuid::Builder::from_random_bytes(random::bytes()?).into_uuid().to_string())
}

/// The id of a request that did not come through Cloudflare's network, in the form of a Ray ID.
///
/// # Errors
/// As [`random::bytes`].
pub fn ray_id() -> Result<String, StorageError> {
    Ok(format!("{:016x}", u64::from_ne_bytes(random::bytes()?)))
}

/// The random end of the id of a request's entry in the log, which distinguishes it from those of the same time.
///
/// # Errors
/// As [`random::bytes`].
pub fn request_id() -> Result<String, StorageError> {
    let random = u32::from_ne_bytes(random::bytes()?);
    Ok(format!("{random:08x}"))
}
