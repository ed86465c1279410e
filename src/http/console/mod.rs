//! `/console`: the administrators' pages, and their API at `/console/api`.

mod assets;
mod identity;
mod session;

use super::Deployment;
use super::access;
use super::answer::Answer;
use super::request::{BODY_LIMIT, Incoming};
use crate::console::pages::{self, Form, Frame, Shown};
use crate::console::{self, CallKey, Console, Problem, Request, Viewer};
use crate::directory::{Shard, kept};
use crate::scim::json::{self, object};
use crate::store::log::{Entry, Source};
use crate::store::{Database, platform};

use identity::{Identity, Means};

/// What a page may load and where its forms may go: itself, and nobody else.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                                       form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Answers a request below `/console`.
pub(super) async fn answer(deployment: &Deployment<'_>, incoming: &mut Incoming, path: &[&str]) -> Answer {
    if let Err(problem) = check_address(incoming) {
        return refuse(&problem);
    }
    match (incoming.method.as_str(), path) {
        ("GET", ["api", "openapi.json"]) => {
            Answer::json(200, "application/json", console::OPENAPI.to_owned())
        }
        (_, ["api", rest @ ..]) => {
            api(deployment, incoming, rest).await.unwrap_or_else(|problem| refuse(&problem))
        }
        ("GET", ["assets", name]) => assets::answer(name),
        ("GET" | "POST", _) => {
            page(deployment, incoming, path).await.unwrap_or_else(|problem| pages::failure(&problem).into())
        }
        (method, _) => {
            let detail = format!("{method} is not possible here; GET, POST are.");
            refuse(&Problem { allow: Some("GET, POST"), ..Problem::new(405, detail) })
        }
    }
}

/// Refuses what rules for paths before this Worker may have read in another way, and what others may have read on its way.
///
/// # Errors
/// 404, 403.
fn check_address(incoming: &Incoming) -> Result<(), Problem> {
    if !incoming.has_plain_path() {
        let detail = "There is nothing at this address: write it without doubled slashes, and encode nothing that need not be.";
        return Err(Problem::new(404, detail));
    }
    if !incoming.is_private() {
        let address = incoming.origin.replacen("http://", "https://", 1);
        return Err(Problem::new(
            403,
            format!("The console is served by https only: use {address}/console."),
        ));
    }
    Ok(())
}

async fn api(deployment: &Deployment<'_>, incoming: &mut Incoming, path: &[&str]) -> Result<Answer, Problem> {
    let identity = identity::of(deployment, incoming).await?;
    let Some(Identity { viewer, means, cookie }) = identity else { return Err(identity::required()) };
    if means == Means::Browser && incoming.method != "GET" {
        identity::check_origin(incoming)?;
    }
    let body = incoming.body(BODY_LIMIT).await?;
    let databases = databases(deployment, path)?;
    let mut console = console(deployment, incoming, viewer, &databases)?;
    let key = incoming.header("idempotency-key").map(|key| CallKey::parse(&key)).transpose()?;
    let request = Request {
        method: &incoming.method,
        path,
        query: incoming.parameters(),
        body: &body,
        key: key.as_ref(),
    };
    let reply = console::answer_once(&mut console, request).await?;
    let answer = Answer::json(reply.status, "application/json", json::write(&reply.body));
    Ok(with_session(answer, cookie))
}

