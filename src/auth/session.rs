//! The session that the admin token is exchanged for: a cookie with 256 random bits, of which the first database keeps
//! an HMAC under the admin token. Another token or another origin makes another HMAC, so that the cookie is worth
//! nothing there.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::d1::console_sessions::{self as stored, IDLE_MILLIS, LONGEST_MILLIS};
use crate::d1::{Database, StorageError};
use crate::deployment::Deployment;
use crate::http::Problem;
use crate::http::request::HttpRequest;
use crate::runtime::{clock, random};
use directory::Shard;

/// The name of the cookie, to which browsers add rules by its prefix where it comes by https.
const NAME: &str = "console_session";

/// Begins a session.
///
/// # Errors
/// Those of storage.
pub(crate) async fn begin(
    deployment: &Deployment<'_>,
    token: &str,
    incoming: &HttpRequest,
) -> Result<String, Problem> {
    let value = Base64UrlUnpadded::encode_string(&random::bytes::<32>()?);
    let id = id(token, &incoming.origin, &value)?;
    database(deployment)?.run(stored::begin(&id, clock::now_millis())).await?;
    Ok(cookie(&incoming.origin, &value, IDLE_MILLIS))
}

/// The `Set-Cookie` that prolongs the session that the request belongs to; `None` where it belongs to none that is
/// good.
///
/// # Errors
/// Those of storage.
pub(crate) async fn prolonged(
    deployment: &Deployment<'_>,
    token: &str,
    incoming: &HttpRequest,
) -> Result<Option<String>, Problem> {
    let now = clock::now_millis();
    if let Some(value) = value(incoming) {
        let id = id(token, &incoming.origin, &value)?;
        let results = database(deployment)?.batch(&stored::find(&id, now)).await?;
        if let Some(row) = results.last().and_then(|rows| rows.first()) {
            let ends = clock::parse_iso(&row.head)?.saturating_add(LONGEST_MILLIS);
            let rest = ends.saturating_sub(now).min(IDLE_MILLIS);
            return Ok(Some(cookie(&incoming.origin, &value, rest)));
        }
    }
    Ok(None)
}

/// Whether the request has a cookie that may be a session's.
pub(crate) fn is_presented(incoming: &HttpRequest) -> bool {
    value(incoming).is_some()
}

/// Ends the session that the request belongs to. Returns the `Set-Cookie` that deletes the cookie, and whether there
/// was a session.
///
/// # Errors
/// Those of storage.
pub(crate) async fn end(
    deployment: &Deployment<'_>,
    token: Option<&str>,
    incoming: &HttpRequest,
) -> Result<(String, bool), Problem> {
    let mut is_found = false;
    if let (Some(token), Some(value)) = (token, value(incoming)) {
        let id = id(token, &incoming.origin, &value)?;
        is_found = !database(deployment)?.run(stored::end(&id)).await?.is_empty();
    }
    Ok((cookie(&incoming.origin, "", 0), is_found))
}

fn database(deployment: &Deployment<'_>) -> Result<Database, Problem> {
    let found = deployment.database(Shard::FIRST);
    found.ok_or_else(|| StorageError::Internal("there is no first database".to_owned()).into())
}

/// What may be the value of a session's cookie.
fn value(incoming: &HttpRequest) -> Option<String> {
    let name = name(&incoming.origin);
    let cookies = incoming.header("cookie")?;
    let mut values = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
    let (_, value) = values.find(|(own, value)| *own == name && is_well_formed(value))?;
    Some(value.to_owned())
}

fn is_well_formed(value: &str) -> bool {
    Base64UrlUnpadded::decode_vec(value).is_ok_and(|bytes| bytes.len() == 32)
}

/// What the database has of a session.
fn id(token: &str, origin: &str, value: &str) -> Result<String, StorageError> {
    let mut authenticator = Hmac::<Sha256>::new_from_slice(token.as_bytes())
        .map_err(|_| StorageError::Internal("the admin token is no key".to_owned()))?;
    for part in ["scim-edge console session", origin, value] {
        authenticator.update(part.as_bytes());
        authenticator.update(b"\n");
    }
    Ok(base16ct::lower::encode_string(&authenticator.finalize().into_bytes()))
}

fn is_secure(origin: &str) -> bool {
    origin.starts_with("https://")
}

/// Browsers take a `__Host-` cookie from this host alone, by https alone, and for all of its paths.
fn name(origin: &str) -> String {
    format!("{}{NAME}", if is_secure(origin) { "__Host-" } else { "" })
}

fn cookie(origin: &str, value: &str, life_millis: u64) -> String {
    let place = if is_secure(origin) { "Path=/; Secure" } else { "Path=/console" };
    let seconds = life_millis / 1000;
    format!("{}={value}; {place}; Max-Age={seconds}; HttpOnly; SameSite=Strict", name(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_belongs_to_its_token_and_its_origin() {
        let own = id("token", "https://a.example", "value").unwrap();
        assert_eq!(own, id("token", "https://a.example", "value").unwrap());
        for other in [
            id("other", "https://a.example", "value"),
            id("token", "https://b.example", "value"),
            id("token", "https://a.example", "other"),
            id("token", "https://a.example\nvalue", ""),
        ] {
            assert_ne!(own, other.unwrap());
        }
    }

    #[test]
    fn a_cookie_is_bound_to_the_host_where_there_is_https() {
        assert_eq!(
            cookie("https://a.example", "v", IDLE_MILLIS),
            "__Host-console_session=v; Path=/; Secure; Max-Age=7200; HttpOnly; SameSite=Strict"
        );
        assert_eq!(
            cookie("http://127.0.0.1:8787", "v", 1_500),
            "console_session=v; Path=/console; Max-Age=1; HttpOnly; SameSite=Strict"
        );
    }

    #[test]
    fn only_32_bytes_are_looked_up() {
        assert!(is_well_formed(&"A".repeat(43)));
        for other in
            ["", "1700000000.AAAA", &"A".repeat(42), &"A".repeat(44), &format!("{}B", "A".repeat(42))]
        {
            assert!(!is_well_formed(other), "{other}");
        }
    }
}
