//! Cursors of the feed: behind which event a consumer goes on, signed with the organization's secret. A cursor also has
//! the time of its event, so that one of a database that was restored to an older state is found out.

use base64ct::{Base64UrlUnpadded, Encoding};
use subtle::ConstantTimeEq;

use crate::d1::StorageError;
use crate::error::{ErrorCode, ProtocolCode};
use crate::http::Problem;
use crate::runtime::{clock, crypto};

/// How many bytes of the signature a cursor has.
const MAC: usize = 16;
/// How many bytes the signed part has.
const SIGNED: usize = 16;

/// A cursor whose signature is not verified yet.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    /// The sequence number of the event.
    pub(crate) seq: i64,
    /// Its time, in milliseconds since the epoch.
    pub(crate) millis: u64,
    mac: [u8; MAC],
}

impl Cursor {
    /// Reads a cursor.
    ///
    /// # Errors
    /// 400 for any other text.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let read = || {
            let bytes = Base64UrlUnpadded::decode_vec(text).ok()?;
            let (seq, rest) = bytes.split_first_chunk::<8>()?;
            let (millis, mac) = rest.split_first_chunk::<8>()?;
            let (seq, millis) = (i64::from_be_bytes(*seq), u64::from_be_bytes(*millis));
            Some(Self { seq, millis, mac: mac.try_into().ok()? })
        };
        read().ok_or_else(invalid)
    }

    /// Verifies the signature.
    ///
    /// # Errors
    /// 400 for a cursor that was not made with this secret.
    pub(crate) fn verify(&self, secret: &str) -> Result<(), Problem> {
        let expected = mac(secret, &signed(self.seq, self.millis))?;
        if bool::from(expected.ct_eq(&self.mac)) { Ok(()) } else { Err(invalid()) }
    }
}

/// The cursor behind the event with this sequence number and time.
///
/// # Errors
/// Internal, if the time is none.
pub(crate) fn write(secret: &str, seq: i64, at: &str) -> Result<String, StorageError> {
    let signed = signed(seq, clock::parse_iso(at)?);
    let mac = mac(secret, &signed)?;
    Ok(Base64UrlUnpadded::encode_string(&[signed, mac].concat()))
}

fn signed(seq: i64, millis: u64) -> [u8; SIGNED] {
    let mut bytes = [0; SIGNED];
    let (first, second) = bytes.split_at_mut(8);
    first.copy_from_slice(&seq.to_be_bytes());
    second.copy_from_slice(&millis.to_be_bytes());
    bytes
}

fn mac(secret: &str, signed: &[u8]) -> Result<[u8; MAC], StorageError> {
    let mut message = b"cursor of the feed\n".to_vec();
    message.extend_from_slice(signed);
    let whole = crypto::hmac_sha256(secret.as_bytes(), &message)?;
    whole.first_chunk().copied().ok_or_else(|| StorageError::internal("a signature is too short".to_owned()))
}

fn invalid() -> Problem {
    Problem::new(
        400,
        "The cursor was not made here, or not for this organization. Go on with the cursor of the last answer, or read \
         the snapshot.",
    )
    .because(ErrorCode::Protocol(ProtocolCode::InvalidCursor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(secret: &str, seq: i64, millis: u64) -> String {
        let signed = signed(seq, millis);
        Base64UrlUnpadded::encode_string(&[signed, mac(secret, &signed).unwrap()].concat())
    }

    #[test]
    fn what_is_written_is_read() {
        let cursor = Cursor::parse(&text("secret", 4_503, 1_767_225_600_000)).unwrap();
        assert_eq!((cursor.seq, cursor.millis), (4_503, 1_767_225_600_000));
        cursor.verify("secret").unwrap();
        assert_eq!(cursor.verify("other").unwrap_err().code.as_str(), "invalid_cursor");
    }

    #[test]
    fn every_changed_character_is_found_out() {
        let good = text("secret", 7, 1_767_225_600_000);
        for at in 0..good.len() {
            let other = if good.as_bytes().get(at) == Some(&b'A') { "B" } else { "A" };
            let mut changed = good.clone();
            changed.replace_range(at..=at, other);
            let read = Cursor::parse(&changed).and_then(|cursor| cursor.verify("secret"));
            assert_eq!(read.unwrap_err().status, 400, "{at}");
        }
        for nonsense in ["", "A", "!", good.get(4..).unwrap(), &format!("{good}AAAA")] {
            assert_eq!(Cursor::parse(nonsense).unwrap_err().status, 400, "{nonsense}");
        }
    }
}
