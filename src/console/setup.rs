//! `/console/setup`: what the holder of a setup link sees and does. Its session is a cookie that nothing else of the
//! console knows: with it alone, every other page and call is refused.

use http::Method;
use serde::Deserialize;

use super::context::{admin_context, body_of, databases};
use super::pages::form;
use super::pages::same_site_redirect_page;
use super::pages::setup::{self as page, Shown};
use crate::admin_api::setup_links::{self, Presented};
use crate::admin_api::types::keys::{GenerateKey, IssuedKey, NewKey};
use crate::admin_api::{AdminContext, keys};
use crate::auth::same_origin;
use crate::d1::Database;
use crate::deployment::Deployment;
use crate::http::request::HttpRequest;
use crate::http::response::HttpResponse;
use crate::http::{Problem, cookie, rate_limits};

/// The name of the cookie.
const COOKIE: &str = "setup_link";
/// How long the cookie lives without the link, in seconds.
const LIFETIME: u64 = 12 * 60 * 60;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Form {
    Generate {
        #[serde(default)]
        name: String,
    },
    Deactivate {
        key: String,
    },
}

/// Answers a request of a holder of a link.
///
/// # Errors
/// 401 without a good link; those of the API.
pub(super) async fn respond(
    deployment: &Deployment<'_>,
    request: &mut HttpRequest,
) -> Result<HttpResponse, Problem> {
    let given = request.parameters().iter().find(|(name, _)| name == "link").map(|(_, link)| link.clone());
    let is_new = given.is_some();
    let text = given.or_else(|| cookie::values(request, COOKIE).into_iter().next());
    let Some(link) = text.as_deref().map(Presented::of).transpose()?.flatten() else {
        return Err(not_good());
    };
    let form = match request.method {
        Method::GET => None,
        _ => {
            same_origin::check(request)?;
            Some(body_of(request).await?)
        }
    };
    let path = ["organizations", link.organization.as_str(), "setup"];
    let databases: Vec<Database> = databases(deployment, &path).map_err(|_| not_good())?;
    let mut context = admin_context(deployment, request, link.actor(), &databases)?;
    let is_part = request.parameters().iter().any(|(name, part)| name == "part" && part == "connection");
    if let (true, false, None) = (is_part, is_new, &form) {
        return match setup_links::connection(&context, &link.organization).await {
            Ok(read) => Ok(page::part(&read).into()),
            Err(problem) if problem.status == 404 => Err(not_good()),
            Err(problem) => Err(problem),
        };
    }
    let outcome = match (is_new, form) {
        (true, None) => {
            context.is_writing = true;
            setup_links::open(&context, &link).await.map(|()| None)
        }
        (_, form) => answer(&mut context, &link, form.as_deref()).await.map(Some),
    };
    match outcome {
        Ok(Some(shown)) => Ok(shown.into()),
        // The cookie is not sent along where a link on another site leads.
        Ok(None) => {
            let set =
                cookie::set(&request.address.origin, COOKIE, text.as_deref().unwrap_or_default(), LIFETIME);
            let response: HttpResponse = same_site_redirect_page("/console/setup").into();
            Ok(response.with_header("Set-Cookie", set))
        }
        Err(problem) if problem.status == 404 => {
            rate_limits::count_failure(deployment.env, request).await?;
            Err(not_good())
        }
        Err(problem) => Err(problem),
    }
}

fn not_good() -> Problem {
    Problem::new(
        401,
        "This setup link is not good: it was revoked, has expired, or is not complete. Ask for a new one where you got \
         it.",
    )
}

async fn answer(
    context: &mut AdminContext<'_>,
    link: &Presented,
    form: Option<&[u8]>,
) -> Result<super::pages::Page, Problem> {
    let org = link.organization.as_str();
    let mut shown = Shown::default();
    if let Some(form) = form {
        match act(context, org, form).await {
            Ok(key) => shown.key = key,
            Err(problem) if matches!(problem.status, 400 | 409) => shown.problem = Some(problem),
            Err(problem) => return Err(problem),
        }
        context.is_writing = false;
    }
    let read = setup_links::read(context, org).await?;
    Ok(page::page(&read, &context.base, shown))
}

/// Carries out a form. Returns the new key, if it makes one.
async fn act(context: &AdminContext<'_>, org: &str, form: &[u8]) -> Result<Option<String>, Problem> {
    match form::read(form)? {
        Form::Generate { name } => {
            let name = form::optional(&name);
            let request = GenerateKey { name, expires_in_seconds: None };
            match keys::generate(context, org, request).await?.body {
                IssuedKey::Shown(NewKey { key, .. }) => Ok(Some(key)),
                IssuedKey::Gone(_) => Ok(None),
            }
        }
        Form::Deactivate { key } => {
            keys::deactivate(context, org, &key).await?;
            Ok(None)
        }
    }
}
