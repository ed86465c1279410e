//! Snapshots: they keep the pages of a list consistent for a client that reads the list by position.
//!
//! An identity provider imports all users page by page, and unassigns each user that it does not find. If positions
//! were counted anew for each page, they would shift when rows are deleted between two pages, and the next page would
//! begin too late. So the first page of a list of several pages makes a snapshot: which row is at which position. The
//! snapshot of a filtered list has the `seq` of every row, because a row in the middle may begin to match the filter.
//! The snapshot of any other list has the `seq` of the last row of each page: the page boundaries.
//!
//! A snapshot does not change. A later page is a function of the snapshot, the position and the size (see
//! [`super::reading`]), so that a page that is asked for again is the same page.
//!
//! A snapshot is one row in D1, written in the batch that reads the first page. KV cannot hold it: a read of KV may
//! return a value that was overwritten up to a minute ago.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::boundaries::{HOUR_AGO, Rows};
use super::reading;
use crate::d1::batch::{Batch, Handle, Results};
use crate::d1::columns::flag;
use crate::d1::events;
use crate::d1::statement::{Binding, Statement, text};
use crate::d1::tenant::Tenant;
use crate::d1::{StorageError, StorageErrorKind};
use crate::error::Error;
use scim_protocol::ScimError;
use scim_protocol::list::Page;

/// As SQL: the snapshot of a reading that has not reached the last page is kept if it was read since this time and
/// there is room.
const DAY_AGO: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-1 day')";

/// Most boundaries of a snapshot: one value in D1 has 2 MB at most. A filtered list of more rows is refused.
pub(crate) const MAX_BOUNDARIES: u64 = 150_000;
/// Bytes that the snapshots of an organization may take before a list of several pages is refused.
pub(crate) const BUDGET: u64 = 64_000_000;
/// SQL of the size of a snapshot, in bytes.
const BYTES: &str = "(4096 + 11 * (listed / step + 2))";
/// A page of at most this size is a test of the connection, if the list is long: it must not cost more than its rows.
pub(crate) const SMALL_PAGE: u64 = 10;
/// Longest list of small pages that has a snapshot.
const LONG_LIST: u64 = 1_000;
/// The largest position that is distinguished; greater ones count as this one.
const LAST_POSITION: u64 = 1 << 52;

/// The client that reads a list.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// The id of the key.
    pub key: &'a str,
    /// The client's name: its User-Agent.
    pub client: &'a str,
    /// The id of a new snapshot, if one has to be made.
    pub snapshot: &'a str,
}

/// The snapshot of a list, seen from one of its pages.
#[derive(Debug)]
pub(crate) struct Snapshot<'a> {
    /// `Users` or `Groups`.
    pub(crate) resource: &'static str,
    /// The filter as it was sent.
    pub(crate) filter: Option<&'a str>,
    reader: Reader<'a>,
    pub(crate) size: u64,
    pub(crate) offset: u64,
}

/// The state of the snapshot of a first page after the page has been read.
#[derive(Debug, Deserialize)]
pub(crate) struct State {
    /// The number of rows of the list, if it is known without the page.
    total: Option<u64>,
    /// Whether a snapshot was made.
    #[serde(deserialize_with = "flag")]
    is_made: bool,
    /// Whether the organization has as many snapshots as it may.
    #[serde(deserialize_with = "flag")]
    is_full: bool,
}

/// What a page needs to know of its list.
#[derive(Debug)]
pub(crate) struct Progress {
    /// The `totalResults` of the list.
    pub(crate) total: u64,
    /// The id of the import that the page belongs to; `None` for a page behind the end.
    pub(crate) import: Option<String>,
    /// The statements to run after the response.
    pub(crate) afterwards: Vec<Statement>,
}

/// The statement that selects the state of the list.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StateHandle {
    /// Of a first page.
    First(Handle<State>),
    /// Of a later page.
    Later(Handle<reading::State>),
}

impl<'a> Snapshot<'a> {
    /// The snapshot that a page belongs to. A page of no rows belongs to none.
    pub(crate) fn of(
        resource: &'static str,
        filter: Option<&'a str>,
        reader: Reader<'a>,
        page: &Page,
    ) -> Option<Self> {
        let size = u64::from(page.count);
        let offset = page.offset().min(LAST_POSITION);
        (size > 0).then_some(Self { resource, filter, reader, size, offset })
    }

    /// Whether it is the first page, which makes the snapshot.
    pub(crate) fn begins(&self) -> bool {
        self.offset == 0
    }

    /// The parameters of its SQL.
    pub(crate) fn bindings(&self) -> Vec<Binding> {
        let Reader { key, client, snapshot } = self.reader;
        vec![
            text("list", hash(&[self.resource, self.filter.unwrap_or_default()])),
            text("reader", hash(&[key, client])),
            text("resource", self.resource),
            text("filter", self.filter.unwrap_or_default()),
            text("snapshot", snapshot),
        ]
    }

