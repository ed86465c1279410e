//! `POST /product/v1/setup-links`: a product lets its customer set up an identity provider.

use super::context::ProductContext;
use crate::admin_api::types::setup_links::{IssuedSetupLink, NewSetupLink, SetupLink};
use crate::admin_api::{body, reply, setup_links};
use crate::audit::admin_request;
use crate::d1::{Batch, StorageError, setup_links as stored};
use crate::http::Problem;
use crate::http::request::BODY_LIMIT;
use crate::http::response::HttpResponse;
use crate::runtime::clock;

/// Makes a link. Its address is in this answer and nowhere else.
pub(super) async fn create(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let began = clock::now_millis();
    let sent = context.request.body(BODY_LIMIT).await?;
    let request: NewSetupLink = body::read(&body::parse(&sent)?)?;
    let days = setup_links::days(&request)?;
    let organization = context.open(Batch::new()).await?.principal.organization;
    let (id, text, hash) = setup_links::generated(&organization)?;
    let expires_at = clock::iso(began.saturating_add(days.saturating_mul(clock::DAY_MILLIS)));
    let mut tenant = context.tenant().clone();
    let entry = admin_request::entry(
        &tenant.cause.actor,
        "POST",
        &context.request.address.path,
        began,
        context.request.id.clone(),
    );
    // The event names the entry as its cause.
    tenant.cause.request_id = Some(entry.request_id.clone());
    let mut batch = Batch::from_iter(stored::insert(&tenant, &id, &hash, &expires_at));
    let described = batch.push(stored::one(&tenant, &id));
    let outcome = setup_links::creation(&id, &expires_at);
    let written = context.caller.database.write(entry.insert_if_authorized(&tenant, &outcome), &batch).await;
    let link: SetupLink =
        written.map_err(setup_links::not_created)?.first(described)?.ok_or_else(StorageError::stale)?;
    let answer = IssuedSetupLink { link, url: Some(setup_links::url(&tenant.base, &text)) };
    Ok(HttpResponse::json(201, "application/json", reply::json(&answer)?))
}
