//! `/console`: the administrators' pages, and their API at `/console/api`.

mod assets;
mod pages;

use std::cell::Cell;

use crate::admin_api::routes::{self as api_routes, Request};
use crate::admin_api::types::problem::ProblemDetails;
use crate::admin_api::{self, AdminContext, CallKey};
use crate::audit::admin_request;
use crate::auth::actor::Actor;
use crate::d1::Database;
use crate::deployment::Deployment;
use crate::http::request::{BODY_LIMIT, HttpRequest};
use crate::http::response::{HttpResponse, RETRY_AFTER};
use crate::http::{Problem, rate_limits};
use crate::runtime::clock;
use directory::Shard;
use pages::{PageRequest, PageResponse, form, layout};
use scim_protocol::ScimError;
use serde::Deserialize;

use crate::auth::administrator::{AuthMethod, Identity};
use crate::auth::{admin_token, administrator, cloudflare_access, same_origin, session_cookie};

/// Pages load only what this origin serves, and send forms only to it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                                       connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Largest form of the admin token, in bytes.
pub(crate) const SIGN_IN_LIMIT: usize = 16 * 1024;
/// How much more memory a body takes once it has been read, at most.
const GROWTH: usize = 8;

/// The response to a request that is refused before it is routed.
pub(crate) fn refused(error: ScimError) -> HttpResponse {
    refuse(&error.into())
}

/// Answers a request below `/console`.
pub(crate) async fn answer(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    path: &[&str],
) -> HttpResponse {
    let refuses = Cell::new(false);
    let response = dispatch(deployment, request, &refuses, path).await;
    if refuses.get() { response.concealing_cost() } else { response }
}

/// `refuses` becomes whether the response refuses a token, a cookie or an assertion.
async fn dispatch(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    refuses: &Cell<bool>,
    path: &[&str],
) -> HttpResponse {
    if let Err(problem) = check_address(request) {
        return refuse(&problem);
    }
    match (request.method.as_str(), path) {
        ("GET", ["api", "openapi.json"]) => {
            HttpResponse::json(200, "application/json", admin_api::OPENAPI.to_owned())
        }
        (_, ["api", rest @ ..]) => {
            api(deployment, request, refuses, rest).await.unwrap_or_else(|problem| refuse(&problem))
        }
        ("GET", ["assets", name]) => assets::answer(name),
        ("GET" | "POST", _) => page(deployment, request, refuses, path)
            .await
            .unwrap_or_else(|problem| layout::failure(&problem).into()),
        (method, _) => {
            let detail = format!("Method {method} is not allowed. Allowed: GET, HEAD, POST.");
            refuse(&Problem { allow: Some("GET, HEAD, POST".to_owned()), ..Problem::new(405, detail) })
        }
    }
}

/// Refuses paths that rules of a proxy may have read in another way, and requests that others may have read in transit.
///
/// # Errors
/// 404, 403.
fn check_address(request: &HttpRequest) -> Result<(), Problem> {
    if !request.address.is_plain {
        let detail = "There is nothing at this address: write it without doubled slashes, and encode nothing that \
                      need not be.";
        return Err(Problem::new(404, detail));
    }
    if !request.is_private() {
        let address = request.address.origin.replacen("http://", "https://", 1);
        return Err(Problem::new(
            403,
            format!("The console is served by https only: use {address}/console."),
        ));
    }
    Ok(())
}

/// Authenticates the caller; `None` if no credentials were sent. Credentials are not looked at if too many from the
/// same address were wrong.
///
/// # Errors
/// Those of [`administrator::authenticate`], and 429.
async fn identify(
    deployment: &Deployment<'_>,
    request: &HttpRequest,
    refuses: &Cell<bool>,
) -> Result<Option<Identity>, Problem> {
    if request.header("authorization").is_some() || cloudflare_access::is_asserted(request) {
        refuses.set(true);
        rate_limits::check_address(request)?;
        refuses.set(false);
    }
    // A cookie costs a look-up in the database, also if it is a guess.
    let has_cookie = session_cookie::is_presented(request);
    if has_cookie {
        rate_limits::check_unknown_key(deployment.env, request).await?;
    }
    let identity = administrator::authenticate(deployment, request).await;
    let is_guess = match &identity {
        Ok(found) => found.is_none() && has_cookie,
        Err(problem) => problem.status == 401,
    };
    if is_guess {
        count_failure(deployment, request, refuses).await?;
    }
    identity
}

