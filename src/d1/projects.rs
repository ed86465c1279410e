//! Projects, their roles, and teams in D1. A role is a row of `groups`; there is no other list of them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::batch::Select;
use super::brake::not_lately;
use super::columns::{flag, json_by_value};
use super::groups::Doomed;
use super::statement::{Statement, optional, text};
use super::tenant::{Tenant, full, guard};
use super::{StorageError, StorageErrorKind, events, groups};
use directory::event::{Event, GroupRef, Named, NewEvent, SubjectType, Transition};
use directory::group_name::{self, PROJECT_ROLES, Project, TEAM_ROLES, fold_group_name};
use directory::{Refusal, RefusalKind};
use scim_protocol::text::{compose, is_composed};

/// Most teams of a project.
pub(crate) const MOST_TEAMS: u32 = 1_000;
/// Most roles of a project.
pub(crate) const MOST_ROLES: u32 = 1_000;

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

impl RoleGroup {
    fn described(&self, project: &Project, team: Option<&Named>) -> GroupRef {
        GroupRef {
            id: self.id.clone(),
            name: self.display_name.clone(),
            external_id: self.external_id.clone(),
            project: Some(named(project)),
            team: team.cloned(),
            role: Some(self.role.clone()),
            since: None,
        }
    }
}

/// The groups of a new team, in the order of [`TEAM_ROLES`].
///
/// # Errors
/// Internal, if no identifier can be made.
pub fn team_groups(prefix: &str, project: &str, team: &str) -> Result<[RoleGroup; 2], StorageError> {
    let [admin, member] =
        TEAM_ROLES.map(|role| role_group(role, group_name::team_role(prefix, project, team, role)));
    Ok([admin?, member?])
}

/// The groups of a new project: the built-in roles, then the custom ones.
///
/// # Errors
/// Internal, if no identifier can be made.
pub fn project_groups(
    prefix: &str,
    project: &str,
    custom: &[String],
) -> Result<Vec<RoleGroup>, StorageError> {
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
pub fn role_group(role: &str, display_name: String) -> Result<RoleGroup, StorageError> {
    Ok(RoleGroup {
        id: crate::runtime::ids::new_id()?,
        role: role.to_owned(),
        display_name,
        external_id: None,
        is_pushed: false,
    })
}

/// The projects that a group may belong to by its name.
#[derive(Debug, Deserialize)]
pub struct Candidates {
    /// Those whose names its name begins with.
    #[serde(deserialize_with = "json_by_value")]
    pub projects: Vec<Project>,
}

/// Reads, in one row, the projects that a group may belong to by its name. `after_prefix` is the group's name behind
/// the product's prefix; it begins with the project's name.
pub fn named_by_group(tenant: &Tenant<'_>, after_prefix: &str) -> Select<Candidates> {
    tenant.select_few(
        "SELECT json_group_array(json_object('id', p.id, 'name', p.name)) AS projects
         FROM projects p
         WHERE p.org_id = :org AND p.archived_at IS NULL
           AND substr(:rest, 1, length(p.name_fold) + 1) = p.name_fold || '-'",
        &[text("rest", fold_group_name(after_prefix))],
    )
}

/// A group that is deleted, and how many memberships are deleted with it.
#[derive(Debug, Deserialize)]
pub struct DoomedGroup {
    display_name: String,
    memberships: u64,
    /// Whether the access brake is engaged and counts one of its members.
    #[serde(deserialize_with = "flag")]
    pub is_braked: bool,
}

/// Reads the groups that are deleted with a group: both groups of its team if it has one; none for a project's role,
/// which cannot be deleted.
pub fn doomed(tenant: &Tenant<'_>, group_id: &str) -> Select<DoomedGroup> {
    let counted = format!(
        "EXISTS (SELECT 1 FROM memberships m CROSS JOIN users u ON u.seq = m.user_seq
           WHERE m.group_seq = x.seq AND u.active = 1 AND u.managed = 1 AND {})",
        not_lately("u")
    );
    let sql = format!(
        "SELECT x.display_name AS display_name,
           (SELECT count(*) FROM memberships m WHERE m.group_seq = x.seq) AS memberships,
           iif(o.brake_engaged_at IS NULL OR x.role IS NULL, 0, {counted}) AS is_braked
         FROM groups g CROSS JOIN organizations o ON o.id = g.org_id
           CROSS JOIN groups x ON x.seq = g.seq OR x.team_id = g.team_id
         WHERE g.org_id = :org AND g.id = :group AND (g.project_id IS NULL OR g.team_id IS NOT NULL) ORDER BY x.seq"
    );
    tenant.select_few(&sql, &[text("group", group_id)])
}

