//! Product keys: generate, rotate, deactivate. A key's text is in one answer and nowhere else.

use serde::Deserialize;

use super::context::{AdminContext, InOrganization, Opened, check_name};
use super::keys::MAX_LIFETIME;
use super::reply::Reply;
use super::types::keys::KeyStatus;
use super::types::product_keys::{
    Acknowledged, ChangeProductKey, Consumer, ConsumerList, GenerateProductKey, IssuedProductKey, ProductKey,
    ProductKeyList, ProductKeyWithText, Revocation, RevocationList, RotateProductKey,
};
use crate::auth::known_keys;
use crate::d1::audit_log::Outcome;
use crate::d1::product::{acknowledgements, keys as stored};
use crate::d1::tenant::guard;
use crate::d1::{Batch, StorageError, Tenant};
use crate::http::{AdminCode, Problem};
use crate::runtime::clock::{self, DAY_SECONDS};
use crate::runtime::random;
use directory::Key;
use directory::event::Transition;
use directory::key::PRODUCT_PREFIX;

/// Longest time that an old key stays active beside its replacement, in hours: thirty days.
pub(crate) const MAX_OVERLAP_HOURS: u64 = 30 * 24;
/// The same if the caller does not say.
const OVERLAP_HOURS: u64 = 24;

/// Lists all keys, the newest first.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<InOrganization<ProductKeyList>, Problem> {
    let tenant = context.tenant(org);
    let InOrganization { organization, answer: keys } = context.select(&tenant, stored::all(&tenant)).await?;
    Ok(InOrganization { organization, answer: ProductKeyList { keys } })
}

/// What the page of products shows.
pub(crate) struct Products {
    pub(crate) keys: Vec<ProductKey>,
    pub(crate) consumers: Vec<Consumer>,
    /// Of the person asked for.
    pub(crate) revocations: Vec<Revocation>,
}

/// Reads keys, consumers, and the deactivations of a person, in one round trip.
pub(crate) async fn page(
    context: &AdminContext<'_>,
    org: &str,
    person: Option<&str>,
) -> Result<InOrganization<Products>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let keys = batch.push(stored::all(&tenant));
    let consumers = batch.push(acknowledgements::consumers_with_times(&tenant));
    let revocations = person.map(|person| {
        batch.push(acknowledgements::of_person(&tenant, person, acknowledgements::MOST_OF_PERSON))
    });
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let minutes = organization.record.revocation_minutes;
    let consumers =
        results.all(consumers)?.into_iter().map(|found| consumer(found, context, minutes)).collect();
    let revocations = revocations.map_or(Ok(Vec::new()), |found| results.all(found))?;
    let answer = Products { keys: results.all(keys)?, consumers, revocations: grouped(revocations) };
    Ok(InOrganization { organization, answer })
}

