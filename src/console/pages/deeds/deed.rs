//! What one request did: a sentence with its cause, and all there is to know about it behind *More*.

use maud::{Markup, html};

use super::clause::{Clause, clauses};
use super::event::{self, Word};
use super::names::{Place, View, count};
use crate::admin_api::types::events::{ChangeEvent, Deed, DeedOutcome, EventCause};
use crate::admin_api::types::log::{LogEntry, LogResource};
use crate::audit::scim_request::NOTHING_TO_CHANGE;
use crate::console::pages::advice::advice;
use crate::console::pages::parts::{brief, pill, pretty, segment, time};
use crate::error::ErrorCode;
use directory::event::Source;

/// Most subjects of one request that are told beside each other.
const MOST_SUBJECTS: usize = 4;

/// The cause of a deed: a key, an administrator or a scheduled job.
pub(in super::super) fn by(view: &View<'_>, cause: &EventCause) -> Markup {
    html! {
        "by "
        @match cause.source {
            Source::Scim => { "key " a href=(key_address(view, cause)) { code { (cause.actor) } } },
            Source::Console => (cause.actor),
            Source::Job => { "the scheduled job " em { (cause.actor) } },
        }
    }
}

/// The place of a key on the page of keys.
fn key_address(view: &View<'_>, cause: &EventCause) -> String {
    match &cause.key {
        Some(key) => view.address(&format!("keys#key-{}", segment(key))),
        None => view.address("keys"),
    }
}

/// Deeds that are told as one, the newest first.
struct Told<'a> {
    deeds: Vec<&'a Deed>,
    clauses: Vec<Clause<'a>>,
}

