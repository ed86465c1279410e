//! Authenticates callers of the console and of its API: by the admin token, by the session that it was exchanged for,
//! or by the assertion of Cloudflare Access. Limits how often a client may guess.

use super::actor::Actor;
use super::{admin_token, bearer, cloudflare_access, session_cookie};
use crate::deployment::{Deployment, variable};
use crate::http::request::HttpRequest;
use crate::http::{Problem, rate_limits};

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

/// The outcome of authentication.
pub(crate) struct Authentication {
    /// The caller; `None` without credentials, or with a cookie of no session. Errors are 401 for wrong credentials,
    /// 429 after too many, and 503 if the settings of the deployment or the keys of Access allow no decision.
    pub(crate) identity: Result<Option<Identity>, Problem>,
    /// Whether credentials are refused. The response must then conceal what it has cost.
    pub(crate) is_refusal: bool,
}

impl Authentication {
    fn refused(problem: impl Into<Problem>) -> Self {
        Self { identity: Err(problem.into()), is_refusal: true }
    }
}

/// Authenticates the caller. After too many failures from the address of the request, credentials are not verified.
pub(crate) async fn identify(deployment: &Deployment<'_>, request: &HttpRequest) -> Authentication {
    if (request.header("authorization").is_some() || cloudflare_access::is_asserted(request))
        && let Err(limit) = rate_limits::check_address(request)
    {
        return Authentication::refused(limit);
    }
    // A cookie costs a look-up in the database, also if it is a guess.
    let has_cookie = session_cookie::is_presented(request);
    if has_cookie && let Err(limit) = rate_limits::check_unknown_key(deployment.env, request).await {
        return Authentication { identity: Err(limit.into()), is_refusal: false };
    }
    let identity = authenticate(deployment, request).await;
    let is_guess = match &identity {
        Ok(found) => found.is_none() && has_cookie,
        Err(problem) => problem.status == 401,
    };
    if is_guess && let Err(limit) = rate_limits::count_failure(deployment.env, request).await {
        return Authentication::refused(limit);
    }
    Authentication { identity, is_refusal: is_guess }
}

/// The caller with a session that the admin token was exchanged for, and the `Set-Cookie` of that session.
pub(crate) fn of_admin_token(cookie: String) -> Identity {
    let actor = Actor::Operator(ADMIN_TOKEN_ACTOR.to_owned());
    Identity { actor, method: AuthMethod::AmbientCredential, cookie: Some(cookie) }
}

/// Authenticates the caller; `None` if no valid credentials were sent.
///
/// # Errors
/// 401 for wrong credentials; 503 if the settings of the deployment or the keys of Access allow no decision.
async fn authenticate(
    deployment: &Deployment<'_>,
    request: &HttpRequest,
) -> Result<Option<Identity>, Problem> {
    let token = admin_token::configured(deployment);
    if let Some(header) = request.header("authorization") {
        let token = token?;
        let is_good = bearer::token(&header).is_some_and(|presented| admin_token::matches(&token, presented));
        return match is_good {
            true => Ok(Some(Identity {
                method: AuthMethod::BearerToken,
                cookie: None,
                ..of_admin_token(String::new())
            })),
            false => Err(admin_token::required()),
        };
    }
    if let Ok(token) = &token
        && let Some(cookie) = session_cookie::extend(deployment, token, request).await?
    {
        return Ok(Some(of_admin_token(cookie)));
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