/// The text for the audit log that says which groups are deleted.
pub fn describe_doomed(groups: &[DoomedGroup]) -> String {
    let named = |DoomedGroup { display_name, memberships, .. }: &DoomedGroup| {
        let what = if *memberships == 1 { "membership" } else { "memberships" };
        format!("\"{display_name}\" ({memberships} {what})")
    };
    let groups: Vec<String> = groups.iter().map(named).collect();
    match groups.as_slice() {
        [only] => format!("Deleted the group {only}. People stay."),
        both => format!("Deleted the team with its groups {}. People stay.", both.join(" and ")),
    }
}

/// Writes a new project with the groups of its roles.
pub fn insert_project(tenant: &Tenant<'_>, id: &str, name: &str, groups: &[RoleGroup]) -> Vec<Statement> {
    let sql = "INSERT INTO projects (id, org_id, name, name_fold, created_at)
               SELECT :id, o.id, :name, :name_fold, :now FROM organizations o WHERE o.id = :org";
    let project = tenant
        .statement(sql, &[text("id", id), text("name", name), text("name_fold", fold_group_name(name))]);
    let made = Project { id: id.to_owned(), name: name.to_owned() };
    let created = NewEvent::new(Event::ProjectCreated { name: name.to_owned() }, SubjectType::Project, id);
    let mut statements = vec![project, guard(), insert_groups(tenant, &made, None, groups, "p.id")];
    statements.extend(events::record(tenant, &created_with(created, &made, None, groups)));
    statements
}

/// The events of what was created, and of its groups.
fn created_with(
    created: NewEvent,
    project: &Project,
    team: Option<&Named>,
    groups: &[RoleGroup],
) -> Vec<NewEvent> {
    let groups = groups.iter().map(|group| {
        let event = Event::GroupCreated { group: group.described(project, team) };
        NewEvent { version: Some(1), ..NewEvent::new(event, SubjectType::Group, &group.id) }
    });
    std::iter::once(created).chain(groups).collect()
}

/// Writes a new role of a project: its group. The project must still have the name from which the group's name was
/// made.
pub fn insert_role(tenant: &Tenant<'_>, project: &Project, group: &RoleGroup) -> Vec<Statement> {
    let bounded = bounded("groups WHERE project_id = p.id AND team_id IS NULL", MOST_ROLES, "roles", "p.id");
    let created = Event::RoleCreated { group: group.described(project, None) };
    let created = NewEvent::new(created, SubjectType::Project, &project.id);
    let groups = std::slice::from_ref(group);
    let mut statements = vec![insert_groups(tenant, project, None, groups, &bounded), guard()];
    statements.extend(events::record(tenant, &created_with(created, project, None, groups)));
    statements
}

/// Writes a new team with its groups. The project must still have the name from which the groups' names were made.
pub fn insert_team(
    tenant: &Tenant<'_>,
    id: &str,
    project: &Project,
    name: &str,
    groups: &[RoleGroup],
) -> Vec<Statement> {
    let sql = format!(
        "INSERT INTO teams (id, project_id, name, name_fold, created_at)
         SELECT :id, {}, :name, :name_fold, :now FROM projects p
         WHERE p.org_id = :org AND p.id = :project AND p.name = :project_name AND p.archived_at IS NULL",
        bounded("teams WHERE project_id = p.id", MOST_TEAMS, "teams", "p.id")
    );
    let bindings = vec![
        text("id", id),
        text("project", project.id.as_str()),
        text("project_name", project.name.as_str()),
        text("name", name),
        text("name_fold", fold_group_name(name)),
    ];
    let inserted = insert_groups(tenant, project, Some(id), groups, "p.id");
    let created = Event::TeamCreated { name: name.to_owned(), project: named(project) };
    let created = NewEvent::new(created, SubjectType::Team, id);
    let team = Named { id: id.to_owned(), name: name.to_owned() };
    let mut statements = vec![tenant.statement(&sql, &bindings), guard(), inserted];
    statements.extend(events::record(tenant, &created_with(created, project, Some(&team), groups)));
    statements
}

