//! Members of an organization.

use maud::{Markup, html};
use serde::Deserialize;

use super::bulk;
use super::calls::{Call, FormCall};
use super::export;
use super::flash::Flash;
use super::form::{Checkbox, optional};
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{
    address, address_of, brief, field, maker, no_address, once, pill, required_field, select, thousands, time,
};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::members::{AssignableRole, MemberInList, MemberList, MemberQuery, NewMember};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::{AdminContext, CallKey, InOrganization, members};
use crate::d1::people::MOST_SEARCHED;
use crate::http::{AdminCode, Problem};
use scim_protocol::error::shorten;

/// Most people of a page. The API allows more.
const MOST_SHOWN: u16 = 50;

const STATUSES: [(&str, &str); 3] = [("", "Active or not"), ("active", "Active"), ("inactive", "Inactive")];
const ROLES: [(&str, &str); 4] =
    [("", "Any role"), ("Owner", "Owner"), ("Admin", "Admin"), ("Member", "Member")];
const PROVIDERS: [(&str, &str); 4] = [
    ("", "Any"),
    ("seen", "Seen by SCIM"),
    ("unseen", "Added here, not seen by SCIM"),
    ("never_sent", "Never sent by an identity provider"),
];
const SORTS: [(&str, &str); 2] = [("name", "User name"), ("changed", "Last changed")];
const COUNTS: [(&str, &str); 2] = [("25", "25"), ("50", "50")];
/// The parameters that narrow a search, behind the field for a part of a text.
const NARROWING: [&str; 6] = ["domain", "status", "org_role", "group", "provider", "silent_since"];
/// The parameters of a page within a search.
const TURNING: [&str; 3] = ["after", "before", "from"];
/// The roles that can be assigned.
pub(super) const ASSIGNABLE: [(&str, &str); 2] = [("Member", "Member"), ("Admin", "Admin")];

/// The page of an organization's members.
pub(super) struct Members<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    optional(text)
        .map(AssignableRole::try_from)
        .transpose()
        .map_err(|why| Problem::of(AdminCode::NothingChosen, why))
}

impl Page for Members<'_> {
    type Form = Form;

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
        FormCall::with(Call::AddMember, &[org], &body)?.send(context, key).await?;
        Ok(PageResponse::Redirect(Flash::MemberAdded.at(&address_of(org, "members"))))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let mut query: MemberQuery = query::read(&request.api_query())?;
        query.count.0 = query.count.0.min(MOST_SHOWN);
        let InOrganization { organization, answer } = members::list(context, self.org, query).await?;
        let refused = state.refused.map(|Form::Add(form)| form);
        let main = main(request, &organization, &answer, refused.as_ref());
        let section = Some((&*organization, Section::Members));
        Ok(PageResponse::Page(page(&context.actor, section, "Members", state.notice.as_ref(), &main)))
    }
}

fn main(
    request: &PageRequest,
    organization: &Organization,
    list: &MemberList,
    refused: Option<&Add>,
) -> Markup {
    let members = &list.members;
    html! {
        (maker("Add a member", refused.is_some(), &add(refused.unwrap_or(&Add::default()))))
        (search(request))
        (found(request, list))
        @if !members.is_empty() {
            (table(organization, members))
            (bulk::choice(organization, &request.without_parameters(&[]), list.total))
        }
        (pages(request, list))
        (export::line(organization, "people", "people"))
    }
}