async fn page(
    deployment: &Deployment<'_>,
    incoming: &mut Incoming,
    path: &[&str],
) -> Result<Answer, Problem> {
    if incoming.method == "POST" {
        identity::check_origin(incoming)?;
    }
    match path {
        ["sign-in"] => return sign_in(deployment, incoming).await,
        ["sign-out"] if incoming.method == "POST" => {
            let next = if access::is_asserted(incoming) { access::SIGN_OUT } else { "/console/sign-in" };
            let token = identity::admin_token(deployment).ok();
            let cookie = session::end(deployment, token.as_deref(), incoming).await?;
            return Ok(see_other(next).with_header("Set-Cookie", cookie));
        }
        _ => {}
    }
    let Some(Identity { viewer, cookie, .. }) = identity::of(deployment, incoming).await? else {
        return Ok(if incoming.method == "GET" && identity::comes_from_elsewhere(incoming) {
            // A link on another site does not bring the cookie along; a link on this page does.
            pages::passage(ours(&incoming.path_and_query())).into()
        } else {
            Answer::from(pages::sign_in(ours(&incoming.path_and_query()), None)).with_status(401)
        });
    };
    let databases = databases(deployment, path)?;
    let mut console = console(deployment, incoming, viewer, &databases)?;
    let frame = Frame { path, query: incoming.parameters().to_vec(), origin: incoming.origin.clone() };
    let shown = if incoming.method == "POST" {
        let form = Form::parse(&incoming.body(BODY_LIMIT).await?);
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
fn with_session(answer: Answer, cookie: Option<String>) -> Answer {
    match cookie {
        Some(cookie) => answer.with_header("Set-Cookie", cookie),
        None => answer,
    }
}

/// The form of the admin token, and what it is exchanged for.
async fn sign_in(deployment: &Deployment<'_>, incoming: &mut Incoming) -> Result<Answer, Problem> {
    let token = identity::admin_token(deployment)?;
    if incoming.method == "GET" {
        return Ok(pages::sign_in("/console", None).into());
    }
    let form = Form::parse(&incoming.body(BODY_LIMIT).await?);
    let next = ours(form.text("next"));
    if !identity::is_admin_token(&token, form.text("token").trim()) {
        let problem = Problem::new(
            401,
            "That is not this deployment's admin token. Look it up where ADMIN_TOKEN was set.",
        );
        return Ok(Answer::from(pages::sign_in(next, Some(&problem)))
            .with_status(401)
            .with_detail(problem.detail));
    }
    let cookie = session::begin(deployment, &token, incoming).await?;
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
    let databases: Vec<Database> = match console::organization_of(path) {
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
    incoming: &Incoming,
    viewer: Viewer,
    databases: &'a [Database],
) -> Result<Console<'a>, Problem> {
    let database = databases.first().ok_or_else(Problem::no_organization)?;
    let now_millis = platform::now_millis();
    let entry = Entry {
        source: Source::Console,
        actor: viewer.name().to_owned(),
        method: incoming.method.clone(),
        path: kept::address_of_parts(&incoming.path),
        body: None,
        began_millis: now_millis,
    };
    Ok(Console {
        database,
        databases,
        kv: &deployment.kv,
        catalog: deployment.catalog,
        now_millis,
        base: format!("{}/scim", incoming.origin),
        viewer,
        entry,
        admin_token: identity::admin_token(deployment).unwrap_or_default(),
        call: None,
        organization: std::cell::RefCell::default(),
    })
}

fn see_other(place: impl Into<String>) -> Answer {
    Answer::html(303, String::new()).with_header("Location", place)
}

impl From<pages::Page> for Answer {
    fn from(page: pages::Page) -> Self {
        let answer = Self::html(page.status, page.html)
            .with_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            .with_header("Cross-Origin-Opener-Policy", "same-origin");
        match page.detail {
            Some(detail) => answer.with_detail(detail),
            None => answer,
        }
    }
}

/// RFC 9457.
fn refuse(problem: &Problem) -> Answer {
    let body =
        object! {"title": problem.title(), "status": problem.status, "detail": problem.detail.as_str()};
    let answer = Answer::json(problem.status, "application/problem+json", json::write(&body))
        .with_detail(problem.detail.as_str());
    match (problem.status, problem.allow) {
        (401, _) => answer.with_header("WWW-Authenticate", "Bearer realm=\"console\""),
        (429, _) => answer.with_header("Retry-After", "10"),
        (_, Some(allowed)) => answer.with_header("Allow", allowed),
        _ => answer,
    }
}
