//! Lists: of users, of groups, or of both, filtered, sorted, and page by page.

mod direction;
mod page_row;
mod query;
mod source;

use super::batch::{Batch, Count, Handle, Select};
use super::filter::Load;
use super::member_chunks::{ChunkRow, MemberChunks};
use super::session::Opened;
use super::statement::{Statement, integer, optional};
use super::tenant::Tenant;
use super::{JsText, StorageError, groups, member_chunks};
use crate::d1::imports::shown::ShownPage;
pub use crate::d1::imports::snapshot::Reader;
use crate::d1::imports::snapshot::{Snapshot, StateHandle};
use crate::error::Error;
use direction::Direction;
use page_row::PageRow;
pub use query::{Listed, Query};
use scim_protocol::ScimError;
use scim_protocol::cursor::{Cursor, Position};
use scim_protocol::list::Window;
use source::{GROUP_RANK, Sources};

/// The attributes that have an index, for errors that advise to filter by one of them.
pub const INDEXED: &str = "of users: id, userName, externalId, emails.value or groups.value with \"eq\", userName \
                           with \"sw\", meta.lastModified with \"gt\"; of groups: id, displayName, externalId or \
                           members.value with \"eq\"";

/// A page of a list.
pub struct Listing {
    /// The number of resources on all pages.
    pub total: u64,
    /// The resources on this page, in order.
    pub items: Vec<Item>,
    /// Whether there are more resources in the direction in which the list was read.
    pub more: bool,
    /// Whether the list turned out to have several pages: the caller prepares it again with [`Query::is_long`].
    pub turned_out_long: bool,
    /// The statements to run after the response.
    pub afterwards: Vec<Statement>,
    /// The page, if it is of an import.
    pub shown: Option<ShownPage>,
}

/// A resource of a list.
pub struct Item {
    /// Its place.
    pub position: Position,
    /// The whole resource, without the groups or members that were not requested.
    pub resource: Resource,
}

/// A resource of either kind.
pub enum Resource {
    /// A user.
    User(JsText),
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
    /// Whether this batch finds out if there is more than one page. If there is one, the batch reads all of it.
    probes: bool,
    is_import: bool,
}

/// Where a total, or a part of it, comes from.
enum Total {
    /// The row of the organization has it.
    OfOrganization,
    /// The filter matches at most one resource, and the page is the first: the page has it.
    OnPage,
    /// A statement counts.
    Counted(Handle<Count>),
    /// The snapshot of the list has it.
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
    // If a filter makes the database look at every row, a list of one page is scanned once, and not again to count it.
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
    // One more row than the page has shows whether there is another page.
    let begins = snapshot.as_ref().is_some_and(Snapshot::begins);
    bindings
        .push(integer("limit", i64::from(count).saturating_add(i64::from(by_cursor || probes || begins))));
    bindings.push(integer("offset", offset));
    let position = cursor.map(|cursor| &cursor.position);
    let own_page = sources.only().zip(snapshot.as_ref());
    let before = own_page.map(|(source, snapshot)| snapshot.begin(&source.rows())).unwrap_or_default();
    // A first page is read from the list as it is now, a later one from the snapshot of the first.
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
    let page = batch.push(Select::read_by(tenant.statement(&page, &bindings), PageRow::read));
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
        is_import: query.is_import(),
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

    /// Whether the database has to look at every row for this page. For a later page of a list, the snapshot has the
    /// rows.
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
                "The filter makes the database look at each of {} users and {} groups once for each comparison, which \
                 is more than this service does for one request. Use fewer comparisons, or filter by an attribute \
                 that is indexed ({INDEXED}).",
                organization.user_count, organization.group_count
            )).into());
        }
        let mut rows = opened.results.all(self.page)?;
        let there_is_more = rows.len() > self.count;
        rows.truncate(self.count);
        let on_page = u64::try_from(rows.len()).unwrap_or(0);
        let mut total = 0_u64;
        let mut afterwards = Vec::new();
        let mut shown = None;
        for part in &self.totals {
            total = total.saturating_add(match part {
                Total::OfOrganization => opened.organization.user_count,
                Total::OnPage => on_page,
                Total::Counted(count) => opened.results.one(*count)?.count,
                Total::OfSnapshot(state) => {
                    let snapshot = self.snapshot.as_ref().ok_or_else(|| {
                        StorageError::internal("a list without a snapshot has a state of one".to_owned())
                    })?;
                    let progress = snapshot.read(tenant, &opened.results, *state, on_page, there_is_more)?;
                    afterwards = progress.afterwards;
                    shown = self.shown(snapshot, progress.import, progress.total, &rows);
                    progress.total
                }
            });
        }
        if self.backward {
            rows.reverse();
        }
        let chunks = self.members.map(|members| opened.results.all(members)).transpose()?;
        let mut members = chunks.map(MemberChunks::of);
        let mut items = Vec::with_capacity(rows.len());
        for PageRow { rank, key, body, .. } in rows {
            let group = match self.listed {
                Listed::Users => None,
                Listed::Groups => Some(rank),
                Listed::All => rank.checked_sub(GROUP_RANK).filter(|seq| *seq >= 0),
            };
            let resource = match group {
                None => Resource::User(body),
                Some(seq) => {
                    let members = members.as_mut().map(|members| members.take(seq));
                    Resource::Group(groups::Resource { own: body.into_string(), members })
                }
            };
            items.push(Item { position: Position { key, rank }, resource });
        }
        let more = (self.by_cursor || self.probes) && there_is_more;
        Ok(Listing { total, items, more, turned_out_long: self.probes && more, afterwards, shown })
    }

    /// The page as a page of the import with that id.
    fn shown(
        &self,
        snapshot: &Snapshot<'_>,
        import: Option<String>,
        total: u64,
        rows: &[PageRow],
    ) -> Option<ShownPage> {
        let import = import.filter(|_| self.is_import)?;
        let seqs = rows.iter().map(|row| row.rank);
        let people = (self.listed == Listed::Users).then(|| {
            let people: Vec<&str> = rows.iter().filter_map(|row| row.shown.as_deref()).collect();
            format!("[{}]", people.join(","))
        });
        Some(ShownPage {
            import,
            resource: snapshot.resource,
            size: snapshot.size,
            offset: snapshot.offset,
            total,
            range: (seqs.clone().min().unwrap_or(0), seqs.max().unwrap_or(0)),
            rows: u64::try_from(rows.len()).unwrap_or(0),
            people,
        })
    }
}
