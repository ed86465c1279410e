//! The organizations of the deployment, or those that an administrator administers.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall, WithId};
use super::flash::Flash;
use super::form::{Checkbox, optional};
use super::layout::{HOME, page, section_page};
use super::page::Page;
use super::parts::{
    address_of, domains, field, maker, next as next_page, no_address, once, required_field, select, time,
};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::members::NewPerson;
use crate::admin_api::types::organizations::{
    Invitation, NewOrganization, Organization, OrganizationList, OrganizationQuery, OrganizationSort,
};
use crate::admin_api::types::query::{self, LongCount};
use crate::admin_api::{AdminContext, CallKey, organizations};
use crate::auth::actor::Actor;
use crate::http::Problem;

const ADDRESS: &str = "/console/organizations";

/// Most organizations of a page, and most deleted ones: names may be long.
const MOST_SHOWN: u16 = 25;
/// Most invitations that are shown.
const MOST_INVITATIONS: usize = 20;

/// The page of all organizations.
pub(super) struct Organizations {
    /// Whether the page of the only organization is shown instead of a list of one.
    pub(super) skips_single: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Create(Create),
    Accept(Invited),
    Decline(Invited),
    EndSessions {},
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Create {
    name: String,
    user_name: String,
    confirm_no_address: Checkbox,
    given_name: String,
    family_name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Invited {
    organization: String,
}

impl Page for Organizations {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (call, flash) = match form {
            Form::Create(form) => {
                let call = FormCall::with(Call::CreateOrganization, &[], &form.request())?;
                (call, Flash::OrganizationCreated)
            }
            Form::Accept(Invited { organization }) => {
                context.select_database_of(organization)?;
                (FormCall::new(Call::Accept, &[organization]), Flash::InvitationAccepted)
            }
            Form::Decline(Invited { organization }) => {
                context.select_database_of(organization)?;
                (FormCall::new(Call::Decline, &[organization]), Flash::InvitationDeclined)
            }
            Form::EndSessions {} => (FormCall::new(Call::EndSessions, &[]), Flash::SessionsEnded),
        };
        let answered = call.send(context, key).await?;
        let next = match form {
            Form::Create(_) => {
                let created: WithId = answered.read()?;
                address_of(&created.id, "keys")
            }
            _ => ADDRESS.to_owned(),
        };
        Ok(PageResponse::Redirect(flash.at(&next)))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let to = section_page(request.parameter("to"));
        let parameters: Vec<_> = request.query.iter().filter(|(name, _)| name != "to").cloned().collect();
        let query: OrganizationQuery = query::read(&parameters)?;
        let sort = if request.parameter("sort") == "created" { query.sort } else { OrganizationSort::Name };
        let query = OrganizationQuery { sort, count: LongCount(query.count.0.min(MOST_SHOWN)), ..query };
        let is_filtered = query.search.is_some() || query.after.is_some();
        let list = organizations::list(context, query).await?.body;
        if let (true, [], [only]) =
            (self.skips_single && !is_filtered, list.invitations.as_slice(), list.organizations.as_slice())
        {
            return Ok(PageResponse::Redirect(address_of(&only.record.id, HOME).into()));
        }
        let refused = match &state.refused {
            Some(Form::Create(form)) => Some(form),
            _ => None,
        };
        let main = html! {
            (main(&context.actor, request, to, &list, refused))
            @if context.actor.is_operator() && !is_filtered { (sessions()) }
        };
        Ok(PageResponse::Page(page(&context.actor, None, "Organizations", state.notice.as_ref(), &main)))
    }
}

impl Create {
    fn request(&self) -> NewOrganization {
        let owner = NewPerson {
            user_name: self.user_name.clone(),
            confirm_no_address: Some(self.confirm_no_address.0),
            given_name: optional(&self.given_name),
            family_name: optional(&self.family_name),
        };
        NewOrganization {
            name: self.name.trim().to_owned(),
            owner,
            database: None,
            email_management: None,
            plain_groups: None,
            keep_access: None,
            mail_domains: None,
            key_lifetime_days: None,
            user_limit: None,
            brake_percent: None,
        }
    }
}

/// The orders to choose from.
const SORTS: [(&str, &str); 2] = [("name", "Name"), ("created", "Oldest first")];

fn main(
    actor: &Actor,
    request: &PageRequest,
    to: &str,
    list: &OrganizationList,
    refused: Option<&Create>,
) -> Markup {
    let OrganizationList { organizations, next, invitations, deleted } = list;
    let is_filtered = !request.parameter("search").is_empty() || !request.parameter("after").is_empty();
    let next = next.as_deref().map(|next| request.with_parameter("after", next));
    let (declined, open): (Vec<&Invitation>, Vec<&Invitation>) =
        invitations.iter().partition(|invitation| invitation.declined);
    html! {
        @if actor.is_operator() {
            (maker("Create an organization", refused.is_some(), &create(refused.unwrap_or(&Create::default()))))
        }
        @for invitation in open.iter().take(MOST_INVITATIONS) { (invited(invitation)) }
        @if open.len() > MOST_INVITATIONS { p { "There are more invitations: answer these first." } }
        @if is_filtered || next.is_some() || organizations.len() > 1 {
            form.filters method="get" role="search" {
                @if !request.parameter("to").is_empty() { input type="hidden" name="to" value=(to); }
                (field("search", "search", "Name or mail domain contains, or id is", request.parameter("search"), ""))
                (select("sort", "sort", "Sorted by", &SORTS, request.parameter("sort")))
                button { "Search" }
            }
        }
        @if organizations.is_empty() {
            p.empty {
                @if is_filtered && next.is_some() {
                    "No organization of those that were looked at matches. Look at more."
                } @else if is_filtered {
                    "No organization matches."
                } @else if actor.is_operator() {
                    "There is no organization yet."
                } @else if !open.is_empty() {
                    "You administer no organization yet."
                } @else {
                    "You administer no organization here: that takes an active member with the role Admin or Owner, \
                     whose user name is " (actor.name()) "."
                }
            }
        } @else {
            table {
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "Mail \
                         domains" } th scope="col" { "Owner" } th scope="col" { "Id" }
                    th scope="col" { "People" } th scope="col" { "Created" }
                } }
                tbody {
                    @for organization in organizations { tr {
                        td data-label="Name" {
                            a href=(address_of(&organization.record.id, to)) { (organization.record.name) }
                        }
                        td data-label="Mail domains" { (domains(&organization.record.mail_domains)) }
                        td data-label="Owner" { (organization.record.owner_user_name.as_deref().unwrap_or_default()) }
                        td data-label="Id" { code { (organization.record.id) } }
                        td data-label="People" { (organization.record.user_count) }
                        td data-label="Created" { (time(&organization.record.created_at)) }
                    } }
                }
            }
        }
        @if !request.parameter("after").is_empty() {
            p { a.button href=(request.without_parameters(&["after"])) { "First page" } }
        }
        (next_page(next, "More organizations"))
        @if !declined.is_empty() {
            details {
                summary { "Declined" }
                @for invitation in declined.iter().take(MOST_INVITATIONS) { (invited(invitation)) }
            }
        }
        @if !deleted.is_empty() { (deleted_ones(deleted)) }
    }
}

