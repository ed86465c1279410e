//! Deliveries of webhooks in D1. The outbox is the table of events itself: a webhook has its position in it, and rows
//! only for subjects of which an event failed.
//!
//! One run at a time delivers for a webhook: it claims a lease, and notes what it came to as long as the lease is its
//! own. A run that breaks off loses its lease after a while; what it has delivered is delivered again.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::batch::{Batch, Handle, Select};
use super::super::events;
use super::super::product::feed::{self, EVENT_ID, GAINED, LOST, MOST_LISTED, WORK};
use super::super::product::security_events::STREAMED;
use super::super::statement::{Binding, Statement, boolean, optional, text};
use super::super::tenant::{Tenant, guard};
use super::{AUDIENCE, MOST_KEPT, SECRETS, changed as webhook_changed};
use directory::webhook::{Format, MOST_FAILED};

/// Most events of a claim: of those that are delivered for the first time, and of those that are replayed.
pub const MOST_EVENTS: usize = 40;
/// Most events at which a claim looks for them.
const MOST_SCANNED: u32 = 500;
/// Most events of a subject whose first one failed.
const MOST_OF_SUBJECT: u32 = 4;
/// Most webhooks of a database that a sweep finds.
pub const MOST_SWEPT: u32 = 40;

/// SQL of the condition that the webhook `w` has something to deliver. While it is failing, only events whose next
/// attempt is due count.
fn has_work() -> String {
    let failures = "FROM webhook_failures f WHERE f.org_id = w.org_id AND f.webhook_id = w.id";
    format!(
        "(w.disabled_at IS NULL AND (EXISTS (SELECT 1 {failures} AND f.next_at <= :now)
           OR ((w.replay_next IS NOT NULL OR w.position < (
                 SELECT max(e.seq) FROM events e WHERE e.org_id = w.org_id))
             AND {MOST_FAILED} > (SELECT count(*) {failures}))))"
    )
}

/// SQL of the condition that no run delivers for the webhook `w`. A run that ends gives its lease back: the clock of
/// the database, which may be ahead, holds up none.
const IS_FREE: &str = "(w.lease IS NULL OR w.leased_until <= :now)";

/// A webhook with something to deliver.
#[derive(Debug, Deserialize)]
pub struct Waiting {
    /// The organization's id.
    pub org_id: String,
    /// The webhook's id.
    pub id: String,
}

/// Finds webhooks of all organizations that have something to deliver, those first that waited longest.
pub fn waiting(now: &str) -> Select<Waiting> {
    let sql = format!(
        "SELECT w.org_id AS org_id, w.id AS id FROM webhooks w
         WHERE w.disabled_at IS NULL AND {IS_FREE} AND {}
         ORDER BY w.leased_until LIMIT {MOST_SWEPT}",
        has_work()
    );
    Select::few(Statement::new(&sql, &[text("now", now)]))
}

/// Finds the webhooks of an organization that have something to deliver, but for those whose receivers are slow.
pub fn waiting_of(tenant: &Tenant<'_>) -> Select<Waiting> {
    let sql = format!(
        "SELECT w.org_id AS org_id, w.id AS id FROM webhooks w
         WHERE w.org_id = :org AND {IS_FREE} AND w.slow_until <= :now AND {}",
        has_work()
    );
    tenant.select_few(&sql, &[])
}

/// A webhook that a run has claimed.
#[derive(Debug, Deserialize)]
pub struct Claimed {
    /// The address; `None`: it has a queue.
    pub address: Option<String>,
    /// The binding of the queue.
    pub queue: Option<String>,
    /// What the messages are.
    pub format: Format,
    /// Of tokens: for whom they are.
    pub audience: Option<String>,
    /// Of tokens: who issues them.
    pub issuer: Option<String>,
    /// The secrets that sign; of tokens the value of the header `Authorization`.
    pub secrets: Vec<Option<String>>,
    /// The last event at which the claim has looked.
    pub reached: i64,
    /// The last event of a replay at which it has looked; `None`: there is no replay.
    pub replay_reached: Option<i64>,
    /// The last event of the replay.
    pub replay_until: Option<i64>,
    /// How many attempts there were.
    pub attempts: u64,
    /// The subjects with a failed event.
    pub failures: Vec<Failure>,
}

