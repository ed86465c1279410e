//! `/Groups`

use std::cell::Cell;

use super::context::RequestContext;
use super::group_resource::body;
use crate::d1::audit_log::Outcome;
use crate::d1::group_members::{self, LoadedMembers};
use crate::d1::groups::{self as stored, OwnPart, Resource, StoredGroup};
use crate::d1::kept_memberships::{KeptChange, KeptComparison};
use crate::d1::member_chunks::{self, ChunkRow, MemberChunks};
use crate::d1::memberships::{self, Comparison, Difference, ResolvedMembers, ResolvedRow};
use crate::d1::session::{Failure, retry_on_conflict};
use crate::d1::{Batch, Handle, JsText, Results, Select, StorageError, Tenant, projects};
use crate::error::Error;
use crate::http::response::HttpResponse;
use crate::runtime::ids;
use directory::group::{self, GroupChange};
use directory::group_name::{self, NewGroup};
use directory::membership::MembershipChange;
use directory::{Refusal, RefusalKind};

/// GET of one group, with all its members unless they are excluded (RFC 7644 §3.4.1).
pub(crate) async fn read(context: &RequestContext<'_>, id: &str) -> Result<HttpResponse, Error> {
    let tenant = &context.session.tenant;
    let projection = context.projection(&tenant.catalog.group)?;
    let with_members = projection.wants("members");
    let mut batch = Batch::new();
    let group = batch.push(stored::resource(tenant, id));
    let chunks = with_members.then(|| batch.push(member_chunks::of_group(tenant, id)));
    let opened = context.open(batch).await?;
    let OwnPart { version, body: own } = opened
        .results
        .first(group)?
        .ok_or_else(|| Refusal::from(RefusalKind::GroupNotFound { id: id.to_owned() }))?;
    if context.preconditions().client_has(version) {
        return Ok(HttpResponse::not_modified(version));
    }
    let rows = chunks.map(|chunks| opened.results.all(chunks)).transpose()?;
    let members = rows.map(|rows| MemberChunks::of(rows).only());
    let resource = Resource { own: own.into_string(), members };
    Ok(HttpResponse::ok(body(&context.session, &projection, resource)?).with_version(version))
}

