//! Decides whether a presented SCIM key is good: whether D1 knows it, whether it has expired, and whether it was
//! deactivated, which KV may know before a replica of D1 does.

use super::{bearer, known_keys};
use crate::d1::session::Opened;
use crate::d1::{Batch, Session};
use crate::kv::revocation;
use directory::Key;
use directory::key::PREFIX;
use scim_protocol::ScimError;

/// Why a well-formed key is refused. No request with it succeeds later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No database of this deployment has it.
    Unknown,
    /// An administrator has deactivated it.
    Deactivated,
    /// It has expired.
    Expired {
        /// When, in ISO 8601.
        at: String,
    },
}

impl Refusal {
    /// The 401 for the client.
    pub(crate) fn answer(&self, key: &Key) -> ScimError {
        let hint = key.hint();
        ScimError::unauthorized(match self {
            Self::Unknown => format!(
                "The SCIM key {hint} is not known here. It may have been made for another deployment; generate a key in \
                 this one's console and put it into the identity provider."
            ),
            Self::Deactivated => format!(
                "The SCIM key {hint} has been deactivated. Generate a new one in the console and put it into the identity \
                 provider."
            ),
            Self::Expired { at } => format!(
                "The SCIM key {hint} expired at {at}. Generate a new one in the console and put it into the identity \
                 provider."
            ),
        })
    }
}

/// Reads the key in the `Authorization` header of a request.
///
/// The scheme may be missing or repeated: pasting `Bearer scim-…` into a field that adds `Bearer` itself is the
/// commonest mistake of administrators.
///
/// # Errors
/// 401 saying what is wrong with the header. Storage is not asked.
pub(crate) fn from_authorization(header: Option<&str>) -> Result<Key, ScimError> {
    const HOW: &str = "Send \"Authorization: Bearer scim-…\" with the SCIM key made in the console.";
    let refused = |why: String| ScimError::unauthorized(format!("{why} {HOW}"));
    let mut token = header
        .map(str::trim)
        .filter(|header| !header.is_empty())
        .ok_or_else(|| refused("The request has no Authorization header.".to_owned()))?;
    while token.contains(char::is_whitespace) {
        token = bearer::token(token)
            .ok_or_else(|| refused("The Authorization header is not a bearer token.".to_owned()))?;
    }
    let key = token
        .strip_prefix(PREFIX)
        .ok_or_else(|| refused(format!("The token does not begin with \"{PREFIX}\".")))?;
    Key::parse(key)
}

/// Verifies the key of a session and runs the statements, in one round trip.
///
/// # Errors
/// 401 with the reason why the key is refused, or the failure of the storage.
pub(crate) async fn open(session: &Session<'_>, batch: Batch) -> Result<Opened, ScimError> {
    open_as(session, batch, false).await
}

/// As [`open`], for statements that write, and that write the same when they run twice. KV is asked before: a replica
/// of D1 that lags behind a deactivation must not have them run.
///
/// # Errors
/// As [`open`].
pub(crate) async fn open_for_write(session: &Session<'_>, batch: Batch) -> Result<Opened, ScimError> {
    if is_revoked(session).await {
        return Err(refuse(session, &Refusal::Deactivated));
    }
    open_as(&Session { is_verified: true, ..session.clone() }, batch, true).await
}

async fn open_as(session: &Session<'_>, batch: Batch, is_write: bool) -> Result<Opened, ScimError> {
    let batch = session.batch(batch);
    // D1 is under way while KV is asked.
    let sent = session.send(&batch, is_write);
    let is_revoked = is_revoked(session).await;
    let loaded = Session::load(&batch, sent).await?;
    let key = loaded.key.ok_or_else(|| refuse(session, &Refusal::Unknown))?;
    let (deactivated_at, expires_at) = (key.deactivated_at.as_deref(), key.expires_at.as_deref());
    check(deactivated_at, expires_at, is_revoked, &session.tenant.now)
        .map_err(|refusal| refuse(session, &refusal))?;
    known_keys::note_good(session.key);
    let (key, results) = match key.has_outdated_folds() {
        false => (key, loaded.results),
        // The statements may have missed rows, and have written nothing.
        true => {
            session.update_folds(&key.organization.id).await?;
            let loaded = Session::load(&batch, session.send(&batch, is_write)).await?;
            let key = loaded.key.ok_or_else(|| refuse(session, &Refusal::Unknown))?;
            (key, loaded.results)
        }
    };
    let last_used_is_due = key.last_used_is_due();
    Ok(Opened { organization: key.organization, last_used_is_due, results })
}

async fn is_revoked(session: &Session<'_>) -> bool {
    !session.is_verified && revocation::is_revoked(session.kv, session.key.id()).await
}

/// Whether a key is good at that time. Moments are in ISO 8601, so that their order is that of texts.
fn check(
    deactivated_at: Option<&str>,
    expires_at: Option<&str>,
    is_revoked: bool,
    now: &str,
) -> Result<(), Refusal> {
    if is_revoked || deactivated_at.is_some() {
        return Err(Refusal::Deactivated);
    }
    match expires_at {
        Some(at) if at <= now => Err(Refusal::Expired { at: at.to_owned() }),
        _ => Ok(()),
    }
}

/// The 401 for the client. The isolate remembers it, unless a replica of D1 has answered: that may not know yet a key
/// that has just been made.
fn refuse(session: &Session<'_>, refusal: &Refusal) -> ScimError {
    let answer = refusal.answer(session.key);
    if session.database.is_current() {
        known_keys::note_refused(session.key, &answer);
    }
    answer
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
        let expired = || Err(Refusal::Expired { at: NOW.to_owned() });
        assert_eq!(check(None, None, false, NOW), Ok(()));
        assert_eq!(check(None, Some(LATER), false, NOW), Ok(()));
        assert_eq!(check(None, Some(NOW), false, NOW), expired());
        assert_eq!(check(Some(LATER), None, false, NOW), Err(Refusal::Deactivated));
        assert_eq!(check(Some(NOW), Some(NOW), false, NOW), Err(Refusal::Deactivated));
        assert_eq!(check(None, None, true, NOW), Err(Refusal::Deactivated));
    }

    #[test]
    fn a_header_without_a_key_is_refused_with_the_reason() {
        let detail = |header: Option<&str>| from_authorization(header).unwrap_err().detail;
        assert!(detail(None).contains("no Authorization header"));
        assert!(detail(Some("  ")).contains("no Authorization header"));
        assert!(detail(Some("non-token")).contains("does not begin with"));
        assert!(detail(Some("Basic dXNlcg==")).contains("not a bearer token"));
        assert!(detail(Some("Bearer")).contains("does not begin with"));
        assert!(detail(Some("scim-TOOSHORT")).contains("incomplete"));
    }
}
