//! The members of groups, in chunks: one value may have at most 2 MB in D1, and one result has to fit into the memory
//! of an isolate.
//!
//! A chunk is the next thousand of a group's members in order of insertion. A chunk begins behind the last member of
//! the one before it, so that the number of chunks follows from the size of the group alone.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::Value;

use super::batch::{Batch, Select};
use super::brake::not_lately;
use super::columns::{flag, js_text};
use super::statement::{Binding, text};
use super::tenant::Tenant;
use super::{Database, JsText, StorageError, StorageErrorKind};

/// Most members of a chunk.
const CHUNK_SIZE: i64 = 1000;

/// Most chunks that are read at a time: some 20 MB.
const MAX_CHUNKS: usize = 100;

/// A member as the client gets it. A name is cut at 200 characters, so that a chunk stays below D1's 2 MB.
const MEMBER: &str = r#"'{"value":"' || u.id || '","$ref":"' || :base || '/Users/' || u.id || '","display":'
  || json_quote(substr(coalesce(u.doc ->> '$.displayName', u.doc ->> '$.userName'), 1, 200)) || ',"type":"User"}'"#;

/// Members of a chunk, each as the client gets it.
const OBJECTS: &str = "group_concat(member.object, ',')";

/// The `seq` of each member of a chunk as an array, negative for those who lost access in the hour before, and the
/// members.
pub(crate) const SEQS_AND_OBJECTS: &str =
    "json_group_array(iif(member.lost_lately, -member.seq, member.seq)) || group_concat(member.object, ',')";

/// A statement of all chunks, one group after another; `body` is what is selected of each. See [`ChunkRow`]. `first`
/// selects where to begin: a place in the order of groups, a group, the `seq` behind which its chunks begin, and the
/// `seq` with which they end.
///
/// One scalar subquery makes a chunk, so that no member is read twice. `content` is the `seq` of its last member,
/// negative if the group has no more members, a bar, and `body`.
pub(crate) fn chunks_sql(selected: &str, first: &str) -> String {
    let not_lately = not_lately("u");
    format!(
        "WITH RECURSIVE start (place, group_seq, after, upto) AS ({first}),
         chunk (place, group_seq, upto, step, content) AS (
           SELECT place, group_seq, upto, 0, CAST(after AS TEXT) FROM start
           UNION ALL
           SELECT place, group_seq, upto, step + 1, (
             SELECT iif(count(*) = {CHUNK_SIZE}, max(member.seq), -max(member.seq)) || '|' || {selected} FROM (
               SELECT m.user_seq AS seq, {MEMBER} AS object, NOT {not_lately} AS lost_lately
               FROM memberships m CROSS JOIN users u ON u.seq = m.user_seq
               WHERE m.group_seq = chunk.group_seq AND u.managed = 1
                 AND m.user_seq > CAST(chunk.content AS INTEGER) AND m.user_seq <= chunk.upto
               ORDER BY m.user_seq LIMIT {CHUNK_SIZE}) member)
           FROM chunk WHERE step = 0 OR CAST(content AS INTEGER) > 0 ORDER BY 1, 4)
         SELECT group_seq, abs(CAST(content AS INTEGER)) AS last_seq,
           substr(content, instr(content, '|') + 1) AS body
         FROM chunk WHERE step > 0 AND content IS NOT NULL"
    )
}

/// All chunks of the group that is named `:id`; see [`chunks_sql`].
pub(crate) const OF_GROUP_WITH_ID: &str =
    "SELECT 0, g.seq, 0, 9223372036854775807 FROM groups g WHERE g.org_id = :org AND g.id = :id";

fn limited_chunks_sql(first: &str) -> String {
    format!("{} LIMIT {MAX_CHUNKS}", chunks_sql(OBJECTS, first))
}

/// Reads the members of one group; see [`MemberChunks::of`].
pub fn of_group(tenant: &Tenant<'_>, id: &str) -> Select<ChunkRow> {
    tenant.select(&limited_chunks_sql(OF_GROUP_WITH_ID), &[text("id", id)])
}

