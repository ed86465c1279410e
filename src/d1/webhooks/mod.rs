//! Webhooks of an organization: their settings, and the log of attempts at deliveries.

pub mod delivery;

use litemap::LiteMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::batch::Select;
use super::events;
use super::statement::{Statement, integer, optional, text};
use super::tenant::{Tenant, full, guard};
use directory::ByName;
use directory::event::{Event, NewEvent, SubjectType, Transition};
use directory::webhook::{Format, MOST_FAILED, MOST_WEBHOOKS};

/// Most attempts that are kept of a webhook.
pub const MOST_KEPT: u32 = 500;
/// For how many days they are kept.
pub(crate) const KEPT_DAYS: u64 = 30;

/// Webhooks as the console shows them, one a row as JSON, the oldest first.
fn described<R: DeserializeOwned>(tenant: &Tenant<'_>, which: &str, id: &str) -> Select<R> {
    let failures = "FROM webhook_failures f WHERE f.org_id = w.org_id AND f.webhook_id = w.id";
    let sql = format!(
        "SELECT json_object(
           'id', w.id, 'address', w.address, 'queue', w.queue, 'format', w.format, 'issuer', w.issuer,
           'audience', {AUDIENCE}, 'has_authorization',
           json(iif(w.format = 'security-event-tokens' AND w.secret <> '', 'true', 'false')),
           'description', w.description, 'types', json(w.types),
           'status', CASE WHEN w.disabled_at IS NOT NULL THEN 'disabled'
             WHEN (SELECT count(*) {failures}) >= {MOST_FAILED} THEN 'failing' ELSE 'active' END,
           'disabled_at', w.disabled_at, 'disabled_because', w.disabled_because,
           'previous_secret_until', iif(w.previous_until > :now, w.previous_until, NULL),
           'created_at', w.created_at, 'created_by', w.created_by, 'position', w.position,
           'waiting', max(0, coalesce((
             SELECT max(e.seq) FROM events e WHERE e.org_id = w.org_id), 0) - w.position),
           'failed_subjects', (SELECT count(*) {failures}),
           'next_attempt_at', (SELECT min(f.next_at) {failures}),
           'replay', iif(w.replay_next IS NULL, NULL,
             json_object('next', w.replay_next, 'until', w.replay_until))) AS json
         FROM webhooks w WHERE w.org_id = :org {which} ORDER BY w.created_at, w.id LIMIT {MOST_WEBHOOKS}"
    );
    tenant.select_json(&sql, &[text("webhook", id)])
}

/// SQL of the audience of the tokens of the webhook `w`; NULL: its messages are no tokens.
const AUDIENCE: &str = "iif(w.format = 'security-event-tokens', coalesce(w.audience, w.address), NULL)";

/// Reads all webhooks.
pub fn all<R: DeserializeOwned>(tenant: &Tenant<'_>) -> Select<R> {
    described(tenant, "", "")
}

/// Reads one webhook.
pub fn one<R: DeserializeOwned>(tenant: &Tenant<'_>, id: &str) -> Select<R> {
    described(tenant, "AND w.id = :webhook", id)
}

/// What administrators decide of a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The address that it delivers to.
    pub address: Option<String>,
    /// The binding of the queue that it delivers to instead.
    pub queue: Option<String>,
    /// What the messages are.
    pub format: Format,
    /// Of tokens: for whom they are; `None`: for the address.
    pub audience: Option<String>,
    /// What administrators call it.
    pub description: String,
    /// The types of events; empty: all.
    pub types: Vec<String>,
    /// Whether an administrator, or a failure, has disabled it.
    pub disabled: bool,
}

impl Settings {
    /// Where it delivers to.
    pub fn target(&self) -> &str {
        self.address.as_deref().or(self.queue.as_deref()).unwrap_or_default()
    }
}

