//! Projects, their roles, and teams in D1. A role is a row of `groups`; there is no other list of them.

use serde_json::Value;

use super::record::{self, Record, array};
use super::statement::{Statement, optional, text};
use super::tenant::{Tenant, guard};
use super::{Row, StoreError};
use crate::directory::group_name::{self, PROJECT_ROLES, Project, TEAM_ROLES};
use crate::scim::json::{self, object};
use crate::scim::text::fold;

/// A group to be made for a role: its id and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleGroup {
    /// Identifier of the group.
    pub id: String,
    /// Name of the role.
    pub role: String,
    /// Name of the group.
    pub display_name: String,
    /// The client's identifier of the group, if a client made it.
    pub external_id: Option<String>,
    /// Whether an identity provider makes it.
    pub is_pushed: bool,
}

/// The groups of a new team, in the order of [`TEAM_ROLES`].
///
/// # Errors
/// Internal, if no identifier can be made.
pub fn team_groups(prefix: &str, project: &str, team: &str) -> Result<[RoleGroup; 2], StoreError> {
    let [admin, member] =
        TEAM_ROLES.map(|role| role_group(role, group_name::team_role(prefix, project, team, role)));
    Ok([admin?, member?])
}

/// The groups of a new project: the built-in roles, then the custom ones.
///
/// # Errors
/// Internal, if no identifier can be made.
pub fn project_groups(prefix: &str, project: &str, custom: &[String]) -> Result<Vec<RoleGroup>, StoreError> {
    PROJECT_ROLES
        .iter()
        .copied()
        .chain(custom.iter().map(String::as_str))
        .map(|role| role_group(role, group_name::project_role(prefix, project, role)))
        .collect()
}

/// The group of a new role.
///
/// # Errors
/// Internal, if no identifier can be made.
pub fn role_group(role: &str, display_name: String) -> Result<RoleGroup, StoreError> {
    Ok(RoleGroup {
        id: super::platform::new_id()?,
        role: role.to_owned(),
        display_name,
        external_id: None,
        is_pushed: false,
    })
}

/// Reads, as one JSON array, the projects whose name a group's name goes on with: `after_prefix` is what
/// stands behind the product's prefix.
pub fn named_by_group(tenant: &Tenant<'_>, after_prefix: &str) -> Statement {
    tenant.statement(
        "SELECT json_group_array(json_object('id', p.id, 'name', p.name)) AS head
         FROM projects p
         WHERE p.org_id = :org AND p.archived_at IS NULL AND substr(:rest, 1, length(p.name_fold) + 1) = p.name_fold || '-'",
        &[text("rest", fold(after_prefix))],
    )
}

/// Reads the row of [`named_by_group`].
///
/// # Errors
/// Our fault: the row is not what the statement selects.
pub fn read_named(row: &Row) -> Result<Vec<Project>, StoreError> {
    record::read("projects", &row.head, |value| {
        let projects = array(value)?.into_iter().map(|each| {
            let mut record = Record::of(each)?;
            Some(Project { id: record.text("id")?, name: record.text("name")? })
        });
        projects.collect()
    })
}

/// Reads all projects with their roles and teams, one a row as JSON; or one of them.
pub fn described(tenant: &Tenant<'_>, id: Option<&str>) -> Statement {
    tenant.statement(
        "SELECT json_object(
           'id', p.id, 'name', p.name, 'archived_at', p.archived_at,
           'roles', (
             SELECT json_group_array(json_object('name', g.role, 'group', json_object(
               'id', g.id, 'display_name', g.display_name, 'pushed_at', g.pushed_at)))
             FROM (SELECT * FROM groups WHERE project_id = p.id AND team_id IS NULL ORDER BY seq) g),
           'teams', (
             SELECT json_group_array(json_object('id', t.id, 'name', t.name, 'roles', (
               SELECT json_group_array(json_object('name', g.role, 'group', json_object(
                 'id', g.id, 'display_name', g.display_name, 'pushed_at', g.pushed_at)))
               FROM (SELECT * FROM groups WHERE team_id = t.id ORDER BY seq) g)))
             FROM (SELECT * FROM teams WHERE project_id = p.id ORDER BY name_fold) t)) AS head
         FROM projects p
         WHERE p.org_id = :org AND (:id IS NULL OR p.id = :id)
         ORDER BY p.created_at, p.name_fold",
        &[optional("id", id)],
    )
}

