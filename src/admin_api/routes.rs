//! The calls of the API: their methods and paths, and what answers them.

use std::sync::LazyLock;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::{AdminContext, InOrganization};
use super::export::Download;
use super::health;
use super::idempotency::{CallKey, Fingerprint, once};
use super::reply::Reply;
use super::types::projects::NewName;
use super::types::{Nothing, Repeatable, query};
use super::{
    access, body, brake, bulk, consequences, deeds, deleted_people, deletion, export, group_people, groups,
    imports, keys, log, members, organizations, permissions, product_keys, project_views, projects, sessions,
    setup_links, undo, webhooks,
};
use crate::audit::admin_request;
use crate::d1::StorageError;
use crate::d1::consequences::Change;
use crate::d1::undo::MOST_SUBJECTS;
use crate::http::Problem;
use crate::http::routes::{NoRoute, Route, Routes};
use scim_protocol::Object;

/// A call of the API.
#[derive(Debug, Clone, Copy)]
enum Call {
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

/// The request of a call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// HTTP method.
    pub(crate) method: &'a Method,
    /// Segments of the path after `/console/api`.
    pub(crate) path: &'a [&'a str],
    /// Parameters of the query.
    pub(crate) query: &'a [(String, String)],
    /// Body.
    pub(crate) body: &'a [u8],
    /// The key of the call, which identifies a repetition.
    pub(crate) key: Option<&'a CallKey>,
}

/// What answers a call.
pub(crate) enum Answer {
    Json(Reply<String>),
    File(Download),
}

/// Answers a call.
///
/// # Errors
/// 4xx with what to do about it; those of storage.
pub(crate) async fn answer(context: &mut AdminContext<'_>, request: Request<'_>) -> Result<Answer, Problem> {
    let fields = body::parse(request.body)?;
    if !fields.is_empty() {
        admin_request::set_body(&mut context.entry, fields.clone());
    }
    let Route { handler: call, parameters } = ROUTES.find(request.method, request.path).map_err(no_route)?;
    if let (Call::Export, [org, export]) = (*call, parameters.as_slice()) {
        return Ok(Answer::File(export::begin(context, org, export, query::read(request.query)?).await?));
    }
    let reply = match *request.method {
        Method::GET => read(context, &request, *call, &parameters).await,
        _ => write(context, &request, *call, &parameters, fields).await,
    };
    reply.map(Answer::Json)
}

