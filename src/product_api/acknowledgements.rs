//! `/product/v1/acknowledgements`: up to which event a consumer has applied all.

use serde::Deserialize;
use serde_json::json;

use super::context::ProductContext;
use super::cursor::Cursor;
use crate::admin_api::body;
use crate::d1::product::acknowledgements::{self as stored, Progress};
use crate::d1::product::feed;
use crate::d1::{Batch, StorageError};
use crate::http::request::BODY_LIMIT;
use crate::http::response::HttpResponse;
use crate::http::{AdminCode, Problem};
use crate::runtime::clock;

#[derive(Debug, Deserialize)]
struct Acknowledgement {
    /// A cursor of the feed, or of a snapshot.
    cursor: String,
}

/// Says what the consumer has acknowledged.
pub(super) async fn read(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let mut batch = Batch::new();
    let kept = batch.push(feed::kept(context.tenant(), 0));
    let opened = context.open(batch).await?;
    let newest = opened.results.first(kept)?.map(|kept| kept.newest);
    let consumer = opened.principal.consumer;
    let progress = context.caller.database.run(stored::progress(context.tenant(), &consumer)).await?;
    Ok(described(&consumer, progress.into_iter().next(), newest))
}

/// Notes that the consumer has applied all events up to a cursor. One that is behind an earlier one changes nothing.
pub(super) async fn write(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let text = context.request.body(BODY_LIMIT).await?;
    let Acknowledgement { cursor } = body::read(&body::parse(&text)?)?;
    let cursor = Cursor::parse(&cursor)?;
    let mut batch = Batch::new();
    let kept = batch.push(feed::kept(context.tenant(), cursor.seq));
    let opened = context.open(batch).await?;
    let principal = opened.principal;
    cursor.verify(&principal.feed_secret)?;
    let kept = opened.results.first(kept)?;
    let kept = kept.ok_or_else(|| StorageError::internal("an organization has no events".to_owned()))?;
    let is_other = match &kept.at {
        Some(at) => clock::parse_iso(at)? != cursor.millis,
        None => cursor.seq > kept.newest,
    };
    if is_other {
        return Err(Problem::of(
            AdminCode::CursorExpired,
            "The directory was restored to an older state. Read the snapshot at /product/v1/snapshot, replace your \
             copy by it, and go on with its cursor.",
        ));
    }
    let consumer = (principal.consumer.as_str(), principal.name.as_str());
    let mut batch = Batch::from_iter(stored::acknowledge(context.tenant(), consumer, cursor.seq));
    let progress = batch.push(stored::progress(context.tenant(), &principal.consumer));
    let results = context.caller.database.batch(&batch).await?;
    Ok(described(&principal.consumer, results.first(progress)?, Some(kept.newest)))
}

fn described(consumer: &str, progress: Option<Progress>, newest: Option<i64>) -> HttpResponse {
    let (seq, at) = progress.map(|progress| (progress.seq, progress.at)).unzip();
    let behind = newest.zip(seq).map(|(newest, seq)| newest.saturating_sub(seq));
    let body = json!({"consumer": consumer, "seq": seq, "at": at, "behind": behind});
    HttpResponse::json(200, "application/json", body.to_string())
}
