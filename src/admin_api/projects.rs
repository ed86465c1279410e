//! Projects, roles and teams.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::context::{AdminContext, InOrganization, check_name};
use super::project_views::{no_project, no_role, no_team};
use super::reply::Reply;
use super::types::Named;
use super::types::consequences::{Confirmation, ConfirmationQuery};
use super::types::organizations::Organization;
use super::types::projects::{
    AllProjectsQuery, NewName, NewProject, Project as Described, ProjectList, Role,
    RoleGroup as DescribedGroup, Team,
};
use crate::d1::audit_log::Outcome;
use crate::d1::consequences::{self, Change};
use crate::d1::project_list::{ProjectPart, Wanted, described as read_projects};
use crate::d1::projects::{self as stored, RoleGroup};
use crate::d1::{Batch, Statement, StorageError, Tenant, groups};
use crate::http::{AdminCode, Problem};
use crate::runtime::ids;
use directory::group_name::{PROJECT_ROLES, Project, fold_group_name, project_role, team_role};
use scim_protocol::json;

/// Most custom roles that a project is created with.
pub(crate) const MOST_ROLES: usize = 100;

/// Lists projects with their roles and teams, the oldest first.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
    AllProjectsQuery { after, count }: AllProjectsQuery,
) -> Result<InOrganization<ProjectList>, Problem> {
    let after = match after.as_deref() {
        None => ("", ""),
        Some(after) => after.split_once('~').ok_or_else(|| {
            Problem::of(AdminCode::InvalidParameter, "\"after\" must be the \"next\" of the previous page.")
        })?,
    };
    let tenant = context.tenant(org);
    let wanted = Wanted::Page { after, count: count.0 };
    let found = context.select(&tenant, read_projects(&tenant, wanted)).await?;
    let most = usize::from(count.0);
    let mut places: Vec<String> = found.answer.iter().filter_map(|part| part.place.clone()).collect();
    let mut projects = assemble(found.answer)?;
    let has_more = projects.len() > most;
    projects.truncate(most);
    places.truncate(most);
    let next = places.pop().filter(|_| has_more);
    Ok(InOrganization { organization: found.organization, answer: ProjectList { projects, next } })
}

/// Creates a project with the built-in roles and custom ones.
pub(crate) async fn create(
    context: &AdminContext<'_>,
    org: &str,
    request: NewProject,
) -> Result<Reply<Described>, Problem> {
    let NewProject { name, roles } = request;
    let roles = roles.unwrap_or_default();
    check_name("project", &name)?;
    if roles.len() > MOST_ROLES {
        return Err(Problem::of(
            AdminCode::OutOfRange,
            format!("A project is created with at most {MOST_ROLES} custom roles."),
        ));
    }
    for (index, role) in roles.iter().enumerate() {
        check_name("role", role)?;
        let earlier = roles.iter().take(index).map(String::as_str);
        if PROJECT_ROLES
            .into_iter()
            .chain(earlier)
            .any(|other| fold_group_name(other) == fold_group_name(role))
        {
            return Err(Problem::of(
                AdminCode::RoleNamedTwice,
                format!("The role \"{role}\" is named twice, or is built in."),
            ));
        }
    }
    let tenant = context.tenant(org);
    let organization = context.open(&tenant, Batch::new()).await?.organization;
    let id = ids::new_id()?;
    let groups = stored::project_groups(prefix_of(context, &organization), &name, &roles)?;
    let outcome = about(201, &id, &name, format!("Created the project {name}."));
    let statements = stored::insert_project(&tenant, &id, &name, &groups);
    Ok(Reply::created(written(context, &tenant, &id, &name, &outcome, statements).await?))
}

