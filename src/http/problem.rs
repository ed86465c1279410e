//! Problem details (RFC 9457): the errors of the admin API and the console.

use crate::d1::session::Failure;
use crate::error::{Error, Limit};
use crate::storage_error::StorageError;
use directory::Refusal;
use scim_protocol::ScimError;

/// An outcome other than success.
#[derive(Debug)]
pub struct Problem {
    /// HTTP status code.
    pub status: u16,
    /// What went wrong and what to do about it.
    pub detail: String,
    /// With 405: the methods that are possible.
    pub allow: Option<String>,
    /// With 409: from how many people the change takes access, which is not confirmed.
    pub people: Option<u64>,
    /// The id of the request, once it is known.
    pub request_id: Option<String>,
}

impl Problem {
    /// A problem with that status.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), allow: None, people: None, request_id: None }
    }

    /// The same with the id of the request.
    pub(crate) fn of_request(self, id: &str) -> Self {
        Self { request_id: Some(id.to_owned()), ..self }
    }

    /// There is no such organization, or none that the actor may know of.
    pub fn no_organization() -> Self {
        Self::new(
            404,
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
        Self::new(error.status, error.detail)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            // The guard of a write found no row: it is gone, or has become another.
            Error::Storage(StorageError::Stale) => {
                Self::new(409, "This was changed or deleted by someone else. Reload it and try again.")
            }
            Error::Storage(StorageError::Unconfirmed(people)) => Self {
                people: Some(people),
                ..Error::from(StorageError::Unconfirmed(people)).into_scim().into()
            },
            other => other.into_scim().into(),
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
        Error::from(error).into()
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
