//! Carries on changes of many people whose callers have gone: a closed browser stops nothing.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::admin_api::{AdminContext, bulk};
use crate::audit::admin_request;
use crate::auth::actor::Actor;
use crate::d1::bulk::{Status, Waiting, waiting};
use crate::d1::{Database, StorageError};
use crate::deployment::Deployment;
use crate::http::Problem;
use crate::runtime::{clock, ids};

use super::undo::PAUSE_MILLIS;

/// Most steps of an invocation in a database.
pub(crate) const MAX_STEPS: u32 = 40;

/// Carries out some steps of the runs that wait, in turns, so that none waits for the end of another. Returns how many
/// are left.
///
/// # Errors
/// The first failure of a run, after the steps of the others.
pub(super) async fn carry_on(
    deployment: &Deployment<'_>,
    database: &Database,
) -> Result<usize, StorageError> {
    let before = clock::iso(clock::now_millis().saturating_sub(PAUSE_MILLIS));
    let mut runs = VecDeque::from(database.run(waiting(&before, MAX_STEPS)).await?);
    let mut failure = None;
    for _ in 0..MAX_STEPS {
        let Some(run) = runs.pop_front() else { break };
        match step(deployment, database, &run).await {
            Ok(Status::Running) => runs.push_back(run),
            Ok(Status::Stopped | Status::Finished) => {}
            Err(problem) => {
                let Waiting { org_id, id, .. } = run;
                let failed = format!("the run {id} of the organization {org_id}: {}", problem.detail);
                failure.get_or_insert(StorageError::internal(failed));
            }
        }
    }
    failure.map_or(Ok(runs.len()), Err)
}

/// Carries out one step of a run. The changes are the administrator's who began it.
async fn step(
    deployment: &Deployment<'_>,
    database: &Database,
    Waiting { org_id, id, created_by }: &Waiting,
) -> Result<Status, Problem> {
    let now_millis = clock::now_millis();
    let path = format!("/console/api/organizations/{org_id}/bulk/{id}/steps");
    let context = AdminContext {
        database,
        databases: std::slice::from_ref(database),
        env: deployment.env,
        kv: &deployment.kv,
        catalog: deployment.catalog,
        now_millis,
        base: String::new(),
        actor: Actor::Operator(created_by.clone()),
        entry: admin_request::entry(created_by, "POST", &path, now_millis, ids::request_id()?),
        admin_token: None,
        import_pages_per_day: deployment.import_pages_per_day,
        is_writing: true,
        story: Cell::new(None),
        has_databases: false,
        has_webhooks: Cell::new(false),
        is_page: false,
        call_id: RefCell::default(),
    };
    Ok(bulk::step(&context, org_id, id).await?.body.status)
}
