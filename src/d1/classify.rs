//! Classifies D1's errors, which are text, as [`StorageError`].

use crate::storage_error::StorageErrorKind;

/// Transient errors: those that Cloudflare's list says may be tried again, and SQLite's own of that kind.
/// <https://developers.cloudflare.com/d1/observability/debug-d1/#error-list>
const TRANSIENT: [&str; 15] = [
    "overloaded",
    "Network connection lost",
    "Cannot resolve D1 DB due to transient issue",
    "client disconnected",
    "caused object to be reset",
    "reset because its code was updated",
    // Of memory and of processor time.
    "limit and was reset",
    "exceeded timeout",
    "timed out",
    "long-running",
    "internal error",
    "Internal error",
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "is locked",
];

/// How SQLite says that a statement names what the database does not have: migrations are missing.
const OUTDATED: [&str; 4] =
    ["no such table: ", "no such column: ", "no such index: ", " has no column named "];

/// Reads D1's message. It is text, to which newer versions append codes.
pub(crate) fn classify(message: &str) -> StorageErrorKind {
    // The guard of a write asks for the JSON of a text that is not JSON; see `guard`. The triggers of `users` say it
    // in words.
    if message.contains("malformed JSON") || message.contains("stale organization") {
        return StorageErrorKind::Stale;
    }
    if message.contains("access brake") {
        return StorageErrorKind::Braked;
    }
    if let Some((_, what)) = message.split_once("bad JSON path: 'full ") {
        return StorageErrorKind::Full(what.split('\'').next().unwrap_or(what).to_owned());
    }
    if let Some((_, people)) = message.split_once("bad JSON path: 'unconfirmed ")
        && let Some(people) = people.split('\'').next().and_then(|people| people.parse().ok())
    {
        return StorageErrorKind::Unconfirmed(people);
    }
    if let Some((_, columns)) = message.split_once("UNIQUE constraint failed: ") {
        let columns = columns.split(": SQLITE").next().unwrap_or(columns);
        return StorageErrorKind::Taken(columns.to_owned());
    }
    if message.contains("Expression tree is too large") {
        return StorageErrorKind::TooComplex;
    }
    if message.contains("already done") {
        return StorageErrorKind::AlreadyDone;
    }
    if TRANSIENT.iter().any(|sign| message.contains(sign)) {
        return StorageErrorKind::Unavailable(message.to_owned());
    }
    if OUTDATED.iter().any(|sign| message.contains(sign)) {
        return StorageErrorKind::OutdatedSchema(message.to_owned());
    }
    StorageErrorKind::Internal(message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage_error::StorageError;

    #[test]
    fn messages_of_d1_are_told_apart() {
        assert_eq!(classify("D1_ERROR: malformed JSON: SQLITE_ERROR"), StorageErrorKind::Stale);
        assert_eq!(
            classify(
                "D1_ERROR: UNIQUE constraint failed: users.org_id, users.user_name_fold: SQLITE_CONSTRAINT \
                 (extended: SQLITE_CONSTRAINT_UNIQUE)"
            ),
            StorageErrorKind::Taken("users.org_id, users.user_name_fold".to_owned())
        );
        for message in [
            "D1 DB is overloaded. Requests queued for too long.",
            "D1 DB is overloaded. Too many requests queued.",
            "Network connection lost.",
            "Cannot resolve D1 DB due to transient issue on remote node.",
            "Can't read from request stream because client disconnected.",
            "Internal error while starting up D1 DB storage caused object to be reset.",
            "Internal error in D1 DB storage caused object to be reset.",
            "D1 DB storage operation exceeded timeout which caused object to be reset.",
            "D1 DB reset because its code was updated.",
            "D1 DB's isolate exceeded its memory limit and was reset.",
            "D1 DB exceeded its CPU time limit and was reset.",
            "internal error; reference = abc123",
            "database is locked: SQLITE_BUSY",
            "database table is locked: users",
        ] {
            let error = StorageError::from(classify(&format!("D1_ERROR: {message}")));
            assert!(error.is_transient(), "{message}");
        }
        assert_eq!(
            classify("D1_ERROR: bad JSON path: 'already done': SQLITE_ERROR"),
            StorageErrorKind::AlreadyDone
        );
        assert_eq!(
            classify("D1_ERROR: bad JSON path: 'full user 7': SQLITE_ERROR"),
            StorageErrorKind::Full("user 7".to_owned())
        );
        for message in [
            "no such table: events: SQLITE_ERROR",
            "no such column: o.paused_at at offset 7: SQLITE_ERROR",
            "no such index: log_by_code: SQLITE_ERROR",
            "table log has no column named changed_id at offset 41: SQLITE_ERROR",
        ] {
            let message = format!("D1_ERROR: {message}");
            assert_eq!(classify(&message), StorageErrorKind::OutdatedSchema(message));
        }
        assert!(matches!(classify("D1_ERROR: near \"FORM\": syntax error"), StorageErrorKind::Internal(_)));
        assert_eq!(
            classify("D1_ERROR: bad JSON path: 'unconfirmed 26': SQLITE_ERROR"),
            StorageErrorKind::Unconfirmed(26)
        );
        assert_eq!(
            classify("D1_ERROR: access brake: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_TRIGGER)"),
            StorageErrorKind::Braked
        );
    }
}
