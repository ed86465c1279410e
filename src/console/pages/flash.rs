//! Flash notices: the page after a redirect says what was done. The address has a word for it, never the text.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Flash {
    KeyDeactivated,
    OneKeyDeactivated,
    InvitationAccepted,
    InvitationDeclined,
    MemberAdded,
    RoleChanged,
    MemberRemoved,
    MemberDeleted,
    OwnershipTransferred,
    ProjectCreated,
    ProjectRenamed,
    ProjectArchived,
    ProjectRestored,
    RoleCreated,
    TeamCreated,
    TeamDeleted,
    SettingsSaved,
    BrakeReleased,
    WritesPaused,
    WritesResumed,
    SessionsEnded,
    OrganizationCreated,
    UndoStopped,
    PersonRestored,
    PersonRestoredInPart,
    PersonErased,
}

impl Flash {
    /// The parameter of the query.
    pub(super) const PARAMETER: &str = "done";

    /// Reads the parameter's value.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let word: StrDeserializer<'_, Error> = word.into_deserializer();
        Self::deserialize(word).ok()
    }

    /// The parameter's value.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::KeyDeactivated => "key-deactivated",
            Self::OneKeyDeactivated => "one-key-deactivated",
            Self::InvitationAccepted => "invitation-accepted",
            Self::InvitationDeclined => "invitation-declined",
            Self::MemberAdded => "member-added",
            Self::RoleChanged => "role-changed",
            Self::MemberRemoved => "member-removed",
            Self::MemberDeleted => "member-deleted",
            Self::OwnershipTransferred => "ownership-transferred",
            Self::ProjectCreated => "project-created",
            Self::ProjectRenamed => "project-renamed",
            Self::ProjectArchived => "project-archived",
            Self::ProjectRestored => "project-restored",
            Self::RoleCreated => "role-created",
            Self::TeamCreated => "team-created",
            Self::TeamDeleted => "team-deleted",
            Self::SettingsSaved => "settings-saved",
            Self::BrakeReleased => "brake-released",
            Self::WritesPaused => "writes-paused",
            Self::WritesResumed => "writes-resumed",
            Self::SessionsEnded => "sessions-ended",
            Self::OrganizationCreated => "organization-created",
            Self::UndoStopped => "undo-stopped",
            Self::PersonRestored => "person-restored",
            Self::PersonRestoredInPart => "person-restored-in-part",
            Self::PersonErased => "person-erased",
        }
    }

    /// What the page says.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::KeyDeactivated => "The key is deactivated. Requests with it are refused from now on.",
            Self::OneKeyDeactivated => {
                "The key is deactivated. Requests with it are refused from now on; other keys are still good, and \
                 provisioning goes on with them."
            }
            Self::InvitationAccepted => "You administer this organization now.",
            Self::InvitationDeclined => "The organization is not listed for you any more.",
            Self::MemberAdded => "The member is in the organization.",
            Self::RoleChanged => "The organization role is changed.",
            Self::MemberRemoved => {
                "The member is removed. The identity provider learns of it with the next import."
            }
            Self::MemberDeleted => "The member is deleted.",
            Self::OwnershipTransferred => "The ownership is transferred. The former Owner is now an Admin.",
            Self::ProjectCreated => "The project is created, with a group for each of its roles.",
            Self::ProjectRenamed => "The project and its groups are renamed. Their ids are as they were.",
            Self::ProjectArchived => {
                "The project is archived. The identity provider does not see its groups any more."
            }
            Self::ProjectRestored => {
                "The project is restored. Its groups are empty: push them again from the identity provider."
            }
            Self::RoleCreated => "The role is created, with its group.",
            Self::TeamCreated => "The team is created, with its two groups.",
            Self::TeamDeleted => "The team and its groups are deleted.",
            Self::SettingsSaved => "The settings are saved.",
            Self::BrakeReleased => {
                "The access brake is released. The identity provider sends again what was refused, within an hour \
                 or so."
            }
            Self::WritesPaused => "Identity providers are paused. They can still read.",
            Self::WritesResumed => {
                "Identity providers may write again. They send again what was refused, within an hour or so."
            }
            Self::SessionsEnded => "All sessions that began with the admin token are ended.",
            Self::OrganizationCreated => "The organization is created. Generate its SCIM key next.",
            Self::UndoStopped => "The undo is stopped. What it has restored stays.",
            Self::PersonRestored => "The person is back, as they were when they were deleted.",
            Self::PersonRestoredInPart => {
                "The person is back. Some groups do not exist any more: look at the groups below."
            }
            Self::PersonErased => {
                "The person is erased. The history still counts what happened, without their name."
            }
        }
    }

    /// The page that the redirect leads to.
    pub(super) fn at(self, page: &str) -> String {
        format!("{page}?{}={}", Self::PARAMETER, self.word())
    }
}
