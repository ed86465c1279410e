//! The provisioning log: what identity providers and administrators did, what failed, and what to do about it.

use maud::{Markup, html};

use super::advice::advice;
use super::layout::{Section, page};
use super::page::{NoForm, Shown};
use super::parts::{address, field, next, pill, pretty, segment, select, time};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::log::{LogEntry, LogPage, LogResource, LogSource};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::{AdminContext, InOrganization, log};
use crate::error::ErrorCode;
use crate::http::Problem;

const STATUSES: [(&str, &str); 3] = [("", "All"), ("failed", "Failed"), ("succeeded", "Succeeded")];
const SOURCES: [(&str, &str); 3] =
    [("", "All"), ("scim", "Identity provider"), ("console", "Administrators")];

/// The page of an organization's log.
pub(super) struct Log<'a> {
    pub(super) org: &'a str,
}

impl Shown for Log<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let query = query::read(&request.api_query())?;
        let InOrganization { organization, answer } = log::list(context, self.org, query).await?;
        let main = main(request, &organization, &answer);
        let section = Some((&organization, Section::Log));
        Ok(PageResponse::Page(page(
            &context.actor,
            section,
            "Provisioning log",
            state.notice.as_ref(),
            &main,
        )))
    }
}

fn main(request: &PageRequest, organization: &Organization, log: &LogPage) -> Markup {
    let LogPage { entries, next: before } = log;
    let before = before.as_deref().map(|before| request.with_parameter("before", before));
    let is_newest = request.parameter("before").is_empty() && request.parameter("to").is_empty();
    html! {
        form.filters method="get" role="search" {
            (select("status", "status", "Outcome", &STATUSES, request.parameter("status")))
            (select("source", "source", "By", &SOURCES, request.parameter("source")))
            (field("resource", "resource", "User name, group or id", request.parameter("resource"), ""))
            div.field {
                label for="from" { "From" }
                input #from type="date" name="from" value=(day(request.parameter("from")));
            }
            div.field {
                label for="to" { "Before" }
                input #to type="date" name="to" value=(day(request.parameter("to")));
            }
            button { "Filter" }
        }
        @if is_newest {
            p.tail hidden {
                button.quiet #tail type="button" aria-pressed="false" { "Follow" }
                span #tail-status role="status" { "New entries appear at the top." }
            }
        }
        div #entries { (table(organization, entries)) }
        @if entries.is_empty() {
            p.empty { "No entry matches. Requests without a valid key are in the Worker's log only." }
        }
        @if !is_newest { p { a href=(address(organization, "log")) { "Back to the newest" } } }
        (next(before, "Older entries"))
    }
}

/// The day of a time: the value of a date field.
fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

/// Entries as rows, the newest first.
pub(super) fn table(organization: &Organization, entries: &[LogEntry]) -> Markup {
    html! {
        table.log {
            thead { tr {
                th scope="col" { "Time" } th scope="col" { "By" } th scope="col" { "About" }
                th scope="col" { "Outcome" } th scope="col" { "Details" }
            } }
            tbody { @for entry in entries { (row(organization, entry)) } }
        }
    }
}

fn row(organization: &Organization, entry: &LogEntry) -> Markup {
    let detail = entry.detail.as_deref().unwrap_or_default();
    let kind = if entry.status >= 400 { "bad" } else { "good" };
    let advice = entry.code.as_deref().and_then(ErrorCode::parse).and_then(advice);
    html! {
        tr data-id=(entry.id) {
            td data-label="Time" { (time(&entry.at)) }
            td data-label="By" { (entry.actor) }
            td data-label="About" {
                (resource(organization, entry)) " "
                small {
                    @if entry.source == LogSource::Console { "in the console" } @else { code { (shortened(entry)) } }
                }
            }
            td data-label="Outcome" { (pill(kind, &entry.status.to_string())) }
            td.detail {
                @if !detail.is_empty() { p { (detail) } }
                @if let Some(advice) = advice { p.advice { strong { "What to do: " } (advice) } }
                details {
                    summary { "More" }
                    p { code { (entry.method) " " (entry.path) } ", " (entry.duration) " ms" }
                    @if !entry.body.is_null() { (pretty(&entry.body)) }
                }
            }
        }
    }
}

/// The request in short: decoded, and with only the beginning of the identifier.
fn shortened(entry: &LogEntry) -> String {
    let id = entry.resource_id.as_deref().unwrap_or_default();
    let path = match id.get(..8) {
        Some(beginning) if id.len() > 12 => entry.path.replace(id, &format!("{beginning}…")),
        _ => entry.path.clone(),
    };
    let path = percent_encoding::percent_decode_str(&path).decode_utf8_lossy();
    format!("{} {path}", entry.method)
}

fn resource(organization: &Organization, entry: &LogEntry) -> Markup {
    let id = entry.resource_id.as_deref().unwrap_or_default();
    let name = entry.resource_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(id);
    let page = entry.resource_type.filter(|_| !id.is_empty()).map(|resource_type| match resource_type {
        LogResource::User => format!("members/{}", segment(id)),
        LogResource::Group => format!("groups/{}", segment(id)),
        LogResource::Project => "projects".to_owned(),
        LogResource::Key => "keys".to_owned(),
    });
    html! {
        @match page {
            Some(page) => a href=(address(organization, &page)) { (name) },
            None => (name),
        }
    }
}
