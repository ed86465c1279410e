//! Readings: which client reads which snapshot, and how far it has come.
//!
//! A request does not say which import it belongs to. It has the key, the client's name, the filter, the position and
//! the size of the page. Every first page begins a reading with a snapshot of its own. A later page belongs to a
//! reading of the same key and client whose next page it is; if there is none, to one whose last page is requested
//! again, then to one of another key or client whose next page it is (the key may have been replaced).
//!
//! Several readings of one key and client may be at the same position. If their snapshots differ, a request for the
//! next page may belong to any of them. Then a new snapshot of the rows behind the smallest of their places unites
//! them, and all of them continue with it: a client may get a row twice, but misses none.
//!
//! A row of `readings` has the progress of a reading. It is written with the second page, and with any later page while
//! several readings of the list are under way; otherwise after the response.

use serde::Deserialize;

use super::boundaries::{HOUR_AGO, Rows, WIDTH, boundary};
use crate::d1::columns::flag;
use crate::d1::events;
use crate::d1::statement::{Binding, Statement, text};
use crate::d1::tenant::Tenant;

/// A `seq` greater than that of every row.
const END: i64 = i64::MAX;
/// The number of boundaries of a filtered list that are read before all others.
const NEAR: u64 = 1_000;

/// A page after the first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub(crate) size: u64,
    pub(crate) offset: u64,
}

/// The state of a reading after its page has been read.
#[derive(Debug, Deserialize)]
pub(crate) struct State {
    /// The number of rows of the list.
    pub(crate) total: u64,
    /// The id of the reading, if its progress has to be written after the response.
    reading: Option<String>,
    /// The id of its snapshot, if there is one.
    snapshot: Option<String>,
    /// The id of the reading, if the page is one of the list, and not behind its end.
    pub(crate) import: Option<String>,
    /// Whether the page may belong to several readings, and there is no room left to unite them.
    #[serde(deserialize_with = "flag")]
    pub(crate) is_refused: bool,
}

