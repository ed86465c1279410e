//! What is done once a day: the log does not grow for ever.

use worker::{Env, console_error, console_log};

use super::Deployment;
use super::deployment::variable;
use crate::store::{Database, StoreError, console_sessions, imports, log, platform};

/// How long the log is kept, in days, where the deployment does not say.
const RETENTION: u64 = 30;
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;
/// Most entries that are deleted at once: other requests wait meanwhile.
const AT_ONCE: u32 = 2_000;
/// Most times, so that an invocation stays within its limits. What is left has its turn the next day.
const ROUNDS: u32 = 400;

/// Deletes what is too old in all databases.
pub async fn keep_up(env: &Env) {
    let deployment = match Deployment::of(env) {
        Ok(deployment) => deployment,
        Err(reason) => return console_error!("the deployment is not complete: {reason}"),
    };
    let days = variable(env, "LOG_RETENTION_DAYS", "").parse().unwrap_or(RETENTION);
    let now = platform::now_millis();
    let oldest = platform::iso(now.saturating_sub(days.saturating_mul(DAY_MILLIS)));
    for database in deployment.databases() {
        match prune(&database, &oldest, &platform::iso(now.saturating_sub(DAY_MILLIS))).await {
            Ok(gone) => console_log!(
                "database {}: {gone} entries of the log were older than {days} days and are deleted",
                database.shard().number()
            ),
            Err(error) => console_error!("the log could not be pruned: {error:?}"),
        }
    }
}

async fn prune(database: &Database, oldest: &str, yesterday: &str) -> Result<usize, StoreError> {
    database.run(imports::forget(yesterday)).await?;
    database.run(console_sessions::forget_ended(platform::now_millis())).await?;
    let mut gone = 0_usize;
    for _ in 0..ROUNDS {
        let deleted = database.run(log::prune(oldest, AT_ONCE)).await?.len();
        gone = gone.saturating_add(deleted);
        if deleted < AT_ONCE as usize {
            break;
        }
    }
    Ok(gone)
}
