mod lists;

use std::collections::BTreeSet;

use maud::Markup;
use serde_json::{Value, json};
use strum::VariantArray;

use super::clause::{Clause, clauses};
use super::{Place, View};
use crate::admin_api::types::events::ChangeEvent;
use directory::event::EventType;

const OF_ORGANIZATION: View<'_> = View { organization: "o", place: Place::Organization, is_whole: false };
const OF_ADA: View<'_> = View { organization: "o", place: Place::Person("ada"), is_whole: false };
const OF_ENGINEERS: View<'_> = View { organization: "o", place: Place::Group("engineers"), is_whole: false };

/// What a reader sees of HTML.
fn text(markup: &Markup) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for character in markup.0.replace("</p>", " ").chars() {
        match character {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            '\u{a0}' => text.push(' '),
            other if !is_tag => text.push(other),
            _ => {}
        }
    }
    let text = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An event about this subject. Lists have as many elements as they count.
#[expect(clippy::needless_pass_by_value, reason = "callers write it with json!")]
fn event(subject: (&str, &str, &str), event_type: &str, data: Value) -> ChangeEvent {
    let (subject_type, id, name) = subject;
    let listed = data.get("people").and_then(Value::as_array).cloned().unwrap_or_default();
    let people: Vec<Value> = listed
        .iter()
        .map(|person| {
            let id = person["id"].as_str().unwrap();
            json!({"id": id, "user_name": format!("{id}@a.example"), "display_name": null})
        })
        .collect();
    let groups = data.get("groups").and_then(Value::as_array).map_or(0, Vec::len);
    serde_json::from_value(json!({
        "seq": 7, "at": "2026-01-02T03:04:05.678Z", "event": {"type": event_type, "data": data},
        "subject": {"type": subject_type, "id": id, "name": name, "display_name": null, "external_id": null},
        "version": 2, "changes": null, "people_count": people.len(), "people": people, "group_count": groups,
    }))
    .unwrap()
}

const ADA: (&str, &str, &str) = ("person", "ada", "ada@a.example");
const ENGINEERS: (&str, &str, &str) = ("group", "engineers", "Statsig-Web Shop-Engineer");
const ORGANIZATION: (&str, &str, &str) = ("organization", "o", "Acme");

fn group(role: &str) -> Value {
    json!({"id": role.to_lowercase(), "name": format!("Statsig-Web Shop-{role}"), "external_id": null,
        "project": {"id": "p", "name": "Web Shop"}, "team": null, "role": role, "since": null})
}

fn people(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"id": id, "since": null})).collect()
}

fn with_changes(event: ChangeEvent, changes: Value) -> ChangeEvent {
    ChangeEvent { changes: serde_json::from_value(changes).unwrap(), ..event }
}

/// The clauses of events: what was done, and the sentence.
fn told(view: &View<'_>, events: &[ChangeEvent]) -> Vec<String> {
    let events: Vec<&ChangeEvent> = events.iter().collect();
    let words = |clause: &Clause<'_>| match clause.sentence(None) {
        Some(sentence) => format!("{}: {}", clause.done(), text(&sentence)),
        None => clause.done().to_owned(),
    };
    clauses(view, &events).iter().map(words).collect()
}

