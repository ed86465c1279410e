//! A member: status, role, groups and history.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::access;
use super::calls::{Call, FormCall};
use super::deeds::{Place, View, by};
use super::flash::Flash;
use super::form::check_confirmed;
use super::group;
use super::history::{self, Subject};
use super::import;
use super::layout::{Section, page};
use super::members::{ASSIGNABLE, chosen_role, status};
use super::page::Page;
use super::parts::{
    address, address_of, confirmation, field, maker, once, required_field, segment, select, time,
};
use super::products::deactivations;
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::members::Person;
use crate::admin_api::page_reads::{self, PersonWithHistory};
use crate::admin_api::types::members::{
    ChangeMember, Member as MemberInOrganization, MemberInList, MemberNames, NewMember, TransferOwnership,
};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::product_keys::Revocation;
use crate::admin_api::{AdminContext, CallKey, InOrganization};
use crate::http::{AdminCode, Problem};
use directory::OrgRole;
use scim_protocol::error::shorten;

/// The parameter that asks for the confirmation of a removal, and its value.
const REMOVE: &str = "remove";
const ASK: &str = "ask";
/// Most groups that the confirmation names.
const MOST_NAMED: usize = 20;
/// Longest name on the page, and most of a resource, in bytes.
const MOST_OF_TEXT: usize = 1_000;
const MOST_OF_RESOURCE: usize = 10_000;

