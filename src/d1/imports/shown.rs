//! What identity providers were shown: a row of `imports` for each list of all users or groups that is read by
//! position. It has the pages of the list, and of each page where it begins and ends. Who was on a page is in KV; see
//! [`crate::kv::imports`].
//!
//! All of this is written after the answer. It decides nothing: which rows a page has comes from [`super::snapshot`].

use sha2::{Digest, Sha256};

use super::snapshot::SMALL_PAGE;
use crate::d1::batch::{Ignored, Select};
use crate::d1::statement::{Binding, Statement, integer, text};
use crate::d1::tenant::Tenant;

/// Most pages of a list that are kept.
pub(crate) const MOST_PAGES: u64 = 2_000;

/// A page of a list as it was shown.
#[derive(Debug)]
pub struct ShownPage {
    /// The id of the import, which is that of the reading.
    pub(crate) import: String,
    /// `Users` or `Groups`.
    pub(crate) resource: &'static str,
    /// Rows of a page, at most.
    pub(crate) size: u64,
    /// How many rows come before the page.
    pub(crate) offset: u64,
    /// The `totalResults` of the list.
    pub(crate) total: u64,
    /// The least and the greatest `seq` of its rows; 0 if it has none.
    pub(crate) range: (i64, i64),
    /// How many rows it has.
    pub(crate) rows: u64,
    /// The people on it as a JSON array; see [`crate::kv::imports::Shown`]. `None`: a page of groups.
    pub(crate) people: Option<String>,
}

/// A page to keep, and the organization that it belongs to.
pub struct Keeping {
    /// The page.
    pub page: ShownPage,
    /// The id of the organization.
    pub organization: String,
    /// The organization, for statements.
    pub tenant: Tenant<'static>,
    /// How many pages the deployment keeps in a day.
    pub pages_a_day: u64,
}

/// Whether a page of that size is of an import: smaller ones test the connection.
pub(crate) fn is_of_import(size: u64) -> bool {
    size >= SMALL_PAGE
}

impl ShownPage {
    /// The number of the page, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.offset.checked_div(self.size).unwrap_or(0).saturating_add(1)
    }

    /// How many pages of a day are to be left if it is to be kept: for the first, those of the whole list, so that
    /// lists are kept as a whole.
    fn due(&self) -> u64 {
        if self.offset == 0 { self.total.div_ceil(self.size.max(1)).max(1) } else { 1 }
    }

    /// Whether who is on the page may be kept.
    fn may_be_kept(&self) -> bool {
        self.people.is_some() && self.number() <= MOST_PAGES && self.due() <= MOST_PAGES
    }

    /// The entry of the page in `imports.pages`. `hash`: of who is on it; `None` if that is not kept.
    fn entry(&self, hash: Option<&str>) -> String {
        let (first, last) = self.range;
        let hash = hash.map_or_else(|| "null".to_owned(), |hash| format!("\"{hash}\""));
        format!("[{first},{last},{},{},{hash}]", self.rows, self.size)
    }
}

impl Keeping {
    /// The first of the two statements that note the page: it counts the page among those of the day, and returns a
    /// row if the page is to be kept. A later page is kept if the first page was.
    pub fn count(&self) -> Select<Ignored> {
        let later = match self.page.offset {
            0 => "",
            _ => {
                " AND EXISTS (SELECT 1 FROM imports i WHERE i.org_id = o.id AND i.id = :import
                     AND i.pages ->> '$.\"1\"[4]' IS NOT NULL)"
            }
        };
        let sql = format!(
            "INSERT INTO import_days (day, pages)
             SELECT substr(:now, 1, 10), 1 FROM (SELECT :org AS id LIMIT 1) o
             WHERE o.id IS NOT NULL AND CAST(:may_be_kept AS INTEGER)
               AND CAST(:due AS INTEGER) + coalesce(
                 (SELECT d.pages FROM import_days d WHERE d.day = substr(:now, 1, 10)), 0)
                 <= CAST(:a_day AS INTEGER){later}
             ON CONFLICT DO UPDATE SET pages = pages + 1
             RETURNING 1"
        );
        let bindings = [
            text("import", self.page.import.as_str()),
            integer("may_be_kept", i64::from(self.page.may_be_kept())),
            text("due", self.page.due().to_string()),
            text("a_day", self.pages_a_day.to_string()),
        ];
        Select::few(self.tenant.statement(&sql, &bindings))
    }

    /// The second: it notes the page, and whether it is kept.
    pub fn note(&self) -> Statement {
        let page = &self.page;
        let sql = format!(
            "INSERT INTO imports (org_id, id, resource, key_id, page_size, total, read_at, is_done, event_seq, pages)
             SELECT o.id, :import, :resource, :event_key, CAST(:size AS INTEGER), CAST(:total AS INTEGER), :now,
               CAST(:is_last AS INTEGER), coalesce((SELECT max(e.seq) FROM events e WHERE e.org_id = o.id), 0),
               json_object(:number, json(iif(changes() = 1, :kept, :noted)))
             FROM (SELECT :org AS id LIMIT 1) o WHERE o.id IS NOT NULL
             ON CONFLICT DO UPDATE SET total = max(total, excluded.total), read_at = excluded.read_at,
               is_done = max(is_done, excluded.is_done),
               pages = iif((SELECT count(*) FROM json_each(pages)) < {MOST_PAGES}, json_patch(pages, excluded.pages),
                 pages)"
        );
        let hash = page.people.as_deref().filter(|_| page.may_be_kept()).map(hash);
        let is_last = page.offset.saturating_add(page.size) >= page.total;
        let bindings = [
            text("import", page.import.as_str()),
            text("resource", page.resource),
            text("size", page.size.to_string()),
            text("total", page.total.to_string()),
            integer("is_last", i64::from(is_last)),
            text("number", page.number().to_string()),
            text("kept", page.entry(hash.as_deref())),
            text("noted", page.entry(None)),
        ];
        self.tenant.statement(&sql, &bindings)
    }

    /// Notes that KV has not taken the page, and why.
    pub fn failed(&self, why: &str) -> Statement {
        let sql = "UPDATE imports SET failed = :why,
               pages = json_set(pages, '$.\"' || :number || '\"[4]', NULL)
             WHERE org_id = :org AND id = :import";
        let bindings: [Binding; 3] = [
            text("why", why),
            text("number", self.page.number().to_string()),
            text("import", self.page.import.as_str()),
        ];
        self.tenant.statement(sql, &bindings)
    }
}

/// The beginning of a hash, by which equal pages are recognized.
fn hash(people: &str) -> String {
    let hash = Sha256::digest(people);
    base16ct::lower::encode_string(hash.get(..8).unwrap_or_default())
}
