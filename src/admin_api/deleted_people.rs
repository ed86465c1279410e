//! Deleted people, who can come back under their ids as long as what is kept of them is there.

use super::context::{AdminContext, InOrganization, Opened};
use super::members::described as member;
use super::reply::Reply;
use super::types::members::MemberGroup;
use super::types::organizations::Organization as AdministeredOrganization;
use super::types::undo::{
    DeletedPeople, DeletedPerson, ErasedPerson, FormerAccess, RestorePerson, RestoredPerson, UndoLeft,
    UndoQuery,
};
use super::undo::described;
use crate::d1::audit_log::Outcome;
use crate::d1::console_views::groups_by_ids;
use crate::d1::deleted_people::{self as stored, Known, Loss};
use crate::d1::session::{Failure, retry_on_conflict};
use crate::d1::undo::{Choice, LeftOut, bring_back};
use crate::d1::{Batch, StorageError, Tenant, erasure, users};
use crate::http::{AdminCode, Problem};
use directory::Organization;
use directory::RefusalCode;
use directory::undo::{Left, Place, Reason};

/// Lists deleted people.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
    query: UndoQuery,
) -> Result<InOrganization<DeletedPeople>, Problem> {
    let tenant = context.tenant(org);
    let after = query.after.as_deref().unwrap_or_default();
    let found = context.select(&tenant, stored::list::<DeletedPerson>(&tenant, after, query.count.0)).await?;
    let mut people = found.answer;
    let has_more = query.count.truncate(&mut people);
    let next = people.last().filter(|_| has_more).map(|last| last.id.clone());
    Ok(InOrganization { organization: found.organization, answer: DeletedPeople { people, next } })
}

/// Reads what a deleted or deactivated person gets back, or why they cannot come back.
pub(crate) async fn former(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<InOrganization<Result<FormerAccess, Problem>>, Problem> {
    let tenant = context.tenant(org);
    let InOrganization { organization, answer } = context.select(&tenant, stored::loss(&tenant, id)).await?;
    let scoped = tenant.of_organization(&organization.record.id);
    let answer = match answer.into_iter().next() {
        Some(loss) => former_access(context, &scoped, &organization, id, &loss).await,
        None => Err(not_found()),
    };
    Ok(InOrganization { organization, answer })
}

async fn former_access(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    organization: &AdministeredOrganization,
    id: &str,
    loss: &Loss,
) -> Result<FormerAccess, Problem> {
    let settings = Organization::from(&organization.record);
    let back = bring_back(context.database, tenant, &settings, id, &loss.events, &Choice::default()).await?;
    let Some(user) = back.user else { return Err(refused(&back.left)) };
    let ids: Vec<&str> = back.groups.iter().map(String::as_str).collect();
    let mut groups: Vec<MemberGroup> = match ids.is_empty() {
        true => Vec::new(),
        false => context.database.run(groups_by_ids(tenant, &ids)).await?,
    };
    groups.sort_by_cached_key(|group| group.display_name.clone());
    Ok(FormerAccess {
        id: id.to_owned(),
        user_name: user.user_name().to_owned(),
        deleted: loss.is_deletion,
        org_role: user.org_role,
        groups,
        left: left_of(context, tenant, id, back.left).await?,
    })
}

async fn left_of(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    id: &str,
    left: Vec<Left>,
) -> Result<Vec<UndoLeft>, StorageError> {
    let left_out = match left.is_empty() {
        true => Vec::new(),
        false => vec![LeftOut { place: Place::Person, id: id.to_owned(), left }],
    };
    described(context, tenant, left_out).await
}

/// Brings a person back as they were when they were deleted or deactivated, with the chosen memberships of groups that
/// still exist.
pub(crate) async fn restore(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    request: RestorePerson,
) -> Result<Reply<RestoredPerson>, Problem> {
    let RestorePerson { without_role, without_groups } = request;
    let choice = Choice { without_role, without_groups };
    let tenant = context.tenant(org);
    let (answer, left) = retry_on_conflict(async || {
        let mut batch = Batch::new();
        let loss = batch.push(stored::loss(&tenant, id));
        let Opened { organization, results } = context.open(&tenant, batch).await?;
        let loss = results.first(loss)?.ok_or_else(not_found)?;
        let settings = Organization::from(&organization.record);
        let scoped = tenant.of_organization(&organization.record.id);
        let back = bring_back(context.database, &scoped, &settings, id, &loss.events, &choice).await?;
        let Some(user) = back.user else { return Err(refused(&back.left).into()) };
        let outcome = Outcome::of(200, "User", id, user.user_name())
            .with_detail(format!("Brought {} back.", user.user_name()));
        context.write(&scoped, &outcome, back.batch).await.map_err(
            |error| match users::user_name_is_taken(&error) {
                true => Failure::Final(user_name_taken()),
                false => Failure::from(error),
            },
        )?;
        let managed = settings.manages(user.email_domain().as_deref());
        Ok::<_, Failure<Problem>>(((member(id, &user, managed), back.groups.len() as u64), back.left))
    })
    .await?;
    let (member, joined) = answer;
    let left = left_of(context, &tenant, id, left).await?;
    Ok(Reply::ok(RestoredPerson { member, joined, left }))
}

/// Erases what is kept of a deleted person: they cannot come back, and the history has their name no longer. It changes
/// nothing if they are erased already.
pub(crate) async fn erase(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<Reply<ErasedPerson>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let known = batch.push(stored::known(&tenant, id));
    let Opened { results, .. } = context.open(&tenant, batch).await?;
    check_erasable(results.one(known)?)?;
    // The entry of the erasure has no name.
    let outcome = Outcome::of(200, "User", id, id).with_detail("Erased what was kept of a deleted person.");
    let erasure = erasure::erase(&tenant, id);
    let mut batch = Batch::from_iter(erasure.statements);
    let known = batch.push(stored::known(&tenant, id));
    let results = context.write_if_changing(&tenant, &outcome, &erasure.condition, batch).await?;
    check_erasable(results.one(known)?)?;
    Ok(Reply::ok(ErasedPerson { id: id.to_owned() }))
}

fn check_erasable(known: Known) -> Result<(), Problem> {
    match known {
        Known { is_present: true, .. } => Err(Problem::of(
            AdminCode::PersonNotDeleted,
            "This person is not deleted. Delete them first, by DELETE of the SCIM user; then erase what is kept.",
        )),
        Known { is_known: true, .. } => Ok(()),
        Known { .. } => Err(Problem::of(
            AdminCode::MemberNotFound,
            "There is and was no such person in this organization.",
        )),
    }
}

fn not_found() -> Problem {
    Problem::of(
        AdminCode::DeletedPersonNotFound,
        "There is no such deleted or deactivated person: they were erased, came back, or were never deleted; or what \
         they had is older than the history.",
    )
}

fn user_name_taken() -> Problem {
    Problem::new(
        409,
        "Another person has the user name now. Give them another one, or remove them, and bring this person back \
         then.",
    )
    .because(RefusalCode::UserNameTaken)
}

fn refused(left: &[Left]) -> Problem {
    match left.first().map(|left| left.reason) {
        Some(Reason::UserNameTaken) => user_name_taken(),
        Some(Reason::OrganizationFull) => Problem::new(
            409,
            "The organization has as many people as it may have. Remove someone else first, or ask an operator for a \
             higher limit.",
        )
        .because(RefusalCode::UserLimitReached),
        _ => not_found(),
    }
}
