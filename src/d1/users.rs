//! Users in D1.

use serde::Deserialize;
use serde_json::{Value, json};

use super::batch::{Batch, Handle, Select};
use super::columns::{flag, js_text, json};
use super::statement::{Binding, Statement, boolean, integer, optional, text};
use super::tenant::{Tenant, guard};
use super::{JsText, StorageError, StorageErrorKind, events, kept_memberships};
use directory::event::{NewEvent, Source};
use directory::person_events::{self, State};
use directory::user::fold_user_name;
use directory::{OrgRole, Organization, User};
use scim_protocol::Object;
use scim_protocol::text::{FOLD_VERSION, compose, fold_object};

/// A whole resource as the client gets it, with or without its groups: one string, made by the database.
pub(crate) fn resource_sql(with_groups: bool) -> String {
    resource_with(if with_groups { GROUPS } else { "" })
}

/// The JSON of a user as an SQL expression:
///
/// ```json
/// {"id":"…", <members of doc>, "active":true, "<org_role_attribute>":"Admin", "groups":[…],
///  "meta":{"resourceType":"User","created":"…","lastModified":"…","location":"…","version":"W/\"1\""}}
/// ```
fn resource_with(groups: &str) -> String {
    let members = json_members("users.doc");
    format!(
        r#"'{{"id":"' || users.id || '",' || {members}
  || ',"active":' || iif(users.active, 'true', 'false')
  || ',"' || :org_role_attribute || '":"' || iif(users.active, users.org_role, 'Member') || '"'
  {groups}|| ',"meta":{{"resourceType":"User","created":"' || users.created_at
  || '","lastModified":"' || users.last_modified || '","location":"' || :base || '/Users/' || users.id
  || '","version":"W/\"' || users.version || '\""}}}}'"#
    )
}

/// The members of a JSON object without its braces, as an SQL expression.
fn json_members(object: &str) -> String {
    format!("substr({object}, 2, length({object}) - 2)")
}

/// The groups of a user who is in none.
const NO_GROUPS: &str = r#"|| ',"groups":[]' "#;

const GROUPS: &str = r#"|| ',"groups":' || (
    SELECT json_group_array(json_object(
      'value', g.id, '$ref', :base || '/Groups/' || g.id, 'display', g.display_name, 'type', 'direct'))
    FROM memberships m JOIN groups g ON g.seq = m.group_seq WHERE m.user_seq = users.seq)
  "#;

/// The columns of a [`Resource`].
fn answered(groups: &str) -> String {
    format!("users.version AS version, {} AS body", resource_with(groups))
}

const INSERT_EMAILS: &str = "INSERT INTO user_emails (org_id, value_fold, type_fold, user_seq)
  SELECT users.org_id, j.value ->> 'value', j.value ->> 'type', users.seq FROM users CROSS JOIN json_each(:emails) j";

/// A user as the client gets it.
#[derive(Debug, Deserialize)]
pub struct Resource {
    /// Version.
    pub version: i64,
    /// The whole resource.
    #[serde(deserialize_with = "js_text")]
    pub body: JsText,
}

/// A user as the basis of a write.
#[derive(Debug, Deserialize)]
#[serde(from = "Columns")]
pub struct StoredUser {
    /// Identifier.
    pub id: String,
    /// The user.
    pub user: User,
    /// The whole resource, as the client gets it.
    pub resource: JsText,
    /// The version that a write is based on.
    pub version: i64,
    /// Whether SCIM sees the user.
    pub managed: bool,
    seq: i64,
    /// Whether the user lost access in the hour before: the access brake counts a user once an hour.
    lost_lately: bool,
}

impl StoredUser {
    #[cfg(test)]
    pub(crate) fn visible(id: &str, user: User) -> Self {
        let resource = JsText::Wasm(String::new());
        let id = id.to_owned();
        Self { id, user, resource, version: 1, managed: true, seq: 1, lost_lately: false }
    }

