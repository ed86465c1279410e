//! Folded columns made anew, after an upgrade that changes what [`fold`](scim_protocol::text::fold) returns.
//!
//! SQL cannot fold, so the Worker does: an organization that is behind (`organizations.fold_version`) is brought up to
//! date before a request of its is answered, or by the hourly maintenance. That goes in steps, from one position to the
//! next (`organizations.folded_to`), so that it may be interrupted, and several requests may work at it: a step is one
//! batch, which moves the position if nobody else has. Only texts that are not ASCII, and names with spaces around
//! them, can differ, and only what differs is written.
//!
//! Two names that were different may be the same now. Both stay, since both are people or groups: one keeps the name,
//! the others have [`SAME_NAME`] and their id behind it, which no text folds to. Triggers hand the name over once it is
//! free. Whoever has the folded name already keeps it, else the first in the order of insertion; the Owner always does.
//! The organization's log says who has the same name.

mod names;
mod people;

use serde::Deserialize;
use serde_json::Value;

use names::{ARCHIVED_GROUPS, GROUPS, Names, PROJECTS, TEAMS};

use super::batch::{Batch, Select};
use super::columns::json as column_json;
use super::statement::{Binding, Statement, integer, text};
use super::tenant::{Tenant, guard};
use super::{Database, StorageError};
use directory::organization::refold_email_domains;
use scim_protocol::json;
use scim_protocol::text::FOLD_VERSION;

/// What stands behind a folded name that somebody else has, before the id: as SQL. Folded text has no capital letters.
const SAME_NAME: &str = "char(1) || 'SAME NAME '";
/// Most rows of which a step reads the texts.
pub(crate) const MOST_ROWS: usize = 500;

/// How many steps are made before a request is answered.
pub const STEPS_OF_REQUEST: u32 = 12;

/// How far an organization is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Progress {
    version: i64,
    position: Position,
    mail_domains: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ProgressRow {
    fold_version: i64,
    folded_to: String,
    #[serde(deserialize_with = "column_json")]
    mail_domains: Vec<String>,
}

/// Up to where the columns are made anew: a stage and, in it, the last row that is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Position {
    stage: usize,
    after: String,
}

/// What is done in this order. The Owner comes before the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    MailDomains,
    Names(&'static Names),
    Owner,
    /// The people whom SCIM sees, or the others.
    People(bool),
}

const STAGES: [Stage; 8] = [
    Stage::MailDomains,
    Stage::Names(&PROJECTS),
    Stage::Names(&TEAMS),
    Stage::Names(&ARCHIVED_GROUPS),
    Stage::Names(&GROUPS),
    Stage::Owner,
    Stage::People(true),
    Stage::People(false),
];

/// What a step comes to: what it writes, and where the next one begins.
struct Step {
    statements: Vec<Statement>,
    next: Position,
}

/// Makes the folded columns of the tenant's organization anew, in as many steps as are left; whether they are all done.
/// The tenant's scope is the organization itself.
///
/// # Errors
/// Any of [`StorageError`]. What was done before stays done.
pub async fn bring_up_to_date(
    database: &Database,
    tenant: &Tenant<'_>,
    steps: &mut u32,
) -> Result<bool, StorageError> {
    let mut written = progress(database, tenant).await?;
    let mut position = written.position.clone();
    while *steps > 0 {
        *steps = steps.saturating_sub(1);
        if written.version >= FOLD_VERSION {
            return Ok(true);
        }
        let Some(stage) = STAGES.get(position.stage) else { break };
        let step = step(database, tenant, &written, &position, *stage).await?;
        position = step.next;
        // What changes nothing needs no round trip; the position is written with the next that does.
        if step.statements.is_empty() {
            continue;
        }
        match advance(database, tenant, &written, &position, step.statements).await {
            Ok(()) => written.position = position.clone(),
            Err(StorageError::Stale) => {
                written = progress(database, tenant).await?;
                position = written.position.clone();
            }
            Err(error) => return Err(error),
        }
    }
    let is_done = written.version >= FOLD_VERSION || position.stage >= STAGES.len();
    if written.version < FOLD_VERSION && (is_done || position != written.position) {
        match advance(database, tenant, &written, &position, Vec::new()).await {
            // Somebody else is at it, or has done it.
            Err(StorageError::Stale) => {
                return Ok(progress(database, tenant).await?.version >= FOLD_VERSION);
            }
            other => other?,
        }
    }
    Ok(is_done)
}

/// The id of an organization.
#[derive(Debug, Deserialize)]
pub struct OrganizationId {
    /// Identifier.
    pub id: String,
}

/// Reads the ids of organizations whose folded columns are of an older version.
pub fn behind(most: u32) -> Select<OrganizationId> {
    Select::columns(Statement::new(
        "SELECT id FROM organizations WHERE fold_version < CAST(:version AS INTEGER) ORDER BY id
         LIMIT CAST(:most AS INTEGER)",
        &[integer("version", FOLD_VERSION), text("most", most.to_string())],
    ))
}

async fn progress(database: &Database, tenant: &Tenant<'_>) -> Result<Progress, StorageError> {
    let statement = tenant.select::<ProgressRow>(
        "SELECT fold_version, folded_to, mail_domains FROM organizations WHERE id = :org",
        &[],
    );
    let row = database.run(statement).await?.into_iter().next().ok_or(StorageError::Stale)?;
    let position = Position::read(&row.folded_to)
        .ok_or_else(|| StorageError::Internal(format!("folded_to is not a position: {:?}", row.folded_to)))?;
    Ok(Progress { version: row.fold_version, position, mail_domains: row.mail_domains })
}

