//! Folded columns made anew, after an upgrade that changes what [`fold`] returns.
//!
//! SQL cannot fold, so the Worker does: an organization that is behind (`organizations.fold_version`) is brought up to date
//! before a request of its is answered, or by the daily job. That goes in steps, from one position to the next
//! (`organizations.folded_to`), so that it may be interrupted, and several requests may work at it: a step is one batch,
//! which moves the position if nobody else has. Only texts that are not ASCII, and names with spaces around them, can differ,
//! and only what differs is written.
//!
//! Two names that were different may be the same now. Both stay, since both are people or groups: one keeps the name, the
//! others have [`SAME_NAME`] and their id behind it, which no text folds to. Triggers hand the name over once it is free.
//! Whoever has the folded name already keeps it, else the first in the order of insertion; the Owner always does. The
//! organization's log says who has the same name.

use std::collections::HashSet;

use serde_json::Value;

use super::record::{self, Record};
use super::statement::{Binding, Statement, integer, text};
use super::tenant::{Tenant, guard};
use super::users::{doc_fold_of, emails_value};
use super::{Database, Row, StoreError};
use crate::directory::group_name::fold_group_name;
use crate::directory::organization::refolded_mail_domains;
use crate::directory::{OrgRole, User};
use crate::scim::json::{self, object};
use crate::scim::text::{FOLD_VERSION, compose, fold};

/// What stands behind a folded name that somebody else has, before the id: as SQL. Folded text has no capital letters.
const SAME_NAME: &str = "char(1) || 'SAME NAME '";
/// Most rows of which a step reads the texts.
const MOST_ROWS: usize = 500;
/// Most bytes of the documents that a step reads, but for the first.
const MOST_BYTES: usize = 700_000;
/// Most people that a step looks at to find texts that are not ASCII.
const MOST_LOOKED_AT: u32 = 10_000;

/// How many steps are made before a request is answered.
pub const STEPS_OF_REQUEST: u32 = 12;

/// How far an organization is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Progress {
    version: i64,
    position: Position,
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

/// A table of things that have a name.
#[derive(Debug, PartialEq, Eq)]
struct Names {
    table: &'static str,
    /// Column of the name as it is shown.
    name: &'static str,
    /// Column in whose order the rows are gone through.
    key: &'static str,
    /// FROM and WHERE, which find those of the organization as `t`.
    of_organization: &'static str,
    /// The condition that another row, `h`, has the name; `j` is the change.
    taken: &'static str,
    /// Whether there is an `external_id`.
    is_group: bool,
    /// What the log calls a row, if it is told there.
    resource_type: Option<&'static str>,
}

const PROJECTS: Names = Names {
    table: "projects",
    name: "name",
    key: "id",
    of_organization: "FROM projects t WHERE t.org_id = :org",
    taken: "EXISTS (SELECT 1 FROM projects h WHERE h.org_id = projects.org_id AND h.name_fold = j.value ->> 'fold'
              AND h.id <> projects.id)",
    is_group: false,
    resource_type: Some("Project"),
};
const TEAMS: Names = Names {
    table: "teams",
    name: "name",
    key: "id",
    of_organization: "FROM projects p JOIN teams t ON t.project_id = p.id WHERE p.org_id = :org",
    taken: "EXISTS (SELECT 1 FROM teams h WHERE h.project_id = teams.project_id AND h.name_fold = j.value ->> 'fold'
              AND h.id <> teams.id)",
    is_group: false,
    resource_type: None,
};
const ARCHIVED_GROUPS: Names = Names {
    table: "archived_groups",
    name: "display_name",
    key: "id",
    of_organization: "FROM projects p JOIN archived_groups t ON t.project_id = p.id WHERE p.org_id = :org",
    taken: "FALSE",
    is_group: true,
    resource_type: None,
};
const GROUPS: Names = Names {
    table: "groups",
    name: "display_name",
    key: "seq",
    of_organization: "FROM groups t WHERE t.org_id = :org",
    taken: "EXISTS (SELECT 1 FROM groups h WHERE h.org_id = groups.org_id AND h.name_fold = j.value ->> 'fold'
              AND h.seq <> groups.seq)
            OR EXISTS (SELECT 1 FROM archived_groups a JOIN projects p ON p.id = a.project_id
              WHERE a.name_fold = j.value ->> 'fold' AND p.org_id = groups.org_id AND p.archived_at IS NOT NULL)",
    is_group: true,
    resource_type: Some("Group"),
};

