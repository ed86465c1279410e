//! `GET /product/v1/events`: the feed.

use std::time::Duration;

use serde::Deserialize;
use worker::Delay;
use worker::js_sys::JsString;

use super::context::ProductContext;
use super::cursor::{self, Cursor};
use crate::admin_api::types::query;
use crate::auth::product::Principal;
use crate::d1::product::feed::{self, From, Kept, MOST_EVENTS};
use crate::d1::{Batch, StorageError};
use crate::http::body::Body;
use crate::http::response::HttpResponse;
use crate::http::{AdminCode, Problem};
use crate::runtime::clock;
use directory::event::EventType;
use scim_protocol::error::shorten;

/// Events of a page, unless the query says otherwise.
const DEFAULT_EVENTS: u32 = 100;
/// Longest time that a request waits for events, in seconds.
pub(crate) const MOST_WAITED: u64 = 25;
/// How often a request that waits looks for events, in milliseconds. Each look reads two rows.
pub(crate) const LOOKS_EVERY: u64 = 1_000;

#[derive(Debug, Deserialize)]
struct FeedQuery {
    /// The cursor of the last answer.
    after: Option<String>,
    /// Most events of the page.
    #[serde(default, deserialize_with = "query::number")]
    limit: Option<u32>,
    /// The types of events, separated by commas.
    types: Option<String>,
    /// The time of the first event.
    range_start: Option<String>,
    /// How long to wait for events, in seconds.
    #[serde(default, deserialize_with = "query::number")]
    wait: Option<u64>,
}

/// Which types of events are asked for.
struct Selection {
    /// Their names; empty: all.
    types: Vec<String>,
}

impl Selection {
    /// Reads a list of types.
    ///
    /// # Errors
    /// 400 for a type that there is not.
    fn parse(list: Option<&str>) -> Result<Self, Problem> {
        let types: Vec<String> = list.iter().flat_map(|list| list.split(',')).map(str::to_owned).collect();
        match types.iter().find(|name| !is_derived(name) && name.parse::<EventType>().is_err()) {
            None => Ok(Self { types }),
            Some(unknown) => Err(invalid(&format!(
                "\"types\" has \"{}\", which is no type of events. There are \"access.lost\", \"access.gained\", and \
                 those of docs/events.md, separated by commas",
                shorten(unknown)
            ))),
        }
    }

    fn has(&self, event: &feed::FeedEvent) -> bool {
        self.types.is_empty()
            || self.types.iter().any(|name| match name.as_str() {
                LOST => event.lost,
                GAINED => event.gained,
                name => name == event.event_type,
            })
    }
}

/// Selects the events by which a person lost a right.
const LOST: &str = "access.lost";
/// Selects the events by which a person gained a right.
const GAINED: &str = "access.gained";

fn is_derived(name: &str) -> bool {
    name == LOST || name == GAINED
}

fn invalid(why: &str) -> Problem {
    Problem::of(AdminCode::InvalidParameter, format!("Invalid query: {why}."))
}

