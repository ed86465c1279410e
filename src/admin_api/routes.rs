//! The calls of the API: their methods and paths. [`super::dispatch`] answers them.

use std::sync::LazyLock;

use http::Method;

use crate::d1::StorageError;
use crate::http::Problem;
use crate::http::routes::{NoRoute, Route, Routes};

/// A call of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    ListOrganizations,
    CreateOrganization,
    ReadOrganization,
    UpdateOrganization,
    DeleteOrganization,
    RestoreOrganization,
    PreviewDeletion,
    Accept,
    ReleaseBrake,
    PreviewSettings,
    PreviewArchive,
    PreviewDeleteTeam,
    PreviewRemove,
    Pause,
    Resume,
    Decline,
    ListKeys,
    GenerateKey,
    RegenerateKey,
    DeactivateKey,
    DeactivateKeys,
    RenameKey,
    ListProductKeys,
    GenerateProductKey,
    RotateProductKey,
    RenameProductKey,
    DeactivateProductKey,
    ListConsumers,
    ListRevocations,
    ListMembers,
    AddMember,
    ReadMember,
    ChangeMember,
    RemoveMember,
    TransferOwnership,
    ListPermissions,
    ReadPermissions,
    ChangePermissions,
    ListProjects,
    ListProjectSummaries,
    ReadProject,
    ReadRole,
    ReadTeam,
    ListPlainGroups,
    CreateProject,
    RenameProject,
    ArchiveProject,
    RestoreProject,
    CreateRole,
    RenameRole,
    DeleteRole,
    PreviewDeleteRole,
    RenameTeam,
    CreateTeam,
    DeleteTeam,
    ReadGroup,
    AddToGroup,
    RemoveFromGroup,
    PreviewLeave,
    Export,
    PreviewBulk,
    StartBulk,
    ReadBulk,
    StepBulk,
    StopBulk,
    ReadAccess,
    ListAccessChanges,
    ListEvents,
    ReadEvent,
    ReadLog,
    ListImports,
    ReadHealth,
    ReadImport,
    ReadImportPage,
    CompareImports,
    ReadShown,
    PreviewUndo,
    StartUndo,
    ListUndo,
    ReadUndo,
    StepUndo,
    StopUndo,
    ListDeletedPeople,
    RestoreDeletedPerson,
    ReadFormerAccess,
    RestorePerson,
    EraseDeletedPerson,
    ListSetupLinks,
    CreateSetupLink,
    RevokeSetupLink,
    EndSessions,
    ListWebhooks,
    CreateWebhook,
    ReadWebhook,
    ChangeWebhook,
    DeleteWebhook,
    RotateWebhook,
    TestWebhook,
    ReplayEvents,
    ListAttempts,
    Describe,
}