#[test]
fn each_type_of_event_has_its_words() {
    let group = group("Engineer");
    let state = json!({"active": true, "org_role": "Admin", "visible": true});
    let named = json!({"name": "Web Shop"});
    let renamed = json!({"name": {"before": "Web", "after": "Web Shop"}});
    let lost = json!({"org_role": {"before": "Admin", "after": "Member"}});
    let gained = json!({"org_role": {"before": "Member", "after": "Admin"}});
    let team = json!({"name": "Night", "project": {"id": "p", "name": "Web Shop"}});
    let deleted_team = json!({"name": "Night", "project": {"id": "p", "name": "Web Shop"},
        "created_at": "2026-01-01T00:00:00.000Z"});
    let import = json!({"resource": "Users", "first_page_at": "2026-01-02T03:04:05.678Z", "total": 120});
    let project = ("project", "p", "Web Shop");
    let night = ("team", "t", "Night");
    let key = ("key", "JGHF234567", "scim-JGHF…");
    let product = ("product_key", "JGHF234567", "scimp-JGHF…");
    let link = ("setup_link", "5f0c1c1e-8a1b-4b7e-9d3a-0123456789ab", "setup link 5f0c1c1e…");
    let hint = json!({"hint": "scim-JGHF…"});
    let cases = [
        (ORGANIZATION, "history.started", json!({}), "History begins: What changed before is not known"),
        (ADA, "person.created", state.clone(), "Created: as Admin"),
        (
            ADA,
            "person.updated",
            json!({"attributes": ["title", "emails"]}),
            "Updated: title and mail address changed; their values are erased",
        ),
        (ADA, "person.deactivated", lost, "Deactivated: lost Admin"),
        (ADA, "person.restored", gained, "Activated again: as Admin"),
        (ADA, "person.deleted", state, "Deleted: was Admin"),
        (
            ADA,
            "person.undeleted",
            json!({"active": false, "org_role": "Member", "visible": false}),
            "Brought back: without access; not seen by SCIM",
        ),
        (ADA, "person.erased", json!({}), "Erased: names and values are gone from the history"),
        (ADA, "person.hidden", json!({"people": people(&["ada"])}), "Hidden from SCIM"),
        (ADA, "person.shown", json!({"people": people(&["ada"])}), "Shown to SCIM"),
        (
            ADA,
            "org_role.changed",
            json!({"org_role": {"before": "Admin", "after": "Member"}, "active": true}),
            "Role changed: lost Admin",
        ),
        (
            ADA,
            "ownership.transferred",
            json!({"owner": {"before": "12345678-9", "after": "ada"}, "role_before": "Member"}),
            "Ownership transferred: from person 12345678… to ada@a.example, who was Member",
        ),
        (
            ENGINEERS,
            "membership.added",
            json!({"groups": [group], "people": people(&["eva"])}),
            "Members added: + eva@a.example",
        ),
        (
            ENGINEERS,
            "membership.removed",
            json!({"groups": [group], "people": people(&["ben"])}),
            "Members removed: − ben@a.example",
        ),
        (
            ENGINEERS,
            "group.created",
            json!({"group": group}),
            "Created: SCIM group Statsig-Web Shop-Engineer",
        ),
        (
            ENGINEERS,
            "group.updated",
            json!({"name": {"before": "A", "after": "B"}, "external_id": {"before": null, "after": "0a"}}),
            "Updated: renamed from A to B; identity provider's id set to 0a",
        ),
        (
            ENGINEERS,
            "group.deleted",
            json!({"group": group, "created_at": "2026-01-01T00:00:00.000Z", "pushed_at": null}),
            "Deleted: SCIM group Statsig-Web Shop-Engineer",
        ),
        (project, "project.created", named.clone(), "Created"),
        (project, "project.renamed", renamed, "Renamed: from Web to Web Shop"),
        (project, "project.archived", named.clone(), "Archived: its groups lost their members"),
        (project, "project.restored", named, "Restored: its groups are back, without members"),
        (
            project,
            "group.hidden",
            json!({"name": "Web Shop", "groups": [{"id": "g", "name": "Statsig-Web Shop-Engineer"}]}),
            "Groups hidden from SCIM: Statsig-Web Shop-Engineer",
        ),
        (
            project,
            "group.shown",
            json!({"name": "Web Shop", "groups": [{"id": "g", "name": "Statsig-Web Shop-Engineer"}]}),
            "Groups shown to SCIM: Statsig-Web Shop-Engineer",
        ),
        (ENGINEERS, "role.created", json!({"group": group}), "Created: SCIM group Statsig-Web Shop-Engineer"),
        (
            ENGINEERS,
            "role.renamed",
            json!({"role": {"before": "Cook", "after": "Engineer"}, "project": {"id": "p", "name": "Web Shop"}}),
            "Renamed: from Cook to Engineer; in Web Shop",
        ),
        (
            night,
            "team.renamed",
            json!({"name": {"before": "Day", "after": "Night"}, "project": {"id": "p", "name": "Web Shop"}}),
            "Renamed: from Day to Night; in Web Shop",
        ),
        (night, "team.created", team, "Created: in Web Shop"),
        (night, "team.deleted", deleted_team, "Deleted: in Web Shop"),
        (
            key,
            "key.created",
            json!({"hint": "scim-JGHF…", "expires_at": null, "replaces": null}),
            "Generated: never expires",
        ),
        (
            key,
            "key.renamed",
            json!({"hint": "scim-JGHF…", "name": {"before": null, "after": "Okta"}}),
            "Renamed: name set to Okta",
        ),
        (
            key,
            "key.expiry_changed",
            json!({"hint": "scim-JGHF…", "expires_at": "2026-02-01T00:00:00.000Z"}),
            "Expiry changed: expires 2026-02-01 00:00:00 UTC",
        ),
        (key, "key.deactivated", hint, "Deactivated: requests with it are refused"),
        (
            product,
            "product_key.created",
            json!({"hint": "scimp-JGHF…", "name": "Checkout", "scopes": ["check", "setup-links"],
                "expires_at": null, "replaces": "scimp-ABCD…"}),
            "Generated: named Checkout; may check, setup-links; replaces scimp-ABCD…",
        ),
        (
            product,
            "product_key.renamed",
            json!({"hint": "scimp-JGHF…", "name": {"before": "Checkout", "after": "Billing"}}),
            "Renamed: from Checkout to Billing",
        ),
        (
            link,
            "setup_link.created",
            json!({"hint": "setup link 5f0c1c1e…", "expires_at": "2026-01-02T03:04:05.678Z"}),
            "Made: good until 2026-01-02 03:04:05 UTC",
        ),
        (link, "setup_link.opened", json!({"hint": "setup link 5f0c1c1e…"}), "Opened: without an account"),
        (
            link,
            "setup_link.revoked",
            json!({"hint": "setup link 5f0c1c1e…"}),
            "Revoked: it opens nothing any more",
        ),
        (
            product,
            "product_key.expiry_changed",
            json!({"hint": "scimp-JGHF…", "expires_at": "2026-01-02T03:04:05.678Z"}),
            "Expiry changed: expires 2026-01-02 03:04:05 UTC",
        ),
        (
            product,
            "product_key.deactivated",
            json!({"hint": "scimp-JGHF…"}),
            "Deactivated: requests with it are refused",
        ),
        (ORGANIZATION, "organization.created", json!({"name": "Acme"}), "Created"),
        (ORGANIZATION, "organization.deleted", json!({"name": "Acme"}), "Deleted: its keys are refused"),
        (ORGANIZATION, "organization.restored", json!({"name": "Acme"}), "Restored: its keys are good again"),
        (
            ORGANIZATION,
            "settings.changed",
            json!({"settings": {
                "email_management": {"before": false, "after": true},
                "mail_domains": {"before": ["okta.local"], "after": ["okta.lcal"]},
                "user_limit": {"before": null, "after": 10},
            }}),
            "Settings changed: user names and mail changed over SCIM: on; mail domains changed from okta.local to \
             okta.lcal; most people set to 10",
        ),
        (
            ORGANIZATION,
            "role.permissions_changed",
            json!({"on": "project", "role": "Member",
                "permissions": {"before": [], "after": ["create_configs", "view_project"]}}),
            "Permissions changed: what the project role Member allows set to create_configs, view_project",
        ),
        (
            ("webhook", "w", "https://p.example"),
            "webhook.changed",
            json!({"target": "https://p.example", "settings": {
                "disabled": {"before": false, "after": true},
                "types": {"before": [], "after": ["access.lost"]},
            }}),
            "Webhook changed: disabled: on; types set to access.lost",
        ),
        (ORGANIZATION, "import.started", import.clone(), "Import began: 120 people"),
        (ORGANIZATION, "import.finished", import, "Import finished: 120 people"),
        (
            ORGANIZATION,
            "brake.engaged",
            json!({"lost": 25, "limit": 24}),
            "Brake engaged: 25 people lost access within an hour, and at most 24 may",
        ),
        (
            ORGANIZATION,
            "brake.released",
            json!({"lifted_until": "2026-01-02T04:00:00.000Z"}),
            "Brake released: it does not engage before 2026-01-02 04:00:00 UTC",
        ),
        (
            ORGANIZATION,
            "people.counted",
            json!({"active": {"before": 5, "after": 2}}),
            "People counted: 2 people are active, not 5",
        ),
        (ORGANIZATION, "writes.paused", json!({}), "Paused: changes of the identity provider are refused"),
        (
            ORGANIZATION,
            "writes.resumed",
            json!({}),
            "Resumed: changes of the identity provider are accepted again",
        ),
        (ADA, "invitation.accepted", json!({}), "Invitation accepted: administers the organization now"),
        (ADA, "invitation.declined", json!({}), "Invitation declined: does not administer the organization"),
        (ORGANIZATION, "undo.started", json!({"undo": "u"}), "Undo began"),
        (
            ORGANIZATION,
            "undo.finished",
            json!({"undo": "u", "restored": 12, "skipped": 1}),
            "Undo finished: 12 changed back, 1 left as they are",
        ),
    ];
    let mut seen = BTreeSet::new();
    for (subject, event_type, data, expected) in cases {
        assert_eq!(told(&OF_ORGANIZATION, &[event(subject, event_type, data)]), [expected], "{event_type}");
        seen.insert(event_type);
    }
    let all: BTreeSet<&str> = EventType::VARIANTS.iter().map(<&str>::from).collect();
    assert_eq!(seen, all);
}

