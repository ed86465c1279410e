//! People with their access: the snapshot, one person, and who has which role in a project.

use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};
use worker::console_error;
use worker::js_sys::JsString;

use super::context::ProductContext;
use super::cursor;
use crate::admin_api::export::{Pages, ReadRows};
use crate::admin_api::types::query;
use crate::d1::product::{feed, people as stored};
use crate::d1::{Batch, StorageError, export};
use crate::http::body::{Body, Source};
use crate::http::response::HttpResponse;
use crate::http::{AdminCode, Problem};

/// Most rights of a page.
pub(crate) const MOST_RIGHTS: u32 = 1_000;
/// Rights of a page, unless the query says otherwise.
const DEFAULT_RIGHTS: u32 = 100;

fn no_events() -> Problem {
    StorageError::internal("an organization has no events".to_owned()).into()
}

/// Streams all people with their access. The events behind its cursor lead from it to the present state: a page that is
/// read later has some of them already, and each of them sets what it changes.
pub(super) async fn snapshot(context: &mut ProductContext<'_>) -> Result<HttpResponse, Problem> {
    let mut batch = Batch::new();
    let kept = batch.push(feed::kept(context.tenant(), 0));
    let opened = context.open(batch).await?;
    let kept = opened.results.first(kept)?.ok_or_else(no_events)?;
    let principal = opened.principal;
    let cursor = cursor::write(&principal.feed_secret, kept.newest, &kept.newest_at)?;
    let header = json!({
        "cursor": cursor,
        "organization": principal.organization,
        "at": context.tenant().now,
        "seq": kept.newest,
    });
    let read: ReadRows = Box::new(export::snapshot_rows);
    let pages = Pages::new(context.caller.database.detached(), context.tenant().clone(), read);
    let body = Body::of_source(Snapshot { pages, header: Some(header), has_ended: false });
    Ok(HttpResponse::json(200, "application/x-ndjson", String::new()).with_body(body))
}

/// A snapshot: its header, people, and its last line. An error ends it before that.
struct Snapshot {
    pages: Pages,
    header: Option<Value>,
    has_ended: bool,
}

impl Snapshot {
    async fn next_bytes(&mut self) -> Result<Option<Vec<u8>>, worker::Error> {
        if self.has_ended {
            return Ok(None);
        }
        if let Some(header) = self.header.take() {
            return Ok(Some(format!("{header}\n").into_bytes()));
        }
        match self.pages.next().await {
            Ok(Some(text)) => Ok(Some(text)),
            Ok(None) => {
                self.has_ended = true;
                Ok(Some(format!("{{\"people\":{},\"end\":true}}\n", self.pages.rows).into_bytes()))
            }
            Err(error) => {
                console_error!("a snapshot was broken off: {error:?}");
                Err(worker::Error::from("the snapshot was ended before its end"))
            }
        }
    }
}

impl Source for Snapshot {
    fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, worker::Error>> {
        Box::pin(self.next_bytes())
    }
}

/// Reads one person with their access.
pub(super) async fn person(
    context: &mut ProductContext<'_>,
    parameters: &[&str],
) -> Result<HttpResponse, Problem> {
    let who = parameters.first().copied().unwrap_or_default();
    let mut batch = Batch::new();
    let found = batch.push_single(stored::person(context.tenant(), who));
    let opened = context.open(batch).await?;
    let found = opened.results.first(found)?.ok_or_else(|| {
        Problem::of(
            AdminCode::MemberNotFound,
            "There is no person with this id, userName or external identifier in the organization.",
        )
    })?;
    Ok(HttpResponse::json(200, "application/json", String::new()).with_body(found.body.into()))
}

#[derive(Debug, Deserialize)]
struct RightsQuery {
    role: Option<String>,
    after: Option<String>,
    #[serde(default, deserialize_with = "query::number")]
    limit: Option<u32>,
}

/// Reads who has which role in a project.
pub(super) async fn of_project(
    context: &mut ProductContext<'_>,
    parameters: &[&str],
) -> Result<HttpResponse, Problem> {
    let project = parameters.first().copied().unwrap_or_default();
    let RightsQuery { role, after, limit } = query::read(context.request.parameters())?;
    let limit = limit.unwrap_or(DEFAULT_RIGHTS);
    let invalid = |why: &str| Problem::of(AdminCode::InvalidParameter, format!("Invalid query: {why}."));
    if !(1..=MOST_RIGHTS).contains(&limit) {
        return Err(invalid(&format!("\"limit\" must be a number from 1 to {MOST_RIGHTS}")));
    }
    let place = |text: &str| {
        let (group, person) = text.split_once('-')?;
        Some((group.parse().ok()?, person.parse().ok()?))
    };
    let after = match after.as_deref() {
        None => (0, 0),
        Some(text) => {
            place(text).ok_or_else(|| invalid("\"after\" must be the \"next\" of the last answer"))?
        }
    };
    let mut batch = Batch::new();
    let tenant = context.tenant();
    let found = batch.push(stored::project(tenant, project));
    let rights = batch.push(stored::rights(tenant, project, role.as_deref(), after, limit.saturating_add(1)));
    let opened = context.open(batch).await?;
    let project = opened.results.first(found)?.ok_or_else(|| {
        Problem::of(
            AdminCode::ProjectNotFound,
            "There is no project with this id or name in the organization.",
        )
    })?;
    let mut rights = opened.results.all(rights)?;
    let has_more = rights.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    if has_more {
        rights.pop();
    }
    let next = rights.last().filter(|_| has_more).map(|last| format!("{}-{}", last.group_seq, last.user_seq));
    let about = json!({"id": project.id, "name": project.name});
    let mut body = Body::default();
    body.push_str(&format!("{{\"project\":{about},\"next\":{},\"people\":[", json!(next)));
    let rights: Vec<JsString> = rights.into_iter().map(|right| right.body.into_js()).collect();
    body.push_list(rights, true);
    body.push_str("]}");
    Ok(HttpResponse::json(200, "application/json", String::new()).with_body(body))
}
