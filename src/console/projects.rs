//! Projects, roles and teams.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Console, Problem, Reply};
use crate::directory::group_name::{PROJECT_ROLES, check_name, project_role};
use crate::scim::text::equal_fold;
use crate::store::projects::{self as stored, RoleGroup};
use crate::store::{StoreError, groups, platform};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProject {
    name: String,
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    name: String,
}

pub(super) async fn all(console: &Console<'_>, org: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let projects = console.all_of(&tenant, stored::described(&tenant, None)).await?;
    Ok(Reply::ok(json!({"projects": projects})))
}

pub(super) async fn create(console: &Console<'_>, org: &str, new: NewProject) -> Result<Reply, Problem> {
    check("project", &new.name)?;
    for (index, role) in new.roles.iter().enumerate() {
        check("role", role)?;
        let earlier = new.roles.iter().take(index).map(String::as_str);
        if PROJECT_ROLES.into_iter().chain(earlier).any(|other| equal_fold(other, role)) {
            return Err(Problem::new(400, format!("The role \"{role}\" is named twice, or is built in.")));
        }
    }
    let tenant = console.tenant(org);
    let id = platform::new_id()?;
    let groups = stored::project_groups(&console.catalog.group_prefix, &new.name, &new.roles)?;
    let mut statements = stored::insert_project(&tenant, &id, &new.name, &groups);
    statements.push(stored::described(&tenant, Some(&id)));
    let described = console.written(&statements).await.map_err(|error| taken(error, "project", &new.name))?;
    Ok(Reply::created(described))
}

pub(super) async fn create_role(
    console: &Console<'_>,
    org: &str,
    project: &str,
    new: Named,
) -> Result<Reply, Problem> {
    check("role", &new.name)?;
    let tenant = console.tenant(org);
    let project_name = name_of_project(console, org, project).await?;
    let display_name = project_role(&console.catalog.group_prefix, &project_name, &new.name);
    let group = stored::role_group(&new.name, display_name)?;
    console
        .database
        .batch(&stored::insert_role(&tenant, project, &group))
        .await
        .map_err(|error| taken(error, "role", &group.role))?;
    Ok(Reply::created(described(&group)))
}

pub(super) async fn create_team(
    console: &Console<'_>,
    org: &str,
    project: &str,
    new: Named,
) -> Result<Reply, Problem> {
    check("team", &new.name)?;
    let tenant = console.tenant(org);
    let project_name = name_of_project(console, org, project).await?;
    let id = platform::new_id()?;
    let groups = stored::team_groups(&console.catalog.group_prefix, &project_name, &new.name)?;
    console
        .database
        .batch(&stored::insert_team(&tenant, &id, project, &new.name, &groups))
        .await
        .map_err(|error| taken(error, "team", &new.name))?;
    let roles: Vec<Value> = groups.iter().map(described).collect();
    Ok(Reply::created(json!({"id": id, "name": new.name, "roles": roles})))
}

async fn name_of_project(console: &Console<'_>, org: &str, project: &str) -> Result<String, Problem> {
    let tenant = console.tenant(org);
    let found = console.one(stored::one(&tenant, project), "project in this organization").await?;
    Ok(found.get("name").and_then(Value::as_str).unwrap_or_default().to_owned())
}

fn described(group: &RoleGroup) -> Value {
    json!({"name": group.role, "group": {"id": group.id, "display_name": group.display_name}})
}

fn check(what: &str, name: &str) -> Result<(), Problem> {
    check_name(what, name).map_err(|detail| Problem::new(400, detail))
}

fn taken(error: StoreError, what: &str, name: &str) -> Problem {
    if stored::name_is_taken(&error) || groups::name_is_taken(&error) {
        return Problem::new(
            409,
            format!(
                "The {what} \"{name}\" exists already, or one of its groups would have the name of another group. Choose \
                 another name."
            ),
        );
    }
    error.into()
}
