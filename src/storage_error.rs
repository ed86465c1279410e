//! Errors of storage, as far as callers tell them apart.

use std::ops::Deref;

use strum::{EnumDiscriminants, EnumString, IntoStaticStr, VariantArray};

/// Why storage did not do what it was asked for. A batch that failed has changed nothing. It is boxed, since many
/// functions pass it on, and a pointer is less to move.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub struct StorageError(Box<StorageErrorKind>);

/// What a [`StorageError`] consists of.
#[derive(Debug, EnumDiscriminants)]
#[cfg_attr(test, derive(PartialEq, Eq))]
#[strum_discriminants(name(StorageErrorCode))]
#[strum_discriminants(doc = "The kind of a [`StorageError`], without what belongs to it.")]
#[strum_discriminants(derive(EnumString, IntoStaticStr, VariantArray))]
pub enum StorageErrorKind {
    /// The guard of a write found that its basis has changed since it was read: read again.
    #[strum_discriminants(strum(serialize = "stale_write"))]
    Stale,
    /// The basis of a write changed in each attempt.
    #[strum_discriminants(strum(serialize = "write_conflict"))]
    Contended,
    /// A unique index refused the write. Names the columns, `table.column` each.
    #[strum_discriminants(strum(serialize = "value_taken"))]
    Taken(String),
    /// A limit on the number of rows refused the write. Says which limit; see `full` in `d1::tenant`.
    #[strum_discriminants(strum(serialize = "row_limit_reached"))]
    Full(String),
    /// The trigger `events_access_lost` refused the write: too many people would lose access within an hour.
    #[strum_discriminants(strum(serialize = "write_braked"))]
    Braked,
    /// A change would take access from so many people, and that is not confirmed; see `d1::consequences`.
    #[strum_discriminants(strum(serialize = "change_not_confirmed"))]
    Unconfirmed(u64),
    /// The statement is more than the database processes.
    #[strum_discriminants(strum(serialize = "statement_too_complex"))]
    TooComplex,
    /// Storage cannot answer now; the same request may succeed later.
    #[strum_discriminants(strum(serialize = "storage_unavailable"))]
    Unavailable(String),
    /// Storage has not answered in the time that a request may take. Whether a write was made is then unknown.
    #[strum_discriminants(strum(serialize = "storage_timed_out"))]
    TimedOut {
        /// Whether the batch writes.
        is_write: bool,
    },
    /// A batch that was sent again had been carried out the first time: only the answer was lost.
    #[strum_discriminants(strum(serialize = "storage_answer_lost"))]
    AlreadyDone,
    /// Stored texts are being prepared for a newer version of the service, and more are left than one request prepares.
    #[strum_discriminants(strum(serialize = "upgrade_in_progress"))]
    Upgrading,
    /// The database lacks a table, column or index that this version of the service uses. Carries D1's message.
    #[strum_discriminants(strum(serialize = "schema_outdated"))]
    OutdatedSchema(String),
    /// So many lists of the organization are being read page by page that another snapshot cannot be kept.
    #[strum_discriminants(strum(serialize = "too_many_imports"))]
    TooManyImports,
    /// A mistake of this service: an invariant does not hold. Carries the reason, for the log only.
    #[strum_discriminants(strum(serialize = "internal_error"))]
    Internal(String),
}

impl Deref for StorageError {
    type Target = StorageErrorKind;

    fn deref(&self) -> &StorageErrorKind {
        &self.0
    }
}

impl From<StorageErrorKind> for StorageError {
    fn from(kind: StorageErrorKind) -> Self {
        Self(Box::new(kind))
    }
}

impl StorageError {
    /// The guard of a write found that its basis has changed.
    pub(crate) fn stale() -> Self {
        StorageErrorKind::Stale.into()
    }

    /// A mistake of this service. The reason is for the log.
    pub(crate) fn internal(reason: String) -> Self {
        StorageErrorKind::Internal(reason).into()
    }

    /// What it consists of.
    pub(crate) fn into_kind(self) -> StorageErrorKind {
        *self.0
    }

    /// Whether the guard of a write found that its basis has changed.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(**self, StorageErrorKind::Stale)
    }

    /// Whether the same batch may succeed in a moment.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(**self, StorageErrorKind::Unavailable(_))
    }
}
