//! `/Users`

use std::cell::{Cell, RefCell};

use serde_json::Value;

use super::call::{Call, project, version_of};
use crate::audit::record::NOTHING_TO_CHANGE;
use crate::d1::log::Outcome;
use crate::d1::session::{Failure, attempts};
use crate::d1::users::{self as stored, UserRecord};
use crate::d1::{Row, StoreError};
use crate::http::answer::Answer;
use directory::user::{self, Change, Obstacles};
use directory::{Catalog, Organization, User, deactivation};
use scim_protocol::ScimError;
use scim_protocol::error::shorten;
use scim_protocol::projection::Projection;
use scim_protocol::work::Work;

/// GET of one user (RFC 7644 §3.4.1).
pub(crate) async fn read(call: &Call<'_>, id: &str) -> Result<Answer, ScimError> {
    let catalog = call.session.tenant.catalog;
    let projection = call.projection(&catalog.user)?;
    let statement = stored::resource(&call.session.tenant, id, projection.wants("groups"));
    let mut opened = call.open(vec![statement]).await?;
    let row = opened.row().ok_or_else(|| ScimError::no_such_resource("User", id))?;
    let version = version_of(&row)?;
    if call.preconditions().has(version) {
        return Ok(Answer::not_modified(version));
    }
    Ok(Answer::ok(project(&projection, &catalog.user, row.body.into_string())?).with_version(version))
}

/// POST (RFC 7644 §3.3).
pub(crate) async fn create(call: &mut Call<'_>) -> Result<Answer, ScimError> {
    let body = call.body().await?;
    let catalog = call.session.tenant.catalog;
    let user = user::create(catalog, &body, call.work)?;
    let projection = call.projection(&catalog.user)?;
    let tenant = &call.session.tenant;
    let id = call.new_id()?;
    // Nothing has to be decided here before it is written, so that one round trip does both.
    let entry = call.record.if_changed(tenant, &outcome(201, &id, &user))?;
    let mut opened = call.open_writing(stored::insert_if_admitted(tenant, &id, &user, entry)).await?;
    let (written, _, holder) = (opened.row(), opened.row(), opened.row());
    opened.organization.admit(user.user_name(), user.email_domain().as_deref())?;
    if holder.as_ref().is_some_and(|holder| holder.head == id) {
        // They were written when the batch was sent first, and the answer was lost.
        call.record.is_written();
        let mut opened = call.open(vec![stored::resource(tenant, &id, true)]).await?;
        return created(call, &projection, &id, opened.row());
    }
    if let Some(holder) = holder {
        return Err(user_name_taken(&user, Some(&holder.head)));
    }
    if written.is_none() {
        opened.organization.check_room(user.user_name())?;
    }
    call.record.is_written();
    created(call, &projection, &id, written)
}

fn created(
    call: &Call<'_>,
    projection: &Projection,
    id: &str,
    written: Option<Row>,
) -> Result<Answer, ScimError> {
    let tenant = &call.session.tenant;
    let row =
        written.ok_or_else(|| StoreError::Internal("somebody was not written for no reason".to_owned()))?;
    let version = version_of(&row)?;
    let resource = project(projection, &tenant.catalog.user, row.body.into_string())?;
    Ok(Answer::created(format!("{}/Users/{id}", tenant.base), resource).with_version(version))
}

/// PUT (RFC 7644 §3.5.1).
pub(crate) async fn replace(call: &mut Call<'_>, id: &str) -> Result<Answer, ScimError> {
    let body = call.body().await?;
    change(call, id, &body, user::replace).await
}

/// PATCH (RFC 7644 §3.5.2).
pub(crate) async fn modify(call: &mut Call<'_>, id: &str) -> Result<Answer, ScimError> {
    let body = call.body().await?;
    change(call, id, &body, user::modify).await
}

/// DELETE (RFC 7644 §3.6).
pub(crate) async fn delete(call: &Call<'_>, id: &str) -> Result<Answer, ScimError> {
    let preconditions = call.preconditions();
    attempts(async || {
        let (record, _) = open_record(call, id, false).await?;
        preconditions.check(record.version)?;
        user::check_removable(&record.user)?;
        let statements = stored::delete(&call.session.tenant, &record);
        call.write(&outcome(204, id, &record.user), statements).await?;
        Ok(Answer::no_content())
    })
    .await
}

