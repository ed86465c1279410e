//! SCIM keys: generate, regenerate, deactivate. A key's text is in one answer and nowhere else.

use serde_json::Value;

use super::{Console, Fields, Reply, put, text};
use crate::auth::known_keys;
use crate::d1::audit_log::Outcome;
use crate::d1::tenant::guard;
use crate::d1::{Batch, StorageError, keys as stored};
use crate::http::Problem;
use crate::kv::revocation;
use crate::runtime::random;
use directory::{Key, key};
use scim_protocol::Object;
use scim_protocol::json::object;

/// Longest life of a key that has an end, in seconds: ten years.
pub(crate) const LONGEST_LIFE: u64 = 10 * 365 * DAY;
/// Longest time that an old key goes on beside the one that replaces it, in seconds: thirty days.
const LONGEST_OVERLAP: u64 = 30 * DAY;
/// Seconds of a day.
pub(crate) const DAY: u64 = 24 * 60 * 60;

pub(crate) async fn all(console: &Console<'_>, org: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    let keys: Vec<Value> =
        console.all_of(&tenant, stored::all::<Value>(&tenant)).await?.into_iter().map(with_hint).collect();
    Ok(Reply::ok(object! {"keys": keys}))
}

pub(crate) async fn generate(console: &Console<'_>, org: &str, body: Object) -> Result<Reply, Problem> {
    let wish = Fields::read(body, |fields| fields.number("expires_in_seconds"))?;
    let tenant = console.tenant(org);
    let keys = console.all_of(&tenant, stored::all::<Value>(&tenant)).await?;
    if good(&keys).count() >= stored::MOST_GOOD {
        return Err(too_many());
    }
    let key = new_key(console)?;
    let expires_at = expiry(console, wish)?;
    let outcome = about(201, &key, format!("Generated the key {}.", key.hint()));
    let mut batch =
        Batch::from_iter(stored::insert(&tenant, &key, console.actor.name(), expires_at.as_deref()));
    let described = batch.push(stored::one(&tenant, key.id()));
    let written = console.write(&tenant, &outcome, batch).await.map_err(too_many_at_once)?;
    shown_once(written.first(described)?.ok_or(StorageError::Stale)?, &key)
}

/// Makes a key that takes another's place, at once or after both have been good for a while.
pub(crate) async fn regenerate(
    console: &Console<'_>,
    org: &str,
    old: &str,
    body: Object,
) -> Result<Reply, Problem> {
    let (overlap, wish) = Fields::read(body, |fields| {
        Ok((fields.number("overlap_seconds")?.unwrap_or(0), fields.number("expires_in_seconds")?))
    })?;
    if overlap > LONGEST_OVERLAP {
        return Err(Problem::new(
            400,
            format!("\"overlap_seconds\" must not be more than {LONGEST_OVERLAP}."),
        ));
    }
    let tenant = console.tenant(org);
    let keys = console.all_of(&tenant, stored::all::<Value>(&tenant)).await?;
    let status = text(find(&keys, old)?, "status").to_owned();
    let expires_at = expiry(console, wish)?;
    let key = new_key(console)?;
    let overlap_until = (overlap > 0 && status == "active").then(|| console.after(overlap));
    let stays = usize::from(status != "active" || overlap_until.is_some());
    if good(&keys).count().saturating_add(stays) > stored::MOST_GOOD {
        return Err(too_many());
    }
    let until = overlap_until.as_deref().map_or("at once".to_owned(), |until| {
        format!("and lets that go on until {until}, unless it expires before")
    });
    let detail = format!("Generated the key {}, which replaces {} {until}.", key.hint(), key::hint(old));
    let mut batch = Batch::from_iter([
        stored::check_count(&tenant, keys.len()),
        match &overlap_until {
            Some(at) => stored::expire(&tenant, old, at),
            None => stored::deactivate(&tenant, old),
        },
    ]);
    if status == "active" && overlap_until.is_none() {
        // It may have been deactivated meanwhile.
        batch.execute(guard());
    }
    batch.extend(stored::insert(&tenant, &key, console.actor.name(), expires_at.as_deref()));
    let described = batch.push(stored::one(&tenant, key.id()));
    let written = console.write(&tenant, &about(201, &key, detail), batch).await?;
    let described = written.first(described)?.ok_or(StorageError::Stale)?;
    if overlap_until.is_none() {
        revocation::mark_revoked(console.kv, old, &console.now()).await;
    }
    shown_once(described, &key)
}