async fn read(
    context: &AdminContext<'_>,
    request: &Request<'_>,
    call: Call,
    parameters: &[&str],
) -> Result<Reply<String>, Problem> {
    match (call, parameters) {
        (Call::ListOrganizations, []) => {
            Ok(organizations::list(context, query::read(request.query)?).await?.into_json()?)
        }
        (Call::ReadOrganization, [org]) => found(organizations::read(context, org).await?),
        (Call::PreviewDeletion, [org]) => found(deletion::preview(context, org).await?),
        (Call::ListKeys, [org]) => found(keys::list(context, org).await?),
        (Call::ListConsumers, [org]) => found(product_keys::consumers(context, org).await?),
        (Call::ListRevocations, [org, id]) => found(product_keys::revocations(context, org, id).await?),
        (Call::ListProductKeys, [org]) => found(product_keys::list(context, org).await?),
        (Call::ListSetupLinks, [org]) => found(setup_links::list(context, org).await?),
        (Call::ListMembers, [org]) => found(members::list(context, org, query::read(request.query)?).await?),
        (Call::ReadMember, [org, id]) => found(members::read(context, org, id).await?),
        (Call::ReadFormerAccess, [org, id]) => {
            Ok(Reply::ok(deleted_people::former(context, org, id).await?.answer?).into_json()?)
        }
        (Call::ListPermissions, [org]) => found(permissions::list(context, org).await?),
        (Call::ReadPermissions, [org, kind, role]) => {
            found(permissions::role(context, org, kind, role).await?)
        }
        (Call::ListProjects, [org]) => {
            found(projects::list(context, org, query::read(request.query)?).await?)
        }
        (Call::ListProjectSummaries, [org]) => {
            found(project_views::list(context, org, query::read(request.query)?).await?)
        }
        (Call::ReadProject, [org, id]) => {
            found(project_views::project(context, org, id, query::read(request.query)?).await?)
        }
        (Call::ReadRole, [org, project, role]) => {
            found(project_views::role(context, org, project, role).await?)
        }
        (Call::ReadTeam, [org, project, team]) => {
            found(project_views::team(context, org, project, team).await?)
        }
        (Call::ListPlainGroups, [org]) => {
            found(project_views::plain_groups(context, org, query::read(request.query)?).await?)
        }
        (Call::PreviewRemove, [org, id]) => found(consequences::of(context, org, Change::Remove(id)).await?),
        (Call::PreviewArchive, [org, project]) => {
            found(consequences::of(context, org, Change::Archive(project)).await?)
        }
        (Call::PreviewDeleteTeam, [org, _, team]) => {
            found(consequences::of(context, org, Change::DeleteTeam(team)).await?)
        }
        (Call::ReadBulk, [org, id]) => {
            found(bulk::read(context, org, id, query::read(request.query)?).await?)
        }
        (Call::PreviewLeave, [org, group, person]) => {
            found(consequences::of(context, org, Change::Leave { group, person }).await?)
        }
        (Call::PreviewDeleteRole, [org, _, role]) => {
            found(consequences::of(context, org, Change::DeleteRole(role)).await?)
        }
        (Call::ReadGroup, [org, id]) => {
            found(groups::read(context, org, id, query::read(request.query)?).await?)
        }
        (Call::ReadAccess, [org, id]) => {
            found(access::of_member(context, org, id, query::read(request.query)?).await?)
        }
        (Call::ListAccessChanges, [org]) => {
            found(access::changes(context, org, query::read(request.query)?).await?)
        }
        (Call::ListEvents, [org]) => found(deeds::list(context, org, query::read(request.query)?).await?),
        (Call::ReadEvent, [org, event]) => found(deeds::event(context, org, event).await?),
        (Call::ReadLog, [org]) => found(log::list(context, org, query::read(request.query)?).await?),
        (Call::ListImports, [org]) => found(imports::list(context, org, query::read(request.query)?).await?),
        (Call::ReadHealth, [org]) => found(health::read(context, org).await?),
        (Call::ReadImport, [org, id]) => found(imports::read(context, org, id).await?),
        (Call::ReadImportPage, [org, id, number]) => found(imports::page(context, org, id, number).await?),
        (Call::CompareImports, [org]) => {
            found(imports::comparison(context, org, query::read(request.query)?).await?)
        }
        (Call::ListWebhooks, [org]) => found(webhooks::list(context, org).await?),
        (Call::ReadWebhook, [org, id]) => found(webhooks::read(context, org, id).await?),
        (Call::ListAttempts, [org, id]) => {
            let attempts = webhooks::attempts(context, org, id, query::read(request.query)?).await?.answer.1;
            Ok(Reply::ok(attempts).into_json()?)
        }
        (Call::ReadShown, [org, id]) => found(imports::of_member(context, org, id).await?),
        (Call::ListUndo, [org]) => found(undo::list(context, org).await?),
        (Call::ReadUndo, [org, id]) => {
            found(undo::read(context, org, id, query::read(request.query)?).await?)
        }
        (Call::ListDeletedPeople, [org]) => {
            found(deleted_people::list(context, org, query::read(request.query)?).await?)
        }
        _ => Err(mismatch(call)),
    }
}

fn found<T: Serialize>(found: InOrganization<T>) -> Result<Reply<String>, Problem> {
    Ok(Reply::ok(found.answer).into_json()?)
}

