//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` (RFC 7644 §4), as they are for the organization of the key.

use serde::Serialize;

use super::context::{RequestContext, to_json};
use crate::error::Error;
use crate::http::response::HttpResponse;
use directory::Organization;
use directory::security_event::SecurityEventType;
use scim_protocol::discovery::{
    AuthenticationScheme, ResourceTypeBody, SchemaBody, SecurityEventSupport, ServiceProviderConfig,
};
use scim_protocol::error::shorten;
use scim_protocol::list::ListResponse;
use scim_protocol::query::ListQuery;
use scim_protocol::{Limits, ScimError};

pub(crate) async fn service_provider_config(context: &RequestContext<'_>) -> Result<HttpResponse, Error> {
    authenticate(context).await?;
    let tenant = &context.session.tenant;
    Ok(HttpResponse::ok(to_json(&config(&tenant.base, &tenant.catalog.limits))?))
}

/// `/ServiceProviderConfig` for a request without a key: it is the same for all organizations, and tells a client how
/// to authenticate (RFC 7643 §5), and which security events there are (RFC 9967).
///
/// # Errors
/// 403 if the query has a filter.
pub(crate) fn public_service_provider_config(
    base: &str,
    limits: &Limits,
    query: &[(String, String)],
) -> Result<HttpResponse, Error> {
    refuse_filter(&ListQuery::from_url(query)?)?;
    let mut config = config(base, limits);
    // Only here: receivers of security events have no SCIM key, and some clients with one refuse what is newer than
    // RFC 7643.
    config.security_events = Some(SecurityEventSupport {
        async_request: "none",
        event_uris: SecurityEventType::ALL.map(SecurityEventType::urn).into(),
        delivery_methods: ["urn:ietf:rfc:8935", "urn:ietf:rfc:8936"],
    });
    Ok(HttpResponse::ok(to_json(&config)?))
}

fn config(base: &str, limits: &Limits) -> ServiceProviderConfig {
    let key = AuthenticationScheme {
        r#type: "oauthbearertoken",
        name: "SCIM key".into(),
        description: "The key made for the organization, in the header \"Authorization: Bearer scim-…\"."
            .into(),
        spec_uri: "https://www.rfc-editor.org/rfc/rfc6750".into(),
        primary: true,
    };
    ServiceProviderConfig::new(base, limits, vec![key])
}

pub(crate) async fn resource_types(
    context: &RequestContext<'_>,
    name: Option<&str>,
) -> Result<HttpResponse, Error> {
    authenticate(context).await?;
    let tenant = &context.session.tenant;
    let described =
        [&tenant.catalog.user, &tenant.catalog.group].map(|each| ResourceTypeBody::new(each, &tenant.base));
    one_or_all(described.into(), |each| each.id, name, "ResourceType")
}

pub(crate) async fn schemas(context: &RequestContext<'_>, urn: Option<&str>) -> Result<HttpResponse, Error> {
    let organization = authenticate(context).await?;
    let tenant = &context.session.tenant;
    let user = tenant.catalog.user_of(&organization);
    let group = tenant.catalog.group_of(&organization);
    let described = [&user, &group]
        .into_iter()
        .flat_map(|each| SchemaBody::of_resource_type(each, &tenant.base))
        .collect();
    one_or_all(described, |each: &SchemaBody<'_>| each.id, urn, "Schema")
}

async fn authenticate(context: &RequestContext<'_>) -> Result<Organization, Error> {
    refuse_filter(&context.parameters()?)?;
    context.authenticate().await
}

/// RFC 7644 §4: these endpoints refuse a filter, so that a client does not take their response for a filtered one.
fn refuse_filter(parameters: &ListQuery) -> Result<(), ScimError> {
    if parameters.filter.is_some() {
        return Err(ScimError::forbidden("Discovery endpoints cannot be filtered; leave the filter out."));
    }
    Ok(())
}

/// The description with that id, compared without case; all of them without an id.
fn one_or_all<'d, T: Serialize>(
    described: Vec<T>,
    id_of: impl Fn(&T) -> &'d str,
    id: Option<&str>,
    what: &str,
) -> Result<HttpResponse, Error> {
    let Some(id) = id else { return Ok(HttpResponse::ok(to_json(&ListResponse::of_all(described))?)) };
    let one = described.iter().find(|each| id_of(each).eq_ignore_ascii_case(id));
    let one = one.ok_or_else(|| ScimError::no_such_resource(what, &shorten(id)))?;
    Ok(HttpResponse::ok(to_json(one)?))
}
