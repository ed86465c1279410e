//! Members: reading, adding, changing and removing them. Unlike users that SCIM creates, members added here may be
//! outside the organization's email domains, such as contractors: SCIM then neither shows nor changes them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::context::{AdminContext, InOrganization, Opened};
use super::reply::Reply;
use super::types::consequences::ConfirmationQuery;
use super::types::events::EventCause;
use super::types::log::LogEntry;
use super::types::members::{
    ChangeMember, Member, MemberDetail, MemberGroup, MemberInList, MemberList, MemberNames, MemberProvider,
    MemberQuery, MemberSort, MemberStatus, NewMember, NewPerson, TransferOwnership,
};
use super::types::query::{Count, Moment};
use crate::auth::actor::Actor;
use crate::d1::audit_log::{self, Outcome};
use crate::d1::consequences::{self, Change};
use crate::d1::console_views::{self as stored, Listed, MemberRow};
use crate::d1::events::{self, access::Origin};
use crate::d1::people::{self, Filter, Order, Provider, Turn};
use crate::d1::session::{Failure, retry_on_conflict};
use crate::d1::users::{self, StoredUser};
use crate::d1::{Batch, Handle, Results, StorageError, Tenant, acceptances};
use crate::http::{AdminCode, Problem};
use crate::runtime::ids;
use directory::RefusalCode;
use directory::organization::email_domain;
use directory::user_change::{Obstacles, check_removable, create, modify};
use directory::{AdministratorName, Catalog, OrgRole, Organization, User};
use scim_protocol::Object;
use scim_protocol::budget::Budget;
use scim_protocol::error::shorten;
use scim_protocol::json;

/// How many log entries the answer about a member has.
const HISTORY: u16 = 20;

/// An element of the attribute `groups` of a SCIM user.
#[derive(Debug, Deserialize)]
struct GroupOfUser {
    value: String,
    display: String,
}

impl NewPerson {
    /// Asks for confirmation of a user name that is not an email address.
    ///
    /// # Errors
    /// 400, unless it is confirmed.
    pub(super) fn check_address(&self) -> Result<(), Problem> {
        let user_name = self.user_name.trim();
        let is_confirmed = self.confirm_no_address.unwrap_or_default();
        if is_confirmed || user_name.is_empty() || email_domain(user_name).is_some() {
            return Ok(());
        }
        Err(Problem::of(
            AdminCode::NoMailAddress,
            format!(
                "No person was added: \"{}\" is no mail address. Cloudflare Access identifies people by their \
                 address, and mail domains apply to it. To add the person all the same, confirm it with \
                 \"confirm_no_address\": true.",
                shorten(user_name)
            ),
        ))
    }

    /// The person as a SCIM POST would create them.
    pub(super) fn into_user(self, catalog: &Catalog) -> Result<User, Problem> {
        if self.user_name.trim().is_empty() {
            return Err(Problem::of(
                AdminCode::UserNameMissing,
                "\"user_name\" must not be empty; it is usually a mail address.",
            ));
        }
        let body = json!({
            "userName": self.user_name,
            "name": {"givenName": self.given_name, "familyName": self.family_name},
        });
        Ok(create(catalog, &body, &Budget::new(&catalog.limits))?)
    }
}

/// Lists the members that match a query.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
    query: MemberQuery,
) -> Result<InOrganization<MemberList>, Problem> {
    let (count, group) = (query.count, query.group.clone());
    let turn = match (query.after.clone(), query.before.clone()) {
        (None, None) => Turn::First,
        (Some(after), None) => Turn::After(after),
        (None, Some(before)) => Turn::Before(before),
        (Some(_), Some(_)) => {
            return Err(Problem::of(
                AdminCode::InvalidParameter,
                "Ask for the page \"after\" or \"before\" a place, not for both.",
            ));
        }
    };
    let (is_first, is_backwards) = (matches!(turn, Turn::First), matches!(turn, Turn::Before(_)));
    let descends = order(query.sort) == Order::Changed;
    let query = people::Query {
        order: order(query.sort),
        from: query.from.clone(),
        turn,
        count: count.0,
        filter: filter(query),
    };
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let found = batch.push(people::page::<MemberInList>(&tenant, &query));
    let group = group.map(|group| batch.push(people::group::<MemberGroup>(&tenant, &group)));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let mut found = results.all(found)?;
    let group = group.map(|group| results.first(group)).transpose()?.flatten();
    let (total, rest) = found.first_mut().map(|first| (first.total, first.rest.take())).unwrap_or_default();
    // What has no place is no person.
    found.sort_by_cached_key(|row| row.place.clone().unwrap_or_default());
    if descends != is_backwards {
        found.reverse();
    }
    let has_more = count.truncate(&mut found);
    if is_backwards {
        found.reverse();
    }
    let (mut members, mut places) = (Vec::new(), Vec::new());
    for row in found {
        places.extend(row.place);
        members.extend(row.member);
    }
    let next = places.last().filter(|_| is_backwards || has_more).cloned();
    let previous = places.first().filter(|_| if is_backwards { has_more } else { !is_first }).cloned();
    Ok(InOrganization { organization, answer: MemberList { members, total, next, previous, rest, group } })
}

