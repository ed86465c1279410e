//! What answers the calls of the API: the handler of each, and what all have in common.

use futures_util::FutureExt;
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::{AdminContext, InOrganization};
use super::export::Download;
use super::idempotency::{CallKey, Fingerprint, once_only};
use super::reply::{Made, Reply, Work, json};
use super::routes::{self, Call};
use super::types::{Nothing, Repeatable, query};
use super::{
    access, body, brake, bulk, consequences, deeds, deleted_people, deletion, export, group_people, groups,
    health, imports, keys, log, members, organizations, permissions, product_keys, project_views, projects,
    sessions, setup_links, undo, webhooks,
};
use crate::audit::admin_request;
use crate::d1::StorageError;
use crate::d1::consequences::Change;
use crate::d1::undo::MOST_SUBJECTS;
use crate::http::Problem;
use crate::http::routes::Route;
use scim_protocol::Object;

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
    let Route { handler: call, parameters } = routes::find(request.method, request.path)?;
    if let (Call::Export, [org, export]) = (*call, parameters.as_slice()) {
        return Ok(Answer::File(export::begin(context, org, export, query::read(request.query)?).await?));
    }
    let query = request.query;
    let call = Asked { call: *call, parameters: &parameters, query, fields, key: request.key };
    call.carry_out(context).await.map(Answer::Json)
}

/// A call that is asked for, by a request or by a form of the console.
pub(crate) struct Asked<'a> {
    pub(crate) call: Call,
    /// The values of the parameters of its path.
    pub(crate) parameters: &'a [&'a str],
    pub(crate) query: &'a [(String, String)],
    /// The fields of its body.
    pub(crate) fields: Object,
    /// What identifies a repetition.
    pub(crate) key: Option<&'a CallKey>,
}

impl Asked<'_> {
    /// Carries out the call; a POST with a key once only.
    ///
    /// # Errors
    /// Those of the call.
    pub(crate) async fn carry_out(self, context: &AdminContext<'_>) -> Result<Reply<String>, Problem> {
        let Self { call, parameters, query, fields, key } = self;
        let text = key.map(|_| json(&fields)).transpose()?;
        let work = match handler(context, call, parameters, query, Body(Box::new(fields)))? {
            Handler::Plain(work) => return Ok(work.await?.reply),
            Handler::Once(work) => work,
        };
        let (Some(key), Some(body)) = (key, text) else { return Ok(work.await?.reply) };
        let (method, path) = routes::address(call, parameters)?;
        let fingerprint = Fingerprint { method, path: &path, body: &body };
        once_only(context, key, fingerprint, work).await
    }
}

/// What answers a call.
enum Handler<'a> {
    Plain(Work<'a>),
    /// A POST, which is carried out once if it has a key.
    Once(Work<'a>),
}

/// The fields of a body that are not read yet.
struct Body(Box<Object>);

impl Body {
    /// The body as a type.
    ///
    /// # Errors
    /// 400 for a field that is unknown, missing or of the wrong type.
    fn read<T: DeserializeOwned>(self) -> Result<T, Problem> {
        body::read(&self.0)
    }

    /// Refuses a body with fields.
    ///
    /// # Errors
    /// 400.
    fn check_empty(self) -> Result<(), Problem> {
        let Nothing {} = self.read()?;
        Ok(())
    }
}

/// Reads.
fn found<'a, T: Serialize + 'a>(
    reading: impl Future<Output = Result<InOrganization<T>, Problem>> + 'a,
) -> Handler<'a> {
    Handler::Plain(Box::pin(reading.map(|found| Ok(Made::of(&Reply::ok(found?.answer))?))))
}

