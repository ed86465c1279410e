//! Projects, roles and teams.

use serde_json::Value;

use super::{Console, Fields, Reply, check_name as check, list, text};
use crate::d1::audit_log::Outcome;
use crate::d1::projects::{self as stored, RoleGroup};
use crate::d1::{Batch, Statement, StorageError, Tenant, groups};
use crate::http::Problem;
use crate::runtime::ids;
use directory::group_name::{PROJECT_ROLES, Project, fold_group_name, project_role, team_role};
use scim_protocol::Object;
use scim_protocol::json::object;

/// Most custom roles that a project is created with.
pub(crate) const MOST_ROLES: usize = 100;

pub(crate) async fn all(console: &Console<'_>, org: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let rows = console.all_of(&tenant, stored::described(&tenant, None)).await?;
    Ok(Reply::ok(object! {"projects": stored::read_described(rows)?}))
}

pub(crate) async fn create(console: &Console<'_>, org: &str, body: Object) -> Result<Reply, Problem> {
    let (name, roles) =
        Fields::read(body, |fields| Ok((fields.text("name")?, fields.texts("roles")?.unwrap_or_default())))?;
    check("project", &name)?;
    if roles.len() > MOST_ROLES {
        return Err(Problem::new(
            400,
            format!("A project is created with at most {MOST_ROLES} custom roles."),
        ));
    }
    for (index, role) in roles.iter().enumerate() {
        check("role", role)?;
        let earlier = roles.iter().take(index).map(String::as_str);
        if PROJECT_ROLES
            .into_iter()
            .chain(earlier)
            .any(|other| fold_group_name(other) == fold_group_name(role))
        {
            return Err(Problem::new(400, format!("The role \"{role}\" is named twice, or is built in.")));
        }
    }
    let tenant = console.tenant(org);
    console.open(&tenant, Batch::new()).await?;
    let id = ids::new_id()?;
    let groups = stored::project_groups(&console.catalog.group_prefix, &name, &roles)?;
    let outcome = about(201, &id, &name, format!("Created the project {name}."));
    let statements = stored::insert_project(&tenant, &id, &name, &groups);
    Ok(Reply::created(written(console, &tenant, &id, &name, &outcome, statements).await?))
}

/// Gives a project another name. Its groups follow, under their ids.
pub(crate) async fn rename(
    console: &Console<'_>,
    org: &str,
    project: &str,
    body: Object,
) -> Result<Reply, Problem> {
    let name = Fields::read(body, |fields| fields.text("name"))?;
    check("project", &name)?;
    let tenant = console.tenant(org);
    let current = unarchived(console, &tenant, project).await?;
    if text(&current, "name") == name {
        return Ok(Reply::ok(current));
    }
    let prefix = console.catalog.group_prefix.as_str();
    let mut groups = Vec::new();
    for role in list(&current, "roles") {
        groups.push((group_id(role), project_role(prefix, &name, text(role, "name"))));
    }
    for team in list(&current, "teams") {
        for role in list(team, "roles") {
            groups.push((group_id(role), team_role(prefix, &name, text(team, "name"), text(role, "name"))));
        }
    }
    let detail = format!("Renamed the project {} to {name}.", text(&current, "name"));
    let statements = stored::rename(&tenant, project, &name, &groups);
    let outcome = about(200, project, &name, detail);
    Ok(Reply::ok(written(console, &tenant, project, &name, &outcome, statements).await?))
}

/// Takes a project and its groups out of SCIM's sight, and everybody out of its roles.
pub(crate) async fn archive(console: &Console<'_>, org: &str, project: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let name = text(&unarchived(console, &tenant, project).await?, "name").to_owned();
    let outcome = about(200, project, &name, format!("Archived the project {name}."));
    let statements = stored::archive(&tenant, project);
    Ok(Reply::ok(written(console, &tenant, project, &name, &outcome, statements).await?))
}

/// Brings an archived project back, its groups under their ids, with nobody in them.
pub(crate) async fn restore(console: &Console<'_>, org: &str, project: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let current = read(console, &tenant, project).await?;
    if !is_archived(&current) {
        return Err(Problem::new(409, "The project is not archived."));
    }
    let name = text(&current, "name");
    let outcome = about(200, project, name, format!("Restored the project {name}."));
    let statements = stored::restore(&tenant, project);
    Ok(Reply::ok(written(console, &tenant, project, name, &outcome, statements).await?))
}

pub(crate) async fn create_role(
    console: &Console<'_>,
    org: &str,
    project: &str,
    body: Object,
) -> Result<Reply, Problem> {
    let name = Fields::read(body, |fields| fields.text("name"))?;
    check("role", &name)?;
    let tenant = console.tenant(org);
    let current = unarchived(console, &tenant, project).await?;
    let display_name = project_role(&console.catalog.group_prefix, text(&current, "name"), &name);
    let group = stored::role_group(&name, display_name)?;
    let outcome = made(&group, format!("Created the role {name} of the project {}.", text(&current, "name")));
    let written = console
        .write(&tenant, &outcome, Batch::from_iter(stored::insert_role(&tenant, &named(&current), &group)))
        .await;
    written.map_err(|error| taken(error, "role", &group.role))?;
    Ok(Reply::created(described(&group)))
}

