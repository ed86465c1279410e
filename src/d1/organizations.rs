//! Organizations and their settings in D1.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::audit_log::Condition;
use super::batch::Select;
use super::brake::{self, DEFAULT_PERCENT};
use super::columns::object_by_value;
use super::events;
use super::kept_memberships;
use super::statement::{Binding, Statement, boolean, integer, text};
use super::tenant::{Tenant, guard};
use directory::event::{Event, NewEvent, SubjectType};
use scim_protocol::text::{FOLD_VERSION, fold};

/// SQL of the organization `o` as the console shows it, as JSON, with more columns.
pub(super) fn described(more: &str) -> String {
    format!(
        "SELECT json_object(
           'id', o.id, 'name', o.name,
           'email_management', json(iif(o.email_management, 'true', 'false')),
           'plain_groups', json(iif(o.plain_groups, 'true', 'false')),
           'keep_access', json(iif(o.keep_access, 'true', 'false')),
           'mail_domains', json(o.mail_domains), 'key_lifetime_days', o.key_lifetime_days,
           'user_limit', o.user_limit, 'brake_percent', o.brake_percent,
           'revocation_minutes', o.revocation_minutes, 'group_prefix', o.group_prefix,
           'confirmed_org_role_attribute', o.org_role_attribute,
           'user_count', o.user_count, 'group_count', o.group_count, 'failed_webhooks', o.failed_webhooks,
           'owner_user_name', (SELECT doc ->> '$.userName' FROM users WHERE org_id = o.id AND org_role = 'Owner'),
           'brake', json_object(
             'engaged_at', o.brake_engaged_at,
             'engaged_by', iif(o.brake_engaged_by IS NULL, NULL, json_object('id', o.brake_engaged_by)),
             'lifted_until', iif(o.brake_lifted_until > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
               o.brake_lifted_until, NULL),
             'lost', {lost}, 'limit', {limit}, 'undo', iif(o.brake_engaged_at IS NULL, NULL, (
               SELECT r.id FROM undo_runs r WHERE r.org_id = o.id AND r.status = 'running'
                 AND r.progress ->> '$.releases_brake' = o.brake_engaged_at LIMIT 1))),
           'deletion', iif(o.deleted_at IS NULL, NULL, json_object('at', o.deleted_at, 'by', o.deleted_by)),
           'pause', iif(o.paused_at IS NULL, NULL, json_object('since', o.paused_at, 'by', o.paused_by)),
           'created_at', o.created_at, 'last_modified', o.last_modified) AS json{more}",
        lost = brake::lost("o"),
        limit = brake::limit("o"),
    )
}

/// How many users SCIM sees.
pub(crate) const USER_COUNT: &str = "(SELECT user_count FROM organizations WHERE id = :org)";

/// Settings as an administrator may write them. A field that is `None` does not change.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Name for people.
    pub name: Option<String>,
    /// Whether `userName` and mail may be changed over SCIM.
    pub email_management: Option<bool>,
    /// Whether groups of any name may be made over SCIM.
    pub plain_groups: Option<bool>,
    /// Whether a deactivation keeps role and memberships for the next activation.
    pub keep_access: Option<bool>,
    /// Case-folded mail domains.
    pub mail_domains: Option<Vec<String>>,
    /// For how many days a new key is good; 0: until it is deactivated.
    pub key_lifetime_days: Option<u64>,
    /// Most users that SCIM may see; 0: any number.
    pub user_limit: Option<u64>,
    /// Of how many people in a hundred SCIM may take access within an hour; 0: of any number.
    pub brake_percent: Option<u64>,
    /// After how many minutes without the acknowledgement of a deactivation there is an alert; 0: never.
    pub revocation_minutes: Option<u64>,
    /// What the names of its projects' groups begin with.
    pub group_prefix: Option<String>,
    /// The attribute with which its identity provider sends organization roles.
    pub org_role_attribute: Option<String>,
}

/// An organization as the console shows it.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct Described<R> {
    /// The organization.
    #[serde(rename = "json", deserialize_with = "object_by_value")]
    pub organization: R,
    fold_version: i64,
    /// How many webhooks deliver its events.
    pub webhooks: u32,
}

impl<R> Described<R> {
    /// Whether its folded columns are of an older version, so that a search may miss rows.
    pub fn has_outdated_folds(&self) -> bool {
        self.fold_version < FOLD_VERSION
    }
}

/// Reads one organization.
pub fn one<R: DeserializeOwned>(tenant: &Tenant<'_>) -> Select<Described<R>> {
    let described = described(", o.fold_version AS fold_version, o.webhooks AS webhooks");
    tenant.select(&format!("{described} FROM organizations o WHERE o.id = :org"), &[])
}

