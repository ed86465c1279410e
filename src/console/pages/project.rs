//! A project: its roles, its teams, and what can be done with it.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall, WithName};
use super::confirm;
use super::export;
use super::flash::Flash;
use super::form::check_confirmed;
use super::layout::{Section, page};
use super::lists::{Turning, here, people, pushed, way_back};
use super::page::Page;
use super::parts::{address, brief, confirmation, field, maker, once, required_field, segment, time};
use super::projects::address_of_project;
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::consequences::{Confirmation, Consequences};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::projects::{
    NewName, ProjectDetail, ProjectInList, ProjectQuery, RoleInList, TeamInList,
};
use crate::admin_api::types::query::{self, Count, Skip};
use crate::admin_api::{AdminContext, CallKey, InOrganization, consequences, project_views};
use crate::d1::consequences::Change;
use crate::http::Problem;

/// Most roles, and most teams, of the page: their names may be long.
const MOST_SHOWN: u16 = 25;

/// The page of a project.
pub(super) struct Project<'a> {
    pub(super) org: &'a str,
    pub(super) id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Rename(Named),
    Role(Named),
    Team(Named),
    Archive(Archive),
    Restore {},
}

/// A new name of the project, or the name of a new part of it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Archive {
    project_name: String,
    confirm: String,
    confirm_people: String,
}

impl Named {
    pub(super) fn request(&self) -> NewName {
        NewName { name: self.name.trim().to_owned() }
    }
}

/// What the end of all memberships in `what` takes.
pub(super) fn taken(counted: &Consequences, what: &str) -> String {
    let memberships = match counted.memberships {
        1 => "1 membership".to_owned(),
        many => format!("{many} memberships"),
    };
    format!("This takes the roles in {what} from {}, with {memberships}.", confirm::share(counted))
}

impl Page for Project<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (org, id) = (self.org, self.id);
        let (call, flash, name) = match form {
            Form::Rename(form) => {
                let body = form.request();
                (FormCall::with(Call::RenameProject, &[org, id], &body)?, Flash::ProjectRenamed, body.name)
            }
            Form::Role(form) => {
                let body = form.request();
                (FormCall::with(Call::CreateRole, &[org, id], &body)?, Flash::RoleCreated, body.name)
            }
            Form::Team(form) => {
                let body = form.request();
                (FormCall::with(Call::CreateTeam, &[org, id], &body)?, Flash::TeamCreated, body.name)
            }
            Form::Archive(form) => {
                check_confirmed(&form.confirm, &form.project_name)?;
                let counted = consequences::of(context, org, Change::Archive(id)).await?.answer;
                let text = taken(&counted, "this project");
                let body =
                    Confirmation { confirm_people: confirm::check(&counted, &form.confirm_people, &text)? };
                let call = FormCall::with(Call::ArchiveProject, &[org, id], &body)?;
                (call, Flash::ProjectArchived, form.project_name.clone())
            }
            Form::Restore {} => {
                (FormCall::new(Call::RestoreProject, &[org, id]), Flash::ProjectRestored, String::new())
            }
        };
        let answered = call.send(context, key).await?;
        let name = match form {
            Form::Restore {} => answered.read::<WithName>()?.name,
            _ => name,
        };
        let done = way_back(context, flash.about(&name));
        Ok(PageResponse::Redirect(done.at(&here(request, &address_of_project(org, id)))))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let query: ProjectQuery = query::read(&request.api_query())?;
        let count = Count(query.count.0.min(MOST_SHOWN));
        let query = ProjectQuery { count, ..query };
        let (skip, skip_roles) = (query.skip, query.skip_roles);
        let InOrganization { organization, answer } =
            project_views::project(context, self.org, self.id, query).await?;
        let main = html! {
            (trail(&organization, &[], &answer.project.name))
            (facts(&answer.project))
            (export::line(&organization, "groups", "all groups with their members"))
            @if answer.project.archived_at.is_some() {
                (restore())
            } @else {
                @if let (Some(people), Some(Form::Archive(form))) = (state.people(), &state.refused) {
                    (archive_confirmed(&organization, form, people))
                }
                (roles(request, &organization, &answer, (skip_roles, count)))
                (teams(request, &organization, &answer, (skip, count)))
                (forms(&answer.project.name, state.refused.as_ref()))
            }
        };
        let section = Some((&*organization, Section::Projects));
        let title = &answer.project.name;
        Ok(PageResponse::Page(page(&context.actor, section, title, state.notice.as_ref(), &main)))
    }
}

