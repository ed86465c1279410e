//! What an administrator can do about a failed request.

use crate::error::{ErrorCode, LimitCode, ProtocolCode};
use crate::http::AdminCode;
use crate::storage_error::StorageErrorCode;
use directory::RefusalCode;

/// The advice for an entry of the audit log with this code; `None` if the text of the error suffices.
pub(crate) fn advice(code: ErrorCode) -> Option<&'static str> {
    match code {
        ErrorCode::Directory(code) => for_refusal(code),
        ErrorCode::Protocol(ProtocolCode::PreconditionFailed) => Some(
            "Someone else changed it in between. The identity provider tries again with the next change.",
        ),
        ErrorCode::Protocol(ProtocolCode::TooManyRequests) => Some(IT_RETRIES),
        ErrorCode::Protocol(ProtocolCode::InternalServerError | ProtocolCode::NotImplemented) => {
            Some(TRY_AGAIN)
        }
        ErrorCode::Protocol(_) | ErrorCode::Key(_) => None,
        ErrorCode::Limit(
            LimitCode::FailedAuthentications
            | LimitCode::Requests
            | LimitCode::Scans
            | LimitCode::LargeBodies,
        ) => Some(IT_RETRIES),
        ErrorCode::Storage(code) => for_storage(code),
    }
}

/// The advice for an administrator whose call or form fails for this reason; `None` if the text of the problem is
/// enough.
pub(super) fn for_admin(code: AdminCode) -> Option<&'static str> {
    use AdminCode as A;
    match code {
        A::AdminTokenWrong => {
            Some("The operator of this deployment has the token: it is the secret ADMIN_TOKEN.")
        }
        A::CrossSiteForm => Some("Open the console in a window of its own, and send the form from there."),
        A::OrganizationNotFound => Some("All that you may manage are in the list of organizations."),
        A::KeyNotFound => Some("The page of access management lists all keys."),
        A::MemberNotFound => Some("Removed people who can come back are under \"Deleted people\"."),
        A::ProjectNotFound | A::TeamNotFound => {
            Some("The page of projects lists all, also those that are archived.")
        }
        A::UndoNotFound => Some("The page \"Undo\" lists those that are kept."),
        A::EventNotFound | A::HistoryNotKept => {
            Some("The history is kept for as long as the deployment says.")
        }
        A::HistoryTooLong => Some("Choose a shorter time."),
        A::KeyLimitReached => Some("Deactivate a key that is no longer used."),
        A::NameTaken => Some("Choose another name, also different in more than case."),
        A::CallUnderWay => {
            Some("Wait a moment, and look whether the change is there before you send it again.")
        }
        A::AnswerLost => Some("Look whether the change is there before you send it again."),
        A::IdempotencyKeyReused => Some("Load the page again, and send the form once more."),
        A::AccessUnavailable | A::ServiceUnavailable => Some(TRY_AGAIN),
        // Their texts say what to do.
        A::InvalidBody
        | A::InvalidParameter
        | A::InvalidIdempotencyKey
        | A::NoMailAddress
        | A::SelectionTooWide
        | A::SelectionEmpty
        | A::OutOfRange
        | A::NothingChosen
        | A::UserNameMissing
        | A::OwnerIsTransferred
        | A::RoleNamedTwice
        | A::DatabaseUnknown
        | A::LeakedKeyStops
        | A::FormUnknown
        | A::NotConfirmed
        | A::AdminTokenRequired
        | A::AccessAssertionRefused
        | A::HttpsRequired
        | A::OperatorsOnly
        | A::InvitationNotAccepted
        | A::OwnersOnly
        | A::DeletedPersonNotFound
        | A::ChangedMeanwhile
        | A::NewerKey
        | A::KeyNotShownAgain
        | A::MemberInactive
        | A::NothingToAccept
        | A::ProjectArchived
        | A::ProjectNotArchived
        | A::NothingToUndo
        | A::PersonNotDeleted
        | A::OrganizationDeleted
        | A::OrganizationNotDeleted
        | A::BuiltInRole
        | A::ScopeMissing
        | A::CursorExpired
        | A::InvalidWebhook
        | A::WebhookNotFound
        | A::WebhookLimitReached
        | A::ReplayUnderWay
        | A::ConsoleSwitchedOff
        | A::AccessMisconfigured => None,
    }
}

