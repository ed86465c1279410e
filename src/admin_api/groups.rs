//! A group: what it stands for, and who is in it.

use serde_json::Value;

use super::{Console, Parameters, Reply, put, record};
use crate::d1::console_views as stored;
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
    let statements = vec![stored::group(&tenant, id), stored::of_group(&tenant, id, after, count)];
    let mut results = console.open(&tenant, statements).await?;
    let group = results.next().unwrap_or_default();
    let group =
        group.first().ok_or_else(|| Problem::new(404, "There is no such group in this organization."))?;
    let mut rows = results.next().unwrap_or_default();
    let mut next = None;
    if rows.len() > usize::from(count) {
        rows.truncate(count.into());
        next = rows.last().map(|row| row.body.clone().into_string());
    }
    let members: Vec<Value> = rows.iter().map(record).collect::<Result<_, _>>()?;
    let mut body = record(group)?;
    put(&mut body, "members", members);
    put(&mut body, "next", next);
    Ok(Reply::ok(body))
}
