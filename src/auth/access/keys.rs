//! The public keys of an Access team (RFC 7517), kept by the isolate, and what they have signed.

use std::cell::RefCell;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use worker::js_sys::{self, Array, Object, Promise, Reflect, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{
    self, AbortSignal, CryptoKey, RequestInit, RequestRedirect, SubtleCrypto, WorkerGlobalScope,
};
use worker::{Delay, Response, console_error};

use super::refused;
use crate::http::Problem;
use crate::runtime::clock;
use scim_protocol::json;

/// How long keys are used before they are fetched anew, in milliseconds.
const LIFETIME: u64 = 60 * 60 * 1000;
/// How long after keys were fetched an unknown one does not have them fetched again, in milliseconds. Anybody can make
/// up the name of a key.
const INTERVAL: u64 = 60 * 1000;
/// How long they are waited for, and how long after they could not be had nobody tries again, in milliseconds.
const PATIENCE: u32 = 5000;
/// Between two looks at whether another request has fetched them.
const PAUSE: Duration = Duration::from_millis(50);
/// Largest document of keys, in bytes. Access has two keys in 4 KiB.
const LIMIT: usize = 64 * 1024;

const ALGORITHM: &str = "RSASSA-PKCS1-v1_5";

thread_local! {
    /// The variables of a deployment are the same for every request of an isolate, and so is the team.
    static KEYS: RefCell<Keys> = const { RefCell::new(Keys::none()) };
}

/// The keys, and how it went when they were last asked for.
struct Keys {
    held: Vec<(String, CryptoKey)>,
    fetched_at: u64,
    asked: Asked,
    asked_at: u64,
}

enum Asked {
    /// A request is waiting for them. If it goes away, nobody is told.
    Pending,
    Answered,
    Failed(String),
}

/// What to do about a key.
enum Step {
    Found(CryptoKey),
    Unknown,
    Unavailable(String),
    Wait,
    Fetch,
}

impl Keys {
    const fn none() -> Self {
        Self { held: Vec::new(), fetched_at: 0, asked: Asked::Answered, asked_at: 0 }
    }

    /// Looks a key up. After [`Step::Fetch`] it is the caller who fetches.
    fn look_up(&mut self, kid: &str, now: u64) -> Step {
        let are_fresh = now.saturating_sub(self.fetched_at) < LIFETIME;
        if are_fresh && let Some((_, key)) = self.held.iter().find(|(own, _)| own == kid) {
            return Step::Found(key.clone());
        }
        let since = now.saturating_sub(self.asked_at);
        match &self.asked {
            Asked::Answered if are_fresh && since < INTERVAL => Step::Unknown,
            Asked::Failed(why) if since < PATIENCE.into() => Step::Unavailable(why.clone()),
            Asked::Pending if since < PATIENCE.into() => Step::Wait,
            _ => {
                (self.asked, self.asked_at) = (Asked::Pending, now);
                Step::Fetch
            }
        }
    }

    fn note(&mut self, outcome: Result<Vec<(String, CryptoKey)>, String>, now: u64) {
        self.asked_at = now;
        self.asked = match outcome {
            Ok(keys) => {
                (self.held, self.fetched_at) = (keys, now);
                Asked::Answered
            }
            Err(why) => Asked::Failed(why),
        };
    }
}

/// The team's key of that name. Requests cannot wait for one another's fetches, but they can look whether one is done.
///
/// # Errors
/// 401 if there is no such key, 503 if the keys cannot be had.
pub(crate) async fn find(team: &str, kid: &str) -> Result<CryptoKey, Problem> {
    let address = format!("{team}/cdn-cgi/access/certs");
    loop {
        match KEYS.with_borrow_mut(|keys| keys.look_up(kid, clock::now_millis())) {
            Step::Found(key) => return Ok(key),
            Step::Unknown => {
                return Err(refused(format_args!(
                    "is signed with an unknown key, which is none of {address}"
                )));
            }
            Step::Unavailable(why) => {
                let detail = format!("The keys of Cloudflare Access could not be had from {address}: {why}.");
                return Err(Problem::new(503, detail));
            }
            Step::Wait => Delay::from(PAUSE).await,
            Step::Fetch => {
                let outcome = fetch(&address).await;
                KEYS.with_borrow_mut(|keys| keys.note(outcome, clock::now_millis()));
            }
        }
    }
}

/// Whether the key has signed that (RFC 7518 §3.3).
pub(crate) async fn has_signed(key: &CryptoKey, signed: &[u8], signature: &[u8]) -> bool {
    // Copies, since our memory may move while the runtime is at it.
    let (signed, signature) = (Uint8Array::from(signed), Uint8Array::from(signature));
    let promise = subtle().and_then(|subtle| {
        subtle.verify_with_str_and_buffer_source_and_buffer_source(ALGORITHM, key, &signature, &signed)
    });
    settled(promise).await.is_ok_and(|verified| verified.is_truthy())
}

/// Fetches the keys, or says why that is not possible.
async fn fetch(address: &str) -> Result<Vec<(String, CryptoKey)>, String> {
    let mut response = request(address).await.map_err(|error| {
        console_error!("{address} could not be fetched: {error:?}");
        "it does not answer"
    })?;
    if response.status_code() != 200 {
        return Err(format!("it answers {}", response.status_code()));
    }
    let body = read(&mut response).await?;
    let document = json::parse(&body).map_err(|_| "its answer is no JSON")?;
    let mut keys = Vec::new();
    for jwk in document.get("keys").and_then(Value::as_array).into_iter().flatten() {
        keys.extend(import(jwk).await);
    }
    if keys.is_empty() { Err("it has no keys for RS256".to_owned()) } else { Ok(keys) }
}

async fn request(address: &str) -> Result<Response, JsValue> {
    let init = RequestInit::new();
    // Where Access does not know a team, it leads to a page.
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE)));
    let response = settled(Ok(global().fetch_with_str_and_init(address, &init))).await?;
    Ok(response.dyn_into::<web_sys::Response>()?.into())
}

