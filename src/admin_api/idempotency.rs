//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a client that repeats a POST after a lost
//! answer gets the same answer, and nothing is created twice.
//!
//! A new SCIM key is in the first answer only. For a minute the database keeps that answer encrypted with what the
//! database does not have: the call's own key and the admin token.

use base64ct::{Base64, Encoding};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use worker::console_error;

use super::context::AdminContext;
use super::reply::{Made, Reply, Work};
use crate::d1::idempotent_calls::{self as stored, Call, SECRET_MILLIS};
use crate::d1::{Batch, StorageError};
use crate::http::{AdminCode, Problem};
use crate::runtime::{clock, crypto};
use scim_protocol::json::parse_object;

/// Longest key of a call, in characters.
pub(crate) const MAX_LENGTH: usize = 255;
/// Shortest key of a call, in characters, with which a secret is kept in a deployment without an admin token.
const UNGUESSABLE: usize = 22;

/// The key of a call, as its caller chose it.
#[derive(Debug, Clone)]
pub(crate) struct CallKey(String);

impl CallKey {
    /// Reads the header's value: a string of RFC 8941, or the bare text.
    ///
    /// # Errors
    /// 400 for an invalid key.
    pub(crate) fn parse(header: &str) -> Result<Self, Problem> {
        let header = header.trim();
        let key = header.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(header);
        let is_plain = key.bytes().all(|byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b'"' | b'\\'));
        if key.is_empty() || key.len() > MAX_LENGTH || !is_plain {
            return Err(Problem::of(
                AdminCode::InvalidIdempotencyKey,
                format!(
                    "\"Idempotency-Key\" must be 1 to {MAX_LENGTH} characters of ASCII without spaces, such as a UUID."
                ),
            ));
        }
        Ok(Self(key.to_owned()))
    }

    /// The id of the row that remembers the call.
    fn id(&self, context: &AdminContext<'_>) -> String {
        digest(&["call", context.actor.name(), &self.0])
    }

    /// The key that encrypts the secret of an answer; `None` where it could be guessed.
    fn encryption_key(&self, context: &AdminContext<'_>) -> Result<Option<[u8; 32]>, StorageError> {
        if context.admin_token.is_none() && self.0.len() < UNGUESSABLE {
            return Ok(None);
        }
        let call = digest(&["secret of an answer", context.actor.name(), &self.0]);
        let token = context.admin_token.as_deref().unwrap_or("");
        crypto::hmac_sha256(token.as_bytes(), call.as_bytes()).map(Some)
    }
}

/// What a call asks for: a repetition has to ask for the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fingerprint<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a str,
}

/// Reads a kept answer.
///
/// # Errors
/// Internal, if it is not a `T`.
pub(crate) fn read_kept<T: DeserializeOwned>(json: &str) -> Result<T, StorageError> {
    parse_object(json)
        .map_err(|error| StorageError::internal(format!("the kept answer to a call cannot be read: {error}")))
}

/// Carries out a call once: a repetition with the same key gets the answer of the first.
///
/// # Errors
/// Those of the work; 422 for a key of another request, 409 while the first request is in progress or if its answer is
/// lost.
pub(super) async fn once_only(
    context: &AdminContext<'_>,
    key: &CallKey,
    call: Fingerprint<'_>,
    work: Work<'_>,
) -> Result<Reply<String>, Problem> {
    if let Some(kept) = begin(context, key, call).await? {
        return Ok(kept);
    }
    let outcome = work.await;
    end(context, key, outcome.as_ref().ok()).await?;
    Ok(outcome?.reply)
}

/// Claims the key of a call, or finds the answer of the first call with it.
async fn begin(
    context: &AdminContext<'_>,
    key: &CallKey,
    call: Fingerprint<'_>,
) -> Result<Option<Reply<String>>, Problem> {
    let id = key.id(context);
    let asked = digest(&[call.method, call.path, call.body]);
    let mut batch = Batch::new();
    let claimed = stored::claim(&mut batch, &id, &asked, context.now_millis);
    let claimed = context.database.batch(&batch).await?.first(claimed)?.ok_or_else(StorageError::stale)?;
    if !claimed.is_new {
        return repeated(context, key, &asked, claimed).map(Some);
    }
    context.call_id.replace(Some(id));
    Ok(None)
}

