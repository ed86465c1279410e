//! Webhooks: events are delivered to the addresses and queues of an organization, signed by the Standard Webhooks
//! specification, or as security event tokens by RFC 8935.
//!
//! A change sends a message to the Worker's own queue, whose consumer delivers. What a lost message missed, the sweep
//! of the cron job delivers within a minute; without a queue it delivers all. To slow receivers only the sweep
//! delivers, so that they do not hold up the consumer.

pub mod queue;
pub(crate) mod run;
pub(crate) mod sender;
pub(crate) mod signing;
pub(crate) mod tokens;

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::{JsFuture, future_to_promise};
use worker::{Delay, Env, console_error};

use crate::d1::webhooks::delivery::{self, Waiting};
use crate::d1::{Cause, Database, Scope, StorageError, Tenant};
use crate::deployment::{Deployment, database};
use crate::runtime::{clock, simultaneous};
use directory::{Catalog, Shard};
use run::{Left, MOST_DELIVERIES, deliver};

/// How long the consumer of the queue waits before it takes the next messages.
const PATIENCE: Duration = Duration::from_secs(1);
/// Seconds after which a message that could not be handled comes again.
const RETRY_SECONDS: u32 = 10;
/// The sweep tries what is due this soon by a message, in milliseconds. What is due later it finds by itself.
const SOON_MILLIS: u64 = 60_000;

/// Tells the consumer that the organization has new events. A lost message is no loss: the sweep finds them.
pub(crate) async fn poke(env: Env, organization: String) {
    if let Err(error) = queue::own(&env).send(&organization, None).await {
        console_error!("no message about new events of {organization}: {error:?}; the sweep delivers them");
    }
}

/// Handles messages of the Worker's queue. A message is done as soon as its organization is being served, so that a
/// slow receiver holds up no other: the leases in D1 say what is not delivered.
pub(crate) async fn consume(batch: queue::Batch, env: Env, context: queue::ExecutionContext) {
    let mut under_way = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for message in batch.messages() {
        let body = message.body().as_string().unwrap_or_default();
        if seen.contains(&body) {
            message.ack();
            continue;
        }
        seen.push(body.clone());
        let env = env.clone();
        let served = future_to_promise(async move {
            match serve(&env, &body).await {
                Ok(()) => Ok(JsValue::UNDEFINED),
                Err(error) => Err(JsValue::from_str(&format!("{error:?}"))),
            }
        });
        context.wait_until(&served);
        under_way.push((message, served));
    }
    let mut patience = Box::pin(Delay::from(PATIENCE));
    let mut is_late = false;
    for (message, served) in under_way {
        if is_late {
            message.ack();
            continue;
        }
        match select(JsFuture::from(served), &mut patience).await {
            Either::Left((Ok(_), _)) => message.ack(),
            Either::Left((Err(error), _)) => {
                console_error!("webhooks: {error:?}");
                message.retry(&queue::delayed(RETRY_SECONDS));
            }
            Either::Right(_) => {
                is_late = true;
                message.ack();
            }
        }
    }
}

/// Delivers for the organization that a message names, or for its one webhook: `organization/webhook`.
async fn serve(env: &Env, body: &str) -> Result<(), StorageError> {
    let (organization, webhook) = body.split_once('/').map_or((body, None), |(org, id)| (org, Some(id)));
    let found = Shard::of_organization_id(organization).and_then(|shard| database(env, shard, Rc::default()));
    // A message of another version of the Worker, or of a database that is gone.
    let Some(database) = found else { return Ok(()) };
    let deployment = Deployment::of(env).map_err(StorageError::internal)?;
    let database = database.detached();
    let waiting = match webhook {
        Some(id) => vec![Waiting { org_id: organization.to_owned(), id: id.to_owned() }],
        None => database.run(delivery::waiting_of(&tenant(deployment.catalog, organization))).await?,
    };
    all(&deployment, &database, &waiting, false).await
}

/// Delivers what waits in all databases.
///
/// # Errors
/// All failures, in one text for operators.
pub(crate) async fn sweep(env: &Env) -> Result<(), String> {
    let deployment = Deployment::of(env)?;
    let mut failures = Vec::new();
    for database in deployment.databases().iter().map(Database::detached) {
        let swept = async {
            let waiting = database.run(delivery::waiting(&clock::iso(clock::now_millis()))).await?;
            all(&deployment, &database, &waiting, true).await
        };
        if let Err(error) = swept.await {
            failures.push(format!("database {}, webhooks: {error:?}", database.shard().number()));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
}

fn tenant<'c>(catalog: &'c Catalog, organization: &str) -> Tenant<'c> {
    Tenant {
        scope: Scope::Organization(organization.to_owned()),
        catalog,
        base: String::new(),
        now: clock::iso(clock::now_millis()),
        cause: Cause::job("webhooks"),
    }
}

/// Delivers for several webhooks at the same time, each its share of the deliveries of the invocation.
async fn all(
    deployment: &Deployment<'_>,
    database: &Database,
    waiting: &[Waiting],
    is_patient: bool,
) -> Result<(), StorageError> {
    let number = u32::try_from(waiting.len()).unwrap_or(u32::MAX).max(1);
    let share = MOST_DELIVERIES.checked_div(number).unwrap_or(1).max(1);
    let runs = waiting.iter().map(|webhook| async move {
        let tenant = tenant(deployment.catalog, &webhook.org_id);
        let left = deliver(deployment, database, &tenant, &webhook.id, share, is_patient).await?;
        go_on(deployment.env, webhook, &left).await;
        Ok(())
    });
    let outcomes: Vec<Result<(), StorageError>> = simultaneous::all(runs).await;
    outcomes.into_iter().collect()
}

/// Has the consumer go on with what is left, if there is a queue.
async fn go_on(env: &Env, webhook: &Waiting, left: &Left) {
    let now = clock::now_millis();
    let soon = |at: &u64| at.saturating_sub(now) <= SOON_MILLIS;
    let delay = match left {
        Left { more: true, .. } => None,
        Left { due: Some(at), .. } if soon(at) => {
            let seconds = at.saturating_sub(now).div_ceil(1000);
            u32::try_from(seconds).ok()
        }
        Left { .. } => return,
    };
    let body = format!("{}/{}", webhook.org_id, webhook.id);
    // The sweep finds it otherwise.
    drop(queue::own(env).send(&body, delay).await);
}
