//! Permissions: what the roles of the directory let people do in the product.
//!
//! A permission is a name of the product's own. A role has the same permissions wherever it is: in every project, or in
//! every team. What a role allows holds for everything within: an organization role in the organization with all its
//! projects and teams, a role of a project in the project and its teams, a role of a team in the team alone.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ByName;
use crate::group_name::fold_group_name;
use crate::org_role::OrgRole;
use scim_protocol::text::in_order;

/// Most permissions of a role.
pub const MOST_OF_ROLE: usize = 50;
/// Most characters of the name of a permission.
pub const MAX_NAME_LENGTH: usize = 50;
/// Most bytes of all permissions of an organization as they are stored: each check reads them.
pub const MAX_BYTES: usize = 32 * 1024;

/// What a role is a role of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleKind {
    /// The organization: `Member`, `Admin` and `Owner`.
    Organization,
    /// A project: the built-in roles, and those that projects have besides.
    Project,
    /// A team: `Admin` and `Member`.
    Team,
}

impl RoleKind {
    /// Its name in addresses and events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Project => "project",
            Self::Team => "team",
        }
    }

    /// Reads its name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Organization, Self::Project, Self::Team].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What the roles allow that are there without being made, in their order, unless an administrator has said otherwise.
/// Other roles allow nothing by themselves.
const DEFAULTS: [(RoleKind, &str, &[&str]); 8] = [
    (
        RoleKind::Organization,
        "Owner",
        &["view_organization", "manage_members", "manage_organization", "manage_billing"],
    ),
    (RoleKind::Organization, "Admin", &["view_organization", "manage_members", "manage_organization"]),
    (RoleKind::Organization, "Member", &["view_organization"]),
    (
        RoleKind::Project,
        "Admin",
        &[
            "view_project",
            "create_configs",
            "edit_or_delete_configs",
            "approve_reviews",
            "launch_to_production",
            "self_approve_review",
            "metric_management",
            "integrations_edit_access",
            "invitation_access",
            "create_teams",
        ],
    ),
    (
        RoleKind::Project,
        "Member",
        &["view_project", "create_configs", "edit_or_delete_configs", "approve_reviews"],
    ),
    (RoleKind::Project, "Read-Only", &["view_project"]),
    (RoleKind::Team, "Admin", &["view_team", "manage_team"]),
    (RoleKind::Team, "Member", &["view_team"]),
];

/// The roles that are there without being made, in the order in which they are shown.
pub fn built_in() -> impl Iterator<Item = (RoleKind, &'static str)> {
    DEFAULTS.iter().map(|(kind, role, _)| (*kind, *role))
}

/// What a role allows unless an administrator has said otherwise.
fn defaults(kind: RoleKind, role: &str) -> &'static [&'static str] {
    let role = fold_group_name(role);
    let found = DEFAULTS.iter().find(|(of, name, _)| *of == kind && fold_group_name(name) == role);
    found.map_or(&[], |(.., permissions)| permissions)
}

/// Why permissions cannot be those of a role.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A name has other characters, or too many.
    #[error(
        "\"{0}\" is not the name of a permission: a name has lower-case letters, digits and underscores, begins with a \
         letter, and has at most {MAX_NAME_LENGTH} characters."
    )]
    Name(String),
    /// A role has too many permissions.
    #[error("A role has at most {MOST_OF_ROLE} permissions.")]
    TooMany,
    /// All roles together have too many.
    #[error(
        "The permissions of all roles of the organization come to more than {MAX_BYTES} bytes. Take permissions from \
         roles, or set roles back to their defaults."
    )]
    TooLarge,
}

/// The permissions of the roles whose permissions an administrator has set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolePermissions {
    #[serde(default, skip_serializing_if = "ByName::is_empty")]
    organization: ByName<Vec<String>>,
    #[serde(default, skip_serializing_if = "ByName::is_empty")]
    project: ByName<Vec<String>>,
    #[serde(default, skip_serializing_if = "ByName::is_empty")]
    team: ByName<Vec<String>>,
}

impl RolePermissions {
    fn set_of(&self, kind: RoleKind, role: &str) -> Option<&Vec<String>> {
        let roles = match kind {
            RoleKind::Organization => &self.organization,
            RoleKind::Project => &self.project,
            RoleKind::Team => &self.team,
        };
        roles.0.get(&fold_group_name(role))
    }

    fn all(&self) -> impl Iterator<Item = (&String, &Vec<String>)> {
        [&self.organization, &self.project, &self.team].into_iter().flat_map(|roles| &roles.0)
    }

    /// Whether an administrator has set what the role allows.
    pub fn is_set(&self, kind: RoleKind, role: &str) -> bool {
        self.set_of(kind, role).is_some()
    }

    /// What the role allows.
    pub fn of(&self, kind: RoleKind, role: &str) -> Vec<&str> {
        match self.set_of(kind, role) {
            Some(permissions) => permissions.iter().map(String::as_str).collect(),
            None => defaults(kind, role).to_vec(),
        }
    }