fn outcome(status: u16, id: &str, user: &User) -> Outcome {
    Outcome::of(status, "User", id, user.user_name())
}

/// What a PUT or PATCH makes of a person.
type Rule = fn(&Catalog, &Organization, &User, &Value, &Obstacles, &Work) -> Result<Change, ScimError>;

/// Reads, decides, writes. What changes nothing writes nothing: neither version nor `lastModified` move.
async fn change(call: &Call<'_>, id: &str, body: &Value, rule: Rule) -> Result<Answer, ScimError> {
    let tenant = &call.session.tenant;
    let seems_to_deactivate = user::seems_to_deactivate(body);
    let projection = match call.projection(&tenant.catalog.user) {
        Err(error) if !seems_to_deactivate => return Err(error),
        projection => projection,
    };
    let preconditions = call.preconditions();
    // Whoever is deactivated has no groups then, and whoever is inactive has none.
    let with_groups = Cell::new(!seems_to_deactivate);
    let obstacles = RefCell::new(Obstacles { unresolved: call.unresolved(), ..Obstacles::default() });
    let (version, resource, detail) = attempts(async || {
        let (record, organization) = open_record(call, id, with_groups.get()).await?;
        preconditions.check(record.version)?;
        let mut change =
            rule(tenant.catalog, &organization, &record.user, body, &obstacles.borrow(), call.work)?;
        match &projection {
            Err(error) if change.deactivates => change.refused.push(error.clone()),
            Err(error) => return Err(error.clone().into()),
            Ok(_) => {}
        }
        let (user, not_done) = (change.user, deactivation::not_done(&change.refused));
        if user == record.user {
            if user.active && !with_groups.replace(true) {
                return Err(Failure::Stale);
            }
            let detail = not_done.map(|not_done| format!("{NOTHING_TO_CHANGE} {not_done}"));
            return Ok((record.version, record.resource, detail));
        }
        let outcome = Outcome { detail: not_done.clone(), ..outcome(200, id, &user) };
        let statements = stored::update(tenant, &organization, &record, &user);
        match call.write(&outcome, statements).await {
            Ok(results) => {
                let row = only(results);
                Ok((version_of(&row)?, row.body.into_string(), not_done))
            }
            Err(error) if stored::user_name_is_taken(&error) => {
                let taken = user_name_taken(&user, None);
                // The next attempt deactivates the person without the new userName.
                if !change.deactivates || obstacles.borrow().user_name_taken.is_some() {
                    return Err(taken.into());
                }
                obstacles.borrow_mut().user_name_taken = Some(taken);
                Err(Failure::Stale)
            }
            Err(error) => Err(error.into()),
        }
    })
    .await?;
    let projection = projection.unwrap_or_default();
    let answer = Answer::ok(project(&projection, &tenant.catalog.user, resource)?).with_version(version);
    Ok(match detail {
        Some(detail) => answer.with_detail(detail),
        None => answer,
    })
}

async fn open_record(
    call: &Call<'_>,
    id: &str,
    with_groups: bool,
) -> Result<(UserRecord, Organization), ScimError> {
    let mut opened = call.open(vec![stored::record(&call.session.tenant, id, with_groups)]).await?;
    let row = opened.row().ok_or_else(|| ScimError::no_such_resource("User", id))?;
    let record = UserRecord::read(row)?;
    call.record.is_about(record.user.user_name());
    Ok((record, opened.organization))
}

/// The row that the last of these results selects.
fn only(results: impl Iterator<Item = Vec<Row>>) -> Row {
    results.last().and_then(|rows| rows.into_iter().next()).unwrap_or_default()
}

/// `holder` is who has it: an id, or blank for somebody SCIM does not see. `None` if that is not known.
fn user_name_taken(user: &User, holder: Option<&str>) -> ScimError {
    let name = shorten(user.user_name());
    ScimError::uniqueness(match holder {
        Some("") => format!(
            "userName \"{name}\" is taken by somebody who is not managed by SCIM, having been added in the console. An \
             administrator of the organization can remove them there."
        ),
        Some(id) => format!(
            "userName \"{name}\" is already taken by user {id}, compared without case. Look the user up by userName, also \
             among the deactivated ones, and link it instead of creating another."
        ),
        None => format!("userName \"{name}\" is already taken, compared without case."),
    })
}