    fn state(&self) -> State<'_> {
        State { user: &self.user, visible: self.managed }
    }

    /// The same person with the attributes of `user`.
    fn changed<'u>(&self, organization: &Organization, user: &'u User) -> State<'u> {
        let visible = match user.email_domain() {
            domain if domain == self.user.email_domain() => self.managed,
            domain => organization.manages(domain.as_deref()),
        };
        State { user, visible }
    }

    /// Whether the access brake counts that the person becomes `user`.
    pub fn loses_access_as(&self, organization: &Organization, user: &User) -> bool {
        let after = self.changed(organization, user);
        person_events::takes_access(Some(self.state()), Some(after), self.lost_lately)
    }

    /// Whether the access brake counts that the person is deleted.
    pub fn loses_access(&self) -> bool {
        person_events::takes_access(Some(self.state()), None, self.lost_lately)
    }
}

#[derive(Debug, Deserialize)]
struct Columns {
    id: String,
    seq: i64,
    version: i64,
    #[serde(deserialize_with = "flag")]
    active: bool,
    #[serde(deserialize_with = "flag")]
    managed: bool,
    #[serde(deserialize_with = "flag")]
    lost_lately: bool,
    org_role: OrgRole,
    #[serde(deserialize_with = "json")]
    doc: Object,
    #[serde(deserialize_with = "js_text")]
    body: JsText,
}

impl From<Columns> for StoredUser {
    fn from(columns: Columns) -> Self {
        let Columns { id, seq, version, active, managed, lost_lately, org_role, doc, body } = columns;
        Self { id, user: User { doc, active, org_role }, resource: body, version, managed, seq, lost_lately }
    }
}

/// The user who has a `userName`.
#[derive(Debug, Deserialize)]
pub struct Holder {
    /// The id; empty if SCIM does not see the user.
    pub id: String,
}

/// What the statements of a create return.
#[derive(Debug, Clone, Copy)]
pub struct Created {
    /// The resource, if it was written.
    pub resource: Handle<Resource>,
    /// If it was not written, the user who has the `userName`, if there is one.
    pub holder: Handle<Holder>,
}

/// Reads one user as a resource.
pub fn resource(tenant: &Tenant<'_>, id: &str, with_groups: bool) -> Select<Resource> {
    let sql = format!(
        "SELECT users.version AS version, {} AS body
         FROM users WHERE users.org_id = :org AND users.id = :id AND users.managed = 1",
        resource_sql(with_groups)
    );
    tenant.select(&sql, &[text("id", id)])
}

/// Reads one user as a resource and as the basis of a write. Without groups, the resource is that of a user who is in
/// none.
pub fn find_for_update(tenant: &Tenant<'_>, id: &str, with_groups: bool) -> Select<StoredUser> {
    let sql = format!("{} users.id = :id AND users.managed = 1", select_stored(with_groups));
    tenant.select(&sql, &[text("id", id)])
}

/// As [`find_for_update`] for any user, also one that SCIM does not see.
pub fn find_unscoped(tenant: &Tenant<'_>, id: &str) -> Select<StoredUser> {
    tenant.select(&format!("{} users.id = :id", select_stored(true)), &[text("id", id)])
}

/// As [`find_unscoped`], by `userName`.
pub fn find_by_user_name(tenant: &Tenant<'_>, user_name: &str) -> Select<StoredUser> {
    let sql = format!("{} users.user_name_fold = :user_name_fold", select_stored(true));
    tenant.select(&sql, &[text("user_name_fold", fold_user_name(user_name))])
}

