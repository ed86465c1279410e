//! How pages call people, groups and keys, and where the links to them lead.

use litemap::LiteMap;
use maud::{Markup, html};

use crate::admin_api::types::events::{ChangeEvent, EventSubject};
use crate::console::pages::parts::{address_of, brief, segment};
use directory::event::{GroupRef, SubjectType};

/// Most things that a sentence names.
const MOST_NAMED: usize = 3;

/// The page on which deeds stand. It does not name what the page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Place<'a> {
    /// The page of the person with this identifier.
    Person(&'a str),
    /// The page of the group with this identifier.
    Group(&'a str),
    /// A page about the whole organization.
    Organization,
}

/// The page on which deeds stand, and its organization.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct View<'a> {
    /// The id of the organization.
    pub(in super::super) organization: &'a str,
    pub(in super::super) place: Place<'a>,
    /// Whether *More* is open, since the page is about one deed alone.
    pub(in super::super) is_whole: bool,
}

impl View<'_> {
    /// The address of another page of the organization.
    pub(super) fn address(&self, page: &str) -> String {
        address_of(self.organization, page)
    }

    /// A link to another page of the organization.
    pub(super) fn link(&self, page: &str, text: &str) -> Markup {
        html! { a href=(self.address(page)) { (brief(text)) } }
    }

    /// The page of an event.
    pub(in super::super) fn event_address(&self, seq: i64) -> String {
        self.address(&format!("events/{seq}"))
    }

    /// A link to the page of an event.
    pub(super) fn event(&self, seq: i64, text: &str) -> Markup {
        html! { a href=(self.event_address(seq)) { (text) } }
    }

    /// A project, with a link to its page.
    pub(super) fn project(&self, id: &str, name: &str) -> Markup {
        self.link(&format!("projects/{}", segment(id)), name)
    }

    /// A person, with a link to their page. A person whose name is erased has the beginning of their identifier.
    pub(super) fn person(&self, id: &str, name: Option<&str>) -> Markup {
        let erased = || format!("person {}…", id.get(..8).unwrap_or(id));
        let name = name.filter(|name| !name.is_empty()).map_or_else(erased, str::to_owned);
        self.link(&format!("members/{}", segment(id)), &name)
    }

    /// A group by its meaning, with a link to its page.
    pub(in super::super) fn group(&self, group: &GroupRef) -> Markup {
        self.link(&format!("groups/{}", segment(&group.id)), &meaning(group))
    }

    /// What an event is about by this name, with a link to its page.
    pub(super) fn subject(&self, subject: &EventSubject, name: Option<&str>) -> Markup {
        let page = match subject.r#type {
            SubjectType::Person => return self.person(&subject.id, name),
            SubjectType::Group => format!("groups/{}", segment(&subject.id)),
            SubjectType::Project => format!("projects/{}", segment(&subject.id)),
            SubjectType::Team => "projects".to_owned(),
            SubjectType::Key => "keys".to_owned(),
            SubjectType::ProductKey => "products".to_owned(),
            SubjectType::Organization => "settings".to_owned(),
            SubjectType::Import => "imports".to_owned(),
            SubjectType::Webhook => "webhooks".to_owned(),
            SubjectType::SetupLink => "setup-links".to_owned(),
        };
        self.link(&page, name.unwrap_or(kind(subject.r#type)))
    }
}

/// The names of people in events by their identifiers.
pub(super) type People<'a> = LiteMap<&'a str, &'a str>;

/// The names of the people in these events.
pub(super) fn people<'a>(events: &[&'a ChangeEvent]) -> People<'a> {
    let subjects = events.iter().map(|event| &event.subject);
    let subjects = subjects.filter(|subject| subject.r#type == SubjectType::Person);
    let subjects = subjects.filter_map(|subject| Some((subject.id.as_str(), subject.name.as_deref()?)));
    let listed = events.iter().flat_map(|event| &event.people);
    let listed = listed.filter_map(|person| Some((person.id.as_str(), person.user_name.as_deref()?)));
    let mut names = People::new();
    for (id, name) in subjects.chain(listed) {
        names.insert(id, name);
    }
    names
}

/// What membership of a group means: project, team and role. A plain group has its name.
pub(super) fn meaning(group: &GroupRef) -> String {
    let Some(project) = &group.project else { return group.name.clone() };
    let team = group.team.as_ref().map(|team| team.name.as_str());
    let parts = [Some(project.name.as_str()), team, group.role.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// What a subject is, in a word.
pub(super) fn kind(subject: SubjectType) -> &'static str {
    match subject {
        SubjectType::Person => "person",
        SubjectType::Group => "group",
        SubjectType::Project => "project",
        SubjectType::Team => "team",
        SubjectType::Key => "SCIM key",
        SubjectType::ProductKey => "product key",
        SubjectType::Organization => "organization",
        SubjectType::Import => "import",
        SubjectType::Webhook => "webhook",
        SubjectType::SetupLink => "setup link",
    }
}

/// A number of things.
pub(in super::super) fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1\u{a0}{one}") } else { format!("{number}\u{a0}{many}") }
}

/// Things of which a sentence names the first ones and counts the others.
#[derive(Default)]
pub(super) struct Things {
    /// All things, or the first ones.
    pub(super) named: Vec<Markup>,
    /// How many there are.
    pub(super) total: u64,
    /// The events that list more than are named.
    pub(super) events: Vec<i64>,
}

impl Things {
    /// Counts the things of an event, of which so many are named.
    pub(super) fn add_total(&mut self, event: i64, total: u64, named: usize) {
        self.total = self.total.saturating_add(total);
        if total > named as u64 {
            self.events.push(event);
        }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Whether a sentence does not name all of them.
    pub(super) fn is_folded(&self) -> bool {
        self.shown().1 > 0
    }

    /// The things that a sentence names, and how many it does not name. It never leaves out one alone.
    fn shown(&self) -> (&[Markup], u64) {
        let most = if self.total > MOST_NAMED as u64 { MOST_NAMED.saturating_sub(1) } else { MOST_NAMED };
        let named = self.named.get(..most).unwrap_or(&self.named);
        (named, self.total.saturating_sub(named.len() as u64))
    }

    /// In words: "A, B and 58 others".
    pub(super) fn listed(&self) -> Markup {
        let (named, others) = self.shown();
        let last = named.len().saturating_sub(1);
        html! {
            @for (place, thing) in named.iter().enumerate() {
                @if place > 0 { @if others == 0 && place == last { " and " } @else { ", " } }
                (thing)
            }
            @if others > 0 { @if !named.is_empty() { " and " } (count(others, "other", "others")) }
        }
    }

    /// In words, with a sign before each: "+ A, + B, + 58 others".
    pub(super) fn signed(&self, sign: &str) -> Markup {
        let (named, others) = self.shown();
        html! {
            @for (place, thing) in named.iter().enumerate() { @if place > 0 { ", " } (sign) "\u{a0}" (thing) }
            @if others > 0 {
                @if !named.is_empty() { ", " }
                (sign) "\u{a0}" (count(others, "other", "others"))
            }
        }
    }
}
