//! What each role lets people do in the product.

use form_urlencoded::Serializer;
use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall};
use super::flash::Flash;
use super::form::words;
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, address_of};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::permissions::{ChangePermissions, Permissions as List, Role};
use crate::admin_api::{AdminContext, CallKey, InOrganization, permissions};
use crate::http::Problem;

/// The page of the permissions of an organization's roles.
pub(super) struct Permissions<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Save(Save),
    /// Back to what the role allows by default.
    Default(Save),
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Save {
    on: String,
    role: String,
    permissions: String,
}

impl Page for Permissions<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (Save { on, role, .. }, permissions) = match form {
            Form::Save(form) => (form, Some(words(&form.permissions, &[',', ' ', '\n', '\r']))),
            Form::Default(form) => (form, None),
        };
        let body = ChangePermissions { permissions };
        let parameters = [self.org, on, role];
        FormCall::with(Call::ChangePermissions, &parameters, &body)?.send(context, key).await?;
        let done = Flash::PermissionsSaved.about(role);
        Ok(PageResponse::Redirect(done.at(&address_of(self.org, "permissions"))))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } = permissions::list(context, self.org).await?;
        let of_query = || Save {
            on: request.parameter("on").to_owned(),
            role: request.parameter("role").to_owned(),
            permissions: String::new(),
        };
        let is_refused = state.refused.is_some();
        let mut shown = match state.refused {
            Some(Form::Save(form) | Form::Default(form)) => form,
            None => of_query(),
        };
        let role = answer.roles.iter().find(|each| each.on.as_str() == shown.on && each.role == shown.role);
        if let Some(role) = role.filter(|_| !is_refused) {
            shown.permissions = role.permissions.join("\n");
        }
        let main = main(&organization, &answer, role, &shown);
        let section = Some((&*organization, Section::Projects));
        Ok(PageResponse::Page(page(&context.actor, section, "Permissions", state.notice.as_ref(), &main)))
    }
}

/// The name of a role for people.
fn named(role: &Role) -> String {
    format!("{} role {}", role.on.as_str(), role.role)
}

fn main(organization: &Organization, list: &List, chosen: Option<&Role>, shown: &Save) -> Markup {
    html! {
        p { a href=(address(organization, "projects")) { "Projects and teams" } " › Permissions" }
        p {
            "A product asks whether a person may do something by the name of a permission. A role allows the same in \
             every project or team. What an organization role allows holds in all projects and teams, what a project \
             role allows also in the teams of the project."
        }
        @if let Some(role) = chosen {
            form.card method="post" {
                h2 { "What the " (named(role)) " allows" }
                input type="hidden" name="on" value=(shown.on);
                input type="hidden" name="role" value=(shown.role);
                div.field {
                    label for="permissions" { "Permissions" }
                    textarea #permissions name="permissions" rows="8" spellcheck="false"
                        aria-describedby="permissions-hint" { (shown.permissions) }
                    small #permissions-hint {
                        "One a line: lower-case letters, digits and underscores. Empty: the role allows nothing. In \
                         use: " (list.in_use.join(", ")) "."
                    }
                }
                button name="action" value="save" { "Save" }
                @if !role.is_default { " " button.quiet name="action" value="default" { "Back to the default" } }
            }
        }
        table {
            caption.hidden { "Roles and their permissions" }
            thead { tr {
                th scope="col" { "Role" } th scope="col" { "Of" } th scope="col" { "Permissions" } th scope="col" {}
            } }
            tbody {
                @for role in &list.roles { tr {
                    td data-label="Role" { (role.role) }
                    td data-label="Of" { (role.on.as_str()) }
                    td data-label="Permissions" {
                        @if role.permissions.is_empty() { "none" } @else { (role.permissions.join(", ")) }
                        @if role.is_default { " (default)" }
                    }
                    td data-label="" { a href=(change(role)) aria-label={ "Change the " (named(role)) } { "Change" } }
                } }
            }
        }
    }
}

/// The address of the page with the form of a role.
fn change(role: &Role) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("on", role.on.as_str()).append_pair("role", &role.role);
    format!("?{}", query.finish())
}
