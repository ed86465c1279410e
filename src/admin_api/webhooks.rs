//! Webhooks: where events are delivered to.

use base64ct::{Base64, Encoding};
use serde_json::json;

use super::context::{self, AdminContext, InOrganization, Opened};
use super::keys::MAX_OVERLAP;
use super::reply::Reply;
use super::types::Nothing;
use super::types::webhooks::{
    AttemptQuery, ChangeWebhook, NewWebhook, ReplayEvents, RotateSecret, Webhook, WebhookAttempt,
    WebhookAttempts, WebhookList, WebhookStatus, WebhookWithSecret,
};
use crate::d1::audit_log::Outcome;
use crate::d1::webhooks::{self as stored, Settings, delivery};
use crate::d1::{Batch, Select, StorageError, Tenant};
use crate::http::{AdminCode, Problem};
use crate::runtime::{ids, random};
use crate::webhooks::queue;
use crate::webhooks::sender::{self, Message, Target};
use directory::event::EventType;
use directory::webhook::{MOST_WEBHOOKS, SECRET_BYTES, SECRET_PREFIX, is_type};
use strum::VariantArray;

/// For how long the old secret signs as well, unless the call says otherwise, in seconds.
const OVERLAP: u64 = 24 * 60 * 60;
/// Longest description, in bytes.
const LONGEST_DESCRIPTION: usize = 200;

impl Webhook {
    /// Where it delivers to.
    pub(crate) fn target(&self) -> &str {
        self.address.as_deref().or(self.queue.as_deref()).unwrap_or_default()
    }

    fn settings(&self) -> Settings {
        Settings {
            address: self.address.clone(),
            queue: self.queue.clone(),
            description: self.description.clone(),
            types: self.types.clone(),
            disabled: self.status == WebhookStatus::Disabled,
        }
    }
}

/// Lists all webhooks, the oldest first.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<InOrganization<WebhookList>, Problem> {
    let tenant = context.tenant(org);
    let InOrganization { organization, answer: webhooks } =
        context.select(&tenant, stored::all(&tenant)).await?;
    let answer = WebhookList { webhooks, has_queue: queue::own(context.env).is_bound() };
    Ok(InOrganization { organization, answer })
}