static ROUTES: LazyLock<Routes<Call>> = LazyLock::new(|| {
    Routes::new()
        .at("/organizations", Method::GET, Call::ListOrganizations)
        .at("/organizations", Method::POST, Call::CreateOrganization)
        .at("/organizations/:org", Method::GET, Call::ReadOrganization)
        .at("/organizations/:org", Method::PATCH, Call::UpdateOrganization)
        .at("/organizations/:org", Method::DELETE, Call::DeleteOrganization)
        .at("/organizations/:org/restore", Method::POST, Call::RestoreOrganization)
        .at("/organizations/:org/deletion", Method::GET, Call::PreviewDeletion)
        .at("/organizations/:org/accept", Method::POST, Call::Accept)
        .at("/organizations/:org/decline", Method::POST, Call::Decline)
        .at("/organizations/:org/brake/release", Method::POST, Call::ReleaseBrake)
        .at("/organizations/:org/preview", Method::POST, Call::PreviewSettings)
        .at("/organizations/:org/members/:id/preview", Method::GET, Call::PreviewRemove)
        .at("/organizations/:org/projects/:project/preview", Method::GET, Call::PreviewArchive)
        .at("/organizations/:org/projects/:project/teams/:team/preview", Method::GET, Call::PreviewDeleteTeam)
        .at("/organizations/:org/pause", Method::POST, Call::Pause)
        .at("/organizations/:org/resume", Method::POST, Call::Resume)
        .at("/organizations/:org/keys", Method::GET, Call::ListKeys)
        .at("/organizations/:org/keys", Method::POST, Call::GenerateKey)
        .at("/organizations/:org/keys/:key/regenerate", Method::POST, Call::RegenerateKey)
        .at("/organizations/:org/keys/:key/deactivate", Method::POST, Call::DeactivateKey)
        .at("/organizations/:org/keys/deactivate", Method::POST, Call::DeactivateKeys)
        .at("/organizations/:org/keys/:key", Method::PATCH, Call::RenameKey)
        .at("/organizations/:org/permissions", Method::GET, Call::ListPermissions)
        .at("/organizations/:org/permissions/:kind/:role", Method::GET, Call::ReadPermissions)
        .at("/organizations/:org/permissions/:kind/:role", Method::PUT, Call::ChangePermissions)
        .at("/organizations/:org/product-keys", Method::GET, Call::ListProductKeys)
        .at("/organizations/:org/product-keys", Method::POST, Call::GenerateProductKey)
        .at("/organizations/:org/product-keys/:key", Method::PATCH, Call::RenameProductKey)
        .at("/organizations/:org/product-keys/:key", Method::DELETE, Call::DeactivateProductKey)
        .at("/organizations/:org/product-keys/:key/rotate", Method::POST, Call::RotateProductKey)
        .at("/organizations/:org/consumers", Method::GET, Call::ListConsumers)
        .at("/organizations/:org/members/:id/revocations", Method::GET, Call::ListRevocations)
        .at("/organizations/:org/setup-links", Method::GET, Call::ListSetupLinks)
        .at("/organizations/:org/setup-links", Method::POST, Call::CreateSetupLink)
        .at("/organizations/:org/setup-links/:link", Method::DELETE, Call::RevokeSetupLink)
        .at("/organizations/:org/members", Method::GET, Call::ListMembers)
        .at("/organizations/:org/members", Method::POST, Call::AddMember)
        .at("/organizations/:org/members/:id", Method::GET, Call::ReadMember)
        .at("/organizations/:org/members/:id", Method::PATCH, Call::ChangeMember)
        .at("/organizations/:org/members/:id", Method::DELETE, Call::RemoveMember)
        .at("/organizations/:org/members/:id/access", Method::GET, Call::ReadAccess)
        .at("/organizations/:org/members/:id/restore", Method::GET, Call::ReadFormerAccess)
        .at("/organizations/:org/members/:id/restore", Method::POST, Call::RestorePerson)
        .at("/organizations/:org/owner", Method::PUT, Call::TransferOwnership)
        .at("/organizations/:org/projects", Method::GET, Call::ListProjects)
        .at("/organizations/:org/projects", Method::POST, Call::CreateProject)
        .at("/organizations/:org/projects/summaries", Method::GET, Call::ListProjectSummaries)
        .at("/organizations/:org/projects/:project", Method::GET, Call::ReadProject)
        .at("/organizations/:org/projects/:project", Method::PATCH, Call::RenameProject)
        .at("/organizations/:org/projects/:project/archive", Method::POST, Call::ArchiveProject)
        .at("/organizations/:org/projects/:project/restore", Method::POST, Call::RestoreProject)
        .at("/organizations/:org/projects/:project/roles", Method::POST, Call::CreateRole)
        .at("/organizations/:org/projects/:project/teams", Method::POST, Call::CreateTeam)
        .at("/organizations/:org/projects/:project/roles/:role", Method::GET, Call::ReadRole)
        .at("/organizations/:org/projects/:project/roles/:role", Method::PATCH, Call::RenameRole)
        .at("/organizations/:org/projects/:project/roles/:role", Method::DELETE, Call::DeleteRole)
        .at("/organizations/:org/projects/:project/roles/:role/preview", Method::GET, Call::PreviewDeleteRole)
        .at("/organizations/:org/projects/:project/teams/:team", Method::GET, Call::ReadTeam)
        .at("/organizations/:org/projects/:project/teams/:team", Method::PATCH, Call::RenameTeam)
        .at("/organizations/:org/projects/:project/teams/:team", Method::DELETE, Call::DeleteTeam)
        .at("/organizations/:org/groups", Method::GET, Call::ListPlainGroups)
        .at("/organizations/:org/groups/:id", Method::GET, Call::ReadGroup)
        .at("/organizations/:org/groups/:id/members/:member", Method::PUT, Call::AddToGroup)
        .at("/organizations/:org/groups/:id/members/:member", Method::DELETE, Call::RemoveFromGroup)
        .at("/organizations/:org/groups/:id/members/:member/preview", Method::GET, Call::PreviewLeave)
        .at("/organizations/:org/access/changes", Method::GET, Call::ListAccessChanges)
        .at("/organizations/:org/events", Method::GET, Call::ListEvents)
        .at("/organizations/:org/events/:event", Method::GET, Call::ReadEvent)
        .at("/organizations/:org/log", Method::GET, Call::ReadLog)
        .at("/organizations/:org/bulk", Method::POST, Call::StartBulk)
        .at("/organizations/:org/bulk/preview", Method::POST, Call::PreviewBulk)
        .at("/organizations/:org/bulk/:id", Method::GET, Call::ReadBulk)
        .at("/organizations/:org/bulk/:id/steps", Method::POST, Call::StepBulk)
        .at("/organizations/:org/bulk/:id/stop", Method::POST, Call::StopBulk)
        .at("/organizations/:org/health", Method::GET, Call::ReadHealth)
        .at("/organizations/:org/imports", Method::GET, Call::ListImports)
        .at("/organizations/:org/export/:export", Method::GET, Call::Export)
        .at("/organizations/:org/imports/compare", Method::GET, Call::CompareImports)
        .at("/organizations/:org/imports/:id", Method::GET, Call::ReadImport)
        .at("/organizations/:org/imports/:id/pages/:number", Method::GET, Call::ReadImportPage)
        .at("/organizations/:org/members/:id/shown", Method::GET, Call::ReadShown)
        .at("/organizations/:org/undo", Method::GET, Call::ListUndo)
        .at("/organizations/:org/undo", Method::POST, Call::StartUndo)
        .at("/organizations/:org/undo/preview", Method::POST, Call::PreviewUndo)
        .at("/organizations/:org/undo/:id", Method::GET, Call::ReadUndo)
        .at("/organizations/:org/undo/:id/steps", Method::POST, Call::StepUndo)
        .at("/organizations/:org/undo/:id/stop", Method::POST, Call::StopUndo)
        .at("/organizations/:org/deleted-people", Method::GET, Call::ListDeletedPeople)
        .at("/organizations/:org/deleted-people/:id/restore", Method::POST, Call::RestoreDeletedPerson)
        .at("/organizations/:org/deleted-people/:id/erase", Method::POST, Call::EraseDeletedPerson)
        .at("/organizations/:org/webhooks", Method::GET, Call::ListWebhooks)
        .at("/organizations/:org/webhooks", Method::POST, Call::CreateWebhook)
        .at("/organizations/:org/webhooks/:webhook", Method::GET, Call::ReadWebhook)
        .at("/organizations/:org/webhooks/:webhook", Method::PATCH, Call::ChangeWebhook)
        .at("/organizations/:org/webhooks/:webhook", Method::DELETE, Call::DeleteWebhook)
        .at("/organizations/:org/webhooks/:webhook/rotate", Method::POST, Call::RotateWebhook)
        .at("/organizations/:org/webhooks/:webhook/test", Method::POST, Call::TestWebhook)
        .at("/organizations/:org/webhooks/:webhook/replay", Method::POST, Call::ReplayEvents)
        .at("/organizations/:org/webhooks/:webhook/attempts", Method::GET, Call::ListAttempts)
        .at("/sessions", Method::DELETE, Call::EndSessions)
        .at("/openapi.json", Method::GET, Call::Describe)
});