/// A subject with a failed event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Failure {
    /// The subject's id.
    pub subject: String,
    /// The event.
    pub seq: i64,
    /// How many attempts have failed.
    pub attempts: u32,
    /// When the next is due.
    pub next_at: String,
    /// How many tokens of the event were delivered.
    pub part: usize,
}

/// Why an event is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reason {
    /// It failed, or it waited for an event of its subject that did.
    Due,
    /// It is new.
    New,
    /// It is replayed.
    Replay,
}

/// An event to deliver.
#[derive(Debug, Clone, Deserialize)]
pub struct Picked {
    /// Why.
    pub reason: Reason,
    /// The sequence number.
    pub seq: i64,
    /// The subject's id.
    pub subject: String,
    /// The type.
    pub r#type: String,
    /// The id of the message.
    pub id: String,
    /// How much it took to read it.
    pub work: u32,
    /// The body of the message, as JSON; of tokens a [`StreamedEvent`](super::super::product::security_events).
    pub body: String,
}

/// What a claim has found.
pub struct Claim {
    /// The webhook; no row: there is nothing to deliver, or another run does.
    pub webhook: Handle<Claimed>,
    /// The events, in the order of delivery.
    pub events: Handle<Picked>,
}

/// Claims a webhook that has something to deliver, and reads that. The lease counts until a time. Only a `patient` run
/// claims a webhook whose receiver is slow.
pub fn claim(
    batch: &mut Batch,
    tenant: &Tenant<'_>,
    id: &str,
    (lease, until): (&str, &str),
    is_patient: bool,
) -> Claim {
    let bindings =
        [text("webhook", id), text("lease", lease), text("until", until), boolean("patient", is_patient)];
    let update = format!(
        "UPDATE webhooks AS w SET lease = :lease, leased_until = :until
         WHERE w.org_id = :org AND w.id = :webhook AND {IS_FREE}
           AND (CAST(:patient AS INTEGER) OR w.slow_until <= :now) AND {}",
        has_work()
    );
    batch.execute(tenant.statement(&update, &bindings));
    // An event may have been deleted by retention before it was delivered.
    let claimed = format!(
        "w AS MATERIALIZED (
           SELECT w.*, (SELECT count(*) FROM webhook_failures f
               WHERE f.org_id = w.org_id AND f.webhook_id = w.id) < {MOST_FAILED} AS goes_on,
             max(w.position, (SELECT min(e.seq) FROM events e WHERE e.org_id = w.org_id) - 1) AS start,
             (SELECT max(e.seq) FROM events e WHERE e.org_id = w.org_id) AS newest
           FROM webhooks w WHERE w.org_id = :org AND w.id = :webhook AND w.lease = :lease)"
    );
    let webhook = format!(
        "WITH {claimed}
         SELECT json_object('address', w.address, 'queue', w.queue, 'format', w.format, 'audience', {AUDIENCE},
           'issuer', w.issuer, 'secrets', {SECRETS}, 'attempts', w.attempts,
           'reached', iif(w.goes_on, min(w.start + {MOST_SCANNED}, w.newest), w.position),
           'replay_reached', iif(w.goes_on, min(w.replay_next + {MOST_SCANNED}, w.replay_until), w.replay_next - 1),
           'replay_until', w.replay_until,
           'failures', (SELECT json_group_array(json_object('subject', f.subject_id, 'seq', f.seq,
               'attempts', f.attempts, 'next_at', f.next_at, 'part', f.part))
             FROM webhook_failures f WHERE f.org_id = w.org_id AND f.webhook_id = w.id)) AS json
         FROM w"
    );
    let webhook = batch.push(tenant.select_json(&webhook, &bindings));
    let events = format!(
        "WITH {claimed},
         due AS MATERIALIZED (
           SELECT f.subject_id, f.seq FROM w CROSS JOIN webhook_failures f
             ON f.org_id = w.org_id AND f.webhook_id = w.id AND f.next_at <= :now
           ORDER BY f.seq LIMIT (SELECT iif(w.goes_on, {MOST_FAILED}, 1) FROM w)),
         picked (place, reason, seq, subject) AS MATERIALIZED (
           SELECT 0, 'due', s.seq, d.subject_id FROM due d CROSS JOIN w CROSS JOIN event_subjects s
             ON s.org_id = w.org_id AND s.subject_id = d.subject_id AND s.seq IN (
               SELECT x.seq FROM event_subjects x WHERE x.org_id = w.org_id AND x.subject_id = d.subject_id
                 AND x.seq >= d.seq AND (x.seq = d.seq OR x.seq <= w.position)
               ORDER BY x.seq LIMIT {MOST_OF_SUBJECT})
           UNION ALL
           SELECT 1, 'new', p.seq, NULL FROM ({new}) p
           UNION ALL
           SELECT 2, 'replay', p.seq, NULL FROM ({replayed}) p)
         SELECT json_object('reason', p.reason, 'seq', e.seq, 'subject', e.subject_id, 'type', e.type,
           'id', {EVENT_ID}, 'work', {WORK}, 'body', '' || {body}) AS json
         FROM picked p CROSS JOIN w CROSS JOIN events e ON e.org_id = w.org_id AND e.seq = p.seq
         WHERE (p.subject IS NULL OR e.subject_id = p.subject) AND {selected}
         ORDER BY p.place, p.seq",
        selected = selects("w"),
        new = page("e.seq > w.start AND e.seq <= w.start + "),
        replayed = page("e.seq <= w.replay_until AND e.seq >= w.replay_next AND e.seq <= w.replay_next + "),
        body = message()
    );
    let events = batch.push(tenant.select_json(&events, &bindings));
    Claim { webhook, events }
}

