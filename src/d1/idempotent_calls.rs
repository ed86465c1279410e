//! Responses to calls of the console's API, kept for a day, so that a client may repeat a call whose response was lost.
//! A call is stored in the database of its organization; a call without an organization, in the first database.

use serde::Deserialize;

use super::batch::{Batch, Handle, Select};
use super::columns::flag;
use super::statement::{Statement, text};
use crate::runtime::clock::iso;

/// How long an answer is kept, in milliseconds.
pub const KEPT_MILLIS: u64 = 24 * 60 * 60 * 1000;
/// How long a secret of an answer is kept, in milliseconds.
pub const SECRET_MILLIS: u64 = 60 * 1000;

/// A call as it is stored.
#[derive(Debug, Deserialize)]
pub struct Call {
    /// Whether this request has claimed it.
    #[serde(deserialize_with = "flag")]
    pub is_new: bool,
    /// The hash of what the call asks for.
    pub request: String,
    /// When it was claimed.
    pub began_at: String,
    /// Whether it has made its change.
    #[serde(deserialize_with = "flag")]
    pub is_done: bool,
    /// The status code of its response, once there is one.
    pub status: Option<u16>,
    /// The body of its response, as JSON.
    pub answer: Option<String>,
    /// The body with its secret, encrypted.
    pub secret: Option<String>,
}

/// Claims a call, or finds the outcome of an earlier claim. `id` is a hash of the caller and of the key of the call,
/// `request` of what the call asks for.
pub fn claim(batch: &mut Batch, id: &str, request: &str, now_millis: u64) -> Handle<Call> {
    let bindings = [
        text("id", id),
        text("request", request),
        text("now", iso(now_millis)),
        text("kept_since", iso(now_millis.saturating_sub(KEPT_MILLIS))),
        text("secret_since", iso(now_millis.saturating_sub(SECRET_MILLIS))),
    ];
    let statements = [
        "DELETE FROM idempotent_calls WHERE id = :id AND began_at <= :kept_since",
        "UPDATE idempotent_calls SET secret = NULL WHERE secret IS NOT NULL AND began_at <= :secret_since",
        "INSERT OR IGNORE INTO idempotent_calls (id, request, began_at) VALUES (:id, :request, :now)",
    ];
    batch.extend(statements.map(|sql| Statement::new(sql, &bindings)));
    batch.push(Select::columns(Statement::new(
        "SELECT changes() = 1 AS is_new, request, began_at, is_done, status, answer, secret
         FROM idempotent_calls WHERE id = :id",
        &bindings,
    )))
}

/// Selects a row if that call has been made.
pub fn find(id: &str, now_millis: u64) -> Statement {
    Statement::new(
        "SELECT 1 FROM idempotent_calls WHERE id = :id AND began_at > :kept_since",
        &[text("id", id), text("kept_since", iso(now_millis.saturating_sub(KEPT_MILLIS)))],
    )
}

/// Notes that the call has made its change, in the batch of the change.
pub fn done(id: &str) -> Statement {
    Statement::new("UPDATE idempotent_calls SET is_done = 1 WHERE id = :id", &[text("id", id)])
}

/// Stores the response to a call. `secret` is the response with its secret, encrypted: only a client that has the key
/// of the call can read it.
pub fn answered(id: &str, status: u16, answer: &str, secret: Option<&str>) -> Statement {
    Statement::new(
        "UPDATE idempotent_calls SET is_done = 1, status = CAST(:status AS INTEGER), answer = :answer,
           secret = nullif(:secret, '') WHERE id = :id",
        &[
            text("id", id),
            text("status", status.to_string()),
            text("answer", answer),
            text("secret", secret.unwrap_or_default()),
        ],
    )
}

/// Deletes a call that has changed nothing, so that a client may repeat it.
pub fn release(id: &str) -> Statement {
    Statement::new("DELETE FROM idempotent_calls WHERE id = :id AND is_done = 0", &[text("id", id)])
}

/// Deletes calls that are too old to be repeated.
pub fn forget(now_millis: u64) -> Statement {
    Statement::new(
        "DELETE FROM idempotent_calls WHERE began_at <= :kept_since",
        &[text("kept_since", iso(now_millis.saturating_sub(KEPT_MILLIS)))],
    )
}
