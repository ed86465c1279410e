//! A small memory of an isolate whose entries expire.

use litemap::LiteMap;

/// At most `MOST` values by key, each until it expires. All times are milliseconds since the epoch.
#[derive(Debug)]
pub(crate) struct ExpiringMap<V, const MOST: usize>(LiteMap<String, (u64, V)>);

impl<V, const MOST: usize> ExpiringMap<V, MOST> {
    pub(crate) const fn new() -> Self {
        Self(LiteMap::new())
    }

    /// The value of a key, unless it has expired.
    pub(crate) fn get(&self, key: &str, now: u64) -> Option<&V> {
        let (expires, value) = self.0.get(key)?;
        (*expires > now).then_some(value)
    }

    /// Sets the value of a key. A full map first drops the entries that have expired, and if that is not enough,
    /// others.
    pub(crate) fn insert(&mut self, key: &str, value: V, expires: u64, now: u64) {
        if self.0.len() >= MOST && !self.0.contains_key(key) {
            self.0.retain(|_, (expires, _)| *expires > now);
            while self.0.len() >= MOST
                && let Some(first) = self.0.first().map(|(key, _)| key.clone())
            {
                self.0.remove(&first);
            }
        }
        self.0.insert(key.to_owned(), (expires, value));
    }

    /// Drops a key.
    pub(crate) fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_expires() {
        let mut map = ExpiringMap::<_, 2>::new();
        map.insert("a", 1, 100, 0);
        assert_eq!((map.get("a", 99), map.get("a", 100), map.get("b", 0)), (Some(&1), None, None));
        map.insert("a", 2, 200, 100);
        assert_eq!(map.get("a", 100), Some(&2));
        map.remove("a");
        assert_eq!(map.get("a", 100), None);
    }

    #[test]
    fn a_full_map_keeps_what_has_not_expired_if_it_can() {
        let mut map = ExpiringMap::<_, 2>::new();
        map.insert("a", 1, 200, 0);
        map.insert("b", 2, 100, 0);
        map.insert("a", 3, 200, 0);
        assert_eq!(map.get("b", 0), Some(&2));
        map.insert("c", 4, 300, 150);
        assert_eq!((map.get("a", 150), map.get("c", 150)), (Some(&3), Some(&4)));
        map.insert("d", 5, 300, 150);
        assert_eq!(map.0.len(), 2);
        assert_eq!(map.get("d", 150), Some(&5));
    }
}