/// Writes a new project with the groups of its roles.
pub fn insert_project(tenant: &Tenant<'_>, id: &str, name: &str, groups: &[RoleGroup]) -> Vec<Statement> {
    let sql = "INSERT INTO projects (id, org_id, name, name_fold, created_at)
               SELECT :id, o.id, :name, :name_fold, :now FROM organizations o WHERE o.id = :org";
    let project = tenant.statement(sql, &[text("id", id), text("name", name), text("name_fold", fold(name))]);
    let made = Project { id: id.to_owned(), name: name.to_owned() };
    vec![project, guard(), insert_groups(tenant, &made, None, groups)]
}

/// Writes a new role of a project: its group. The project has to have that name still, from which the group's was made.
pub fn insert_role(tenant: &Tenant<'_>, project: &Project, group: &RoleGroup) -> Vec<Statement> {
    vec![insert_groups(tenant, project, None, std::slice::from_ref(group)), guard()]
}

/// Writes a new team with its groups. The project has to have that name still, from which the groups' were made.
pub fn insert_team(
    tenant: &Tenant<'_>,
    id: &str,
    project: &Project,
    name: &str,
    groups: &[RoleGroup],
) -> Vec<Statement> {
    let sql = "INSERT INTO teams (id, project_id, name, name_fold, created_at)
               SELECT :id, p.id, :name, :name_fold, :now FROM projects p
               WHERE p.org_id = :org AND p.id = :project AND p.name = :project_name AND p.archived_at IS NULL";
    let bindings = vec![
        text("id", id),
        text("project", project.id.as_str()),
        text("project_name", project.name.as_str()),
        text("name", name),
        text("name_fold", fold(name)),
    ];
    vec![tenant.statement(sql, &bindings), guard(), insert_groups(tenant, project, Some(id), groups)]
}

fn insert_groups(
    tenant: &Tenant<'_>,
    project: &Project,
    team: Option<&str>,
    groups: &[RoleGroup],
) -> Statement {
    let groups: Vec<Value> = groups
        .iter()
        .map(|group| {
            object! {
                "id": group.id.as_str(),
                "role": group.role.as_str(),
                "display_name": group.display_name.as_str(),
                "name_fold": fold(&group.display_name),
                "external_id": group.external_id.as_deref(),
                "is_pushed": group.is_pushed,
            }
        })
        .collect();
    tenant.statement(
        "INSERT INTO groups (org_id, id, project_id, team_id, role, display_name, name_fold, external_id, pushed_at,
           created_at, last_modified)
         SELECT p.org_id, j.value ->> 'id', p.id, :team, j.value ->> 'role', j.value ->> 'display_name',
           j.value ->> 'name_fold', j.value ->> 'external_id', iif(j.value ->> 'is_pushed', :now, NULL), :now, :now
         FROM projects p CROSS JOIN json_each(:groups) j
         WHERE p.org_id = :org AND p.id = :project AND p.name = :project_name AND p.archived_at IS NULL ORDER BY j.key",
        &[
            text("project", project.id.as_str()),
            text("project_name", project.name.as_str()),
            optional("team", team),
            text("groups", json::write(&Value::from(groups))),
        ],
    )
}

