//! `/console/api`: the administrators' API, behind the deployment's admin token.

use sha2::{Digest, Sha256};

use super::Deployment;
use super::answer::Answer;
use super::request::{BODY_LIMIT, Incoming};
use crate::console::{self, Console, Problem};
use crate::directory::Shard;
use crate::scim::json::{self, object};
use crate::store::platform;

/// Answers a request below `/console/api`.
pub(super) async fn answer(
    deployment: &Deployment<'_>,
    incoming: &mut Incoming,
    segments: &[&str],
) -> Answer {
    match carry_out(deployment, incoming, segments).await {
        Ok(reply) => Answer::json(reply.status, "application/json", json::write(&reply.body)),
        Err(problem) => refuse(&problem),
    }
}

async fn carry_out(
    deployment: &Deployment<'_>,
    incoming: &mut Incoming,
    path: &[&str],
) -> Result<console::Reply, Problem> {
    authenticate(deployment, incoming)?;
    let body = incoming.body(BODY_LIMIT).await.map_err(Problem::from)?;
    let databases = match console::organization_of(path) {
        Some(id) => {
            let shard = Shard::of_organization_id(id);
            shard.and_then(|shard| deployment.database(shard)).into_iter().collect()
        }
        None => deployment.databases(),
    };
    let Some(database) = databases.first() else {
        return Err(Problem::new(404, "There is no such organization."));
    };
    let console = Console {
        database,
        databases: &databases,
        kv: &deployment.kv,
        catalog: deployment.catalog,
        now_millis: platform::now_millis(),
    };
    console::answer(&console, &incoming.method, path, &body).await
}

/// Compares digests, so that the time it takes says nothing of the token.
fn authenticate(deployment: &Deployment<'_>, incoming: &Incoming) -> Result<(), Problem> {
    let token = deployment.env.secret("ADMIN_TOKEN").map(|secret| secret.to_string()).unwrap_or_default();
    if token.is_empty() {
        return Err(Problem::new(
            503,
            "The administrators' API is switched off: this deployment has no ADMIN_TOKEN. Set one with `wrangler secret put \
             ADMIN_TOKEN`.",
        ));
    }
    let header = incoming.header("authorization").unwrap_or_default();
    let presented = match header.split_once(' ') {
        Some((scheme, presented)) if scheme.eq_ignore_ascii_case("bearer") => presented.trim(),
        _ => "",
    };
    if Sha256::digest(presented) == Sha256::digest(&token) {
        return Ok(());
    }
    Err(Problem::new(401, "Send \"Authorization: Bearer …\" with this deployment's ADMIN_TOKEN."))
}

/// RFC 9457.
fn refuse(problem: &Problem) -> Answer {
    let body =
        object! {"title": problem.title(), "status": problem.status, "detail": problem.detail.as_str()};
    let answer = Answer::json(problem.status, "application/problem+json", json::write(&body))
        .with_detail(problem.detail.as_str());
    match (problem.status, problem.allow) {
        (401, _) => answer.with_header("WWW-Authenticate", "Bearer realm=\"console\""),
        (_, Some(allowed)) => answer.with_header("Allow", allowed),
        _ => answer,
    }
}