fn order(sort: Option<MemberSort>) -> Order {
    match sort {
        Some(MemberSort::Changed) => Order::Changed,
        Some(MemberSort::Name) | None => Order::Name,
    }
}

/// Which members a query asks for.
pub(super) fn filter(query: MemberQuery) -> Filter {
    let not_blank = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    Filter {
        search: not_blank(query.search),
        domain: not_blank(query.domain),
        active: query.status.map(|status| status == MemberStatus::Active),
        org_role: query.org_role,
        group: not_blank(query.group),
        provider: query.provider.map(|provider| match provider {
            MemberProvider::Seen => Provider::Seen,
            MemberProvider::Unseen => Provider::Unseen,
            MemberProvider::NeverSent => Provider::NeverSent,
        }),
        silent_since: query.silent_since.map(Moment::into_time),
    }
}

/// A page of members and where the next one begins, given one row more than a page has if there are more.
pub(super) fn page(mut rows: Vec<Listed<MemberInList>>, count: Count) -> (Vec<MemberInList>, Option<String>) {
    let has_more = count.truncate(&mut rows);
    let next = rows.last().filter(|_| has_more).map(|row| row.place.clone());
    (rows.into_iter().map(|row| row.member).collect(), next)
}

/// Reads a member as the identity provider sees them, or would, with the groups and the newest log entries.
pub(crate) async fn read(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<InOrganization<MemberDetail>, Problem> {
    let tenant = context.tenant(org);
    let history =
        audit_log::Query { resource_id: Some(id.to_owned()), count: HISTORY, ..audit_log::Query::default() };
    let mut batch = Batch::new();
    let person = Reading::push(&mut batch, &tenant, id);
    let history = batch.push(audit_log::entries::<LogEntry>(&tenant, &history));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let Person { member, resource, names, groups, created_by } = person.person(&results)?;
    let mut history = results.all(history)?;
    history.truncate(HISTORY.into());
    let answer = MemberDetail { member, names, created_by, resource, groups, history };
    Ok(InOrganization { organization, answer })
}

/// A person, without what happened to them.
pub(crate) struct Person {
    pub(crate) member: MemberInList,
    /// The SCIM user as the identity provider gets it; `None`: SCIM does not see the person.
    pub(crate) resource: Option<Value>,
    pub(crate) names: MemberNames,
    pub(crate) groups: Vec<MemberGroup>,
    /// What added the person; `None`: that is older than the history.
    pub(crate) created_by: Option<EventCause>,
}

/// The statements that read a person, in a batch that may have others.
pub(super) struct Reading {
    member: Handle<MemberRow<MemberInList>>,
    origin: Handle<Origin>,
}

impl Reading {
    /// Adds the statements to a batch.
    pub(super) fn push(batch: &mut Batch, tenant: &Tenant<'_>, id: &str) -> Self {
        Self {
            member: batch.push(stored::member(tenant, id)),
            origin: batch.push(events::access::origin_of_person(tenant, id)),
        }
    }

    /// The person, once the statements have run.
    ///
    /// # Errors
    /// 404.
    pub(super) fn person(&self, results: &Results) -> Result<Person, Problem> {
        let MemberRow { member, resource } = results.first(self.member)?.ok_or_else(not_found)?;
        let created_by = results.first(self.origin)?.map(|origin| {
            let Origin { source, actor, key, .. } = origin;
            EventCause { source, actor, key }
        });
        let groups = groups_of(&resource)?;
        let names = names_of(&resource);
        let resource = member.managed.then_some(Value::Object(resource));
        Ok(Person { member, resource, names, groups, created_by })
    }
}

/// The names in a stored SCIM user.
fn names_of(resource: &Object) -> MemberNames {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let part = |part| text(resource.get("name").and_then(|name| name.get(part)));
    MemberNames {
        given_name: part("givenName"),
        family_name: part("familyName"),
        display_name: text(resource.get("displayName")),
    }
}

/// The groups in a stored SCIM user.
fn groups_of(resource: &Object) -> Result<Vec<MemberGroup>, StorageError> {
    let groups = resource.get("groups");
    let groups = groups.ok_or_else(|| StorageError::internal("a stored user has no groups".to_owned()))?;
    let groups: Vec<GroupOfUser> = json::read(groups)
        .map_err(|error| StorageError::internal(format!("the groups of a stored user: {error}")))?;
    Ok(groups.into_iter().map(|group| MemberGroup { id: group.value, display_name: group.display }).collect())
}

/// Adds a member. A deactivated member becomes active again, with the same id and attributes.
pub(crate) async fn add(
    context: &AdminContext<'_>,
    org: &str,
    request: NewMember,
) -> Result<Reply<Member>, Problem> {
    let wanted_role = request.org_role.map(OrgRole::from);
    let org_role = wanted_role.unwrap_or(OrgRole::Member);
    let NewMember { user_name, confirm_no_address, given_name, family_name, .. } = request;
    let person = NewPerson { user_name, confirm_no_address, given_name, family_name };
    let is_address = person.check_address();
    let mut member = person.into_user(context.catalog)?;
    member.org_role = org_role;
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let holder = batch.push(users::find_by_user_name(&tenant, member.user_name()));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let settings = Organization::from(&organization.record);
    if let Some(record) = results.first(holder)? {
        if record.user.active {
            return Err(Problem::new(
                409,
                "A member with this user name exists already, compared without case.",
            )
            .because(RefusalCode::UserNameTaken));
        }
        let kept_role = Some(record.user.org_role).filter(|_| settings.keep_access);
        let org_role = wanted_role.or(kept_role).unwrap_or(OrgRole::Member);
        let back = User { active: true, org_role, doc: record.user.doc.clone() };
        let outcome = about(200, &record.id, &back, "Activated again");
        let mut batch = Batch::new();
        users::update(&mut batch, &tenant, &settings, &record, &back);
        context.write(&tenant, &outcome, batch).await.map_err(at_once)?;
        return Ok(Reply::ok(described(&record.id, &back, settings.manages(back.email_domain().as_deref()))));
    }
    is_address?;
    let id = ids::new_id()?;
    let managed = settings.manages(member.email_domain().as_deref());
    if managed {
        settings.check_user_limit(member.user_name())?;
    }
    let batch = Batch::from_iter(users::insert(&tenant, &id, &member, managed));
    context.write(&tenant, &about(201, &id, &member, "Added"), batch).await.map_err(at_once)?;
    Ok(Reply::created(described(&id, &member, managed)))
}

impl ChangeMember {
    /// The SCIM PATCH that changes the names; `None`: they stay.
    fn patch_of_names(&self) -> Option<Value> {
        let names = [
            ("name.givenName", &self.given_name),
            ("name.familyName", &self.family_name),
            ("displayName", &self.display_name),
        ];
        let operations: Vec<Value> = names
            .into_iter()
            .filter_map(|(path, name)| {
                Some(match name.as_ref()?.trim() {
                    "" => json!({"op": "remove", "path": path}),
                    name => json!({"op": "replace", "path": path, "value": name}),
                })
            })
            .collect();
        (!operations.is_empty())
            .then(|| json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations}))
    }
}

