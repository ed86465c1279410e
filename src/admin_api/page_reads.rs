//! What a page of the console shows of a person or group: the answers of several calls, read in one batch.

use super::context::{AdminContext, InOrganization, Opened};
use super::imports::ShownReading;
use super::members::Person;
use super::product_keys::grouped;
use super::types::access::{Access, AccessQuery};
use super::types::events::{DeedPage, DeedQuery};
use super::types::groups::{Group, GroupQuery};
use super::types::imports::MemberShown;
use super::types::members::MemberInList;
use super::types::product_keys::Revocation;
use super::{access, deeds, groups, members};
use crate::d1::product::acknowledgements;
use crate::d1::{Batch, group_people};
use crate::http::Problem;

/// Most deactivations that the page of a person shows.
const MOST_REVOCATIONS: u32 = 3;

/// A person with their access and their history.
pub(crate) struct PersonWithHistory {
    /// The person; the problem, if they are deleted.
    pub(crate) person: Result<Person, Problem>,
    /// Their access at a moment; the problem, if it is not known.
    pub(crate) access: Result<Access, Problem>,
    pub(crate) history: DeedPage,
    /// Their newest deactivations, and when products acknowledged them.
    pub(crate) revocations: Vec<Revocation>,
    /// As what imports showed them; the problem, if that cannot be read.
    pub(crate) shown: Result<MemberShown, Problem>,
}

/// Reads a person.
///
/// # Errors
/// 400, and those of storage.
pub(crate) async fn person(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    access: AccessQuery,
    history: DeedQuery,
) -> Result<InOrganization<PersonWithHistory>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let person = members::Reading::push(&mut batch, &tenant, id);
    let access = access::Reading::push(&mut batch, &tenant, id, access);
    let history = deeds::Reading::push(&mut batch, &tenant, history)?;
    let revocations = batch.push(acknowledgements::of_person(&tenant, id, MOST_REVOCATIONS));
    let shown = ShownReading::push(&mut batch, &tenant, id);
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let shown = shown.shown(context, org, &results, id).await;
    let person = person.person(&results);
    let access = access.access(&results);
    let history = history.page(&results, &tenant.now)?;
    let revocations = grouped(results.all(revocations)?);
    let answer = PersonWithHistory { person, access, history, revocations, shown };
    Ok(InOrganization { organization, answer })
}

/// A group with its history.
pub(crate) struct GroupWithHistory {
    /// The group; the problem, if it is deleted.
    pub(crate) group: Result<Group, Problem>,
    /// The member who is about to be removed.
    pub(crate) leaving: Option<MemberInList>,
    pub(crate) history: DeedPage,
}

/// Reads a group. `leaving` is the id of a member who is about to be removed; empty if none is.
///
/// # Errors
/// 400, and those of storage.
pub(crate) async fn group(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    query: GroupQuery,
    leaving: &str,
    history: DeedQuery,
) -> Result<InOrganization<GroupWithHistory>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let group = groups::Reading::push(&mut batch, &tenant, id, query);
    let leaving = (!leaving.is_empty())
        .then(|| batch.push(group_people::candidate::<MemberInList>(&tenant, id, leaving)));
    let history = deeds::Reading::push(&mut batch, &tenant, history)?;
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let (group, history) = (group.group(&results), history.page(&results, &tenant.now)?);
    let leaving = leaving.map(|leaving| results.first(leaving)).transpose()?.flatten();
    let leaving = leaving.filter(|candidate| candidate.is_member).map(|candidate| candidate.person);
    Ok(InOrganization { organization, answer: GroupWithHistory { group, leaving, history } })
}
