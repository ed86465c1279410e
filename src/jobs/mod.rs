//! What is done by the clock, see `[triggers]` in wrangler.toml: what is too old goes.
//!
//! The work is a list of steps, of which none depends on another. A step deletes a few thousand rows at a time, so that
//! other requests do not wait for long, until nothing is left to delete; what an invocation does not get done, the next
//! one does. A step that fails is tried again; if that is in vain, the others are done all the same, and the event is
//! reported as failed.

use std::time::Duration;

use worker::{Env, console_error, console_log};

use super::deployment::variable;
use crate::d1::imports::status;
use crate::d1::{
    Database, Scope, Statement, StorageError, Tenant, audit_log, console_sessions, idempotent_calls,
    refolding,
};
use crate::deployment::Deployment;
use crate::runtime::clock;
use directory::Catalog;

/// How long the log is kept, in days, where the deployment does not say.
pub(crate) const RETENTION: u64 = 30;
const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;
/// Most rows that are deleted at once: other requests wait meanwhile.
pub(crate) const AT_ONCE: u32 = 5_000;
/// Most statements of an invocation, all databases together: a Worker may send a thousand. That is 4.5 million rows.
pub(crate) const MOST_STATEMENTS: u32 = 900;
/// How long an invocation goes on, in milliseconds; it may take a quarter of an hour.
pub(crate) const LONGEST: u64 = 10 * 60 * 1000;
/// How often a statement is tried.
const ATTEMPTS: u32 = 4;
/// How long it is waited before a statement is tried for the second time, in milliseconds; each time twice as long.
const PAUSE: u64 = 250;

/// Most organizations of a database whose folded columns are made anew in one invocation, and most steps of each.
const UPGRADES: u32 = 200;
const STEPS_OF_UPGRADE: u32 = 400;

/// Something to do in each database.
struct Step {
    /// What it does, for the log.
    name: &'static str,
    /// Deletes rows, at most [`AT_ONCE`], and selects one row for each; or all at once, and selects none.
    statement: Statement,
}

/// How much an invocation may still do.
struct Budget {
    statements: u32,
    until_millis: u64,
}

/// Does all that is to be done by the clock.
///
/// # Errors
/// What has failed, for whoever watches the deployment.
pub async fn run_maintenance(env: &Env) -> Result<(), String> {
    let deployment = Deployment::of(env)?;
    let mut failures = Vec::new();
    let now = clock::now_millis();
    let retention = retention_days(&variable(env, "LOG_RETENTION_DAYS", "")).unwrap_or_else(|reason| {
        failures.push(reason);
        None
    });
    let mut budget = Budget { statements: MOST_STATEMENTS, until_millis: now.saturating_add(LONGEST) };
    // Not bounded by the time that one request may take.
    for database in deployment.databases().iter().map(Database::detached) {
        for step in steps(now, retention) {
            let number = database.shard().number();
            match delete(&database, &step.statement, &mut budget).await {
                Ok(0) => {}
                Ok(gone) => {
                    console_log!("maintenance of database {number}, {}: {gone} rows deleted", step.name);
                }
                Err(error) => failures.push(format!("database {number}, {}: {error:?}", step.name)),
            }
        }
        let number = database.shard().number();
        match upgrade(&database, deployment.catalog).await {
            Ok(0) => {}
            Ok(left) => {
                console_log!("maintenance of database {number}: {left} organizations are not prepared yet");
            }
            Err(error) => failures.push(format!("database {number}, folded names: {error:?}")),
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    let failed = format!("maintenance failed: {}", failures.join("; "));
    console_error!("{failed}");
    Err(failed)
}

fn steps(now: u64, retention: Option<u64>) -> Vec<Step> {
    let ago = |millis| clock::iso(now.saturating_sub(millis));
    let mut steps = vec![
        Step { name: "lists that nobody reads any more", statement: status::forget(&ago(DAY_MILLIS)) },
        Step { name: "sessions that have ended", statement: console_sessions::forget_ended(now) },
        Step { name: "answers that may not be repeated any more", statement: idempotent_calls::forget(now) },
        Step { name: "the log of organizations that are gone", statement: audit_log::prune_orphans(AT_ONCE) },
    ];
    steps.extend(retention.map(|days| Step {
        name: "entries of the log that are too old",
        statement: audit_log::prune(&ago(days.saturating_mul(DAY_MILLIS)), AT_ONCE),
    }));
    steps
}

/// For how many days the log is kept, by the variable of the deployment.
///
/// # Errors
/// A sentence for the operator. The log is then kept: it could not be brought back.
fn retention_days(setting: &str) -> Result<Option<u64>, String> {
    match setting.trim() {
        "" => Ok(Some(RETENTION)),
        text => match text.parse() {
            Ok(days) if days >= 1 => Ok(Some(days)),
            _ => Err(format!(
                "LOG_RETENTION_DAYS is {text:?}, and has to be a whole number of days, at least 1: nothing of the log is deleted \
                 until then"
            )),
        },
    }
}

/// Makes folded columns anew ahead of requests; how many organizations are left.
async fn upgrade(database: &Database, catalog: &Catalog) -> Result<usize, StorageError> {
    let mut left = 0_usize;
    let mut steps = STEPS_OF_UPGRADE;
    for organization in database.run(refolding::behind(UPGRADES)).await? {
        let tenant = Tenant {
            scope: Scope::Organization(organization.id),
            catalog,
            base: String::new(),
            now: clock::iso(clock::now_millis()),
        };
        let is_done = refolding::bring_up_to_date(database, &tenant, &mut steps).await?;
        left = left.saturating_add(usize::from(!is_done));
    }
    Ok(left)
}

/// Repeats a statement until it has nothing left to delete, or the budget is spent. How many rows went.
async fn delete(
    database: &Database,
    statement: &Statement,
    budget: &mut Budget,
) -> Result<usize, StorageError> {
    let mut gone = 0_usize;
    while budget.statements > 0 && clock::now_millis() < budget.until_millis {
        let deleted = tried_again(database, statement, budget).await?;
        gone = gone.saturating_add(deleted);
        if deleted < AT_ONCE as usize {
            break;
        }
    }
    Ok(gone)
}

async fn tried_again(
    database: &Database,
    statement: &Statement,
    budget: &mut Budget,
) -> Result<usize, StorageError> {
    let mut attempt = 1;
    loop {
        budget.statements = budget.statements.saturating_sub(1);
        match database.execute(statement.clone()).await {
            Ok(rows) => return Ok(rows),
            Err(error) if attempt >= ATTEMPTS => return Err(error),
            Err(_) => {
                worker::Delay::from(Duration::from_millis(PAUSE << attempt)).await;
                attempt += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_kept_for_whole_days() {
        assert_eq!(retention_days(""), Ok(Some(RETENTION)));
        assert_eq!(retention_days(" 7 "), Ok(Some(7)));
        assert_eq!(retention_days("1"), Ok(Some(1)));
        for setting in ["0", "-1", "1.5", "thirty", "30d", "00", "99999999999999999999999"] {
            let reason = retention_days(setting).unwrap_err();
            assert!(reason.contains(setting) && reason.contains("at least 1"), "{reason}");
        }
    }
}