/// The page of a member.
pub(super) struct Member<'a> {
    pub(super) org: &'a str,
    pub(super) id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Role(Role),
    Names(Names),
    Remove {},
    Activate(Activate),
    Own(Own),
    Join(Join),
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Join {
    group: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Role {
    org_role: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Names {
    given_name: String,
    family_name: String,
    display_name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Activate {
    user_name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Own {
    user_name: String,
    confirm: String,
}

impl Page for Member<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (org, id) = (self.org, self.id);
        let here = address_of(org, &format!("members/{}", segment(id)));
        let (call, flash) = match form {
            Form::Role(form) => {
                let org_role = chosen_role(&form.org_role)?;
                org_role
                    .ok_or_else(|| Problem::of(AdminCode::NothingChosen, "Choose an organization role."))?;
                let body = ChangeMember { org_role, ..ChangeMember::default() };
                (FormCall::with(Call::ChangeMember, &[org, id], &body)?, Flash::RoleChanged)
            }
            Form::Names(form) => {
                let body = ChangeMember {
                    org_role: None,
                    given_name: Some(form.given_name.clone()),
                    family_name: Some(form.family_name.clone()),
                    display_name: Some(form.display_name.clone()),
                };
                (FormCall::with(Call::ChangeMember, &[org, id], &body)?, Flash::NamesChanged)
            }
            Form::Remove {} => (FormCall::new(Call::RemoveMember, &[org, id]), Flash::MemberRemoved),
            Form::Activate(form) => {
                let body = NewMember {
                    user_name: form.user_name.clone(),
                    confirm_no_address: None,
                    given_name: None,
                    family_name: None,
                    org_role: None,
                };
                (FormCall::with(Call::AddMember, &[org], &body)?, Flash::MemberAdded)
            }
            Form::Join(form) => {
                let joined = group::add(context, org, &form.group, id).await?;
                return Ok(PageResponse::Redirect(group::done(&joined).at(&here)));
            }
            Form::Own(form) => {
                check_confirmed(&form.confirm, &form.user_name)?;
                let body = TransferOwnership { member: id.to_owned() };
                (FormCall::with(Call::TransferOwnership, &[org], &body)?, Flash::OwnershipTransferred)
            }
        };
        let answered = call.send(context, key).await?;
        if matches!(form, Form::Remove {}) && !answered.read::<MemberInOrganization>()?.managed {
            // A member that SCIM does not see is deleted and has no page any more.
            return Ok(PageResponse::Redirect(Flash::MemberDeleted.at(&address_of(org, "members"))));
        }
        Ok(PageResponse::Redirect(flash.at(&here)))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let subject = Subject::Person(self.id);
        let (access, history) = (access::query(request)?, history::query(request, subject)?);
        let InOrganization { organization, answer } =
            page_reads::person(context, self.org, self.id, access, history).await?;
        let PersonWithHistory { person, access, history, revocations, shown } = answer;
        let revocations = revoked(&organization, self.id, &revocations);
        let answer = match person {
            Ok(person) => person,
            Err(problem) => {
                return history::of_the_gone(
                    context,
                    request,
                    &organization,
                    &history,
                    subject,
                    problem,
                    &revocations,
                );
            }
        };
        let history = history::section(request, &organization, &history, subject, None);
        let access = access::section(request, &organization, self.id, &access);
        let shown = html! { (revocations) (import::of_person(&organization, &shown)) };
        let form = state.refused.as_ref();
        let main = main(request, &organization, &answer, form, &access, &history, &shown);
        let section = Some((&*organization, Section::Members));
        let title = &shorten(&answer.member.user_name);
        Ok(PageResponse::Page(page(&context.actor, section, title, state.notice.as_ref(), &main)))
    }
}

fn main(
    request: &PageRequest,
    organization: &Organization,
    person: &Person,
    refused: Option<&Form>,
    access: &Markup,
    history: &Markup,
    shown: &Markup,
) -> Markup {
    let Person { member, resource, created_by, .. } = person;
    let is_owner = member.org_role == OrgRole::Owner;
    let view =
        View { organization: &organization.record.id, place: Place::Person(&member.id), is_whole: false };
    html! {
        @if request.parameter(REMOVE) == ASK && member.active && !is_owner { (removal(person)) }
        section.card aria-label="Person" {
            dl.facts {
                @if shorten(&member.user_name) != member.user_name {
                    div { dt { "User name" } dd { (member.user_name) } }
                }
                div { dt { "Status" } dd { (status(member)) } }
                div { dt { "Name" } dd { (short(&member.name)) } }
                div { dt { "Organization role" } dd { (member.org_role.as_str()) } }
                div { dt { "Created" } dd {
                    (time(&member.created_at)) " "
                    @match created_by {
                        Some(cause) => (by(&view, cause)),
                        None => "before the history begins",
                    }
                } }
                div { dt { "Last modified" } dd { (time(&member.last_modified)) } }
            }
        }
        (access)
        @if member.active { (joining(refused)) }
        @if member.active && !is_owner { (actions(person)) }
        @if !member.active { (activation(organization, member)) }
        @if is_owner {
            p { "The Owner cannot be changed or removed. First transfer the ownership on the page of the new Owner." }
        }
        (names(person, refused))
        (history)
        (shown)
        section.card aria-labelledby="resource-heading" {
            h2 #resource-heading { "As the identity provider sees it" }
            @match resource {
                None => p { "SCIM does not see this person: the mail address is outside the organization's mail \
                             domains." },
                Some(resource) => details {
                    summary { "SCIM resource" }
                    (beginning(resource))
                },
            }
        }
    }
}

/// When products acknowledged that the person lost access.
fn revoked(organization: &Organization, id: &str, revocations: &[Revocation]) -> Markup {
    html! {
        @if !revocations.is_empty() {
            section.card aria-labelledby="revoked-heading" {
                h2 #revoked-heading { "When products knew that access was lost" }
                (deactivations(organization, revocations))
                p { a href=(address(organization, &format!("products?person={}", segment(id)))) { "Earlier ones" } }
            }
        }
    }
}

/// The form that adds the person to a group.
fn joining(refused: Option<&Form>) -> Markup {
    let typed = match refused {
        Some(Form::Join(Join { group })) => group.as_str(),
        _ => "",
    };
    maker(
        "Add to a group",
        !typed.is_empty(),
        &html! {
            form method="post" {
                (once())
                (required_field("group", "group", "Group", typed, "The name of the SCIM group, or its id."))
                button name="action" value="join" { "Add" }
            }
        },
    )
}

/// A text, cut where it is too long for a page.
fn short(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MOST_OF_TEXT)).unwrap_or_default()
}

/// The beginning of a resource that may be long.
fn beginning(resource: &Value) -> Markup {
    let text = format!("{resource:#}");
    let shown = text.get(..text.floor_char_boundary(MOST_OF_RESOURCE)).unwrap_or_default();
    html! {
        pre tabindex="0" { (shown) }
        @if shown.len() < text.len() {
            p { "This is its beginning. The API has all of it: GET …/members/:id." }
        }
    }
}