/// POST: creates a team, or a plain group where the organization has them (RFC 7644 §3.3).
pub(crate) async fn create(context: &mut RequestContext<'_>) -> Result<HttpResponse, Error> {
    let sent = context.group_body().await?;
    let tenant = &context.session.tenant;
    let wanted = GroupChange::of_resource(tenant.catalog, &sent)?;
    let group = wanted.create(tenant.catalog, context.budget)?;
    let projection = context.projection(&tenant.catalog.group)?;
    let name = group.display_name.as_str();
    let rest = |prefix: &str| group_name::after_prefix(prefix, name.trim()).unwrap_or_default();
    retry_on_conflict(async || {
        let mut batch = Batch::new();
        let holder = batch.push(stored::find_by_display_name(tenant, name));
        let candidates = batch.push(projects::named_by_group(tenant, rest(&tenant.catalog.group_prefix)));
        let members = push_all(&mut batch, memberships::resolve_member_ids(tenant, &wanted.members));
        let opened = context.open(batch).await?;
        if let Some(holder) = opened.results.first(holder)? {
            return Err(name_taken(&holder.display_name, Some(&holder.id)).into());
        }
        let prefix = tenant.catalog.group_prefix_of(&opened.organization);
        let candidates = match prefix == tenant.catalog.group_prefix {
            true => opened.results.one(candidates)?,
            // Its groups were named before GROUP_PREFIX was changed.
            false => {
                let mut batch = Batch::new();
                let candidates = batch.push(projects::named_by_group(tenant, rest(prefix)));
                context.session.database.batch(&batch).await?.one(candidates)?
            }
        };
        let new = group_name::resolve(prefix, &opened.organization, name, &candidates.projects)?;
        let mut difference = Difference::of_new(ResolvedMembers::of(each(&opened.results, &members)?)?);
        let (id, statements) = match new {
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
        if opened.organization.keep_access && !difference.inactive.is_empty() {
            difference.kept = Some(compare_kept(context, &id, &wanted.members).await?);
        }
        let mut batch = Batch::from_iter(statements);
        batch.extend(memberships::change(tenant, &id, &difference));
        let selected = Selected::push(&mut batch, tenant, &id);
        let outcome = Outcome { detail: difference.left_out(), ..outcome(201, &id, name) };
        let results = context.write(&outcome, batch).await.map_err(|error| refusal(error, name))?;
        let (version, resource) = selected.read(&results)?;
        let resource = body(&context.session, &projection, resource)?;
        Ok(HttpResponse::created(format!("{}/Groups/{id}", tenant.base), resource).with_version(version))
    })
    .await
}

/// PUT: what custom Okta apps send for every change (RFC 7644 §3.5.1).
pub(crate) async fn replace(context: &mut RequestContext<'_>, id: &str) -> Result<HttpResponse, Error> {
    let sent = context.group_body().await?;
    let wanted = GroupChange::of_resource(context.session.tenant.catalog, &sent)?;
    let projection = context.projection(&context.session.tenant.catalog.group)?;
    let (version, resource) = change(context, id, &wanted, true).await?;
    Ok(HttpResponse::ok(body(&context.session, &projection, resource)?).with_version(version))
}

/// PATCH: answered with 204, so that a large group is not sent back for one member; with the group where
/// the client says which of its attributes it wants (RFC 7644 §3.5.2).
pub(crate) async fn modify(context: &mut RequestContext<'_>, id: &str) -> Result<HttpResponse, Error> {
    let sent = context.group_body().await?;
    let catalog = context.session.tenant.catalog;
    let wanted = GroupChange::of_patch(catalog, &sent)?;
    let projection = context.projection(&catalog.group)?;
    let (version, resource) = change(context, id, &wanted, !projection.is_everything()).await?;
    if projection.is_everything() {
        return Ok(HttpResponse::no_content().with_version(version));
    }
    Ok(HttpResponse::ok(body(&context.session, &projection, resource)?).with_version(version))
}

/// DELETE: deletes the team, or a plain group (RFC 7644 §3.6).
pub(crate) async fn delete(context: &RequestContext<'_>, id: &str) -> Result<HttpResponse, Error> {
    let preconditions = context.preconditions();
    retry_on_conflict(async || {
        let tenant = &context.session.tenant;
        let mut batch = Batch::new();
        let group = batch.push(stored::find_for_update(tenant, id));
        let doomed = batch.push(projects::doomed(tenant, id));
        let opened = context.open(batch).await?;
        let record = found(context, opened.results.first(group)?, id)?;
        preconditions.check(record.version)?;
        group::check_deletable(record.kind)?;
        let doomed = opened.results.all(doomed)?;
        context.check_brake(doomed.iter().any(|group| group.is_braked))?;
        let detail = projects::describe_doomed(&doomed);
        let batch = Batch::from_iter(stored::delete(tenant, &record, !preconditions.is_empty()));
        context.write(&outcome(204, id, &record.group.display_name).with_detail(detail), batch).await?;
        Ok(HttpResponse::no_content())
    })
    .await
}

/// Reads, decides, writes, and selects the resource if the response has it. A request that changes nothing writes
/// nothing. A request that replaces all members reads them before it writes, and then reloads only the chunks that have
/// changed. Returns the version, and the resource or an empty one.
async fn change(
    context: &RequestContext<'_>,
    id: &str,
    wanted: &GroupChange<'_>,
    answer: bool,
) -> Result<(i64, Resource), Error> {
    let tenant = &context.session.tenant;
    let preconditions = context.preconditions();
    // Adding and removing members by id commute with other requests. A request that replaces all members, or selects
    // them by a filter, depends on the members that were read; one with If-Match, on the version.
    let only_if_unchanged = wanted.members.depends_on_members() || !preconditions.is_empty();
    let was_applied = Cell::new(false);
    retry_on_conflict(async || {
        let mut batch = Batch::new();
        let record = batch.push(stored::find_for_update(tenant, id));
        let read = Read::push(&mut batch, tenant, id, wanted);
        let opened = context.open(batch).await?;
        let record = found(context, opened.results.first(record)?, id)?;
        if was_applied.get() {
            return Ok((record.version, Resource::default()));
        }
        preconditions.check(record.version)?;
        let group = wanted.resolve(
            tenant.catalog,
            tenant.catalog.group_prefix_of(&opened.organization),
            record.kind,
            &record.group,
            context.budget,
        )?;
        let (mut difference, current) = read.difference(&opened.results)?;
        if opened.organization.keep_access && !wanted.members.is_empty() {
            difference.kept = Some(compare_kept(context, id, &wanted.members).await?);
        }
        context.check_brake(record.kind.gives_role() && difference.counts)?;
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
        let mut batch = Batch::new();
        let updated = changes.then(|| stored::update(&mut batch, tenant, &record, &group, only_if_unchanged));
        if changes {
            batch.extend(memberships::change(tenant, id, &difference));
        }
        let selected = match (&current, answer) {
            (_, false) => None,
            (None, true) => Some(Selected::push(&mut batch, tenant, id)),
            (Some((_, members)), true) => {
                Some(Selected::push_reloaded(&mut batch, tenant, id, members, &difference))
            }
        };
        let outcome =
            Outcome { detail: left_out, ..outcome(if answer { 200 } else { 204 }, id, &group.display_name) };
        let written = match changes {
            true => context.write(&outcome, batch).await,
            false => context.session.database.batch(&batch).await,
        };
        let results = written.map_err(|error| refusal(error, &group.display_name))?;
        let Some(selected) = selected else {
            let updated = updated.map(|updated| results.first(updated)).transpose()?.flatten();
            let Some(updated) = updated else {
                // The update was made when the batch was sent first, and its response was lost: read the version.
                was_applied.set(true);
                return Err(Failure::Stale);
            };
            return Ok((updated.version, Resource::default()));
        };
        let Some((_, members)) = current else {
            let (version, resource) = selected.read(&results)?;
            if !changes && only_if_unchanged && version != record.version {
                // Another request changed the group before it was read for the answer.
                return Err(Failure::Stale);
            }
            return Ok((version, resource));
        };
        let OwnPart { version, body: own } = selected.own(&results)?;
        let reloaded = LoadedMembers::of(results.all(selected.chunks)?)?;
        let members = Some(members.changed(&difference, reloaded).into_chunks());
        Ok((version, Resource { own: own.into_string(), members }))
    })
    .await
}

/// What a request does to the kept memberships of a group, where the organization keeps any.
async fn compare_kept(
    context: &RequestContext<'_>,
    id: &str,
    change: &MembershipChange<'_>,
) -> Result<KeptChange, StorageError> {
    let mut batch = Batch::new();
    let comparison = KeptComparison::push(&mut batch, &context.session.tenant, id, change);
    comparison.read(&context.session.database.batch(&batch).await?)
}

fn outcome(status: u16, id: &str, name: &str) -> Outcome {
    Outcome::of(status, "Group", id, name)
}

/// The group that was read.
fn found(context: &RequestContext<'_>, record: Option<StoredGroup>, id: &str) -> Result<StoredGroup, Error> {
    let record = record.ok_or_else(|| Refusal::from(RefusalKind::GroupNotFound { id: id.to_owned() }))?;
    context.audit.set_resource_name(&record.group.display_name);
    Ok(record)
}

/// What is read of the members of a group to find out what a request changes.
enum Read {
    /// The request does not name members.
    Nothing,
    /// The members that are added and removed.
    Comparison(Comparison),
    /// All members, which the request replaces.
    All { own: Handle<OwnPart>, chunks: Handle<ChunkRow>, wanted: Vec<Handle<ResolvedRow>> },
}

impl Read {
    fn push(batch: &mut Batch, tenant: &Tenant<'_>, id: &str, wanted: &GroupChange<'_>) -> Self {
        if wanted.members.replaces_all {
            return Self::All {
                own: batch.push(stored::resource(tenant, id)),
                chunks: batch.push(group_members::load_members(tenant, id)),
                wanted: push_all(batch, memberships::resolve_member_ids(tenant, &wanted.members)),
            };
        }
        match wanted.members.is_empty() {
            true => Self::Nothing,
            false => Self::Comparison(Comparison::push(batch, tenant, id, &wanted.members)),
        }
    }

    /// What the request changes; and, if it replaces all members, the group and its members as they are.
    fn difference(&self, results: &Results) -> Result<(Difference, Option<(JsText, LoadedMembers)>), Error> {
        match self {
            Self::Nothing => Ok((Difference::default(), None)),
            Self::Comparison(comparison) => Ok((comparison.read(results)?, None)),
            Self::All { own, chunks, wanted } => {
                let members = LoadedMembers::of(results.all(*chunks)?)?;
                let wanted = ResolvedMembers::of(each(results, wanted)?)?;
                let own = results.one(*own)?.body;
                Ok((members.difference(wanted), Some((own, members))))
            }
        }
    }
}

/// A whole group, selected at the end of a write.
struct Selected {
    own: Handle<OwnPart>,
    chunks: Handle<ChunkRow>,
}

impl Selected {
    fn push(batch: &mut Batch, tenant: &Tenant<'_>, id: &str) -> Self {
        let own = batch.push(stored::resource(tenant, id));
        Self { own, chunks: batch.push(member_chunks::of_group(tenant, id)) }
    }

    /// Selects, of the members, only the chunks that a difference touches.
    fn push_reloaded(
        batch: &mut Batch,
        tenant: &Tenant<'_>,
        id: &str,
        members: &LoadedMembers,
        difference: &Difference,
    ) -> Self {
        let own = batch.push(stored::resource(tenant, id));
        Self { own, chunks: batch.push(group_members::reload_chunks(tenant, id, members, difference)) }
    }

    /// The group's own attributes. If there are none, the group was deleted or the key revoked: the next attempt finds
    /// out.
    fn own(&self, results: &Results) -> Result<OwnPart, StorageError> {
        results.first(self.own)?.ok_or_else(StorageError::stale)
    }

    /// The version and the group.
    fn read(&self, results: &Results) -> Result<(i64, Resource), StorageError> {
        let OwnPart { version, body: own } = self.own(results)?;
        let members = Some(MemberChunks::of(results.all(self.chunks)?).only());
        Ok((version, Resource { own: own.into_string(), members }))
    }
}

fn push_all<R>(batch: &mut Batch, selects: Vec<Select<R>>) -> Vec<Handle<R>> {
    selects.into_iter().map(|select| batch.push(select)).collect()
}

/// The only row of each statement.
fn each<R>(results: &Results, handles: &[Handle<R>]) -> Result<Vec<R>, StorageError> {
    handles.iter().map(|handle| results.one(*handle)).collect()
}

/// Why a write has failed.
fn refusal(error: StorageError, name: &str) -> Failure<Error> {
    if stored::name_is_taken(&error) || projects::name_is_taken(&error) {
        return name_taken(name, None).into();
    }
    match memberships::too_many_groups(&error).or_else(|| projects::too_many(&error)) {
        Some(refusal) => refusal.into(),
        None => error.into(),
    }
}

fn name_taken(name: &str, holder: Option<&str>) -> Refusal {
    RefusalKind::GroupNameTaken { name: name.to_owned(), holder: holder.map(str::to_owned) }.into()
}