/// What a step comes to: what it writes, and where the next one begins.
struct Step {
    statements: Vec<Statement>,
    next: Position,
}

/// Makes the folded columns of the tenant's organization anew, in as many steps as are left; whether they are all done. The
/// tenant's scope is the organization itself.
///
/// # Errors
/// Any of [`StoreError`]. What was done before stays done.
pub async fn bring_up_to_date(
    database: &Database,
    tenant: &Tenant<'_>,
    steps: &mut u32,
) -> Result<bool, StoreError> {
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
            Err(StoreError::Stale) => {
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
            Err(StoreError::Stale) => {
                return Ok(progress(database, tenant).await?.version >= FOLD_VERSION);
            }
            other => other?,
        }
    }
    Ok(is_done)
}

/// Whether an organization is behind, given its row of [`super::organizations::one`].
///
/// # Errors
/// Our fault: the row is not what the statement selects.
pub fn is_behind(row: &Row) -> Result<bool, StoreError> {
    let version: i64 = row
        .body
        .clone()
        .into_string()
        .parse()
        .map_err(|_| StoreError::Internal("an organization has no fold_version".to_owned()))?;
    Ok(version < FOLD_VERSION)
}

/// Reads the ids of organizations that are behind, one a row.
pub fn behind(most: u32) -> Statement {
    Statement::new(
        "SELECT id AS head FROM organizations WHERE fold_version < CAST(:version AS INTEGER) ORDER BY id
         LIMIT CAST(:most AS INTEGER)",
        &[integer("version", FOLD_VERSION), text("most", most.to_string())],
    )
}

async fn progress(database: &Database, tenant: &Tenant<'_>) -> Result<Progress, StoreError> {
    let statement = tenant.statement(
        "SELECT json_object('version', fold_version, 'folded_to', folded_to, 'mail_domains', json(mail_domains)) AS head
         FROM organizations WHERE id = :org",
        &[],
    );
    let row = database.run(statement).await?.into_iter().next().ok_or(StoreError::Stale)?;
    record::read("the progress of an organization", &row.head, |value| {
        let mut record = Record::of(value)?;
        let version = record.integer("version")?;
        let folded_to = record.text("folded_to")?;
        let domains = record::array(record.take("mail_domains"))?;
        Some(Progress {
            version,
            position: Position::read(&folded_to)?,
            mail_domains: domains
                .into_iter()
                .map(|each| Some(each.as_str()?.to_owned()))
                .collect::<Option<_>>()?,
        })
    })
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
) -> Result<(), StoreError> {
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
    let mut batch = vec![position, guard()];
    batch.extend(statements);
    database.batch(&batch).await.map(|_| ())
}

async fn step(
    database: &Database,
    tenant: &Tenant<'_>,
    progress: &Progress,
    position: &Position,
    stage: Stage,
) -> Result<Step, StoreError> {
    match stage {
        Stage::MailDomains => {
            Ok(Step { statements: mail_domains(tenant, &progress.mail_domains), next: position.next_stage() })
        }
        Stage::Names(names) => {
            let rows = database.run(names.rows(tenant, &position.after)).await?;
            names.step(tenant, position, &rows)
        }
        Stage::Owner => {
            let sql = format!(
                "{} FROM users WHERE users.org_id = :org AND users.org_role = 'Owner' AND {}",
                person_sql(),
                not_ascii("users.doc")
            );
            let rows = database.run(tenant.statement(&sql, &[])).await?;
            let people = rows.iter().map(Person::read).collect::<Result<Vec<_>, _>>()?;
            Ok(Step { statements: change_people(tenant, &people, true), next: position.next_stage() })
        }
        Stage::People(managed) => people(database, tenant, position, managed).await,
    }
}

/// The condition that a text is not all ASCII.
fn not_ascii(sql: &str) -> String {
    format!("length({sql}) <> length(CAST({sql} AS BLOB))")
}

