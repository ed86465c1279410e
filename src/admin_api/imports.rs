//! Imports: which lists are being read page by page, and were lately.

use serde_json::Value;

use super::{Console, Reply};
use crate::d1::imports::status as stored;
use crate::http::Problem;
use scim_protocol::json::object;

pub(crate) async fn all(console: &Console<'_>, org: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    Ok(Reply::ok(object! {"imports": console.all_of(&tenant, stored::all::<Value>(&tenant)).await?}))
}