async fn read(response: &mut Response) -> Result<Vec<u8>, &'static str> {
    let mut body = Vec::new();
    let Ok(mut stream) = response.stream() else { return Ok(body) };
    while let Some(piece) = stream.next().await {
        body.extend(piece.map_err(|_| "its answer breaks off")?);
        if body.len() > LIMIT {
            return Err("its answer is too long");
        }
    }
    Ok(body)
}

/// A key with its name, if it is one for RS256.
async fn import(jwk: &Value) -> Option<(String, CryptoKey)> {
    let text = |name| jwk.get(name).and_then(Value::as_str);
    if text("kty") != Some("RSA")
        || text("alg").is_some_and(|alg| alg != "RS256")
        || text("use").is_some_and(|to| to != "sig")
    {
        return None;
    }
    // Of all members, only the key itself.
    let data = record(&[("kty", "RSA"), ("n", text("n")?), ("e", text("e")?)]).ok()?;
    let algorithm = record(&[("name", ALGORITHM), ("hash", "SHA-256")]).ok()?;
    let uses = Array::of1(&"verify".into());
    let promise =
        subtle().and_then(|subtle| subtle.import_key_with_object("jwk", &data, &algorithm, false, &uses));
    Some((text("kid")?.to_owned(), settled(promise).await.ok()?.unchecked_into()))
}

/// What a promise comes to.
async fn settled(promise: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(promise?).await
}

fn record(members: &[(&str, &str)]) -> Result<Object, JsValue> {
    let record = Object::new();
    for (name, value) in members {
        Reflect::set(&record, &(*name).into(), &(*value).into())?;
    }
    Ok(record)
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    Ok(global().crypto()?.subtle())
}

fn global() -> WorkerGlobalScope {
    js_sys::global().unchecked_into()
}
