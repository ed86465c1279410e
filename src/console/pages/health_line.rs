//! The line on top of each page of an organization: how its provisioning is.

use maud::{Markup, html};

use super::parts::{address, segment, time};
use crate::admin_api::health::is_ending;
use crate::admin_api::types::health::KeyInUse;
use crate::admin_api::types::organizations::Organization;
use crate::runtime::clock;

/// From so many failures on there may be more.
const MOST_FAILURES: u64 = 100;

/// The line on top of each page of an organization.
pub(super) fn line(organization: &Organization) -> Markup {
    let Some(state) = &organization.health else { return html! {} };
    let record = &organization.record;
    html! {
        p.health {
            a href=(address(organization, "health")) { "Health" } ": identity provider "
            @match state.last_heard_at.as_deref() {
                Some(at) => { "last heard " (time(at)) },
                // The first use of a key is written after the answer.
                None => "not heard yet, as of 15 seconds ago",
            }
            " · " (failures(state.failures))
            @if let Some(key) = &state.key { " · " (key_in_use(key)) }
            @if record.brake.engaged_at.is_some() { " · " strong { "access brake on" } }
            @if record.pause.is_some() { " · " strong { "paused" } }
            @if record.failed_webhooks > 0 { " · " strong { "webhook disabled" } }
            @if state.late_products > 0 {
                " · " a href=(address(organization, "products")) { strong { "a deactivation is not acknowledged" } }
            }
            @if state.import.is_some() { " · import under way" }
            @if let Some(run) = &state.bulk {
                " · " a href=(address(organization, &format!("bulk/{}", segment(run)))) {
                    "change of several people under way"
                }
            }
        }
    }
}

/// How many requests failed within a day.
pub(super) fn failures(number: u64) -> Markup {
    html! {
        @match number {
            0 => "no failures in 24 hours",
            1 => strong { "1 failure in 24 hours" },
            MOST_FAILURES.. => strong { (MOST_FAILURES) " failures or more in 24 hours" },
            number => strong { (number) " failures in 24 hours" },
        }
    }
}

/// How long the key that was used last is good.
pub(super) fn key_in_use(key: &KeyInUse) -> Markup {
    html! {
        @match &key.expires_at {
            _ if !key.is_good => strong { "its key is no longer good" },
            None => "its key does not expire",
            Some(at) if is_ending(key, clock::now_millis()) => strong { "its key ends " (time(at)) },
            Some(at) => { "its key is good until " (time(at)) },
        }
    }
}
