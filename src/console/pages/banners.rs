//! The banners on each page of an organization whose provisioning the access brake or the pause holds up.

use maud::{Markup, html};

use super::parts::{address, once, time};
use crate::admin_api::types::organizations::{Brake, Organization, Pause};
use crate::runtime::clock;

/// For how long the banner's button lifts the brake, in minutes.
pub(super) const AN_HOUR: &str = "60";
/// The hour in which people lost access, in milliseconds.
const HOUR_MILLIS: u64 = 3_600_000;

/// The button that lets identity providers write again.
pub(super) fn resume_form(organization: &Organization) -> Markup {
    html! {
        form method="post" action=(address(organization, "brake")) {
            (once())
            button name="action" value="resume" { "Resume" }
        }
    }
}

/// What holds up the provisioning of the organization, for the top of each of its pages.
pub(super) fn banners(organization: &Organization) -> Markup {
    let Brake { engaged_at, engaged_by, lost, limit, .. } = &organization.record.brake;
    html! {
        @if let Some(at) = engaged_at {
            section.notice.bad.banner aria-label="Access brake" {
                p {
                    strong { "The access brake is engaged since " (time(at)) ". " }
                    (lost) @if *lost == 1 { " person" } @else { " people" }
                    " lost access within an hour over SCIM"
                    @if let Some(limit) = limit { "; " (limit) " may" }
                    ". A request "
                    @if let Some(key) = engaged_by { "with the key " code { (key.hint) } " " }
                    "would have taken it from more. Such requests are refused until you decide."
                }
                form method="post" action=(address(organization, "brake")) {
                    (once())
                    input type="hidden" name="for_minutes" value=(AN_HOUR);
                    button name="action" value="release" { "Let it through" }
                    @if let Some(undo) = undo(organization) {
                        " " a.button.quiet href=(undo) { "Keep them, and undo what went" }
                    }
                }
            }
        }
        @if let Some(Pause { since, by }) = &organization.record.pause {
            section.notice.bad.banner aria-label="Pause" {
                p {
                    strong { "Identity providers are paused since " (time(since)) ". " }
                    (by) " paused them: their writes are refused, reads go on."
                }
                (resume_form(organization))
            }
        }
    }
}

/// The page where the changes of the key that engaged the brake are undone, since an hour before.
fn undo(organization: &Organization) -> Option<String> {
    let Brake { engaged_at, engaged_by, .. } = &organization.record.brake;
    let since = clock::parse_iso(engaged_at.as_deref()?).ok()?.saturating_sub(HOUR_MILLIS);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("key", &engaged_by.as_ref()?.id).append_pair("since", &clock::iso(since));
    Some(format!("{}?{}", address(organization, "undo"), query.finish()))
}
