//! Errors of storage, as far as callers tell them apart.

use worker::console_error;

use scim_protocol::ScimError;

/// Why storage did not do what it was asked for. A batch that failed has changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorageError {
    /// The guard of a write found that its basis has changed since it was read: read again.
    Stale,
    /// A unique index refused the write. Names the columns, `table.column` each.
    Taken(String),
    /// A limit on the number of rows refused the write. Says which limit; see `full` in `d1::tenant`.
    Full(String),
    /// The statement is more than the database processes.
    TooComplex,
    /// Storage cannot answer now; the same request may succeed later.
    Unavailable(String),
    /// Storage has not answered in the time that a request may take. Whether a write was made is then unknown.
    TimedOut {
        /// Whether the batch writes.
        is_write: bool,
    },
    /// A batch that was sent again had been carried out the first time: only the answer was lost.
    AlreadyDone,
    /// A mistake of this service: an invariant does not hold. Carries the reason, for the log only.
    Internal(String),
}

impl StorageError {
    /// Whether the same batch may succeed in a moment.
    pub(crate) fn is_transient(&self) -> bool {
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

impl From<StorageError> for ScimError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Stale => contended(),
            StorageError::TooComplex => {
                Self::too_many("The filter is more than the database processes; shorten it.")
            }
            StorageError::Taken(columns) => {
                console_error!("a unique index refused a write without an error of its own: {columns}");
                Self::uniqueness("The value is already taken.")
            }
            StorageError::Full(what) => {
                console_error!("a limit refused a write without an error of its own: {what}");
                Self::invalid_value("There are as many of these as there may be; nothing was changed.")
            }
            StorageError::Unavailable(message) => {
                console_error!("storage unavailable: {message}");
                busy()
            }
            StorageError::TimedOut { is_write } => {
                console_error!("storage did not answer in time");
                timed_out(is_write)
            }
            StorageError::AlreadyDone => {
                console_error!("a batch had been carried out, and its answer was lost");
                busy()
            }
            StorageError::Internal(message) => {
                console_error!("storage failed: {message}");
                Self::internal()
            }
        }
    }
}
