//! Access at a moment in the past, and the difference between two moments, from the present and the events since then.

use std::collections::HashMap;

use litemap::LiteMap;

use crate::event::{Event, GroupRef, Transition};
use crate::org_role::OrgRole;

/// What decides about a person's access, besides their memberships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whether they may use the organization.
    pub active: bool,
    /// Whether SCIM sees them.
    pub visible: bool,
    /// Their organization role; of an inactive person the one that they get back with their access.
    pub org_role: OrgRole,
}

/// What an event about a person changes. `None`: not that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Change {
    exists: Option<Transition<bool>>,
    active: Option<Transition<bool>>,
    visible: Option<Transition<bool>>,
    org_role: Option<Transition<OrgRole>>,
}

impl Change {
    /// A person appears in the directory or, reversed, disappears.
    fn appearance(standing: Standing, is_deletion: bool) -> Self {
        let turned = |before: bool, after: bool| match is_deletion {
            false => Some(Transition { before, after }),
            true => Some(Transition { before: after, after: before }),
        };
        let role = match is_deletion {
            false => Transition { before: OrgRole::Member, after: standing.org_role },
            true => Transition { before: standing.org_role, after: OrgRole::Member },
        };
        Self {
            exists: turned(false, true),
            active: turned(false, standing.active),
            visible: turned(false, standing.visible),
            org_role: Some(role),
        }
    }

    fn of(event: &Event, person: &str) -> Self {
        let switched = |after: bool| Some(Transition { before: !after, after });
        match event {
            Event::PersonCreated { active, org_role, visible }
            | Event::PersonUndeleted { active, org_role, visible } => {
                Self::appearance(Standing { active: *active, visible: *visible, org_role: *org_role }, false)
            }
            Event::PersonDeleted { active, org_role, visible } => {
                Self::appearance(Standing { active: *active, visible: *visible, org_role: *org_role }, true)
            }
            Event::PersonDeactivated { org_role } => {
                Self { active: switched(false), org_role: Some(*org_role), ..Self::default() }
            }
            Event::PersonRestored { org_role } => {
                Self { active: switched(true), org_role: Some(*org_role), ..Self::default() }
            }
            Event::OrgRoleChanged { org_role, .. } => Self { org_role: Some(*org_role), ..Self::default() },
            Event::PersonHidden { .. } => Self { visible: switched(false), ..Self::default() },
            Event::PersonShown { .. } => Self { visible: switched(true), ..Self::default() },
            Event::OwnershipTransferred { owner, role_before } => {
                let org_role = if owner.after == person {
                    Some(Transition { before: *role_before, after: OrgRole::Owner })
                } else if owner.before == person {
                    Some(Transition { before: OrgRole::Owner, after: OrgRole::Admin })
                } else {
                    None
                };
                Self { org_role, ..Self::default() }
            }
            _ => Self::default(),
        }
    }
}

/// What a person was before an event about them, given what they were afterwards. `None`: they were not in the
/// directory.
pub fn before(person: &str, event: &Event, after: Option<Standing>) -> Option<Standing> {
    let Change { exists, active, visible, org_role } = Change::of(event, person);
    match exists {
        Some(Transition { before: false, .. }) => return None,
        Some(Transition { before: true, .. }) => {}
        None if after.is_none() => return None,
        None => {}
    }
    let known = after.unwrap_or(Standing { active: false, visible: false, org_role: OrgRole::Member });
    Some(Standing {
        active: active.map_or(known.active, |change| change.before),
        visible: visible.map_or(known.visible, |change| change.before),
        org_role: org_role.map_or(known.org_role, |change| change.before),
    })
}

/// What is different for a person between two moments.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PersonDifference {
    /// Whether they were in the directory.
    pub exists: Option<Transition<bool>>,
    /// Whether they were active.
    pub active: Option<Transition<bool>>,
    /// Whether SCIM saw them.
    pub visible: Option<Transition<bool>>,
    /// Their organization role.
    pub org_role: Option<Transition<OrgRole>>,
    /// The groups of which they are a member at the second moment only.
    pub joined: Vec<GroupRef>,
    /// The groups of which they are a member at the first moment only.
    pub left: Vec<GroupRef>,
}

/// The events between two moments, added up.
#[derive(Debug, Default)]
pub struct Difference {
    /// Many people change in any order.
    people: HashMap<String, PersonChange>,
    groups: LiteMap<String, GroupRef>,
}

#[derive(Debug, Default)]
struct PersonChange {
    own: Change,
    /// Whether the person was a member of a group, by its identifier.
    memberships: LiteMap<String, Transition<bool>>,
}