impl Page {
    /// The readings of the list, ranked by how well the page fits. Of two readings that it fits equally well, one
    /// without a request for an hour comes last. The page behind the end of a finished list belongs to it rather than
    /// to a list that is still being read and has not come so far.
    fn ranked(self) -> String {
        let Self { size, offset } = self;
        format!(
            "ranked AS MATERIALIZED (
               SELECT *, min(rank) OVER () AS best FROM (
                 SELECT q.*, q.is_stale + CASE
                   WHEN q.is_own AND q.is_next AND q.page_size = {size} THEN 0
                   WHEN q.is_own AND q.is_next THEN 2
                   WHEN q.is_own AND q.page_offset = {offset} THEN 4
                   WHEN q.is_next AND q.page_size = {size} THEN 6
                   WHEN q.is_next THEN 8
                   WHEN q.is_own AND q.next_offset > {offset} THEN 10
                   WHEN q.is_own AND q.is_done AND q.next_offset = {offset} THEN 12
                   WHEN q.is_own THEN 14
                   ELSE 16 END AS rank
                 FROM (
                   SELECT s.id, coalesce(r.snapshot, s.id) AS snapshot, coalesce(r.page_offset, 0) AS page_offset,
                     coalesce(r.next_offset, s.page_size) AS next_offset,
                     coalesce(r.page_size, s.page_size) AS page_size, coalesce(r.is_done, 0) AS is_done,
                     coalesce(r.read_at, s.begun_at) AS read_at,
                     coalesce(r.read_at, s.begun_at) < {HOUR_AGO} AS is_stale,
                     s.reader = :reader AS is_own, r.id IS NOT NULL AS is_noted,
                     coalesce(r.next_offset, s.page_size) = {offset} AND coalesce(r.is_done, 0) = 0 AS is_next
                   FROM list_snapshots s LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
                   WHERE s.org_id = :org AND s.list = :list AND s.base = 0) q))"
        )
    }

    /// The readings that the page may belong to, if it is the next page of several.
    fn candidates(self) -> String {
        format!(
            "{}, candidate AS MATERIALIZED (SELECT * FROM ranked WHERE is_next AND rank = best)",
            self.ranked()
        )
    }

    /// The start of a snapshot that unites the readings that the page may belong to; no row if they have the same
    /// snapshot.
    pub(crate) fn with_start(self) -> String {
        let place =
            boundary(&format!("min(({} - s.base) / s.step, length(s.posts) / {WIDTH} - 1)", self.offset));
        format!(
            "WITH {}, start AS MATERIALIZED (
               SELECT min({place}) AS after, max(s.total) AS total FROM list_snapshots s
               WHERE s.org_id = :org AND s.list = :list AND s.id IN (SELECT snapshot FROM candidate)
               HAVING count(*) > 1)",
            self.candidates()
        )
    }

    /// Assigns the snapshot that unites them, if it was made, to the readings that the page may belong to.
    pub(crate) fn unite(self) -> String {
        format!(
            "INSERT INTO readings (org_id, list, id, snapshot, page_offset, next_offset, page_size, is_done, read_at)
             WITH {}
             SELECT s.org_id, s.list, c.id, s.id, c.page_offset, c.next_offset, c.page_size, 0, c.read_at
             FROM list_snapshots s CROSS JOIN candidate c
             WHERE s.org_id = :org AND s.list = :list AND s.id = :snapshot
             ON CONFLICT DO UPDATE SET snapshot = excluded.snapshot",
            self.candidates()
        )
    }

    /// `chosen`: the reading that the page belongs to, and its snapshot; no row if there is none. Of finished readings
    /// that fit equally well, it is the one that was read last.
    fn chosen(self) -> String {
        format!(
            "{}, chosen AS MATERIALIZED (SELECT id, snapshot, is_noted FROM ranked
               ORDER BY rank, is_done, iif(is_done, read_at, NULL) DESC, id LIMIT 1)",
            self.candidates()
        )
    }

    /// The `seq` of each row of the page, with a number by which the rows are ordered.
    pub(crate) fn rows(self, rows: &Rows<'_>, is_filtered: bool) -> String {
        if is_filtered { self.listed_rows(rows) } else { self.rows_of_range(rows) }
    }

    /// The number of rows of the page, as long as the list has so many: a client that adds the number of rows to the
    /// position must get to the same next position as a client that adds the size of the page.
    fn wanted(self) -> String {
        format!("max(0, min({}, s.total - {}))", self.size, self.offset)
    }

    /// The rows of a page of a list whose snapshot has every row: the rows from the position on that still exist and
    /// match. After the last row of the snapshot comes its first, and after all of them the rows that began to match
    /// later, so that a page has rows as long as there are any. The first [`NEAR`] boundaries are read before the
    /// others.
    fn listed_rows(self, rows: &Rows<'_>) -> String {
        let Self { size, offset } = self;
        let Rows { seq, table, from, of_row, .. } = rows;
        format!(
            "WITH {chosen}, list AS MATERIALIZED (
               SELECT {wanted} AS wanted, ({offset} - s.base + 1) * {WIDTH} AS at, s.id
               FROM chosen c CROSS JOIN list_snapshots s ON s.org_id = :org AND s.list = :list AND s.id = c.snapshot)
             SELECT * FROM (
               SELECT boundary.turn, {seq} AS seq FROM (
                 SELECT key AS turn, value FROM json_each({next})
                 UNION ALL
                 SELECT {NEAR} + key, value FROM json_each({others})) boundary CROSS JOIN {table}
               WHERE {seq} = boundary.value AND {of_row}
               UNION ALL
               SELECT {END} AS turn, seq FROM (
                 SELECT {seq} AS seq {from} AND {seq} NOT IN (SELECT value FROM json_each({all}))
                 ORDER BY {seq} LIMIT {size} OFFSET iif(EXISTS (SELECT 1 FROM list), 0, {offset})))
             LIMIT coalesce((SELECT wanted FROM list), {size})",
            chosen = self.chosen(),
            wanted = self.wanted(),
            next = array_of(&format!("substr(s.posts, l.at + 1, {NEAR} * {WIDTH})")),
            others = array_of(&format!(
                "substr(s.posts, l.at + {NEAR} * {WIDTH} + 1) || substr(s.posts, {WIDTH} + 1, l.at - {WIDTH})"
            )),
            all = array_of("s.posts")
        )
    }

    /// The rows of a page of a list whose snapshot has the last row of each page: the rows behind the boundary before
    /// the position. If the position is within a page of the snapshot, only as many of the last rows of that page as
    /// have a position from there on. After the last row comes the first, and after all of them the rows that became
    /// visible later.
    fn rows_of_range(self, rows: &Rows<'_>) -> String {
        let Self { size, offset } = self;
        let (seq, from) = (rows.seq, rows.from);
        let visible = |reveals: &str| {
            rows.reveal.map_or_else(String::new, |reveal| format!(" AND {reveal} <= {reveals}"))
        };
        let (visible_then, visible) = (visible("p.reveals"), visible("(SELECT reveals FROM place)"));
        let visible_since = rows.reveal.map_or_else(String::new, |reveal| {
            format!(
                " UNION ALL
               SELECT 2 AS turn, seq FROM (
                 SELECT {seq} AS seq {from} AND {reveal} > (SELECT reveals FROM place) ORDER BY {seq} LIMIT {size})"
            )
        });
        format!(
            "WITH {chosen}, place AS MATERIALIZED (
               SELECT iif(p.id IS NULL, {size}, p.wanted) AS wanted, p.reveals, p.id IS NOT NULL AS is_known,
               coalesce(CASE
                 WHEN p.id IS NULL THEN (SELECT {seq} {from} ORDER BY {seq} LIMIT 1 OFFSET {offset})
                 WHEN p.positions = 0 THEN (SELECT min({seq}) {from} AND {seq} > p.low{visible_then})
                 WHEN p.positions > 0 THEN coalesce((
                   SELECT min(seq) FROM (
                     SELECT {seq} AS seq, row_number() OVER (ORDER BY {seq} DESC) AS back
                     {from} AND {seq} > p.low AND {seq} <= p.high{visible_then})
                   WHERE back <= p.positions),
                   (SELECT min({seq}) {from} AND {seq} > p.high{visible_then}))
                 END, {END}) AS first
               FROM (
                 SELECT s.id, {wanted} AS wanted, {low} AS low, {high} AS high, coalesce(s.reveals, {END}) AS reveals,
                   CASE
                   WHEN {offset} >= s.base + s.listed THEN -1
                   WHEN {offset} = s.base + s.span * s.step THEN 0
                   WHEN s.span < s.spans THEN s.base + (s.span + 1) * s.step - {offset}
                   ELSE s.base + s.listed - {offset} END AS positions
                 FROM (SELECT 1) LEFT JOIN (
                   SELECT s.*, length(s.posts) / {WIDTH} - 2 AS spans,
                     min(({offset} - s.base) / s.step, length(s.posts) / {WIDTH} - 2) AS span
                   FROM chosen c CROSS JOIN list_snapshots s
                     ON s.org_id = :org AND s.list = :list AND s.id = c.snapshot) s) p)
             SELECT * FROM (
               SELECT 0 AS turn, seq FROM (
                 SELECT {seq} AS seq {from} AND {seq} >= (SELECT first FROM place){visible} ORDER BY {seq} LIMIT {size})
               UNION ALL
               SELECT 1 AS turn, seq FROM (
                 SELECT {seq} AS seq {from} AND {seq} < (SELECT first * is_known FROM place){visible}
                 ORDER BY {seq} LIMIT {size}){visible_since})
             LIMIT (SELECT wanted FROM place)",
            chosen = self.chosen(),
            wanted = self.wanted(),
            low = boundary("s.span"),
            high = boundary("s.span + 1")
        )
    }

    /// The statement that selects the [`State`] after the page. `counted` counts the rows of a list without a snapshot.
    pub(crate) fn state(self, counted: &str) -> String {
        format!(
            "WITH {}
             SELECT coalesce(s.total, {counted}) AS total, iif({} OR {} >= s.total, NULL, c.id) AS reading,
               c.snapshot AS snapshot, iif({} < s.total, c.id, NULL) AS import,
               (SELECT count(DISTINCT snapshot) FROM candidate) > 1 AS is_refused
             FROM (SELECT 1) LEFT JOIN chosen c ON TRUE LEFT JOIN list_snapshots s
               ON s.org_id = :org AND s.list = :list AND s.id = c.snapshot",
            self.chosen(),
            IS_NOTED_AT_ONCE,
            self.offset,
            self.offset
        )
    }

    /// The statement that writes the progress of the reading, unless that can wait until the page has been sent.
    pub(crate) fn note_with_page(self) -> String {
        self.note(
            &format!("WITH {}", self.chosen()),
            "chosen c CROSS JOIN list_snapshots s ON s.org_id = :org AND s.list = :list AND s.id = c.snapshot",
            IS_NOTED_AT_ONCE,
        )
    }

    /// Writes the progress of the reading `c` of the snapshot `s`.
    fn note(self, with: &str, from: &str, condition: &str) -> String {
        let Self { size, offset } = self;
        format!(
            "INSERT INTO readings (org_id, list, id, snapshot, page_offset, next_offset, page_size, is_done, read_at)
             {with}
             SELECT s.org_id, s.list, c.id, s.id, {offset}, {offset} + {size}, {size}, {offset} + {size} >= s.total,
               :now
             FROM {from} WHERE {condition} AND {offset} < s.total
             ON CONFLICT DO UPDATE SET snapshot = excluded.snapshot, page_offset = excluded.page_offset,
               next_offset = excluded.next_offset, page_size = excluded.page_size, is_done = excluded.is_done,
               read_at = excluded.read_at"
        )
    }

    /// The import of the page as [`events::imports::progress`] needs it, if the progress of its reading is written with
    /// the page.
    pub(crate) fn import_noted_with_page(self) -> String {
        let Self { size, offset } = self;
        format!(
            "(WITH {}
              SELECT c.id AS id, s.resource AS resource, s.total AS total, {offset} + {size} >= s.total AS is_last
              FROM chosen c CROSS JOIN list_snapshots s ON s.org_id = :org AND s.list = :list AND s.id = c.snapshot
              WHERE {IS_NOTED_AT_ONCE} AND {offset} < s.total)",
            self.chosen()
        )
    }

    /// The statements that write the progress of the reading after the response.
    pub(crate) fn afterwards(
        self,
        tenant: &Tenant<'_>,
        state: State,
        mut bindings: Vec<Binding>,
    ) -> Vec<Statement> {
        let Some((reading, snapshot)) = state.reading.zip(state.snapshot) else { return Vec::new() };
        bindings.extend([text("reading", reading), text("of_snapshot", snapshot)]);
        let itself = "s.org_id = :org AND s.list = :list AND s.id = :of_snapshot";
        let mut statements = Vec::new();
        if self.offset.saturating_add(self.size) >= state.total {
            let page = format!(
                "(SELECT :reading AS id, s.resource AS resource, s.total AS total, 1 AS is_last
                  FROM list_snapshots s WHERE {itself})"
            );
            statements.push(events::imports::progress(tenant, &page, bindings.clone()));
        }
        let from = "(SELECT :reading AS id) c CROSS JOIN list_snapshots s";
        statements.push(tenant.statement(&self.note("", from, itself), &bindings));
        statements
    }
}

/// Posts of the snapshot `s` in the list `l` as a JSON array.
fn array_of(posts: &str) -> String {
    format!(
        "(SELECT '[' || rtrim({posts}, ',') || ']' FROM list l CROSS JOIN list_snapshots s
          ON s.org_id = :org AND s.list = :list AND s.id = l.id)"
    )
}

/// The condition that the progress of the reading `c` is written with the page: it is the second page, or more than one
/// reading of the list is under way.
const IS_NOTED_AT_ONCE: &str =
    "(NOT c.is_noted OR (SELECT count(*) FROM ranked WHERE NOT is_done AND NOT is_stale) > 1)";