/// SQL of the sequence numbers of a page of events: those within a range, up to which `range` counts on.
fn page(range: &str) -> String {
    let selected = selects("w");
    format!(
        "SELECT * FROM (
               SELECT q.seq, sum(q.work) OVER (ORDER BY q.seq ROWS UNBOUNDED PRECEDING) - q.work AS done FROM (
                 SELECT e.seq AS seq, {WORK} AS work FROM w CROSS JOIN events e
                   ON e.org_id = w.org_id AND {range}{MOST_SCANNED}
                 WHERE w.goes_on AND {selected} ORDER BY e.seq LIMIT {MOST_EVENTS}) q)
             WHERE done < {MOST_LISTED}"
    )
}

/// SQL of the message of the webhook `w` about the event `e`, as JSON: what Standard Webhooks recommends, with the
/// event as its data; of tokens, what they are made of.
fn message() -> String {
    format!(
        "iif(w.format = 'security-event-tokens', {STREAMED},
             json_object('type', e.type, 'timestamp', e.at, 'data', {}))",
        feed::body()
    )
}

/// SQL of the condition that the webhook with this alias delivers the event `e`.
fn selects(webhook: &str) -> String {
    format!(
        "({webhook}.types = '[]' OR instr({webhook}.types, '\"' || e.type || '\"')
             OR (instr({webhook}.types, '\"access.lost\"') AND {LOST})
             OR (instr({webhook}.types, '\"access.gained\"') AND {GAINED}))"
    )
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// All events up to this one are delivered, or of a subject with a failed event.
    pub position: i64,
    /// The next event of the replay; `None`: there is none left.
    pub replay_next: Option<i64>,
    /// The subjects with a failed event whose rows change.
    pub failed: Vec<Failure>,
    /// The subjects whose failed event was delivered, each with the last event that was.
    pub cleared: Vec<(String, i64)>,
    /// The attempts.
    pub attempts: Vec<Attempt>,
    /// Until when no event is tried again, since the one that was tried for all has failed.
    pub pause_until: Option<String>,
    /// Until when only patient runs deliver, since the receiver was slow.
    pub slow_until: Option<String>,
    /// Why the webhook is disabled from now on.
    pub disabled_because: Option<&'static str>,
}