/// Asks whether the person is to be removed, and says what it takes.
fn removal(person: &Person) -> Markup {
    let Person { member, groups, .. } = person;
    let (shown, others) = groups.split_at_checked(MOST_NAMED).unwrap_or((groups, &[]));
    html! {
        section.card aria-labelledby="remove-heading" {
            h2 #remove-heading { "Remove " (shorten(&member.user_name)) "?" }
            p {
                "The person loses the role " (member.org_role.as_str())
                @if shown.is_empty() { ". They are in no group." } @else {
                    " and these groups: "
                    @for (number, group) in shown.iter().enumerate() {
                        @if number > 0 { ", " } (group.display_name)
                    }
                    @if !others.is_empty() { ", and " (others.len()) " more" }
                    "."
                }
            }
            p {
                @if member.managed {
                    "The person is deactivated. Okta unassigns them at its next import. "
                } @else {
                    "The person is deleted, since SCIM does not see them. "
                }
                "They can be brought back, with their role and groups."
            }
            form method="post" {
                (once())
                button.danger name="action" value="remove" { "Remove" } " "
                a.button.quiet href="?" { "Cancel" }
            }
        }
    }
}

fn names(person: &Person, refused: Option<&Form>) -> Markup {
    let MemberNames { given_name, family_name, display_name } = &person.names;
    let stored = [given_name, family_name, display_name].map(|name| name.as_deref().unwrap_or_default());
    let [given, family, display] = match refused {
        Some(Form::Names(typed)) => {
            [&typed.given_name, &typed.family_name, &typed.display_name].map(String::as_str)
        }
        _ => stored,
    };
    let is_known = stored.iter().all(|name| name.len() <= MOST_OF_TEXT);
    html! {
        @if is_known {
            section.card aria-labelledby="names-heading" {
                h2 #names-heading { "Names" }
                form method="post" {
                    (once())
                    (field("given_name", "given_name", "First name", given, ""))
                    (field("family_name", "family_name", "Last name", family, ""))
                    (field("display_name", "display_name", "Display name", display, ""))
                    @if person.member.managed {
                        p {
                            "An identity provider that manages this person sets the names back with its next change \
                             of the person."
                        }
                    }
                    button name="action" value="names" { "Save names" }
                }
            }
        }
    }
}

fn actions(person: &Person) -> Markup {
    let Person { member, groups, .. } = person;
    let (user_name, role) = (&member.user_name, member.org_role.as_str());
    html! {
        section.card aria-labelledby="actions-heading" {
            h2 #actions-heading { "Change" }
            div.columns {
                form method="post" {
                    (once())
                    h3 { "Organization role" }
                    (select("org_role", "org_role", "New role", &ASSIGNABLE, role))
                    button name="action" value="role" { "Save" }
                }
                div {
                    h3 { "Remove from the organization" }
                    p {
                        "Takes the role " (role) " and "
                        @if groups.len() == 1 { "1 group" } @else { (groups.len()) " groups" }
                        " from this person. The next page asks for confirmation."
                    }
                    a.button.danger href={ "?" (REMOVE) "=" (ASK) } { "Remove…" }
                }
                form method="post" {
                    (once())
                    h3 { "Transfer the ownership" }
                    p { "This person becomes the Owner. The present Owner becomes an Admin." }
                    input type="hidden" name="user_name" value=(user_name);
                    (confirmation("confirm-owner", user_name))
                    button.danger name="action" value="own" { "Transfer" }
                }
            }
        }
    }
}

fn activation(organization: &Organization, member: &MemberInList) -> Markup {
    html! {
        section.card aria-labelledby="actions-heading" {
            h2 #actions-heading { "Activate" }
            p {
                "This person is deactivated. The identity provider activates the people that it assigns again; \
                 activate here those that it does not manage: with the role and the groups that they had, or without."
            }
            p {
                a.button href=(address(organization, &format!("members/{}/restore", segment(&member.id)))) {
                    "Bring back with role and groups"
                }
            }
            form method="post" {
                (once())
                input type="hidden" name="user_name" value=(member.user_name);
                button.quiet name="action" value="activate" { "Activate again" }
            }
            p {
                a href=(address(organization, &format!("products?person={}", segment(&member.id)))) {
                    "When products knew of the deactivation"
                }
            }
        }
    }
}
