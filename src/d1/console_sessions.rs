//! Sessions of the console that were begun with the admin token. They lie in the first database.

use serde::Deserialize;

use super::batch::{Batch, Handle, Select};
use super::statement::{Statement, text};
use crate::runtime::clock::iso;

/// How long a session lasts without being used, in milliseconds.
pub const IDLE_MILLIS: u64 = 2 * 60 * 60 * 1000;
/// How long a session lasts at most, in milliseconds.
pub const LONGEST_MILLIS: u64 = 12 * 60 * 60 * 1000;
/// How far the time of the last use may lag behind, in milliseconds.
const USED_LAG_MILLIS: u64 = 60 * 1000;

const ALIVE: &str = "used_at > :used_after AND began_at > :began_after";

/// Writes a new session.
pub fn begin(id: &str, now_millis: u64) -> Statement {
    Statement::new(
        "INSERT INTO console_sessions (id, began_at, used_at) VALUES (:id, :now, :now)",
        &[text("id", id), text("now", iso(now_millis))],
    )
}

/// A session.
#[derive(Debug, Deserialize)]
pub struct Session {
    /// When it began.
    pub began_at: String,
}

/// Notes that a session is used, and selects it unless it has ended.
pub fn find(batch: &mut Batch, id: &str, now_millis: u64) -> Handle<Session> {
    let bindings = [
        text("id", id),
        text("now", iso(now_millis)),
        text("noted_before", iso(now_millis.saturating_sub(USED_LAG_MILLIS))),
        text("used_after", iso(now_millis.saturating_sub(IDLE_MILLIS))),
        text("began_after", iso(now_millis.saturating_sub(LONGEST_MILLIS))),
    ];
    let note = format!(
        "UPDATE console_sessions SET used_at = :now WHERE id = :id AND used_at <= :noted_before AND {ALIVE}"
    );
    let select = format!("SELECT began_at FROM console_sessions WHERE id = :id AND {ALIVE}");
    batch.execute(Statement::new(&note, &bindings));
    batch.push(Select::columns(Statement::new(&select, &bindings)))
}

/// Ends a session.
pub fn end(id: &str) -> Statement {
    Statement::new("DELETE FROM console_sessions WHERE id = :id RETURNING 1", &[text("id", id)])
}

/// Ends all sessions; selects one row for each.
pub fn end_all() -> Statement {
    Statement::new("DELETE FROM console_sessions RETURNING 1", &[])
}

/// Deletes the sessions that have ended by themselves.
pub fn forget_ended(now_millis: u64) -> Statement {
    Statement::new(
        "DELETE FROM console_sessions WHERE used_at <= :used_before OR began_at <= :began_before",
        &[
            text("used_before", iso(now_millis.saturating_sub(IDLE_MILLIS))),
            text("began_before", iso(now_millis.saturating_sub(LONGEST_MILLIS))),
        ],
    )
}
