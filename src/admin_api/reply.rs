//! Successful outcomes of calls.

use serde::Serialize;

use crate::d1::StorageError;

/// A successful outcome.
#[derive(Debug)]
pub(crate) struct Reply<T> {
    /// HTTP status code.
    pub(crate) status: u16,
    /// Body.
    pub(crate) body: T,
}

impl<T> Reply<T> {
    pub(super) fn ok(body: T) -> Self {
        Self { status: 200, body }
    }

    pub(super) fn created(body: T) -> Self {
        Self { status: 201, body }
    }
}

impl<T: Serialize> Reply<T> {
    /// The same with the body as JSON.
    ///
    /// # Errors
    /// Internal, if the body cannot be JSON.
    pub(super) fn into_json(self) -> Result<Reply<String>, StorageError> {
        Ok(Reply { status: self.status, body: json(&self.body)? })
    }
}

/// A body as JSON.
pub(crate) fn json(body: &impl Serialize) -> Result<String, StorageError> {
    serde_json::to_string(body)
        .map_err(|error| StorageError::Internal(format!("an answer cannot be written as JSON: {error}")))
}