fn follow<T: Copy>(so_far: &mut Option<Transition<T>>, next: Option<Transition<T>>) {
    if let Some(next) = next {
        let before = so_far.map_or(next.before, |so_far| so_far.before);
        *so_far = Some(Transition { before, after: next.after });
    }
}

fn real<T: PartialEq>(change: Option<Transition<T>>) -> Option<Transition<T>> {
    change.filter(|Transition { before, after }| before != after)
}

impl Difference {
    /// Adds an event that happened after those added before. `subject` is the identifier of its subject.
    pub fn add(&mut self, subject: &str, event: &Event) {
        let mut about = |person: &str| {
            let change = Change::of(event, person);
            let so_far = &mut self.people.entry(person.to_owned()).or_default().own;
            follow(&mut so_far.exists, change.exists);
            follow(&mut so_far.active, change.active);
            follow(&mut so_far.visible, change.visible);
            follow(&mut so_far.org_role, change.org_role);
        };
        match event {
            Event::MembershipAdded(memberships) | Event::MembershipRemoved(memberships) => {
                let is_member = matches!(event, Event::MembershipAdded(_));
                let next = Transition { before: !is_member, after: is_member };
                for group in &memberships.groups {
                    self.groups.insert(group.id.clone(), GroupRef { since: None, ..group.clone() });
                    for person in &memberships.people {
                        let person = self.people.entry(person.id.clone()).or_default();
                        person.memberships.entry(group.id.clone()).or_insert(next).after = is_member;
                    }
                }
            }
            Event::PersonHidden { people } | Event::PersonShown { people } => {
                people.iter().for_each(|person| about(&person.id));
            }
            Event::OwnershipTransferred { owner, .. } => {
                about(&owner.before);
                about(&owner.after);
            }
            _ => about(subject),
        }
    }

