//! The statements that carry out a step of an undo for groups, teams, projects and settings.

use serde::Deserialize;
use serde_json::{Value, json};

use super::history::Scope;
use super::plan::PlannedThing;
use super::things::check_unused;
use crate::d1::batch::{Batch, Select};
use crate::d1::organizations::{self, Settings};
use crate::d1::projects::{self, MOST_ROLES, MOST_TEAMS, bounded};
use crate::d1::statement::{Statement, text};
use crate::d1::tenant::{Tenant, guard};
use crate::d1::{Database, StorageError, events, groups};
use directory::event::{Event, Named, NewEvent, SubjectType, Transition};
use directory::group_name::{Project, fold_group_name, project_role, team_role};
use directory::undo::{DeletedGroup, Existence, Place, ProjectNow};
use scim_protocol::Object;
use scim_protocol::json::read_exactly;
use scim_protocol::text::{compose, is_composed};

/// Pushes the statements for things of one place, unless one of them was changed since it was read.
pub(super) async fn of_things(
    database: &Database,
    batch: &mut Batch,
    tenant: &Tenant<'_>,
    scope: Scope<'_>,
    things: &[PlannedThing],
) -> Result<(), StorageError> {
    let removed: Vec<&str> = things
        .iter()
        .filter(|thing| thing.plan.existence == Existence::Deleted)
        .map(|thing| thing.loaded.id())
        .collect();
    if !removed.is_empty() {
        batch.execute(check_unused(tenant, &scope.bindings(&removed)));
    }
    let of = |place: Place| things.iter().filter(move |thing| thing.loaded.place == place);
    for thing in of(Place::CreatedTeam).filter(|thing| removed.contains(&thing.loaded.id())) {
        let project = project_of(thing)?;
        batch.extend(projects::delete_team(tenant, &project.id, thing.loaded.id()));
    }
    let created: Vec<&str> =
        of(Place::CreatedGroup).map(|thing| thing.loaded.id()).filter(|id| removed.contains(id)).collect();
    if !created.is_empty() {
        batch.extend(groups::delete_all(tenant, &created));
    }
    for thing in of(Place::RestoredProject).filter(|thing| removed.contains(&thing.loaded.id())) {
        batch.extend(projects::archive(tenant, thing.loaded.id()));
    }
    for thing in of(Place::Project) {
        if thing.plan.existence == Existence::Undeleted {
            batch.extend(projects::restore(tenant, thing.loaded.id()));
        }
        if let Some(name) = &thing.plan.name {
            batch.extend(rename(database, tenant, thing, name).await?);
        }
    }
    for thing in of(Place::Organization).filter(|thing| !thing.plan.settings.is_empty()) {
        batch.extend(set_back(tenant, thing)?);
    }
    for thing in of(Place::Team) {
        match (thing.plan.existence, &thing.plan.name) {
            (Existence::Undeleted, _) => batch.extend(return_team(tenant, thing)?),
            (Existence::Stays, Some(name)) => batch.extend(rename_team(database, tenant, thing, name).await?),
            _ => {}
        }
    }
    let mut returning = Vec::new();
    for thing in of(Place::Group).filter(|thing| thing.plan.existence == Existence::Undeleted) {
        let project = thing.plan.returning.iter().any(|each| each.group.project.is_some());
        let project = project.then(|| project_of(thing)).transpose()?;
        returning.extend(thing.plan.returning.iter().map(|each| (each, project)));
    }
    if !returning.is_empty() {
        batch.extend(return_groups(tenant, &returning, None));
    }
    let updated = of(Place::Group).filter(|thing| thing.plan.existence == Existence::Stays);
    batch.extend(update_groups(tenant, updated));
    Ok(())
}

fn project_of(thing: &PlannedThing) -> Result<&ProjectNow, StorageError> {
    let project = thing.loaded.row.project.as_ref();
    project.ok_or_else(|| StorageError::internal("a team or role has no project".to_owned()))
}

