//! Random bytes.

use crate::storage_error::StorageError;

/// Random bytes from the runtime's cryptographic generator.
///
/// # Errors
/// `StorageErrorKind::Internal` if the generator fails.
pub fn bytes<const N: usize>() -> Result<[u8; N], StorageError> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| StorageError::internal(format!("no random numbers: {error}")))?;
    Ok(bytes)
}
