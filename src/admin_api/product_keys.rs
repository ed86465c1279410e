//! Product keys: generate, rotate, deactivate. A key's text is in one answer and nowhere else.

use super::context::{AdminContext, InOrganization, check_name};
use super::keys::{DAY, MAX_LIFETIME};
use super::reply::Reply;
use super::types::keys::KeyStatus;
use super::types::product_keys::{
    GenerateProductKey, IssuedProductKey, ProductKey, ProductKeyList, ProductKeyWithText, RotateProductKey,
};
use crate::auth::known_keys;
use crate::d1::audit_log::Outcome;
use crate::d1::product::keys as stored;
use crate::d1::tenant::guard;
use crate::d1::{Batch, StorageError, Tenant};
use crate::http::{AdminCode, Problem};
use crate::runtime::{clock, random};
use directory::Key;
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
    scopes.sort_unstable_by_key(|scope| scope.as_str());
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
    Ok(Reply::ok(results.first(described)?.ok_or(StorageError::Stale)?))
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
    let written = context.write(tenant, &outcome, before).await.map_err(|error| match error {
        StorageError::Stale if adds => Problem::of(
            AdminCode::KeyLimitReached,
            format!(
                "An organization has at most {} good product keys. Deactivate one that is no longer used, then try \
                 again.",
                stored::MOST_GOOD
            ),
        ),
        other => other.into(),
    })?;
    let described = written.first(described)?.ok_or(StorageError::Stale)?;
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
                MAX_LIFETIME / DAY,
                context.after(365 * DAY)
            ),
        )),
    }
}
