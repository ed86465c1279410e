//! Why a request fails, and the code of each reason, under which audit logs store it.

use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

use crate::storage_error::{StorageError, StorageErrorCode, StorageErrorKind};
use directory::key::MalformedKey;
use directory::{Refusal, RefusalCode};
use scim_protocol::{ScimError, ScimType};

/// Why a request fails. Status and text of the response are chosen in `http`. It is boxed, since many functions pass it
/// on, and a pointer is less to move.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub struct Error(Box<ErrorKind>);

/// What an [`Error`] consists of.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub(crate) enum ErrorKind {
    /// A rule of the directory or of the protocol forbids it.
    Refused(Refusal),
    /// It carries no SCIM key that is accepted.
    Key(KeyRefusal),
    /// It exceeds a limit that passes with time.
    Limited(Limit),
    /// Storage did not do what it was asked for.
    Storage(StorageError),
}

impl Error {
    /// What it consists of.
    pub(crate) fn into_kind(self) -> ErrorKind {
        *self.0
    }

    /// Whether the trigger of the access brake refused the write.
    pub(crate) fn is_braked(&self) -> bool {
        matches!(&*self.0, ErrorKind::Storage(error) if matches!(**error, StorageErrorKind::Braked))
    }

    /// The code of the reason.
    pub fn code(&self) -> ErrorCode {
        match &*self.0 {
            ErrorKind::Refused(refusal) => match refusal.protocol_error() {
                Some(error) => ErrorCode::Protocol(ProtocolCode::of(error)),
                None => ErrorCode::Directory(refusal.code()),
            },
            ErrorKind::Key(refusal) => ErrorCode::Key(refusal.into()),
            ErrorKind::Limited(limit) => ErrorCode::Limit(limit.into()),
            ErrorKind::Storage(error) => ErrorCode::Storage((&**error).into()),
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        ErrorKind::Refused(refusal).into()
    }
}

impl From<ScimError> for Error {
    fn from(error: ScimError) -> Self {
        ErrorKind::Refused(error.into()).into()
    }
}

impl From<KeyRefusal> for Error {
    fn from(refusal: KeyRefusal) -> Self {
        ErrorKind::Key(refusal).into()
    }
}

impl From<Limit> for Error {
    fn from(limit: Limit) -> Self {
        ErrorKind::Limited(limit).into()
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        ErrorKind::Storage(error).into()
    }
}

/// Why a request is not authenticated as one with a SCIM key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(KeyRefusalCode))]
#[strum_discriminants(doc = "The kind of a [`KeyRefusal`].")]
#[strum_discriminants(derive(EnumString, IntoStaticStr, VariantArray))]
pub enum KeyRefusal {
    /// There is no `Authorization` header.
    #[error("The request has no Authorization header. {HOW_TO_SEND_A_KEY}")]
    #[strum_discriminants(strum(serialize = "authorization_missing"))]
    Missing,
    /// The `Authorization` header has another scheme than `Bearer`.
    #[error("The Authorization header is not a bearer token. {HOW_TO_SEND_A_KEY}")]
    #[strum_discriminants(strum(serialize = "authorization_not_bearer"))]
    NotBearer,
    /// The bearer token does not begin like a SCIM key.
    #[error("The token does not begin with \"{}\". {HOW_TO_SEND_A_KEY}", directory::key::PREFIX)]
    #[strum_discriminants(strum(serialize = "authorization_not_a_key"))]
    NotAKey,
    /// The SCIM key has the wrong length.
    #[error(
        "The SCIM key is incomplete or too long: expected {expected} characters after \"{}\", got {length}. Copy it \
         again, or generate a new one in the console.",
        directory::key::PREFIX
    )]
    #[strum_discriminants(strum(serialize = "key_length"))]
    WrongLength {
        /// The length of each key behind its prefix.
        expected: usize,
        /// The length of this one, in characters.
        length: usize,
    },
    /// The checksum of the SCIM key does not match.
    #[error(
        "The SCIM key is mistyped: its checksum does not match. Copy it again, or generate a new one in the console."
    )]
    #[strum_discriminants(strum(serialize = "key_mistyped"))]
    Mistyped,
    /// No database of this deployment has the key.
    #[error(
        "The SCIM key {hint} is not known here. It may have been made for another deployment; generate a key in this \
         one's console and put it into the identity provider."
    )]
    #[strum_discriminants(strum(serialize = "key_unknown"))]
    Unknown {
        /// What may be shown of the key.
        hint: String,
    },
    /// An administrator has deactivated the key.
    #[error(
        "The SCIM key {hint} has been deactivated. Generate a new one in the console and put it into the identity \
         provider."
    )]
    #[strum_discriminants(strum(serialize = "key_deactivated"))]
    Deactivated {
        /// What may be shown of the key.
        hint: String,
    },
    /// The key has expired.
    #[error(
        "The SCIM key {hint} expired at {at}. Generate a new one in the console and put it into the identity provider."
    )]
    #[strum_discriminants(strum(serialize = "key_expired"))]
    Expired {
        /// What may be shown of the key.
        hint: String,
        /// When, in ISO 8601.
        at: String,
    },
}

