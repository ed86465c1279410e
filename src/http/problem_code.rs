//! The codes of problems: why a call of the admin API, or a form of the console, fails.

use strum::{IntoStaticStr, VariantArray};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::error::{ErrorCode, ProtocolCode};

/// Why a problem is one. Clients store its text, so that the text of a code must not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemCode {
    /// As with requests over SCIM.
    Error(ErrorCode),
    /// Only administrators meet it.
    Admin(AdminCode),
}

/// Why a call of the admin API fails, where requests over SCIM do not fail for that reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "each is told by the texts of its problems")]
pub enum AdminCode {
    InvalidBody,
    InvalidParameter,
    InvalidIdempotencyKey,
    InvalidWebhook,
    NoMailAddress,
    SelectionTooWide,
    SelectionEmpty,
    OutOfRange,
    NothingChosen,
    UserNameMissing,
    OwnerIsTransferred,
    RoleNamedTwice,
    DatabaseUnknown,
    LeakedKeyStops,
    HistoryTooLong,
    HistoryNotKept,
    FormUnknown,
    NotConfirmed,
    AdminTokenRequired,
    AdminTokenWrong,
    AccessAssertionRefused,
    CrossSiteForm,
    HttpsRequired,
    OperatorsOnly,
    InvitationNotAccepted,
    OwnersOnly,
    OrganizationNotFound,
    KeyNotFound,
    ScopeMissing,
    CursorExpired,
    MemberNotFound,
    ProjectNotFound,
    TeamNotFound,
    UndoNotFound,
    EventNotFound,
    DeletedPersonNotFound,
    WebhookNotFound,
    ChangedMeanwhile,
    KeyLimitReached,
    WebhookLimitReached,
    ReplayUnderWay,
    NewerKey,
    KeyNotShownAgain,
    MemberInactive,
    NothingToAccept,
    NameTaken,
    ProjectArchived,
    ProjectNotArchived,
    NothingToUndo,
    PersonNotDeleted,
    OrganizationDeleted,
    OrganizationNotDeleted,
    BuiltInRole,
    CallUnderWay,
    AnswerLost,
    IdempotencyKeyReused,
    ConsoleSwitchedOff,
    AccessMisconfigured,
    AccessUnavailable,
    ServiceUnavailable,
}

impl AdminCode {
    /// The HTTP status of its problems.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidBody
            | Self::InvalidParameter
            | Self::InvalidIdempotencyKey
            | Self::InvalidWebhook
            | Self::NoMailAddress
            | Self::SelectionTooWide
            | Self::SelectionEmpty
            | Self::OutOfRange
            | Self::NothingChosen
            | Self::UserNameMissing
            | Self::OwnerIsTransferred
            | Self::RoleNamedTwice
            | Self::DatabaseUnknown
            | Self::LeakedKeyStops
            | Self::HistoryTooLong
            | Self::HistoryNotKept
            | Self::FormUnknown
            | Self::NotConfirmed => 400,
            Self::AdminTokenRequired | Self::AdminTokenWrong | Self::AccessAssertionRefused => 401,
            Self::CrossSiteForm
            | Self::HttpsRequired
            | Self::OperatorsOnly
            | Self::InvitationNotAccepted
            | Self::ScopeMissing
            | Self::OwnersOnly => 403,
            Self::CursorExpired => 410,
            Self::OrganizationNotFound
            | Self::KeyNotFound
            | Self::MemberNotFound
            | Self::ProjectNotFound
            | Self::TeamNotFound
            | Self::UndoNotFound
            | Self::EventNotFound
            | Self::DeletedPersonNotFound
            | Self::WebhookNotFound => 404,
            Self::ChangedMeanwhile
            | Self::KeyLimitReached
            | Self::WebhookLimitReached
            | Self::ReplayUnderWay
            | Self::NewerKey
            | Self::KeyNotShownAgain
            | Self::MemberInactive
            | Self::NothingToAccept
            | Self::NameTaken
            | Self::ProjectArchived
            | Self::ProjectNotArchived
            | Self::NothingToUndo
            | Self::PersonNotDeleted
            | Self::OrganizationDeleted
            | Self::OrganizationNotDeleted
            | Self::BuiltInRole
            | Self::CallUnderWay
            | Self::AnswerLost => 409,
            Self::IdempotencyKeyReused => 422,
            Self::ConsoleSwitchedOff
            | Self::AccessMisconfigured
            | Self::AccessUnavailable
            | Self::ServiceUnavailable => 503,
        }
    }
}

impl ProblemCode {
    /// The code of a problem of which only the status is known.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            400 | 422 => Self::Error(ErrorCode::Protocol(ProtocolCode::InvalidValue)),
            503 => Self::Admin(AdminCode::ServiceUnavailable),
            status => Self::Error(ErrorCode::Protocol(ProtocolCode::of_status(status))),
        }
    }

    /// The text of the code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error(code) => code.as_str(),
            Self::Admin(code) => code.into(),
        }
    }

    /// All codes.
    pub fn all() -> impl Iterator<Item = Self> {
        ErrorCode::all().map(Self::Error).chain(AdminCode::VARIANTS.iter().copied().map(Self::Admin))
    }
}

impl PartialSchema for ProblemCode {
    fn schema() -> RefOr<Schema> {
        let codes: Vec<&str> = Self::all().map(Self::as_str).collect();
        let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes));
        let schema = schema.description(Some(
            "Why the call failed. A client decides by it, and shows `detail` to people. Later versions may add codes.",
        ));
        RefOr::T(schema.into())
    }
}

impl ToSchema for ProblemCode {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_codes_have_the_same_text() {
        let texts: BTreeSet<&str> = ProblemCode::all().map(ProblemCode::as_str).collect();
        assert_eq!(texts.len(), ProblemCode::all().count());
        for text in texts {
            assert!(text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{text}");
        }
    }

    #[test]
    fn the_description_of_the_api_lists_all_codes() {
        let document: serde_json::Value = serde_json::from_str(crate::admin_api::OPENAPI).unwrap();
        let listed = document["components"]["schemas"]["ProblemCode"]["enum"].as_array().unwrap();
        let all: Vec<&str> = ProblemCode::all().map(ProblemCode::as_str).collect();
        assert_eq!(listed, &all);
    }
}
