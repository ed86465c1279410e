use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::event::{AttributeChange, Event, Memberships, Personal, Transition};
use crate::person_events::{State, of_change};
use crate::undo::{Addition, PastEvent};

/// A person with groups who is changed, and the history that comes of it.
struct Life {
    user: Option<User>,
    deleted: Option<User>,
    groups: Vec<String>,
    history: PersonHistory,
    seq: i64,
}

const ID: &str = "id";

fn person() -> User {
    let Value::Object(doc) = json!({"userName": "ada@a.example", "title": "Dr"}) else { panic!() };
    User { doc, active: true, org_role: OrgRole::Admin }
}

impl Life {
    fn of(user: User, groups: &[&str]) -> Self {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        let began =
            |group: &String| Addition { group: group.clone(), seq: 0, is_selected: false, is_present: true };
        let additions = groups.iter().map(began).collect();
        let history = PersonHistory { events: Vec::new(), additions };
        Self { user: Some(user), deleted: None, groups, history, seq: 0 }
    }

    fn record(&mut self, event: Event, personal: Option<Personal>, story: i64, is_selected: bool) {
        self.seq += 1;
        let is_of_person = matches!(&event, Event::MembershipRemoved(ended) if ended.people.is_empty());
        self.history.events.push(PastEvent {
            seq: self.seq,
            story,
            is_selected,
            is_of_person,
            event,
            personal,
            gone: Vec::new(),
        });
    }

    fn change(&mut self, user: Option<User>, is_selected: bool) {
        let story = self.seq + 1;
        let state = |user| State { user, visible: true };
        let events = of_change(ID, self.user.as_ref().map(state), user.as_ref().map(state), None, false);
        for event in events {
            self.record(event.event, event.personal, story, is_selected);
        }
        if user.as_ref().is_none_or(|user| !user.active) && !self.groups.is_empty() {
            let groups = std::mem::take(&mut self.groups);
            self.end(&groups, story, is_selected, true);
        }
        if user.is_none() {
            self.deleted = self.user.take();
        }
        self.user = user;
    }

    fn end(&mut self, groups: &[String], story: i64, is_selected: bool, with_person: bool) {
        let named = |id: &String| serde_json::from_value(json!({"id": id, "name": id})).unwrap();
        let person = serde_json::from_value(json!({"id": ID})).unwrap();
        let people = if with_person { Vec::new() } else { vec![person] };
        let ended = Memberships { groups: groups.iter().map(named).collect(), people };
        self.record(Event::MembershipRemoved(ended), None, story, is_selected);
        for addition in &mut self.history.additions {
            addition.is_present &= !groups.contains(&addition.group);
        }
    }

    fn leave(&mut self, group: &str, is_selected: bool) {
        if self.groups.iter().any(|own| own == group) {
            self.groups.retain(|own| own != group);
            self.end(&[group.to_owned()], self.seq + 1, is_selected, false);
        }
    }

    fn join(&mut self, group: &str, is_selected: bool) {
        let is_active = self.user.as_ref().is_some_and(|user| user.active);
        if is_active && !self.groups.iter().any(|own| own == group) {
            self.seq += 1;
            self.groups.push(group.to_owned());
            let (group, seq) = (group.to_owned(), self.seq);
            self.history.additions.push(Addition { group, seq, is_selected, is_present: true });
        }
    }

    fn plan(&self) -> PersonPlan {
        let now = PersonNow { user: self.user.clone(), deleted: self.deleted.clone(), kept: Vec::new() };
        of_person(ID, &self.history, &now, &|_| false)
    }

    /// Carries out the plan as one story, which is selected: an undo knows its own changes.
    fn undo(&mut self) -> PersonPlan {
        let plan = self.plan();
        for group in &plan.leave {
            self.leave(group, true);
        }
        match plan.existence {
            Existence::Deleted => self.change(None, true),
            Existence::Undeleted => {
                let back = Event::PersonUndeleted { active: true, org_role: OrgRole::Member, visible: true };
                self.record(back, None, self.seq + 1, true);
                self.user = self.deleted.clone();
                self.change(plan.user.clone(), true);
            }
            Existence::Stays if plan.user != self.user => self.change(plan.user.clone(), true),
            Existence::Stays => {}
        }
        for group in &plan.join {
            self.join(group, true);
        }
        plan
    }

    fn state(&self) -> (Option<User>, Vec<String>) {
        let mut groups = self.groups.clone();
        groups.sort();
        (self.user.clone(), groups)
    }
}

fn deactivated(user: &User) -> User {
    User { active: false, org_role: OrgRole::Member, ..user.clone() }
}

