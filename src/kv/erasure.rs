//! Erases what KV has of an organization whose rows are about to be deleted.

use worker::KvStore;

use super::imports::prefix;
use super::revocation::{WRITE_LIMIT, reason};
use crate::runtime::deadline::within;

/// Erases at most `most` entries of an organization. Revocations of its keys stay until they expire: they refuse the
/// keys. Returns how many entries were erased, and whether none is left.
///
/// # Errors
/// Why KV did not do it.
pub async fn erase(kv: &KvStore, organization: &str, most: u64) -> Result<(u64, bool), String> {
    let list = kv.list().prefix(prefix(organization)).limit(most).execute();
    let found = match within(WRITE_LIMIT, list).await {
        Some(Ok(found)) => found,
        failed => return Err(reason(failed)),
    };
    let mut erased: u64 = 0;
    for key in &found.keys {
        match within(WRITE_LIMIT, kv.delete(&key.name)).await {
            Some(Ok(())) => erased = erased.saturating_add(1),
            failed => return Err(reason(failed)),
        }
    }
    Ok((erased, found.list_complete))
}
