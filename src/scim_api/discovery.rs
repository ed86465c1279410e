//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` (RFC 7644 §4), as they are for the organization
//! that asks.

use serde_json::Value;

use super::context::RequestContext;
use crate::http::response::HttpResponse;
use directory::Organization;
use scim_protocol::error::shorten;
use scim_protocol::list::{Standing, list_response};
use scim_protocol::query::Parameters;
use scim_protocol::{ScimError, discovery, json};

pub(crate) async fn service_provider_config(context: &RequestContext<'_>) -> Result<HttpResponse, ScimError> {
    authenticate(context).await?;
    Ok(public_config(&context.session.tenant.base))
}

/// The body of `/ServiceProviderConfig`, for whoever asks: it is the same for all organizations, and tells a client how
/// to authenticate (RFC 7643 §5).
///
/// # Errors
/// 403 where the query has a filter.
pub(crate) fn public_service_provider_config(
    base: &str,
    query: &[(String, String)],
) -> Result<HttpResponse, ScimError> {
    refuse_filter(&Parameters::of_url(query)?)?;
    Ok(public_config(base))
}

fn public_config(base: &str) -> HttpResponse {
    HttpResponse::ok(json::write(&discovery::service_provider_config(base)))
}

pub(crate) async fn resource_types(
    context: &RequestContext<'_>,
    name: Option<&str>,
) -> Result<HttpResponse, ScimError> {
    authenticate(context).await?;
    let tenant = &context.session.tenant;
    let described = [&tenant.catalog.user, &tenant.catalog.group]
        .map(|each| discovery::resource_type(each, &tenant.base));
    one_or_all(&described, name, "ResourceType")
}

pub(crate) async fn schemas(
    context: &RequestContext<'_>,
    urn: Option<&str>,
) -> Result<HttpResponse, ScimError> {
    let organization = authenticate(context).await?;
    let tenant = &context.session.tenant;
    let user = tenant.catalog.user_of(&organization);
    let group = tenant.catalog.group_of(&organization);
    let described: Vec<Value> =
        [&user, &group].into_iter().flat_map(|each| discovery::schemas(each, &tenant.base)).collect();
    one_or_all(&described, urn, "Schema")
}

async fn authenticate(context: &RequestContext<'_>) -> Result<Organization, ScimError> {
    refuse_filter(&context.parameters()?)?;
    Ok(context.open(Vec::new()).await?.organization)
}

/// RFC 7644 §4: a filter on these endpoints is refused, so that nobody takes an unfiltered answer for a filtered one.
fn refuse_filter(parameters: &Parameters) -> Result<(), ScimError> {
    if parameters.filter.is_some() {
        return Err(ScimError::forbidden("Discovery endpoints cannot be filtered; leave the filter out."));
    }
    Ok(())
}

fn one_or_all(described: &[Value], id: Option<&str>, what: &str) -> Result<HttpResponse, ScimError> {
    let Some(id) = id else {
        let all: Vec<String> = described.iter().map(json::write).collect();
        let total = u64::try_from(all.len()).unwrap_or(0);
        let opening = list_response(total, &Standing::At(1), all.len());
        return Ok(HttpResponse::ok(format!("{opening}{}]}}", all.join(","))));
    };
    described
        .iter()
        .find(|each| each.get("id").and_then(Value::as_str).is_some_and(|own| own.eq_ignore_ascii_case(id)))
        .map(|each| HttpResponse::ok(json::write(each)))
        .ok_or_else(|| ScimError::no_such_resource(what, &shorten(id)))
}
