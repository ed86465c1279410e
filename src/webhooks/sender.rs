//! One delivery: the message, its signatures, and what the receiver answers.

use base64ct::{Base64, Encoding};
use futures_util::StreamExt;
use worker::web_sys::RequestInit;
use worker::{Env, Headers, Response, Url};

use super::queue;
use super::tokens::SetError;
use crate::d1::webhooks::delivery::Attempt;
use crate::deployment::variable;
use crate::redaction::secrets::redact;
use crate::runtime::{clock, crypto, fetch};
use crate::storage_error::StorageError;
use directory::webhook::{
    Format, LONGEST_ADDRESS, SECRET_PREFIX, TOKEN_ERRORS, host_refusal, signed_content,
};
use scim_protocol::json::parse;

/// How long a receiver may take to answer, in milliseconds.
pub(crate) const TIMEOUT: u32 = 10_000;
/// How much of an answer is read, in bytes.
pub(crate) const MOST_READ: usize = 4 * 1024;
/// How much of an answer is kept, in bytes.
pub(crate) const MOST_ANSWER: usize = 500;
/// Largest message of a queue, in bytes: Cloudflare takes 128 KB with what it adds.
pub(crate) const MOST_MESSAGE: usize = 125_000;
/// The variable that lets webhooks deliver to any address.
const TARGETS: &str = "WEBHOOK_TARGETS";

/// Where a webhook delivers to, and how.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    Address(&'a str),
    /// An address that takes security event tokens (RFC 8935).
    Tokens(&'a str),
    /// The binding of a queue.
    Queue(&'a str),
}

impl<'a> Target<'a> {
    pub(crate) fn of(format: Format, address: Option<&'a str>, queue: Option<&'a str>) -> Self {
        match (address, format) {
            (Some(address), Format::StandardWebhooks) => Self::Address(address),
            (Some(address), Format::SecurityEventTokens) => Self::Tokens(address),
            (None, _) => Self::Queue(queue.unwrap_or_default()),
        }
    }
}

/// Why an address cannot be that of a webhook; `None`: it can. Names are not resolved: a Worker does not see to which
/// address a name leads, and cannot hold `fetch` to one.
pub(crate) fn refusal(env: &Env, address: &str) -> Option<&'static str> {
    if address.len() > LONGEST_ADDRESS {
        return Some("it is too long");
    }
    let Ok(url) = Url::parse(address) else { return Some("it is no URL") };
    if !url.username().is_empty() || url.password().is_some() {
        return Some("a user name and a password do not belong into it: messages are signed");
    }
    if variable(env, TARGETS, "public") == "any" {
        return (!matches!(url.scheme(), "https" | "http")).then_some("it is no address of the web");
    }
    if url.scheme() != "https" {
        return Some("it does not begin with https://");
    }
    host_refusal(url.host_str().unwrap_or_default())
}

/// A message.
pub(crate) struct Message<'a> {
    /// The id, which is the same in each attempt.
    pub(crate) id: &'a str,
    /// The type of the event.
    pub(crate) r#type: &'a str,
    /// The event; `None`: a test.
    pub(crate) event: Option<i64>,
    /// JSON, or a signed token.
    pub(crate) body: &'a str,
}

/// What a receiver has answered: the status, the beginning of the text, and what a receiver of tokens calls the error.
type Answered = (u16, String, Option<String>);

/// Makes an attempt at a delivery, the `attempt`th at the event. The first of the secrets is the value of the header
/// `Authorization` where tokens are delivered.
pub(crate) async fn send(
    env: &Env,
    target: Target<'_>,
    secrets: &[Option<String>],
    message: &Message<'_>,
    attempt: u32,
) -> Attempt {
    let began = clock::now_millis();
    let outcome = match target {
        Target::Address(address) => post(env, address, secrets, message, began / 1000).await,
        Target::Tokens(address) => {
            let authorization = secrets.iter().flatten().next().map_or("", String::as_str);
            push(env, address, authorization, message.body).await
        }
        Target::Queue(binding) => put(env, binding, message).await,
    };
    let (status, answer, error) = outcome.unwrap_or_else(|why| (0, why, None));
    let answer = redact(&answer);
    Attempt {
        at: clock::iso(began),
        event: message.event,
        r#type: message.r#type.to_owned(),
        attempt,
        status,
        duration: clock::now_millis().saturating_sub(began),
        answer: answer.get(..answer.floor_char_boundary(MOST_ANSWER)).unwrap_or_default().to_owned(),
        error,
    }
}

