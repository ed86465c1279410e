//! Who uses the console: whoever has the admin token, as a bearer token or as the session that it was exchanged for,
//! and whoever Cloudflare Access vouches for.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::actor::Actor;
use super::{bearer, session};
use crate::auth::access;
use crate::deployment::Deployment;
use crate::deployment::variable;
use crate::http::Problem;
use crate::http::request::HttpRequest;

/// What the log calls whoever has the admin token.
const ADMIN_TOKEN: &str = "admin token";
/// Fewest characters of an admin token. Whoever can guess it has everything.
const SHORTEST_TOKEN: usize = 32;

/// Who calls, and how that is known.
pub(crate) struct Identity {
    pub(crate) actor: Actor,
    pub(crate) means: Means,
    /// The `Set-Cookie` that prolongs the session, if it is one.
    pub(crate) cookie: Option<String>,
}

/// How it is known who calls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// By what the caller sends with intent.
    Header,
    /// By what a browser sends by itself, also if another site asks it to.
    Browser,
}

/// Who calls, if anybody says so.
///
/// # Errors
/// 401 if somebody says so and it is not true, 503 if it cannot be told.
pub(crate) async fn of(
    deployment: &Deployment<'_>,
    incoming: &HttpRequest,
) -> Result<Option<Identity>, Problem> {
    let operator = |means, cookie| Identity { actor: Actor::Operator(ADMIN_TOKEN.to_owned()), means, cookie };
    let token = admin_token(deployment);
    if let Some(header) = incoming.header("authorization") {
        let presented = bearer::token(&header).unwrap_or_default();
        return if is_admin_token(&token?, presented) {
            Ok(Some(operator(Means::Header, None)))
        } else {
            Err(required())
        };
    }
    if let Ok(token) = &token
        && let Some(cookie) = session::prolonged(deployment, token, incoming).await?
    {
        return Ok(Some(operator(Means::Browser, Some(cookie))));
    }
    if let Some(mail) = access::identify(deployment, incoming).await? {
        let operators = variable(deployment.env, "OPERATORS", "");
        let actor = match operators.split(',').any(|one| one.trim().eq_ignore_ascii_case(&mail)) {
            true => Actor::Operator(mail),
            false => Actor::Administrator(mail),
        };
        return Ok(Some(Identity { actor, means: Means::Browser, cookie: None }));
    }
    token.map(|_| None)
}

/// The deployment's admin token.
///
/// # Errors
/// 503 where there is none, or one that can be guessed.
pub(crate) fn admin_token(deployment: &Deployment<'_>) -> Result<String, Problem> {
    const HOW: &str =
        "Make one with `openssl rand -hex 32`, and set it with `wrangler secret put ADMIN_TOKEN`.";
    let token = deployment.env.secret("ADMIN_TOKEN").map(|secret| secret.to_string()).unwrap_or_default();
    let token = token.trim();
    let why = match token.chars().count() {
        0 => "this deployment has no ADMIN_TOKEN".to_owned(),
        length if length < SHORTEST_TOKEN => {
            format!(
                "this deployment's ADMIN_TOKEN is shorter than {SHORTEST_TOKEN} characters and could be guessed"
            )
        }
        _ => return Ok(token.to_owned()),
    };
    Err(Problem::new(503, format!("The console is switched off: {why}. {HOW}")))
}

/// Compares digests in constant time, so that the time it takes says nothing of the token.
pub(crate) fn is_admin_token(token: &str, presented: &str) -> bool {
    Sha256::digest(presented).ct_eq(&Sha256::digest(token)).into()
}

/// 401.
pub(crate) fn required() -> Problem {
    Problem::new(401, "Send \"Authorization: Bearer …\" with this deployment's ADMIN_TOKEN.")
}

/// Refuses what another site has made a browser send.
///
/// # Errors
/// 403.
pub(crate) fn check_origin(incoming: &HttpRequest) -> Result<(), Problem> {
    let site = incoming.header("sec-fetch-site");
    let origin = incoming.header("origin");
    let is_ours = match (site.as_deref(), origin.as_deref()) {
        (Some(site), None) => site == "same-origin",
        (site, Some(origin)) => origin == incoming.origin && site.is_none_or(|site| site == "same-origin"),
        (None, None) => false,
    };
    if is_ours {
        return Ok(());
    }
    Err(Problem::new(
        403,
        "This form was not sent by a page of this console. Open the console in a window of its own and do it there.",
    ))
}

/// Whether a browser comes by a link on another site.
pub(crate) fn comes_from_elsewhere(incoming: &HttpRequest) -> bool {
    incoming.header("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site")
}
