//! `/Groups`

use std::cell::Cell;

use super::context::{RequestContext, version_of};
use super::group_resource::body;
use crate::d1::audit_log::Outcome;
use crate::d1::group_members::{self, LoadedMembers};
use crate::d1::groups::{self as stored, GroupRecord, Resource};
use crate::d1::member_chunks::{self, MemberChunks};
use crate::d1::memberships::{self, Comparison, Difference, ResolvedMembers};
use crate::d1::session::{Failure, retry_on_conflict};
use crate::d1::{Row, Statement, StorageError, projects};
use crate::http::response::HttpResponse;
use crate::runtime::ids;
use directory::group::{self, Wanted};
use directory::group_name::{self, NewGroup};
use scim_protocol::ScimError;
use scim_protocol::error::shorten;

/// GET of one group, with all its members unless they are excluded (RFC 7644 §3.4.1).
pub(crate) async fn read(context: &RequestContext<'_>, id: &str) -> Result<HttpResponse, ScimError> {
    let tenant = &context.session.tenant;
    let projection = context.projection(&tenant.catalog.group)?;
    let with_members = projection.wants("members");
    let mut statements = vec![stored::resource(tenant, id)];
    if with_members {
        statements.push(member_chunks::of_group(tenant, id));
    }
    let mut opened = context.open(statements).await?;
    let group = opened.row().ok_or_else(|| ScimError::no_such_resource("Group", id))?;
    let version = version_of(&group)?;
    if context.preconditions().has(version) {
        return Ok(HttpResponse::not_modified(version));
    }
    let members = with_members.then(|| MemberChunks::of(opened.rows())).transpose()?.map(MemberChunks::only);
    let resource = Resource { own: group.body.into_string(), members };
    Ok(HttpResponse::ok(body(&context.session, &projection, resource)?).with_version(version))
}

/// POST: creates a team, or a plain group where the organization has them (RFC 7644 §3.3).
pub(crate) async fn create(context: &mut RequestContext<'_>) -> Result<HttpResponse, ScimError> {
    let sent = context.group_body().await?;
    let tenant = &context.session.tenant;
    let wanted = Wanted::of_resource(tenant.catalog, &sent)?;
    let group = wanted.created(tenant.catalog, context.budget)?;
    let projection = context.projection(&tenant.catalog.group)?;
    let prefix = tenant.catalog.group_prefix.as_str();
    let name = group.display_name.as_str();
    retry_on_conflict(async || {
        let rest = group_name::after_prefix(prefix, name.trim()).unwrap_or_default();
        let mut statements =
            vec![stored::find_by_display_name(tenant, name), projects::named_by_group(tenant, rest)];
        statements.extend(memberships::resolve_member_ids(tenant, &wanted.members));
        let mut opened = context.open(statements).await?;
        if let Some(holder) = opened.row() {
            return Err(name_taken(&holder.body.into_string(), Some(&holder.head)).into());
        }
        let candidates = projects::read_named(&opened.row().unwrap_or_default())?;
        let new = group_name::resolve(prefix, &opened.organization, name, &candidates)?;
        let difference = Difference::of_new(ResolvedMembers::read(opened.first_rows())?);
        let (id, mut statements) = match new {
            NewGroup::Plain => {
                let id = context.new_id()?;
                (id.clone(), stored::insert_plain(tenant, &id, &group))
            }
            NewGroup::Team { project, team } => {
                let [admin, mut member] = projects::team_groups(prefix, &project.name, &team)?;
                member.external_id = group.external_id.clone();
                member.is_pushed = true;
                member.id = context.new_id()?;
                let id = member.id.clone();
                let team_id = ids::new_id()?;
                (id, projects::insert_team(tenant, &team_id, &project, &team, &[admin, member]))
            }
        };
        statements.extend(memberships::change(tenant, &id, &difference));
        statements.extend(selected(tenant, &id));
        let outcome = Outcome { detail: difference.left_out(), ..outcome(201, &id, name) };
        let results = context.write(&outcome, statements).await.map_err(|error| refusal(error, name))?;
        let (version, resource) = assembled(results)?;
        let resource = body(&context.session, &projection, resource)?;
        Ok(HttpResponse::created(format!("{}/Groups/{id}", tenant.base), resource).with_version(version))
    })
    .await
}

