//! Access management: the SCIM key, and what to type where.

use maud::{Markup, html};
use serde_json::Value;

use super::actions::latest;
use super::layout::View;
use super::parts::{confirmation, copied, copy_button, once, pill, select, time};
use crate::admin_api::{list, text};
use scim_protocol::json;

/// What to type into Okta, in the words of README.md.
const OKTA: &str = include_str!("okta.json");

const OVERLAPS: [(&str, &str); 4] = [
    ("86400", "Stays good for 24 hours"),
    ("3600", "Stays good for 1 hour"),
    ("604800", "Stays good for 7 days"),
    ("0", "Stops working at once"),
];
const LIFETIMES: [(&str, &str); 4] = [
    ("2592000", "In 30 days"),
    ("7776000", "In 90 days"),
    ("15552000", "In 180 days"),
    ("31536000", "In a year"),
];

pub(crate) fn main(view: &View<'_, '_>, body: &Value, new_key: Option<&Value>) -> Markup {
    let keys = list(body, "keys");
    // What an admin means by "the key": the newest one that is good, else the newest.
    let current = keys.iter().find(|key| text(key, "status") == "active").or(keys.first());
    let others: Vec<&Value> = keys
        .iter()
        .filter(|key| current.is_some_and(|current| text(current, "id") != text(key, "id")))
        .collect();
    let base = format!("{}/scim", view.frame.origin);
    let key = new_key.map(|key| text(key, "key")).filter(|key| !key.is_empty());
    let okta = json::parse(OKTA.as_bytes()).unwrap_or_default();
    html! {
        @if let Some(key) = key { (shown_once(key)) }
        section.card aria-labelledby="key-heading" {
            h2 #key-heading { "SCIM key " (status(current)) }
            @match current {
                None => p { "Provisioning is off. Generate a key and put it into your identity provider." },
                Some(key) => (facts(key)),
            }
            @match current.filter(|key| text(key, "status") == "active") {
                None => (generate(view, body)),
                Some(key) => {
                    div.columns { (regenerate(view, body, key)) (deactivate(key, keys)) }
                }
            }
        }
        section.card aria-labelledby="okta-heading" {
            h2 #okta-heading { "Okta" }
            p { "Applications > your app > Provisioning > Integration > Edit. Then " em { "Test Connector Configuration" } "." }
            (filled_in(&okta, "connection", &[("{base}", &base)], key))
            p { (text(&okta, "to_app")) }
            p { (text(&okta, "push_groups")) }
            p {
                "For organization roles, add to the app's profile an attribute of type string. " (text(&okta, "owner"))
            }
            (filled_in(&okta, "attribute", &[("{attribute}", &view.organization("org_role_attribute"))], None))
        }
        section.card aria-labelledby="entra-heading" {
            h2 #entra-heading { "Microsoft Entra ID" }
            p { "Enterprise applications > your app > Provisioning > Admin Credentials. Then " em { "Test Connection" } "." }
            (values(&[
                ("Provisioning Mode", "Automatic", false),
                ("Tenant URL", &base, true),
                ("Secret Token", key.unwrap_or("the SCIM key, which is shown once, when it is generated"), key.is_some()),
            ]))
        }
        @if !others.is_empty() {
            section.card aria-labelledby="others-heading" {
                h2 #others-heading { "Other keys" }
                (table(&others, keys))
            }
        }
    }
}