/// Reads the members of the groups whose `seq` a statement selects; see [`MemberChunks::of`].
pub(crate) fn of_groups(tenant: &Tenant<'_>, seqs: &str, bindings: &[Binding]) -> Select<ChunkRow> {
    let first = format!("SELECT g.seq, g.seq, 0, 9223372036854775807 FROM groups g WHERE g.seq IN ({seqs})");
    tenant.select(&limited_chunks_sql(&first), bindings)
}

/// A group's members: those that have been read, and whether there are more.
#[derive(Debug, Default)]
pub struct Chunks {
    /// As the client gets them.
    pub texts: Vec<JsText>,
    /// Where the members begin that are still to be read, if there are more.
    pub rest: Option<Remainder>,
}

impl Chunks {
    /// All there are.
    pub fn whole(texts: Vec<JsText>) -> Self {
        Self { texts, rest: None }
    }
}

/// Where the members begin that are still to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remainder {
    group: i64,
    after: i64,
}

impl Remainder {
    /// The same as a place in the group as it was with that version.
    pub fn under(self, version: i64) -> ChunkCursor {
        ChunkCursor { group: self.group, after: self.after, version }
    }
}

/// A place between two chunks of a group's members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkCursor {
    /// `seq` of the group.
    group: i64,
    /// `seq` of the last member before the place.
    after: i64,
    /// The version of the group.
    version: i64,
}

/// A chunk of a group's members.
#[derive(Debug, Deserialize)]
pub struct ChunkRow {
    /// `seq` of the group.
    pub(crate) group_seq: i64,
    /// `seq` of the chunk's last member.
    pub(crate) last_seq: i64,
    /// The selected columns of the members, as one text.
    #[serde(deserialize_with = "js_text")]
    pub(crate) body: JsText,
}

/// Whether a key still opens an organization, and groups still have the versions that they had.
#[derive(Debug, Deserialize)]
struct Unchanged {
    #[serde(deserialize_with = "flag")]
    is_authorized: bool,
    groups: usize,
}

/// What one statement has read of the members of groups.
#[derive(Debug, Default)]
pub struct MemberChunks {
    /// Of each group, in the order of `seq`; there are at most as many as chunks are read at a time.
    texts: Vec<(i64, Vec<JsText>)>,
    /// Where the last chunk ends, if there may be more.
    end: Option<Remainder>,
}

impl MemberChunks {
    /// The members in the rows of [`of_group`] or [`of_groups`].
    pub fn of(rows: Vec<ChunkRow>) -> Self {
        let mut read = Self::default();
        let is_full = rows.len() >= MAX_CHUNKS;
        for row in rows {
            let (group, last) = (row.group_seq, row.last_seq);
            match read.texts.last_mut().filter(|(of, _)| *of == group) {
                Some((_, texts)) => texts.push(row.body),
                None => read.texts.push((group, vec![row.body])),
            }
            read.end = is_full.then_some(Remainder { group, after: last });
        }
        read
    }

    /// Takes the members of one group. The statement reads groups in the order of their `seq`: groups after the last
    /// chunk have not been read.
    pub fn take(&mut self, group: i64) -> Chunks {
        let rest = self.end.filter(|end| end.group <= group).map(|end| match end.group == group {
            true => end,
            false => Remainder { group, after: 0 },
        });
        let texts = self.texts.iter_mut().find(|(own, _)| *own == group);
        Chunks { texts: texts.map(|(_, texts)| std::mem::take(texts)).unwrap_or_default(), rest }
    }

    /// The members of the only group.
    pub fn only(mut self) -> Chunks {
        let group = self.texts.first().map(|(group, _)| *group);
        group.map(|group| self.take(group)).unwrap_or_default()
    }
}

/// Reads the remaining members of groups while the response is sent.
pub struct ChunkStream {
    database: Database,
    tenant: Tenant<'static>,
    /// Chunks: the group, the `seq` of the last member, and the members.
    fetched: VecDeque<(i64, i64, JsText)>,
    /// Groups of which everything has been fetched.
    done: Vec<i64>,
}

impl ChunkStream {
    /// A reader of what the tenant may see.
    pub fn new(database: Database, tenant: Tenant<'static>) -> Self {
        Self { database, tenant, fetched: VecDeque::new(), done: Vec::new() }
    }

