//! Deleted people, who can come back under their ids as long as what is kept of them is there.

use super::context::{AdminContext, InOrganization, Opened};
use super::members::described as member;
use super::reply::Reply;
use super::types::undo::{DeletedPeople, DeletedPerson, ErasedPerson, RestoredPerson, UndoQuery};
use super::undo::described;
use crate::d1::audit_log::Outcome;
use crate::d1::deleted_people::{self as stored, Known};
use crate::d1::session::{Failure, retry_on_conflict};
use crate::d1::undo::{LeftOut, bring_back};
use crate::d1::{Batch, erasure, users};
use crate::http::Problem;
use directory::Organization;
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

/// Brings a person back as they were when they were deleted, with the memberships of groups that still exist.
pub(crate) async fn restore(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<Reply<RestoredPerson>, Problem> {
    let tenant = context.tenant(org);
    let (answer, left) = retry_on_conflict(async || {
        let mut batch = Batch::new();
        let deleted = batch.push(stored::one(&tenant, id));
        let Opened { organization, results } = context.open(&tenant, batch).await?;
        let deleted = results.first(deleted)?.ok_or_else(not_found)?;
        let settings = Organization::from(&organization.record);
        let scoped = tenant.of_organization(&organization.record.id);
        let back = bring_back(context.database, &scoped, &settings, id, deleted.event_seq).await?;
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
        Ok::<_, Failure<Problem>>(((member(id, &user, managed), back.restored.joined), back.left))
    })
    .await?;
    let (member, joined) = answer;
    let left_out = match left.is_empty() {
        true => Vec::new(),
        false => vec![LeftOut { place: Place::Person, id: id.to_owned(), left }],
    };
    let left = described(context, &tenant, left_out).await?;
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
        Known { is_present: true, .. } => Err(Problem::new(
            409,
            "This person is not deleted. Delete them first, by DELETE of the SCIM user; then erase what is kept.",
        )),
        Known { is_known: true, .. } => Ok(()),
        Known { .. } => Err(Problem::new(404, "There is and was no such person in this organization.")),
    }
}

fn not_found() -> Problem {
    Problem::new(404, "There is no such deleted person: they were erased, came back, or were never deleted.")
}

fn user_name_taken() -> Problem {
    Problem::new(
        409,
        "Another person has the user_name now. Give them another one, or remove them, and bring this person back \
         then.",
    )
}

fn refused(left: &[Left]) -> Problem {
    match left.first().map(|left| left.reason) {
        Some(Reason::UserNameTaken) => user_name_taken(),
        Some(Reason::OrganizationFull) => Problem::new(
            409,
            "The organization has as many people as it may have. Remove someone else first, or ask an operator for a \
             higher limit.",
        ),
        _ => not_found(),
    }
}
