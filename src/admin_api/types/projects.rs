//! Projects, their roles and teams.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Name;
use super::Repeatable;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProject {
    #[schema(value_type = Name)]
    pub(crate) name: String,
    /// Custom roles beside those that every project has.
    #[schema(value_type = Option<Vec<Name>>)]
    pub(crate) roles: Option<Vec<String>>,
}

/// The name of a new role or team, or the new name of a project.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewName {
    #[schema(value_type = Name)]
    pub(crate) name: String,
}

/// The SCIM group of a role.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleGroup {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) display_name: String,
    /// When an identity provider last changed it; null: never.
    #[schema(required, format = DateTime)]
    pub(crate) pushed_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) group: RoleGroup,
}

impl Repeatable for Role {}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Team {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) roles: Vec<Role>,
}

impl Repeatable for Team {}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Project {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) name: String,
    /// null: it is not archived. An archived project shows no roles, nor do its teams.
    #[schema(required, format = DateTime)]
    pub(crate) archived_at: Option<String>,
    pub(crate) roles: Vec<Role>,
    pub(crate) teams: Vec<Team>,
}

impl Repeatable for Project {}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectList {
    pub(crate) projects: Vec<Project>,
}
