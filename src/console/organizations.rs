//! Organizations and their settings.

use serde::Deserialize;
use serde_json::{Value, json};

use super::members::{Person, described};
use super::{Console, Problem, Reply, record};
use crate::directory::group_name::check_name;
use crate::directory::organization::read_mail_domains;
use crate::directory::{OrgRole, organization};
use crate::store::organizations::{self as stored, Settings};
use crate::store::{platform, users};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrganization {
    name: String,
    owner: Person,
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
    let rows = console.database.run(stored::all()).await?;
    let all: Vec<Value> = rows.iter().map(record).collect::<Result<_, _>>()?;
    Ok(Reply::ok(json!({"organizations": all})))
}

pub(super) async fn one(console: &Console<'_>, id: &str) -> Result<Reply, Problem> {
    Ok(Reply::ok(console.one(stored::one(&console.tenant(id)), "organization").await?))
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
    let id = platform::new_id()?;
    let tenant = console.tenant(&id);
    let domains = settings.mail_domains.as_deref().unwrap_or_default();
    let managed = organization::is_among(owner.mail_domain().as_deref(), domains);
    let mut statements = stored::insert(&tenant, &new.name, &settings);
    let owner_id = platform::new_id()?;
    statements.extend(users::insert(&tenant, &owner_id, &owner, managed));
    statements.push(stored::one(&tenant));
    let mut body = console.written(&statements).await?;
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
    Ok(Reply::ok(console.written(&statements).await?))
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
