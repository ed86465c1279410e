//! `/console`: the administrators' pages, and their API at `/console/api`.

mod assets;
pub mod pages;

use std::cell::Cell;

use crate::admin_api::{self, CallKey, Console, Request};
use crate::audit::admin_request;
use crate::auth::actor::Actor;
use crate::d1::Database;
use crate::deployment::Deployment;
use crate::http::request::{BODY_LIMIT, HttpRequest};
use crate::http::response::{HttpResponse, RETRY_AFTER};
use crate::http::{Problem, rate_limits};
use crate::runtime::clock;
use directory::Shard;
use pages::{Form, Frame, Shown};
use scim_protocol::ScimError;
use scim_protocol::json::{self, object};

use crate::auth::administrator::{AuthMethod, Identity};
use crate::auth::{admin_token, administrator, cloudflare_access, same_origin, session_cookie};

/// What a page may load and where its forms may go: itself, and nobody else.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                                       form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Largest form of the admin token, in bytes.
pub(crate) const SIGN_IN_LIMIT: usize = 16 * 1024;
/// How much more memory a body takes once it has been read, at most.
const GROWTH: usize = 8;

/// The answer to a request that is refused before it is known what it asks for.
pub(crate) fn refused(error: ScimError) -> HttpResponse {
    refuse(&error.into())
}

/// Answers a request below `/console`.
pub(crate) async fn answer(
    deployment: &Deployment<'_>,
    incoming: &mut HttpRequest,
    path: &[&str],
) -> HttpResponse {
    let refuses = Cell::new(false);
    let response = dispatch(deployment, incoming, &refuses, path).await;
    if refuses.get() { response.concealing_cost() } else { response }
}

/// `refuses` becomes whether the response refuses a token, a cookie or an assertion.
async fn dispatch(
    deployment: &Deployment<'_>,
    incoming: &mut HttpRequest,
    refuses: &Cell<bool>,
    path: &[&str],
) -> HttpResponse {
    if let Err(problem) = check_address(incoming) {
        return refuse(&problem);
    }
    match (incoming.method.as_str(), path) {
        ("GET", ["api", "openapi.json"]) => {
            HttpResponse::json(200, "application/json", admin_api::OPENAPI.to_owned())
        }
        (_, ["api", rest @ ..]) => {
            api(deployment, incoming, refuses, rest).await.unwrap_or_else(|problem| refuse(&problem))
        }
        ("GET", ["assets", name]) => assets::answer(name),
        ("GET" | "POST", _) => page(deployment, incoming, refuses, path)
            .await
            .unwrap_or_else(|problem| pages::failure(&problem).into()),
        (method, _) => {
            let detail = format!("Method {method} is not allowed. Allowed: GET, HEAD, POST.");
            refuse(&Problem { allow: Some("GET, HEAD, POST"), ..Problem::new(405, detail) })
        }
    }
}

/// Refuses what rules for paths before this Worker may have read in another way, and what others may have read on its
/// way.
///
/// # Errors
/// 404, 403.
fn check_address(incoming: &HttpRequest) -> Result<(), Problem> {
    if !incoming.address.is_plain {
        let detail = "There is nothing at this address: write it without doubled slashes, and encode nothing that need not be.";
        return Err(Problem::new(404, detail));
    }
    if !incoming.is_private() {
        let address = incoming.address.origin.replacen("http://", "https://", 1);
        return Err(Problem::new(
            403,
            format!("The console is served by https only: use {address}/console."),
        ));
    }
    Ok(())
}

/// Who calls. Of an address that has guessed too often, nothing is looked at that may be a guess.
///
/// # Errors
/// Those of [`administrator::authenticate`], and 429.
async fn identify(
    deployment: &Deployment<'_>,
    incoming: &HttpRequest,
    refuses: &Cell<bool>,
) -> Result<Option<Identity>, Problem> {
    if incoming.header("authorization").is_some() || cloudflare_access::is_asserted(incoming) {
        refuses.set(true);
        rate_limits::check_address(incoming)?;
        refuses.set(false);
    }
    // A cookie is looked up in the database. One that was made up is a guess like any other.
    let has_cookie = session_cookie::is_presented(incoming);
    if has_cookie {
        rate_limits::check_unknown_key(deployment.env, incoming).await?;
    }
    let identity = administrator::authenticate(deployment, incoming).await;
    let is_guess = match &identity {
        Ok(found) => found.is_none() && has_cookie,
        Err(problem) => problem.status == 401,
    };
    if is_guess {
        count_failure(deployment, incoming, refuses).await?;
    }
    identity
}

