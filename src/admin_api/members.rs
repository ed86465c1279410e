//! Members: who they are, and what is done to them by hand. Unlike those that SCIM creates, they may be outside the
//! organization's mail domains: contractors, whom SCIM then neither shows nor touches.

use serde::Deserialize;
use serde_json::Value;

use super::{Console, Fields, Parameters, Reply, put, text};
use crate::auth::actor::Actor;
use crate::d1::audit_log::{self, Outcome};
use crate::d1::console_views::{self as stored, MemberRow, Query};
use crate::d1::session::{Failure, retry_on_conflict};
use crate::d1::users::{self, StoredUser};
use crate::d1::{Batch, StorageError, Tenant, acceptances};
use crate::http::Problem;
use crate::runtime::ids;
use directory::organization::email_domain;
use directory::user_change::{check_removable, create, parse_org_role};
use directory::{AdministratorName, Catalog, OrgRole, Organization, User};
use scim_protocol::Object;
use scim_protocol::budget::Budget;
use scim_protocol::error::shorten;
use scim_protocol::json::object;

/// How many entries of the log a person is shown with.
const HISTORY: u16 = 20;

/// A person to be made.
pub(crate) struct NewPerson {
    user_name: String,
    /// Whether the user name is meant although it is no mail address.
    confirms_no_address: bool,
    given_name: Option<String>,
    family_name: Option<String>,
}

impl NewPerson {
    /// Takes the fields that describe a person.
    pub(crate) fn take(fields: &mut Fields) -> Result<Self, Problem> {
        Ok(Self {
            user_name: fields.text("user_name")?,
            confirms_no_address: fields.flag("confirm_no_address")?.unwrap_or_default(),
            given_name: fields.optional_text("given_name")?,
            family_name: fields.optional_text("family_name")?,
        })
    }

    /// Asks whether a user name is meant that is no mail address.
    ///
    /// # Errors
    /// 400, unless it is confirmed.
    pub(crate) fn check_address(&self) -> Result<(), Problem> {
        let user_name = self.user_name.trim();
        if self.confirms_no_address || user_name.is_empty() || email_domain(user_name).is_some() {
            return Ok(());
        }
        Err(Problem::new(
            400,
            format!(
                "Nobody was added: \"{}\" is no mail address. Cloudflare Access knows people by their address, and mail domains \
                 apply to it. If it is meant all the same, confirm that with \"confirm_no_address\": true.",
                shorten(user_name)
            ),
        ))
    }

    /// The person as a SCIM POST would make them.
    pub(crate) fn into_user(self, catalog: &Catalog) -> Result<User, Problem> {
        if self.user_name.trim().is_empty() {
            return Err(Problem::new(400, "\"user_name\" must not be empty; it is usually a mail address."));
        }
        let body = object! {
            "userName": self.user_name,
            "name": object! {"givenName": self.given_name, "familyName": self.family_name},
        };
        Ok(create(catalog, &body, &Budget::new(&catalog.limits))?)
    }
}

pub(crate) async fn list(
    console: &Console<'_>,
    org: &str,
    query: &mut Parameters<'_>,
) -> Result<Reply, Problem> {
    let roles = [("Owner", OrgRole::Owner), ("Admin", OrgRole::Admin), ("Member", OrgRole::Member)];
    let asked = Query {
        search: query.text("search"),
        active: query.one_of("status", &[("active", true), ("inactive", false)])?,
        org_role: query.one_of("org_role", &roles)?,
        after: query.text("after"),
        count: query.count()?,
    };
    query.end()?;
    let tenant = console.tenant(org);
    let mut rows = console.all_of(&tenant, stored::list::<Value>(&tenant, &asked)).await?;
    let mut next = None;
    if rows.len() > usize::from(asked.count) {
        rows.truncate(asked.count.into());
        next = rows.last().map(|row| row.place.clone());
    }
    let members: Vec<Value> = rows.into_iter().map(|row| row.member).collect();
    Ok(Reply::ok(object! {"members": members, "next": next}))
}

