//! People added by hand. Unlike those that SCIM creates, they may be outside the organization's mail
//! domains: contractors, whom SCIM then neither shows nor touches.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Console, Problem, Reply};
use crate::directory::{Catalog, OrgRole, User, organization, user};
use crate::store::{organizations, platform, users};

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
                    "An organization has exactly one Owner, who is named when it is created.",
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
    let settings = console.one(organizations::one(&tenant), "organization").await?;
    let domains: Vec<String> = settings
        .get("mail_domains")
        .and_then(Value::as_array)
        .map(|domains| domains.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    let managed = organization::is_among(member.mail_domain().as_deref(), &domains);
    let id = platform::new_id()?;
    console.database.batch(&users::insert(&tenant, &id, &member, managed)).await.map_err(|error| {
        if users::user_name_is_taken(&error) {
            Problem::new(409, "A member with this user_name exists already, compared without case.")
        } else {
            error.into()
        }
    })?;
    Ok(Reply::created(described(&id, &member, managed)))
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
