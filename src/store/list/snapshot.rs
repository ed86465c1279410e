//! Snapshots: what keeps the pages of a list together that a client reads by position.
//!
//! An identity provider imports everybody page by page, and unassigns whoever it does not find. Counted anew for each
//! page, positions shift when somebody is deleted between two pages, and the next page begins too late. So the first
//! page of a list notes which rows its positions are: every row of a filtered list, the last row of each page of any
//! other. From then on a page is the rows between two such posts. It becomes shorter when rows go, but who stays is on
//! the same page, and newcomers are on none.
//!
//! A request does not tell whose import it belongs to. While somebody is between the second page and the last, whoever
//! begins to read the same list gets the same posts, and behind them the newcomers, so that neither moves what the other
//! is about to read. Whoever has read the first page only is not known to go on: the first post stays where it is for a
//! moment.
//!
//! All of it is one row in D1, written in the batch that reads the first page. KV cannot hold it: a name that was
//! written a minute ago may still be read as it was before, and the posts of the import before would lose somebody.

use serde_json::Value;

use crate::scim::list::Page;
use crate::store::StoreError;
use crate::store::record::{self, Record};
use crate::store::statement::{Binding, Statement, expression, text};
use crate::store::tenant::Tenant;

/// Since when a snapshot has been read that is still good.
const ALIVE_SINCE: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-15 minutes')";
/// Since when the first page has been read by those who are given the time to ask for the second.
const MOMENTS_AGO: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-30 seconds')";
/// Since when a snapshot has been there that is shared with whoever begins to read the list now.
const SHARED_SINCE: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-1 hour')";
/// How exactly it is noted that a snapshot is being read.
const NOTED_SINCE: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-1 minute')";
/// Since when nobody has read a snapshot that is done away with.
const FORGOTTEN_SINCE: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-1 day')";
/// Most snapshots that an organization has.
const MOST_SNAPSHOTS: u32 = 50;

/// Characters of a post.
const WIDTH: u64 = 11;
/// Some `seq` as posts.
const POSTS: &str = "group_concat(printf('%10d,', seq), '')";
/// Most posts of a snapshot; D1 takes 2 MB. Positions behind the last are counted from there.
const MOST_POSTS: u64 = 150_000;
/// Most rows that are added to those listed, while a list is being read.
const MOST_NEWCOMERS: u64 = 25_000;
/// A page that small is a test of the connection, if the list is long: it shall cost no more than it shows.
const SMALL_PAGE: u64 = 10;
/// Longest list of small pages that has a snapshot.
const LONG_LIST: u64 = 1_000;

/// Rows of a table, as parts of SQL.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    /// The column that has their order.
    pub(super) seq: &'a str,
    /// `FROM … WHERE …`
    pub(super) from: &'a str,
    /// What counts them.
    pub(super) total: &'a str,
}

/// Which rows are a page, as parts of SQL.
pub(super) struct Cut {
    /// What they satisfy besides.
    pub(super) condition: String,
    /// How many of them are skipped.
    pub(super) skipped: String,
}

/// What is known of a snapshot once the page has been read.
#[derive(Debug)]
pub(super) struct State {
    /// How many positions the list has, if that is known without the page.
    pub(super) total: Option<u64>,
    /// Whether there is a snapshot.
    exists: bool,
    /// Whether it was made with this page.
    is_new: bool,
    /// Whether it is noted that it is being read.
    is_noted: bool,
}

impl State {
    /// Reads what [`Snapshot::state`] selects.
    pub(super) fn read(head: &str) -> Result<Self, StoreError> {
        record::read("a snapshot", head, |value| {
            let mut record = Record::of(value)?;
            Some(Self {
                total: match record.take("total") {
                    Value::Null => None,
                    total => Some(total.as_u64()?),
                },
                exists: record.flag("exists")?,
                is_new: record.flag("is_new")?,
                is_noted: record.flag("is_noted")?,
            })
        })
    }
}

/// The snapshot of a list, seen from one of its pages.
#[derive(Debug)]
pub(super) struct Snapshot<'a> {
    /// `Users` or `Groups`.
    resource: &'static str,
    /// The filter as it was sent.
    filter: Option<&'a str>,
    size: u64,
    offset: u64,
}

