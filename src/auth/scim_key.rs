//! Decides whether a presented SCIM key is good: whether D1 knows it, whether it has expired, and whether it was
//! deactivated, which KV may know before a replica of D1 does.

use super::{bearer, known_keys};
use crate::d1::session::Opened;
use crate::d1::{Batch, Session};
use crate::error::{Error, KeyRefusal};
use crate::kv::revocation;
use directory::Key;
use directory::key::PREFIX;

/// Reads the key in the `Authorization` header of a request.
///
/// The scheme may be missing or repeated: pasting `Bearer scim-…` into a field that adds `Bearer` itself is the
/// commonest mistake of administrators.
///
/// # Errors
/// Why the header has no key. Does not read the storage.
pub(crate) fn from_authorization(header: Option<&str>) -> Result<Key, KeyRefusal> {
    with_prefix(PREFIX, header)
}

/// As [`from_authorization`], for keys with this prefix.
pub(super) fn with_prefix(prefix: &'static str, header: Option<&str>) -> Result<Key, KeyRefusal> {
    let mut token = header.map(str::trim).filter(|header| !header.is_empty()).ok_or(KeyRefusal::Missing)?;
    // The characters of a key are read one by one only if there is something else among them.
    let is_plain = |token: &str| token.bytes().all(|byte| byte.is_ascii_graphic());
    while !is_plain(token) && token.contains(char::is_whitespace) {
        token = bearer::token(token).ok_or(KeyRefusal::NotBearer)?;
    }
    let key = token.strip_prefix(prefix).ok_or(KeyRefusal::NotAKey)?;
    Ok(Key::parse_with(prefix, key)?)
}

/// Verifies the key of a session and runs the statements, in one round trip.
///
/// # Errors
/// [`KeyRefusal`], or the failure of the storage.
pub(crate) async fn open(session: &Session<'_>, batch: Batch) -> Result<Opened, Error> {
    open_as(session, batch, false).await
}

/// As [`open`], for statements that write, and that write the same when they run twice. KV is asked before: a replica
/// of D1 that lags behind a deactivation must not have them run.
///
/// # Errors
/// As [`open`].
pub(crate) async fn open_for_write(session: &Session<'_>, batch: Batch) -> Result<Opened, Error> {
    if is_revoked(session).await {
        return Err(remember(session, KeyRefusal::Deactivated { hint: session.key.hint() }).into());
    }
    open_as(&Session { is_verified: true, ..session.clone() }, batch, true).await
}

async fn open_as(session: &Session<'_>, batch: Batch, is_write: bool) -> Result<Opened, Error> {
    let batch = session.batch(batch);
    // D1 is under way while KV is asked.
    let sent = session.send(&batch, is_write);
    let is_revoked = is_revoked(session).await;
    let loaded = Session::load(&batch, sent).await?;
    let key = loaded.key.ok_or_else(|| remember(session, unknown(session.key)))?;
    let (deactivated_at, expires_at) = (key.deactivated_at.as_deref(), key.expires_at.as_deref());
    check(session.key.hint(), deactivated_at, expires_at, is_revoked, &session.tenant.now)
        .map_err(|refusal| remember(session, refusal))?;
    known_keys::note_good(session.key);
    let (key, results) = match key.has_outdated_folds() {
        false => (key, loaded.results),
        // The statements may have missed rows, and have written nothing.
        true => {
            session.update_folds(&key.organization.id).await?;
            let loaded = Session::load(&batch, session.send(&batch, is_write)).await?;
            let key = loaded.key.ok_or_else(|| remember(session, unknown(session.key)))?;
            (key, loaded.results)
        }
    };
    Ok(Opened {
        last_used_is_due: key.last_used_is_due(),
        has_webhooks: key.webhooks > 0,
        is_watched: key.is_watched(),
        organization: key.organization,
        holds: key.holds,
        results,
    })
}

async fn is_revoked(session: &Session<'_>) -> bool {
    !session.is_verified && revocation::is_revoked(session.kv, session.key.id()).await
}

/// Whether a key is good at that time. Moments are in ISO 8601, so that their order is that of texts.
pub(super) fn check(
    hint: String,
    deactivated_at: Option<&str>,
    expires_at: Option<&str>,
    is_revoked: bool,
    now: &str,
) -> Result<(), KeyRefusal> {
    if is_revoked || deactivated_at.is_some() {
        return Err(KeyRefusal::Deactivated { hint });
    }
    match expires_at {
        Some(at) if at <= now => Err(KeyRefusal::Expired { hint, at: at.to_owned() }),
        _ => Ok(()),
    }
}

/// The refusal of a key that no database of this deployment has.
pub(crate) fn unknown(key: &Key) -> KeyRefusal {
    KeyRefusal::Unknown { hint: key.hint() }
}

/// Has the isolate remember the refusal, unless a replica of D1 has answered: that may not know yet a key that has just
/// been made.
fn remember(session: &Session<'_>, refusal: KeyRefusal) -> KeyRefusal {
    if session.database.is_current() {
        known_keys::note_refused(session.key, refusal.clone());
    }
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;
    use directory::Shard;
    use directory::key::RANDOM_BYTES;

    #[test]
    fn a_key_survives_the_ways_admins_paste_it() {
        let key = Key::generate(Shard::FIRST, &[7; RANDOM_BYTES]);
        for header in ["Bearer {}", "bearer {}", "BEARER   {}", "Bearer Bearer {}", "{}", " Bearer {} "] {
            let header = header.replace("{}", key.reveal());
            let read = from_authorization(Some(&header)).unwrap();
            assert_eq!((read.id(), read.hash()), (key.id(), key.hash()), "{header}");
        }
    }

    #[test]
    fn a_key_is_good_until_it_expires_or_is_deactivated() {
        const NOW: &str = "2026-01-01T00:00:00.000Z";
        const LATER: &str = "2026-01-01T00:00:00.001Z";
        let hint = || "scim-G22A…".to_owned();
        let check = |deactivated_at, expires_at, is_revoked| {
            super::check(hint(), deactivated_at, expires_at, is_revoked, NOW)
        };
        let expired = || Err(KeyRefusal::Expired { hint: hint(), at: NOW.to_owned() });
        let deactivated = || Err(KeyRefusal::Deactivated { hint: hint() });
        assert_eq!(check(None, None, false), Ok(()));
        assert_eq!(check(None, Some(LATER), false), Ok(()));
        assert_eq!(check(None, Some(NOW), false), expired());
        assert_eq!(check(Some(LATER), None, false), deactivated());
        assert_eq!(check(Some(NOW), Some(NOW), false), deactivated());
        assert_eq!(check(None, None, true), deactivated());
    }

    #[test]
    fn a_header_without_a_key_is_refused_with_the_reason() {
        let detail = |header: Option<&str>| from_authorization(header).unwrap_err().to_string();
        assert!(detail(None).contains("no Authorization header"));
        assert!(detail(Some("  ")).contains("no Authorization header"));
        assert!(detail(Some("non-token")).contains("does not begin with"));
        assert!(detail(Some("Basic dXNlcg==")).contains("not a bearer token"));
        assert!(detail(Some("Bearer")).contains("does not begin with"));
        assert!(detail(Some("scim-TOOSHORT")).contains("incomplete"));
    }
}
