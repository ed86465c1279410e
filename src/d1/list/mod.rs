//! Lists: of users, of groups, or of both, filtered, sorted, and page by page.

mod direction;
mod source;

use serde::Deserialize;

use super::batch::{Batch, Count, Handle};
use super::columns::js_text;
use super::filter::Load;
use super::member_chunks::{ChunkRow, MemberChunks};
use super::session::Opened;
use super::statement::{Statement, integer, optional};
use super::tenant::Tenant;
use super::{JsText, groups, member_chunks};
pub use crate::d1::imports::snapshot::Reader;
use crate::d1::imports::snapshot::{Snapshot, StateHandle};
use crate::error::Error;
use direction::Direction;
use scim_protocol::ScimError;
use scim_protocol::cursor::{Cursor, Position};
use scim_protocol::filter::Filter;
use scim_protocol::list::Window;
use scim_protocol::query::Sort;
use source::{GROUP_RANK, Sources};

/// Whose list it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Users.
    Users,
    /// Groups.
    Groups,
    /// Users, then groups (RFC 7644 §3.4.2.1).
    All,
}

/// What is asked for.
pub struct Query<'a> {
    /// Whose list it is.
    pub listed: Listed,
    /// Which of them; `None`: all.
    pub filter: Option<&'a Filter<'a>>,
    /// The filter as it was sent.
    pub filter_text: Option<&'a str>,
    /// In which order; `None`: in order of insertion.
    pub sort: Option<&'a Sort<'a>>,
    /// Which page.
    pub window: &'a Window,
    /// Who reads it.
    pub reader: Reader<'a>,
    /// Whether users come with their groups. What is not asked for is not read.
    pub with_groups: bool,
    /// Whether groups come with their members.
    pub with_members: bool,
    /// Whether it is known that the list has several pages.
    pub is_long: bool,
}

/// The attributes that an index finds, for whoever has to filter by one of them.
pub const INDEXED: &str = "of users: id, userName, externalId, emails.value or groups.value with \"eq\", userName with \"sw\", \
                           meta.lastModified with \"gt\"; of groups: id, displayName, externalId or members.value with \"eq\"";

/// A page of a list.
pub struct Listing {
    /// How many there are on all pages.
    pub total: u64,
    /// Those of this page, in order.
    pub items: Vec<Item>,
    /// Whether there are more in the direction in which the list was read.
    pub more: bool,
    /// Whether the list turned out to have several pages, so that it has to be prepared as a long one.
    pub turned_out_long: bool,
    /// What is to be noted after the answer.
    pub afterwards: Option<Statement>,
}

/// A resource of a list.
pub struct Item {
    /// Its place.
    pub position: Position,
    /// The whole resource, less what was not asked for.
    pub resource: Resource,
}

/// A resource of either kind.
pub enum Resource {
    /// A user.
    User(String),
    /// A group.
    Group(groups::Resource),
}

/// A list that has been prepared; see [`prepare`].
pub struct Prepared<'a> {
    snapshot: Option<Snapshot<'a>>,
    batch: Batch,
    page: Handle<PageRow>,
    members: Option<Handle<ChunkRow>>,
    listed: Listed,
    totals: Vec<Total>,
    count: usize,
    by_cursor: bool,
    backward: bool,
    load: Load,
    /// Whether it is only asked whether there is more than one page, and if not, for all of it.
    probes: bool,
}

/// A resource on a page.
#[derive(Debug, Deserialize)]
struct PageRow {
    rank: i64,
    /// What the list is sorted by; `None` where it is in order of insertion, or the resource has no such value.
    key: Option<String>,
    /// The resource; see [`Resource`].
    #[serde(deserialize_with = "js_text")]
    body: JsText,
}

/// How a total, or a part of it, is learned.
enum Total {
    /// It is kept with the organization.
    OfOrganization,
    /// The filter can match one at most, and the page is the first.
    OnPage,
    /// A statement counts.
    Counted(Handle<Count>),
    /// The list's snapshot knows it.
    OfSnapshot(StateHandle),
}

