//! Projects, roles and teams, each with the group that an identity provider pushes to.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, note, post};
use super::confirm;
use super::flash::Flash;
use super::form::{check_confirmed, words};
use super::guides::Guide;
use super::layout::{Section, page};
use super::page::{Shown, Submitted};
use super::parts::{
    address, address_of, confirmation, copied, field, maker, once, pill, required_field, time,
};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::Nothing;
use crate::admin_api::types::consequences::{Confirmation, ConfirmationQuery, Consequences};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::projects::{NewName, NewProject, Project, Role};
use crate::admin_api::{AdminContext, CallKey, InOrganization, consequences, projects};
use crate::d1::consequences::Change;
use crate::http::Problem;

/// The page of an organization's projects.
pub(super) struct Projects<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub(super) enum Form {
    Create(Create),
    Rename(Named),
    Role(Named),
    Team(Named),
    Archive(Archive),
    Restore(Restore),
    DeleteTeam(DeleteTeam),
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Create {
    name: String,
    roles: String,
}

/// A new name of a project, or the name of a new part of it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Named {
    project: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Archive {
    project: String,
    project_name: String,
    confirm: String,
    confirm_people: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Restore {
    project: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DeleteTeam {
    project: String,
    team: String,
    team_name: String,
    confirm: String,
    confirm_people: String,
}

impl Named {
    fn request(&self) -> NewName {
        NewName { name: self.name.trim().to_owned() }
    }
}

impl Submitted for Projects<'_> {
    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let org = self.org;
        let flash = match form {
            Form::Create(form) => {
                let body =
                    NewProject { name: form.name.trim().to_owned(), roles: Some(words(&form.roles, &[','])) };
                let path = ["organizations", org, "projects"];
                post(context, key, &path, Some(&body), async |context| {
                    projects::create(context, org, body.clone()).await
                })
                .await?;
                Flash::ProjectCreated
            }
            Form::Rename(form) => {
                let path = ["organizations", org, "projects", &form.project];
                let body = form.request();
                note(context, &Call { method: "PATCH", path: &path, body: Some(&body) })?;
                projects::rename(context, org, &form.project, body).await?;
                Flash::ProjectRenamed
            }
            Form::Role(form) => {
                let path = ["organizations", org, "projects", &form.project, "roles"];
                let body = form.request();
                post(context, key, &path, Some(&body), async |context| {
                    projects::create_role(context, org, &form.project, body.clone()).await
                })
                .await?;
                Flash::RoleCreated
            }
            Form::Team(form) => {
                let path = ["organizations", org, "projects", &form.project, "teams"];
                let body = form.request();
                post(context, key, &path, Some(&body), async |context| {
                    projects::create_team(context, org, &form.project, body.clone()).await
                })
                .await?;
                Flash::TeamCreated
            }
            Form::Archive(form) => {
                check_confirmed(&form.confirm, &form.project_name)?;
                let counted = consequences::of(context, org, Change::Archive(&form.project)).await?.answer;
                let text = taken(&counted, "this project");
                let confirm_people = confirm::check(&counted, &form.confirm_people, &text)?;
                let body = Confirmation { confirm_people };
                let path = ["organizations", org, "projects", &form.project, "archive"];
                post(context, key, &path, Some(&body), async |context| {
                    projects::archive(context, org, &form.project, body.clone()).await
                })
                .await?;
                Flash::ProjectArchived
            }
            Form::Restore(form) => {
                let path = ["organizations", org, "projects", &form.project, "restore"];
                post(context, key, &path, None::<&Nothing>, async |context| {
                    projects::restore(context, org, &form.project).await
                })
                .await?;
                Flash::ProjectRestored
            }
            Form::DeleteTeam(form) => {
                check_confirmed(&form.confirm, &form.team_name)?;
                let counted = consequences::of(context, org, Change::DeleteTeam(&form.team)).await?.answer;
                let text = taken(&counted, "this team");
                let confirm_people = confirm::check(&counted, &form.confirm_people, &text)?;
                let path = ["organizations", org, "projects", &form.project, "teams", &form.team];
                note(context, &Call { method: "DELETE", path: &path, body: None::<&Nothing> })?;
                let query = ConfirmationQuery { confirm_people };
                projects::delete_team(context, org, &form.project, &form.team, query).await?;
                Flash::TeamDeleted
            }
        };
        Ok(PageResponse::Redirect(flash.at(&address_of(org, "projects"))))
    }
}

impl Shown for Projects<'_> {
    type Form = Form;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } = projects::list(context, self.org).await?;
        let refused = match &state.refused {
            Some(Form::Create(form)) => Some(form),
            _ => None,
        };
        let main = html! {
            @if let (Some(people), Some(form)) = (state.people(), &state.refused) {
                (confirmed(&organization, form, people))
            }
            (main(&organization, &answer.projects, refused))
        };
        let section = Some((&organization, Section::Projects));
        Ok(PageResponse::Page(page(
            &context.actor,
            section,
            "Projects and teams",
            state.notice.as_ref(),
            &main,
        )))
    }
}

/// What the end of all memberships in `what` takes.
fn taken(counted: &Consequences, what: &str) -> String {
    let memberships = counted.memberships;
    format!(
        "This takes the roles in {what} from {}, with {memberships} memberships.",
        confirm::share(counted)
    )
}

