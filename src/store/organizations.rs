//! Organizations and their settings in D1.

use serde_json::Value;

use super::statement::{Statement, boolean, text};
use super::tenant::{Tenant, guard};
use crate::scim::json;

/// An organization as the console shows it, as JSON.
const DESCRIBED: &str = "SELECT json_object(
    'id', o.id, 'name', o.name,
    'email_management', json(iif(o.email_management, 'true', 'false')),
    'plain_groups', json(iif(o.plain_groups, 'true', 'false')),
    'mail_domains', json(o.mail_domains), 'key_lifetime_days', o.key_lifetime_days, 'user_count', o.user_count,
    'owner_user_name', (SELECT doc ->> '$.userName' FROM users WHERE org_id = o.id AND org_role = 'Owner'),
    'created_at', o.created_at, 'last_modified', o.last_modified) AS head
  FROM organizations o";

/// How many users SCIM sees.
pub(super) const USER_COUNT: &str = "(SELECT user_count FROM organizations WHERE id = :org)";

/// Settings as an administrator may write them; what is `None` stays.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Name for people.
    pub name: Option<String>,
    /// Whether `userName` and mail may be changed over SCIM.
    pub email_management: Option<bool>,
    /// Whether groups of any name may be made over SCIM.
    pub plain_groups: Option<bool>,
    /// Case-folded mail domains.
    pub mail_domains: Option<Vec<String>>,
    /// For how many days a new key is good; 0: until it is deactivated.
    pub key_lifetime_days: Option<u64>,
}

/// Reads all organizations of the deployment, one a row as JSON.
pub fn all() -> Statement {
    Statement::new(&format!("{DESCRIBED} ORDER BY o.created_at, o.id"), &[])
}

/// Reads the organizations that whoever has this `userName` administers and has accepted, one a row as JSON.
pub fn administered_by(mail: &str) -> Statement {
    Statement::new(
        &format!(
            "{DESCRIBED} WHERE EXISTS (
               SELECT 1 FROM users u WHERE u.org_id = o.id AND u.user_name_fold = :mail AND u.active = 1
               AND u.org_role <> 'Member' AND lower(trim(u.doc ->> '$.userName')) = :mail)
             AND EXISTS (
               SELECT 1 FROM acceptances a WHERE a.org_id = o.id AND a.mail = :mail AND a.accepted_at IS NOT NULL)
             ORDER BY o.created_at, o.id"
        ),
        &[text("mail", mail)],
    )
}

/// Reads one organization as JSON.
pub fn one(tenant: &Tenant<'_>) -> Statement {
    tenant.statement(&format!("{DESCRIBED} WHERE o.id = :org"), &[])
}

/// Writes a new organization, the one the tenant names.
pub fn insert(tenant: &Tenant<'_>, name: &str, settings: &Settings) -> Vec<Statement> {
    let sql = "INSERT INTO organizations
                 (id, name, email_management, plain_groups, mail_domains, key_lifetime_days, created_at, last_modified)
               VALUES (:org, :name, :email_management, :plain_groups, :mail_domains,
                 nullif(CAST(:key_lifetime_days AS INTEGER), 0), :now, :now)";
    let bindings = vec![
        text("name", name),
        boolean("email_management", settings.email_management.unwrap_or(false)),
        boolean("plain_groups", settings.plain_groups.unwrap_or(false)),
        text("mail_domains", json_array(settings.mail_domains.as_deref().unwrap_or_default())),
        text("key_lifetime_days", settings.key_lifetime_days.unwrap_or(0).to_string()),
    ];
    vec![tenant.statement(sql, &bindings), guard()]
}

/// Writes changed settings: the first statement writes one row or, where nothing changes, none. Whom SCIM sees follows the
/// mail domains.
pub fn update(tenant: &Tenant<'_>, settings: &Settings) -> Vec<Statement> {
    let mut assignments = vec!["last_modified = max(last_modified, :now)"];
    let mut changes = vec!["0"];
    let mut bindings = Vec::new();
    if let Some(name) = &settings.name {
        assignments.push("name = :name");
        changes.push("name <> :name");
        bindings.push(text("name", name.as_str()));
    }
    if let Some(flag) = settings.email_management {
        assignments.push("email_management = :email_management");
        changes.push("email_management <> CAST(:email_management AS INTEGER)");
        bindings.push(boolean("email_management", flag));
    }
    if let Some(flag) = settings.plain_groups {
        assignments.push("plain_groups = :plain_groups");
        changes.push("plain_groups <> CAST(:plain_groups AS INTEGER)");
        bindings.push(boolean("plain_groups", flag));
    }
    if let Some(domains) = &settings.mail_domains {
        assignments.push("mail_domains = :mail_domains");
        changes.push("mail_domains <> :mail_domains");
        bindings.push(text("mail_domains", json_array(domains)));
    }
    if let Some(days) = settings.key_lifetime_days {
        assignments.push("key_lifetime_days = nullif(CAST(:key_lifetime_days AS INTEGER), 0)");
        changes.push("coalesce(key_lifetime_days, 0) <> CAST(:key_lifetime_days AS INTEGER)");
        bindings.push(text("key_lifetime_days", days.to_string()));
    }
    let sql = format!(
        "UPDATE organizations SET {} WHERE id = :org AND ({})",
        assignments.join(", "),
        changes.join(" OR ")
    );
    let mut statements = vec![tenant.statement(&sql, &bindings)];
    if let Some(domains) = &settings.mail_domains {
        let seen = if domains.is_empty() {
            "1"
        } else {
            "coalesce(mail_domain IN (SELECT value FROM json_each(:mail_domains)), 0)"
        };
        let bindings = || vec![text("mail_domains", json_array(domains))];
        // Groups have other members then.
        let touched = format!(
            "UPDATE groups SET version = version + 1, last_modified = max(last_modified, :now)
             WHERE org_id = :org AND seq IN (
               SELECT m.group_seq FROM users CROSS JOIN memberships m ON m.user_seq = users.seq
               WHERE users.org_id = :org AND users.managed <> {seen})"
        );
        statements.push(tenant.statement(&touched, &bindings()));
        // Whoever comes into sight in the middle of a list that is being read would push somebody off their page.
        statements.push(tenant.statement(
            &format!(
                "DELETE FROM snapshots WHERE org_id = :org AND EXISTS (
                   SELECT 1 FROM users WHERE org_id = :org AND managed = 0 AND {seen})"
            ),
            &bindings(),
        ));
        statements.push(tenant.statement(
            &format!("UPDATE users SET managed = {seen} WHERE org_id = :org AND managed <> {seen}"),
            &bindings(),
        ));
    }
    statements
}

fn json_array(values: &[String]) -> String {
    json::write(&Value::from(values))
}
