//! What an undo makes of projects and settings.

use serde_json::Value;

use super::decisions::Decisions;
use super::thing::{ProjectNow, steps_of};
use super::{Existence, Facet, Left, Past, Reason, ThingPlan};
use crate::event::Event;
use scim_protocol::Object;

/// Decides whether an archived project is restored, and whether a project gets its former name back. `is_taken` says
/// whether another project has a name.
pub fn of_project(past: &[Past], now: Option<&ProjectNow>, is_taken: &dyn Fn(&str) -> bool) -> ThingPlan {
    let steps = steps_of(past);
    let mut decisions = Decisions::of(&steps);
    let mut plan = ThingPlan::default();
    let Some(now) = now else { return ThingPlan::leaving(Reason::ProjectGone) };
    // What remains is that it was created, or one of its groups with it.
    let has_steps = steps.values().flatten().any(|step| step.is_selected);
    if !has_steps
        || past.iter().any(|each| each.is_selected && matches!(each.event, Event::ProjectCreated { .. }))
    {
        decisions.leave(&Facet::Existence, Reason::ProjectStays);
    }
    if now.is_archived && decisions.value(&Facet::Archived, &true.into()) == Some(false.into()) {
        decisions.restored.push(Facet::Archived);
        plan.existence = Existence::Undeleted;
    }
    let is_shown = !now.is_archived || plan.existence == Existence::Undeleted;
    let name = decisions.value(&Facet::DisplayName, &now.name.as_str().into());
    match name.as_ref().and_then(Value::as_str) {
        Some(_) if !is_shown => decisions.leave(&Facet::DisplayName, Reason::ProjectGone),
        Some(name) if is_taken(name) => decisions.leave(&Facet::DisplayName, Reason::ProjectNameTaken),
        Some(name) => {
            decisions.restored.push(Facet::DisplayName);
            plan.name = Some(name.to_owned());
        }
        None => {}
    }
    plan.with(decisions)
}

/// Decides whether a project that a selected change restored is archived again. `blocked` is the event of the newest
/// change of its groups that is not selected.
pub fn of_restored_project(past: &[Past], now: Option<&ProjectNow>, blocked: Option<i64>) -> ThingPlan {
    let steps = steps_of(past);
    let mut decisions = Decisions::of(&steps);
    let is_shown = now.is_some_and(|now| !now.is_archived);
    if !is_shown || decisions.value(&Facet::Archived, &false.into()) != Some(true.into()) {
        return ThingPlan::default().with(decisions);
    }
    if let Some(event) = blocked {
        let left = Left { event: Some(event), ..Left::new(Facet::Archived, Reason::ChangedSince) };
        return ThingPlan { left: vec![left], ..ThingPlan::default() };
    }
    decisions.restored.push(Facet::Archived);
    ThingPlan { existence: Existence::Deleted, ..ThingPlan::default() }.with(decisions)
}

/// Decides which settings are set back. `now` has each setting by its name.
pub fn of_settings(past: &[Past], now: &Object) -> ThingPlan {
    let steps = steps_of(past);
    let mut decisions = Decisions::of(&steps);
    let mut settings = Object::new();
    for facet in steps.keys() {
        let Facet::Setting { name } = facet else { continue };
        let Some(now) = now.get(name) else { continue };
        let Some(value) = decisions.value(facet, now) else { continue };
        if name == "user_limit" || name == "group_prefix" {
            decisions.leave(facet, Reason::OperatorOnly);
            continue;
        }
        if name == "keep_access" && value == Value::Bool(true) {
            decisions.leave(facet, Reason::AccessForgotten);
        }
        decisions.restored.push(facet.clone());
        settings.insert(name.clone(), value);
    }
    ThingPlan { settings, ..ThingPlan::default() }.with(decisions)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn past(seq: i64, is_selected: bool, event_type: &str, data: &Value) -> Past {
        let fields =
            json!({"seq": seq, "is_selected": is_selected, "event": {"type": event_type, "data": data}});
        serde_json::from_value(fields).unwrap()
    }

    fn now(name: &str, is_archived: bool) -> ProjectNow {
        ProjectNow { id: "p".to_owned(), name: name.to_owned(), is_archived }
    }

    fn reasons(plan: &ThingPlan) -> Vec<Reason> {
        plan.left.iter().map(|left| left.reason).collect()
    }

    #[test]
    fn a_project_is_restored_and_renamed_and_never_deleted() {
        let archived = past(2, true, "project.archived", &json!({"name": "b"}));
        let renamed = past(1, true, "project.renamed", &json!({"name": {"before": "a", "after": "b"}}));
        let plan = of_project(&[renamed.clone(), archived], Some(&now("b", true)), &|_| false);
        assert_eq!(
            (plan.existence, plan.name.as_deref(), plan.left.len()),
            (Existence::Undeleted, Some("a"), 0)
        );
        let plan = of_project(std::slice::from_ref(&renamed), Some(&now("b", false)), &|_| true);
        assert_eq!(reasons(&plan), [Reason::ProjectNameTaken]);
        let plan = of_project(&[renamed], Some(&now("b", true)), &|_| false);
        assert_eq!(reasons(&plan), [Reason::ProjectGone]);
        let created = past(1, true, "project.created", &json!({"name": "a"}));
        assert_eq!(
            reasons(&of_project(&[created], Some(&now("a", false)), &|_| false)),
            [Reason::ProjectStays]
        );
    }

    #[test]
    fn a_restored_project_is_archived_again_unless_others_use_it() {
        let restored = [past(1, true, "project.restored", &json!({"name": "a"}))];
        let shown = now("a", false);
        assert_eq!(of_restored_project(&restored, Some(&shown), None).existence, Existence::Deleted);
        assert_eq!(reasons(&of_restored_project(&restored, Some(&shown), Some(7))), [Reason::ChangedSince]);
        assert_eq!(of_restored_project(&restored, Some(&now("a", true)), None), ThingPlan::default());
    }

    #[test]
    fn each_setting_is_set_back_by_itself() {
        let data = json!({"settings": {
            "mail_domains": {"before": ["a.example"], "after": ["b.example"]},
            "user_limit": {"before": null, "after": 5},
            "keep_access": {"before": true, "after": false},
            "name": {"before": "A", "after": "B"},
        }});
        let settings =
            json!({"mail_domains": ["b.example"], "user_limit": 5, "keep_access": false, "name": "C"});
        let settings = serde_json::from_value(settings).unwrap();
        let plan = of_settings(&[past(1, true, "settings.changed", &data)], &settings);
        let back: Vec<&str> = plan.settings.keys().map(String::as_str).collect();
        assert_eq!(back, ["keep_access", "mail_domains"]);
        assert_eq!(reasons(&plan), [Reason::AccessForgotten, Reason::ChangedSince, Reason::OperatorOnly]);
    }
}
