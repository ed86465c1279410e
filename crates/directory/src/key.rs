//! SCIM keys: `scim-`, a public id that tells the shard, 256 random bits, and a checksum. Product keys have another
//! prefix.
//!
//! NEVER CHANGE THE PREFIXES OR THE LENGTHS: secret scanners and the keys that are in use know them.

use base32ct::{Base32UpperUnpadded, Encoding};
use sha2::{Digest, Sha256};

use crate::shard::Shard;

/// What every SCIM key begins with.
pub const PREFIX: &str = "scim-";
/// What every product key begins with.
pub const PRODUCT_PREFIX: &str = "scimp-";

/// How many characters of its id may be shown of a key at any time.
pub const HINTED: usize = 4;

const ID_LENGTH: usize = 10;
const SECRET_LENGTH: usize = 52;
const CHECKSUM_LENGTH: usize = 7;
const BODY_LENGTH: usize = ID_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH;

/// How many random bytes a new key is made of: 7 for the public id, 32 for the secret.
pub const RANDOM_BYTES: usize = 39;

/// Why a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MalformedKey {
    /// It has the wrong length behind its prefix.
    Length {
        /// The length of each key.
        expected: usize,
        /// The length of the text, in characters.
        length: usize,
    },
    /// Its checksum does not match: it is mistyped.
    Checksum,
}

/// A well-formed key. Its text is shown to a person once; storage knows only [`Key::hash`].
pub struct Key {
    prefix: &'static str,
    text: String,
    hash: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Key({})", self.hint())
    }
}

impl Key {
    /// A new SCIM key of an organization in this shard, from random bytes.
    pub fn generate(shard: Shard, random: &[u8; RANDOM_BYTES]) -> Self {
        Self::generate_with(PREFIX, shard, random)
    }

    /// A new key with this prefix; see [`Self::generate`].
    pub fn generate_with(prefix: &'static str, shard: Shard, random: &[u8; RANDOM_BYTES]) -> Self {
        let (id, secret) = random.split_at(7);
        let mut text = prefix.to_owned();
        text.push_str(
            &shard.key_id(Base32UpperUnpadded::encode_string(id).get(..ID_LENGTH).unwrap_or_default()),
        );
        text.push_str(&Base32UpperUnpadded::encode_string(secret));
        let state = Sha256::new_with_prefix(&text);
        text.push_str(&checksum(&state));
        Self::of(prefix, text, state)
    }

    /// Reads the part of a SCIM key behind [`PREFIX`].
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(body: &str) -> Result<Self, MalformedKey> {
        Self::parse_with(PREFIX, body)
    }

    /// Reads the part of a key behind this prefix.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse_with(prefix: &'static str, body: &str) -> Result<Self, MalformedKey> {
        if body.len() != BODY_LENGTH {
            return Err(MalformedKey::Length { expected: BODY_LENGTH, length: body.chars().count() });
        }
        let text = format!("{prefix}{body}");
        let checked = text.len().saturating_sub(CHECKSUM_LENGTH);
        // The checksum is no secret, and the hint of a key that passes stands in the log.
        let is_plain = body.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let Some((payload, sum)) = text.split_at_checked(checked).filter(|_| is_plain) else {
            return Err(MalformedKey::Checksum);
        };
        let state = Sha256::new_with_prefix(payload);
        if checksum(&state) != sum {
            return Err(MalformedKey::Checksum);
        }
        Ok(Self::of(prefix, text, state))
    }

    /// The public id, by which the key is looked up.
    pub fn id(&self) -> &str {
        let from = self.prefix.len();
        self.text.get(from..from.saturating_add(ID_LENGTH)).unwrap_or_default()
    }

    /// Where the key's organization lies.
    pub fn shard(&self) -> Shard {
        Shard::of_key_id(self.id())
    }

    /// The key with this text; `state` has hashed it up to the checksum.
    fn of(prefix: &'static str, text: String, state: Sha256) -> Self {
        let checked = text.len().saturating_sub(CHECKSUM_LENGTH);
        let sum = text.as_bytes().get(checked..).unwrap_or_default();
        let hash = base16ct::lower::encode_string(&state.chain_update(sum).finalize());
        Self { prefix, text, hash }
    }

    /// What is stored: SHA-256 of the whole key, in hexadecimal. A key has 256 random bits, so that a fast
    /// hash is as good as a slow one.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What may be shown of the key at any time: `scim-G22A…`.
    pub fn hint(&self) -> String {
        hint_with(self.prefix, self.id())
    }

    /// The whole key, to be shown once.
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

