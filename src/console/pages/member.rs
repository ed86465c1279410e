//! A member: status, role, groups and history.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::access;
use super::calls::{Call, note, post};
use super::flash::Flash;
use super::form::check_confirmed;
use super::group;
use super::history::{self, Subject};
use super::import;
use super::layout::{Section, page};
use super::members::{ASSIGNABLE, chosen_role, status};
use super::page::{Shown, Submitted};
use super::parts::{address_of, confirmation, maker, once, pretty, required_field, segment, select, time};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::page_reads::{self, Member as Described, Person};
use crate::admin_api::types::Nothing;
use crate::admin_api::types::consequences::ConfirmationQuery;
use crate::admin_api::types::members::{ChangeMember, MemberInList, NewMember, TransferOwnership};
use crate::admin_api::{AdminContext, CallKey, InOrganization, members};
use crate::http::Problem;
use directory::OrgRole;

/// The page of a member.
pub(super) struct Member<'a> {
    pub(super) org: &'a str,
    pub(super) id: &'a str,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub(super) enum Form {
    Role(Role),
    Remove,
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
pub(super) struct Activate {
    user_name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Own {
    user_name: String,
    confirm: String,
}

impl Submitted for Member<'_> {
    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (org, id) = (self.org, self.id);
        let path = ["organizations", org, "members", id];
        let here = address_of(org, &format!("members/{}", segment(id)));
        let flash = match form {
            Form::Role(form) => {
                let org_role = chosen_role(&form.org_role)?;
                let org_role = org_role.ok_or_else(|| Problem::new(400, "Choose an organization role."))?;
                let body = ChangeMember { org_role };
                note(context, &Call { method: "PATCH", path: &path, body: Some(&body) })?;
                members::change(context, org, id, body).await?;
                Flash::RoleChanged
            }
            Form::Remove => {
                note(context, &Call { method: "DELETE", path: &path, body: None::<&Nothing> })?;
                let removed = members::remove(context, org, id, ConfirmationQuery::default()).await?.body;
                if !removed.managed {
                    // A member that SCIM does not see is deleted and has no page any more.
                    let list = address_of(org, "members");
                    return Ok(PageResponse::Redirect(Flash::MemberDeleted.at(&list)));
                }
                Flash::MemberRemoved
            }
            Form::Activate(form) => {
                let body = NewMember {
                    user_name: form.user_name.clone(),
                    confirm_no_address: None,
                    given_name: None,
                    family_name: None,
                    org_role: None,
                };
                let path = ["organizations", org, "members"];
                post(context, key, &path, Some(&body), async |context| {
                    members::add(context, org, body.clone()).await
                })
                .await?;
                Flash::MemberAdded
            }
            Form::Join(form) => {
                let joined = group::add(context, org, &form.group, id).await?;
                return Ok(PageResponse::Redirect(group::done(&joined).at(&here)));
            }
            Form::Own(form) => {
                check_confirmed(&form.confirm, &form.user_name)?;
                let body = TransferOwnership { member: id.to_owned() };
                let path = ["organizations", org, "owner"];
                note(context, &Call { method: "PUT", path: &path, body: Some(&body) })?;
                members::transfer_ownership(context, org, body).await?;
                Flash::OwnershipTransferred
            }
        };
        Ok(PageResponse::Redirect(flash.at(&here)))
    }
}

impl Shown for Member<'_> {
    type Form = Form;

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
        let Person { member, access, history, shown } = answer;
        let answer = match member {
            Ok(member) => member,
            Err(problem) => {
                return history::of_the_gone(context, request, &organization, &history, subject, problem);
            }
        };
        let history = history::section(request, &organization, &history, subject, None);
        let access = access::section(request, &organization, self.id, &access);
        let group = match &state.refused {
            Some(Form::Join(Join { group })) => group.as_str(),
            _ => "",
        };
        let shown = import::of_person(&organization, &shown);
        let main = main(&answer, group, &access, &history, &shown);
        let section = Some((&organization, Section::Members));
        let title = &answer.member.user_name;
        Ok(PageResponse::Page(page(&context.actor, section, title, state.notice.as_ref(), &main)))
    }
}

fn main(described: &Described, group: &str, access: &Markup, history: &Markup, shown: &Markup) -> Markup {
    let Described { member, resource } = described;
    let is_owner = member.org_role == OrgRole::Owner;
    html! {
        section.card aria-label="Person" {
            dl.facts {
                div { dt { "Status" } dd { (status(member)) } }
                div { dt { "Name" } dd { (member.name) } }
                div { dt { "Organization role" } dd { (member.org_role.as_str()) } }
                div { dt { "Created" } dd { (time(&member.created_at)) } }
                div { dt { "Last modified" } dd { (time(&member.last_modified)) } }
            }
        }
        (access)
        @if member.active { (joining(group)) }
        @if member.active && !is_owner { (actions(member, groups_of(resource.as_ref()))) }
        @if !member.active { (activation(member)) }
        @if is_owner {
            p { "The Owner cannot be changed or removed. First transfer the ownership on the page of the new Owner." }
        }
        (history)
        (shown)
        section.card aria-labelledby="resource-heading" {
            h2 #resource-heading { "As the identity provider sees it" }
            @match resource {
                None => p { "SCIM does not see this person: the mail address is outside the organization's mail \
                             domains." },
                Some(resource) => details {
                    summary { "SCIM resource" }
                    (pretty(resource))
                },
            }
        }
    }
}

/// The form that adds the person to a group; `typed` is from the refused form.
fn joining(typed: &str) -> Markup {
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

/// In how many groups a person is; `None` for one whom SCIM does not see.
fn groups_of(resource: Option<&Value>) -> Option<usize> {
    Some(resource?.get("groups")?.as_array()?.len())
}

fn actions(member: &MemberInList, groups: Option<usize>) -> Markup {
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
                form method="post" {
                    (once())
                    h3 { "Remove from the organization" }
                    p {
                        "Takes the role " (role)
                        @match groups {
                            Some(1) => " and 1 group from this person: Okta will unassign them at its next import.",
                            Some(groups) => {
                                " and " (groups)
                                " groups from this person: Okta will unassign them at its next import."
                            },
                            None => " and all groups from this person, who is deleted, since SCIM does not see them.",
                        }
                    }
                    button.danger name="action" value="remove" { "Remove" }
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

fn activation(member: &MemberInList) -> Markup {
    html! {
        section.card aria-labelledby="actions-heading" {
            h2 #actions-heading { "Activate" }
            p {
                "This person is deactivated. The identity provider activates the people that it assigns again; \
                 activate here those that it does not manage. Roles and groups have to be assigned again."
            }
            form method="post" {
                (once())
                input type="hidden" name="user_name" value=(member.user_name);
                button name="action" value="activate" { "Activate again" }
            }
        }
    }
}
