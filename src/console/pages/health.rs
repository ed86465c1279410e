//! How the provisioning of an organization is: the page behind the line on top of each page. It says what each part of
//! the line means and what to do.

use maud::{Markup, html};

use super::guides::Guide;
use super::health_line::{failures, key_in_use};
use super::layout::{Section, page};
use super::page::{NoForm, Page};
use super::parts::{address, segment, time_or_never};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::health;
use crate::admin_api::types::health::{Finding, FindingKind, HealthReport, ProvisioningState};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::{AdminContext, InOrganization};
use crate::http::Problem;

/// The page of an organization's health.
pub(super) struct Health<'a> {
    pub(super) org: &'a str,
}

impl Page for Health<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } = health::read(context, self.org).await?;
        let main = main(&organization, &answer);
        let section = Some((&*organization, Section::Health));
        Ok(PageResponse::Page(page(&context.actor, section, "Health", state.notice.as_ref(), &main)))
    }
}

fn main(organization: &Organization, report: &HealthReport) -> Markup {
    let HealthReport { state, findings } = report;
    html! {
        h2 { "What seems to be set up wrongly" }
        @if findings.is_empty() {
            p.empty {
                "Nothing that traffic shows. What the identity provider has not tried yet does not show."
            }
        } @else {
            @for finding in findings { (described(organization, finding)) }
        }
        h2 { "What the line on top means" }
        section.card aria-label="State" { (state_in_words(organization, state)) }
    }
}

fn state_in_words(organization: &Organization, state: &ProvisioningState) -> Markup {
    let record = &organization.record;
    html! {
        dl.meanings {
            dt { "Identity provider last heard: " (time_or_never(state.last_heard_at.as_deref())) }
            dd {
                "When a SCIM key was used last, up to five minutes behind. Okta sends nothing while nothing changes \
                 and no import is scheduled; Entra ID comes every 40 minutes. If it was longer ago than that, test the \
                 connection in the identity provider. "
                (Guide::Troubleshooting.link("the-connection-test-fails", "The connection test fails"))
            }
            dt { (failures(state.failures)) }
            dd {
                "Requests of the identity provider that were refused or failed. "
                a href=(address(organization, "log?outcome=refused")) { "The log" }
                " has each with its reason and what to do. Retry the tasks in the identity provider afterwards."
            }
            dt { @match &state.key { Some(key) => (key_in_use(key)), None => "No key was used yet" } }
            dd {
                @if let Some(key) = &state.key { "The key " code { (key.hint) } " was used last. " }
                (state.good_keys) @if state.good_keys == 1 { " key is good. " } @else { " keys are good. " }
                a href=(address(organization, "keys")) { "Access management" }
                " generates and replaces keys. The identity provider does not warn of the end of a key: requests then \
                 fail."
            }
            dt { "The access brake is " @if record.brake.engaged_at.is_some() { "on" } @else { "off" } }
            dd {
                "It refuses requests that would take access from more people than may lose it within an hour. "
                a href=(address(organization, "brake")) { "Decide there" } " when it is on."
            }
            dt { @if record.pause.is_some() { "Identity providers are paused" } @else { "Not paused" } }
            dd {
                "During a pause the writes of identity providers are refused, and reads go on. "
                a href=(address(organization, "brake")) { "Pause or resume" }
            }
            dt {
                @match &state.import {
                    Some(import) => {
                        a href=(address(organization, &format!("imports/{}", segment(import)))) {
                            "An import is under way"
                        }
                    },
                    None => "No import is under way",
                }
            }
            dd {
                "The identity provider reads all users or groups, to compare them with its own. "
                a href=(address(organization, "imports")) { "Imports" } " says what it was shown."
            }
        }
    }
}

