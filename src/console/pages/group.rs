//! A group: its role, and its members, who are added and removed here.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall};
use super::export;
use super::flash::{Done, Flash};
use super::history::{self, Subject};
use super::layout::{Section, page};
use super::lists::pushed;
use super::members::status;
use super::page::Page;
use super::parts::{address, address_of, copied, field, maker, next, once, required_field, segment};
use super::project::address_of_role;
use super::project::address_of_team;
use super::projects::address_of_project;
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::page_reads::{self, GroupWithHistory};
use crate::admin_api::types::groups::{Group as Described, GroupMember, GroupRecord};
use crate::admin_api::types::members::MemberInList;
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::{AdminContext, CallKey, InOrganization, group_people};
use crate::http::{AdminCode, Problem};
use scim_protocol::error::shorten;

/// The parameter with the id of a member who is about to be removed.
const REMOVE: &str = "remove";
/// The parameter that tells from which page the removal was begun.
const FROM: &str = "from";

/// How many members the page shows, unless its address says otherwise: its history takes room, too.
const SHOWN: &str = "25";

/// The page of a group.
pub(super) struct Group<'a> {
    pub(super) org: &'a str,
    pub(super) id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Add(Person),
    Remove(Person),
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Person {
    person: String,
}

/// Adds the person with this id or user name to the group with this id or name.
///
/// # Errors
/// Those of the call.
pub(super) async fn add(
    context: &mut AdminContext<'_>,
    org: &str,
    group: &str,
    person: &str,
) -> Result<GroupMember, Problem> {
    if group.trim().is_empty() || person.trim().is_empty() {
        return Err(Problem::of(
            AdminCode::NothingChosen,
            "Type the user name or the id of a person, and the name or the id of a group.",
        ));
    }
    let (group, person) = group_people::ids_of(context, org, group.trim(), person.trim()).await?;
    let parameters = [org, &group, &person];
    Ok(FormCall::new(Call::AddToGroup, &parameters).send(context, None).await?.read()?)
}

/// What the page says once a person was added to a group or removed from it.
pub(super) fn done(done: &GroupMember) -> Done {
    let flash = match (done.is_member, done.changed) {
        (true, true) => Flash::AddedToGroup,
        (true, false) => Flash::WasInGroup,
        (false, true) => Flash::RemovedFromGroup,
        (false, false) => Flash::WasNotInGroup,
    };
    let said = flash.about(&format!("{} · {}", done.member.user_name, done.group.display_name));
    match done.event {
        Some(event) => said.undone_by(format!("events={event}")),
        None => said,
    }
}

/// The page that asks whether a person is to be removed from a group, begun on the page of the person.
pub(super) fn removal(organization: &str, group: &str, person: &str) -> String {
    address_of(organization, &format!("groups/{}?{REMOVE}={}&{FROM}=person", segment(group), segment(person)))
}

impl Page for Group<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (org, id) = (self.org, self.id);
        let group = address_of(org, &format!("groups/{}", segment(id)));
        let here = format!("{group}{}", request.without_parameters(&[REMOVE, FROM]));
        match form {
            Form::Add(Person { person }) => {
                let added = add(context, org, id, person).await?;
                Ok(PageResponse::Redirect(done(&added).at(&here)))
            }
            Form::Remove(Person { person }) => {
                let parameters = [org, id, person];
                let call = FormCall::new(Call::RemoveFromGroup, &parameters);
                let removed: GroupMember = call.send(context, key).await?.read()?;
                let back = match request.parameter(FROM) {
                    "person" => address_of(org, &format!("members/{}", segment(person))),
                    _ => here,
                };
                Ok(PageResponse::Redirect(done(&removed).at(&back)))
            }
        }
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let subject = Subject::Group(self.id);
        let mut own = history::other_parameters(request);
        own.retain(|(name, _)| ![REMOVE, FROM].contains(&name.as_str()));
        if request.parameter("count").is_empty() {
            own.push(("count".to_owned(), SHOWN.to_owned()));
        }
        let query = query::read(&own)?;
        let history = history::query(request, subject)?;
        let InOrganization { organization, answer } =
            page_reads::group(context, self.org, self.id, query, request.parameter(REMOVE), history).await?;
        let GroupWithHistory { group, leaving, history } = answer;
        let group = match group {
            Ok(group) => group,
            Err(problem) => {
                return history::of_the_gone(
                    context,
                    request,
                    &organization,
                    &history,
                    subject,
                    problem,
                    &html! {},
                );
            }
        };
        let history = history::section(request, &organization, &history, subject, group.member_count);
        let refused = match state.refused {
            Some(Form::Add(Person { person })) => Some(person),
            _ => None,
        };
        let main = html! {
            @if let Some(person) = &leaving { (removing(request, &organization, &group.record, person)) }
            (facts(&organization, &group))
            (export::line(&organization, "groups", "all groups with their members"))
            (members(request, &organization, &group, refused.as_deref()))
            (history)
        };
        let section = Some((&*organization, Section::Projects));
        let title = &group.record.display_name;
        Ok(PageResponse::Page(page(&context.actor, section, title, state.notice.as_ref(), &main)))
    }
}

