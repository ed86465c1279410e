//! `/console`: the administrators' pages, and their API at `/console/api`.

mod assets;
mod context;
mod pages;
mod responses;
mod routes;
mod setup;
mod sign_in;

use http::Method;
use scim_protocol::ScimError;

use crate::admin_api::CallKey;
use crate::admin_api::dispatch::{self, Answer, Request};
use crate::admin_api::export::Download;
use crate::admin_api::routes as api_routes;
use crate::auth::administrator::{self, AuthMethod, Authentication, Identity};
use crate::auth::{admin_token, same_origin};
use crate::d1::StorageError;
use crate::deployment::Deployment;
use crate::http::request::HttpRequest;
use crate::http::response::HttpResponse;
use crate::http::routes::{NoRoute, Route};
use crate::http::{AdminCode, Problem};
use crate::redaction::audit_log::is_id;
use context::{admin_context, body_of, databases};
use pages::routes::PageName;
use pages::{Guide, PageRequest, PageResponse, days, flash, layout};
use responses::{problem_details, see_other};
use routes::Handler;
use sign_in::{Exchange, SignIn};

#[cfg(test)]
pub(crate) use pages::undo::MOST_PREVIEWED as UNDO_PREVIEWED;
#[cfg(test)]
pub(crate) use pages::undo_words::MOST_LISTED as UNDO_LISTED;
#[cfg(test)]
pub(crate) use sign_in::SIGN_IN_LIMIT;

/// The static asset that describes the admin API.
const OPENAPI: &str = "openapi.json";

/// The response to a request that is refused before it is routed.
pub(crate) fn refused(request: &HttpRequest, error: ScimError) -> HttpResponse {
    problem_details(&Problem::from(error).of_request(&request.id))
}

/// The page of a service that cannot work yet.
pub(crate) fn failed(request: &HttpRequest, problem: Problem) -> HttpResponse {
    layout::failure(&problem.of_request(&request.id)).into()
}

/// Answers a request below `/console`.
pub(crate) async fn answer(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    path: &[&str],
) -> HttpResponse {
    if let Err(problem) = check_address(request) {
        return problem_details(&problem.of_request(&request.id));
    }
    let below_api = path.strip_prefix(&["api"]).unwrap_or(path);
    let organization = api_routes::organization_of(below_api).filter(|id| is_id(id));
    let mut response = respond(deployment, request, path).await;
    response.organization = organization.map(str::to_owned);
    response
}

async fn respond(deployment: &Deployment<'_>, request: &mut HttpRequest, path: &[&str]) -> HttpResponse {
    match path {
        ["api", "openapi.json"] if request.method == Method::GET => {
            match assets::read(deployment, OPENAPI).await {
                Ok(text) => HttpResponse::json(200, "application/json", text),
                Err(problem) => problem_details(&problem.of_request(&request.id)),
            }
        }
        ["api", rest @ ..] => api(deployment, request, rest).await,
        ["setup"] if matches!(request.method, Method::GET | Method::POST) => {
            let answered = setup::respond(deployment, request).await;
            let response = answered.unwrap_or_else(|problem| failed(request, problem));
            if response.status == 401 { response.concealing_cost() } else { response }
        }
        _ => outside_api(deployment, request, path).await.unwrap_or_else(|problem| failed(request, problem)),
    }
}

/// Refuses paths that a proxy's rules may interpret differently, and requests that were sent without TLS.
///
/// # Errors
/// 404, 403.
fn check_address(request: &HttpRequest) -> Result<(), Problem> {
    if !request.address.is_plain {
        let detail = "There is nothing at this address: write it without doubled slashes, and encode only \
                      characters that need it.";
        return Err(Problem::new(404, detail));
    }
    if !request.is_private() {
        let address = request.address.origin.replacen("http://", "https://", 1);
        return Err(Problem::of(
            AdminCode::HttpsRequired,
            format!("The console is served by https only: use {address}/console."),
        ));
    }
    Ok(())
}

/// Answers a call of the API.
async fn api(deployment: &Deployment<'_>, request: &mut HttpRequest, path: &[&str]) -> HttpResponse {
    let Authentication { identity, is_refusal } = administrator::identify(deployment, request).await;
    let outcome = match identity {
        Ok(Some(identity)) => call(deployment, request, identity, path).await,
        Ok(None) => Err(admin_token::required()),
        Err(problem) => Err(problem),
    };
    let response = outcome.unwrap_or_else(|problem| problem_details(&problem.of_request(&request.id)));
    if is_refusal { response.concealing_cost() } else { response }
}

/// Carries out a call of the API.
async fn call(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    Identity { actor, method, cookie }: Identity,
    path: &[&str],
) -> Result<HttpResponse, Problem> {
    if method == AuthMethod::AmbientCredential && request.method != Method::GET {
        same_origin::check(request)?;
    }
    let body = body_of(request).await?;
    let databases = databases(deployment, path)?;
    let mut context = admin_context(deployment, request, actor, &databases)?;
    let key = request.header("idempotency-key").map(|key| CallKey::parse(&key)).transpose()?;
    let call = Request {
        method: &request.method,
        path,
        query: request.parameters(),
        body: &body,
        key: key.as_ref(),
    };
    let response = match dispatch::answer(&mut context, call).await? {
        Answer::Json(reply) => HttpResponse::json(reply.status, "application/json", reply.body),
        Answer::File(Download { media_type, disposition, body }) => {
            HttpResponse::file(media_type, disposition, body)
        }
    };
    Ok(with_cookie(response, cookie).with_webhooks(context.has_webhooks.get()))
}

