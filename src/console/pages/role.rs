//! A role of a project, which is renamed and deleted here. Its members are on the page of its group.

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
use super::project::{Named, RENAMED, address_of_role, taken, trail};
use super::projects::address_of_project;
use super::request::{PageRequest, PageResponse, PageState};
use super::team::{DELETED_BUT_PUSHED, Delete, delete_confirmed};
use crate::admin_api::types::projects::{Role as Described, RoleDetail};
use crate::admin_api::{AdminContext, CallKey, InOrganization, consequences, project_views};
use crate::d1::consequences::Change;
use crate::http::Problem;

/// The page of a role.
pub(super) struct Role<'a> {
    pub(super) org: &'a str,
    pub(super) project: &'a str,
    /// The id of its group.
    pub(super) id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Rename(Named),
    Delete(Delete),
}

impl Page for Role<'_> {
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
                let call = FormCall::with(Call::RenameRole, &parameters, &body)?;
                let renamed: Described = call.send(context, key).await?.read()?;
                let done = way_back(context, Flash::RoleRenamed.about(&renamed.name));
                Ok(PageResponse::Redirect(done.at(&address_of_role(org, project, id))))
            }
            Form::Delete(form) => {
                check_confirmed(&form.confirm, &form.name)?;
                let counted = consequences::of(context, org, Change::DeleteRole(id)).await?.answer;
                let text = taken(&counted, "this project");
                let confirm_people = confirm::check(&counted, &form.confirm_people, &text)?;
                let call = FormCall::new(Call::DeleteRole, &parameters).confirmed(confirm_people);
                let deleted: Described = call.send(context, key).await?.read()?;
                let done = way_back(context, Flash::RoleDeleted.about(&deleted.name));
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
        let InOrganization { organization, answer } =
            project_views::role(context, self.org, self.project, self.id).await?;
        let RoleDetail { role, project } = &answer;
        let above = (address_of_project(self.org, &project.id), project.name.as_str());
        let group = address(&organization, &format!("groups/{}", role.group.id));
        let main = html! {
            (trail(&organization, &[above], &role.name))
            @if let (Some(people), Some(Form::Delete(form))) = (state.people(), &state.refused) {
                (delete_confirmed(&organization, form, people, "role"))
            }
            section.card aria-label="Role" {
                dl.facts {
                    div { dt { "People" } dd { (people(&role.people)) } }
                    div { dt { "SCIM group" } dd { (copied(&role.group.display_name)) } }
                    div { dt { "Last pushed" } dd { (pushed(role.group.pushed_at.as_deref())) } }
                }
                p { a href=(group) { "Members and history" } }
            }
            @if role.built_in {
                p { "Every project has this role: it is neither renamed nor deleted." }
            } @else {
                (forms(&answer, state.refused.as_ref()))
            }
        };
        let section = Some((&*organization, Section::Projects));
        Ok(PageResponse::Page(page(&context.actor, section, &role.name, state.notice.as_ref(), &main)))
    }
}

fn forms(answer: &RoleDetail, refused: Option<&Form>) -> Markup {
    let RoleDetail { role, .. } = answer;
    let new_name = match refused {
        Some(Form::Rename(form)) => Some(form.name.as_str()),
        _ => None,
    };
    let is_deletion = matches!(refused, Some(Form::Delete(_)));
    html! {
        section aria-labelledby="changes" {
            h2 #changes { "Changes" }
            (maker("Rename the role", new_name.is_some(), &html! {
                form method="post" {
                    (once())
                    p { (RENAMED) }
                    (required_field("rename", "name", "New name", new_name.unwrap_or(&role.name), ""))
                    button name="action" value="rename" { "Rename" }
                }
            }))
            (maker("Delete the role", is_deletion, &html! {
                form method="post" {
                    (once())
                    p {
                        "Its group goes, and all its members lose the role. People stay. "
                        @if role.group.pushed_at.is_some() { (DELETED_BUT_PUSHED) }
                    }
                    input type="hidden" name="name" value=(role.name);
                    (confirmation("delete", &role.name))
                    button.danger name="action" value="delete" { "Delete" }
                }
            }))
        }
    }
}