/// One person: as the identity provider sees them, or would, with the groups and what happened lately.
pub(crate) async fn one(console: &Console<'_>, org: &str, id: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let history =
        audit_log::Query { resource_id: Some(id.to_owned()), count: HISTORY, ..audit_log::Query::default() };
    let mut batch = Batch::new();
    let member = batch.push(stored::member::<Value>(&tenant, id));
    let history = batch.push(audit_log::entries::<Value>(&tenant, &history));
    let results = console.open(&tenant, batch).await?;
    let MemberRow { mut member, resource } = results.first(member)?.ok_or_else(not_found)?;
    let history: Vec<Value> = results.all(history)?.into_iter().take(HISTORY.into()).collect();
    let resource = Value::Object(resource);
    let groups: Vec<Value> = super::list(&resource, "groups")
        .iter()
        .map(|group| object! {"id": text(group, "value"), "display_name": text(group, "display")})
        .collect();
    let managed = member.get("managed").and_then(Value::as_bool).unwrap_or_default();
    put(&mut member, "resource", if managed { resource } else { Value::Null });
    put(&mut member, "groups", groups);
    put(&mut member, "history", history);
    Ok(Reply::ok(member))
}

pub(crate) async fn add(console: &Console<'_>, org: &str, body: Object) -> Result<Reply, Problem> {
    let (person, org_role) =
        Fields::read(body, |fields| Ok((NewPerson::take(fields)?, fields.optional_text("org_role")?)))?;
    let org_role = org_role.as_deref().map_or(Ok(OrgRole::Member), assignable)?;
    let is_address = person.check_address();
    let mut member = person.into_user(console.catalog)?;
    member.org_role = org_role;
    let tenant = console.tenant(org);
    let mut batch = Batch::new();
    let holder = batch.push(users::find_by_user_name(&tenant, member.user_name()));
    let results = console.open(&tenant, batch).await?;
    let settings = console.settings()?;
    if let Some(record) = results.first(holder)? {
        if record.user.active {
            return Err(Problem::new(
                409,
                "A member with this user_name exists already, compared without case.",
            ));
        }
        // Who comes back keeps id and attributes.
        let back = User { active: true, org_role, doc: record.user.doc.clone() };
        let outcome = about(200, &record.id, &back, "Activated again");
        let mut batch = Batch::new();
        users::update(&mut batch, &tenant, &settings, &record, &back);
        console.write(&tenant, &outcome, batch).await.map_err(at_once)?;
        return Ok(Reply::ok(described(&record.id, &back, settings.manages(back.email_domain().as_deref()))));
    }
    is_address?;
    let id = ids::new_id()?;
    let managed = settings.manages(member.email_domain().as_deref());
    if managed {
        settings.check_user_limit(member.user_name())?;
    }
    let batch = Batch::from_iter(users::insert(&tenant, &id, &member, managed));
    console.write(&tenant, &about(201, &id, &member, "Added"), batch).await.map_err(at_once)?;
    Ok(Reply::created(described(&id, &member, managed)))
}

/// Gives a person another organization role.
pub(crate) async fn change(
    console: &Console<'_>,
    org: &str,
    id: &str,
    body: Object,
) -> Result<Reply, Problem> {
    let org_role = Fields::read(body, |fields| fields.text("org_role"))?;
    let org_role = assignable(&org_role)?;
    let tenant = console.tenant(org);
    let (changed, managed) = retry_on_conflict(async || {
        let (record, settings) = basis(console, &tenant, id).await?;
        if !record.user.active {
            let detail = "Who has been deactivated has no organization role. Add the person again first.";
            return Err(Problem::new(409, detail).into());
        }
        check_removable(&record.user)?;
        let changed = User { org_role, ..record.user.clone() };
        let managed = settings.manages(changed.email_domain().as_deref());
        if changed != record.user {
            let outcome = about(200, id, &changed, &format!("Made {} of", org_role.as_str()));
            let mut batch = Batch::new();
            users::update(&mut batch, &tenant, &settings, &record, &changed);
            console.write(&tenant, &outcome, batch).await?;
        }
        Ok::<_, Failure<Problem>>((changed, managed))
    })
    .await?;
    Ok(Reply::ok(described(id, &changed, managed)))
}

/// Takes a person out of the organization: a deactivation, made here, which the next import shows to the
/// identity provider. Of somebody whom SCIM does not see nothing need stay, and their user_name is free.
pub(crate) async fn remove(console: &Console<'_>, org: &str, id: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let (removed, managed) = retry_on_conflict(async || {
        let (record, settings) = basis(console, &tenant, id).await?;
        check_removable(&record.user)?;
        let removed = User { active: false, org_role: OrgRole::Member, doc: record.user.doc.clone() };
        let managed = settings.manages(removed.email_domain().as_deref());
        let outcome = about(200, id, &removed, "Removed");
        if !managed {
            console.write(&tenant, &outcome, Batch::from_iter(users::delete(&tenant, &record))).await?;
        } else if removed != record.user {
            let mut batch = Batch::new();
            users::update(&mut batch, &tenant, &settings, &record, &removed);
            console.write(&tenant, &outcome, batch).await?;
        }
        Ok::<_, Failure<Problem>>((removed, managed))
    })
    .await?;
    Ok(Reply::ok(described(id, &removed, managed)))
}