fn select_stored(with_groups: bool) -> String {
    format!(
        "SELECT users.id AS id, users.seq AS seq, users.version AS version, users.active AS active,
           users.managed AS managed,
           coalesce(users.lost_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour'), 0) AS lost_lately,
           users.org_role AS org_role, users.doc AS doc, {} AS body
         FROM users WHERE users.org_id = :org AND",
        resource_with(if with_groups { GROUPS } else { NO_GROUPS })
    )
}

/// Writes a new user. `managed`: whether SCIM sees the user, by the organization's email domains when they were read.
pub fn insert(tenant: &Tenant<'_>, id: &str, user: &User, managed: bool) -> Vec<Statement> {
    // The LIMIT keeps SQLite from evaluating :org once for each time it is named.
    let insert = insert_from("(SELECT :org AS id LIMIT 1) o WHERE o.id IS NOT NULL");
    // The guard has made sure that the row just inserted is the one meant.
    let emails = format!("{INSERT_EMAILS} WHERE users.seq = last_insert_rowid()");
    let mut statements = vec![
        tenant.statement(&insert, &columns_of(id, user, managed)),
        guard(),
        tenant.statement(&emails, &[text("emails", emails_of(user))]),
    ];
    statements.extend(events::record(tenant, &created(id, user, managed)));
    statements
}

/// The events of a new user.
fn created(id: &str, user: &User, visible: bool) -> Vec<NewEvent> {
    person_events::of_change(id, None, Some(State { user, visible }), Some(1), false)
}

/// Writes a new user that SCIM sees and the `entry` of the audit log, unless the userName is taken, the organization
/// does not admit the user or is full, or its folded columns have to be updated first. When the batch runs twice, the
/// new user is the holder of the userName.
pub fn insert_if_admitted(
    batch: &mut Batch,
    tenant: &Tenant<'_>,
    id: &str,
    user: &User,
    entry: Statement,
) -> Created {
    let insert = insert_from(
        "organizations o WHERE o.id = :org AND o.fold_version = CAST(:fold_version AS INTEGER)
           AND (json_array_length(o.mail_domains) = 0
             OR coalesce(:mail_domain IN (SELECT value FROM json_each(o.mail_domains)), 0))
           AND (o.user_limit IS NULL OR o.user_count < o.user_limit) AND o.paused_at IS NULL
           AND coalesce(o.org_role_attribute = :org_role_attribute, TRUE)
         ON CONFLICT DO NOTHING",
    );
    // `changes() = 0` comes first, so that no holder is searched if the user was written. The entry of the audit log
    // changes one row if the user was written, and none if not; a SELECT leaves `changes()` as it is.
    let holder = "SELECT iif(users.managed, users.id, '') AS id
         FROM (SELECT 1 WHERE changes() = 0 LIMIT 1) CROSS JOIN users
         WHERE users.org_id = :org AND users.user_name_fold = :user_name_fold";
    // If no user was inserted, `last_insert_rowid()` is another row.
    let emails = format!(
        "{INSERT_EMAILS} WHERE users.seq = last_insert_rowid() AND users.id = :id ON CONFLICT DO NOTHING"
    );
    let mut columns = columns_of(id, user, true);
    columns.push(integer("fold_version", FOLD_VERSION));
    let resource = batch.push(tenant.select(&insert, &columns));
    batch.execute(entry);
    let holder = batch.push(tenant.select(holder, &[text("user_name_fold", user.folded_user_name())]));
    batch.extend(events::record_if_row_changed(tenant, &created(id, user, true)));
    batch.execute(tenant.statement(&emails, &[text("id", id), text("emails", emails_of(user))]));
    Created { resource, holder }
}

fn insert_from(organization: &str) -> String {
    format!(
        "INSERT INTO users (org_id, id, user_name_fold, external_id, active, org_role, mail_domain, managed, doc,
           doc_fold, created_at, last_modified)
         SELECT o.id, :id, :user_name_fold, :external_id, :active, :org_role, :mail_domain, :managed, :doc,
           :doc_fold, :now, :now
         FROM {organization}
         RETURNING {}",
        answered(NO_GROUPS)
    )
}

