//! Whether the deployment can work, and what to do where it cannot: `/healthz`, and what `/` says.

use std::cell::RefCell;

use http::Method;
use serde_json::{Map, Value, json};

use crate::auth::admin_token;
use crate::d1::schema_version::{NEWEST, stored};
use crate::d1::{Batch, StorageError, StorageErrorKind};
use crate::deployment::{ASSETS, Deployment, VERSION, binding, variable};
use crate::http::Problem;
use crate::http::request::HttpRequest;
use crate::http::response::HttpResponse;
use crate::kv;
use crate::runtime::clock;
use scim_protocol::ScimError;

/// For how many milliseconds an isolate gives the same answer. However often strangers ask, the databases are asked
/// once in that time.
pub(crate) const MEMORY_MILLIS: u64 = 5_000;
/// How many milliseconds a database may take to answer.
pub(crate) const LIMIT_MILLIS: u64 = 5_000;

thread_local! {
    static LAST: RefCell<Option<Health>> = const { RefCell::new(None) };
}

/// The parts of the deployment at some time.
#[derive(Debug, Clone)]
pub(crate) struct Health {
    /// In milliseconds since the epoch.
    at: u64,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
struct Part {
    /// The binding or variable, and what is looked at.
    name: String,
    status: Status,
    /// The number of the newest migration that a database has.
    schema: Option<u32>,
    /// What is wrong, and what to do.
    advice: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    Pass,
    Warn,
    Fail,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

impl Part {
    fn good(name: impl Into<String>) -> Self {
        Self { name: name.into(), status: Status::Pass, schema: None, advice: None }
    }

    fn bad(name: impl Into<String>, status: Status, advice: impl Into<String>) -> Self {
        Self { name: name.into(), status, schema: None, advice: Some(advice.into()) }
    }

    /// A database by what it says of its migrations.
    fn database(binding: &str, version: &Result<u32, StorageError>) -> Self {
        let name = format!("{binding}:schema");
        let migrate = format!("run \"npx wrangler d1 migrations apply {binding} --remote\".");
        let part = |status, advice: String| Self {
            schema: version.as_ref().ok().copied(),
            ..Self::bad(&name, status, advice)
        };
        match version {
            Ok(version) if *version == NEWEST => Self { schema: Some(*version), ..Self::good(&name) },
            Ok(version) if *version > NEWEST => part(
                Status::Warn,
                format!(
                    "The database {binding} has migration {version}, and this Worker knows those up to {NEWEST}: \
                     deploy the newer version of the Worker."
                ),
            ),
            Ok(version) => part(
                Status::Fail,
                format!(
                    "The database {binding} has the migrations up to {version}, and this Worker needs those up to \
                     {NEWEST}: {migrate}"
                ),
            ),
            Err(error) if matches!(**error, StorageErrorKind::OutdatedSchema(_)) => part(
                Status::Fail,
                format!(
                    "The database {binding} has no tables, or those of an older version, and this Worker needs the \
                     migrations up to {NEWEST}: {migrate}"
                ),
            ),
            Err(_) => part(
                Status::Fail,
                format!(
                    "The database {binding} does not answer. If that lasts, look at https://www.cloudflarestatus.com \
                     and into the Worker's log."
                ),
            ),
        }
    }
}

impl Health {
    /// Asks all databases and KV, unless this isolate has done so just before.
    pub(crate) async fn of(deployment: &Deployment<'_>) -> Self {
        let now = clock::now_millis();
        let last = LAST.with_borrow(|last| last.clone());
        if let Some(last) = last.filter(|last| now.saturating_sub(last.at) < MEMORY_MILLIS) {
            return last;
        }
        let databases: Vec<_> =
            deployment.databases().into_iter().map(|each| each.within(LIMIT_MILLIS)).collect();
        let sent: Vec<_> = databases
            .iter()
            .map(|database| {
                let mut batch = Batch::new();
                let version = batch.push(stored());
                (binding(database.shard()), database.send(&batch), version)
            })
            .collect();
        let mut parts = Vec::new();
        for (binding, sent, version) in sent {
            let version = async { Ok(sent.results().await?.one(version)?.version) }.await;
            parts.push(Part::database(&binding, &version));
        }
        parts.push(match kv::answers(&deployment.kv).await {
            true => Part::good("KV:response"),
            false => Part::bad(
                "KV:response",
                Status::Fail,
                "The KV namespace KV does not answer. If that lasts, look at https://www.cloudflarestatus.com and at \
                 the id of the namespace in wrangler.toml.",
            ),
        });
        if variable(deployment.env, "ACCESS_TEAM", "").is_empty()
            && let Err(problem) = admin_token::configured(deployment)
        {
            parts.push(Part::bad("ADMIN_TOKEN", Status::Warn, problem.into_detail()));
        }
        if deployment.env.assets(ASSETS).is_err() {
            parts.push(Part::bad(
                ASSETS,
                Status::Warn,
                "The console has no stylesheet, no guides, and no description of its API, since there are no static \
                 assets: take over the section [assets] of the repository's wrangler.toml, and deploy again.",
            ));
        }
        let health = Self { at: now, parts };
        LAST.set(Some(health.clone()));
        health
    }