#[test]
fn a_deactivation_is_undone_with_its_role_and_memberships() {
    let mut life = Life::of(person(), &["a", "b"]);
    life.change(Some(deactivated(&person())), true);
    assert_eq!(life.undo().left, []);
    assert_eq!(life.state(), Life::of(person(), &["a", "b"]).state());
}

#[test]
fn memberships_come_back_with_the_event_of_the_deactivation_alone() {
    let mut life = Life::of(person(), &["a"]);
    life.change(Some(deactivated(&person())), true);
    for event in &mut life.history.events {
        event.is_selected &= matches!(event.event, Event::PersonDeactivated { .. });
    }
    assert_eq!(life.plan().join, ["a"]);
}

#[test]
fn what_others_changed_since_stays_and_is_listed() {
    let mut life = Life::of(person(), &["a", "b"]);
    life.change(Some(deactivated(&person())), true);
    let back = User { org_role: OrgRole::Member, ..person() };
    life.change(Some(back.clone()), false);
    life.join("a", false);
    let plan = life.undo();
    assert_eq!(life.state(), (Some(back), vec!["a".to_owned(), "b".to_owned()]));
    let [left] = plan.left.as_slice() else { panic!("{:?}", plan.left) };
    assert_eq!((&left.facet, left.reason), (&Facet::OrgRole, Reason::ChangedSince));
}

#[test]
fn what_cannot_be_restored_has_a_reason() {
    let mut life = Life::of(person(), &["a"]);
    life.change(None, true);
    let now = PersonNow { deleted: life.deleted.clone(), ..PersonNow::default() };
    let taken = of_person(ID, &life.history, &now, &|fold| fold == "ada@a.example");
    assert_eq!(taken.left, [Left::new(Facet::Existence, Reason::UserNameTaken)]);
    let erased = of_person(ID, &life.history, &PersonNow::default(), &|_| false);
    assert_eq!(erased.left, [Left::new(Facet::Existence, Reason::Erased)]);

    let mut life = Life::of(person(), &["a"]);
    life.leave("a", true);
    life.history.events.last_mut().unwrap().gone = vec!["a".to_owned()];
    assert_eq!(life.plan().left.first().unwrap().reason, Reason::GroupGone);
    let mut life = Life::of(person(), &["a"]);
    life.leave("a", true);
    life.change(Some(deactivated(&person())), false);
    assert_eq!(life.plan().left.first().unwrap().reason, Reason::PersonInactive);

    let mut life = Life::of(deactivated(&person()), &[]);
    life.change(Some(person()), true);
    life.join("a", false);
    let left = life.plan().left;
    assert!(left.iter().any(|left| left.reason == Reason::JoinedSince && left.event == Some(2)), "{left:?}");

    let mut life = Life::of(person(), &[]);
    life.change(Some(User { org_role: OrgRole::Owner, ..person() }), true);
    assert_eq!(life.plan().left, [Left::new(Facet::OrgRole, Reason::OwnerProtected)]);
}

#[test]
fn attributes_of_an_extension_are_set_one_by_one() {
    const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let name = format!("{URN}:department");
    let mut life = Life::of(person(), &[]);
    let mut changed = person();
    set_attribute(&mut changed.doc, &name, json!("A"));
    life.change(Some(changed), true);
    life.undo();
    assert_eq!(life.user, Some(person()));
    let unknown = Personal {
        changes: vec![(name, AttributeChange { before: None, after: None })].into(),
        ..Personal {
            user_name: String::new(),
            external_id: None,
            display_name: None,
            changes: Default::default(),
        }
    };
    life.history.events.iter_mut().for_each(|event| event.personal = Some(unknown.clone()));
    life.history.events.truncate(1);
    life.history.events.first_mut().unwrap().personal = None;
    assert!(matches!(
        life.plan().left.as_slice(),
        [Left { reason: Reason::Erased | Reason::ChangedSince, .. }]
    ));
}

#[test]
fn an_undo_of_an_undo_takes_access_again() {
    let mut life = Life::of(person(), &["a"]);
    life.change(Some(deactivated(&person())), true);
    let taken = life.state();
    let before = life.seq;
    life.undo();
    for event in &mut life.history.events {
        event.is_selected = event.seq > before;
    }
    for addition in &mut life.history.additions {
        addition.is_selected = addition.seq > before;
    }
    assert_eq!(life.undo().left, []);
    assert_eq!(life.state(), taken);
}

#[derive(Debug, Clone)]
enum Act {
    Activate(bool),
    Role(bool),
    Title(u8),
    Join(u8),
    Leave(u8),
    Delete,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        any::<bool>().prop_map(Act::Activate),
        any::<bool>().prop_map(Act::Role),
        (0_u8..3).prop_map(Act::Title),
        (0_u8..3).prop_map(Act::Join),
        (0_u8..3).prop_map(Act::Leave),
        Just(Act::Delete),
    ]
}