/// Names the snapshot.
const ITSELF: &str = "s.org_id = :org AND s.resource = :resource AND s.filter = :filter AND s.page_size = CAST(:page_size AS INTEGER)";
/// The last position of the page.
const REACHED: &str = "CAST(:through AS INTEGER)";
/// Whether it still says what the pages are.
const ALIVE: &str = "max(s.first_at, s.read_at) > :alive_since";
/// Whether somebody is reading it behind the first page, so that none of its posts may move.
const IN_USE: &str = "s.readers > 0 AND s.begun_at > :shared_since AND s.read_at > :alive_since";
/// Whether somebody may be about to read the second page, so that the first one may not end elsewhere.
const BEGUN: &str =
    "s.readers > 0 AND s.begun_at > :shared_since AND s.read_at = '' AND s.first_at > :moments_ago";

impl<'a> Snapshot<'a> {
    /// The snapshot that a page belongs to. A page of none belongs to none.
    pub(super) fn of(resource: &'static str, filter: Option<&'a str>, page: &Page) -> Option<Self> {
        let size = u64::from(page.count);
        (size > 0).then(|| Self { resource, filter, size, offset: page.offset() })
    }

    /// Whether it is the first page, which makes the snapshot.
    fn begins(&self) -> bool {
        self.offset == 0
    }

    /// What the names in its SQL stand for.
    pub(super) fn bindings(&self) -> Vec<Binding> {
        vec![
            text("resource", self.resource),
            text("filter", self.filter.unwrap_or_default()),
            text("page_size", self.size.to_string()),
            text("most", MOST_SNAPSHOTS.to_string()),
            text("through", self.offset.saturating_add(self.size).to_string()),
            expression("itself", ITSELF),
            expression("reached", REACHED),
            expression("alive_since", ALIVE_SINCE),
            expression("moments_ago", MOMENTS_AGO),
            expression("shared_since", SHARED_SINCE),
            expression("noted_since", NOTED_SINCE),
            expression("forgotten_since", FORGOTTEN_SINCE),
        ]
    }

    /// The statements that come before that of the page. For the first page they add newcomers to a snapshot that is in
    /// use, measure one anew behind its first page, or make one; for any other they note that there is a reader.
    pub(super) fn begin(&self, rows: &Rows<'_>) -> Vec<String> {
        match (self.begins(), self.filter) {
            (true, None) => vec![
                self.extend_pages(rows),
                self.renew_pages(rows),
                self.insert_pages(rows),
                self.delete_outdated(),
            ],
            (true, Some(_)) => {
                vec![
                    self.extend_rows(rows),
                    self.renew_rows(rows),
                    self.insert_rows(rows),
                    self.delete_outdated(),
                ]
            }
            (false, _) => {
                vec![format!(
                    "UPDATE snapshots AS s SET read_at = :now, reached = max(s.reached, {REACHED})
                     WHERE {ITSELF} AND {ALIVE} AND s.read_at = ''"
                )]
            }
        }
    }

    fn extend_pages(&self, rows: &Rows<'_>) -> String {
        let Rows { seq, from, .. } = rows;
        let newest = self.column("s.newest");
        let first =
            self.column(&format!("{size} * (length(s.posts) / {WIDTH} + 1) - s.total - 1", size = self.size));
        let posts = self.walk(rows, &newest, &first);
        format!(
            "UPDATE snapshots AS s SET first_at = :now, readers = readers + 1,
               posts = s.posts || iif(length(s.posts) / {WIDTH} < {MOST_POSTS}, coalesce(({posts}), ''), ''),
               total = s.total + (SELECT count(*) {from} AND {seq} > {newest}),
               newest = coalesce((SELECT max({seq}) {from} AND {seq} > {newest}), s.newest)
             WHERE {ITSELF} AND {IN_USE}"
        )
    }

    fn renew_pages(&self, rows: &Rows<'_>) -> String {
        let Rows { seq, from, total } = rows;
        let size = self.size;
        let first = self.column(&post("1"));
        let posts = self.walk(rows, &first, &size.saturating_sub(1).to_string());
        format!(
            "UPDATE snapshots AS s SET first_at = :now, readers = readers + 1,
               posts = substr(s.posts, 1, {WIDTH}) || coalesce(({posts}), ''),
               total = {size} + {total} - (SELECT count(*) {from} AND {seq} <= {first}),
               newest = coalesce((SELECT max({seq}) {from}), s.newest)
             WHERE {ITSELF} AND {BEGUN}"
        )
    }