/// A finding: what shows it, and what to do.
fn described(organization: &Organization, finding: &Finding) -> Markup {
    let Finding { kind, number, at, id, name } = finding;
    let name = name.as_deref().unwrap_or_default();
    let link =
        |page: &str| address(organization, &format!("{page}/{}", segment(id.as_deref().unwrap_or_default())));
    let others = |what: &str| {
        let others = number.saturating_sub(1);
        html! { @if others > 0 { " and " (others) " more " (what) } }
    };
    let (title, shown_by, to_do) = match kind {
        FindingKind::KeyEnding => (
            "The key is near its end",
            html! { "The key " code { (name) } ", which was used last, ends " (time_or_never(at.as_deref())) "." },
            html! {
                a href=(address(organization, "keys")) { "Regenerate" } " it, and enter the new key in the identity \
                 provider before that."
            },
        ),
        FindingKind::KeyEnded => (
            "The key is no longer good",
            html! { "The key " code { (name) } ", which was used last, was deactivated or has expired." },
            html! {
                "Enter a good key in the identity provider. " a href=(address(organization, "keys")) { "Generate" }
                " one if there is none."
            },
        ),
        FindingKind::RenameGroups => (
            "“Rename groups” is on",
            html! {
                "The identity provider tries to rename " a href=(link("groups")) { (name) } (others("groups"))
                ", the last time " (time_or_never(at.as_deref())) ". The groups of roles cannot be renamed, and each \
                 such push fails."
            },
            html! {
                "In Okta: Push Groups > Group Push Settings, and clear “Rename app groups to match group name in \
                 Okta”. In Entra ID: give the group its name here. " (Guide::Okta.link("7-project-roles", "How"))
            },
        ),
        FindingKind::ImportGroupsOff => (
            "“Import Groups” is off",
            html! {
                "Groups are pushed, and the " a href=(link("imports")) { "last import" } " of people, which ended "
                (time_or_never(at.as_deref())) ", was not followed by one of groups. Okta then does not find the \
                 groups of new projects and roles to link them."
            },
            html! {
                "In Okta: Provisioning > Integration > Edit, tick “Import Groups”, and import once. "
                (Guide::Okta.link("3-the-connection", "How"))
            },
        ),
        FindingKind::ExternalIdFromMailNickname => (
            "“externalId” is mapped from the mail nickname",
            html! {
                "The external id of " (number) " people is the beginning of their user name. That is Entra ID's \
                 default mapping from mailNickname, which changes with names, and which two people may share."
            },
            html! {
                "In Entra ID: Provisioning > Attribute mapping > Users, map externalId from objectId. Then restart \
                 provisioning. " (Guide::Entra.link("4-mappings", "How"))
            },
        ),
        FindingKind::GroupLinkedTwice => (
            "A group is linked twice",
            html! {
                "Within a day the same people were removed from " a href=(link("groups")) { (name) }
                (others("groups")) " again and again, the last time " (time_or_never(at.as_deref()))
                ". Two groups of the identity provider seem to be pushed to it, each with its own members."
            },
            html! {
                "In the identity provider, link one group only, and leave the group in the target app when you unlink \
                 the other. " (Guide::Okta.link("7-project-roles", "How"))
            },
        ),
        FindingKind::PeopleHidden => (
            "The mail domains hide people of the identity provider",
            html! {
                a href=(link("members")) { (name) } (others("people")) " have an external id, and SCIM does not see \
                 them: their mail addresses are outside the organization's mail domains. The identity provider takes \
                 them for deleted."
            },
            html! {
                "Add their domains to the mail domains in the "
                a href=(address(organization, "settings")) { "settings" } ", or remove these people."
            },
        ),
        FindingKind::WebhooksDisabled => (
            "A webhook is disabled",
            html! {
                (number) @if *number == 1 { " webhook does" } @else { " webhooks do" } " not deliver any more: the \
                 receiver refused an event in all attempts, over more than a day, or said that it is gone."
            },
            html! {
                "Mend the receiver, send it a test message, and enable the "
                a href=(address(organization, "webhooks")) { "webhook" } ": it then gets all that came meanwhile."
            },
        ),
        FindingKind::PeopleRefused => (
            "People were refused for their mail domain",
            html! {
                (number) @if *number == 1 { " person was" } @else { " people were" }
                " not created, the last time " (time_or_never(at.as_deref())) ": their mail addresses are outside the \
                 organization's mail domains."
            },
            html! {
                "Add their domains in the " a href=(address(organization, "settings")) { "settings" }
                ", and retry the tasks; or do not assign these people. "
                a href=(address(organization, "log?outcome=refused")) { "Who" }
            },
        ),
        FindingKind::RevocationNotAcknowledged => (
            "A product does not know yet that access was lost",
            html! {
                (name) (others("products")) " has not acknowledged a deactivation of " (time_or_never(at.as_deref()))
                ". It may still let that person in."
            },
            html! {
                "Look whether the product reads the feed, and whether its key is good, under "
                a href=(address(organization, "products")) { "Products" } "."
            },
        ),
    };
    html! {
        section.card aria-label=(title) {
            h3 { (title) }
            p { (shown_by) }
            p { strong { "What to do: " } (to_do) }
        }
    }
}