/// Reads a webhook.
pub(crate) async fn read(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<InOrganization<Webhook>, Problem> {
    let tenant = context.tenant(org);
    let InOrganization { organization, answer } = context.select(&tenant, stored::one(&tenant, id)).await?;
    Ok(InOrganization { organization, answer: answer.into_iter().next().ok_or_else(not_found)? })
}

/// Adds a webhook.
pub(crate) async fn create(
    context: &AdminContext<'_>,
    org: &str,
    request: NewWebhook,
) -> Result<Reply<WebhookWithSecret>, Problem> {
    let settings = Settings {
        address: request.address,
        queue: request.queue,
        description: request.description.unwrap_or_default(),
        types: request.types.unwrap_or_default(),
        disabled: false,
    };
    check(context, &settings, None)?;
    let tenant = context.tenant(org);
    let webhooks: Vec<Webhook> = context.select(&tenant, stored::all(&tenant)).await?.answer;
    if webhooks.len() >= MOST_WEBHOOKS {
        return Err(too_many());
    }
    let (id, secret) = (ids::new_id()?, new_secret()?);
    let batch = stored::insert(&tenant, &id, &settings, &secret, context.actor.name());
    let detail = format!("Added a webhook to {}.", settings.target());
    let webhook = save(context, &tenant, &id, outcome(201, detail), batch.into_iter().collect()).await?;
    Ok(Reply::created(WebhookWithSecret { webhook, secret: Some(secret) }))
}

/// Changes, enables or disables a webhook.
pub(crate) async fn change(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    request: ChangeWebhook,
) -> Result<Reply<Webhook>, Problem> {
    let tenant = context.tenant(org);
    let before = read(context, org, id).await?.answer;
    let settings = before.settings();
    let (address, queue) = match (request.address, request.queue) {
        (None, None) => (settings.address.clone(), settings.queue.clone()),
        chosen => chosen,
    };
    let after = Settings {
        address,
        queue,
        description: request.description.unwrap_or_else(|| settings.description.clone()),
        types: request.types.unwrap_or_else(|| settings.types.clone()),
        disabled: request.disabled.unwrap_or(settings.disabled),
    };
    check(context, &after, Some(&settings))?;
    if after == settings {
        return Ok(Reply::ok(before));
    }
    let target = after.target();
    let detail = match (settings.disabled, after.disabled) {
        (false, true) => format!("Disabled the webhook to {target}."),
        (true, false) => format!("Enabled the webhook to {target}."),
        _ => format!("Changed the webhook to {target}."),
    };
    let batch = stored::update(&tenant, id, &settings, &after);
    save(context, &tenant, id, outcome(200, detail), batch.into_iter().collect()).await.map(Reply::ok)
}

/// Deletes a webhook. What it has not delivered is not delivered any more.
pub(crate) async fn delete(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<Reply<Nothing>, Problem> {
    let tenant = context.tenant(org);
    let before = read(context, org, id).await?.answer.settings();
    let outcome = outcome(200, format!("Deleted the webhook to {}.", before.target()));
    let batch = Batch::from_iter(stored::delete(&tenant, id, &before));
    context.write(&tenant, &outcome, batch).await?;
    Ok(Reply::ok(Nothing {}))
}

/// Gives a webhook another secret. The old one signs as well for a while.
pub(crate) async fn rotate(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    request: RotateSecret,
) -> Result<Reply<WebhookWithSecret>, Problem> {
    let overlap = request.overlap_seconds.unwrap_or(OVERLAP);
    if overlap > MAX_OVERLAP {
        return Err(invalid(format!("\"overlap_seconds\" must not be more than {MAX_OVERLAP}.")));
    }
    let tenant = context.tenant(org);
    let before = read(context, org, id).await?.answer;
    let (secret, until) = (new_secret()?, context.after(overlap));
    let detail = format!(
        "Made another secret for the webhook to {}. The one before signs as well until {until}.",
        before.target()
    );
    let batch = stored::rotate(&tenant, id, before.target(), &secret, &until);
    let webhook = save(context, &tenant, id, outcome(200, detail), batch.into_iter().collect()).await?;
    Ok(Reply::ok(WebhookWithSecret { webhook, secret: Some(secret) }))
}

/// Delivers events once more.
pub(crate) async fn replay(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    ReplayEvents { from, to }: ReplayEvents,
) -> Result<Reply<Webhook>, Problem> {
    let tenant = context.tenant(org);
    let webhook = read(context, org, id).await?.answer;
    let position = webhook.position.unsigned_abs();
    let to = to.unwrap_or(position);
    if from == 0 || from > to || from > position {
        return Err(invalid(format!(
            "There is nothing to deliver once more: \"from\" must not be after \"to\", and the webhook has had \
             events up to {position}."
        )));
    }
    let detail = format!("Had the events {from} to {to} delivered once more to {}.", webhook.target());
    let mut batch = Batch::new();
    let after = batch.push(stored::one(&tenant, id));
    let outcome = outcome(200, detail);
    let change = stored::replay(&tenant, id, from, to);
    let results = context.write_if_changed(&tenant, &outcome, change, batch).await?;
    let after: Webhook = results.first(after)?.ok_or_else(not_found)?;
    match webhook.replay {
        None => Ok(Reply::ok(after)),
        Some(under_way) => Err(Problem::of(
            AdminCode::ReplayUnderWay,
            format!(
                "Events up to {} are being delivered once more already. Try again when that has finished.",
                under_way.until
            ),
        )),
    }
}

/// Sends a test message, also if the webhook is disabled.
pub(crate) async fn test(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<Reply<WebhookAttempt>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let webhook = batch.push(stored::one::<Webhook>(&tenant, id));
    let secrets = batch.push(stored::secrets(&tenant, id));
    let Opened { results, .. } = context.open(&tenant, batch).await?;
    let webhook = results.first(webhook)?.ok_or_else(not_found)?;
    let secrets = results.one(secrets)?.secrets;
    let message_id = format!("test_{}", ids::new_id()?);
    let data = json!({"id": message_id, "type": "test", "organization": org, "at": context.now()});
    let body = json!({"type": "test", "timestamp": context.now(), "data": data}).to_string();
    let target = match (&webhook.address, &webhook.queue) {
        (Some(address), _) => Target::Address(address),
        (None, queue) => Target::Queue(queue.as_deref().unwrap_or_default()),
    };
    let message = Message { id: &message_id, r#type: "test", event: None, body: &body };
    let attempt = sender::send(context.env, target, &secrets, &message, 1).await;
    let mut batch = Batch::from_iter([
        delivery::count_attempt(&tenant, id),
        delivery::log(&tenant, id, std::slice::from_ref(&attempt)),
    ]);
    let logged = batch.push(stored::attempts::<WebhookAttempt>(&tenant, id, None, 1));
    let detail = format!("Sent a test message to {}: {}.", webhook.target(), attempt.status);
    let results = context.write(&tenant, &outcome(200, detail), batch).await?;
    Ok(Reply::ok(results.one(logged)?))
}

/// Lists the attempts at deliveries, the newest first.
pub(crate) async fn attempts(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    AttemptQuery { before, count }: AttemptQuery,
) -> Result<InOrganization<(Webhook, WebhookAttempts)>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let webhook = batch.push(stored::one::<Webhook>(&tenant, id));
    let found = batch.push(stored::attempts::<WebhookAttempt>(&tenant, id, before, count.0));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let webhook = results.first(webhook)?.ok_or_else(not_found)?;
    let mut attempts = results.all(found)?;
    let has_more = count.truncate(&mut attempts);
    let next = attempts.last().filter(|_| has_more).map(|last| last.number);
    Ok(InOrganization { organization, answer: (webhook, WebhookAttempts { attempts, next }) })
}

/// All types that a webhook may choose.
pub(crate) fn types() -> impl Iterator<Item = &'static str> {
    directory::webhook::DERIVED_TYPES.into_iter().chain(EventType::VARIANTS.iter().map(<&str>::from))
}

/// Writes a change, and reads the webhook.
async fn save(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    id: &str,
    outcome: Outcome,
    mut batch: Batch,
) -> Result<Webhook, Problem> {
    let after: Select<Webhook> = stored::one(tenant, id);
    let after = batch.push(after);
    let written = context.write(tenant, &outcome, batch).await.map_err(|error| match error {
        StorageError::Full(_) => too_many(),
        StorageError::Stale => Problem::of(
            AdminCode::ChangedMeanwhile,
            "The webhook was changed meanwhile. Load it again; nothing was changed.",
        ),
        other => other.into(),
    })?;
    Ok(written.first(after)?.ok_or(StorageError::Stale)?)
}

/// Refuses settings that cannot be delivered by.
fn check(context: &AdminContext<'_>, settings: &Settings, before: Option<&Settings>) -> Result<(), Problem> {
    match (&settings.address, &settings.queue) {
        (Some(address), None) => {
            if let Some(why) = sender::refusal(context.env, address) {
                return Err(invalid(format!("A webhook cannot deliver to this address: {why}.")));
            }
        }
        (None, Some(name)) if before.is_some_and(|before| before.queue.as_ref() == Some(name)) => {}
        (None, Some(name)) => {
            context.only_operators()?;
            if name == queue::OWN || !queue::named(context.env, name).is_bound() {
                return Err(invalid(format!(
                    "This deployment has no queue with the binding {name:?}. Add a producer to its configuration, and \
                     deploy it."
                )));
            }
        }
        _ => return Err(invalid("A webhook has either an address or a queue.".to_owned())),
    }
    if settings.description.len() > LONGEST_DESCRIPTION {
        return Err(invalid(format!("The description must not be longer than {LONGEST_DESCRIPTION} bytes.")));
    }
    if !settings.description.is_empty() {
        context::check_name("webhook", &settings.description)?;
    }
    match settings.types.iter().find(|name| !is_type(name)) {
        Some(name) => Err(invalid(format!("There is no type of events {name:?}. docs/events.md lists all."))),
        None => Ok(()),
    }
}

fn outcome(status: u16, detail: String) -> Outcome {
    Outcome { status, ..Outcome::default() }.with_detail(detail)
}

fn new_secret() -> Result<String, StorageError> {
    Ok(format!("{SECRET_PREFIX}{}", Base64::encode_string(&random::bytes::<SECRET_BYTES>()?)))
}

fn not_found() -> Problem {
    Problem::of(AdminCode::WebhookNotFound, "There is no such webhook in this organization.")
}

fn too_many() -> Problem {
    Problem::of(
        AdminCode::WebhookLimitReached,
        format!("The organization has {MOST_WEBHOOKS} webhooks, the most that are possible. Delete one."),
    )
}

fn invalid(detail: String) -> Problem {
    Problem::of(AdminCode::InvalidWebhook, detail)
}
