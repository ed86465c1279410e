//! What an undo makes of groups and teams. Their members are parts of the people.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::decisions::Decisions;
use super::history::Steps;
use super::{Existence, Facet, Left, Reason, Step};
use crate::event::{Event, GroupRef};
use crate::group::Group;
use crate::group_name::{TEAM_ROLES, project_role, team_role};
use scim_protocol::Object;
use scim_protocol::json::present;

/// An event about a group, team, project, or the organization.
#[derive(Debug, Clone, Deserialize)]
pub struct Past {
    /// Sequence number.
    pub seq: i64,
    /// Whether it is selected, or made by the undo itself.
    pub is_selected: bool,
    /// Of a group: whether it was renamed with its project by a selected change.
    #[serde(default)]
    pub with_project: bool,
    /// The version of the group.
    #[serde(default)]
    pub version: Option<i64>,
    /// Of the deletion of a team: its groups.
    #[serde(default, deserialize_with = "or_none")]
    pub groups: Vec<DeletedGroup>,
    /// What happened.
    pub event: Event,
}

fn or_none<'de, D: Deserializer<'de>>(groups: D) -> Result<Vec<DeletedGroup>, D::Error> {
    Ok(Option::<Vec<DeletedGroup>>::deserialize(groups)?.unwrap_or_default())
}

/// A deleted group as its event has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeletedGroup {
    /// The group. In a plan, as it is afterwards.
    pub group: GroupRef,
    /// When it was created.
    pub created_at: String,
    /// When an identity provider last wrote it.
    #[serde(deserialize_with = "present")]
    pub pushed_at: Option<String>,
    /// Its version at the deletion.
    #[serde(deserialize_with = "present")]
    pub version: Option<i64>,
}

/// What an undo makes of a group, team, project, or the settings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ThingPlan {
    /// Whether it exists afterwards. A project comes back by being restored, and goes by being archived.
    pub existence: Existence,
    /// The name and the client's identifier of a group that exists, afterwards.
    pub group: Option<Group>,
    /// The groups that come back.
    pub returning: Vec<DeletedGroup>,
    /// The former name of a project, team or role.
    pub name: Option<String>,
    /// The settings that are set back.
    pub settings: Object,
    /// What is set back.
    pub restored: Vec<Facet>,
    /// What stays although a selected change changed it.
    pub left: Vec<Left>,
}

impl ThingPlan {
    /// Everything stays, for that reason.
    pub fn leaving(reason: Reason) -> Self {
        Self { left: vec![Left::whole(reason)], ..Self::default() }
    }

    pub(super) fn with(mut self, decisions: Decisions<'_>) -> Self {
        (self.restored, self.left) = (decisions.restored, decisions.left);
        self
    }
}

/// The steps of each facet, the oldest first.
pub(super) fn steps_of(past: &[Past]) -> Steps {
    let mut steps = Steps::new();
    for each in past {
        for (facet, before, after) in changes_of(&each.event) {
            if before != after {
                let (before, after) = (Some(before), Some(after));
                let step = Step { seq: each.seq, is_selected: each.is_selected, before, after };
                steps.entry(facet).or_default().push(step);
            }
        }
    }
    steps
}

fn changes_of(event: &Event) -> Vec<(Facet, Value, Value)> {
    let flag = |facet: Facet, after: bool| vec![(facet, Value::from(!after), Value::from(after))];
    match event {
        Event::GroupCreated { .. } | Event::TeamCreated { .. } => flag(Facet::Existence, true),
        Event::GroupDeleted { .. } | Event::TeamDeleted { .. } => flag(Facet::Existence, false),
        Event::ProjectArchived { .. } => flag(Facet::Archived, true),
        Event::ProjectRestored { .. } => flag(Facet::Archived, false),
        Event::GroupUpdated { name, external_id } => vec![
            (Facet::DisplayName, name.before.as_str().into(), name.after.as_str().into()),
            (Facet::ExternalId, external_id.before.clone().into(), external_id.after.clone().into()),
        ],
        Event::RoleRenamed { role, .. } => {
            vec![(Facet::RoleName, role.before.as_str().into(), role.after.as_str().into())]
        }
        Event::ProjectRenamed { name } | Event::TeamRenamed { name, .. } => {
            vec![(Facet::DisplayName, name.before.as_str().into(), name.after.as_str().into())]
        }
        Event::SettingsChanged { settings } => {
            let of = |(name, change): (&String, &crate::event::Transition<Value>)| {
                (Facet::Setting { name: name.clone() }, change.before.clone(), change.after.clone())
            };
            settings.0.iter().map(of).collect()
        }
        _ => Vec::new(),
    }
}

