//! The page of a webhook: its settings, its secret, and its attempts at deliveries.

use super::super::calls::{Attempted, Call, FormCall, WebhookSecret};
use super::super::flash::Flash;
use super::super::form::{self, check_confirmed, number, optional};
use super::super::layout::{Section, page};
use super::super::page::Page;
use super::super::parts::{
    address, address_of, confirmation, copy_button, field, maker, next, once, pill, segment, select, time,
    time_or_never,
};
use super::super::request::{Notice, PageRequest, PageResponse, PageState};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::types::webhooks::{
    ChangeWebhook, DisabledBecause, ReplayEvents, RotateSecret, Webhook, WebhookAttempts, WebhookStatus,
};
use crate::admin_api::{AdminContext, CallKey, InOrganization, webhooks};
use crate::http::{AdminCode, Problem};
use directory::webhook::Format;
use maud::{Markup, html};

use super::{Form, settings, status};

const OVERLAPS: [(&str, &str); 4] = [
    ("86400", "Signs as well for 24 hours"),
    ("3600", "Signs as well for 1 hour"),
    ("604800", "Signs as well for 7 days"),
    ("0", "Stops signing at once"),
];

/// The page of a webhook.
pub(in crate::console::pages) struct WebhookPage<'a> {
    pub(in crate::console::pages) org: &'a str,
    pub(in crate::console::pages) id: &'a str,
}

impl Page for WebhookPage<'_> {
    type Form = Form;

    fn read(form: &[u8]) -> Result<Form, Problem> {
        form::fields(form)
    }

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let Self { org, id } = *self;
        let here = address_of(org, &format!("webhooks/{}", segment(id)));
        let parameters = [org, id];
        let flash = match form.action.as_str() {
            "rotate" => {
                let body = RotateSecret { overlap_seconds: number(&form.overlap_seconds, "The overlap")? };
                let call = FormCall::with(Call::RotateWebhook, &parameters, &body)?;
                let made: WebhookSecret = call.send(context, key).await?.read()?;
                return self.render_with(context, None, None, made.secret.as_deref(), true).await;
            }
            "test" => {
                let call = FormCall::new(Call::TestWebhook, &parameters);
                let attempt: Attempted = call.send(context, key).await?.read()?;
                match attempt.status {
                    200..=299 => Flash::WebhookTested,
                    _ => Flash::WebhookTestFailed,
                }
            }
            "replay" => {
                let from = number(&form.from, "The number of the first event")?.unwrap_or(0);
                let body = ReplayEvents { from, to: number(&form.to, "The number of the last event")? };
                FormCall::with(Call::ReplayEvents, &parameters, &body)?.send(context, key).await?;
                Flash::WebhookReplays
            }
            "delete" => {
                check_confirmed(&form.confirm, "delete")?;
                let target = webhooks::read(context, org, id).await?.answer.target().to_owned();
                FormCall::new(Call::DeleteWebhook, &parameters).send(context, key).await?;
                let done = Flash::WebhookDeleted.about(&target);
                return Ok(PageResponse::Redirect(done.at(&address_of(org, "webhooks"))));
            }
            action => {
                let (body, flash) = match action {
                    "enable" | "disable" => {
                        let disabled = action == "disable";
                        let flash = if disabled { Flash::WebhookDisabled } else { Flash::WebhookEnabled };
                        (ChangeWebhook { disabled: Some(disabled), ..ChangeWebhook::default() }, flash)
                    }
                    "save" => {
                        let (address, queue) = form.target();
                        let (description, types) =
                            (Some(form.description.trim().to_owned()), Some(form.types()));
                        let authorization = match form.remove_authorization.0 {
                            true => Some(String::new()),
                            false => optional(&form.authorization),
                        };
                        // A webhook of another format has no such field.
                        let audience = form.format().map(|_| form.audience.trim().to_owned());
                        let disabled = None;
                        let body = ChangeWebhook {
                            address,
                            queue,
                            authorization,
                            audience,
                            description,
                            types,
                            disabled,
                        };
                        (body, Flash::WebhookSaved)
                    }
                    _ => return Err(form::unknown()),
                };
                FormCall::with(Call::ChangeWebhook, &parameters, &body)?.send(context, key).await?;
                flash
            }
        };
        Ok(PageResponse::Redirect(flash.at(&here)))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        self.render_with(context, Some(request), Some(state), None, false).await
    }
}

