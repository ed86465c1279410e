//! Message authentication and encryption.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::storage_error::StorageError;

/// HMAC-SHA-256 (RFC 2104) of a message.
///
/// # Errors
/// None in practice: HMAC takes keys of any length.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Result<[u8; 32], StorageError> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key)
        .map_err(|error| StorageError::Internal(format!("HMAC refused its key: {error}")))?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::hmac_sha256;

    #[test]
    fn the_mac_is_that_of_rfc_4231() {
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?").unwrap();
        assert_eq!(
            base16ct::lower::encode_string(&mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