    /// The statements that come before that of the page.
    pub(crate) fn begin(&self, rows: &Rows<'_>) -> Vec<String> {
        match self.begins() {
            true => vec![make_room(), self.insert(rows)],
            false => vec![self.insert(rows), self.reading().unite()],
        }
    }

    /// The reading that a later page belongs to.
    pub(crate) fn reading(&self) -> reading::Page {
        reading::Page { size: self.size, offset: self.offset }
    }

    /// Makes a snapshot. For a first page, it is one of the whole list. For a later page, it is one of the rows that
    /// are still to be read, made only if the page may belong to several readings whose snapshots differ.
    fn insert(&self, rows: &Rows<'_>) -> String {
        let (size, base) = (self.size, self.offset);
        let with = match self.begins() {
            true => "WITH start AS MATERIALIZED (SELECT 0 AS after, 0 AS total)".to_owned(),
            false => self.reading().with_start(),
        };
        let (step, listed, posts) = match self.filter {
            None => (size, self.count(rows), format!("({})", self.last_of_pages(rows))),
            Some(_) => (1, self.all_rows(rows), "n.posts".to_owned()),
        };
        let is_due = if self.begins() { format!("n.listed > {size}") } else { "TRUE".to_owned() };
        let most = match (self.filter, self.is_small()) {
            (_, true) => format!("n.listed <= {LONG_LIST}"),
            (Some(_), false) => format!("n.listed <= {MAX_BOUNDARIES}"),
            (None, false) => "TRUE".to_owned(),
        };
        // OR REPLACE: a batch that is sent again, because its result was lost or folded columns were updated, makes the
        // snapshot again.
        format!(
            "INSERT OR REPLACE INTO list_snapshots (org_id, list, id, resource, filter, reader, page_size, begun_at,
               base, step, listed, total, reveals, posts)
             {with}
             SELECT o.id, :list, :snapshot, :resource, :filter, :reader, {size}, :now, {base}, {step}, n.listed,
               max(start.total, {base} + n.listed), o.reveals, printf('%10d,', start.after) || coalesce({posts}, '')
             FROM start CROSS JOIN organizations o CROSS JOIN {listed} n
             WHERE o.id = :org AND {is_due} AND {most} AND NOT {}",
            is_full()
        )
    }

    /// Whether the page is so small that it is a test of the connection, which makes no snapshot of a long list.
    fn is_small(&self) -> bool {
        self.begins() && self.size < SMALL_PAGE
    }

    /// The number of rows.
    fn count(&self, rows: &Rows<'_>) -> String {
        let counted = match self.begins() {
            true => rows.total.to_owned(),
            false => {
                format!("(SELECT count(*) {} AND {} > (SELECT after FROM start))", rows.from, rows.seq)
            }
        };
        // The LIMIT keeps SQLite from counting again wherever the number is used.
        format!("(SELECT {counted} AS listed LIMIT 1)")
    }

    /// The last row of each page, found from one page to the next, so that every row is read once.
    fn last_of_pages(&self, rows: &Rows<'_>) -> String {
        let (seq, from, step) = (rows.seq, rows.from, self.size.saturating_sub(1));
        let newest = format!("(SELECT max({seq}) {from})");
        format!(
            "WITH RECURSIVE boundary (number, seq) AS (
               SELECT 0, (SELECT after FROM start)
               UNION ALL
               SELECT number + 1, coalesce(iif(number < {MAX_BOUNDARIES} - 1,
                 (SELECT {seq} {from} AND {seq} > boundary.seq ORDER BY {seq} LIMIT 1 OFFSET {step}), NULL), {newest})
               FROM boundary WHERE boundary.seq < {newest})
             SELECT group_concat(printf('%10d,', seq), '') FROM boundary WHERE number > 0"
        )
    }

    /// All rows, up to one more than a snapshot may have.
    fn all_rows(&self, rows: &Rows<'_>) -> String {
        let (seq, from) = (rows.seq, rows.from);
        let most = if self.is_small() { LONG_LIST } else { MAX_BOUNDARIES };
        format!(
            "(SELECT count(*) AS listed, group_concat(printf('%10d,', seq), '') AS posts
              FROM (SELECT {seq} AS seq {from} AND {seq} > (SELECT after FROM start) ORDER BY {seq} LIMIT {most} + 1))"
        )
    }

    /// The statement that selects the `seq` of each row of a later page; `None` for the first.
    pub(crate) fn later_rows(&self, rows: &Rows<'_>) -> Option<String> {
        (!self.begins()).then(|| self.reading().rows(rows, self.filter.is_some()))
    }

    /// Adds the statements that come after that of the page. `counted` counts the rows of a list without a snapshot.
    pub(crate) fn push_state(
        &self,
        batch: &mut Batch,
        tenant: &Tenant<'_>,
        bindings: &[Binding],
        counted: &str,
    ) -> StateHandle {
        if self.begins() {
            return StateHandle::First(batch.push(tenant.select(&self.state(counted), bindings)));
        }
        let state = batch.push(tenant.select(&self.reading().state(counted), bindings));
        let import = self.reading().import_noted_with_page();
        batch.execute(events::imports::progress(tenant, &import, bindings.to_vec()));
        batch.execute(tenant.statement(&self.reading().note_with_page(), bindings));
        StateHandle::Later(state)
    }

    /// Returns what the page needs to know of the list. `on_page` is the number of rows on
    /// the page, `there_is_more` whether there are rows after the first page.
    ///
    /// # Errors
    /// `StorageErrorKind::TooManyImports` or `tooMany` if the list can have no snapshot; `StorageErrorKind::Internal`
    /// if a row is not what the statement selects.
    pub(crate) fn read(
        &self,
        tenant: &Tenant<'_>,
        results: &Results,
        state: StateHandle,
        on_page: u64,
        there_is_more: bool,
    ) -> Result<Progress, Error> {
        match state {
            StateHandle::First(state) => {
                let state = results.one(state)?;
                Ok(Progress {
                    total: self.total(&state, on_page, there_is_more)?,
                    import: Some(self.reader.snapshot.to_owned()),
                    afterwards: state.is_made.then(|| delete_unread(tenant)).into_iter().collect(),
                })
            }
            StateHandle::Later(state) => {
                let mut state = results.one(state)?;
                if state.is_refused {
                    return Err(StorageError::from(StorageErrorKind::TooManyImports).into());
                }
                Ok(Progress {
                    total: state.total,
                    import: state.import.take(),
                    afterwards: self.reading().afterwards(tenant, state, self.bindings()),
                })
            }
        }
    }

    /// The statement that selects the [`State`] of a first page. The total is that of the snapshot; without one, that
    /// of `counted` for a small page, and otherwise the number of rows on the page.
    fn state(&self, counted: &str) -> String {
        // If a page that is not small makes no snapshot, the list is no longer than the page, or it is refused.
        let counted = if self.is_small() { counted } else { "NULL" };
        format!(
            "SELECT coalesce(s.total, {counted}) AS total, s.total IS NOT NULL AS is_made, {} AS is_full
             FROM (SELECT 1) LEFT JOIN list_snapshots s ON s.org_id = :org AND s.list = :list AND s.id = :snapshot",
            is_full()
        )
    }

    /// The total of the list for its first page.
    fn total(&self, state: &State, on_page: u64, there_is_more: bool) -> Result<u64, Error> {
        let is_test = self.is_small() && state.total.is_some_and(|total| total > LONG_LIST);
        match state.total {
            Some(total) if state.is_made || is_test || !there_is_more => Ok(total),
            None if !there_is_more => Ok(on_page),
            _ if state.is_full => Err(StorageError::from(StorageErrorKind::TooManyImports).into()),
            _ if self.filter.is_some() => Err(ScimError::too_many(format!(
                "More than {MAX_BOUNDARIES} {} match the filter, which is the most that can be read page by page with \
                 \"startIndex\". Narrow the filter, leave it out, or read the pages with \"cursor\" instead of \
                 \"startIndex\".",
                self.resource.to_ascii_lowercase()
            )).into()),
            _ => Err(StorageError::internal("a list of several pages has no snapshot".to_owned()).into()),
        }
    }
}

