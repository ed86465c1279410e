//! The page of webhooks, and what it has in common with the page of one.

mod one;

use super::calls::{Call, FormCall, WebhookSecret};
use super::form::{self, Checkbox, optional, words};
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, field, maker, once, pill, segment, select};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::webhooks::{NewWebhook, Webhook, WebhookList, WebhookStatus};
use crate::admin_api::{AdminContext, CallKey, InOrganization, webhooks};
use crate::http::Problem;
use directory::webhook::Format;
use maud::{Markup, html};
use serde::Deserialize;

pub(super) use one::WebhookPage;

const FORMATS: [(Format, &str); 2] = [
    (Format::StandardWebhooks, "Events, signed with a secret (Standard Webhooks)"),
    (Format::SecurityEventTokens, "Security event tokens, pushed to the address (RFC 8935)"),
];

/// The page of an organization's webhooks.
pub(super) struct Webhooks<'a> {
    pub(super) org: &'a str,
}

/// A form of the pages.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    action: String,
    target: String,
    description: String,
    types: String,
    format: String,
    authorization: String,
    remove_authorization: Checkbox,
    audience: String,
    overlap_seconds: String,
    from: String,
    to: String,
    confirm: String,
}

impl Form {
    /// The address or the queue that was typed.
    fn target(&self) -> (Option<String>, Option<String>) {
        let target = optional(&self.target);
        match target.as_deref().is_some_and(|target| target.contains(':')) {
            true => (target, None),
            false => (None, target),
        }
    }

    fn format(&self) -> Option<Format> {
        FORMATS.iter().map(|(format, _)| *format).find(|format| format.as_str() == self.format)
    }

    fn types(&self) -> Vec<String> {
        words(&self.types, &[',', '\n', '\r', ' '])
    }
}

impl Page for Webhooks<'_> {
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
        let org = self.org;
        let (address, queue) = form.target();
        let (description, types) = (optional(&form.description), Some(form.types()));
        let (authorization, audience) = (optional(&form.authorization), optional(&form.audience));
        let format = form.format();
        let body = NewWebhook { address, queue, format, authorization, audience, description, types };
        let call = FormCall::with(Call::CreateWebhook, &[org], &body)?;
        let made: WebhookSecret = call.send(context, key).await?.read()?;
        let page = WebhookPage { org, id: &made.id };
        page.render_with(context, None, None, made.secret.as_deref(), true).await
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        PageState { notice, refused }: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } = webhooks::list(context, self.org).await?;
        let main = html! {
            p {
                "A webhook delivers change events to a product: by signed messages or security event tokens to an \
                 https address, or into a Cloudflare queue. What a receiver does not take is tried again for a day."
            }
            (delay(&answer))
            @if answer.webhooks.is_empty() {
                p.empty { "There are no webhooks." }
            } @else {
                (table(&organization, &answer.webhooks))
            }
            (maker("Add a webhook", refused.is_some(), &settings(refused.as_ref(), None, "create", "Add")))
        };
        let section = Some((&*organization, Section::Webhooks));
        Ok(PageResponse::Page(page(&context.actor, section, "Webhooks", notice.as_ref(), &main)))
    }
}

fn delay(list: &WebhookList) -> Markup {
    html! {
        @if !list.has_queue {
            p.notice.warn {
                "This deployment has no queue: events are delivered within a minute, by the Worker's cron trigger. \
                 With the queue " code { "WEBHOOKS" } " in its configuration they are delivered within a second or two."
            }
        }
    }
}

fn status(webhook: &Webhook) -> Markup {
    match webhook.status {
        WebhookStatus::Active => pill("good", "active"),
        WebhookStatus::Failing => pill("bad", "failing"),
        WebhookStatus::Disabled => pill("bad", "disabled"),
    }
}

fn table(organization: &Organization, all: &[Webhook]) -> Markup {
    html! {
        table {
            caption.hidden { "Webhooks" }
            thead { tr {
                th scope="col" { "Delivers to" } th scope="col" { "Status" } th scope="col" { "Types" }
                th scope="col" { "Waiting" }
            } }
            tbody {
                @for webhook in all { tr {
                    td data-label="Delivers to" {
                        a href=(address(organization, &format!("webhooks/{}", segment(&webhook.id)))) {
                            (webhook.target())
                        }
                        @if !webhook.description.is_empty() { " " small { (webhook.description) } }
                    }
                    td data-label="Status" { (status(webhook)) }
                    td data-label="Types" {
                        @if webhook.types.is_empty() { "all" } @else { (webhook.types.join(", ")) }
                    }
                    td data-label="Waiting" {
                        (webhook.waiting)
                        @if webhook.failed_subjects > 0 { ", and of " (webhook.failed_subjects) " subjects" }
                    }
                } }
            }
        }
    }
}

/// The form of a webhook's settings, with what was typed or is set.
fn settings(typed: Option<&Form>, known: Option<&Webhook>, action: &str, label: &str) -> Markup {
    let of = |own: fn(&Form) -> &str, set: &dyn Fn(&Webhook) -> String| match (typed, known) {
        (Some(form), _) => own(form).to_owned(),
        (None, Some(webhook)) => set(webhook),
        (None, None) => String::new(),
    };
    let types: Vec<&str> = webhooks::types().collect();
    html! {
        form method="post" {
            (once())
            (field("target", "target", "Address or queue", &of(|form| &form.target, &|own| own.target().to_owned()),
                "An https address on the internet, or the binding of a queue of the deployment."))
            (field("description", "description", "Description",
                &of(|form| &form.description, &|own| own.description.clone()), "Such as the product that gets it."))
            @match known {
                None => {
                    (select("format", "format", "Messages", &FORMATS.map(|(format, label)| (format.as_str(), label)),
                        typed.map_or("", |form| &form.format)))
                    details open[typed.is_some_and(|form| form.format() == Some(Format::SecurityEventTokens))] {
                        summary { "For security event tokens" }
                        (for_tokens(typed, None))
                    }
                },
                Some(webhook) if webhook.format == Format::SecurityEventTokens => {
                    input type="hidden" name="format" value=(webhook.format.as_str());
                    (for_tokens(typed, Some(webhook)))
                },
                Some(_) => {},
            }
            (field("types", "types", "Types of events", &of(|form| &form.types, &|own| own.types.join(", ")),
                "Separated by commas; empty: all."))
            details {
                summary { "All types" }
                p { (types.join(", ")) }
                p {
                    code { "access.lost" } " and " code { "access.gained" } " select all events by which people lose \
                     or gain rights."
                }
            }
            button name="action" value=(action) { (label) }
        }
    }
}

/// The fields of a receiver of security event tokens.
fn for_tokens(typed: Option<&Form>, known: Option<&Webhook>) -> Markup {
    let set = known.and_then(|webhook| webhook.audience.as_deref()).unwrap_or_default();
    html! {
        div.field {
            label for="authorization" { "Authorization header that the receiver wants" }
            input #authorization name="authorization" type="password" autocomplete="off"
                aria-describedby="authorization-hint";
            small #authorization-hint {
                "Such as Bearer and a token. It is not shown again."
                @if known.is_some_and(|webhook| webhook.has_authorization) { " Empty: it stays as it is." }
            }
        }
        @if known.is_some_and(|webhook| webhook.has_authorization) {
            div.field.tick {
                input #remove-authorization type="checkbox" name="remove_authorization" value="on";
                label for="remove-authorization" { "Send no Authorization header any more" }
            }
        }
        (field("audience", "audience", "Audience", typed.map_or(set, |form| &form.audience),
            "What the receiver expects as aud. Empty: the address."))
    }
}
