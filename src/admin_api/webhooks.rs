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
use crate::d1::webhooks::{self as stored, Added, Settings, delivery};
use crate::d1::{Batch, Select, StorageError, StorageErrorKind, Tenant};
use crate::deployment::Deployment;
use crate::http::{AdminCode, Problem};
use crate::runtime::{ids, random};
use crate::webhooks::sender::{self, Message, Target};
use crate::webhooks::{queue, signing, tokens};
use directory::event::EventType;
use directory::webhook::{
    Format, LONGEST_AUTHORIZATION, MOST_WEBHOOKS, SECRET_BYTES, SECRET_PREFIX, is_header_value, is_type,
};
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
            format: self.format,
            audience: self.audience.clone().filter(|audience| Some(audience) != self.address.as_ref()),
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
        format: request.format.unwrap_or_default(),
        audience: request.audience.filter(|audience| !audience.is_empty()),
        description: request.description.unwrap_or_default(),
        types: request.types.unwrap_or_default(),
        disabled: false,
    };
    check(context, &settings, None)?;
    let authorization = request.authorization.as_deref();
    check_authorization(settings.format, authorization)?;
    let tenant = context.tenant(org);
    let webhooks: Vec<Webhook> = context.select(&tenant, stored::all(&tenant)).await?.answer;
    if webhooks.len() >= MOST_WEBHOOKS {
        return Err(too_many());
    }
    let (id, secret) = (ids::new_id()?, new_secret()?);
    let (signing, shown) = match settings.format {
        Format::StandardWebhooks => (secret.as_str(), Some(secret.clone())),
        Format::SecurityEventTokens => (authorization.unwrap_or_default(), None),
    };
    let issuer = context.base.strip_suffix("/scim").unwrap_or(&context.base);
    let added = Added { secret: signing, issuer, by: context.actor.name() };
    let batch = stored::insert(&tenant, &id, &settings, added);
    let detail = format!("Added a webhook to {}.", settings.target());
    let webhook =
        save(context, &tenant, &id, Outcome::done(201, detail), batch.into_iter().collect()).await?;
    Ok(Reply::created(WebhookWithSecret { webhook, secret: shown }))
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
        format: settings.format,
        audience: match request.audience {
            None => settings.audience.clone(),
            chosen => chosen.filter(|audience| !audience.is_empty()),
        },
        description: request.description.unwrap_or_else(|| settings.description.clone()),
        types: request.types.unwrap_or_else(|| settings.types.clone()),
        disabled: request.disabled.unwrap_or(settings.disabled),
    };
    check(context, &after, Some(&settings))?;
    let authorization = request.authorization.as_deref();
    check_authorization(settings.format, authorization.filter(|value| !value.is_empty()))?;
    if after == settings && authorization.is_none() {
        return Ok(Reply::ok(before));
    }
    let target = after.target();
    let detail = match (settings.disabled, after.disabled) {
        (false, true) => format!("Disabled the webhook to {target}."),
        (true, false) => format!("Enabled the webhook to {target}."),
        _ => format!("Changed the webhook to {target}."),
    };
    let mut batch = Batch::from_iter(stored::update(&tenant, id, &settings, &after));
    if let Some(authorization) = authorization {
        batch.extend(stored::authorize(&tenant, id, target, authorization));
    }
    save(context, &tenant, id, Outcome::done(200, detail), batch).await.map(Reply::ok)
}