/// What may be shown of the SCIM key with this id.
pub fn hint(id: &str) -> String {
    hint_with(PREFIX, id)
}

/// What may be shown of the key with this prefix and id.
pub fn hint_with(prefix: &str, id: &str) -> String {
    format!("{prefix}{}…", id.get(..HINTED).unwrap_or(id))
}

/// The checksum of what `state` has hashed.
fn checksum(state: &Sha256) -> String {
    let digest = state.clone().finalize();
    Base32UpperUnpadded::encode_string(&digest).get(..CHECKSUM_LENGTH).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        key_of(Shard::FIRST)
    }

    fn key_of(shard: Shard) -> Key {
        let mut random = [0_u8; RANDOM_BYTES];
        for (index, byte) in random.iter_mut().enumerate() {
            *byte = u8::try_from(index * 5 % 251).unwrap();
        }
        Key::generate(shard, &random)
    }

    fn read(text: &str) -> Result<Key, MalformedKey> {
        Key::parse(text.strip_prefix(PREFIX).unwrap())
    }

    #[test]
    fn a_malformed_key_is_refused_with_the_reason() {
        let length = |length| MalformedKey::Length { expected: BODY_LENGTH, length };
        let text = key().reveal().to_owned();
        assert_eq!(read(text.get(..40).unwrap()).unwrap_err(), length(35));
        assert_eq!(read(&text.replace('A', "B")).unwrap_err(), MalformedKey::Checksum);
        assert_eq!(read(&format!("scim-{}", "ü".repeat(40))).unwrap_err(), length(40));
        for other in ["\u{1b}[2J", "\u{9b}2J", "a@b."] {
            let payload = format!("{PREFIX}{other}{}", "A".repeat(ID_LENGTH + SECRET_LENGTH - other.len()));
            let text = format!("{payload}{}", checksum(&Sha256::new_with_prefix(&payload)));
            assert_eq!(read(&text).unwrap_err(), MalformedKey::Checksum, "{other:?}");
        }
    }

    #[test]
    fn nothing_but_the_hint_is_ever_printed() {
        let key = key();
        let printed = format!("{key:?}");
        assert_eq!(printed, format!("Key({})", key.hint()));
        assert_eq!(key.hint().chars().count(), "scim-G22A…".chars().count());
    }

    #[test]
    fn the_shape_of_a_key_never_changes() {
        for shard in Shard::all() {
            let key = key_of(shard);
            assert_eq!(key.reveal().len(), PREFIX.len() + 69);
            assert_eq!(key.id().len(), 10);
            assert_eq!(key.hash().len(), 64);
        }
    }

    #[test]
    fn the_encodings_are_those_of_rfc_4648() {
        let key = key();
        assert_eq!(
            key.reveal(),
            "scim-AACQUDYUDEEMUC2MRXHRAUMS2QKVNF6ZDJNZZXQ7MCQ6GJDFU3UCS2VL5UXG7AAWCKD2P"
        );
        assert_eq!(key.hash(), "2dfa860e00189bb2afa553d2ebeac55a4b3273f8bfd09c5238c58a29c04965a1");
    }

    #[test]
    fn a_product_key_is_no_scim_key() {
        let key = Key::generate_with(PRODUCT_PREFIX, Shard::FIRST, &[7; RANDOM_BYTES]);
        let body = key.reveal().strip_prefix(PRODUCT_PREFIX).unwrap();
        let read = Key::parse_with(PRODUCT_PREFIX, body).unwrap();
        assert_eq!((read.id(), read.hash(), read.hint()), (key.id(), key.hash(), key.hint()));
        assert!(key.hint().starts_with("scimp-") && key.id().len() == ID_LENGTH);
        assert_eq!(Key::parse(body).unwrap_err(), MalformedKey::Checksum);
        assert!(key.reveal().strip_prefix(PREFIX).is_none());
    }

    #[test]
    fn a_key_tells_its_shard_and_the_checksum_covers_it() {
        for shard in Shard::all() {
            let key = key_of(shard);
            let read = read(key.reveal()).unwrap();
            assert_eq!((read.shard(), read.hash()), (shard, key.hash()));
        }
        let text = key_of(Shard::new(1).unwrap()).reveal().replacen("0A", "0B", 1);
        assert!(read(&text).unwrap_err() == MalformedKey::Checksum);
    }
}