fn columns_of(id: &str, user: &User, managed: bool) -> Vec<Binding> {
    let [doc, doc_fold] = doc_columns(user);
    vec![
        text("id", id),
        text("user_name_fold", user.folded_user_name()),
        optional("external_id", user.external_id().map(compose).as_deref()),
        boolean("active", user.active),
        text("org_role", user.org_role.as_str()),
        optional("mail_domain", user.email_domain().as_deref()),
        boolean("managed", managed),
        doc,
        doc_fold,
    ]
}

/// Writes a changed user, unless the user was changed since it was read, and selects the resource. The guard vouches
/// for the statements after it, which name the user by `seq` alone.
pub fn update(
    batch: &mut Batch,
    tenant: &Tenant<'_>,
    organization: &Organization,
    current: &StoredUser,
    user: &User,
) -> Handle<Resource> {
    let before = &current.user;
    let after = current.changed(organization, user);
    let version = current.version.saturating_add(1);
    let events = person_events::of_change(
        &current.id,
        Some(current.state()),
        Some(after),
        Some(version),
        current.lost_lately,
    );
    let (mut assignments, mut bindings) = changed_columns(organization, before, user);
    if tenant.cause.source == Source::Scim && events.iter().any(|event| event.lost > 0) {
        assignments.push("lost_at = :now");
    }
    bindings.push(integer("seq", current.seq));
    bindings.push(integer("version", current.version));
    // What becomes of role and memberships at a deactivation, and at an activation, depends on the setting keep_access.
    let deactivates = before.active && !user.active;
    let org = if deactivates && !organization.keep_access { ":org_keeping_nothing" } else { ":org" };
    let sql = format!(
        "UPDATE users SET {} WHERE seq = :seq AND org_id = {org} AND version = :version",
        assignments.join(", ")
    );
    batch.extend([tenant.statement(&sql, &bindings), guard()]);
    if organization.keep_access && before.active != user.active {
        batch.execute(kept_memberships::check_setting(tenant));
    }
    batch.extend(events::record(tenant, &events));
    let seq = || vec![integer("seq", current.seq)];
    if user.folded_emails() != before.folded_emails() {
        batch.execute(tenant.statement("DELETE FROM user_emails WHERE user_seq = :seq", &seq()));
        batch.execute(tenant.statement(
            &format!("{INSERT_EMAILS} WHERE users.seq = :seq"),
            &[integer("seq", current.seq), text("emails", emails_of(user))],
        ));
    }
    if deactivates {
        // Deactivation takes the user out of the organization: none of the user's rights remain.
        if organization.keep_access {
            batch.extend(kept_memberships::keep(tenant, current.seq));
        }
        batch.execute(events::memberships::ended_of_person(tenant, current.seq));
        batch.execute(tenant.statement("DELETE FROM memberships WHERE user_seq = :seq", &seq()));
    }
    if !before.active && user.active && organization.keep_access {
        batch.extend(kept_memberships::give_back(tenant, current.seq));
    }
    let select = format!("SELECT {} FROM users WHERE users.seq = :seq", answered(GROUPS));
    batch.push(tenant.select(&select, &seq()))
}