/// Writes a new organization, the one the tenant names.
pub fn insert(tenant: &Tenant<'_>, id: &str, name: &str, settings: &Settings) -> Vec<Statement> {
    let sql = "INSERT INTO organizations
                 (id, name, email_management, plain_groups, keep_access, mail_domains, key_lifetime_days, user_limit,
                  brake_percent, org_role_attribute, fold_version, created_at, last_modified, feed_secret,
                  name_fold)
               VALUES (:org, :name, :email_management, :plain_groups, :keep_access, :mail_domains,
                 nullif(CAST(:key_lifetime_days AS INTEGER), 0), nullif(CAST(:user_limit AS INTEGER), 0),
                 :brake_percent, :org_role_attribute, :fold_version, :now, :now, lower(hex(randomblob(32))),
                 :name_fold)";
    let bindings = vec![
        text("name", name),
        text("name_fold", fold(name)),
        boolean("email_management", settings.email_management.unwrap_or(false)),
        boolean("plain_groups", settings.plain_groups.unwrap_or(false)),
        boolean("keep_access", settings.keep_access.unwrap_or(false)),
        text("mail_domains", json_array(settings.mail_domains.as_deref().unwrap_or_default())),
        text("key_lifetime_days", settings.key_lifetime_days.unwrap_or(0).to_string()),
        text("user_limit", settings.user_limit.unwrap_or(0).to_string()),
        text("brake_percent", settings.brake_percent.unwrap_or(DEFAULT_PERCENT.into()).to_string()),
        integer("fold_version", FOLD_VERSION),
    ];
    let created = Event::OrganizationCreated { name: name.to_owned() };
    let mut statements = vec![tenant.statement(sql, &bindings), guard()];
    statements.extend(events::record(tenant, &[NewEvent::new(created, SubjectType::Organization, id)]));
    statements
}

/// Sets the attribute of the organization role for organizations where it is not known, which a Worker made that does
/// not store it: at most `most`. Returns one row for each.
pub fn note_org_role_attribute(attribute: &str, most: u32) -> Statement {
    Statement::new(
        "UPDATE organizations SET org_role_attribute = :attribute WHERE id IN (
           SELECT id FROM organizations WHERE org_role_attribute IS NULL LIMIT CAST(:most AS INTEGER))
         RETURNING 1",
        &[text("attribute", attribute), text("most", most.to_string())],
    )
}

/// The statements that change settings.
pub struct Update {
    /// The condition that a setting changes. Without, the statements change nothing.
    pub differs: Condition,
    /// Write the event, the settings, and what follows from them: which users SCIM sees, and the versions of their
    /// groups.
    pub statements: Vec<Statement>,
}

/// A setting that is written. Its name is that of the column, of the parameter, and in events.
struct Wanted {
    name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Json,
    Flag,
    Number,
    /// 0 stands for NULL.
    Limit,
}

impl Wanted {
    /// SQL of the value that the column gets.
    fn value(&self) -> String {
        let name = self.name;
        match self.kind {
            Kind::Text | Kind::Json => format!(":{name}"),
            Kind::Flag | Kind::Number => format!("CAST(:{name} AS INTEGER)"),
            Kind::Limit => format!("nullif(CAST(:{name} AS INTEGER), 0)"),
        }
    }

    /// SQL of the condition that the setting of the organization with this alias changes.
    fn differs(&self, alias: &str) -> String {
        format!("{alias}.{} IS NOT {}", self.name, self.value())
    }

    /// SQL of the change of the organization `s` as a JSON object; NULL if there is none.
    fn change(&self) -> String {
        let json = |value: &str| match self.kind {
            Kind::Text | Kind::Limit | Kind::Number => value.to_owned(),
            Kind::Json => format!("json({value})"),
            Kind::Flag => format!("json(iif({value}, 'true', 'false'))"),
        };
        let before = json(&format!("s.{}", self.name));
        format!(
            "iif({}, json_object('before', {before}, 'after', {}), NULL)",
            self.differs("s"),
            json(&self.value())
        )
    }
}

