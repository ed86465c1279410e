//! Lists that are read page by page, by position, as identity providers import everybody; see
//! [`crate::store::snapshot`].

use futures_util::future::join;

use super::call::Call;
use crate::scim::ScimError;
use crate::scim::list::{Page, Window};
use crate::store::list::{self, Listed, Listing, Prepared, Query};
use crate::store::session::parse;
use crate::store::snapshot::{Range, Snapshot, Snapshots};
use crate::store::{Statement, platform};

/// Reads a page of a list, which `list` names. Its pages belong together if it is in order of insertion.
pub(super) async fn read(call: &Call<'_>, query: Query<'_>, list: &str) -> Result<Listing, ScimError> {
    let prepared = list::prepare(&call.session.tenant, &query)?;
    match query.window {
        Window::Index(page)
            if page.count > 0
                && query.sort.is_none()
                && query.listed != Listed::All
                && !prepared.is_look_up() =>
        {
            let snapshots = Snapshots::of(call.session.kv, &format!("{list} {}", page.count));
            match page.start_index {
                1 => first_page(call, query, *page, prepared, &snapshots).await,
                _ => later_page(call, query, *page, prepared, &snapshots).await,
            }
        }
        _ => Ok(run(call, prepared, None).await?.0),
    }
}

/// Reads what was prepared and, in the same round trip, the `head` of another statement.
async fn run(
    call: &Call<'_>,
    mut prepared: Prepared,
    other: Option<Statement>,
) -> Result<(Listing, String), ScimError> {
    let mut statements = prepared.take_statements();
    statements.extend(other);
    let mut opened = call.open(statements).await?;
    let listing = prepared.read(&mut opened)?;
    Ok((listing, opened.row().unwrap_or_default().head))
}

/// The first page, after which the others are measured. If somebody is reading the same list already, nobody else may
/// move the ends of its pages: they are kept, and whoever has come since is added behind them.
async fn first_page(
    call: &Call<'_>,
    mut query: Query<'_>,
    page: Page,
    prepared: Prepared,
    snapshots: &Snapshots<'_>,
) -> Result<Listing, ScimError> {
    let tenant = &call.session.tenant;
    let newest = list::newest(tenant, query.listed);
    let (outcome, is_being_read) = join(run(call, prepared, Some(newest)), snapshots.is_being_read()).await;
    let (listing, newest) = outcome?;
    let (Some(last), true) = (listing.items.last(), Snapshots::covers(listing.total, page.count)) else {
        return Ok(listing);
    };
    let kept = if is_being_read { snapshots.read().await } else { None };
    let Some(mut snapshot) = kept.filter(|snapshot| snapshot.unknown_behind().is_none()) else {
        snapshots.write(&Snapshot::begin(listing.total, parse(&newest)?, last.position.rank)).await;
        return Ok(listing);
    };
    query.range = Some(rest(snapshot.newest, i64::MAX));
    let joined = list::ends(tenant, &query, 1)?;
    query.range = Some(snapshot.range(page));
    let (mut listing, joined) = run(call, list::prepare(tenant, &query)?, Some(joined)).await?;
    let joined: Vec<i64> = parse(&joined)?;
    if !joined.is_empty() {
        snapshot.extend(page.count, &joined);
        snapshots.write(&snapshot).await;
    }
    listing.total = snapshot.total;
    Ok(listing)
}

/// Any other page: the rows between two ends, or, without a snapshot, as many as stand before it from the start.
async fn later_page(
    call: &Call<'_>,
    mut query: Query<'_>,
    page: Page,
    counted: Prepared,
    snapshots: &Snapshots<'_>,
) -> Result<Listing, ScimError> {
    let Some(mut snapshot) = snapshots.read().await else {
        return Ok(run(call, counted, None).await?.0);
    };
    let tenant = &call.session.tenant;
    let ends = match snapshot.unknown_behind() {
        Some(after) => {
            query.range = Some(rest(after, snapshot.newest));
            Some(list::ends(tenant, &query, page.count)?)
        }
        None => None,
    };
    let is_measured = ends.is_none();
    let range = snapshot.range(page);
    query.range = Some(range);
    let (mut listing, ends) = run(call, list::prepare(tenant, &query)?, ends).await?;
    if range.whole && listing.more {
        return Err(ScimError::outgrown());
    }
    listing.total = snapshot.total;
    if !is_measured {
        snapshot.complete(parse(&ends)?);
        snapshots.write(&snapshot).await;
    }
    snapshots.note(&snapshot, page, platform::now_millis()).await;
    Ok(listing)
}

/// All rows behind one, up to another.
fn rest(after: i64, through: i64) -> Range {
    Range { after, through, offset: 0, whole: false }
}