/// Deeds as a list, the newest first. `members` is how many members the group of the page has now, if the list begins
/// with the newest deed and that is known.
pub(in super::super) fn list(view: &View<'_>, deeds: &[Deed], members: Option<u64>) -> Markup {
    let mut after = members;
    let told = gathered(view, deeds).into_iter().map(|told| {
        let before = members_before(after, &told);
        (told, std::mem::replace(&mut after, before))
    });
    let told: Vec<(Told<'_>, Option<u64>)> = told.collect();
    html! {
        ol.deeds {
            @for (told, members) in &told {
                (item(view, told, *members))
            }
        }
    }
}

/// How many members the group had before a deed; `None`: unknown.
fn members_before(members: Option<u64>, told: &Told<'_>) -> Option<u64> {
    let is_whole = told.deeds.iter().all(|deed| deed.event_count == deed.events.len() as u64);
    let (came, went) = told.clauses.first().map(Clause::members).unwrap_or_default();
    members.filter(|_| is_whole)?.checked_add(went)?.checked_sub(came)
}

/// Deeds with their clauses. On the page of a person, groups that they joined one after the other on one day, by the
/// same cause, are told as one: a group's push is a request of its own.
fn gathered<'a>(view: &View<'_>, deeds: &'a [Deed]) -> Vec<Told<'a>> {
    let mut gathered: Vec<Told<'a>> = Vec::new();
    for deed in deeds {
        let events: Vec<&ChangeEvent> = deed.events.iter().collect();
        let clauses = clauses(view, &events);
        if let (Some(told), [clause]) = (gathered.last_mut(), clauses.as_slice())
            && matches!(view.place, Place::Person(_))
            && clause.is_only_joined()
            && told.clauses.iter().all(Clause::is_only_joined)
            && told.deeds.iter().all(|other| is_one_go(other, deed))
        {
            told.deeds.push(deed);
            let events: Vec<&ChangeEvent> = told.deeds.iter().flat_map(|deed| &deed.events).collect();
            told.clauses = super::clause::clauses(view, &events);
        } else {
            gathered.push(Told { deeds: vec![deed], clauses });
        }
    }
    gathered
}

/// Whether two deeds have the same cause, on the same day.
fn is_one_go(one: &Deed, other: &Deed) -> bool {
    let day = |deed: &Deed| deed.at.get(..10).map(str::to_owned);
    let cause = |deed: &Deed| (deed.cause.source, deed.cause.actor.clone());
    one.outcome == other.outcome && day(one) == day(other) && cause(one) == cause(other)
}

fn item(view: &View<'_>, told: &Told<'_>, members: Option<u64>) -> Markup {
    let Some(newest) = told.deeds.first() else { return Markup::default() };
    let most = if view.is_whole { usize::MAX } else { MOST_SUBJECTS };
    let own_story = newest.story.filter(|_| told.deeds.len() == 1);
    let (first, others) = match told.clauses.split_first() {
        Some((first, others)) => (Some(first), others),
        None => (None, told.clauses.as_slice()),
    };
    let anchor = own_story.map(|story| format!("event-{story}"));
    let id = own_story.map(|story| story.to_string()).or_else(|| newest.log_id.clone());
    html! {
        li id=[anchor] data-id=[id] {
            p.when { (time(&newest.at)) }
            div {
                p {
                    (label(newest, first)) " "
                    @if let Some(tried) = tried(newest) { (tried) " " }
                    @if view.place == Place::Organization { (about(view, newest, first)) " " }
                    (by(view, &newest.cause))
                    @if told.deeds.len() > 1 { " in " (told.deeds.len()) " requests" }
                    @match first.and_then(|clause| clause.sentence(members)) {
                        Some(sentence) => { ": " (sentence) },
                        None => @if let Some(reason) = reason(newest) { ": " (reason) },
                    }
                }
                @for clause in others.iter().take(most) { p.also { (also(view, clause)) } }
                @if let Some(rest) = rest(newest, others.len().saturating_sub(most)) { p.also.empty { (rest) } }
                @if let Some(note) = note(newest) { p.also { (note) } }
                @if let Some(advice) = advice_on(newest) { p.advice { strong { "What to do: " } (advice) } }
                (more(view, told))
            }
            (links(view, told))
        }
    }
}

/// What happened to another subject by the same request.
fn also(view: &View<'_>, clause: &Clause<'_>) -> Markup {
    html! {
        (clause.done()) " " (clause.about(view))
        @if let Some(sentence) = clause.sentence(None) { ": " (sentence) }
    }
}

/// What a list leaves out of a request that did much.
fn rest(deed: &Deed, left: usize) -> Option<String> {
    let unread = deed.event_count.saturating_sub(deed.events.len() as u64);
    match (left, unread) {
        (0, 0) => None,
        (left, 0) => Some(format!("And {}.", count(left as u64, "other", "others"))),
        (_, unread) => {
            Some(format!("And {} by the same request.", count(unread, "other change", "other changes")))
        }
    }
}

/// What was done, as a coloured label.
fn label(deed: &Deed, clause: Option<&Clause<'_>>) -> Markup {
    match (deed.outcome, clause) {
        (DeedOutcome::Refused, _) => pill("bad", "Refused"),
        (DeedOutcome::Unchanged, _) => pill("plain", "Nothing to change"),
        (DeedOutcome::Done, Some(clause)) => pill(clause.tone(), clause.done()),
        (DeedOutcome::Done, None) => pill(Word::NONE.tone, "Done"),
    }
}

/// What an identity provider tried in vain.
fn tried(deed: &Deed) -> Option<&'static str> {
    let request = deed.request.as_ref().filter(|_| deed.outcome == DeedOutcome::Refused)?;
    match request.method.as_str() {
        _ if deed.cause.source != Source::Scim => None,
        "POST" => Some("to create"),
        "PUT" | "PATCH" => Some("to change"),
        "DELETE" => Some("to delete"),
        _ => Some("to read"),
    }
}

/// What a deed is about. Of one that changed nothing, the request says it.
fn about(view: &View<'_>, deed: &Deed, clause: Option<&Clause<'_>>) -> Markup {
    match (clause, &deed.request) {
        (Some(clause), _) => clause.about(view),
        (None, Some(request)) => resource(view, request),
        (None, None) => Markup::default(),
    }
}

/// The resource that a request named.
fn resource(view: &View<'_>, request: &LogEntry) -> Markup {
    let id = request.resource_id.as_deref().unwrap_or_default();
    let name = request.resource_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(id);
    let page = request.resource_type.filter(|_| !id.is_empty()).map(|resource_type| match resource_type {
        LogResource::User => format!("members/{}", segment(id)),
        LogResource::Group => format!("groups/{}", segment(id)),
        LogResource::Project => "projects".to_owned(),
        LogResource::Key => "keys".to_owned(),
    });
    html! {
        @match (page, request.resource_type) {
            (Some(page), _) => (view.link(&page, name)),
            (None, Some(LogResource::User)) if name.is_empty() => "a person",
            (None, Some(LogResource::Group)) if name.is_empty() => "a group",
            (None, _) => (brief(name)),
        }
    }
}

