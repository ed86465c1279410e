//! The comparison of two imports, a part at a time: people are on pages in the order of their `seq`, but for those who
//! come once more, or became visible later, at the end of a list.

use super::types::imports::{DifferenceKind, ShownAs};
use crate::d1::StorageError;
use crate::d1::imports::kept::KeptPage;
use crate::d1::memberships::in_order;
use crate::kv::imports::Shown;

/// Most pages of both imports that are compared at once.
pub(crate) const MOST_PAGES: usize = 40;

/// The pages of a part, each with its number and who was on it.
pub(super) type Pages = Vec<(u64, Vec<Shown>)>;

/// A part of two imports that is compared at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// The greatest `seq` of the part.
    pub(super) end: i64,
    /// Whether nothing comes behind it.
    pub(super) is_last: bool,
    /// The numbers of the pages to read of the first import.
    pub(super) from: Vec<u64>,
    /// Of the second.
    pub(super) to: Vec<u64>,
}

/// The part that begins behind the `seq` `after`; `None` if nothing differs there. Pages that are the same in both
/// imports are left out, unless a page that differs may have some of the same people.
///
/// # Errors
/// Internal, if more than `most` pages have people of the same place.
pub(super) fn window(
    from: &[KeptPage],
    to: &[KeptPage],
    after: i64,
    most: usize,
) -> Result<Option<Window>, StorageError> {
    let is_in = |page: &KeptPage, pages: &[KeptPage]| {
        page.hash.is_some()
            && pages
                .iter()
                .any(|other| (other.first, other.last, &other.hash) == (page.first, page.last, &page.hash))
    };
    let behind = |page: &&KeptPage| page.rows > 0 && page.last > after;
    let differing = |own: &'_ [KeptPage], others: &[KeptPage]| -> Vec<KeptPage> {
        own.iter().filter(|page| page.rows > 0 && !is_in(page, others)).cloned().collect()
    };
    let unequal = [differing(from, to), differing(to, from)].concat();
    let overlaps =
        |page: &KeptPage| unequal.iter().any(|other| other.first <= page.last && page.first <= other.last);
    let pages = |own: &'_ [KeptPage]| -> Vec<KeptPage> {
        own.iter().filter(behind).filter(|page| overlaps(page)).cloned().collect()
    };
    let (from, to) = (pages(from), pages(to));
    let ends = in_order(from.iter().chain(&to).map(|page| page.last).collect());
    let (Some(&first), Some(&last)) = (ends.first(), ends.last()) else { return Ok(None) };
    let within = |end: i64| from.iter().chain(&to).filter(|page| page.first <= end).count();
    let end = ends.iter().rev().copied().find(|end| within(*end) <= MOST_PAGES).unwrap_or(first);
    if within(end) > most {
        return Err(StorageError::internal(format!(
            "{} pages of two imports have the same people",
            within(end)
        )));
    }
    let numbers = |pages: &[KeptPage]| -> Vec<u64> {
        pages.iter().filter(|page| page.first <= end).map(|page| page.number).collect()
    };
    Ok(Some(Window { end, is_last: end == last, from: numbers(&from), to: numbers(&to) }))
}

/// As what each person of a part was shown, with their id, in the order of `seq`.
pub(super) struct Side(Vec<(i64, String, ShownAs)>);

impl Side {
    /// The people behind `after` and up to `end`. Of a person who comes twice, the later page counts.
    pub(super) fn of(pages: Pages, after: i64, end: i64) -> Self {
        let mut people = Vec::new();
        for (page, shown) in pages {
            for Shown(seq, id, active, version) in shown {
                if seq > after && seq <= end {
                    people.push((seq, id, ShownAs { page, active: active == 1, version }));
                }
            }
        }
        people.reverse();
        people.sort_by_cached_key(|(seq, ..)| *seq);
        people.dedup_by_key(|(seq, ..)| *seq);
        Self(people)
    }

    fn find(&self, seq: i64) -> Option<&(i64, String, ShownAs)> {
        self.0.get(self.0.binary_search_by(|(own, ..)| own.cmp(&seq)).ok()?)
    }
}

