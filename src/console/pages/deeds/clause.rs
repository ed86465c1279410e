//! What happened to one person, group or other subject by one request: one sentence.

use maud::{Markup, html};

use super::attributes::{self, Changed};
use super::event::{self, Word};
use super::names::{People, Place, Things, View, count, kind, meaning, people};
use crate::admin_api::types::events::{ChangeEvent, EventSubject};
use directory::event::{Event, Memberships, SubjectType};

/// The events of one request about one subject, and what they say.
pub(super) struct Clause<'a> {
    /// The subject.
    pub(super) subject: &'a EventSubject,
    /// Its name; of a group of a project what membership of it means.
    name: Option<String>,
    /// What was done.
    pub(super) word: Word,
    phrases: Vec<Markup>,
    /// Groups that the person joined and left.
    joined: Things,
    left: Things,
    /// People who came to the group and went from it.
    came: Things,
    went: Things,
    /// People whom SCIM sees no longer, or again.
    hidden: Things,
    shown: Things,
    changes: Vec<Changed<'a>>,
}

/// The clauses of the events of a request, in the order of their first events. On the page of a person or group all
/// events are about that one.
pub(super) fn clauses<'a>(view: &View<'_>, events: &[&'a ChangeEvent]) -> Vec<Clause<'a>> {
    let people = people(events);
    let mut clauses: Vec<Clause<'a>> = Vec::new();
    for &event in events {
        let same = |clause: &&mut Clause<'a>| {
            view.place != Place::Organization
                || (clause.subject.r#type == event.subject.r#type && clause.subject.id == event.subject.id)
        };
        match clauses.iter_mut().find(same) {
            Some(clause) => clause.add(view, event, &people),
            None => {
                let mut clause = Clause::of(&event.subject);
                clause.add(view, event, &people);
                clauses.push(clause);
            }
        }
    }
    clauses
}

impl<'a> Clause<'a> {
    fn of(subject: &'a EventSubject) -> Self {
        Self {
            subject,
            name: subject.name.clone(),
            word: Word::NONE,
            phrases: Vec::new(),
            joined: Things::default(),
            left: Things::default(),
            came: Things::default(),
            went: Things::default(),
            hidden: Things::default(),
            shown: Things::default(),
            changes: Vec::new(),
        }
    }

    fn add(&mut self, view: &View<'_>, told: &'a ChangeEvent, people: &People<'a>) {
        let word = event::word(&told.event);
        if word.weight > self.word.weight {
            self.word = word;
        }
        if let Some(group) = event::group(&told.event).filter(|group| group.id == self.subject.id) {
            self.name = Some(meaning(group));
        }
        let changes =
            told.changes.iter().flat_map(|changes| &changes.0).map(|(name, change)| (name.as_str(), change));
        self.changes.extend(changes);
        self.phrases.extend(event::phrases(view, told, people));
        match &told.event {
            Event::MembershipAdded(memberships) => {
                let (groups, persons) = (&mut self.joined, &mut self.came);
                add_memberships(view, told, memberships, groups, persons);
            }
            Event::MembershipRemoved(memberships) => {
                let (groups, persons) = (&mut self.left, &mut self.went);
                add_memberships(view, told, memberships, groups, persons);
            }
            Event::PersonHidden { .. } => add_people(view, told, &mut self.hidden),
            Event::PersonShown { .. } => add_people(view, told, &mut self.shown),
            _ => {}
        }
    }

    /// The class of the label with [`Self::done`].
    pub(super) fn tone(&self) -> &'static str {
        let has_more = !self.joined.is_empty() || !self.came.is_empty();
        let has_fewer = !self.left.is_empty() || !self.went.is_empty();
        match (self.word.weight > Word::OF_MEMBERSHIPS, has_more, has_fewer) {
            (false, true, false) => "good",
            (false, false, true) => "warn",
            _ => self.word.tone,
        }
    }

    /// What was done, in a word or two.
    pub(super) fn done(&self) -> &'static str {
        if self.word.weight > Word::OF_MEMBERSHIPS {
            return self.word.text;
        }
        let is = |things: &Things| !things.is_empty();
        match (is(&self.joined), is(&self.left), is(&self.came), is(&self.went)) {
            (true, false, _, _) => "Joined",
            (false, true, _, _) => "Left",
            (true, true, _, _) => "Groups changed",
            (_, _, true, false) => "Members added",
            (_, _, false, true) => "Members removed",
            _ => "Members changed",
        }
    }

    /// The sentence behind what was done; empty if that says it all.
    pub(super) fn sentence(&self, members_after: Option<u64>) -> Option<Markup> {
        let mut parts: Vec<Markup> = self.phrases.clone();
        let lists_attributes = matches!(self.word.text, "Created" | "Deleted" | "Brought back");
        if !lists_attributes {
            parts.extend(attributes::phrases(&self.changes));
        }
        let with_verb = |verb: &str, things: &Things| {
            // What was done is the verb already.
            let is_said = self.done().eq_ignore_ascii_case(verb);
            html! { @if !is_said { (verb) " " } (things.listed()) }
        };
        for (verb, things) in [("joined", &self.joined), ("left", &self.left)] {
            if !things.is_empty() {
                parts.push(with_verb(verb, things));
            }
        }
        if !self.came.is_empty() || !self.went.is_empty() {
            parts.push(html! {
                @if !self.came.is_empty() { (self.came.signed("+")) }
                @if !self.came.is_empty() && !self.went.is_empty() { ", " }
                @if !self.went.is_empty() { (self.went.signed("−")) }
                @if let Some(members) = members_after { " (" (count(members, "member", "members")) ")" }
            });
        }
        if self.subject.r#type != SubjectType::Person {
            for (words, things) in [("SCIM no longer sees ", &self.hidden), ("SCIM sees ", &self.shown)] {
                if !things.is_empty() {
                    parts.push(html! { (words) (things.listed()) });
                }
            }
        }
        (!parts.is_empty()).then(|| {
            html! { @for (place, part) in parts.iter().enumerate() { @if place > 0 { "; " } (part) } }
        })
    }

    /// What the sentence leaves out: all of its lists, and attributes before and after.
    pub(super) fn more(&self, view: &View<'_>) -> Option<Markup> {
        let lists = [
            ("Groups joined", &self.joined),
            ("Groups left", &self.left),
            ("People added", &self.came),
            ("People removed", &self.went),
            ("People whom SCIM no longer sees", &self.hidden),
            ("People whom SCIM sees", &self.shown),
        ];
        let lists: Vec<_> = lists.into_iter().filter(|(_, things)| things.is_folded()).collect();
        (!lists.is_empty() || !self.changes.is_empty()).then(|| {
            html! {
                @for (title, things) in lists {
                    p.title { (title) }
                    ul.things { @for thing in &things.named { li { (thing) } } }
                    @if !things.events.is_empty() {
                        p {
                            (things.named.len()) " of " (things.total) " are listed here. All of them:"
                            @for seq in &things.events { " " (view.event(*seq, &format!("change {seq}"))) }
                        }
                    }
                }
                @if !self.changes.is_empty() { (attributes::table(&self.changes)) }
            }
        })
    }

    /// Whether all that it says is which groups the person joined.
    pub(super) fn is_only_joined(&self) -> bool {
        self.word.weight == Word::OF_MEMBERSHIPS && !self.joined.is_empty() && self.left.is_empty()
    }

    /// How many people came to the group, and how many went from it.
    pub(super) fn members(&self) -> (u64, u64) {
        (self.came.total, self.went.total)
    }

    /// The subject, with a link to its page, and what it is. What was done to the organization says so itself.
    pub(super) fn about(&self, view: &View<'_>) -> Markup {
        let is_said = matches!(self.subject.r#type, SubjectType::Organization | SubjectType::Import);
        html! {
            @if !is_said || self.name.is_some() {
                (view.subject(self.subject, self.name.as_deref())) " " small { (kind(self.subject.r#type)) }
            }
        }
    }
}

/// Adds the memberships of an event to the groups of a person, or to the people of a group: to what the page, or else
/// the event, is not about.
fn add_memberships(
    view: &View<'_>,
    told: &ChangeEvent,
    memberships: &Memberships,
    groups: &mut Things,
    people: &mut Things,
) {
    let is_of_person = match view.place {
        Place::Person(_) => true,
        Place::Group(_) => false,
        Place::Organization => told.subject.r#type == SubjectType::Person,
    };
    if is_of_person {
        // Of a group's event the person's page has only their own part.
        groups.named.extend(memberships.groups.iter().map(|group| view.group(group)));
        groups.add_total(told.seq, told.group_count, memberships.groups.len());
    } else {
        add_people(view, told, people);
    }
}

fn add_people(view: &View<'_>, told: &ChangeEvent, people: &mut Things) {
    let named = told.people.iter().map(|person| view.person(&person.id, person.user_name.as_deref()));
    people.named.extend(named);
    people.add_total(told.seq, told.people_count, told.people.len());
}
