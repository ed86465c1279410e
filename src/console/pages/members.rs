//! Members: who is in the organization.

use maud::{Markup, html};
use serde_json::Value;

use super::layout::View;
use super::parts::{field, maker, next, no_address, once, pill, required_field, select};
use crate::admin_api::{list, text};

const STATUSES: [(&str, &str); 3] = [("", "Active or not"), ("active", "Active"), ("inactive", "Inactive")];
const ROLES: [(&str, &str); 4] =
    [("", "Any role"), ("Owner", "Owner"), ("Admin", "Admin"), ("Member", "Member")];
/// The roles that are given by hand.
pub(crate) const ASSIGNABLE: [(&str, &str); 2] = [("Member", "Member"), ("Admin", "Admin")];

pub(crate) fn main(view: &View<'_, '_>, body: &Value) -> Markup {
    let frame = view.frame;
    let members = list(body, "members");
    let after = body.get("next").and_then(Value::as_str).map(|after| frame.with_parameter("after", after));
    html! {
        (maker("Add a member", view.refused_as("add").is_some(), &add(view)))
        form.filters method="get" role="search" {
            (field("search", "search", "User name begins with", frame.parameter("search"), ""))
            (select("status", "status", "Status", &STATUSES, frame.parameter("status")))
            (select("org_role", "org_role", "Organization role", &ROLES, frame.parameter("org_role")))
            button { "Search" }
        }
        @if members.is_empty() {
            p.empty { "Nobody matches." }
        } @else {
            (table(view, members))
        }
        @if !frame.parameter("after").is_empty() {
            p { a href=(view.address("members")) { "Back to the beginning" } }
        }
        (next(after, "Next page"))
    }
}

fn add(view: &View<'_, '_>) -> Markup {
    let typed = |name| view.typed("add", name);
    html! {
        form method="post" {
            (once())
            p {
                "Your identity provider adds people by itself. Here you add those it does not know, such as contractors, and bring \
                 back who has been removed."
            }
            (required_field("user_name", "user_name", "User name", typed("user_name"), "Usually the mail address."))
            (no_address("no_address", typed("user_name")))
            (field("given_name", "given_name", "First name", typed("given_name"), ""))
            (field("family_name", "family_name", "Last name", typed("family_name"), ""))
            (select("new_role", "org_role", "Organization role", &ASSIGNABLE, "Member"))
            button name="action" value="add" { "Add" }
        }
    }
}

/// People as rows, each with a way to their page.
pub(crate) fn table(view: &View<'_, '_>, members: &[Value]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "User name" } th scope="col" { "Name" } th scope="col" { "Role" }
                th scope="col" { "Status" }
            } }
            tbody {
                @for member in members { tr {
                    td data-label="User name" {
                        a href=(view.address(&format!("members/{}", text(member, "id")))) { (text(member, "user_name")) }
                    }
                    td data-label="Name" { (text(member, "name")) }
                    td data-label="Role" { (text(member, "org_role")) }
                    td data-label="Status" { (status(member)) }
                } }
            }
        }
    }
}

/// Whether somebody is active, and whether SCIM sees them.
pub(crate) fn status(member: &Value) -> Markup {
    let is = |name| member.get(name).and_then(Value::as_bool).unwrap_or_default();
    html! {
        @if is("active") { (pill("good", "active")) } @else { (pill("plain", "inactive")) }
        @if !is("managed") { " " (pill("warn", "not seen by SCIM")) }
    }
}