impl From<MalformedKey> for KeyRefusal {
    fn from(error: MalformedKey) -> Self {
        match error {
            MalformedKey::Length { expected, length } => Self::WrongLength { expected, length },
            MalformedKey::Checksum => Self::Mistyped,
        }
    }
}

const HOW_TO_SEND_A_KEY: &str =
    "Send \"Authorization: Bearer scim-…\" with the SCIM key made in the console.";

/// A limit that a client exceeds for the moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(LimitCode))]
#[strum_discriminants(doc = "The kind of a [`Limit`].")]
#[strum_discriminants(derive(EnumString, IntoStaticStr, VariantArray))]
pub enum Limit {
    /// Requests of one IP address with wrong keys or tokens.
    #[error(
        "Too many requests from this address were refused for their key or token. Correct it, and try again in a \
         minute."
    )]
    #[strum_discriminants(strum(serialize = "address_blocked"))]
    FailedAuthentications,
    /// Requests with one SCIM key.
    #[error("The SCIM key is used more often than this service allows in a minute. Try again shortly.")]
    #[strum_discriminants(strum(serialize = "request_rate_limited"))]
    Requests,
    /// Requests with one SCIM key for which the database looks at each user or group.
    #[error(
        "The SCIM key is used for more filters than this service allows in a minute that look through the whole \
         directory. Filter by an attribute that is indexed ({indexed}), or try again shortly."
    )]
    #[strum_discriminants(strum(serialize = "scan_rate_limited"))]
    Scans {
        /// The attributes that are indexed.
        indexed: &'static str,
    },
    /// Large bodies that are read at the same time.
    #[error("This service is reading as many large requests as it can at a time. Try again shortly.")]
    #[strum_discriminants(strum(serialize = "too_many_large_bodies"))]
    LargeBodies,
}

/// The kind of an [`Error`]. Audit logs store its text, so that the text of a code must not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// A rule of the directory.
    Directory(RefusalCode),
    /// A rule of the protocol.
    Protocol(ProtocolCode),
    /// The SCIM key.
    Key(KeyRefusalCode),
    /// A limit that passes with time.
    Limit(LimitCode),
    /// Storage.
    Storage(StorageErrorCode),
}

impl ErrorCode {
    /// The text of the code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Directory(code) => code.into(),
            Self::Protocol(code) => code.into(),
            Self::Key(code) => code.into(),
            Self::Limit(code) => code.into(),
            Self::Storage(code) => code.into(),
        }
    }

    /// Reads the text of a code; `None` for text that is none of this version's.
    pub fn parse(text: &str) -> Option<Self> {
        None.or_else(|| text.parse().ok().map(Self::Directory))
            .or_else(|| text.parse().ok().map(Self::Protocol))
            .or_else(|| text.parse().ok().map(Self::Key))
            .or_else(|| text.parse().ok().map(Self::Limit))
            .or_else(|| text.parse().ok().map(Self::Storage))
    }

    /// All codes.
    pub fn all() -> impl Iterator<Item = Self> {
        let directory = RefusalCode::VARIANTS.iter().copied().map(Self::Directory);
        let protocol = ProtocolCode::VARIANTS.iter().copied().map(Self::Protocol);
        let key = KeyRefusalCode::VARIANTS.iter().copied().map(Self::Key);
        let limit = LimitCode::VARIANTS.iter().copied().map(Self::Limit);
        let storage = StorageErrorCode::VARIANTS.iter().copied().map(Self::Storage);
        directory.chain(protocol).chain(key).chain(limit).chain(storage)
    }
}

