//! SCIM keys: generate, regenerate, deactivate. A key's text is in one answer and nowhere else.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Console, Problem, Reply, record};
use crate::directory::{Key, key};
use crate::store::{keys as stored, platform, tombstone};

/// Longest life of a key that has an end, in seconds: ten years.
const LONGEST_LIFE: u64 = 10 * 365 * 24 * 60 * 60;
/// Longest time that an old key goes on beside the one that replaces it, in seconds: thirty days.
const LONGEST_OVERLAP: u64 = 30 * 24 * 60 * 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generate {
    expires_in_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Regenerate {
    overlap_seconds: Option<u64>,
    expires_in_seconds: Option<u64>,
}

pub(super) async fn all(console: &Console<'_>, org: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let keys: Vec<Value> =
        console.all_of(&tenant, stored::all(&tenant)).await?.into_iter().map(with_hint).collect();
    Ok(Reply::ok(json!({"keys": keys})))
}

pub(super) async fn generate(console: &Console<'_>, org: &str, wish: Generate) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let key = Key::generate(console.database.shard(), &platform::random()?);
    let expires_at = expiry(console, wish.expires_in_seconds)?;
    let mut statements = stored::insert(&tenant, &key, expires_at.as_deref());
    statements.push(stored::one(&tenant, key.id()));
    Ok(shown_once(console.written(&statements).await?, &key))
}

/// Makes a key that takes another's place, at once or after both have been good for a while.
pub(super) async fn regenerate(
    console: &Console<'_>,
    org: &str,
    old: &str,
    wish: Regenerate,
) -> Result<Reply, Problem> {
    let overlap = wish.overlap_seconds.unwrap_or(0);
    if overlap > LONGEST_OVERLAP {
        return Err(Problem::new(
            400,
            format!("\"overlap_seconds\" must not be more than {LONGEST_OVERLAP}."),
        ));
    }
    let expires_at = expiry(console, wish.expires_in_seconds)?;
    let tenant = console.tenant(org);
    console.one(stored::one(&tenant, old), "key").await?;
    let key = Key::generate(console.database.shard(), &platform::random()?);
    let overlap_until = (overlap > 0).then(|| console.after(overlap));
    let mut statements =
        stored::regenerate(&tenant, old, overlap_until.as_deref(), &key, expires_at.as_deref());
    statements.push(stored::one(&tenant, key.id()));
    let described = console.written(&statements).await?;
    if overlap == 0 {
        tombstone::put_up(console.kv, old, &console.now()).await;
    }
    Ok(shown_once(described, &key))
}

pub(super) async fn deactivate(console: &Console<'_>, org: &str, id: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let results =
        console.database.batch(&[stored::deactivate(&tenant, id), stored::one(&tenant, id)]).await?;
    let row = results
        .last()
        .and_then(|rows| rows.first())
        .ok_or_else(|| Problem::new(404, "There is no such key."))?;
    // D1 has it; the tombstone is for replicas that do not know yet.
    tombstone::put_up(console.kv, id, &console.now()).await;
    Ok(Reply::ok(with_hint(record(row)?)))
}

fn expiry(console: &Console<'_>, seconds: Option<u64>) -> Result<Option<String>, Problem> {
    match seconds {
        None => Ok(None),
        Some(seconds) if (1..=LONGEST_LIFE).contains(&seconds) => Ok(Some(console.after(seconds))),
        Some(_) => Err(Problem::new(
            400,
            format!("\"expires_in_seconds\" must be between 1 and {LONGEST_LIFE}, or left out."),
        )),
    }
}

fn shown_once(described: Value, key: &Key) -> Reply {
    let mut body = with_hint(described);
    if let Some(body) = body.as_object_mut() {
        body.insert("key".to_owned(), key.reveal().into());
    }
    Reply::created(body)
}

fn with_hint(mut described: Value) -> Value {
    let hint = described.get("id").and_then(Value::as_str).map(key::hint);
    if let (Some(described), Some(hint)) = (described.as_object_mut(), hint) {
        described.insert("hint".to_owned(), hint.into());
    }
    described
}
