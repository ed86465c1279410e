//! Deletes old rows, a few thousand per statement, since other requests wait meanwhile. A statement that fails is
//! retried.

use std::time::Duration;

use worker::Delay;

use crate::d1::imports::{kept, status};
use crate::d1::product::acknowledgements;
use crate::d1::{
    Batch, Database, Ignored, Select, Statement, StorageError, audit_log, console_sessions, deletion,
    erasure, idempotent_calls, retention, webhooks,
};
use crate::runtime::clock;

/// Most rows that one statement deletes.
pub(crate) const MAX_ROWS: u32 = 5_000;
/// Most deleted people who are erased at once.
pub(crate) const MAX_PEOPLE: u32 = 20;
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
    /// Run as one batch. The last deletes at most [`MAX_ROWS`] rows and returns a row for each, or deletes all and
    /// returns none.
    statements: Vec<Statement>,
    /// Whether there may be more to delete as long as anything was deleted.
    is_in_pieces: bool,
}

/// What a step has deleted.
#[derive(Debug, Default)]
pub(super) struct Deleted {
    /// How many rows; of what hangs on them, those are not counted.
    pub(super) rows: usize,
    /// Most rows that its statements have read at once.
    pub(super) most_read: u64,
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

/// For how many days the deployment keeps what. `None`: the variable is malformed, and nothing is deleted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Retention {
    /// Entries of the log.
    pub(super) log: Option<u64>,
    /// Events.
    pub(super) events: Option<u64>,
    /// Deleted people, who can come back.
    pub(super) deleted: Option<u64>,
}

/// The steps.
pub(super) fn steps(now_millis: u64, retention: Retention) -> Vec<Step> {
    let days_ago = |days: u64| clock::iso(now_millis.saturating_sub(days.saturating_mul(clock::DAY_MILLIS)));
    let step = |name, statement| Step { name, statements: vec![statement], is_in_pieces: false };
    let mut steps = vec![
        step("snapshots of imports", status::forget(&days_ago(1))),
        step("counts of kept pages", kept::prune_days(&days_ago(1))),
        step("console sessions", console_sessions::forget_ended(now_millis)),
        step("answers to idempotent calls", idempotent_calls::forget(now_millis)),
        step("attempts of webhooks", webhooks::prune_attempts(&days_ago(webhooks::KEPT_DAYS), MAX_ROWS)),
        step(
            "acknowledgements",
            acknowledgements::prune(&days_ago(acknowledgements::KEPT_DAYS.into()), MAX_ROWS),
        ),
        step("records of lost access", retention::prune_access_losses(&days_ago(1), MAX_ROWS)),
    ];
    steps.extend(
        retention::KEPT_TABLES
            .map(|table| step("rows of deleted organizations", retention::prune_orphans(table, MAX_ROWS))),
    );
    if let Some(days) = retention.log {
        steps.push(step("log entries past their retention", audit_log::prune(&days_ago(days), MAX_ROWS)));
        steps.push(step("imports past their retention", kept::prune(&days_ago(days), MAX_ROWS)));
    }
    if let Some(days) = retention.events {
        steps.push(Step {
            name: "events past their retention",
            statements: Vec::from(retention::prune_events(&days_ago(days), MAX_ROWS)),
            is_in_pieces: true,
        });
        let before = days_ago(days);
        steps.push(step("what undos looked at", retention::prune_undo_subjects(&before, MAX_ROWS)));
        steps.push(step("undos", retention::prune_undos(&before, MAX_ROWS)));
    }
    if let Some(days) = retention.deleted {
        steps.push(Step {
            name: "deleted people",
            statements: erasure::erase_old(&days_ago(days), MAX_PEOPLE),
            is_in_pieces: true,
        });
    }
    steps
}

/// The steps that delete the rows of organizations that were deleted before `before`.
pub(super) fn deleted_organizations(before: &str) -> [Step; 7] {
    deletion::prune(before, MAX_ROWS).map(|statement| Step {
        name: "organizations that are deleted",
        statements: vec![statement],
        is_in_pieces: false,
    })
}

impl Step {
    /// Deletes until nothing or no budget is left.
    ///
    /// # Errors
    /// The error of the last attempt.
    pub(super) async fn run(
        &self,
        database: &Database,
        budget: &mut Budget,
    ) -> Result<Deleted, StorageError> {
        let mut deleted = Deleted::default();
        while budget.is_left() {
            let before = database.cost().rows_read;
            let rows = self.run_once(database, budget).await?;
            let read = database.cost().rows_read.saturating_sub(before);
            deleted.rows = deleted.rows.saturating_add(rows);
            deleted.most_read = deleted.most_read.max(read);
            if rows == 0 || (!self.is_in_pieces && rows < MAX_ROWS as usize) {
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
            match self.execute(database).await {
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

    /// Runs the statements. Returns how many rows the last of them returns.
    async fn execute(&self, database: &Database) -> Result<usize, StorageError> {
        let mut batch = Batch::new();
        let mut last = None;
        for statement in &self.statements {
            last = Some(batch.push(Select::<Ignored>::columns(statement.clone())));
        }
        let results = database.batch(&batch).await?;
        Ok(last.map_or(0, |last| results.count(last)))
    }
}
