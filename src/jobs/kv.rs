//! Erases what KV has of organizations whose rows are deleted next.

use worker::KvStore;

use crate::d1::Database;
use crate::d1::deletion::due;
use crate::kv::erasure::erase;

/// Most organizations of a database for which one run looks into KV.
pub(crate) const MAX_ORGANIZATIONS: u32 = 20;
/// Most entries that one run erases in KV, for a database: the free plan of Cloudflare has 1,000 deletions a day.
pub(crate) const MAX_ENTRIES: u64 = 300;

/// Erases what KV has of organizations that were deleted before `before`. Returns the time before which nothing is left
/// of those that were deleted, so that their rows can be deleted.
///
/// # Errors
/// Why it failed.
pub(super) async fn erase_deleted(
    database: &Database,
    kv: &KvStore,
    before: String,
) -> Result<String, String> {
    let found = database.run(due(&before, MAX_ORGANIZATIONS)).await.map_err(|error| format!("{error:?}"))?;
    let mut left = MAX_ENTRIES;
    let is_last = found.len() < MAX_ORGANIZATIONS as usize;
    let mut erased_to = String::new();
    for organization in found {
        let (erased, is_empty) = erase(kv, &organization.id, left.max(1)).await?;
        left = left.saturating_sub(erased);
        erased_to.clone_from(&organization.deleted_at);
        if !is_empty {
            return Ok(erased_to);
        }
    }
    Ok(if is_last { before } else { erased_to })
}
