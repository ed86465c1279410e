//! The log, as it is read.

use serde_json::Value;

use super::{Console, Parameters, Reply, end_page};
use crate::d1::audit_log::{self as stored, Query, Source};
use crate::http::Problem;
use scim_protocol::json::object;

pub(crate) async fn entries(
    console: &Console<'_>,
    org: &str,
    query: &mut Parameters<'_>,
) -> Result<Reply, Problem> {
    let asked = Query {
        failed: query.one_of("status", &[("failed", true), ("succeeded", false)])?,
        source: query.one_of("source", &[("scim", Source::Scim), ("console", Source::Console)])?,
        resource: query.text("resource"),
        resource_id: None,
        from: query.time("from")?,
        to: query.time("to")?,
        before: query.text("before"),
        after: query.text("after"),
        count: query.count()?,
    };
    query.end()?;
    let tenant = console.tenant(org);
    let mut entries = console.all_of(&tenant, stored::entries::<Value>(&tenant, &asked)).await?;
    let next = end_page(&mut entries, asked.count, "id");
    Ok(Reply::ok(object! {"entries": entries, "next": next}))
}