fn facts(organization: &Organization, group: &Described) -> Markup {
    let Described { record, member_count, .. } = group;
    html! {
        section.card aria-label="Group" {
            dl.facts {
                div { dt { "SCIM group" } dd { (copied(&record.display_name)) } }
                div { dt { "SCIM id" } dd { (copied(&record.id)) } }
                @if let Some(project) = &record.project {
                    @let org = &organization.record.id;
                    div { dt { "Project" } dd { a href=(address_of_project(org, &project.id)) { (project.name) } } }
                    @match (&record.team, &record.role) {
                        (Some(team), _) => div { dt { "Team" } dd {
                            a href=(address_of_team(org, &project.id, &team.id)) { (team.name) }
                        } },
                        (None, Some(role)) => div { dt { "Role" } dd {
                            a href=(address_of_role(org, &project.id, &record.id)) { (role) }
                        } },
                        (None, None) => {},
                    }
                }
                @if let (Some(_), Some(role)) = (&record.team, &record.role) { div { dt { "Role" } dd { (role) } } }
                div { dt { "Members" } dd { @match member_count {
                    Some(count) => (count),
                    None => "more than 1,000",
                } } }
                div { dt { "Last pushed" } dd { (pushed(record.pushed_at.as_deref())) } }
            }
        }
    }
}

fn members(
    request: &PageRequest,
    organization: &Organization,
    group: &Described,
    refused: Option<&str>,
) -> Markup {
    let Described { record, members, next: after, .. } = group;
    let search = request.parameter("search");
    let is_part = !search.is_empty() || !request.parameter("after").is_empty();
    let here = address(organization, &format!("groups/{}", record.id));
    let after = after.as_deref().map(|after| request.with_parameter_instead("after", REMOVE, after));
    let turning = if search.is_empty() { "Next page" } else { "Search on" };
    html! {
        h2 { "Members" }
        (maker("Add a person", refused.is_some(), &html! {
            form method="post" action=(here) {
                (once())
                @if record.pushed_at.is_some() { p { (PUSHED) } }
                (required_field("person", "person", "User name or id", refused.unwrap_or_default(), ""))
                button name="action" value="add" { "Add to this group" }
            }
        }))
        form.inline method="get" role="search" action=(here) {
            (field("search", "search", "Name or user name", search, ""))
            button.quiet { "Search" }
            @if is_part { a href=(here) { "All members" } }
        }
        @if members.is_empty() {
            p.empty { @match (search.is_empty(), &after) {
                (true, _) => "This group has no members.",
                (false, None) => "No member has this in their name.",
                (false, Some(_)) => "No member has this in their name so far.",
            } }
        } @else {
            table {
                thead { tr {
                    th scope="col" { "User name" } th scope="col" { "Name" } th scope="col" { "Status" }
                    th scope="col" { "Membership" }
                } }
                tbody {
                    @for member in members { tr {
                        td data-label="User name" {
                            a href=(address(organization, &format!("members/{}", member.id))) {
                                (shorten(&member.user_name))
                            }
                        }
                        td data-label="Name" { (shorten(&member.name)) }
                        td data-label="Status" { (status(member)) }
                        td data-label="Membership" {
                            a href=(request.with_parameter(REMOVE, &member.id))
                                aria-label={ "Remove " (shorten(&member.user_name)) } { "Remove" }
                        }
                    } }
                }
            }
        }
        (next(after, turning))
    }
}

/// What the forms say of a group that an identity provider pushes.
const PUSHED: &str = "An identity provider pushes this group: with its next push of all members it sets the group \
                      back to what it has. Change the group there, too.";

/// Asks whether a member is to be removed.
fn removing(
    request: &PageRequest,
    organization: &Organization,
    group: &GroupRecord,
    person: &MemberInList,
) -> Markup {
    let back = match request.parameter(FROM) {
        "person" => address(organization, &format!("members/{}", person.id)),
        _ => address(organization, &format!("groups/{}", group.id)),
    };
    html! {
        section.card aria-labelledby="remove-heading" {
            h2 #remove-heading { "Remove " (person.user_name) " from this group?" }
            p {
                @match &group.role {
                    Some(role) => { "This takes the role " (role) " from this person, who stays in the organization." },
                    None => "The person stays in the organization.",
                }
            }
            @if group.pushed_at.is_some() && person.managed { p { (PUSHED) } }
            form method="post" {
                (once())
                input type="hidden" name="person" value=(person.id);
                button.danger name="action" value="remove" { "Remove from the group" }
                " " a href=(back) { "Keep the membership" }
            }
        }
    }
}
