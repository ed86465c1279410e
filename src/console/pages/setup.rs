//! The page that the holder of a setup link sees.

use maud::{Markup, html};

use super::guides::Guide;
use super::health_line::failures;
use super::layout::{bare_header, document};
use super::parts::{brief, copied, field, pill, time, time_or_never};
use super::request::Page;
use crate::admin_api::InOrganization;
use crate::admin_api::setup_links::{Connection, SetUp};
use crate::admin_api::types::keys::{Key, KeyStatus};
use crate::http::Problem;

/// Most keys that are shown.
const MOST_KEYS: usize = 30;
/// Most names of groups that are shown.
const MOST_GROUPS: usize = 100;

/// What a form has led to.
#[derive(Default)]
pub(crate) struct Shown {
    /// The new key, which is shown once.
    pub(crate) key: Option<String>,
    /// Why it was refused.
    pub(crate) problem: Option<Problem>,
}

/// The page of a set-up.
pub(crate) fn page(read: &InOrganization<SetUp>, base: &str, shown: Shown) -> Page {
    let InOrganization { organization, answer } = read;
    let title = format!("Set up {}", brief(&organization.record.name));
    let main = html! {
        h1 { (title) }
        @if let Some(problem) = &shown.problem { p.notice.bad role="alert" { (problem.detail) } }
        @if let Some(key) = &shown.key {
            div.notice.good.key role="status" {
                p { "The new key. Copy it now: it is not shown again." }
                p { (copied(key)) }
            }
        }
        p {
            "With this page you connect your identity provider to " (brief(&organization.record.name)) ". You need no \
             account. Whoever has the link can do what is here, and nothing else."
        }
        (values(base))
        (connection(&answer.connection))
        (keys(&answer.keys))
        (groups(&answer.groups))
        section.card aria-labelledby="log-heading" {
            h2 #log-heading { "What was done" }
            @if answer.entries.is_empty() { p.empty { "Nothing yet." } }
            ul { @for entry in &answer.entries { li { (time(&entry.at)) " " (entry.detail) } } }
        }
    };
    let (status, detail) = match shown.problem {
        Some(problem) => (problem.status, Some(problem.into_detail())),
        None => (200, None),
    };
    Page { status, html: document(&title, &bare_header(), &main), detail }
}

/// What is typed into the identity provider.
fn values(base: &str) -> Markup {
    html! {
        section.card aria-labelledby="values-heading" {
            h2 #values-heading { "What to type into the identity provider" }
            h3 { "Okta" }
            dl.values {
                div { dt { "SCIM connector base URL" } dd { (copied(base)) } }
                div { dt { "Unique identifier field for users" } dd { (copied("userName")) } }
                div { dt { "Authentication mode" } dd { "HTTP Header, with a key of this page" } }
            }
            p { "Step by step: " (Guide::Okta.link("", Guide::Okta.title())) }
            h3 { "Microsoft Entra ID" }
            dl.values {
                div { dt { "Tenant URL" } dd { (copied(base)) } }
                div { dt { "Secret token" } dd { "A key of this page" } }
            }
            p { "Step by step: " (Guide::Entra.link("", Guide::Entra.title())) }
        }
    }
}

/// The part of the page that a script loads again and again.
pub(crate) fn part(read: &Connection) -> Page {
    Page { status: 200, html: document("Connection", &bare_header(), &connection(read)), detail: None }
}

/// Whether the identity provider is heard, and what it was answered last.
fn connection(Connection { state, last }: &Connection) -> Markup {
    let heard = state.last_heard_at.as_deref();
    let last_at = last.as_ref().map(|last| last.at.as_str());
    html! {
        section.card #connection aria-labelledby="test-heading" {
            h2 #test-heading { "Connection" }
            div #connection-state role="status" {
                @match heard.max(last_at) {
                    Some(at) => p {
                        (pill("good", "works")) " The identity provider was last heard " (time(at)) ", with a key that \
                         was good then; " (failures(state.failures)) "."
                    },
                    None => p {
                        (pill("plain", "not heard yet")) " Use the test of the identity provider. Its answer is shown \
                         here; without script, look again."
                    },
                }
                @if let Some(last) = last {
                    dl.facts {
                        div { dt { "Last request" } dd { code { (last.method) " " (last.path) } " " (time(&last.at)) } }
                        div { dt { "Answer" } dd {
                            @match last.status {
                                ..400 => (pill("good", "succeeded")),
                                _ => (pill("bad", "failed")),
                            }
                            " " (last.status)
                            @if let Some(detail) = &last.detail { ": " (detail) }
                        } }
                    }
                }
            }
            p { a.button href="/console/setup" { "Look again" } }
        }
    }
}

fn keys(keys: &[Key]) -> Markup {
    html! {
        section.card aria-labelledby="keys-heading" {
            h2 #keys-heading { "Keys" }
            @if keys.is_empty() { p.empty { "There is no key yet." } }
            @for key in keys.iter().take(MOST_KEYS) {
                @let record = &key.record;
                form.inline method="post" action="/console/setup" aria-label={ "Key " (key.hint) } {
                    input type="hidden" name="key" value=(key.id());
                    span {
                        code { (key.hint) } " " @if let Some(name) = &record.name { (brief(name)) " " }
                        @match record.status {
                            KeyStatus::Active => (pill("good", "active")),
                            KeyStatus::Expired => (pill("bad", "expired")),
                            KeyStatus::Deactivated => (pill("plain", "deactivated")),
                        }
                        " last used " (time_or_never(record.last_used_at.as_deref()))
                    }
                    @if record.status == KeyStatus::Active {
                        button.danger name="action" value="deactivate" { "Deactivate" }
                    }
                }
            }
            form method="post" action="/console/setup" {
                (field("name", "name", "Name of the new key", "", "Such as the identity provider that gets it."))
                button name="action" value="generate" { "Generate a key" }
            }
        }
    }
}

fn groups(groups: &[String]) -> Markup {
    html! {
        section.card aria-labelledby="groups-heading" {
            h2 #groups-heading { "Groups to push" }
            @if groups.is_empty() { p.empty { "There are no projects yet, whose roles groups would stand for." } }
            ul { @for name in groups.iter().take(MOST_GROUPS) { li { code { (brief(name)) } } } }
            @if groups.len() > MOST_GROUPS { p { "And more: they have names of the same form." } }
        }
    }
}
