//! The access brake, and the pause of identity providers.

use super::context::AdminContext;
use super::reply::Reply;
use super::types::organizations::{Organization, ReleaseBrake};
use crate::d1::audit_log::Outcome;
use crate::d1::{Batch, Statement, StorageError, Tenant, brake as stored, events, organizations};
use crate::http::{AdminCode, Problem};
use crate::runtime::clock;
use directory::event::{Event, NewEvent, SubjectType};

/// For how many minutes the brake can be lifted at most.
pub(crate) const MAX_MINUTES: u64 = 24 * 60;
const MINUTE_MILLIS: u64 = 60_000;

/// Releases the access brake, and lifts it for a while.
pub(crate) async fn release(
    context: &AdminContext<'_>,
    org: &str,
    request: ReleaseBrake,
) -> Result<Reply<Box<Organization>>, Problem> {
    let minutes = request.for_minutes;
    if minutes > MAX_MINUTES {
        return Err(Problem::of(
            AdminCode::OutOfRange,
            format!("\"for_minutes\" must be from 0 to {MAX_MINUTES}."),
        ));
    }
    let tenant = context.tenant(org);
    let until = (minutes > 0).then(|| {
        // People who lose access until then do not count: losses are counted by whole minutes.
        let until = context.now_millis.saturating_add(minutes.saturating_mul(MINUTE_MILLIS));
        clock::iso(until.div_ceil(MINUTE_MILLIS).saturating_mul(MINUTE_MILLIS))
    });
    let detail = match &until {
        Some(until) => format!("Released the access brake, and lifted it until {until}."),
        None => "Released the access brake.".to_owned(),
    };
    let change = stored::release(&tenant, until.as_deref());
    decide(context, &tenant, org, detail, change, Event::BrakeReleased { lifted_until: until }, None).await
}

/// Pauses the writes of identity providers.
pub(crate) async fn pause(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<Reply<Box<Organization>>, Problem> {
    let tenant = context.tenant(org);
    let detail = "Paused the writes of identity providers.".to_owned();
    let change = stored::pause(&tenant, context.actor.name());
    let keys = stored::tell_keys(&tenant, true);
    decide(context, &tenant, org, detail, change, Event::WritesPaused {}, Some(keys)).await
}

/// Resumes the writes of identity providers.
pub(crate) async fn resume(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<Reply<Box<Organization>>, Problem> {
    let tenant = context.tenant(org);
    let detail = "Resumed the writes of identity providers.".to_owned();
    let change = stored::resume(&tenant);
    let keys = stored::tell_keys(&tenant, false);
    decide(context, &tenant, org, detail, change, Event::WritesResumed {}, Some(keys)).await
}

/// Writes a decision with its event, unless it is as it was.
async fn decide(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    org: &str,
    detail: String,
    change: Statement,
    event: Event,
    consequence: Option<Statement>,
) -> Result<Reply<Box<Organization>>, Problem> {
    context.open(tenant, Batch::new()).await?;
    let event = NewEvent::new(event, SubjectType::Organization, org);
    let mut batch = Batch::from_iter(events::record_if_row_changed(tenant, &[event]));
    batch.extend(consequence);
    let organization = batch.push(organizations::one(tenant));
    let outcome = Outcome::done(200, detail);
    let results = context.write_if_changed(tenant, &outcome, change, batch).await?;
    let written = results.first(organization)?.ok_or_else(StorageError::stale)?;
    Ok(Reply::ok(context.located(context.database, written.organization)))
}