fn update_groups<'t>(tenant: &Tenant<'_>, things: impl Iterator<Item = &'t PlannedThing>) -> Vec<Statement> {
    let (mut statements, mut all) = (Vec::new(), Vec::new());
    for PlannedThing { loaded, plan, .. } in things {
        let (Some(row), Some(after)) = (&loaded.row.group, &plan.group) else { continue };
        let (mut before, mut version) = (row.group(), row.version);
        if let (Some(name), Some(role), Some(project)) = (&plan.name, &row.role, &loaded.row.project) {
            let project = Project { id: project.id.clone(), name: project.name.clone() };
            let group = (loaded.id(), after.display_name.as_str());
            statements.extend(projects::rename_role(tenant, &project, group, role, name));
            before.display_name.clone_from(&after.display_name);
            version = version.saturating_add(1);
        }
        if before == *after {
            continue;
        }
        statements.extend(groups::set_back(tenant, loaded.id(), version, after));
        let event = Event::GroupUpdated {
            name: Transition { before: before.display_name, after: after.display_name.clone() },
            external_id: Transition { before: before.external_id, after: after.external_id.clone() },
        };
        all.push(NewEvent::new(event, SubjectType::Group, loaded.id()));
    }
    statements.extend(events::record(tenant, &all));
    statements
}

/// A group of a project.
#[derive(Deserialize)]
struct Role {
    id: String,
    role: String,
    team: Option<String>,
    team_id: Option<String>,
    /// That of the organization's groups.
    prefix: Option<String>,
}

async fn roles_of(
    database: &Database,
    tenant: &Tenant<'_>,
    project: &str,
) -> Result<Vec<Role>, StorageError> {
    let select: Select<Role> = tenant.select_json(
        "SELECT json_object('id', g.id, 'role', g.role, 'team', t.name, 'team_id', t.id,
           'prefix', (SELECT group_prefix FROM organizations WHERE id = :org)) AS json FROM (
           SELECT id, role, team_id FROM groups WHERE +org_id = :org AND project_id = :id
           UNION ALL
           SELECT a.id, a.role, a.team_id FROM projects p CROSS JOIN archived_groups a ON a.project_id = p.id
           WHERE p.id = :id AND p.org_id = :org) g LEFT JOIN teams t ON t.id = g.team_id",
        &[text("id", project)],
    );
    database.run(select).await
}

/// Gives a team its former name, and its groups theirs.
async fn rename_team(
    database: &Database,
    tenant: &Tenant<'_>,
    thing: &PlannedThing,
    name: &str,
) -> Result<Vec<Statement>, StorageError> {
    let (project, id) = (project_of(thing)?, thing.loaded.id());
    let roles = roles_of(database, tenant, &project.id).await?.into_iter();
    let renamed =
        roles.filter(|role| role.team_id.as_deref() == Some(id)).map(|Role { id, role, prefix, .. }| {
            let prefix = prefix.as_deref().unwrap_or(&tenant.catalog.group_prefix);
            (id, team_role(prefix, &project.name, name, &role))
        });
    let renamed: Vec<(String, String)> = renamed.collect();
    let project = Project { id: project.id.clone(), name: project.name.clone() };
    Ok(projects::rename_team(tenant, &project, id, name, &renamed))
}

/// Gives a project its former name, and its groups theirs.
async fn rename(
    database: &Database,
    tenant: &Tenant<'_>,
    thing: &PlannedThing,
    name: &str,
) -> Result<Vec<Statement>, StorageError> {
    let roles = roles_of(database, tenant, thing.loaded.id()).await?;
    let renamed = roles.into_iter().map(|Role { id, role, team, prefix, .. }| {
        let prefix = prefix.as_deref().unwrap_or(&tenant.catalog.group_prefix);
        let name = match team {
            Some(team) => team_role(prefix, name, &team, &role),
            None => project_role(prefix, name, &role),
        };
        (id, name)
    });
    let renamed: Vec<(String, String)> = renamed.collect();
    Ok(projects::rename(tenant, thing.loaded.id(), Some(name), &renamed))
}

/// Sets settings back, unless one was changed since they were read.
fn set_back(tenant: &Tenant<'_>, thing: &PlannedThing) -> Result<Vec<Statement>, StorageError> {
    let unlimited = |(name, value): (&String, &Value)| {
        // 0 stands for no limit.
        (name.clone(), if value.is_null() { Value::from(0) } else { value.clone() })
    };
    let wanted: Object = thing.plan.settings.iter().map(unlimited).collect();
    let settings: Settings = read_exactly(&wanted)
        .map_err(|error| StorageError::internal(format!("an event has settings that are none: {error}")))?;
    let modified = thing.loaded.settings.get("last_modified").and_then(Value::as_str);
    let modified =
        modified.ok_or_else(|| StorageError::internal("an organization has no time".to_owned()))?;
    let unchanged = tenant.statement(
        "SELECT iif((SELECT last_modified FROM organizations WHERE id = :org) = :modified, '', json('stale'))",
        &[text("modified", modified)],
    );
    Ok([vec![unchanged], organizations::update(tenant, &settings).statements].concat())
}

