//! Imports: which lists are being read page by page, and were lately.

use serde_json::json;

use super::{Console, Problem, Reply};
use crate::store::imports as stored;

pub(super) async fn all(console: &Console<'_>, org: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    Ok(Reply::ok(json!({"imports": console.all_of(&tenant, stored::all(&tenant)).await?})))
}
