//! Users in D1.

use serde_json::Value;

use super::record::{self, Record};
use super::statement::{Binding, Statement, boolean, integer, optional, text};
use super::tenant::{Tenant, guard};
use super::{Row, StorageError};
use directory::user::fold_user_name;
use directory::{OrgRole, Organization, User};
use scim_protocol::json::{self, object};
use scim_protocol::text::{FOLD_VERSION, compose, fold_object};

/// A whole resource as the client gets it, with its groups or without: one string, made where the data are.
pub(crate) fn resource_sql(with_groups: bool) -> String {
    resource_with(if with_groups { GROUPS } else { "" })
}

fn resource_with(groups: &str) -> String {
    format!(
        r#"'{{"id":"' || users.id || '",' || substr(users.doc, 2, length(users.doc) - 2)
  || ',"active":' || iif(users.active, 'true', 'false')
  || ',"' || :org_role_attribute || '":"' || iif(users.active, users.org_role, 'Member') || '"'
  {groups}|| ',"meta":{{"resourceType":"User","created":"' || users.created_at
  || '","lastModified":"' || users.last_modified || '","location":"' || :base || '/Users/' || users.id
  || '","version":"W/\"' || users.version || '\""}}}}'"#
    )
}

/// The groups of somebody who is in none.
const NO_GROUPS: &str = r#"|| ',"groups":[]' "#;

const GROUPS: &str = r#"|| ',"groups":' || (
    SELECT json_group_array(json_object(
      'value', g.id, '$ref', :base || '/Groups/' || g.id, 'display', g.display_name, 'type', 'direct'))
    FROM memberships m JOIN groups g ON g.seq = m.group_seq WHERE m.user_seq = users.seq)
  "#;

/// The columns that a resource is answered with: its version, and itself.
fn answered() -> String {
    format!("CAST(users.version AS TEXT) AS head, {} AS body", resource_sql(true))
}

const INSERT_EMAILS: &str = "INSERT INTO user_emails (org_id, value_fold, type_fold, user_seq)
  SELECT users.org_id, j.value ->> 'value', j.value ->> 'type', users.seq FROM users CROSS JOIN json_each(:emails) j";

/// A person as stored, and the version on which a write is based.
#[derive(Debug)]
pub struct UserRecord {
    /// Identifier.
    pub id: String,
    /// The person.
    pub user: User,
    /// The whole resource, as the client gets it.
    pub resource: String,
    /// The version that a write is based on.
    pub version: i64,
    seq: i64,
}

impl UserRecord {
    /// Reads a row of [`find_for_update`].
    ///
    /// # Errors
    /// Our fault: the row is not what the statement selects.
    pub fn read(row: Row) -> Result<Self, StorageError> {
        let Row { head, body } = row;
        record::read("a user", &head, |value| {
            let mut record = Record::of(value)?;
            Some(Self {
                user: User {
                    doc: record.object("doc")?,
                    active: record.flag("active")?,
                    org_role: OrgRole::parse(&record.text("org_role")?)?,
                },
                id: record.text("id")?,
                resource: body.into_string(),
                version: record.integer("version")?,
                seq: record.integer("seq")?,
            })
        })
    }
}

/// Reads one person as a resource, with their version as `head`.
pub fn resource(tenant: &Tenant<'_>, id: &str, with_groups: bool) -> Statement {
    let sql = format!(
        "SELECT CAST(users.version AS TEXT) AS head, {} AS body
         FROM users WHERE users.org_id = :org AND users.id = :id AND users.managed = 1",
        resource_sql(with_groups)
    );
    tenant.statement(&sql, &[text("id", id)])
}

/// Reads one person as a resource, with their groups or as one who has none, and as a basis for a write; see
/// [`UserRecord::read`].
pub fn find_for_update(tenant: &Tenant<'_>, id: &str, with_groups: bool) -> Statement {
    let sql = format!("{} users.id = :id AND users.managed = 1", select_record(with_groups));
    tenant.statement(&sql, &[text("id", id)])
}

/// Reads one person, whether SCIM sees them or not; see [`UserRecord::read`].
pub fn find_unscoped(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(&format!("{} users.id = :id", select_record(true)), &[text("id", id)])
}

/// Reads whoever has a userName, whether SCIM sees them or not; see [`UserRecord::read`].
pub fn find_by_user_name(tenant: &Tenant<'_>, user_name: &str) -> Statement {
    let sql = format!("{} users.user_name_fold = :user_name_fold", select_record(true));
    tenant.statement(&sql, &[text("user_name_fold", fold_user_name(user_name))])
}

fn select_record(with_groups: bool) -> String {
    format!(
        "SELECT json_object('id', users.id, 'seq', users.seq, 'version', users.version,
           'active', json(iif(users.active, 'true', 'false')), 'org_role', users.org_role,
           'doc', json(users.doc)) AS head, {} AS body
         FROM users WHERE users.org_id = :org AND",
        resource_with(if with_groups { GROUPS } else { NO_GROUPS })
    )
}