/// The call of a request, and the values of its path's parameters.
///
/// # Errors
/// 404 for unknown paths, 405 with `Allow` for known ones.
pub(super) fn find<'a>(method: &Method, path: &[&'a str]) -> Result<Route<'a, Call>, Problem> {
    ROUTES.find(method, path).map_err(no_route)
}

/// The method of a call, and its path after `/console/api/` with these values of its parameters.
///
/// # Errors
/// Internal, if the call has no route.
pub(crate) fn address(call: Call, parameters: &[&str]) -> Result<(&'static str, String), StorageError> {
    ROUTES
        .address(|other| *other == call, parameters)
        .ok_or_else(|| StorageError::internal(format!("the call {call:?} has no route")))
}

/// 404 for unknown paths, 405 with `Allow` for known ones.
fn no_route(reason: NoRoute) -> Problem {
    match reason {
        NoRoute::MethodNotAllowed { allow, detail } => Problem::new(405, detail).with_allow(allow),
        NoRoute::NotFound => Problem::new(
            404,
            "There is nothing at this address. /console/api/openapi.json describes all there is; begin at \
             /console/api/organizations.",
        ),
    }
}

/// The id of the organization that a call names by its path.
pub(crate) fn organization_of<'a>(path: &[&'a str]) -> Option<&'a str> {
    match path {
        ["organizations", id, ..] => Some(id),
        _ => None,
    }
}

/// The methods and paths of the table, with `:` for each parameter.
#[cfg(test)]
pub(super) fn shapes() -> std::collections::BTreeSet<String> {
    let shape = |path: &str| {
        let names = path.split('/').map(|name| if name.starts_with(':') { ":" } else { name });
        names.collect::<Vec<_>>().join("/")
    };
    ROUTES.methods().map(|(path, method)| format!("{method} {}", shape(path))).collect()
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
