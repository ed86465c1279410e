//! Organizations and their settings.

use super::context::{AdminContext, InOrganization, check_name};
use super::keys::MAX_LIFETIME;
use super::members::described;
use super::reply::Reply;
use super::types::organizations::{
    CreatedOrganization, DeclinedOrganization, Invitation, NewOrganization, Organization, OrganizationList,
    OrganizationQuery, OrganizationRecord, OrganizationSort, Settings as SettingsChange,
};
use crate::auth::actor::Actor;
use crate::d1::audit_log::Outcome;
use crate::d1::consequences::{self, Change};
use crate::d1::console_views::Listed;
use crate::d1::organization_list::{self, Order};
use crate::d1::organizations::{self as stored, Settings};
use crate::d1::{Batch, Database, Scope, Sent, StorageError, Tenant, acceptances, events, users};
use crate::http::{AdminCode, Problem};
use crate::runtime::{clock, ids};
use directory::catalog::check_group_prefix;
use directory::organization::parse_email_domains;
use directory::{AdministratorName, OrgRole, organization};

/// Longest time without an acknowledgement before an alert, in minutes: a day.
pub(crate) const MAX_REVOCATION_MINUTES: u64 = 24 * 60;
/// Highest limit of users that can be set.
pub(crate) const MAX_USER_LIMIT: u64 = 100_000_000;

/// Most invitations, and most deleted organizations, that are listed of a database.
pub(crate) const MOST_BESIDE: u16 = 200;

/// A place in a list: the column that sorts, and the id.
type PlaceInList = (String, String);

/// Between the column and the id in a `next`: no id has it.
const GAP: char = '~';

/// Lists organizations that the actor administers, of all databases, and invitations to administer others.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    query: OrganizationQuery,
) -> Result<Reply<OrganizationList>, Problem> {
    let name = context.administrator();
    let after = query.after.as_deref().map(|after| {
        after.rsplit_once(GAP).ok_or_else(|| {
            Problem::of(AdminCode::InvalidParameter, "\"after\" must be the \"next\" of the previous page.")
        })
    });
    let after = after.transpose()?;
    let wanted = organization_list::Query {
        administrator: name.as_ref(),
        search: query.search.as_deref().filter(|search| !search.trim().is_empty()),
        order: match query.sort {
            OrganizationSort::Created => Order::Created,
            OrganizationSort::Name => Order::Name,
        },
        after,
        count: query.count.0,
    };
    let sent: Vec<_> = context
        .databases
        .iter()
        .map(|database| {
            let mut batch = Batch::new();
            let page = batch.push(organization_list::page::<OrganizationRecord>(&wanted));
            let rest = wanted.search.map(|_| batch.push(organization_list::rest(&wanted)));
            let is_first = after.is_none();
            let invited = name.as_ref().filter(|_| is_first);
            let invited =
                invited.map(|name| batch.push(acceptances::invitations::<Invitation>(name, MOST_BESIDE)));
            let deleted = (is_first && name.is_none())
                .then(|| batch.push(organization_list::deleted::<OrganizationRecord>(MOST_BESIDE)));
            (database, database.send(&batch), page, rest, invited, deleted)
        })
        .collect();
    let mut found: Vec<(PlaceInList, Box<Organization>)> = Vec::new();
    // Behind it, one of the databases has not been searched.
    let mut searched_to: Option<PlaceInList> = None;
    let (mut invitations, mut deleted) = (Vec::new(), Vec::new());
    for (database, sent, page, rest, invited, removed) in sent {
        let results = sent.results().await?;
        for Listed { member, place } in results.all(page)? {
            let organization = context.located(database, member);
            found.push(((place, organization.record.id.clone()), organization));
        }
        let rest = rest.map(|rest| results.first(rest)).transpose()?.flatten();
        let rest = rest.map(|rest| (rest.place, rest.id));
        searched_to = [searched_to, rest].into_iter().flatten().min();
        if let Some(invited) = invited {
            invitations.extend(results.all(invited)?);
        }
        if let Some(removed) = removed {
            let removed = results.all(removed)?;
            deleted.extend(removed.into_iter().map(|record| *context.located(database, record)));
        }
    }
    found.sort_by_cached_key(|((_, id), _)| id.clone());
    found.sort_by_cached_key(|((place, _), _)| place.clone());
    found.retain(|(place, _)| searched_to.as_ref().is_none_or(|to| place <= to));
    let most = usize::from(wanted.count);
    let last = match found.len() > most {
        true => found.get(most.saturating_sub(1)).map(|(place, _)| place.clone()),
        false => searched_to,
    };
    found.truncate(most);
    let next = last.map(|(place, id)| format!("{place}{GAP}{id}"));
    let organizations = found.into_iter().map(|(_, organization)| *organization).collect();
    invitations.sort_by_cached_key(|each: &Invitation| each.id.clone());
    invitations.sort_by_cached_key(|each| each.created_at.clone());
    Ok(Reply::ok(OrganizationList { organizations, next, invitations, deleted }))
}