/// An attempt at a delivery.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// When it began.
    pub at: String,
    /// The sequence number of the event; `None`: it was a test.
    pub event: Option<i64>,
    /// The type of the event.
    pub r#type: String,
    /// Which attempt at the event.
    pub attempt: u32,
    /// The HTTP status; 0: there was no answer.
    pub status: u16,
    /// How long it took, in milliseconds.
    pub duration: u64,
    /// The beginning of the answer, or why there was none.
    pub answer: String,
    /// What a receiver of tokens has called the error.
    pub error: Option<String>,
}

/// What is left to deliver.
#[derive(Debug, Deserialize)]
pub struct Left {
    /// Whether there is something to deliver at once.
    pub more: u8,
    /// When the next attempt at a failed event is due.
    pub next_at: Option<String>,
}

/// Notes what a run came to, and ends its lease. The batch fails as stale if the lease is no longer its own.
pub fn finish(
    batch: &mut Batch,
    tenant: &Tenant<'_>,
    (id, target, lease): (&str, &str, &str),
    outcome: &Outcome,
) -> Handle<Left> {
    let Outcome {
        position,
        replay_next,
        failed,
        cleared,
        attempts,
        pause_until,
        slow_until,
        disabled_because,
    } = outcome;
    let replay_next = replay_next.map(|seq| seq.to_string());
    let cleared: Vec<_> =
        cleared.iter().map(|(subject, after)| json!({"subject": subject, "after": after})).collect();
    let mut bindings: Vec<Binding> = vec![
        text("webhook", id),
        text("lease", lease),
        text("position", position.to_string()),
        optional("replay_next", replay_next.as_deref()),
        optional("because", *disabled_because),
        text("count", attempts.len().to_string()),
        text("slow_until", slow_until.as_deref().unwrap_or_default()),
    ];
    batch.execute(tenant.statement(
        "UPDATE webhooks SET position = CAST(:position AS INTEGER), replay_next = CAST(:replay_next AS INTEGER),
           lease = NULL, leased_until = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
           attempts = attempts + CAST(:count AS INTEGER), slow_until = :slow_until,
           disabled_because = iif(:because IS NULL, disabled_because, coalesce(disabled_because, :because)),
           disabled_at = iif(:because IS NULL, disabled_at, coalesce(disabled_at, :now))
         WHERE org_id = :org AND id = :webhook AND lease = :lease",
        &bindings,
    ));
    batch.execute(guard());
    let mut changed = |sql: &str, name: &'static str, value: String| {
        bindings.push(text(name, value));
        batch.execute(tenant.statement(sql, &bindings));
    };
    if !cleared.is_empty() {
        let selected = selects("v");
        let next = format!(
            "INSERT INTO webhook_failures (org_id, webhook_id, subject_id, seq, attempts, next_at)
             SELECT w.org_id, w.id, c.subject, c.seq, 0, :now FROM webhooks w CROSS JOIN (
               SELECT j.value ->> 'subject' AS subject, (
                 SELECT s.seq FROM event_subjects s CROSS JOIN webhooks v ON v.org_id = :org AND v.id = :webhook
                   CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq AND e.subject_id = s.subject_id
                 WHERE s.org_id = :org AND s.subject_id = j.value ->> 'subject' AND s.seq > j.value ->> 'after'
                   AND s.seq <= v.position AND {selected}
                 ORDER BY s.seq LIMIT 1) AS seq
               FROM json_each(:cleared) j) c
             WHERE w.org_id = :org AND w.id = :webhook AND c.seq IS NOT NULL"
        );
        changed(
            "DELETE FROM webhook_failures WHERE org_id = :org AND webhook_id = :webhook
               AND subject_id IN (SELECT j.value ->> 'subject' FROM json_each(:cleared) j)",
            "cleared",
            json!(cleared).to_string(),
        );
        // What waited for them is next.
        changed(&next, "", String::new());
    }
    if !failed.is_empty() {
        changed(
            "INSERT OR REPLACE INTO webhook_failures (org_id, webhook_id, subject_id, seq, attempts, next_at, part)
             SELECT :org, :webhook, j.value ->> 'subject', j.value ->> 'seq', j.value ->> 'attempts',
               j.value ->> 'next_at', j.value ->> 'part' FROM json_each(:failed) j",
            "failed",
            json!(failed).to_string(),
        );
    }
    if let Some(until) = pause_until {
        changed(
            "UPDATE webhook_failures SET next_at = :pause WHERE org_id = :org AND webhook_id = :webhook
               AND next_at < :pause",
            "pause",
            until.clone(),
        );
    }
    if !attempts.is_empty() {
        batch.execute(log(tenant, id, attempts));
    }
    if let Some(because) = disabled_because {
        let disabled = ("disabled", json!(false), json!(true));
        let because = ("disabled_because", Value::Null, json!(because));
        let changed = webhook_changed(id, target, vec![disabled, because]);
        batch.extend(events::record(tenant, &[changed]));
    }
    let left = format!(
        "SELECT {} AS more, (SELECT min(f.next_at) FROM webhook_failures f
           WHERE f.org_id = w.org_id AND f.webhook_id = w.id) AS next_at
         FROM webhooks w WHERE w.org_id = :org AND w.id = :webhook",
        has_work()
    );
    batch.push(tenant.select_few(&left, &[text("webhook", id)]))
}

