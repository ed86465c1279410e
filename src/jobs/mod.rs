//! What `[triggers]` in wrangler.toml runs. Every minute: what webhooks did not deliver at once. Every hour the
//! maintenance: it deletes old rows, updates folded columns after an upgrade, counts active people and those of groups
//! and projects, and carries on undos and changes of many people.
//!
//! No step depends on another. If one fails in a database, the others run all the same, and the event is reported as
//! failed. What an invocation cannot finish, the next one does.

pub(crate) mod bulk;
pub(crate) mod kv;
pub(crate) mod names;
pub(crate) mod people;
pub(crate) mod pruning;
pub(crate) mod totals;
pub(crate) mod undo;

use std::fmt;

use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::{Env, console_error, console_log};

use crate::d1::product::signing_keys;
use crate::d1::{Cause, Database, Scope, StorageError, Tenant, organizations, refolding};
use crate::deployment::{Deployment, variable};
use crate::runtime::clock;
use crate::webhooks;
use directory::{Catalog, Shard};
use pruning::{Budget, Deleted, Retention};

/// Days for which logs are kept, unless the deployment says otherwise.
pub(crate) const LOG_RETENTION_DAYS: u64 = 30;
/// Days for which events are kept, unless the deployment says otherwise.
pub(crate) const EVENT_RETENTION_DAYS: u64 = 400;
/// Days for which deleted people can come back, unless the deployment says otherwise.
pub(crate) const DELETED_RETENTION_DAYS: u64 = 30;
/// Most organizations of a database whose folded columns one invocation updates.
const MAX_FOLD_UPDATES: u32 = 200;
/// Most organizations of a database whose attribute of the organization role one invocation notes.
const MAX_NOTED: u32 = 1_000;
/// Most steps of these updates in a database.
const MAX_FOLD_STEPS: u32 = 400;

#[wasm_bindgen(wasm_bindgen = ::worker::wasm_bindgen)]
extern "C" {
    /// The runtime's event of a cron trigger.
    pub type CronEvent;

    #[wasm_bindgen(method, getter)]
    fn cron(this: &CronEvent) -> Option<String>;
}

/// The cron trigger of the sweep.
const EVERY_MINUTE: &str = "* * * * *";

/// Runs what a cron trigger is for.
///
/// # Errors
/// All failures, in one text for operators.
pub(crate) async fn run(event: &CronEvent, env: &Env) -> Result<(), String> {
    if event.cron().as_deref() != Some(EVERY_MINUTE) {
        return run_maintenance(env).await;
    }
    webhooks::sweep(env).await.inspect_err(|failed| console_error!("the sweep of webhooks failed: {failed}"))
}

/// Runs maintenance in all databases.
///
/// # Errors
/// All failures, in one text for operators.
async fn run_maintenance(env: &Env) -> Result<(), String> {
    let deployment = Deployment::of(env)?;
    let mut failures = Vec::new();
    let now = clock::now_millis();
    let log = log_retention_days(env).map_err(|reason| failures.push(reason)).ok();
    let mut days = |name, default, of_what| {
        retention_days(name, &variable(env, name, ""), default, of_what)
            .map_err(|reason| failures.push(reason))
            .ok()
    };
    let retention = Retention {
        log,
        events: days("EVENT_RETENTION_DAYS", EVENT_RETENTION_DAYS, "the events"),
        deleted: days("DELETED_RETENTION_DAYS", DELETED_RETENTION_DAYS, "deleted people"),
    };
    let steps = pruning::steps(now, retention);
    let mut budget = Budget::starting(now);
    // Without the deadline of a request.
    for database in deployment.databases().iter().map(Database::detached) {
        let number = database.shard().number();
        let mut report = Report { number, failures: &mut failures };
        let mut deleted = Vec::new();
        if let Some(days) = retention.deleted {
            let before = clock::iso(now.saturating_sub(days.saturating_mul(clock::DAY_MILLIS)));
            // What an organization has in KV goes before its rows, by which it is found.
            match kv::erase_deleted(&database, &deployment.kv, before).await {
                Ok(before) => deleted.extend(pruning::deleted_organizations(&before)),
                Err(why) => report.failed("KV of deleted organizations", format_args!("{why}")),
            }
        }
        for step in steps.iter().chain(&deleted) {
            match step.run(&database, &mut budget).await {
                Ok(Deleted { rows: 0, .. }) => {}
                Ok(Deleted { rows, most_read }) => console_log!(
                    "maintenance of database {number}, {}: {rows} rows deleted, at most {most_read} read at once",
                    step.name
                ),
                Err(error) => report.failed(step.name, format_args!("{error:?}")),
            }
        }
        carry_on(&deployment, &database, &mut report).await;
    }
    if let Some(first) = deployment.database(Shard::FIRST)
        && let Err(error) = signing_keys::rotate(&first.detached(), now).await
    {
        failures.push(format!("keys that sign: {error:?}"));
    }
    // A deployment may lack the trigger of the sweep.
    if let Err(failed) = webhooks::sweep(env).await {
        failures.push(failed);
    }
    if failures.is_empty() {
        return Ok(());
    }
    let failed = format!("maintenance failed: {}", failures.join("; "));
    console_error!("{failed}");
    Err(failed)
}

