//! Security event tokens (RFC 8417) of the feed, which a receiver polls (RFC 8936): changes of people and groups in the
//! words of RFC 9967.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use worker::console_error;

use super::context::ProductContext;
use super::signing;
use crate::admin_api::body;
use crate::d1::Batch;
use crate::d1::product::security_events::{
    MOST_READ, Stream, StreamedEvent, acknowledge, stream, unacknowledged,
};
use crate::http::Problem;
use crate::http::request::BODY_LIMIT;
use crate::http::response::HttpResponse;
use crate::runtime::clock;
use directory::security_event::{SecurityEvent, security_events};

/// Most tokens of an answer.
pub(crate) const MOST_TOKENS: usize = 100;
const TOKEN_TYPE: &str = "secevent+jwt";

/// What a receiver sends (RFC 8936, section 2.4).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Poll {
    max_events: Option<usize>,
    /// There is no waiting here, so that both values mean the same.
    #[serde(rename = "returnImmediately")]
    _return_immediately: Option<bool>,
    #[serde(default)]
    ack: BTreeSet<String>,
    #[serde(default, rename = "setErrs")]
    errors: BTreeMap<String, SetError>,
}

/// Why a receiver does not take a token.
#[derive(Debug, Deserialize)]
struct SetError {
    err: String,
}

/// A token that is not acknowledged.
struct Token<'a> {
    id: String,
    event: &'a StreamedEvent,
    what: SecurityEvent,
}

/// Answers a poll. The first one begins the stream: with the next change.
pub(super) async fn poll(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let sent = context.request.body(BODY_LIMIT).await?;
    let Poll { max_events, mut ack, errors, .. } = body::read(body::parse(&sent)?)?;
    let consumer = context.caller.consumer().map(str::to_owned);
    let mut batch = Batch::new();
    let state = batch.push(stream(context.tenant(), consumer.as_deref()));
    let events = batch.push(unacknowledged(context.tenant(), consumer.as_deref()));
    let opened = context.open(batch).await?;
    let principal = opened.principal;
    let Stream { acknowledged_to, acknowledged, newest } = opened.results.one(state)?;
    let events = opened.results.all(events)?;
    for (id, SetError { err }) in errors {
        // A token that its receiver cannot use would be sent for ever.
        console_error!("a receiver of security events refused {}: {}", shown(&id), shown(&err));
        ack.insert(id);
    }
    ack.extend(acknowledged);

    let org_role = context.tenant().catalog.org_role_attribute.clone();
    let mut to = acknowledged_to.unwrap_or(newest);
    let (mut waiting, mut behind) = (Vec::new(), Vec::new());
    for event in &events {
        let mut is_done = true;
        for (place, what) in security_events(&event.event, &event.subject, &org_role).into_iter().enumerate()
        {
            let id = format!("{}_{}_{place}", principal.organization, event.seq);
            if ack.contains(&id) {
                behind.push((event.seq, id));
            } else {
                is_done = false;
                waiting.push(Token { id, event, what });
            }
        }
        if is_done && waiting.is_empty() {
            to = event.seq;
        }
    }
    let is_all_read = events.len() < usize::from(MOST_READ);
    if acknowledged_to != Some(to) || behind.iter().any(|(seq, _)| *seq > to) {
        let behind: Vec<String> =
            behind.into_iter().filter_map(|(seq, id)| (seq > to).then_some(id)).collect();
        let statement = acknowledge(context.tenant(), &principal.consumer, to, &behind);
        context.caller.database.execute(statement).await?;
    }

    let most = max_events.unwrap_or(MOST_TOKENS).min(MOST_TOKENS);
    let more = waiting.len() > most || !is_all_read;
    waiting.truncate(most);
    let issuer = context.request.address.origin.clone();
    let claims: Vec<Value> =
        waiting.iter().map(|token| claims(token, &issuer, &principal.consumer)).collect::<Result<_, _>>()?;
    let tokens = signing::signed(context.deployment, TOKEN_TYPE, &claims).await?;
    let sets: Map<String, Value> =
        waiting.into_iter().map(|token| token.id).zip(tokens.into_iter().map(Value::String)).collect();
    Ok(HttpResponse::json(200, "application/json", json!({"sets": sets, "moreAvailable": more}).to_string()))
}

/// RFC 9967, section 2.
fn claims(Token { id, event, what }: &Token<'_>, issuer: &str, consumer: &str) -> Result<Value, Problem> {
    // One event may be about several resources. Version and identifier are those of its own subject.
    let is_own = what.uri.rsplit('/').next() == Some(event.subject.as_str());
    let mut subject =
        Map::from_iter([("format".to_owned(), json!("scim")), ("uri".to_owned(), json!(what.uri))]);
    if let Some(external_id) = event.external_id.as_ref().filter(|_| is_own) {
        subject.insert("externalId".to_owned(), json!(external_id));
    }
    let mut payload = Map::new();
    if let Some(version) = event.version.filter(|_| is_own) {
        payload.insert("version".to_owned(), json!(format!("W/\"{version}\"")));
    }
    if !what.attributes.is_empty() {
        payload.insert("attributes".to_owned(), json!(what.attributes));
    }
    let toe = clock::parse_iso(&event.at)? / 1000;
    Ok(json!({
        "iss": issuer,
        "iat": clock::now_millis() / 1000,
        "jti": id,
        "aud": consumer,
        "txn": event.story.to_string(),
        "toe": toe,
        "sub_id": subject,
        "events": {what.event_type.urn(): payload},
    }))
}

/// The beginning of what a receiver wrote, for the log.
fn shown(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(100).collect()
}
