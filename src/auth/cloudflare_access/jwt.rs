//! JSON Web Tokens (RFC 7519) in compact serialization (RFC 7515 §7.1).

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use worker::web_sys::CryptoKey;

use super::jwks;
use super::refusal::refused;
use crate::http::Problem;
use scim_protocol::json;

/// Longest token, in bytes.
pub(crate) const MAX_LENGTH: usize = 8 * 1024;
/// How far the issuer's clock may be ahead of ours, in seconds.
const LEEWAY: f64 = 60.0;

/// A token whose signature is not verified yet.
pub(crate) struct Jwt<'a> {
    /// The id of the key that the token claims to be signed with.
    pub(crate) kid: String,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// The members of a JOSE header that matter here (RFC 7515 §4.1).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Header {
    alg: Member,
    kid: Member,
    crit: Member,
}

/// The claims of a token with a good signature (RFC 7519 §4.1).
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Claims {
    iss: Member,
    aud: Member,
    /// Moments in seconds since the epoch, which may have a fraction (RFC 7519 §2).
    exp: Member,
    nbf: Member,
    iat: Member,
    email: Member,
}

/// A member of a JSON object; `None`: it is missing. One of a wrong type is refused by its name, where it is used.
#[derive(Default, Deserialize)]
#[serde(from = "Value")]
struct Member(Option<Value>);

impl From<Value> for Member {
    fn from(value: Value) -> Self {
        Self(Some(value))
    }
}

impl Member {
    fn text(&self) -> Option<&str> {
        self.0.as_ref().and_then(Value::as_str)
    }

    /// Whether it is an audience, or an array of them with the given one (RFC 7519 §4.1.3).
    fn includes(&self, audience: &str) -> bool {
        match &self.0 {
            Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(audience)),
            _ => self.text() == Some(audience),
        }
    }
}

impl<'a> Jwt<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// 401 for a malformed token, and for an algorithm other than that of Access: the token must not choose its own
    /// (RFC 8725 §3.1).
    pub(crate) fn parse(token: &'a str) -> Result<Self, Problem> {
        if token.len() > MAX_LENGTH {
            return Err(refused(format_args!("is longer than {MAX_LENGTH} bytes")));
        }
        let [header, payload, signature] = parts(token).ok_or_else(|| {
            refused("is malformed: it is not three parts in base64url, with dots in between")
        })?;
        let header: Header =
            object(&header).ok_or_else(|| refused("is malformed: its header is no JSON object"))?;
        if header.alg.text() != Some("RS256") {
            return Err(refused("is signed with another algorithm than RS256"));
        }
        if header.crit.0.is_some() {
            return Err(refused("has extensions that have to be understood (crit), and are not"));
        }
        let kid = header.kid.text().filter(|kid| !kid.is_empty());
        Ok(Self {
            kid: kid.ok_or_else(|| refused("is malformed: its header has no kid"))?.to_owned(),
            signed: token.rsplit_once('.').map_or(token, |(signed, _)| signed),
            payload,
            signature,
        })
    }

    /// The claims, if the key has signed them.
    ///
    /// # Errors
    /// 401 for a bad signature and for claims that are no JSON object.
    pub(crate) async fn verify(self, key: &CryptoKey) -> Result<Claims, Problem> {
        if !jwks::verify(key, self.signed.as_bytes(), &self.signature).await {
            return Err(refused("has a bad signature"));
        }
        object(&self.payload).ok_or_else(|| refused("is malformed: its payload is no JSON object"))
    }
}

impl Claims {
    /// The email address of the person, provided that the team has issued the claims for that audience, and that they
    /// are valid now (in seconds since the epoch).
    ///
    /// # Errors
    /// 401 otherwise.
    pub(crate) fn email(&self, team: &str, audience: &str, now: f64) -> Result<&str, Problem> {
        if self.iss.text() != Some(team) {
            return Err(refused(format_args!("is of another issuer than {team}")));
        }
        if !self.aud.includes(audience) {
            return Err(refused("is for another audience than this deployment's ACCESS_AUDIENCE"));
        }
        let expires = time("exp", &self.exp)?.ok_or_else(|| refused("is malformed: it has no exp"))?;
        if expires <= now {
            return Err(refused("has expired: sign in again"));
        }
        for (name, claim) in [("nbf", &self.nbf), ("iat", &self.iat)] {
            if time(name, claim)?.is_some_and(|time| time > now + LEEWAY) {
                return Err(refused(format_args!("is not valid yet: its {name} lies in the future")));
            }
        }
        let email = self.email.text().map(str::trim).filter(|email| !email.is_empty());
        email.ok_or_else(|| {
            refused("has no mail address, which is so with service tokens: a person has to sign in")
        })
    }
}

fn time(name: &str, claim: &Member) -> Result<Option<f64>, Problem> {
    let number = |value: &Value| {
        value.as_f64().ok_or_else(|| refused(format_args!("is malformed: its {name} is no number")))
    };
    claim.0.as_ref().map(number).transpose()
}

fn parts(token: &str) -> Option<[Vec<u8>; 3]> {
    let decoded: Option<Vec<_>> =
        token.splitn(4, '.').map(|part| Base64UrlUnpadded::decode_vec(part).ok()).collect();
    decoded?.try_into().ok()
}

/// Reads a JSON object.
fn object<T: DeserializeOwned>(text: &[u8]) -> Option<T> {
    json::read_object(&serde_json::from_slice(text).ok()?).ok()
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
        let claims: Claims = object(claims.to_string().as_bytes()).unwrap();
        claims.email("https://team", "app", NOW).map(str::to_owned).map_err(Problem::into_detail)
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

    #[test]
    fn a_header_is_an_object_with_the_algorithm_of_access() {
        let detail = |header: &Value| {
            let header = Base64UrlUnpadded::encode_string(header.to_string().as_bytes());
            Jwt::parse(&format!("{header}.e30.AAAA")).map(|jwt| jwt.kid).map_err(Problem::into_detail)
        };
        assert_eq!(detail(&json!({"alg": "RS256", "kid": "k", "typ": "JWT"})).as_deref(), Ok("k"));
        for (header, why) in [
            (json!(["RS256", "k"]), "no JSON object"),
            (json!({"kid": "k"}), "another algorithm"),
            (json!({"alg": ["RS256"], "kid": "k"}), "another algorithm"),
            (json!({"alg": "RS256", "kid": "k", "crit": null}), "crit"),
            (json!({"alg": "RS256", "kid": 7}), "no kid"),
            (json!({"alg": "RS256", "kid": ""}), "no kid"),
        ] {
            assert!(detail(&header).unwrap_err().contains(why), "{header}");
        }
    }
}
