//! The calls of the API: their methods and paths, and what answers them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::context::{AdminContext, InOrganization};
use super::idempotency::{CallKey, Fingerprint, once};
use super::reply::Reply;
use super::types::projects::NewName;
use super::types::{Nothing, Repeatable, query};
use super::{body, groups, imports, keys, log, members, organizations, projects, sessions};
use crate::audit::admin_request;
use crate::d1::StorageError;
use crate::http::Problem;
use scim_protocol::Object;

/// A call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// HTTP method.
    pub(crate) method: &'a str,
    /// Segments of the path after `/console/api`.
    pub(crate) path: &'a [&'a str],
    /// Parameters of the query.
    pub(crate) query: &'a [(String, String)],
    /// Body.
    pub(crate) body: &'a [u8],
    /// The key of the call, which identifies a repetition.
    pub(crate) key: Option<&'a CallKey>,
}

/// Answers a call.
///
/// # Errors
/// 4xx with what to do about it; those of storage.
pub(crate) async fn answer(
    context: &mut AdminContext<'_>,
    request: Request<'_>,
) -> Result<Reply<String>, Problem> {
    let fields = body::parse(request.body)?;
    if !fields.is_empty() {
        admin_request::set_body(&mut context.entry, fields.clone());
    }
    match request.method {
        "GET" => read(context, &request).await,
        _ => write(context, &request, fields).await,
    }
}

async fn read(context: &AdminContext<'_>, request: &Request<'_>) -> Result<Reply<String>, Problem> {
    match request.path {
        ["organizations"] => Ok(organizations::list(context).await?.into_json()?),
        ["organizations", org] => found(organizations::read(context, org).await?),
        ["organizations", org, "keys"] => found(keys::list(context, org).await?),
        ["organizations", org, "members"] => {
            found(members::list(context, org, query::read(request.query)?).await?)
        }
        ["organizations", org, "members", id] => found(members::read(context, org, id).await?),
        ["organizations", org, "projects"] => found(projects::list(context, org).await?),
        ["organizations", org, "groups", id] => {
            found(groups::read(context, org, id, query::read(request.query)?).await?)
        }
        ["organizations", org, "log"] => found(log::list(context, org, query::read(request.query)?).await?),
        ["organizations", org, "imports"] => found(imports::list(context, org).await?),
        _ => Err(elsewhere(request)),
    }
}

fn found<T: Serialize>(found: InOrganization<T>) -> Result<Reply<String>, Problem> {
    Ok(Reply::ok(found.answer).into_json()?)
}

async fn write(
    context: &mut AdminContext<'_>,
    request: &Request<'_>,
    fields: Object,
) -> Result<Reply<String>, Problem> {
    match (request.method, request.path) {
        ("POST", ["organizations"]) => {
            post(context, request, fields, async |context, body| organizations::create(context, body).await)
                .await
        }
        ("POST", ["organizations", org, "accept"]) => {
            post(context, request, fields, async |context, Nothing {}| {
                organizations::accept(context, org).await
            })
            .await
        }
        ("POST", ["organizations", org, "decline"]) => {
            post(context, request, fields, async |context, Nothing {}| {
                organizations::decline(context, org).await
            })
            .await
        }
        ("POST", ["organizations", org, "keys"]) => {
            post(context, request, fields, async |context, body| keys::generate(context, org, body).await)
                .await
        }
        ("POST", ["organizations", org, "keys", key, "regenerate"]) => {
            post(context, request, fields, async |context, body| {
                keys::regenerate(context, org, key, body).await
            })
            .await
        }
        ("POST", ["organizations", org, "keys", key, "deactivate"]) => {
            post(context, request, fields, async |context, Nothing {}| {
                keys::deactivate(context, org, key).await
            })
            .await
        }
        ("POST", ["organizations", org, "projects"]) => {
            post(context, request, fields, async |context, body| projects::create(context, org, body).await)
                .await
        }
        ("POST", ["organizations", org, "projects", project, "archive"]) => {
            post(context, request, fields, async |context, Nothing {}| {
                projects::archive(context, org, project).await
            })
            .await
        }
        ("POST", ["organizations", org, "projects", project, "restore"]) => {
            post(context, request, fields, async |context, Nothing {}| {
                projects::restore(context, org, project).await
            })
            .await
        }
        ("POST", ["organizations", org, "projects", project, "roles"]) => {
            post(context, request, fields, async |context, body| {
                projects::create_role(context, org, project, body).await
            })
            .await
        }
        ("POST", ["organizations", org, "projects", project, "teams"]) => {
            post(context, request, fields, async |context, body| {
                projects::create_team(context, org, project, body).await
            })
            .await
        }
        ("POST", ["organizations", org, "members"]) => {
            post(context, request, fields, async |context, body| members::add(context, org, body).await).await
        }
        _ => change(context, request, fields).await,
    }
}