fn named(project: &Project) -> Named {
    Named { id: project.id.clone(), name: project.name.clone() }
}

/// SQL of a value, which fails the batch if there are `most` rows already; see [`full`].
pub(crate) fn bounded(rows: &str, most: u32, what: &str, value: &str) -> String {
    let full = full(&format!("'{what}'"));
    format!("iif(EXISTS (SELECT 1 FROM {rows} LIMIT 1 OFFSET {most} - 1), {full}, {value})")
}

/// The refusal of a write that would give a project more roles or teams than it may have; `None` for another error.
pub fn too_many(error: &StorageError) -> Option<Refusal> {
    let StorageErrorKind::Full(what) = &**error else { return None };
    match what.as_str() {
        "teams" => Some(RefusalKind::TooManyTeams { limit: MOST_TEAMS }.into()),
        "roles" => Some(RefusalKind::TooManyRoles { limit: MOST_ROLES }.into()),
        _ => None,
    }
}

/// `project_id` is SQL of the project's id.
fn insert_groups(
    tenant: &Tenant<'_>,
    project: &Project,
    team: Option<&str>,
    groups: &[RoleGroup],
    project_id: &str,
) -> Statement {
    let groups: Vec<Value> = groups
        .iter()
        .map(|group| {
            json!({
                "id": group.id.as_str(),
                "role": group.role.as_str(),
                "display_name": group.display_name.as_str(),
                "name_fold": fold_group_name(&group.display_name),
                "external_id": group.external_id.as_deref().map(compose).as_deref(),
                "external_id_sent": group.external_id.as_deref().filter(|sent| !is_composed(sent)),
                "is_pushed": group.is_pushed,
            })
        })
        .collect();
    let sql = format!(
        "INSERT INTO groups (org_id, id, project_id, team_id, role, display_name, name_fold, external_id,
           external_id_sent, pushed_at, created_at, last_modified)
         SELECT p.org_id, j.value ->> 'id', {project_id}, :team, j.value ->> 'role', j.value ->> 'display_name',
           j.value ->> 'name_fold', j.value ->> 'external_id', j.value ->> 'external_id_sent',
           iif(j.value ->> 'is_pushed', :now, NULL), :now, :now
         FROM projects p CROSS JOIN json_each(:groups) j
         WHERE p.org_id = :org AND p.id = :project AND p.name = :project_name AND p.archived_at IS NULL ORDER BY j.key"
    );
    tenant.statement(
        &sql,
        &[
            text("project", project.id.as_str()),
            text("project_name", project.name.as_str()),
            optional("team", team),
            text("groups", Value::from(groups).to_string()),
        ],
    )
}

/// Renames a project that is not archived, and its groups; without a name, only its groups. `groups` has the id and the
/// new name of each group of the project.
pub fn rename(
    tenant: &Tenant<'_>,
    id: &str,
    name: Option<&str>,
    groups: &[(String, String)],
) -> Vec<Statement> {
    let ids: Vec<Value> = groups.iter().map(|(id, _)| Value::from(id.as_str())).collect();
    let project =
        "UPDATE projects SET name = coalesce(:name, name), name_fold = coalesce(:name_fold, name_fold)
                   WHERE org_id = :org AND id = :id AND archived_at IS NULL AND name IS NOT :name
                   AND CAST(:count AS INTEGER) = (SELECT count(*) FROM groups WHERE project_id = :id)
                   AND CAST(:count AS INTEGER) = (SELECT count(*) FROM json_each(:ids) j
                     CROSS JOIN groups g ON g.org_id = :org AND g.id = j.value AND +g.project_id = :id)";
    let bindings = vec![
        text("id", id),
        optional("name", name),
        optional("name_fold", name.map(fold_group_name).as_deref()),
        text("count", groups.len().to_string()),
        text("ids", Value::from(ids).to_string()),
    ];
    let mut statements: Vec<Statement> =
        name.map(|name| events::groups::project_renamed(tenant, id, name)).into_iter().collect();
    statements.extend([tenant.statement(project, &bindings), guard()]);
    statements.extend(rename_groups(tenant, id, groups));
    statements
}