impl Settings {
    /// The settings that are written, and their parameters.
    fn wanted(&self) -> (Vec<Wanted>, Vec<Binding>) {
        let flag =
            |name, value: Option<bool>| Some((Wanted { name, kind: Kind::Flag }, boolean(name, value?)));
        let limit = |name, value: Option<u64>| {
            Some((Wanted { name, kind: Kind::Limit }, text(name, value?.to_string())))
        };
        let number = |name, value: Option<u64>| {
            Some((Wanted { name, kind: Kind::Number }, text(name, value?.to_string())))
        };
        let own_text =
            |name, value: Option<&str>| Some((Wanted { name, kind: Kind::Text }, text(name, value?)));
        let domains = self.mail_domains.as_deref();
        [
            own_text("name", self.name.as_deref()),
            own_text("group_prefix", self.group_prefix.as_deref()),
            own_text("org_role_attribute", self.org_role_attribute.as_deref()),
            flag("email_management", self.email_management),
            flag("plain_groups", self.plain_groups),
            flag("keep_access", self.keep_access),
            domains.map(|domains| {
                let name = "mail_domains";
                (Wanted { name, kind: Kind::Json }, text(name, json_array(domains)))
            }),
            limit("key_lifetime_days", self.key_lifetime_days),
            limit("user_limit", self.user_limit),
            number("brake_percent", self.brake_percent),
            number("revocation_minutes", self.revocation_minutes),
        ]
        .into_iter()
        .flatten()
        .unzip()
    }
}

/// Writes changed settings, of which there is at least one.
pub fn update(tenant: &Tenant<'_>, settings: &Settings) -> Update {
    let (wanted, mut bindings) = settings.wanted();
    let join = |part: &dyn Fn(&Wanted) -> String, separator: &str| {
        wanted.iter().map(part).collect::<Vec<_>>().join(separator)
    };
    let differs = |alias: &str| join(&|each| each.differs(alias), " OR ");
    let changes = join(&|each| format!("'{}', {}", each.name, each.change()), ", ");
    let changed = format!(
        "(SELECT json_group_object(c.key, json(c.value)) FROM json_each(json_object({changes})) c
              WHERE c.type <> 'null')"
    );
    let mut assignments = join(&|each| format!("{} = {}", each.name, each.value()), ", ");
    if settings.brake_percent == Some(0) {
        // There is nothing left for an administrator to decide.
        assignments.push_str(", brake_engaged_at = NULL, brake_engaged_by = NULL");
    }
    if let Some(name) = &settings.name {
        bindings.push(text("name_fold", fold(name)));
        assignments.push_str(", name_fold = :name_fold");
    }
    let sql = format!(
        "UPDATE organizations SET last_modified = max(last_modified, :now), {assignments}
         WHERE id = :org AND ({})",
        differs("organizations")
    );
    let mut statements =
        vec![events::organization::settings_changed(tenant, &changed, &differs("s"), &bindings)];
    if settings.keep_access == Some(false) {
        statements.extend(kept_memberships::forget(tenant));
    }
    statements.push(tenant.statement(&sql, &bindings));
    if let Some(domains) = &settings.mail_domains {
        statements.extend(show_and_hide(tenant, domains));
    }
    Update { differs: Condition { sql: differs("o"), bindings }, statements }
}

/// SQL of the condition that SCIM sees the user `u` with these mail domains and did not before, or the reverse.
fn visibility_differs(domains: &[String]) -> &'static str {
    match domains {
        [] => "u.managed <> 1",
        _ => "u.managed <> coalesce(u.mail_domain IN (SELECT value FROM json_each(:mail_domains)), 0)",
    }
}

/// How many people a change of mail domains shows to SCIM and hides from it.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Visibility {
    /// How many it shows.
    pub shown: u64,
    /// How many it hides.
    pub hidden: u64,
}

/// Counts the people whom SCIM would see, or no longer see, with these mail domains.
pub fn visibility(tenant: &Tenant<'_>, domains: &[String]) -> Select<Visibility> {
    let sql = format!(
        "SELECT coalesce(sum(1 - u.managed), 0) AS shown, coalesce(sum(u.managed), 0) AS hidden
         FROM users u WHERE u.org_id = :org AND {}",
        visibility_differs(domains)
    );
    tenant.select_few(&sql, &[text("mail_domains", json_array(domains))])
}

/// Updates which users SCIM sees.
fn show_and_hide(tenant: &Tenant<'_>, domains: &[String]) -> Vec<Statement> {
    let differs = visibility_differs(domains);
    let bindings = [text("mail_domains", json_array(domains))];
    // Groups have other members then.
    let touched = format!(
        "UPDATE groups SET version = version + 1, last_modified = max(last_modified, :now)
         WHERE org_id = :org AND seq IN (
           SELECT m.group_seq FROM users u CROSS JOIN memberships m ON m.user_seq = u.seq
           WHERE u.org_id = :org AND {differs})"
    );
    let users = format!("UPDATE users AS u SET managed = 1 - managed WHERE u.org_id = :org AND {differs}");
    let mut statements = vec![tenant.statement(&touched, &bindings)];
    statements.push(events::organization::visibility(tenant, differs, &bindings));
    statements.push(tenant.statement(&users, &bindings));
    statements
}

fn json_array(values: &[String]) -> String {
    Value::from(values).to_string()
}
