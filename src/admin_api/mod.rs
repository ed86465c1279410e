//! What administrators do: organizations and their settings, keys, members, projects, roles, teams; and what they read:
//! the log and the imports. `openapi.json` describes the calls. The pages ([`pages`]) make the same calls.

pub mod fields;
pub mod groups;
pub mod idempotency;
pub mod imports;
pub mod keys;
pub mod log;
pub mod members;
pub mod organizations;
pub mod parameters;
pub mod projects;
pub mod sessions;

use std::cell::RefCell;

use serde_json::Value;
use worker::KvStore;

use crate::audit::admin_request;
use crate::auth::actor::Actor;
use crate::d1::audit_log::{Entry, Outcome};
use crate::d1::{
    Batch, Database, Results, Scope, Select, Statement, StorageError, Tenant, idempotent_calls,
    organizations as stored, refolding,
};
use crate::http::Problem;
use crate::runtime::clock;
use directory::{AdministratorName, Catalog, group_name};
use scim_protocol::Object;

use fields::Fields;
pub use idempotency::CallKey;
use parameters::Parameters;

/// The description of the calls, in OpenAPI 3.1.
pub const OPENAPI: &str = include_str!("openapi.json");

/// What the console's calls need.
pub struct Console<'a> {
    /// Where the organization lies that the call names; of a call that names none, the first.
    pub database: &'a Database,
    /// Where organizations may lie that the call speaks of: all databases, or that one.
    pub databases: &'a [Database],
    /// KV, for revocations.
    pub kv: &'a KvStore,
    /// The product's names.
    pub catalog: &'a Catalog,
    /// The time of the request, in milliseconds since the epoch.
    pub now_millis: u64,
    /// URL of the SCIM endpoint.
    pub base: String,
    /// Who calls.
    pub actor: Actor,
    /// The call, as the log will have it.
    pub entry: Entry,
    /// The deployment's admin token; blank where it has none.
    pub admin_token: String,
    /// What the database knows the call by, if it is one that may be repeated.
    pub call: Option<String>,
    /// The organization that the call turned out to be about, as JSON.
    pub organization: RefCell<Option<Value>>,
}

/// A call.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// Segments of the path, behind `/console/api`.
    pub path: &'a [&'a str],
    /// Parameters of the query.
    pub query: &'a [(String, String)],
    /// Body.
    pub body: &'a [u8],
    /// By what a repetition of the call is known.
    pub key: Option<&'a CallKey>,
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

/// The id of the organization that a call names by its path.
pub fn organization_of<'a>(path: &[&'a str]) -> Option<&'a str> {
    match path {
        ["organizations", id, ..] => Some(id),
        _ => None,
    }
}

/// Answers a call; one that comes a second time by the same key, as the first time.
///
/// # Errors
/// What the administrator is to be told.
pub async fn answer_once(console: &mut Console<'_>, request: Request<'_>) -> Result<Reply, Problem> {
    match request.key {
        Some(key) if request.method == "POST" => idempotency::answer(console, request, key).await,
        _ => answer(console, request).await,
    }
}

/// Answers a call.
///
/// # Errors
/// What the administrator is to be told.
async fn answer(console: &mut Console<'_>, request: Request<'_>) -> Result<Reply, Problem> {
    let body = fields::parse(request.body)?;
    if !body.is_empty() {
        admin_request::set_body(&mut console.entry, body.clone());
    }
    match request.method {
        "GET" => read(console, &request).await,
        _ => write(console, &request, body).await,
    }
}

async fn read(console: &Console<'_>, request: &Request<'_>) -> Result<Reply, Problem> {
    let mut query = Parameters::of(request.query);
    match request.path {
        ["organizations"] => organizations::all(console).await,
        ["organizations", org] => organizations::one(console, org).await,
        ["organizations", org, "keys"] => keys::all(console, org).await,
        ["organizations", org, "members"] => members::list(console, org, &mut query).await,
        ["organizations", org, "members", id] => members::one(console, org, id).await,
        ["organizations", org, "projects"] => projects::all(console, org).await,
        ["organizations", org, "groups", id] => groups::one(console, org, id, &mut query).await,
        ["organizations", org, "log"] => log::entries(console, org, &mut query).await,
        ["organizations", org, "imports"] => imports::all(console, org).await,
        _ => Err(elsewhere(request)),
    }
}

