//! Signed tokens (RFC 7515), and the addresses at which receivers find the keys.

use std::cell::RefCell;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

use crate::d1::StorageError;
use crate::d1::product::signing_keys::{self, SigningKey};
use crate::deployment::Deployment;
use crate::http::Problem;
use crate::http::response::HttpResponse;
use crate::runtime::clock;
use crate::runtime::web_crypto;
use directory::Shard;

/// How long an isolate remembers the keys, in milliseconds. A new key is published for longer before it signs.
const REMEMBERED: u64 = 5 * 60 * 1000;
/// How long receivers may keep them, in seconds.
const MAX_AGE: u32 = 60 * 60;

thread_local! {
    static KEYS: RefCell<(u64, Vec<SigningKey>)> = const { RefCell::new((0, Vec::new())) };
}

/// The keys, the newest first.
async fn keys(deployment: &Deployment<'_>) -> Result<Vec<SigningKey>, StorageError> {
    let now = clock::now_millis();
    let known = KEYS.with_borrow(|(until, keys)| (*until > now).then(|| keys.clone()));
    if let Some(known) = known {
        return Ok(known);
    }
    let database = deployment.database(Shard::FIRST).ok_or_else(|| internal("there is no first database"))?;
    let keys = signing_keys::all(&database, now).await?;
    KEYS.set((now.saturating_add(REMEMBERED), keys.clone()));
    Ok(keys)
}

/// `GET /.well-known/jwks.json`: the public keys (RFC 7517).
pub(crate) async fn published(deployment: &Deployment<'_>) -> Result<HttpResponse, Problem> {
    let mut published = Vec::new();
    for stored in keys(deployment).await? {
        let key = stored.key()?;
        published.push(json!({
            "kty": key.kty, "crv": key.crv, "x": key.x, "y": key.y,
            "kid": stored.id, "alg": "ES256", "use": "sig",
        }));
    }
    let body = json!({"keys": published}).to_string();
    Ok(HttpResponse::json(200, "application/jwk-set+json", body)
        .with_header("Cache-Control", format!("public, max-age={MAX_AGE}")))
}

/// Signs claims as tokens of a type, in the order of the claims.
pub(crate) async fn signed(
    deployment: &Deployment<'_>,
    token_type: &str,
    claims: &[Value],
) -> Result<Vec<String>, StorageError> {
    let keys = keys(deployment).await?;
    let signer = signing_keys::signer(&keys, clock::now_millis())
        .ok_or_else(|| internal("there is no signing key"))?;
    let key = signer.key()?;
    let header = encoded(&json!({"alg": "ES256", "kid": signer.id, "typ": token_type}));
    let mut tokens = Vec::with_capacity(claims.len());
    for claims in claims {
        let signed = format!("{header}.{}", encoded(claims));
        let signature = web_crypto::sign_es256(&key, signed.as_bytes()).await;
        let signature =
            signature.map_err(|error| internal(&format!("a token could not be signed: {error}")))?;
        tokens.push(format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature)));
    }
    Ok(tokens)
}

fn encoded(value: &Value) -> String {
    Base64UrlUnpadded::encode_string(value.to_string().as_bytes())
}

fn internal(what: &str) -> StorageError {
    StorageError::internal(what.to_owned())
}
