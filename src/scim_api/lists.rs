//! GET of a collection or of everything, and POST to `/.search` (RFC 7644 §3.4.2, §3.4.3; RFC 9865).

use super::context::RequestContext;
use super::group_resource;
use super::resource::{apply_projection, parse_projection};
use crate::auth::known_keys;
use crate::d1::list::{self, Listed, Listing, Query, Reader, Resource};
use crate::d1::{Batch, keys};
use crate::error::Error;
use crate::http::body::Body;
use crate::http::rate_limits;
use crate::http::response::HttpResponse;
use crate::runtime::{clock, ids};
use scim_protocol::cursor::{Cursor, Position, Seal};
use scim_protocol::filter;
use scim_protocol::list::{LIST_RESPONSE_END, PageLinks, Window, list_response_start};
use scim_protocol::query::{CursorContext, ListQuery};
use scim_protocol::schema::ResourceType;

/// Answers a query by its URL.
pub(crate) async fn list(context: &RequestContext<'_>, listed: Listed) -> Result<HttpResponse, Error> {
    query(context, listed, &context.parameters()?).await
}

/// Answers a query by POST.
pub(crate) async fn search(context: &mut RequestContext<'_>, listed: Listed) -> Result<HttpResponse, Error> {
    let body = context.body().await?;
    query(context, listed, &ListQuery::from_search_request(&body)?).await
}

async fn query(
    context: &RequestContext<'_>,
    listed: Listed,
    parameters: &ListQuery,
) -> Result<HttpResponse, Error> {
    let catalog = context.session.tenant.catalog;
    let (resource_types, endpoint): (Vec<&ResourceType>, _) = match listed {
        Listed::Users => (vec![&catalog.user], "/Users"),
        Listed::Groups => (vec![&catalog.group], "/Groups"),
        Listed::All => (vec![&catalog.user, &catalog.group], "/"),
    };
    let text = parameters.filter.as_deref();
    let filter = text.map(|text| filter::parse(&resource_types, text, &catalog.limits)).transpose()?;
    let sort = parameters.sort(&resource_types)?;
    let key = context.session.key;
    let cursors = CursorContext {
        endpoint,
        seal: Seal { id: key.id(), secret: key.hash() },
        now: clock::now_millis() / 1000,
    };
    let window = match parameters.cursor_sealed_by() {
        Some(id) if id != key.id() => {
            let secret = other_secret(context, id).await?;
            let cursors = CursorContext { seal: Seal { id, secret: &secret }, ..cursors };
            parameters.window(&cursors, &catalog.limits)?
        }
        _ => parameters.window(&cursors, &catalog.limits)?,
    };
    let of_users = parse_projection(parameters, &catalog.user, &catalog.limits)?;
    let of_groups = parse_projection(parameters, &catalog.group, &catalog.limits)?;
    let client = context.client();
    // Begins with the time, so that snapshots sort by age.
    let snapshot = format!("{}-{}", context.session.tenant.now, ids::new_id()?);
    let mut query = Query {
        listed,
        filter: filter.as_ref(),
        filter_text: text,
        sort: sort.as_ref(),
        window: &window,
        reader: Reader { key: key.id(), client: &client, snapshot: &snapshot },
        with_groups: of_users.wants("groups"),
        with_members: of_groups.wants("members"),
        is_long: false,
    };
    let mut listing = read(context, &query).await?;
    if listing.turned_out_long {
        query.is_long = true;
        listing = read(context, &query).await?;
    }
    let note_import = std::mem::take(&mut listing.afterwards);
    let keeping = listing.shown.take().and_then(|page| context.keeping(page));
    let links = page_links(parameters, &cursors, &window, &listing)?;
    let mut body = Body::from(list_response_start(listing.total, &links, listing.items.len())?);
    // Users between groups, or without any, become one string in the runtime's memory.
    let mut users = Vec::new();
    let mut begins = true;
    for item in listing.items {
        match item.resource {
            Resource::User(user) => users.push(apply_projection(&of_users, &catalog.user, user)?.into_js()),
            Resource::Group(group) => {
                begins &= !body.push_list(std::mem::take(&mut users), begins);
                if !std::mem::take(&mut begins) {
                    body.push_str(",");
                }
                body.append(group_resource::body(&context.session, &of_groups, group)?);
            }
        }
    }
    body.push_list(users, begins);
    body.push_str(LIST_RESPONSE_END);
    let mut response = HttpResponse::ok(body);
    response.deferred.statements.extend(note_import);
    response.deferred.keeping = keeping.map(Box::new);
    Ok(response)
}

async fn read(context: &RequestContext<'_>, query: &Query<'_>) -> Result<Listing, Error> {
    let mut prepared = list::prepare(&context.session.tenant, query)?;
    if !query.is_long && prepared.scans(query.window) && known_keys::is_good(context.session.key) {
        rate_limits::count_scan(context.env, context.session.key).await?;
    }
    let opened = context.open(prepared.take_batch()).await?;
    prepared.read(&context.session.tenant, &opened)
}

/// The secret of another key of the organization, with which a cursor was sealed before the client got a new key.
async fn other_secret(context: &RequestContext<'_>, id: &str) -> Result<String, Error> {
    let mut batch = Batch::new();
    let key = batch.push(keys::hash(&context.session.tenant, id));
    let opened = context.open(batch).await?;
    Ok(opened.results.first(key)?.ok_or_else(Cursor::not_made_here)?.hash)
}

/// The links to the neighbouring pages. RFC 9865 §2: there is a next cursor unless this is the last page.
fn page_links(
    parameters: &ListQuery,
    cursors: &CursorContext<'_>,
    window: &Window,
    listing: &Listing,
) -> Result<PageLinks, Error> {
    let from = match window {
        Window::Index(page) => return Ok(PageLinks::Index(page.start_index)),
        Window::Cursor { from, .. } => from.as_ref(),
    };
    let backward = from.is_some_and(|cursor| cursor.backward);
    let (before, after) = match backward {
        true => (listing.more, true),
        false => (from.is_some(), listing.more),
    };
    // An empty page, whose resources were deleted, links back to the position that led to it.
    let back = |way: i64| {
        let Position { key, rank } = from?.position.clone();
        Some(Position { key, rank: rank.saturating_add(way) })
    };
    let position = |item: Option<&list::Item>| item.map(|item| item.position.clone());
    let (first, last) = match (listing.items.is_empty(), backward) {
        (false, _) => (position(listing.items.first()), position(listing.items.last())),
        (true, false) => (back(1), None),
        (true, true) => (None, back(-1)),
    };
    let text = |backward, there_is: bool, position: Option<Position>| {
        let position = position.filter(|_| there_is);
        position.map(|position| parameters.cursor_text(cursors, &Cursor { backward, position })).transpose()
    };
    Ok(PageLinks::Cursors { previous: text(true, before, first)?, next: text(false, after, last)? })
}
