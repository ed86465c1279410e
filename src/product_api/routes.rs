//! The addresses of the product's side, and what answers them.

use std::sync::LazyLock;

use http::Method;

use super::context::{HandlerFuture, ProductContext};
use super::{about, acknowledgements, authzen, feed, people, sets, setup_links};
use crate::deployment::Deployment;
use crate::http::request::HttpRequest;
use crate::http::routes::{NoRoute, Route, Routes};
use crate::webhooks::signing;
use Handler::{Keyed, Public};
use directory::KeyScope;

/// What answers a request.
pub(super) enum Handler {
    /// Needs no key.
    Public(for<'r> fn(&'r Deployment<'_>, &'r HttpRequest) -> HandlerFuture<'r>),
    /// Needs a product key, or a service binding.
    Keyed(Access, KeyedHandler),
}

type KeyedHandler = for<'r> fn(&'r mut ProductContext<'_>, &'r [&'r str]) -> HandlerFuture<'r>;

/// What a caller has to be allowed to do.
pub(super) enum Access {
    /// Anything.
    Any,
    /// This.
    Scope(KeyScope),
}

static ROUTES: LazyLock<Routes<Handler>> = LazyLock::new(|| {
    Routes::new()
        .at("/product/v1", Method::GET, Keyed(Access::Any, |context, _| Box::pin(about::respond(context))))
        .at("/product/v1/events", Method::GET, Keyed(EVENTS, |context, _| Box::pin(feed::events(context))))
        .at(
            "/product/v1/setup-links",
            Method::POST,
            Keyed(Access::Scope(KeyScope::SetupLinks), |context, _| Box::pin(setup_links::create(context))),
        )
        .at("/product/v1/sets/poll", Method::POST, Keyed(EVENTS, |context, _| Box::pin(sets::poll(context))))
        .at(
            "/.well-known/jwks.json",
            Method::GET,
            Public(|deployment, _| Box::pin(signing::published(deployment))),
        )
        .at(
            "/product/v1/acknowledgements",
            Method::GET,
            Keyed(EVENTS, |context, _| Box::pin(acknowledgements::read(context))),
        )
        .at(
            "/product/v1/acknowledgements",
            Method::POST,
            Keyed(EVENTS, |context, _| Box::pin(acknowledgements::write(context))),
        )
        .at(
            "/product/v1/snapshot",
            Method::GET,
            Keyed(READ, |context, _| Box::pin(people::snapshot(context))),
        )
        .at(
            "/product/v1/people/:who",
            Method::GET,
            Keyed(READ, |context, parameters| Box::pin(people::person(context, parameters))),
        )
        .at(
            "/product/v1/projects/:project/people",
            Method::GET,
            Keyed(READ, |context, parameters| Box::pin(people::of_project(context, parameters))),
        )
        .at(
            "/.well-known/authzen-configuration",
            Method::GET,
            Public(|_, request| Box::pin(async { Ok(authzen::configuration(request)) })),
        )
        .at(
            "/access/v1/evaluation",
            Method::POST,
            Keyed(CHECK, |context, _| Box::pin(authzen::evaluation(context))),
        )
        .at(
            "/access/v1/evaluations",
            Method::POST,
            Keyed(CHECK, |context, _| Box::pin(authzen::evaluations(context))),
        )
        .at(
            "/access/v1/search/subject",
            Method::POST,
            Keyed(CHECK, |context, _| Box::pin(authzen::search::subjects(context))),
        )
        .at(
            "/access/v1/search/resource",
            Method::POST,
            Keyed(CHECK, |context, _| Box::pin(authzen::search::resources(context))),
        )
        .at(
            "/access/v1/search/action",
            Method::POST,
            Keyed(CHECK, |context, _| Box::pin(authzen::search::actions(context))),
        )
});

const EVENTS: Access = Access::Scope(KeyScope::Events);
const CHECK: Access = Access::Scope(KeyScope::Check);
const READ: Access = Access::Scope(KeyScope::Read);

/// What answers a method at a path, and the parameters of the path.
///
/// # Errors
/// There is nothing.
pub(super) fn find<'a>(method: &Method, path: &[&'a str]) -> Result<(&'a Handler, Vec<&'a str>), NoRoute> {
    let Route { handler, parameters } = ROUTES.find(method, path)?;
    Ok((handler, parameters))
}

#[cfg(test)]
mod tests {
    use super::ROUTES;

    #[test]
    fn no_path_conflicts_with_another() {
        assert_eq!(ROUTES.conflicts(), Vec::<&str>::new());
        assert_eq!(ROUTES.unknown_segments(), Vec::<&str>::new());
    }
}
