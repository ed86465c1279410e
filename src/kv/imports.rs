//! Who was on each page of an import, for administrators: one entry a page, which expires with the log. It has ids and
//! no names, so that what an erased person was shown as tells nothing more than an id, until it expires.

use std::time::Duration;

use serde::Deserialize;
use worker::KvStore;

use super::revocation::{WRITE_LIMIT, reason};
use crate::runtime::deadline::within;
use scim_protocol::json::parse;

/// Most entries that are read at once.
pub(crate) const MOST_AT_ONCE: usize = 100;
/// How long a read may take.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// A person on a page: `seq`, id, whether active (0 or 1), version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Shown(pub i64, pub String, pub u8, pub i64);

/// The name of the entry of a page.
fn name(organization: &str, import: &str, page: u64) -> String {
    format!("{}{import}:{page}", prefix(organization))
}

/// What the names of an organization's entries begin with.
pub(super) fn prefix(organization: &str) -> String {
    format!("import:{organization}:")
}

/// Writes who was on a page, as a JSON array of [`Shown`].
///
/// # Errors
/// Why KV did not take it.
pub async fn keep(
    kv: &KvStore,
    (organization, import, page): (&str, &str, u64),
    people: &str,
    lifetime_seconds: u64,
) -> Result<(), String> {
    let name = name(organization, import, page);
    let write = async { kv.put(&name, people)?.expiration_ttl(lifetime_seconds).execute().await };
    match within(WRITE_LIMIT, write).await {
        Some(Ok(())) => Ok(()),
        failed => Err(reason(failed)),
    }
}

/// Reads who was on pages, at most [`MOST_AT_ONCE`], each an import and the number of a page: for each in its order. A
/// page has `None` without an entry: it has expired, or KV does not know it here yet.
///
/// # Errors
/// Why KV could not be read, or what an entry has instead.
pub async fn pages(
    kv: &KvStore,
    organization: &str,
    wanted: &[(&str, u64)],
) -> Result<Vec<Option<Vec<Shown>>>, String> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = wanted.iter().map(|(import, page)| name(organization, import, *page)).collect();
    let texts = match within(READ_LIMIT, kv.get_bulk(&names).text()).await {
        Some(Ok(texts)) => texts,
        failed => return Err(reason(failed)),
    };
    let people = |name: &String| match texts.get(name) {
        Some(Some(text)) => parse(text).map(Some).map_err(|error| format!("the entry {name}: {error}")),
        _ => Ok(None),
    };
    names.iter().map(people).collect()
}
