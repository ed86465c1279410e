//! The events of a change of one person, made from the person before and after.

use litemap::LiteMap;
use serde_json::Value;

use crate::ByName;
use crate::event::{AttributeChange, Event, NewEvent, PersonRef, Personal, SubjectType, Transition};
use crate::user::User;
use scim_protocol::Object;

/// A person at one moment, as far as events need it.
#[derive(Debug, Clone, Copy)]
pub struct State<'u> {
    /// The person.
    pub user: &'u User,
    /// Whether SCIM sees them.
    pub visible: bool,
}

impl State<'_> {
    fn counts(self) -> bool {
        self.user.active && self.visible
    }
}

/// Whether a change from `before` to `after` takes access from a person who has not lost any in the hour before.
pub fn takes_access(before: Option<State<'_>>, after: Option<State<'_>>, lost_lately: bool) -> bool {
    let counts = |state: Option<State<'_>>| state.is_some_and(State::counts);
    counts(before) && !counts(after) && !lost_lately
}

/// The events of a change from `before` to `after`, of which at least one is a person. `version` is the version of the
/// person that the change makes. `lost_lately`: whether the person lost access in the hour before already.
pub fn of_change(
    id: &str,
    before: Option<State<'_>>,
    after: Option<State<'_>>,
    version: Option<i64>,
    lost_lately: bool,
) -> Vec<NewEvent> {
    let mut events = Vec::new();
    let changes = changes(before.map(|state| &state.user.doc), after.map(|state| &state.user.doc));
    match (before, after) {
        (None, Some(State { user, visible })) => {
            let User { active, org_role, .. } = *user;
            events.push(Event::PersonCreated { active, org_role, visible });
        }
        (Some(State { user, visible }), None) => {
            let User { active, org_role, .. } = *user;
            events.push(Event::PersonDeleted { active, org_role, visible });
        }
        (Some(before), Some(after)) => events = of_update(id, before, after, &changes),
        (None, None) => {}
    }
    let Some(shown) = after.or(before) else { return Vec::new() };
    let mut personal = Some(Personal { changes: ByName(changes), ..identity(shown.user) });
    let counts = |state: Option<State<'_>>| state.is_some_and(State::counts);
    let mut active = i64::from(counts(after)) - i64::from(counts(before));
    let mut lost = i64::from(takes_access(before, after, lost_lately));
    events
        .into_iter()
        .map(|event| NewEvent {
            event,
            subject_type: SubjectType::Person,
            subject_id: id.to_owned(),
            version,
            // The first event has what all of them have in common.
            personal: personal.take().or_else(|| Some(identity(shown.user))),
            active: std::mem::take(&mut active),
            lost: std::mem::take(&mut lost),
        })
        .collect()
}

fn of_update(
    id: &str,
    before: State<'_>,
    after: State<'_>,
    changes: &LiteMap<String, AttributeChange>,
) -> Vec<Event> {
    let mut events = Vec::new();
    let attributes: Vec<String> = changes.keys().cloned().collect();
    if !attributes.is_empty() {
        events.push(Event::PersonUpdated { attributes });
    }
    let org_role = Transition { before: before.user.org_role, after: after.user.org_role };
    match (before.user.active, after.user.active) {
        (true, false) => events.push(Event::PersonDeactivated { org_role }),
        (false, true) => events.push(Event::PersonRestored { org_role }),
        (active, _) if org_role.before != org_role.after => {
            events.push(Event::OrgRoleChanged { org_role, active });
        }
        _ => {}
    }
    let people = || vec![PersonRef { id: id.to_owned(), since: None }];
    match (before.visible, after.visible) {
        (true, false) => events.push(Event::PersonHidden { people: people() }),
        (false, true) => events.push(Event::PersonShown { people: people() }),
        _ => {}
    }
    events
}

/// The personal part of an event that changes no attribute.
pub fn identity(user: &User) -> Personal {
    Personal {
        user_name: user.user_name().to_owned(),
        external_id: user.external_id().map(str::to_owned),
        display_name: display_name(&user.doc),
        changes: ByName::default(),
    }
}

/// The name of a person as administrators know it: given and family name, else `displayName`.
fn display_name(doc: &Object) -> Option<String> {
    let part = |name: &str| doc.get("name")?.get(name)?.as_str();
    let parts: Vec<&str> = ["givenName", "familyName"].into_iter().filter_map(part).collect();
    match parts.is_empty() {
        true => doc.get("displayName").and_then(Value::as_str).map(str::to_owned),
        false => Some(parts.join(" ")),
    }
}

