//! Message authentication and encryption.

use aes_siv::KeyInit;
use aes_siv::siv::Aes128Siv;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::storage_error::StorageError;

/// HMAC-SHA-256 (RFC 2104) of a message.
///
/// # Errors
/// None in practice: HMAC takes keys of any length.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Result<[u8; 32], StorageError> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key)
        .map_err(|error| StorageError::internal(format!("HMAC refused its key: {error}")))?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().into())
}

/// Encrypts and authenticates a message (AES-SIV, RFC 5297). There is no nonce: a key is for one message.
///
/// # Errors
/// For messages of gigabytes.
pub(crate) fn encrypt(key: &[u8; 32], message: &[u8]) -> Result<Vec<u8>, StorageError> {
    Aes128Siv::new(key.into())
        .encrypt([[0_u8; 0]; 0], message)
        .map_err(|_| StorageError::internal("a message could not be encrypted".to_owned()))
}

/// The message that [`encrypt`] has encrypted with this key; `None` for any other text.
pub(crate) fn decrypt(key: &[u8; 32], ciphertext: &[u8]) -> Option<Vec<u8>> {
    Aes128Siv::new(key.into()).decrypt([[0_u8; 0]; 0], ciphertext).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_opens_what_it_encrypted() {
        let sealed = encrypt(&[1; 32], b"scim-key").unwrap();
        assert_eq!(decrypt(&[1; 32], &sealed).as_deref(), Some(&b"scim-key"[..]));
        assert_eq!(decrypt(&[2; 32], &sealed), None);
        assert_eq!(decrypt(&[1; 32], sealed.get(1..).unwrap()), None);
        assert_eq!(decrypt(&[1; 32], b""), None);
    }

    #[test]
    fn the_mac_is_that_of_rfc_4231() {
        let mac = hmac_sha256(b"Jefe", b"what do ya want for nothing?").unwrap();
        assert_eq!(
            base16ct::lower::encode_string(&mac),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
