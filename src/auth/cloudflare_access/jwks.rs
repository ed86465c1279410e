//! The public keys of an Access team (RFC 7517), cached by the isolate, and the verification of signatures with them.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use worker::js_sys::{Array, Uint8Array};
use worker::wasm_bindgen::JsCast;
use worker::web_sys::{CryptoKey, RequestInit};
use worker::{Delay, Response, console_error};

use super::refusal::refused;
use crate::http::{AdminCode, Problem};
use crate::runtime::web_crypto::{js_object, settled, subtle};
use crate::runtime::{clock, fetch as outgoing};
use scim_protocol::json;

/// How long keys are used before they are fetched again, in milliseconds.
pub(crate) const LIFETIME: u64 = 60 * 60 * 1000;
/// Least time between two fetches because of unknown keys, in milliseconds: an attacker can make up the id of a key.
pub(crate) const UNKNOWN_KEY_INTERVAL: u64 = 60 * 1000;
/// Time-out of a fetch, and least time between a failed fetch and the next, in milliseconds.
const TIMEOUT: u32 = 5000;
/// Pause between two looks at whether another request has fetched the keys.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Largest document of keys, in bytes. Access has two keys in 4 KiB.
pub(crate) const MAX_DOCUMENT: usize = 64 * 1024;

const ALGORITHM: &str = "RSASSA-PKCS1-v1_5";

thread_local! {
    /// One cache suffices: the variables of a deployment, and so the team, are the same for all requests of an isolate.
    static CACHE: RefCell<Cache> = const { RefCell::new(Cache::empty()) };
}

/// The keys by their ids, and the state of the last fetch.
struct Cache {
    keys: Vec<(String, CryptoKey)>,
    fetched_at: u64,
    last_fetch: LastFetch,
    last_fetch_at: u64,
}

enum LastFetch {
    /// A request is fetching the keys. If the client of that request disconnects, the state stays.
    Pending,
    Succeeded,
    Failed(String),
}

/// The outcome of a look into the cache.
enum Lookup {
    Found(CryptoKey),
    Unknown,
    Unavailable(String),
    /// Another request is fetching the keys.
    Pending,
    /// The caller has to fetch the keys.
    Due,
}

impl Cache {
    const fn empty() -> Self {
        Self { keys: Vec::new(), fetched_at: 0, last_fetch: LastFetch::Succeeded, last_fetch_at: 0 }
    }

    fn look_up(&mut self, kid: &str, now: u64) -> Lookup {
        let is_fresh = now.saturating_sub(self.fetched_at) < LIFETIME;
        if is_fresh && let Some((_, key)) = self.keys.iter().find(|(own, _)| own == kid) {
            return Lookup::Found(key.clone());
        }
        let since = now.saturating_sub(self.last_fetch_at);
        match &self.last_fetch {
            LastFetch::Succeeded if is_fresh && since < UNKNOWN_KEY_INTERVAL => Lookup::Unknown,
            LastFetch::Failed(why) if since < TIMEOUT.into() => Lookup::Unavailable(why.clone()),
            LastFetch::Pending if since < TIMEOUT.into() => Lookup::Pending,
            _ => {
                (self.last_fetch, self.last_fetch_at) = (LastFetch::Pending, now);
                Lookup::Due
            }
        }
    }

    fn store(&mut self, fetched: Result<Vec<(String, CryptoKey)>, String>, now: u64) {
        self.last_fetch_at = now;
        self.last_fetch = match fetched {
            Ok(keys) => {
                (self.keys, self.fetched_at) = (keys, now);
                LastFetch::Succeeded
            }
            Err(why) => LastFetch::Failed(why),
        };
    }
}

/// The team's key with that id. A request cannot await the fetch of another one, which the runtime ties to its own
/// request; so it polls.
///
/// # Errors
/// 401 if there is no such key, 503 if the keys cannot be fetched.
pub(crate) async fn find(team: &str, kid: &str) -> Result<CryptoKey, Problem> {
    let address = format!("{team}/cdn-cgi/access/certs");
    loop {
        match CACHE.with_borrow_mut(|cache| cache.look_up(kid, clock::now_millis())) {
            Lookup::Found(key) => return Ok(key),
            Lookup::Unknown => {
                return Err(refused(format_args!(
                    "is signed with an unknown key, which is none of {address}"
                )));
            }
            Lookup::Unavailable(why) => {
                let detail = format!("The keys of Cloudflare Access could not be had from {address}: {why}.");
                return Err(Problem::of(AdminCode::AccessUnavailable, detail));
            }
            Lookup::Pending => Delay::from(POLL_INTERVAL).await,
            Lookup::Due => {
                let fetched = fetch(&address).await;
                CACHE.with_borrow_mut(|cache| cache.store(fetched, clock::now_millis()));
            }
        }
    }
}