/// Reads a page of events, and waits for some if there are none.
pub(super) async fn events(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let query: FeedQuery = query::read(context.request.parameters())?;
    let limit = query.limit.unwrap_or(DEFAULT_EVENTS);
    if !(1..=MOST_EVENTS).contains(&limit) {
        return Err(invalid(&format!("\"limit\" must be a number from 1 to {MOST_EVENTS}")));
    }
    let waited = query.wait.unwrap_or(0);
    if waited > MOST_WAITED {
        return Err(invalid(&format!("\"wait\" must be a number of seconds from 0 to {MOST_WAITED}")));
    }
    let selection = Selection::parse(query.types.as_deref())?;
    let range_start = match (&query.after, &query.range_start) {
        (Some(_), Some(_)) => return Err(invalid("leave out \"after\" or \"range_start\"")),
        (_, Some(time)) => Some(instant(time)?),
        (_, None) => None,
    };
    let mut after = query.after.as_deref().map(Cursor::parse).transpose()?;
    let ends = clock::now_millis().saturating_add(waited.saturating_mul(1000));
    context.caller.database.extend_time(waited.saturating_mul(1000));
    loop {
        let from = match (&after, &range_start) {
            (Some(cursor), _) => From::After(cursor.seq),
            (None, Some(time)) => From::Time(time),
            (None, None) => From::After(0),
        };
        let mut batch = Batch::new();
        let kept = batch.push(feed::kept(context.tenant(), after.as_ref().map_or(0, |cursor| cursor.seq)));
        let events = batch.push(feed::events(context.tenant(), from, limit));
        let opened = context.open(batch).await?;
        let principal = opened.principal;
        let kept = opened.results.first(kept)?.ok_or_else(no_events)?;
        check(&kept, &principal, after.as_ref(), range_start.as_deref())?;
        let events = opened.results.all(events)?;
        let (seq, at) = match (events.last(), &after) {
            (Some(last), _) => (last.seq, last.at.clone()),
            (None, Some(cursor)) => (cursor.seq, clock::iso(cursor.millis)),
            (None, None) => (kept.newest, kept.newest_at),
        };
        let has_more = seq < kept.newest;
        let chosen: Vec<JsString> = events
            .into_iter()
            .filter(|event| selection.has(event))
            .map(|event| event.body.into_js())
            .collect();
        let next = cursor::write(&principal.feed_secret, seq, &at)?;
        if !chosen.is_empty() || has_more || clock::now_millis() >= ends {
            return Ok(page(chosen, &next, has_more));
        }
        after = Some(Cursor::parse(&next)?);
        wait_for_newer(context, seq, ends).await?;
    }
}

/// Waits until there is an event behind that number, the time is over, or the caller may no longer read.
async fn wait_for_newer(context: &mut ProductContext<'_>, seq: i64, ends: u64) -> Result<(), StorageError> {
    loop {
        let left = ends.saturating_sub(clock::now_millis());
        Delay::from(Duration::from_millis(left.min(LOOKS_EVERY))).await;
        let now = clock::now_millis();
        context.caller.tenant.now = clock::iso(now);
        let newest = context.caller.database.run(feed::newest(context.tenant())).await?;
        if now >= ends || newest.first().is_none_or(|newest| newest.seq != Some(seq)) {
            return Ok(());
        }
    }
}

/// Refuses a beginning from which events are missing.
///
/// # Errors
/// 400 for a cursor that was not made here, 410 for one whose next events are no longer kept.
fn check(
    kept: &Kept,
    principal: &Principal,
    after: Option<&Cursor>,
    range_start: Option<&str>,
) -> Result<(), Problem> {
    let is_gone = match (after, range_start) {
        (Some(cursor), _) => {
            cursor.verify(&principal.feed_secret)?;
            match &kept.at {
                Some(at) => clock::parse_iso(at)? != cursor.millis,
                // The event is no longer kept, which is all right if the next one is.
                None => cursor.seq < kept.oldest.saturating_sub(1) || cursor.seq > kept.newest,
            }
        }
        (None, Some(time)) => kept.oldest > 1 && time < kept.oldest_at.as_str(),
        (None, None) => false,
    };
    if !is_gone {
        return Ok(());
    }
    Err(Problem::of(
        AdminCode::CursorExpired,
        "The events that come next are no longer kept. Read the snapshot at /product/v1/snapshot, replace your copy by \
         it, and go on with its cursor.",
    ))
}

fn page(events: Vec<JsString>, cursor: &str, has_more: bool) -> HttpResponse {
    let mut body = Body::default();
    body.push_str("{\"events\":[");
    body.push_list(events, true);
    body.push_str(&format!("],\"cursor\":\"{cursor}\",\"has_more\":{has_more}}}"));
    HttpResponse::json(200, "application/json", String::new()).with_body(body)
}

/// A time as events have it.
fn instant(text: &str) -> Result<String, Problem> {
    match clock::parse_iso(text) {
        Ok(millis) => Ok(clock::iso(millis)),
        Err(_) => Err(invalid("\"range_start\" must be a time such as 2026-01-31T12:00:00Z")),
    }
}

fn no_events() -> Problem {
    StorageError::internal("an organization has no events".to_owned()).into()
}
