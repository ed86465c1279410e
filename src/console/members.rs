//! People added, removed and made Owner by hand. Unlike those that SCIM creates, they may be outside the
//! organization's mail domains: contractors, whom SCIM then neither shows nor touches.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Console, Problem, Reply};
use crate::directory::{Catalog, OrgRole, Organization, User, user};
use crate::scim::ScimError;
use crate::store::session::{Failure, attempts};
use crate::store::users::{self, UserRecord};
use crate::store::{StoreError, organizations, platform};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    user_name: String,
    given_name: Option<String>,
    family_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMember {
    user_name: String,
    given_name: Option<String>,
    family_name: Option<String>,
    org_role: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOwner {
    member: String,
}

impl Person {
    /// The person as a SCIM POST would make them.
    pub(super) fn into_user(self, catalog: &Catalog) -> Result<User, Problem> {
        if self.user_name.trim().is_empty() {
            return Err(Problem::new(400, "\"user_name\" must not be empty; it is usually a mail address."));
        }
        let body = json!({
            "userName": self.user_name,
            "name": {"givenName": self.given_name, "familyName": self.family_name},
        });
        Ok(user::create(catalog, &body)?)
    }
}

pub(super) async fn add(console: &Console<'_>, org: &str, new: NewMember) -> Result<Reply, Problem> {
    let org_role = match new.org_role.as_deref() {
        None => OrgRole::Member,
        Some(text) => match OrgRole::parse_attribute("org_role", text)? {
            OrgRole::Owner => {
                return Err(Problem::new(
                    400,
                    "An organization has exactly one Owner. Add the person first, then transfer the ownership.",
                ));
            }
            role => role,
        },
    };
    let person =
        Person { user_name: new.user_name, given_name: new.given_name, family_name: new.family_name };
    let mut member = person.into_user(console.catalog)?;
    member.org_role = org_role;
    let tenant = console.tenant(org);
    let settings = console.settings(org).await?;
    let managed = settings.manages(member.mail_domain().as_deref());
    let holder = console.database.run(users::named(&tenant, member.user_name())).await?.into_iter().next();
    if let Some(row) = holder {
        let record = UserRecord::read(row)?;
        if record.user.active {
            return Err(Problem::new(
                409,
                "A member with this user_name exists already, compared without case.",
            ));
        }
        // Who comes back keeps id and attributes.
        let back = User { active: true, org_role, doc: record.user.doc.clone() };
        console.database.batch(&users::update(&tenant, &settings, &record, &back)).await.map_err(at_once)?;
        return Ok(Reply::ok(described(&record.id, &back, settings.manages(back.mail_domain().as_deref()))));
    }
    let id = platform::new_id()?;
    console.database.batch(&users::insert(&tenant, &id, &member, managed)).await.map_err(at_once)?;
    Ok(Reply::created(described(&id, &member, managed)))
}

/// Others were changing the same.
fn at_once(error: StoreError) -> Problem {
    match error {
        error if users::user_name_is_taken(&error) || error == StoreError::Stale => Problem::new(
            409,
            "The member or the organization was changed by somebody else at the same time. Try again.",
        ),
        other => other.into(),
    }
}

/// Takes a person out of the organization: a deactivation, made here, which the next import shows to the
/// identity provider. Of somebody whom SCIM does not see nothing need stay, and their user_name is free.
pub(super) async fn remove(console: &Console<'_>, org: &str, id: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let settings = console.settings(org).await?;
    let (removed, managed) = attempts(async || {
        let record = read(console, org, id).await?;
        user::check_removable(&record.user)?;
        let removed = User { active: false, org_role: OrgRole::Member, doc: record.user.doc.clone() };
        let managed = settings.manages(removed.mail_domain().as_deref());
        if !managed {
            console.database.batch(&users::delete(&tenant, &record)).await?;
        } else if removed != record.user {
            console.database.batch(&users::update(&tenant, &settings, &record, &removed)).await?;
        }
        Ok::<_, Failure>((removed, managed))
    })
    .await?;
    Ok(Reply::ok(described(id, &removed, managed)))
}

/// Makes a member the Owner; who was it stays an Admin.
pub(super) async fn transfer_ownership(
    console: &Console<'_>,
    org: &str,
    new: NewOwner,
) -> Result<Reply, Problem> {
    let settings = console.settings(org).await?;
    let mut member = read(console, org, &new.member).await?.user;
    if !member.active {
        return Err(Problem::new(409, "Who has been deactivated cannot own the organization."));
    }
    if member.org_role != OrgRole::Owner {
        console.database.batch(&users::transfer_ownership(&console.tenant(org), &new.member)).await?;
        member.org_role = OrgRole::Owner;
    }
    let managed = settings.manages(member.mail_domain().as_deref());
    Ok(Reply::ok(described(&new.member, &member, managed)))
}

async fn read(console: &Console<'_>, org: &str, id: &str) -> Result<UserRecord, ScimError> {
    let rows = console.database.run(users::anybody(&console.tenant(org), id)).await?;
    let row = rows
        .into_iter()
        .next()
        .ok_or_else(|| ScimError::not_found("There is no such member in this organization."))?;
    Ok(UserRecord::read(row)?)
}

impl Console<'_> {
    /// The organization and its settings.
    async fn settings(&self, org: &str) -> Result<Organization, Problem> {
        let described = self.one(organizations::one(&self.tenant(org)), "organization").await?;
        Organization::read(&described)
            .ok_or_else(|| StoreError::Internal("an organization cannot be read".to_owned()).into())
    }
}

/// A person as the console's API shows them.
pub(super) fn described(id: &str, user: &User, managed: bool) -> Value {
    json!({
        "id": id,
        "user_name": user.user_name(),
        "org_role": user.org_role.as_str(),
        "active": user.active,
        "managed": managed,
    })
}