/// The form that was refused until its consequences are confirmed.
fn confirmed(organization: &Organization, form: &Form, people: u64) -> Markup {
    let hidden = |name: &str, value: &str| html! { input type="hidden" name=(name) value=(value); };
    let (action, label, fields) = match form {
        Form::Archive(form) => (
            "archive",
            format!("Archive {}", form.project_name),
            html! {
                (hidden("project", &form.project))
                (hidden("project_name", &form.project_name))
                (hidden("confirm", &form.confirm))
            },
        ),
        Form::DeleteTeam(form) => (
            "delete-team",
            format!("Delete the team {}", form.team_name),
            html! {
                (hidden("project", &form.project))
                (hidden("team", &form.team))
                (hidden("team_name", &form.team_name))
                (hidden("confirm", &form.confirm))
            },
        ),
        _ => return html! {},
    };
    html! {
        form.card method="post" aria-label=(label) {
            (once())
            (fields)
            (confirm::field("confirm-people", organization, Some(people)))
            button.danger name="action" value=(action) { (label) }
        }
    }
}

fn main(organization: &Organization, projects: &[Project], refused: Option<&Create>) -> Markup {
    html! {
        p {
            "Each role is a SCIM group. In your identity provider, push a group and link it to one of these; push a \
             group named "
            code { (organization.record.group_prefix.as_deref().unwrap_or_default()) "-<project>-<team>-Member" }
            " to create a team. How: "
            (Guide::Okta.link("7-project-roles", "Okta")) ", "
            (Guide::Entra.link("8-project-roles", "Microsoft Entra ID")) "."
        }
        (maker(
            "Create a project",
            projects.is_empty() || refused.is_some(),
            &create(refused.unwrap_or(&Create::default())),
        ))
        @if projects.is_empty() { p.empty { "There is no project yet." } }
        @for project in projects { (shown(organization, project)) }
    }
}

fn create(typed: &Create) -> Markup {
    html! {
        form method="post" {
            (once())
            (required_field("new-project", "name", "Name", &typed.name, ""))
            (field("new-roles", "roles", "Custom roles", &typed.roles,
                "Beside Admin, Member and Read-Only, with commas between them; or none."))
            button name="action" value="create" { "Create" }
        }
    }
}

fn shown(organization: &Organization, project: &Project) -> Markup {
    let Project { id, name, archived_at, roles: own_roles, teams } = project;
    let of_project = || html! { input type="hidden" name="project" value=(id); };
    html! {
        section.card id=(id) aria-labelledby={ "project-" (id) } {
            h2 id={ "project-" (id) } { (name) @if archived_at.is_some() { " " (pill("plain", "archived")) } }
            @if let Some(archived_at) = archived_at {
                p { "Archived " (time(archived_at)) ". Its groups come back under their ids, and empty." }
                form method="post" {
                    (once())
                    (of_project())
                    button name="action" value="restore" { "Restore" }
                }
            } @else {
                (roles(organization, "Role", own_roles))
                @for team in teams {
                    h3 { "Team " (team.name) }
                    (roles(organization, "Team role", &team.roles))
                    details {
                        summary { "Delete the team " (&team.name) }
                        form method="post" {
                            (once())
                            (of_project())
                            input type="hidden" name="team" value=(&team.id);
                            input type="hidden" name="team_name" value=(&team.name);
                            p { "Both its groups go. People stay." }
                            (confirmation(&format!("confirm-{}", &team.id), &team.name))
                            button.danger name="action" value="delete-team" { "Delete" }
                        }
                    }
                }
                details {
                    summary { "Add a team or a role, rename, archive " span.hidden { (name) } }
                    div.columns {
                        form method="post" {
                            (once())
                            h3 { "Add a team" }
                            (of_project())
                            (required_field(&format!("team-{id}"), "name", "Name of the \
                                 team", "", "Its roles are \
                                 Admin and Member."))
                            button name="action" value="team" { "Add" }
                        }
                        form method="post" {
                            (once())
                            h3 { "Add a role" }
                            (of_project())
                            (required_field(&format!("role-{id}"), "name", "Name of the role", "", ""))
                            button name="action" value="role" { "Add" }
                        }
                        form method="post" {
                            (once())
                            h3 { "Rename" }
                            (of_project())
                            (required_field(&format!("rename-{id}"), "name", "New \
                                 name", name, "Its groups are \
                                 renamed, too, and stay linked."))
                            button name="action" value="rename" { "Rename" }
                        }
                        form method="post" {
                            (once())
                            h3 { "Archive" }
                            p {
                                "The identity provider does not see its groups any more, and all members lose the \
                                 roles."
                            }
                            (of_project())
                            input type="hidden" name="project_name" value=(name);
                            (confirmation(&format!("archive-{id}"), name))
                            button.danger name="action" value="archive" { "Archive" }
                        }
                    }
                }
            }
        }
    }
}

fn roles(organization: &Organization, what: &str, roles: &[Role]) -> Markup {
    html! {
        table.roles {
            thead { tr {
                th scope="col" { (what) } th scope="col" { "SCIM group" } th scope="col" { "Last pushed" }
            } }
            tbody {
                @for Role { name, group } in roles {
                    tr {
                        td data-label=(what) {
                            a href=(address(organization, &format!("groups/{}", group.id))) { (name) }
                        }
                        td data-label="SCIM group" { (copied(&group.display_name)) }
                        td data-label="Last pushed" { (pushed(group.pushed_at.as_deref())) }
                    }
                }
            }
        }
    }
}

/// When an identity provider last pushed a group, if ever.
pub(super) fn pushed(at: Option<&str>) -> Markup {
    html! { @match at { Some(at) => (time(at)), None => (pill("plain", "never")) } }
}