/// Where a page stands: links to the pages above it, each with its address, and its own name.
pub(super) fn trail(organization: &Organization, above: &[(String, &str)], own: &str) -> Markup {
    html! {
        nav.trail aria-label="Above this page" {
            a href=(address(organization, "projects")) { "Projects and teams" } " › "
            @for (address, name) in above { a href=(address) { (name) } " › " }
            span { (own) }
        }
    }
}

fn facts(project: &ProjectInList) -> Markup {
    html! {
        section.card aria-label="Project" {
            dl.facts {
                div { dt { "People" } dd { (people(&project.people)) } }
                div { dt { "Roles" } dd { (project.role_count) } }
                div { dt { "Teams" } dd { (project.team_count) } }
                div { dt { "Last pushed" } dd { (pushed(project.pushed_at.as_deref())) } }
                @if let Some(at) = &project.archived_at { div { dt { "Archived" } dd { (time(at)) } } }
            }
        }
    }
}

fn restore() -> Markup {
    html! {
        section.card aria-label="Archived" {
            p { "The project is archived. Its groups come back under their ids, and empty." }
            form method="post" {
                (once())
                button name="action" value="restore" { "Restore" }
            }
        }
    }
}

fn archive_confirmed(organization: &Organization, form: &Archive, people: u64) -> Markup {
    let label = format!("Archive {}", form.project_name);
    html! {
        form.card method="post" aria-label=(label) {
            (once())
            input type="hidden" name="project_name" value=(form.project_name);
            input type="hidden" name="confirm" value=(form.confirm);
            (confirm::field("confirm-people", organization, Some(people)))
            button.danger name="action" value="archive" { (label) }
        }
    }
}

fn roles(
    request: &PageRequest,
    organization: &Organization,
    detail: &ProjectDetail,
    (skip, count): (Skip, Count),
) -> Markup {
    let ProjectDetail { project, roles, next_roles, .. } = detail;
    let turning = Turning {
        what: "Pages of roles",
        parameter: "skip_roles",
        skip,
        count,
        shown: roles.len(),
        total: Some(project.role_count),
        next: *next_roles,
    };
    html! {
        section aria-labelledby="roles" {
            h2 #roles { "Roles" }
            table.roles {
                caption.hidden { "Roles of the project" }
                thead { tr {
                    th scope="col" { "Role" } th scope="col" { "People" } th scope="col" { "SCIM group" }
                    th scope="col" { "Last pushed" }
                } }
                tbody {
                    @for RoleInList { name, built_in, group, people: count } in roles { tr {
                        td data-label="Role" {
                            a href=(address(organization, &format!("groups/{}", group.id))) { (brief(name)) }
                            @if !*built_in {
                                br;
                                a href=(address_of_role(&organization.record.id, &project.id, &group.id))
                                    aria-label={ "Rename or delete the role " (brief(name)) } {
                                    small { "Rename or delete" }
                                }
                            }
                        }
                        td data-label="People" { (people(count)) }
                        td data-label="SCIM group" { code.value { (brief(&group.display_name)) } }
                        td data-label="Last pushed" { (pushed(group.pushed_at.as_deref())) }
                    } }
                }
            }
            (turning.links(request))
        }
    }
}