/// A guard that wants as many rows changed as there were to change.
fn guard_all(count: usize) -> Statement {
    Statement::new(
        "SELECT CASE WHEN changes() = CAST(:count AS INTEGER) THEN '' ELSE json('stale') END AS head",
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
    let folded = refolded_mail_domains(domains);
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

impl Names {
    fn rows(&self, tenant: &Tenant<'_>, after: &str) -> Statement {
        let Self { name, key, of_organization, .. } = self;
        let (external_id, also) = match self.is_group {
            true => (
                "coalesce(t.external_id_sent, t.external_id)",
                format!(" OR {}", not_ascii("coalesce(t.external_id_sent, t.external_id, '')")),
            ),
            false => ("NULL", String::new()),
        };
        let (after_key, after) = match *key {
            "seq" => ("CAST(:after AS INTEGER)", if after.is_empty() { "0" } else { after }),
            _ => (":after", after),
        };
        let sql = format!(
            "SELECT json_object('key', t.{key}, 'id', t.id, 'name', t.{name}, 'fold', t.name_fold,
               'external_id', {external_id}) AS head
             {of_organization} AND t.{key} > {after_key}
               AND ({}{also} OR t.{name} <> trim(t.{name}, ' ' || char(9, 10, 13))) ORDER BY t.{key} LIMIT CAST(:most AS INTEGER)",
            not_ascii(&format!("t.{name}"))
        );
        tenant.statement(&sql, &[text("after", after), text("most", MOST_ROWS.to_string())])
    }

    fn step(&self, tenant: &Tenant<'_>, position: &Position, rows: &[Row]) -> Result<Step, StoreError> {
        let mut changes = Vec::new();
        let mut seen = HashSet::new();
        let mut last = String::new();
        for row in rows {
            let (key, name, folded, external_id) = record::read("a name", &row.head, |value| {
                let mut record = Record::of(value)?;
                Some((
                    record.take("key"),
                    record.text("name")?,
                    record.text("fold")?,
                    record.text_or_null("external_id")?,
                ))
            })?;
            last = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            let new = fold_group_name(&name);
            let composed = external_id.as_deref().map(compose);
            if bare(&folded) == new && composed.as_deref() == external_id.as_deref() {
                continue;
            }
            let is_second = !seen.insert(new.clone());
            let sent = external_id.as_deref().filter(|sent| composed.as_deref() != Some(*sent));
            changes.push(object! {
                "key": key, "name": name, "fold": new, "is_second": is_second,
                "external_id": composed.as_deref(), "external_id_sent": sent,
            });
        }
        let next = match rows.len() < MOST_ROWS {
            true => position.next_stage(),
            false => position.behind(last),
        };
        Ok(Step { statements: self.change(tenant, changes), next })
    }

    fn change(&self, tenant: &Tenant<'_>, changes: Vec<Value>) -> Vec<Statement> {
        if changes.is_empty() {
            return Vec::new();
        }
        let Self { table, name, key, taken, .. } = self;
        let also = match self.is_group {
            true => {
                ", external_id = j.value ->> 'external_id', external_id_sent = j.value ->> 'external_id_sent'"
            }
            false => "",
        };
        let update = format!(
            "UPDATE {table} SET name_fold = CASE
               WHEN j.value ->> 'is_second' OR {taken}
               THEN (j.value ->> 'fold') || {SAME_NAME} || {table}.id ELSE j.value ->> 'fold' END{also}
             FROM json_each(:rows) j WHERE {table}.{key} = j.value ->> 'key' AND {table}.{name} = j.value ->> 'name'"
        );
        let count = changes.len();
        let rows = rows_of(changes);
        let mut statements = vec![tenant.statement(&update, std::slice::from_ref(&rows)), guard_all(count)];
        if let Some(resource_type) = self.resource_type {
            let log = log_sql(
                resource_type,
                &format!("'/{resource_type}s/' || t.id"),
                &format!("t.{name}"),
                &format!(
                    "'The name \"' || substr(t.{name}, 1, 100) || '\" (' || t.id || ') is now the same as that of \"' || \
                     substr(h.{name}, 1, 100) || '\" (' || h.id || '), which is found by it. Rename one of them.'"
                ),
                &format!(
                    "json_each(:rows) j CROSS JOIN {table} t ON t.{key} = j.value ->> 'key'
                     CROSS JOIN {table} h ON h.org_id = t.org_id AND h.name_fold = j.value ->> 'fold' AND h.id <> t.id
                     WHERE t.name_fold <> j.value ->> 'fold'"
                ),
            );
            statements.push(tenant.statement(&log, &[rows]));
        }
        statements
    }
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

/// A person whose texts are not all ASCII.
struct Person {
    seq: i64,
    version: i64,
    user: User,
    user_name_fold: String,
    external_id: Option<String>,
    mail_domain: Option<String>,
    doc_fold: Option<String>,
    emails: Value,
}

fn person_sql() -> &'static str {
    "SELECT json_object('seq', users.seq, 'version', users.version, 'doc', json(users.doc),
       'user_name_fold', users.user_name_fold, 'external_id', users.external_id, 'mail_domain', users.mail_domain,
       'doc_fold', users.doc_fold, 'emails', (SELECT json_group_array(json_object('value', value_fold, 'type', type_fold))
         FROM (SELECT * FROM user_emails WHERE user_seq = users.seq ORDER BY value_fold, type_fold))) AS head"
}