/// The settings by their names, as events have them. A webhook that is not there has no target.
fn named(settings: Option<&Settings>) -> [(&'static str, Value); 6] {
    let description = settings.map_or("", |settings| settings.description.as_str());
    let types: &[String] = settings.map_or(&[], |settings| settings.types.as_slice());
    let format = settings.map(|settings| settings.format).unwrap_or_default();
    [
        ("target", json!(settings.map(Settings::target))),
        ("format", json!(format)),
        ("audience", json!(settings.and_then(|settings| settings.audience.as_deref()))),
        ("description", json!(description)),
        ("types", json!(types)),
        ("disabled", json!(settings.is_some_and(|settings| settings.disabled))),
    ]
}

/// The event of a webhook that was added, changed or removed; `None` if nothing is different.
fn event(id: &str, before: Option<&Settings>, after: Option<&Settings>) -> Option<NewEvent> {
    let target = after.or(before)?.target();
    let both = named(before).into_iter().zip(named(after));
    let differing = both.filter(|((_, before), (_, after))| before != after);
    Some(changed(id, target, differing.map(|((name, before), (_, after))| (name, before, after)).collect()))
}

/// The event of settings, each with its name, and its value before and after.
fn changed(id: &str, target: &str, changes: Vec<(&'static str, Value, Value)>) -> NewEvent {
    let mut settings = LiteMap::new();
    for (name, before, after) in changes {
        settings.insert(name.to_owned(), Transition { before, after });
    }
    let event = Event::WebhookChanged { target: target.to_owned(), settings: ByName(settings) };
    NewEvent::new(event, SubjectType::Webhook, id)
}

/// Who adds a webhook, and what it needs beside its settings.
#[derive(Debug, Clone, Copy)]
pub struct Added<'a> {
    /// What signs; of tokens the value of the header `Authorization`, or nothing.
    pub secret: &'a str,
    /// Who issues tokens.
    pub issuer: &'a str,
    /// Who adds it.
    pub by: &'a str,
}

/// Writes a new webhook, which delivers the events that come from now on.
pub fn insert(tenant: &Tenant<'_>, id: &str, settings: &Settings, added: Added<'_>) -> Vec<Statement> {
    let mut statements: Vec<Statement> =
        event(id, None, Some(settings)).map(|event| events::record(tenant, &[event])).unwrap_or_default();
    let limit = full("'webhooks'");
    let sql = format!(
        "INSERT INTO webhooks (org_id, id, address, queue, format, audience, issuer, description, types, secret,
           created_at, created_by, position, leased_until)
         SELECT iif({MOST_WEBHOOKS} > (SELECT count(*) FROM webhooks w WHERE w.org_id = o.id), o.id, {limit}),
           :webhook, :address, :queue, :format, :audience,
           iif(:format = 'security-event-tokens', :issuer, NULL), :description, :types, :secret, :now, :by,
           coalesce((SELECT max(e.seq) FROM events e WHERE e.org_id = o.id), 0), ''
         FROM organizations o WHERE o.id = :org"
    );
    statements.push(tenant.statement(
        &sql,
        &[
            text("webhook", id),
            optional("address", settings.address.as_deref()),
            optional("queue", settings.queue.as_deref()),
            text("format", settings.format.as_str()),
            optional("audience", settings.audience.as_deref()),
            text("issuer", added.issuer),
            text("description", settings.description.as_str()),
            text("types", json!(settings.types).to_string()),
            text("secret", added.secret),
            text("by", added.by),
        ],
    ));
    statements.push(guard());
    statements
}

/// Changes the settings of a webhook. The batch fails as stale if it is enabled or disabled meanwhile. One that is
/// enabled goes on where it was, with all attempts.
pub fn update(tenant: &Tenant<'_>, id: &str, before: &Settings, after: &Settings) -> Vec<Statement> {
    let bindings = [
        text("webhook", id),
        optional("address", after.address.as_deref()),
        optional("queue", after.queue.as_deref()),
        optional("audience", after.audience.as_deref()),
        text("description", after.description.as_str()),
        text("types", json!(after.types).to_string()),
        integer("was_disabled", i64::from(before.disabled)),
        integer("disabled", i64::from(after.disabled)),
    ];
    let update = "UPDATE webhooks SET address = :address, queue = :queue, audience = :audience,
           description = :description, types = :types,
           disabled_at = iif(CAST(:disabled AS INTEGER), coalesce(disabled_at, :now), NULL),
           disabled_because = iif(CAST(:disabled AS INTEGER), coalesce(disabled_because, 'administrator'), NULL)
         WHERE org_id = :org AND id = :webhook AND (disabled_at IS NOT NULL) = CAST(:was_disabled AS INTEGER)";
    let mut statements = vec![tenant.statement(update, &bindings), guard()];
    if before.disabled && !after.disabled {
        statements.push(tenant.statement(
            "UPDATE webhook_failures SET attempts = 0, next_at = :now WHERE org_id = :org AND webhook_id = :webhook",
            &bindings,
        ));
    }
    statements.extend(
        event(id, Some(before), Some(after))
            .map(|event| events::record(tenant, &[event]))
            .unwrap_or_default(),
    );
    statements
}