/// Counts wrong credentials.
///
/// # Errors
/// 429 if there have been too many.
async fn count_failure(
    deployment: &Deployment<'_>,
    request: &HttpRequest,
    refuses: &Cell<bool>,
) -> Result<(), Problem> {
    refuses.set(true);
    Ok(rate_limits::count_failure(deployment.env, request).await?)
}

/// Reads the body of an authenticated request.
async fn body_of(request: &mut HttpRequest) -> Result<Vec<u8>, Problem> {
    let body = request.body(BODY_LIMIT).await?;
    request.hold(body.len(), body.len().saturating_mul(GROWTH))?;
    Ok(body)
}

async fn api(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    refuses: &Cell<bool>,
    path: &[&str],
) -> Result<HttpResponse, Problem> {
    let identity = identify(deployment, request, refuses).await?;
    let Some(Identity { actor, method, cookie }) = identity else { return Err(admin_token::required()) };
    if method == AuthMethod::AmbientCredential && request.method != "GET" {
        same_origin::check(request)?;
    }
    let body = body_of(request).await?;
    let databases = databases(deployment, path)?;
    let mut context = admin_context(deployment, request, actor, &databases)?;
    let key = request.header("idempotency-key").map(|key| CallKey::parse(&key)).transpose()?;
    let call = Request {
        method: request.method.as_str(),
        path,
        query: request.parameters(),
        body: &body,
        key: key.as_ref(),
    };
    let reply = api_routes::answer(&mut context, call).await?;
    Ok(with_session(HttpResponse::json(reply.status, "application/json", reply.body), cookie))
}

async fn page(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    refuses: &Cell<bool>,
    path: &[&str],
) -> Result<HttpResponse, Problem> {
    if request.method == "POST" {
        same_origin::check(request)?;
    }
    match path {
        ["sign-in"] => return sign_in(deployment, request, refuses).await,
        ["sign-out"] if request.method == "POST" => {
            let next = if cloudflare_access::is_asserted(request) {
                cloudflare_access::SIGN_OUT
            } else {
                "/console/sign-in"
            };
            let token = admin_token::configured(deployment).ok();
            let is_presented = session_cookie::is_presented(request);
            if is_presented {
                rate_limits::check_unknown_key(deployment.env, request).await?;
            }
            let (cookie, is_found) = session_cookie::end(deployment, token.as_deref(), request).await?;
            if is_presented && !is_found {
                count_failure(deployment, request, refuses).await?;
            }
            return Ok(see_other(next).with_header("Set-Cookie", cookie));
        }
        _ => {}
    }
    let Some(Identity { actor, cookie, .. }) = identify(deployment, request, refuses).await? else {
        return Ok(if request.method == "GET" && same_origin::is_cross_site(request) {
            // A link on another site does not bring the cookie along; a link on this page does.
            pages::same_site_redirect_page(safe_return_path(&request.address.path_and_query)).into()
        } else {
            HttpResponse::from(pages::sign_in(safe_return_path(&request.address.path_and_query), None))
                .with_status(401)
        });
    };
    let databases = databases(deployment, path)?;
    let mut context = admin_context(deployment, request, actor, &databases)?;
    let form = if request.method == "POST" { Some(body_of(request).await?) } else { None };
    let page_request =
        PageRequest { query: request.parameters().to_vec(), origin: request.address.origin.clone() };
    let response = match pages::routes::respond(&mut context, path, &page_request, form.as_deref()).await? {
        PageResponse::Page(page) => page.into(),
        PageResponse::Redirect(address) => see_other(address),
    };
    Ok(with_session(response, cookie))
}

/// The response with the cookie of a prolonged session.
fn with_session(response: HttpResponse, cookie: Option<String>) -> HttpResponse {
    match cookie {
        Some(cookie) => response.with_header("Set-Cookie", cookie),
        None => response,
    }
}

/// The form with which the admin token is exchanged for a session.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SignIn {
    token: String,
    /// The page to return to.
    next: String,
}

