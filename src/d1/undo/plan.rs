//! What an undo makes of what was read, and what it says of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::history::{LoadedPerson, LoadedThing};
use super::names::{Kind, Names, Wanted};
use directory::group_name::{TEAM_ROLES, fold_group_name, team_role};
use directory::undo::{
    self as rules, Existence, Facet, GroupNow, Left, PersonPlan, Place, ProjectNow, Reason, TeamNow,
    ThingPlan,
};
use directory::{Organization, User};

/// What is restored, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = UndoCounts)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// People of whom something is restored.
    pub people: u64,
    /// Groups that get their former name or external id, and teams that get their former name.
    pub groups: u64,
    /// Deleted people who come back.
    pub undeleted: u64,
    /// People who are deleted, since a selected change created them.
    pub deleted: u64,
    /// People who become active.
    pub activated: u64,
    /// People who become inactive.
    pub deactivated: u64,
    /// People who get their former organization role.
    pub org_roles: u64,
    /// Attributes of people that get their former values.
    pub attributes: u64,
    /// Memberships that begin again.
    pub joined: u64,
    /// Memberships that end.
    pub left: u64,
    /// Deleted groups that come back, those of teams included.
    #[serde(default)]
    #[schema(required)]
    pub groups_undeleted: u64,
    /// Groups that are deleted with their memberships, since a selected change created them.
    #[serde(default)]
    #[schema(required)]
    pub groups_deleted: u64,
    /// Deleted teams that come back.
    #[serde(default)]
    #[schema(required)]
    pub teams_undeleted: u64,
    /// Teams that are deleted with their groups, since a selected change created them.
    #[serde(default)]
    #[schema(required)]
    pub teams_deleted: u64,
    /// Projects that are restored, archived, or get their former names.
    #[serde(default)]
    #[schema(required)]
    pub projects: u64,
    /// Settings that get their former values.
    #[serde(default)]
    #[schema(required)]
    pub settings: u64,
    /// People whom SCIM sees again by their mail domains.
    #[serde(default)]
    #[schema(required)]
    pub shown: u64,
    /// People whom SCIM no longer sees by their mail domains.
    #[serde(default)]
    #[schema(required)]
    pub hidden: u64,
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
            groups_undeleted: self.groups_undeleted.saturating_add(other.groups_undeleted),
            groups_deleted: self.groups_deleted.saturating_add(other.groups_deleted),
            teams_undeleted: self.teams_undeleted.saturating_add(other.teams_undeleted),
            teams_deleted: self.teams_deleted.saturating_add(other.teams_deleted),
            projects: self.projects.saturating_add(other.projects),
            settings: self.settings.saturating_add(other.settings),
            shown: self.shown.saturating_add(other.shown),
            hidden: self.hidden.saturating_add(other.hidden),
        }
    }

    /// How many people and things are changed.
    pub fn subjects(self) -> u64 {
        let things = [
            self.people,
            self.groups,
            self.groups_undeleted,
            self.groups_deleted,
            self.teams_deleted,
            self.projects,
            self.settings,
        ];
        things.into_iter().fold(0, u64::saturating_add)
    }

    fn of_person(restored: &[Facet], after: Option<&User>, joins: usize) -> Self {
        let count = |is: &dyn Fn(&Facet) -> bool| restored.iter().filter(|facet| is(facet)).count() as u64;
        let is_active = after.is_some_and(|user| user.active);
        let active = count(&|facet| *facet == Facet::Active);
        let memberships = count(&|facet| matches!(facet, Facet::Membership { .. }));
        Self {
            people: u64::from(!restored.is_empty()),
            activated: if is_active { active } else { 0 },
            deactivated: if is_active { 0 } else { active },
            org_roles: count(&|facet| *facet == Facet::OrgRole),
            attributes: count(&|facet| matches!(facet, Facet::Attribute { .. })),
            joined: joins as u64,
            left: memberships.saturating_sub(joins as u64),
            ..Self::default()
        }
    }
}