/// Answers a request for a page, a file of the pages, or a session.
async fn outside_api(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    path: &[&str],
) -> Result<HttpResponse, Problem> {
    let route = match routes::find(&request.method, path) {
        Ok(route) => Some(route),
        Err(NoRoute::NotFound) => None,
        Err(NoRoute::MethodNotAllowed { allow, detail }) => {
            let problem = Problem::new(405, detail).with_allow(allow);
            return Ok(problem_details(&problem.of_request(&request.id)));
        }
    };
    if request.method != Method::GET {
        same_origin::check(request)?;
    }
    let Some(Route { handler, parameters }) = route else {
        return Ok(page(deployment, request, path, None).await);
    };
    match (*handler, parameters.as_slice()) {
        (Handler::Asset, [name]) => assets::answer(deployment, name).await,
        (Handler::Asset, _) => {
            Err(StorageError::internal("the route of the assets has no name".to_owned()).into())
        }
        (Handler::Guide, parameters) => match parameters.first().and_then(|name| Guide::named(name)) {
            Some(guide) => {
                let text = assets::read(deployment, &format!("guides/{}.html", guide.name())).await?;
                Ok(pages::guide_page(guide, &text).into())
            }
            None => Err(Problem::new(404, "There is no such guide.")),
        },
        (Handler::SignInForm, _) => sign_in::show_form(deployment),
        (Handler::SignIn, _) => sign_in::sign_in(deployment, request).await,
        (Handler::SignOut, _) => sign_in::sign_out(deployment, request).await,
        (Handler::Page(name), parameters) => {
            Ok(page(deployment, request, path, Some((name, parameters))).await)
        }
    }
}

/// Answers a request for a page with the parameters of its path. Without a page, the response is 404 after
/// authentication.
async fn page(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    path: &[&str],
    page: Option<(PageName, &[&str])>,
) -> HttpResponse {
    let Authentication { identity, is_refusal } = administrator::identify(deployment, request).await;
    let outcome = match identity {
        Ok(Some(identity)) => show(deployment, request, identity, path, page, None).await,
        Ok(None) => resume(deployment, request, path, page).await,
        Err(problem) => Err(problem),
    };
    let response = outcome.unwrap_or_else(|problem| failed(request, problem));
    if is_refusal { response.concealing_cost() } else { response }
}

/// Answers a request for a page without a session: with the form of the admin token. A form that was sent after the
/// session had ended comes back with the token, and is given back on its page.
async fn resume(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    path: &[&str],
    page: Option<(PageName, &[&str])>,
) -> Result<HttpResponse, Problem> {
    // Only a form with a token in it is larger.
    if request.method != Method::POST || page.is_none() || !request.is_within(sign_in::RESUME_LIMIT) {
        return Ok(sign_in::required(request, None));
    }
    let body = request.body(sign_in::RESUME_LIMIT).await?;
    let Some(form) = SignIn::resuming(&body) else { return Ok(sign_in::required(request, Some(body))) };
    match sign_in::exchange(deployment, request, &form).await? {
        Exchange::Session(cookie) => {
            let identity = administrator::of_admin_token(cookie);
            show(deployment, request, identity, path, page, Some(form.into_form())).await
        }
        Exchange::Refused(problem) => Ok(sign_in::refused_resuming(request, &form, problem)),
    }
}

/// Shows a page, or carries out one of its forms, or shows the form that is given back. Without a page, the response is
/// 404.
async fn show(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
    Identity { actor, cookie, .. }: Identity,
    path: &[&str],
    page: Option<(PageName, &[&str])>,
    given_back: Option<Vec<u8>>,
) -> Result<HttpResponse, Problem> {
    let databases = databases(deployment, path)?;
    let mut context = admin_context(deployment, request, actor, &databases)?;
    context.is_page = true;
    let mut is_given_back = given_back.is_some();
    let form = match given_back {
        Some(form) => Some(form),
        None if request.method == Method::POST => {
            let body = body_of(request).await?;
            // The administrator has signed in elsewhere meanwhile.
            let resuming = SignIn::resuming(&body);
            is_given_back = resuming.is_some();
            Some(resuming.map_or(body, SignIn::into_form))
        }
        None => None,
    };
    let (done, taken) = flash::take(request).filter(|_| form.is_none()).unzip();
    let page_request = PageRequest {
        query: days::in_instants(request.parameters().to_vec()),
        origin: request.address.origin.clone(),
        done,
        is_given_back,
    };
    let outcome = match page {
        Some((page, parameters)) => {
            pages::routes::respond(&mut context, page, parameters, &page_request, form.as_deref()).await
        }
        None => Err(Problem::new(404, "There is no such page. The console begins at /console.")),
    };
    let response = match outcome {
        Ok(response) => response,
        Err(problem) => {
            let organization = api_routes::organization_of(path);
            let problem = problem.of_request(&request.id);
            PageResponse::Page(pages::routes::failure(&context, organization, problem).await)
        }
    };
    let response = match response {
        PageResponse::Page(page) => with_cookie(page.into(), taken),
        PageResponse::Redirect(redirect) => {
            with_cookie(see_other(redirect.address.as_str()), redirect.cookie(&page_request.origin))
        }
    };
    Ok(with_cookie(response, cookie).with_webhooks(context.has_webhooks.get()))
}

/// The response with a `Set-Cookie`, if there is one.
fn with_cookie(response: HttpResponse, cookie: Option<String>) -> HttpResponse {
    match cookie {
        Some(cookie) => response.with_header("Set-Cookie", cookie),
        None => response,
    }
}