/// The columns that an UPDATE sets. `last_modified` never decreases, whichever of two simultaneous requests began
/// first. Columns that do not change are left out, so that their indexes are not written and billed.
fn changed_columns(
    organization: &Organization,
    before: &User,
    user: &User,
) -> (Vec<&'static str>, Vec<Binding>) {
    // The resource does not show the role that an inactive user will have: a change of it changes neither the resource
    // nor its version.
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
        bindings.extend(doc_columns(user));
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

/// Makes a user the Owner and the Owner an Admin. With `from`, only if the Owner has this `userName`. At no moment are
/// there two Owners or none.
pub fn transfer_ownership(tenant: &Tenant<'_>, to: &str, from: Option<&str>) -> Vec<Statement> {
    let change =
        "UPDATE users SET version = version + 1, last_modified = max(last_modified, :now), org_role = ";
    let old = format!(
        "{change} 'Admin' WHERE org_id = :org AND org_role = 'Owner' AND id <> :id
           AND (:by IS NULL OR user_name_fold = :by)"
    );
    let new = format!("{change} 'Owner' WHERE org_id = :org AND id = :id AND active = 1");
    let mut statements = vec![events::organization::ownership_transferred(tenant, to, from)];
    statements.extend([
        tenant.statement(&old, &[text("id", to), optional("by", from)]),
        guard(),
        tenant.statement(&new, &[text("id", to)]),
        guard(),
    ]);
    statements
}

/// Deletes a user, unless the user was changed since it was read. Memberships and email addresses are deleted, too.
pub fn delete(tenant: &Tenant<'_>, current: &StoredUser) -> Vec<Statement> {
    let bindings = vec![integer("seq", current.seq), integer("version", current.version)];
    // The guard comes before the events: the access brake must not count who is deleted already.
    let mut statements = vec![
        tenant.statement(
            &keep_deleted(
                "(SELECT coalesce(max(seq), 0) + 1 FROM events WHERE org_id = u.org_id)",
                "u.seq = :seq AND u.org_id = :org AND u.version = :version",
            ),
            &bindings,
        ),
        guard(),
    ];
    let events =
        person_events::of_change(&current.id, Some(current.state()), None, None, current.lost_lately);
    statements.extend(events::record(tenant, &events));
    statements.push(events::memberships::ended_of_person(tenant, current.seq));
    let delete = "DELETE FROM users WHERE seq = :seq AND org_id = :org";
    statements.push(tenant.statement(delete, &bindings));
    statements
}

/// SQL that keeps the people `u` who fulfil the condition and are about to be deleted. `event` is SQL of the sequence
/// number of the event of the deletion.
pub(crate) fn keep_deleted(event: &str, condition: &str) -> String {
    format!(
        "INSERT INTO deleted_people (org_id, id, deleted_at, event_seq, person)
         SELECT u.org_id, u.id, :now, {event},
           json_object('seq', u.seq, 'user_name_fold', u.user_name_fold, 'external_id', u.external_id,
             'active', u.active, 'org_role', u.org_role, 'mail_domain', u.mail_domain, 'managed', u.managed,
             'doc', u.doc, 'doc_fold', u.doc_fold, 'version', u.version, 'created_at', u.created_at,
             'kept', json((SELECT json_group_array(g.id)
               FROM kept_memberships k CROSS JOIN groups g ON g.seq = k.group_seq WHERE k.user_seq = u.seq)))
         FROM users u WHERE {condition}
         ON CONFLICT (org_id, id) DO UPDATE SET deleted_at = excluded.deleted_at, event_seq = excluded.event_seq,
           person = excluded.person"
    )
}

/// Whether a unique index on userName refused a write.
pub fn user_name_is_taken(error: &StorageError) -> bool {
    matches!(&**error, StorageErrorKind::Taken(columns) if columns.contains("user_name_fold"))
}

fn doc_of(user: &User) -> String {
    Value::Object(user.doc.clone()).to_string()
}

fn doc_columns(user: &User) -> [Binding; 2] {
    let doc = doc_of(user);
    let doc_fold = folded(&doc, user);
    [text("doc", doc), optional("doc_fold", doc_fold.as_deref())]
}

/// The document with its texts and names folded, where that is more than ASCII lower case, which SQLite makes by
/// itself.
pub(crate) fn doc_fold_of(user: &User) -> Option<String> {
    folded(&doc_of(user), user)
}

fn folded(doc: &str, user: &User) -> Option<String> {
    if doc.is_ascii() {
        return None;
    }
    let folded = Value::Object(fold_object(&user.doc)).to_string();
    (folded != doc.to_ascii_lowercase()).then_some(folded)
}

fn emails_of(user: &User) -> String {
    emails_value(user).to_string()
}

/// The mail addresses as `user_emails` has them, in its order.
pub(crate) fn emails_value(user: &User) -> Value {
    user.folded_emails()
        .into_iter()
        .map(|email| json!({"value": email.value, "type": email.r#type}))
        .collect()
}
