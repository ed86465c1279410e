//! Organizations and their settings in D1.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::administrators::{self, HAS_ACCEPTED, IS_ADMINISTRATOR};
use super::batch::Select;
use super::columns::json as json_column;
use super::statement::{Statement, boolean, integer, text};
use super::tenant::{Tenant, guard};
use directory::AdministratorName;
use scim_protocol::text::FOLD_VERSION;

/// An organization as the console shows it, as JSON.
const DESCRIBED: &str = "SELECT json_object(
    'id', o.id, 'name', o.name,
    'email_management', json(iif(o.email_management, 'true', 'false')),
    'plain_groups', json(iif(o.plain_groups, 'true', 'false')),
    'mail_domains', json(o.mail_domains), 'key_lifetime_days', o.key_lifetime_days, 'user_limit', o.user_limit,
    'user_count', o.user_count, 'group_count', o.group_count,
    'owner_user_name', (SELECT doc ->> '$.userName' FROM users WHERE org_id = o.id AND org_role = 'Owner'),
    'created_at', o.created_at, 'last_modified', o.last_modified) AS json
  FROM organizations o";

/// How many users SCIM sees.
pub(crate) const USER_COUNT: &str = "(SELECT user_count FROM organizations WHERE id = :org)";

/// Settings as an administrator may write them. A field that is `None` does not change.
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
    /// Most users that SCIM may see; 0: any number.
    pub user_limit: Option<u64>,
}

/// Reads all organizations of the deployment, one a row as JSON.
pub fn all<R: DeserializeOwned>() -> Select<R> {
    Select::json(Statement::new(&format!("{DESCRIBED} ORDER BY o.created_at, o.id"), &[]))
}

/// Reads the organizations that the person with this `userName` administers and has accepted, one a row as JSON.
pub fn administered_by<R: DeserializeOwned>(name: &AdministratorName) -> Select<R> {
    Select::json(Statement::new(
        &format!(
            "{DESCRIBED}
             WHERE EXISTS (SELECT 1 FROM users u WHERE u.org_id = o.id AND {IS_ADMINISTRATOR}) AND {HAS_ACCEPTED}
             ORDER BY o.created_at, o.id"
        ),
        &administrators::bindings(name),
    ))
}

/// An organization as the console shows it.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct Described<R> {
    /// The organization.
    #[serde(rename = "json", deserialize_with = "json_column")]
    pub organization: R,
    fold_version: i64,
}

impl<R> Described<R> {
    /// Whether its folded columns are of an older version, so that a search may miss rows.
    pub fn has_outdated_folds(&self) -> bool {
        self.fold_version < FOLD_VERSION
    }
}

/// Reads one organization.
pub fn one<R: DeserializeOwned>(tenant: &Tenant<'_>) -> Select<Described<R>> {
    let described = DESCRIBED.replace(" AS json", " AS json, o.fold_version AS fold_version");
    tenant.select(&format!("{described} WHERE o.id = :org"), &[])
}

/// Writes a new organization, the one the tenant names.
pub fn insert(tenant: &Tenant<'_>, name: &str, settings: &Settings) -> Vec<Statement> {
    let sql = "INSERT INTO organizations
                 (id, name, email_management, plain_groups, mail_domains, key_lifetime_days, user_limit, fold_version,
                  created_at, last_modified)
               VALUES (:org, :name, :email_management, :plain_groups, :mail_domains,
                 nullif(CAST(:key_lifetime_days AS INTEGER), 0), nullif(CAST(:user_limit AS INTEGER), 0), :fold_version,
                 :now, :now)";
    let bindings = vec![
        text("name", name),
        boolean("email_management", settings.email_management.unwrap_or(false)),
        boolean("plain_groups", settings.plain_groups.unwrap_or(false)),
        text("mail_domains", json_array(settings.mail_domains.as_deref().unwrap_or_default())),
        text("key_lifetime_days", settings.key_lifetime_days.unwrap_or(0).to_string()),
        text("user_limit", settings.user_limit.unwrap_or(0).to_string()),
        integer("fold_version", FOLD_VERSION),
    ];
    vec![tenant.statement(sql, &bindings), guard()]
}

/// The statements that change settings.
pub struct Update {
    /// Changes the settings: one row or, where they stay as they are, none.
    pub settings: Statement,
    /// Changes what follows from them: which users SCIM sees, and the versions of their groups.
    pub consequences: Vec<Statement>,
}

/// Writes changed settings.
pub fn update(tenant: &Tenant<'_>, settings: &Settings) -> Update {
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
    if let Some(limit) = settings.user_limit {
        assignments.push("user_limit = nullif(CAST(:user_limit AS INTEGER), 0)");
        changes.push("coalesce(user_limit, 0) <> CAST(:user_limit AS INTEGER)");
        bindings.push(text("user_limit", limit.to_string()));
    }
    let sql = format!(
        "UPDATE organizations SET {} WHERE id = :org AND ({})",
        assignments.join(", "),
        changes.join(" OR ")
    );
    let update = tenant.statement(&sql, &bindings);
    let mut statements = Vec::new();
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
        statements.push(tenant.statement(
            &format!("UPDATE users SET managed = {seen} WHERE org_id = :org AND managed <> {seen}"),
            &bindings(),
        ));
    }
    Update { settings: update, consequences: statements }
}

fn json_array(values: &[String]) -> String {
    Value::from(values).to_string()
}
