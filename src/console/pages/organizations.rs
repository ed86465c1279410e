//! The organizations of the deployment, or those that somebody administers.

use maud::{Markup, html};
use serde_json::Value;

use super::layout::View;
use super::parts::{field, maker, required_field, time};
use crate::console::{list, text};

pub(super) fn main(view: &View<'_, '_>, body: &Value) -> Markup {
    let organizations = list(body, "organizations");
    html! {
        @if view.console.viewer.is_operator() {
            (maker("Create an organization", view.refused_as("create").is_some(), &create(view)))
        }
        @if organizations.is_empty() {
            p.empty {
                @if view.console.viewer.is_operator() { "There is no organization yet." } @else {
                    "You administer no organization here: that takes an active member with the role Admin or Owner, whose user name \
                     is " (view.console.viewer.name()) "."
                }
            }
        } @else {
            table {
                thead { tr { th scope="col" { "Name" } th scope="col" { "People" } th scope="col" { "Created" } } }
                tbody {
                    @for organization in organizations { tr {
                        td data-label="Name" {
                            a href={ "/console/organizations/" (text(organization, "id")) "/keys" } { (text(organization, "name")) }
                        }
                        td data-label="People" { (organization.get("user_count").and_then(Value::as_u64).unwrap_or_default()) }
                        td data-label="Created" { (time(text(organization, "created_at"))) }
                    } }
                }
            }
        }
        @if view.console.viewer.is_operator() { (sessions()) }
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
                button.danger name="action" value="end-sessions" { "End all sessions" }
            }
        }
    }
}

fn create(view: &View<'_, '_>) -> Markup {
    let typed = |name| view.typed("create", name);
    html! {
        form method="post" action="/console/organizations" {
            (required_field("name", "name", "Name", typed("name"), ""))
            (required_field("user_name", "user_name", "User name of the Owner", typed("user_name"),
                "Usually the mail address. An organization has exactly one Owner, who can hand it over later."))
            (field("given_name", "given_name", "First name of the Owner", typed("given_name"), ""))
            (field("family_name", "family_name", "Last name of the Owner", typed("family_name"), ""))
            button name="action" value="create" { "Create" }
        }
    }
}
