//! The provisioning log: what the identity provider and administrators did, what failed, and what to do about it.

use maud::{Markup, html};
use serde_json::Value;

use super::layout::View;
use super::parts::{field, next, pill, segment, select, time};
use crate::admin_api::{list, text};

const STATUSES: [(&str, &str); 3] = [("", "All"), ("failed", "Failed"), ("succeeded", "Succeeded")];
const SOURCES: [(&str, &str); 3] =
    [("", "Everybody"), ("scim", "Identity provider"), ("console", "Administrators")];

pub(crate) fn main(view: &View<'_, '_>, body: &Value) -> Markup {
    let frame = view.frame;
    let entries = list(body, "entries");
    let before =
        body.get("next").and_then(Value::as_str).map(|before| frame.with_parameter("before", before));
    let is_newest = frame.parameter("before").is_empty() && frame.parameter("to").is_empty();
    html! {
        form.filters method="get" role="search" {
            (select("status", "status", "Outcome", &STATUSES, frame.parameter("status")))
            (select("source", "source", "By", &SOURCES, frame.parameter("source")))
            (field("resource", "resource", "User name, group or id", frame.parameter("resource"), ""))
            div.field { label for="from" { "From" } input #from type="date" name="from" value=(day(frame.parameter("from"))); }
            div.field { label for="to" { "Before" } input #to type="date" name="to" value=(day(frame.parameter("to"))); }
            button { "Filter" }
        }
        @if is_newest {
            p.tail hidden {
                button.quiet #tail type="button" aria-pressed="false" { "Follow" }
                span #tail-status role="status" { "New entries are put on top as they come." }
            }
        }
        div #entries { (table(view, entries)) }
        @if entries.is_empty() {
            p.empty { "Nothing matches. Requests without a good key are not in this log: they are in the Worker's." }
        }
        @if !is_newest { p { a href=(view.address("log")) { "Back to the newest" } } }
        (next(before, "Older entries"))
    }
}

/// A date field takes days only.
fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

/// Entries as rows, the newest first.
pub(crate) fn table(view: &View<'_, '_>, entries: &[Value]) -> Markup {
    html! {
        table.log {
            thead { tr {
                th scope="col" { "Time" } th scope="col" { "By" } th scope="col" { "About" } th scope="col" { "Outcome" }
                th scope="col" { "Details" }
            } }
            tbody { @for entry in entries { (row(view, entry)) } }
        }
    }
}

fn row(view: &View<'_, '_>, entry: &Value) -> Markup {
    let status = entry.get("status").and_then(Value::as_u64).unwrap_or_default();
    let (kind, advice) =
        if status >= 400 { ("bad", advice(status, text(entry, "detail"))) } else { ("good", None) };
    let is_console = text(entry, "source") == "console";
    html! {
        tr data-id=(text(entry, "id")) {
            td data-label="Time" { (time(text(entry, "at"))) }
            td data-label="By" { (text(entry, "actor")) }
            td data-label="About" {
                (resource(view, entry)) " "
                small { @if is_console { "in the console" } @else { code { (shortened(entry)) } } }
            }
            td data-label="Outcome" { (pill(kind, &status.to_string())) }
            td.detail {
                @if !text(entry, "detail").is_empty() { p { (text(entry, "detail")) } }
                @if let Some(advice) = advice { p.advice { strong { "What to do: " } (advice) } }
                details {
                    summary { "More" }
                    p { code { (text(entry, "method")) " " (text(entry, "path")) } ", " (entry.get("duration").and_then(Value::as_u64).unwrap_or_default()) " ms" }
                    @match entry.get("body").filter(|body| !body.is_null()) {
                        None => {},
                        Some(body) => pre tabindex="0" { (serde_json::to_string_pretty(body).unwrap_or_default()) },
                    }
                }
            }
        }
    }
}

/// The request for people: decoded, and with no more of the identifier than tells it from others.
fn shortened(entry: &Value) -> String {
    let (path, id) = (text(entry, "path"), text(entry, "resource_id"));
    let path = match id.get(..8) {
        Some(beginning) if id.len() > 12 => path.replace(id, &format!("{beginning}…")),
        _ => path.to_owned(),
    };
    let path = percent_encoding::percent_decode_str(&path).decode_utf8_lossy();
    format!("{} {path}", text(entry, "method"))
}

fn resource(view: &View<'_, '_>, entry: &Value) -> Markup {
    let id = text(entry, "resource_id");
    let name = Some(text(entry, "resource_name")).filter(|name| !name.is_empty()).unwrap_or(id);
    let page = match text(entry, "resource_type") {
        "User" => Some(format!("members/{}", segment(id))),
        "Group" => Some(format!("groups/{}", segment(id))),
        "Project" => Some("projects".to_owned()),
        "Key" => Some("keys".to_owned()),
        _ => None,
    };
    html! {
        @match page.filter(|_| !id.is_empty()) {
            Some(page) => a href=(view.address(&page)) { (name) },
            None => (name),
        }
    }
}

/// What an administrator can do about the commonest failures.
fn advice(status: u64, detail: &str) -> Option<&'static str> {
    let says = |words: &str| detail.contains(words);
    Some(match status {
        400 if says("not allowed to be created") => {
            "Add the mail domain in Settings, or do not assign people of other domains."
        }
        400 if says("Owner cannot be modified") => {
            "Transfer the ownership to somebody else, or take the Owner out of this assignment."
        }
        400 if says("Cannot set multiple owners") => {
            "Ownership is transferred on the new Owner's page; in the identity provider, map Member or Admin."
        }
        400 if says("Project creation is not supported") => {
            "Create the project here first, or mind the spelling of the pushed group's name."
        }
        400 if says("Project deletion is not supported") => {
            "Unlink the pushed group and keep the group in the target app; archive the project here if it is to go."
        }
        400 if says("displayName") => {
            "In the identity provider, untick \"Rename app groups to match group name\" for this push."
        }
        400 if says("email_management") || says("mail") => {
            "Let mail be managed over SCIM in Settings, or undo the change in the identity provider."
        }
        404 if says("User") => {
            "The identity provider remembers somebody who is not here any more: unassign and assign the person again, then \
             push the group once more."
        }
        404 if says("Group") => "The group is gone: unlink it in the identity provider, and push it again.",
        409 => "It is here already: link to it instead of creating it, or import before you push.",
        412 => "Somebody else changed it in between. The identity provider tries again with the next change.",
        429 => "Nothing is lost: the identity provider tries again by itself.",
        500.. => "Try again. If it stays, look into the Worker's log at the same time of day.",
        _ => return None,
    })
}
