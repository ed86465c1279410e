//! Signing in with the admin token, and signing out.

use serde::Deserialize;

use super::pages::{self, RESUME, form, layout};
use super::responses::see_other;
use crate::auth::{admin_token, cloudflare_access, same_origin, session_cookie};
use crate::deployment::Deployment;
use crate::http::request::HttpRequest;
use crate::http::response::HttpResponse;
use crate::http::{AdminCode, Problem, rate_limits};

/// Largest form of the admin token, in bytes.
pub(crate) const SIGN_IN_LIMIT: usize = 16 * 1024;

/// Largest form that is given back after signing in again, in bytes.
pub(crate) const GIVEN_BACK_LIMIT: usize = 32 * 1024;
/// Largest form of the admin token with such a form in it, in bytes: encoded, a character has up to three.
pub(crate) const RESUME_LIMIT: usize = SIGN_IN_LIMIT + 3 * GIVEN_BACK_LIMIT;

/// The form with which the admin token is exchanged for a session.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SignIn {
    /// [`RESUME`], if it comes with a form that is given back.
    action: String,
    token: String,
    /// The page to return to.
    next: String,
    /// The form that arrived after the session had ended, as it was sent.
    form: String,
}

impl SignIn {
    /// The form of the admin token in the body of a request for a page, if it is one.
    pub(super) fn resuming(body: &[u8]) -> Option<Self> {
        form::fields::<Self>(body).ok().filter(|form| form.action == RESUME)
    }

    /// The form that is given back.
    pub(super) fn into_form(self) -> Vec<u8> {
        self.form.into_bytes()
    }
}

/// What becomes of an admin token.
pub(super) enum Exchange {
    /// The `Set-Cookie` of the session.
    Session(String),
    Refused(Problem),
}

/// The page with the form of the admin token.
///
/// # Errors
/// 503 if the deployment has no admin token.
pub(super) fn show_form(deployment: &Deployment<'_>) -> Result<HttpResponse, Problem> {
    admin_token::configured(deployment)?;
    Ok(pages::sign_in("/console", None, None).into())
}

/// The response to a request for a page without valid credentials. The form of a POST is not carried out: the page of
/// the admin token keeps it, and it is given back afterwards.
pub(super) fn required(request: &HttpRequest, form: Option<Vec<u8>>) -> HttpResponse {
    let next = safe_return_path(&request.address.path_and_query);
    if request.method == "GET" && same_origin::is_cross_site(request) {
        // A link on another site does not bring the cookie along; a link on this page does.
        return pages::same_site_redirect_page(next).into();
    }
    let form =
        form.filter(|form| form.len() <= GIVEN_BACK_LIMIT).and_then(|form| String::from_utf8(form).ok());
    HttpResponse::from(pages::sign_in(next, form.as_deref(), None)).with_status(401)
}

/// The page of the admin token again, with the reason why it was refused.
fn refused(next: &str, form: Option<&str>, problem: Problem) -> HttpResponse {
    let page = pages::sign_in(next, form, Some(&problem));
    let page = pages::Page { status: problem.status, ..page };
    HttpResponse::from(page).with_detail(problem.into_detail()).concealing_cost()
}

/// The page of the admin token again, with the form that is to be given back.
pub(super) fn refused_resuming(request: &HttpRequest, form: &SignIn, problem: Problem) -> HttpResponse {
    refused(safe_return_path(&request.address.path_and_query), Some(&form.form), problem)
}

/// Exchanges the admin token for a session.
///
/// # Errors
/// 400 and 413 for the form, 503 if the deployment has no admin token; those of the storage.
pub(super) async fn sign_in(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
) -> Result<HttpResponse, Problem> {
    admin_token::configured(deployment)?;
    let form: SignIn = form::fields(&request.body(SIGN_IN_LIMIT).await?)?;
    let next = safe_return_path(&form.next);
    Ok(match exchange(deployment, request, &form).await? {
        Exchange::Session(cookie) => see_other(next).with_header("Set-Cookie", cookie),
        Exchange::Refused(problem) => refused(next, None, problem),
    })
}

/// Exchanges the admin token of a form for a session.
///
/// # Errors
/// 503 if the deployment has no admin token; those of the storage.
pub(super) async fn exchange(
    deployment: &Deployment<'_>,
    request: &HttpRequest,
    form: &SignIn,
) -> Result<Exchange, Problem> {
    let token = admin_token::configured(deployment)?;
    if let Err(limit) = rate_limits::check_address(request) {
        return Ok(Exchange::Refused(limit.into()));
    }
    if !admin_token::matches(&token, form.token.trim()) {
        return Ok(Exchange::Refused(match rate_limits::count_failure(deployment.env, request).await {
            Ok(()) => Problem::of(
                AdminCode::AdminTokenWrong,
                "This is not the admin token of this deployment. It is the value that ADMIN_TOKEN was set to.",
            ),
            Err(limit) => limit.into(),
        }));
    }
    Ok(Exchange::Session(session_cookie::start(deployment, &token, request).await?))
}

/// Ends the session, and signs out of Cloudflare Access if the caller came through it.
///
/// # Errors
/// 429 after too many invalid cookies; those of the storage.
pub(super) async fn sign_out(
    deployment: &Deployment<'_>,
    request: &HttpRequest,
) -> Result<HttpResponse, Problem> {
    let next = match cloudflare_access::is_asserted(request) {
        true => cloudflare_access::SIGN_OUT,
        false => "/console/sign-in",
    };
    let token = admin_token::configured(deployment).ok();
    let is_presented = session_cookie::is_presented(request);
    if is_presented {
        rate_limits::check_unknown_key(deployment.env, request).await?;
    }
    let (cookie, is_found) = session_cookie::end(deployment, token.as_deref(), request).await?;
    let response = see_other(next).with_header("Set-Cookie", cookie);
    if is_found || !is_presented {
        return Ok(response);
    }
    // The cookie may be a guess.
    let response = match rate_limits::count_failure(deployment.env, request).await {
        Ok(()) => response,
        Err(limit) => layout::failure(&Problem::from(limit)).into(),
    };
    Ok(response.concealing_cost())
}

/// Guards against open redirects: a path of the console stays, anything else becomes `/console`.
fn safe_return_path(place: &str) -> &str {
    let path = place.split_once(['?', '#']).map_or(place, |(path, _)| path);
    // Browsers take `\` for `/`, and `%2e` for a dot.
    let goes_up =
        |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let is_safe = (path == "/console" || path.starts_with("/console/"))
        && place.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        && !path.split('/').any(goes_up);
    if is_safe { place } else { "/console" }
}