pub(crate) async fn deactivate(console: &Console<'_>, org: &str, id: &str) -> Result<Reply, Problem> {
    let tenant = console.tenant(org);
    console.one(&tenant, stored::one::<Value>(&tenant, id), "key").await?;
    let hint = key::hint(id);
    let outcome = Outcome::of(200, "Key", id, &hint).with_detail(format!("Deactivated the key {hint}."));
    let mut batch = Batch::new();
    let keys = batch.push(stored::all::<Value>(&tenant));
    let results = console.write_if_changed(&tenant, &outcome, stored::deactivate(&tenant, id), batch).await?;
    let keys = results.all(keys)?;
    let mut described = with_hint(find(&keys, id)?.clone());
    let others: Vec<Value> =
        good(&keys).map(|key| object! {"id": text(key, "id"), "hint": key::hint(text(key, "id"))}).collect();
    put(&mut described, "other_good_keys", others);
    // D1 has it; the revocation in KV is for replicas that lag.
    revocation::mark_revoked(console.kv, id, &console.now()).await;
    Ok(Reply::ok(described))
}

fn find<'k>(keys: &'k [Value], id: &str) -> Result<&'k Value, Problem> {
    let found = keys.iter().find(|key| text(key, "id") == id);
    found.ok_or_else(|| Problem::new(404, "There is no such key in this organization."))
}

fn good(keys: &[Value]) -> impl Iterator<Item = &Value> {
    keys.iter().filter(|key| text(key, "status") == "active")
}

fn too_many() -> Problem {
    let detail = format!(
        "An organization has at most {} good keys. Deactivate one that nobody needs any more, then generate another.",
        stored::MOST_GOOD
    );
    Problem::new(409, detail)
}

/// Between the look at the keys and the writing of another, others were generated.
fn too_many_at_once(error: StorageError) -> Problem {
    if error == StorageError::Stale { too_many() } else { error.into() }
}

fn new_key(console: &Console<'_>) -> Result<Key, Problem> {
    Ok(Key::generate(console.database.shard(), &random::bytes()?))
}

fn about(status: u16, key: &Key, detail: String) -> Outcome {
    Outcome::of(status, "Key", key.id(), &key.hint()).with_detail(detail)
}

/// When a new key expires: as wished, else as the organization has it.
fn expiry(console: &Console<'_>, wish: Option<u64>) -> Result<Option<String>, Problem> {
    let policy = || {
        let organization = console.organization.borrow();
        let days = organization.as_ref()?.get("key_lifetime_days")?.as_u64()?;
        Some(days.saturating_mul(DAY))
    };
    match wish.or_else(policy) {
        None => Ok(None),
        Some(seconds) if (1..=LONGEST_LIFE).contains(&seconds) => Ok(Some(console.after(seconds))),
        Some(_) => Err(Problem::new(
            400,
            format!("\"expires_in_seconds\" must be between 1 and {LONGEST_LIFE}, or left out."),
        )),
    }
}

fn shown_once(described: Value, key: &Key) -> Result<Reply, Problem> {
    known_keys::note_good(key);
    let mut body = with_hint(described);
    put(&mut body, "key", key.reveal());
    Ok(Reply::created(body))
}

fn with_hint(mut described: Value) -> Value {
    let hint = key::hint(text(&described, "id"));
    put(&mut described, "hint", hint);
    described
}