pub(crate) async fn create_team(
    console: &Console<'_>,
    org: &str,
    project: &str,
    body: Object,
) -> Result<Reply, Problem> {
    let name = Fields::read(body, |fields| fields.text("name"))?;
    check("team", &name)?;
    let tenant = console.tenant(org);
    let current = unarchived(console, &tenant, project).await?;
    let id = ids::new_id()?;
    let groups = stored::team_groups(&console.catalog.group_prefix, text(&current, "name"), &name)?;
    let [_, member] = &groups;
    let outcome = made(member, format!("Created the team {name} of the project {}.", text(&current, "name")));
    let batch = Batch::from_iter(stored::insert_team(&tenant, &id, &named(&current), &name, &groups));
    let written = console.write(&tenant, &outcome, batch).await;
    written.map_err(|error| taken(error, "team", &name))?;
    let roles: Vec<Value> = groups.iter().map(described).collect();
    Ok(Reply::created(object! {"id": id, "name": name, "roles": roles}))
}

/// Deletes a team with both its groups, as a push can; people stay.
pub(crate) async fn delete_team(
    console: &Console<'_>,
    org: &str,
    project: &str,
    team: &str,
) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let current = unarchived(console, &tenant, project).await?;
    let found = list(&current, "teams").iter().find(|each| text(each, "id") == team);
    let found = found.ok_or_else(|| Problem::new(404, "There is no such team in this project."))?;
    let group = list(found, "roles").first().map(group_id).unwrap_or_default();
    let doomed = console.all_of(&tenant, stored::doomed(&tenant, &group)).await?;
    let detail = format!(
        "Deleted the team {} of the project {}. {}",
        text(found, "name"),
        text(&current, "name"),
        stored::describe_doomed(&doomed)
    );
    let outcome = about(200, project, text(&current, "name"), detail);
    let batch = Batch::from_iter(stored::delete_team(&tenant, project, team));
    console.write(&tenant, &outcome, batch).await?;
    Ok(Reply::ok(object! {"id": team, "name": text(found, "name")}))
}

/// Runs the statements of a write to a project, and describes the project as it is then.
async fn written(
    console: &Console<'_>,
    tenant: &Tenant<'_>,
    id: &str,
    name: &str,
    outcome: &Outcome,
    statements: Vec<Statement>,
) -> Result<Value, Problem> {
    let mut batch = Batch::from_iter(statements);
    let project = batch.push(stored::described(tenant, Some(id)));
    let results = console.write(tenant, outcome, batch).await;
    let results = results.map_err(|error| taken(error, "project", name))?;
    Ok(stored::read_described(results.all(project)?)?.pop().ok_or(StorageError::Stale)?)
}

async fn read(console: &Console<'_>, tenant: &Tenant<'_>, project: &str) -> Result<Value, Problem> {
    let rows = console.all_of(tenant, stored::described(tenant, Some(project))).await?;
    let found = stored::read_described(rows)?.pop();
    found.ok_or_else(|| Problem::new(404, "There is no such project in this organization."))
}

async fn unarchived(console: &Console<'_>, tenant: &Tenant<'_>, project: &str) -> Result<Value, Problem> {
    let found = read(console, tenant, project).await?;
    if is_archived(&found) {
        return Err(Problem::new(409, "The project is archived. Restore it first."));
    }
    Ok(found)
}

fn named(project: &Value) -> Project {
    Project { id: text(project, "id").to_owned(), name: text(project, "name").to_owned() }
}

fn is_archived(project: &Value) -> bool {
    !text(project, "archived_at").is_empty()
}

fn group_id(role: &Value) -> String {
    role.get("group").map(|group| text(group, "id").to_owned()).unwrap_or_default()
}

fn about(status: u16, id: &str, name: &str, detail: String) -> Outcome {
    Outcome::of(status, "Project", id, name).with_detail(detail)
}

fn made(group: &RoleGroup, detail: String) -> Outcome {
    Outcome::of(201, "Group", &group.id, &group.display_name).with_detail(detail)
}

fn described(group: &RoleGroup) -> Value {
    let shown = object! {"id": group.id.as_str(), "display_name": group.display_name.as_str(), "pushed_at": Value::Null};
    object! {"name": group.role.as_str(), "group": shown}
}

fn taken(error: StorageError, what: &str, name: &str) -> Problem {
    if stored::name_is_taken(&error) || groups::name_is_taken(&error) {
        return Problem::new(
            409,
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
