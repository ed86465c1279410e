//! What the page of an organization's keys shows of a key, and the forms that change it.

use maud::{Markup, html};

use super::key_forms::{Deactivate, Form, Generate, Regenerate};
use super::parts::{address, confirmation, field, once, pill, segment, select, time, time_or_never};
use crate::admin_api::types::keys::{Key, KeyStatus};
use crate::admin_api::types::organizations::Organization;

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
/// Most keys in the table that are not good any more.
const MOST_PAST: usize = 30;
const NAME_HINT: &str = "Such as the identity provider that has it. Only administrators see it.";

pub(super) fn status(key: Option<&Key>) -> Markup {
    match key.map(|key| key.record.status) {
        None => pill("plain", "not enabled"),
        Some(KeyStatus::Active) => pill("good", "active"),
        Some(KeyStatus::Expired) => pill("bad", "expired"),
        Some(KeyStatus::Deactivated) => pill("plain", "deactivated"),
    }
}

/// Where links to a key lead on this page.
pub(super) fn anchor(key: &Key) -> String {
    format!("key-{}", key.id())
}

/// A link to what a key did.
fn deeds(organization: &Organization, key: &Key) -> Markup {
    html! { a href=(address(organization, &format!("log?key={}", key.id()))) { "What it did" } }
}

/// When and from where a key was last used.
fn last_used(key: &Key) -> Markup {
    let record = &key.record;
    html! {
        (time_or_never(record.last_used_at.as_deref()))
        @if record.last_used_country.is_some() || record.last_used_network.is_some() {
            " from "
            @if let Some(network) = &record.last_used_network { (network) }
            @if record.last_used_country.is_some() && record.last_used_network.is_some() { ", " }
            @if let Some(country) = &record.last_used_country { span data-country=(country) { (country) } }
        }
    }
}

/// What a key was used for since midnight.
fn today(organization: &Organization, key: &Key) -> Markup {
    let (requests, failures) = (key.record.requests_today, key.record.failures_today);
    let failed = format!("log?key={}&outcome=refused", key.id());
    html! {
        (requests) @if requests == 1 { " request" } @else { " requests" } ", "
        @if failures == 0 { "none failed" } @else {
            a href=(address(organization, &failed)) { (failures) " failed" }
        }
    }
}

pub(super) fn facts(organization: &Organization, key: &Key) -> Markup {
    let record = &key.record;
    html! {
        dl.facts {
            div { dt { "Key" } dd { code { (key.hint) } " " (deeds(organization, key)) } }
            div { dt { "Generated" } dd { (time(&record.created_at)) " by " (record.created_by) } }
            div { dt { "Last used" } dd { (last_used(key)) } }
            div { dt { "Today" } dd { (today(organization, key)) } }
            @match &record.deactivated_at {
                None => div { dt { "Expires" } dd { (time_or_never(record.expires_at.as_deref())) } },
                Some(at) => div { dt { "Deactivated" } dd { (time(at)) } },
            }
        }
        p { small {
            "Today began at midnight UTC. There were at least so many requests: they are counted in memory and noted \
             with the time of last use, every five minutes or so; what a Worker had counted when it was stopped is \
             missing. Failures are those in the log, which has at most 60 of a minute; of a day, the newest 1,000 of \
             the organization count."
        } }
    }
}

/// When a new key can expire: as in the settings, or otherwise.
pub(super) struct Lifetimes {
    by_settings: String,
}

impl Lifetimes {
    pub(super) fn of(organization: &Organization) -> Self {
        let by_settings = match organization.record.key_lifetime_days {
            Some(days) => format!("In {days} days, as in Settings"),
            None => "Never".to_owned(),
        };
        Self { by_settings }
    }

    fn select(&self, id: &str, label: &str, chosen: &str) -> Markup {
        let by_settings = std::iter::once(("", self.by_settings.as_str()));
        let options: Vec<(&str, &str)> = by_settings.chain(LIFETIMES).collect();
        select(id, "expires_in_seconds", label, &options, chosen)
    }
}

/// The form of a new key, with what was typed.
pub(super) fn generate(latest: &str, lifetimes: &Lifetimes, filled: Option<&Generate>) -> Markup {
    let (name, expires) =
        filled.map_or(("", ""), |form| (form.name.as_str(), form.expires_in_seconds.as_str()));
    html! {
        form method="post" {
            (once())
            input type="hidden" name="latest" value=(latest);
            (field("new-name", "name", "Name", name, NAME_HINT))
            (lifetimes.select("expires", "Expires", expires))
            button name="action" value="generate" { "Generate" }
        }
    }
}

