//! What lists of projects, teams and groups have in common.

use maud::{Markup, html};

use super::flash::Done;
use super::parts::{pill, time};
use super::request::PageRequest;
use crate::admin_api::AdminContext;
use crate::admin_api::types::projects::PeopleCount;
use crate::admin_api::types::query::{Count, Skip};
use crate::d1::project_views::MOST_COUNTED;

/// Most entries of a list: names may be long.
pub(super) const MOST_SHOWN: u16 = 50;
/// The sizes of a page to choose from.
pub(super) const SIZES: [(&str, &str); 2] = [("25", "25"), ("50", "50")];
/// The orders to choose from.
pub(super) const SORTS: [(&str, &str); 3] =
    [("name", "Name"), ("people", "Most people"), ("pushed", "Last pushed")];

/// As many entries as the page can have.
pub(super) fn shown(count: Count) -> Count {
    Count(count.0.min(MOST_SHOWN))
}

/// The address of a page with the parameters of the request: where its forms lead back to.
pub(super) fn here(request: &PageRequest, page: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(request.query.iter().filter(|(_, value)| !value.is_empty()));
    match query.finish().as_str() {
        "" => page.to_owned(),
        query => format!("{page}?{query}"),
    }
}

/// What was done, with the way back if there is one.
pub(super) fn way_back(context: &AdminContext<'_>, done: Done) -> Done {
    match context.story.get() {
        Some(story) => done.undone_by(format!("story={story}")),
        None => done,
    }
}

/// A list that is turned.
pub(super) struct Turning<'a> {
    /// What it lists, such as `Teams`.
    pub(super) what: &'a str,
    /// The parameter with the number of entries before the page.
    pub(super) parameter: &'a str,
    pub(super) skip: Skip,
    pub(super) count: Count,
    /// How many entries the page has.
    pub(super) shown: usize,
    /// How many match; `None`: not known.
    pub(super) total: Option<u64>,
    pub(super) next: Option<u32>,
}

impl Turning<'_> {
    /// Which part of the list the page has, and the links to the others.
    pub(super) fn links(&self, request: &PageRequest) -> Markup {
        let Self { what, parameter, skip, count, shown, total, next } = self;
        let before = skip.0.saturating_sub(count.0.into());
        let last = u64::from(skip.0).saturating_add(*shown as u64);
        html! {
            @if *shown > 0 && (skip.0 > 0 || next.is_some()) {
                nav.turning aria-label=(what) {
                    span {
                        (skip.0.saturating_add(1)) "–" (last)
                        @if let Some(total) = total { " of " (total) }
                    }
                    @if skip.0 > 0 {
                        a.button rel="prev" href=(request.with_parameter(parameter, &before.to_string())) {
                            "Previous"
                        }
                    }
                    @if let Some(next) = next {
                        a.button rel="next" href=(request.with_parameter(parameter, &next.to_string())) { "Next" }
                    }
                }
            }
        }
    }
}

/// How many people something has.
pub(super) fn people(people: &PeopleCount) -> Markup {
    html! {
        @match (people.count, people.counted_at.as_deref()) {
            (Some(count), None) => (count),
            (Some(count), Some(at)) => { (count) " " small { "at " (time(at)) } },
            (None, _) => { "more than " (MOST_COUNTED) },
        }
    }
}

/// When an identity provider last pushed, if ever.
pub(super) fn pushed(at: Option<&str>) -> Markup {
    html! { @match at { Some(at) => (time(at)), None => (pill("plain", "never")) } }
}