/// An invitation, with facts that tell the organization from others of the same name.
fn invited(invitation: &Invitation) -> Markup {
    let id = &invitation.id;
    html! {
        section.card aria-labelledby={ "invitation-" (id) } {
            h2 id={ "invitation-" (id) } { "Invitation: " (invitation.name) }
            p {
                "Its administrators have made you \
                 " (invitation.org_role.as_str()) ". Any organization may \
                 have this name: accept only if you know its Owner or its id."
            }
            dl.facts {
                div { dt { "Owner" } dd { (invitation.owner_user_name.as_deref().unwrap_or_default()) } }
                div { dt { "Mail domains" } dd { (domains(&invitation.mail_domains)) } }
                div { dt { "Organization id" } dd { code { (id) } } }
                div { dt { "People" } dd { (invitation.user_count) } }
                div { dt { "Created" } dd { (time(&invitation.created_at)) } }
            }
            form method="post" action="/console/organizations" {
                (once())
                input type="hidden" name="organization" value=(id);
                button name="action" value="accept" { "Accept" }
                @if !invitation.declined { " " button.quiet name="action" value="decline" { "Decline" } }
            }
        }
    }
}

/// Deleted organizations, each with the way back.
fn deleted_ones(deleted: &[Organization]) -> Markup {
    html! {
        section aria-labelledby="deleted" {
            h2 #deleted { "Deleted organizations" }
            table {
                caption.hidden { "Deleted organizations that can be restored" }
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "Id" } th scope="col" { "People" }
                    th scope="col" { "Deleted" } th scope="col" { "Way back" }
                } }
                tbody {
                    @for organization in deleted.iter().take(MOST_SHOWN.into()) {
                        @let delete = address_of(&organization.record.id, "delete");
                        tr {
                            td data-label="Name" { a href=(delete) { (organization.record.name) } }
                            td data-label="Id" { code { (organization.record.id) } }
                            td data-label="People" { (organization.record.user_count) }
                            td data-label="Deleted" {
                                @if let Some(deletion) = &organization.record.deletion { (time(&deletion.at)) }
                            }
                            td data-label="Way back" {
                                form method="post" action=(delete) {
                                    (once())
                                    button.quiet name="action" value="restore"
                                        aria-label={ "Restore " (organization.record.name) } { "Restore" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn sessions() -> Markup {
    html! {
        section.card aria-labelledby="sessions-heading" {
            h2 #sessions-heading { "Sessions" }
            p {
                "Ends every session that began with the admin token, on every device, also this one. Sessions of \
                 Cloudflare Access end in Access."
            }
            form method="post" action="/console/organizations" {
                (once())
                button.danger name="action" value="end-sessions" { "End all sessions" }
            }
        }
    }
}

fn create(typed: &Create) -> Markup {
    html! {
        form method="post" action="/console/organizations" {
            (once())
            (required_field("name", "name", "Name", &typed.name, ""))
            (required_field("user_name", "user_name", "User name of the Owner", &typed.user_name,
                "Usually the mail address. An organization has exactly one Owner, who can transfer the ownership \
                 later."))
            (no_address("no_address", &typed.user_name))
            (field("given_name", "given_name", "First name of the Owner", &typed.given_name, ""))
            (field("family_name", "family_name", "Last name of the Owner", &typed.family_name, ""))
            button name="action" value="create" { "Create" }
        }
    }
}