/// Writes attempts into the log, behind a statement that has counted them.
pub fn log(tenant: &Tenant<'_>, id: &str, attempts: &[Attempt]) -> Statement {
    let sql = format!(
        "INSERT OR REPLACE INTO webhook_attempts (org_id, webhook_id, slot, number, at, event_seq, type, attempt,
           status, millis, answer, error)
         SELECT w.org_id, w.id, (w.attempts - CAST(:count AS INTEGER) + j.key) % {MOST_KEPT},
           w.attempts - CAST(:count AS INTEGER) + j.key + 1, j.value ->> 'at', j.value ->> 'event', j.value ->> 'type',
           j.value ->> 'attempt', j.value ->> 'status', j.value ->> 'duration', j.value ->> 'answer',
           j.value ->> 'error'
         FROM webhooks w CROSS JOIN json_each(:attempts) j WHERE w.org_id = :org AND w.id = :webhook"
    );
    let bindings = [
        text("webhook", id),
        text("count", attempts.len().to_string()),
        text("attempts", json!(attempts).to_string()),
    ];
    tenant.statement(&sql, &bindings)
}

/// Counts an attempt of a test.
pub fn count_attempt(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(
        "UPDATE webhooks SET attempts = attempts + 1 WHERE org_id = :org AND id = :webhook",
        &[text("webhook", id)],
    )
}

/// What the golden file shows of it.
#[cfg(test)]
pub(crate) fn cases(tenant: &Tenant<'_>) -> Vec<(&'static str, Batch)> {
    let (mut claimed, mut finished) = (Batch::new(), Batch::new());
    claimed.push(waiting("2026-01-01T00:00:00.000Z"));
    claim(&mut claimed, tenant, "webhook", ("lease", "2026-01-01T00:01:00.000Z"), false);
    let failure = Failure {
        subject: "person".to_owned(),
        seq: 7,
        attempts: 1,
        next_at: "2026-01-01T00:00:05.000Z".to_owned(),
        part: 0,
    };
    let attempt = Attempt {
        at: "2026-01-01T00:00:00.000Z".to_owned(),
        event: Some(7),
        r#type: "person.updated".to_owned(),
        attempt: 1,
        status: 500,
        duration: 12,
        answer: String::new(),
        error: None,
    };
    let outcome = Outcome {
        position: 7,
        failed: vec![failure],
        cleared: vec![("group".to_owned(), 5)],
        attempts: vec![attempt],
        pause_until: Some("2026-01-01T00:00:05.000Z".to_owned()),
        disabled_because: Some("failures"),
        ..Outcome::default()
    };
    finish(&mut finished, tenant, ("webhook", "https://product.example", "lease"), &outcome);
    vec![("a webhook is claimed", claimed), ("what a run came to", finished)]
}
