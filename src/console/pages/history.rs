//! The history of a person or group on their page.

use maud::{Markup, html};

use super::deeds::{self, Place, View};
use super::layout::{Section, page};
use super::log::total;
use super::parts::{address, segment};
use super::request::{PageRequest, PageResponse};
use crate::admin_api::AdminContext;
use crate::admin_api::types::events::{DeedCursor, DeedPage, DeedQuery};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::http::Problem;

/// The parameters of the page by which a history is turned.
const BEFORE: &str = "history_before";
const AFTER: &str = "history_after";
/// Most deeds of a person's page. Those that are told as one take one line together.
const OF_PERSON: &str = "100";
/// Most deeds of a group's page, which has members as well: each deed names several people.
const OF_GROUP: &str = "50";

/// Whose history it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Subject<'a> {
    Person(&'a str),
    Group(&'a str),
}

impl<'a> Subject<'a> {
    /// The subject as a parameter of a query.
    fn parameter(self) -> (&'static str, &'a str) {
        match self {
            Self::Person(id) => ("person", id),
            Self::Group(id) => ("group", id),
        }
    }

    fn most_deeds(self) -> &'static str {
        match self {
            Self::Person(_) => OF_PERSON,
            Self::Group(_) => OF_GROUP,
        }
    }

    fn place(self) -> Place<'a> {
        match self {
            Self::Person(id) => Place::Person(id),
            Self::Group(id) => Place::Group(id),
        }
    }
}

/// The query of the part of the history that the page asks for.
///
/// # Errors
/// 400.
pub(super) fn query(request: &PageRequest, subject: Subject<'_>) -> Result<DeedQuery, Problem> {
    let parameters = [
        subject.parameter(),
        ("before", request.parameter(BEFORE)),
        ("after", request.parameter(AFTER)),
        ("count", subject.most_deeds()),
    ];
    query::read(&parameters.map(|(name, value)| (name.to_owned(), value.to_owned())))
}

/// The parameters of a page that are not of its history.
pub(super) fn other_parameters(request: &PageRequest) -> Vec<(String, String)> {
    let is_other = |(name, _): &(String, String)| ![BEFORE, AFTER].contains(&name.as_str());
    request.api_query().into_iter().filter(is_other).collect()
}

/// The section of a page with the history. `members` is how many members the group has, if that is known.
pub(super) fn section(
    request: &PageRequest,
    organization: &Organization,
    history: &DeedPage,
    subject: Subject<'_>,
    members: Option<u64>,
) -> Markup {
    let view = View { organization: &organization.record.id, place: subject.place(), is_whole: false };
    let is_newest = [BEFORE, AFTER].into_iter().all(|name| request.parameter(name).is_empty());
    let (name, id) = subject.parameter();
    let turned = |name: &str, other: &str, cursor: &DeedCursor| {
        let query = request.with_parameter_instead(name, other, &String::from(cursor.clone()));
        format!("{query}#history")
    };
    html! {
        section.card #history aria-labelledby="history-heading" {
            h2 #history-heading { "History" }
            @if history.deeds.is_empty() {
                p.empty { "Nothing has happened here since " (super::parts::time(&history.kept_since)) "." }
            } @else {
                (deeds::list(&view, &history.deeds, members.filter(|_| is_newest)))
            }
            @if history.previous.is_some() || history.next.is_some() {
                nav.turning aria-label="Pages of the history" {
                    @if let Some(cursor) = &history.previous {
                        a.button rel="prev" href=(turned(AFTER, BEFORE, cursor)) { "Newer" }
                    }
                    @if let Some(cursor) = &history.next {
                        a.button rel="next" href=(turned(BEFORE, AFTER, cursor)) { "Older" }
                    }
                }
            }
            p {
                a href=(address(organization, &format!("log?{name}={}", segment(id)))) {
                    "Search in " (total(history.total))
                }
            }
        }
    }
}

/// The page of a person or group that is no more: what is left is the history.
///
/// # Errors
/// The problem, if there is no history.
pub(super) fn of_the_gone(
    context: &AdminContext<'_>,
    request: &PageRequest,
    organization: &Organization,
    history: &DeedPage,
    subject: Subject<'_>,
    problem: Problem,
    more: &Markup,
) -> Result<PageResponse, Problem> {
    let (_, id) = subject.parameter();
    let mut events = history.deeds.iter().flat_map(|deed| &deed.events);
    let is_turned = [BEFORE, AFTER].into_iter().any(|name| !request.parameter(name).is_empty());
    if problem.status != 404 || (history.deeds.iter().all(|deed| deed.events.is_empty()) && !is_turned) {
        return Err(problem);
    }
    let own = events.find_map(|event| Some(&event.subject).filter(|subject| subject.id == id));
    let name = own.and_then(|subject| subject.name.clone());
    let (what, section_of_page) = match subject {
        Subject::Person(_) => ("This person is deleted", Section::Members),
        Subject::Group(_) => ("This group is deleted", Section::Projects),
    };
    let main = html! {
        p { (what) ". What happened before is still known." }
        (section(request, organization, history, subject, None))
        (more)
    };
    let title = name.unwrap_or_else(|| what.to_owned());
    Ok(PageResponse::Page(page(&context.actor, Some((organization, section_of_page)), &title, None, &main)))
}