/// Keeps the answer of a call, or releases its key if the call failed.
async fn end(context: &AdminContext<'_>, key: &CallKey, made: Option<&Made>) -> Result<(), StorageError> {
    let Some(id) = context.call_id.take() else { return Ok(()) };
    let statement = match made {
        Some(Made { reply, without_secret: Some(json) }) => {
            let sealed = seal(context, key, &reply.body)?;
            stored::answered(&id, reply.status, json, sealed.as_deref())
        }
        Some(Made { reply, without_secret: None }) => stored::answered(&id, reply.status, &reply.body, None),
        None => stored::release(&id),
    };
    if let Err(error) = context.database.execute(statement).await {
        console_error!("the answer to a call cannot be kept for its repetition: {error:?}");
    }
    Ok(())
}

/// Whether the caller has made a call with that key before.
pub(crate) async fn is_known(context: &AdminContext<'_>, key: &CallKey) -> Result<bool, StorageError> {
    let found = context.database.execute(stored::find(&key.id(context), context.now_millis)).await?;
    Ok(found > 0)
}

fn repeated(
    context: &AdminContext<'_>,
    key: &CallKey,
    asked: &str,
    first: Call,
) -> Result<Reply<String>, Problem> {
    if first.request != asked {
        return Err(Problem::of(
            AdminCode::IdempotencyKeyReused,
            "This \"Idempotency-Key\" belongs to another request, made within a day. Use a new one for each request.",
        ));
    }
    let (Some(status), Some(json)) = (first.status, first.answer) else {
        return Err(Problem::of(
            if first.is_done { AdminCode::AnswerLost } else { AdminCode::CallUnderWay },
            if first.is_done {
                "The first request with this \"Idempotency-Key\" was carried out, and its answer is lost. Look at what \
                 it has made before you go on."
            } else {
                "The first request with this \"Idempotency-Key\" is still under way, or was broken off before it \
                 changed anything. Try again in a while; after a minute, with a new key."
            },
        ));
    };
    let age = context.now_millis.saturating_sub(clock::parse_iso(&first.began_at)?);
    let with_secret =
        first.secret.filter(|_| age < SECRET_MILLIS).and_then(|sealed| open(context, key, &sealed));
    Ok(Reply { status, body: with_secret.unwrap_or(json) })
}

fn seal(context: &AdminContext<'_>, key: &CallKey, answer: &str) -> Result<Option<String>, StorageError> {
    let Some(encryption_key) = key.encryption_key(context)? else { return Ok(None) };
    Ok(Some(Base64::encode_string(&crypto::encrypt(&encryption_key, answer.as_bytes())?)))
}

fn open(context: &AdminContext<'_>, key: &CallKey, sealed: &str) -> Option<String> {
    let encryption_key = key.encryption_key(context).ok()??;
    let answer = crypto::decrypt(&encryption_key, &Base64::decode_vec(sealed).ok()?)?;
    // An earlier version kept the bare secret.
    String::from_utf8(answer).ok().filter(|answer| answer.starts_with('{'))
}

fn digest(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    base16ct::lower::encode_string(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_string_of_a_header() {
        for header in ["k", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", " a:b/c ", &"x".repeat(MAX_LENGTH)] {
            assert!(CallKey::parse(header).is_ok(), "{header}");
        }
        for header in ["", "\"\"", "a b", "ä", "\"a", "a\\b", &"x".repeat(MAX_LENGTH + 1)] {
            assert_eq!(CallKey::parse(header).unwrap_err().status, 400, "{header}");
        }
        assert_eq!(CallKey::parse("\"k\"").unwrap().0, CallKey::parse("k").unwrap().0);
    }

    #[test]
    fn parts_of_a_digest_do_not_run_into_each_other() {
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
        assert_eq!(digest(&["a"]).len(), 64);
    }
}