/// Writes a new person; the first statement selects the resource. `managed`: whether SCIM sees them, as the
/// organization's mail domains had it when they were read.
pub fn insert(tenant: &Tenant<'_>, id: &str, user: &User, managed: bool) -> Vec<Statement> {
    // The LIMIT keeps SQLite from evaluating :org once for each time it is named.
    let insert = insert_from("(SELECT :org AS id LIMIT 1) o WHERE o.id IS NOT NULL");
    // The guard has made sure that the row just inserted is the one meant.
    let emails = format!("{INSERT_EMAILS} WHERE users.seq = last_insert_rowid()");
    vec![
        tenant.statement(&insert, &columns_of(id, user, managed)),
        guard(),
        tenant.statement(&emails, &[text("emails", emails_of(user))]),
    ]
}

/// Writes a new person whom SCIM sees, and their `entry` of the log, unless somebody has the userName, the organization
/// does not admit them, has as many users as it may, or its folded columns are to be made anew first. The first
/// statement selects the resource, if it was written, and if not, the third who has the userName, if anybody: as `head`
/// the id, or nothing if SCIM does not see the person. Carried out twice, they say that the new person has it.
pub fn insert_if_admitted(tenant: &Tenant<'_>, id: &str, user: &User, entry: Statement) -> Vec<Statement> {
    let insert = insert_from(
        "organizations o WHERE o.id = :org AND o.fold_version = CAST(:fold_version AS INTEGER)
           AND (json_array_length(o.mail_domains) = 0
             OR coalesce(:mail_domain IN (SELECT value FROM json_each(o.mail_domains)), 0))
           AND (o.user_limit IS NULL OR o.user_count < o.user_limit)
         ON CONFLICT DO NOTHING",
    );
    // Said first, so that nobody is looked for where nothing was in the way. The entry changes one row where the person
    // did, and none where not.
    let holder = "SELECT iif(users.managed, users.id, '') AS head
         FROM (SELECT 1 WHERE changes() = 0 LIMIT 1) CROSS JOIN users
         WHERE users.org_id = :org AND users.user_name_fold = :user_name_fold";
    // If nobody was inserted, the last row is somebody else.
    let emails = format!(
        "{INSERT_EMAILS} WHERE users.seq = last_insert_rowid() AND users.id = :id ON CONFLICT DO NOTHING"
    );
    let mut columns = columns_of(id, user, true);
    columns.push(integer("fold_version", FOLD_VERSION));
    vec![
        tenant.statement(&insert, &columns),
        entry,
        tenant.statement(holder, &[text("user_name_fold", user.folded_user_name())]),
        tenant.statement(&emails, &[text("id", id), text("emails", emails_of(user))]),
    ]
}

fn insert_from(organization: &str) -> String {
    format!(
        "INSERT INTO users (org_id, id, user_name_fold, external_id, active, org_role, mail_domain, managed, doc,
           doc_fold, created_at, last_modified)
         SELECT o.id, :id, :user_name_fold, :external_id, :active, :org_role, :mail_domain, :managed, :doc,
           :doc_fold, :now, :now
         FROM {organization}
         RETURNING {}",
        answered()
    )
}

fn columns_of(id: &str, user: &User, managed: bool) -> Vec<Binding> {
    vec![
        text("id", id),
        text("user_name_fold", user.folded_user_name()),
        optional("external_id", user.external_id().map(compose).as_deref()),
        boolean("active", user.active),
        text("org_role", user.org_role.as_str()),
        optional("mail_domain", user.email_domain().as_deref()),
        boolean("managed", managed),
        text("doc", doc_of(user)),
        optional("doc_fold", doc_fold_of(user).as_deref()),
    ]
}

/// Writes a changed person, if nobody changed them since they were read; the last statement selects the
/// resource. The guard vouches for the statements after it, which name the person by `seq` alone.
pub fn update(
    tenant: &Tenant<'_>,
    organization: &Organization,
    current: &UserRecord,
    user: &User,
) -> Vec<Statement> {
    let before = &current.user;
    let (assignments, mut bindings) = changed_columns(organization, before, user);
    bindings.push(integer("seq", current.seq));
    bindings.push(integer("version", current.version));
    let sql = format!(
        "UPDATE users SET {} WHERE seq = :seq AND org_id = :org AND version = :version",
        assignments.join(", ")
    );
    let mut statements = vec![tenant.statement(&sql, &bindings), guard()];
    let seq = || vec![integer("seq", current.seq)];
    if user.folded_emails() != before.folded_emails() {
        statements.push(tenant.statement("DELETE FROM user_emails WHERE user_seq = :seq", &seq()));
        statements.push(tenant.statement(
            &format!("{INSERT_EMAILS} WHERE users.seq = :seq"),
            &[integer("seq", current.seq), text("emails", emails_of(user))],
        ));
    }
    if before.active && !user.active {
        // Deactivation takes the person out of the organization: nothing of what they could do stays.
        statements.push(tenant.statement("DELETE FROM memberships WHERE user_seq = :seq", &seq()));
    }
    let select = format!("SELECT {} FROM users WHERE users.seq = :seq", answered());
    statements.push(tenant.statement(&select, &seq()));
    statements
}

