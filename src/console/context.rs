//! The context of a request for the console: its databases and its body.

use std::cell::{Cell, RefCell};

use http::Method;

use crate::admin_api::AdminContext;
use crate::admin_api::routes as api_routes;
use crate::audit::admin_request;
use crate::auth::actor::Actor;
use crate::auth::admin_token;
use crate::d1::Database;
use crate::d1::audit_log::Entry;
use crate::deployment::Deployment;
use crate::http::Problem;
use crate::http::request::{BODY_LIMIT, HttpRequest};
use crate::runtime::{clock, ids};
use directory::Shard;

/// How much more memory a body takes once it has been read, at most.
const GROWTH: usize = 8;

/// Reads the body of an authenticated request.
pub(super) async fn body_of(request: &mut HttpRequest) -> Result<Vec<u8>, Problem> {
    let body = request.body(BODY_LIMIT).await?;
    request.hold(body.len(), body.len().saturating_mul(GROWTH))?;
    Ok(body)
}

/// The databases that may have the organizations of the path: one, or all.
pub(super) fn databases(deployment: &Deployment<'_>, path: &[&str]) -> Result<Vec<Database>, Problem> {
    let databases: Vec<Database> = match api_routes::organization_of(path) {
        Some(id) => {
            let shard = Shard::of_organization_id(id);
            shard.and_then(|shard| deployment.database(shard)).into_iter().collect()
        }
        None => deployment.databases(),
    };
    if databases.is_empty() { Err(Problem::no_organization()) } else { Ok(databases) }
}

/// The context of a call or page.
pub(super) fn admin_context<'a>(
    deployment: &'a Deployment<'_>,
    request: &HttpRequest,
    actor: Actor,
    databases: &'a [Database],
) -> Result<AdminContext<'a>, Problem> {
    let database = databases.first().ok_or_else(Problem::no_organization)?;
    let now_millis = clock::now_millis();
    let (method, path) = (request.method.as_str(), request.address.path.as_str());
    let entry = admin_request::entry(actor.name(), method, path, now_millis, ids::request_id()?);
    let entry = Entry { ray_id: request.id.clone(), ..entry };
    Ok(AdminContext {
        database,
        databases,
        env: deployment.env,
        kv: &deployment.kv,
        catalog: deployment.catalog,
        now_millis,
        base: format!("{}/scim", request.address.origin),
        actor,
        entry,
        admin_token: admin_token::configured(deployment).ok(),
        import_pages_per_day: deployment.import_pages_per_day,
        is_writing: request.method != Method::GET && request.method != Method::HEAD,
        story: Cell::new(None),
        has_databases: Shard::new(1).and_then(|second| deployment.database(second)).is_some(),
        has_webhooks: Cell::new(false),
        is_page: false,
        call_id: RefCell::default(),
    })
}