#[test]
fn a_deactivation_is_one_sentence() {
    let groups: Vec<Value> = ["Engineer", "Reader", "Tester"].into_iter().map(group).collect();
    let events = |groups: &[Value]| {
        let lost = json!({"org_role": {"before": "Admin", "after": "Member"}});
        [
            with_changes(
                event(ADA, "person.updated", json!({"attributes": ["title"]})),
                json!({"title": {"before": "Dr", "after": "Prof"}}),
            ),
            event(ADA, "person.deactivated", lost),
            event(ADA, "membership.removed", json!({"groups": groups, "people": people(&["ada"])})),
        ]
    };
    let three = "Deactivated: lost Admin; title changed from Dr to Prof; left Web Shop · Engineer, Web Shop · Reader \
                 and Web Shop · Tester";
    for view in [OF_ORGANIZATION, OF_ADA] {
        assert_eq!(told(&view, &events(&groups)), [three]);
    }
    let sixty: Vec<Value> = (0..60).map(|number| group(&format!("Role {number}"))).collect();
    let sixty = told(&OF_ADA, &events(&sixty));
    assert_eq!(
        sixty,
        [
            "Deactivated: lost Admin; title changed from Dr to Prof; left Web Shop · Role 0, Web Shop · Role 1 and 58 \
          others"
        ]
    );
    // On the page of a group, the same is about the group.
    let of_group = [event(ADA, "membership.removed", json!({"groups": groups, "people": people(&["ada"])}))];
    assert_eq!(told(&OF_ENGINEERS, &of_group), ["Members removed: − ada@a.example"]);
    let kept = event(ADA, "person.deactivated", json!({"org_role": {"before": "Admin", "after": "Admin"}}));
    assert_eq!(told(&OF_ADA, &[kept]), ["Deactivated: Admin is kept for the next activation"]);
}