/// Gives a project that is not archived another name, and its groups, which are all of these by id, the names that follow.
pub fn rename(tenant: &Tenant<'_>, id: &str, name: &str, groups: &[(String, String)]) -> Vec<Statement> {
    let renamed: Vec<Value> = groups
        .iter()
        .map(|(id, display_name)| object! {"id": id.as_str(), "display_name": display_name.as_str(), "name_fold": fold(display_name)})
        .collect();
    let renamed = json::write(&Value::from(renamed));
    let project = "UPDATE projects SET name = :name, name_fold = :name_fold
                   WHERE org_id = :org AND id = :id AND archived_at IS NULL AND name <> :name
                   AND CAST(:count AS INTEGER) = (SELECT count(*) FROM groups WHERE project_id = :id)
                   AND CAST(:count AS INTEGER) = (SELECT count(*) FROM json_each(:renamed) j JOIN groups g
                     ON g.org_id = :org AND g.id = j.value ->> 'id' AND g.project_id = :id)";
    let bindings = vec![
        text("id", id),
        text("name", name),
        text("name_fold", fold(name)),
        text("count", groups.len().to_string()),
        text("renamed", renamed.as_str()),
    ];
    let groups = "UPDATE groups SET version = version + 1, last_modified = max(last_modified, :now),
                    display_name = j.value ->> 'display_name', name_fold = j.value ->> 'name_fold'
                  FROM json_each(:renamed) j
                  WHERE groups.org_id = :org AND groups.id = j.value ->> 'id' AND groups.project_id = :id";
    let groups = tenant.statement(groups, &[text("id", id), text("renamed", renamed)]);
    vec![tenant.statement(project, &bindings), guard(), groups]
}

/// Archives a project: its groups go out of SCIM's sight, and everybody out of its groups.
pub fn archive(tenant: &Tenant<'_>, id: &str) -> Vec<Statement> {
    let statement = |sql| tenant.statement(sql, &[text("id", id)]);
    vec![
        statement("UPDATE projects SET archived_at = :now WHERE org_id = :org AND id = :id AND archived_at IS NULL"),
        guard(),
        statement(
            "INSERT INTO archived_groups (id, project_id, team_id, role, display_name, name_fold, external_id, version,
               created_at)
             SELECT id, project_id, team_id, role, display_name, name_fold, external_id, version, created_at
             FROM groups WHERE project_id = :id AND org_id = :org",
        ),
        statement("DELETE FROM groups WHERE project_id = :id AND org_id = :org"),
    ]
}

/// Brings an archived project back, its groups under their ids, and nobody in them.
pub fn restore(tenant: &Tenant<'_>, id: &str) -> Vec<Statement> {
    let statement = |sql| tenant.statement(sql, &[text("id", id)]);
    vec![
        statement("UPDATE projects SET archived_at = NULL WHERE org_id = :org AND id = :id AND archived_at IS NOT NULL"),
        guard(),
        statement(
            "INSERT INTO groups (org_id, id, project_id, team_id, role, display_name, name_fold, external_id, version,
               created_at, last_modified)
             SELECT :org, id, project_id, team_id, role, display_name, name_fold, external_id, version + 1, created_at, :now
             FROM archived_groups WHERE project_id = :id ORDER BY team_id IS NOT NULL, created_at, display_name",
        ),
        statement("DELETE FROM archived_groups WHERE project_id = :id"),
    ]
}

/// Deletes a team with both its groups; people stay.
pub fn delete_team(tenant: &Tenant<'_>, project: &str, team: &str) -> Vec<Statement> {
    let sql = "DELETE FROM teams WHERE id = :team AND project_id = (
                 SELECT id FROM projects WHERE org_id = :org AND id = :project AND archived_at IS NULL)";
    vec![tenant.statement(sql, &[text("project", project), text("team", team)]), guard()]
}

/// Whether a unique index on the name of a project or a team refused a write.
pub fn name_is_taken(error: &StoreError) -> bool {
    matches!(error, StoreError::Taken(columns)
        if columns.contains("projects.name_fold") || columns.contains("teams.name_fold"))
}
