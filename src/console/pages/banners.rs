//! The banners on each page of an organization: that the access brake, the pause, or a changed name of the deployment
//! holds up its provisioning, or that events do not reach a product.

use maud::{Markup, html};

use super::parts::{address, once, segment, time};
use crate::admin_api::types::organizations::{Brake, Organization, Pause};
use crate::runtime::clock;

/// For how long the banner's button lifts the brake, in minutes.
pub(super) const AN_HOUR: &str = "60";
/// The types of events that take access: an undo of all that a key did would delete the people whom it has created.
const TAKING_ACCESS: &str =
    "person.deactivated,person.deleted,person.hidden,membership.removed,group.deleted,team.deleted";
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
    let record = &organization.record;
    let Brake { engaged_at, engaged_by, lost, limit, undo: under_way, .. } = &record.brake;
    html! {
        @if let Some(deletion) = &record.deletion {
            section.notice.bad.banner aria-label="Deletion" {
                p {
                    strong { "This organization is deleted since " (time(&deletion.at)) ". " }
                    "Its keys are refused, and nothing can be changed. "
                    a href=(address(organization, "delete")) { "Restore it" }
                }
            }
        }
        @if let Some(at) = engaged_at {
            section.notice.bad.banner aria-label="Access brake" {
                p {
                    strong { "The access brake is engaged since " (time(at)) ". " }
                    @let people = html! { (lost) @if *lost == 1 { " person" } @else { " people" } };
                    @match log(organization) { Some(log) => a href=(log) { (people) }, None => (people) }
                    " lost access within an hour over SCIM"
                    @if let Some(limit) = limit { "; " (limit) " may" }
                    ". A request "
                    @if let Some(key) = engaged_by { "with the key " code { (key.hint) } " " }
                    "would have taken it from more. "
                    @match under_way {
                        Some(run) => {
                            a href=(address(organization, &format!("undo/{}", segment(run)))) {
                                "What went is being undone"
                            }
                            ": such requests are refused until that has finished. Then the brake is released."
                        }
                        None => "Such requests are refused until you decide.",
                    }
                }
                form method="post" action=(address(organization, "brake")) {
                    (once())
                    input type="hidden" name="for_minutes" value=(AN_HOUR);
                    button name="action" value="release" { "Let it through" }
                    @if let (None, Some(undo)) = (under_way, undo(organization)) {
                        " " a.button.quiet href=(undo) { "Keep them, and undo what went" }
                    }
                    " " a href=(address(organization, "brake")) { "More choices" }
                }
            }
        }
        @let now = organization.org_role_attribute.as_str();
        @if let Some(known) = record.confirmed_org_role_attribute.as_deref().filter(|known| *known != now) {
            section.notice.bad.banner aria-label="Attribute of the organization role" {
                p {
                    strong { "Requests of the identity provider are refused. " }
                    "It was set up with the attribute " code { (known) } " for the organization role, and \
                     this deployment's ORG_ROLE_ATTRIBUTE is now " code { (now) } ". Either the operator sets it \
                     back, or you map " code { (now) } " in the identity provider, and then confirm that here."
                }
                form method="post" action=(address(organization, "settings")) {
                    button name="action" value="confirm-attribute" { "It sends " (now) " now" }
                }
            }
        }
        @if record.failed_webhooks > 0 {
            section.notice.bad.banner aria-label="Webhooks" {
                p {
                    strong {
                        @if record.failed_webhooks == 1 { "A webhook is disabled. " }
                        @else { (record.failed_webhooks) " webhooks are disabled. " }
                    }
                    "The receiver did not take events for more than a day. They wait for it. "
                    a href=(address(organization, "webhooks")) { "Test and enable it" }
                }
            }
        }
        @if let Some(Pause { since, by }) = &record.pause {
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

/// What the key that engaged the brake did, with the people: since an hour before.
fn log(organization: &Organization) -> Option<String> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("key", &organization.record.brake.engaged_by.as_ref()?.id);
    query.append_pair("from", &since(&organization.record.brake)?);
    Some(format!("{}?{}", address(organization, "log"), query.finish()))
}

/// An hour before the brake engaged.
fn since(brake: &Brake) -> Option<String> {
    let engaged_at = clock::parse_iso(brake.engaged_at.as_deref()?).ok()?;
    Some(clock::iso(engaged_at.saturating_sub(HOUR_MILLIS)))
}

/// The page where what the key that engaged the brake took is given back, since an hour before.
fn undo(organization: &Organization) -> Option<String> {
    let brake = &organization.record.brake;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .append_pair("key", &brake.engaged_by.as_ref()?.id)
        .append_pair("since", &since(brake)?)
        .append_pair("types", TAKING_ACCESS)
        .append_pair("release_brake", "yes");
    Some(format!("{}?{}", address(organization, "undo"), query.finish()))
}