fn shown_once(key: &str) -> Markup {
    html! {
        section.notice.good.key aria-labelledby="new-key-heading" role="status" {
            h2 #new-key-heading { "Your new SCIM key" }
            p { "This is the only time it is shown. Put it into your identity provider now." }
            p { code.value #new-key { (key) } " " (copy_button(key, "the SCIM key")) }
        }
    }
}

fn status(key: Option<&Value>) -> Markup {
    match key.map(|key| text(key, "status")) {
        None => pill("plain", "not enabled"),
        Some("active") => pill("good", "active"),
        Some("expired") => pill("bad", "expired"),
        Some(other) => pill("plain", other),
    }
}

fn facts(key: &Value) -> Markup {
    html! {
        dl.facts {
            div { dt { "Key" } dd { code { (text(key, "hint")) } } }
            div { dt { "Generated" } dd { (time(text(key, "created_at"))) " by " (text(key, "created_by")) } }
            div { dt { "Last used" } dd { (time(text(key, "last_used_at"))) } }
            @if text(key, "deactivated_at").is_empty() {
                div { dt { "Expires" } dd { (time(text(key, "expires_at"))) } }
            } @else {
                div { dt { "Deactivated" } dd { (time(text(key, "deactivated_at"))) } }
            }
        }
    }
}

fn generate(view: &View<'_, '_>, body: &Value) -> Markup {
    html! {
        form.inline method="post" {
            (once())
            input type="hidden" name="latest" value=(latest(body));
            (lifetime(view, "Expires"))
            button name="action" value="generate" { "Generate" }
        }
    }
}

/// When a new key expires: as the settings have it, or otherwise.
fn lifetime(view: &View<'_, '_>, label: &str) -> Markup {
    let days = view
        .console
        .organization
        .borrow()
        .as_ref()
        .and_then(|found| found.get("key_lifetime_days")?.as_u64());
    let usual = match days {
        Some(days) => format!("In {days} days, as in Settings"),
        None => "Never".to_owned(),
    };
    let options: Vec<(&str, &str)> = std::iter::once(("", usual.as_str())).chain(LIFETIMES).collect();
    select("expires", "expires_in_seconds", label, &options, "")
}

fn regenerate(view: &View<'_, '_>, body: &Value, key: &Value) -> Markup {
    html! {
        form method="post" {
            (once())
            h3 { "Regenerate" }
            p { "A new key takes this one's place. Let the old one stay good until the new one is in the identity provider." }
            input type="hidden" name="key" value=(text(key, "id"));
            input type="hidden" name="latest" value=(latest(body));
            (select("overlap", "overlap_seconds", "The old key", &OVERLAPS, "86400"))
            (lifetime(view, "The new key expires"))
            button name="action" value="regenerate" { "Regenerate" }
        }
    }
}

fn deactivate(key: &Value, keys: &[Value]) -> Markup {
    html! {
        form method="post" {
            (once())
            h3 { "Deactivate" }
            (consequences(key, keys))
            input type="hidden" name="key" value=(text(key, "id"));
            (confirmation("confirm", "deactivate"))
            button.danger name="action" value="deactivate" { "Deactivate" }
        }
    }
}

/// What deactivating a key stops, and which other keys go on.
fn consequences(key: &Value, keys: &[Value]) -> Markup {
    let others: Vec<&str> = keys
        .iter()
        .filter(|other| text(other, "status") == "active" && text(other, "id") != text(key, "id"))
        .map(|other| text(other, "hint"))
        .collect();
    html! {
        @if others.is_empty() {
            p { "It is the only good key: provisioning stops at once. People and groups stay as they are." }
        } @else {
            p {
                "Requests with this key are refused at once. Provisioning goes on with the other good "
                (if others.len() == 1 { "key" } else { "keys" }) ": " (others.join(", "))
            }
        }
    }
}

/// Rows of the texts for an identity provider, with what stands in their places.
fn filled_in(texts: &Value, name: &str, places: &[(&str, &str)], key: Option<&str>) -> Markup {
    let rows = list(texts, name).iter().filter_map(|row| row.get(0)?.as_str().zip(row.get(1)?.as_str()));
    html! {
        dl.values {
            @for (field, value) in rows {
                @let place = places.iter().find(|(place, _)| *place == value).map(|(_, value)| *value);
                @let key = key.filter(|_| field == "Authorization");
                @let copies = place.or(key).or((value == "userName" || value.starts_with("urn:")).then_some(value));
                div { dt { (field) } dd { @match copies { Some(value) => (copied(value)), None => (value) } } }
            }
        }
    }
}

fn values(rows: &[(&str, &str, bool)]) -> Markup {
    html! {
        dl.values {
            @for (field, value, can_copy) in rows {
                div { dt { (field) } dd { @if *can_copy { (copied(value)) } @else { (value) } } }
            }
        }
    }
}

fn table(keys: &[&Value], all: &[Value]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Key" } th scope="col" { "Status" } th scope="col" { "Generated" }
                th scope="col" { "Last used" } th scope="col" { "Until" } th scope="col" { span.hidden { "Action" } }
            } }
            tbody {
                @for key in keys { tr {
                    td data-label="Key" { code { (text(key, "hint")) } }
                    td data-label="Status" { (status(Some(key))) }
                    td data-label="Generated" { (time(text(key, "created_at"))) " by " (text(key, "created_by")) }
                    td data-label="Last used" { (time(text(key, "last_used_at"))) }
                    td data-label="Until" {
                        @if text(key, "deactivated_at").is_empty() {
                            @if text(key, "expires_at").is_empty() { "no end" } @else { (time(text(key, "expires_at"))) }
                        } @else { (time(text(key, "deactivated_at"))) }
                    }
                    td {
                        @if text(key, "status") == "active" {
                            details {
                                summary { "Deactivate" }
                                form method="post" {
                                    (once())
                                    (consequences(key, all))
                                    input type="hidden" name="key" value=(text(key, "id"));
                                    (confirmation(&format!("confirm-{}", text(key, "id")), "deactivate"))
                                    button.danger name="action" value="deactivate" { "Deactivate" }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }
}