/// Prepares a list: its snapshot, the page, the counts, the members of the page's groups.
///
/// # Errors
/// `tooMany` for a filter that would keep the database busy too long.
pub fn prepare<'a>(tenant: &Tenant<'_>, query: &Query<'a>) -> Result<Prepared<'a>, ScimError> {
    let sources = Sources::of(tenant, query)?;
    let (count, offset, cursor) = match query.window {
        Window::Index(page) => (page.count, i64::try_from(page.offset()).unwrap_or(i64::MAX), None),
        Window::Cursor { count, from } => (*count, 0, from.as_ref()),
    };
    let by_cursor = matches!(query.window, Window::Cursor { .. });
    let direction = Direction {
        descending: query.sort.is_some_and(|sort| sort.descending),
        backward: cursor.is_some_and(|cursor| cursor.backward),
    };
    let first = cursor.is_none() && offset == 0 && count > 0;
    // Where looking at everybody takes long, a list of one page is looked through once, and not again to count it.
    let probes = first && !query.is_long && sources.load.is_noticeable();
    let snapshot = if probes { None } else { snapshot_of(query, &sources) };
    let mut bindings = sources.bindings.clone();
    if let Some(snapshot) = &snapshot {
        bindings.extend(snapshot.bindings());
    }
    if let Some(Cursor { position, .. }) = cursor {
        bindings.push(optional("after", position.key.as_deref()));
        bindings.push(integer("after_rank", position.rank));
    }
    bindings.push(integer("count", count));
    // One more than asked for tells whether there is another page.
    let begins = snapshot.as_ref().is_some_and(Snapshot::begins);
    bindings
        .push(integer("limit", i64::from(count).saturating_add(i64::from(by_cursor || probes || begins))));
    bindings.push(integer("offset", offset));
    let position = cursor.map(|cursor| &cursor.position);
    let own_page = sources.only().zip(snapshot.as_ref());
    let before = own_page.map(|(source, snapshot)| snapshot.begin(&source.rows())).unwrap_or_default();
    // A first page is the list as it is now; what a later one is, the snapshot of the first tells.
    let later = own_page.and_then(|(source, snapshot)| Some((source, snapshot.later_rows(&source.rows())?)));
    let (page, groups_on_page) = match &later {
        Some((source, rows)) => {
            (source.page_of(rows, query.with_groups), format!("SELECT hit.seq FROM ({rows}) hit"))
        }
        None => (
            sources.page(direction, position, query.with_groups),
            sources.groups_on_page(direction, position, probes),
        ),
    };
    let mut batch = Batch::new();
    batch.extend(before.iter().map(|sql| tenant.statement(sql, &bindings)));
    let page = batch.push(tenant.select(&page, &bindings));
    let mut totals = Vec::new();
    if probes {
        totals.push(Total::OnPage);
    }
    for source in sources.all.iter().filter(|_| !probes) {
        totals.push(match (&snapshot, query.filter) {
            (Some(snapshot), _) => {
                Total::OfSnapshot(snapshot.push_state(&mut batch, tenant, &bindings, &source.total))
            }
            (None, None) if source.is_users() => Total::OfOrganization,
            (None, Some(_)) if source.unique && first && sources.all.len() == 1 => Total::OnPage,
            (None, _) => {
                let count = format!("SELECT count(*) AS count {}", source.from);
                Total::Counted(batch.push(tenant.select(&count, &bindings)))
            }
        });
    }
    let with_members = query.with_members && query.listed != Listed::Users;
    let members =
        with_members.then(|| batch.push(member_chunks::of_groups(tenant, &groups_on_page, &bindings)));
    Ok(Prepared {
        snapshot,
        batch,
        page,
        members,
        listed: query.listed,
        totals,
        count: usize::try_from(count).unwrap_or(usize::MAX),
        by_cursor,
        backward: direction.backward,
        load: sources.load,
        probes,
    })
}

/// The snapshot of a list that is read by position, in order of insertion, and may have several pages.
fn snapshot_of<'a>(query: &Query<'a>, sources: &Sources) -> Option<Snapshot<'a>> {
    let Window::Index(page) = query.window else { return None };
    let source = sources.only().filter(|source| !source.few && query.sort.is_none())?;
    let resource = if source.is_users() { "Users" } else { "Groups" };
    Snapshot::of(resource, query.filter_text, query.reader, page)
}