/// Gives a person other names or another organization role.
pub(crate) async fn change(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    request: ChangeMember,
) -> Result<Reply<Member>, Problem> {
    let org_role = request.org_role.map(OrgRole::from);
    let patch = request.patch_of_names();
    if org_role.is_none() && patch.is_none() {
        return Err(Problem::of(
            AdminCode::NothingChosen,
            "Nothing is to be changed: name an \"org_role\", a \"given_name\", a \"family_name\" or a \
             \"display_name\".",
        ));
    }
    let tenant = context.tenant(org);
    let (changed, managed) = retry_on_conflict(async || {
        let (record, settings) = basis(context, &tenant, id).await?;
        let mut changed = record.user.clone();
        if let Some(patch) = &patch {
            let budget = Budget::new(&context.catalog.limits);
            let obstacles = Obstacles::default();
            changed = modify(context.catalog, &settings, &changed, patch, &obstacles, &budget)?.user;
        }
        if let Some(org_role) = org_role {
            if !record.user.active {
                let detail = "A deactivated member has no organization role. Add the person again first.";
                return Err(Problem::of(AdminCode::MemberInactive, detail).into());
            }
            check_removable(&record.user)?;
            changed.org_role = org_role;
        }
        let managed = settings.manages(changed.email_domain().as_deref());
        if changed != record.user {
            let done = match org_role {
                Some(role) if role != record.user.org_role => format!("Made {} of", role.as_str()),
                _ => "Changed the names of".to_owned(),
            };
            let mut batch = Batch::new();
            users::update(&mut batch, &tenant, &settings, &record, &changed);
            context.write(&tenant, &about(200, id, &changed, &done), batch).await?;
        }
        Ok::<_, Failure<Problem>>((changed, managed))
    })
    .await?;
    Ok(Reply::ok(described(id, &changed, managed)))
}

