//! The organizations of the deployment, or those that somebody administers.

use maud::{Markup, html};
use serde_json::Value;

use super::layout::View;
use super::parts::{field, maker, no_address, once, required_field, time};
use crate::admin_api::{list, text};

/// How many mail domains are shown of an organization in short.
const SHOWN_DOMAINS: usize = 3;

pub(crate) fn main(view: &View<'_, '_>, body: &Value) -> Markup {
    let organizations = list(body, "organizations");
    let invitations = list(body, "invitations");
    let is_declined = |each: &&Value| each.get("declined").and_then(Value::as_bool).unwrap_or_default();
    let (declined, open): (Vec<&Value>, Vec<&Value>) = invitations.iter().partition(is_declined);
    html! {
        @if view.console.actor.is_operator() {
            (maker("Create an organization", view.refused_as("create").is_some(), &create(view)))
        }
        @for invitation in &open { (invited(invitation)) }
        @if organizations.is_empty() {
            p.empty {
                @if view.console.actor.is_operator() {
                    "There is no organization yet."
                } @else if !open.is_empty() {
                    "You administer no organization yet."
                } @else {
                    "You administer no organization here: that takes an active member with the role Admin or Owner, whose user name \
                     is " (view.console.actor.name()) "."
                }
            }
        } @else {
            table {
                thead { tr {
                    th scope="col" { "Name" } th scope="col" { "Mail domains" } th scope="col" { "Owner" } th scope="col" { "Id" }
                    th scope="col" { "People" } th scope="col" { "Created" }
                } }
                tbody {
                    @for organization in organizations { tr {
                        td data-label="Name" {
                            a href={ "/console/organizations/" (text(organization, "id")) "/keys" } { (text(organization, "name")) }
                        }
                        td data-label="Mail domains" { (domains(organization)) }
                        td data-label="Owner" { (text(organization, "owner_user_name")) }
                        td data-label="Id" { code { (text(organization, "id")) } }
                        td data-label="People" { (organization.get("user_count").and_then(Value::as_u64).unwrap_or_default()) }
                        td data-label="Created" { (time(text(organization, "created_at"))) }
                    } }
                }
            }
        }
        @if !declined.is_empty() {
            details {
                summary { "Declined" }
                @for invitation in &declined { (invited(invitation)) }
            }
        }
        @if view.console.actor.is_operator() { (sessions()) }
    }
}

/// Mail domains in short; the first of many.
pub(crate) fn domains(organization: &Value) -> String {
    let domains: Vec<&str> = list(organization, "mail_domains").iter().filter_map(Value::as_str).collect();
    match domains.as_slice() {
        [] => "any".to_owned(),
        few if few.len() <= SHOWN_DOMAINS => few.join(", "),
        many => {
            let shown = many.iter().take(SHOWN_DOMAINS).copied().collect::<Vec<_>>().join(", ");
            format!("{shown} and {} more", many.len().saturating_sub(SHOWN_DOMAINS))
        }
    }
}

/// An organization that names somebody as its administrator, with what tells it from others of the same name.
fn invited(invitation: &Value) -> Markup {
    let id = text(invitation, "id");
    let is_declined = invitation.get("declined").and_then(Value::as_bool).unwrap_or_default();
    html! {
        section.card aria-labelledby={ "invitation-" (id) } {
            h2 id={ "invitation-" (id) } { "Invitation: " (text(invitation, "name")) }
            p {
                "Its administrators have made you " (text(invitation, "org_role")) ". Anybody may give an organization this name: \
                 accept only if you know its Owner or its id."
            }
            dl.facts {
                div { dt { "Owner" } dd { (text(invitation, "owner_user_name")) } }
                div { dt { "Mail domains" } dd { (domains(invitation)) } }
                div { dt { "Organization id" } dd { code { (id) } } }
                div { dt { "People" } dd { (invitation.get("user_count").and_then(Value::as_u64).unwrap_or_default()) } }
                div { dt { "Created" } dd { (time(text(invitation, "created_at"))) } }
            }
            form method="post" action="/console/organizations" {
                (once())
                input type="hidden" name="organization" value=(id);
                button name="action" value="accept" { "Accept" }
                @if !is_declined { " " button.quiet name="action" value="decline" { "Decline" } }
            }
        }
    }
}

fn sessions() -> Markup {
    html! {
        section.card aria-labelledby="sessions-heading" {
            h2 #sessions-heading { "Sessions" }
            p {
                "Ends every session that began with the admin token, on every device, also this one. Sessions of Cloudflare \
                 Access end in Access."
            }
            form method="post" action="/console/organizations" {
                (once())
                button.danger name="action" value="end-sessions" { "End all sessions" }
            }
        }
    }
}

fn create(view: &View<'_, '_>) -> Markup {
    let typed = |name| view.typed("create", name);
    html! {
        form method="post" action="/console/organizations" {
            (once())
            (required_field("name", "name", "Name", typed("name"), ""))
            (required_field("user_name", "user_name", "User name of the Owner", typed("user_name"),
                "Usually the mail address. An organization has exactly one Owner, who can hand it over later."))
            (no_address("no_address", typed("user_name")))
            (field("given_name", "given_name", "First name of the Owner", typed("given_name"), ""))
            (field("family_name", "family_name", "Last name of the Owner", typed("family_name"), ""))
            button name="action" value="create" { "Create" }
        }
    }
}
