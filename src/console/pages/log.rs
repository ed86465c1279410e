//! The provisioning log: what identity providers, administrators and scheduled jobs did, what was refused, and what to
//! do about it.

use maud::{Markup, html};

use super::days;
use super::deeds::{self, Place, View};
use super::export;
use super::guides::Guide;
use super::layout::{Section, page};
use super::page::{NoForm, Page};
use super::parts::{address, field, select};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::deed_kinds::types_of;
use crate::admin_api::types::events::{Deed, DeedCursor, DeedKind, DeedPage, DeedQuery, DeedTotal};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::{AdminContext, InOrganization, deeds as api};
use crate::http::Problem;

/// What a search by name finds in long lists.
const LONG_LISTS: &str = "In changes of more than 25 people: how the user name begins";
const KINDS: [(&str, &str); 14] = [
    ("", "All"),
    ("created", "Created"),
    ("updated", "Updated"),
    ("deactivated", "Deactivated"),
    ("restored", "Activated or restored"),
    ("deleted", "Deleted or archived"),
    ("role", "Organization role changed"),
    ("joined", "Joined a group"),
    ("left", "Left a group"),
    ("visibility", "Hidden from SCIM, or shown"),
    ("settings", "Settings changed"),
    ("key", "SCIM keys"),
    ("import", "Imports"),
    ("undo", "Undone"),
];
const OUTCOMES: [(&str, &str); 4] =
    [("", "All"), ("done", "Changed something"), ("refused", "Refused"), ("unchanged", "Nothing to change")];
/// Most deeds of a page: each may name several groups, with names as long as allowed.
const MOST_DEEDS: u16 = 30;
const SOURCES: [(&str, &str); 4] =
    [("", "All"), ("scim", "Identity provider"), ("console", "Administrators"), ("job", "Scheduled jobs")];
/// What a link may set and the form has no field for, and what it is called.
const SET_BY_LINKS: [(&str, &str); 4] = [
    ("person", "one person"),
    ("group", "one group"),
    ("key", "one SCIM key"),
    ("type", "one type of event"),
];

/// The page of an organization's log.
pub(super) struct Log<'a> {
    pub(super) org: &'a str,
}

impl Page for Log<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let mut query: DeedQuery = query::read(&request.api_query())?;
        query.count.0 = query.count.0.min(MOST_DEEDS);
        let kind = query.kind;
        let InOrganization { organization, answer } = api::list(context, self.org, query).await?;
        let main = main(request, &organization, kind, &answer);
        let section = Some((&*organization, Section::Log));
        Ok(PageResponse::Page(page(
            &context.actor,
            section,
            "Provisioning log",
            state.notice.as_ref(),
            &main,
        )))
    }
}

fn main(
    request: &PageRequest,
    organization: &Organization,
    kind: Option<DeedKind>,
    log: &DeedPage,
) -> Markup {
    let view = View { organization: &organization.record.id, place: Place::Organization, is_whole: false };
    let is_newest = ["before", "after", "to"].into_iter().all(|name| request.parameter(name).is_empty());
    html! {
        (filters(request, organization))
        div.tally {
            p {
                span role="status" { (total(log.total)) }
                @if let Some(undo) = undo(request, organization, kind) { " " a href=(undo) { "Undo these…" } }
            }
            @if is_newest {
                p.tail hidden {
                    button.quiet #tail type="button" aria-pressed="false" { "Follow" }
                    span #tail-status role="status" { "New entries appear at the top." }
                }
            }
        }
        div #entries data-newest=[newest(&log.deeds)] { (deeds::list(&view, &log.deeds, None)) }
        @if log.deeds.is_empty() {
            p.empty {
                @if log.next.is_some() { "No entry here matches; there are older ones." }
                @else { "No entry matches. Requests without a valid key are in the Worker's log only." }
            }
        }
        (turning(request, log))
        p {
            "What to do about an error: " (Guide::Troubleshooting.link("", "Troubleshooting")) ". Who lost what: "
            (Guide::WhatHappened.link("", "What happened?"))
        }
        @if !is_newest { p { a href=(address(organization, "log")) { "Back to the newest" } } }
        (export::line(organization, "log", "the log"))
        (export::line(organization, "events", "the events"))
    }
}