/// Removes a member: deactivates a user that SCIM sees, which the next import shows to the identity provider, and
/// deletes one that SCIM does not see, so that the user_name is free.
pub(crate) async fn remove(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    query: ConfirmationQuery,
) -> Result<Reply<Member>, Problem> {
    let tenant = context.tenant(org);
    let (removed, managed) = retry_on_conflict(async || {
        let (record, settings) = basis(context, &tenant, id).await?;
        check_removable(&record.user)?;
        // Unlike a deactivation over SCIM, also that of a person who was inactive before.
        let org_role = if settings.keep_access { record.user.org_role } else { OrgRole::Member };
        let removed = User { active: false, org_role, doc: record.user.doc.clone() };
        let managed = settings.manages(removed.email_domain().as_deref());
        let outcome = about(200, id, &removed, "Removed");
        let mut batch =
            Batch::from_iter([consequences::check(&tenant, Change::Remove(id), query.confirm_people)]);
        if !managed {
            batch.extend(users::delete(&tenant, &record));
            context.write(&tenant, &outcome, batch).await?;
        } else if removed != record.user {
            users::update(&mut batch, &tenant, &settings, &record, &removed);
            context.write(&tenant, &outcome, batch).await?;
        }
        Ok::<_, Failure<Problem>>((removed, managed))
    })
    .await?;
    Ok(Reply::ok(described(id, &removed, managed)))
}

/// Makes a member the Owner. The previous Owner becomes an Admin.
pub(crate) async fn transfer_ownership(
    context: &AdminContext<'_>,
    org: &str,
    request: TransferOwnership,
) -> Result<Reply<Member>, Problem> {
    let id = request.member;
    let tenant = context.tenant(org);
    let (record, settings) = basis(context, &tenant, &id).await?;
    let mut member = record.user;
    if !member.active {
        return Err(Problem::of(
            AdminCode::MemberInactive,
            "A deactivated member cannot own the organization.",
        ));
    }
    if member.org_role != OrgRole::Owner {
        member.org_role = OrgRole::Owner;
        let outcome = about(200, &id, &member, "Transferred the ownership to");
        // Only the Owner or an operator may transfer the ownership: for any other Admin the statement finds no Owner.
        let by = match &context.actor {
            Actor::Operator(_) => None,
            Actor::Administrator(email) => Some(AdministratorName::of(email).fold),
            // It is no one's name.
            Actor::SetupLink { .. } => Some(String::new()),
        };
        let mut batch = Batch::from_iter(users::transfer_ownership(&tenant, &id, by.as_deref()));
        if by.is_none() {
            // An operator vouches for the organization.
            batch.execute(acceptances::accept(&tenant, &acceptances::mail_of(member.user_name())));
        }
        if let Err(error) = context.write(&tenant, &outcome, batch).await {
            let is_stale = error.is_stale();
            // Of two at once, one finds that it is done.
            if !is_stale || !is_owner(context, &tenant, &id).await? {
                return Err(match by {
                    Some(_) if is_stale => Problem::of(
                        AdminCode::OwnersOnly,
                        "Only the Owner, or an operator of this deployment, may transfer the ownership.",
                    ),
                    _ => error.into(),
                });
            }
        }
    }
    let managed = settings.manages(member.email_domain().as_deref());
    Ok(Reply::ok(described(&id, &member, managed)))
}

async fn is_owner(context: &AdminContext<'_>, tenant: &Tenant<'_>, id: &str) -> Result<bool, Problem> {
    Ok(basis(context, tenant, id).await?.0.user.org_role == OrgRole::Owner)
}

/// A member, to be changed, and the organization.
async fn basis(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    id: &str,
) -> Result<(StoredUser, Organization), Problem> {
    let mut batch = Batch::new();
    let user = batch.push(users::find_unscoped(tenant, id));
    let Opened { organization, results } = context.open(tenant, batch).await?;
    Ok((results.first(user)?.ok_or_else(not_found)?, Organization::from(&organization.record)))
}

/// The conflict of two writes at the same time.
fn at_once(error: StorageError) -> Problem {
    match users::user_name_is_taken(&error) || error.is_stale() {
        true => Problem::of(
            AdminCode::ChangedMeanwhile,
            "The member or the organization was changed by someone else at the same time. Try again.",
        ),
        false => error.into(),
    }
}

pub(super) fn not_found() -> Problem {
    Problem::of(AdminCode::MemberNotFound, "There is no such member in this organization.")
}

fn about(status: u16, id: &str, user: &User, done: &str) -> Outcome {
    Outcome::of(status, "User", id, user.user_name()).with_detail(format!("{done} {}.", user.user_name()))
}

pub(super) fn described(id: &str, user: &User, managed: bool) -> Member {
    Member {
        id: id.to_owned(),
        user_name: user.user_name().to_owned(),
        org_role: user.role_in_force(),
        active: user.active,
        managed,
    }
}
