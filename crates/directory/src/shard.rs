//! Which of a deployment's databases an organization lies in, and how identifiers say so.
//!
//! An organization lies in one database, whole. Its id and the public ids of its SCIM keys carry the number of
//! that database, so that a request finds it without a look-up.
//!
//! NEVER CHANGE AN ENCODING: ids and keys that are in use have it.

/// How many characters of a key's public id stay random beside a shard number: 40 bits.
const RANDOM_LENGTH: usize = 8;

const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The digits that base 32 does not use: no random id has one.
const MARKS: &str = "0189";

/// Where a UUID has its version and the twelve bits after it, as four hexadecimal digits.
const VERSION: std::ops::Range<usize> = 14..18;

/// The number of one of a deployment's databases: 0 to 128.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard(u8);

impl Shard {
    /// The database that every deployment has.
    pub const FIRST: Self = Self(0);

    /// The highest number that a key's id has room for: four marks of 32 each.
    pub const LAST: u8 = 128;

    /// The shard of that number, if there can be one.
    pub fn new(number: u64) -> Option<Self> {
        u8::try_from(number).ok().filter(|number| *number <= Self::LAST).map(Self)
    }

    /// All there can be, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=Self::LAST).map(Self)
    }

    /// Its number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// The public id of a key of this shard, made of ten random characters of base 32. Those of shard 0 are the
    /// random characters; others end in a mark and a digit of base 32.
    pub fn key_id(self, random: &str) -> String {
        let Some(rank) = self.0.checked_sub(1).map(usize::from) else { return random.to_owned() };
        let ending = [MARKS.chars().nth(rank / 32), BASE32.chars().nth(rank % 32)];
        random.chars().take(RANDOM_LENGTH).chain(ending.into_iter().flatten()).collect()
    }

    /// The shard that a key's public id names; the first for an id that this service has not made.
    pub fn of_key_id(id: &str) -> Self {
        let mut ending = id.chars().skip(RANDOM_LENGTH);
        let mut rank_in =
            |digits: &str| ending.next().and_then(|digit| digits.chars().position(|own| own == digit));
        let (Some(mark), Some(digit)) = (rank_in(MARKS), rank_in(BASE32)) else { return Self::FIRST };
        u8::try_from(mark * 32 + digit + 1).map_or(Self::FIRST, Self)
    }

    /// The id of an organization of this shard, made of a random UUID. Those of shard 0 are that UUID; others are
    /// of version 8 (RFC 9562 §5.8), and the twelve bits after the version are the shard's number.
    pub fn organization_id(self, random: &str) -> String {
        match (random.get(..VERSION.start), random.get(VERSION.end..)) {
            (Some(before), Some(after)) if self != Self::FIRST => format!("{before}8{:03x}{after}", self.0),
            _ => random.to_owned(),
        }
    }

    /// The shard that an organization's id names, or none if there can be no such shard.
    pub fn of_organization_id(id: &str) -> Option<Self> {
        match id.get(VERSION).and_then(|digits| digits.strip_prefix('8')) {
            Some(number) => Self::new(u64::from_str_radix(number, 16).ok()?),
            None => Some(Self::FIRST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UUID: &str = "5f0c1c1e-8a1b-4b7e-9d3a-0123456789ab";

    #[test]
    fn every_shard_is_read_as_it_was_written() {
        assert_eq!(Shard::all().count(), 129);
        for shard in Shard::all() {
            let id = shard.key_id("ABCDEFGHIJ");
            assert_eq!((id.len(), Shard::of_key_id(&id)), (10, shard), "{id}");
            let id = shard.organization_id(UUID);
            assert_eq!((id.len(), Shard::of_organization_id(&id)), (36, Some(shard)), "{id}");
            assert_eq!(Shard::new(shard.number().into()), Some(shard));
        }
        assert_eq!(Shard::new(129), None);
    }

    #[test]
    fn the_encodings_never_change() {
        let ids = [0, 1, 32, 33, 64, 65, 128].map(|number| {
            let shard = Shard::new(number).unwrap();
            (shard.key_id("ABCDEFGHIJ"), shard.organization_id(UUID))
        });
        let expected = [
            ("ABCDEFGHIJ", UUID),
            ("ABCDEFGH0A", "5f0c1c1e-8a1b-8001-9d3a-0123456789ab"),
            ("ABCDEFGH07", "5f0c1c1e-8a1b-8020-9d3a-0123456789ab"),
            ("ABCDEFGH1A", "5f0c1c1e-8a1b-8021-9d3a-0123456789ab"),
            ("ABCDEFGH17", "5f0c1c1e-8a1b-8040-9d3a-0123456789ab"),
            ("ABCDEFGH8A", "5f0c1c1e-8a1b-8041-9d3a-0123456789ab"),
            ("ABCDEFGH97", "5f0c1c1e-8a1b-8080-9d3a-0123456789ab"),
        ];
        assert_eq!(ids, expected.map(|(key, organization)| (key.to_owned(), organization.to_owned())));
    }

    #[test]
    fn made_up_ids_name_no_shard_that_cannot_exist() {
        for id in
            ["", "ABCDEFGH", "ABCDEFGH0", "ABCDEFGH0a", "ABCDEFGH00", "ABCDEFGHA0", "0A0A0A0AAA", "üüüüü"]
        {
            assert_eq!(Shard::of_key_id(id), Shard::FIRST, "{id}");
        }
        for id in ["", "none", "8001", "üüüüüüüüüüüüüüüüüüüü"] {
            assert_eq!(Shard::of_organization_id(id), Some(Shard::FIRST), "{id}");
        }
        for digits in ["8081", "8fff", "8xyz"] {
            assert_eq!(Shard::of_organization_id(&UUID.replace("4b7e", digits)), None, "{digits}");
        }
    }

    proptest! {
        #[test]
        fn no_random_id_is_read_as_of_another_shard(
            key in "[A-Z2-7]{10}",
            organization in "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        ) {
            prop_assert_eq!(Shard::of_key_id(&key), Shard::FIRST);
            prop_assert_eq!(Shard::of_organization_id(&organization), Some(Shard::FIRST));
        }
    }
}