/// The page with the form of the admin token, and the exchange of the token for a session.
async fn sign_in(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    refuses: &Cell<bool>,
) -> Result<HttpResponse, Problem> {
    let token = admin_token::configured(deployment)?;
    if request.method == "GET" {
        return Ok(pages::sign_in("/console", None).into());
    }
    let form: SignIn = form::read(&request.body(SIGN_IN_LIMIT).await?)?;
    let next = safe_return_path(&form.next);
    let shown_again = |problem: Problem| {
        let page = pages::sign_in(next, Some(&problem));
        HttpResponse::from(pages::Page { status: problem.status, ..page }).with_detail(problem.detail)
    };
    if let Err(error) = rate_limits::check_address(request) {
        refuses.set(true);
        return Ok(shown_again(error.into()));
    }
    if !admin_token::matches(&token, form.token.trim()) {
        let problem = Problem::new(
            401,
            "That is not this deployment's admin token. Look it up where ADMIN_TOKEN was set.",
        );
        let problem = count_failure(deployment, request, refuses).await.err().unwrap_or(problem);
        return Ok(shown_again(problem));
    }
    let cookie = session_cookie::start(deployment, &token, request).await?;
    Ok(see_other(next).with_header("Set-Cookie", cookie))
}

/// Guards against open redirects: a path of the console stays, anything else becomes `/console`.
fn safe_return_path(place: &str) -> &str {
    let path = place.split(['?', '#']).next().unwrap_or_default();
    // Browsers take `\` for `/`, and `%2e` for a dot.
    let goes_up =
        |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let is_safe = (path == "/console" || path.starts_with("/console/"))
        && place.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !path.split('/').any(goes_up);
    if is_safe { place } else { "/console" }
}

/// The databases that may have the organizations of the path: one, or all.
fn databases(deployment: &Deployment<'_>, path: &[&str]) -> Result<Vec<Database>, Problem> {
    let databases: Vec<Database> = match api_routes::organization_of(path) {
        Some(id) => {
            let shard = Shard::of_organization_id(id);
            shard.and_then(|shard| deployment.database(shard)).into_iter().collect()
        }
        None => deployment.databases(),
    };
    if databases.is_empty() { Err(Problem::no_organization()) } else { Ok(databases) }
}

fn admin_context<'a>(
    deployment: &'a Deployment<'_>,
    request: &HttpRequest,
    actor: Actor,
    databases: &'a [Database],
) -> Result<AdminContext<'a>, Problem> {
    let database = databases.first().ok_or_else(Problem::no_organization)?;
    let now_millis = clock::now_millis();
    let entry =
        admin_request::entry(actor.name(), request.method.as_str(), &request.address.path, now_millis);
    Ok(AdminContext {
        database,
        databases,
        kv: &deployment.kv,
        catalog: deployment.catalog,
        now_millis,
        base: format!("{}/scim", request.address.origin),
        actor,
        entry,
        admin_token: admin_token::configured(deployment).unwrap_or_default(),
        call_id: None,
    })
}

fn see_other(place: impl Into<String>) -> HttpResponse {
    HttpResponse::html(303, String::new()).with_header("Location", place)
}

impl From<pages::Page> for HttpResponse {
    fn from(page: pages::Page) -> Self {
        let response = Self::html(page.status, page.html)
            .with_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            .with_header("Cross-Origin-Opener-Policy", "same-origin");
        let response =
            if page.status == 429 { response.with_header("Retry-After", RETRY_AFTER) } else { response };
        match page.detail {
            Some(detail) => response.with_detail(detail),
            None => response,
        }
    }
}

/// A response with problem details (RFC 9457).
fn refuse(problem: &Problem) -> HttpResponse {
    let body = serde_json::to_string(&ProblemDetails::from(problem))
        .unwrap_or_else(|_| format!("{{\"status\":{}}}", problem.status));
    let response = HttpResponse::json(problem.status, "application/problem+json", body)
        .with_detail(problem.detail.as_str());
    match (problem.status, &problem.allow) {
        (401, _) => response.with_header("WWW-Authenticate", "Bearer realm=\"console\""),
        (415, _) => response.with_header("Accept-Encoding", "identity"),
        (429, _) => response.with_header("Retry-After", RETRY_AFTER),
        (_, Some(allowed)) => response.with_header("Allow", allowed),
        _ => response,
    }
}