/// Carries out a call that is the same when it is repeated.
fn made<'a, T: Serialize + 'a>(making: impl Future<Output = Result<Reply<T>, Problem>> + 'a) -> Handler<'a> {
    Handler::Plain(Box::pin(making.map(|made| Ok(Made::of(&made?)?))))
}

/// Carries out a POST.
fn once<'a, T: Repeatable + 'a>(making: impl Future<Output = Result<Reply<T>, Problem>> + 'a) -> Handler<'a> {
    Handler::Once(Box::pin(making.map(|made| Ok(Made::repeatable(&made?)?))))
}

/// What answers a call.
///
/// # Errors
/// 400 for a body or a query of another shape.
fn handler<'a>(
    context: &'a AdminContext<'_>,
    call: Call,
    parameters: &'a [&'a str],
    query: &[(String, String)],
    body: Body,
) -> Result<Handler<'a>, Problem> {
    use Call as C;
    Ok(match (call, parameters) {
        (C::ListOrganizations, []) => made(organizations::list(context, query::read(query)?)),
        (C::ReadOrganization, [org]) => found(organizations::read(context, org)),
        (C::PreviewDeletion, [org]) => found(deletion::preview(context, org)),
        (C::ListKeys, [org]) => found(keys::list(context, org)),
        (C::ListConsumers, [org]) => found(product_keys::consumers(context, org)),
        (C::ListRevocations, [org, id]) => found(product_keys::revocations(context, org, id)),
        (C::ListProductKeys, [org]) => found(product_keys::list(context, org)),
        (C::ListSetupLinks, [org]) => found(setup_links::list(context, org)),
        (C::ListMembers, [org]) => found(members::list(context, org, query::read(query)?)),
        (C::ReadMember, [org, id]) => found(members::read(context, org, id)),
        (C::ReadFormerAccess, [org, id]) => {
            found(async move { deleted_people::former(context, org, id).await?.transpose() })
        }
        (C::ListPermissions, [org]) => found(permissions::list(context, org)),
        (C::ReadPermissions, [org, kind, role]) => found(permissions::role(context, org, kind, role)),
        (C::ListProjects, [org]) => found(projects::list(context, org, query::read(query)?)),
        (C::ListProjectSummaries, [org]) => found(project_views::list(context, org, query::read(query)?)),
        (C::ReadProject, [org, id]) => found(project_views::project(context, org, id, query::read(query)?)),
        (C::ReadRole, [org, project, role]) => found(project_views::role(context, org, project, role)),
        (C::ReadTeam, [org, project, team]) => found(project_views::team(context, org, project, team)),
        (C::ListPlainGroups, [org]) => found(project_views::plain_groups(context, org, query::read(query)?)),
        (C::PreviewRemove, [org, id]) => found(consequences::of(context, org, Change::Remove(id))),
        (C::PreviewArchive, [org, project]) => {
            found(consequences::of(context, org, Change::Archive(project)))
        }
        (C::PreviewDeleteTeam, [org, _, team]) => {
            found(consequences::of(context, org, Change::DeleteTeam(team)))
        }
        (C::ReadBulk, [org, id]) => found(bulk::read(context, org, id, query::read(query)?)),
        (C::PreviewLeave, [org, group, person]) => {
            found(consequences::of(context, org, Change::Leave { group, person }))
        }
        (C::PreviewDeleteRole, [org, _, role]) => {
            found(consequences::of(context, org, Change::DeleteRole(role)))
        }
        (C::ReadGroup, [org, id]) => found(groups::read(context, org, id, query::read(query)?)),
        (C::ReadAccess, [org, id]) => found(access::of_member(context, org, id, query::read(query)?)),
        (C::ListAccessChanges, [org]) => found(access::changes(context, org, query::read(query)?)),
        (C::ListEvents, [org]) => found(deeds::list(context, org, query::read(query)?)),
        (C::ReadEvent, [org, event]) => found(deeds::event(context, org, event)),
        (C::ReadLog, [org]) => found(log::list(context, org, query::read(query)?)),
        (C::ListImports, [org]) => found(imports::list(context, org, query::read(query)?)),
        (C::ReadHealth, [org]) => found(health::read(context, org)),
        (C::ReadImport, [org, id]) => found(imports::read(context, org, id)),
        (C::ReadImportPage, [org, id, number]) => found(imports::page(context, org, id, number)),
        (C::CompareImports, [org]) => found(imports::comparison(context, org, query::read(query)?)),
        (C::ListWebhooks, [org]) => found(webhooks::list(context, org)),
        (C::ReadWebhook, [org, id]) => found(webhooks::read(context, org, id)),
        (C::ListAttempts, [org, id]) => {
            let query = query::read(query)?;
            found(async move {
                Ok(webhooks::attempts(context, org, id, query).await?.map(|(_, attempts)| attempts))
            })
        }
        (C::ReadShown, [org, id]) => found(imports::of_member(context, org, id)),
        (C::ListUndo, [org]) => found(undo::list(context, org)),
        (C::ReadUndo, [org, id]) => found(undo::read(context, org, id, query::read(query)?)),
        (C::ListDeletedPeople, [org]) => found(deleted_people::list(context, org, query::read(query)?)),
        (C::CreateOrganization, []) => {
            once(async move { organizations::create(context, body.read()?).await })
        }
        (C::Accept, [org]) => once(async move {
            body.check_empty()?;
            organizations::accept(context, org).await
        }),
        (C::RestoreOrganization, [org]) => once(async move {
            body.check_empty()?;
            deletion::restore(context, org).await
        }),
        (C::Decline, [org]) => once(async move {
            body.check_empty()?;
            organizations::decline(context, org).await
        }),
        (C::ReleaseBrake, [org]) => once(async move { brake::release(context, org, body.read()?).await }),
        (C::Pause, [org]) => once(async move {
            body.check_empty()?;
            brake::pause(context, org).await
        }),
        (C::Resume, [org]) => once(async move {
            body.check_empty()?;
            brake::resume(context, org).await
        }),
        (C::GenerateKey, [org]) => once(async move { keys::generate(context, org, body.read()?).await }),
        (C::RegenerateKey, [org, key]) => {
            once(async move { keys::regenerate(context, org, key, body.read()?).await })
        }
        (C::DeactivateKey, [org, key]) => once(async move {
            body.check_empty()?;
            keys::deactivate(context, org, key).await
        }),
        (C::DeactivateKeys, [org]) => once(async move {
            body.check_empty()?;
            keys::deactivate_all(context, org).await
        }),
        (C::GenerateProductKey, [org]) => {
            once(async move { product_keys::generate(context, org, body.read()?).await })
        }
        (C::RotateProductKey, [org, key]) => {
            once(async move { product_keys::rotate(context, org, key, body.read()?).await })
        }
        (C::CreateSetupLink, [org]) => {
            once(async move { setup_links::create(context, org, body.read()?).await })
        }
        (C::CreateProject, [org]) => once(async move { projects::create(context, org, body.read()?).await }),
        (C::ArchiveProject, [org, project]) => {
            once(async move { projects::archive(context, org, project, body.read()?).await })
        }
        (C::RestoreProject, [org, project]) => once(async move {
            body.check_empty()?;
            projects::restore(context, org, project).await
        }),
        (C::CreateRole, [org, project]) => {
            once(async move { projects::create_role(context, org, project, body.read()?).await })
        }
        (C::CreateTeam, [org, project]) => {
            once(async move { projects::create_team(context, org, project, body.read()?).await })
        }
        (C::StartBulk, [org]) => once(async move { bulk::start(context, org, body.read()?).await }),
        (C::StartUndo, [org]) => once(async move { undo::start(context, org, body.read()?).await }),
        (C::RestoreDeletedPerson | C::RestorePerson, [org, id]) => {
            once(async move { deleted_people::restore(context, org, id, body.read()?).await })
        }
        (C::EraseDeletedPerson, [org, id]) => once(async move {
            body.check_empty()?;
            deleted_people::erase(context, org, id).await
        }),
        (C::CreateWebhook, [org]) => once(async move { webhooks::create(context, org, body.read()?).await }),
        (C::RotateWebhook, [org, id]) => {
            once(async move { webhooks::rotate(context, org, id, body.read()?).await })
        }
        (C::ReplayEvents, [org, id]) => {
            once(async move { webhooks::replay(context, org, id, body.read()?).await })
        }
        (C::TestWebhook, [org, id]) => once(async move {
            body.check_empty()?;
            webhooks::test(context, org, id).await
        }),
        (C::AddMember, [org]) => once(async move { members::add(context, org, body.read()?).await }),
        (C::PreviewUndo, [org]) => found(undo::preview(context, org, body.read()?, MOST_SUBJECTS)),
        (C::PreviewBulk, [org]) => found(bulk::preview(context, org, body.read()?)),
        (C::StepBulk, [org, id]) => {
            body.check_empty()?;
            made(bulk::step(context, org, id))
        }
        (C::StopBulk, [org, id]) => {
            body.check_empty()?;
            made(bulk::stop(context, org, id))
        }
        (C::StepUndo, [org, id]) => {
            body.check_empty()?;
            made(undo::step(context, org, id))
        }
        (C::StopUndo, [org, id]) => {
            body.check_empty()?;
            made(undo::stop(context, org, id))
        }
        (C::RevokeSetupLink, [org, link]) => made(setup_links::revoke(context, org, link)),
        (C::EndSessions, []) => made(sessions::end_all(context)),
        (C::UpdateOrganization, [org]) => made(organizations::update(context, org, body.read()?)),
        (C::DeleteOrganization, [org]) => made(deletion::delete(context, org, query::read(query)?)),
        (C::ChangePermissions, [org, kind, role]) => {
            made(permissions::change(context, org, kind, role, body.read()?))
        }
        (C::RenameProject, [org, project]) => made(projects::rename(context, org, project, body.read()?)),
        (C::RenameTeam, [org, project, team]) => {
            made(projects::rename_team(context, org, project, team, body.read()?))
        }
        (C::RenameRole, [org, project, role]) => {
            made(projects::rename_role(context, org, project, role, body.read()?))
        }
        (C::DeleteRole, [org, project, role]) => {
            made(projects::delete_role(context, org, project, role, query::read(query)?))
        }
        (C::DeleteTeam, [org, project, team]) => {
            made(projects::delete_team(context, org, project, team, query::read(query)?))
        }
        (C::RenameKey, [org, key]) => made(keys::rename(context, org, key, body.read()?)),
        (C::RenameProductKey, [org, key]) => made(product_keys::rename(context, org, key, body.read()?)),
        (C::DeactivateProductKey, [org, key]) => {
            body.check_empty()?;
            made(product_keys::deactivate(context, org, key))
        }
        (C::ChangeWebhook, [org, id]) => made(webhooks::change(context, org, id, body.read()?)),
        (C::DeleteWebhook, [org, id]) => made(webhooks::delete(context, org, id)),
        (C::ChangeMember, [org, id]) => made(members::change(context, org, id, body.read()?)),
        (C::RemoveMember, [org, id]) => made(members::remove(context, org, id, query::read(query)?)),
        (C::AddToGroup, [org, group, person]) => {
            body.check_empty()?;
            made(group_people::add(context, org, group, person))
        }
        (C::RemoveFromGroup, [org, group, person]) => {
            made(group_people::remove(context, org, group, person, query::read(query)?))
        }
        (C::PreviewSettings, [org]) => made(consequences::of_settings(context, org, body.read()?)),
        (C::TransferOwnership, [org]) => made(members::transfer_ownership(context, org, body.read()?)),
        _ => {
            let detail = format!("the route of {call:?} has other parameters than its handler");
            return Err(StorageError::internal(detail).into());
        }
    })
}
