//! Undoing changes: what is set back, what was changed since and stays, and what cannot be restored.
//!
//! What is changed (a person, a group, a team, a project, the settings) consists of [`Facet`]s, each of which has a
//! history of [`Step`]s. A facet is set back to its
//! value before the selected steps, if no other change came after them. Steps of the undo itself count as selected, so
//! that it can be repeated; and an undo is a change like any other, so that it can be undone.

mod decisions;
mod history;
mod person;
mod place;
mod project;
mod thing;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::EnumDiscriminants;
use utoipa::ToSchema;

pub use history::{Addition, PastEvent, PersonHistory};
pub use person::{Existence, PersonNow, PersonPlan, of_person};
pub use place::Place;
pub use project::{of_project, of_restored_project, of_settings};
pub use thing::{
    DeletedGroup, GroupNow, Past, ProjectNow, TeamNow, ThingPlan, of_created, of_group, of_team,
};

/// What can be set back by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, EnumDiscriminants)]
#[serde(tag = "what", rename_all = "snake_case")]
#[strum_discriminants(name(What))]
#[strum_discriminants(doc = "Which [`Facet`].")]
#[strum_discriminants(derive(Deserialize), serde(rename_all = "snake_case"))]
pub enum Facet {
    /// Whether it exists.
    Existence,
    /// Whether the project is archived.
    Archived,
    /// Whether the person is active.
    Active,
    /// The person's organization role.
    OrgRole,
    /// An attribute of the person; of an extension with its URN before its name.
    Attribute {
        /// Name.
        name: String,
    },
    /// The person's membership of a group.
    Membership {
        /// The group's identifier.
        group: String,
    },
    /// The name of the group, team or project.
    DisplayName,
    /// The name of the role that the group is.
    RoleName,
    /// The client's identifier of the group.
    ExternalId,
    /// A setting of the organization.
    Setting {
        /// Name.
        name: String,
    },
}

/// Why something stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = UndoReason)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It was changed since: setting it back would overwrite that.
    ChangedSince,
    /// The person would lose memberships that began since.
    JoinedSince,
    /// The person was deleted since.
    PersonDeleted,
    /// The person is inactive, and inactive people are in no group.
    PersonInactive,
    /// The group does not exist any more, or its project is archived.
    GroupGone,
    /// Another person has the `userName`.
    UserNameTaken,
    /// Another group has the name.
    GroupNameTaken,
    /// The value before is not known any more: what was kept of the person was erased.
    Erased,
    /// The Owner is changed by a transfer of the ownership only.
    OwnerProtected,
    /// The organization has as many people as it may have.
    OrganizationFull,
    /// The person is in as many groups as a person may be.
    TooManyGroups,
    /// More has happened since than is looked through.
    TooManyChanges,
    /// The project of the team or role does not exist any more, or is archived.
    ProjectGone,
    /// Another project has the name, or another group has a name that one of its groups would get.
    ProjectNameTaken,
    /// The project has as many teams or roles as it may have.
    ProjectFull,
    /// A project that was created is not deleted.
    ProjectStays,
    /// The name of the group follows from those of its project, team and role.
    NameOfProject,
    /// An operator sets it.
    OperatorOnly,
    /// What was kept of inactive people was forgotten when the setting was turned off.
    AccessForgotten,
}

impl Reason {
    /// Whether setting it back would overwrite a later change.
    pub fn is_overwrite(self) -> bool {
        matches!(self, Self::ChangedSince | Self::JoinedSince)
    }
}

/// A facet that stays as it is although a selected change changed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredLeft")]
pub struct Left {
    /// What.
    #[serde(flatten)]
    pub facet: Facet,
    /// Why.
    pub reason: Reason,
    /// The sequence number of the event that changed it since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<i64>,
}

/// [`Left`] as it is stored: the fields of the facet are beside the others.
#[derive(Deserialize)]
struct StoredLeft {
    what: What,
    name: Option<String>,
    group: Option<String>,
    reason: Reason,
    event: Option<i64>,
}

impl TryFrom<StoredLeft> for Left {
    type Error = &'static str;

    fn try_from(stored: StoredLeft) -> Result<Self, Self::Error> {
        let name = stored.name.ok_or("missing field `name`");
        let facet = match stored.what {
            What::Existence => Facet::Existence,
            What::Archived => Facet::Archived,
            What::Active => Facet::Active,
            What::OrgRole => Facet::OrgRole,
            What::Attribute => Facet::Attribute { name: name? },
            What::Membership => Facet::Membership { group: stored.group.ok_or("missing field `group`")? },
            What::DisplayName => Facet::DisplayName,
            What::RoleName => Facet::RoleName,
            What::ExternalId => Facet::ExternalId,
            What::Setting => Facet::Setting { name: name? },
        };
        Ok(Self { facet, reason: stored.reason, event: stored.event })
    }
}

impl Left {
    fn new(facet: Facet, reason: Reason) -> Self {
        Self { facet, reason, event: None }
    }