/// What maintenance of one database says.
struct Report<'a> {
    /// The number of the database.
    number: u8,
    failures: &'a mut Vec<String>,
}

impl Report<'_> {
    fn failed(&mut self, step: &str, why: fmt::Arguments<'_>) {
        self.failures.push(format!("database {}, {step}: {why}", self.number));
    }

    /// Notes what came of a step, and how many of `what` it has left.
    fn note(&mut self, step: &str, outcome: Result<usize, StorageError>, what: &str) {
        match outcome {
            Ok(0) => {}
            Ok(left) => console_log!("maintenance of database {}: {left} {what}", self.number),
            Err(error) => self.failed(step, format_args!("{error:?}")),
        }
    }
}

/// Carries on in a database what has more to do than one request does.
async fn carry_on(deployment: &Deployment<'_>, database: &Database, report: &mut Report<'_>) {
    let catalog = deployment.catalog;
    let noted = organizations::note_org_role_attribute(&catalog.org_role_attribute, MAX_NOTED);
    let noted = database.execute(noted).await.map(|_| 0);
    report.note("attribute of the organization role", noted, "");
    let left = update_folds(database, catalog).await;
    report.note("folded columns", left, "organizations have outdated folded columns");
    let counted = totals::recount(database, catalog).await.map(|()| 0);
    report.note("number of active people", counted, "");
    let counted = people::count_people(database, catalog).await.map(|()| 0);
    report.note("people of groups and projects", counted, "");
    let left = undo::carry_on(database, catalog).await;
    report.note("undo", left, "undos go on at the next hour");
    let left = bulk::carry_on(deployment, database).await;
    report.note("changes of many people", left, "changes of many people go on at the next hour");
    let folded = names::fold_names(database).await.map(|()| 0);
    report.note("names of organizations", folded, "");
}

/// For how many days the log is kept.
///
/// # Errors
/// As [`retention_days`].
pub(crate) fn log_retention_days(env: &Env) -> Result<u64, String> {
    let name = "LOG_RETENTION_DAYS";
    retention_days(name, &variable(env, name, ""), LOG_RETENTION_DAYS, "the log")
}

/// Days for which something is kept, by the variable of the deployment.
///
/// # Errors
/// For a malformed variable, a sentence for operators. Nothing is deleted then, since it could not be restored.
fn retention_days(name: &str, setting: &str, default: u64, of_what: &str) -> Result<u64, String> {
    match setting.trim() {
        "" => Ok(default),
        text => match text.parse() {
            Ok(days) if days >= 1 => Ok(days),
            _ => Err(format!(
                "{name} is {text:?}, and has to be a whole number of days, at least 1: nothing of {of_what} is deleted \
                 until then"
            )),
        },
    }
}

/// Updates folded columns, so that no request has to. Returns how many organizations are left.
async fn update_folds(database: &Database, catalog: &Catalog) -> Result<usize, StorageError> {
    let mut left = 0_usize;
    let mut steps = MAX_FOLD_STEPS;
    for organization in database.run(refolding::behind(MAX_FOLD_UPDATES)).await? {
        let tenant = Tenant {
            scope: Scope::Organization(organization.id),
            catalog,
            base: String::new(),
            now: clock::iso(clock::now_millis()),
            cause: Cause::job("upgrade"),
        };
        let is_done = refolding::bring_up_to_date(database, &tenant, &mut steps).await?;
        left = left.saturating_add(usize::from(!is_done));
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retentions_are_whole_days() {
        let days =
            |setting| retention_days("EVENT_RETENTION_DAYS", setting, EVENT_RETENTION_DAYS, "the events");
        assert_eq!(days(""), Ok(400));
        assert_eq!(days(" 7 "), Ok(7));
        assert_eq!(days("1"), Ok(1));
        for setting in ["0", "-1", "1.5", "thirty", "30d", "00", "99999999999999999999999"] {
            let reason = days(setting).unwrap_err();
            assert!(reason.contains(setting) && reason.contains("EVENT_RETENTION_DAYS"), "{reason}");
        }
    }
}
