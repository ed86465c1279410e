//! A member: who it is, what they may do, what happened.

use maud::{Markup, html};
use serde_json::Value;

use super::layout::View;
use super::log::table as log_table;
use super::members::{ASSIGNABLE, status};
use super::parts::{confirmation, once, select, time};
use crate::admin_api::{list, text};

pub(crate) fn main(view: &View<'_, '_>, member: &Value) -> Markup {
    let array = |name| list(member, name);
    let role = text(member, "org_role");
    let is_active = member.get("active").and_then(Value::as_bool).unwrap_or_default();
    html! {
        section.card aria-label="Person" {
            dl.facts {
                div { dt { "Status" } dd { (status(member)) } }
                div { dt { "Name" } dd { (text(member, "name")) } }
                div { dt { "Organization role" } dd { (role) } }
                div { dt { "Created" } dd { (time(text(member, "created_at"))) } }
                div { dt { "Last modified" } dd { (time(text(member, "last_modified"))) } }
            }
        }
        section.card aria-labelledby="groups-heading" {
            h2 #groups-heading { "Roles and groups" }
            @if array("groups").is_empty() {
                p.empty { "None." }
            } @else {
                ul {
                    @for group in array("groups") {
                        li { a href=(view.address(&format!("groups/{}", text(group, "id")))) { (text(group, "display_name")) } }
                    }
                }
            }
        }
        @if is_active && role != "Owner" { (actions(member, role)) }
        @if !is_active { (activation(member)) }
        @if role == "Owner" {
            p { "The Owner cannot be changed or removed. Transfer the ownership on somebody else's page first." }
        }
        section.card aria-labelledby="history-heading" {
            h2 #history-heading { "History" }
            @if array("history").is_empty() {
                p.empty { "Nothing has happened as far back as the log goes." }
            } @else {
                (log_table(view, array("history")))
                p { a href=(view.address(&format!("log?resource={}", text(member, "id")))) { "All of it" } }
            }
        }
        section.card aria-labelledby="resource-heading" {
            h2 #resource-heading { "As the identity provider sees it" }
            @match member.get("resource").filter(|resource| !resource.is_null()) {
                None => p { "SCIM does not see this person: the mail address is outside the organization's mail domains." },
                Some(resource) => details {
                    summary { "SCIM resource" }
                    pre tabindex="0" { (serde_json::to_string_pretty(resource).unwrap_or_default()) }
                },
            }
        }
    }
}

fn actions(member: &Value, role: &str) -> Markup {
    let user_name = text(member, "user_name");
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
                    p { "All roles and groups go. The next import tells the identity provider." }
                    button.danger name="action" value="remove" { "Remove" }
                }
                form method="post" {
                    (once())
                    h3 { "Transfer the ownership" }
                    p { "This person becomes the Owner; who is it now stays an Admin." }
                    input type="hidden" name="user_name" value=(user_name);
                    (confirmation("confirm-owner", user_name))
                    button.danger name="action" value="own" { "Transfer" }
                }
            }
        }
    }
}

fn activation(member: &Value) -> Markup {
    html! {
        section.card aria-labelledby="actions-heading" {
            h2 #actions-heading { "Bring back" }
            p {
                "This person is here, and can do nothing. The identity provider brings back whom it assigns again; by hand you bring \
                 back whom it does not manage. Roles and groups have to be given anew."
            }
            form method="post" {
                (once())
                input type="hidden" name="user_name" value=(text(member, "user_name"));
                button name="action" value="activate" { "Activate again" }
            }
        }
    }
}