/// Gives a project another name. Its groups follow, under their ids. A project that has the name gets the
/// organization's prefix, where its groups have another.
pub(crate) async fn rename(
    context: &AdminContext<'_>,
    org: &str,
    project: &str,
    request: NewName,
) -> Result<Reply<Described>, Problem> {
    let name = request.name;
    check_name("project", &name)?;
    let tenant = context.tenant(org);
    let (organization, current) = unarchived(context, &tenant, project).await?;
    let prefix = prefix_of(context, &organization);
    let mut groups = Vec::new();
    for role in &current.roles {
        groups.push((&role.group, project_role(prefix, &name, &role.name)));
    }
    for team in &current.teams {
        for role in &team.roles {
            groups.push((&role.group, team_role(prefix, &name, &team.name, &role.name)));
        }
    }
    let has_name = current.name == name;
    if has_name && groups.iter().all(|(group, name)| group.display_name == *name) {
        return Ok(Reply::ok(current));
    }
    let detail = match has_name {
        true => format!("Renamed the groups of the project {name} to begin with {prefix}."),
        false => format!("Renamed the project {} to {name}.", &current.name),
    };
    let groups: Vec<(String, String)> =
        groups.into_iter().map(|(group, name)| (group.id.clone(), name)).collect();
    let statements = stored::rename(&tenant, project, (!has_name).then_some(name.as_str()), &groups);
    let outcome = about(200, project, &name, detail);
    Ok(Reply::ok(written(context, &tenant, project, &name, &outcome, statements).await?))
}

/// Archives a project: SCIM no longer sees its groups, and they lose their members.
pub(crate) async fn archive(
    context: &AdminContext<'_>,
    org: &str,
    project: &str,
    request: Confirmation,
) -> Result<Reply<Described>, Problem> {
    let tenant = context.tenant(org);
    let name = unarchived(context, &tenant, project).await?.1.name;
    let outcome = about(200, project, &name, format!("Archived the project {name}."));
    let check = consequences::check(&tenant, Change::Archive(project), request.confirm_people);
    let statements = [vec![check], stored::archive(&tenant, project)].concat();
    Ok(Reply::ok(written(context, &tenant, project, &name, &outcome, statements).await?))
}

/// Restores an archived project. Its groups have the same ids and no members.
pub(crate) async fn restore(
    context: &AdminContext<'_>,
    org: &str,
    project: &str,
) -> Result<Reply<Described>, Problem> {
    let tenant = context.tenant(org);
    let (_, current) = read(context, &tenant, project).await?;
    if current.archived_at.is_none() {
        return Err(Problem::of(AdminCode::ProjectNotArchived, "The project is not archived."));
    }
    let name = current.name.as_str();
    let outcome = about(200, project, name, format!("Restored the project {name}."));
    let statements = stored::restore(&tenant, project);
    Ok(Reply::ok(written(context, &tenant, project, name, &outcome, statements).await?))
}

pub(crate) async fn create_role(
    context: &AdminContext<'_>,
    org: &str,
    project: &str,
    request: NewName,
) -> Result<Reply<Role>, Problem> {
    let name = request.name;
    check_name("role", &name)?;
    let tenant = context.tenant(org);
    let (organization, current) = unarchived(context, &tenant, project).await?;
    let display_name = project_role(prefix_of(context, &organization), &current.name, &name);
    let group = stored::role_group(&name, display_name)?;
    let outcome = made(&group, format!("Created the role {name} of the project {}.", &current.name));
    let written = context
        .write_noting(
            &tenant,
            &outcome,
            Batch::from_iter(stored::insert_role(&tenant, &project_of(&current), &group)),
        )
        .await;
    written.map_err(|error| taken(error, "role", &group.role))?;
    Ok(Reply::created(described(&group)))
}

pub(crate) async fn create_team(
    context: &AdminContext<'_>,
    org: &str,
    project: &str,
    request: NewName,
) -> Result<Reply<Team>, Problem> {
    let name = request.name;
    check_name("team", &name)?;
    let tenant = context.tenant(org);
    let (organization, current) = unarchived(context, &tenant, project).await?;
    let id = ids::new_id()?;
    let groups = stored::team_groups(prefix_of(context, &organization), &current.name, &name)?;
    let [_, member] = &groups;
    let outcome = made(member, format!("Created the team {name} of the project {}.", &current.name));
    let written = context
        .write_noting(
            &tenant,
            &outcome,
            Batch::from_iter(stored::insert_team(&tenant, &id, &project_of(&current), &name, &groups)),
        )
        .await;
    written.map_err(|error| taken(error, "team", &name))?;
    Ok(Reply::created(Team { id, name, roles: groups.iter().map(described).collect() }))
}