/// PUT: what custom Okta apps send for every change (RFC 7644 §3.5.1).
pub(crate) async fn replace(context: &mut RequestContext<'_>, id: &str) -> Result<HttpResponse, ScimError> {
    let sent = context.group_body().await?;
    let wanted = Wanted::of_resource(context.session.tenant.catalog, &sent)?;
    let projection = context.projection(&context.session.tenant.catalog.group)?;
    let (version, resource) = change(context, id, &wanted, true).await?;
    Ok(HttpResponse::ok(body(&context.session, &projection, resource)?).with_version(version))
}

/// PATCH: answered with 204, so that a large group is not sent back for one member; with the group where
/// the client says which of its attributes it wants (RFC 7644 §3.5.2).
pub(crate) async fn modify(context: &mut RequestContext<'_>, id: &str) -> Result<HttpResponse, ScimError> {
    let sent = context.group_body().await?;
    let catalog = context.session.tenant.catalog;
    let wanted = Wanted::of_patch(catalog, &sent)?;
    let projection = context.projection(&catalog.group)?;
    let (version, resource) = change(context, id, &wanted, !projection.is_everything()).await?;
    if projection.is_everything() {
        return Ok(HttpResponse::no_content().with_version(version));
    }
    Ok(HttpResponse::ok(body(&context.session, &projection, resource)?).with_version(version))
}

/// DELETE: deletes the team, or a plain group (RFC 7644 §3.6).
pub(crate) async fn delete(context: &RequestContext<'_>, id: &str) -> Result<HttpResponse, ScimError> {
    let preconditions = context.preconditions();
    retry_on_conflict(async || {
        let tenant = &context.session.tenant;
        let mut opened =
            context.open(vec![stored::find_for_update(tenant, id), projects::doomed(tenant, id)]).await?;
        let record = read_record(context, opened.row(), id)?;
        preconditions.check(record.version)?;
        group::check_deletable(record.kind)?;
        let gone = projects::read_doomed(&opened.rows())?;
        let statements = stored::delete(tenant, &record, !preconditions.is_empty());
        context.write(&outcome(204, id, &record.group.display_name).with_detail(gone), statements).await?;
        Ok(HttpResponse::no_content())
    })
    .await
}

