//! A group: what it stands for, and who is in it.

use serde_json::Value;

use super::{Console, Parameters, Reply, put};
use crate::d1::{Batch, console_views as stored};
use crate::http::Problem;

pub(crate) async fn one(
    console: &Console<'_>,
    org: &str,
    id: &str,
    query: &mut Parameters<'_>,
) -> Result<Reply, Problem> {
    let count = query.count()?;
    let after = query.text("after").map_or(Ok(0), |after| {
        after.parse().map_err(|_| super::parameters::wrong("after", "the \"next\" of the page before"))
    })?;
    query.end()?;
    let tenant = console.tenant(org);
    let mut batch = Batch::new();
    let group = batch.push(stored::group::<Value>(&tenant, id));
    let members = batch.push(stored::group_members::<Value>(&tenant, id, after, count));
    let results = console.open(&tenant, batch).await?;
    let group = results.first(group)?;
    let mut body = group.ok_or_else(|| Problem::new(404, "There is no such group in this organization."))?;
    let mut rows = results.all(members)?;
    let mut next = None;
    if rows.len() > usize::from(count) {
        rows.truncate(count.into());
        next = rows.last().map(|row| row.place.clone());
    }
    let members: Vec<Value> = rows.into_iter().map(|row| row.member).collect();
    put(&mut body, "members", members);
    put(&mut body, "next", next);
    Ok(Reply::ok(body))
}