/// Why a request was refused, or did nothing, in a sentence.
fn reason(deed: &Deed) -> Option<String> {
    let detail = deed.request.as_ref()?.detail.as_deref()?;
    match deed.outcome {
        DeedOutcome::Refused if advice_on(deed).is_some() => Some(first_sentence(detail).to_owned()),
        DeedOutcome::Refused | DeedOutcome::Done => Some(detail.to_owned()),
        DeedOutcome::Unchanged => {
            let more = detail.strip_prefix(NOTHING_TO_CHANGE).unwrap_or(detail).trim();
            (!more.is_empty()).then(|| more.to_owned())
        }
    }
}

/// What else the identity provider was told: a part of its request that was left out.
fn note(deed: &Deed) -> Option<&str> {
    let is_told = deed.outcome == DeedOutcome::Done && deed.cause.source == Source::Scim;
    deed.request.as_ref().filter(|_| is_told && !deed.events.is_empty())?.detail.as_deref()
}

fn advice_on(deed: &Deed) -> Option<&'static str> {
    deed.request.as_ref()?.code.as_deref().and_then(ErrorCode::parse).and_then(advice)
}

/// The first sentence of a text. A full stop in quotation marks ends none.
fn first_sentence(text: &str) -> &str {
    let mut is_quoted = false;
    let mut previous = ' ';
    for (place, character) in text.char_indices() {
        match character {
            '"' => is_quoted = !is_quoted,
            ' ' if previous == '.' && !is_quoted => return text.get(..place).unwrap_or(text),
            _ => {}
        }
        previous = character;
    }
    text
}

/// All that the sentence leaves out: whole lists, attributes before and after, and the requests.
fn more(view: &View<'_>, told: &Told<'_>) -> Markup {
    let parts: Vec<(&Clause<'_>, Markup)> =
        told.clauses.iter().filter_map(|clause| Some((clause, clause.more(view)?))).collect();
    // Of requests that are told as one, links lead to each.
    let (requests, stories): (Vec<&LogEntry>, Vec<&Deed>) = match told.deeds.as_slice() {
        [deed] => (deed.request.iter().collect(), Vec::new()),
        many => (Vec::new(), many.to_vec()),
    };
    html! {
        @if !parts.is_empty() || !requests.is_empty() || !stories.is_empty() {
            details open[view.is_whole] {
                summary { "More" }
                @for (clause, part) in &parts {
                    @if parts.len() > 1 { p { (clause.about(view)) } }
                    (part)
                }
                @for request in &requests { (described(request)) }
                @if !stories.is_empty() {
                    p.title { "Requests" }
                    ul.things {
                        @for deed in stories {
                            @if let Some(story) = deed.story {
                                li #{ "event-" (story) } { (view.event(story, &deed.at)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A request with its answer.
fn described(request: &LogEntry) -> Markup {
    html! {
        p.request {
            code { (request.method) " " (request.path) } " was answered with " (request.status) " after "
            (request.duration) " ms."
        }
        @if let Some(detail) = request.detail.as_deref().filter(|_| request.status >= 400) {
            p.request { "The answer: " (detail) }
        }
        @if !request.body.is_null() { (pretty(&request.body)) }
    }
}

/// Links to all that the request changed, and to its undoing.
fn links(view: &View<'_>, told: &Told<'_>) -> Markup {
    let stories: Vec<i64> = told.deeds.iter().filter_map(|deed| deed.story).collect();
    let undo = match stories.as_slice() {
        [] => return Markup::default(),
        [story] => format!("undo?story={story}"),
        _ => {
            let events = told.deeds.iter().flat_map(|deed| &deed.events).map(|event| event.seq.to_string());
            format!("undo?events={}", events.collect::<Vec<_>>().join(","))
        }
    };
    let mut events = told.deeds.iter().flat_map(|deed| &deed.events);
    let can_be_undone = events.any(|told| event::can_be_undone(&told.event));
    html! {
        p.links {
            @if let ([story], false) = (stories.as_slice(), view.is_whole) { (view.event(*story, "Details")) " " }
            @if can_be_undone { a href=(view.address(&undo)) { "Undo…" } }
        }
    }
}