    /// What is different, by the people's identifiers and in their order.
    pub fn people(self) -> Vec<(String, PersonDifference)> {
        let mut people = Vec::new();
        for (person, PersonChange { own, memberships }) in self.people {
            let mut difference = PersonDifference {
                exists: real(own.exists),
                active: real(own.active),
                visible: real(own.visible),
                org_role: real(own.org_role),
                ..PersonDifference::default()
            };
            for (group, change) in memberships {
                let Some(Transition { after: is_member, .. }) = real(Some(change)) else { continue };
                let list = if is_member { &mut difference.joined } else { &mut difference.left };
                list.extend(self.groups.get(&group).cloned());
            }
            if difference != PersonDifference::default() {
                people.push((person, difference));
            }
        }
        people.sort_by_cached_key(|(person, _)| person.clone());
        people
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::event::{Memberships, PersonRef};

    const PEOPLE: [&str; 3] = ["ada", "ben", "eva"];
    const GROUPS: [&str; 2] = ["g", "h"];

    /// A directory as a model has it.
    #[derive(Debug, Clone, Default, PartialEq)]
    struct Model {
        people: BTreeMap<String, Standing>,
        members: BTreeSet<(String, String)>,
    }

    fn group(id: &str) -> GroupRef {
        GroupRef {
            id: id.to_owned(),
            name: id.to_owned(),
            external_id: None,
            project: None,
            team: None,
            role: None,
            since: None,
        }
    }

    fn people(id: &str) -> Vec<PersonRef> {
        vec![PersonRef { id: id.to_owned(), since: None }]
    }

    impl Model {
        /// Does something to a person and returns its event, if it is possible.
        fn step(&mut self, kind: u8, person: &str, in_group: &str, role: OrgRole) -> Option<Event> {
            let pair = (person.to_owned(), in_group.to_owned());
            let memberships = || Memberships { groups: vec![group(in_group)], people: people(person) };
            let standing = self.people.get(person).copied();
            let mut put = |standing: Standing| self.people.insert(person.to_owned(), standing);
            match (kind, standing) {
                (0 | 1, None) => {
                    let (active, visible) = (kind == 0, role != OrgRole::Owner);
                    put(Standing { active, visible, org_role: role });
                    Some(Event::PersonCreated { active, visible, org_role: role })
                }
                (2, Some(Standing { active, visible, org_role })) => {
                    let was_member = self.members.iter().any(|(member, _)| member == person);
                    (!was_member).then(|| {
                        self.people.remove(person);
                        Event::PersonDeleted { active, visible, org_role }
                    })
                }
                (3, Some(standing)) if standing.org_role != role => {
                    put(Standing { org_role: role, ..standing });
                    let org_role = Transition { before: standing.org_role, after: role };
                    Some(Event::OrgRoleChanged { org_role, active: standing.active })
                }
                (4, Some(standing)) => {
                    let org_role = Transition { before: standing.org_role, after: role };
                    put(Standing { active: !standing.active, org_role: role, ..standing });
                    Some(match standing.active {
                        true => Event::PersonDeactivated { org_role },
                        false => Event::PersonRestored { org_role },
                    })
                }
                (5, Some(standing)) => {
                    put(Standing { visible: !standing.visible, ..standing });
                    Some(match standing.visible {
                        true => Event::PersonHidden { people: people(person) },
                        false => Event::PersonShown { people: people(person) },
                    })
                }
                (6, Some(_)) if self.members.insert(pair.clone()) => {
                    Some(Event::MembershipAdded(memberships()))
                }
                (7, Some(_)) if self.members.remove(&pair) => Some(Event::MembershipRemoved(memberships())),
                (8, Some(standing)) => {
                    let owner = self.people.iter().find(|(_, other)| other.org_role == OrgRole::Owner);
                    let owner = owner.map(|(id, _)| id.clone()).filter(|owner| owner != person)?;
                    self.people.get_mut(&owner)?.org_role = OrgRole::Admin;
                    self.people.get_mut(person)?.org_role = OrgRole::Owner;
                    let owner = Transition { before: owner, after: person.to_owned() };
                    Some(Event::OwnershipTransferred { owner, role_before: standing.org_role })
                }
                _ => None,
            }
        }
    }

    fn role(number: u8) -> OrgRole {
        if number == 0 { OrgRole::Admin } else { OrgRole::Member }
    }

    proptest! {
        #[test]
        fn walking_back_and_adding_up_agree_with_a_model(
            steps in prop::collection::vec((0_u8..9, 0_usize..3, 0_usize..2, 0_u8..2), 0..60),
            (from, to) in (0_usize..60, 0_usize..60),
        ) {
            let mut model = Model::default();
            let owner = Standing { active: true, visible: true, org_role: OrgRole::Owner };
            model.people.insert("ada".to_owned(), owner);
            let (mut snapshots, mut events) = (vec![model.clone()], Vec::new());
            for (kind, person, in_group, number) in steps {
                let person = PEOPLE[person];
                if let Some(event) = model.step(kind, person, GROUPS[in_group], role(number)) {
                    events.push((person, event));
                    snapshots.push(model.clone());
                }
            }

            for person in PEOPLE {
                let mut standing = model.people.get(person).copied();
                for (number, (subject, event)) in events.iter().enumerate().rev() {
                    let is_about = *subject == person
                        || matches!(event, Event::OwnershipTransferred { owner, .. } if owner.before == person);
                    if is_about {
                        standing = before(person, event, standing);
                    }
                    prop_assert_eq!(standing, snapshots[number].people.get(person).copied());
                }
            }

            let (from, to) = (from.min(events.len()), to.min(events.len()));
            let (from, to) = (from.min(to), from.max(to));
            let mut difference = Difference::default();
            for (subject, event) in &events[from..to] {
                difference.add(subject, event);
            }
            let found: BTreeMap<_, _> = difference.people().into_iter().collect();
            let (first, second) = (&snapshots[from], &snapshots[to]);
            for person in PEOPLE {
                let none = PersonDifference::default();
                let found = found.get(person).unwrap_or(&none);
                let of = |model: &Model| model.people.get(person).copied();
                let (one, other) = (of(first), of(second));
                let differs = |before: bool, after: bool| real(Some(Transition { before, after }));
                let is = |standing: Option<Standing>, what: fn(Standing) -> bool| standing.is_some_and(what);
                prop_assert_eq!(found.exists, differs(one.is_some(), other.is_some()));
                prop_assert_eq!(found.active, differs(is(one, |it| it.active), is(other, |it| it.active)));
                prop_assert_eq!(found.visible, differs(is(one, |it| it.visible), is(other, |it| it.visible)));
                let role = |standing: Option<Standing>| standing.map_or(OrgRole::Member, |it| it.org_role);
                prop_assert_eq!(
                    found.org_role,
                    real(Some(Transition { before: role(one), after: role(other) }))
                );
                let only_in = |these: &Model, those: &Model| {
                    let new = these.members.difference(&those.members);
                    new.filter(|(member, _)| member == person).map(|(_, id)| group(id)).collect::<Vec<_>>()
                };
                prop_assert_eq!(&found.joined, &only_in(second, first));
                prop_assert_eq!(&found.left, &only_in(first, second));
            }
        }
    }
}