/// The forms that change a key, with what was typed into the one that was refused.
pub(super) fn forms(
    key: &Key,
    keys: &[Key],
    latest: &str,
    lifetimes: &Lifetimes,
    refused: Option<&Form>,
) -> Markup {
    let name = match refused {
        Some(Form::Rename(form)) => &form.name,
        _ => key.record.name.as_deref().unwrap_or_default(),
    };
    html! {
        @if key.is_active() {
            div.columns {
                (regenerate(latest, lifetimes, key, match refused {
                    Some(Form::Regenerate(form)) => Some(form),
                    _ => None,
                }))
                (deactivate(key, keys, match refused {
                    Some(Form::Deactivate(form)) => Some(form),
                    _ => None,
                }))
            }
        }
        details open[matches!(refused, Some(Form::Rename(_)))] {
            summary { "Name" }
            form method="post" {
                (once())
                input type="hidden" name="key" value=(key.id());
                (field("name", "name", "Name of the key", name, "Empty: no name."))
                button name="action" value="rename" { "Save the name" }
            }
        }
    }
}

fn regenerate(latest: &str, lifetimes: &Lifetimes, key: &Key, filled: Option<&Regenerate>) -> Markup {
    let (leaked, overlap, expires) = filled.map_or(("", "86400", ""), |form| {
        (form.has_leaked.as_str(), form.overlap_seconds.as_str(), form.expires_in_seconds.as_str())
    });
    html! {
        form method="post" {
            (once())
            h3 { "Regenerate" }
            p { "A new key takes this one's place, under its name." }
            input type="hidden" name="key" value=(key.id());
            input type="hidden" name="latest" value=(latest);
            fieldset {
                legend { "Has this key leaked?" }
                @for (value, label) in [
                    ("no", "No: it stays good until the new one is in the identity provider"),
                    ("yes", "Yes: it stops at once, and provisioning stops until the new one is in"),
                ] {
                    div.field.tick {
                        input id={ "leaked-" (value) } type="radio" name="has_leaked" value=(value) required
                            checked[value == leaked];
                        label for={ "leaked-" (value) } { (label) }
                    }
                }
            }
            (select("overlap", "overlap_seconds", "If it has not leaked, the old key", &OVERLAPS, overlap))
            (lifetimes.select("new-expires", "The new key expires", expires))
            button name="action" value="regenerate" { "Regenerate" }
        }
    }
}

fn deactivate(key: &Key, keys: &[Key], filled: Option<&Deactivate>) -> Markup {
    let others: Vec<&Key> = keys.iter().filter(|other| other.is_active() && other.id() != key.id()).collect();
    let all = filled.is_some_and(|form| form.all.0);
    html! {
        form method="post" {
            (once())
            h3 { "Deactivate" }
            @if others.is_empty() {
                p { "It is the only good key: provisioning stops at once. People and groups stay as they are." }
            } @else {
                p {
                    "Requests with this key are refused at once. Provisioning goes on with the other good "
                    (if others.len() == 1 { "key" } else { "keys" }) ": " (named(&others))
                }
                div.field.tick {
                    input #all type="checkbox" name="all" value="on" checked[all] aria-describedby="all-hint";
                    label for="all" { "Deactivate all keys" }
                    small #all-hint {
                        "Also " (named(&others)) ". Provisioning stops at once; people and groups stay as they are."
                    }
                }
            }
            input type="hidden" name="key" value=(key.id());
            (confirmation("confirm", "deactivate"))
            button.danger name="action" value="deactivate" { "Deactivate" }
        }
    }
}

/// What keys are called, in a sentence.
fn named(keys: &[&Key]) -> Markup {
    html! {
        @for (index, key) in keys.iter().enumerate() {
            @if index > 0 { ", " }
            @if let Some(name) = &key.record.name { (name) " (" (key.hint) ")" } @else { (key.hint) }
        }
    }
}

pub(super) fn table(organization: &Organization, keys: &[&Key]) -> Markup {
    let (good, past): (Vec<&Key>, Vec<&Key>) = keys.iter().partition(|key| key.is_active());
    let left_out = past.len().saturating_sub(MOST_PAST);
    html! {
        table {
            caption.hidden { "Other keys" }
            thead { tr {
                th scope="col" { "Key" } th scope="col" { "Status" } th scope="col" { "Generated" }
                th scope="col" { "Last used" } th scope="col" { "Today" } th scope="col" { "Until" }
            } }
            tbody {
                @for key in good.into_iter().chain(past.into_iter().take(MOST_PAST)) { tr id=(anchor(key)) {
                    td data-label="Key" {
                        @let change = address(organization, &format!("keys?key={}", segment(key.id())));
                        a href=(change) {
                            @if let Some(name) = &key.record.name { (name) " " }
                            code { (key.hint) }
                        }
                    }
                    td data-label="Status" { (status(Some(key))) }
                    td data-label="Generated" { (time(&key.record.created_at)) " by " (key.record.created_by) }
                    td data-label="Last used" { (last_used(key)) }
                    td data-label="Today" { (today(organization, key)) }
                    td data-label="Until" {
                        @match key.record.deactivated_at.as_ref().or(key.record.expires_at.as_ref()) {
                            Some(at) => (time(at)),
                            None => "no end",
                        }
                    }
                } }
            }
        }
        @if left_out > 0 { p.empty { "Keys that are not good any more: the newest " (MOST_PAST) " of them." } }
    }
}
