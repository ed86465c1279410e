//! All members of a group, as they are read to be replaced.

use serde_json::Value;

use super::memberships::{Difference, Known, in_order};
use super::pieces::{self, Pieces};
use super::record;
use super::statement::{Statement, text};
use super::tenant::Tenant;
use super::{Row, StoreError, Text};
use scim_protocol::json;

/// The members of a group, in pieces in order of insertion.
#[derive(Debug, Default)]
pub struct Members(Vec<Piece>);

#[derive(Debug)]
struct Piece {
    /// `seq` of the last member.
    last: i64,
    seqs: Vec<i64>,
    objects: Text,
}

impl Members {
    /// Reads the rows of [`current`] or [`again`].
    ///
    /// # Errors
    /// Our fault: a row is not what the statement selects.
    pub fn read(rows: Vec<Row>) -> Result<Self, StoreError> {
        let pieces = rows.into_iter().map(|row| {
            let [_, last] = pieces::group_and_last(&row)?;
            let (seqs, objects) = row.body.split_after(']');
            Ok(Piece { last, seqs: record::read_integers("members", &seqs)?, objects })
        });
        Ok(Self(pieces.collect::<Result<_, StoreError>>()?))
    }

    /// What is to be done to have those who are wanted in the group, and nobody else.
    pub fn difference(&self, wanted: Known) -> Difference {
        let Known { active, inactive, .. } = wanted;
        let wanted = in_order(active);
        let is_member = |seq: &i64| {
            let piece = self.0.get(self.0.partition_point(|piece| piece.last < *seq));
            piece.is_some_and(|piece| piece.seqs.binary_search(seq).is_ok())
        };
        let current = self.0.iter().flat_map(|piece| &piece.seqs).copied();
        Difference {
            leave: current.filter(|seq| wanted.binary_search(seq).is_err()).collect(),
            join: wanted.iter().copied().filter(|seq| !is_member(seq)).collect(),
            inactive,
            ..Difference::default()
        }
    }

    /// Which pieces a difference touches. Whoever joins behind the last one touches that.
    fn touched(&self, difference: &Difference) -> Vec<usize> {
        let last = self.0.len().saturating_sub(1);
        let piece_of = |seq: &i64| self.0.partition_point(|piece| piece.last < *seq).min(last);
        in_order(difference.join.iter().chain(&difference.leave).map(piece_of).collect())
    }

    /// The members after a difference has been written, given those of the pieces that it touches as they are then.
    pub fn changed(self, difference: &Difference, now: Self) -> Self {
        let touched = self.touched(difference);
        let kept = self.0.into_iter().enumerate().filter(|(at, _)| touched.binary_search(at).is_err());
        let mut pieces: Vec<Piece> = kept.map(|(_, piece)| piece).chain(now.0).collect();
        pieces.sort_by_key(|piece| piece.last);
        Self(pieces)
    }

    /// As the client gets them, in pieces.
    pub fn into_pieces(self) -> Pieces {
        Pieces::whole(self.0.into_iter().map(|piece| piece.objects).collect())
    }
}

/// Reads the members of one group with their `seq`; see [`Members::read`].
pub fn current(tenant: &Tenant<'_>, id: &str) -> Statement {
    let sql = pieces::all(pieces::SEQS_AND_OBJECTS, pieces::OF_GROUP_WITH_ID);
    tenant.statement(&sql, &[text("id", id)])
}

/// Reads who is now where the pieces are that a difference touches; see [`Members::read`].
pub fn again(tenant: &Tenant<'_>, id: &str, members: &Members, difference: &Difference) -> Statement {
    let last_of = |at: usize| members.0.get(at).map(|piece| piece.last);
    let ranges = members.touched(difference).into_iter().map(|at| {
        let after = at.checked_sub(1).and_then(last_of).unwrap_or(0);
        let is_last = at.saturating_add(1) >= members.0.len();
        Value::from([after, last_of(at).filter(|_| !is_last).unwrap_or(i64::MAX)])
    });
    let sql = pieces::all(
        pieces::SEQS_AND_OBJECTS,
        "SELECT j.key, g.seq, j.value ->> 0, j.value ->> 1
         FROM groups g CROSS JOIN json_each(:ranges) j WHERE g.org_id = :org AND g.id = :id",
    );
    tenant.statement(&sql, &[text("id", id), text("ranges", json::write(&ranges.collect::<Value>()))])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(pieces: &[(i64, &str)]) -> Members {
        let row = |&(last, body): &(i64, &str)| Row {
            head: format!("[1,{last}]"),
            body: Text::Here(body.to_owned()),
        };
        Members::read(pieces.iter().map(row).collect()).unwrap()
    }

    fn objects(members: Members) -> Vec<String> {
        members.into_pieces().texts.into_iter().map(Text::into_string).collect()
    }

    fn wanted(active: &[i64]) -> Known {
        Known { active: active.to_vec(), ..Known::default() }
    }

    #[test]
    fn a_difference_leads_to_what_is_wanted() {
        let before = members(&[
            (3, r#"[1,2,3]{"value":"a"},{"value":"b"},{"value":"]c"}"#),
            (2001, r#"[2001]{"value":"z"}"#),
        ]);
        let difference = before.difference(wanted(&[1005, 2001, 2, 1]));
        assert_eq!(
            (difference.join.as_slice(), difference.leave.as_slice()),
            ([1005].as_slice(), [3].as_slice())
        );
        assert_eq!(before.touched(&difference), [0, 1]);
        let again = members(&[
            (2, r#"[1,2]{"value":"a"},{"value":"b"}"#),
            (2001, r#"[1005,2001]{"value":"e"},{"value":"z"}"#),
        ]);
        let after = before.changed(&difference, again);
        assert!(after.difference(wanted(&[1005, 2001, 2, 1])).is_empty());
        assert_eq!(objects(after), [r#"{"value":"a"},{"value":"b"}"#, r#"{"value":"e"},{"value":"z"}"#]);
    }

    #[test]
    fn whoever_joins_behind_the_last_piece_touches_that() {
        let before = members(&[(10, r#"[10]{"value":"a"}"#), (20, r#"[20]{"value":"b"}"#)]);
        let difference = before.difference(wanted(&[10, 20, 30]));
        assert_eq!(before.touched(&difference), [1]);
        let nobody = Members::default();
        assert_eq!(nobody.touched(&nobody.difference(wanted(&[5]))), [0]);
        let after = nobody.changed(&Difference::default(), members(&[(5, r#"[5]{"value":"c"}"#)]));
        assert_eq!(objects(after), [r#"{"value":"c"}"#]);
    }

    #[test]
    fn a_piece_whose_members_have_all_gone_is_gone() {
        let before = members(&[(1, r#"[1]{"value":"a"}"#), (9, r#"[9]{"value":"b"}"#)]);
        let difference = before.difference(wanted(&[9]));
        assert_eq!(objects(before.changed(&difference, Members::default())), [r#"{"value":"b"}"#]);
    }
}
