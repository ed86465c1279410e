//! KV: the second place, beside D1, that knows which keys are revoked; and who was on the pages of imports.

pub mod erasure;
pub mod imports;
pub mod revocation;

use worker::KvStore;

use crate::runtime::deadline::within;

/// Whether KV answers, within the time that the read of a revocation may take.
pub async fn answers(kv: &KvStore) -> bool {
    let read = kv.get("healthz").text();
    matches!(within(revocation::READ_LIMIT, read).await, Some(Ok(_)))
}
