//! The folded columns of people: names, email addresses and documents.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::step::{MOST_ROWS, Position, SAME_NAME, Step, bare, guard_all, log_sql, not_ascii, rows_of};
use crate::d1::batch::{Batch, Select};
use crate::d1::statement::{Statement, integer, text};
use crate::d1::users::{doc_fold_of, emails_value};
use crate::d1::{Database, StorageError, Tenant};
use directory::{OrgRole, User};
use scim_protocol::Object;
use scim_protocol::text::compose;

/// Most bytes of the documents that a step reads, but for the first.
const MOST_BYTES: usize = 700_000;
/// Most people that a step looks at to find texts that are not ASCII.
const MOST_LOOKED_AT: u32 = 10_000;

/// A user whose texts are not all ASCII.
#[derive(Debug, Deserialize)]
pub(crate) struct Person {
    seq: i64,
    version: i64,
    #[serde(rename = "doc", deserialize_with = "user_of_doc")]
    user: User,
    user_name_fold: String,
    external_id: Option<String>,
    mail_domain: Option<String>,
    doc_fold: Option<String>,
    emails: Value,
}

/// How far a step has looked.
#[derive(Debug, Deserialize)]
struct Looked {
    /// How many users it has looked at.
    looked_at: i64,
    /// How many of them have texts that are not all ASCII.
    special: i64,
    /// The `seq` of the last.
    last: i64,
}

/// Reads the document of a user; the other fields are not used here.
fn user_of_doc<'de, D: Deserializer<'de>>(doc: D) -> Result<User, D::Error> {
    Ok(User { doc: Object::deserialize(doc)?, active: true, org_role: OrgRole::Member })
}

/// The statement of a [`Person`], up to FROM.
fn person_sql() -> &'static str {
    "SELECT json_object('seq', users.seq, 'version', users.version, 'doc', json(users.doc),
       'user_name_fold', users.user_name_fold, 'external_id', users.external_id, 'mail_domain', users.mail_domain,
       'doc_fold', users.doc_fold, 'emails', (
         SELECT json_group_array(json_object('value', value_fold, 'type', type_fold))
         FROM (SELECT * FROM user_emails WHERE user_seq = users.seq ORDER BY value_fold, type_fold))) AS json"
}

impl Person {
    /// The change to write, if a folded column differs.
    fn change(&self, seen: &mut HashSet<String>) -> Option<Value> {
        let user = &self.user;
        let folded = user.folded_user_name();
        let external_id = user.external_id().map(compose);
        let mail_domain = user.email_domain();
        let doc_fold = doc_fold_of(user);
        let emails = emails_value(user);
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
        Some(json!({
            "seq": self.seq, "version": self.version, "fold": folded, "is_second": is_second,
            "external_id": external_id.as_deref(), "mail_domain": mail_domain, "doc_fold": doc_fold,
            "emails": if same_emails { Value::Null } else { emails },
        }))
    }
}

/// Reads the Owner, if the texts are not all ASCII.
pub(crate) fn owner(tenant: &Tenant<'_>) -> Select<Person> {
    let sql = format!(
        "{} FROM users WHERE users.org_id = :org AND users.org_role = 'Owner' AND {}",
        person_sql(),
        not_ascii("users.doc")
    );
    tenant.select_json(&sql, &[])
}

/// Writes the differences of the Owner. If another user has the Owner's name, that user gets `SAME_NAME`.
pub(crate) fn change_owner(tenant: &Tenant<'_>, owner: &[Person]) -> Vec<Statement> {
    change(tenant, owner, true)
}

/// A step through the users that SCIM sees, or, if not `managed`, through the others.
pub(crate) async fn step(
    database: &Database,
    tenant: &Tenant<'_>,
    position: &Position,
    managed: bool,
) -> Result<Step, StorageError> {
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
        "{} FROM (
           SELECT *, sum(length(doc)) OVER (ORDER BY seq) - length(doc) AS before
           FROM {looked_at} WHERE special) users
         WHERE before < CAST(:bytes AS INTEGER) ORDER BY seq LIMIT CAST(:rows AS INTEGER)",
        person_sql()
    );
    let count = format!(
        "SELECT count(*) AS looked_at, coalesce(sum(special), 0) AS special, coalesce(max(seq), 0) AS last
         FROM {looked_at}"
    );
    let mut batch = Batch::new();
    let people = batch.push(tenant.select_json::<Person>(&read, &bindings));
    let looked = batch.push(tenant.select_few::<Looked>(&count, &bindings));
    let results = database.batch(&batch).await?;
    let people = results.all(people)?;
    let Looked { looked_at, special, last } = results.one(looked)?;
    let is_cut = i64::try_from(people.len()).is_ok_and(|read| read < special);
    let next = match people.last() {
        Some(person) if is_cut => position.behind(person.seq.to_string()),
        _ if looked_at < i64::from(MOST_LOOKED_AT) => position.next_stage(),
        _ => position.behind(last.to_string()),
    };
    Ok(Step { statements: change(tenant, &people, false), next })
}

/// Writes the differences. If they are the Owner's, another user with the same name gets `SAME_NAME`.
fn change(tenant: &Tenant<'_>, people: &[Person], is_owner: bool) -> Vec<Statement> {
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
           WHEN j.value ->> 'is_second' OR EXISTS (
             SELECT 1 FROM users h
             WHERE h.org_id = users.org_id AND h.user_name_fold = j.value ->> 'fold' AND h.seq <> users.seq)
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
         FROM json_each(:rows) j CROSS JOIN users u ON u.seq = j.value ->> 'seq'
           CROSS JOIN json_each(j.value, '$.emails') e
         WHERE {with_emails}"
    );
    let log = log_sql(
        "User",
        "'/Users/' || t.id",
        "(t.doc ->> '$.userName')",
        "'The userName \"' || substr(t.doc ->> '$.userName', 1, 100) || '\" (' || t.id || ') is now the same as \"' \
         || substr(h.doc ->> '$.userName', 1, 100) || '\" (' || h.id || '), who is found by it. Both are kept. If \
         they are one person, remove one of the two; else give one of them another userName.'",
        &format!(
            "json_each(:rows) j CROSS JOIN users h ON h.org_id = :org AND h.user_name_fold = j.value ->> 'fold'
             CROSS JOIN users t ON t.org_id = :org AND t.user_name_fold > h.user_name_fold || char(1)
               AND t.user_name_fold < h.user_name_fold || char(2)
             WHERE (t.seq = j.value ->> 'seq' OR h.seq = j.value ->> 'seq')
               AND instr(t.user_name_fold, {SAME_NAME}) > 0"
        ),
    );
    statements.push(tenant.statement(&update, rows));
    statements.push(guard_all(count));
    statements.extend([&forget, &emails, &log].map(|sql| tenant.statement(sql, rows)));
    statements
}
