//! What can go wrong in storage, as the callers need to tell it apart.

use worker::console_error;

use crate::scim::ScimError;

/// An outcome of a batch other than success. The batch has then changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The guard of a write found that what was read has changed since: read again.
    Stale,
    /// A unique index refused the write. Names the columns, `table.column` each.
    Taken(String),
    /// A bound on how many there may be refused the write. Carries what is full; see `full`.
    Full(String),
    /// The statement is more than the database processes.
    TooComplex,
    /// The storage cannot answer now; the same request may succeed later.
    Unavailable(String),
    /// Anything else, which is our fault. Carries the storage's own words, for the log only.
    Internal(String),
}

impl StoreError {
    /// Reads D1's message. It is text, with codes that newer versions append.
    pub(super) fn classify(message: &str) -> Self {
        // The guard of a write asks for the JSON of something that is none; see `guard`. The triggers of
        // `users` say it in words.
        if message.contains("malformed JSON") || message.contains("stale organization") {
            return Self::Stale;
        }
        if let Some((_, what)) = message.split_once("bad JSON path: 'full ") {
            return Self::Full(what.split('\'').next().unwrap_or(what).to_owned());
        }
        if let Some((_, columns)) = message.split_once("UNIQUE constraint failed: ") {
            let columns = columns.split(": SQLITE").next().unwrap_or(columns);
            return Self::Taken(columns.to_owned());
        }
        if message.contains("Expression tree is too large") {
            return Self::TooComplex;
        }
        const PASSING: [&str; 6] = [
            "overloaded",
            "Network connection lost",
            "storage caused object to be reset",
            "reset because its code was updated",
            "exceeded timeout",
            "SQLITE_BUSY",
        ];
        if PASSING.iter().any(|sign| message.contains(sign)) {
            return Self::Unavailable(message.to_owned());
        }
        Self::Internal(message.to_owned())
    }
}

impl From<StoreError> for ScimError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::contended(),
            StoreError::TooComplex => {
                Self::too_many("The filter is more than the database processes; shorten it.")
            }
            StoreError::Taken(columns) => {
                console_error!("unique index without an answer of its own: {columns}");
                Self::uniqueness("The value is already taken.")
            }
            StoreError::Full(what) => {
                console_error!("a bound without an answer of its own: {what}");
                Self::invalid_value("There are as many of these as there may be; nothing was changed.")
            }
            StoreError::Unavailable(message) => {
                console_error!("storage unavailable: {message}");
                Self::busy()
            }
            StoreError::Internal(message) => {
                console_error!("storage failed: {message}");
                Self::internal()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_d1_are_told_apart() {
        assert_eq!(StoreError::classify("D1_ERROR: malformed JSON: SQLITE_ERROR"), StoreError::Stale);
        assert_eq!(
            StoreError::classify(
                "D1_ERROR: UNIQUE constraint failed: users.org_id, users.user_name_fold: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)"
            ),
            StoreError::Taken("users.org_id, users.user_name_fold".to_owned())
        );
        assert_eq!(
            StoreError::classify("D1_ERROR: bad JSON path: 'full user 7': SQLITE_ERROR"),
            StoreError::Full("user 7".to_owned())
        );
        assert!(matches!(StoreError::classify("D1 DB is overloaded. Too many"), StoreError::Unavailable(_)));
        assert!(matches!(StoreError::classify("no such table: users"), StoreError::Internal(_)));
    }
}