impl WebhookPage<'_> {
    pub(super) async fn render_with(
        &self,
        context: &AdminContext<'_>,
        request: Option<&PageRequest>,
        state: Option<PageState<Form>>,
        secret: Option<&str>,
        is_made: bool,
    ) -> Result<PageResponse, Problem> {
        let query = request.map(PageRequest::api_query).unwrap_or_default();
        let InOrganization { organization, answer: (webhook, attempts) } =
            webhooks::attempts(context, self.org, self.id, query::read(&query)?).await?;
        let (notice, refused) = state.map(|state| (state.notice, state.refused)).unwrap_or_default();
        let has_secret = webhook.format == Format::StandardWebhooks;
        let gone = (is_made && secret.is_none() && has_secret).then(|| {
            let detail = "The secret was in the first answer to this form, and is not shown again. If it was not kept, \
                          make another one.";
            Notice::Problem(Problem::of(AdminCode::KeyNotShownAgain, detail))
        });
        let notice = gone.or(notice);
        let more = request.zip(attempts.next);
        let more = more.map(|(request, before)| request.with_parameter("before", &before.to_string()));
        let main = html! {
            @if let Some(secret) = secret { (shown_once(secret)) }
            (state_of(&webhook))
            (forms(&organization, &webhook, refused.as_ref()))
            section.card aria-labelledby="attempts-heading" {
                h2 #attempts-heading { "Attempts" }
                (log(&organization, &attempts))
                (next(more, "Earlier attempts"))
            }
        };
        let section = Some((&*organization, Section::Webhooks));
        let title = format!("Webhook to {}", webhook.target());
        Ok(PageResponse::Page(page(&context.actor, section, &title, notice.as_ref(), &main)))
    }
}