/// Deletes a webhook. What it has not delivered is not delivered any more.
pub(crate) async fn delete(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<Reply<Nothing>, Problem> {
    let tenant = context.tenant(org);
    let before = read(context, org, id).await?.answer.settings();
    let outcome = Outcome::done(200, format!("Deleted the webhook to {}.", before.target()));
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
    if before.format == Format::SecurityEventTokens {
        return Err(invalid(
            "The deployment's own keys sign security event tokens, and rotate by themselves. Change \"authorization\" \
             instead."
                .to_owned(),
        ));
    }
    let (secret, until) = (new_secret()?, context.after(overlap));
    let detail = format!(
        "Made another secret for the webhook to {}. The one before signs as well until {until}.",
        before.target()
    );
    let batch = stored::rotate(&tenant, id, before.target(), &secret, &until);
    let webhook = save(context, &tenant, id, Outcome::done(200, detail), batch.into_iter().collect()).await?;
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
    let outcome = Outcome::done(200, detail);
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
    let body = match webhook.format {
        Format::StandardWebhooks => {
            let data = json!({"id": message_id, "type": "test", "organization": org, "at": context.now()});
            json!({"type": "test", "timestamp": context.now(), "data": data}).to_string()
        }
        Format::SecurityEventTokens => {
            let (issuer, audience) = (webhook.issuer.as_deref(), webhook.audience.as_deref());
            let claims = tokens::verification(
                &message_id,
                id,
                issuer.unwrap_or_default(),
                audience.unwrap_or_default(),
            );
            let deployment = Deployment::of(context.env).map_err(StorageError::internal)?;
            signing::signed(&deployment, tokens::TOKEN_TYPE, &[claims]).await?.concat()
        }
    };
    let target = Target::of(webhook.format, webhook.address.as_deref(), webhook.queue.as_deref());
    let message = Message { id: &message_id, r#type: "test", event: None, body: &body };
    let attempt = sender::send(context.env, target, &secrets, &message, 1).await;
    let mut batch = Batch::from_iter([
        delivery::count_attempt(&tenant, id),
        delivery::log(&tenant, id, std::slice::from_ref(&attempt)),
    ]);
    let logged = batch.push(stored::attempts::<WebhookAttempt>(&tenant, id, None, 1));
    let detail = format!("Sent a test message to {}: {}.", webhook.target(), attempt.status);
    let results = context.write(&tenant, &Outcome::done(200, detail), batch).await?;
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
    let written = context.write(tenant, &outcome, batch).await.map_err(|error| match *error {
        StorageErrorKind::Full(_) => too_many(),
        StorageErrorKind::Stale => Problem::of(
            AdminCode::ChangedMeanwhile,
            "The webhook was changed meanwhile. Load it again; nothing was changed.",
        ),
        _ => error.into(),
    })?;
    Ok(written.first(after)?.ok_or_else(StorageError::stale)?)
}

/// Refuses settings that cannot be delivered by.
fn check(context: &AdminContext<'_>, settings: &Settings, before: Option<&Settings>) -> Result<(), Problem> {
    let is_tokens = settings.format == Format::SecurityEventTokens;
    match (&settings.address, &settings.queue) {
        (None, Some(_)) if is_tokens => {
            return Err(invalid(
                "Security event tokens are pushed to an address, not into a queue.".to_owned(),
            ));
        }
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
    if let Some(audience) = &settings.audience
        && !(is_tokens && is_header_value(audience))
    {
        return Err(invalid(format!(
            "\"audience\" is for security event tokens: visible characters of ASCII, {LONGEST_AUTHORIZATION} at most."
        )));
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

/// Refuses what cannot be the value of a header, or has no use.
fn check_authorization(format: Format, authorization: Option<&str>) -> Result<(), Problem> {
    match (authorization, format) {
        (None, _) => Ok(()),
        (Some(_), Format::StandardWebhooks) => Err(invalid(
            "\"authorization\" is for security event tokens: other messages are signed with a secret."
                .to_owned(),
        )),
        (Some(value), Format::SecurityEventTokens) if is_header_value(value) => Ok(()),
        (Some(_), Format::SecurityEventTokens) => Err(invalid(format!(
            "\"authorization\" must be the value of a header, such as \"Bearer …\": visible characters of ASCII, \
             {LONGEST_AUTHORIZATION} at most."
        ))),
    }
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
