//! SCIM keys: generate, regenerate, deactivate. A key's text is in one answer and nowhere else.

use super::context::{self, AdminContext, InOrganization};
use super::reply::Reply;
use super::types::keys::{
    ChangeKey, DeactivatedKey, DeactivatedKeys, GenerateKey, IssuedKey, Key as Described, KeyList, KeyRecord,
    NewKey, OtherKey, RegenerateKey,
};
use super::types::organizations::Organization;
use crate::auth::known_keys;
use crate::d1::audit_log::Outcome;
use crate::d1::tenant::guard;
use crate::d1::{Batch, StorageError, Tenant, keys as stored};
use crate::http::{AdminCode, Problem};
use crate::kv::revocation;
use crate::runtime::clock::DAY_SECONDS;
use crate::runtime::random;
use directory::event::Transition;
use directory::{Key, key};

/// Longest life of a key that expires, in seconds: ten years.
pub(crate) const MAX_LIFETIME: u64 = 10 * 365 * DAY_SECONDS;
/// Longest time that an old key stays active beside its replacement, in seconds: thirty days.
pub(crate) const MAX_OVERLAP: u64 = 30 * DAY_SECONDS;

/// Lists all keys, the newest first.
pub(crate) async fn list(context: &AdminContext<'_>, org: &str) -> Result<InOrganization<KeyList>, Problem> {
    let InOrganization { organization, answer: keys } = read(context, &context.tenant(org)).await?;
    Ok(InOrganization { organization, answer: KeyList { keys } })
}

/// Generates a key.
pub(crate) async fn generate(
    context: &AdminContext<'_>,
    org: &str,
    request: GenerateKey,
) -> Result<Reply<IssuedKey>, Problem> {
    let name = request.name.as_deref();
    check_name(name)?;
    let tenant = context.tenant(org);
    let InOrganization { organization, answer: keys } = read(context, &tenant).await?;
    if active(&keys).count() >= stored::MOST_GOOD {
        return Err(too_many());
    }
    let key = new_key(context)?;
    let expires_at = expiry(context, &organization, request.expires_in_seconds)?;
    let outcome = outcome(201, &key, format!("Generated the key {}.", key.hint()));
    let chosen = stored::NewKey { name, expires_at: expires_at.as_deref(), replaces: None };
    let mut batch = Batch::from_iter(stored::insert(&tenant, &key, context.actor.name(), chosen));
    let described = batch.push(stored::one(&tenant, key.id()));
    let written = context.write(&tenant, &outcome, batch).await.map_err(too_many_at_once)?;
    Ok(issued(written.first(described)?.ok_or_else(StorageError::stale)?, &key))
}

