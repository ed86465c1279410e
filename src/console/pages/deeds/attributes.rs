//! Attributes of people in words: their names as administrators know them, and their values before and after.

use maud::{Markup, html};
use serde_json::Value;

use crate::admin_api::types::events::ChangedValue;

/// Most attributes that a sentence names.
const MOST_NAMED: usize = 3;
/// Longest value in a sentence, and in a table, in characters.
const LONGEST_VALUE: usize = 60;
const LONGEST_IN_TABLE: usize = 500;

/// What administrators call the attributes, which stand here without the URN of their schema.
const NAMES: [(&str, &str); 25] = [
    ("userName", "user name"),
    ("externalId", "identity provider's id"),
    ("name", "name"),
    ("displayName", "display name"),
    ("nickName", "nickname"),
    ("profileUrl", "profile page"),
    ("title", "title"),
    ("userType", "kind of employment"),
    ("preferredLanguage", "language"),
    ("locale", "locale"),
    ("timezone", "time zone"),
    ("emails", "mail address"),
    ("phoneNumbers", "phone number"),
    ("ims", "messenger address"),
    ("photos", "picture"),
    ("addresses", "postal address"),
    ("entitlements", "entitlements"),
    ("roles", "roles of the identity provider"),
    ("x509Certificates", "certificate"),
    ("employeeNumber", "employee number"),
    ("costCenter", "cost center"),
    ("organization", "organization"),
    ("division", "division"),
    ("department", "department"),
    ("manager", "manager"),
];

/// A changed attribute by its name.
pub(super) type Changed<'a> = (&'a str, &'a ChangedValue);

/// What administrators call an attribute.
pub(super) fn name(attribute: &str) -> &str {
    let short = match attribute.starts_with("urn:") {
        true => attribute.rsplit(':').next().unwrap_or(attribute),
        false => attribute,
    };
    NAMES.iter().find(|(own, _)| *own == short).map_or(short, |(_, name)| name)
}

/// Whether administrators have a name of their own for the attribute.
#[cfg(test)]
pub(super) fn is_named(attribute: &str) -> bool {
    NAMES.iter().any(|(own, _)| *own == attribute)
}

/// A value in one line; `None`: there is none.
pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::Null => return None,
        Value::String(text) => text.clone(),
        Value::Bool(is) => if *is { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(values) => {
            values.iter().filter_map(|value| text(Some(value))).collect::<Vec<_>>().join(", ")
        }
        Value::Object(parts) => {
            let texts = |names: &[&str]| -> Vec<&str> {
                names.iter().filter_map(|name| parts.get(*name)?.as_str()).collect()
            };
            // A person's full name is in two parts; of any other value one part says what it is.
            match texts(&["givenName", "familyName"]).as_slice() {
                [] => texts(&["value", "displayName", "display", "formatted"])
                    .first()
                    .map(|text| (*text).to_owned())
                    .unwrap_or_else(|| {
                        parts.values().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
                    }),
                full_name => full_name.join(" "),
            }
        }
    };
    Some(text).filter(|text| !text.is_empty())
}

fn shortened(text: &str) -> String {
    cut(text, LONGEST_VALUE)
}

/// The text of a value in a table.
fn in_table(value: &Value) -> String {
    cut(&text(Some(value)).unwrap_or_default(), LONGEST_IN_TABLE)
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}

/// A change of a value: "title changed from Dr to Prof".
pub(super) fn transition(what: &str, before: Option<&str>, after: Option<&str>) -> Markup {
    html! {
        @match (before.map(shortened), after.map(shortened)) {
            (Some(before), Some(after)) => { (what) " changed from " q { (before) } " to " q { (after) } },
            (None, Some(after)) => { (what) " set to " q { (after) } },
            (Some(before), None) => { (what) " removed: it was " q { (before) } },
            (None, None) => { (what) " changed" },
        }
    }
}

/// The changes of attributes as parts of a sentence, the most telling ones first.
pub(super) fn phrases(changes: &[Changed<'_>]) -> Vec<Markup> {
    let texts = |change: &ChangedValue| (text(change.before.as_ref()), text(change.after.as_ref()));
    let name_texts = changes.iter().find(|(own, _)| *own == "name").map(|(_, change)| texts(change));
    let address_texts = changes.iter().find(|(own, _)| *own == "userName").map(|(_, change)| texts(change));
    let told = changes.iter().filter(|(own, change)| match *own {
        // What only repeats another change.
        "displayName" => Some(texts(change)) != name_texts,
        "emails" => Some(texts(change)) != address_texts,
        _ => true,
    });
    let mut told: Vec<&Changed<'_>> = told.collect();
    told.sort_by_cached_key(|(own, _)| match *own {
        "name" => 0_i64,
        "userName" => 1,
        _ => 2,
    });
    let most = if told.len() > MOST_NAMED { MOST_NAMED.saturating_sub(1) } else { MOST_NAMED };
    let others = told.len().saturating_sub(most);
    let mut phrases: Vec<Markup> = told
        .into_iter()
        .take(most)
        .map(|(own, change)| match (*own, texts(change)) {
            ("name", (Some(before), Some(after))) if before != after => {
                html! { "renamed from " q { (shortened(&before)) } " to " q { (shortened(&after)) } }
            }
            // Only parts changed that the text does not have.
            (own, (before, after)) if before == after => html! { (name(own)) " changed" },
            (own, (before, after)) => transition(name(own), before.as_deref(), after.as_deref()),
        })
        .collect();
    if others > 0 {
        phrases.push(html! { (others) " more attributes changed" });
    }
    phrases
}

/// A table of attributes before and after.
pub(super) fn table(changes: &[Changed<'_>]) -> Markup {
    let cell = |label: &str, value: Option<&Value>| {
        html! {
            td data-label=(label) {
                @match value {
                    None | Some(Value::Null) => span.empty { "none" },
                    Some(value @ (Value::Object(_) | Value::Array(_))) => (whole(value)),
                    Some(value) => (in_table(value)),
                }
            }
        }
    };
    html! {
        table.changes {
            thead { tr {
                th scope="col" { "Attribute" } th scope="col" { "Before" } th scope="col" { "After" }
            } }
            tbody {
                @for (own, change) in changes { tr {
                    td data-label="Attribute" { (capitalized(name(own))) }
                    (cell("Before", change.before.as_ref()))
                    (cell("After", change.after.as_ref()))
                } }
            }
        }
    }
}

/// All parts of a value, one a line.
fn whole(value: &Value) -> Markup {
    html! {
        @match value {
            Value::Array(values) => @for value in values { div { (whole(value)) } },
            Value::Object(parts) => @for (place, (own, part)) in parts.iter().enumerate() {
                @if place > 0 { ", " } (own) ": " (in_table(part))
            },
            other => (in_table(other)),
        }
    }
}

/// The name of an attribute, with a capital at its beginning. Names are ASCII (RFC 7643 §2.1).
fn capitalized(name: &str) -> String {
    let mut name = name.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}