impl Person {
    fn read(row: &Row) -> Result<Self, StoreError> {
        record::read("a person", &row.head, |value| {
            let mut record = Record::of(value)?;
            Some(Self {
                seq: record.integer("seq")?,
                version: record.integer("version")?,
                user: User { doc: record.object("doc")?, active: true, org_role: OrgRole::Member },
                user_name_fold: record.text("user_name_fold")?,
                external_id: record.text_or_null("external_id")?,
                mail_domain: record.text_or_null("mail_domain")?,
                doc_fold: record.text_or_null("doc_fold")?,
                emails: record.take("emails"),
            })
        })
    }

    /// What is to be written, if anything differs.
    fn change(&self, seen: &mut HashSet<String>) -> Option<Value> {
        let folded = self.user.folded_user_name();
        let external_id = self.user.external_id().map(compose);
        let mail_domain = self.user.mail_domain();
        let doc_fold = doc_fold_of(&self.user);
        let emails = emails_value(&self.user);
        let same_emails = emails == self.emails;
        if bare(&self.user_name_fold) == folded
            && external_id.as_deref() == self.external_id.as_deref()
            && mail_domain == self.mail_domain
            && doc_fold == self.doc_fold
            && same_emails
        {
            return None;
        }
        let is_second = !seen.insert(folded.clone());
        Some(object! {
            "seq": self.seq, "version": self.version, "fold": folded, "is_second": is_second,
            "external_id": external_id.as_deref(), "mail_domain": mail_domain, "doc_fold": doc_fold,
            "emails": if same_emails { Value::Null } else { emails },
        })
    }
}

async fn people(
    database: &Database,
    tenant: &Tenant<'_>,
    position: &Position,
    managed: bool,
) -> Result<Step, StoreError> {
    let after = if position.after.is_empty() { "0" } else { &position.after };
    let bindings = [
        integer("managed", i64::from(managed)),
        text("after", after),
        text("looked_at", MOST_LOOKED_AT.to_string()),
        text("rows", MOST_ROWS.to_string()),
        text("bytes", MOST_BYTES.to_string()),
    ];
    let looked_at = format!(
        "(SELECT *, {} AS special FROM users INDEXED BY users_in_order
          WHERE org_id = :org AND managed = CAST(:managed AS INTEGER) AND seq > CAST(:after AS INTEGER)
          ORDER BY seq LIMIT CAST(:looked_at AS INTEGER))",
        not_ascii("doc")
    );
    let read = format!(
        "{} FROM (SELECT *, sum(length(doc)) OVER (ORDER BY seq) - length(doc) AS before FROM {looked_at} WHERE special) users
         WHERE before < CAST(:bytes AS INTEGER) ORDER BY seq LIMIT CAST(:rows AS INTEGER)",
        person_sql()
    );
    let count = format!(
        "SELECT json_object('looked_at', count(*), 'special', coalesce(sum(special), 0), 'last', coalesce(max(seq), 0)) AS head
         FROM {looked_at}"
    );
    let batch = [tenant.statement(&read, &bindings), tenant.statement(&count, &bindings)];
    let mut results = database.batch(&batch).await?.into_iter();
    let rows = results.next().unwrap_or_default();
    let people = rows.iter().map(Person::read).collect::<Result<Vec<_>, _>>()?;
    let count = results.next().unwrap_or_default().into_iter().next().unwrap_or_default();
    let (looked_at, special, last) = record::read("a count of people", &count.head, |value| {
        let mut record = Record::of(value)?;
        Some((record.integer("looked_at")?, record.integer("special")?, record.integer("last")?))
    })?;
    let is_cut = i64::try_from(people.len()).is_ok_and(|read| read < special);
    let next = match people.last() {
        Some(person) if is_cut => position.behind(person.seq.to_string()),
        _ if looked_at < i64::from(MOST_LOOKED_AT) => position.next_stage(),
        _ => position.behind(last.to_string()),
    };
    Ok(Step { statements: change_people(tenant, &people, false), next })
}

