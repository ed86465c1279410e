//! Projects, teams, roles and plain groups, read a page at a time.

use super::context::{AdminContext, InOrganization, Opened};
use super::types::Named;
use super::types::groups::{GroupListQuery, PlainGroup, PlainGroups};
use super::types::members::MemberInList;
use super::types::projects::{
    Archived, ProjectDetail, ProjectInList, ProjectListQuery, ProjectQuery, ProjectSummaries, RoleDetail,
    RoleInList, TeamDetail, TeamInList, TeamRole,
};
use super::types::query::{Count, Skip};
use crate::d1::Batch;
use crate::d1::project_views::{self as stored, MemberOf, Page, Sort};
use crate::http::{AdminCode, Problem};

/// The `skip` of the next page, given one row more than a page has if there are more.
fn next<T>(rows: &mut Vec<T>, skip: Skip, count: Count) -> Option<u32> {
    count.truncate(rows).then(|| skip.0.saturating_add(count.0.into()))
}

/// Lists projects.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
    query: ProjectListQuery,
) -> Result<InOrganization<ProjectSummaries>, Problem> {
    let ProjectListQuery { search, sort, archived, skip, count } = query;
    let is_archived = match archived {
        Archived::Without => Some(false),
        Archived::Only => Some(true),
        Archived::With => None,
    };
    let page = Page { search, sort: sort.into(), skip: skip.0, count: count.0 };
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let projects = batch.push(stored::projects::<ProjectInList>(&tenant, &page, is_archived));
    let total = batch.push(stored::project_total(&tenant, &page, is_archived));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let mut projects = results.all(projects)?;
    let next = next(&mut projects, skip, count);
    let answer = ProjectSummaries { projects, total: results.one(total)?.total, next };
    Ok(InOrganization { organization, answer })
}

/// Reads a project with a page of its roles and a page of its teams.
pub(crate) async fn project(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    query: ProjectQuery,
) -> Result<InOrganization<ProjectDetail>, Problem> {
    let ProjectQuery { search, skip, skip_roles, count } = query;
    let page = |skip: Skip| Page { search: search.clone(), sort: Sort::Name, skip: skip.0, count: count.0 };
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let project = batch.push(stored::one_project::<ProjectInList>(&tenant, id));
    let roles = batch.push(stored::roles::<RoleInList>(&tenant, id, &page(skip_roles)));
    let teams = batch.push(stored::teams::<TeamInList>(&tenant, id, &page(skip)));
    let total = batch.push(stored::team_total(&tenant, id, &page(skip)));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let project = results.first(project)?.ok_or_else(no_project)?;
    let (mut roles, mut teams) = (results.all(roles)?, results.all(teams)?);
    let (next_roles, next_teams) = (next(&mut roles, skip_roles, count), next(&mut teams, skip, count));
    let team_total = results.one(total)?.total;
    let answer = ProjectDetail { project, roles, next_roles, teams, team_total, next_teams };
    Ok(InOrganization { organization, answer })
}

pub(super) fn no_project() -> Problem {
    Problem::of(AdminCode::ProjectNotFound, "There is no such project in this organization.")
}

/// Reads a role of a project by the id of its group.
pub(crate) async fn role(
    context: &AdminContext<'_>,
    org: &str,
    project: &str,
    group: &str,
) -> Result<InOrganization<RoleDetail>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let found = batch.push(stored::one_project::<ProjectInList>(&tenant, project));
    let role = batch.push(stored::one_role::<RoleInList>(&tenant, project, group));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let project = named(results.first(found)?.ok_or_else(no_project)?);
    let role = results.first(role)?.ok_or_else(no_role)?;
    Ok(InOrganization { organization, answer: RoleDetail { role, project } })
}

pub(super) fn no_role() -> Problem {
    Problem::new(404, "There is no such role in this project. A role is named by the id of its group.")
}

/// Reads a team with both its roles and the first members of each.
pub(crate) async fn team(
    context: &AdminContext<'_>,
    org: &str,
    project: &str,
    id: &str,
) -> Result<InOrganization<TeamDetail>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let found = batch.push(stored::one_project::<ProjectInList>(&tenant, project));
    let team = batch.push(stored::one_team::<TeamInList>(&tenant, project, id));
    let members = batch.push(stored::first_members::<MemberInList>(&tenant, id));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let project = named(results.first(found)?.ok_or_else(no_project)?);
    let TeamInList { id, name, roles } = results.first(team)?.ok_or_else(no_team)?;
    let mut members = results.all(members)?;
    let with_members = |role: RoleInList| {
        let own = members.extract_if(.., |member: &mut MemberOf<_>| member.group_id == role.group.id);
        let members = own.map(|own| own.member).collect();
        TeamRole { role, members }
    };
    let roles = roles.into_iter().map(with_members).collect();
    Ok(InOrganization { organization, answer: TeamDetail { id, name, project, roles } })
}

pub(super) fn no_team() -> Problem {
    Problem::of(AdminCode::TeamNotFound, "There is no such team in this project.")
}

fn named(project: ProjectInList) -> Named {
    Named { id: project.id, name: project.name }
}

/// Lists the groups that belong to no project.
pub(crate) async fn plain_groups(
    context: &AdminContext<'_>,
    org: &str,
    query: GroupListQuery,
) -> Result<InOrganization<PlainGroups>, Problem> {
    let GroupListQuery { search, sort, skip, count } = query;
    let page = Page { search, sort: sort.into(), skip: skip.0, count: count.0 };
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let groups = batch.push(stored::plain_groups::<PlainGroup>(&tenant, &page));
    let total = batch.push(stored::plain_group_total(&tenant, &page));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let mut groups = results.all(groups)?;
    let next = next(&mut groups, skip, count);
    let answer = PlainGroups { groups, total: results.one(total)?.total, next };
    Ok(InOrganization { organization, answer })
}
