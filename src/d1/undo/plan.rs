//! What an undo makes of the subjects that were read, and what it says of them.

use serde::{Deserialize, Serialize};

use super::history::{LoadedGroup, LoadedPerson, Names};
use directory::group::Group;
use directory::group_name::fold_group_name;
use directory::undo::{Existence, Facet, GroupPlan, Left, PersonPlan, Reason, of_group, of_person};
use directory::{Organization, User};

/// What is restored, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// People of whom something is restored.
    pub people: u64,
    /// Groups whose own attributes are restored.
    pub groups: u64,
    /// Deleted people who come back.
    pub undeleted: u64,
    /// People who are deleted, since a selected change created them.
    pub deleted: u64,
    /// People who become active.
    pub activated: u64,
    /// People who become inactive.
    pub deactivated: u64,
    /// People who get another organization role.
    pub org_roles: u64,
    /// Attributes of people that get their former values.
    pub attributes: u64,
    /// Memberships that begin again.
    pub joined: u64,
    /// Memberships that end.
    pub left: u64,
}

impl Counts {
    /// The sum of both.
    pub fn plus(self, other: Self) -> Self {
        Self {
            people: self.people.saturating_add(other.people),
            groups: self.groups.saturating_add(other.groups),
            undeleted: self.undeleted.saturating_add(other.undeleted),
            deleted: self.deleted.saturating_add(other.deleted),
            activated: self.activated.saturating_add(other.activated),
            deactivated: self.deactivated.saturating_add(other.deactivated),
            org_roles: self.org_roles.saturating_add(other.org_roles),
            attributes: self.attributes.saturating_add(other.attributes),
            joined: self.joined.saturating_add(other.joined),
            left: self.left.saturating_add(other.left),
        }
    }

    fn of(restored: &[Facet], is_person: bool, after: Option<&User>, joins: usize) -> Self {
        let count = |is: &dyn Fn(&Facet) -> bool| restored.iter().filter(|facet| is(facet)).count() as u64;
        let one = |is: bool| u64::from(is);
        let changed = one(!restored.is_empty());
        let is_active = after.is_some_and(|user| user.active);
        let active = count(&|facet| *facet == Facet::Active);
        let memberships = count(&|facet| matches!(facet, Facet::Membership { .. }));
        Self {
            people: if is_person { changed } else { 0 },
            groups: if is_person { 0 } else { changed },
            undeleted: 0,
            deleted: 0,
            activated: if is_active { active } else { 0 },
            deactivated: if is_active { 0 } else { active },
            org_roles: count(&|facet| *facet == Facet::OrgRole),
            attributes: count(&|facet| matches!(facet, Facet::Attribute { .. })),
            joined: joins as u64,
            left: memberships.saturating_sub(joins as u64),
        }
    }
}

/// A person and what becomes of them.
#[derive(Debug, Clone)]
pub(super) struct PlannedPerson {
    pub(super) loaded: LoadedPerson,
    pub(super) plan: PersonPlan,
}

/// A group and what becomes of it.
#[derive(Debug, Clone)]
pub(super) struct PlannedGroup {
    pub(super) loaded: LoadedGroup,
    pub(super) plan: GroupPlan,
}

impl PlannedPerson {
    /// Decides about a person. `room` is how many people more SCIM may see.
    pub(super) fn of(
        loaded: LoadedPerson,
        names: &Names,
        organization: &Organization,
        room: &mut Option<u64>,
    ) -> Self {
        let mut plan =
            of_person(&loaded.id, &loaded.history, &loaded.now, &|fold| names.is_taken(fold, &loaded.id));
        let is_seen = |user: &User| organization.manages(user.email_domain().as_deref());
        let appears = plan.existence == Existence::Undeleted && plan.user.as_ref().is_some_and(is_seen);
        match room {
            Some(0) if appears => plan = left_whole(Facet::Existence, Reason::OrganizationFull),
            Some(room) if appears => *room = room.saturating_sub(1),
            _ => {}
        }
        Self { loaded, plan }
    }

    /// A person who stays as they are, for that reason.
    pub(super) fn leaving(loaded: LoadedPerson, reason: Reason) -> Self {
        Self { loaded, plan: left_whole(Facet::Existence, reason) }
    }

    /// The `userName` in folded form that the person gets by it.
    pub(super) fn new_user_name(&self) -> Option<String> {
        let after = self.plan.user.as_ref()?.folded_user_name();
        let before = self.loaded.now.user.as_ref().map(User::folded_user_name);
        (before.as_ref() != Some(&after)).then_some(after)
    }

    /// How many memberships begin and end.
    pub(super) fn memberships(&self) -> usize {
        self.plan.join.len().saturating_add(self.plan.leave.len())
    }

    pub(super) fn counts(&self) -> Counts {
        let plan = &self.plan;
        if plan.existence == Existence::Deleted {
            return Counts { people: 1, deleted: 1, ..Counts::default() };
        }
        let mut counts = Counts::of(&plan.restored, true, plan.user.as_ref(), plan.join.len());
        counts.undeleted = u64::from(plan.existence == Existence::Undeleted);
        counts
    }
}

fn left_whole(facet: Facet, reason: Reason) -> PersonPlan {
    PersonPlan {
        existence: Existence::Stays,
        user: None,
        join: Vec::new(),
        leave: Vec::new(),
        restored: Vec::new(),
        left: vec![Left { facet, reason, event: None }],
    }
}

impl PlannedGroup {
    /// A group that stays as it is, for that reason.
    pub(super) fn leaving(loaded: LoadedGroup, reason: Reason) -> Self {
        let left = vec![Left { facet: Facet::DisplayName, reason, event: None }];
        let plan = GroupPlan { group: loaded.now.group.clone(), restored: Vec::new(), left };
        Self { loaded, plan }
    }

    pub(super) fn of(loaded: LoadedGroup, names: &Names) -> Self {
        let is_taken = |group: &Group| names.is_taken(&fold_group_name(&group.display_name), &loaded.id);
        let free = of_group(&loaded.events, &loaded.now, false);
        let plan = match &free.group {
            Some(group) if is_taken(group) => of_group(&loaded.events, &loaded.now, true),
            _ => free,
        };
        Self { loaded, plan }
    }

    /// The name in folded form that the group gets by it.
    pub(super) fn new_name(&self) -> Option<String> {
        let fold = |group: &Group| fold_group_name(&group.display_name);
        let after = self.plan.group.as_ref().map(fold)?;
        (self.loaded.now.group.as_ref().map(fold).as_ref() != Some(&after)).then_some(after)
    }

    pub(super) fn counts(&self) -> Counts {
        Counts::of(&self.plan.restored, false, None, 0)
    }
}

/// A person or a group of whom something stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// 0: a group; 1: a person.
    pub place: u8,
    /// Identifier.
    pub id: String,
    /// What stays.
    pub left: Vec<Left>,
}
