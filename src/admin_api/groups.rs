//! A group: its project, team and role, and its members.

use super::context::{AdminContext, InOrganization, Opened};
use super::members::page;
use super::types::groups::{Group, GroupQuery, GroupRecord};
use crate::d1::{Batch, console_views as stored};
use crate::http::Problem;

/// Reads a group and a page of its members.
pub(crate) async fn read(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    query: GroupQuery,
) -> Result<InOrganization<Group>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let group = batch.push(stored::group::<GroupRecord>(&tenant, id));
    let members = batch.push(stored::group_members(&tenant, id, query.after.0, query.count.0));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let record = results
        .first(group)?
        .ok_or_else(|| Problem::new(404, "There is no such group in this organization."))?;
    let (members, next) = page(results.all(members)?, query.count);
    Ok(InOrganization { organization, answer: Group { record, members, next } })
}
