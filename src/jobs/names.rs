//! Folds names of organizations that an older version has written, so that they are found in any case.

use crate::d1::organization_list::{fold_name, unfolded};
use crate::d1::{Batch, Database, StorageError};

/// Most names that one run folds in a database.
pub(crate) const MAX_NAMES: u32 = 200;

/// Folds some of the names.
pub(super) async fn fold_names(database: &Database) -> Result<(), StorageError> {
    let found = database.run(unfolded(MAX_NAMES)).await?;
    if found.is_empty() {
        return Ok(());
    }
    let batch: Batch = found.iter().map(fold_name).collect();
    database.batch(&batch).await.map(drop)
}
