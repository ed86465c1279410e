//! `/Users`

use std::cell::{Cell, RefCell};

use serde_json::Value;

use super::context::RequestContext;
use super::resource::apply_projection;
use crate::audit::scim_request::NOTHING_TO_CHANGE;
use crate::d1::audit_log::Outcome;
use crate::d1::session::{Failure, retry_on_conflict};
use crate::d1::users::{self as stored, Resource, StoredUser};
use crate::d1::{Batch, StorageError};
use crate::error::Error;
use crate::http::response::HttpResponse;
use directory::user_change::{self, Change, Obstacles};
use directory::{Catalog, Organization, Refusal, RefusalKind, User, deactivation};
use scim_protocol::budget::Budget;
use scim_protocol::projection::Projection;

/// GET of one user (RFC 7644 §3.4.1).
pub(crate) async fn read(context: &RequestContext<'_>, id: &str) -> Result<HttpResponse, Error> {
    let catalog = context.session.tenant.catalog;
    let projection = context.projection(&catalog.user)?;
    let mut batch = Batch::new();
    let user = batch.push_single(stored::resource(&context.session.tenant, id, projection.wants("groups")));
    let opened = context.open(batch).await?;
    let Resource { version, body } = opened
        .results
        .first(user)?
        .ok_or_else(|| Refusal::from(RefusalKind::UserNotFound { id: id.to_owned() }))?;
    if context.preconditions().client_has(version) {
        return Ok(HttpResponse::not_modified(version));
    }
    Ok(HttpResponse::ok(apply_projection(&projection, &catalog.user, body)?).with_version(version))
}

/// POST (RFC 7644 §3.3).
pub(crate) async fn create(context: &mut RequestContext<'_>) -> Result<HttpResponse, Error> {
    let body = context.body().await?;
    let catalog = context.session.tenant.catalog;
    let user = user_change::create(catalog, &body, context.budget)?;
    let projection = context.projection(&catalog.user)?;
    let tenant = &context.session.tenant;
    let id = context.new_id()?;
    // No rule needs stored data, so that one round trip reads and writes.
    let entry = context.audit.change_if_row_changed(tenant, &outcome(201, &id, &user));
    let mut batch = Batch::new();
    let handles = stored::insert_if_admitted(&mut batch, tenant, &id, &user, entry);
    let opened = context.open_writing(batch).await?;
    let (written, holder) = (opened.results.first(handles.resource)?, opened.results.first(handles.holder)?);
    opened.organization.check_domain(user.user_name(), user.email_domain().as_deref())?;
    if holder.as_ref().is_some_and(|holder| holder.id == id) {
        // The user was written when the batch was sent first, and the response was lost.
        context.audit.mark_written();
        let mut batch = Batch::new();
        let user = batch.push_single(stored::resource(tenant, &id, true));
        let opened = context.open(batch).await?;
        return created(context, &projection, &id, opened.results.first(user)?);
    }
    if let Some(holder) = holder {
        return Err(user_name_taken(&user, Some(&holder.id)).into());
    }
    if written.is_none() {
        opened.organization.check_user_limit(user.user_name())?;
    }
    context.audit.mark_written();
    created(context, &projection, &id, written)
}

fn created(
    context: &RequestContext<'_>,
    projection: &Projection,
    id: &str,
    written: Option<Resource>,
) -> Result<HttpResponse, Error> {
    let tenant = &context.session.tenant;
    let Resource { version, body } = written.ok_or_else(|| {
        StorageError::internal("the INSERT of a user returned no row and reported no conflict".to_owned())
    })?;
    let resource = apply_projection(projection, &tenant.catalog.user, body)?;
    Ok(HttpResponse::created(format!("{}/Users/{id}", tenant.base), resource).with_version(version))
}

/// PUT (RFC 7644 §3.5.1).
pub(crate) async fn replace(context: &mut RequestContext<'_>, id: &str) -> Result<HttpResponse, Error> {
    let body = context.body().await?;
    change(context, id, &body, user_change::replace).await
}

/// PATCH (RFC 7644 §3.5.2).
pub(crate) async fn modify(context: &mut RequestContext<'_>, id: &str) -> Result<HttpResponse, Error> {
    let body = context.body().await?;
    change(context, id, &body, user_change::modify).await
}