const IT_RETRIES: &str = "Nothing is lost: the identity provider tries again by itself.";
const TRY_AGAIN: &str = "Try again. If it fails again, look into the Worker's log at the same time of day.";
const MIGRATE: &str = "Apply the migrations to the database, and let the identity provider try again.";
const IS_HERE: &str = "It is here already: link to it instead of creating it, or import before you push.";

fn for_refusal(code: RefusalCode) -> Option<&'static str> {
    match code {
        RefusalCode::DomainNotAllowed => {
            Some("Add the mail domain in Settings, or do not assign people of other domains.")
        }
        RefusalCode::DomainChangeNotAllowed => {
            Some("Add the mail domain in Settings, or undo the change in the identity provider.")
        }
        RefusalCode::EmailNotManaged => {
            Some("Let mail be managed over SCIM in Settings, or undo the change in the identity provider.")
        }
        RefusalCode::OwnerProtected => {
            Some("Transfer the ownership to someone else, or take the Owner out of this assignment.")
        }
        RefusalCode::SecondOwner => Some(
            "Ownership is transferred on the new Owner's page; in the identity provider, map Member or Admin.",
        ),
        RefusalCode::NotAProjectGroup | RefusalCode::ProjectUnknown => {
            Some("Create the project here first, or check the spelling of the pushed group's name.")
        }
        RefusalCode::ProjectDeletion => Some(
            "Unlink the pushed group and keep the group in the target app; archive the project here if it is to go.",
        ),
        RefusalCode::GroupRenameNotAllowed => {
            Some("In the identity provider, untick \"Rename app groups to match group name\" for this push.")
        }
        RefusalCode::UserNotFound => Some(
            "The identity provider knows a person that does not exist here any more: unassign and assign the person \
             again, then push the group once more.",
        ),
        RefusalCode::GroupNotFound => {
            Some("The group is gone: unlink it in the identity provider, and push it again.")
        }
        RefusalCode::UserNameTaken | RefusalCode::GroupNameTaken => Some(IS_HERE),
        RefusalCode::UserNameTakenUnmanaged => Some(
            "Remove the member who was added here, and let the identity provider create the person; or do not assign \
             the person there.",
        ),
        RefusalCode::AccessBrake | RefusalCode::WritesPaused => Some(
            "Nothing is lost: the identity provider tries again by itself once you have decided. What it gave up by \
             then, it sends again when you retry its failed tasks.",
        ),
        // Their texts say what to do.
        RefusalCode::OrgRoleUnknown
        | RefusalCode::OrgRoleAttributeChanged
        | RefusalCode::UserLimitReached
        | RefusalCode::UserTooLarge
        | RefusalCode::GroupNotAnObject
        | RefusalCode::MemberPartImmutable
        | RefusalCode::MemberImmutable
        | RefusalCode::MemberFilterTooComplex
        | RefusalCode::TooManyMembersSelected
        | RefusalCode::MemberIdMissing
        | RefusalCode::NestedGroup
        | RefusalCode::MembersUnknown
        | RefusalCode::TooManyGroups
        | RefusalCode::TooManyTeams
        | RefusalCode::TooManyRoles
        | RefusalCode::TeamUnknown
        | RefusalCode::TeamNameMissing
        | RefusalCode::ProjectRoleUnknown
        | RefusalCode::PrefixReserved
        | RefusalCode::PrefixImitated
        | RefusalCode::GroupNameNotTrimmed
        | RefusalCode::RoleNameNotTrimmed
        | RefusalCode::NameEmpty
        | RefusalCode::NameNotTrimmed
        | RefusalCode::NameTooLong
        | RefusalCode::TextTooLong
        | RefusalCode::InvisibleCharacter
        | RefusalCode::BlankText
        | RefusalCode::TooManyEmailDomains
        | RefusalCode::EmailDomainTooLong
        | RefusalCode::EmailDomainLabelTooLong
        | RefusalCode::NotAnEmailDomain
        | RefusalCode::Protocol
        | RefusalCode::InOperation => None,
    }
}