/// Answers the calls that are the same when they are repeated.
async fn change(
    context: &AdminContext<'_>,
    request: &Request<'_>,
    fields: Object,
) -> Result<Reply<String>, Problem> {
    let reply = match (request.method, request.path) {
        ("DELETE", ["sessions"]) => sessions::end_all(context).await?.into_json(),
        ("PATCH", ["organizations", org]) => {
            organizations::update(context, org, body::read(fields)?).await?.into_json()
        }
        ("PATCH", ["organizations", org, "projects", project]) => {
            let name: NewName = body::read(fields)?;
            projects::rename(context, org, project, name).await?.into_json()
        }
        ("DELETE", ["organizations", org, "projects", project, "teams", team]) => {
            projects::delete_team(context, org, project, team).await?.into_json()
        }
        ("PATCH", ["organizations", org, "members", id]) => {
            members::change(context, org, id, body::read(fields)?).await?.into_json()
        }
        ("DELETE", ["organizations", org, "members", id]) => {
            members::remove(context, org, id).await?.into_json()
        }
        ("PUT", ["organizations", org, "owner"]) => {
            members::transfer_ownership(context, org, body::read(fields)?).await?.into_json()
        }
        _ => return Err(elsewhere(request)),
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
    let call = Fingerprint { method: request.method, path: &path, body: &text };
    let reply = once(context, request.key, call, async |context: &AdminContext<'_>| {
        handler(context, body::read(fields)?).await
    })
    .await?;
    Ok(reply.into_json()?)
}

/// 404 for unknown paths, 405 with `Allow` for known ones.
fn elsewhere(request: &Request<'_>) -> Problem {
    let allowed = match request.path {
        ["organizations"] | ["organizations", _, "keys" | "projects" | "members"] => "GET, HEAD, POST",
        ["organizations", _] => "GET, HEAD, PATCH",
        ["organizations", _, "members", _] => "GET, HEAD, PATCH, DELETE",
        ["openapi.json"] | ["organizations", _, "groups", _] | ["organizations", _, "log" | "imports"] => {
            "GET, HEAD"
        }
        ["organizations", _, "projects", _] => "PATCH",
        ["sessions"] => "DELETE",
        ["organizations", _, "owner"] => "PUT",
        ["organizations", _, "projects", _, "teams", _] => "DELETE",
        ["organizations", _, "accept" | "decline"]
        | ["organizations", _, "keys", _, "regenerate" | "deactivate"]
        | ["organizations", _, "projects", _, "roles" | "teams" | "archive" | "restore"] => "POST",
        _ => {
            return Problem::new(
                404,
                "There is nothing at this address. /console/api/openapi.json describes all there is; begin at \
                 /console/api/organizations.",
            );
        }
    };
    Problem {
        allow: Some(allowed),
        ..Problem::new(405, format!("Method {} is not allowed. Allowed: {allowed}.", request.method))
    }
}

/// The id of the organization that a call names by its path.
pub(crate) fn organization_of<'a>(path: &[&'a str]) -> Option<&'a str> {
    match path {
        ["organizations", id, ..] => Some(id),
        _ => None,
    }
}