    /// Sets what the role allows; `None`: its default.
    ///
    /// # Errors
    /// For names that are none, and too many of them.
    pub fn set(
        &mut self,
        kind: RoleKind,
        role: &str,
        permissions: Option<Vec<String>>,
    ) -> Result<(), Invalid> {
        let role = fold_group_name(role);
        let roles = match kind {
            RoleKind::Organization => &mut self.organization,
            RoleKind::Project => &mut self.project,
            RoleKind::Team => &mut self.team,
        };
        let Some(permissions) = permissions else {
            roles.0.remove(&role);
            return Ok(());
        };
        if let Some(wrong) = permissions.iter().find(|name| !is_name(name)) {
            return Err(Invalid::Name(wrong.chars().take(MAX_NAME_LENGTH).collect()));
        }
        let permissions = in_order(permissions);
        if permissions.len() > MOST_OF_ROLE {
            return Err(Invalid::TooMany);
        }
        roles.0.insert(role, permissions);
        let bytes = |(role, names): (&String, &Vec<String>)| {
            names.iter().fold(role.len().saturating_add(8), |sum, name| {
                sum.saturating_add(name.len().saturating_add(3))
            })
        };
        if self.all().map(bytes).fold(0, usize::saturating_add) > MAX_BYTES {
            return Err(Invalid::TooLarge);
        }
        Ok(())
    }

    /// The roles of projects whose permissions an administrator has set, by their folded names.
    pub fn roles_of_projects(&self) -> impl Iterator<Item = &str> {
        self.project.0.keys().map(String::as_str)
    }

    /// Every permission that a role has, also by default, in the order of the alphabet.
    pub fn in_use(&self) -> Vec<&str> {
        let mut names: Vec<&str> = built_in().flat_map(|(kind, role)| self.of(kind, role)).collect();
        names.extend(self.all().flat_map(|(_, permissions)| permissions.iter().map(String::as_str)));
        in_order(names)
    }

    /// The organization roles that allow it.
    pub fn organization_roles(&self, permission: &str) -> Vec<OrgRole> {
        [OrgRole::Member, OrgRole::Admin, OrgRole::Owner]
            .into_iter()
            .filter(|role| self.of(RoleKind::Organization, role.as_str()).contains(&permission))
            .collect()
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME_LENGTH
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// A role that a person has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRole {
    /// What it is a role of.
    #[serde(rename = "on")]
    pub kind: RoleKind,
    /// The role.
    pub role: String,
    /// The group through which the person has it; `None`: it is the organization role.
    pub group_id: Option<String>,
    /// The name of that group.
    pub group: Option<String>,
}

impl HeldRole {
    /// An organization role.
    pub fn of_organization(role: OrgRole) -> Self {
        Self { kind: RoleKind::Organization, role: role.as_str().to_owned(), group_id: None, group: None }
    }

    /// Whether it allows that.
    pub fn allows(&self, permission: &str, permissions: &RolePermissions) -> bool {
        permissions.of(self.kind, &self.role).contains(&permission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|number| format!("{}{number}", "p".repeat(40))).collect()
    }

    #[test]
    fn a_role_has_its_defaults_until_they_are_set() {
        let mut permissions = RolePermissions::default();
        let of = |permissions: &RolePermissions, role| permissions.of(RoleKind::Project, role).join(" ");
        assert_eq!(of(&permissions, "read-only"), "view_project");
        assert_eq!(of(&permissions, "Reviewer"), "");
        let set = Some(vec!["launch".to_owned(), "approve".to_owned(), "launch".to_owned()]);
        assert_eq!(permissions.set(RoleKind::Project, "Reviewer", set), Ok(()));
        assert_eq!(of(&permissions, "REVIEWER"), "approve launch");
        assert_eq!(permissions.set(RoleKind::Project, "Read-Only", Some(Vec::new())), Ok(()));
        assert_eq!(of(&permissions, "Read-Only"), "");
        assert!(permissions.is_set(RoleKind::Project, "read-only"));
        assert!(!permissions.is_set(RoleKind::Team, "read-only"));
        assert!(permissions.in_use().contains(&"launch") && permissions.in_use().contains(&"manage_team"));
        let json = serde_json::to_string(&permissions).unwrap();
        assert_eq!(json, r#"{"project":{"read-only":[],"reviewer":["approve","launch"]}}"#);
        assert_eq!(serde_json::from_str::<RolePermissions>(&json).unwrap(), permissions);
        for role in ["Reviewer", "Read-Only"] {
            assert_eq!(permissions.set(RoleKind::Project, role, None), Ok(()));
        }
        assert_eq!(permissions, RolePermissions::default());
    }

    #[test]
    fn names_and_numbers_are_bounded() {
        let mut permissions = RolePermissions::default();
        for wrong in ["", "Launch", "1st", "_a", "launch-it", "läuft", &"a".repeat(51)] {
            let outcome = permissions.set(RoleKind::Team, "Admin", Some(vec![wrong.to_owned()]));
            assert_eq!(outcome, Err(Invalid::Name(wrong.chars().take(50).collect())), "{wrong}");
        }
        assert_eq!(permissions.set(RoleKind::Team, "Admin", Some(names(51))), Err(Invalid::TooMany));
        let full = (0..100).find_map(|role| {
            permissions.set(RoleKind::Project, &format!("Role {role}"), Some(names(50))).err()
        });
        assert_eq!(full, Some(Invalid::TooLarge));
    }

    #[test]
    fn an_organization_role_allows_what_it_has() {
        let permissions = RolePermissions::default();
        assert_eq!(permissions.organization_roles("view_organization").len(), 3);
        assert_eq!(permissions.organization_roles("manage_billing"), [OrgRole::Owner]);
        assert!(permissions.organization_roles("launch_to_production").is_empty());
        assert!(HeldRole::of_organization(OrgRole::Admin).allows("manage_members", &permissions));
        assert!(!HeldRole::of_organization(OrgRole::Member).allows("manage_members", &permissions));
    }
}