/// Reads, decides, writes, and selects the resource if it is to be answered. What changes nothing writes nothing. Where
/// all members are replaced, they are read before, and after that only what is about those who have changed. Returns
/// the version, and the resource or nothing.
async fn change(
    context: &RequestContext<'_>,
    id: &str,
    wanted: &Wanted<'_>,
    answer: bool,
) -> Result<(i64, Resource), ScimError> {
    let tenant = &context.session.tenant;
    let preconditions = context.preconditions();
    // Adding and removing commute with what others do. What replaces all, or selects members by more than their ids,
    // was decided from what was read; and a client that names a version wants no other.
    let only_if_unchanged = wanted.members.depends_on_members() || !preconditions.is_empty();
    let is_made = Cell::new(false);
    retry_on_conflict(async || {
        let mut statements = vec![stored::find_for_update(tenant, id)];
        let mut comparison = None;
        if wanted.members.replaces_all {
            statements.push(stored::resource(tenant, id));
            statements.push(group_members::load_members(tenant, id));
            statements.extend(memberships::resolve_member_ids(tenant, &wanted.members));
        } else if !wanted.members.is_empty() {
            let comparison = comparison.insert(Comparison::of(tenant, id, &wanted.members));
            statements.extend(comparison.take_statements());
        }
        let mut opened = context.open(statements).await?;
        let record = read_record(context, opened.row(), id)?;
        if is_made.get() {
            return Ok((record.version, Resource::default()));
        }
        preconditions.check(record.version)?;
        let group = wanted.settle(tenant.catalog, record.kind, &record.group, context.budget)?;
        let mut current = None;
        let difference = match &comparison {
            Some(comparison) => comparison.read(opened.first_rows())?,
            None if wanted.members.replaces_all => {
                let own = opened.row().unwrap_or_default().body;
                let members = LoadedMembers::read(opened.rows())?;
                let difference = members.difference(ResolvedMembers::read(opened.first_rows())?);
                current = Some((own, members));
                difference
            }
            None => Difference::default(),
        };
        let changes = group != record.group || !difference.is_empty();
        let left_out = difference.left_out();
        context.audit.set_note(left_out.as_deref());
        if !changes && (current.is_some() || !answer) {
            let resource = current.map(|(own, members)| Resource {
                own: own.into_string(),
                members: Some(members.into_chunks()),
            });
            return Ok((record.version, resource.unwrap_or_default()));
        }
        let mut statements = Vec::new();
        if changes {
            statements.extend(stored::update(tenant, &record, &group, only_if_unchanged));
            statements.extend(memberships::change(tenant, id, &difference));
        }
        match (&current, answer) {
            (Some((_, members)), true) => {
                let again = group_members::reload_chunks(tenant, id, members, &difference);
                statements.extend([stored::resource(tenant, id), again]);
            }
            (None, true) => statements.extend(selected(tenant, id)),
            (_, false) => {}
        }
        let outcome =
            Outcome { detail: left_out, ..outcome(if answer { 200 } else { 204 }, id, &group.display_name) };
        let written = match changes {
            true => context.write(&outcome, statements).await,
            false => context.session.write(&statements).await,
        };
        let mut results = written.map_err(|error| refusal(error, &group.display_name))?;
        if !answer {
            // The update comes first, and returns the new version.
            let Some(updated) = results.next().and_then(|rows| rows.into_iter().next()) else {
                // It was made when the batch was sent first, and the answer was lost: read what the version is.
                is_made.set(true);
                return Err(Failure::Stale);
            };
            return Ok((version_of(&updated)?, Resource::default()));
        }
        let Some((_, members)) = current else {
            let (version, resource) = assembled(results)?;
            if !changes && only_if_unchanged && version != record.version {
                // Somebody else was faster than the answer.
                return Err(Failure::Stale);
            }
            return Ok((version, resource));
        };
        let mut last_first = results.rev();
        let again = LoadedMembers::read(last_first.next().unwrap_or_default())?;
        let group = last_first.next().and_then(|rows| rows.into_iter().next()).ok_or(StorageError::Stale)?;
        let members = Some(members.changed(&difference, again).into_chunks());
        Ok((version_of(&group)?, Resource { own: group.body.into_string(), members }))
    })
    .await
}

fn outcome(status: u16, id: &str, name: &str) -> Outcome {
    Outcome::of(status, "Group", id, name)
}

fn read_record(context: &RequestContext<'_>, row: Option<Row>, id: &str) -> Result<GroupRecord, ScimError> {
    let record = GroupRecord::read(&row.ok_or_else(|| ScimError::no_such_resource("Group", id))?)?;
    context.audit.set_resource_name(&record.group.display_name);
    Ok(record)
}

/// The two statements that select a whole group, at the end of a write.
fn selected(tenant: &crate::d1::Tenant<'_>, id: &str) -> [Statement; 2] {
    [stored::resource(tenant, id), member_chunks::of_group(tenant, id)]
}

/// The version and the group that [`selected`] selected.
fn assembled(results: std::vec::IntoIter<Vec<Row>>) -> Result<(i64, Resource), StorageError> {
    let mut last_first = results.rev();
    let chunks = last_first.next().unwrap_or_default();
    // A group that is gone by now may be gone altogether, or the key dead: the next attempt tells.
    let group = last_first.next().and_then(|rows| rows.into_iter().next()).ok_or(StorageError::Stale)?;
    let version = version_of(&group)?;
    let members = Some(MemberChunks::of(chunks)?.only());
    Ok((version, Resource { own: group.body.into_string(), members }))
}

/// What a write that failed comes to.
fn refusal(error: StorageError, name: &str) -> Failure {
    if stored::name_is_taken(&error) || projects::name_is_taken(&error) {
        return name_taken(name, None).into();
    }
    let full = || projects::too_many(&error).map(ScimError::invalid_value);
    match memberships::too_many_groups(&error).or_else(full) {
        Some(refusal) => refusal.into(),
        None => error.into(),
    }
}

fn name_taken(name: &str, holder: Option<&str>) -> ScimError {
    let by = holder.map(|id| format!(" ({id})")).unwrap_or_default();
    ScimError::uniqueness(format!(
        "A group named \"{}\" exists already{by}, compared without case and without spaces around it. Link the \
         pushed group to it instead of creating another.",
        shorten(name)
    ))
}
