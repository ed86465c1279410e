//! Cursors (RFC 9865): where a page ended, as text that is good for one query.
//!
//! The place is sealed (AES-SIV, RFC 5297): whoever changes a cursor, or takes it to another query, is found out, and
//! it does not show the rank, which counts the rows of all organizations. It is sealed with a secret of the client's
//! key, whose id is said before it, so that a client that has got a new key meanwhile can go on.

use aes_siv::KeyInit;
use aes_siv::siv::Aes128Siv;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{ScimError, json};

/// How long a cursor is good for, in seconds.
pub const TIMEOUT: u64 = 3600;

/// Between the id of the key and what is sealed.
const SEPARATOR: char = '-';

/// A place in a list: behind one of its resources, or before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Whether the page ends before the place instead of beginning behind it.
    pub backward: bool,
    /// The resource.
    pub position: Position,
}

/// A resource's place in the order of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// What the list is sorted by; `None` where the resource has no such value or the list is not sorted.
    pub key: Option<String>,
    /// Its rank in order of insertion, which settles ties.
    pub rank: i64,
}

/// What seals cursors, and opens them.
#[derive(Debug, Clone, Copy)]
pub struct Seal<'a> {
    /// The id of the key, which is no secret.
    pub id: &'a str,
    /// What only this service and the client know.
    pub secret: &'a str,
}

impl Cursor {
    /// The id of the key that a cursor was sealed with.
    pub fn sealed_by(text: &str) -> Option<&str> {
        text.split_once(SEPARATOR).map(|(id, _)| id)
    }

    /// The cursor as text.
    pub(crate) fn write(&self, seal: Seal<'_>, query: &str, now: u64) -> String {
        let Position { key, rank } = &self.position;
        let payload = vec![now.into(), self.backward.into(), key.as_deref().into(), (*rank).into()];
        let payload = json::write(&Value::Array(payload));
        // Sealing fails for texts of gigabytes only; no cursor of these is good.
        let sealed = seal.cipher().encrypt([query.as_bytes()], payload.as_bytes()).unwrap_or_default();
        format!("{}{SEPARATOR}{}", seal.id, Base64UrlUnpadded::encode_string(&sealed))
    }

    /// Reads a cursor.
    ///
    /// # Errors
    /// `invalidCursor` for one that was not made for this query or with another seal, `expiredCursor` after
    /// [`TIMEOUT`].
    pub(crate) fn read(text: &str, seal: Seal<'_>, query: &str, now: u64) -> Result<Self, ScimError> {
        let (made, cursor) = decode(text, seal, query).ok_or_else(Self::not_made_here)?;
        if made.abs_diff(now) > TIMEOUT {
            return Err(ScimError::expired_cursor(format!(
                "The cursor has expired; one is good for {TIMEOUT} seconds. Begin with the first page again."
            )));
        }
        Ok(cursor)
    }

    /// `invalidCursor`: it was not made for this query or with another seal.
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

/// When a cursor was made, and what it says.
fn decode(text: &str, seal: Seal<'_>, query: &str) -> Option<(u64, Cursor)> {
    let (id, sealed) = text.split_once(SEPARATOR)?;
    let sealed = Base64UrlUnpadded::decode_vec(sealed).ok().filter(|_| id == seal.id)?;
    let payload = seal.cipher().decrypt([query.as_bytes()], &sealed).ok()?;
    let payload = json::parse(&payload).ok()?;
    let [made, backward, key, rank] = payload.as_array()?.as_slice() else { return None };
    let position = Position { key: key.as_str().map(str::to_owned), rank: rank.as_i64()? };
    Some((made.as_u64()?, Cursor { backward: backward.as_bool()?, position }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        Cursor { backward: true, position: Position { key: Some("müller".to_owned()), rank: 4_503_599_627 } }
    }

    const SEAL: Seal<'static> = Seal { id: "KEY", secret: "secret" };

    #[test]
    fn what_is_written_is_read() {
        let text = cursor().write(SEAL, "[1]", 100);
        assert!(text.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character)));
        assert_eq!(Cursor::sealed_by(&text), Some("KEY"));
        assert_eq!(Cursor::read(&text, SEAL, "[1]", 100 + TIMEOUT).unwrap(), cursor());
        for other in [Seal { id: "OTHER", ..SEAL }, Seal { secret: "other", ..SEAL }] {
            assert!(Cursor::read(&text, other, "[1]", 100).is_err());
        }
    }

    #[test]
    fn a_cursor_does_not_show_where_it_stands() {
        let text = cursor().write(SEAL, "[1]", 100);
        let sealed = Base64UrlUnpadded::decode_vec(text.split_once(SEPARATOR).unwrap().1).unwrap();
        let holds = |part: &[u8]| sealed.windows(part.len()).any(|window| window == part);
        assert!(!holds(b"4503599627") && !holds("müller".as_bytes()) && !holds(b"100"));
    }

    #[test]
    fn every_changed_character_is_found_out() {
        let text = cursor().write(SEAL, "[1]", 100);
        for at in 0..text.len() {
            let changed: String = text
                .char_indices()
                .map(|(index, character)| match (index == at, character) {
                    (true, 'A') => 'B',
                    (true, _) => 'A',
                    (false, _) => character,
                })
                .collect();
            assert!(Cursor::read(&changed, SEAL, "[1]", 100).is_err(), "{at}");
        }
        for nonsense in ["", "a", "!", text.get(4..).unwrap(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(Cursor::read(nonsense, SEAL, "[1]", 100).is_err(), "{nonsense}");
        }
    }
}