    /// The health of a deployment whose bindings or variables are not complete.
    pub(crate) fn incomplete(reason: &str) -> Self {
        Self { at: clock::now_millis(), parts: vec![Part::bad("deployment", Status::Fail, reason)] }
    }

    /// What has to be done before the service can work.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let failures = self.parts.iter().filter(|part| part.status == Status::Fail);
        let advice: Vec<&str> = failures.filter_map(|part| part.advice.as_deref()).collect();
        (!advice.is_empty()).then(|| Problem::new(503, advice.join(" ")))
    }

    /// The answer of `/healthz`.
    fn response(&self) -> HttpResponse {
        let status = self.parts.iter().map(|part| part.status).max().unwrap_or(Status::Pass);
        let time = clock::iso(self.at);
        let check = |part: &Part| {
            let mut check = Map::new();
            check.insert("status".to_owned(), part.status.as_str().into());
            if let Some(schema) = part.schema {
                check.insert("observedValue".to_owned(), schema.into());
            }
            check.insert("time".to_owned(), time.as_str().into());
            if let Some(advice) = &part.advice {
                check.insert("output".to_owned(), advice.as_str().into());
            }
            (part.name.clone(), Value::Array(vec![Value::Object(check)]))
        };
        let body = json!({
            "status": status.as_str(),
            "version": VERSION,
            "description": "scim-edge",
            "schema": NEWEST,
            "checks": Value::Object(self.parts.iter().map(check).collect()),
        });
        let http_status = if status == Status::Fail { 503 } else { 200 };
        let response = HttpResponse::json(http_status, "application/health+json", body.to_string());
        match self.problem() {
            Some(problem) => response.with_detail(problem.into_detail()),
            None => response,
        }
    }
}

/// Answers `/healthz`: GET and HEAD.
pub(crate) fn respond(health: &Health, method: &Method) -> HttpResponse {
    only_read(method).unwrap_or_else(|| health.response())
}

/// 405 for a method other than GET and HEAD.
pub(crate) fn only_read(method: &Method) -> Option<HttpResponse> {
    (method != Method::GET).then(|| {
        let detail = format!("Method {method} is not allowed. Allowed: GET, HEAD.");
        HttpResponse::from(ScimError::method_not_allowed(detail)).with_header("Allow", "GET, HEAD")
    })
}

/// What `/` answers to clients other than browsers: what is where.
pub(crate) fn index(request: &HttpRequest) -> HttpResponse {
    let origin = &request.address.origin;
    let body = json!({
        "description": "scim-edge",
        "version": VERSION,
        "scim": format!("{origin}/scim"),
        "console": format!("{origin}/console"),
        "health": format!("{origin}/healthz"),
    });
    HttpResponse::json(200, "application/json", body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_needs_the_migrations_that_this_version_knows() {
        let of = |version: &_| Part::database("DB_1", version);
        assert_eq!(of(&Ok(NEWEST)).status, Status::Pass);
        for (version, status, advice) in [
            (Ok(NEWEST - 1), Status::Fail, "wrangler d1 migrations apply DB_1 --remote"),
            (
                Err(StorageErrorKind::OutdatedSchema(String::new()).into()),
                Status::Fail,
                "migrations apply DB_1",
            ),
            (Ok(NEWEST + 1), Status::Warn, "deploy the newer version"),
            (Err(StorageErrorKind::TimedOut { is_write: false }.into()), Status::Fail, "does not answer"),
        ] {
            let part = of(&version);
            assert_eq!((part.status, part.schema), (status, version.ok()));
            assert!(part.advice.unwrap().contains(advice));
        }
    }
}
