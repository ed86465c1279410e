//! A team: both its roles side by side, and what can be done with it.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall};
use super::confirm;
use super::flash::Flash;
use super::form::check_confirmed;
use super::layout::{Section, page};
use super::lists::{people, pushed, way_back};
use super::page::Page;
use super::parts::{address, confirmation, copied, maker, once, required_field};
use super::project::{Named, RENAMED, address_of_team, taken, trail};
use super::projects::address_of_project;
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types;
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::projects::{Team as Described, TeamDetail, TeamRole};
use crate::admin_api::{AdminContext, CallKey, InOrganization, consequences, project_views};
use crate::d1::consequences::Change;
use crate::http::Problem;

/// The page of a team.
pub(super) struct Team<'a> {
    pub(super) org: &'a str,
    pub(super) project: &'a str,
    pub(super) id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Rename(Named),
    Delete(Delete),
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Delete {
    pub(super) name: String,
    pub(super) confirm: String,
    pub(super) confirm_people: String,
}

impl Page for Team<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let Self { org, project, id } = *self;
        let parameters = [org, project, id];
        match form {
            Form::Rename(form) => {
                let body = form.request();
                let call = FormCall::with(Call::RenameTeam, &parameters, &body)?;
                let renamed: Described = call.send(context, key).await?.read()?;
                let done = way_back(context, Flash::TeamRenamed.about(&renamed.name));
                Ok(PageResponse::Redirect(done.at(&address_of_team(org, project, id))))
            }
            Form::Delete(form) => {
                check_confirmed(&form.confirm, &form.name)?;
                let counted = consequences::of(context, org, Change::DeleteTeam(id)).await?.answer;
                let text = taken(&counted, "this team");
                let confirm_people = confirm::check(&counted, &form.confirm_people, &text)?;
                let call = FormCall::new(Call::DeleteTeam, &parameters).confirmed(confirm_people);
                let deleted: types::Named = call.send(context, key).await?.read()?;
                let done = way_back(context, Flash::TeamDeleted.about(&deleted.name));
                Ok(PageResponse::Redirect(done.at(&address_of_project(org, project))))
            }
        }
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer: team } =
            project_views::team(context, self.org, self.project, self.id).await?;
        let above = (address_of_project(self.org, &team.project.id), team.project.name.as_str());
        let main = html! {
            (trail(&organization, &[above], &team.name))
            @if let (Some(people), Some(Form::Delete(form))) = (state.people(), &state.refused) {
                (delete_confirmed(&organization, form, people, "team"))
            }
            div.columns { @for role in &team.roles { (shown(&organization, role)) } }
            (forms(&team, state.refused.as_ref()))
        };
        let section = Some((&*organization, Section::Projects));
        Ok(PageResponse::Page(page(&context.actor, section, &team.name, state.notice.as_ref(), &main)))
    }
}

/// The form of a deletion that was refused until its consequences are confirmed.
pub(super) fn delete_confirmed(
    organization: &Organization,
    form: &Delete,
    people: u64,
    what: &str,
) -> Markup {
    let label = format!("Delete the {what} {}", form.name);
    html! {
        form.card method="post" aria-label=(label) {
            (once())
            input type="hidden" name="name" value=(form.name);
            input type="hidden" name="confirm" value=(form.confirm);
            (confirm::field("confirm-people", organization, Some(people)))
            button.danger name="action" value="delete" { (label) }
        }
    }
}

fn shown(organization: &Organization, role: &TeamRole) -> Markup {
    let TeamRole { role, members } = role;
    let group = address(organization, &format!("groups/{}", role.group.id));
    html! {
        section.card aria-labelledby={ "role-" (role.group.id) } {
            h2 id={ "role-" (role.group.id) } { a href=(group) { (role.name) } }
            dl.facts {
                div { dt { "People" } dd { (people(&role.people)) } }
                div { dt { "SCIM group" } dd { (copied(&role.group.display_name)) } }
                div { dt { "Last pushed" } dd { (pushed(role.group.pushed_at.as_deref())) } }
            }
            @if members.is_empty() {
                p.empty { "No person has this role." }
            } @else {
                ul {
                    @for member in members {
                        li {
                            a href=(address(organization, &format!("members/{}", member.id))) { (member.user_name) }
                        }
                    }
                }
            }
            p { a href=(group) aria-label={ "Members and history of " (role.name) } { "Members and history" } }
        }
    }
}

/// What the deletion of groups means where an identity provider pushes them.
pub(super) const DELETED_BUT_PUSHED: &str = "\
    The identity provider pushes to it: its next push fails, and it shows an error until the group is unlinked there.";

fn forms(team: &TeamDetail, refused: Option<&Form>) -> Markup {
    let new_name = match refused {
        Some(Form::Rename(form)) => Some(form.name.as_str()),
        _ => None,
    };
    let is_deletion = matches!(refused, Some(Form::Delete(_)));
    let is_pushed = team.roles.iter().any(|each| each.role.group.pushed_at.is_some());
    html! {
        section aria-labelledby="changes" {
            h2 #changes { "Changes" }
            (maker("Rename the team", new_name.is_some(), &html! {
                form method="post" {
                    (once())
                    p { (RENAMED) }
                    (required_field("rename", "name", "New name", new_name.unwrap_or(&team.name), ""))
                    button name="action" value="rename" { "Rename" }
                }
            }))
            (maker("Delete the team", is_deletion, &html! {
                form method="post" {
                    (once())
                    p {
                        "Both its groups go, and everyone in them loses the role. People stay. "
                        @if is_pushed { (DELETED_BUT_PUSHED) }
                    }
                    input type="hidden" name="name" value=(team.name);
                    (confirmation("delete", &team.name))
                    button.danger name="action" value="delete" { "Delete" }
                }
            }))
        }
    }
}