/// Counts a guess that was wrong.
///
/// # Errors
/// 429 where there have been too many.
async fn count_failure(
    deployment: &Deployment<'_>,
    incoming: &HttpRequest,
    refuses: &Cell<bool>,
) -> Result<(), Problem> {
    refuses.set(true);
    Ok(rate_limits::count_failure(deployment.env, incoming).await?)
}

/// The body of somebody who is known.
async fn body_of(incoming: &mut HttpRequest) -> Result<Vec<u8>, Problem> {
    let body = incoming.body(BODY_LIMIT).await?;
    incoming.hold(body.len(), body.len().saturating_mul(GROWTH))?;
    Ok(body)
}

async fn api(
    deployment: &Deployment<'_>,
    incoming: &mut HttpRequest,
    refuses: &Cell<bool>,
    path: &[&str],
) -> Result<HttpResponse, Problem> {
    let identity = identify(deployment, incoming, refuses).await?;
    let Some(Identity { actor, method, cookie }) = identity else { return Err(admin_token::required()) };
    if method == AuthMethod::AmbientCredential && incoming.method != "GET" {
        same_origin::check(incoming)?;
    }
    let body = body_of(incoming).await?;
    let databases = databases(deployment, path)?;
    let mut console = console(deployment, incoming, actor, &databases)?;
    let key = incoming.header("idempotency-key").map(|key| CallKey::parse(&key)).transpose()?;
    let request = Request {
        method: incoming.method.as_str(),
        path,
        query: incoming.parameters(),
        body: &body,
        key: key.as_ref(),
    };
    let reply = admin_api::answer_once(&mut console, request).await?;
    let answer = HttpResponse::json(reply.status, "application/json", json::write(&reply.body));
    Ok(with_session(answer, cookie))
}

async fn page(
    deployment: &Deployment<'_>,
    incoming: &mut HttpRequest,
    refuses: &Cell<bool>,
    path: &[&str],
) -> Result<HttpResponse, Problem> {
    if incoming.method == "POST" {
        same_origin::check(incoming)?;
    }
    match path {
        ["sign-in"] => return sign_in(deployment, incoming, refuses).await,
        ["sign-out"] if incoming.method == "POST" => {
            let next = if cloudflare_access::is_asserted(incoming) {
                cloudflare_access::SIGN_OUT
            } else {
                "/console/sign-in"
            };
            let token = admin_token::configured(deployment).ok();
            let is_presented = session_cookie::is_presented(incoming);
            if is_presented {
                rate_limits::check_unknown_key(deployment.env, incoming).await?;
            }
            let (cookie, is_found) = session_cookie::end(deployment, token.as_deref(), incoming).await?;
            if is_presented && !is_found {
                count_failure(deployment, incoming, refuses).await?;
            }
            return Ok(see_other(next).with_header("Set-Cookie", cookie));
        }
        _ => {}
    }
    let Some(Identity { actor, cookie, .. }) = identify(deployment, incoming, refuses).await? else {
        return Ok(if incoming.method == "GET" && same_origin::is_cross_site(incoming) {
            // A link on another site does not bring the cookie along; a link on this page does.
            pages::passage(ours(&incoming.address.path_and_query)).into()
        } else {
            HttpResponse::from(pages::sign_in(ours(&incoming.address.path_and_query), None)).with_status(401)
        });
    };
    let databases = databases(deployment, path)?;
    let mut console = console(deployment, incoming, actor, &databases)?;
    let frame =
        Frame { path, query: incoming.parameters().to_vec(), origin: incoming.address.origin.clone() };
    let shown = if incoming.method == "POST" {
        let form = Form::parse(&body_of(incoming).await?);
        pages::act(&mut console, &frame, &form).await?
    } else {
        pages::show(&mut console, &frame).await?
    };
    let answer = match shown {
        Shown::Page(page) => page.into(),
        Shown::Elsewhere(place) => see_other(place),
    };
    Ok(with_session(answer, cookie))
}

/// The answer, with the cookie of a session that goes on.
fn with_session(answer: HttpResponse, cookie: Option<String>) -> HttpResponse {
    match cookie {
        Some(cookie) => answer.with_header("Set-Cookie", cookie),
        None => answer,
    }
}