/// Lists the consumers of the feed, with the time that they take to acknowledge deactivations.
pub(crate) async fn consumers(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<InOrganization<ConsumerList>, Problem> {
    let InOrganization { organization, answer } = page(context, org, None).await?;
    Ok(InOrganization { organization, answer: ConsumerList { consumers: answer.consumers } })
}

/// Lists the deactivations of a person, and when each consumer acknowledged them.
pub(crate) async fn revocations(
    context: &AdminContext<'_>,
    org: &str,
    person: &str,
) -> Result<InOrganization<RevocationList>, Problem> {
    let InOrganization { organization, answer } = page(context, org, Some(person)).await?;
    Ok(InOrganization { organization, answer: RevocationList { revocations: answer.revocations } })
}

/// A consumer as it is stored.
#[derive(Debug, Deserialize)]
struct StoredConsumer {
    id: String,
    name: String,
    in_use: bool,
    seq: i64,
    at: String,
    behind: i64,
    millis: Vec<i64>,
    waiting: u64,
    waiting_since: Option<String>,
}

fn consumer(found: StoredConsumer, context: &AdminContext<'_>, minutes: u64) -> Consumer {
    let StoredConsumer { id, name, in_use, seq, at, behind, mut millis, waiting, waiting_since } = found;
    millis.sort_by_cached_key(|each| *each);
    let latest = clock::iso(context.now_millis.saturating_sub(minutes.saturating_mul(60_000)));
    let is_late = in_use && minutes > 0 && waiting_since.as_ref().is_some_and(|since| *since < latest);
    Consumer {
        measured: millis.len() as u64,
        p50_millis: percentile(&millis, 50),
        p99_millis: percentile(&millis, 99),
        id,
        name,
        in_use,
        seq,
        at,
        behind,
        waiting,
        waiting_since,
        is_late,
    }
}

/// The value that so many of a hundred do not exceed: the nearest rank of values in order.
fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

/// When a consumer acknowledged a deactivation, as it is stored.
#[derive(Debug, Deserialize)]
pub(super) struct StoredRevocation {
    event: i64,
    at: String,
    r#type: String,
    consumer: String,
    name: String,
    millis: Option<i64>,
}

pub(super) fn grouped(rows: Vec<StoredRevocation>) -> Vec<Revocation> {
    let mut all: Vec<Revocation> = Vec::new();
    for StoredRevocation { event, at, r#type, consumer, name, millis } in rows {
        let acknowledged = Acknowledged { consumer, name, millis };
        match all.last_mut() {
            Some(last) if last.event == event => last.acknowledged.push(acknowledged),
            _ => all.push(Revocation { event, at, r#type, acknowledged: vec![acknowledged] }),
        }
    }
    all
}

/// Generates a key.
pub(crate) async fn generate(
    context: &AdminContext<'_>,
    org: &str,
    GenerateProductKey { name, mut scopes, expires_at }: GenerateProductKey,
) -> Result<Reply<IssuedProductKey>, Problem> {
    check_name("product key", &name)?;
    if scopes.is_empty() {
        return Err(Problem::new(
            400,
            "\"scopes\" must name at least one of read, events, check, setup-links.",
        ));
    }
    scopes.sort_by_cached_key(|scope| scope.as_str().to_owned());
    scopes.dedup();
    let expires_at = expiry(context, expires_at)?;
    let tenant = context.tenant(org);
    context.open(&tenant, Batch::new()).await?;
    let new =
        stored::NewKey { name: &name, scopes: &scopes, expires_at: expires_at.as_deref(), replaces: None };
    insert(context, &tenant, Batch::new(), new, true, |hint| format!("Generated the product key {hint}."))
        .await
}

/// Generates a key that replaces another, at once or after an overlap.
pub(crate) async fn rotate(
    context: &AdminContext<'_>,
    org: &str,
    old: &str,
    RotateProductKey { overlap_hours, expires_at }: RotateProductKey,
) -> Result<Reply<IssuedProductKey>, Problem> {
    let overlap = overlap_hours.unwrap_or(OVERLAP_HOURS);
    if overlap > MAX_OVERLAP_HOURS {
        return Err(Problem::new(
            400,
            format!("\"overlap_hours\" must not be more than {MAX_OVERLAP_HOURS}."),
        ));
    }
    let expires_at = expiry(context, expires_at)?;
    let tenant = context.tenant(org);
    let replaced = read(context, &tenant, old).await?;
    if replaced.status != KeyStatus::Active {
        return Err(Problem::of(
            AdminCode::KeyNotFound,
            "The product key is no longer good, so that it cannot be rotated. Generate a new one.",
        ));
    }
    let mut batch = Batch::new();
    let until = match overlap {
        0 => {
            batch.extend([stored::deactivate(&tenant, old), guard()]);
            batch.extend(stored::deactivated(&tenant, old));
            "at once".to_owned()
        }
        hours => {
            let at = context.after(hours.saturating_mul(60 * 60));
            batch.extend(stored::expire(&tenant, old, &at));
            format!("and leaves that active until {at}, unless it expires before")
        }
    };
    let new = stored::NewKey {
        name: &replaced.name,
        scopes: &replaced.scopes,
        expires_at: expires_at.as_deref(),
        replaces: Some(old),
    };
    insert(context, &tenant, batch, new, overlap > 0, |hint| {
        format!("Generated the product key {hint}, which replaces {} {until}.", replaced.hint)
    })
    .await
}

/// Gives a key another name.
pub(crate) async fn rename(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
    ChangeProductKey { name }: ChangeProductKey,
) -> Result<Reply<ProductKey>, Problem> {
    check_name("product key", &name)?;
    let tenant = context.tenant(org);
    let found = read(context, &tenant, id).await?;
    let outcome = Outcome::of(200, "Key", id, &found.hint)
        .with_detail(format!("Named the product key {} \"{name}\".", found.hint));
    let change = stored::rename(&tenant, id, &name);
    let mut batch =
        Batch::from_iter(stored::renamed(&tenant, id, Transition { before: found.name, after: name }));
    let described = batch.push(stored::one(&tenant, id));
    let results = context.write_if_changed(&tenant, &outcome, change, batch).await?;
    Ok(Reply::ok(results.first(described)?.ok_or_else(StorageError::stale)?))
}

/// Deactivates a key.
pub(crate) async fn deactivate(
    context: &AdminContext<'_>,
    org: &str,
    id: &str,
) -> Result<Reply<ProductKey>, Problem> {
    let tenant = context.tenant(org);
    let found = read(context, &tenant, id).await?;
    let outcome = Outcome::of(200, "Key", id, &found.hint)
        .with_detail(format!("Deactivated the product key {}.", found.hint));
    let mut batch = Batch::from_iter(stored::deactivated(&tenant, id));
    let described = batch.push(stored::one(&tenant, id));
    let results = context.write_if_changed(&tenant, &outcome, stored::deactivate(&tenant, id), batch).await?;
    Ok(Reply::ok(results.first(described)?.ok_or_else(StorageError::stale)?))
}

async fn read(context: &AdminContext<'_>, tenant: &Tenant<'_>, id: &str) -> Result<ProductKey, Problem> {
    let found = context.select(tenant, stored::one(tenant, id)).await?.answer;
    found.into_iter().next().ok_or_else(|| {
        Problem::of(AdminCode::KeyNotFound, "There is no such product key in this organization.")
    })
}

/// Writes a new key behind the statements of `before`. `adds`: there is one good key more than before.
async fn insert(
    context: &AdminContext<'_>,
    tenant: &Tenant<'_>,
    mut before: Batch,
    new: stored::NewKey<'_>,
    adds: bool,
    done: impl FnOnce(&str) -> String,
) -> Result<Reply<IssuedProductKey>, Problem> {
    let key = Key::generate_with(PRODUCT_PREFIX, context.database.shard(), &random::bytes()?);
    let outcome = Outcome::of(201, "Key", key.id(), &key.hint()).with_detail(done(&key.hint()));
    before.extend(stored::insert(tenant, &key, context.actor.name(), new));
    let described = before.push(stored::one(tenant, key.id()));
    let written = context.write(tenant, &outcome, before).await.map_err(|error| match error.is_stale() {
        true if adds => Problem::of(
            AdminCode::KeyLimitReached,
            format!(
                "An organization has at most {} good product keys. Deactivate one that is no longer used, then try \
                 again.",
                stored::MOST_GOOD
            ),
        ),
        _ => error.into(),
    })?;
    let described = written.first(described)?.ok_or_else(StorageError::stale)?;
    known_keys::note_good(&key);
    let key = key.reveal().to_owned();
    Ok(Reply::created(IssuedProductKey::Shown(ProductKeyWithText { described, key })))
}

/// A time of expiry as it is stored.
fn expiry(context: &AdminContext<'_>, requested: Option<String>) -> Result<Option<String>, Problem> {
    let Some(text) = requested.filter(|text| !text.is_empty()) else { return Ok(None) };
    let latest = context.now_millis.saturating_add(MAX_LIFETIME.saturating_mul(1000));
    match clock::parse_iso(&text) {
        Ok(at) if at > context.now_millis && at <= latest => Ok(Some(clock::iso(at))),
        _ => Err(Problem::new(
            400,
            format!(
                "\"expires_at\" must be a time in the future, at most {} days away, such as {}.",
                MAX_LIFETIME / DAY_SECONDS,
                context.after(365 * DAY_SECONDS)
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[2], 99), Some(2));
        let hundred: Vec<i64> = (1..=100).collect();
        assert_eq!((percentile(&hundred, 50), percentile(&hundred, 99)), (Some(50), Some(99)));
        assert_eq!(percentile(&[1, 2, 3], 99), Some(3));
    }
}
