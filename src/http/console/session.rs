//! The session that an admin token is exchanged for: a cookie with its end, signed with the token, so that another token
//! ends all sessions. Nothing is kept for it.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::http::request::Incoming;

const NAME: &str = "console_session";
/// How long a session lasts, in seconds.
const LIFETIME: u64 = 12 * 60 * 60;

/// The `Set-Cookie` that begins a session.
pub(super) fn begun(token: &str, incoming: &Incoming, now_millis: u64) -> String {
    let end = (now_millis / 1000).saturating_add(LIFETIME).to_string();
    let signature = authenticator(token, &end)
        .map(|signed| Base64UrlUnpadded::encode_string(&signed.finalize().into_bytes()))
        .unwrap_or_default();
    cookie(incoming, &format!("{end}.{signature}"), LIFETIME)
}

/// The `Set-Cookie` that ends a session.
pub(super) fn ended(incoming: &Incoming) -> String {
    cookie(incoming, "", 0)
}

/// Whether the request belongs to a session that has not ended.
pub(super) fn is_alive(token: &str, incoming: &Incoming, now_millis: u64) -> bool {
    let cookies = incoming.header("cookie").unwrap_or_default();
    let mut values = cookies.split(';').filter_map(|cookie| cookie.trim().split_once('='));
    values.any(|(name, value)| name == NAME && is_good(token, value, now_millis))
}

fn is_good(token: &str, value: &str, now_millis: u64) -> bool {
    let Some((end, signature)) = value.split_once('.') else { return false };
    let Ok(signature) = Base64UrlUnpadded::decode_vec(signature) else { return false };
    let is_signed = authenticator(token, end).is_some_and(|signed| signed.verify_slice(&signature).is_ok());
    is_signed && end.parse().is_ok_and(|end: u64| now_millis / 1000 < end)
}

fn authenticator(token: &str, end: &str) -> Option<Hmac<Sha256>> {
    let mut authenticator = Hmac::<Sha256>::new_from_slice(token.as_bytes()).ok()?;
    authenticator.update(b"console session until ");
    authenticator.update(end.as_bytes());
    Some(authenticator)
}

/// Of a machine by itself, browsers take no `Secure` cookies over HTTP.
fn cookie(incoming: &Incoming, value: &str, lifetime: u64) -> String {
    let host = incoming.origin.strip_prefix("http://").unwrap_or_default();
    let is_loopback = ["127.0.0.1", "localhost", "[::1]"]
        .iter()
        .any(|name| host.strip_prefix(name).is_some_and(|port| port.is_empty() || port.starts_with(':')));
    let secure = if is_loopback { "" } else { "; Secure" };
    format!("{NAME}={value}; Path=/console; Max-Age={lifetime}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_good_until_its_end_and_under_its_token() {
        let signed = authenticator("token", "1000").unwrap().finalize().into_bytes();
        let value = format!("1000.{}", Base64UrlUnpadded::encode_string(&signed));
        assert!(is_good("token", &value, 999_999));
        assert!(!is_good("token", &value, 1_000_000));
        assert!(!is_good("other", &value, 0));
        assert!(!is_good("token", &value.replace("1000.", "2000."), 0));
        for other in ["", ".", "1000", "1000.", "1000.%", "1000.AAAA"] {
            assert!(!is_good("token", other, 0), "{other}");
        }
    }
}
