//! Imports: which lists are being read page by page, and were lately.

use super::{Console, Problem, Reply};
use crate::scim::json::object;
use crate::store::imports as stored;

pub(super) async fn all(console: &Console<'_>, org: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    Ok(Reply::ok(object! {"imports": console.all_of(&tenant, stored::all(&tenant)).await?}))
}