async fn write(
    context: &mut AdminContext<'_>,
    request: &Request<'_>,
    call: Call,
    parameters: &[&str],
    fields: Object,
) -> Result<Reply<String>, Problem> {
    match (call, parameters) {
        (Call::CreateOrganization, []) => {
            post(context, request, fields, async |context, body| organizations::create(context, body).await)
                .await
        }
        (Call::Accept, [org]) => {
            post(context, request, fields, async |context, Nothing {}| {
                organizations::accept(context, org).await
            })
            .await
        }
        (Call::RestoreOrganization, [org]) => {
            post(context, request, fields, async |context, Nothing {}| deletion::restore(context, org).await)
                .await
        }
        (Call::Decline, [org]) => {
            post(context, request, fields, async |context, Nothing {}| {
                organizations::decline(context, org).await
            })
            .await
        }
        (Call::ReleaseBrake, [org]) => {
            post(context, request, fields, async |context, body| brake::release(context, org, body).await)
                .await
        }
        (Call::Pause, [org]) => {
            post(context, request, fields, async |context, Nothing {}| brake::pause(context, org).await).await
        }
        (Call::Resume, [org]) => {
            post(context, request, fields, async |context, Nothing {}| brake::resume(context, org).await)
                .await
        }
        (Call::GenerateKey, [org]) => {
            post(context, request, fields, async |context, body| keys::generate(context, org, body).await)
                .await
        }
        (Call::RegenerateKey, [org, key]) => {
            post(context, request, fields, async |context, body| {
                keys::regenerate(context, org, key, body).await
            })
            .await
        }
        (Call::DeactivateKey, [org, key]) => {
            post(context, request, fields, async |context, Nothing {}| {
                keys::deactivate(context, org, key).await
            })
            .await
        }
        (Call::DeactivateKeys, [org]) => {
            post(context, request, fields, async |context, Nothing {}| {
                keys::deactivate_all(context, org).await
            })
            .await
        }
        (Call::GenerateProductKey, [org]) => {
            post(context, request, fields, async |context, body| {
                product_keys::generate(context, org, body).await
            })
            .await
        }
        (Call::RotateProductKey, [org, key]) => {
            post(context, request, fields, async |context, body| {
                product_keys::rotate(context, org, key, body).await
            })
            .await
        }
        (Call::CreateSetupLink, [org]) => {
            post(context, request, fields, async |context, body| {
                setup_links::create(context, org, body).await
            })
            .await
        }
        (Call::CreateProject, [org]) => {
            post(context, request, fields, async |context, body| projects::create(context, org, body).await)
                .await
        }
        (Call::ArchiveProject, [org, project]) => {
            post(context, request, fields, async |context, body| {
                projects::archive(context, org, project, body).await
            })
            .await
        }
        (Call::RestoreProject, [org, project]) => {
            post(context, request, fields, async |context, Nothing {}| {
                projects::restore(context, org, project).await
            })
            .await
        }
        (Call::CreateRole, [org, project]) => {
            post(context, request, fields, async |context, body| {
                projects::create_role(context, org, project, body).await
            })
            .await
        }
        (Call::CreateTeam, [org, project]) => {
            post(context, request, fields, async |context, body| {
                projects::create_team(context, org, project, body).await
            })
            .await
        }
        (Call::StartBulk, [org]) => {
            post(context, request, fields, async |context, body| bulk::start(context, org, body).await).await
        }
        (Call::StartUndo, [org]) => {
            post(context, request, fields, async |context, body| undo::start(context, org, body).await).await
        }
        (Call::RestoreDeletedPerson | Call::RestorePerson, [org, id]) => {
            post(context, request, fields, async |context, body| {
                deleted_people::restore(context, org, id, body).await
            })
            .await
        }
        (Call::EraseDeletedPerson, [org, id]) => {
            post(context, request, fields, async |context, Nothing {}| {
                deleted_people::erase(context, org, id).await
            })
            .await
        }
        (Call::CreateWebhook, [org]) => {
            post(context, request, fields, async |context, body| webhooks::create(context, org, body).await)
                .await
        }
        (Call::RotateWebhook, [org, id]) => {
            post(context, request, fields, async |context, body| {
                webhooks::rotate(context, org, id, body).await
            })
            .await
        }
        (Call::ReplayEvents, [org, id]) => {
            post(context, request, fields, async |context, body| {
                webhooks::replay(context, org, id, body).await
            })
            .await
        }
        (Call::TestWebhook, [org, id]) => {
            post(context, request, fields, async |context, Nothing {}| webhooks::test(context, org, id).await)
                .await
        }
        (Call::AddMember, [org]) => {
            post(context, request, fields, async |context, body| members::add(context, org, body).await).await
        }
        _ => change(context, request, call, parameters, fields).await,
    }
}

