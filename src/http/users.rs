//! `/Users`

use serde_json::Value;

use super::answer::Answer;
use super::call::{Call, project};
use crate::directory::{Catalog, Organization, User, user};
use crate::scim::ScimError;
use crate::scim::filter;
use crate::scim::list::list_response;
use crate::scim::text::shorten;
use crate::store::session::{Failure, attempts};
use crate::store::users::{self as stored, UserRecord};
use crate::store::{Row, StoreError, platform};

/// GET: a page of users, or those that a filter finds (RFC 7644 §3.4.2).
pub(super) async fn list(call: &Call<'_>) -> Result<Answer, ScimError> {
    let catalog = call.session.tenant.catalog;
    let text = call.filter();
    let filter = text.as_deref().map(|text| filter::parse(&catalog.user, text)).transpose()?;
    let page = call.page()?;
    let projection = call.projection(&catalog.user)?;
    let mut list = stored::list(&call.session.tenant, filter.as_ref(), page)?;
    let mut opened = call.open(list.take_statements()).await?;
    let rows = opened.rows();
    let total = list.total(&rows, &mut opened)?;
    let resources = rows
        .into_iter()
        .map(|row| project(&projection, &catalog.user, row.body))
        .collect::<Result<Vec<String>, ScimError>>()?;
    Ok(Answer::ok(list_response(total, page.start_index, &resources)))
}

/// GET of one user (RFC 7644 §3.4.1).
pub(super) async fn read(call: &Call<'_>, id: &str) -> Result<Answer, ScimError> {
    let catalog = call.session.tenant.catalog;
    let projection = call.projection(&catalog.user)?;
    let mut opened = call.open(vec![stored::resource(&call.session.tenant, id)]).await?;
    let row = opened.row().ok_or_else(|| ScimError::no_such_resource("User", id))?;
    Ok(Answer::ok(project(&projection, &catalog.user, row.body)?))
}

/// POST (RFC 7644 §3.3).
pub(super) async fn create(call: &mut Call<'_>) -> Result<Answer, ScimError> {
    let body = call.user_body().await?;
    let catalog = call.session.tenant.catalog;
    let user = user::create(catalog, &body)?;
    let projection = call.projection(&catalog.user)?;
    let tenant = &call.session.tenant;
    let id = platform::new_id()?;
    let resource = attempts(async || {
        let mut opened = call.open(vec![stored::holder_of(tenant, user.user_name())]).await?;
        opened.organization.admit(user.user_name(), user.mail_domain().as_deref())?;
        if let Some(holder) = opened.row() {
            return Err(user_name_taken(&user, Some(&holder.head)).into());
        }
        let results = call
            .session
            .write(&stored::insert(tenant, &id, &user, true))
            .await
            .map_err(|error| refusal(error, &user))?;
        Ok(resource_of(results.take(1)))
    })
    .await?;
    let resource = project(&projection, &catalog.user, resource)?;
    Ok(Answer::created(format!("{}/Users/{id}", tenant.base), resource))
}

/// PUT (RFC 7644 §3.5.1).
pub(super) async fn replace(call: &mut Call<'_>, id: &str) -> Result<Answer, ScimError> {
    let body = call.user_body().await?;
    change(call, id, &body, user::replace).await
}

/// PATCH (RFC 7644 §3.5.2).
pub(super) async fn modify(call: &mut Call<'_>, id: &str) -> Result<Answer, ScimError> {
    let body = call.user_body().await?;
    change(call, id, &body, user::modify).await
}

/// DELETE (RFC 7644 §3.6).
pub(super) async fn delete(call: &Call<'_>, id: &str) -> Result<Answer, ScimError> {
    attempts(async || {
        let (record, _) = open_record(call, id).await?;
        user::check_removable(&record.user)?;
        call.session.write(&stored::delete(&call.session.tenant, &record)).await?;
        Ok(Answer::no_content())
    })
    .await
}

/// What a PUT or PATCH makes of a person.
type Rule = fn(&Catalog, &Organization, &User, &Value) -> Result<User, ScimError>;

/// Reads, decides, writes. What changes nothing writes nothing: neither version nor `lastModified` move.
async fn change(call: &Call<'_>, id: &str, body: &Value, rule: Rule) -> Result<Answer, ScimError> {
    let tenant = &call.session.tenant;
    let projection = call.projection(&tenant.catalog.user)?;
    let resource = attempts(async || {
        let (record, organization) = open_record(call, id).await?;
        let user = rule(tenant.catalog, &organization, &record.user, body)?;
        if user == record.user {
            return Ok(record.resource);
        }
        let statements = stored::update(tenant, &organization, &record, &user);
        let results = call.session.write(&statements).await.map_err(|error| refusal(error, &user))?;
        Ok(resource_of(results))
    })
    .await?;
    Ok(Answer::ok(project(&projection, &tenant.catalog.user, resource)?))
}

async fn open_record(call: &Call<'_>, id: &str) -> Result<(UserRecord, Organization), ScimError> {
    let mut opened = call.open(vec![stored::record(&call.session.tenant, id)]).await?;
    let row = opened.row().ok_or_else(|| ScimError::no_such_resource("User", id))?;
    Ok((UserRecord::read(row)?, opened.organization))
}

/// The resource that the last of these results selects.
fn resource_of(results: impl Iterator<Item = Vec<Row>>) -> String {
    results.last().and_then(|rows| rows.into_iter().next()).map(|row| row.body).unwrap_or_default()
}

fn refusal(error: StoreError, user: &User) -> Failure {
    if stored::user_name_is_taken(&error) {
        return user_name_taken(user, None).into();
    }
    error.into()
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