fn teams(
    request: &PageRequest,
    organization: &Organization,
    detail: &ProjectDetail,
    (skip, count): (Skip, Count),
) -> Markup {
    let ProjectDetail { project, teams, team_total, next_teams, .. } = detail;
    let search = request.parameter("search");
    let turning = Turning {
        what: "Pages of teams",
        parameter: "skip",
        skip,
        count,
        shown: teams.len(),
        total: *team_total,
        next: *next_teams,
    };
    let group = |id: &str| address(organization, &format!("groups/{id}"));
    let last_pushed = |team: &TeamInList| {
        let times = team.roles.iter().filter_map(|role| role.group.pushed_at.as_deref());
        pushed(times.max())
    };
    html! {
        section aria-labelledby="teams" {
            h2 #teams { "Teams" }
            @if project.team_count > count.0.into() || !search.is_empty() {
                form.inline method="get" role="search" {
                    (field("search", "search", "Name of the team", search, ""))
                    button.quiet { "Search" }
                }
            }
            @if teams.is_empty() {
                p.empty {
                    @if search.is_empty() { "This project has no teams." } @else { "No team matches." }
                }
            } @else {
                table.roles {
                    caption.hidden { "Teams of the project, with the people of both roles" }
                    thead { tr {
                        th scope="col" { "Team" } th scope="col" { "Admins" } th scope="col" { "Members" }
                        th scope="col" { "Last pushed" }
                    } }
                    tbody {
                        @for team in teams { tr {
                            td data-label="Team" {
                                a href=(address_of_team(&organization.record.id, &project.id, &team.id)) {
                                    (brief(&team.name))
                                }
                            }
                            @for role in &team.roles {
                                td data-label={ (role.name) "s" } {
                                    a href=(group(&role.group.id)) {
                                        (people(&role.people))
                                        span.hidden { " " (role.name) "s of " (brief(&team.name)) }
                                    }
                                }
                            }
                            td data-label="Last pushed" { (last_pushed(team)) }
                        } }
                    }
                }
            }
            (turning.links(request))
        }
    }
}

/// The page of a team.
pub(super) fn address_of_team(org: &str, project: &str, team: &str) -> String {
    format!("{}/teams/{}", address_of_project(org, project), segment(team))
}

/// The page of a role.
pub(super) fn address_of_role(org: &str, project: &str, group: &str) -> String {
    format!("{}/roles/{}", address_of_project(org, project), segment(group))
}

fn forms(name: &str, refused: Option<&Form>) -> Markup {
    let typed = |own: fn(&Form) -> Option<&Named>| refused.and_then(own).map(|form| form.name.as_str());
    let team = typed(|form| if let Form::Team(form) = form { Some(form) } else { None });
    let role = typed(|form| if let Form::Role(form) = form { Some(form) } else { None });
    let new_name = typed(|form| if let Form::Rename(form) = form { Some(form) } else { None });
    let is_archived = matches!(refused, Some(Form::Archive(_)));
    html! {
        section aria-labelledby="changes" {
            h2 #changes { "Changes" }
            (maker("Add a team", team.is_some(), &html! {
                form method="post" {
                    (once())
                    (required_field("team", "name", "Name of the team", team.unwrap_or_default(),
                        "Its roles are Admin and Member."))
                    button name="action" value="team" { "Add team" }
                }
            }))
            (maker("Add a role", role.is_some(), &html! {
                form method="post" {
                    (once())
                    (required_field("role", "name", "Name of the role", role.unwrap_or_default(), ""))
                    button name="action" value="role" { "Add role" }
                }
            }))
            (maker("Rename the project", new_name.is_some(), &html! {
                form method="post" {
                    (once())
                    p { (RENAMED) }
                    (required_field("rename", "name", "New name", new_name.unwrap_or(name), ""))
                    button name="action" value="rename" { "Rename" }
                }
            }))
            (maker("Archive the project", is_archived, &html! {
                form method="post" {
                    (once())
                    p {
                        "The identity provider does not see its groups any more, and all members lose the roles."
                    }
                    input type="hidden" name="project_name" value=(name);
                    (confirmation("archive", name))
                    button.danger name="action" value="archive" { "Archive" }
                }
            }))
        }
    }
}

/// What a rename does to groups.
pub(super) const RENAMED: &str = "\
    The SCIM groups get the new name and keep their ids and members, so that pushed groups stay linked. In Okta, leave \
    \"Rename app groups to match group name in Okta\" off: Okta's names are refused.";
