//! `GET /product/v1`: what the caller may do.

use serde_json::json;

use super::context::ProductContext;
use crate::d1::Batch;
use crate::d1::events::read::kept_since;
use crate::http::Problem;
use crate::http::response::HttpResponse;

/// Says what the caller may do.
pub(super) async fn respond(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let mut batch = Batch::new();
    let kept = batch.push(kept_since(context.tenant()));
    let opened = context.open(batch).await?;
    let kept = opened.results.first(kept)?.map(|kept| kept.at);
    let principal = opened.principal;
    let base = format!("{}/product/v1", context.request.address.origin);
    let body = json!({
        "organization": {"id": principal.organization, "name": principal.organization_name},
        "name": principal.name,
        "consumer": principal.consumer,
        "scopes": principal.scopes,
        "expires_at": principal.expires_at,
        "events": {"url": format!("{base}/events"), "kept_since": kept},
        "snapshot": {"url": format!("{base}/snapshot")},
    });
    Ok(HttpResponse::json(200, "application/json", body.to_string()))
}