impl From<RefusalCode> for ErrorCode {
    fn from(code: RefusalCode) -> Self {
        Self::Directory(code)
    }
}

impl From<StorageErrorCode> for ErrorCode {
    fn from(code: StorageErrorCode) -> Self {
        Self::Storage(code)
    }
}

/// The kind of a [`ScimError`]: its `scimType`, or its status where RFC 7644 has no keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "they are named as in RFC 7644 and RFC 9110")]
pub enum ProtocolCode {
    InvalidFilter,
    TooMany,
    Uniqueness,
    Mutability,
    InvalidSyntax,
    InvalidPath,
    NoTarget,
    InvalidValue,
    InvalidCursor,
    ExpiredCursor,
    InvalidCount,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Conflict,
    PreconditionFailed,
    ContentTooLarge,
    UriTooLong,
    UnsupportedMediaType,
    TooManyRequests,
    NotImplemented,
    InternalServerError,
}

impl ProtocolCode {
    /// The code of an error without a keyword.
    pub(crate) fn of_status(status: u16) -> Self {
        Self::of(&ScimError { status, scim_type: None, detail: String::new() })
    }

    /// The code of an error.
    pub(crate) fn of(error: &ScimError) -> Self {
        match (error.scim_type, error.status) {
            (Some(ScimType::InvalidFilter), _) => Self::InvalidFilter,
            (Some(ScimType::TooMany), _) => Self::TooMany,
            (Some(ScimType::Uniqueness), _) => Self::Uniqueness,
            (Some(ScimType::Mutability), _) => Self::Mutability,
            (Some(ScimType::InvalidSyntax), _) => Self::InvalidSyntax,
            (Some(ScimType::InvalidPath), _) => Self::InvalidPath,
            (Some(ScimType::NoTarget), _) => Self::NoTarget,
            (Some(ScimType::InvalidValue), _) => Self::InvalidValue,
            (Some(ScimType::InvalidCursor), _) => Self::InvalidCursor,
            (Some(ScimType::ExpiredCursor), _) => Self::ExpiredCursor,
            (Some(ScimType::InvalidCount), _) => Self::InvalidCount,
            (None, 401) => Self::Unauthorized,
            (None, 403) => Self::Forbidden,
            (None, 404) => Self::NotFound,
            (None, 405) => Self::MethodNotAllowed,
            (None, 409) => Self::Conflict,
            (None, 412) => Self::PreconditionFailed,
            (None, 413) => Self::ContentTooLarge,
            (None, 414) => Self::UriTooLong,
            (None, 415) => Self::UnsupportedMediaType,
            (None, 429) => Self::TooManyRequests,
            (None, 501) => Self::NotImplemented,
            (None, _) => Self::InternalServerError,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use directory::RefusalKind;

    #[test]
    fn each_code_is_read_back() {
        let texts: BTreeSet<&str> = ErrorCode::all().map(ErrorCode::as_str).collect();
        assert_eq!(texts.len(), ErrorCode::all().count(), "no two codes have the same text");
        for code in ErrorCode::all() {
            assert_eq!(ErrorCode::parse(code.as_str()), Some(code));
        }
        assert_eq!(ErrorCode::parse("of_another_version"), None);
    }

    #[test]
    fn errors_of_the_protocol_have_its_codes() {
        let not_found = Error::from(ScimError::not_found("There is nothing at this address."));
        assert_eq!(not_found.code(), ErrorCode::Protocol(ProtocolCode::NotFound));
        let located =
            Refusal::from(RefusalKind::InOperation { index: 0, refusal: ScimError::no_target("x").into() });
        assert_eq!(Error::from(located).code().as_str(), "no_target");
        let refused = Refusal::from(RefusalKind::InOperation {
            index: 0,
            refusal: RefusalKind::MemberImmutable.into(),
        });
        assert_eq!(Error::from(refused).code().as_str(), "member_immutable");
    }
}
