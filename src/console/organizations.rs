//! Organizations and their settings.

use futures_util::future::try_join_all;
use serde::Deserialize;
use serde_json::{Value, json};

use super::members::{Person, described};
use super::{Console, Problem, Reply, record};
use crate::directory::group_name::check_name;
use crate::directory::organization::read_mail_domains;
use crate::directory::{OrgRole, organization};
use crate::store::organizations::{self as stored, Settings};
use crate::store::{Database, platform, users};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrganization {
    name: String,
    owner: Person,
    database: Option<u64>,
    email_management: Option<bool>,
    plain_groups: Option<bool>,
    mail_domains: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    name: Option<String>,
    email_management: Option<bool>,
    plain_groups: Option<bool>,
    mail_domains: Option<Vec<String>>,
}

pub(super) async fn all(console: &Console<'_>) -> Result<Reply, Problem> {
    let in_each = try_join_all(console.databases.iter().map(|each| each.run(stored::all()))).await?;
    let mut all: Vec<Value> = Vec::new();
    for (database, rows) in console.databases.iter().zip(&in_each) {
        for row in rows {
            all.push(located(database, record(row)?));
        }
    }
    let text = |organization: &Value, name| {
        organization.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    all.sort_by_cached_key(|each| (text(each, "created_at"), text(each, "id")));
    Ok(Reply::ok(json!({"organizations": all})))
}

pub(super) async fn one(console: &Console<'_>, id: &str) -> Result<Reply, Problem> {
    let found = console.one(stored::one(&console.tenant(id)), "organization").await?;
    Ok(Reply::ok(located(console.database, found)))
}

/// An organization begins with its Owner: there is never one without.
pub(super) async fn create(console: &Console<'_>, new: NewOrganization) -> Result<Reply, Problem> {
    check_name("organization", &new.name).map_err(|detail| Problem::new(400, detail))?;
    let settings = settings(Changes {
        name: None,
        email_management: new.email_management,
        plain_groups: new.plain_groups,
        mail_domains: new.mail_domains,
    })?;
    let mut owner = new.owner.into_user(console.catalog)?;
    owner.org_role = OrgRole::Owner;
    let console = &Console { database: place(console, new.database).await?, ..*console };
    let id = console.database.shard().organization_id(&platform::new_id()?);
    let tenant = console.tenant(&id);
    let domains = settings.mail_domains.as_deref().unwrap_or_default();
    let managed = organization::is_among(owner.mail_domain().as_deref(), domains);
    let mut statements = stored::insert(&tenant, &new.name, &settings);
    let owner_id = platform::new_id()?;
    statements.extend(users::insert(&tenant, &owner_id, &owner, managed));
    statements.push(stored::one(&tenant));
    let mut body = located(console.database, console.written(&statements).await?);
    if let Some(body) = body.as_object_mut() {
        body.insert("owner".to_owned(), described(&owner_id, &owner, managed));
    }
    Ok(Reply::created(body))
}

pub(super) async fn update(console: &Console<'_>, id: &str, changes: Changes) -> Result<Reply, Problem> {
    if let Some(name) = &changes.name {
        check_name("organization", name).map_err(|detail| Problem::new(400, detail))?;
    }
    let settings = settings(changes)?;
    let tenant = console.tenant(id);
    let mut statements = stored::update(&tenant, &settings);
    statements.push(stored::one(&tenant));
    Ok(Reply::ok(located(console.database, console.written(&statements).await?)))
}

/// Where a new organization shall lie: where the caller wishes, or else in the smallest database.
async fn place<'a>(console: &Console<'a>, wish: Option<u64>) -> Result<&'a Database, Problem> {
    let Some(wish) = wish else {
        if console.databases.len() == 1 {
            return Ok(console.database);
        }
        let sizes = try_join_all(console.databases.iter().map(Database::size)).await?;
        let smallest = console.databases.iter().zip(sizes).min_by_key(|(_, size)| *size);
        return Ok(smallest.map_or(console.database, |(database, _)| database));
    };
    let number = |database: &Database| u64::from(database.shard().number());
    console.databases.iter().find(|each| number(each) == wish).ok_or_else(|| {
        let bound: Vec<String> = console.databases.iter().map(|each| number(each).to_string()).collect();
        let detail = format!("There is no database {wish} here. There are: {}.", bound.join(", "));
        Problem::new(400, detail)
    })
}

/// An organization together with the number of its database.
fn located(database: &Database, mut organization: Value) -> Value {
    if let Some(organization) = organization.as_object_mut() {
        organization.insert("database".to_owned(), database.shard().number().into());
    }
    organization
}

fn settings(changes: Changes) -> Result<Settings, Problem> {
    let mail_domains = changes
        .mail_domains
        .map(|domains| read_mail_domains(&domains))
        .transpose()
        .map_err(|detail| Problem::new(400, detail))?;
    Ok(Settings {
        name: changes.name,
        email_management: changes.email_management,
        plain_groups: changes.plain_groups,
        mail_domains,
    })
}
