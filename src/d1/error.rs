//! What can go wrong in storage, as the callers need to tell it apart.

use worker::console_error;

use scim_protocol::ScimError;

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
    /// The storage has not answered in the time that a request may take. Of a write it is then not known whether it
    /// was made.
    TimedOut {
        /// Whether anything was to be written.
        is_write: bool,
    },
    /// A batch that was sent again had been carried out the first time: only the answer was lost.
    AlreadyDone,
    /// Anything else, which is our fault. Carries the storage's own words, for the log only.
    Internal(String),
}

impl StoreError {
    /// Reads D1's message. It is text, with codes that newer versions append.
    pub(crate) fn classify(message: &str) -> Self {
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
        if message.contains("already done") {
            return Self::AlreadyDone;
        }
        // What Cloudflare's list of D1's errors says may be tried again, and SQLite's own of that kind:
        // https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
        const PASSING: [&str; 15] = [
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
        if PASSING.iter().any(|sign| message.contains(sign)) {
            return Self::Unavailable(message.to_owned());
        }
        Self::Internal(message.to_owned())
    }
}

impl StoreError {
    /// Whether the same batch may succeed in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// 429: the resource kept changing while the request was carried out. Not 409, which Okta would not repeat.
fn contended() -> ScimError {
    ScimError::throttled(
        "Other requests kept changing the resource while this one was carried out, so it changed nothing. Try again \
         shortly.",
    )
}

/// 429: the storage does not answer at the moment. Okta repeats a task by itself after a 429 and after no other
/// status, so this, and not 503, is the answer that no administrator has to attend to.
fn busy() -> ScimError {
    ScimError::throttled(
        "The directory's storage is busy or does not answer at the moment. Try again shortly.",
    )
}

/// 429: the storage has not answered in the time that a request may take. It is unknown whether a write was made.
fn timed_out(is_write: bool) -> ScimError {
    let outcome = match is_write {
        true => {
            "whether the change was made is not known. Send the request again: what has been changed already is not \
             changed twice"
        }
        false => "nothing was changed. Try again shortly",
    };
    ScimError::throttled(format!("The directory's storage did not answer in time; {outcome}."))
}

/// 429: stored texts are being prepared for a newer version of the service, and more are left than one request
/// prepares.
pub(crate) fn upgrading() -> ScimError {
    ScimError::throttled(
        "The organization's people and groups are being prepared for a newer version of the service, which takes a few \
         requests. Nothing was changed. Try again shortly.",
    )
}

impl From<StoreError> for ScimError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => contended(),
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
                busy()
            }
            StoreError::TimedOut { is_write } => {
                console_error!("storage did not answer in time");
                timed_out(is_write)
            }
            StoreError::AlreadyDone => {
                console_error!("a batch had been carried out, and its answer was lost");
                busy()
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
            let error = StoreError::classify(&format!("D1_ERROR: {message}"));
            assert!(error.is_passing(), "{message}");
        }
        assert_eq!(
            StoreError::classify("D1_ERROR: bad JSON path: 'already done': SQLITE_ERROR"),
            StoreError::AlreadyDone
        );
        assert_eq!(
            StoreError::classify("D1_ERROR: bad JSON path: 'full user 7': SQLITE_ERROR"),
            StoreError::Full("user 7".to_owned())
        );
        assert!(matches!(StoreError::classify("no such table: users"), StoreError::Internal(_)));
    }
}
