//! Cloudflare Access: who has signed in, as the Access application in front of this Worker asserts it.

mod jwt;
mod keys;

use worker::{Env, js_sys};

use crate::deployment::Deployment;
use crate::deployment::variable;
use crate::http::Problem;
use crate::http::request::HttpRequest;
use jwt::Jwt;

/// The header in which Access passes on its application token.
const HEADER: &str = "cf-access-jwt-assertion";

/// Where Access lets people sign out.
pub(crate) const SIGN_OUT: &str = "/cdn-cgi/access/logout";

/// Whether Access asserts anything of a request; nobody has looked yet whether it is true.
pub(crate) fn is_asserted(incoming: &HttpRequest) -> bool {
    incoming.header(HEADER).is_some()
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
    /// 503 for variables that do not go together.
    fn of(env: &Env) -> Result<Option<Self>, Problem> {
        let team = variable(env, "ACCESS_TEAM", "").trim().trim_end_matches('/').to_owned();
        let audience = variable(env, "ACCESS_AUDIENCE", "").trim().to_owned();
        if team.is_empty() {
            return Ok(None);
        }
        if !is_team(&team) {
            return Err(Problem::new(
                503,
                "ACCESS_TEAM is not the URL of a Cloudflare Access team: it has to be like https://acme.cloudflareaccess.com.",
            ));
        }
        if audience.is_empty() {
            return Err(Problem::new(
                503,
                "ACCESS_TEAM is set, but ACCESS_AUDIENCE is not: set it to the AUD tag of the Access application.",
            ));
        }
        Ok(Some(Self { team, audience }))
    }
}

/// The mail address of whoever has signed in, in lower case; `None` where Access is off or asserts nothing.
///
/// Only ASCII is lowered: there are characters outside of it whose lower case is within, and an address with one of
/// them is another one.
///
/// # Errors
/// 401 for an assertion that is not to be believed; 503 where that cannot be told.
pub(crate) async fn identify(
    deployment: &Deployment<'_>,
    incoming: &HttpRequest,
) -> Result<Option<String>, Problem> {
    let Some(application) = Application::of(deployment.env)? else { return Ok(None) };
    let Some(token) = incoming.header(HEADER) else { return Ok(None) };
    let jwt = Jwt::read(&token)?;
    let key = keys::find(&application.team, &jwt.kid).await?;
    let claims = jwt.verified(&key).await?;
    let now = js_sys::Date::now() / 1000.0;
    let mail = claims.mail(&application.team, &application.audience, now)?;
    Ok(Some(mail.to_ascii_lowercase()))
}

/// Whether that is the URL of a team: scheme and host, nothing else. Keys that come without TLS could be anybody's, so
/// that they may only come from this machine.
fn is_team(url: &str) -> bool {
    let host = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://").filter(|host| host.starts_with("127.0.0.1:")));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']))
}

/// A refusal of an assertion.
fn refused(why: impl std::fmt::Display) -> Problem {
    Problem::new(401, format!("The Access assertion {why}."))
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