fn filters(request: &PageRequest, organization: &Organization) -> Markup {
    let set: Vec<(&str, &str)> =
        SET_BY_LINKS.into_iter().filter(|(name, _)| !request.parameter(name).is_empty()).collect();
    html! {
        form.filters method="get" role="search" {
            (select("kind", "kind", "What was done", &KINDS, request.parameter("kind")))
            (select("outcome", "outcome", "Outcome", &OUTCOMES, request.parameter("outcome")))
            (select("source", "source", "By", &SOURCES, request.parameter("source")))
            (field("actor", "actor", "Key or administrator", request.parameter("actor"), ""))
            (field("text", "text", "Name contains", request.parameter("text"), LONG_LISTS))
            (days::field(request, "from", "First day"))
            (days::field(request, "to", "Last day"))
            @for (name, _) in &set { input type="hidden" name=(name) value=(request.parameter(name)); }
            button { "Filter" }
        }
        @if !set.is_empty() {
            p.only {
                "Only about " (set.iter().map(|(_, what)| *what).collect::<Vec<_>>().join(" and ")) ". "
                a href=(address(organization, "log")) { "Show all" }
            }
        }
    }
}

/// Links to the next and the previous page.
pub(super) fn turning(request: &PageRequest, page: &DeedPage) -> Markup {
    let to = |name: &str, other: &str, cursor: &DeedCursor| {
        request.with_parameter_instead(name, other, &String::from(cursor.clone()))
    };
    html! {
        @if page.next.is_some() || page.previous.is_some() {
            nav.turning aria-label="Pages" {
                @if let Some(cursor) = &page.previous {
                    a.button rel="prev" href=(to("after", "before", cursor)) { "Newer entries" }
                }
                @if let Some(cursor) = &page.next {
                    a.button rel="next" href=(to("before", "after", cursor)) { "Older entries" }
                }
            }
        }
    }
}

/// The page that undoes what the filters select; `None`: it cannot select the same, or no first day is chosen.
fn undo(request: &PageRequest, organization: &Organization, kind: Option<DeedKind>) -> Option<String> {
    let is_unset = |name: &&str| request.parameter(name).is_empty();
    let selects_more = ["person", "group", "text", "source"].iter().any(|name| !is_unset(name));
    if selects_more || !matches!(request.parameter("outcome"), "" | "done") || is_unset(&"from") {
        return None;
    }
    let of_kind =
        || kind.map(|kind| types_of(kind).iter().map(<&'static str>::from).collect::<Vec<_>>().join(","));
    let types = match request.parameter("type") {
        "" => of_kind().unwrap_or_default(),
        one => one.to_owned(),
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [
        ("key", request.parameter("key")),
        ("actor", request.parameter("actor")),
        ("since", request.parameter("from")),
        ("until", request.parameter("to")),
        ("types", &types),
    ] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    Some(address(organization, &format!("undo?{}", query.finish())))
}

/// How many entries match.
pub(super) fn total(total: DeedTotal) -> String {
    match (total.is_exact, total.count) {
        (true, 1) => "1 entry".to_owned(),
        (true, count) => format!("{count} entries"),
        (false, count) => format!("{count} entries and more"),
    }
}

/// The place behind the newest deed, at which the log is followed; `None`: there is no deed.
fn newest(deeds: &[Deed]) -> Option<String> {
    let newest = deeds.first()?;
    let seqs = deeds.iter().flat_map(|deed| &deed.events).map(|event| event.seq.saturating_add(1));
    let id = newest.log_id.as_ref().filter(|_| newest.story.is_none()).unwrap_or(&newest.at);
    Some(DeedCursor { seq: seqs.max().unwrap_or_default(), log_id: format!("{id}~") }.into())
}
