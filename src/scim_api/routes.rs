//! The SCIM endpoints (RFC 7644 §3.2, table 2) and what answers them.

use std::sync::LazyLock;

use http::Method;

use super::context::{HandlerFuture, RequestContext};
use super::{bulk, discovery, groups, lists, users};
use crate::d1::StorageError;
use crate::d1::list::Listed;
use crate::error::Error;
use crate::http::response::HttpResponse;
use crate::http::routes::{NoRoute, Routes};
use Handler::{Collection, Resource};
use scim_protocol::ScimError;

/// What answers a request.
enum Handler {
    /// A path without parameters.
    Collection(for<'r> fn(&'r mut RequestContext<'_>) -> HandlerFuture<'r>),
    /// A path that ends with the identifier of a resource.
    Resource(for<'r> fn(&'r mut RequestContext<'_>, &'r str) -> HandlerFuture<'r>),
}

static ROUTES: LazyLock<Routes<Handler>> = LazyLock::new(|| {
    Routes::new()
        .at("/", Method::GET, Collection(|context| Box::pin(lists::list(context, Listed::All))))
        .at("/Users", Method::GET, Collection(|context| Box::pin(lists::list(context, Listed::Users))))
        .at("/Users", Method::POST, Collection(|context| Box::pin(users::create(context))))
        .at("/Users/:id", Method::GET, Resource(|context, id| Box::pin(users::read(context, id))))
        .at("/Users/:id", Method::PUT, Resource(|context, id| Box::pin(users::replace(context, id))))
        .at("/Users/:id", Method::PATCH, Resource(|context, id| Box::pin(users::modify(context, id))))
        .at("/Users/:id", Method::DELETE, Resource(|context, id| Box::pin(users::delete(context, id))))
        .at("/Groups", Method::GET, Collection(|context| Box::pin(lists::list(context, Listed::Groups))))
        .at("/Groups", Method::POST, Collection(|context| Box::pin(groups::create(context))))
        .at("/Groups/:id", Method::GET, Resource(|context, id| Box::pin(groups::read(context, id))))
        .at("/Groups/:id", Method::PUT, Resource(|context, id| Box::pin(groups::replace(context, id))))
        .at("/Groups/:id", Method::PATCH, Resource(|context, id| Box::pin(groups::modify(context, id))))
        .at("/Groups/:id", Method::DELETE, Resource(|context, id| Box::pin(groups::delete(context, id))))
        .at("/.search", Method::POST, Collection(|context| Box::pin(lists::search(context, Listed::All))))
        .at(
            "/Users/.search",
            Method::POST,
            Collection(|context| Box::pin(lists::search(context, Listed::Users))),
        )
        .at(
            "/Groups/.search",
            Method::POST,
            Collection(|context| Box::pin(lists::search(context, Listed::Groups))),
        )
        .at("/Bulk", Method::POST, Collection(|context| Box::pin(bulk::respond(context, dispatch))))
        .at(
            "/ServiceProviderConfig",
            Method::GET,
            Collection(|context| Box::pin(discovery::service_provider_config(context))),
        )
        .at(
            "/ResourceTypes",
            Method::GET,
            Collection(|context| Box::pin(discovery::resource_types(context, None))),
        )
        .at(
            "/ResourceTypes/:name",
            Method::GET,
            Resource(|context, name| Box::pin(discovery::resource_types(context, Some(name)))),
        )
        .at("/Schemas", Method::GET, Collection(|context| Box::pin(discovery::schemas(context, None))))
        .at(
            "/Schemas/:urn",
            Method::GET,
            Resource(|context, urn| Box::pin(discovery::schemas(context, Some(urn)))),
        )
});

/// Answers a request, or an operation of a bulk request, by its method and the segments of its path.
///
/// # Errors
/// The handler's; 404, 405 or 501 where there is none.
pub(crate) fn dispatch<'r>(
    context: &'r mut RequestContext<'_>,
    method: &'r Method,
    segments: &'r [&'r str],
) -> HandlerFuture<'r> {
    Box::pin(async move {
        let route = match ROUTES.find(method, segments) {
            Ok(route) => route,
            Err(reason) => return not_found_or_405(reason, segments, &context.session.tenant.base),
        };
        let outcome = match (route.handler, route.parameters.as_slice()) {
            (Collection(handler), []) => handler(context).await,
            (Resource(handler), [id]) => handler(context, id).await,
            _ => {
                Err(StorageError::internal(format!("the handler of {method} {segments:?} has another path"))
                    .into())
            }
        };
        match outcome {
            Err(error) if error.is_braked() => Err(context.braked().await?),
            outcome => outcome,
        }
    })
}

/// 405 with `Allow` for a path that has other methods, 501 for `/Me`, otherwise 404.
fn not_found_or_405(reason: NoRoute, segments: &[&str], base: &str) -> Result<HttpResponse, Error> {
    match reason {
        NoRoute::MethodNotAllowed { allow, detail } => {
            Ok(HttpResponse::from(ScimError::method_not_allowed(detail)).with_header("Allow", allow))
        }
        // RFC 7644 §3.11
        NoRoute::NotFound if segments == ["Me"] => Err(Error::from(ScimError::not_implemented(
            "/Me is not implemented: a SCIM key stands for an organization, not for a person. Address people as \
             /Users/{id}.",
        ))),
        NoRoute::NotFound => Err(Error::from(ScimError::not_found(format!(
            "There is no such SCIM endpoint. Resources are at {base}/Users and {base}/Groups; check the connector's \
             base URL."
        )))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handler_fits_its_path() {
        for (path, parameters, handler) in ROUTES.all() {
            let expected = match handler {
                Collection(_) => 0,
                Resource(_) => 1,
            };
            assert_eq!(parameters, expected, "{path}");
        }
        assert_eq!(ROUTES.conflicts(), Vec::<&str>::new());
        assert_eq!(ROUTES.unknown_segments(), Vec::<&str>::new());
    }
}
