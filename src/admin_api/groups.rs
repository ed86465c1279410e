//! A group: its project, team and role, and its members.

use super::context::{AdminContext, InOrganization, Opened};
use super::members::page;
use super::types::groups::{Group, GroupQuery, GroupRecord};
use super::types::members::MemberInList;
use super::types::query::Count;
use crate::d1::console_views::{self as stored, GroupSize, Listed};
use crate::d1::group_people::{self, Searched};
use crate::d1::{Batch, Handle, Results, Tenant};
use crate::http::Problem;
use directory::RefusalCode;

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
    members: Members,
    size: Handle<GroupSize>,
}

/// The statement that reads members: all of them, or those with a name.
enum Members {
    All(Handle<Listed<MemberInList>>),
    Named(Handle<Searched<MemberInList>>),
}

impl Reading {
    /// Adds the statements to a batch.
    pub(super) fn push(batch: &mut Batch, tenant: &Tenant<'_>, id: &str, query: GroupQuery) -> Self {
        let (after, count) = (query.after.0, query.count.0);
        Self {
            group: batch.push(stored::group(tenant, id)),
            members: match query.search.as_deref() {
                None => Members::All(batch.push(stored::group_members(tenant, id, after, count))),
                Some(name) => {
                    Members::Named(batch.push(group_people::search(tenant, id, name, after, count)))
                }
            },
            size: batch.push(stored::group_size(tenant, id)),
            query,
        }
    }

    /// The group, once the statements have run.
    ///
    /// # Errors
    /// 404.
    pub(super) fn group(&self, results: &Results) -> Result<Group, Problem> {
        let record = results.first(self.group)?.ok_or_else(not_found)?;
        let (members, next) = match self.members {
            Members::All(members) => page(results.all(members)?, self.query.count),
            Members::Named(members) => found(results.all(members)?, self.query.count),
        };
        Ok(Group { record, member_count: results.one(self.size)?.members, members, next })
    }
}

/// A page of the members that were found, and where the search goes on.
fn found(rows: Vec<Searched<MemberInList>>, count: Count) -> (Vec<MemberInList>, Option<String>) {
    // Only the last row may be one without the name.
    let stopped = rows.last().filter(|row| row.is_end).map(|row| row.place.clone());
    let hits = rows.into_iter().filter(|row| row.is_hit);
    let hits = hits.map(|row| Listed { member: row.member, place: row.place }).collect();
    let (members, next) = page(hits, count);
    (members, next.or(stopped))
}

pub(super) fn not_found() -> Problem {
    Problem::new(404, "There is no such group in this organization.").because(RefusalCode::GroupNotFound)
}