/// Generates a key that replaces another, at once or after an overlap.
pub(crate) async fn regenerate(
    context: &AdminContext<'_>,
    org: &str,
    old: &str,
    request: RegenerateKey,
) -> Result<Reply<IssuedKey>, Problem> {
    let overlap = request.overlap_seconds.unwrap_or(0);
    if overlap > MAX_OVERLAP {
        return Err(Problem::of(
            AdminCode::OutOfRange,
            format!("\"overlap_seconds\" must not be more than {MAX_OVERLAP}."),
        ));
    }
    let has_leaked = request.has_leaked == Some(true);
    if has_leaked && overlap > 0 {
        return Err(Problem::of(
            AdminCode::LeakedKeyStops,
            "A key that has leaked stops at once: leave out \"overlap_seconds\".",
        ));
    }
    check_name(request.name.as_deref())?;
    let tenant = context.tenant(org);
    let InOrganization { organization, answer: keys } = read(context, &tenant).await?;
    let replaced = find(&keys, old)?;
    let is_active = replaced.is_active();
    let name = request.name.as_deref().or(replaced.record.name.as_deref());
    let expires_at = expiry(context, &organization, request.expires_in_seconds)?;
    let key = new_key(context)?;
    let overlap_until = (overlap > 0 && is_active).then(|| context.after(overlap));
    let stays = usize::from(!is_active || overlap_until.is_some());
    if active(&keys).count().saturating_add(stays) > stored::MOST_GOOD {
        return Err(too_many());
    }
    let until = overlap_until.as_deref().map_or("at once".to_owned(), |until| {
        format!("and leaves that active until {until}, unless it expires before")
    });
    let why = if has_leaked { ", because that has leaked" } else { "" };
    let detail = format!("Generated the key {}, which replaces {} {until}{why}.", key.hint(), key::hint(old));
    let mut batch = Batch::from_iter([stored::check_newest(&tenant, keys.first().map_or("", Described::id))]);
    match &overlap_until {
        Some(at) => batch.extend(stored::expire(&tenant, old, at)),
        None => {
            batch.execute(stored::deactivate(&tenant, old));
            if is_active {
                // Another request may have deactivated it since it was read.
                batch.execute(guard());
            }
            batch.extend(stored::deactivated(&tenant, old));
        }
    }
    let chosen = stored::NewKey { name, expires_at: expires_at.as_deref(), replaces: Some(old) };
    batch.extend(stored::insert(&tenant, &key, context.actor.name(), chosen));
    let described = batch.push(stored::one(&tenant, key.id()));
    let written = context.write(&tenant, &outcome(201, &key, detail), batch).await?;
    let described = written.first(described)?.ok_or_else(StorageError::stale)?;
    if overlap_until.is_none() {
        revocation::mark_revoked(context.kv, old, &context.now()).await;
    }
    Ok(issued(described, &key))
}

/// Deactivates a key.
pub(crate) async fn deactivate(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<Reply<DeactivatedKey>, Problem> {
    let tenant = context.tenant(org);
    let found = context.select(&tenant, stored::one::<KeyRecord>(&tenant, id)).await?;
    if found.answer.is_empty() {
        return Err(not_found());
    }
    let hint = key::hint(id);
    let outcome = Outcome::of(200, "Key", id, &hint).with_detail(format!("Deactivated the key {hint}."));
    let mut batch = Batch::from_iter(stored::deactivated(&tenant, id));
    let keys = batch.push(stored::all::<KeyRecord>(&tenant));
    let results = context.write_if_changed(&tenant, &outcome, stored::deactivate(&tenant, id), batch).await?;
    let keys: Vec<Described> = results.all(keys)?.into_iter().map(Described::from).collect();
    let described = find(&keys, id)?.clone();
    let other_good_keys = active(&keys).map(OtherKey::from).collect();
    // D1 has it; the mark in KV is for replicas that do not have it yet.
    revocation::mark_revoked(context.kv, id, &context.now()).await;
    Ok(Reply::ok(DeactivatedKey { described, other_good_keys }))
}

/// Deactivates all good keys.
pub(crate) async fn deactivate_all(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<Reply<DeactivatedKeys>, Problem> {
    let tenant = context.tenant(org);
    let InOrganization { organization, answer: keys } = read(context, &tenant).await?;
    let deactivated: Vec<OtherKey> = active(&keys).map(OtherKey::from).collect();
    if !deactivated.is_empty() {
        let ids: Vec<&str> = deactivated.iter().map(|key| key.id.as_str()).collect();
        let hints: Vec<&str> = deactivated.iter().map(|key| key.hint.as_str()).collect();
        let record = &organization.record;
        let outcome = Outcome { resource_id: None, ..Outcome::of(200, "Key", &record.id, &record.name) };
        let outcome = outcome.with_detail(format!("Deactivated all good keys: {}.", hints.join(", ")));
        let batch = Batch::from_iter(stored::deactivate_all(&tenant, &ids));
        context.write(&tenant, &outcome, batch).await?;
        for id in ids {
            revocation::mark_revoked(context.kv, id, &context.now()).await;
        }
    }
    Ok(Reply::ok(DeactivatedKeys { deactivated }))
}

/// Names a key, or takes its name.
pub(crate) async fn rename(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    ChangeKey { name }: ChangeKey,
) -> Result<Reply<Described>, Problem> {
    let name = Some(name).filter(|name| !name.is_empty());
    check_name(name.as_deref())?;
    let tenant = context.tenant(org);
    let found = context.select(&tenant, stored::one::<KeyRecord>(&tenant, id)).await?;
    let before = found.answer.into_iter().next().ok_or_else(not_found)?.name;
    let hint = key::hint(id);
    let done = match &name {
        Some(name) => format!("Named the key {hint} \"{name}\"."),
        None => format!("Took the name of the key {hint}."),
    };
    let outcome = Outcome::of(200, "Key", id, &hint).with_detail(done);
    let change = stored::rename(&tenant, id, name.as_deref());
    let mut batch = Batch::from_iter(stored::renamed(&tenant, id, Transition { before, after: name }));
    let described = batch.push(stored::one::<KeyRecord>(&tenant, id));
    let results = context.write_if_changed(&tenant, &outcome, change, batch).await?;
    Ok(Reply::ok(results.first(described)?.ok_or_else(StorageError::stale)?.into()))
}

fn check_name(name: Option<&str>) -> Result<(), Problem> {
    name.map_or(Ok(()), |name| context::check_name("key", name))
}

async fn read(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
) -> Result<InOrganization<Vec<Described>>, Problem> {
    let found = context.select(tenant, stored::all::<KeyRecord>(tenant)).await?;
    let keys = found.answer.into_iter().map(Described::from).collect();
    Ok(InOrganization { organization: found.organization, answer: keys })
}

fn find<'k>(keys: &'k [Described], id: &str) -> Result<&'k Described, Problem> {
    keys.iter().find(|key| key.id() == id).ok_or_else(not_found)
}

