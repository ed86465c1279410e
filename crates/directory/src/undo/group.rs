//! What an undo makes of a group itself. Its members are parts of the people.

use serde_json::Value;

use super::{Facet, Left, Reason, Step, Verdict, verdict};
use crate::event::Event;
use crate::group::Group;

/// A group at present.
#[derive(Debug, Clone, Default)]
pub struct GroupNow {
    /// The group, if it exists.
    pub group: Option<Group>,
}

/// What an undo makes of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupPlan {
    /// The group afterwards; `None` if it does not exist now.
    pub group: Option<Group>,
    /// What is set back.
    pub restored: Vec<Facet>,
    /// What stays although a selected change changed it.
    pub left: Vec<Left>,
}

/// Decides what to set back of a group. `events` are those about it since the first selected one, the oldest first,
/// each with its sequence number and whether it is selected or made by the undo itself.
pub fn of_group(events: &[(i64, bool, Event)], now: &GroupNow, is_taken: bool) -> GroupPlan {
    let mut plan = GroupPlan { group: now.group.clone(), restored: Vec::new(), left: Vec::new() };
    let Some(group) = &mut plan.group else {
        if events.iter().any(|(_, is_selected, _)| *is_selected) {
            plan.left.push(Left::new(Facet::Existence, Reason::GroupGone));
        }
        return plan;
    };
    let steps = |of: fn(&Event) -> Option<(Value, Value)>| -> Vec<Step> {
        let step = |(seq, is_selected, event): &(i64, bool, Event)| {
            let (before, after) = of(event)?;
            Some(Step { seq: *seq, is_selected: *is_selected, before: Some(before), after: Some(after) })
        };
        events.iter().filter_map(step).filter(|step| step.before != step.after).collect()
    };
    let mut value = |facet: Facet, steps: &[Step], now: Value| match verdict(steps, &now) {
        Verdict::Stays => None,
        Verdict::Set(value) => Some(value),
        Verdict::Changed { event } => {
            plan.left.push(Left { event: Some(event), ..Left::new(facet, Reason::ChangedSince) });
            None
        }
        Verdict::Unknown => {
            plan.left.push(Left::new(facet, Reason::Erased));
            None
        }
    };
    let name = value(Facet::DisplayName, &steps(names), group.display_name.as_str().into());
    let external_id = value(Facet::ExternalId, &steps(external_ids), group.external_id.clone().into());
    if let Some(Value::String(name)) = name {
        if is_taken {
            plan.left.push(Left::new(Facet::DisplayName, Reason::GroupNameTaken));
        } else {
            group.display_name = name;
            plan.restored.push(Facet::DisplayName);
        }
    }
    if let Some(external_id) = external_id {
        group.external_id = external_id.as_str().map(str::to_owned);
        plan.restored.push(Facet::ExternalId);
    }
    plan
}

fn names(event: &Event) -> Option<(Value, Value)> {
    let Event::GroupUpdated { name, .. } = event else { return None };
    Some((name.before.as_str().into(), name.after.as_str().into()))
}

fn external_ids(event: &Event) -> Option<(Value, Value)> {
    let Event::GroupUpdated { external_id, .. } = event else { return None };
    Some((external_id.before.clone().into(), external_id.after.clone().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Transition;

    fn renamed(before: &str, after: &str) -> Event {
        Event::GroupUpdated {
            name: Transition { before: before.to_owned(), after: after.to_owned() },
            external_id: Transition { before: None, after: None },
        }
    }

    fn now(name: &str) -> GroupNow {
        GroupNow { group: Some(Group { display_name: name.to_owned(), external_id: None }) }
    }

    #[test]
    fn a_name_comes_back_unless_it_was_changed_since_or_is_taken() {
        let events = [(1, true, renamed("a", "b"))];
        let plan = of_group(&events, &now("b"), false);
        assert_eq!((plan.group.unwrap().display_name.as_str(), plan.left.len()), ("a", 0));
        let plan = of_group(&events, &now("b"), true);
        assert_eq!(plan.left, [Left::new(Facet::DisplayName, Reason::GroupNameTaken)]);
        let since = [(1, true, renamed("a", "b")), (2, false, renamed("b", "c"))];
        let plan = of_group(&since, &now("c"), false);
        assert_eq!(plan.left.first().unwrap().event, Some(2));
        assert_eq!(of_group(&events, &GroupNow::default(), false).left.len(), 1);
    }
}