impl Position {
    fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::beginning_of(0));
        }
        let (stage, after) = text.split_once(' ')?;
        Some(Self { stage: stage.parse().ok()?, after: after.to_owned() })
    }

    fn beginning_of(stage: usize) -> Self {
        Self { stage, after: String::new() }
    }

    fn next_stage(&self) -> Self {
        Self::beginning_of(self.stage.saturating_add(1))
    }

    fn behind(&self, after: String) -> Self {
        Self { stage: self.stage, after }
    }
}

/// Writes what a step changes, and that it is done, unless another request has moved the position.
async fn advance(
    database: &Database,
    tenant: &Tenant<'_>,
    from: &Progress,
    to: &Position,
    statements: Vec<Statement>,
) -> Result<(), StorageError> {
    let is_done = to.stage >= STAGES.len();
    let written = |position: &Position| format!("{} {}", position.stage, position.after);
    // Blank at the beginning, and again for the next version.
    let at = if from.position == Position::beginning_of(0) { String::new() } else { written(&from.position) };
    let position = tenant.statement(
        "UPDATE organizations SET folded_to = :to, fold_version = CAST(:version AS INTEGER)
         WHERE id = :org AND folded_to = :at AND fold_version = CAST(:old_version AS INTEGER)",
        &[
            text("to", if is_done { String::new() } else { written(to) }),
            integer("version", if is_done { FOLD_VERSION } else { from.version }),
            text("at", at),
            integer("old_version", from.version),
        ],
    );
    let mut batch = Batch::new();
    batch.extend([position, guard()]);
    batch.extend(statements);
    database.batch(&batch).await.map(|_| ())
}

async fn step(
    database: &Database,
    tenant: &Tenant<'_>,
    progress: &Progress,
    position: &Position,
    stage: Stage,
) -> Result<Step, StorageError> {
    match stage {
        Stage::MailDomains => {
            Ok(Step { statements: mail_domains(tenant, &progress.mail_domains), next: position.next_stage() })
        }
        Stage::Names(names) => {
            let rows = database.run(names.rows(tenant, &position.after)).await?;
            Ok(names.step(tenant, position, &rows))
        }
        Stage::Owner => {
            let rows = database.run(people::owner(tenant)).await?;
            Ok(Step { statements: people::change_owner(tenant, &rows), next: position.next_stage() })
        }
        Stage::People(managed) => people::step(database, tenant, position, managed).await,
    }
}

/// The condition that a text is not all ASCII.
fn not_ascii(sql: &str) -> String {
    format!("length({sql}) <> length(CAST({sql} AS BLOB))")
}

/// A guard that wants as many rows changed as there were to change.
fn guard_all(count: usize) -> Statement {
    Statement::new(
        "SELECT CASE WHEN changes() = CAST(:count AS INTEGER) THEN '' ELSE json('stale') END",
        &[text("count", count.to_string())],
    )
}

fn rows_of(changes: Vec<Value>) -> Binding {
    text("rows", json::write(&Value::Array(changes)))
}

/// The name that a folded column has, without what marks it as somebody else's, too.
fn bare(folded: &str) -> &str {
    folded.split_once("\u{1}SAME NAME ").map_or(folded, |(name, _)| name)
}

/// The settings, and whom SCIM sees by them. The mail domains of people follow when it is their turn.
fn mail_domains(tenant: &Tenant<'_>, domains: &[String]) -> Vec<Statement> {
    let folded = refold_email_domains(domains);
    if folded == domains {
        return Vec::new();
    }
    let bindings = [text("mail_domains", json::write(&Value::from(folded)))];
    let seen = "coalesce(mail_domain IN (SELECT value FROM json_each(:mail_domains)), 0)";
    vec![
        tenant.statement("UPDATE organizations SET mail_domains = :mail_domains WHERE id = :org", &bindings),
        tenant.statement(
            &format!("UPDATE users SET managed = {seen} WHERE org_id = :org AND managed <> {seen}"),
            &bindings,
        ),
    ]
}

/// An entry of the log for each pair that has the same name. It is among the failures, where administrators look.
fn log_sql(resource_type: &str, path: &str, name: &str, detail: &str, from: &str) -> String {
    format!(
        "INSERT INTO log (org_id, id, source, actor, method, path, status, resource_type, resource_id, resource_name, detail,
           duration)
         SELECT t.org_id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') || '-' || lower(hex(randomblob(4))), 'console', 'scim-edge',
           'UPGRADE', {path}, 409, '{resource_type}', t.id, substr({name}, 1, 100), {detail}, 0
         FROM {from}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_protocol::text::fold;

    #[test]
    fn positions_are_read_as_they_are_written() {
        assert_eq!(Position::read(""), Some(Position::beginning_of(0)));
        assert_eq!(Position::read("6 17"), Some(Position { stage: 6, after: "17".to_owned() }));
        assert_eq!(Position::read("3 "), Some(Position::beginning_of(3)));
        assert_eq!(Position::read("x"), None);
    }

    #[test]
    fn no_text_folds_to_a_marked_name() {
        let marked = "josé\u{1}SAME NAME 7";
        assert_eq!(bare(marked), "josé");
        assert_ne!(fold(marked), marked);
    }
}
