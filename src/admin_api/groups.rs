//! A group: its project, team and role, and its members.

use super::context::{AdminContext, InOrganization, Opened};
use super::members::page;
use super::types::groups::{Group, GroupQuery, GroupRecord};
use super::types::members::MemberInList;
use crate::d1::console_views::{self as stored, GroupSize, Listed};
use crate::d1::{Batch, Handle, Results, Tenant};
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
    let reading = Reading::push(&mut batch, &tenant, id, query);
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    Ok(InOrganization { organization, answer: reading.group(&results)? })
}

/// The statements that read a group and a page of its members, in a batch that may have others.
pub(super) struct Reading {
    query: GroupQuery,
    group: Handle<GroupRecord>,
    members: Handle<Listed<MemberInList>>,
    size: Handle<GroupSize>,
}

impl Reading {
    /// Adds the statements to a batch.
    pub(super) fn push(batch: &mut Batch, tenant: &Tenant<'_>, id: &str, query: GroupQuery) -> Self {
        Self {
            group: batch.push(stored::group(tenant, id)),
            members: batch.push(stored::group_members(tenant, id, query.after.0, query.count.0)),
            size: batch.push(stored::group_size(tenant, id)),
            query,
        }
    }

    /// The group, once the statements have run.
    ///
    /// # Errors
    /// 404.
    pub(super) fn group(&self, results: &Results) -> Result<Group, Problem> {
        let record = results
            .first(self.group)?
            .ok_or_else(|| Problem::new(404, "There is no such group in this organization."))?;
        let (members, next) = page(results.all(self.members)?, self.query.count);
        Ok(Group { record, member_count: results.one(self.size)?.members, members, next })
    }
}
