//! The addresses below `/console`, but for those of the API.

use std::sync::LazyLock;

use http::Method;

use super::pages::routes::PageName;
use crate::http::routes::{NoRoute, Route, Routes};

/// What answers a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handler {
    Asset,
    Guide,
    /// The form of the admin token.
    SignInForm,
    SignIn,
    SignOut,
    Page(PageName),
}

static ROUTES: LazyLock<Routes<Handler>> = LazyLock::new(|| {
    use Handler::Page;
    Routes::new()
        .at("/assets/:name", Method::GET, Handler::Asset)
        .at("/guides/:name", Method::GET, Handler::Guide)
        .at("/sign-in", Method::GET, Handler::SignInForm)
        .at("/sign-in", Method::POST, Handler::SignIn)
        .at("/sign-out", Method::POST, Handler::SignOut)
        .at("/", Method::GET, Page(PageName::Start))
        .at("/", Method::POST, Page(PageName::Start))
        .at("/organizations", Method::GET, Page(PageName::Organizations))
        .at("/organizations", Method::POST, Page(PageName::Organizations))
        .at("/organizations/:org", Method::GET, Page(PageName::Organization))
        .at("/organizations/:org/keys", Method::GET, Page(PageName::Keys))
        .at("/organizations/:org/keys", Method::POST, Page(PageName::Keys))
        .at("/organizations/:org/setup-links", Method::GET, Page(PageName::SetupLinks))
        .at("/organizations/:org/setup-links", Method::POST, Page(PageName::SetupLinks))
        .at("/organizations/:org/members", Method::GET, Page(PageName::Members))
        .at("/organizations/:org/members", Method::POST, Page(PageName::Members))
        .at("/organizations/:org/members/:id", Method::GET, Page(PageName::Member))
        .at("/organizations/:org/members/:id", Method::POST, Page(PageName::Member))
        .at("/organizations/:org/members/:id/restore", Method::GET, Page(PageName::RestoreMember))
        .at("/organizations/:org/members/:id/restore", Method::POST, Page(PageName::RestoreMember))
        .at("/organizations/:org/projects", Method::GET, Page(PageName::Projects))
        .at("/organizations/:org/projects", Method::POST, Page(PageName::Projects))
        .at("/organizations/:org/projects/:project", Method::GET, Page(PageName::Project))
        .at("/organizations/:org/projects/:project", Method::POST, Page(PageName::Project))
        .at("/organizations/:org/projects/:project/roles/:role", Method::GET, Page(PageName::Role))
        .at("/organizations/:org/projects/:project/roles/:role", Method::POST, Page(PageName::Role))
        .at("/organizations/:org/projects/:project/teams/:team", Method::GET, Page(PageName::Team))
        .at("/organizations/:org/projects/:project/teams/:team", Method::POST, Page(PageName::Team))
        .at("/organizations/:org/permissions", Method::GET, Page(PageName::Permissions))
        .at("/organizations/:org/permissions", Method::POST, Page(PageName::Permissions))
        .at("/organizations/:org/groups", Method::GET, Page(PageName::PlainGroups))
        .at("/organizations/:org/groups/:id", Method::GET, Page(PageName::Group))
        .at("/organizations/:org/groups/:id", Method::POST, Page(PageName::Group))
        .at("/organizations/:org/products", Method::GET, Page(PageName::Products))
        .at("/organizations/:org/products", Method::POST, Page(PageName::Products))
        .at("/organizations/:org/log", Method::GET, Page(PageName::Log))
        .at("/organizations/:org/events/:event", Method::GET, Page(PageName::Event))
        .at("/organizations/:org/health", Method::GET, Page(PageName::Health))
        .at("/organizations/:org/imports", Method::GET, Page(PageName::Imports))
        .at("/organizations/:org/bulk", Method::GET, Page(PageName::Bulk))
        .at("/organizations/:org/bulk", Method::POST, Page(PageName::Bulk))
        .at("/organizations/:org/bulk/:id", Method::GET, Page(PageName::BulkRun))
        .at("/organizations/:org/bulk/:id", Method::POST, Page(PageName::BulkRun))
        .at("/organizations/:org/export", Method::GET, Page(PageName::Export))
        .at("/organizations/:org/imports/compare", Method::GET, Page(PageName::CompareImports))
        .at("/organizations/:org/imports/:id", Method::GET, Page(PageName::Import))
        .at("/organizations/:org/imports/:id/pages/:number", Method::GET, Page(PageName::ImportPage))
        .at("/organizations/:org/brake", Method::GET, Page(PageName::Brake))
        .at("/organizations/:org/brake", Method::POST, Page(PageName::Brake))
        .at("/organizations/:org/undo", Method::GET, Page(PageName::Undo))
        .at("/organizations/:org/undo", Method::POST, Page(PageName::Undo))
        .at("/organizations/:org/undo/:id", Method::GET, Page(PageName::UndoRun))
        .at("/organizations/:org/undo/:id", Method::POST, Page(PageName::UndoRun))
        .at("/organizations/:org/deleted-people", Method::GET, Page(PageName::DeletedPeople))
        .at("/organizations/:org/deleted-people", Method::POST, Page(PageName::DeletedPeople))
        .at("/organizations/:org/delete", Method::GET, Page(PageName::Deletion))
        .at("/organizations/:org/delete", Method::POST, Page(PageName::Deletion))
        .at("/organizations/:org/webhooks", Method::GET, Page(PageName::Webhooks))
        .at("/organizations/:org/webhooks", Method::POST, Page(PageName::Webhooks))
        .at("/organizations/:org/webhooks/:webhook", Method::GET, Page(PageName::Webhook))
        .at("/organizations/:org/webhooks/:webhook", Method::POST, Page(PageName::Webhook))
        .at("/organizations/:org/settings", Method::GET, Page(PageName::Settings))
        .at("/organizations/:org/settings", Method::POST, Page(PageName::Settings))
});

/// The route of a method and of the segments of a path after `/console`.
///
/// # Errors
/// There is none.
pub(super) fn find<'a>(method: &Method, path: &[&'a str]) -> Result<Route<'a, Handler>, NoRoute> {
    ROUTES.find(method, path)
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