/// DELETE (RFC 7644 §3.6).
pub(crate) async fn delete(context: &RequestContext<'_>, id: &str) -> Result<HttpResponse, Error> {
    let preconditions = context.preconditions();
    retry_on_conflict(async || {
        let (record, _) = open_record(context, id, false).await?;
        preconditions.check(record.version)?;
        user_change::check_removable(&record.user)?;
        context.check_brake(record.loses_access())?;
        let batch = Batch::from_iter(stored::delete(&context.session.tenant, &record));
        context.write(&outcome(204, id, &record.user), batch).await?;
        Ok(HttpResponse::no_content())
    })
    .await
}

fn outcome(status: u16, id: &str, user: &User) -> Outcome {
    Outcome::of(status, "User", id, user.user_name())
}

/// The rule of a PUT or a PATCH.
type Rule = fn(&Catalog, &Organization, &User, &Value, &Obstacles, &Budget) -> Result<Change, Refusal>;

/// Reads, decides, writes. A request that changes nothing writes nothing: version and `lastModified` stay.
async fn change(
    context: &RequestContext<'_>,
    id: &str,
    body: &Value,
    rule: Rule,
) -> Result<HttpResponse, Error> {
    let tenant = &context.session.tenant;
    let seems_to_deactivate = user_change::seems_to_deactivate(body);
    let projection = match context.projection(&tenant.catalog.user) {
        Err(error) if !seems_to_deactivate => return Err(error.into()),
        projection => projection,
    };
    let preconditions = context.preconditions();
    // An inactive user has no groups: they need not be read.
    let with_groups = Cell::new(!seems_to_deactivate);
    let obstacles = RefCell::new(Obstacles { unresolved: context.unresolved(), ..Obstacles::default() });
    let (version, resource, detail) = retry_on_conflict(async || {
        let (record, organization) = open_record(context, id, with_groups.get()).await?;
        preconditions.check(record.version)?;
        let mut change =
            rule(tenant.catalog, &organization, &record.user, body, &obstacles.borrow(), context.budget)?;
        match &projection {
            Err(error) if change.deactivates => change.refused.push(error.clone().into()),
            Err(error) => return Err(error.clone().into()),
            Ok(_) => {}
        }
        let (user, not_done) = (change.user, deactivation::describe_refused(&change.refused));
        if user == record.user {
            if user.active && !with_groups.replace(true) {
                return Err(Failure::Stale);
            }
            let detail = not_done.map(|not_done| format!("{NOTHING_TO_CHANGE} {not_done}"));
            return Ok((record.version, record.resource, detail));
        }
        context.check_brake(record.loses_access_as(&organization, &user))?;
        let outcome = Outcome { detail: not_done.clone(), ..outcome(200, id, &user) };
        let mut batch = Batch::new();
        let written = stored::update(&mut batch, tenant, &organization, &record, &user);
        match context.write(&outcome, batch).await {
            Ok(results) => {
                let Resource { version, body } = results.one(written)?;
                Ok((version, body, not_done))
            }
            Err(error) if stored::user_name_is_taken(&error) => {
                // The next attempt deactivates the user without the new userName.
                if !change.deactivates || obstacles.borrow().user_name_is_taken {
                    return Err(user_name_taken(&user, None).into());
                }
                obstacles.borrow_mut().user_name_is_taken = true;
                Err(Failure::Stale)
            }
            Err(error) => Err(error.into()),
        }
    })
    .await?;
    let projection = projection.unwrap_or_default();
    let resource = apply_projection(&projection, &tenant.catalog.user, resource)?;
    let mut response = HttpResponse::ok(resource).with_version(version);
    response.detail = detail;
    Ok(response)
}

async fn open_record(
    context: &RequestContext<'_>,
    id: &str,
    with_groups: bool,
) -> Result<(StoredUser, Organization), Error> {
    let mut batch = Batch::new();
    let user = batch.push_single(stored::find_for_update(&context.session.tenant, id, with_groups));
    let opened = context.open(batch).await?;
    let record = opened
        .results
        .first(user)?
        .ok_or_else(|| Refusal::from(RefusalKind::UserNotFound { id: id.to_owned() }))?;
    context.audit.set_resource_name(record.user.user_name());
    Ok((record, opened.organization))
}

/// `holder` is the id of the user who has the name, empty for a member that SCIM does not manage; `None` if unknown.
fn user_name_taken(user: &User, holder: Option<&str>) -> Refusal {
    let user_name = user.user_name().to_owned();
    match holder {
        Some("") => RefusalKind::UserNameTakenUnmanaged { user_name }.into(),
        holder => RefusalKind::UserNameTaken { user_name, holder: holder.map(str::to_owned) }.into(),
    }
}