fn for_storage(code: StorageErrorCode) -> Option<&'static str> {
    match code {
        StorageErrorCode::Stale
        | StorageErrorCode::Contended
        | StorageErrorCode::Unavailable
        | StorageErrorCode::TimedOut
        | StorageErrorCode::AlreadyDone
        | StorageErrorCode::Braked
        | StorageErrorCode::Upgrading
        | StorageErrorCode::TooManyImports => Some(IT_RETRIES),
        StorageErrorCode::Taken => Some(IS_HERE),
        StorageErrorCode::OutdatedSchema => Some(MIGRATE),
        StorageErrorCode::Internal => Some(TRY_AGAIN),
        StorageErrorCode::Full | StorageErrorCode::TooComplex | StorageErrorCode::Unconfirmed => None,
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn codes_have_the_advice_that_fits() {
        let words = [
            ("domain_not_allowed", "Add the mail domain"),
            ("domain_change_not_allowed", "Add the mail domain"),
            ("email_not_managed", "Let mail be managed"),
            ("owner_protected", "Transfer the ownership"),
            ("second_owner", "map Member or Admin"),
            ("not_a_project_group", "Create the project"),
            ("project_unknown", "Create the project"),
            ("project_deletion", "archive the project"),
            ("group_rename_not_allowed", "untick"),
            ("user_not_found", "unassign and assign"),
            ("group_not_found", "The group is gone"),
            ("user_name_taken", "It is here already"),
            ("user_name_taken_unmanaged", "Remove the member"),
            ("group_name_taken", "It is here already"),
            ("value_taken", "It is here already"),
            ("precondition_failed", "changed it in between"),
            ("too_many_requests", "tries again by itself"),
            ("address_blocked", "tries again by itself"),
            ("request_rate_limited", "tries again by itself"),
            ("scan_rate_limited", "tries again by itself"),
            ("too_many_large_bodies", "tries again by itself"),
            ("stale_write", "tries again by itself"),
            ("write_conflict", "tries again by itself"),
            ("storage_unavailable", "tries again by itself"),
            ("storage_timed_out", "tries again by itself"),
            ("write_braked", "tries again by itself"),
            ("access_brake", "once you have decided"),
            ("writes_paused", "once you have decided"),
            ("storage_answer_lost", "tries again by itself"),
            ("upgrade_in_progress", "tries again by itself"),
            ("too_many_imports", "tries again by itself"),
            ("schema_outdated", "Apply the migrations"),
            ("internal_error", "the Worker's log"),
            ("internal_server_error", "the Worker's log"),
            ("not_implemented", "the Worker's log"),
        ];
        for code in ErrorCode::all() {
            let expected = words.iter().find(|(text, _)| *text == code.as_str()).map(|(_, words)| *words);
            match (advice(code), expected) {
                (None, None) => {}
                (Some(advice), Some(words)) => assert!(advice.contains(words), "{code:?}: {advice}"),
                (advice, expected) => panic!("{code:?}: {advice:?}, expected {expected:?}"),
            }
        }
    }

    #[test]
    fn each_problem_of_an_administrator_has_the_advice_that_fits() {
        let words = [
            ("admin_token_wrong", "ADMIN_TOKEN"),
            ("cross_site_form", "a window of its own"),
            ("organization_not_found", "list of organizations"),
            ("key_not_found", "access management"),
            ("member_not_found", "Deleted people"),
            ("project_not_found", "page of projects"),
            ("team_not_found", "page of projects"),
            ("undo_not_found", "lists those that are kept"),
            ("event_not_found", "as long as the deployment says"),
            ("history_not_kept", "as long as the deployment says"),
            ("history_too_long", "a shorter time"),
            ("key_limit_reached", "Deactivate a key"),
            ("name_taken", "another name"),
            ("call_under_way", "Wait a moment"),
            ("answer_lost", "before you send it again"),
            ("idempotency_key_reused", "Load the page again"),
            ("access_unavailable", "the Worker's log"),
            ("service_unavailable", "the Worker's log"),
        ];
        for code in AdminCode::VARIANTS.iter().copied() {
            let text: &str = code.into();
            let expected = words.iter().find(|(name, _)| *name == text).map(|(_, words)| *words);
            match (for_admin(code), expected) {
                (None, None) => {}
                (Some(advice), Some(words)) => assert!(advice.contains(words), "{code:?}: {advice}"),
                (advice, expected) => panic!("{code:?}: {advice:?}, expected {expected:?}"),
            }
        }
    }
}