/// What is known of a plan's surroundings.
pub(super) struct Around<'a> {
    pub(super) organization: &'a Organization,
    /// The prefix of the names of projects' groups.
    pub(super) prefix: &'a str,
    pub(super) names: &'a Names,
    pub(super) foreseen: &'a Foreseen,
    /// Whether what comes first in the order of the steps is not done yet.
    pub(super) is_preview: bool,
}

impl Around<'_> {
    fn is_taken(&self, kind: Kind, fold: &str, by_other_than: &str) -> bool {
        self.names.is_taken(kind, fold, by_other_than, &self.foreseen.going)
    }
}

/// What earlier steps of an undo will do, for a preview.
#[derive(Debug, Default)]
pub(super) struct Foreseen {
    /// Archived projects that are restored.
    pub(super) projects: Vec<String>,
    /// Groups that exist again.
    pub(super) groups: Vec<String>,
    /// Groups and people who are deleted.
    pub(super) going: Vec<String>,
}

/// A person and what becomes of them.
#[derive(Debug, Clone)]
pub(super) struct PlannedPerson {
    pub(super) loaded: LoadedPerson,
    pub(super) plan: PersonPlan,
}

/// A group, team, project or organization, and what becomes of it.
#[derive(Debug, Clone)]
pub(super) struct PlannedThing {
    pub(super) loaded: LoadedThing,
    pub(super) plan: ThingPlan,
    /// How many people SCIM sees again by the settings, and how many it no longer sees.
    pub(super) visibility: (u64, u64),
}

impl PlannedPerson {
    /// Decides about a person. `room` is how many people more SCIM may see.
    pub(super) fn of(mut loaded: LoadedPerson, around: &Around<'_>, room: &mut Option<u64>) -> Self {
        for past in &mut loaded.history.events {
            past.gone.retain(|group| !around.foreseen.groups.contains(group));
        }
        let is_taken = |fold: &str| around.is_taken(Kind::Person, fold, &loaded.id);
        let mut plan = rules::of_person(&loaded.id, &loaded.history, &loaded.now, &is_taken);
        let is_deleted = plan.existence == Existence::Deleted;
        // A person is deleted in a place of its own, where all else is left to the later one.
        if is_deleted != (loaded.place == Place::CreatedPerson) && (around.is_preview || !is_deleted) {
            plan = PersonPlan { user: loaded.now.user.clone(), ..nothing() };
        }
        // These memberships end with their groups.
        let going = |group: &String| around.foreseen.going.contains(group);
        plan.leave.retain(|group| !going(group));
        plan.restored.retain(|facet| !matches!(facet, Facet::Membership { group } if going(group)));
        let is_seen = |user: &User| around.organization.manages(user.email_domain().as_deref());
        let is_one_of_the_seen = plan.user.as_ref().is_some_and(is_seen);
        match (room, plan.existence) {
            (Some(0), Existence::Undeleted) if is_one_of_the_seen => {
                plan = left_whole(Reason::OrganizationFull);
            }
            (Some(room), Existence::Undeleted) if is_one_of_the_seen => *room = room.saturating_sub(1),
            (Some(room), Existence::Deleted) if is_one_of_the_seen => *room = room.saturating_add(1),
            _ => {}
        }
        Self { loaded, plan }
    }

    /// A person who stays as they are, for that reason.
    pub(super) fn leaving(loaded: LoadedPerson, reason: Reason) -> Self {
        Self { loaded, plan: left_whole(reason) }
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
        let mut counts = Counts::of_person(&plan.restored, plan.user.as_ref(), plan.join.len());
        counts.undeleted = u64::from(plan.existence == Existence::Undeleted);
        counts
    }
}

fn nothing() -> PersonPlan {
    PersonPlan {
        existence: Existence::Stays,
        user: None,
        join: Vec::new(),
        leave: Vec::new(),
        restored: Vec::new(),
        left: Vec::new(),
    }
}

fn left_whole(reason: Reason) -> PersonPlan {
    PersonPlan { left: vec![Left::whole(reason)], ..nothing() }
}

impl PlannedThing {
    /// Something that stays as it is, for that reason.
    pub(super) fn leaving(loaded: LoadedThing, reason: Reason) -> Self {
        Self { loaded, plan: ThingPlan::leaving(reason), visibility: (0, 0) }
    }

