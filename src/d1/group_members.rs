//! All members of a group, as they are read to be replaced.

use serde_json::Value;

use super::batch::Select;
use super::columns::parse_integers;
use super::member_chunks::{self, ChunkRow, Chunks};
use super::memberships::{Difference, ResolvedMembers, in_order};
use super::statement::text;
use super::tenant::Tenant;
use super::{JsText, StorageError};

/// The members of a group, in chunks in order of insertion.
#[derive(Debug, Default)]
pub struct LoadedMembers(Vec<Chunk>);

#[derive(Debug)]
struct Chunk {
    /// `seq` of the last member.
    last: i64,
    seqs: Vec<i64>,
    /// Those who lost access in the hour before: the access brake counts a person once an hour.
    lost_lately: Vec<i64>,
    objects: JsText,
}

impl LoadedMembers {
    /// The members in the rows of [`load_members`] or [`reload_chunks`].
    ///
    /// # Errors
    /// `StorageErrorKind::Internal` if a row is not what the statement selects.
    pub fn of(rows: Vec<ChunkRow>) -> Result<Self, StorageError> {
        let chunks = rows.into_iter().map(|row| {
            let parts = row.body.split_after(']');
            let parts = parts.and_then(|(seqs, objects)| Some((parse_integers(&seqs)?, objects)));
            let (signed, objects) = parts.ok_or_else(|| {
                StorageError::internal("a chunk of members does not begin with their seqs".to_owned())
            })?;
            let lost_lately = signed.iter().filter(|seq| **seq < 0).map(|seq| seq.saturating_neg()).collect();
            let seqs = signed.into_iter().map(i64::saturating_abs).collect();
            Ok(Chunk { last: row.last_seq, seqs, lost_lately, objects })
        });
        Ok(Self(chunks.collect::<Result<_, StorageError>>()?))
    }

    /// The difference between the wanted members and the members of the group.
    pub fn difference(&self, wanted: ResolvedMembers) -> Difference {
        let ResolvedMembers { active, inactive, .. } = wanted;
        let wanted = in_order(active);
        let chunk_of = |seq: &i64| self.0.get(self.0.partition_point(|chunk| chunk.last < *seq));
        let is_member = |seq: &i64| chunk_of(seq).is_some_and(|chunk| chunk.seqs.binary_search(seq).is_ok());
        let counts = |seq: &i64| chunk_of(seq).is_some_and(|chunk| !chunk.lost_lately.contains(seq));
        let current = self.0.iter().flat_map(|chunk| &chunk.seqs).copied();
        let leave: Vec<i64> = current.filter(|seq| wanted.binary_search(seq).is_err()).collect();
        Difference {
            counts: leave.iter().any(counts),
            leave,
            join: wanted.iter().copied().filter(|seq| !is_member(seq)).collect(),
            inactive,
            ..Difference::default()
        }
    }

    /// Which chunks a difference touches. A member that joins behind the last chunk touches the last chunk.
    fn touched(&self, difference: &Difference) -> Vec<usize> {
        let last = self.0.len().saturating_sub(1);
        let piece_of = |seq: &i64| self.0.partition_point(|chunk| chunk.last < *seq).min(last);
        let mut is_touched = vec![false; last.saturating_add(1)];
        for place in difference.join.iter().chain(&difference.leave).map(piece_of) {
            if let Some(is_touched) = is_touched.get_mut(place) {
                *is_touched = true;
            }
        }
        (0..).zip(is_touched).filter(|(_, is_touched)| *is_touched).map(|(at, _)| at).collect()
    }

    /// The members after a difference has been written, given those of the chunks that it touches as they are then.
    pub fn changed(self, difference: &Difference, now: Self) -> Self {
        let touched = self.touched(difference);
        let kept = self.0.into_iter().enumerate().filter(|(at, _)| touched.binary_search(at).is_err());
        let mut chunks: Vec<Chunk> = kept.map(|(_, chunk)| chunk).chain(now.0).collect();
        chunks.sort_by_cached_key(|chunk| chunk.last);
        Self(chunks)
    }

