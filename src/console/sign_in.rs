//! Signing in with the admin token, and signing out.

use serde::Deserialize;

use super::pages::{self, form, layout};
use super::responses::see_other;
use crate::auth::{admin_token, cloudflare_access, same_origin, session_cookie};
use crate::deployment::Deployment;
use crate::http::request::HttpRequest;
use crate::http::response::HttpResponse;
use crate::http::{AdminCode, Problem, rate_limits};

/// Largest form of the admin token, in bytes.
pub(crate) const SIGN_IN_LIMIT: usize = 16 * 1024;

/// The form with which the admin token is exchanged for a session.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SignIn {
    token: String,
    /// The page to return to.
    next: String,
}

/// The page with the form of the admin token.
///
/// # Errors
/// 503 if the deployment has no admin token.
pub(super) fn show_form(deployment: &Deployment<'_>) -> Result<HttpResponse, Problem> {
    admin_token::configured(deployment)?;
    Ok(pages::sign_in("/console", None).into())
}

/// The response to a request for a page without valid credentials.
pub(super) fn required(request: &HttpRequest) -> HttpResponse {
    let next = safe_return_path(&request.address.path_and_query);
    if request.method == "GET" && same_origin::is_cross_site(request) {
        // A link on another site does not bring the cookie along; a link on this page does.
        return pages::same_site_redirect_page(next).into();
    }
    HttpResponse::from(pages::sign_in(next, None)).with_status(401)
}

/// Exchanges the admin token for a session.
///
/// # Errors
/// 400 and 413 for the form, 503 if the deployment has no admin token; those of the storage.
pub(super) async fn sign_in(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
) -> Result<HttpResponse, Problem> {
    let token = admin_token::configured(deployment)?;
    let form: SignIn = form::read(&request.body(SIGN_IN_LIMIT).await?)?;
    let next = safe_return_path(&form.next);
    let refused = |problem: Problem| {
        let page = pages::sign_in(next, Some(&problem));
        let page = pages::Page { status: problem.status, ..page };
        HttpResponse::from(page).with_detail(problem.detail).concealing_cost()
    };
    if let Err(limit) = rate_limits::check_address(request) {
        return Ok(refused(limit.into()));
    }
    if !admin_token::matches(&token, form.token.trim()) {
        return Ok(refused(match rate_limits::count_failure(deployment.env, request).await {
            Ok(()) => Problem::of(
                AdminCode::AdminTokenWrong,
                "This is not the admin token of this deployment. It is the value that ADMIN_TOKEN was set to.",
            ),
            Err(limit) => limit.into(),
        }));
    }
    let cookie = session_cookie::start(deployment, &token, request).await?;
    Ok(see_other(next).with_header("Set-Cookie", cookie))
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