/// Each attribute whose value differs. Attributes of an extension are compared one by one, and have its URN before
/// their name.
pub fn changes(before: Option<&Object>, after: Option<&Object>) -> LiteMap<String, AttributeChange> {
    let mut changes = LiteMap::new();
    compare(None, before, after, &mut changes);
    changes
}

/// Adds the attributes that differ in two documents, or in the part of both that an extension has.
fn compare(
    urn: Option<&str>,
    before: Option<&Object>,
    after: Option<&Object>,
    changes: &mut LiteMap<String, AttributeChange>,
) {
    let names = before.into_iter().chain(after).flat_map(Object::keys);
    for (number, name) in names.enumerate() {
        let before_it = before.and_then(|before| before.get(name));
        // What both have was compared when it was met first.
        if before_it.is_some() && number >= before.map_or(0, Object::len) {
            continue;
        }
        let after_it = after.and_then(|after| after.get(name));
        match (before_it, after_it) {
            (Some(Value::Object(_)), Some(Value::Object(_)) | None) | (None, Some(Value::Object(_)))
                if urn.is_none() && name.starts_with("urn:") =>
            {
                let [before, after] = [before_it, after_it].map(|each| each.and_then(Value::as_object));
                compare(Some(name), before, after, changes);
            }
            (before, after) if before != after => {
                let name = urn.map_or_else(|| name.clone(), |urn| format!("{urn}:{name}"));
                changes.insert(name, AttributeChange { before: before.cloned(), after: after.cloned() });
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::org_role::OrgRole;

    fn user(active: bool, org_role: OrgRole, doc: Value) -> User {
        let Value::Object(doc) = doc else { panic!("not an object") };
        User { doc, active, org_role }
    }

    fn seen(user: &User) -> Option<State<'_>> {
        Some(State { user, visible: true })
    }

    #[test]
    fn a_deactivation_says_what_was_lost_and_what_else_changed() {
        let before = user(true, OrgRole::Admin, json!({"userName": "ada@a.example", "title": "Dr"}));
        let after = user(false, OrgRole::Member, json!({"userName": "ada@a.example"}));
        let events = of_change("1", seen(&before), seen(&after), Some(3), false);
        let [updated, deactivated] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(updated.event, Event::PersonUpdated { attributes: vec!["title".to_owned()] });
        let change = updated.personal.as_ref().unwrap().changes.0.get("title").unwrap();
        assert_eq!((change.before.as_ref(), change.after.as_ref()), (Some(&json!("Dr")), None));
        let org_role = Transition { before: OrgRole::Admin, after: OrgRole::Member };
        assert_eq!(deactivated.event, Event::PersonDeactivated { org_role });
        assert!(deactivated.personal.as_ref().unwrap().changes.is_empty());
        let sum = |of: fn(&NewEvent) -> i64| events.iter().map(of).sum::<i64>();
        assert_eq!((sum(|event| event.active), sum(|event| event.lost)), (-1, 1));
        let again = of_change("1", seen(&before), seen(&after), Some(3), true);
        assert_eq!(again.iter().map(|event| event.lost).sum::<i64>(), 0, "a person is counted once an hour");
    }

    #[test]
    fn attributes_of_an_extension_are_compared_one_by_one() {
        const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let of = |value: Value| user(true, OrgRole::Member, json!({"userName": "a", URN: value}));
        let (before, after) = (
            of(json!({"department": "A", "division": "X"})),
            of(json!({"department": "B", "division": "X"})),
        );
        let changed = changes(Some(&before.doc), Some(&after.doc));
        assert_eq!(changed.keys().collect::<Vec<_>>(), [&format!("{URN}:department")]);
    }

    #[test]
    fn a_person_out_of_sight_does_not_count() {
        let person = user(true, OrgRole::Member, json!({"userName": "a"}));
        let unseen = Some(State { user: &person, visible: false });
        let hidden = of_change("1", seen(&person), unseen, Some(2), false);
        assert_eq!((hidden.first().unwrap().active, hidden.first().unwrap().lost), (-1, 1));
        let deleted = of_change("1", unseen, None, None, false);
        assert_eq!((deleted.first().unwrap().active, deleted.first().unwrap().lost), (0, 0));
        assert!(of_change("1", seen(&person), seen(&person), Some(2), false).is_empty());
    }

    #[test]
    fn a_deletion_keeps_all_attributes() {
        let person = user(true, OrgRole::Member, json!({"userName": "a", "title": "Dr"}));
        let events = of_change("1", seen(&person), None, None, false);
        let personal = events.first().unwrap().personal.as_ref().unwrap();
        assert_eq!(personal.changes.0.keys().collect::<Vec<_>>(), ["title", "userName"]);
    }
}
