//! The words of one event.

use maud::{Markup, html};
use serde_json::Value;

use super::super::parts::brief;
use super::attributes::{self, transition};
use super::names::{People, View, count};
use crate::admin_api::types::events::ChangeEvent;
use crate::console::pages::parts::time;
use directory::OrgRole;
use directory::event::{Event, GroupRef, Transition};

/// What was done, in a word or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    /// The weightiest of several events says what was done.
    pub(super) weight: u8,
    pub(super) text: &'static str,
    /// The class of its label.
    pub(super) tone: &'static str,
}

impl Word {
    /// The word of no event.
    pub(super) const NONE: Self = Self { weight: 0, text: "", tone: "plain" };
    /// The weight of memberships. Their word depends on the page.
    pub(super) const OF_MEMBERSHIPS: u8 = 1;
}

/// What an event says was done.
pub(super) fn word(event: &Event) -> Word {
    use Event as E;
    let (weight, text, tone) = match event {
        E::PersonDeleted { .. } => (99, "Deleted", "bad"),
        E::PersonDeactivated { .. } => (98, "Deactivated", "bad"),
        E::PersonUndeleted { .. } => (97, "Brought back", "good"),
        E::PersonRestored { .. } => (96, "Activated again", "good"),
        E::PersonCreated { .. } => (95, "Created", "good"),
        E::PersonErased {} => (94, "Erased", "plain"),
        E::OwnershipTransferred { .. } => (90, "Ownership transferred", "warn"),
        E::PersonHidden { .. } => (89, "Hidden from SCIM", "warn"),
        E::PersonShown { .. } => (88, "Shown to SCIM", "good"),
        E::OrgRoleChanged { .. } => (87, "Role changed", "plain"),
        E::GroupDeleted { .. } | E::TeamDeleted { .. } => (85, "Deleted", "bad"),
        E::ProjectArchived { .. } => (84, "Archived", "bad"),
        E::ProjectRestored { .. } => (83, "Restored", "good"),
        E::GroupCreated { .. } | E::ProjectCreated { .. } | E::RoleCreated { .. } | E::TeamCreated { .. } => {
            (82, "Created", "good")
        }
        E::ProjectRenamed { .. } | E::TeamRenamed { .. } | E::RoleRenamed { .. } => (81, "Renamed", "plain"),
        E::KeyDeactivated { .. } | E::ProductKeyDeactivated { .. } => (80, "Deactivated", "bad"),
        E::KeyCreated { .. } | E::ProductKeyCreated { .. } => (79, "Generated", "good"),
        E::KeyRenamed { .. } | E::ProductKeyRenamed { .. } => (63, "Renamed", "plain"),
        E::SetupLinkRevoked { .. } => (60, "Revoked", "bad"),
        E::SetupLinkCreated { .. } => (59, "Made", "good"),
        E::SetupLinkOpened { .. } => (58, "Opened", "plain"),
        E::GroupHidden { .. } => (57, "Groups hidden from SCIM", "warn"),
        E::GroupShown { .. } => (56, "Groups shown to SCIM", "good"),
        E::KeyExpiryChanged { .. } | E::ProductKeyExpiryChanged { .. } => (78, "Expiry changed", "plain"),
        E::OrganizationCreated { .. } => (77, "Created", "good"),
        E::OrganizationDeleted { .. } => (93, "Deleted", "bad"),
        E::OrganizationRestored { .. } => (92, "Restored", "good"),
        E::SettingsChanged { .. } => (76, "Settings changed", "plain"),
        E::RolePermissionsChanged { .. } => (62, "Permissions changed", "plain"),
        E::WebhookChanged { .. } => (61, "Webhook changed", "plain"),
        E::BrakeEngaged { .. } => (75, "Brake engaged", "bad"),
        E::BrakeReleased { .. } => (74, "Brake released", "good"),
        E::PeopleCounted { .. } => (64, "People counted", "plain"),
        E::WritesPaused {} => (73, "Paused", "warn"),
        E::WritesResumed {} => (72, "Resumed", "good"),
        E::InvitationAccepted {} => (66, "Invitation accepted", "good"),
        E::InvitationDeclined {} => (65, "Invitation declined", "plain"),
        E::UndoFinished { .. } => (71, "Undo finished", "good"),
        E::UndoStarted { .. } => (70, "Undo began", "plain"),
        E::ImportFinished { .. } => (69, "Import finished", "good"),
        E::ImportStarted { .. } => (68, "Import began", "plain"),
        E::HistoryStarted {} => (67, "History begins", "plain"),
        E::PersonUpdated { .. } | E::GroupUpdated { .. } => (50, "Updated", "plain"),
        E::MembershipAdded(_) | E::MembershipRemoved(_) => (Word::OF_MEMBERSHIPS, "Members changed", "plain"),
    };
    Word { weight, text, tone }
}