#[test]
fn a_push_says_who_came_and_who_went() {
    let of = |event_type: &str, ids: &[&str]| {
        event(ENGINEERS, event_type, json!({"groups": [group("Engineer")], "people": people(ids)}))
    };
    let events = [of("membership.added", &["eva"]), of("membership.removed", &["ben"])];
    assert_eq!(told(&OF_ENGINEERS, &events), ["Members changed: + eva@a.example, − ben@a.example"]);
    let references: Vec<&ChangeEvent> = events.iter().collect();
    let sentence = clauses(&OF_ENGINEERS, &references).first().unwrap().sentence(Some(61)).unwrap();
    assert_eq!(text(&sentence), "+ eva@a.example, − ben@a.example (61 members)");
    let many: Vec<String> = (0..700).map(|number| format!("p{number}")).collect();
    let ids: Vec<&str> = many.iter().map(String::as_str).collect();
    let pieces = [of("membership.added", &ids[..500]), of("membership.added", &ids[500..])];
    assert_eq!(told(&OF_ENGINEERS, &pieces), ["Members added: + p0@a.example, + p1@a.example, + 698 others"]);
    assert_eq!(told(&OF_ADA, &pieces[..1]), ["Joined: Web Shop · Engineer"]);
}

#[test]
fn attributes_are_named_as_administrators_know_them() {
    let updated = |changes: Value| {
        let attributes: Vec<&String> = changes.as_object().unwrap().keys().collect();
        let event = event(ADA, "person.updated", json!({"attributes": attributes}));
        told(&OF_ADA, &[with_changes(event, changes)]).remove(0)
    };
    let change = |before: Value, after: Value| json!({"before": before, "after": after});
    let name = |given: &str| json!({"givenName": given, "familyName": "Lovelace"});
    assert_eq!(
        updated(json!({
            "displayName": change(json!("Ada Lovelace"), json!("Eva Lovelace")),
            "name": change(name("Ada"), name("Eva")),
        })),
        "Updated: renamed from Ada Lovelace to Eva Lovelace"
    );
    let mail = |value: &str| json!([{"value": value, "type": "work", "primary": true}]);
    assert_eq!(
        updated(json!({
            "emails": change(mail("ada@a.example"), mail("eva@a.example")),
            "userName": change(json!("ada@a.example"), json!("eva@a.example")),
        })),
        "Updated: user name changed from ada@a.example to eva@a.example"
    );
    const URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    assert_eq!(
        updated(json!({
            format!("{URN}:costCenter"): change(Value::Null, json!("7")),
            format!("{URN}:department"): change(json!("R&D"), Value::Null),
            "nickName": change(json!("A"), json!("B")),
            "title": change(json!("x".repeat(61)), json!("y")),
        })),
        format!(
            "Updated: nickname changed from A to B; title changed from {}… to y; 2 more attributes changed",
            "x".repeat(60)
        )
    );
    assert_eq!(
        updated(json!({
            format!("{URN}:costCenter"): change(Value::Null, json!("7")),
            format!("{URN}:department"): change(json!("R&D"), Value::Null),
        })),
        "Updated: cost center set to 7; department removed: it was R&D"
    );
    let user = scim_protocol::schema::user();
    let attributes = user.extensions.iter().chain([&user.schema]).flat_map(|schema| &schema.attributes);
    // Events have no others: these two are not in the body of a stored person, and a password is in none.
    let not_kept = ["active", "groups", "password"];
    for attribute in attributes.filter(|attribute| !not_kept.contains(&attribute.name.as_ref())) {
        assert!(
            super::attributes::is_named(&attribute.name),
            "{} has no name for administrators",
            attribute.name
        );
    }
}