/// Answers the calls that are the same when they are repeated.
async fn change(
    context: &AdminContext<'_>,
    request: &Request<'_>,
    call: Call,
    parameters: &[&str],
    fields: Object,
) -> Result<Reply<String>, Problem> {
    let reply = match (call, parameters) {
        (Call::PreviewUndo, [org]) => {
            return found(undo::preview(context, org, body::read(fields)?, MOST_SUBJECTS).await?);
        }
        (Call::PreviewBulk, [org]) => return found(bulk::preview(context, org, body::read(fields)?).await?),
        (Call::StepBulk, [org, id]) => {
            let Nothing {} = body::read(fields)?;
            bulk::step(context, org, id).await?.into_json()
        }
        (Call::StopBulk, [org, id]) => {
            let Nothing {} = body::read(fields)?;
            bulk::stop(context, org, id).await?.into_json()
        }
        (Call::StepUndo, [org, id]) => {
            let Nothing {} = body::read(fields)?;
            undo::step(context, org, id).await?.into_json()
        }
        (Call::StopUndo, [org, id]) => {
            let Nothing {} = body::read(fields)?;
            undo::stop(context, org, id).await?.into_json()
        }
        (Call::RevokeSetupLink, [org, link]) => setup_links::revoke(context, org, link).await?.into_json(),
        (Call::EndSessions, []) => sessions::end_all(context).await?.into_json(),
        (Call::UpdateOrganization, [org]) => {
            organizations::update(context, org, body::read(fields)?).await?.into_json()
        }
        (Call::DeleteOrganization, [org]) => {
            deletion::delete(context, org, query::read(request.query)?).await?.into_json()
        }
        (Call::ChangePermissions, [org, kind, role]) => {
            permissions::change(context, org, kind, role, body::read(fields)?).await?.into_json()
        }
        (Call::RenameProject, [org, project]) => {
            let name: NewName = body::read(fields)?;
            projects::rename(context, org, project, name).await?.into_json()
        }
        (Call::RenameTeam, [org, project, team]) => {
            projects::rename_team(context, org, project, team, body::read(fields)?).await?.into_json()
        }
        (Call::RenameRole, [org, project, role]) => {
            projects::rename_role(context, org, project, role, body::read(fields)?).await?.into_json()
        }
        (Call::DeleteRole, [org, project, role]) => {
            let query = query::read(request.query)?;
            projects::delete_role(context, org, project, role, query).await?.into_json()
        }
        (Call::DeleteTeam, [org, project, team]) => {
            let query = query::read(request.query)?;
            projects::delete_team(context, org, project, team, query).await?.into_json()
        }
        (Call::RenameKey, [org, key]) => {
            keys::rename(context, org, key, body::read(fields)?).await?.into_json()
        }
        (Call::DeactivateProductKey, [org, key]) => {
            let Nothing {} = body::read(fields)?;
            product_keys::deactivate(context, org, key).await?.into_json()
        }
        (Call::ChangeWebhook, [org, id]) => {
            webhooks::change(context, org, id, body::read(fields)?).await?.into_json()
        }
        (Call::DeleteWebhook, [org, id]) => webhooks::delete(context, org, id).await?.into_json(),
        (Call::ChangeMember, [org, id]) => {
            members::change(context, org, id, body::read(fields)?).await?.into_json()
        }
        (Call::RemoveMember, [org, id]) => {
            members::remove(context, org, id, query::read(request.query)?).await?.into_json()
        }
        (Call::AddToGroup, [org, group, person]) => {
            let Nothing {} = body::read(fields)?;
            group_people::add(context, org, group, person).await?.into_json()
        }
        (Call::RemoveFromGroup, [org, group, person]) => {
            group_people::remove(context, org, group, person, query::read(request.query)?).await?.into_json()
        }
        (Call::PreviewSettings, [org]) => {
            consequences::of_settings(context, org, body::read(fields)?).await?.into_json()
        }
        (Call::TransferOwnership, [org]) => {
            members::transfer_ownership(context, org, body::read(fields)?).await?.into_json()
        }
        _ => return Err(mismatch(call)),
    };
    Ok(reply?)
}

/// Answers a POST, once if it has a key.
async fn post<B: DeserializeOwned, T: Repeatable>(
    context: &mut AdminContext<'_>,
    request: &Request<'_>,
    fields: Object,
    handler: impl AsyncFnOnce(&AdminContext<'_>, B) -> Result<Reply<T>, Problem>,
) -> Result<Reply<String>, Problem> {
    let path = request.path.join("/");
    let text = serde_json::to_string(&fields)
        .map_err(|error| StorageError::Internal(format!("a body cannot be written: {error}")))?;
    let call = Fingerprint { method: request.method.as_str(), path: &path, body: &text };
    let reply = once(context, request.key, call, async |context: &AdminContext<'_>| {
        handler(context, body::read(fields)?).await
    })
    .await?;
    Ok(reply.into_json()?)
}

/// A call whose arm has other parameters than its path.
fn mismatch(call: Call) -> Problem {
    StorageError::Internal(format!("the route of {call:?} has other parameters than its handler")).into()
}

/// 404 for unknown paths, 405 with `Allow` for known ones.
fn no_route(reason: NoRoute) -> Problem {
    match reason {
        NoRoute::MethodNotAllowed { allow, detail } => {
            Problem { allow: Some(allow), ..Problem::new(405, detail) }
        }
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