/// What an event says beside that, as parts of a sentence. The clause tells lists of people and groups, and the values
/// of attributes.
pub(super) fn phrases(view: &View<'_>, told: &ChangeEvent, people: &People<'_>) -> Vec<Markup> {
    use Event as E;
    let plain = |text: String| vec![html! { (text) }];
    let person = |id: &str| view.person(id, people.get(id).copied());
    match &told.event {
        E::HistoryStarted {} => plain("What changed before is not known".to_owned()),
        E::PersonCreated { active, org_role, visible } | E::PersonUndeleted { active, org_role, visible } => {
            state(*active, *org_role, *visible)
        }
        E::PersonDeleted { active, org_role, .. } => {
            let mut phrases = Vec::new();
            if *org_role != OrgRole::Member {
                phrases.push(html! { "was " (org_role.as_str()) });
            }
            if !*active {
                phrases.push(html! { "had no access before" });
            }
            phrases
        }
        E::PersonUpdated { attributes } if told.changes.is_none() => {
            let names: Vec<&str> = attributes.iter().map(|own| attributes::name(own)).collect();
            plain(format!("{} changed; their values are erased", names.join(" and ")))
        }
        E::PersonUpdated { .. } => Vec::new(),
        E::PersonDeactivated { org_role: Transition { before, after } } => match (before, after) {
            (OrgRole::Member, _) => Vec::new(),
            (before, after) if before == after => {
                plain(format!("{} is kept for the next activation", before.as_str()))
            }
            (before, _) => plain(format!("lost {}", before.as_str())),
        },
        E::PersonRestored { org_role } => match org_role.after {
            OrgRole::Member => Vec::new(),
            role => plain(format!("as {}", role.as_str())),
        },
        E::PersonErased {} => plain("names and values are gone from the history".to_owned()),
        E::PersonHidden { .. } | E::PersonShown { .. } => Vec::new(),
        E::OrgRoleChanged { org_role: Transition { before, after }, active } => {
            plain(match (active, after) {
                (true, OrgRole::Member) => format!("lost {}", before.as_str()),
                (true, role) => format!("became {}", role.as_str()),
                (false, role) => format!("will be {} once activated", role.as_str()),
            })
        }
        E::OwnershipTransferred { owner, role_before } => vec![html! {
            "from " (person(&owner.before)) " to " (person(&owner.after)) ", who was "
            (role_before.as_str())
        }],
        E::MembershipAdded(_) | E::MembershipRemoved(_) => Vec::new(),
        E::GroupUpdated { name, external_id } => {
            let mut phrases = renamed(name);
            if external_id.before != external_id.after {
                phrases.push(transition(
                    "identity provider's id",
                    external_id.before.as_deref(),
                    external_id.after.as_deref(),
                ));
            }
            phrases
        }
        E::GroupCreated { group } | E::RoleCreated { group } | E::GroupDeleted { group, .. } => {
            scim_name(group)
        }
        E::ProjectCreated { .. } | E::OrganizationCreated { .. } => Vec::new(),
        E::ProjectArchived { .. } => plain("its groups lost their members".to_owned()),
        E::ProjectRestored { .. } => plain("its groups are back, without members".to_owned()),
        E::GroupHidden { groups, .. } | E::GroupShown { groups, .. } => {
            let mut phrases: Vec<Markup> = groups.iter().map(|group| html! { (group.name) }).collect();
            match told.group_count.saturating_sub(groups.len() as u64) {
                0 => {}
                more => phrases.push(html! { "and " (more) " more" }),
            }
            phrases
        }
        E::OrganizationDeleted { .. } => plain("its keys are refused".to_owned()),
        E::OrganizationRestored { .. } => plain("its keys are good again".to_owned()),
        E::ProjectRenamed { name } => vec![from_to(name)],
        E::TeamRenamed { name, project } | E::RoleRenamed { role: name, project } => {
            vec![from_to(name), html! { "in " (view.project(&project.id, &project.name)) }]
        }
        E::TeamCreated { project, .. } | E::TeamDeleted { project, .. } => {
            vec![html! { "in " (view.project(&project.id, &project.name)) }]
        }
        E::KeyCreated { expires_at, replaces, name, .. } => {
            let mut phrases = Vec::new();
            if let Some(name) = name {
                phrases.push(html! { "named " (name) });
            }
            if let Some(replaced) = replaces {
                phrases.push(html! { "replaces " code { (directory::key::hint(replaced)) } });
            }
            phrases.push(match expires_at {
                Some(at) => html! { "expires " (time(at)) },
                None => html! { "never expires" },
            });
            phrases
        }
        E::KeyRenamed { name, .. } => {
            vec![transition("name", name.before.as_deref(), name.after.as_deref())]
        }
        E::ProductKeyRenamed { name, .. } => vec![from_to(name)],
        E::SetupLinkCreated { expires_at, .. } => vec![html! { "good until " (time(expires_at)) }],
        E::SetupLinkOpened { .. } => plain("without an account".to_owned()),
        E::SetupLinkRevoked { .. } => plain("it opens nothing any more".to_owned()),
        E::ProductKeyCreated { name, scopes, replaces, expires_at, .. } => {
            let may: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
            let mut phrases = vec![html! { "named " (name) }, html! { "may " (may.join(", ")) }];
            if let Some(replaced) = replaces {
                phrases.push(html! { "replaces " code { (replaced) } });
            }
            if let Some(at) = expires_at {
                phrases.push(html! { "expires " (time(at)) });
            }
            phrases
        }
        E::KeyExpiryChanged { expires_at, .. } | E::ProductKeyExpiryChanged { expires_at, .. } => {
            vec![html! { "expires " (time(expires_at)) }]
        }
        E::KeyDeactivated { .. } | E::ProductKeyDeactivated { .. } => {
            plain("requests with it are refused".to_owned())
        }
        E::SettingsChanged { settings } | E::WebhookChanged { settings, .. } => {
            settings.0.iter().map(|(name, values)| setting(name, values)).collect()
        }
        E::RolePermissionsChanged { on, role, permissions } => {
            let text = |names: &[String]| (!names.is_empty()).then(|| names.join(", "));
            let (before, after) = (text(&permissions.before), text(&permissions.after));
            let what = format!("what the {} role {role} allows", on.as_str());
            vec![transition(&what, before.as_deref(), after.as_deref())]
        }
        E::ImportStarted { resource, total, .. } | E::ImportFinished { resource, total, .. } => {
            let (one, many) = if resource == "Users" { ("person", "people") } else { ("group", "groups") };
            vec![view.link("imports", &count(total.unsigned_abs(), one, many))]
        }
        E::BrakeEngaged { lost, limit } => plain(format!(
            "{} lost access within an hour, and at most {limit} may",
            count(lost.unsigned_abs(), "person", "people")
        )),
        E::BrakeReleased { lifted_until } => match lifted_until {
            Some(until) => vec![html! { "it does not engage before " (time(until)) }],
            None => plain("it may engage again".to_owned()),
        },
        E::PeopleCounted { active } => plain(format!(
            "{} are active, not {}",
            count(active.after.unsigned_abs(), "person", "people"),
            active.before
        )),
        E::WritesPaused {} => plain("changes of the identity provider are refused".to_owned()),
        E::WritesResumed {} => plain("changes of the identity provider are accepted again".to_owned()),
        E::InvitationAccepted {} => plain("administers the organization now".to_owned()),
        E::InvitationDeclined {} => plain("does not administer the organization".to_owned()),
        E::UndoStarted { .. } => Vec::new(),
        E::UndoFinished { restored, skipped, .. } => plain(match skipped {
            0 => format!("{restored} changed back"),
            _ => format!("{restored} changed back, {skipped} left as they are"),
        }),
    }
}

