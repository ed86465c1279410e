//! Problem details (RFC 9457): the errors of the admin API and the console.

use std::ops::Deref;

use super::refusal::of_storage;
use super::{AdminCode, ProblemCode};
use crate::d1::session::Failure;
use crate::error::{Error, ErrorCode, ErrorKind, Limit, ProtocolCode};
use crate::storage_error::{StorageError, StorageErrorCode, StorageErrorKind};
use directory::Refusal;
use scim_protocol::ScimError;

/// An outcome other than success. It is boxed, since many functions pass it on, and a pointer is less to move.
#[derive(Debug)]
pub struct Problem(Box<Details>);

/// What a [`Problem`] consists of.
#[derive(Debug)]
pub struct Details {
    /// HTTP status code.
    pub status: u16,
    /// Why.
    pub code: ProblemCode,
    /// What went wrong and what to do about it.
    pub detail: String,
    /// With 405: the methods that are possible.
    pub allow: Option<String>,
    /// With 409: from how many people the change takes access, which is not confirmed.
    pub people: Option<u64>,
    /// The id of the request, once it is known.
    pub request_id: Option<String>,
}

impl Deref for Problem {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl Problem {
    /// A problem of which a client need not know more than its status.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self::coded(status, ProblemCode::of_status(status), detail)
    }

    /// A problem for that reason.
    pub fn of(code: AdminCode, detail: impl Into<String>) -> Self {
        Self::coded(code.status(), ProblemCode::Admin(code), detail)
    }

    fn coded(status: u16, code: ProblemCode, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self(Box::new(Details { status, code, detail, allow: None, people: None, request_id: None }))
    }

    /// The same for a reason that requests over SCIM have, too.
    pub(crate) fn because(mut self, code: impl Into<ErrorCode>) -> Self {
        self.0.code = ProblemCode::Error(code.into());
        self
    }

    /// The same with the id of the request.
    pub(crate) fn of_request(mut self, id: &str) -> Self {
        self.0.request_id = Some(id.to_owned());
        self
    }

    /// The same with the methods that are possible.
    pub(crate) fn with_allow(mut self, allow: String) -> Self {
        self.0.allow = Some(allow);
        self
    }

    /// The same with the number of people from whom the change takes access.
    pub(crate) fn with_people(mut self, people: u64) -> Self {
        self.0.people = Some(people);
        self
    }

    /// What went wrong and what to do about it.
    pub(crate) fn into_detail(self) -> String {
        self.0.detail
    }

    /// There is no such organization, or none that the actor may know of.
    pub fn no_organization() -> Self {
        Self::of(
            AdminCode::OrganizationNotFound,
            "There is no such organization, or you are not among its administrators: its active Admins and its Owner.",
        )
    }

    /// The status in words.
    pub fn title(&self) -> &'static str {
        match self.status {
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            409 => "Conflict",
            410 => "Gone",
            413 => "Content Too Large",
            414 => "URI Too Long",
            415 => "Unsupported Media Type",
            422 => "Unprocessable Content",
            429 => "Too Many Requests",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        }
    }
}

impl From<ScimError> for Problem {
    fn from(error: ScimError) -> Self {
        let code = ErrorCode::Protocol(ProtocolCode::of(&error));
        Self::coded(error.status, ProblemCode::Error(code), error.detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let code = error.code();
        match error.into_kind() {
            ErrorKind::Storage(error) => error.into(),
            other => Self::from(Error::from(other).into_scim()).because(code),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Error::from(refusal).into()
    }
}

impl From<Limit> for Problem {
    fn from(limit: Limit) -> Self {
        Error::from(limit).into()
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        let code = StorageErrorCode::from(&*error);
        match *error {
            // The guard of a write found no row: it is gone, or has become another.
            StorageErrorKind::Stale => Self::of(
                AdminCode::ChangedMeanwhile,
                "This was changed or deleted by someone else. Reload it and try again.",
            ),
            StorageErrorKind::Unconfirmed(people) => {
                Self::from(of_storage(error)).because(code).with_people(people)
            }
            _ => Self::from(of_storage(error)).because(code),
        }
    }
}

impl From<Problem> for Failure<Problem> {
    fn from(problem: Problem) -> Self {
        Self::Final(problem)
    }
}

impl From<Refusal> for Failure<Problem> {
    fn from(refusal: Refusal) -> Self {
        Self::Final(refusal.into())
    }
}