async fn write(console: &Console<'_>, request: &Request<'_>, body: Object) -> Result<Reply, Problem> {
    match (request.method, request.path) {
        ("DELETE", ["sessions"]) => sessions::end_all(console).await,
        ("POST", ["organizations"]) => organizations::create(console, body).await,
        ("PATCH", ["organizations", org]) => organizations::update(console, org, body).await,
        ("POST", ["organizations", org, "accept"]) => {
            Fields::read(body, |_| Ok(()))?;
            organizations::accept(console, org).await
        }
        ("POST", ["organizations", org, "decline"]) => {
            Fields::read(body, |_| Ok(()))?;
            organizations::decline(console, org).await
        }
        ("POST", ["organizations", org, "keys"]) => keys::generate(console, org, body).await,
        ("POST", ["organizations", org, "keys", key, "regenerate"]) => {
            keys::regenerate(console, org, key, body).await
        }
        ("POST", ["organizations", org, "keys", key, "deactivate"]) => {
            Fields::read(body, |_| Ok(()))?;
            keys::deactivate(console, org, key).await
        }
        ("POST", ["organizations", org, "projects"]) => projects::create(console, org, body).await,
        ("PATCH", ["organizations", org, "projects", project]) => {
            projects::rename(console, org, project, body).await
        }
        ("POST", ["organizations", org, "projects", project, "archive"]) => {
            Fields::read(body, |_| Ok(()))?;
            projects::archive(console, org, project).await
        }
        ("POST", ["organizations", org, "projects", project, "restore"]) => {
            Fields::read(body, |_| Ok(()))?;
            projects::restore(console, org, project).await
        }
        ("POST", ["organizations", org, "projects", project, "roles"]) => {
            projects::create_role(console, org, project, body).await
        }
        ("POST", ["organizations", org, "projects", project, "teams"]) => {
            projects::create_team(console, org, project, body).await
        }
        ("DELETE", ["organizations", org, "projects", project, "teams", team]) => {
            projects::delete_team(console, org, project, team).await
        }
        ("POST", ["organizations", org, "members"]) => members::add(console, org, body).await,
        ("PATCH", ["organizations", org, "members", id]) => members::change(console, org, id, body).await,
        ("DELETE", ["organizations", org, "members", id]) => members::remove(console, org, id).await,
        ("PUT", ["organizations", org, "owner"]) => members::transfer_ownership(console, org, body).await,
        _ => Err(elsewhere(request)),
    }
}

/// What is to be said where there is nothing to do.
fn elsewhere(request: &Request<'_>) -> Problem {
    let allowed = match request.path {
        ["organizations"] | ["organizations", _, "keys" | "projects" | "members"] => "GET, HEAD, POST",
        ["organizations", _] => "GET, HEAD, PATCH",
        ["organizations", _, "members", _] => "GET, HEAD, PATCH, DELETE",
        ["openapi.json"] | ["organizations", _, "groups", _] | ["organizations", _, "log" | "imports"] => {
            "GET, HEAD"
        }
        ["organizations", _, "projects", _] => "PATCH",
        ["sessions"] => "DELETE",
        ["organizations", _, "owner"] => "PUT",
        ["organizations", _, "projects", _, "teams", _] => "DELETE",
        ["organizations", _, "accept" | "decline"]
        | ["organizations", _, "keys", _, "regenerate" | "deactivate"]
        | ["organizations", _, "projects", _, "roles" | "teams" | "archive" | "restore"] => "POST",
        _ => {
            return Problem::new(
                404,
                "There is nothing at this address. /console/api/openapi.json describes all there is; begin at \
                 /console/api/organizations.",
            );
        }
    };
    Problem {
        allow: Some(allowed),
        ..Problem::new(405, format!("Method {} is not allowed. Allowed: {allowed}.", request.method))
    }
}

