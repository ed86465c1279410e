//! The history of a person as steps of each facet.

use litemap::LiteMap;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{Facet, Step};
use crate::event::{Event, Personal};
use crate::org_role::OrgRole;

/// An event about a person, as far as an undo needs it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PastEvent {
    /// Sequence number.
    pub seq: i64,
    /// The story to which it belongs.
    pub story: i64,
    /// Whether it is selected, or made by the undo itself.
    pub is_selected: bool,
    /// Of memberships: whether they ended with the person.
    #[serde(default)]
    pub is_of_person: bool,
    /// What happened. An event of memberships lists this person only.
    pub event: Event,
    /// The personal part; `None`: there is none, or it was erased.
    pub personal: Option<Personal>,
    /// Those of its groups that do not exist any more.
    #[serde(default, deserialize_with = "or_empty")]
    pub gone: Vec<String>,
}

fn or_empty<'de, D: Deserializer<'de>>(groups: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::<Vec<String>>::deserialize(groups)?.unwrap_or_default())
}

/// The beginning of a membership.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Addition {
    /// The group.
    pub group: String,
    /// The sequence number of the event; 0: before events were kept.
    pub seq: i64,
    /// Whether the event is selected, or made by the undo itself.
    pub is_selected: bool,
    /// Whether the membership exists.
    pub is_present: bool,
}

/// What happened to a person since the first selected event.
#[derive(Debug, Clone, Default)]
pub struct PersonHistory {
    /// The events, the oldest first.
    pub events: Vec<PastEvent>,
    /// The beginnings of the memberships that exist or ended since, and of older ones that exist.
    pub additions: Vec<Addition>,
}

/// The steps of each facet, the oldest first.
pub(super) type Steps = LiteMap<Facet, Vec<Step>>;

impl PersonHistory {
    /// The steps of the person.
    pub(super) fn steps(&self, id: &str) -> Steps {
        let mut steps = Steps::new();
        for past in &self.events {
            let is_selected = past.is_selected || self.goes_with_selected(past);
            for (facet, before, after) in changes_of(id, past) {
                let step = Step { seq: past.seq, is_selected, before, after };
                steps.entry(facet).or_default().push(step);
            }
        }
        for Addition { group, seq, is_selected, .. } in &self.additions {
            let (before, after) = (Some(json!(false)), Some(json!(true)));
            let step = Step { seq: *seq, is_selected: *is_selected, before, after };
            steps.entry(Facet::Membership { group: group.clone() }).or_default().push(step);
        }
        for (_, steps) in steps.iter_mut() {
            steps.sort_by_cached_key(|step| step.seq);
            steps.dedup();
        }
        steps
    }

    /// Whether memberships ended with the person by a deactivation or deletion that is selected.
    fn goes_with_selected(&self, past: &PastEvent) -> bool {
        past.is_of_person
            && matches!(past.event, Event::MembershipRemoved(_))
            && self.events.iter().any(|other| {
                let takes =
                    matches!(other.event, Event::PersonDeactivated { .. } | Event::PersonDeleted { .. });
                takes && other.is_selected && other.story == past.story
            })
    }

    /// Whether the membership of a group ended with the person last.
    pub(super) fn ended_with_person(&self, group: &str) -> bool {
        let is_end = |past: &&PastEvent| match &past.event {
            Event::MembershipRemoved(ended) => ended.groups.iter().any(|each| each.id == group),
            _ => false,
        };
        self.events.iter().rfind(is_end).is_some_and(|past| past.is_of_person)
    }

    /// Whether a group of an ended membership does not exist any more.
    pub(super) fn is_gone(&self, group: &str) -> bool {
        self.events.iter().any(|event| event.gone.iter().any(|gone| gone == group))
    }
}

type Change = (Facet, Option<Value>, Option<Value>);

/// What an event changes: the facet, its value before, and its value after.
fn changes_of(id: &str, past: &PastEvent) -> Vec<Change> {
    let flag = |facet: Facet, after: bool| (facet, Some(json!(!after)), Some(json!(after)));
    let role = |before: OrgRole, after: OrgRole| (Facet::OrgRole, Some(json!(before)), Some(json!(after)));
    match &past.event {
        Event::PersonCreated { .. } | Event::PersonUndeleted { .. } => vec![flag(Facet::Existence, true)],
        Event::PersonDeleted { .. } => vec![flag(Facet::Existence, false)],
        Event::PersonUpdated { attributes } => {
            let change = |name: &String| {
                let change = past.personal.as_ref().and_then(|personal| personal.changes.0.get(name));
                let value = |value: &Option<Value>| value.clone().unwrap_or(Value::Null);
                (
                    Facet::Attribute { name: name.clone() },
                    change.map(|change| value(&change.before)),
                    change.map(|change| value(&change.after)),
                )
            };
            attributes.iter().map(change).collect()
        }
        Event::PersonDeactivated { org_role } => {
            vec![flag(Facet::Active, false), role(org_role.before, org_role.after)]
        }
        Event::PersonRestored { org_role } => {
            vec![flag(Facet::Active, true), role(org_role.before, org_role.after)]
        }
        Event::OrgRoleChanged { org_role, .. } => vec![role(org_role.before, org_role.after)],
        Event::OwnershipTransferred { owner, role_before } => {
            if owner.after == id {
                vec![role(*role_before, OrgRole::Owner)]
            } else if owner.before == id {
                vec![role(OrgRole::Owner, OrgRole::Admin)]
            } else {
                Vec::new()
            }
        }
        Event::MembershipRemoved(ended) => {
            let membership = |group: &str| Facet::Membership { group: group.to_owned() };
            ended.groups.iter().map(|group| flag(membership(&group.id), false)).collect()
        }
        _ => Vec::new(),
    }
}
