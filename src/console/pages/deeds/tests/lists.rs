//! Lists of deeds.

use maud::PreEscaped;
use serde_json::{Value, json};

use super::super::{View, list};
use super::{ADA, ENGINEERS, OF_ADA, OF_ENGINEERS, OF_ORGANIZATION, event, group, people, text};
use crate::admin_api::types::events::{ChangeEvent, Deed};

/// A deed with these events.
#[expect(clippy::needless_pass_by_value, reason = "callers write it with json!")]
fn deed(events: Vec<ChangeEvent>, at: &str, more: Value) -> Deed {
    let mut deed = json!({
        "at": at, "outcome": "done", "cause": {"source": "scim", "actor": "scim-JGHF…", "key": "JGHF234567"},
        "story": 7, "log_id": null, "request": null, "events": [], "event_count": events.len(),
    });
    deed.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Deed { events, ..serde_json::from_value(deed).unwrap() }
}

/// The items of a list, as a reader sees them before *More* is opened.
fn items(view: &View<'_>, deeds: &[Deed], members: Option<u64>) -> Vec<String> {
    let html = list(view, deeds, members).0;
    let shown = |item: &str| {
        let visible = item.split("<details>").next().unwrap_or(item).split("<p class=\"links\">").next();
        text(&PreEscaped(format!("<{}", visible.unwrap_or_default())))
    };
    html.split("<li").skip(1).filter(|item| item.contains("class=\"when\"")).map(shown).collect()
}

#[test]
fn a_deed_names_its_cause() {
    let lost =
        || event(ADA, "person.deactivated", json!({"org_role": {"before": "Admin", "after": "Member"}}));
    let at = "2026-01-02T03:04:05.678Z";
    let by = |cause: Value| deed(vec![lost()], at, json!({"cause": cause}));
    let deeds = [
        by(json!({"source": "scim", "actor": "scim-JGHF…", "key": "JGHF234567"})),
        by(json!({"source": "console", "actor": "root@a.example", "key": null})),
        by(json!({"source": "job", "actor": "upgrade", "key": null})),
    ];
    let lines = items(&OF_ORGANIZATION, &deeds, None);
    let line =
        |cause: &str| format!("2026-01-02 03:04:05 UTC Deactivated ada@a.example person {cause}: lost Admin");
    let causes = ["by key scim-JGHF…", "by root@a.example", "by the scheduled job upgrade"];
    assert_eq!(lines, causes.map(line));
    let on_own_page = items(&OF_ADA, &deeds[..1], None);
    assert_eq!(on_own_page, ["2026-01-02 03:04:05 UTC Deactivated by key scim-JGHF…: lost Admin"]);
}

#[test]
fn the_members_of_a_group_are_counted_backwards() {
    let of = |event_type: &str, ids: &[&str]| {
        event(ENGINEERS, event_type, json!({"groups": [group("Engineer")], "people": people(ids)}))
    };
    let at = "2026-01-02T03:04:05.678Z";
    let deeds = [
        deed(vec![of("membership.added", &["eva"]), of("membership.removed", &["ben"])], at, json!({})),
        deed(vec![of("membership.removed", &["tom"])], at, json!({})),
        deed(vec![of("membership.added", &["tom"])], at, json!({"event_count": 2})),
        deed(vec![of("membership.added", &["ben"])], at, json!({})),
    ];
    let ends = items(&OF_ENGINEERS, &deeds, Some(61))
        .into_iter()
        .map(|line| line.split_once("JGHF…: ").unwrap().1.to_owned());
    assert_eq!(
        ends.collect::<Vec<_>>(),
        [
            "+ eva@a.example, − ben@a.example (61 members)",
            "− tom@a.example (61 members)",
            "+ tom@a.example (62 members) And 1 other change by the same request.",
            "+ ben@a.example",
        ]
    );
}

#[test]
fn groups_joined_in_one_go_are_told_as_one() {
    let joined = |role: &str, at: &str| {
        let data = json!({"groups": [group(role)], "people": people(&["ada"])});
        deed(vec![event(("group", role, "G"), "membership.added", data)], at, json!({}))
    };
    let day = |day: u8| format!("2026-01-0{day}T03:04:05.678Z");
    let deeds = [joined("A", &day(3)), joined("B", &day(2)), joined("C", &day(2)), joined("D", &day(2))];
    assert_eq!(
        items(&OF_ADA, &deeds, None),
        [
            "2026-01-03 03:04:05 UTC Joined by key scim-JGHF…: Web Shop · A",
            "2026-01-02 03:04:05 UTC Joined by key scim-JGHF… in 3 requests: Web Shop · B, Web Shop · C and \
             Web Shop · D",
        ]
    );
    assert_eq!(items(&OF_ORGANIZATION, &deeds, None).len(), 4);
}

#[test]
fn a_refusal_says_the_reason_and_the_remedy_once() {
    let request = |status: u16, detail: &str, code: Option<&str>| {
        json!({"id": "i", "at": "2026-01-02T03:04:05.678Z", "source": "scim", "actor": "scim-JGHF…",
            "method": "POST", "path": "/scim/Users", "status": status, "resource_type": "User", "resource_id": "ada",
            "resource_name": "ada@a.example", "detail": detail, "body": {"title": "Dr"}, "duration": 3, "code": code})
    };
    let of = |outcome: &str, request: Value| {
        let more = json!({"outcome": outcome, "story": null, "log_id": "i", "request": request});
        items(&OF_ORGANIZATION, &[deed(Vec::new(), "2026-01-02T03:04:05.678Z", more)], None).remove(0)
    };
    let owner =
        "Owner cannot be modified: \"a. b\" is the Owner. Transfer the ownership in the console first.";
    assert_eq!(
        of("refused", request(400, owner, Some("owner_protected"))),
        "2026-01-02 03:04:05 UTC Refused to create ada@a.example by key scim-JGHF…: Owner cannot be modified: \
         \"a. b\" is the Owner. What to do: Transfer the ownership to someone else, or take the \
         Owner out of this assignment."
    );
    let limit = "The project has 1 teams. Delete teams.";
    assert!(of("refused", request(400, limit, Some("too_many_teams"))).ends_with(&format!(": {limit}")));
    let nothing = of("unchanged", request(200, "Nothing had to be changed.", None));
    assert!(nothing.ends_with("Nothing to change ada@a.example by key scim-JGHF…"), "{nothing}");
    let left_out = of("unchanged", request(200, "Nothing had to be changed. \"title\" was not.", None));
    assert!(left_out.ends_with("…: \"title\" was not."), "{left_out}");
}
