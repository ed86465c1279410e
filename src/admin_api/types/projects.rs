//! Projects, their roles and teams.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::members::MemberInList;
use super::query::{Count, ListSort, LongCount, Skip};
use super::{Name, Named, Repeatable};

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProject {
    #[schema(value_type = Name)]
    pub(crate) name: String,
    /// Custom roles beside those that every project has.
    #[schema(value_type = Option<Vec<Name>>)]
    pub(crate) roles: Option<Vec<String>>,
}

/// The name of a new role or team, or the new name of a project, role or team.
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
    /// Where the next page begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct AllProjectsQuery {
    /// The `next` of the previous page.
    pub(crate) after: Option<String>,
    /// Most projects of a page.
    #[param(value_type = u16, inline, minimum = 1, maximum = 1000, default = 1000, required = false)]
    pub(crate) count: LongCount,
}

/// How many people a project or group has.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeopleCount {
    /// null: many, and the hourly maintenance has not counted them yet.
    #[schema(required)]
    pub(crate) count: Option<u64>,
    /// When the hourly maintenance counted them. null: they are few, and were counted for this answer.
    #[schema(required, format = DateTime)]
    pub(crate) counted_at: Option<String>,
}

/// Which projects a list has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Archived {
    /// Those that are not archived.
    #[default]
    Without,
    /// Those that are archived.
    Only,
    /// Both.
    With,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProjectListQuery {
    /// Only projects whose name has this in it, in any case. The first 20,000 projects by name are searched.
    pub(crate) search: Option<String>,
    /// By what they are sorted. By anything but the name: of those that match, the first 1,000 by name.
    #[param(inline, required = false)]
    pub(crate) sort: ListSort,
    /// Archived projects.
    #[param(inline, required = false)]
    pub(crate) archived: Archived,
    /// How many come before the page: the `next` of the previous page.
    #[param(value_type = u32, minimum = 0, maximum = 20_000, default = 0, required = false)]
    pub(crate) skip: Skip,
    /// Most entries of a page.
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}

/// A project without its roles and teams.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProjectInList {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) name: String,
    /// null: it is not archived.
    #[schema(required, format = DateTime)]
    pub(crate) archived_at: Option<String>,
    /// People with a role of the project, or of a team of it.
    pub(crate) people: PeopleCount,
    pub(crate) role_count: u64,
    pub(crate) team_count: u64,
    /// When an identity provider last changed one of its groups; null: never.
    #[schema(required, format = DateTime)]
    pub(crate) pushed_at: Option<String>,
}

/// A page of projects.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectSummaries {
    pub(crate) projects: Vec<ProjectInList>,
    /// How many match. null: more than 1,000.
    #[schema(required)]
    pub(crate) total: Option<u64>,
    /// The `skip` of the next page. null: it is the last one.
    #[schema(required)]
    pub(crate) next: Option<u32>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProjectQuery {
    /// Only teams whose name has this in it, in any case.
    pub(crate) search: Option<String>,
    /// How many teams come before the page: the `next_teams` of the previous page.
    #[param(value_type = u32, minimum = 0, maximum = 20_000, default = 0, required = false)]
    pub(crate) skip: Skip,
    /// How many roles come before the page: the `next_roles` of the previous page.
    #[param(value_type = u32, minimum = 0, maximum = 20_000, default = 0, required = false)]
    pub(crate) skip_roles: Skip,
    /// Most teams of a page, and most roles.
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}

/// A role with the number of its people.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleInList {
    pub(crate) name: String,
    /// Whether every project, or every team, has it: it is neither renamed nor deleted.
    pub(crate) built_in: bool,
    pub(crate) group: RoleGroup,
    pub(crate) people: PeopleCount,
}

/// A team with the numbers of its people.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TeamInList {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) roles: Vec<RoleInList>,
}

/// A project with a page of its roles, in the order of their creation, and a page of its teams, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectDetail {
    #[serde(flatten)]
    pub(crate) project: ProjectInList,
    pub(crate) roles: Vec<RoleInList>,
    /// The `skip_roles` of the next page. null: these are the last ones.
    #[schema(required)]
    pub(crate) next_roles: Option<u32>,
    pub(crate) teams: Vec<TeamInList>,
    /// How many teams match. null: more than 1,000.
    #[schema(required)]
    pub(crate) team_total: Option<u64>,
    /// The `skip` of the next page. null: these are the last ones.
    #[schema(required)]
    pub(crate) next_teams: Option<u32>,
}

/// A role of a project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleDetail {
    #[serde(flatten)]
    pub(crate) role: RoleInList,
    pub(crate) project: Named,
}

/// A role of a team, and some who have it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TeamRole {
    #[serde(flatten)]
    pub(crate) role: RoleInList,
    /// The first 10 members.
    pub(crate) members: Vec<MemberInList>,
}

/// A team with both its roles.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TeamDetail {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) project: Named,
    pub(crate) roles: Vec<TeamRole>,
}
