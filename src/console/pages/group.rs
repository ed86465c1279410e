//! Who has a role, or is in a group.

use maud::{Markup, html};
use serde_json::Value;

use super::layout::View;
use super::members::table;
use super::parts::{copied, next};
use super::projects::pushed;
use crate::admin_api::{list, text};

pub(crate) fn main(view: &View<'_, '_>, group: &Value) -> Markup {
    let members = list(group, "members");
    let named = |what| group.get(what).map(|found| text(found, "name")).filter(|name| !name.is_empty());
    let after =
        group.get("next").and_then(Value::as_str).map(|after| view.frame.with_parameter("after", after));
    html! {
        section.card aria-label="Group" {
            dl.facts {
                div { dt { "SCIM group" } dd { (copied(text(group, "display_name"))) } }
                div { dt { "SCIM id" } dd { (copied(text(group, "id"))) } }
                @if let Some(project) = named("project") {
                    div { dt { "Project" } dd { a href=(view.address("projects")) { (project) } } }
                }
                @if let Some(team) = named("team") { div { dt { "Team" } dd { (team) } } }
                @if !text(group, "role").is_empty() { div { dt { "Role" } dd { (text(group, "role")) } } }
                div { dt { "Last pushed" } dd { (pushed(group)) } }
            }
        }
        h2 { "Members" }
        @if members.is_empty() { p.empty { "Nobody." } } @else { (table(view, members)) }
        (next(after, "Next page"))
        p { a href=(view.address(&format!("log?resource={}", text(group, "id")))) { "What happened to this group" } }
    }
}
