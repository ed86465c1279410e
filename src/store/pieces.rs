//! The members of groups, in pieces: one value may not exceed D1's 2 MB, one answer of D1 not what an isolate holds.
//!
//! A piece is the members whose place in order of insertion lies in one thousand, by which pieces are numbered. From each
//! piece the next is the one that the next member is in; SQLite then reads members as they lie, while grouping would
//! sort them first.

use std::collections::VecDeque;

use serde_json::Value;

use super::record::{self, pair};
use super::statement::{Binding, Statement, text};
use super::tenant::Tenant;
use super::{Database, Row, StoreError, Text};
use crate::scim::json;

/// How far apart in order of insertion the members of a piece may be.
pub(super) const PIECE: i64 = 1000;

/// Most pieces that are read at a time: some 20 MB.
const AT_ONCE: usize = 100;

/// A member as the client gets it. A name is cut at 200 characters, so that a piece stays below D1's 2 MB.
const MEMBER: &str = r#"'{"value":"' || u.id || '","$ref":"' || :base || '/Users/' || u.id || '","display":'
  || json_quote(substr(coalesce(u.doc ->> '$.displayName', u.doc ->> '$.userName'), 1, 200)) || ',"type":"User"}'"#;

/// Members of a piece, each as the client gets it.
fn objects() -> String {
    format!("group_concat({MEMBER}, ',')")
}

/// The `seq` of each member of a piece as an array, and the members.
pub(super) fn seqs_and_objects() -> String {
    format!("json_group_array(m.user_seq) || group_concat({MEMBER}, ',')")
}

/// What is selected of a group's piece, given the SQL of the group and of the piece's number.
pub(super) fn one(selected: &str, group: &str, number: &str) -> String {
    format!(
        "coalesce((
           SELECT {selected} FROM memberships m CROSS JOIN users u ON u.seq = m.user_seq
           WHERE m.group_seq = {group} AND m.user_seq >= {number} * {PIECE} AND m.user_seq < ({number} + 1) * {PIECE}
             AND u.managed = 1), '')"
    )
}

/// What is selected of all pieces, one group after another: as `head` the group and the number, as `body` what is selected.
/// `first` selects a place in the order of groups, a group, and the number of its first piece.
pub(super) fn all(selected: &str, first: &str) -> String {
    format!(
        "WITH RECURSIVE piece (place, group_seq, number) AS (
           {first}
           UNION ALL
           SELECT place, group_seq, {}
           FROM piece WHERE number IS NOT NULL ORDER BY 1, 3)
         SELECT json_array(group_seq, number) AS head, {} AS body FROM piece WHERE number IS NOT NULL",
        number_from("piece.group_seq", "piece.number + 1"),
        one(selected, "piece.group_seq", "piece.number")
    )
}

/// The first piece of the group that is named `:id`.
pub(super) fn of_group_with_id() -> String {
    first_pieces("g.org_id = :org AND g.id = :id")
}

fn first_pieces(groups: &str) -> String {
    format!("SELECT g.seq, g.seq, {} FROM groups g WHERE {groups}", number_from("g.seq", "0"))
}

/// The number of a group's first piece from a number on.
fn number_from(group: &str, number: &str) -> String {
    format!(
        "(SELECT min(m.user_seq) FROM memberships m WHERE m.group_seq = {group} AND m.user_seq >= ({number}) * {PIECE}) / {PIECE}"
    )
}

fn some(first: &str) -> String {
    format!("{} LIMIT {AT_ONCE}", all(&objects(), first))
}

/// Reads the members of one group; see [`Read::of`].
pub fn of_group(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(&some(&of_group_with_id()), &[text("id", id)])
}

/// Reads the members of the groups whose `seq` a statement selects; see [`Read::of`].
pub(super) fn of_groups(tenant: &Tenant<'_>, seqs: &str, bindings: &[Binding]) -> Statement {
    tenant.statement(&some(&first_pieces(&format!("g.seq IN ({seqs})"))), bindings)
}

/// A group's members: those that have been read, and whether there are more.
#[derive(Debug, Default)]
pub struct Pieces {
    /// As the client gets them; one is empty where SCIM sees none of its members.
    pub texts: Vec<Text>,
    /// What is still to be read.
    pub rest: Option<Place>,
}

impl Pieces {
    /// All there are.
    pub fn whole(texts: Vec<Text>) -> Self {
        Self { texts, rest: None }
    }
}

/// A piece: the `seq` of its group, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// `seq` of the group.
    pub group: i64,
    /// Number of the piece.
    pub number: i64,
}

fn place_of(row: &Row) -> Result<Place, StoreError> {
    record::read("a place", &row.head, |value| {
        let [group, number] = pair(value)?;
        Some(Place { group: group.as_i64()?, number: number.as_i64()? })
    })
}

/// What one statement has read of the members of groups.
#[derive(Debug, Default)]
pub struct Read {
    /// Of each group, in the order of `seq`; there are at most as many as pieces are read at a time.
    texts: Vec<(i64, Vec<Text>)>,
    /// The last piece, if there may be more.
    end: Option<Place>,
}