    /// Everything of a person or thing stays, for that reason.
    pub fn whole(reason: Reason) -> Self {
        Self::new(Facet::Existence, reason)
    }
}

/// A change of a facet. `None`: the value is not known any more. An attribute without a value is `null`.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    /// The sequence number of the event.
    seq: i64,
    /// Whether it is selected, or made by the undo itself.
    is_selected: bool,
    before: Option<Value>,
    after: Option<Value>,
}

/// What becomes of a facet.
#[derive(Debug, Clone, PartialEq)]
enum Verdict {
    /// Nothing is to be done.
    Stays,
    /// It is set to the value.
    Set(Value),
    /// It would be set to a value, and was changed since.
    Changed { event: i64 },
    /// Its value before is not known.
    Unknown,
}

/// Decides about a facet with these steps, the oldest first, and the value that it has now.
fn verdict(steps: &[Step], now: &Value) -> Verdict {
    let Some(first) = steps.iter().find(|step| step.is_selected) else { return Verdict::Stays };
    let Some(last) = steps.last() else { return Verdict::Stays };
    // A value that differs from that of the last step was changed without an event.
    let is_changed_since = !last.is_selected || last.after.as_ref().is_some_and(|after| after != now);
    if is_changed_since {
        return match &first.before {
            Some(before) if before == now => Verdict::Stays,
            _ => Verdict::Changed { event: last.seq },
        };
    }
    let selected = steps.iter().rev().take_while(|step| step.is_selected).last();
    match selected.map(|step| &step.before) {
        Some(Some(before)) if before == now => Verdict::Stays,
        Some(Some(before)) => Verdict::Set(before.clone()),
        Some(None) | None => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn step(seq: i64, is_selected: bool, before: i64, after: i64) -> Step {
        Step { seq, is_selected, before: Some(json!(before)), after: Some(json!(after)) }
    }

    #[test]
    fn a_facet_goes_back_as_far_as_only_selected_steps_changed_it() {
        let selected = [step(1, true, 0, 1), step(2, true, 1, 2)];
        assert_eq!(verdict(&selected, &json!(2)), Verdict::Set(json!(0)));
        let between = [step(1, true, 0, 1), step(2, false, 1, 2), step(3, true, 2, 3)];
        assert_eq!(verdict(&between, &json!(3)), Verdict::Set(json!(2)));
        let since = [step(1, true, 0, 1), step(2, false, 1, 2)];
        assert_eq!(verdict(&since, &json!(2)), Verdict::Changed { event: 2 });
        let back = [step(1, true, 0, 1), step(2, false, 1, 0)];
        assert_eq!(verdict(&back, &json!(0)), Verdict::Stays);
        assert_eq!(verdict(&[step(1, false, 0, 1)], &json!(1)), Verdict::Stays);
        assert_eq!(verdict(&selected, &json!(7)), Verdict::Changed { event: 2 });
        let erased = [Step { before: None, ..step(1, true, 0, 1) }];
        assert_eq!(verdict(&erased, &json!(1)), Verdict::Unknown);
    }

    proptest! {
        #[test]
        fn an_undo_is_idempotent_and_can_be_undone(
            changes in proptest::collection::vec((0_i64..4, any::<bool>()), 1..8)
        ) {
            let mut now = 0;
            let mut steps = Vec::new();
            for (seq, (value, is_selected)) in (1_i64..).zip(changes) {
                steps.push(step(seq, is_selected, now, value));
                now = value;
            }
            if let Verdict::Set(before) = verdict(&steps, &json!(now)) {
                let undone = Step { seq: 99, is_selected: true, before: Some(json!(now)), after: Some(before.clone()) };
                let mut again = steps.clone();
                again.push(undone);
                prop_assert_eq!(verdict(&again, &before), Verdict::Stays);
                for step in &mut again {
                    step.is_selected = step.seq == 99;
                }
                prop_assert_eq!(verdict(&again, &before), Verdict::Set(json!(now)));
            }
        }
    }

    #[test]
    fn what_is_left_is_read_as_it_is_written() {
        let (name, group) = ("title".to_owned(), "g".to_owned());
        for (facet, json) in [
            (Facet::Active, r#"{"what":"active","reason":"changed_since","event":7}"#),
            (
                Facet::Attribute { name },
                r#"{"what":"attribute","name":"title","reason":"changed_since","event":7}"#,
            ),
            (
                Facet::Membership { group },
                r#"{"what":"membership","group":"g","reason":"changed_since","event":7}"#,
            ),
        ] {
            let left = Left { facet, reason: Reason::ChangedSince, event: Some(7) };
            assert_eq!(serde_json::to_string(&left).unwrap(), json);
            assert_eq!(serde_json::from_str::<Left>(json).unwrap(), left);
        }
        assert!(serde_json::from_str::<Left>(r#"{"what":"setting","reason":"erased"}"#).is_err());
        assert_eq!(
            serde_json::to_string(&Left::whole(Reason::Erased)).unwrap(),
            r#"{"what":"existence","reason":"erased"}"#
        );
    }
}