/// Deletes the snapshots without a request for an hour or, if their last page has not been read, for a day.
fn delete_unread(tenant: &Tenant<'_>) -> Statement {
    let unread = unread(&format!("iif(r.is_done, {HOUR_AGO}, {DAY_AGO})"));
    tenant.statement(&format!("DELETE FROM list_snapshots AS s WHERE s.org_id = :org AND {unread}"), &[])
}

/// Deletes the snapshots without a request for an hour, if there is no room left.
fn make_room() -> String {
    format!(
        "DELETE FROM list_snapshots AS s WHERE s.org_id = :org AND {} AND {}",
        is_full(),
        unread(HOUR_AGO)
    )
}

/// The condition that the snapshot `s` began more than an hour ago, and that no page of it was read since `since`.
fn unread(since: &str) -> String {
    format!(
        "s.begun_at < {HOUR_AGO} AND NOT EXISTS (
           SELECT 1 FROM readings r
           WHERE r.org_id = s.org_id AND r.list = s.list AND (r.id = s.id OR r.snapshot = s.id)
             AND r.read_at >= {since})"
    )
}

/// The condition that the organization's snapshots have reached [`BUDGET`].
fn is_full() -> String {
    format!("(SELECT coalesce(sum({BYTES}), 0) FROM list_snapshots WHERE org_id = :org) >= {BUDGET}")
}

/// A hash of texts.
fn hash(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // Of one length, so that it is clear where a part ends.
        hash.update(Sha256::digest(part));
    }
    base16ct::lower::encode_string(&hash.finalize())
}