/// Deletes a team with both its groups, as a push can. People stay.
pub(crate) async fn delete_team(
    context: &AdminContext<'_>,
    org: &str,
    project: &str,
    team: &str,
    query: ConfirmationQuery,
) -> Result<Reply<Named>, Problem> {
    let tenant = context.tenant(org);
    let (_, current) = unarchived(context, &tenant, project).await?;
    let found = current.teams.iter().find(|each| each.id == team);
    let found = found.ok_or_else(no_team)?;
    let role = found.roles.first().ok_or_else(|| StorageError::internal("a team has no role".to_owned()))?;
    let doomed = context.select(&tenant, stored::doomed(&tenant, &role.group.id)).await?.answer;
    let doomed = stored::describe_doomed(&doomed);
    let detail = format!("Deleted the team {} of the project {}. {doomed}", found.name, current.name);
    // As of the creation: no event of the deletion has the project as its subject, so that its id would not find it.
    let outcome = about_group(200, &role.group.id, &role.group.display_name, detail);
    let mut batch =
        Batch::from_iter([consequences::check(&tenant, Change::DeleteTeam(team), query.confirm_people)]);
    batch.extend(stored::delete_team(&tenant, project, team));
    context.write_noting(&tenant, &outcome, batch).await?;
    Ok(Reply::ok(Named { id: found.id.clone(), name: found.name.clone() }))
}

/// Gives a team another name. Its groups follow, under their ids.
pub(crate) async fn rename_team(
    context: &AdminContext<'_>,
    org: &str,
    project: &str,
    team: &str,
    request: NewName,
) -> Result<Reply<Team>, Problem> {
    let name = request.name;
    check_name("team", &name)?;
    let tenant = context.tenant(org);
    let (organization, current) = unarchived(context, &tenant, project).await?;
    let mut found = current.teams.iter().find(|each| each.id == team).cloned().ok_or_else(no_team)?;
    if found.name == name {
        return Ok(Reply::ok(found));
    }
    let prefix = prefix_of(context, &organization);
    let detail = format!("Renamed the team {} of the project {} to {name}.", found.name, current.name);
    for role in &mut found.roles {
        role.group.display_name = team_role(prefix, &current.name, &name, &role.name);
    }
    let groups: Vec<(String, String)> =
        found.roles.iter().map(|role| (role.group.id.clone(), role.group.display_name.clone())).collect();
    let group = found.roles.last().map(|role| &role.group);
    let group = group.ok_or_else(|| StorageError::internal("a team has no role".to_owned()))?;
    let outcome = about_group(200, &group.id, &group.display_name, detail);
    let statements = stored::rename_team(&tenant, &project_of(&current), team, &name, &groups);
    let written = context.write_noting(&tenant, &outcome, Batch::from_iter(statements)).await;
    written.map_err(|error| taken(error, "team", &name))?;
    found.name = name;
    Ok(Reply::ok(found))
}

/// The role of a project by the id of its group, which is no role that every project has.
fn custom_role<'p>(project: &'p Described, group: &str) -> Result<&'p Role, Problem> {
    let found = project.roles.iter().find(|role| role.group.id == group).ok_or_else(no_role)?;
    match PROJECT_ROLES.contains(&found.name.as_str()) {
        false => Ok(found),
        true => Err(Problem::of(
            AdminCode::BuiltInRole,
            format!("Every project has the role {}: it is neither renamed nor deleted.", found.name),
        )),
    }
}

/// Gives a custom role of a project another name. Its group follows, under its id.
pub(crate) async fn rename_role(
    context: &AdminContext<'_>,
    org: &str,
    project: &str,
    group: &str,
    request: NewName,
) -> Result<Reply<Role>, Problem> {
    let name = request.name;
    check_name("role", &name)?;
    let tenant = context.tenant(org);
    let (organization, current) = unarchived(context, &tenant, project).await?;
    let mut found = custom_role(&current, group)?.clone();
    if found.name == name {
        return Ok(Reply::ok(found));
    }
    let display_name = project_role(prefix_of(context, &organization), &current.name, &name);
    let detail = format!("Renamed the role {} of the project {} to {name}.", found.name, current.name);
    let outcome = about_group(200, group, &display_name, detail);
    let renamed = (group, display_name.as_str());
    let statements = stored::rename_role(&tenant, &project_of(&current), renamed, &found.name, &name);
    let written = context.write_noting(&tenant, &outcome, Batch::from_iter(statements)).await;
    written.map_err(|error| taken(error, "role", &name))?;
    (found.name, found.group.display_name) = (name, display_name);
    Ok(Reply::ok(found))
}

