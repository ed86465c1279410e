//! Counts active people anew where an older version of the service has changed some without events, so that the access
//! brake goes by the right number.

use crate::d1::totals::{MOST_OF_PIECE, due, piece};
use crate::d1::{Cause, Database, Scope, StorageError, Tenant, events};
use crate::runtime::clock;
use directory::Catalog;

const HOUR_MILLIS: u64 = 60 * 60 * 1000;
/// Most pieces that one run counts in a database.
pub(crate) const MAX_PIECES: u32 = 100;

/// Counts the people of some organizations, and writes an event where events say another number.
pub(super) async fn recount(database: &Database, catalog: &Catalog) -> Result<(), StorageError> {
    let mut pieces = MAX_PIECES;
    for organization in database.run(due(clock::now_millis() / HOUR_MILLIS)).await? {
        let tenant = Tenant {
            scope: Scope::Organization(organization.org_id),
            catalog,
            base: String::new(),
            now: clock::iso(clock::now_millis()),
            cause: Cause::job("recount"),
        };
        let (mut after, mut inactive, mut first) = (String::new(), 0_u64, None);
        while let Some(left) = pieces.checked_sub(1) {
            pieces = left;
            let counted = database.run(piece(&tenant, &after)).await?.pop().ok_or_else(|| {
                StorageError::internal("a count of inactive people returned no row".to_owned())
            })?;
            inactive = inactive.saturating_add(counted.managed);
            let since = *first.get_or_insert(counted.newest);
            match counted.last.filter(|_| counted.people >= MOST_OF_PIECE) {
                Some(last) => after = last,
                None => {
                    let event = events::organization::people_counted(&tenant, inactive, since);
                    database.execute(event).await?;
                    break;
                }
            }
        }
    }
    Ok(())
}
