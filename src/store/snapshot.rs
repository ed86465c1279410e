//! What keeps the pages of one list together that a client reads by position, in KV.
//!
//! An identity provider imports everybody page by page, and unassigns whoever it does not find. Counted from the start,
//! positions shift when somebody is deleted between two pages, and the next page begins too late. So the first page
//! of a list notes its total, the newest row and where the page ended; the second one notes where all other pages
//! end. From then on a page is the rows between two ends: it may have become shorter, but whoever stays is on the same page.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use worker::{KvStore, console_error};

use super::platform;
use crate::scim::list::Page;

/// How long a snapshot is kept, in seconds: longer than an import takes.
const LIFETIME: u64 = 6 * 60 * 60;
/// How long a list counts as being read after the last sign of it, in seconds.
const READING: u64 = 10 * 60;
/// After how many pages there is another sign.
const PAGES_BETWEEN_SIGNS: u64 = 50;
/// Most pages of a list that has a snapshot. Who reads more, and so smaller ones, pages by position alone.
const MAX_PAGES: u64 = 100_000;

/// A list at the time of its first page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// How many resources there are.
    pub total: u64,
    /// `seq` of the newest row there was. Whoever came later is in no page.
    pub newest: i64,
    /// `seq` of the last resource of each full page.
    ends: Vec<i64>,
    /// Whether `ends` has all, or that of the first page only.
    complete: bool,
}

/// Which rows are a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Behind this `seq`.
    pub after: i64,
    /// Up to this `seq`.
    pub through: i64,
    /// How many of them are skipped.
    pub offset: u64,
    /// Whether all of them are the page, also if there are more than were asked for: somebody may satisfy the filter
    /// who did not when the page was measured, and must push nobody out of it.
    pub whole: bool,
}

/// Most rows of a page that has grown so.
pub const MAX_GROWN: u32 = 1000;

impl Snapshot {
    /// After the first page, which ended with `end`.
    pub fn begin(total: u64, newest: i64, end: i64) -> Self {
        Self { total, newest, ends: vec![end], complete: false }
    }

    /// Behind which row it is not known yet where pages end.
    pub fn unknown_behind(&self) -> Option<i64> {
        self.ends.first().copied().filter(|_| !self.complete)
    }

    /// With the ends of all pages behind the first.
    pub fn complete(&mut self, ends: Vec<i64>) {
        self.ends.extend(ends);
        self.complete = true;
    }

    /// With rows that have come since, for a list that another client begins to read meanwhile: they fill up the last
    /// page and further ones, and no page begins elsewhere than before.
    pub fn extend(&mut self, count: u32, joined: &[i64]) {
        for seq in joined {
            self.total = self.total.saturating_add(1);
            self.newest = *seq;
            if self.total.is_multiple_of(u64::from(count)) {
                self.ends.push(*seq);
            }
        }
    }

    /// The rows of a page. A position that is no page's beginning is that of a client which goes on by the number of
    /// resources it got: it is counted from the beginning of the page before it.
    pub fn range(&self, page: Page) -> Range {
        let count = u64::from(page.count.max(1));
        let known = u64::try_from(self.ends.len()).unwrap_or(u64::MAX);
        let whole = (page.offset() / count).min(known);
        let end_of = |number: u64| {
            let index = usize::try_from(number.checked_sub(1)?).ok()?;
            self.ends.get(index).copied()
        };
        let offset = page.offset().saturating_sub(whole.saturating_mul(count));
        let end = if offset == 0 { end_of(whole.saturating_add(1)) } else { None };
        let is_whole = offset == 0 && (end.is_some() || self.complete);
        let after = end_of(whole).unwrap_or(0);
        Range { after, through: end.unwrap_or(self.newest), offset, whole: is_whole }
    }

    /// Whether a page is the last one.
    pub fn ends_with(&self, page: Page) -> bool {
        page.offset().saturating_add(u64::from(page.count)) >= self.total
    }
}

/// The snapshots of one list: of one key, one filter, one size of pages.
pub struct Snapshots<'a> {
    kv: &'a KvStore,
    name: String,
}

impl<'a> Snapshots<'a> {
    /// Those of the list that `list` describes in full: the key, the query, the size of its pages.
    pub fn of(kv: &'a KvStore, list: &str) -> Self {
        Self { kv, name: HEXLOWER.encode(&Sha256::digest(list)) }
    }

