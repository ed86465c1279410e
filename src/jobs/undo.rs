//! Carries on undos whose callers have gone: a closed browser loses nothing.

use crate::d1::undo::{Status, step, waiting};
use crate::d1::{Cause, Database, Scope, StorageError, Tenant};
use crate::runtime::clock;
use directory::Catalog;

/// How long after its last step a run is carried on, in milliseconds.
pub(super) const PAUSE_MILLIS: u64 = 2 * 60 * 1000;
/// Most steps of an invocation in a database.
pub(crate) const MAX_STEPS: u32 = 10;

/// Carries out some steps of the runs that wait. Returns how many runs are left.
pub(super) async fn carry_on(database: &Database, catalog: &Catalog) -> Result<usize, StorageError> {
    let now = clock::now_millis();
    let runs = database.run(waiting(&clock::iso(now.saturating_sub(PAUSE_MILLIS)), MAX_STEPS)).await?;
    let (mut left, mut steps) = (runs.len(), MAX_STEPS);
    for run in runs {
        let tenant = Tenant {
            scope: Scope::Organization(run.org_id),
            catalog,
            base: String::new(),
            now: clock::iso(clock::now_millis()),
            // Each step has the cause of its run.
            cause: Cause::job("undo"),
        };
        while steps > 0 {
            steps = steps.saturating_sub(1);
            let run = step(database, &tenant, &run.id).await?;
            if run.is_none_or(|run| run.status != Status::Running) {
                left = left.saturating_sub(1);
                break;
            }
        }
    }
    Ok(left)
}
