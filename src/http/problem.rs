//! What goes wrong, as the administrator is to be told (RFC 9457).

use crate::d1::StorageError;
use scim_protocol::ScimError;

/// An outcome other than success.
#[derive(Debug)]
pub struct Problem {
    /// HTTP status code.
    pub status: u16,
    /// What went wrong and what to do about it.
    pub detail: String,
    /// With 405: the methods that are possible.
    pub allow: Option<&'static str>,
}

impl Problem {
    /// A problem with that status.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), allow: None }
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

impl From<Problem> for ScimError {
    fn from(problem: Problem) -> Self {
        Self { status: problem.status, scim_type: None, detail: problem.detail }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            // A guard found no row: what the write was about is gone, or has become another.
            StorageError::Stale => {
                Self::new(409, "This was changed or deleted by someone else. Reload it and try again.")
            }
            other => ScimError::from(other).into(),
        }
    }
}
