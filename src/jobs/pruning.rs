//! Deletes old rows, a few thousand per statement, since other requests wait meanwhile. A statement that fails is
//! retried.

use std::time::Duration;

use worker::Delay;

use crate::d1::imports::status;
use crate::d1::{Database, Statement, StorageError, audit_log, console_sessions, idempotent_calls};
use crate::runtime::clock;

const DAY_MILLIS: u64 = 24 * 60 * 60 * 1000;
/// Most rows that one statement deletes.
pub(crate) const MAX_ROWS: u32 = 5_000;
/// Most statements of an invocation in all databases; a Worker may send a thousand. That is 4.5 million rows.
pub(crate) const MAX_STATEMENTS: u32 = 900;
/// How long an invocation starts statements, in milliseconds. Cloudflare ends it after a quarter of an hour.
pub(crate) const MAX_MILLIS: u64 = 10 * 60 * 1000;
/// Most attempts at a statement.
const ATTEMPTS: u32 = 4;
/// Pause before the second attempt, in milliseconds. It doubles with each further one.
const BACKOFF_MILLIS: u64 = 500;

/// What is deleted in each database.
pub(super) struct Step {
    /// The name in the Worker's log.
    pub(super) name: &'static str,
    /// Deletes at most [`MAX_ROWS`] rows and returns a row for each, or deletes all and returns none.
    statement: Statement,
}

/// What an invocation may still spend.
pub(super) struct Budget {
    statements: u32,
    until_millis: u64,
}

impl Budget {
    /// The budget of an invocation that starts now.
    pub(super) fn starting(now_millis: u64) -> Self {
        Self { statements: MAX_STATEMENTS, until_millis: now_millis.saturating_add(MAX_MILLIS) }
    }

    fn is_left(&self) -> bool {
        self.statements > 0 && clock::now_millis() < self.until_millis
    }
}

/// The steps; without a retention, log entries of existing organizations stay.
pub(super) fn steps(now_millis: u64, retention_days: Option<u64>) -> Vec<Step> {
    let days_ago = |days: u64| clock::iso(now_millis.saturating_sub(days.saturating_mul(DAY_MILLIS)));
    let mut steps = vec![
        Step { name: "snapshots of imports", statement: status::forget(&days_ago(1)) },
        Step { name: "console sessions", statement: console_sessions::forget_ended(now_millis) },
        Step { name: "answers to idempotent calls", statement: idempotent_calls::forget(now_millis) },
        Step { name: "log entries of deleted organizations", statement: audit_log::prune_orphans(MAX_ROWS) },
    ];
    steps.extend(retention_days.map(|days| Step {
        name: "log entries past their retention",
        statement: audit_log::prune(&days_ago(days), MAX_ROWS),
    }));
    steps
}

impl Step {
    /// Deletes until nothing or no budget is left. Returns the number of deleted rows.
    ///
    /// # Errors
    /// The error of the last attempt.
    pub(super) async fn run(&self, database: &Database, budget: &mut Budget) -> Result<usize, StorageError> {
        let mut deleted = 0_usize;
        while budget.is_left() {
            let rows = self.run_once(database, budget).await?;
            deleted = deleted.saturating_add(rows);
            if rows < MAX_ROWS as usize {
                break;
            }
        }
        Ok(deleted)
    }

    async fn run_once(&self, database: &Database, budget: &mut Budget) -> Result<usize, StorageError> {
        let mut pause = BACKOFF_MILLIS;
        let mut attempt = 1;
        loop {
            budget.statements = budget.statements.saturating_sub(1);
            match database.execute(self.statement.clone()).await {
                Ok(rows) => return Ok(rows),
                Err(error) if attempt >= ATTEMPTS => return Err(error),
                Err(_) => {
                    Delay::from(Duration::from_millis(pause)).await;
                    pause = pause.saturating_mul(2);
                    attempt += 1;
                }
            }
        }
    }
}