/// What an UPDATE sets. Time does not go backwards, whichever of two requests at once began first. Columns
/// that stay as they are stay out of it, and their indexes out of the bill.
fn changed_columns(
    organization: &Organization,
    before: &User,
    user: &User,
) -> (Vec<&'static str>, Vec<Binding>) {
    // The role that somebody inactive will have is not shown: the resource stays as it is, and so does its version.
    let is_shown = user.doc != before.doc
        || user.active != before.active
        || user.role_in_force() != before.role_in_force();
    let mut assignments = if is_shown {
        vec!["version = version + 1", "last_modified = max(last_modified, :now)"]
    } else {
        Vec::new()
    };
    let mut bindings = Vec::new();
    if user.doc != before.doc {
        assignments.push("doc = :doc");
        assignments.push("doc_fold = :doc_fold");
        bindings.push(text("doc", doc_of(user)));
        bindings.push(optional("doc_fold", doc_fold_of(user).as_deref()));
    }
    if user.active != before.active {
        assignments.push("active = :active");
        bindings.push(boolean("active", user.active));
    }
    if user.org_role != before.org_role {
        assignments.push("org_role = :org_role");
        bindings.push(text("org_role", user.org_role.as_str()));
    }
    if user.folded_user_name() != before.folded_user_name() {
        assignments.push("user_name_fold = :user_name_fold");
        bindings.push(text("user_name_fold", user.folded_user_name()));
    }
    if user.external_id() != before.external_id() {
        assignments.push("external_id = :external_id");
        bindings.push(optional("external_id", user.external_id().map(compose).as_deref()));
    }
    let mail_domain = user.email_domain();
    if mail_domain != before.email_domain() {
        assignments.push("mail_domain = :mail_domain");
        assignments.push("managed = :managed");
        bindings.push(boolean("managed", organization.manages(mail_domain.as_deref())));
        bindings.push(optional("mail_domain", mail_domain.as_deref()));
    }
    (assignments, bindings)
}

/// Makes a member the Owner, and the Owner an Admin, provided that the Owner has the `userName` if one is named. There
/// is never a moment with two, nor one with none.
pub fn transfer_ownership(tenant: &Tenant<'_>, to: &str, from: Option<&str>) -> Vec<Statement> {
    let change =
        "UPDATE users SET version = version + 1, last_modified = max(last_modified, :now), org_role = ";
    let old = format!(
        "{change} 'Admin' WHERE org_id = :org AND org_role = 'Owner' AND id <> :id
           AND (:by IS NULL OR user_name_fold = :by)"
    );
    let new = format!("{change} 'Owner' WHERE org_id = :org AND id = :id AND active = 1");
    vec![
        tenant.statement(&old, &[text("id", to), optional("by", from)]),
        guard(),
        tenant.statement(&new, &[text("id", to)]),
        guard(),
    ]
}

/// Deletes a person, if nobody changed them since they were read. Memberships and addresses go with them.
pub fn delete(tenant: &Tenant<'_>, current: &UserRecord) -> Vec<Statement> {
    let delete = "DELETE FROM users WHERE seq = :seq AND org_id = :org AND version = :version";
    let bindings = vec![integer("seq", current.seq), integer("version", current.version)];
    vec![tenant.statement(delete, &bindings), guard()]
}

/// Whether a unique index on userName refused a write.
pub fn user_name_is_taken(error: &StorageError) -> bool {
    matches!(error, StorageError::Taken(columns) if columns.contains("user_name_fold"))
}

fn doc_of(user: &User) -> String {
    json::write(&user.doc)
}

/// The document with its texts and names folded, where that is more than ASCII lower case, which SQLite makes by
/// itself.
pub(crate) fn doc_fold_of(user: &User) -> Option<String> {
    let doc = doc_of(user);
    if doc.is_ascii() {
        return None;
    }
    let folded = json::write(&fold_object(&user.doc));
    (folded != doc.to_ascii_lowercase()).then_some(folded)
}

fn emails_of(user: &User) -> String {
    json::write(&emails_value(user))
}

/// The mail addresses as `user_emails` has them, in its order.
pub(crate) fn emails_value(user: &User) -> Value {
    user.folded_emails()
        .into_iter()
        .map(|email| object! {"value": email.value, "type": email.r#type})
        .collect()
}