/// Gives groups of a project other names. `groups` has the id and the new name of each.
fn rename_groups(tenant: &Tenant<'_>, project: &str, groups: &[(String, String)]) -> Vec<Statement> {
    // A name has at most some 400 characters, and is there twice.
    const GROUPS_AT_ONCE: usize = 400;
    let mut statements = Vec::new();
    // The CROSS JOIN and the plus make SQLite find each group by its id. Without them, it may look at all groups for
    // each.
    let sql = "WITH renamed AS MATERIALIZED (
                 SELECT g.seq, j.value ->> 'display_name' AS display_name, j.value ->> 'name_fold' AS name_fold
                 FROM json_each(:renamed) j
                 CROSS JOIN groups g ON g.org_id = :org AND g.id = j.value ->> 'id' AND +g.project_id = :id)
               UPDATE groups SET version = version + 1, last_modified = max(last_modified, :now),
                 display_name = renamed.display_name, name_fold = renamed.name_fold
               FROM renamed WHERE groups.seq = renamed.seq";
    for some in groups.chunks(GROUPS_AT_ONCE) {
        let renamed = some.iter().map(|(id, display_name)| {
            let name_fold = fold_group_name(display_name);
            json!({"id": id.as_str(), "display_name": display_name.as_str(), "name_fold": name_fold})
        });
        let renamed = renamed.collect::<Value>().to_string();
        statements.push(events::groups::renamed(tenant, project, &renamed));
        statements.push(tenant.statement(sql, &[text("id", project), text("renamed", renamed)]));
    }
    statements
}

/// The condition that the project `p` is the one whose name was read, and is not archived.
const UNCHANGED_PROJECT: &str =
    "p.org_id = :org AND p.id = :project AND p.name = :project_name AND p.archived_at IS NULL";

/// Gives a team another name, and its groups: `groups` has the id and the new name of each. The project must still have
/// the name from which the groups' names were made.
pub fn rename_team(
    tenant: &Tenant<'_>,
    project: &Project,
    team: &str,
    name: &str,
    groups: &[(String, String)],
) -> Vec<Statement> {
    let sql = format!(
        "UPDATE teams SET name = :name, name_fold = :name_fold
         WHERE id = :team AND name <> :name AND project_id = (SELECT p.id FROM projects p WHERE {UNCHANGED_PROJECT})"
    );
    let bindings = [
        text("team", team),
        text("project", project.id.as_str()),
        text("project_name", project.name.as_str()),
        text("name", name),
        text("name_fold", fold_group_name(name)),
    ];
    let mut statements =
        vec![events::groups::team_renamed(tenant, &bindings), tenant.statement(&sql, &bindings), guard()];
    statements.extend(rename_groups(tenant, &project.id, groups));
    statements
}

/// Gives a role of a project another name, and its group: `group` has its id and its new name. The role must still be
/// called `before`, and the project have the name from which the group's name was made.
pub fn rename_role(
    tenant: &Tenant<'_>,
    project: &Project,
    (group, display_name): (&str, &str),
    before: &str,
    name: &str,
) -> Vec<Statement> {
    let sql = format!(
        "UPDATE groups SET role = :name WHERE org_id = :org AND id = :group AND team_id IS NULL AND role = :before
           AND project_id = (SELECT p.id FROM projects p WHERE {UNCHANGED_PROJECT})"
    );
    let bindings = [
        text("group", group),
        text("project", project.id.as_str()),
        text("project_name", project.name.as_str()),
        text("before", before),
        text("name", name),
    ];
    let mut statements = vec![tenant.statement(&sql, &bindings), guard()];
    let role = Transition { before: before.to_owned(), after: name.to_owned() };
    let renamed = Event::RoleRenamed { role, project: named(project) };
    statements.extend(events::record(tenant, &[NewEvent::new(renamed, SubjectType::Group, group)]));
    statements.extend(rename_groups(tenant, &project.id, &[(group.to_owned(), display_name.to_owned())]));
    statements
}

