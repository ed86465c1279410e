//! Values by their names.

use std::fmt;
use std::marker::PhantomData;

use litemap::LiteMap;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values by their names, in the order of the names: a JSON object whose names are data. (What `LiteMap` writes itself
/// is an array if there are none.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByName<V>(pub LiteMap<String, V>);

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self(LiteMap::new())
    }
}

impl<V> ByName<V> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V> From<Vec<(String, V)>> for ByName<V> {
    /// Of a name that comes twice, the last value counts.
    fn from(mut entries: Vec<(String, V)>) -> Self {
        // Inserted one by one, many entries of a request would take time with the square of their number.
        entries.sort_by_cached_key(|(name, _)| name.clone());
        entries.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            if is_same {
                std::mem::swap(next, kept);
            }
            is_same
        });
        Self(LiteMap::from_sorted_store_unchecked(entries))
    }
}

impl<V: Serialize> Serialize for ByName<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.0)
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for ByName<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for Entries<V> {
    type Value = ByName<V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut read: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = read.next_entry()? {
            entries.push(entry);
        }
        Ok(entries.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_each_is_there_once() {
        let named: ByName<i64> = serde_json::from_str(r#"{"b":1,"a":2,"b":3}"#).unwrap();
        assert_eq!(named.0.get("b"), Some(&3));
        assert_eq!(serde_json::to_string(&named).unwrap(), r#"{"a":2,"b":3}"#);
        let none = ByName::<i64>::default();
        assert_eq!(serde_json::to_string(&none).unwrap(), "{}");
        assert_eq!(serde_json::from_str::<ByName<i64>>("{}").unwrap(), none);
        assert!(serde_json::from_str::<ByName<i64>>("[]").is_err());
    }
}
