//! What the handlers of a SCIM request need: its key and session, its body and parameters, and its audit entry.

use std::cell::{Cell, RefCell};
use std::pin::Pin;

use serde::Serialize;
use serde_json::Value;
use worker::Env;

use super::resource::parse_projection;
use crate::audit::scim_request::AuditContext;
use crate::auth::{known_keys, scim_key};
use crate::d1::audit_log::Outcome;
use crate::d1::brake::{self, Holds};
use crate::d1::imports::shown::{Keeping, ShownPage};
use crate::d1::session::Opened;
use crate::d1::{Batch, Results, Session, StorageError, StorageErrorKind};
use crate::error::Error;
use crate::http::request::{BODY, BodyLimits, GROUP_BODY, HttpRequest, MEMORY_BEFORE_AUTH};
use crate::http::response::HttpResponse;
use crate::runtime::ids;
use directory::{Organization, Refusal, RefusalKind};
use scim_protocol::ScimError;
use scim_protocol::bounded_json::memory_size;
use scim_protocol::budget::Budget;
use scim_protocol::entity_tag::Preconditions;
use scim_protocol::projection::Projection;
use scim_protocol::query::ListQuery;
use scim_protocol::schema::ResourceType;

/// What a handler returns. It is boxed, so that a table of routes can name it.
pub(crate) type HandlerFuture<'r> = Pin<Box<dyn Future<Output = Result<HttpResponse, Error>> + 'r>>;

/// A SCIM request with a well-formed key.
pub(crate) struct RequestContext<'a> {
    /// Runs its statements, and verifies its key with the first batch.
    pub(crate) session: Session<'a>,
    /// Where body, parameters and headers come from.
    pub(crate) source: Source<'a>,
    /// Whether the time of the key's last use is to be updated after the response.
    pub(crate) last_used_is_due: Cell<bool>,
    /// Whether webhooks deliver the organization's events.
    pub(crate) has_webhooks: Cell<bool>,
    /// Whether the answer is kept for the page of the set-up.
    pub(crate) is_watched: Cell<bool>,
    /// Its entry in the audit log.
    pub(crate) audit: AuditContext,
    /// What held up the organization's provisioning when that was read last.
    pub(crate) holds: RefCell<Option<Holds>>,
    /// How much the whole HTTP request may still compute.
    pub(crate) budget: &'a Budget,
    /// Bindings and variables of the deployment.
    pub(crate) env: &'a Env,
}

