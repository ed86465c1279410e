//! Who had which rights, when and why.

use super::context::{AdminContext, InOrganization, Opened};
use super::types::access::{
    Access, AccessChangeQuery, AccessChanges, AccessQuery, Origin, PersonAccessChange, Right, RightOn,
};
use super::types::events::EventCause;
use super::types::query;
use crate::d1::events::access::{self as stored, Between, Membership, Moment, Present, Step};
use crate::d1::events::read::{About, MOST_OF_SUBJECT};
use crate::d1::{Batch, Database, Handle, Results, StorageError, Tenant};
use crate::http::{AdminCode, Problem};
use directory::OrgRole;
use directory::access::{Difference, PersonDifference, Standing, before};

/// The rights of a person at a moment, each with the event that gave it.
pub(crate) async fn of_member(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    query: AccessQuery,
) -> Result<InOrganization<Access>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let reading = Reading::push(&mut batch, &tenant, id, query);
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    Ok(InOrganization { organization, answer: reading.access(&results)? })
}

/// The statements that read the access of a person, in a batch that may have others.
pub(super) struct Reading {
    id: String,
    time: String,
    moment: Handle<Moment>,
    present: Handle<Present>,
    steps: Handle<Step>,
    role: Handle<stored::Origin>,
    memberships: Handle<Membership>,
}

impl Reading {
    /// Adds the statements to a batch.
    pub(super) fn push(batch: &mut Batch, tenant: &Tenant<'_>, id: &str, query: AccessQuery) -> Self {
        let time = query.at.map_or_else(|| tenant.now.clone(), query::Moment::into_time);
        Self {
            moment: batch.push(stored::moment(tenant, &time, Some(id))),
            present: batch.push(stored::present(tenant, id)),
            steps: batch.push(stored::steps_since(tenant, &time, id)),
            role: batch.push(stored::origin_of_role(tenant, &time, id)),
            memberships: batch.push(stored::memberships(tenant, &time, id)),
            id: id.to_owned(),
            time,
        }
    }

    /// The access, once the statements have run.
    ///
    /// # Errors
    /// 400 for a moment of which it is not known, 404.
    pub(super) fn access(self, results: &Results) -> Result<Access, Problem> {
        let Moment { seq, kept_since, later, .. } = known(results.first(self.moment)?, &self.time)?;
        if later > MOST_OF_SUBJECT {
            return Err(Problem::of(
                AdminCode::HistoryTooLong,
                format!(
                    "The person has more than {MOST_OF_SUBJECT} changes since then. Ask for a later moment, or list \
                     the events of that time."
                ),
            ));
        }
        let present = results.first(self.present)?;
        let steps = results.all(self.steps)?;
        let role = results.first(self.role)?;
        if present.is_none() && steps.is_empty() && role.is_none() {
            return Err(Problem::of(
                AdminCode::MemberNotFound,
                "There is no such member in this organization, and no event of one.",
            ));
        }
        let now = present.map(|Present { active, visible, org_role }| Standing { active, visible, org_role });
        let then = steps.iter().fold(now, |after, Step { event }| before(&self.id, event, after));
        let mut rights = Vec::new();
        if let Some(Standing { active: true, org_role, .. }) = then {
            rights.push(Right {
                on: RightOn::Organization,
                role: Some(org_role.as_str().to_owned()),
                group: None,
                since: role.map(origin),
            });
            rights.extend(results.all(self.memberships)?.into_iter().map(right));
        }
        Ok(Access {
            id: self.id,
            at: self.time,
            seq,
            exists: then.is_some(),
            active: then.is_some_and(|then| then.active),
            visible: then.is_some_and(|then| then.visible),
            org_role: then.map_or(OrgRole::Member, |then| then.org_role),
            rights,
            kept_since,
        })
    }
}

