//! The header `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): whoever repeats a POST after a lost answer
//! gets the same answer, and nothing is made twice.
//!
//! A new SCIM key stands in the first answer alone. For a minute it is kept encrypted, by what the database does not
//! have: the call's own key and the admin token.

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use base64ct::{Base64, Encoding};
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};
use worker::console_error;

use super::{Console, Reply, Request, put};
use crate::d1::idempotent_calls::{self as stored, Call, SECRET_MILLIS};
use crate::d1::{Batch, StorageError};
use crate::http::Problem;
use crate::runtime::{clock, random};
use scim_protocol::json;

/// Longest key of a call, in characters.
const LONGEST: usize = 255;
/// Fewest characters of a key of a call by which a secret is kept where there is no admin token.
const UNGUESSABLE: usize = 22;
const NONCE_LENGTH: usize = 12;

/// The key of a call, as its caller chose it.
#[derive(Debug, Clone)]
pub struct CallKey(String);

impl CallKey {
    /// Reads the header's value: a string of RFC 8941, or the bare text.
    ///
    /// # Errors
    /// 400 for what is no key.
    pub fn parse(header: &str) -> Result<Self, Problem> {
        let header = header.trim();
        let key = header.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(header);
        let is_plain = key.bytes().all(|byte| matches!(byte, b'!'..=b'~') && !matches!(byte, b'"' | b'\\'));
        if key.is_empty() || key.len() > LONGEST || !is_plain {
            return Err(Problem::new(
                400,
                format!(
                    "\"Idempotency-Key\" must be 1 to {LONGEST} characters of ASCII without spaces, such as a UUID."
                ),
            ));
        }
        Ok(Self(key.to_owned()))
    }

    /// What the database knows the call by.
    fn id(&self, console: &Console<'_>) -> String {
        digest(&["call", console.actor.name(), &self.0])
    }

    /// The key that encrypts what a call's answer must not be kept with in clear; `None` where it could be guessed.
    fn cipher(&self, console: &Console<'_>) -> Option<Aes256Gcm> {
        if console.admin_token.is_empty() && self.0.len() < UNGUESSABLE {
            return None;
        }
        let mut authenticator = <Hmac<Sha256> as Mac>::new_from_slice(console.admin_token.as_bytes()).ok()?;
        authenticator.update(digest(&["secret of an answer", console.actor.name(), &self.0]).as_bytes());
        Aes256Gcm::new_from_slice(&authenticator.finalize().into_bytes()).ok()
    }
}

/// Answers a call once: whoever repeats it with the same key is told the same.
///
/// # Errors
/// As [`super::answer`]; 422 for a key that belongs to another request, 409 where the first one is still under way or
/// its answer is lost.
pub(crate) async fn answer(
    console: &mut Console<'_>,
    request: Request<'_>,
    key: &CallKey,
) -> Result<Reply, Problem> {
    let id = key.id(console);
    let path = request.path.join("/");
    let body = json::parse(request.body)
        .map_or_else(|_| request.body.to_vec(), |body| json::write(&body).into_bytes());
    let asked = digest(&[request.method, &path, &String::from_utf8_lossy(&body)]);
    let mut batch = Batch::new();
    let call = stored::claim(&mut batch, &id, &asked, console.now_millis);
    let call = console.database.batch(&batch).await?.first(call)?.ok_or(StorageError::Stale)?;
    if !call.is_new {
        return repeated(console, key, &asked, &call);
    }
    console.call = Some(id.clone());
    let outcome = super::answer(console, request).await;
    console.call = None;
    let kept = match &outcome {
        Ok(reply) => keep(console, key, &id, reply)?,
        Err(_) => stored::release(&id),
    };
    if let Err(error) = console.database.execute(kept).await {
        console_error!("the answer to a call cannot be kept for its repetition: {error:?}");
    }
    outcome
}

/// Whether the call has been made by the same caller.
pub(crate) async fn is_known(console: &Console<'_>, key: &CallKey) -> Result<bool, StorageError> {
    let found = console.database.execute(stored::find(&key.id(console), console.now_millis)).await?;
    Ok(found > 0)
}

fn keep(
    console: &Console<'_>,
    key: &CallKey,
    id: &str,
    reply: &Reply,
) -> Result<crate::d1::Statement, StorageError> {
    let mut answer = reply.body.clone();
    let secret = match answer.as_object_mut().and_then(|answer| answer.shift_remove("key")) {
        Some(Value::String(secret)) => {
            put(&mut answer, "note", KEY_IS_GONE);
            seal(console, key, &secret)?
        }
        _ => None,
    };
    Ok(stored::answered(id, reply.status, &json::write(&answer), secret.as_deref()))
}

const KEY_IS_GONE: &str = "This call was made before, and its new SCIM key was in the first answer. It cannot be shown any more: if \
                           nobody has kept it, regenerate the key.";

fn repeated(console: &Console<'_>, key: &CallKey, asked: &str, call: &Call) -> Result<Reply, Problem> {
    if call.request != asked {
        return Err(Problem::new(
            422,
            "This \"Idempotency-Key\" belongs to another request, made within a day. Use a new one for each request.",
        ));
    }
    let Some(status) = call.status else {
        return Err(Problem::new(
            409,
            if call.is_done {
                "The first request with this \"Idempotency-Key\" was carried out, and its answer is lost. Look at what it has \
                 made before you go on."
            } else {
                "The first request with this \"Idempotency-Key\" is still under way, or was broken off before it changed anything. \
                 Try again in a while; after a minute, with a new key."
            },
        ));
    };
    let answer = call.answer.as_deref().unwrap_or("null");
    let mut body: Value = serde_json::from_str(answer)
        .map_err(|error| StorageError::Internal(format!("a kept answer is not JSON: {error}")))?;
    let age = console.now_millis.saturating_sub(clock::parse_iso(&call.began_at)?);
    if age < SECRET_MILLIS
        && let Some(secret) = call.secret.as_deref().and_then(|secret| open(console, key, secret))
    {
        if let Some(body) = body.as_object_mut() {
            body.shift_remove("note");
        }
        put(&mut body, "key", secret);
    }
    Ok(Reply { status, body })
}

fn seal(console: &Console<'_>, key: &CallKey, secret: &str) -> Result<Option<String>, StorageError> {
    let Some(cipher) = key.cipher(console) else { return Ok(None) };
    let nonce = random::bytes::<NONCE_LENGTH>()?;
    let sealed = cipher.encrypt(Nonce::from_slice(&nonce), secret.as_bytes()).ok();
    Ok(sealed.map(|sealed| Base64::encode_string(&[&nonce[..], &sealed].concat())))
}

fn open(console: &Console<'_>, key: &CallKey, sealed: &str) -> Option<String> {
    let sealed = Base64::decode_vec(sealed).ok()?;
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LENGTH)?;
    let secret = key.cipher(console)?.decrypt(Nonce::from_slice(nonce), sealed).ok()?;
    String::from_utf8(secret).ok()
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
        for header in ["k", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", " a:b/c ", &"x".repeat(LONGEST)] {
            assert!(CallKey::parse(header).is_ok(), "{header}");
        }
        for header in ["", "\"\"", "a b", "ä", "\"a", "a\\b", &"x".repeat(LONGEST + 1)] {
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