impl Read {
    /// Reads the rows of [`of_group`] or [`of_groups`].
    ///
    /// # Errors
    /// Our fault: a row is not what the statement selects.
    pub fn of(rows: Vec<Row>) -> Result<Self, StoreError> {
        let mut read = Self::default();
        let is_full = rows.len() >= AT_ONCE;
        for row in rows {
            let place = place_of(&row)?;
            match read.texts.last_mut().filter(|(group, _)| *group == place.group) {
                Some((_, texts)) => texts.push(row.body),
                None => read.texts.push((place.group, vec![row.body])),
            }
            read.end = is_full.then_some(place);
        }
        Ok(read)
    }

    /// Those of one group. Groups come in order of their `seq`.
    pub fn take(&mut self, group: i64) -> Pieces {
        let rest = self.end.filter(|end| end.group <= group).map(|end| Place {
            group,
            number: if end.group == group { end.number.saturating_add(1) } else { 0 },
        });
        let texts = self.texts.iter_mut().find(|(own, _)| *own == group);
        Pieces { texts: texts.map(|(_, texts)| std::mem::take(texts)).unwrap_or_default(), rest }
    }

    /// Those of the only group.
    pub fn only(mut self) -> Pieces {
        let group = self.texts.first().map(|(group, _)| *group);
        group.map(|group| self.take(group)).unwrap_or_default()
    }
}

/// Reads what is left of the members of groups, while the answer is on its way.
pub struct Reader {
    database: Database,
    tenant: Tenant<'static>,
    fetched: VecDeque<(Place, Text)>,
    /// Groups of which everything has been fetched.
    done: Vec<i64>,
}

impl Reader {
    /// A reader of what the tenant may see.
    pub fn new(database: Database, tenant: Tenant<'static>) -> Self {
        Self { database, tenant, fetched: VecDeque::new(), done: Vec::new() }
    }

    /// A group's first piece from a place on, with the place behind it; nothing where there is none. `others` is where to go
    /// on in other groups, which are read at the same time.
    ///
    /// # Errors
    /// What became of the storage; also when the key is no longer good.
    pub async fn next(
        &mut self,
        from: Place,
        others: impl Iterator<Item = Place>,
    ) -> Result<Option<(Place, Text)>, StoreError> {
        if self.fetched.is_empty() && !self.done.contains(&from.group) {
            self.fetch(from, others).await?;
        }
        if self.fetched.front().is_none_or(|(place, _)| place.group != from.group) {
            return Ok(None);
        }
        let behind = |place: Place| Place { number: place.number.saturating_add(1), ..place };
        Ok(self.fetched.pop_front().map(|(place, text)| (behind(place), text)))
    }

    async fn fetch(&mut self, from: Place, others: impl Iterator<Item = Place>) -> Result<(), StoreError> {
        let places: Vec<Place> = [from].into_iter().chain(others).collect();
        let first = format!(
            "SELECT j.key, g.seq, {} FROM json_each(:places) j CROSS JOIN groups g ON g.seq = j.value ->> 0 WHERE g.org_id = :org",
            number_from("g.seq", "j.value ->> 1")
        );
        let numbers: Vec<Value> = places.iter().map(|place| [place.group, place.number].into()).collect();
        let bindings = vec![text("places", json::write(&Value::from(numbers)))];
        let alive = self.tenant.statement("SELECT coalesce(:org, '') AS head", &[]);
        let statements = [alive, self.tenant.statement(&some(&first), &bindings)];
        let mut results = self.database.batch(&statements).await?.into_iter();
        // A key that has died meanwhile finds nobody, and a group must not seem to end there.
        if results.next().and_then(|rows| rows.into_iter().next()).is_none_or(|row| row.head.is_empty()) {
            return Err(StoreError::Unavailable("the key died while its answer was on its way".to_owned()));
        }
        let rows = results.next().unwrap_or_default();
        let is_full = rows.len() >= AT_ONCE;
        for row in rows {
            self.fetched.push_back((place_of(&row)?, row.body));
        }
        let last = self.fetched.back().filter(|_| is_full).map(|(place, _)| place.group);
        self.done.extend(places.iter().map(|place| place.group).take_while(|group| Some(*group) != last));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: impl Iterator<Item = (i64, i64)>) -> Read {
        let rows = pieces.map(|(group, number)| Row {
            head: format!("[{group},{number}]"),
            body: Text::Here(format!("{group}-{number}")),
        });
        Read::of(rows.collect()).unwrap()
    }

    #[test]
    fn what_was_not_read_is_known_to_be_missing() {
        let mut all = read([(1, 0), (1, 4), (3, 0)].into_iter());
        assert_eq!(all.take(1).texts.len(), 2);
        assert!(all.take(1).rest.is_none() && all.take(2).rest.is_none() && all.take(9).rest.is_none());
        let full = (0..AT_ONCE as i64 - 1).map(|number| (1, number)).chain([(5, 7)]);
        let mut some = read(full);
        assert!(some.take(1).rest.is_none() && some.take(4).rest.is_none());
        let last = some.take(5);
        assert_eq!((last.texts.len(), last.rest), (1, Some(Place { group: 5, number: 8 })));
        assert_eq!(some.take(6).rest, Some(Place { group: 6, number: 0 }));
        assert_eq!(read([(2, 3)].into_iter()).only().texts.len(), 1);
        assert!(read([].into_iter()).only().texts.is_empty());
    }
}
