//! JSON Web Tokens (RFC 7519) in compact serialization (RFC 7515 §7.1).

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value};
use worker::web_sys::CryptoKey;

use super::{keys, refused};
use crate::http::Problem;
use scim_protocol::json;

/// Longest token, in bytes.
const LIMIT: usize = 8 * 1024;
/// How much earlier than the issuer's our clock may be, in seconds.
const LEEWAY: f64 = 60.0;

/// A token whose signature nobody has looked at yet.
pub(crate) struct Jwt<'a> {
    /// Which key is said to have signed it.
    pub(crate) kid: String,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// What a token with a good signature says.
pub(crate) struct Claims(Map<String, Value>);

impl<'a> Jwt<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// 401 for what is no token, or is signed in another way than Access does. The algorithm is not the token's to choose
    /// (RFC 8725 §3.1).
    pub(crate) fn read(token: &'a str) -> Result<Self, Problem> {
        if token.len() > LIMIT {
            return Err(refused(format_args!("is longer than {LIMIT} bytes")));
        }
        let [header, payload, signature] = parts(token).ok_or_else(|| {
            refused("is malformed: it is not three parts in base64url, with dots in between")
        })?;
        let header = object(&header).ok_or_else(|| refused("is malformed: its header is no JSON object"))?;
        if text(&header, "alg") != Some("RS256") {
            return Err(refused("is signed with another algorithm than RS256"));
        }
        if header.contains_key("crit") {
            return Err(refused("has extensions that have to be understood (crit), and are not"));
        }
        let kid = text(&header, "kid").filter(|kid| !kid.is_empty());
        Ok(Self {
            kid: kid.ok_or_else(|| refused("is malformed: its header has no kid"))?.to_owned(),
            signed: token.rsplit_once('.').map_or(token, |(signed, _)| signed),
            payload,
            signature,
        })
    }

    /// The claims, if that key has signed them.
    ///
    /// # Errors
    /// 401 if it has not, or if they cannot be read.
    pub(crate) async fn verified(self, key: &CryptoKey) -> Result<Claims, Problem> {
        if !keys::has_signed(key, self.signed.as_bytes(), &self.signature).await {
            return Err(refused("has a bad signature"));
        }
        object(&self.payload)
            .map(Claims)
            .ok_or_else(|| refused("is malformed: its payload is no JSON object"))
    }
}

impl Claims {
    /// The mail address they are about, provided that the team has issued them for that audience, and that they are valid
    /// now (in seconds since the epoch).
    ///
    /// # Errors
    /// 401 saying what is wrong.
    pub(crate) fn mail(&self, team: &str, audience: &str, now: f64) -> Result<&str, Problem> {
        if text(&self.0, "iss") != Some(team) {
            return Err(refused(format_args!("is of another issuer than {team}")));
        }
        // RFC 7519 §4.1.3: one, or an array of them.
        let is_for_us = match self.0.get("aud") {
            Some(Value::Array(audiences)) => audiences.iter().any(|one| one == audience),
            one => one.and_then(Value::as_str) == Some(audience),
        };
        if !is_for_us {
            return Err(refused("is for another audience than this deployment's ACCESS_AUDIENCE"));
        }
        let expires = self.time("exp")?.ok_or_else(|| refused("is malformed: it has no exp"))?;
        if expires <= now {
            return Err(refused("has expired: sign in again"));
        }
        for name in ["nbf", "iat"] {
            if self.time(name)?.is_some_and(|time| time > now + LEEWAY) {
                return Err(refused(format_args!("is not valid yet: its {name} lies in the future")));
            }
        }
        text(&self.0, "email").map(str::trim).filter(|mail| !mail.is_empty()).ok_or_else(|| {
            refused("has no mail address, which is so with service tokens: a person has to sign in")
        })
    }

    /// A moment in seconds since the epoch, which may have a fraction (RFC 7519 §2).
    fn time(&self, name: &str) -> Result<Option<f64>, Problem> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        match value.as_f64() {
            Some(time) => Ok(Some(time)),
            None => Err(refused(format_args!("is malformed: its {name} is no number"))),
        }
    }
}

fn parts(token: &str) -> Option<[Vec<u8>; 3]> {
    let decoded: Option<Vec<_>> =
        token.splitn(4, '.').map(|part| Base64UrlUnpadded::decode_vec(part).ok()).collect();
    decoded?.try_into().ok()
}

fn object(text: &[u8]) -> Option<Map<String, Value>> {
    match json::parse(text) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: f64 = 1_800_000_000.0;

    fn outcome(change: &Value) -> Result<String, String> {
        let mut claims =
            json!({"iss": "https://team", "aud": "app", "exp": NOW + 1.0, "email": " Ann@example.com "});
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims = Claims(claims.as_object().unwrap().clone());
        claims.mail("https://team", "app", NOW).map(str::to_owned).map_err(|problem| problem.detail)
    }

    #[test]
    fn claims_are_held_against_the_clock_to_the_second() {
        for good in [
            json!({}),
            json!({"exp": NOW + 0.5}),
            json!({"nbf": NOW + 60.0, "iat": NOW + 60.0}),
            json!({"nbf": 0, "iat": -1}),
        ] {
            assert_eq!(outcome(&good).as_deref(), Ok("Ann@example.com"), "{good}");
        }
        for (bad, why) in [
            (json!({"exp": NOW}), "has expired"),
            (json!({"exp": null}), "exp is no number"),
            (json!({"exp": "1900000000"}), "exp is no number"),
            (json!({"nbf": NOW + 61.0}), "its nbf lies in the future"),
            (json!({"iat": NOW + 61.0}), "its iat lies in the future"),
            (json!({"iat": []}), "iat is no number"),
        ] {
            assert!(outcome(&bad).unwrap_err().contains(why), "{bad}");
        }
    }

    #[test]
    fn issuer_and_audience_are_compared_as_they_are() {
        assert!(outcome(&json!({"aud": [7, "other", "app"]})).is_ok());
        for aud in
            [json!("app "), json!("APP"), json!([]), json!([["app"]]), json!({"app": "app"}), json!(null)]
        {
            assert!(outcome(&json!({"aud": aud})).unwrap_err().contains("another audience"), "{aud}");
        }
        for iss in [json!("https://team/"), json!("https://other"), json!(["https://team"]), json!(null)] {
            assert!(outcome(&json!({"iss": iss})).unwrap_err().contains("another issuer"), "{iss}");
        }
        for email in [json!(""), json!(" "), json!(null), json!(["ann@example.com"])] {
            assert!(outcome(&json!({"email": email})).unwrap_err().contains("no mail address"), "{email}");
        }
    }
}