/// Makes a member the Owner; who was it stays an Admin.
pub(crate) async fn transfer_ownership(
    console: &Console<'_>,
    org: &str,
    body: Object,
) -> Result<Reply, Problem> {
    let id = Fields::read(body, |fields| fields.text("member"))?;
    let tenant = console.tenant(org);
    let (record, settings) = basis(console, &tenant, &id).await?;
    let mut member = record.user;
    if !member.active {
        return Err(Problem::new(409, "Who has been deactivated cannot own the organization."));
    }
    if member.org_role != OrgRole::Owner {
        member.org_role = OrgRole::Owner;
        let outcome = about(200, &id, &member, "Transferred the ownership to");
        // An Admin shall not become more by themselves: who is neither the Owner nor an operator finds no Owner to take
        // it from.
        let by = match &console.actor {
            Actor::Operator(_) => None,
            Actor::Administrator(mail) => Some(AdministratorName::of(mail).fold),
        };
        let mut batch = Batch::from_iter(users::transfer_ownership(&tenant, &id, by.as_deref()));
        if by.is_none() {
            // An operator vouches for the organization.
            batch.execute(acceptances::accept(&tenant, &acceptances::mail_of(member.user_name())));
        }
        if let Err(error) = console.write(&tenant, &outcome, batch).await {
            let is_stale = error == StorageError::Stale;
            // Of two at once, one finds that it is done.
            if !is_stale || !is_owner(console, &tenant, &id).await? {
                return Err(match by {
                    Some(_) if is_stale => Problem::new(
                        403,
                        "Only the Owner, or an operator of this deployment, may transfer the ownership.",
                    ),
                    _ => error.into(),
                });
            }
        }
    }
    let managed = settings.manages(member.email_domain().as_deref());
    Ok(Reply::ok(described(&id, &member, managed)))
}

async fn is_owner(console: &Console<'_>, tenant: &Tenant<'_>, id: &str) -> Result<bool, Problem> {
    Ok(basis(console, tenant, id).await?.0.user.org_role == OrgRole::Owner)
}

/// Somebody as a basis for a write, and the organization.
async fn basis(
    console: &Console<'_>,
    tenant: &Tenant<'_>,
    id: &str,
) -> Result<(StoredUser, Organization), Problem> {
    let mut batch = Batch::new();
    let user = batch.push(users::find_unscoped(tenant, id));
    let results = console.open(tenant, batch).await?;
    Ok((results.first(user)?.ok_or_else(not_found)?, console.settings()?))
}

fn assignable(text: &str) -> Result<OrgRole, Problem> {
    match parse_org_role("org_role", text)? {
        OrgRole::Owner => Err(Problem::new(
            400,
            "An organization has exactly one Owner: ownership is transferred, by PUT of /owner or on the person's page.",
        )),
        role => Ok(role),
    }
}

/// Others were changing the same.
fn at_once(error: StorageError) -> Problem {
    match error {
        error if users::user_name_is_taken(&error) || error == StorageError::Stale => Problem::new(
            409,
            "The member or the organization was changed by somebody else at the same time. Try again.",
        ),
        other => other.into(),
    }
}

fn not_found() -> Problem {
    Problem::new(404, "There is no such member in this organization.")
}

fn about(status: u16, id: &str, user: &User, done: &str) -> Outcome {
    Outcome::of(status, "User", id, user.user_name()).with_detail(format!("{done} {}.", user.user_name()))
}

impl Console<'_> {
    /// The organization that was opened, and its settings.
    fn settings(&self) -> Result<Organization, StorageError> {
        let described = self.organization.borrow();
        let described =
            described.as_ref().ok_or_else(|| StorageError::Internal("no organization is open".to_owned()))?;
        Organization::deserialize(described)
            .map_err(|error| StorageError::Internal(format!("an organization's row: {error}")))
    }
}

/// A person as the console's API shows them.
pub(crate) fn described(id: &str, user: &User, managed: bool) -> Value {
    object! {
        "id": id,
        "user_name": user.user_name(),
        "org_role": user.role_in_force().as_str(),
        "active": user.active,
        "managed": managed,
    }
}