/// Deletes a role of a project with its group; people stay. It must be no role that every project has.
pub fn delete_role(tenant: &Tenant<'_>, project: &str, group: &str) -> Vec<Statement> {
    let sql = "SELECT iif(EXISTS (SELECT 1 FROM groups g CROSS JOIN projects p ON p.id = g.project_id
                 WHERE g.org_id = :org AND g.id = :group AND g.team_id IS NULL AND p.id = :project
                   AND p.archived_at IS NULL
                   AND NOT EXISTS (SELECT 1 FROM json_each(:built_in) j WHERE j.value = g.role)),
                 '', json('stale'))";
    let built_in = Value::from(PROJECT_ROLES.as_slice()).to_string();
    let bindings = [text("group", group), text("project", project), text("built_in", built_in)];
    let mut statements = vec![tenant.statement(sql, &bindings)];
    statements.extend(groups::delete_all(tenant, &[group]));
    statements
}

/// Archives a project: SCIM no longer sees its groups, and their memberships are deleted.
pub fn archive(tenant: &Tenant<'_>, id: &str) -> Vec<Statement> {
    let statement = |sql| tenant.statement(sql, &[text("id", id)]);
    let [ended, delete_memberships] = groups::end_memberships(tenant, Doomed::OfProject, id);
    vec![
        events::groups::project_archived(tenant, id),
        ended,
        events::groups::hidden(tenant, id),
        statement("UPDATE projects SET archived_at = :now WHERE org_id = :org AND id = :id AND archived_at IS NULL"),
        guard(),
        statement(
            "INSERT INTO archived_groups (id, project_id, team_id, role, display_name, name_fold, external_id,
               external_id_sent, version, created_at)
             SELECT id, project_id, team_id, role, display_name, name_fold, external_id, external_id_sent, version,
               created_at
             FROM groups WHERE project_id = :id AND org_id = :org",
        ),
        delete_memberships,
        statement("DELETE FROM groups WHERE project_id = :id AND org_id = :org"),
    ]
}

/// Restores an archived project. Its groups have their old ids and no members.
pub fn restore(tenant: &Tenant<'_>, id: &str) -> Vec<Statement> {
    let statement = |sql| tenant.statement(sql, &[text("id", id)]);
    vec![
        events::groups::project_restored(tenant, id),
        events::groups::shown(tenant, id),
        statement(
            "UPDATE projects SET archived_at = NULL
             WHERE org_id = :org AND id = :id AND archived_at IS NOT NULL",
        ),
        guard(),
        statement(
            "INSERT INTO groups (org_id, id, project_id, team_id, role, display_name, name_fold, external_id,
               external_id_sent, version, created_at, last_modified)
             SELECT :org, id, project_id, team_id, role, display_name, name_fold, external_id, external_id_sent,
               version + 1, created_at, :now
             FROM archived_groups WHERE project_id = :id ORDER BY team_id IS NOT NULL, created_at, display_name",
        ),
        statement("DELETE FROM archived_groups WHERE project_id = :id"),
    ]
}

/// Deletes a team with both its groups; people stay.
pub fn delete_team(tenant: &Tenant<'_>, project: &str, team: &str) -> Vec<Statement> {
    let sql = "DELETE FROM teams WHERE id = :team AND project_id = (
                 SELECT id FROM projects WHERE org_id = :org AND id = :project AND archived_at IS NULL)";
    let mut statements = vec![events::groups::team_deleted(tenant, team)];
    statements.extend(groups::end_memberships(tenant, Doomed::OfTeam, team));
    statements.push(tenant.statement(sql, &[text("project", project), text("team", team)]));
    statements.push(guard());
    statements
}

/// Whether a unique index on the name of a project or a team refused a write.
pub fn name_is_taken(error: &StorageError) -> bool {
    matches!(&**error, StorageErrorKind::Taken(columns)
        if columns.contains("projects.name_fold") || columns.contains("teams.name_fold"))
}
