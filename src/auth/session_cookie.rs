//! The session that the admin token is exchanged for: a cookie with 256 random bits, of which the first database keeps
//! an HMAC under the admin token. With another token or at another origin the HMAC differs, so that the cookie is not
//! valid there.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::d1::console_sessions::{self as stored, IDLE_MILLIS, LONGEST_MILLIS};
use crate::d1::{Batch, Database, StorageError};
use crate::deployment::Deployment;
use crate::http::request::HttpRequest;
use crate::http::{Problem, cookie};
use crate::runtime::{clock, crypto, random};
use directory::Shard;

/// The name of the cookie.
const NAME: &str = "console_session";
/// Random bytes of a cookie's value.
const VALUE_BYTES: usize = 32;

/// Starts a session. Returns the `Set-Cookie`.
///
/// # Errors
/// Those of the storage.
pub(crate) async fn start(
    deployment: &Deployment<'_>,
    token: &str,
    request: &HttpRequest,
) -> Result<String, Problem> {
    let value = Base64UrlUnpadded::encode_string(&random::bytes::<VALUE_BYTES>()?);
    let id = id(token, &request.address.origin, &value)?;
    database(deployment)?.execute(stored::begin(&id, clock::now_millis())).await?;
    Ok(set_cookie(&request.address.origin, &value, IDLE_MILLIS))
}

/// Extends the session of a request. Returns the `Set-Cookie`; `None` without a valid session.
///
/// # Errors
/// Those of the storage.
pub(crate) async fn extend(
    deployment: &Deployment<'_>,
    token: &str,
    request: &HttpRequest,
) -> Result<Option<String>, Problem> {
    let Some(value) = value(request) else { return Ok(None) };
    let now = clock::now_millis();
    let id = id(token, &request.address.origin, &value)?;
    let mut batch = Batch::new();
    let session = stored::find(&mut batch, &id, now);
    let Some(session) = database(deployment)?.batch(&batch).await?.first(session)? else { return Ok(None) };
    let ends = clock::parse_iso(&session.began_at)?.saturating_add(LONGEST_MILLIS);
    let rest = ends.saturating_sub(now).min(IDLE_MILLIS);
    Ok(Some(set_cookie(&request.address.origin, &value, rest)))
}

/// Whether a request has a well-formed session cookie.
pub(crate) fn is_presented(request: &HttpRequest) -> bool {
    value(request).is_some()
}

/// Ends the session of a request. Returns the `Set-Cookie` that deletes the cookie, and whether there was a session.
///
/// # Errors
/// Those of the storage.
pub(crate) async fn end(
    deployment: &Deployment<'_>,
    token: Option<&str>,
    request: &HttpRequest,
) -> Result<(String, bool), Problem> {
    let mut is_found = false;
    if let (Some(token), Some(value)) = (token, value(request)) {
        let id = id(token, &request.address.origin, &value)?;
        is_found = database(deployment)?.execute(stored::end(&id)).await? > 0;
    }
    Ok((set_cookie(&request.address.origin, "", 0), is_found))
}

fn database(deployment: &Deployment<'_>) -> Result<Database, Problem> {
    let found = deployment.database(Shard::FIRST);
    found.ok_or_else(|| StorageError::internal("there is no first database".to_owned()).into())
}

/// The value of the session cookie of a request, if it is well-formed.
fn value(request: &HttpRequest) -> Option<String> {
    cookie::values(request, NAME).into_iter().find(|value| is_well_formed(value))
}

fn is_well_formed(value: &str) -> bool {
    Base64UrlUnpadded::decode_vec(value).is_ok_and(|bytes| bytes.len() == VALUE_BYTES)
}

/// The id of a session in the database.
fn id(token: &str, origin: &str, value: &str) -> Result<String, StorageError> {
    let parts = ["scim-edge console session", origin, value].map(|part| format!("{part}\n"));
    let mac = crypto::hmac_sha256(token.as_bytes(), parts.concat().as_bytes())?;
    Ok(base16ct::lower::encode_string(&mac))
}

fn set_cookie(origin: &str, value: &str, life_millis: u64) -> String {
    cookie::set(origin, NAME, value, life_millis / 1000)
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
    fn only_values_of_32_bytes_are_looked_up() {
        assert!(is_well_formed(&"A".repeat(43)));
        for other in
            ["", "1700000000.AAAA", &"A".repeat(42), &"A".repeat(44), &format!("{}B", "A".repeat(42))]
        {
            assert!(!is_well_formed(other), "{other}");
        }
    }
}