    pub(super) fn of(loaded: LoadedThing, around: &Around<'_>) -> Self {
        let row = &loaded.row;
        let past = loaded.past.as_slice();
        let returns = |project: &ProjectNow| around.foreseen.projects.contains(&project.id);
        let project = row.project.clone().map(|project| match loaded.place {
            Place::Project | Place::RestoredProject => project,
            _ => ProjectNow { is_archived: project.is_archived && !returns(&project), ..project },
        });
        let is_archived = project.as_ref().is_some_and(|project| project.is_archived);
        let is_group_taken = |name: &str| around.is_taken(Kind::Group, &fold_group_name(name), loaded.id());
        let plan = match loaded.place {
            Place::Project => rules::of_project(past, project.as_ref(), &|name| {
                around.is_taken(Kind::Project, &fold_group_name(name), loaded.id())
            }),
            Place::RestoredProject => rules::of_restored_project(past, project.as_ref(), row.blocked),
            Place::CreatedTeam | Place::CreatedGroup => {
                let plan = rules::of_created(past, row.exists, row.blocked);
                match plan.existence {
                    Existence::Deleted if is_archived => ThingPlan::leaving(Reason::ProjectGone),
                    _ => plan,
                }
            }
            Place::Team => {
                let now = TeamNow { name: row.team.clone(), project };
                rules::of_team(past, &now, around.prefix, &is_group_taken)
            }
            Place::Organization => rules::of_settings(past, &loaded.settings),
            Place::Group | Place::Person | Place::CreatedPerson => {
                let group = row.group.as_ref().filter(|_| !is_archived).map(super::things::GroupRow::group);
                let role = row.group.as_ref().and_then(|group| group.role.clone());
                let now = GroupNow { group, project, role };
                rules::of_group(past, &now, around.prefix, &is_group_taken)
            }
        };
        Self { loaded, plan, visibility: (0, 0) }
    }

    /// Adds the names that it gets. `prefix` is that of the names of projects' groups.
    pub(super) fn want(&self, prefix: &str, wanted: &mut Wanted) {
        let plan = &self.plan;
        match (&plan.group, &self.loaded.row.group) {
            (Some(after), Some(before)) if after.display_name != before.group().display_name => {
                wanted.named(Kind::Group, &after.display_name);
            }
            _ => {}
        }
        for returning in &plan.returning {
            wanted.named(Kind::Group, &returning.group.name);
        }
        match (self.loaded.place, &plan.name, &self.loaded.row.project) {
            (Place::Project, Some(name), _) => wanted.named(Kind::Project, name),
            (Place::Team, Some(name), Some(project)) if plan.existence == Existence::Stays => {
                let group = |role| team_role(prefix, &project.name, name, role);
                TEAM_ROLES.iter().for_each(|role| wanted.named(Kind::Group, &group(role)));
            }
            _ => {}
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let plan = &self.plan;
        let changed = u64::from(!plan.restored.is_empty());
        let none = Counts::default();
        let returning = plan.returning.len() as u64;
        match (self.loaded.place, plan.existence) {
            (Place::Project | Place::RestoredProject, _) => Counts { projects: changed, ..none },
            (Place::Organization, _) => {
                let (shown, hidden) = self.visibility;
                Counts { settings: plan.settings.len() as u64, shown, hidden, ..none }
            }
            (Place::Team, Existence::Undeleted) => {
                Counts { teams_undeleted: 1, groups_undeleted: returning, ..none }
            }
            (Place::CreatedTeam, Existence::Deleted) => Counts { teams_deleted: 1, ..none },
            (_, Existence::Undeleted) => Counts { groups_undeleted: returning, ..none },
            (_, Existence::Deleted) => Counts { groups_deleted: 1, ..none },
            (_, Existence::Stays) => Counts { groups: changed, ..none },
        }
    }
}

/// A person or thing of which something stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Where it stands in the order of the steps.
    pub place: Place,
    /// Identifier.
    pub id: String,
    /// What stays.
    pub left: Vec<Left>,
}