/// Where a request comes from. The same handlers serve both.
pub(crate) enum Source<'a> {
    /// A request of its own.
    Http(&'a mut HttpRequest),
    /// An operation of a bulk request.
    Bulk(&'a Operation),
}

/// The request of one operation of a bulk request.
pub(crate) struct Operation {
    data: RefCell<Option<Value>>,
    /// The version that the client expects, as in `If-Match`.
    version: Option<String>,
    /// The identifier of the resource that it creates.
    new_id: Option<String>,
    /// The error for references that stay in the body, since they cannot be resolved.
    unresolved: Option<ScimError>,
}

impl Operation {
    /// An operation with this body, if it has one.
    pub(crate) fn new(data: Option<Value>, version: Option<String>, new_id: Option<String>) -> Self {
        Self { data: RefCell::new(data), version, new_id, unresolved: None }
    }

    /// The same with references that stay in the body, for that reason.
    pub(crate) fn with_unresolved(self, reason: Option<ScimError>) -> Self {
        Self { unresolved: reason, ..self }
    }

    /// The body, which is read once.
    fn data(&self) -> Result<Value, ScimError> {
        let data = self.data.borrow_mut().take();
        data.ok_or_else(|| ScimError::invalid_syntax("The operation needs \"data\"."))
    }
}

impl RequestContext<'_> {
    /// Authenticates and runs the statements of a read; see [`scim_key::open`].
    pub(crate) async fn open(&self, batch: Batch) -> Result<Opened, Error> {
        self.opened(scim_key::open(&self.session, batch).await)
    }

    /// Authenticates and runs the statements of a write that needs nothing to be read before; see
    /// [`scim_key::open_for_write`].
    pub(crate) async fn open_writing(&self, batch: Batch) -> Result<Opened, Error> {
        self.opened(scim_key::open_for_write(&self.session, batch).await)
    }

    /// Verifies the key, unless this isolate has done so lately: before the body gets more memory.
    async fn verify_key(&self) -> Result<(), Error> {
        if known_keys::is_good(self.session.key) {
            return Ok(());
        }
        self.open(Batch::new()).await.map(drop)
    }

    /// Authenticates, whatever holds up the organization's provisioning.
    pub(crate) async fn authenticate(&self) -> Result<Organization, Error> {
        Ok(self.noted(scim_key::open(&self.session, Batch::new()).await)?.organization)
    }

    fn opened(&self, opened: Result<Opened, Error>) -> Result<Opened, Error> {
        let opened = self.noted(opened)?;
        let organization = &opened.organization;
        let settings = || self.console_page(&organization.id, "settings");
        self.session.tenant.catalog.check_org_role_attribute(organization, settings)?;
        if !self.audit.is_read() {
            opened.holds.check_pause(|| self.console_page(&opened.organization.id, "brake"))?;
        }
        Ok(opened)
    }

    fn noted(&self, opened: Result<Opened, Error>) -> Result<Opened, Error> {
        let opened = opened?;
        if opened.last_used_is_due {
            self.last_used_is_due.set(true);
        }
        self.has_webhooks.set(opened.has_webhooks);
        self.is_watched.set(opened.is_watched);
        self.audit.set_organization(&opened.organization.id);
        self.holds.replace(Some(opened.holds.clone()));
        Ok(opened)
    }

    /// The page of an import, as it is noted and kept after the response.
    pub(crate) fn keeping(&self, page: ShownPage) -> Option<Keeping> {
        let organization = self.audit.organization()?.to_owned();
        Some(Keeping { page, organization, tenant: self.session.tenant.clone(), pages_a_day: 0 })
    }

    /// A page of the organization in the console.
    fn console_page(&self, organization: &str, page: &str) -> String {
        let base = &self.session.tenant.base;
        let origin = base.rsplit_once("/scim").map_or(base.as_str(), |(origin, _)| origin);
        format!("{origin}/console/organizations/{organization}/{page}")
    }

    /// Refuses a write without sending it, if it would take access and the brake was engaged when the organization was
    /// read. Otherwise the write's own batch decides.
    ///
    /// # Errors
    /// `StorageErrorKind::Braked`.
    pub(crate) fn check_brake(&self, takes_access: bool) -> Result<(), StorageError> {
        let is_engaged =
            || self.holds.borrow().as_ref().is_some_and(|holds| holds.brake_engaged_at.is_some());
        match takes_access && is_engaged() {
            true => Err(StorageErrorKind::Braked.into()),
            false => Ok(()),
        }
    }

    /// The refusal of a write by the access brake. If the brake is not engaged yet, it is now, with an entry in the
    /// audit log and an event.
    ///
    /// # Errors
    /// Those of storage.
    pub(crate) async fn braked(&self) -> Result<Error, Error> {
        let Some(organization) = self.audit.organization() else {
            return Ok(StorageError::from(StorageErrorKind::Braked).into());
        };
        let console = self.console_page(organization, "brake");
        let known = self.holds.borrow().clone();
        if let Some(holds) = known.as_ref().filter(|holds| holds.brake_engaged_at.is_some()) {
            return Ok(holds.clone().braked(console).into());
        }
        let tenant = &self.session.tenant;
        let percent = known.map_or(0, |holds| holds.brake_percent);
        let since = Some(tenant.now.clone());
        let refusal = Refusal::from(RefusalKind::AccessBrake { percent, since, console: console.clone() });
        let detail = refusal.to_string();
        let error = Error::from(refusal);
        let code = error.code();
        let mut batch = Batch::from_iter([
            brake::engage(tenant),
            self.audit.failure_if_row_changed(tenant, 429, code, &detail),
        ]);
        batch.execute(brake::engaged(tenant));
        let holds = batch.push(brake::holds(tenant));
        let holds = self.session.database.batch(&batch).await?.first(holds)?;
        let Some(holds) = holds else { return Ok(StorageError::from(StorageErrorKind::Braked).into()) };
        if holds.brake_engaged_at.as_ref() == Some(&tenant.now) {
            self.audit.mark_written();
            return Ok(error);
        }
        Ok(holds.braked(console).into())
    }

    /// Runs the statements of a write and inserts its audit entry, all or nothing, in one round trip.
    ///
    /// # Errors
    /// As [`crate::d1::Database::write`].
    pub(crate) async fn write(&self, outcome: &Outcome, batch: Batch) -> Result<Results, StorageError> {
        let entry = self.audit.change(&self.session.tenant, outcome)?;
        let results = self.session.database.write(entry, &batch).await?;
        self.audit.mark_written();
        Ok(results)
    }

    /// Adds the audit entry of the request to what the response defers, unless it is written or there is none.
    pub(crate) fn defer_entry(&self, response: &mut HttpResponse) {
        let (code, detail) = (response.code, response.detail.as_deref());
        let entry = self.audit.no_change(&self.session.tenant, response.status, code, detail);
        response.deferred.statements.extend(entry);
    }

    /// The body of a request that writes a user or searches.
    pub(crate) async fn body(&mut self) -> Result<Value, Error> {
        self.body_within(&BODY).await
    }

    /// The body of a request that writes a group.
    pub(crate) async fn group_body(&mut self) -> Result<Value, Error> {
        self.body_within(&GROUP_BODY).await
    }

    /// A body that is large, has no `Content-Length`, or takes much memory is read only once the key is verified: the
    /// checksum of a key can be forged, and the memory of an isolate is shared. For a key that this isolate does not
    /// know, that costs one more round trip.
    async fn body_within(&mut self, limits: &BodyLimits) -> Result<Value, Error> {
        let is_small = match &self.source {
            Source::Http(request) => request.is_within(limits.bytes_before_auth),
            // The audit context already has the body.
            Source::Bulk(operation) => return Ok(operation.data()?),
        };
        if !is_small {
            self.verify_key().await?;
        }
        let Source::Http(request) = &mut self.source else {
            return Err(
                StorageError::internal("an operation of a bulk request has no body".to_owned()).into()
            );
        };
        let text = request.body(limits.bytes).await?;
        let mut body = limits.parse(&text)?;
        if is_small && memory_size(&body) > MEMORY_BEFORE_AUTH {
            drop(body);
            self.verify_key().await?;
            body = limits.parse(&text)?;
        }
        let Source::Http(request) = &mut self.source else {
            return Err(
                StorageError::internal("an operation of a bulk request has no body".to_owned()).into()
            );
        };
        request.hold(text.len(), memory_size(&body))?;
        self.audit.set_body(&body);
        Ok(body)
    }

    /// The name of the client: `User-Agent`.
    pub(crate) fn client(&self) -> String {
        match &self.source {
            Source::Http(request) => request.header("user-agent").unwrap_or_default(),
            Source::Bulk(_) => String::new(),
        }
    }

    /// The parameters of the URL.
    ///
    /// # Errors
    /// As [`ListQuery::from_url`].
    pub(crate) fn parameters(&self) -> Result<ListQuery, ScimError> {
        match &self.source {
            Source::Http(request) => ListQuery::from_url(request.parameters()),
            Source::Bulk(_) => Ok(ListQuery::default()),
        }
    }

    /// The attributes that the query asks for.
    pub(crate) fn projection(&self, resource_type: &ResourceType) -> Result<Projection, ScimError> {
        parse_projection(&self.parameters()?, resource_type, &self.session.tenant.catalog.limits)
    }

    /// The versions of the resource for which the request holds.
    pub(crate) fn preconditions(&self) -> Preconditions {
        match &self.source {
            Source::Http(request) => Preconditions::parse(
                request.header("if-match").as_deref(),
                request.header("if-none-match").as_deref(),
            ),
            Source::Bulk(operation) => Preconditions::parse(operation.version.as_deref(), None),
        }
    }

    /// The error for references in the body that cannot be resolved, if there are any.
    pub(crate) fn unresolved(&self) -> Option<ScimError> {
        match &self.source {
            Source::Http(_) => None,
            Source::Bulk(operation) => operation.unresolved.clone(),
        }
    }

    /// The identifier of a new resource. Other operations of a bulk request may refer to it already.
    pub(crate) fn new_id(&self) -> Result<String, StorageError> {
        match &self.source {
            Source::Bulk(Operation { new_id: Some(id), .. }) => Ok(id.clone()),
            _ => ids::new_id(),
        }
    }
}

/// A message as JSON.
///
/// # Errors
/// 500 if it cannot be written.
pub(crate) fn to_json(message: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(message)
        .map_err(|error| StorageError::internal(format!("a message cannot be written: {error}")).into())
}