/// A person whom two imports showed differently.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) seq: i64,
    pub(super) id: String,
    pub(super) kind: DifferenceKind,
    pub(super) from: Option<ShownAs>,
    pub(super) to: Option<ShownAs>,
}

/// The differences in the order of `seq`. On which page a person is makes none.
pub(super) fn compare(from: &Side, to: &Side) -> Vec<Difference> {
    let all = in_order(from.0.iter().chain(&to.0).map(|(seq, ..)| *seq).collect());
    let differences = all.into_iter().filter_map(|seq| {
        let (from, to) = (from.find(seq), to.find(seq));
        let (_, id, _) = from.or(to)?;
        let (from, to) = (from.map(|(.., shown)| shown), to.map(|(.., shown)| shown));
        let kind = match (from, to) {
            (None, _) => DifferenceKind::New,
            (_, None) => DifferenceKind::Gone,
            (Some(from), Some(to)) if (from.active, from.version) == (to.active, to.version) => return None,
            _ => DifferenceKind::Changed,
        };
        Some(Difference { seq, id: id.clone(), kind, from: from.cloned(), to: to.cloned() })
    });
    differences.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(number: u64, first: i64, last: i64, hash: &str) -> KeptPage {
        KeptPage { number, first, last, rows: 10, hash: Some(hash.to_owned()) }
    }

    #[test]
    fn equal_pages_are_not_read() {
        let from = [page(1, 1, 10, "a"), page(2, 11, 20, "b"), page(3, 21, 30, "c")];
        let to = [page(1, 1, 10, "a"), page(2, 11, 20, "x"), page(3, 21, 30, "c")];
        let found = window(&from, &to, 0, 100).unwrap();
        assert_eq!(found, Some(Window { end: 20, is_last: true, from: vec![2], to: vec![2] }));
        assert_eq!(window(&from, &from, 0, 100).unwrap(), None);
        assert_eq!(window(&from, &to, 20, 100).unwrap(), None);
    }

    #[test]
    fn an_equal_page_is_read_if_a_differing_one_may_have_its_people() {
        let from = [page(1, 1, 10, "a"), page(2, 11, 20, "b")];
        // The first people come once more on the last page.
        let to = [page(1, 1, 10, "a"), page(2, 1, 20, "x")];
        let found = window(&from, &to, 0, 100).unwrap();
        assert_eq!(found, Some(Window { end: 20, is_last: true, from: vec![1, 2], to: vec![1, 2] }));
    }

    #[test]
    fn a_part_has_a_bounded_number_of_pages() {
        let pages = |hash: &str| -> Vec<KeptPage> {
            (0..100)
                .map(|n| page(n + 1, n as i64 * 10 + 1, n as i64 * 10 + 10, &format!("{hash}{n}")))
                .collect()
        };
        let (from, to) = (pages("a"), pages("b"));
        let mut after = 0;
        for part in 1..=5 {
            let found = window(&from, &to, after, 100).unwrap().unwrap();
            assert_eq!((found.from.len(), found.to.len(), found.is_last), (20, 20, part == 5));
            after = found.end;
        }
        assert_eq!(window(&from, &to, after, 100).unwrap(), None);
    }

    #[test]
    fn people_are_new_gone_or_changed() {
        let side = |people: &[(i64, u8, i64)]| {
            let people =
                people.iter().map(|&(seq, active, version)| Shown(seq, format!("id{seq}"), active, version));
            Side::of(vec![(1, people.collect())], 0, 100)
        };
        let found = compare(
            &side(&[(1, 1, 1), (2, 1, 1), (3, 1, 1)]),
            &side(&[(2, 0, 2), (3, 1, 1), (101, 1, 1), (4, 1, 1)]),
        );
        let found: Vec<_> = found.into_iter().map(|difference| (difference.seq, difference.kind)).collect();
        assert_eq!(
            found,
            [(1, DifferenceKind::Gone), (2, DifferenceKind::Changed), (4, DifferenceKind::New)]
        );
    }
}