fn shown_once(secret: &str) -> Markup {
    html! {
        section.notice.good.key aria-labelledby="secret-heading" role="status" {
            h2 #secret-heading { "The webhook's secret" }
            p { "This is the only time it is shown. The receiver verifies messages with it." }
            p { code.value #new-secret { (secret) } " " (copy_button(secret, "the secret")) }
        }
    }
}

fn state_of(webhook: &Webhook) -> Markup {
    html! {
        section.card aria-labelledby="state-heading" {
            h2 #state-heading { "State " (status(webhook)) }
            @if let Some(at) = &webhook.disabled_at {
                p {
                    "Nothing is delivered since " (time(at)) ". "
                    @match webhook.disabled_because {
                        Some(DisabledBecause::Failures) => {
                            "All attempts at an event had failed, over more than a day. Mend the receiver, send a test \
                             message, and enable the webhook: it then gets all that came meanwhile."
                        },
                        Some(DisabledBecause::Gone) => {
                            "The receiver answered that it is gone (410). If that was a mistake, enable the webhook: \
                             it then gets all that came meanwhile."
                        },
                        _ => "An administrator disabled it. Once enabled, it gets all that came meanwhile.",
                    }
                }
            }
            @if webhook.status == WebhookStatus::Failing {
                p { "Too much has failed: one event at a time is tried until some arrive." }
            }
            dl.facts {
                div { dt { "Added" } dd { (time(&webhook.created_at)) " by " (webhook.created_by) } }
                div { dt { "Delivered up to event" } dd { (webhook.position) } }
                div { dt { "Later events" } dd { (webhook.waiting) } }
                div { dt { "Subjects with a failed event" } dd { (webhook.failed_subjects) } }
                div { dt { "Next attempt" } dd { (time_or_never(webhook.next_attempt_at.as_deref())) } }
                @if let (Some(issuer), Some(audience)) = (&webhook.issuer, &webhook.audience) {
                    div { dt { "Issuer (iss)" } dd { code { (issuer) } } }
                    div { dt { "Audience (aud)" } dd { code { (audience) } } }
                    div { dt { "Keys" } dd { code { (issuer) "/.well-known/jwks.json" } } }
                    div { dt { "Authorization header" } dd {
                        @if webhook.has_authorization { "sent" } @else { "none" }
                    } }
                }
                @if let Some(until) = &webhook.previous_secret_until {
                    div { dt { "The old secret signs until" } dd { (time(until)) } }
                }
                @if let Some(replay) = &webhook.replay {
                    div { dt { "Delivered once more" } dd { "events " (replay.next) " to " (replay.until) } }
                }
            }
            form method="post" {
                (once())
                button name="action" value="test" { "Send a test message" }
                " "
                @match webhook.status {
                    WebhookStatus::Disabled => button name="action" value="enable" { "Enable" },
                    _ => button.quiet name="action" value="disable" { "Disable" },
                }
            }
        }
    }
}

fn forms(organization: &Organization, webhook: &Webhook, refused: Option<&Form>) -> Markup {
    let of = |action: &str| refused.filter(|form| form.action == action);
    let (from, to) = of("replay").map_or(("", ""), |form| (form.from.as_str(), form.to.as_str()));
    let overlap = of("rotate").map_or("86400", |form| form.overlap_seconds.as_str());
    html! {
        (maker("Settings", of("save").is_some(), &settings(of("save"), Some(webhook), "save", "Save")))
        (maker("Deliver events once more", of("replay").is_some(), &html! {
            form method="post" {
                (once())
                p {
                    "The number of an event is in its address in the "
                    a href=(address(organization, "log")) { "log" }
                    ". Only the webhook's types are delivered. The receiver knows repeated messages by their id."
                }
                (field("from", "from", "From event", from, "1: the first that is kept."))
                (field("to", "to", "To event", to, "Empty: up to now."))
                button name="action" value="replay" { "Deliver once more" }
            }
        }))
        @if webhook.format == Format::StandardWebhooks {
            (maker("Make another secret", of("rotate").is_some(), &html! {
                form method="post" {
                    (once())
                    p {
                        "Messages have a signature by each secret, so that the receiver can change its own meanwhile."
                    }
                    (select("overlap", "overlap_seconds", "The present secret", &OVERLAPS, overlap))
                    button name="action" value="rotate" { "Make another secret" }
                }
            }))
        }
        (maker("Delete", of("delete").is_some(), &html! {
            form method="post" {
                (once())
                p { "What was not delivered yet is not delivered any more." }
                (confirmation("confirm", "delete"))
                button.danger name="action" value="delete" { "Delete the webhook" }
            }
        }))
    }
}

fn log(organization: &Organization, log: &WebhookAttempts) -> Markup {
    html! {
        @if log.attempts.is_empty() { p.empty { "There were none yet." } } @else {
            table {
                caption.hidden { "Attempts" }
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "Event" } th scope="col" { "Attempt" }
                    th scope="col" { "Outcome" } th scope="col" { "Answer" }
                } }
                tbody {
                    @for attempt in &log.attempts { tr {
                        td data-label="When" { (time(&attempt.at)) }
                        td data-label="Event" {
                            @match attempt.event {
                                Some(seq) => {
                                    a href=(address(organization, &format!("events/{seq}"))) { (seq) }
                                    " " (attempt.r#type)
                                },
                                None => "test message",
                            }
                        }
                        td data-label="Attempt" { (attempt.attempt) }
                        td data-label="Outcome" {
                            @match attempt.status {
                                200..=299 => (pill("good", "delivered")),
                                0 => (pill("bad", "no answer")),
                                status => { (pill("bad", "refused")) " " (status) },
                            }
                            " in " (attempt.duration) "\u{a0}ms"
                        }
                        td data-label="Answer" {
                            @if let Some(error) = &attempt.error { code { (error) } " " }
                            (attempt.answer)
                        }
                    } }
                }
            }
        }
    }
}