/// Inserts a deleted team again with its groups, under their ids.
fn return_team(tenant: &Tenant<'_>, thing: &PlannedThing) -> Result<Vec<Statement>, StorageError> {
    let project = project_of(thing)?;
    let name = thing.plan.name.as_deref();
    let name = name.ok_or_else(|| StorageError::internal("a deleted team has no name".to_owned()))?;
    let id = thing.loaded.id();
    let sql = format!(
        "INSERT INTO teams (id, project_id, name, name_fold, created_at)
         SELECT :id, {}, :name, :name_fold, (
             SELECT e.data ->> '$.created_at'
             FROM event_subjects s CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
             WHERE s.org_id = p.org_id AND s.subject_id = :id AND e.type = 'team.deleted'
             ORDER BY s.seq DESC LIMIT 1)
         FROM projects p WHERE p.org_id = :org AND p.id = :project AND p.archived_at IS NULL",
        bounded("teams WHERE project_id = p.id", MOST_TEAMS, "teams", "p.id")
    );
    let bindings = [
        text("id", id),
        text("project", project.id.as_str()),
        text("name", name),
        text("name_fold", fold_group_name(name)),
    ];
    let created = Event::TeamCreated {
        name: name.to_owned(),
        project: Named { id: project.id.clone(), name: project.name.clone() },
    };
    let mut statements = vec![tenant.statement(&sql, &bindings), guard()];
    statements.extend(events::record(tenant, &[NewEvent::new(created, SubjectType::Team, id)]));
    let groups: Vec<_> = thing.plan.returning.iter().map(|each| (each, Some(project))).collect();
    statements.extend(return_groups(tenant, &groups, Some(id)));
    Ok(statements)
}

/// Inserts deleted groups again, under their ids. The projects of roles must still have the names that were read.
pub(super) fn return_groups(
    tenant: &Tenant<'_>,
    groups: &[(&DeletedGroup, Option<&ProjectNow>)],
    team: Option<&str>,
) -> Vec<Statement> {
    let row = |(deleted, project): &(&DeletedGroup, Option<&ProjectNow>)| {
        let DeletedGroup { group, created_at, pushed_at, version } = deleted;
        let external_id = group.external_id.as_deref();
        json!({
            "id": group.id,
            "project": project.map(|project| project.id.as_str()),
            "project_name": project.map(|project| project.name.as_str()),
            "team": team,
            "role": group.role,
            "display_name": group.name,
            "name_fold": fold_group_name(&group.name),
            "external_id": external_id.map(compose).as_deref(),
            "external_id_sent": external_id.filter(|sent| !is_composed(sent)),
            "pushed_at": pushed_at,
            "created_at": created_at,
            "version": version,
        })
    };
    let rows: Value = groups.iter().map(row).collect();
    let role = bounded("groups WHERE project_id = p.id AND team_id IS NULL", MOST_ROLES, "roles", "p.id");
    let insert = format!(
        "INSERT INTO groups (org_id, id, project_id, team_id, role, display_name, name_fold, external_id,
           external_id_sent, pushed_at, version, created_at, last_modified)
         SELECT :org, j.value ->> 'id', iif(p.id IS NULL OR j.value ->> 'team' IS NOT NULL, p.id, {role}),
           j.value ->> 'team', j.value ->> 'role', j.value ->> 'display_name', j.value ->> 'name_fold',
           j.value ->> 'external_id', j.value ->> 'external_id_sent', j.value ->> 'pushed_at',
           coalesce(j.value ->> 'version', 0) + 1, j.value ->> 'created_at', :now
         FROM json_each(:rows) j LEFT JOIN projects p ON +p.org_id = :org AND p.id = j.value ->> 'project'
           AND p.name = j.value ->> 'project_name' AND p.archived_at IS NULL
         WHERE p.id IS NOT NULL OR j.value ->> 'project' IS NULL
         ORDER BY j.key"
    );
    let rows = [text("rows", rows.to_string())];
    let complete = "SELECT iif(changes() = json_array_length(:rows), '', json('stale'))";
    let mut statements = vec![tenant.statement(&insert, &rows), tenant.statement(complete, &rows)];
    let created = groups.iter().map(|(deleted, _)| {
        let event = Event::GroupCreated { group: deleted.group.clone() };
        NewEvent::new(event, SubjectType::Group, &deleted.group.id)
    });
    statements.extend(events::record(tenant, &created.collect::<Vec<_>>()));
    statements
}