/// Whether what the event did can be undone.
pub(super) fn can_be_undone(event: &Event) -> bool {
    use Event as E;
    matches!(
        event,
        E::PersonCreated { .. }
            | E::PersonUpdated { .. }
            | E::PersonDeactivated { .. }
            | E::PersonRestored { .. }
            | E::PersonDeleted { .. }
            | E::PersonUndeleted { .. }
            | E::OrgRoleChanged { .. }
            | E::MembershipAdded(_)
            | E::MembershipRemoved(_)
            | E::GroupUpdated { .. }
    )
}

/// The group that an event is about.
pub(super) fn group(event: &Event) -> Option<&GroupRef> {
    match event {
        Event::MembershipAdded(memberships) | Event::MembershipRemoved(memberships) => {
            memberships.groups.first()
        }
        Event::GroupCreated { group } | Event::GroupDeleted { group, .. } | Event::RoleCreated { group } => {
            Some(group)
        }
        _ => None,
    }
}

fn state(active: bool, org_role: OrgRole, visible: bool) -> Vec<Markup> {
    let mut phrases = Vec::new();
    if org_role != OrgRole::Member {
        phrases.push(html! { "as " (org_role.as_str()) });
    }
    if !active {
        phrases.push(html! { "without access" });
    }
    if !visible {
        phrases.push(html! { "not seen by SCIM" });
    }
    phrases
}

