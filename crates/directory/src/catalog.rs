//! What this deployment calls things, and the resource types that follow from it.

use scim_protocol::Limits;
use scim_protocol::attribute_path::resolve;
use scim_protocol::schema::{self, Attribute, Mutability, ResourceType};

use crate::group_name;
use crate::org_role::OrgRole;
use crate::organization::Organization;
use crate::refusal::{Refusal, RefusalKind};

/// The resource types as this product has them, and the product's names.
#[derive(Debug)]
pub struct Catalog {
    /// First part of every project group's name, `Statsig` by default.
    pub group_prefix: String,
    /// Name of the attribute that carries the organization role, `statsigOrgRole` by default.
    pub org_role_attribute: String,
    /// Users: RFC 7643 §4.1 and §4.3, and the organization role.
    pub user: ResourceType,
    /// Groups: RFC 7643 §4.2.
    pub group: ResourceType,
    /// The bounds that hold for requests.
    pub limits: Limits,
}

impl Catalog {
    /// The catalog of a deployment with these names.
    ///
    /// # Errors
    /// A sentence for the operator, where a name cannot be used.
    pub fn new(group_prefix: String, org_role_attribute: String) -> Result<Self, String> {
        check_group_prefix(&group_prefix).map_err(|why| {
            format!("the variable GROUP_PREFIX cannot be used: {why} Change it in wrangler.toml, and deploy again.")
        })?;
        // RFC 7643 §2.1: ATTRNAME = ALPHA *(nameChar)
        let mut characters = org_role_attribute.chars();
        let well_formed = characters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && characters.all(|other| other.is_ascii_alphanumeric() || matches!(other, '-' | '_'));
        if !well_formed {
            return Err(
                "ORG_ROLE_ATTRIBUTE must be letters, digits, - and _, and begin with a letter.".to_owned()
            );
        }
        let mut user = schema::user();
        let description = "A role of a project or of a team, and who has it.";
        let group = ResourceType { description, ..schema::group() };
        if resolve(&user, &org_role_attribute).is_some() {
            return Err(format!(
                "ORG_ROLE_ATTRIBUTE \"{org_role_attribute}\" is an attribute of RFC 7643 already."
            ));
        }
        // Before `active`: a client that sends the attributes one by one, and deactivates the user on the way, would
        // find the role gone afterwards.
        let active = user.schema.attributes.iter().position(|attribute| attribute.name == "active");
        user.schema.attributes.insert(
            active.unwrap_or_default(),
            Attribute::string(
                &org_role_attribute,
                "Role in the organization; left out, it stays as it is. An inactive person is shown as Member, and \
                 gets the role that was sent when they become active.",
            )
            .canonical(OrgRole::ASSIGNABLE),
        );
        Ok(Self { group_prefix, org_role_attribute, user, group, limits: Limits::DEFAULT })
    }

    /// What the names of the groups of this organization's projects begin with: as those that it has, or else the
    /// deployment's prefix.
    pub fn group_prefix_of<'a>(&'a self, organization: &'a Organization) -> &'a str {
        organization.group_prefix.as_deref().unwrap_or(&self.group_prefix)
    }

    /// Checks that the deployment's attribute of the organization role is that with which the organization's identity
    /// provider was set up: otherwise roles would be neither read nor shown as the provider expects it. `settings` is
    /// the page where an administrator confirms another attribute.
    ///
    /// # Errors
    /// `RefusalKind::OrgRoleAttributeChanged`.
    pub fn check_org_role_attribute(
        &self,
        organization: &Organization,
        settings: impl FnOnce() -> String,
    ) -> Result<(), Refusal> {
        match &organization.org_role_attribute {
            Some(known) if *known != self.org_role_attribute => Err(RefusalKind::OrgRoleAttributeChanged {
                known: known.clone(),
                now: self.org_role_attribute.clone(),
                settings: settings(),
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// The same catalog with the limits of a deployment.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The User resource type as it is for this organization: where mail is not managed over SCIM,
    /// `userName` and `emails` are set at creation and never changed.
    pub fn user_of(&self, organization: &Organization) -> ResourceType {
        let mut user = self.user.clone();
        if !organization.email_management {
            for attribute in &mut user.schema.attributes {
                match attribute.name.as_str() {
                    "userName" => attribute.mutability = Mutability::Immutable,
                    // What an address is for may change, the address may not.
                    "emails" => make_immutable(&mut attribute.sub_attributes, "value"),
                    _ => {}
                }
            }
        }
        user
    }

    /// The Group resource type as it is for this organization: where all groups are roles, none is renamed.
    pub fn group_of(&self, organization: &Organization) -> ResourceType {
        let mut group = self.group.clone();
        if !organization.plain_groups {
            make_immutable(&mut group.schema.attributes, "displayName");
        }
        group
    }
}

/// Checks that names of groups can begin with a prefix.
///
/// # Errors
/// As [`group_name::check_name`].
pub fn check_group_prefix(prefix: &str) -> Result<(), Refusal> {
    // A name with two hyphens and two parts more has to be a name still.
    group_name::check_name("prefix", prefix)?;
    group_name::check_name("group", &group_name::project_role(prefix, "Project", "Role"))
}

fn make_immutable(attributes: &mut [Attribute], name: &str) {
    for attribute in attributes.iter_mut().filter(|attribute| attribute.name == name) {
        attribute.mutability = Mutability::Immutable;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_used_are_refused() {
        let new = |prefix: &str, attribute: &str| Catalog::new(prefix.to_owned(), attribute.to_owned());
        assert!(new("Statsig", "statsigOrgRole").is_ok());
        for (prefix, attribute) in [
            ("", "orgRole"),
            (" x", "orgRole"),
            ("X\n", "orgRole"),
            ("X\u{7}Y", "orgRole"),
            (" ", "orgRole"),
            ("X", ""),
            ("X", "1st"),
            ("X", "a b"),
            ("X", "USERNAME"),
            ("X", "id"),
            ("X", "schemas"),
            ("X", "department"),
        ] {
            assert!(new(prefix, attribute).is_err(), "{prefix:?} {attribute:?}");
        }
        let why = new("X\u{7}", "orgRole").unwrap_err();
        assert!(why.contains("GROUP_PREFIX") && why.contains("U+0007"), "{why}");
    }
}