/// A project at present.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProjectNow {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether it is archived.
    pub is_archived: bool,
}

/// A group at present.
#[derive(Debug, Clone, Default)]
pub struct GroupNow {
    /// The group, if it exists.
    pub group: Option<Group>,
    /// Its project, if it has one that exists.
    pub project: Option<ProjectNow>,
    /// The role of the project that it is.
    pub role: Option<String>,
}

/// Decides whether a deleted group comes back, and what to set back of its name and external id. `is_taken` says
/// whether another group has a name.
pub fn of_group(past: &[Past], now: &GroupNow, prefix: &str, is_taken: &dyn Fn(&str) -> bool) -> ThingPlan {
    let steps = steps_of(past);
    let mut decisions = Decisions::of(&steps);
    let Some(group) = &now.group else {
        if decisions.value(&Facet::Existence, &false.into()) != Some(true.into()) {
            let is_selected = past.iter().any(|each| each.is_selected);
            if decisions.left.is_empty() && is_selected && !is_created_by_selected(&steps) {
                decisions.leave(&Facet::Existence, Reason::GroupGone);
            }
            return ThingPlan::default().with(decisions);
        }
        let Some(mut deleted) = last_deletion(past) else { return ThingPlan::leaving(Reason::Erased) };
        let mut group = Group { display_name: deleted.group.name, external_id: deleted.group.external_id };
        let reason = match (&deleted.group.project, &now.project) {
            (Some(_), Some(project)) if !project.is_archived => {
                let role = deleted.group.role.as_deref().unwrap_or_default();
                let former = decisions.value(&Facet::RoleName, &role.into());
                let role = former.as_ref().and_then(Value::as_str).unwrap_or(role).to_owned();
                group.display_name = project_role(prefix, &project.name, &role);
                deleted.group.role = Some(role);
                None
            }
            (Some(_), _) => Some(Reason::ProjectGone),
            (None, _) => None,
        };
        let is_plain = deleted.group.project.is_none();
        let group = attributes(&mut decisions, past, &group, is_plain, &|_| false);
        let reason = reason.or_else(|| is_taken(&group.display_name).then_some(Reason::GroupNameTaken));
        if let Some(reason) = reason {
            return ThingPlan::leaving(reason);
        }
        decisions.restored.push(Facet::Existence);
        (deleted.group.name, deleted.group.external_id) = (group.display_name, group.external_id);
        let plan =
            ThingPlan { existence: Existence::Undeleted, returning: vec![deleted], ..ThingPlan::default() };
        return plan.with(decisions);
    };
    let mut group = attributes(&mut decisions, past, group, now.project.is_none(), is_taken);
    let mut name = None;
    let former = now.role.as_ref().and_then(|role| decisions.value(&Facet::RoleName, &role.as_str().into()));
    if let (Some(project), Some(former)) = (&now.project, former.as_ref().and_then(Value::as_str)) {
        let display_name = project_role(prefix, &project.name, former);
        if is_taken(&display_name) {
            decisions.leave(&Facet::RoleName, Reason::GroupNameTaken);
        } else {
            decisions.restored.push(Facet::RoleName);
            group.display_name = display_name;
            name = Some(former.to_owned());
        }
    }
    ThingPlan { group: Some(group), name, ..ThingPlan::default() }.with(decisions)
}

/// Whether it did not exist before the selected changes.
fn is_created_by_selected(steps: &Steps) -> bool {
    let first = steps.get(&Facet::Existence).and_then(|steps| steps.iter().find(|step| step.is_selected));
    first.is_some_and(|first| first.before == Some(false.into()))
}

fn last_deletion(past: &[Past]) -> Option<DeletedGroup> {
    past.iter().rev().find_map(|each| match &each.event {
        Event::GroupDeleted { group, created_at, pushed_at } => Some(DeletedGroup {
            group: group.clone(),
            created_at: created_at.clone(),
            pushed_at: pushed_at.clone(),
            version: each.version,
        }),
        _ => None,
    })
}

