//! Change events as SCIM security events (RFC 9967): what another SCIM server has to hear of people and groups.
//!
//! Settings, keys, projects and teams are no SCIM resources. Of a project or team, its groups have events: a renamed
//! one has `group.updated` for each, a deleted team `group.deleted`, an archived project `group.hidden`.

use crate::event::{Event, GroupRef, Memberships, Named, PersonRef};

/// An event type of RFC 9967, section 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityEventType {
    /// The receiver may know the resource from now on.
    FeedAdd,
    /// The receiver is not told of the resource any more.
    FeedRemove,
    /// A resource was created.
    Create,
    /// Attributes of a resource changed.
    Patch,
    /// A resource was deleted.
    Delete,
    /// A person may use the organization again.
    Activate,
    /// A person may not use the organization any more.
    Deactivate,
}

impl SecurityEventType {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::FeedAdd,
        Self::FeedRemove,
        Self::Create,
        Self::Patch,
        Self::Delete,
        Self::Activate,
        Self::Deactivate,
    ];

    /// Its URN. `notice`: the attributes are named, and the receiver reads their values over SCIM.
    pub fn urn(self) -> &'static str {
        match self {
            Self::FeedAdd => "urn:ietf:params:scim:event:feed:add",
            Self::FeedRemove => "urn:ietf:params:scim:event:feed:remove",
            Self::Create => "urn:ietf:params:scim:event:prov:create:notice",
            Self::Patch => "urn:ietf:params:scim:event:prov:patch:notice",
            Self::Delete => "urn:ietf:params:scim:event:prov:delete",
            Self::Activate => "urn:ietf:params:scim:event:prov:activate",
            Self::Deactivate => "urn:ietf:params:scim:event:prov:deactivate",
        }
    }
}

/// What happened to one SCIM resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityEvent {
    /// What happened.
    pub event_type: SecurityEventType,
    /// The path of the resource below the base URL, such as `/Users/<id>`.
    pub uri: String,
    /// Names of the attributes; empty where the type has none.
    pub attributes: Vec<String>,
}

/// The events of SCIM resources that a change event stands for. `subject` is the id of what it is about, and
/// `org_role_attribute` the attribute that carries the organization role.
pub fn security_events(event: &Event, subject: &str, org_role_attribute: &str) -> Vec<SecurityEvent> {
    use SecurityEventType::{Activate, Create, Deactivate, Delete, FeedAdd, FeedRemove, Patch};
    let role = || vec![org_role_attribute.to_owned()];
    match event {
        Event::PersonCreated { visible: true, .. } => {
            vec![user(Create, subject, names(&["userName", "active"]))]
        }
        Event::PersonUndeleted { visible: true, .. } => {
            vec![user(Create, subject, names(&["userName", "active", "groups"]))]
        }
        Event::PersonUpdated { attributes } => vec![user(Patch, subject, attributes.clone())],
        Event::PersonDeactivated { .. } => vec![user(Deactivate, subject, Vec::new())],
        Event::PersonRestored { .. } => vec![user(Activate, subject, Vec::new())],
        Event::PersonDeleted { visible: true, .. } => vec![user(Delete, subject, Vec::new())],
        Event::PersonHidden { people } => each(people, FeedRemove),
        Event::PersonShown { people } => each(people, FeedAdd),
        Event::OrgRoleChanged { active: true, .. } => vec![user(Patch, subject, role())],
        Event::OwnershipTransferred { owner, .. } => {
            vec![user(Patch, &owner.before, role()), user(Patch, &owner.after, role())]
        }
        Event::MembershipAdded(Memberships { groups, .. })
        | Event::MembershipRemoved(Memberships { groups, .. }) => {
            groups.iter().map(|at| group(Patch, &at.id, names(&["members"]))).collect()
        }
        // With a role its group is created, which has an event of its own.
        Event::GroupCreated { group: made } => vec![group(Create, &made.id, names(&["displayName"]))],
        Event::GroupHidden { groups, .. } => each_group(groups, FeedRemove),
        Event::GroupShown { groups, .. } => each_group(groups, FeedAdd),
        Event::GroupUpdated { name, external_id } => {
            let mut changed = Vec::new();
            if name.before != name.after {
                changed.push("displayName".to_owned());
            }
            if external_id.before != external_id.after {
                changed.push("externalId".to_owned());
            }
            vec![group(Patch, subject, changed)]
        }
        Event::GroupDeleted { group: GroupRef { id, .. }, .. } => vec![group(Delete, id, Vec::new())],
        _ => Vec::new(),
    }
}

