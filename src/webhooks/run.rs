//! A run: the deliveries of one webhook, in the order of its events for each subject.

use litemap::LiteMap;
use serde_json::Value;

use super::sender::{Message, Target, send};
use super::signing::signed;
use super::tokens::{self, TOKEN_TYPE};
use crate::d1::product::feed::MOST_LISTED;
use crate::d1::product::security_events::StreamedEvent;
use crate::d1::webhooks::delivery::{self, Attempt, Claimed, Failure, MOST_EVENTS, Outcome, Picked, Reason};
use crate::d1::{Batch, Database, Scope, StorageError, Tenant};
use crate::deployment::Deployment;
use crate::runtime::{clock, ids, simultaneous};
use directory::webhook::{Format, MOST_FAILED, delay_after};
use scim_protocol::json::parse;

/// Most deliveries of an invocation: on Cloudflare's free plan one may send fifty requests.
pub(crate) const MOST_DELIVERIES: u32 = 40;
/// How long an invocation begins deliveries, in milliseconds.
pub(crate) const MOST_MILLIS: u64 = 20_000;
/// How many deliveries of a webhook are under way at the same time: a Worker has six connections.
const AT_ONCE: usize = 6;
/// A receiver that takes longer than this is slow, in milliseconds.
const SLOW_MILLIS: u64 = 2_000;
/// For how long it then is, in milliseconds.
const SLOW_FOR_MILLIS: u64 = 5 * 60_000;
/// How long a lease counts, in milliseconds: longer than a claim takes to deliver.
const LEASE_MILLIS: u64 = 60_000;

/// What a run leaves.
pub(super) struct Left {
    /// Whether there is something to deliver at once.
    pub(super) more: bool,
    /// When the next attempt at a failed event is due, in milliseconds since the epoch.
    pub(super) due: Option<u64>,
}

