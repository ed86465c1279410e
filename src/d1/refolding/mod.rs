//! Updates folded columns after an upgrade that changes what [`fold`](scim_protocol::text::fold) returns.
//!
//! SQL cannot fold, so the Worker does. If `organizations.fold_version` is of an older version, the organization is
//! updated before its next request is answered, or by the hourly maintenance. The update runs in steps, from one
//! position to the next (`organizations.folded_to`), so that it may be interrupted and several requests may work at it:
//! a step is one batch, which moves the position unless another request has moved it. Only texts that are not ASCII,
//! and names with spaces around them, can differ, and only differences are written.
//!
//! Two names that were different may be the same now. Both rows stay, since both are people or groups: one keeps the
//! name, the others have the name with `SAME_NAME` and their id appended, which no text folds to. Triggers give the
//! name to one of the others once it is free. The Owner always keeps the name; otherwise the row that has the folded
//! name already, or else the first in the order of insertion. The organization's log has an entry for each pair with
//! the same name.

mod names;
mod people;
pub(crate) mod step;

use serde::Deserialize;
use serde_json::Value;

use names::{ARCHIVED_GROUPS, GROUPS, Names, PROJECTS, TEAMS};
use step::{Position, Step};

use super::batch::{Batch, Select};
use super::columns::json as column_json;
use super::statement::{Statement, integer, text};
use super::tenant::{Tenant, guard};
use super::{Database, StorageError};
use directory::organization::refold_email_domains;
use scim_protocol::text::FOLD_VERSION;

/// How many steps are made before a request is answered.
pub const STEPS_OF_REQUEST: u32 = 12;

/// How far the update of an organization has come.
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

/// The stages of an update, in the order of [`STAGES`]. The Owner comes before the other people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    MailDomains,
    Names(&'static Names),
    Owner,
    /// `true`: the users that SCIM sees; `false`: the others.
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

/// Updates the folded columns of the tenant's organization, in as many steps as are left. Returns whether all are up to
/// date. The tenant's scope is [`Scope::Organization`](super::Scope::Organization).
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
        // A step that changes nothing needs no round trip: the next one that does writes the position, too.
        if step.statements.is_empty() {
            continue;
        }
        match advance(database, tenant, &written, &position, step.statements).await {
            Ok(()) => written.position = position.clone(),
            Err(error) if error.is_stale() => {
                written = progress(database, tenant).await?;
                position = written.position.clone();
            }
            Err(error) => return Err(error),
        }
    }
    let is_done = written.version >= FOLD_VERSION || position.stage >= STAGES.len();
    if written.version < FOLD_VERSION && (is_done || position != written.position) {
        match advance(database, tenant, &written, &position, Vec::new()).await {
            // Another request has moved the position.
            Err(error) if error.is_stale() => {
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
    Select::few(Statement::new(
        "SELECT id FROM organizations WHERE fold_version < CAST(:version AS INTEGER) ORDER BY id
         LIMIT CAST(:most AS INTEGER)",
        &[integer("version", FOLD_VERSION), text("most", most.to_string())],
    ))
}

async fn progress(database: &Database, tenant: &Tenant<'_>) -> Result<Progress, StorageError> {
    let statement = tenant.select_few::<ProgressRow>(
        "SELECT fold_version, folded_to, mail_domains FROM organizations WHERE id = :org",
        &[],
    );
    let row = database.run(statement).await?.into_iter().next().ok_or_else(StorageError::stale)?;
    let position = Position::read(&row.folded_to)
        .ok_or_else(|| StorageError::internal(format!("folded_to is not a position: {:?}", row.folded_to)))?;
    Ok(Progress { version: row.fold_version, position, mail_domains: row.mail_domains })
}

/// Writes the changes of a step and the new position, unless another request has moved the position.
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

/// Writes the folded mail domains of the settings, and which users SCIM sees by them. The step for people updates the
/// users' own mail domains.
fn mail_domains(tenant: &Tenant<'_>, domains: &[String]) -> Vec<Statement> {
    let folded = refold_email_domains(domains);
    if folded == domains {
        return Vec::new();
    }
    let bindings = [text("mail_domains", Value::from(folded).to_string())];
    let seen = "coalesce(mail_domain IN (SELECT value FROM json_each(:mail_domains)), 0)";
    vec![
        tenant.statement("UPDATE organizations SET mail_domains = :mail_domains WHERE id = :org", &bindings),
        tenant.statement(
            &format!("UPDATE users SET managed = {seen} WHERE org_id = :org AND managed <> {seen}"),
            &bindings,
        ),
    ]
}
