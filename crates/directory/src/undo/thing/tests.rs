use serde_json::json;

use super::*;

fn past(seq: i64, is_selected: bool, event_type: &str, data: &Value) -> Past {
    let fields = json!({"seq": seq, "is_selected": is_selected, "version": 3,
            "event": {"type": event_type, "data": data}});
    serde_json::from_value(fields).unwrap()
}

fn renamed(seq: i64, is_selected: bool, before: &str, after: &str) -> Past {
    let none = json!({"before": null, "after": null});
    past(
        seq,
        is_selected,
        "group.updated",
        &json!({"name": {"before": before, "after": after}, "external_id": none}),
    )
}

fn deleted(seq: i64, is_selected: bool, name: &str) -> Past {
    let data = json!({"group": {"id": "g", "name": name}, "created_at": "2026", "pushed_at": null});
    past(seq, is_selected, "group.deleted", &data)
}

fn created(seq: i64, is_selected: bool, name: &str) -> Past {
    past(seq, is_selected, "group.created", &json!({"group": {"id": "g", "name": name}}))
}

fn now(name: &str) -> GroupNow {
    GroupNow {
        group: Some(Group { display_name: name.to_owned(), external_id: None }),
        project: None,
        role: None,
    }
}

const FREE: &dyn Fn(&str) -> bool = &|_| false;
const TAKEN: &dyn Fn(&str) -> bool = &|_| true;

fn reasons(plan: &ThingPlan) -> Vec<(Reason, Option<i64>)> {
    plan.left.iter().map(|left| (left.reason, left.event)).collect()
}

#[test]
fn a_name_comes_back_unless_it_was_changed_since_or_is_taken() {
    let events = [renamed(1, true, "a", "b")];
    let plan = of_group(&events, &now("b"), "P", FREE);
    assert_eq!((plan.group.unwrap().display_name.as_str(), plan.left.len()), ("a", 0));
    let plan = of_group(&events, &now("b"), "P", TAKEN);
    assert_eq!(reasons(&plan), [(Reason::GroupNameTaken, None)]);
    let since = [renamed(1, true, "a", "b"), renamed(2, false, "b", "c")];
    assert_eq!(reasons(&of_group(&since, &now("c"), "P", FREE)), [(Reason::ChangedSince, Some(2))]);
    assert_eq!(reasons(&of_group(&events, &GroupNow::default(), "P", FREE)), [(Reason::GroupGone, None)]);
}

#[test]
fn a_group_of_a_project_is_named_by_the_project() {
    let project = Some(ProjectNow { id: "p".to_owned(), name: "New".to_owned(), is_archived: false });
    let now = GroupNow { project: project.clone(), ..now("P-New-Admin") };
    let plan = of_group(&[renamed(1, true, "P-Old-Admin", "P-New-Admin")], &now, "P", FREE);
    assert_eq!(reasons(&plan), [(Reason::NameOfProject, None)]);
    let with_project = Past { with_project: true, ..renamed(1, true, "P-Old-Admin", "P-New-Admin") };
    assert_eq!(reasons(&of_group(&[with_project], &now, "P", FREE)), []);
    let mut gone = deleted(1, true, "P-Old-Cook");
    let Event::GroupDeleted { group, .. } = &mut gone.event else { panic!() };
    group.project = Some(crate::event::Named { id: "p".to_owned(), name: "Old".to_owned() });
    group.role = Some("Cook".to_owned());
    let plan = of_group(&[gone.clone()], &GroupNow { group: None, project, role: None }, "P", FREE);
    assert_eq!(plan.returning.first().unwrap().group.name, "P-New-Cook");
    assert_eq!(reasons(&of_group(&[gone], &GroupNow::default(), "P", FREE)), [(Reason::ProjectGone, None)]);
}

#[test]
fn a_deleted_group_comes_back_as_before_the_selected_changes() {
    let events = [renamed(1, true, "a", "b"), deleted(2, true, "b")];
    let plan = of_group(&events, &GroupNow::default(), "P", FREE);
    let back = plan.returning.first().unwrap();
    assert_eq!(
        (plan.existence, back.group.name.as_str(), back.version),
        (Existence::Undeleted, "a", Some(3))
    );
    let plan = of_group(&events, &GroupNow::default(), "P", TAKEN);
    assert_eq!(reasons(&plan), [(Reason::GroupNameTaken, None)]);
    // Created and deleted by selected changes: it was not there before.
    let both = [created(1, true, "a"), deleted(2, true, "a")];
    assert_eq!(of_group(&both, &GroupNow::default(), "P", FREE), ThingPlan::default());
    // Deleted by others.
    let others = [renamed(1, true, "a", "b"), deleted(2, false, "b")];
    assert_eq!(reasons(&of_group(&others, &GroupNow::default(), "P", FREE)), [(Reason::GroupGone, None)]);
}

#[test]
fn a_created_group_is_deleted_unless_others_use_it() {
    let events = [created(1, true, "a")];
    assert_eq!(of_created(&events, true, None).existence, Existence::Deleted);
    assert_eq!(reasons(&of_created(&events, true, Some(7))), [(Reason::ChangedSince, Some(7))]);
    assert_eq!(of_created(&events, false, None), ThingPlan::default());
    assert_eq!(of_created(&[created(1, false, "a")], true, None), ThingPlan::default());
    // It came back by the undo of its deletion, which is undone.
    let again = [deleted(1, false, "a"), created(2, true, "a")];
    assert_eq!(of_created(&again, true, None).existence, Existence::Deleted);
}
