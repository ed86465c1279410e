//! What administrators do: organizations and their settings, keys, projects, roles, teams, and people
//! added by hand. ARCHITECTURE.md lists the calls.

mod keys;
mod members;
mod organizations;
mod projects;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::directory::Catalog;
use crate::scim::ScimError;
use crate::store::{Database, KvStore, Row, Scope, Statement, StoreError, Tenant, platform};

/// What the console's calls need.
pub struct Console<'a> {
    /// Where the organization lies that the call names; of a call that names none, the first.
    pub database: &'a Database,
    /// Where organizations may lie that the call speaks of: all databases, or that one.
    pub databases: &'a [Database],
    /// KV, for tombstones.
    pub kv: &'a KvStore,
    /// The product's names.
    pub catalog: &'a Catalog,
    /// The time of the request, in milliseconds since the epoch.
    pub now_millis: u64,
}

/// A successful outcome.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status code.
    pub status: u16,
    /// Body.
    pub body: Value,
}

impl Reply {
    fn ok(body: Value) -> Self {
        Self { status: 200, body }
    }

    fn created(body: Value) -> Self {
        Self { status: 201, body }
    }
}

/// An outcome other than success (RFC 9457).
#[derive(Debug)]
pub struct Problem {
    /// HTTP status code.
    pub status: u16,
    /// What went wrong and what to do about it.
    pub detail: String,
    /// With 405: the methods that are possible.
    pub allow: Option<&'static str>,
}

impl Problem {
    /// A problem with that status.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), allow: None }
    }

    /// The status in words.
    pub fn title(&self) -> &'static str {
        match self.status {
            400 => "Bad Request",
            401 => "Unauthorized",
            404 => "Not Found",
            405 => "Method Not Allowed",
            409 => "Conflict",
            413 => "Content Too Large",
            429 => "Too Many Requests",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        }
    }
}

impl From<ScimError> for Problem {
    fn from(error: ScimError) -> Self {
        Self::new(error.status, error.detail)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            // A guard found no row: the organization, or what belongs to it, is gone.
            StoreError::Stale => Self::new(404, "There is no such organization, or it has no such project."),
            other => ScimError::from(other).into(),
        }
    }
}

/// The id of the organization that a call names by its path.
pub fn organization_of<'a>(path: &[&'a str]) -> Option<&'a str> {
    match path {
        ["organizations", id, ..] => Some(id),
        _ => None,
    }
}

/// Answers a call.
///
/// # Errors
/// What the administrator is to be told.
pub async fn answer(
    console: &Console<'_>,
    method: &str,
    path: &[&str],
    body: &[u8],
) -> Result<Reply, Problem> {
    match (method, path) {
        ("GET", ["organizations"]) => organizations::all(console).await,
        ("POST", ["organizations"]) => organizations::create(console, read(body)?).await,
        ("GET", ["organizations", org]) => organizations::one(console, org).await,
        ("PATCH", ["organizations", org]) => organizations::update(console, org, read(body)?).await,
        ("GET", ["organizations", org, "keys"]) => keys::all(console, org).await,
        ("POST", ["organizations", org, "keys"]) => keys::generate(console, org, read(body)?).await,
        ("POST", ["organizations", org, "keys", key, "regenerate"]) => {
            keys::regenerate(console, org, key, read(body)?).await
        }
        ("POST", ["organizations", org, "keys", key, "deactivate"]) => {
            keys::deactivate(console, org, key).await
        }
        ("GET", ["organizations", org, "projects"]) => projects::all(console, org).await,
        ("POST", ["organizations", org, "projects"]) => projects::create(console, org, read(body)?).await,
        ("POST", ["organizations", org, "projects", project, "roles"]) => {
            projects::create_role(console, org, project, read(body)?).await
        }
        ("POST", ["organizations", org, "projects", project, "teams"]) => {
            projects::create_team(console, org, project, read(body)?).await
        }
        ("POST", ["organizations", org, "members"]) => members::add(console, org, read(body)?).await,
        ("DELETE", ["organizations", org, "members", id]) => members::remove(console, org, id).await,
        ("PUT", ["organizations", org, "owner"]) => {
            members::transfer_ownership(console, org, read(body)?).await
        }
        (_, ["organizations"] | ["organizations", _, "keys" | "projects"]) => {
            Err(not_allowed(method, "GET, POST"))
        }
        (_, ["organizations", _]) => Err(not_allowed(method, "GET, PATCH")),
        (_, ["organizations", _, "members", _]) => Err(not_allowed(method, "DELETE")),
        (_, ["organizations", _, "owner"]) => Err(not_allowed(method, "PUT")),
        (
            _,
            ["organizations", _, "members"]
            | ["organizations", _, "keys", _, "regenerate" | "deactivate"]
            | ["organizations", _, "projects", _, "roles" | "teams"],
        ) => Err(not_allowed(method, "POST")),
        _ => Err(Problem::new(404, "There is nothing at this address. Begin at /console/api/organizations.")),
    }
}

fn not_allowed(method: &str, allowed: &'static str) -> Problem {
    Problem {
        allow: Some(allowed),
        ..Problem::new(405, format!("{method} is not possible here; {allowed} are."))
    }
}

impl Console<'_> {
    fn now(&self) -> String {
        platform::iso(self.now_millis)
    }

    /// A moment so many seconds from now.
    fn after(&self, seconds: u64) -> String {
        platform::iso(self.now_millis.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Statements on behalf of that organization.
    fn tenant(&self, organization: &str) -> Tenant<'_> {
        Tenant {
            scope: Scope::Organization(organization.to_owned()),
            catalog: self.catalog,
            base: String::new(),
            now: self.now(),
        }
    }

    /// The only row of a statement as JSON.
    async fn one(&self, statement: Statement, what: &str) -> Result<Value, Problem> {
        let rows = self.database.run(statement).await?;
        rows.first()
            .map(record)
            .transpose()?
            .ok_or_else(|| Problem::new(404, format!("There is no such {what}.")))
    }

    /// Runs the statements of a write; the last selects what was written, as JSON.
    async fn written(&self, statements: &[Statement]) -> Result<Value, StoreError> {
        let results = self.database.batch(statements).await?;
        let row = results.last().and_then(|rows| rows.first()).ok_or(StoreError::Stale)?;
        record(row)
    }

    /// All rows of a statement as JSON, after making sure that the organization exists.
    async fn all_of(&self, tenant: &Tenant<'_>, statement: Statement) -> Result<Vec<Value>, Problem> {
        let mut results =
            self.database.batch(&[crate::store::organizations::one(tenant), statement]).await?.into_iter();
        if results.next().unwrap_or_default().is_empty() {
            return Err(Problem::new(404, "There is no such organization."));
        }
        Ok(results.next().unwrap_or_default().iter().map(record).collect::<Result<_, _>>()?)
    }
}

/// Reads a body; an empty one is an empty object.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(400, format!("The body cannot be used: {error}.")))
}

/// A row that is one JSON record.
fn record(row: &Row) -> Result<Value, StoreError> {
    serde_json::from_str(&row.head)
        .map_err(|error| StoreError::Internal(format!("a record is not JSON: {error}")))
}
