//! Members of an organization.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::post;
use super::flash::Flash;
use super::form::{Checkbox, optional};
use super::layout::{Section, page};
use super::page::{Shown, Submitted};
use super::parts::{address, address_of, field, maker, next, no_address, once, pill, required_field, select};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::members::{AssignableRole, MemberInList, MemberList, NewMember};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::{AdminContext, CallKey, InOrganization, members};
use crate::http::Problem;

const STATUSES: [(&str, &str); 3] = [("", "Active or not"), ("active", "Active"), ("inactive", "Inactive")];
const ROLES: [(&str, &str); 4] =
    [("", "Any role"), ("Owner", "Owner"), ("Admin", "Admin"), ("Member", "Member")];
/// The roles that can be assigned.
pub(super) const ASSIGNABLE: [(&str, &str); 2] = [("Member", "Member"), ("Admin", "Admin")];

/// The page of an organization's members.
pub(super) struct Members<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub(super) enum Form {
    Add(Add),
}

/// What adds a member.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Add {
    user_name: String,
    confirm_no_address: Checkbox,
    given_name: String,
    family_name: String,
    org_role: String,
}

/// A role that was chosen; `None` if none was.
///
/// # Errors
/// 400 for anything that is no role to assign.
pub(super) fn chosen_role(text: &str) -> Result<Option<AssignableRole>, Problem> {
    optional(text).map(AssignableRole::try_from).transpose().map_err(|why| Problem::new(400, why))
}

impl Submitted for Members<'_> {
    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (org, Form::Add(form)) = (self.org, form);
        let body = NewMember {
            user_name: form.user_name.trim().to_owned(),
            confirm_no_address: Some(form.confirm_no_address.0),
            given_name: optional(&form.given_name),
            family_name: optional(&form.family_name),
            org_role: chosen_role(&form.org_role)?,
        };
        let path = ["organizations", org, "members"];
        post(context, key, &path, Some(&body), async |context| {
            members::add(context, org, body.clone()).await
        })
        .await?;
        Ok(PageResponse::Redirect(Flash::MemberAdded.at(&address_of(org, "members"))))
    }
}

impl Shown for Members<'_> {
    type Form = Form;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let query = query::read(&request.api_query())?;
        let InOrganization { organization, answer } = members::list(context, self.org, query).await?;
        let refused = state.refused.map(|Form::Add(form)| form);
        let main = main(request, &organization, &answer, refused.as_ref());
        let section = Some((&organization, Section::Members));
        Ok(PageResponse::Page(page(&context.actor, section, "Members", state.notice.as_ref(), &main)))
    }
}

fn main(
    request: &PageRequest,
    organization: &Organization,
    list: &MemberList,
    refused: Option<&Add>,
) -> Markup {
    let MemberList { members, next: after } = list;
    let after = after.as_deref().map(|after| request.with_parameter("after", after));
    html! {
        (maker("Add a member", refused.is_some(), &add(refused.unwrap_or(&Add::default()))))
        form.filters method="get" role="search" {
            (field("search", "search", "User name begins with", request.parameter("search"), ""))
            (select("status", "status", "Status", &STATUSES, request.parameter("status")))
            (select("org_role", "org_role", "Organization role", &ROLES, request.parameter("org_role")))
            button { "Search" }
        }
        @if members.is_empty() {
            p.empty { "No member matches." }
        } @else {
            (table(organization, members))
        }
        @if !request.parameter("after").is_empty() {
            p { a href=(address(organization, "members")) { "Back to the beginning" } }
        }
        (next(after, "Next page"))
    }
}

fn add(typed: &Add) -> Markup {
    html! {
        form method="post" {
            (once())
            p {
                "Your identity provider adds people by itself. Here you add people that it does not know, such as \
                 contractors, and people that have been removed."
            }
            (required_field("user_name", "user_name", "User name", &typed.user_name, "Usually the mail address."))
            (no_address("no_address", &typed.user_name))
            (field("given_name", "given_name", "First name", &typed.given_name, ""))
            (field("family_name", "family_name", "Last name", &typed.family_name, ""))
            (select("new_role", "org_role", "Organization role", &ASSIGNABLE, "Member"))
            button name="action" value="add" { "Add" }
        }
    }
}

/// Members as rows, each with a link to its page.
pub(super) fn table(organization: &Organization, members: &[MemberInList]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "User name" } th scope="col" { "Name" } th scope="col" { "Role" }
                th scope="col" { "Status" }
            } }
            tbody {
                @for member in members { tr {
                    td data-label="User name" {
                        a href=(address(organization, &format!("members/{}", member.id))) { (member.user_name) }
                    }
                    td data-label="Name" { (member.name) }
                    td data-label="Role" { (member.org_role.as_str()) }
                    td data-label="Status" { (status(member)) }
                } }
            }
        }
    }
}

/// Whether a member is active, and whether SCIM sees them.
pub(super) fn status(member: &MemberInList) -> Markup {
    html! {
        @if member.active { (pill("good", "active")) } @else { (pill("plain", "inactive")) }
        @if !member.managed { " " (pill("warn", "not seen by SCIM")) }
    }
}