/// The group with its name and external id set back.
fn attributes(
    decisions: &mut Decisions<'_>,
    past: &[Past],
    base: &Group,
    is_plain: bool,
    is_taken: &dyn Fn(&str) -> bool,
) -> Group {
    let mut group = base.clone();
    if is_plain {
        let name = decisions.value(&Facet::DisplayName, &base.display_name.as_str().into());
        match name.as_ref().and_then(Value::as_str) {
            Some(name) if is_taken(name) => decisions.leave(&Facet::DisplayName, Reason::GroupNameTaken),
            Some(name) => {
                group.display_name = name.to_owned();
                decisions.restored.push(Facet::DisplayName);
            }
            None => {}
        }
    } else if past.iter().any(|each| each.is_selected && !each.with_project && is_rename(&each.event)) {
        decisions.leave(&Facet::DisplayName, Reason::NameOfProject);
    }
    if let Some(external_id) = decisions.value(&Facet::ExternalId, &base.external_id.clone().into()) {
        group.external_id = external_id.as_str().map(str::to_owned);
        decisions.restored.push(Facet::ExternalId);
    }
    group
}

fn is_rename(event: &Event) -> bool {
    matches!(event, Event::GroupUpdated { name, .. } if name.before != name.after)
}

/// Decides whether a group or team that a selected change created is deleted. `blocked` is the event of the newest
/// change of it that is not selected.
pub fn of_created(past: &[Past], exists: bool, blocked: Option<i64>) -> ThingPlan {
    let steps = steps_of(past);
    let mut decisions = Decisions::of(&steps);
    if !exists || decisions.value(&Facet::Existence, &true.into()) != Some(false.into()) {
        return ThingPlan::default().with(decisions);
    }
    if let Some(event) = blocked {
        let left = Left { event: Some(event), ..Left::whole(Reason::ChangedSince) };
        return ThingPlan { left: vec![left], ..ThingPlan::default() };
    }
    decisions.restored.push(Facet::Existence);
    ThingPlan { existence: Existence::Deleted, ..ThingPlan::default() }.with(decisions)
}

/// A team at present.
#[derive(Debug, Clone, Default)]
pub struct TeamNow {
    /// Its name, if it exists.
    pub name: Option<String>,
    /// Its project, if that exists.
    pub project: Option<ProjectNow>,
}

/// Decides whether a deleted team comes back, with its groups, and whether a team gets its former name. `is_taken` says
/// whether another group has a name.
pub fn of_team(past: &[Past], now: &TeamNow, prefix: &str, is_taken: &dyn Fn(&str) -> bool) -> ThingPlan {
    let steps = steps_of(past);
    let mut decisions = Decisions::of(&steps);
    if let Some(name) = &now.name {
        let former = decisions.value(&Facet::DisplayName, &name.as_str().into());
        let Some(former) = former.as_ref().and_then(Value::as_str) else {
            return ThingPlan::default().with(decisions);
        };
        let project = now.project.as_ref().filter(|project| !project.is_archived);
        let reason = match project {
            None => Some(Reason::ProjectGone),
            Some(project) => {
                let is_taken = |role: &&str| is_taken(&team_role(prefix, &project.name, former, role));
                TEAM_ROLES.iter().any(is_taken).then_some(Reason::GroupNameTaken)
            }
        };
        if let Some(reason) = reason {
            decisions.leave(&Facet::DisplayName, reason);
            return ThingPlan::default().with(decisions);
        }
        decisions.restored.push(Facet::DisplayName);
        return ThingPlan { name: Some(former.to_owned()), ..ThingPlan::default() }.with(decisions);
    }
    if decisions.value(&Facet::Existence, &false.into()) != Some(true.into()) {
        return ThingPlan::default().with(decisions);
    }
    let deletion = past.iter().rev().find_map(|each| match &each.event {
        Event::TeamDeleted { name, .. } => Some((name, &each.groups)),
        _ => None,
    });
    let Some((name, groups)) = deletion.filter(|(_, groups)| !groups.is_empty()) else {
        return ThingPlan::leaving(Reason::Erased);
    };
    let Some(project) = now.project.as_ref().filter(|project| !project.is_archived) else {
        return ThingPlan::leaving(Reason::ProjectGone);
    };
    let former = decisions.value(&Facet::DisplayName, &name.as_str().into());
    let name = former.as_ref().and_then(Value::as_str).unwrap_or(name);
    let mut returning = groups.clone();
    for each in &mut returning {
        let role = each.group.role.as_deref().unwrap_or_default();
        each.group.name = team_role(prefix, &project.name, name, role);
        if is_taken(&each.group.name) {
            return ThingPlan::leaving(Reason::GroupNameTaken);
        }
    }
    decisions.restored.push(Facet::Existence);
    let (existence, name) = (Existence::Undeleted, Some(name.to_owned()));
    ThingPlan { existence, returning, name, ..ThingPlan::default() }.with(decisions)
}

#[cfg(test)]
mod tests;