    fn insert_pages(&self, rows: &Rows<'_>) -> String {
        let Rows { seq, from, total } = rows;
        let posts = self.walk(rows, "0", &(self.size.saturating_sub(1)).to_string());
        self.insert(
            &format!("n.total, (SELECT max({seq}) {from}), coalesce(({posts}), '')"),
            // The LIMIT keeps SQLite from counting once for each time the number is named.
            &format!("(SELECT {total} AS total LIMIT 1) n"),
            "n.total",
        )
    }

    /// The last row of each page: from one to the next, so that every row is looked at once.
    fn walk(&self, rows: &Rows<'_>, after: &str, first: &str) -> String {
        let Rows { seq, from, .. } = rows;
        let step = self.size.saturating_sub(1);
        format!(
            "WITH RECURSIVE post (seq) AS (
               SELECT (SELECT {seq} {from} AND {seq} > {after} ORDER BY {seq} LIMIT 1 OFFSET {first})
               UNION ALL
               SELECT (SELECT {seq} {from} AND {seq} > post.seq ORDER BY {seq} LIMIT 1 OFFSET {step})
               FROM post WHERE post.seq IS NOT NULL LIMIT {MOST_POSTS})
             SELECT {POSTS} FROM post WHERE seq IS NOT NULL"
        )
    }

    fn extend_rows(&self, rows: &Rows<'_>) -> String {
        let Rows { seq, from, .. } = rows;
        let all_listed = format!("s.total <= {}", self.most_rows());
        let newest = self.column("s.newest");
        format!(
            "UPDATE snapshots AS s SET first_at = :now, readers = readers + 1,
               posts = s.posts || coalesce(more.posts, ''),
               total = s.total + iif({all_listed}, more.counted, (SELECT count(*) {from} AND {seq} > {newest})),
               newest = iif({all_listed}, s.newest, coalesce((SELECT max({seq}) {from} AND {seq} > {newest}), s.newest))
             FROM {more} WHERE {ITSELF} AND {IN_USE}",
            more = self.rows_beside(rows, "s.posts", &format!("{IN_USE} AND {all_listed}"), MOST_NEWCOMERS)
        )
    }

    fn renew_rows(&self, rows: &Rows<'_>) -> String {
        let Rows { seq, from, total } = rows;
        let (size, most) = (self.size, self.most_rows());
        let first = format!("substr(s.posts, 1, {})", size.saturating_mul(WIDTH));
        let known = self.column(&array_of(&first));
        format!(
            "UPDATE snapshots AS s SET first_at = :now, readers = readers + 1,
               posts = {first} || coalesce(more.posts, ''),
               total = {size} + iif(more.counted < {most}, more.counted,
                 {total} - (SELECT count(*) {from} AND {seq} IN (SELECT value FROM json_each({known})))),
               newest = coalesce((SELECT max({seq}) {from}), s.newest)
             FROM {more} WHERE {ITSELF} AND {BEGUN}",
            more = self.rows_beside(rows, &first, BEGUN, most)
        )
    }

    /// Rows that are not among some posts, as posts themselves, of a snapshot that satisfies a condition.
    fn rows_beside(&self, rows: &Rows<'_>, posts: &str, condition: &str, most: u64) -> String {
        let Rows { seq, from, .. } = rows;
        let known = self.column(&array_of(posts));
        format!(
            "(SELECT count(*) AS counted, {POSTS} AS posts
              FROM (SELECT {seq} AS seq {from} AND {} AND {seq} NOT IN (SELECT value FROM json_each({known}))
                    ORDER BY {seq} LIMIT {most})) AS more",
            self.exists(condition)
        )
    }

    fn insert_rows(&self, rows: &Rows<'_>) -> String {
        let Rows { seq, from, total } = rows;
        let most = if self.size < SMALL_PAGE { LONG_LIST.saturating_add(1) } else { self.most_rows() };
        let listed = format!(
            "(SELECT count(*) AS counted, coalesce(max(seq), 0) AS newest, {POSTS} AS posts
              FROM (SELECT {seq} AS seq {from} AND NOT {} ORDER BY {seq} LIMIT {most})) n",
            self.exists(&is_held())
        );
        let total = format!("iif(n.counted < {most}, n.counted, {total})");
        let newest = format!("iif(n.counted < {most}, n.newest, (SELECT max({seq}) {from}))");
        self.insert(&format!("{total}, {newest}, n.posts"), &listed, "n.counted")
    }

    /// `selected` is total, newest row and posts of what `counted` counts.
    fn insert(&self, selected: &str, source: &str, counted: &str) -> String {
        let mut is_long = format!("{counted} > {}", self.size);
        if self.size < SMALL_PAGE {
            is_long.push_str(&format!(" AND {counted} <= {LONG_LIST}"));
        }
        format!(
            "INSERT INTO snapshots (org_id, resource, filter, page_size, begun_at, first_at, total, newest, posts)
             SELECT o.id, :resource, :filter, CAST(:page_size AS INTEGER), :now, :now, {selected}
             FROM (SELECT :org AS id LIMIT 1) o CROSS JOIN {source}
             WHERE o.id IS NOT NULL AND {is_long} AND NOT {in_use}
             ON CONFLICT DO UPDATE SET begun_at = excluded.begun_at, first_at = excluded.first_at, read_at = '',
               readers = 1, reached = 0, total = excluded.total, newest = excluded.newest, posts = excluded.posts",
            in_use = self.exists(&is_held())
        )
    }

    /// A snapshot that was neither extended, nor renewed or replaced, is of a list that was longer than one page, and is no
    /// more.
    fn delete_outdated(&self) -> String {
        format!("DELETE FROM snapshots AS s WHERE {ITSELF} AND s.first_at <> :now")
    }

    /// Which rows are the page. Without a snapshot, positions are counted from the start.
    pub(super) fn cut(&self, rows: &Rows<'_>) -> Cut {
        match self.filter {
            None => self.cut_pages(rows),
            Some(_) => self.cut_rows(rows),
        }
    }

    fn cut_pages(&self, rows: &Rows<'_>) -> Cut {
        let Rows { seq, from, .. } = rows;
        let (size, offset) = (self.size, self.offset);
        let before = offset.checked_div(size).unwrap_or(0);
        let posts = format!("min({before}, length(s.posts) / {WIDTH})");
        let mut condition = String::new();
        if before > 0 {
            let after = self.living(&post(&posts));
            condition.push_str(&format!(" AND {seq} > coalesce({after}, 0)"));
        }
        // A position within a page is that of a client which goes on by the number of rows it got.
        let through = match offset.checked_rem(size) {
            Some(0) => self.living(&format!(
                "iif({before} < length(s.posts) / {WIDTH}, {}, s.newest)",
                post(&before.saturating_add(1).to_string())
            )),
            _ => self.living("s.newest"),
        };
        condition.push_str(&format!(" AND {seq} <= coalesce({through}, {})", i64::MAX));
        let counted = format!("{offset} - {posts} * {size}");
        let skipped = match offset.checked_rem(size) {
            Some(0) => counted,
            _ => {
                let first = if before > 0 { post(&before.to_string()) } else { "0".to_owned() };
                let last = post(&before.saturating_add(1).to_string());
                // Of the page that has been read in part, no more than is left of it.
                format!(
                    "iif({before} < length(s.posts) / {WIDTH},
                       min({counted}, (SELECT count(*) {from} AND {seq} > {first} AND {seq} <= {last})), {counted})"
                )
            }
        };
        let skipped = format!("coalesce({}, {offset})", self.living(&skipped));
        Cut { condition, skipped }
    }

    fn cut_rows(&self, rows: &Rows<'_>) -> Cut {
        let Rows { seq, from, .. } = rows;
        let (size, offset) = (self.size, self.offset);
        let known = format!("length(s.posts) / {WIDTH}");
        // As far as SQLite counts.
        let first = offset.min(2 * MOST_POSTS).saturating_mul(WIDTH).saturating_add(1);
        let listed = self.living(&format!(
            "iif({offset} < {known} OR s.total <= {known}, {}, NULL)",
            array_of(&format!("substr(s.posts, {first}, {})", size.saturating_mul(WIDTH)))
        ));
        // Behind the last row that is listed, and in a list without a snapshot, rows are counted.
        let after = self.living(&post(&known));
        let skipped = self.living(&format!("{offset} - {known}"));
        let condition = format!(
            " AND {seq} IN (
               SELECT value FROM json_each({listed})
               UNION ALL
               SELECT * FROM (
                 SELECT {seq} {from} AND {seq} > coalesce({after}, 0) AND {listed} IS NULL
                 ORDER BY {seq} LIMIT {size} OFFSET coalesce({skipped}, {offset})))"
        );
        Cut { condition, skipped: "0".to_owned() }
    }

    /// The statement that selects a [`State`]. The total is the snapshot's, else what `counted` counts, unless the page
    /// tells.
    pub(super) fn state(&self, counted: &str) -> String {
        // If the first page makes no snapshot, the list is no longer than that.
        let counted = if self.begins() && self.size >= SMALL_PAGE { "NULL" } else { counted };
        format!(
            "SELECT json_object('total', coalesce(s.total, {counted}), 'exists', json(iif(s.total IS NULL, 'false', 'true')),
               'is_new', json(iif(s.begun_at = :now, 'true', 'false')),
               'is_noted', json(iif(s.read_at > :noted_since, 'true', 'false'))) AS head
             FROM (SELECT 1) LEFT JOIN snapshots s ON {ITSELF} AND {ALIVE}"
        )
    }

    /// What is to be noted once the page has been answered.
    pub(super) fn afterwards(&self, tenant: &Tenant<'_>, state: &State) -> Option<Statement> {
        let is_last = state
            .total
            .is_some_and(|total| self.offset < total && self.offset.saturating_add(self.size) >= total);
        let sql = match (self.begins(), is_last) {
            _ if !state.exists => return None,
            (true, _) if state.is_new => {
                "DELETE FROM snapshots WHERE org_id = :org AND (max(first_at, read_at) < :forgotten_since OR (resource, filter, page_size) IN (
                   SELECT resource, filter, page_size FROM snapshots WHERE org_id = :org
                   ORDER BY max(first_at, read_at) DESC LIMIT -1 OFFSET CAST(:most AS INTEGER)))"
            }
            (true, _) => return None,
            (false, true) => {
                "UPDATE snapshots AS s SET read_at = :now, readers = max(readers - 1, 0), reached = s.total WHERE :itself"
            }
            (false, false) if !state.is_noted => {
                "UPDATE snapshots AS s SET read_at = :now, reached = max(s.reached, :reached) WHERE :itself"
            }
            (false, false) => return None,
        };
        Some(tenant.statement(sql, &self.bindings()))
    }

    /// A column of the snapshot.
    fn column(&self, sql: &str) -> String {
        format!("(SELECT {sql} FROM snapshots s WHERE {ITSELF})")
    }

    /// A column of the snapshot, as long as it says what the pages are.
    fn living(&self, sql: &str) -> String {
        format!("(SELECT {sql} FROM snapshots s WHERE {ITSELF} AND {ALIVE})")
    }

    /// Whether there is a snapshot that satisfies a condition.
    fn exists(&self, condition: &str) -> String {
        format!("EXISTS (SELECT 1 FROM snapshots s WHERE {ITSELF} AND {condition})")
    }

    /// Most rows that are listed: whole pages.
    fn most_rows(&self) -> u64 {
        MOST_POSTS.checked_div(self.size).unwrap_or(0).saturating_mul(self.size)
    }
}

/// The condition that somebody reads a snapshot, or may be about to, so that none may be made in its place.
fn is_held() -> String {
    format!("({IN_USE} OR {BEGUN})")
}

/// Posts as a JSON array.
fn array_of(posts: &str) -> String {
    format!("'[' || rtrim({posts}, ',') || ']'")
}

/// The post with a number, from 1; 0 for none.
fn post(number: &str) -> String {
    format!("CAST(substr(s.posts, ({number} - 1) * {WIDTH} + 1, {WIDTH} - 1) AS INTEGER)")
}