fn not_found() -> Problem {
    Problem::of(AdminCode::KeyNotFound, "There is no such key in this organization.")
}

fn active(keys: &[Described]) -> impl Iterator<Item = &Described> {
    keys.iter().filter(|key| key.is_active())
}

fn too_many() -> Problem {
    let detail = format!(
        "An organization has at most {} good keys. Deactivate one that is no longer used, then generate another.",
        stored::MOST_GOOD
    );
    Problem::of(AdminCode::KeyLimitReached, detail)
}

/// Other requests generated keys since the keys were read.
fn too_many_at_once(error: StorageError) -> Problem {
    if error.is_stale() { too_many() } else { error.into() }
}

fn new_key(context: &AdminContext<'_>) -> Result<Key, Problem> {
    Ok(Key::generate(context.database.shard(), &random::bytes()?))
}

fn outcome(status: u16, key: &Key, detail: String) -> Outcome {
    Outcome::of(status, "Key", key.id(), &key.hint()).with_detail(detail)
}

/// When a new key expires: as requested, else as the organization's settings say.
fn expiry(
    context: &AdminContext<'_>,
    organization: &Organization,
    requested: Option<u64>,
) -> Result<Option<String>, Problem> {
    let by_settings = organization.record.key_lifetime_days.map(|days| days.saturating_mul(DAY_SECONDS));
    match requested.or(by_settings) {
        None => Ok(None),
        Some(seconds) if (1..=MAX_LIFETIME).contains(&seconds) => Ok(Some(context.after(seconds))),
        Some(_) => Err(Problem::of(
            AdminCode::OutOfRange,
            format!("\"expires_in_seconds\" must be between 1 and {MAX_LIFETIME}, or left out."),
        )),
    }
}

fn issued(record: KeyRecord, key: &Key) -> Reply<IssuedKey> {
    known_keys::note_good(key);
    Reply::created(IssuedKey::Shown(NewKey { described: record.into(), key: key.reveal().to_owned() }))
}