fn renamed(name: &Transition<String>) -> Vec<Markup> {
    if name.before == name.after {
        return Vec::new();
    }
    vec![html! { "renamed " (from_to(name)) }]
}

fn from_to(name: &Transition<String>) -> Markup {
    html! { "from " q { (name.before) } " to " q { (name.after) } }
}

/// The name under which identity providers know a group that is called by its meaning.
fn scim_name(group: &GroupRef) -> Vec<Markup> {
    match group.project {
        Some(_) => vec![html! { "SCIM group " q { (brief(&group.name)) } }],
        None => Vec::new(),
    }
}

/// What administrators call the settings.
const SETTINGS: [(&str, &str); 11] = [
    ("group_prefix", "group prefix"),
    ("org_role_attribute", "attribute of the organization role"),
    ("name", "name"),
    ("mail_domains", "mail domains"),
    ("email_management", "user names and mail changed over SCIM"),
    ("plain_groups", "groups of any name"),
    ("key_lifetime_days", "days after which a new key expires"),
    ("user_limit", "most people"),
    ("revocation_minutes", "minutes until the alert about an unacknowledged deactivation"),
    ("brake_percent", "share of people at which the brake engages"),
    ("keep_access", "roles and groups kept over a deactivation"),
];

/// What administrators call a setting.
pub(in crate::console::pages) fn setting_name(own: &str) -> String {
    let name = SETTINGS.iter().find(|(known, _)| *known == own).map(|(_, name)| (*name).to_owned());
    name.unwrap_or_else(|| own.replace('_', " "))
}

/// A changed setting.
fn setting(own: &str, values: &Transition<Value>) -> Markup {
    let name = setting_name(own);
    match &values.after {
        Value::Bool(true) => html! { (name) ": on" },
        Value::Bool(false) => html! { (name) ": off" },
        after => {
            let text = |value| super::attributes::text(Some(value));
            transition(&name, text(&values.before).as_deref(), text(after).as_deref())
        }
    }
}
