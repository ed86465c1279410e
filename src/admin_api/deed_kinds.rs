//! Kinds of deeds: the types of events that administrators call by one name.

use super::types::events::DeedKind;
use directory::event::EventType;

/// The types of events of a kind.
pub(crate) fn types_of(kind: DeedKind) -> &'static [EventType] {
    use EventType::{
        BrakeEngaged, BrakeReleased, GroupCreated, GroupDeleted, GroupHidden, GroupShown, GroupUpdated,
        ImportFinished, ImportStarted, InvitationAccepted, InvitationDeclined, KeyCreated, KeyDeactivated,
        KeyExpiryChanged, KeyRenamed, MembershipAdded, MembershipRemoved, OrgRoleChanged,
        OrganizationCreated, OrganizationDeleted, OrganizationRestored, OwnershipTransferred, PeopleCounted,
        PersonCreated, PersonDeactivated, PersonDeleted, PersonErased, PersonHidden, PersonRestored,
        PersonShown, PersonUndeleted, PersonUpdated, ProductKeyCreated, ProductKeyDeactivated,
        ProductKeyExpiryChanged, ProductKeyRenamed, ProjectArchived, ProjectCreated, ProjectRenamed,
        ProjectRestored, RoleCreated, RolePermissionsChanged, RoleRenamed, SettingsChanged, SetupLinkCreated,
        SetupLinkOpened, SetupLinkRevoked, TeamCreated, TeamDeleted, TeamRenamed, UndoFinished, UndoStarted,
        WebhookChanged, WritesPaused, WritesResumed,
    };
    match kind {
        DeedKind::Created => &[
            PersonCreated,
            GroupCreated,
            ProjectCreated,
            RoleCreated,
            TeamCreated,
            KeyCreated,
            ProductKeyCreated,
            OrganizationCreated,
        ],
        DeedKind::Updated => &[PersonUpdated, GroupUpdated, ProjectRenamed, RoleRenamed, TeamRenamed],
        DeedKind::Deactivated => &[PersonDeactivated],
        DeedKind::Restored => &[PersonRestored, PersonUndeleted, ProjectRestored, OrganizationRestored],
        DeedKind::Deleted => {
            &[PersonDeleted, PersonErased, GroupDeleted, TeamDeleted, ProjectArchived, OrganizationDeleted]
        }
        DeedKind::Role => &[OrgRoleChanged, OwnershipTransferred],
        DeedKind::Joined => &[MembershipAdded],
        DeedKind::Left => &[MembershipRemoved],
        DeedKind::Visibility => &[PersonHidden, PersonShown, GroupHidden, GroupShown],
        DeedKind::Settings => &[
            SettingsChanged,
            RolePermissionsChanged,
            WebhookChanged,
            InvitationAccepted,
            InvitationDeclined,
            BrakeEngaged,
            BrakeReleased,
            WritesPaused,
            WritesResumed,
            PeopleCounted,
        ],
        DeedKind::Key => &[
            KeyCreated,
            KeyDeactivated,
            KeyExpiryChanged,
            KeyRenamed,
            ProductKeyCreated,
            ProductKeyDeactivated,
            ProductKeyExpiryChanged,
            ProductKeyRenamed,
            SetupLinkCreated,
            SetupLinkOpened,
            SetupLinkRevoked,
        ],
        DeedKind::Import => &[ImportStarted, ImportFinished],
        DeedKind::Undo => &[UndoStarted, UndoFinished],
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn each_type_has_a_kind() {
        for each in EventType::VARIANTS {
            let found = DeedKind::VARIANTS.iter().any(|kind| types_of(*kind).contains(each));
            assert!(found || *each == EventType::HistoryStarted, "{each:?}");
        }
    }
}