/// Whether the signature is good (RFC 7518 §3.3).
pub(crate) async fn verify(key: &CryptoKey, signed: &[u8], signature: &[u8]) -> bool {
    // Copies, since the memory of WebAssembly may move while the runtime verifies.
    let (signed, signature) = (Uint8Array::from(signed), Uint8Array::from(signature));
    let promise = subtle().and_then(|subtle| {
        subtle.verify_with_str_and_buffer_source_and_buffer_source(ALGORITHM, key, &signature, &signed)
    });
    settled(promise).await.is_ok_and(|verified| verified.is_truthy())
}

/// Fetches the keys.
///
/// # Errors
/// Why that failed, for the administrator.
async fn fetch(address: &str) -> Result<Vec<(String, CryptoKey)>, String> {
    // Access redirects to a page if it does not know the team.
    let response = outgoing::send(address, &RequestInit::new(), TIMEOUT).await;
    let mut response = response.map_err(|error| {
        console_error!("{address} could not be fetched: {error}");
        "it does not answer"
    })?;
    if response.status_code() != 200 {
        return Err(format!("it answers {}", response.status_code()));
    }
    let Ok(document) = serde_json::from_slice::<Value>(&read(&mut response).await?) else {
        return Err("its answer is no JSON".to_owned());
    };
    let mut keys = Vec::new();
    for entry in json::read::<Jwks>(&document).unwrap_or_default().keys {
        keys.extend(import(&entry).await);
    }
    if keys.is_empty() { Err("it has no keys for RS256".to_owned()) } else { Ok(keys) }
}

async fn read(response: &mut Response) -> Result<Vec<u8>, &'static str> {
    let mut body = Vec::new();
    let Ok(mut stream) = response.stream() else { return Ok(body) };
    while let Some(chunk) = stream.next().await {
        body.extend(chunk.map_err(|_| "its answer breaks off")?);
        if body.len() > MAX_DOCUMENT {
            return Err("its answer is too long");
        }
    }
    Ok(body)
}

/// A set of keys (RFC 7517 §5).
#[derive(Default, Deserialize)]
struct Jwks {
    #[serde(default)]
    keys: Vec<Value>,
}

/// An RSA key (RFC 7518 §6.3.1).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    n: String,
    e: String,
}

/// Imports a key with its id, if it is one for RS256. RFC 7517 §5: entries that are not understood are ignored.
async fn import(entry: &Value) -> Option<(String, CryptoKey)> {
    let jwk: Jwk = json::read(entry).ok()?;
    if jwk.kty != "RSA"
        || jwk.alg.is_some_and(|alg| alg != "RS256")
        || jwk.usage.is_some_and(|usage| usage != "sig")
    {
        return None;
    }
    // Only the key itself: WebCrypto refuses keys whose other members, such as `key_ops`, do not fit.
    let data = js_object(&PublicKey { kty: "RSA", n: &jwk.n, e: &jwk.e }).ok()?;
    let algorithm = js_object(&Algorithm { name: ALGORITHM, hash: "SHA-256" }).ok()?;
    let usages = Array::of1(&"verify".into());
    let promise =
        subtle().and_then(|subtle| subtle.import_key_with_object("jwk", &data, &algorithm, false, &usages));
    Some((jwk.kid, settled(promise).await.ok()?.unchecked_into()))
}

/// WebCrypto's `JsonWebKey`.
#[derive(Serialize)]
struct PublicKey<'a> {
    kty: &'a str,
    n: &'a str,
    e: &'a str,
}

/// WebCrypto's `RsaHashedImportParams`.
#[derive(Serialize)]
struct Algorithm {
    name: &'static str,
    hash: &'static str,
}