/// Gives a webhook whose messages are tokens another value of the header `Authorization`; empty: none.
pub fn authorize(tenant: &Tenant<'_>, id: &str, target: &str, authorization: &str) -> Vec<Statement> {
    let update = "UPDATE webhooks SET secret = :secret WHERE org_id = :org AND id = :webhook
           AND format = 'security-event-tokens'";
    let mut statements =
        vec![tenant.statement(update, &[text("webhook", id), text("secret", authorization)]), guard()];
    let changed = changed(id, target, vec![("authorization_changed", json!(false), json!(true))]);
    statements.extend(events::record(tenant, &[changed]));
    statements
}

/// Deletes a webhook with its log.
pub fn delete(tenant: &Tenant<'_>, id: &str, before: &Settings) -> Vec<Statement> {
    let delete = "DELETE FROM webhooks WHERE org_id = :org AND id = :webhook";
    let mut statements = vec![tenant.statement(delete, &[text("webhook", id)]), guard()];
    statements.extend(
        event(id, Some(before), None).map(|event| events::record(tenant, &[event])).unwrap_or_default(),
    );
    statements
}

/// Gives a webhook another secret. The one before signs as well until a time.
pub fn rotate(tenant: &Tenant<'_>, id: &str, target: &str, secret: &str, until: &str) -> Vec<Statement> {
    let rotate = "UPDATE webhooks SET previous_secret = secret, previous_until = :until, secret = :secret
         WHERE org_id = :org AND id = :webhook";
    let bindings = [text("webhook", id), text("secret", secret), text("until", until)];
    let mut statements = vec![tenant.statement(rotate, &bindings), guard()];
    let changed = changed(id, target, vec![("previous_secret_until", Value::Null, json!(until))]);
    statements.extend(events::record(tenant, &[changed]));
    statements
}

/// Lets events be delivered once more: all of the webhook's types from one sequence number to another. One row or,
/// while it replays others, none.
pub fn replay(tenant: &Tenant<'_>, id: &str, from: u64, to: u64) -> Statement {
    tenant.statement(
        "UPDATE webhooks SET replay_next = CAST(:from AS INTEGER), replay_until = min(CAST(:to AS INTEGER), position)
         WHERE org_id = :org AND id = :webhook AND replay_next IS NULL",
        &[text("webhook", id), text("from", from.to_string()), text("to", to.to_string())],
    )
}

/// Reads the newest attempts, one a row as JSON, the newest first.
pub fn attempts<R: DeserializeOwned>(
    tenant: &Tenant<'_>,
    id: &str,
    before: Option<u64>,
    count: u16,
) -> Select<R> {
    let before = before.map(|number| number.to_string());
    tenant.select_json(
        "SELECT json_object('number', a.number, 'at', a.at, 'event', a.event_seq, 'type', a.type, 'attempt', a.attempt,
           'status', a.status, 'duration', a.millis, 'error', a.error, 'answer', a.answer) AS json
         FROM webhook_attempts a WHERE a.org_id = :org AND a.webhook_id = :webhook
           AND (:before IS NULL OR a.number < CAST(:before AS INTEGER))
         ORDER BY a.number DESC LIMIT CAST(:count AS INTEGER)",
        &[
            text("webhook", id),
            optional("before", before.as_deref()),
            integer("count", i64::from(count).saturating_add(1)),
        ],
    )
}

/// The secrets of a webhook.
#[derive(Debug, Deserialize)]
pub struct Secrets {
    /// Those that sign now.
    pub secrets: Vec<Option<String>>,
}

/// SQL of the secrets that sign, as a JSON array.
const SECRETS: &str = "json_array(w.secret, iif(w.previous_until > :now, w.previous_secret, NULL))";

/// Reads the secrets that sign.
pub fn secrets(tenant: &Tenant<'_>, id: &str) -> Select<Secrets> {
    let sql = format!(
        "SELECT json_object('secrets', {SECRETS}) AS json FROM webhooks w WHERE w.org_id = :org AND w.id = :webhook"
    );
    tenant.select_json(&sql, &[text("webhook", id)])
}

/// Deletes attempts before `before` in all organizations, at most `most`; returns one row for each.
pub fn prune_attempts(before: &str, most: u32) -> Statement {
    Statement::new(
        "DELETE FROM webhook_attempts WHERE (org_id, webhook_id, slot) IN (
           SELECT a.org_id, a.webhook_id, a.slot FROM webhooks w
             CROSS JOIN webhook_attempts a ON a.org_id = w.org_id AND a.webhook_id = w.id AND a.at < :before
           LIMIT CAST(:most AS INTEGER))
         RETURNING 1",
        &[text("before", before), text("most", most.to_string())],
    )
}
