//! Members of a group, added and removed one at a time.

use super::context::{AdminContext, Opened};
use super::members;
use super::reply::Reply;
use super::types::consequences::ConfirmationQuery;
use super::types::groups::{GroupMember, GroupRecord};
use super::types::members::MemberInList;
use crate::d1::audit_log::{self, Outcome};
use crate::d1::consequences::{self, Change};
use crate::d1::group_people::{self as stored, Candidate};
use crate::d1::session::{Failure, retry_on_conflict};
use crate::d1::{Batch, StorageError, Tenant, console_views, memberships};
use crate::http::{AdminCode, Problem};

/// A group, and a person who may be a member of it.
pub(crate) struct Found {
    pub(crate) group: GroupRecord,
    pub(crate) person: Candidate<MemberInList>,
}

/// Reads a group by id, and a person by id or user name.
///
/// # Errors
/// 404.
pub(crate) async fn find(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    group: &str,
    person: &str,
) -> Result<Found, Problem> {
    let mut batch = Batch::new();
    let record = batch.push(console_views::group::<GroupRecord>(tenant, group));
    let person = batch.push(stored::candidate::<MemberInList>(tenant, group, person));
    let Opened { results, .. } = context.open(tenant, batch).await?;
    let group = results.first(record)?.ok_or_else(super::groups::not_found)?;
    let person = results.first(person)?.ok_or_else(members::not_found)?;
    Ok(Found { group, person })
}

/// The id of the person with that id or user name, and that of the group with that id or name.
///
/// # Errors
/// 404.
pub(crate) async fn ids_of(
    context: &AdminContext<'_>,
    org: &str,
    group: &str,
    person: &str,
) -> Result<(String, String), Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let found = batch.push(stored::group_named(&tenant, group));
    let person = batch.push(stored::candidate::<MemberInList>(&tenant, group, person));
    let Opened { results, .. } = context.open(&tenant, batch).await?;
    let group = results.first(found)?.ok_or_else(super::groups::not_found)?.id;
    let person = results.first(person)?.ok_or_else(|| {
        let detail = "There is no such person in this organization. Type the whole user name, or the id.";
        Problem::new(404, detail)
    })?;
    Ok((group, person.person.id))
}

/// The id of the group with that id or name.
///
/// # Errors
/// 404.
pub(crate) async fn group_id(context: &AdminContext<'_>, org: &str, group: &str) -> Result<String, Problem> {
    let tenant = context.tenant(org);
    let found = context.select(&tenant, stored::group_named(&tenant, group)).await?.answer;
    Ok(found.into_iter().next().ok_or_else(super::groups::not_found)?.id)
}

/// Adds a person to a group.
pub(crate) async fn add(
    context: &AdminContext<'_>,
    org: &str,
    group: &str,
    person: &str,
) -> Result<Reply<GroupMember>, Problem> {
    change(context, org, group, person, true, None).await
}

/// Removes a person from a group.
pub(crate) async fn remove(
    context: &AdminContext<'_>,
    org: &str,
    group: &str,
    person: &str,
    query: ConfirmationQuery,
) -> Result<Reply<GroupMember>, Problem> {
    change(context, org, group, person, false, query.confirm_people).await
}

async fn change(
    context: &AdminContext<'_>,
    org: &str,
    group: &str,
    person: &str,
    joins: bool,
    confirmed: Option<u64>,
) -> Result<Reply<GroupMember>, Problem> {
    let tenant = context.tenant(org);
    let answer = retry_on_conflict(async || {
        let Found { group, person: Candidate { person: member, is_member } } =
            find(context, &tenant, group, person).await?;
        if joins && !member.active {
            let detail = "An inactive person is in no group. Activate the person first.";
            return Err(Problem::of(AdminCode::MemberInactive, detail).into());
        }
        let changed = is_member != joins;
        let mut event = None;
        if changed {
            let mut batch = Batch::new();
            if !joins {
                let change = Change::Leave { group: &group.id, person: &member.id };
                batch.execute(consequences::check(&tenant, change, confirmed));
            }
            batch.extend(stored::change(&tenant, &group.id, &[&member.id], joins));
            // Without the name of the person: an erasure finds the entries about the person only.
            let done = if joins { "Added a person to" } else { "Removed a person from" };
            let outcome = Outcome::of(200, "Group", &group.id, &group.display_name)
                .with_detail(format!("{done} {}.", group.display_name));
            let first = batch.push(audit_log::first_event(&tenant));
            let results = context.write(&tenant, &outcome, batch).await.map_err(refused)?;
            event = results.first(first)?.map(|first| first.seq);
        }
        let warning = warning(&group, &member, joins).filter(|_| changed);
        Ok::<_, Failure<Problem>>(GroupMember { group, member, is_member: joins, changed, event, warning })
    })
    .await?;
    Ok(Reply::ok(answer))
}

fn refused(error: StorageError) -> Failure<Problem> {
    match memberships::too_many_groups(&error) {
        Some(refusal) => Failure::Final(refusal.into()),
        None => error.into(),
    }
}

/// What the identity provider will do about a membership that was begun or ended here: it knows only its own.
pub(crate) fn warning(group: &GroupRecord, member: &MemberInList, joined: bool) -> Option<String> {
    (group.pushed_at.is_some() && member.managed).then(|| {
        let done = if joined { "remove" } else { "add" };
        format!(
            "An identity provider pushes {}: it may {done} the person again with its next push of all members. Change \
             the group there, too.",
            group.display_name
        )
    })
}
