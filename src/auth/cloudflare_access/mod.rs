//! Cloudflare Access: the person who has signed in, as the Access application in front of this Worker asserts it.

pub(crate) mod jwks;
pub(crate) mod jwt;
mod refusal;

use worker::Env;

use crate::deployment::{Deployment, variable};
use crate::http::request::HttpRequest;
use crate::http::{AdminCode, Problem};
use crate::runtime::clock;
use jwt::Jwt;

/// The header in which Access passes on its application token.
const HEADER: &str = "cf-access-jwt-assertion";

/// Where Access lets people sign out.
pub(crate) const SIGN_OUT: &str = "/cdn-cgi/access/logout";

/// Whether a request has an assertion, which is not verified yet.
pub(crate) fn is_asserted(request: &HttpRequest) -> bool {
    request.header(HEADER).is_some()
}

/// The Access application in front of this Worker.
struct Application {
    /// URL of the team, without a slash at the end: the issuer of its tokens.
    team: String,
    /// The application's AUD tag.
    audience: String,
}

impl Application {
    /// Reads the variables; `None` where Access is off.
    ///
    /// # Errors
    /// 503 for variables that are malformed or incomplete.
    fn of(env: &Env) -> Result<Option<Self>, Problem> {
        let team = variable(env, "ACCESS_TEAM", "").trim().trim_end_matches('/').to_owned();
        let audience = variable(env, "ACCESS_AUDIENCE", "").trim().to_owned();
        if team.is_empty() {
            return Ok(None);
        }
        if !is_team(&team) {
            return Err(Problem::of(
                AdminCode::AccessMisconfigured,
                "ACCESS_TEAM is not the URL of a Cloudflare Access team: it has to be like \
                 https://acme.cloudflareaccess.com.",
            ));
        }
        if audience.is_empty() {
            return Err(Problem::of(
                AdminCode::AccessMisconfigured,
                "ACCESS_TEAM is set, but ACCESS_AUDIENCE is not: set it to the AUD tag of the Access application.",
            ));
        }
        Ok(Some(Self { team, audience }))
    }
}

/// The email address of the person who has signed in; `None` where Access is off or asserts nothing.
///
/// Its ASCII letters are in lower case. Other letters stay: the lower case of some of them is ASCII, and an address
/// with such a letter is another address.
///
/// # Errors
/// 401 for an assertion that is not valid; 503 if the settings or the keys of Access allow no decision.
pub(crate) async fn authenticate(
    deployment: &Deployment<'_>,
    request: &HttpRequest,
) -> Result<Option<String>, Problem> {
    let Some(application) = Application::of(deployment.env)? else { return Ok(None) };
    let Some(token) = request.header(HEADER) else { return Ok(None) };
    let jwt = Jwt::parse(&token)?;
    let key = jwks::find(&application.team, &jwt.kid).await?;
    let claims = jwt.verify(&key).await?;
    let email = claims.email(&application.team, &application.audience, now_seconds())?;
    Ok(Some(email.to_ascii_lowercase()))
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 ms, which is 285,000 years")]
fn now_seconds() -> f64 {
    clock::now_millis() as f64 / 1000.0
}

/// Whether that is the URL of a team: scheme and host, nothing else. Without TLS, keys are only accepted from this
/// machine: an attacker on the network could send others.
fn is_team(url: &str) -> bool {
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://").filter(|host| host.starts_with("127.0.0.1:")));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']))
}

#[cfg(test)]
mod tests {
    use super::is_team;

    #[test]
    fn a_team_is_scheme_and_host() {
        assert!(is_team("https://acme.cloudflareaccess.com"));
        assert!(is_team("http://127.0.0.1:8080"));
        for url in [
            "acme",
            "acme.cloudflareaccess.com",
            "https://",
            "https://acme.cloudflareaccess.com/cdn-cgi/access/certs",
            "http://acme.cloudflareaccess.com",
            "http://127.0.0.1:80@acme.example",
            "https://acme.cloudflareaccess.com?x",
        ] {
            assert!(!is_team(url), "{url}");
        }
    }
}