/// Writes what differs; if it is the Owner's, whoever has the name makes way.
fn change_people(tenant: &Tenant<'_>, people: &[Person], is_owner: bool) -> Vec<Statement> {
    let mut seen = HashSet::new();
    let changes: Vec<Value> = people.iter().filter_map(|person| person.change(&mut seen)).collect();
    if changes.is_empty() {
        return Vec::new();
    }
    let count = changes.len();
    let rows = rows_of(changes);
    let rows = std::slice::from_ref(&rows);
    let mut statements = Vec::new();
    if is_owner {
        statements.push(tenant.statement(
            &format!(
                "UPDATE users SET user_name_fold = user_name_fold || {SAME_NAME} || id
                 WHERE org_id = :org AND org_role <> 'Owner'
                   AND user_name_fold = (SELECT j.value ->> 'fold' FROM json_each(:rows) j)"
            ),
            rows,
        ));
    }
    let update = format!(
        "UPDATE users SET user_name_fold = CASE
           WHEN j.value ->> 'is_second' OR EXISTS (SELECT 1 FROM users h WHERE h.org_id = users.org_id AND h.user_name_fold = j.value ->> 'fold' AND h.seq <> users.seq)
           THEN (j.value ->> 'fold') || {SAME_NAME} || users.id ELSE j.value ->> 'fold' END,
           external_id = j.value ->> 'external_id', mail_domain = j.value ->> 'mail_domain', managed = (
             SELECT json_array_length(o.mail_domains) = 0
               OR coalesce((j.value ->> 'mail_domain') IN (SELECT value FROM json_each(o.mail_domains)), 0)
             FROM organizations o WHERE o.id = users.org_id),
           doc_fold = j.value ->> 'doc_fold'
         FROM json_each(:rows) j WHERE users.seq = j.value ->> 'seq' AND users.version = j.value ->> 'version'"
    );
    let with_emails = "j.value -> 'emails' <> 'null'";
    let forget = format!(
        "DELETE FROM user_emails WHERE user_seq IN (
           SELECT j.value ->> 'seq' FROM json_each(:rows) j WHERE {with_emails})"
    );
    let emails = format!(
        "INSERT INTO user_emails (org_id, value_fold, type_fold, user_seq)
         SELECT u.org_id, e.value ->> 'value', e.value ->> 'type', u.seq
         FROM json_each(:rows) j CROSS JOIN users u ON u.seq = j.value ->> 'seq' CROSS JOIN json_each(j.value, '$.emails') e
         WHERE {with_emails}"
    );
    let log = log_sql(
        "User",
        "'/Users/' || t.id",
        "(t.doc ->> '$.userName')",
        "'The userName \"' || substr(t.doc ->> '$.userName', 1, 100) || '\" (' || t.id || ') is now the same as \"' || \
         substr(h.doc ->> '$.userName', 1, 100) || '\" (' || h.id || '), who is found by it. Both are kept. If they are one \
         person, remove one of the two; else give one of them another userName.'",
        &format!(
            "json_each(:rows) j CROSS JOIN users h ON h.org_id = :org AND h.user_name_fold = j.value ->> 'fold'
             CROSS JOIN users t ON t.org_id = :org AND t.user_name_fold > h.user_name_fold || char(1)
               AND t.user_name_fold < h.user_name_fold || char(2)
             WHERE (t.seq = j.value ->> 'seq' OR h.seq = j.value ->> 'seq') AND instr(t.user_name_fold, {SAME_NAME}) > 0"
        ),
    );
    statements.push(tenant.statement(&update, rows));
    statements.push(guard_all(count));
    statements.extend([&forget, &emails, &log].map(|sql| tenant.statement(sql, rows)));
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

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