/// The difference of access between two moments: of all people, of one, or of the members of a group.
pub(crate) async fn changes(
    context: &AdminContext<'_>,
    org: &str,
    query: AccessChangeQuery,
) -> Result<InOrganization<AccessChanges>, Problem> {
    let tenant = context.tenant(org);
    let from_time = query.from.into_time();
    let to_time = query.to.map_or_else(|| context.now(), query::Moment::into_time);
    let about = match (query.person, query.group) {
        (None, None) => None,
        (Some(person), None) => Some(About::Person(person)),
        (None, Some(group)) => Some(About::Group(group)),
        (Some(_), Some(_)) => {
            return Err(Problem::of(
                AdminCode::InvalidParameter,
                "Ask for the changes of a person or of a group, not of both at once.",
            ));
        }
    };
    let mut batch = Batch::new();
    let from = batch.push(stored::moment(&tenant, &from_time, about.as_ref().map(About::id)));
    let to = batch.push(stored::moment(&tenant, &to_time, None));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let from = known(results.first(from)?, &from_time)?;
    let to = known(results.first(to)?, &to_time)?;
    if from.later > MOST_OF_SUBJECT {
        return Err(Problem::of(
            AdminCode::HistoryTooLong,
            format!("There are more than {MOST_OF_SUBJECT} changes since then. Ask for a later moment."),
        ));
    }
    let after = query.after.and_then(|after| i64::try_from(after).ok());
    let begin = after.map_or(from.seq, |after| after.max(from.seq));
    let batch = &mut Batch::new();
    let rows = batch.push(stored::between(&tenant, begin, to.seq, about.as_ref()));
    let rows = context.database.batch(batch).await?.all(rows)?;
    let mut difference = Difference::default();
    let (mut end, mut next) = ((to.seq, to_time), None);
    for Between { reached, has_more, found } in rows {
        if let (true, Some(reached)) = (has_more, reached) {
            next = Some(reached.0);
            end = reached;
        }
        if let Some(change) = found {
            difference.add(&change.subject, &change.event);
        }
    }
    let mut people: Vec<PersonAccessChange> = difference
        .people()
        .into_iter()
        .filter(|(id, _)| !matches!(&about, Some(About::Person(person)) if person != id))
        .map(described)
        .collect();
    if let Some(About::Group(group)) = &about {
        for person in &mut people {
            person.joined.retain(|each| each.id == *group);
            person.left.retain(|each| each.id == *group);
        }
        people.retain(|person| !person.joined.is_empty() || !person.left.is_empty());
    }
    name(&tenant, context.database, &mut people).await?;
    let answer = AccessChanges { from: from_time, to: end.1, from_seq: begin, to_seq: end.0, people, next };
    Ok(InOrganization { organization, answer })
}

/// A moment within the history.
fn known(moment: Option<Moment>, time: &str) -> Result<Moment, Problem> {
    let moment = moment.ok_or_else(|| {
        Problem::of(AdminCode::HistoryNotKept, "The history of the organization has not begun yet.")
    })?;
    if moment.seq < moment.oldest {
        return Err(Problem::of(
            AdminCode::HistoryNotKept,
            format!("Changes are kept since {}. What was there at {time} is not known.", moment.kept_since),
        ));
    }
    Ok(moment)
}

fn right(Membership { group, origin: began }: Membership) -> Right {
    let on = match (&group.project, &group.team) {
        (_, Some(_)) => RightOn::Team,
        (Some(_), None) => RightOn::Project,
        (None, None) => RightOn::Group,
    };
    Right { on, role: group.role.clone(), group: Some(group), since: began.map(origin) }
}

fn origin(stored: stored::Origin) -> Origin {
    let stored::Origin { seq, at, event_type, story, log_id, source, actor, key } = stored;
    Origin { seq, at, r#type: event_type, story, log_id, cause: EventCause { source, actor, key } }
}

fn described((id, difference): (String, PersonDifference)) -> PersonAccessChange {
    let PersonDifference { exists, active, visible, org_role, joined, left } = difference;
    PersonAccessChange { id, user_name: None, exists, active, visible, org_role, joined, left }
}

/// Reads the newest names of people.
async fn name(
    tenant: &Tenant<'_>,
    database: &Database,
    people: &mut [PersonAccessChange],
) -> Result<(), StorageError> {
    if people.is_empty() {
        return Ok(());
    }
    let mut batch = Batch::new();
    let ids: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
    let names = batch.push(stored::names(tenant, &ids));
    let names = database.batch(&batch).await?.all(names)?;
    // Rows come in the order of the ids.
    for (person, named) in people.iter_mut().zip(names) {
        person.user_name = named.user_name;
    }
    Ok(())
}
