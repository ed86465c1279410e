//! Authenticates callers of the console and of its API: by the admin token, by the session that it was exchanged for,
//! or by the assertion of Cloudflare Access.

use super::actor::Actor;
use super::{admin_token, bearer, cloudflare_access, session_cookie};
use crate::deployment::{Deployment, variable};
use crate::http::Problem;
use crate::http::request::HttpRequest;

/// The actor in the audit log for a caller with the admin token.
const ADMIN_TOKEN_ACTOR: &str = "admin token";

/// An authenticated caller.
pub(crate) struct Identity {
    pub(crate) actor: Actor,
    pub(crate) method: AuthMethod,
    /// The `Set-Cookie` that extends the session, if the caller has one.
    pub(crate) cookie: Option<String>,
}

/// How a caller was authenticated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthMethod {
    /// By a token that the client sends on purpose. No other site can make a browser send it.
    BearerToken,
    /// By what a browser sends with every request, also when another site causes the request: a cookie, or what
    /// Cloudflare Access adds. Requests that change something then need [`super::same_origin::check`].
    AmbientCredential,
}

/// Authenticates the caller; `None` if no credentials were sent.
///
/// # Errors
/// 401 for wrong credentials; 503 if the settings of the deployment or the keys of Access allow no decision.
pub(crate) async fn authenticate(
    deployment: &Deployment<'_>,
    request: &HttpRequest,
) -> Result<Option<Identity>, Problem> {
    let operator =
        |method, cookie| Identity { actor: Actor::Operator(ADMIN_TOKEN_ACTOR.to_owned()), method, cookie };
    let token = admin_token::configured(deployment);
    if let Some(header) = request.header("authorization") {
        let token = token?;
        let is_good = bearer::token(&header).is_some_and(|presented| admin_token::matches(&token, presented));
        return match is_good {
            true => Ok(Some(operator(AuthMethod::BearerToken, None))),
            false => Err(admin_token::required()),
        };
    }
    if let Ok(token) = &token
        && let Some(cookie) = session_cookie::extend(deployment, token, request).await?
    {
        return Ok(Some(operator(AuthMethod::AmbientCredential, Some(cookie))));
    }
    if let Some(email) = cloudflare_access::authenticate(deployment, request).await? {
        let operators = variable(deployment.env, "OPERATORS", "");
        let actor = match operators.split(',').any(|one| one.trim().eq_ignore_ascii_case(&email)) {
            true => Actor::Operator(email),
            false => Actor::Administrator(email),
        };
        return Ok(Some(Identity { actor, method: AuthMethod::AmbientCredential, cookie: None }));
    }
    token.map(|_| None)
}
