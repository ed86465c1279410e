//! Organizations and their settings.

use serde_json::Value;

use super::keys::{DAY, LONGEST_LIFE};
use super::members::{NewPerson, described};
use super::{Console, Fields, Reply, check_name, put, text};
use crate::auth::actor::Actor;
use crate::d1::audit_log::Outcome;
use crate::d1::organizations::{self as stored, Settings};
use crate::d1::{Batch, Database, Scope, Sent, StorageError, Tenant, acceptances, users};
use crate::http::Problem;
use crate::runtime::ids;
use directory::organization::parse_email_domains;
use directory::{AdministratorName, OrgRole, organization};
use scim_protocol::Object;
use scim_protocol::json::object;

/// Highest limit of users that can be set.
const MOST_USERS: u64 = 100_000_000;

/// All that the actor administers, in all databases.
pub(crate) async fn all(console: &Console<'_>) -> Result<Reply, Problem> {
    let name = match &console.actor {
        Actor::Operator(_) => None,
        Actor::Administrator(email) => Some(AdministratorName::of(email)),
    };
    let queried: Vec<_> = console
        .databases
        .iter()
        .map(|database| {
            let mut batch = Batch::new();
            let organizations = batch.push(match &name {
                None => stored::all::<Value>(),
                Some(name) => stored::administered_by(name),
            });
            let invitations = name.as_ref().map(|name| batch.push(acceptances::invitations::<Value>(name)));
            (database, database.send(&batch), organizations, invitations)
        })
        .collect();
    let mut all: Vec<Value> = Vec::new();
    let mut invitations: Vec<Value> = Vec::new();
    for (database, sent, organizations, invited) in queried {
        let results = sent.results().await?;
        let organizations = results.all(organizations)?;
        all.extend(organizations.into_iter().map(|each| located(console, database, each)));
        if let Some(invited) = invited {
            invitations.extend(results.all(invited)?);
        }
    }
    let age = |each: &Value| (text(each, "created_at").to_owned(), text(each, "id").to_owned());
    all.sort_by_cached_key(age);
    invitations.sort_by_cached_key(age);
    Ok(Reply::ok(object! {"organizations": all, "invitations": invitations}))
}

/// Accepts to administer an organization: from now on it is listed.
pub(crate) async fn accept(console: &Console<'_>, id: &str) -> Result<Reply, Problem> {
    let (tenant, mail) = invited(console, id)?;
    let outcome = Outcome { status: 200, ..Outcome::default() }
        .with_detail(format!("{mail} accepted to administer it."));
    let mut batch = Batch::new();
    let organization = batch.push(stored::one::<Value>(&tenant));
    let change = acceptances::accept(&tenant, &acceptances::mail_of(mail));
    let results = console.write_if_changed(&tenant, &outcome, change, batch).await?;
    let found = results.first(organization)?.ok_or_else(Problem::no_organization)?;
    Ok(Reply::ok(located(console, console.database, found.organization)))
}

/// Declines to administer an organization: it is not listed, and may be accepted later.
pub(crate) async fn decline(console: &Console<'_>, id: &str) -> Result<Reply, Problem> {
    let (tenant, mail) = invited(console, id)?;
    let outcome = Outcome { status: 200, ..Outcome::default() }
        .with_detail(format!("{mail} declined to administer it."));
    let mut batch = Batch::new();
    let organization = batch.push(stored::one::<Value>(&tenant));
    let change = acceptances::decline(&tenant, &acceptances::mail_of(mail));
    let results = console.write_if_changed(&tenant, &outcome, change, batch).await?;
    if results.first(organization)?.is_none() {
        return Err(Problem::no_organization());
    }
    Ok(Reply::ok(object! {"id": id}))
}

fn invited<'a>(console: &'a Console<'_>, id: &str) -> Result<(Tenant<'a>, &'a str), Problem> {
    let Actor::Administrator(mail) = &console.actor else {
        return Err(Problem::new(
            409,
            "Operators see all organizations; there is nothing to accept or to decline.",
        ));
    };
    let scope = Scope::Invited { organization: id.to_owned(), name: AdministratorName::of(mail) };
    Ok((Tenant { scope, ..console.tenant(id) }, mail))
}

pub(crate) async fn one(console: &Console<'_>, id: &str) -> Result<Reply, Problem> {
    console.open(&console.tenant(id), Batch::new()).await?;
    Ok(Reply::ok(console.opened()))
}