/// The form of the admin token, and what it is exchanged for.
async fn sign_in(
    deployment: &Deployment<'_>,
    incoming: &mut HttpRequest,
    refuses: &Cell<bool>,
) -> Result<HttpResponse, Problem> {
    let token = admin_token::configured(deployment)?;
    if incoming.method == "GET" {
        return Ok(pages::sign_in("/console", None).into());
    }
    let form = Form::parse(&incoming.body(SIGN_IN_LIMIT).await?);
    let next = ours(form.text("next"));
    let shown_again = |problem: Problem| {
        let page = pages::sign_in(next, Some(&problem));
        HttpResponse::from(pages::Page { status: problem.status, ..page }).with_detail(problem.detail)
    };
    if let Err(error) = rate_limits::check_address(incoming) {
        refuses.set(true);
        return Ok(shown_again(error.into()));
    }
    if !admin_token::matches(&token, form.text("token").trim()) {
        let problem = Problem::new(
            401,
            "That is not this deployment's admin token. Look it up where ADMIN_TOKEN was set.",
        );
        let problem = count_failure(deployment, incoming, refuses).await.err().unwrap_or(problem);
        return Ok(shown_again(problem));
    }
    let cookie = session_cookie::start(deployment, &token, incoming).await?;
    Ok(see_other(next).with_header("Set-Cookie", cookie))
}

/// An address of the console's, whatever else was asked for: nobody is led elsewhere.
fn ours(place: &str) -> &str {
    let path = place.split(['?', '#']).next().unwrap_or_default();
    // Browsers take `\` for `/`, and `%2e` for a dot.
    let goes_up =
        |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let is_ours = (path == "/console" || path.starts_with("/console/"))
        && place.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !path.split('/').any(goes_up);
    if is_ours { place } else { "/console" }
}

/// Where organizations may lie that the path speaks of.
fn databases(deployment: &Deployment<'_>, path: &[&str]) -> Result<Vec<Database>, Problem> {
    let databases: Vec<Database> = match admin_api::organization_of(path) {
        Some(id) => {
            let shard = Shard::of_organization_id(id);
            shard.and_then(|shard| deployment.database(shard)).into_iter().collect()
        }
        None => deployment.databases(),
    };
    if databases.is_empty() { Err(Problem::no_organization()) } else { Ok(databases) }
}

fn console<'a>(
    deployment: &'a Deployment<'_>,
    incoming: &HttpRequest,
    actor: Actor,
    databases: &'a [Database],
) -> Result<Console<'a>, Problem> {
    let database = databases.first().ok_or_else(Problem::no_organization)?;
    let now_millis = clock::now_millis();
    let entry =
        admin_request::entry(actor.name(), incoming.method.as_str(), &incoming.address.path, now_millis);
    Ok(Console {
        database,
        databases,
        kv: &deployment.kv,
        catalog: deployment.catalog,
        now_millis,
        base: format!("{}/scim", incoming.address.origin),
        actor,
        entry,
        admin_token: admin_token::configured(deployment).unwrap_or_default(),
        call: None,
        organization: std::cell::RefCell::default(),
    })
}

fn see_other(place: impl Into<String>) -> HttpResponse {
    HttpResponse::html(303, String::new()).with_header("Location", place)
}

impl From<pages::Page> for HttpResponse {
    fn from(page: pages::Page) -> Self {
        let answer = Self::html(page.status, page.html)
            .with_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            .with_header("Cross-Origin-Opener-Policy", "same-origin");
        let answer = if page.status == 429 { answer.with_header("Retry-After", RETRY_AFTER) } else { answer };
        match page.detail {
            Some(detail) => answer.with_detail(detail),
            None => answer,
        }
    }
}

/// RFC 9457.
fn refuse(problem: &Problem) -> HttpResponse {
    let body =
        object! {"title": problem.title(), "status": problem.status, "detail": problem.detail.as_str()};
    let answer = HttpResponse::json(problem.status, "application/problem+json", json::write(&body))
        .with_detail(problem.detail.as_str());
    match (problem.status, problem.allow) {
        (401, _) => answer.with_header("WWW-Authenticate", "Bearer realm=\"console\""),
        (415, _) => answer.with_header("Accept-Encoding", "identity"),
        (429, _) => answer.with_header("Retry-After", RETRY_AFTER),
        (_, Some(allowed)) => answer.with_header("Allow", allowed),
        _ => answer,
    }
}