fn search(request: &PageRequest) -> Markup {
    let value = |name| request.parameter(name);
    let or = |name, default| if value(name).is_empty() { default } else { value(name) };
    let is_narrowed = NARROWING.iter().any(|name| !value(name).is_empty());
    html! {
        form method="get" role="search" {
            div.filters {
                (field("search", "search", "Search", value("search"),
                    "A part of the user name, name, mail address or external id."))
                (select("sort", "sort", "Sort by", &SORTS, or("sort", "name")))
                (select("count", "count", "On a page", &COUNTS, or("count", "50")))
            }
            details open[is_narrowed] {
                summary { "More filters" }
                div.filters {
                    (field("domain", "domain", "Mail domain", value("domain"), ""))
                    (select("status", "status", "Status", &STATUSES, value("status")))
                    (select("org_role", "org_role", "Organization role", &ROLES, value("org_role")))
                    (field("group", "group", "Group", value("group"), "Its whole name, or its SCIM id."))
                    (select("provider", "provider", "Identity provider", &PROVIDERS, value("provider")))
                    div.field {
                        label for="silent_since" { "It has sent nothing since" }
                        input #silent_since type="date" name="silent_since" aria-describedby="silent_since-hint"
                            value=(value("silent_since").get(..10).unwrap_or_default());
                        small #silent_since-hint {
                            "No request about the person: pushes of groups do not count."
                        }
                    }
                }
            }
            button { "Search" }
            @if is_narrowed || !value("search").is_empty() { " " a href="?" { "Show all" } }
        }
    }
}

/// How many people were found, and what was not looked at.
fn found(request: &PageRequest, list: &MemberList) -> Markup {
    let MemberList { total, rest, group, .. } = list;
    let begins_later = !request.parameter("from").is_empty();
    let by =
        if request.parameter("sort") == "changed" { "those that were changed last" } else { "by user name" };
    html! {
        p role="status" {
            @match total {
                Some(0) => "No member matches.",
                Some(1) => "1 member.",
                Some(total) => { (thousands(*total)) " members." },
                None => "More members than are counted.",
            }
            @match group {
                Some(group) => { " Group: " (shorten(&group.display_name)) "." },
                None => @if !request.parameter("group").trim().is_empty() {
                    " There is no group with this name or id."
                },
            }
        }
        @if rest.is_some() || begins_later {
            p.notice {
                @if let Some(rest) = rest {
                    @if begins_later { "Another " } @else { "The first " }
                    (thousands(MOST_SEARCHED.into())) " people were searched, " (by) ", not all. Add a filter, or "
                    a href=(request.with_parameter_without("from", rest, &TURNING)) { "search the next ones" } ". "
                } @else {
                    "The rest of the people was searched. "
                }
                @if begins_later {
                    a href=(request.without_parameters(&TURNING)) { "Back to the first ones" }
                }
            }
        }
    }
}

fn pages(request: &PageRequest, list: &MemberList) -> Markup {
    let turned = |name, place| request.with_parameter_without(name, place, &["after", "before"]);
    let is_turned = ["after", "before"].iter().any(|name| !request.parameter(name).is_empty());
    html! {
        @if list.previous.is_some() || list.next.is_some() || is_turned {
            nav.turning aria-label="Pages" {
                @if is_turned { a.button.quiet href=(request.without_parameters(&TURNING)) { "First page" } }
                @if let Some(place) = &list.previous {
                    a.button rel="prev" href=(turned("before", place)) { "Previous page" }
                }
                @if let Some(place) = &list.next {
                    a.button rel="next" href=(turned("after", place)) { "Next page" }
                }
            }
        }
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
            caption.hidden { "Members" }
            thead { tr {
                th scope="col" { "User name" } th scope="col" { "Name" }
                th scope="col" { "Organization role" }
                th scope="col" { "Status" } th scope="col" { "Last changed" }
            } }
            tbody {
                @for member in members { tr {
                    td data-label="User name" {
                        (bulk::tick(&member.id, &member.user_name))
                        a href=(address(organization, &format!("members/{}", member.id))) {
                            (brief(&shorten(&member.user_name)))
                        }
                    }
                    td data-label="Name" { (brief(&shorten(&member.name))) }
                    td data-label="Organization role" { (member.org_role.as_str()) }
                    td data-label="Status" { (status(member)) }
                    td data-label="Last changed" { (time(&member.last_modified)) }
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