    /// As the client gets them, in chunks.
    pub fn into_chunks(self) -> Chunks {
        Chunks::whole(self.0.into_iter().map(|chunk| chunk.objects).collect())
    }
}

/// Reads the members of one group with their `seq`; see [`LoadedMembers::of`].
pub fn load_members(tenant: &Tenant<'_>, id: &str) -> Select<ChunkRow> {
    let sql = member_chunks::chunks_sql(member_chunks::SEQS_AND_OBJECTS, member_chunks::OF_GROUP_WITH_ID);
    tenant.select(&sql, &[text("id", id)])
}

/// Reads again the members in the chunks that a difference touches; see [`LoadedMembers::of`].
pub fn reload_chunks(
    tenant: &Tenant<'_>,
    id: &str,
    members: &LoadedMembers,
    difference: &Difference,
) -> Select<ChunkRow> {
    let last_of = |at: usize| members.0.get(at).map(|chunk| chunk.last);
    let ranges = members.touched(difference).into_iter().map(|at| {
        let after = at.checked_sub(1).and_then(last_of).unwrap_or(0);
        let is_last = at.saturating_add(1) >= members.0.len();
        Value::from([after, last_of(at).filter(|_| !is_last).unwrap_or(i64::MAX)])
    });
    let sql = member_chunks::chunks_sql(
        member_chunks::SEQS_AND_OBJECTS,
        "SELECT j.key, g.seq, j.value ->> 0, j.value ->> 1
         FROM groups g CROSS JOIN json_each(:ranges) j WHERE g.org_id = :org AND g.id = :id",
    );
    tenant.select(&sql, &[text("id", id), text("ranges", ranges.collect::<Value>().to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(chunks: &[(i64, &str)]) -> LoadedMembers {
        let row = |&(last_seq, body): &(i64, &str)| ChunkRow {
            group_seq: 1,
            last_seq,
            body: JsText::Wasm(body.to_owned()),
        };
        LoadedMembers::of(chunks.iter().map(row).collect()).unwrap()
    }

    fn objects(members: LoadedMembers) -> Vec<String> {
        members.into_chunks().texts.into_iter().map(JsText::into_string).collect()
    }

    fn wanted(active: &[i64]) -> ResolvedMembers {
        ResolvedMembers { active: active.to_vec(), ..ResolvedMembers::default() }
    }

    #[test]
    fn a_difference_leads_to_what_is_wanted() {
        let before = members(&[
            (3, r#"[1,2,-3]{"value":"a"},{"value":"b"},{"value":"]c"}"#),
            (2001, r#"[2001]{"value":"z"}"#),
        ]);
        let difference = before.difference(wanted(&[1005, 2001, 2, 1]));
        assert_eq!(
            (difference.join.as_slice(), difference.leave.as_slice()),
            ([1005].as_slice(), [3].as_slice())
        );
        assert!(!difference.counts, "3 lost access lately");
        assert!(before.difference(wanted(&[1, 3])).counts, "2 and 2001 did not");
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
    fn a_member_that_joins_behind_the_last_chunk_touches_it() {
        let before = members(&[(10, r#"[10]{"value":"a"}"#), (20, r#"[20]{"value":"b"}"#)]);
        let difference = before.difference(wanted(&[10, 20, 30]));
        assert_eq!(before.touched(&difference), [1]);
        let empty = LoadedMembers::default();
        assert_eq!(empty.touched(&empty.difference(wanted(&[5]))), [0]);
        let after = empty.changed(&Difference::default(), members(&[(5, r#"[5]{"value":"c"}"#)]));
        assert_eq!(objects(after), [r#"{"value":"c"}"#]);
    }

    #[test]
    fn a_chunk_without_members_is_removed() {
        let before = members(&[(1, r#"[1]{"value":"a"}"#), (9, r#"[9]{"value":"b"}"#)]);
        let difference = before.difference(wanted(&[9]));
        assert_eq!(objects(before.changed(&difference, LoadedMembers::default())), [r#"{"value":"b"}"#]);
    }
}