async fn put(env: &Env, binding: &str, message: &Message<'_>) -> Result<Answered, String> {
    let too_large = format!(
        "{{\"type\":{0:?},\"data\":{{\"id\":{1:?},\"seq\":{2},\"type\":{0:?},\"is_shortened\":true}}}}",
        message.r#type,
        message.id,
        message.event.unwrap_or_default()
    );
    let body = if message.body.len() > MOST_MESSAGE { &too_large } else { message.body };
    match queue::named(env, binding).send_json(body).await {
        Ok(()) => Ok((200, String::new(), None)),
        Err(error) => {
            Err(error.as_string().unwrap_or_else(|| format!("the queue refused the message: {error:?}")))
        }
    }
}

async fn post(
    env: &Env,
    address: &str,
    secrets: &[Option<String>],
    message: &Message<'_>,
    seconds: u64,
) -> Result<Answered, String> {
    let signed = signed_content(message.id, seconds, message.body);
    let signature = signature(secrets, &signed).map_err(|error| format!("{error:?}"))?;
    let headers = [
        ("Content-Type", "application/json"),
        ("webhook-id", message.id),
        ("webhook-timestamp", &seconds.to_string()),
        ("webhook-signature", &signature),
    ];
    let (status, answer) = answer(env, address, &headers, message.body).await?;
    Ok((status, answer, None))
}

/// Pushes a token (RFC 8935, section 2).
async fn push(env: &Env, address: &str, authorization: &str, token: &str) -> Result<Answered, String> {
    let mut headers = vec![("Content-Type", "application/secevent+jwt"), ("Accept", "application/json")];
    if !authorization.is_empty() {
        headers.push(("Authorization", authorization));
    }
    let (status, mut answer) = answer(env, address, &headers, token).await?;
    // A receiver may repeat what it was sent.
    if !authorization.is_empty() {
        answer = answer.replace(authorization, "…");
    }
    match status {
        202 => Ok((status, answer, None)),
        200..=299 => Err(format!("it answers {status}: only 202 says that it took the token (RFC 8935)")),
        _ => {
            let told = parse::<SetError>(&answer).ok();
            let known = told.and_then(|told| TOKEN_ERRORS.into_iter().find(|known| *known == told.err));
            Ok((status, answer, known.map(str::to_owned)))
        }
    }
}

/// The status and the beginning of what an address answers.
async fn answer(
    env: &Env,
    address: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<(u16, String), String> {
    if let Some(why) = refusal(env, address) {
        return Err(format!("nothing was sent: {why}"));
    }
    let answered = request(address, headers, body).await;
    let mut response = answered.map_err(|error| match error.to_string() {
        text if text.contains("imeout") || text.contains("abort") => {
            format!("there was no answer within {} seconds", TIMEOUT / 1000)
        }
        text => format!("there was no answer: {text}"),
    })?;
    let status = response.status_code();
    let answer = read(&mut response).await;
    match status {
        300..=399 => Err(format!("it answers {status}: redirects are not followed")),
        _ => Ok((status, answer)),
    }
}

/// The header with a signature for each secret, `v1,` and Base64 each.
fn signature(secrets: &[Option<String>], signed: &str) -> Result<String, StorageError> {
    let mut all = Vec::new();
    for secret in secrets.iter().flatten() {
        let encoded = secret.strip_prefix(SECRET_PREFIX).unwrap_or(secret);
        let key = Base64::decode_vec(encoded)
            .map_err(|_| StorageError::internal("the secret of a webhook is not Base64".to_owned()))?;
        let mac = crypto::hmac_sha256(&key, signed.as_bytes())?;
        all.push(format!("v1,{}", Base64::encode_string(&mac)));
    }
    Ok(all.join(" "))
}

async fn request(address: &str, own: &[(&str, &str)], body: &str) -> worker::Result<Response> {
    let headers = Headers::new();
    headers.set("User-Agent", concat!("scim-edge/", env!("CARGO_PKG_VERSION")))?;
    for (name, value) in own {
        headers.set(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(headers.as_ref());
    init.set_body(&body.into());
    fetch::send(address, &init, TIMEOUT).await
}

/// The beginning of an answer. The rest is not read.
async fn read(response: &mut Response) -> String {
    let mut body = Vec::new();
    if let Ok(mut stream) = response.stream() {
        while body.len() < MOST_READ
            && let Some(Ok(chunk)) = stream.next().await
        {
            body.extend(chunk);
        }
    }
    body.truncate(MOST_READ);
    String::from_utf8_lossy(&body).into_owned()
}
