//! What writes users and groups, and what is answered where there is nothing to do.

use super::context::RequestContext;
use super::{groups, users};
use crate::http::response::HttpResponse;
use scim_protocol::ScimError;

/// What writes a resource, on its own or as an operation of a bulk request.
///
/// # Errors
/// What the client is to be told.
pub(crate) async fn write(
    context: &mut RequestContext<'_>,
    method: &str,
    segments: &[&str],
) -> Result<HttpResponse, ScimError> {
    match (segments, method) {
        (["Users"], "POST") => users::create(context).await,
        (["Users", id], "PUT") => users::replace(context, id).await,
        (["Users", id], "PATCH") => users::modify(context, id).await,
        (["Users", id], "DELETE") => users::delete(context, id).await,
        (["Groups"], "POST") => groups::create(context).await,
        (["Groups", id], "PUT") => groups::replace(context, id).await,
        (["Groups", id], "PATCH") => groups::modify(context, id).await,
        (["Groups", id], "DELETE") => groups::delete(context, id).await,
        _ => elsewhere(segments, method, &context.session.tenant.base),
    }
}

/// What is to be said where there is nothing to do.
fn elsewhere(segments: &[&str], method: &str, base: &str) -> Result<HttpResponse, ScimError> {
    match segments {
        ["Users" | "Groups"] => Ok(not_allowed(method, "GET, HEAD, POST")),
        [".search" | "Bulk"] => Ok(not_allowed(method, "POST")),
        ["Users" | "Groups", _] => Ok(not_allowed(method, "GET, HEAD, PUT, PATCH, DELETE")),
        [] | ["ServiceProviderConfig" | "ResourceTypes" | "Schemas"] | ["ResourceTypes" | "Schemas", _] => {
            Ok(not_allowed(method, "GET, HEAD"))
        }
        // RFC 7644 §3.11
        ["Me"] => Err(ScimError::not_implemented(
            "/Me is not implemented: a SCIM key stands for an organization, not for a person. Address people as /Users/{id}.",
        )),
        _ => Err(ScimError::not_found(format!(
            "There is no such SCIM endpoint. Resources are at {base}/Users and {base}/Groups; check the connector's base \
             URL."
        ))),
    }
}

/// 405, with the methods there are.
pub(crate) fn not_allowed(method: &str, allowed: &'static str) -> HttpResponse {
    let error = ScimError::method_not_allowed(format!("{method} is not possible here. Allowed: {allowed}."));
    HttpResponse::from(error).with_header("Allow", allowed)
}