/// Accepts to administer an organization: from now on it is listed.
pub(crate) async fn accept(
    context: &AdminContext<'_>,
    id: &str,
) -> Result<Reply<Box<Organization>>, Problem> {
    let (tenant, email) = invited(context, id).await?;
    let outcome = Outcome::done(200, format!("{email} accepted to administer it."));
    let mut batch = Batch::from_iter([events::organization::invitation_answered(&tenant, true)]);
    let organization = batch.push(stored::one(&tenant));
    let change = acceptances::accept(&tenant, &acceptances::mail_of(email));
    let results = context.write_if_changed(&tenant, &outcome, change, batch).await?;
    let found = results.first(organization)?.ok_or_else(Problem::no_organization)?;
    Ok(Reply::ok(context.located(context.database, found.organization)))
}

/// Declines to administer an organization: it is not listed, and can be accepted later.
pub(crate) async fn decline(
    context: &AdminContext<'_>,
    id: &str,
) -> Result<Reply<DeclinedOrganization>, Problem> {
    let (tenant, email) = invited(context, id).await?;
    let outcome = Outcome::done(200, format!("{email} declined to administer it."));
    let mut batch = Batch::from_iter([events::organization::invitation_answered(&tenant, false)]);
    let organization = batch.push(stored::one::<OrganizationRecord>(&tenant));
    let change = acceptances::decline(&tenant, &acceptances::mail_of(email));
    let results = context.write_if_changed(&tenant, &outcome, change, batch).await?;
    if results.first(organization)?.is_none() {
        return Err(Problem::no_organization());
    }
    Ok(Reply::ok(DeclinedOrganization { id: id.to_owned() }))
}

/// The organization that the actor is invited to administer, unless it is deleted.
async fn invited<'a>(context: &'a AdminContext<'_>, id: &str) -> Result<(Tenant<'a>, &'a str), Problem> {
    let Actor::Administrator(email) = &context.actor else {
        return Err(Problem::of(
            AdminCode::NothingToAccept,
            "Operators see all organizations; there is nothing to accept or to decline.",
        ));
    };
    let scope = Scope::Invited { organization: id.to_owned(), name: AdministratorName::of(email) };
    let tenant = Tenant { scope, ..context.tenant(id) };
    context.open(&tenant, Batch::new()).await?;
    Ok((tenant, email))
}

/// Reads an organization and its settings.
pub(crate) async fn read(
    context: &AdminContext<'_>,
    id: &str,
) -> Result<InOrganization<Box<Organization>>, Problem> {
    let organization = context.open(&context.tenant(id), Batch::new()).await?.organization;
    Ok(InOrganization { answer: organization.clone(), organization })
}

/// Creates an organization with its Owner: there is never one without.
pub(crate) async fn create(
    context: &AdminContext<'_>,
    request: NewOrganization,
) -> Result<Reply<CreatedOrganization>, Problem> {
    context.only_operators()?;
    let NewOrganization { name, owner, database, .. } = request;
    let settings = settings(SettingsChange {
        name: Some(name.clone()),
        email_management: request.email_management,
        plain_groups: request.plain_groups,
        keep_access: request.keep_access,
        mail_domains: request.mail_domains,
        key_lifetime_days: request.key_lifetime_days,
        user_limit: request.user_limit,
        brake_percent: request.brake_percent,
        ..SettingsChange::default()
    })?;
    owner.check_address()?;
    let mut owner = owner.into_user(context.catalog)?;
    owner.org_role = OrgRole::Owner;
    let database = place(context, database).await?;
    let id = database.shard().organization_id(&ids::new_id()?);
    let tenant = context.tenant(&id);
    let domains = settings.mail_domains.as_deref().unwrap_or_default();
    let managed = organization::is_managed(owner.email_domain().as_deref(), domains);
    let owner_id = ids::new_id()?;
    let outcome = Outcome::done(201, format!("Created the organization {name}."));
    let entry = context.entry.insert(&tenant, &id, &outcome);
    let mut batch = Batch::new();
    match context.mark_done() {
        Some(mark) if database.shard() == context.database.shard() => batch.execute(mark),
        // In another database the mark cannot be part of the change. It comes first: a repetition may then find no
        // answer, but creates no second organization.
        Some(mark) => {
            context.database.execute(mark).await?;
        }
        None => {}
    }
    batch.extend(stored::insert(&tenant, &id, &name, &settings));
    batch.extend(users::insert(&tenant, &owner_id, &owner, managed));
    // An operator vouches for the organization.
    batch.execute(acceptances::accept(&tenant, &acceptances::mail_of(owner.user_name())));
    let organization = batch.push(stored::one(&tenant));
    let written =
        database.write(entry, &batch).await?.first(organization)?.ok_or_else(StorageError::stale)?;
    let organization = context.located(database, written.organization);
    let owner = described(&owner_id, &owner, managed);
    Ok(Reply::created(CreatedOrganization { organization, owner }))
}

