//! Cursors (RFC 9865): where a page ended, as text that is good for one query of one client.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{ScimError, json};

/// How long a cursor is good for, in seconds.
pub const TIMEOUT: u64 = 3600;

/// Bytes of the authentication code.
const CODE_LENGTH: usize = 16;

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

impl Cursor {
    /// The cursor as text, signed with a secret of the client's. It holds nothing secret itself, but whoever changes
    /// it, or takes it to another query or to another client, is found out.
    pub(super) fn write(&self, secret: &str, query: &str, now: u64) -> String {
        let Position { key, rank } = &self.position;
        let payload = vec![now.into(), self.backward.into(), key.as_deref().into(), (*rank).into()];
        let mut bytes = json::write(&Value::Array(payload)).into_bytes();
        bytes.extend(code(secret, query, &bytes).unwrap_or_default());
        Base64UrlUnpadded::encode_string(&bytes)
    }

    /// Reads a cursor.
    ///
    /// # Errors
    /// `invalidCursor` for one that was not made for this query and client, `expiredCursor` after [`TIMEOUT`].
    pub(super) fn read(text: &str, secret: &str, query: &str, now: u64) -> Result<Self, ScimError> {
        let (made, cursor) = decode(text, secret, query).ok_or_else(|| {
            ScimError::invalid_cursor(
                "The cursor was not made here, or not for this query. Send the same query with the cursor left blank to begin \
                 with the first page.",
            )
        })?;
        if made.abs_diff(now) > TIMEOUT {
            return Err(ScimError::expired_cursor(format!(
                "The cursor has expired; one is good for {TIMEOUT} seconds. Begin with the first page again."
            )));
        }
        Ok(cursor)
    }
}

/// When a cursor was made, and what it says.
fn decode(text: &str, secret: &str, query: &str) -> Option<(u64, Cursor)> {
    let bytes = Base64UrlUnpadded::decode_vec(text).ok()?;
    let (payload, presented) = bytes.split_at_checked(bytes.len().checked_sub(CODE_LENGTH)?)?;
    authenticator(secret, query, payload)?.verify_truncated_left(presented).ok()?;
    let payload = json::parse(payload).ok()?;
    let [made, backward, key, rank] = payload.as_array()?.as_slice() else { return None };
    let position = Position { key: key.as_str().map(str::to_owned), rank: rank.as_i64()? };
    Some((made.as_u64()?, Cursor { backward: backward.as_bool()?, position }))
}

fn code(secret: &str, query: &str, payload: &[u8]) -> Option<Vec<u8>> {
    let code = authenticator(secret, query, payload)?.finalize().into_bytes();
    code.get(..CODE_LENGTH).map(<[u8]>::to_vec)
}

fn authenticator(secret: &str, query: &str, payload: &[u8]) -> Option<Hmac<Sha256>> {
    let mut authenticator = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    // Both are JSON arrays, so that it is clear where the one ends and the other begins.
    authenticator.update(query.as_bytes());
    authenticator.update(payload);
    Some(authenticator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor() -> Cursor {
        Cursor { backward: true, position: Position { key: Some("müller".to_owned()), rank: 4_503_599_627 } }
    }

    #[test]
    fn what_is_written_is_read() {
        let text = cursor().write("key", "[1]", 100);
        assert!(text.chars().all(|character| character.is_ascii_alphanumeric() || "-_".contains(character)));
        assert_eq!(Cursor::read(&text, "key", "[1]", 100 + TIMEOUT).unwrap(), cursor());
    }

    #[test]
    fn every_changed_character_is_found_out() {
        let text = cursor().write("key", "[1]", 100);
        for at in 0..text.len() {
            let changed: String = text
                .char_indices()
                .map(|(index, character)| match (index == at, character) {
                    (true, 'A') => 'B',
                    (true, _) => 'A',
                    (false, _) => character,
                })
                .collect();
            assert!(Cursor::read(&changed, "key", "[1]", 100).is_err(), "{at}");
        }
        for nonsense in ["", "a", "!", text.get(4..).unwrap(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(Cursor::read(nonsense, "key", "[1]", 100).is_err(), "{nonsense}");
        }
    }
}
