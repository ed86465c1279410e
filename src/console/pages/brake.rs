//! The access brake and the pause: their page.

use maud::{Markup, html};
use serde::Deserialize;

use super::banners::{AN_HOUR, resume_form};
use super::calls::{Call, FormCall};
use super::flash::Flash;
use super::form::number;
use super::guides::Guide;
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, address_of, maker, once, select, time};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::organizations::{Brake as State, Organization, Pause, ReleaseBrake};
use crate::admin_api::{AdminContext, CallKey, organizations};
use crate::http::Problem;

/// The page of the access brake and the pause.
pub(super) struct Brake<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Release(Release),
    Pause {},
    Resume {},
}

#[derive(Deserialize)]
pub(super) struct Release {
    for_minutes: String,
}

impl Page for Brake<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let org = self.org;
        let (call, flash) = match form {
            Form::Release(Release { for_minutes }) => {
                let for_minutes = number(for_minutes, "The number of minutes")?.unwrap_or(0);
                let body = ReleaseBrake { for_minutes };
                (FormCall::with(Call::ReleaseBrake, &[org], &body)?, Flash::BrakeReleased)
            }
            Form::Pause {} => (FormCall::new(Call::Pause, &[org]), Flash::WritesPaused),
            Form::Resume {} => (FormCall::new(Call::Resume, &[org]), Flash::WritesResumed),
        };
        call.send(context, key).await?;
        Ok(PageResponse::Redirect(flash.at(&address_of(org, "brake"))))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let organization = organizations::read(context, self.org).await?.organization;
        let main = main(&organization);
        let section = Some((&*organization, Section::Settings));
        Ok(PageResponse::Page(page(&context.actor, section, "Access brake", state.notice.as_ref(), &main)))
    }
}

fn main(organization: &Organization) -> Markup {
    let State { engaged_at, lifted_until, lost, limit, .. } = &organization.record.brake;
    html! {
        section.card aria-labelledby="brake-heading" {
            h2 #brake-heading { "Access brake" }
            p {
                "When an identity provider would take access from more people within an hour than the settings allow, \
                 such requests are refused until you decide. Requests that give or keep access go on. The identity \
                 provider sends refused requests again later. "
                (Guide::WhatHappened.link("the-access-brake", "What it counts"))
            }
            dl.facts {
                div { dt { "State" } dd {
                    @match (engaged_at, lifted_until) {
                        (Some(at), _) => { "engaged since " (time(at)) },
                        (None, Some(until)) => { "lifted until " (time(until)) },
                        (None, None) => "ready",
                    }
                } }
                div { dt { "People who lost access within the hour" } dd { (lost) } }
                div { dt { "May lose it" } dd {
                    @match limit { Some(limit) => (limit), None => "any number" }
                    " (" a href=(address(organization, "settings")) { "settings" } ")"
                } }
            }
            @if engaged_at.is_some() || limit.is_some() {
                form method="post" action=(address(organization, "brake")) {
                    (once())
                    (select("for_minutes", "for_minutes", "Let everything through", &[
                        ("0", "No: be ready again at once"), ("15", "For 15 minutes"), (AN_HOUR, "For an hour"),
                        ("480", "For 8 hours"), ("1440", "For a day"),
                    ], AN_HOUR))
                    button name="action" value="release" { "Release the brake" }
                }
            }
        }
        (pause_section(organization))
    }
}

/// Pauses and resumes identity providers.
pub(super) fn pause_section(organization: &Organization) -> Markup {
    html! {
        section.card aria-labelledby="pause-heading" {
            h2 #pause-heading { "Pause" }
            @match &organization.record.pause {
                Some(Pause { since, by }) => {
                    p { "Identity providers may not write since " (time(since)) ": " (by) " paused them." }
                    (resume_form(organization))
                }
                None => {
                    p {
                        "Refuses all writes of identity providers until you resume them. They can still read, and \
                         send refused requests again later."
                    }
                    (maker("Pause identity providers", false, &html! {
                        form method="post" action=(address(organization, "brake")) {
                            (once())
                            p { "From then on no person is created, changed or deactivated over SCIM." }
                            button.danger name="action" value="pause" { "Pause now" }
                        }
                    }))
                }
            }
        }
    }
}