impl Prepared<'_> {
    /// The statements to run.
    pub fn take_batch(&mut self) -> Batch {
        std::mem::take(&mut self.batch)
    }

    /// Whether the database has to look at everybody for this page: a later page of a list that has a snapshot is
    /// known.
    pub fn scans(&self, window: &Window) -> bool {
        let is_later = matches!(window, Window::Index(page) if page.offset() > 0);
        self.load.is_some() && !(is_later && self.snapshot.is_some())
    }

    /// The page, once the statements have run.
    ///
    /// # Errors
    /// `tooMany`, if the filter is too much for an organization of that size; 429 or `tooMany` where the pages of the
    /// list cannot be kept together; our fault: a row is not what the statement selects.
    pub fn read(&self, tenant: &Tenant<'_>, opened: &Opened) -> Result<Listing, Error> {
        let organization = &opened.organization;
        if self.load.is_too_much(organization.user_count, organization.group_count) {
            return Err(ScimError::too_many(format!(
                "The filter makes the database look at each of {} users and {} groups once for each comparison, which is \
                 more than this service does for one request. Use fewer comparisons, or filter by an attribute that is indexed \
                 ({INDEXED}).",
                organization.user_count, organization.group_count
            )).into());
        }
        let mut rows = opened.results.all(self.page)?;
        let there_is_more = rows.len() > self.count;
        rows.truncate(self.count);
        let on_page = u64::try_from(rows.len()).unwrap_or(0);
        let mut total = 0_u64;
        let mut afterwards = None;
        for part in &self.totals {
            total = total.saturating_add(match part {
                Total::OfOrganization => opened.organization.user_count,
                Total::OnPage => on_page,
                Total::Counted(count) => opened.results.one(*count)?.count,
                Total::OfSnapshot(state) => {
                    let Some(snapshot) = &self.snapshot else { continue };
                    let (total, statement) =
                        snapshot.read(tenant, &opened.results, *state, on_page, there_is_more)?;
                    afterwards = statement;
                    total
                }
            });
        }
        if self.backward {
            rows.reverse();
        }
        let chunks = self.members.map(|members| opened.results.all(members)).transpose()?;
        let mut members = chunks.map(MemberChunks::of);
        let mut items = Vec::with_capacity(rows.len());
        for PageRow { rank, key, body } in rows {
            let group = match self.listed {
                Listed::Users => None,
                Listed::Groups => Some(rank),
                Listed::All => rank.checked_sub(GROUP_RANK).filter(|seq| *seq >= 0),
            };
            let own = body.into_string();
            let resource = match group {
                None => Resource::User(own),
                Some(seq) => {
                    let members = members.as_mut().map(|members| members.take(seq));
                    Resource::Group(groups::Resource { own, members })
                }
            };
            items.push(Item { position: Position { key, rank }, resource });
        }
        let more = (self.by_cursor || self.probes) && there_is_more;
        Ok(Listing { total, items, more, turned_out_long: self.probes && more, afterwards })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::d1::Scope;
    use crate::d1::limits::LIMITS;
    use directory::Catalog;
    use scim_protocol::cursor::Seal;
    use scim_protocol::filter::parse;
    use scim_protocol::query::{CursorContext, Integer, ListQuery};

    /// Queries that an index has to serve, and the statements they become.
    fn statements() -> Value {
        let catalog = Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap();
        let tenant = Tenant {
            scope: Scope::Key { id: "key".to_owned(), hash: "hash".to_owned() },
            catalog: &catalog,
            base: "https://example.com/scim".to_owned(),
            now: "2026-01-01T00:00:00.000Z".to_owned(),
        };
        let context = CursorContext { endpoint: "/", seal: Seal { id: "key", secret: "hash" }, now: 0 };
        let page = |listed: Listed, filter: Option<&str>, sort_by: Option<&str>, place: &str| {
            let (cursor, later) = (place == "behind a cursor", place == "on a later page");
            let resource_types: &[_] = match listed {
                Listed::Users => &[&catalog.user],
                Listed::Groups => &[&catalog.group],
                Listed::All => &[&catalog.user, &catalog.group],
            };
            let parameters = ListQuery {
                filter: filter.map(str::to_owned),
                sort_by: sort_by.map(str::to_owned),
                cursor: cursor.then(String::new),
                start_index: later.then_some(Integer::Value(5001)),
                ..ListQuery::default()
            };
            let parsed = filter.map(|text| parse(resource_types, text, &LIMITS).unwrap());
            let sort = parameters.sort(resource_types).unwrap();
            let mut window = parameters.window(&context, &LIMITS).unwrap();
            if let Window::Cursor { from, .. } = &mut window {
                let key = sort_by.map(|_| "m".to_owned());
                *from = Some(Cursor { backward: false, position: Position { key, rank: 5000 } });
            }
            let query = Query {
                listed,
                filter: parsed.as_ref(),
                filter_text: filter,
                sort: sort.as_ref(),
                window: &window,
                reader: Reader { key: "key", client: "client", snapshot: "snapshot" },
                with_groups: true,
                with_members: listed != Listed::Users,
                is_long: false,
            };
            let statements: Vec<Value> = prepare(&tenant, &query)
                .unwrap()
                .take_batch()
                .statements()
                .map(|statement| json!({"sql": statement.sql, "params": statement.params}))
                .collect();
            json!({"listed": format!("{listed:?}"), "filter": filter, "sortBy": sort_by, "place": place,
                "statements": statements})
        };
        let of = |listed: Listed, filter: Option<&str>, sort_by: Option<&str>, cursor: bool| {
            page(listed, filter, sort_by, if cursor { "behind a cursor" } else { "" })
        };
        let users = |filter| of(Listed::Users, Some(filter), None, false);
        let groups = |filter| of(Listed::Groups, Some(filter), None, false);
        json!([
            users("id eq \"1\""),
            users("userName eq \"a@example.com\""),
            users("userName sw \"a\""),
            users("externalId eq \"00u1\""),
            users("emails.value eq \"a@example.com\""),
            users("emails[type eq \"work\" and value eq \"a@example.com\"]"),
            users("groups.value eq \"1\""),
            users("meta.lastModified gt \"2026-01-01T00:00:00Z\""),
            users("userName eq \"a\" or externalId eq \"b\" or emails eq \"c\""),
            users("active eq true and (userName eq \"a\" or id eq \"1\")"),
            groups("id eq \"1\""),
            groups("displayName eq \"Engineers\""),
            groups("externalId eq \"1\""),
            groups("members.value eq \"1\""),
            groups("displayName eq \"a\" or displayName eq \"b\""),
            page(Listed::Users, None, None, "on a later page"),
            page(Listed::Users, Some("title co \"a\""), None, "on a later page"),
            page(
                Listed::Users,
                Some("meta.lastModified gt \"2026-01-01T00:00:00Z\""),
                None,
                "on a later page"
            ),
            page(Listed::Users, Some("emails.value co \"a\""), None, "on a later page"),
            page(Listed::Groups, None, None, "on a later page"),
            page(Listed::Groups, Some("members.display co \"a\""), None, "on a later page"),
            of(Listed::Users, None, None, false),
            of(Listed::Users, None, None, true),
            of(Listed::Users, None, Some("userName"), false),
            of(Listed::Users, None, Some("userName"), true),
            of(Listed::Users, None, Some("meta.lastModified"), false),
            of(Listed::Groups, None, None, true),
            of(Listed::Groups, None, Some("displayName"), true),
            of(Listed::All, Some("externalId eq \"1\""), None, false),
            of(Listed::All, None, None, false),
            of(Listed::All, None, None, true),
        ])
    }

    /// What D1 makes of them, `tests/cost/query-plans.test.mjs` asks it. Run with UPDATE=1 to write the file anew.
    #[test]
    fn statements_are_those_whose_plans_are_tested() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cost/statements.json");
        let made = format!("{:#}\n", statements());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            made == kept,
            "tests/cost/statements.json is out of date: UPDATE=1 cargo test statements_are"
        );
    }
}
