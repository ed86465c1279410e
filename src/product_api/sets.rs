//! Security event tokens (RFC 8417) of the feed, which a receiver polls (RFC 8936): changes of people and groups in the
//! words of RFC 9967.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use worker::console_error;

use super::context::ProductContext;
use crate::admin_api::body;
use crate::d1::Batch;
use crate::d1::product::security_events::{MOST_READ, Stream, acknowledge, stream, unacknowledged};
use crate::http::Problem;
use crate::http::request::BODY_LIMIT;
use crate::http::response::HttpResponse;
use crate::webhooks::signing;
use crate::webhooks::tokens::{self, SetError, TOKEN_TYPE};
use directory::ByName;
use scim_protocol::text::in_order;

/// Most tokens of an answer.
pub(crate) const MOST_TOKENS: usize = 100;

/// What a receiver sends (RFC 8936, section 2.4).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Poll {
    max_events: Option<usize>,
    /// There is no waiting here, so that both values mean the same.
    #[serde(rename = "returnImmediately")]
    _return_immediately: Option<bool>,
    #[serde(default)]
    ack: Vec<String>,
    #[serde(default, rename = "setErrs")]
    errors: ByName<SetError>,
}

/// Answers a poll. The first one begins the stream: with the next change.
pub(super) async fn poll(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let sent = context.request.body(BODY_LIMIT).await?;
    let Poll { max_events, mut ack, errors, .. } = body::read_known(&body::parse(&sent)?)?;
    let consumer = context.caller.consumer().map(str::to_owned);
    let mut batch = Batch::new();
    let state = batch.push(stream(context.tenant(), consumer.as_deref()));
    let events = batch.push(unacknowledged(context.tenant(), consumer.as_deref()));
    let opened = context.open(batch).await?;
    let principal = opened.principal;
    let Stream { acknowledged_to, acknowledged, newest } = opened.results.one(state)?;
    let events = opened.results.all(events)?;
    for (id, SetError { err }) in errors.0 {
        // A token that its receiver cannot use would be sent for ever.
        console_error!("a receiver of security events refused {}: {}", shown(&id), shown(&err));
        ack.push(id);
    }
    ack.extend(acknowledged);
    let ack = in_order(ack);

    let org_role = context.tenant().catalog.org_role_attribute.clone();
    let mut to = acknowledged_to.unwrap_or(newest);
    let (mut waiting, mut behind) = (Vec::new(), Vec::new());
    for event in &events {
        let mut is_done = true;
        for token in tokens::of_event(event, &principal.organization, &org_role) {
            if ack.binary_search(&token.id).is_ok() {
                behind.push((event.seq, token.id));
            } else {
                is_done = false;
                waiting.push(token);
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
        waiting.iter().map(|token| token.claims(&issuer, &principal.consumer)).collect::<Result<_, _>>()?;
    let tokens = signing::signed(context.deployment, TOKEN_TYPE, &claims).await?;
    let sets: Map<String, Value> =
        waiting.into_iter().map(|token| token.id).zip(tokens.into_iter().map(Value::String)).collect();
    Ok(HttpResponse::json(200, "application/json", json!({"sets": sets, "moreAvailable": more}).to_string()))
}

/// The beginning of what a receiver wrote, for the log.
fn shown(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(100).collect()
}