/// Changes settings.
pub(crate) async fn update(
    context: &AdminContext<'_>,
    id: &str,
    request: SettingsChange,
) -> Result<Reply<Box<Organization>>, Problem> {
    let confirmed = request.confirm_people;
    let settings = settings(request)?;
    // The limit protects the others from this organization; the prefix is part of the deployment's names.
    if settings.user_limit.is_some() || settings.group_prefix.is_some() {
        context.only_operators()?;
    }
    let configured = &context.catalog.org_role_attribute;
    if settings.org_role_attribute.as_ref().is_some_and(|confirmed| confirmed != configured) {
        return Err(Problem::new(
            400,
            format!("\"org_role_attribute\" must be \"{configured}\", the deployment's ORG_ROLE_ATTRIBUTE."),
        ));
    }
    let tenant = context.tenant(id);
    let opened = context.open(&tenant, Batch::new()).await?;
    if settings == Settings::default() {
        return Ok(Reply::ok(opened.organization));
    }
    let outcome = Outcome::done(200, "Changed the settings.".to_owned());
    let update = stored::update(&tenant, &settings);
    let mut batch = Batch::new();
    if let Some(domains) = &settings.mail_domains {
        batch.execute(consequences::check(&tenant, Change::EmailDomains(domains), confirmed));
    }
    batch.extend(update.statements);
    let organization = batch.push(stored::one(&tenant));
    let results = context.write_if_changing(&tenant, &outcome, &update.differs, batch).await?;
    let written = results.first(organization)?.ok_or_else(StorageError::stale)?;
    Ok(Reply::ok(context.located(context.database, written.organization)))
}

/// The database of a new organization: the requested one, or else the smallest.
async fn place<'a>(context: &AdminContext<'a>, requested: Option<u64>) -> Result<&'a Database, Problem> {
    let Some(requested) = requested else {
        if context.databases.len() == 1 {
            return Ok(context.database);
        }
        let sent: Vec<Sent<'_>> = context.databases.iter().map(Database::ask_size).collect();
        let mut smallest = (u64::MAX, context.database);
        for (database, sent) in context.databases.iter().zip(sent) {
            let size = sent.size().await?;
            if size < smallest.0 {
                smallest = (size, database);
            }
        }
        return Ok(smallest.1);
    };
    let number = |database: &Database| u64::from(database.shard().number());
    context.databases.iter().find(|each| number(each) == requested).ok_or_else(|| {
        let bound: Vec<String> = context.databases.iter().map(|each| number(each).to_string()).collect();
        let detail = format!("There is no database {requested} here. There are: {}.", bound.join(", "));
        Problem::of(AdminCode::DatabaseUnknown, detail)
    })
}

/// Email domains as they are stored.
///
/// # Errors
/// 400 for what is no domain.
pub(super) fn parsed_domains(domains: &[String]) -> Result<Vec<String>, Problem> {
    Ok(parse_email_domains(domains)?)
}

fn settings(change: SettingsChange) -> Result<Settings, Problem> {
    const MAX_DAYS: u64 = MAX_LIFETIME / clock::DAY_SECONDS;
    if change.key_lifetime_days.is_some_and(|days| days > MAX_DAYS) {
        return Err(Problem::of(
            AdminCode::OutOfRange,
            format!("\"key_lifetime_days\" must not be more than {MAX_DAYS}; 0 means no end."),
        ));
    }
    if let Some(name) = &change.name {
        check_name("organization", name)?;
    }
    if let Some(prefix) = &change.group_prefix {
        check_group_prefix(prefix)?;
    }
    if change.user_limit.is_some_and(|limit| limit > MAX_USER_LIMIT) {
        return Err(Problem::of(
            AdminCode::OutOfRange,
            format!("\"user_limit\" must not be more than {MAX_USER_LIMIT}; 0 means any number."),
        ));
    }
    if change.brake_percent.is_some_and(|percent| percent > 100) {
        return Err(Problem::of(
            AdminCode::OutOfRange,
            "\"brake_percent\" must be from 0 to 100; 0 means no brake.",
        ));
    }
    if change.revocation_minutes.is_some_and(|minutes| minutes > MAX_REVOCATION_MINUTES) {
        return Err(Problem::new(
            400,
            format!("\"revocation_minutes\" must be from 0 to {MAX_REVOCATION_MINUTES}; 0 means no alert."),
        ));
    }
    Ok(Settings {
        name: change.name,
        email_management: change.email_management,
        plain_groups: change.plain_groups,
        keep_access: change.keep_access,
        mail_domains: change.mail_domains.as_deref().map(parsed_domains).transpose()?,
        key_lifetime_days: change.key_lifetime_days,
        user_limit: change.user_limit,
        brake_percent: change.brake_percent,
        revocation_minutes: change.revocation_minutes,
        group_prefix: change.group_prefix,
        org_role_attribute: change.org_role_attribute,
    })
}