/// An organization begins with its Owner: there is never one without.
pub(crate) async fn create(console: &Console<'_>, body: Object) -> Result<Reply, Problem> {
    console.only_operators()?;
    let (settings, owner, wish) = Fields::read(body, |fields| {
        let settings = take_settings(fields)?;
        Ok((settings, fields.object("owner", "owner.", NewPerson::take), fields.number("database")?))
    })?;
    let Some(name) = settings.name.as_deref() else {
        return Err(Problem::new(400, "The body cannot be used: \"name\" must be a string."));
    };
    let owner = owner?;
    owner.check_address()?;
    let mut owner = owner.into_user(console.catalog)?;
    owner.org_role = OrgRole::Owner;
    let database = place(console, wish).await?;
    let id = database.shard().organization_id(&ids::new_id()?);
    let tenant = console.tenant(&id);
    let domains = settings.mail_domains.as_deref().unwrap_or_default();
    let managed = organization::is_managed(owner.email_domain().as_deref(), domains);
    let owner_id = ids::new_id()?;
    let outcome = Outcome { status: 201, ..Outcome::default() }
        .with_detail(format!("Created the organization {name}."));
    let entry = console.entry.insert(&tenant, &id, &outcome)?;
    let mut batch = Batch::new();
    match console.mark_of_change() {
        Some(mark) if database.shard() == console.database.shard() => batch.execute(mark),
        // In another database the mark cannot be part of the change. It comes first: a repetition may then find no
        // answer, but makes no second organization.
        Some(mark) => {
            console.database.execute(mark).await?;
        }
        None => {}
    }
    batch.extend(stored::insert(&tenant, name, &settings));
    batch.extend(users::insert(&tenant, &owner_id, &owner, managed));
    // An operator vouches for the organization.
    batch.execute(acceptances::accept(&tenant, &acceptances::mail_of(owner.user_name())));
    let organization = batch.push(stored::one::<Value>(&tenant));
    let written = database.write(entry, &batch).await?.first(organization)?.ok_or(StorageError::Stale)?;
    let mut body = located(console, database, written.organization);
    put(&mut body, "owner", described(&owner_id, &owner, managed));
    Ok(Reply::created(body))
}

pub(crate) async fn update(console: &Console<'_>, id: &str, body: Object) -> Result<Reply, Problem> {
    let settings = Fields::read(body, take_settings)?;
    if settings.user_limit.is_some() {
        // It protects the others from this organization.
        console.only_operators()?;
    }
    let tenant = console.tenant(id);
    console.open(&tenant, Batch::new()).await?;
    if settings == Settings::default() {
        return Ok(Reply::ok(console.opened()));
    }
    let outcome = Outcome { status: 200, ..Outcome::default() }.with_detail("Changed the settings.");
    let update = stored::update(&tenant, &settings);
    let mut batch = Batch::from_iter(update.consequences);
    let organization = batch.push(stored::one::<Value>(&tenant));
    let results = console.write_if_changed(&tenant, &outcome, update.settings, batch).await?;
    let written = results.first(organization)?.ok_or(StorageError::Stale)?;
    Ok(Reply::ok(located(console, console.database, written.organization)))
}

/// Where a new organization shall lie: where the caller wishes, or else in the smallest database.
async fn place<'a>(console: &Console<'a>, wish: Option<u64>) -> Result<&'a Database, Problem> {
    let Some(wish) = wish else {
        if console.databases.len() == 1 {
            return Ok(console.database);
        }
        let sent: Vec<Sent<'_>> = console.databases.iter().map(Database::ask_size).collect();
        let mut smallest = (u64::MAX, console.database);
        for (database, sent) in console.databases.iter().zip(sent) {
            let size = sent.size().await?;
            if size < smallest.0 {
                smallest = (size, database);
            }
        }
        return Ok(smallest.1);
    };
    let number = |database: &Database| u64::from(database.shard().number());
    console.databases.iter().find(|each| number(each) == wish).ok_or_else(|| {
        let bound: Vec<String> = console.databases.iter().map(|each| number(each).to_string()).collect();
        let detail = format!("There is no database {wish} here. There are: {}.", bound.join(", "));
        Problem::new(400, detail)
    })
}

/// An organization together with the number of its database, and what the deployment calls things.
pub(crate) fn located(console: &Console<'_>, database: &Database, mut organization: Value) -> Value {
    put(&mut organization, "database", database.shard().number());
    put(&mut organization, "group_prefix", console.catalog.group_prefix.as_str());
    put(&mut organization, "org_role_attribute", console.catalog.org_role_attribute.as_str());
    organization
}

fn take_settings(fields: &mut Fields) -> Result<Settings, Problem> {
    let name = fields.optional_text("name")?;
    let mail_domains = fields.texts("mail_domains")?;
    let key_lifetime_days = fields.number("key_lifetime_days")?;
    if key_lifetime_days.is_some_and(|days| days > LONGEST_LIFE / DAY) {
        return Err(Problem::new(
            400,
            format!("\"key_lifetime_days\" must not be more than {}; 0 means no end.", LONGEST_LIFE / DAY),
        ));
    }
    if let Some(name) = &name {
        check_name("organization", name)?;
    }
    let user_limit = fields.number("user_limit")?;
    if user_limit.is_some_and(|limit| limit > MOST_USERS) {
        return Err(Problem::new(
            400,
            format!("\"user_limit\" must not be more than {MOST_USERS}; 0 means any number."),
        ));
    }
    Ok(Settings {
        name,
        email_management: fields.flag("email_management")?,
        plain_groups: fields.flag("plain_groups")?,
        mail_domains: mail_domains.map(|domains| parse_email_domains(&domains)).transpose()?,
        key_lifetime_days,
        user_limit,
    })
}