    /// Whether a list of that many pages has a snapshot.
    pub fn covers(total: u64, count: u32) -> bool {
        total > u64::from(count) && total / u64::from(count.max(1)) <= MAX_PAGES
    }

    /// Reads the snapshot. `None` if there is none, or KV does not answer: pages are then counted from the start.
    pub async fn read(&self) -> Option<Snapshot> {
        let read = self.kv.get(&format!("list:{}", self.name)).text().await;
        let text = read.unwrap_or_else(|error| {
            console_error!("a snapshot could not be read: {error}");
            None
        })?;
        serde_json::from_str(&text).ok()
    }

    /// Keeps the snapshot.
    pub async fn write(&self, snapshot: &Snapshot) {
        let text = serde_json::to_string(snapshot).unwrap_or_default();
        self.put(&format!("list:{}", self.name), text, LIFETIME).await;
    }

    /// Whether somebody has read beyond the first page and not to the end, not long ago. This has a name of its own:
    /// that of the snapshot is never asked for before it is written, since KV remembers what was not there.
    pub async fn is_being_read(&self) -> bool {
        matches!(self.kv.get(&format!("reading:{}", self.name)).text().await, Ok(Some(_)))
    }

    /// Leaves a sign that the list is being read, or that it has been read.
    pub async fn note(&self, snapshot: &Snapshot, page: Page, now_millis: u64) {
        let name = format!("reading:{}", self.name);
        if snapshot.ends_with(page) {
            if let Err(error) = self.kv.delete(&name).await {
                console_error!("a sign that a list is being read could not be removed: {error}");
            }
        } else if (page.offset() / u64::from(page.count.max(1))) % PAGES_BETWEEN_SIGNS == 1 {
            self.put(&name, platform::iso(now_millis), READING).await;
        }
    }

    async fn put(&self, name: &str, value: String, lifetime: u64) {
        let outcome = match self.kv.put(name, value) {
            Ok(put) => put.expiration_ttl(lifetime).execute().await,
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            console_error!("a snapshot could not be written: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(start_index: u64) -> Page {
        Page { start_index, count: 10 }
    }

    #[test]
    fn pages_lie_between_their_ends() {
        let mut snapshot = Snapshot::begin(35, 70, 20);
        let range = |snapshot: &Snapshot, start| {
            let Range { after, through, offset, whole } = snapshot.range(page(start));
            assert_eq!(whole, offset == 0 && snapshot.complete);
            (after, through, offset)
        };
        // As long as only the first end is known, the others are counted from there.
        assert_eq!(snapshot.unknown_behind(), Some(20));
        assert_eq!(range(&snapshot, 11), (20, 70, 0));
        assert_eq!(range(&snapshot, 21), (20, 70, 10));
        assert_eq!(range(&snapshot, 4), (0, 70, 3));
        snapshot.complete(vec![40, 60]);
        assert_eq!(snapshot.unknown_behind(), None);
        assert_eq!(range(&snapshot, 1), (0, 20, 0));
        assert_eq!(range(&snapshot, 11), (20, 40, 0));
        assert_eq!(range(&snapshot, 31), (60, 70, 0));
        assert_eq!(range(&snapshot, 41), (60, 70, 10));
        assert_eq!(range(&snapshot, 18), (20, 70, 7));
        assert!(snapshot.ends_with(page(31)) && !snapshot.ends_with(page(21)));
    }

    #[test]
    fn who_joins_meanwhile_fills_up_the_last_page() {
        let mut snapshot = Snapshot::begin(18, 36, 20);
        snapshot.complete(vec![]);
        snapshot.extend(10, &[37, 38, 39, 40]);
        assert_eq!((snapshot.total, snapshot.newest, snapshot.ends.clone()), (22, 40, vec![20, 38]));
        assert_eq!(snapshot.range(page(11)), Range { after: 20, through: 38, offset: 0, whole: true });
        assert_eq!(snapshot.range(page(21)), Range { after: 38, through: 40, offset: 0, whole: true });
    }

    #[test]
    fn only_lists_of_several_pages_have_one() {
        assert!(!Snapshots::covers(10, 10) && Snapshots::covers(11, 10) && !Snapshots::covers(1_000_000, 1));
    }
}