/// Deletes a custom role of a project with its group. People stay.
pub(crate) async fn delete_role(
    context: &AdminContext<'_>,
    org: &str,
    project: &str,
    group: &str,
    query: ConfirmationQuery,
) -> Result<Reply<Role>, Problem> {
    let tenant = context.tenant(org);
    let (_, current) = unarchived(context, &tenant, project).await?;
    let found = custom_role(&current, group)?;
    let detail = format!("Deleted the role {} of the project {}. People stay.", found.name, current.name);
    let outcome = about_group(200, group, &found.group.display_name, detail);
    let check = consequences::check(&tenant, Change::DeleteRole(group), query.confirm_people);
    let mut batch = Batch::from_iter([check]);
    batch.extend(stored::delete_role(&tenant, project, group));
    context.write_noting(&tenant, &outcome, batch).await?;
    Ok(Reply::ok(found.clone()))
}

/// Runs the statements of a write to a project, and reads the project as it is afterwards.
async fn written(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    id: &str,
    name: &str,
    outcome: &Outcome,
    statements: Vec<Statement>,
) -> Result<Described, Problem> {
    let mut batch = Batch::from_iter(statements);
    let project = batch.push(read_projects(tenant, Wanted::One(id)));
    let results = context.write_noting(tenant, outcome, batch).await;
    let results = results.map_err(|error| taken(error, "project", name))?;
    Ok(assemble(results.all(project)?)?.pop().ok_or_else(StorageError::stale)?)
}

/// What the names of the organization's role groups begin with.
fn prefix_of<'a>(context: &'a AdminContext<'_>, organization: &'a Organization) -> &'a str {
    organization.record.group_prefix.as_deref().unwrap_or(&context.catalog.group_prefix)
}

async fn read(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    project: &str,
) -> Result<(Box<Organization>, Described), Problem> {
    let InOrganization { organization, answer } =
        context.select(tenant, read_projects(tenant, Wanted::One(project))).await?;
    let found = assemble(answer)?.pop().ok_or_else(no_project)?;
    Ok((organization, found))
}

async fn unarchived(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    project: &str,
) -> Result<(Box<Organization>, Described), Problem> {
    let (organization, found) = read(context, tenant, project).await?;
    match found.archived_at {
        None => Ok((organization, found)),
        Some(_) => Err(Problem::of(AdminCode::ProjectArchived, "The project is archived. Restore it first.")),
    }
}

/// Assembles projects from the rows of [`read_projects`]: a project, then its roles and its teams.
pub(super) fn assemble(parts: Vec<ProjectPart>) -> Result<Vec<Described>, StorageError> {
    let mut projects: Vec<Described> = Vec::new();
    let orphan = || StorageError::internal("a role or a team comes before its project".to_owned());
    for ProjectPart { list, json, .. } in parts {
        match list.as_str() {
            "" => projects.push(part(&json)?),
            "roles" => projects.last_mut().ok_or_else(orphan)?.roles.push(part(&json)?),
            "teams" => projects.last_mut().ok_or_else(orphan)?.teams.push(part(&json)?),
            list => return Err(StorageError::internal(format!("a project has no list \"{list}\""))),
        }
    }
    Ok(projects)
}

fn part<T: DeserializeOwned>(part: &Value) -> Result<T, StorageError> {
    json::read(part)
        .map_err(|error| StorageError::internal(format!("a part of a project cannot be read: {error}")))
}

fn project_of(project: &Described) -> Project {
    Project { id: project.id.clone(), name: project.name.clone() }
}

fn about(status: u16, id: &str, name: &str, detail: String) -> Outcome {
    Outcome::of(status, "Project", id, name).with_detail(detail)
}

fn about_group(status: u16, id: &str, name: &str, detail: String) -> Outcome {
    Outcome::of(status, "Group", id, name).with_detail(detail)
}

fn made(group: &RoleGroup, detail: String) -> Outcome {
    about_group(201, &group.id, &group.display_name, detail)
}

fn described(group: &RoleGroup) -> Role {
    let shown =
        DescribedGroup { id: group.id.clone(), display_name: group.display_name.clone(), pushed_at: None };
    Role { name: group.role.clone(), group: shown }
}

fn taken(error: StorageError, what: &str, name: &str) -> Problem {
    if stored::name_is_taken(&error) || groups::name_is_taken(&error) {
        return Problem::of(
            AdminCode::NameTaken,
            format!(
                "The {what} \"{name}\" exists already, or one of its groups would have the name of another group, \
                 perhaps of an archived project. Choose another name, or rename what has it."
            ),
        );
    }
    match stored::too_many(&error) {
        Some(refusal) => refusal.into(),
        None => error.into(),
    }
}