fn user(event_type: SecurityEventType, id: &str, attributes: Vec<String>) -> SecurityEvent {
    SecurityEvent { event_type, uri: format!("/Users/{id}"), attributes }
}

fn group(event_type: SecurityEventType, id: &str, attributes: Vec<String>) -> SecurityEvent {
    SecurityEvent { event_type, uri: format!("/Groups/{id}"), attributes }
}

fn each(people: &[PersonRef], event_type: SecurityEventType) -> Vec<SecurityEvent> {
    people.iter().map(|person| user(event_type, &person.id, Vec::new())).collect()
}

fn each_group(groups: &[Named], event_type: SecurityEventType) -> Vec<SecurityEvent> {
    groups.iter().map(|at| group(event_type, &at.id, Vec::new())).collect()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OrgRole;
    use crate::event::Transition;

    fn shown(event: &Event) -> Vec<String> {
        security_events(event, "p1", "statsigOrgRole")
            .into_iter()
            .map(|SecurityEvent { event_type, uri, attributes }| {
                format!(
                    "{} {uri} {}",
                    event_type.urn().trim_start_matches("urn:ietf:params:scim:event:"),
                    attributes.join(",")
                )
            })
            .collect()
    }

    #[test]
    fn a_person_whom_scim_does_not_see_has_no_events() {
        let created = |visible| Event::PersonCreated { active: true, org_role: OrgRole::Member, visible };
        assert_eq!(shown(&created(true)), ["prov:create:notice /Users/p1 userName,active"]);
        assert_eq!(shown(&created(false)), Vec::<String>::new());
    }

    #[test]
    fn memberships_are_a_change_of_each_group() {
        let group = |id: &str| GroupRef {
            id: id.to_owned(),
            name: id.to_owned(),
            external_id: None,
            project: None,
            team: None,
            role: None,
            since: None,
        };
        let removed = Event::MembershipRemoved(Memberships {
            groups: vec![group("g1"), group("g2")],
            people: vec![PersonRef { id: "p1".to_owned(), since: None }],
        });
        assert_eq!(
            shown(&removed),
            ["prov:patch:notice /Groups/g1 members", "prov:patch:notice /Groups/g2 members"]
        );
    }

    #[test]
    fn the_groups_of_an_archived_project_leave_the_feed_and_come_back() {
        let named = |id: &str| Named { id: id.to_owned(), name: id.to_owned() };
        let groups = vec![named("g1"), named("g2")];
        let hidden = Event::GroupHidden { name: "Web".to_owned(), groups: groups.clone() };
        assert_eq!(shown(&hidden), ["feed:remove /Groups/g1 ", "feed:remove /Groups/g2 "]);
        let shown_again = Event::GroupShown { name: "Web".to_owned(), groups };
        assert_eq!(shown(&shown_again), ["feed:add /Groups/g1 ", "feed:add /Groups/g2 "]);
    }

    #[test]
    fn a_new_owner_changes_the_role_of_two_people() {
        let owner = Transition { before: "p1".to_owned(), after: "p2".to_owned() };
        let transferred = Event::OwnershipTransferred { owner, role_before: OrgRole::Admin };
        assert_eq!(
            shown(&transferred),
            ["prov:patch:notice /Users/p1 statsigOrgRole", "prov:patch:notice /Users/p2 statsigOrgRole"]
        );
    }
}