fn apply(life: &mut Life, act: &Act, is_selected: bool) {
    let Some(user) = life.user.clone() else { return };
    let change = |life: &mut Life, user: User| {
        if Some(&user) != life.user.as_ref() {
            life.change(Some(user), is_selected);
        }
    };
    let group = |number: &u8| format!("g{number}");
    match act {
        Act::Activate(true) => change(life, User { active: true, ..user }),
        Act::Activate(false) if user.active => change(life, deactivated(&user)),
        Act::Activate(false) => {}
        Act::Role(admin) => {
            let org_role = if *admin { OrgRole::Admin } else { OrgRole::Member };
            change(life, User { org_role, ..user });
        }
        Act::Title(number) => {
            let mut user = user;
            let title = if *number == 0 { Value::Null } else { json!(number.to_string()) };
            set_attribute(&mut user.doc, "title", title);
            change(life, user);
        }
        Act::Join(number) => life.join(&group(number), is_selected),
        Act::Leave(number) => life.leave(&group(number), is_selected),
        Act::Delete => life.change(None, is_selected),
    }
}

proptest! {
    #[test]
    fn without_other_changes_the_person_is_as_before(
        earlier in proptest::collection::vec(act(), 0..6),
        selected in proptest::collection::vec(act(), 1..8),
    ) {
        let mut life = Life::of(person(), &["g0", "g1"]);
        for act in earlier.iter().filter(|act| !matches!(act, Act::Delete)) {
            apply(&mut life, act, false);
        }
        let before = life.state();
        for act in &selected {
            apply(&mut life, act, true);
        }
        let plan = life.undo();
        prop_assert_eq!(&plan.left, &[]);
        prop_assert_eq!(life.state(), before);
        let again = life.plan();
        prop_assert!(again.restored.is_empty() && again.left.is_empty(), "{:?}", again);
    }

    #[test]
    fn what_others_did_since_stays(
        acts in proptest::collection::vec((act(), any::<bool>()), 1..10),
    ) {
        let mut life = Life::of(person(), &["g0", "g1"]);
        for (act, is_selected) in &acts {
            apply(&mut life, act, *is_selected);
        }
        let steps = life.history.steps(ID);
        let before = life.state();
        life.undo();
        let after = life.state();
        let last = |facet: Facet| steps.get(&facet).and_then(|steps| steps.last());
        let by_others = |facet: Facet| last(facet).is_some_and(|step| !step.is_selected);
        if let (Some(before), Some(after)) = (&before.0, &after.0) {
            prop_assert!(!by_others(Facet::Active) || before.active == after.active);
            prop_assert!(!by_others(Facet::OrgRole) || before.org_role == after.org_role);
            let title = Facet::Attribute { name: "title".to_owned() };
            prop_assert!(!by_others(title) || before.doc.get("title") == after.doc.get("title"));
        }
        for group in ["g0", "g1", "g2"].map(str::to_owned) {
            let changed = before.1.contains(&group) != after.1.contains(&group);
            let stays = by_others(Facet::Membership { group });
            prop_assert!(!(changed && stays));
        }
        let again = life.plan();
        prop_assert!(again.restored.is_empty(), "{:?}", again);
    }
}

#[test]
fn a_transition_of_the_ownership_is_left_to_its_owner() {
    let owner = Transition { before: ID.to_owned(), after: "other".to_owned() };
    let mut life = Life::of(person(), &[]);
    life.record(Event::OwnershipTransferred { owner, role_before: OrgRole::Admin }, None, 1, true);
    assert_eq!(life.plan().left, [Left::new(Facet::OrgRole, Reason::OwnerProtected)]);
}

#[test]
fn what_was_kept_is_given_back_and_what_was_taken_out_of_it_stays() {
    let mut life = Life::of(person(), &["a", "b"]);
    let mut inactive = person();
    inactive.active = false;
    life.change(Some(inactive), true);
    let kept = |kept: &[&str]| {
        let kept = kept.iter().map(|group| (*group).to_owned()).collect();
        let now = PersonNow { user: life.user.clone(), deleted: None, kept };
        of_person(ID, &life.history, &now, &|_| false)
    };
    // "b" was taken out meanwhile, and "c" was pushed.
    let plan = kept(&["a", "c"]);
    assert_eq!(plan.join, ["a", "c"]);
    let left: Vec<_> = plan.left.iter().map(|left| (left.facet.clone(), left.reason)).collect();
    assert_eq!(left, [(Facet::Membership { group: "b".to_owned() }, Reason::ChangedSince)]);
    assert_eq!(kept(&[]).join, ["a", "b"]);
}
