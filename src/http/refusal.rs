//! The response to a failed request: status, `scimType` and text of each [`Error`].

use worker::console_error;

use crate::error::{Error, ErrorKind};
use crate::storage_error::{StorageError, StorageErrorKind};
use directory::{Refusal, RefusalKind};
use scim_protocol::ScimError;

impl Error {
    /// The error as SCIM clients read it (RFC 7644 §3.12). Failures of storage are logged: their text is not for
    /// clients.
    pub(crate) fn into_scim(self) -> ScimError {
        match self.into_kind() {
            ErrorKind::Refused(refusal) => of_refusal(refusal),
            ErrorKind::Key(refusal) => ScimError::unauthorized(refusal.to_string()),
            // Okta repeats a request by itself after 429, and after no other status.
            ErrorKind::Limited(limit) => ScimError::throttled(limit.to_string()),
            ErrorKind::Storage(error) => of_storage(error),
        }
    }
}

fn of_refusal(refusal: Refusal) -> ScimError {
    use RefusalKind as R;
    let detail = refusal.to_string();
    match refusal.into_kind() {
        R::Protocol(error) => error,
        R::InOperation { refusal, .. } => ScimError { detail, ..of_refusal(refusal) },
        R::UserLimitReached { .. } => ScimError::forbidden(detail),
        R::UserNotFound { .. } | R::GroupNotFound { .. } => ScimError::not_found(detail),
        R::UserNameTaken { .. } | R::UserNameTakenUnmanaged { .. } | R::GroupNameTaken { .. } => {
            ScimError::uniqueness(detail)
        }
        // Okta and Entra repeat a request after 429: nothing is lost while an administrator decides.
        R::AccessBrake { .. } | R::WritesPaused { .. } => ScimError::throttled(detail),
        R::OrgRoleAttributeChanged { .. } => ScimError::unavailable(detail),
        R::GroupNotAnObject => ScimError::invalid_syntax(detail),
        R::MemberFilterTooComplex { .. } | R::TooManyMembersSelected { .. } => ScimError::too_many(detail),
        R::OwnerProtected
        | R::EmailNotManaged { .. }
        | R::GroupRenameNotAllowed { .. }
        | R::ProjectDeletion
        | R::MemberPartImmutable
        | R::MemberImmutable => ScimError::mutability(detail),
        R::SecondOwner
        | R::OrgRoleUnknown { .. }
        | R::DomainNotAllowed { .. }
        | R::DomainChangeNotAllowed { .. }
        | R::UserTooLarge { .. }
        | R::MemberIdMissing { .. }
        | R::NestedGroup { .. }
        | R::MembersUnknown { .. }
        | R::TooManyGroups { .. }
        | R::TooManyTeams { .. }
        | R::TooManyRoles { .. }
        | R::NotAProjectGroup { .. }
        | R::ProjectUnknown { .. }
        | R::TeamUnknown { .. }
        | R::TeamNameMissing { .. }
        | R::ProjectRoleUnknown { .. }
        | R::PrefixReserved { .. }
        | R::PrefixImitated { .. }
        | R::GroupNameNotTrimmed { .. }
        | R::RoleNameNotTrimmed { .. }
        | R::NameEmpty { .. }
        | R::NameNotTrimmed { .. }
        | R::NameTooLong { .. }
        | R::TextTooLong { .. }
        | R::InvisibleCharacter { .. }
        | R::BlankText { .. }
        | R::TooManyEmailDomains { .. }
        | R::EmailDomainTooLong { .. }
        | R::EmailDomainLabelTooLong { .. }
        | R::NotAnEmailDomain { .. } => ScimError::invalid_value(detail),
    }
}

/// What the operator does about an outdated database.
const MIGRATE: &str =
    "run \"npx wrangler d1 migrations apply DB --remote\", and so for DB_1 and further databases";

/// What to do about a change that takes access from so many people.
fn unconfirmed(people: u64) -> String {
    format!(
        "Nothing was changed: this takes access from {people} people. If that is intended, confirm it with \
         \"confirm_people\": {people}."
    )
}

/// The response to a failure of storage.
pub(super) fn of_storage(error: StorageError) -> ScimError {
    // Okta repeats a request by itself after 429, and after no other status. So what may succeed later is answered with
    // 429, also where 409 or 503 would say more: no administrator has to attend to it.
    const BUSY: &str = "The directory's storage is busy or does not answer at the moment. Try again shortly.";
    match error.into_kind() {
        StorageErrorKind::Stale | StorageErrorKind::Contended => ScimError::throttled(
            "Other requests kept changing the resource while this one was carried out, so it changed nothing. Try \
             again shortly.",
        ),
        StorageErrorKind::TooComplex => {
            ScimError::too_many("The filter is more than the database processes; shorten it.")
        }
        StorageErrorKind::Taken(columns) => {
            console_error!("a unique index refused a write without an error of its own: {columns}");
            ScimError::uniqueness("The value is already taken.")
        }
        StorageErrorKind::Full(what) => {
            console_error!("a limit refused a write without an error of its own: {what}");
            ScimError::invalid_value("There are as many of these as there may be; nothing was changed.")
        }
        StorageErrorKind::Unavailable(message) => {
            console_error!("storage unavailable: {message}");
            ScimError::throttled(BUSY)
        }
        StorageErrorKind::TimedOut { is_write } => {
            console_error!("storage did not answer in time");
            let outcome = match is_write {
                true => {
                    "whether the change was made is not known. Send the request again: what has been changed already \
                     is not changed twice"
                }
                false => "nothing was changed. Try again shortly",
            };
            ScimError::throttled(format!("The directory's storage did not answer in time; {outcome}."))
        }
        StorageErrorKind::AlreadyDone => {
            console_error!("a batch had been carried out, and its answer was lost");
            ScimError::throttled(BUSY)
        }
        StorageErrorKind::Unconfirmed(people) => ScimError::conflict(unconfirmed(people)),
        StorageErrorKind::Braked => {
            console_error!("the access brake refused a write that is not refused by its own error");
            ScimError::throttled(BUSY)
        }
        StorageErrorKind::Upgrading => ScimError::throttled(
            "The organization's people and groups are being prepared for a newer version of the service, which takes \
             a few requests. Nothing was changed. Try again shortly.",
        ),
        StorageErrorKind::OutdatedSchema(message) => {
            console_error!("the database lacks migrations ({message}): {MIGRATE}");
            ScimError::unavailable(format!(
                "The service's database is older than the service, or has no tables, so nothing was changed. Its \
                 operator: {MIGRATE}."
            ))
        }
        StorageErrorKind::TooManyImports => ScimError::throttled(
            "Too many lists of this organization were read page by page within the last hour, so this one cannot \
             begin now. Lists that are being read already go on. Try again in an hour, or read the list by \
             \"cursor\". If a client polls a list of several pages, let it ask less often or with a narrower filter.",
        ),
        StorageErrorKind::Internal(message) => {
            console_error!("storage failed: {message}");
            ScimError::internal()
        }
    }
}
