//! Successful outcomes of calls.

use futures_util::future::LocalBoxFuture;
use serde::Serialize;

use super::types::Repeatable;
use crate::d1::StorageError;
use crate::http::Problem;

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

/// A successful outcome as JSON.
pub(crate) struct Made {
    /// What the caller gets.
    pub(super) reply: Reply<String>,
    /// The body without its secret, if it has one.
    pub(super) without_secret: Option<String>,
}

/// The work of a call. It is boxed: each call is a function of its own then, instead of a part of one that has all.
pub(super) type Work<'a> = LocalBoxFuture<'a, Result<Made, Problem>>;

impl Made {
    /// An outcome that is not kept for a repetition.
    ///
    /// # Errors
    /// Internal, if the body cannot be JSON.
    pub(super) fn of<T: Serialize>(reply: &Reply<T>) -> Result<Self, StorageError> {
        Ok(Self { reply: Reply { status: reply.status, body: json(&reply.body)? }, without_secret: None })
    }

    /// An outcome that a repetition gets, too.
    ///
    /// # Errors
    /// Internal, if the body cannot be JSON.
    pub(super) fn repeatable<T: Repeatable>(reply: &Reply<T>) -> Result<Self, StorageError> {
        let without_secret = reply.body.without_secret().map(|body| json(&body)).transpose()?;
        Ok(Self { without_secret, ..Self::of(reply)? })
    }
}

/// A body as JSON.
pub(crate) fn json(body: &impl Serialize) -> Result<String, StorageError> {
    serde_json::to_string(body)
        .map_err(|error| StorageError::internal(format!("an answer cannot be written as JSON: {error}")))
}