impl Console<'_> {
    fn now(&self) -> String {
        clock::iso(self.now_millis)
    }

    /// A moment so many seconds from now.
    fn after(&self, seconds: u64) -> String {
        clock::iso(self.now_millis.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Statements on behalf of that organization, as far as the actor administers it.
    fn tenant(&self, organization: &str) -> Tenant<'_> {
        let organization = organization.to_owned();
        let scope = match &self.actor {
            Actor::Operator(_) => Scope::Organization(organization),
            Actor::Administrator(mail) => {
                Scope::Administrator { organization, name: AdministratorName::of(mail) }
            }
        };
        Tenant { scope, catalog: self.catalog, base: self.base.clone(), now: self.now() }
    }

    /// Refuses whoever is no operator of the deployment.
    fn only_operators(&self) -> Result<(), Problem> {
        if self.actor.is_operator() {
            return Ok(());
        }
        Err(Problem::new(
            403,
            "Only an operator of this deployment may do that: somebody with the admin token, or whose address is listed in \
             OPERATORS.",
        ))
    }

    /// Runs statements that read, and finds out what the organization is; in one round trip.
    ///
    /// # Errors
    /// 404, if there is no such organization or the actor does not administer it.
    async fn open(&self, tenant: &Tenant<'_>, mut batch: Batch) -> Result<Results, Problem> {
        let organization = batch.push_first(stored::one::<Value>(tenant));
        let mut results = self.database.batch(&batch).await?;
        let mut found = results.first(organization)?;
        let is_behind = found
            .as_ref()
            .map_or_else(|| tenant.scope.may_be_missed(), stored::Described::has_outdated_folds);
        if is_behind {
            self.bring_up_to_date(tenant).await?;
            results = self.database.batch(&batch).await?;
            found = results.first(organization)?;
        }
        let Some(found) = found else { return Err(self.not_theirs(tenant).await?) };
        self.organization.replace(Some(organizations::located(self, self.database, found.organization)));
        Ok(results)
    }

    /// Makes the folded columns of the organization anew, if an upgrade wants it.
    async fn bring_up_to_date(&self, tenant: &Tenant<'_>) -> Result<(), Problem> {
        let Some(organization) = tenant.scope.organization() else { return Ok(()) };
        let tenant = tenant.of_organization(organization);
        let mut steps = refolding::STEPS_OF_REQUEST;
        match refolding::bring_up_to_date(self.database, &tenant, &mut steps).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(StorageError::Upgrading.into()),
            // There is no such organization.
            Err(StorageError::Stale) => Err(Problem::no_organization()),
            Err(error) => Err(error.into()),
        }
    }

    /// The answer to an administrator who may not see an organization.
    async fn not_theirs(&self, tenant: &Tenant<'_>) -> Result<Problem, StorageError> {
        if let Scope::Administrator { organization, name } = &tenant.scope
            && self.database.is_invited(name, organization).await?
        {
            return Ok(Problem::new(
                403,
                "You have been named an administrator of this organization, and have not accepted it yet. Look at /console which one \
                 it is, and accept or decline it there, or by POST of /accept or /decline.",
            ));
        }
        Ok(Problem::no_organization())
    }

    /// The organization that was opened, as JSON.
    fn opened(&self) -> Value {
        self.organization.borrow().clone().unwrap_or_default()
    }

    /// The rows of one statement that reads.
    async fn all_of<R>(&self, tenant: &Tenant<'_>, select: Select<R>) -> Result<Vec<R>, Problem> {
        let mut batch = Batch::new();
        let rows = batch.push(select);
        Ok(self.open(tenant, batch).await?.all(rows)?)
    }

    /// The only row of a statement that reads.
    async fn one<R>(&self, tenant: &Tenant<'_>, select: Select<R>, what: &str) -> Result<R, Problem> {
        let found = self.all_of(tenant, select).await?.into_iter().next();
        found.ok_or_else(|| Problem::new(404, format!("There is no such {what} in this organization.")))
    }

    /// Runs the statements of a write and writes its entry of the log, all or none.
    async fn write(
        &self,
        tenant: &Tenant<'_>,
        outcome: &Outcome,
        mut batch: Batch,
    ) -> Result<Results, StorageError> {
        if let Some(mark) = self.mark_of_change() {
            batch.execute_first(mark);
        }
        self.database.write(self.entry.insert_if_authorized(tenant, outcome)?, &batch).await
    }

    /// The statement that notes that a call which may be repeated has made its change.
    fn mark_of_change(&self) -> Option<Statement> {
        self.call.as_deref().map(idempotent_calls::done)
    }

    /// The same for a change that writes one row or, where there is nothing to change, none: then there is no entry. The
    /// batch runs behind the change.
    async fn write_if_changed(
        &self,
        tenant: &Tenant<'_>,
        outcome: &Outcome,
        change: Statement,
        mut batch: Batch,
    ) -> Result<Results, StorageError> {
        let entry = self.entry.insert_if_row_changed(tenant, outcome)?;
        for statement in self.mark_of_change().into_iter().chain([change, entry]) {
            batch.execute_first(statement);
        }
        self.database.batch(&batch).await
    }
}

/// Refuses what can be no name of such a thing.
fn check_name(what: &str, name: &str) -> Result<(), Problem> {
    Ok(group_name::check_name(what, name)?)
}

/// Leaves of records no more than a page has. If there are more, the next page begins behind what is returned: the
/// field of the last.
fn end_page(records: &mut Vec<Value>, count: u16, field: &str) -> Option<String> {
    if records.len() <= usize::from(count) {
        return None;
    }
    records.truncate(count.into());
    records.last().map(|record| text(record, field).to_owned())
}

/// A field of a record that is text.
pub(crate) fn text<'v>(record: &'v Value, name: &str) -> &'v str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A field of a record that is an array; an empty one, if it is none.
pub(crate) fn list<'v>(record: &'v Value, name: &str) -> &'v [Value] {
    record.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Puts a field into a record.
pub(crate) fn put(record: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(record) = record.as_object_mut() {
        record.insert(name.to_owned(), value.into());
    }
}
