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