    /// A group's first chunk from a place on, with the place behind it; `None` at the end. `others` are the places in
    /// other groups, which are read at the same time.
    ///
    /// # Errors
    /// Those of storage; also if the key is no longer good, or if the version of one of the groups has changed:
    /// chunks of two versions would show a group that never existed.
    pub async fn next(
        &mut self,
        from: ChunkCursor,
        others: impl Iterator<Item = ChunkCursor>,
    ) -> Result<Option<(ChunkCursor, JsText)>, StorageError> {
        if self.fetched.is_empty() && !self.done.contains(&from.group) {
            self.fetch(from, others).await?;
        }
        if self.fetched.front().is_none_or(|(group, _, _)| *group != from.group) {
            return Ok(None);
        }
        Ok(self.fetched.pop_front().map(|(_, last, text)| (ChunkCursor { after: last, ..from }, text)))
    }

    async fn fetch(
        &mut self,
        from: ChunkCursor,
        others: impl Iterator<Item = ChunkCursor>,
    ) -> Result<(), StorageError> {
        let places: Vec<ChunkCursor> = [from].into_iter().chain(others).collect();
        let bound: Vec<Value> =
            places.iter().map(|place| [place.group, place.after, place.version].into()).collect();
        let bound = Value::from(bound).to_string();
        let places_bound = [text("places", bound)];
        let groups =
            "FROM json_each(:places) j CROSS JOIN groups g ON g.seq = j.value ->> 0 WHERE g.org_id = :org";
        let unchanged = format!(
            "SELECT :org IS NOT NULL AS is_authorized,
               (SELECT count(*) {groups} AND g.version = j.value ->> 2) AS groups"
        );
        let first = format!("SELECT j.key, g.seq, j.value ->> 1, 9223372036854775807 {groups}");
        let mut batch = Batch::new();
        let unchanged = batch.push(self.tenant.select::<Unchanged>(&unchanged, &places_bound));
        let chunks = batch.push(self.tenant.select::<ChunkRow>(&limited_chunks_sql(&first), &places_bound));
        let results = self.database.batch(&batch).await?;
        let unchanged = results.one(unchanged)?;
        // A revoked key finds no rows, and a group must not seem to end there.
        if !unchanged.is_authorized {
            return Err(StorageErrorKind::Unavailable(
                "the key was revoked while its response was sent".to_owned(),
            )
            .into());
        }
        if unchanged.groups != places.len() {
            return Err(StorageErrorKind::Unavailable(
                "the members of a group changed while they were sent".to_owned(),
            )
            .into());
        }
        let rows = results.all(chunks)?;
        let is_full = rows.len() >= MAX_CHUNKS;
        for row in rows {
            self.fetched.push_back((row.group_seq, row.last_seq, row.body));
        }
        let last = self.fetched.back().filter(|_| is_full).map(|(group, _, _)| *group);
        self.done.extend(places.iter().map(|place| place.group).take_while(|group| Some(*group) != last));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chunks: impl Iterator<Item = (i64, i64)>) -> MemberChunks {
        let rows = chunks.map(|(group_seq, last_seq)| ChunkRow {
            group_seq,
            last_seq,
            body: JsText::Wasm(format!("{group_seq}-{last_seq}")),
        });
        MemberChunks::of(rows.collect())
    }

    #[test]
    fn what_was_not_read_is_known_to_be_missing() {
        let mut all = read([(1, 10), (1, 40), (3, 10)].into_iter());
        assert_eq!(all.take(1).texts.len(), 2);
        assert!(all.take(1).rest.is_none() && all.take(2).rest.is_none() && all.take(9).rest.is_none());
        let full = (1..MAX_CHUNKS as i64).map(|last| (1, last)).chain([(5, 7)]);
        let mut some = read(full);
        assert!(some.take(1).rest.is_none() && some.take(4).rest.is_none());
        let last = some.take(5);
        assert_eq!((last.texts.len(), last.rest), (1, Some(Remainder { group: 5, after: 7 })));
        assert_eq!(some.take(6).rest, Some(Remainder { group: 6, after: 0 }));
        assert_eq!(read([(2, 3)].into_iter()).only().texts.len(), 1);
        assert!(read([].into_iter()).only().texts.is_empty());
    }
}