/// Delivers at most so many events of a webhook, or until the time of an invocation is over. A run that is not patient
/// leaves slow receivers to one that is.
pub(super) async fn deliver(
    deployment: &Deployment<'_>,
    database: &Database,
    tenant: &Tenant<'_>,
    webhook: &str,
    most: u32,
    is_patient: bool,
) -> Result<Left, StorageError> {
    let (mut left, until) = (most.min(MOST_DELIVERIES), clock::now_millis().saturating_add(MOST_MILLIS));
    loop {
        let now = clock::now_millis();
        let tenant = Tenant { now: clock::iso(now), ..tenant.clone() };
        let lease = ids::request_id()?;
        let mut batch = Batch::new();
        let expires = clock::iso(now.saturating_add(LEASE_MILLIS));
        let claim = delivery::claim(&mut batch, &tenant, webhook, (&lease, &expires), is_patient);
        let results = database.batch(&batch).await?;
        let Some(claimed) = results.first(claim.webhook)? else { return Ok(Left { more: false, due: None }) };
        let target = Target::of(claimed.format, claimed.address.as_deref(), claimed.queue.as_deref());
        let picked = results.all(claim.events)?;
        let pending = match claimed.format {
            Format::StandardWebhooks => Vec::new(),
            Format::SecurityEventTokens => claims(&claimed, &picked, &tenant)?,
        };
        let mut round = Round::new(&claimed, picked, pending, &tenant.now);
        while left > 0 && clock::now_millis() < until {
            let wave = round.wave(usize::try_from(left).unwrap_or(AT_ONCE).min(AT_ONCE));
            if wave.is_empty() {
                break;
            }
            left = left.saturating_sub(u32::try_from(wave.len()).unwrap_or(u32::MAX));
            let claims: Vec<Value> = wave.iter().filter_map(|(event, _)| event.claims()).cloned().collect();
            let signed = match claims.as_slice() {
                [] => Vec::new(),
                claims => signed(deployment, TOKEN_TYPE, claims).await?,
            };
            let deliveries = wave.iter().enumerate().map(|(place, (event, attempt))| {
                let Picked { id, r#type, seq, body, .. } = &event.picked;
                let body = signed.get(place).unwrap_or(body);
                let message = Message { id, r#type, event: Some(*seq), body };
                let secrets = &claimed.secrets;
                async move { send(deployment.env, target, secrets, &message, *attempt).await }
            });
            let attempts = simultaneous::all(deliveries).await;
            let delivered = wave.into_iter().zip(attempts);
            let left: Vec<Pending> =
                delivered.filter_map(|((event, _), attempt)| round.note(event, attempt)).collect();
            round.waiting.splice(0..0, left);
            if round.is_slow() && !is_patient {
                break;
            }
        }
        let outcome = round.outcome();
        let name = claimed.address.as_deref().or(claimed.queue.as_deref()).unwrap_or_default();
        let mut batch = Batch::new();
        let rest = delivery::finish(&mut batch, &tenant, (webhook, name, &lease), &outcome);
        let rest = match database.batch(&batch).await {
            Ok(results) => results.first(rest)?,
            // The lease has passed to another run, or the webhook is deleted.
            Err(error) if error.is_stale() => None,
            Err(error) => return Err(error),
        };
        let Some(rest) = rest else { return Ok(Left { more: false, due: None }) };
        if outcome.slow_until.is_some() && !is_patient {
            return Ok(Left { more: false, due: None });
        }
        let more = rest.more != 0;
        if !more || left == 0 || clock::now_millis() >= until {
            let due = rest.next_at.as_deref().map(clock::parse_iso).transpose()?;
            return Ok(Left { more, due });
        }
    }
}

/// The claims of the tokens of each event.
fn claims(
    claimed: &Claimed,
    picked: &[Picked],
    tenant: &Tenant<'_>,
) -> Result<Vec<Vec<Value>>, StorageError> {
    let missing = |what: &str| StorageError::internal(format!("a webhook of tokens has no {what}"));
    let issuer = claimed.issuer.as_deref().ok_or_else(|| missing("issuer"))?;
    let audience = claimed.audience.as_deref().ok_or_else(|| missing("audience"))?;
    let Scope::Organization(organization) = &tenant.scope else { return Err(missing("organization")) };
    let of_event = |picked: &Picked| {
        let event: StreamedEvent = parse(&picked.body)
            .map_err(|error| StorageError::internal(format!("event {}: {error}", picked.seq)))?;
        let tokens = tokens::of_event(&event, organization, &tenant.catalog.org_role_attribute);
        tokens.iter().map(|token| token.claims(issuer, audience)).collect()
    };
    picked.iter().map(of_event).collect()
}

/// An event that is to be delivered, in one message or in several tokens.
struct Pending {
    picked: Picked,
    /// The claims of its tokens; none: its message is that of the claim.
    tokens: Vec<Value>,
    /// How many of them were delivered.
    part: usize,
    /// Whether this round has delivered some of them.
    is_begun: bool,
}

impl Pending {
    /// The claims of the next token.
    fn claims(&self) -> Option<&Value> {
        self.tokens.get(self.part)
    }
}

/// The events of a claim, and what became of them.
struct Round<'c> {
    waiting: Vec<Pending>,
    /// The rows of failed events as the claim has found them, by subject.
    known: LiteMap<&'c str, &'c Failure>,
    /// The last event at which the claim has looked: of new ones, and of a replay.
    reached: i64,
    replay_reached: Option<i64>,
    replay_until: Option<i64>,
    failed: LiteMap<String, Failure>,
    cleared: LiteMap<String, i64>,
    attempts: Vec<Attempt>,
    disabled_because: Option<&'static str>,
}

impl<'c> Round<'c> {
    /// `claims` are those of each event's tokens, and empty if there are none; `now` is the time of the claim.
    fn new(claimed: &'c Claimed, events: Vec<Picked>, claims: Vec<Vec<Value>>, now: &str) -> Self {
        // Behind as many events as a claim takes there may be more.
        let last_of_many = |reason| {
            let page = events.iter().filter(|event| event.reason == reason);
            let work: u32 = page.clone().map(|event| event.work).sum();
            let is_full = page.clone().count() >= MOST_EVENTS || work >= MOST_LISTED;
            page.map(|event| event.seq).max().filter(|_| is_full)
        };
        let reached = last_of_many(Reason::New).unwrap_or(claimed.reached);
        let replay_reached = last_of_many(Reason::Replay).or(claimed.replay_reached);
        let mut known: LiteMap<&str, &Failure> = LiteMap::new();
        for failure in &claimed.failures {
            known.insert(failure.subject.as_str(), failure);
        }
        let pending = |(picked, tokens): (Picked, Vec<Value>)| {
            let known = known.get(picked.subject.as_str()).filter(|known| known.seq == picked.seq);
            let part = known.map_or(0, |known| known.part);
            Pending { picked, tokens, part, is_begun: false }
        };
        let waiting: Vec<Pending> = match claimed.format {
            Format::StandardWebhooks => {
                events.into_iter().map(|event| pending((event, Vec::new()))).collect()
            }
            // An event that is about no person and no group has no tokens.
            Format::SecurityEventTokens => {
                let all = events.into_iter().zip(claims).map(pending);
                all.filter(|event| event.claims().is_some()).collect()
            }
        };
        // A due event that is no longer kept, or no longer chosen, is not delivered: what waits for it is next.
        let mut due: Vec<&Failure> =
            claimed.failures.iter().filter(|failure| failure.next_at.as_str() <= now).collect();
        due.sort_by_cached_key(|failure| failure.seq);
        due.truncate(if claimed.failures.len() < MOST_FAILED { MOST_FAILED } else { 1 });
        let is_there = |failure: &Failure| {
            waiting.iter().any(|Pending { picked, .. }| {
                picked.reason == Reason::Due && picked.subject == failure.subject
            })
        };
        let mut cleared = LiteMap::new();
        for failure in due.into_iter().filter(|failure| !is_there(failure)) {
            cleared.insert(failure.subject.clone(), failure.seq);
        }
        Self {
            known,
            reached,
            replay_reached,
            replay_until: claimed.replay_until,
            failed: LiteMap::new(),
            cleared,
            attempts: Vec::new(),
            disabled_because: None,
            waiting,
        }
    }

    /// Whether an event waits for an earlier one of its subject that has failed.
    fn is_held(&self, event: &Picked) -> bool {
        self.failed.contains_key(&event.subject)
            || (event.reason != Reason::Due && self.known.contains_key(event.subject.as_str()))
    }

    /// Takes the next events, at most so many and one of each subject, each with the number of its attempt.
    fn wave(&mut self, most: usize) -> Vec<(Pending, u32)> {
        let (mut wave, mut rest) = (Vec::new(), Vec::new());
        if self.disabled_because.is_some() {
            return wave;
        }
        let is_over = self.failing() >= MOST_FAILED;
        for event in std::mem::take(&mut self.waiting) {
            let picked = &event.picked;
            let is_in_wave =
                |wave: &[(Pending, u32)]| wave.iter().any(|(own, _)| own.picked.subject == picked.subject);
            if self.is_held(picked) {
                // A replayed event that has to wait is delivered with what it waits for.
                if picked.reason == Reason::Replay {
                    self.lower(picked);
                }
            } else if (is_over && picked.reason != Reason::Due) || wave.len() >= most || is_in_wave(&wave) {
                rest.push(event);
            } else {
                let known = self.known.get(picked.subject.as_str());
                let is_same = |known: &&&Failure| known.seq == picked.seq && known.part == event.part;
                let before = known.filter(is_same).map_or(0, |known| known.attempts);
                wave.push((event, before.saturating_add(1)));
            }
        }
        self.waiting = rest;
        wave
    }

    /// Whether the receiver takes long.
    fn is_slow(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.duration > SLOW_MILLIS)
    }

    /// How many subjects have a failed event.
    fn failing(&self) -> usize {
        let new = self.failed.keys().filter(|subject| !self.known.contains_key(subject.as_str())).count();
        let known = self.known.keys().filter(|subject| !self.cleared.contains_key(**subject)).count();
        known.saturating_add(new)
    }

    /// Lets a subject with a failed event begin at an earlier one.
    fn lower(&mut self, event: &Picked) {
        let known = self.known.get(event.subject.as_str()).map(|known| (*known).clone());
        if let Some(failure) = self.failed.get(&event.subject).cloned().or(known)
            && event.seq < failure.seq
        {
            self.cleared.remove(&event.subject);
            self.failed.insert(event.subject.clone(), Failure { seq: event.seq, part: 0, ..failure });
        }
    }

    /// Notes what became of a delivery. Returns an event of which tokens are left.
    fn note(&mut self, mut event: Pending, attempt: Attempt) -> Option<Pending> {
        let (picked, mut left) = (&event.picked, None);
        match attempt.status {
            200..=299 if event.part.saturating_add(1) < event.tokens.len() => {
                event.part = event.part.saturating_add(1);
                event.is_begun = true;
                left = Some(event);
            }
            200..=299 => {
                if picked.reason == Reason::Due {
                    self.cleared.insert(picked.subject.clone(), picked.seq);
                }
            }
            status => {
                let delay = delay_after(attempt.attempt);
                self.disabled_because = match (status, delay) {
                    (410, _) => Some("gone"),
                    (_, None) => Some("failures"),
                    _ => self.disabled_because,
                };
                let next = clock::now_millis().saturating_add(delay.unwrap_or(0).saturating_mul(1000));
                self.fail(&event, attempt.attempt, clock::iso(next));
            }
        }
        self.attempts.push(attempt);
        left
    }

    /// Lets the subject of an event begin with the next of its tokens.
    fn fail(&mut self, Pending { picked, part, .. }: &Pending, attempts: u32, next_at: String) {
        self.cleared.remove(&picked.subject);
        let failure =
            Failure { subject: picked.subject.clone(), seq: picked.seq, attempts, next_at, part: *part };
        self.failed.insert(picked.subject.clone(), failure);
    }

    fn outcome(mut self) -> Outcome {
        // Events of which some tokens are left go on with those.
        let begun = |event: &mut Pending| event.is_begun;
        for event in self.waiting.extract_if(.., begun).collect::<Vec<_>>() {
            self.fail(&event, 0, clock::iso(clock::now_millis()));
        }
        let next = |reason| {
            let waiting = self.waiting.iter().map(|event| &event.picked);
            let waiting = waiting.filter(|event| event.reason == reason && !self.is_held(event));
            waiting.map(|event| event.seq).min()
        };
        let position = next(Reason::New).map_or(self.reached, |seq| seq.saturating_sub(1));
        let replay_next = next(Reason::Replay).or_else(|| {
            let after = self.replay_reached?.saturating_add(1);
            (after <= self.replay_until?).then_some(after)
        });
        let slow_until = clock::iso(clock::now_millis().saturating_add(SLOW_FOR_MILLIS));
        let is_failing = self.known.len() >= MOST_FAILED;
        let pause_until = self.failed.values().map(|failure| failure.next_at.clone()).max();
        Outcome {
            position,
            replay_next,
            slow_until: self.is_slow().then_some(slow_until),
            pause_until: pause_until.filter(|_| is_failing),
            failed: self.failed.into_iter().map(|(_, failure)| failure).collect(),
            cleared: self.cleared.into_iter().collect(),
            attempts: self.attempts,
            disabled_because: self.disabled_because,
        }
    }
}
