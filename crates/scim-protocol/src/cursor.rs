//! Cursors (RFC 9865): where a page ended, as text that is valid for one query.
//!
//! The position is encrypted and authenticated (AES-SIV, RFC 5297). A cursor that was changed, or is used with another
//! query, is refused, and it does not reveal the position. The id of the key that it is sealed with stands before it in
//! plain text, so that a provider can still open the cursors of a client whose key was replaced.

use std::fmt;

use aes_siv::KeyInit;
use aes_siv::siv::Aes128Siv;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::ScimError;

/// Between the id of the key and the sealed position.
const SEPARATOR: char = '-';

/// Where a page begins or ends: after or before one of the list's resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page ends before the position, instead of beginning after it.
    pub backward: bool,
    /// The position of the resource.
    pub position: Position,
}

/// A resource's place in the order of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The resource's value of the attribute that the list is sorted by; `None` if it has none or the list is not
    /// sorted.
    pub key: Option<String>,
    /// The resource's rank in order of insertion, which decides between equal keys.
    pub rank: i64,
}

/// The key that cursors are sealed with.
#[derive(Clone, Copy)]
pub struct Seal<'a> {
    /// The key's id, which is not secret and does not contain a hyphen.
    pub id: &'a str,
    /// The key's secret. The encryption key is its SHA-256 hash with a prefix, so that it should have at least 128 bits
    /// of entropy.
    pub secret: &'a str,
}

impl fmt::Debug for Seal<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Seal").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Cursor {
    /// The id of the key that a cursor was sealed with.
    pub fn sealed_by(text: &str) -> Option<&str> {
        text.split_once(SEPARATOR).map(|(id, _)| id)
    }

    /// The cursor as text, for the query with this fingerprint. `now` is in seconds since the epoch.
    ///
    /// # Errors
    /// 500 if it cannot be encrypted.
    pub(crate) fn write(&self, seal: Seal<'_>, query: &str, now: u64) -> Result<String, ScimError> {
        let Position { key, rank } = &self.position;
        let payload = json!([now, self.backward, key, rank]).to_string();
        let sealed = seal.cipher().encrypt([query.as_bytes()], payload.as_bytes());
        // Encryption fails only for gigabytes of text.
        let sealed = sealed.map_err(|_| ScimError::internal())?;
        Ok(format!("{}{SEPARATOR}{}", seal.id, Base64UrlUnpadded::encode_string(&sealed)))
    }

    /// Reads a cursor.
    ///
    /// # Errors
    /// `invalidCursor` if it was made for another query or with another seal, `expiredCursor` if it is older than
    /// `timeout` seconds.
    pub(crate) fn read(
        text: &str,
        seal: Seal<'_>,
        query: &str,
        now: u64,
        timeout: u64,
    ) -> Result<Self, ScimError> {
        let (made, cursor) = decode(text, seal, query).ok_or_else(Self::not_made_here)?;
        if made.abs_diff(now) > timeout {
            return Err(ScimError::expired_cursor(format!(
                "The cursor has expired; it was valid for {timeout} seconds. Begin with the first page again."
            )));
        }
        Ok(cursor)
    }

    /// `invalidCursor`: the cursor was not made by this provider, or not for this query.
    pub fn not_made_here() -> ScimError {
        ScimError::invalid_cursor(
            "The cursor was not made here, or not for this query. Send the same query with the cursor left blank to \
             begin with the first page.",
        )
    }
}

impl Seal<'_> {
    fn cipher(self) -> Aes128Siv {
        let key = Sha256::new().chain_update("cursor of ").chain_update(self.secret).finalize();
        Aes128Siv::new(&key)
    }
}

/// The time at which a cursor was made, and the cursor.
fn decode(text: &str, seal: Seal<'_>, query: &str) -> Option<(u64, Cursor)> {
    let (id, sealed) = text.split_once(SEPARATOR)?;
    let sealed = Base64UrlUnpadded::decode_vec(sealed).ok().filter(|_| id == seal.id)?;
    let payload = seal.cipher().decrypt([query.as_bytes()], &sealed).ok()?;
    let (made, backward, key, rank) = serde_json::from_slice(&payload).ok()?;
    Some((made, Cursor { backward, position: Position { key, rank } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        Cursor { backward: true, position: Position { key: Some("müller".to_owned()), rank: 4_503_599_627 } }
    }

    const TIMEOUT: u64 = 3600;
    const SEAL: Seal<'static> = Seal { id: "KEY", secret: "secret" };

    #[test]
    fn what_is_written_is_read() {
        let text = cursor().write(SEAL, "[1]", 100).unwrap();
        assert!(text.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character)));
        assert_eq!(Cursor::sealed_by(&text), Some("KEY"));
        assert_eq!(Cursor::read(&text, SEAL, "[1]", 100 + TIMEOUT, TIMEOUT).unwrap(), cursor());
        for other in [Seal { id: "OTHER", ..SEAL }, Seal { secret: "other", ..SEAL }] {
            assert!(Cursor::read(&text, other, "[1]", 100, TIMEOUT).is_err());
        }
    }

    #[test]
    fn a_cursor_does_not_show_where_it_stands() {
        let text = cursor().write(SEAL, "[1]", 100).unwrap();
        let sealed = Base64UrlUnpadded::decode_vec(text.split_once(SEPARATOR).unwrap().1).unwrap();
        let holds = |part: &[u8]| sealed.windows(part.len()).any(|window| window == part);
        assert!(!holds(b"4503599627") && !holds("müller".as_bytes()) && !holds(b"100"));
    }

    #[test]
    fn every_changed_character_is_found_out() {
        let text = cursor().write(SEAL, "[1]", 100).unwrap();
        for at in 0..text.len() {
            let changed: String = text
                .char_indices()
                .map(|(index, character)| match (index == at, character) {
                    (true, 'A') => 'B',
                    (true, _) => 'A',
                    (false, _) => character,
                })
                .collect();
            assert!(Cursor::read(&changed, SEAL, "[1]", 100, TIMEOUT).is_err(), "{at}");
        }
        for nonsense in ["", "a", "!", text.get(4..).unwrap(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(Cursor::read(nonsense, SEAL, "[1]", 100, TIMEOUT).is_err(), "{nonsense}");
        }
    }
}
