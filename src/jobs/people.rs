//! Counts the people of large groups and projects, for the lists of the console.

use crate::d1::people_counts::{Counted, MOST_AT_ONCE, count, done, due};
use crate::d1::{Batch, Cause, Database, Scope, StorageError, Tenant};
use crate::runtime::clock;
use directory::Catalog;

/// Most statements that count in one run, in a database. What is left over is counted in the next hour.
pub(crate) const MAX_STATEMENTS: u32 = 25;

/// Counts what has changed since the last run.
pub(super) async fn count_people(database: &Database, catalog: &Catalog) -> Result<(), StorageError> {
    let mut left = MAX_STATEMENTS;
    for organization in database.run(due()).await? {
        let tenant = Tenant {
            scope: Scope::Organization(organization.org_id),
            catalog,
            base: String::new(),
            now: clock::iso(clock::now_millis()),
            cause: Cause::job("recount"),
        };
        for counted in [Counted::Groups, Counted::Projects] {
            loop {
                let Some(rest) = left.checked_sub(1) else { return Ok(()) };
                left = rest;
                let mut batch = Batch::new();
                let rows = batch.push(count(&tenant, counted));
                if database.batch(&batch).await?.count(rows) < MOST_AT_ONCE as usize {
                    break;
                }
            }
        }
        database.execute(done(&tenant, organization.newest)).await?;
    }
    Ok(())
}
