//! Callers of the product's side: a product key, or a Worker next door over a service binding.
//!
//! A binding's `props` name the organization. Only the configuration of the product's Worker sets them: no request from
//! the internet has any.

use std::cell::Cell;

use serde::Deserialize;

use super::{known_keys, scim_key};
use crate::d1::product::keys as stored;
pub(crate) use crate::d1::product::keys::StoredProduct as Principal;
use crate::d1::{
    Batch, Cause, Database, Results, Scope, Statement, StorageError, StorageErrorKind, Tenant, refolding,
};
use crate::deployment::Deployment;
use crate::error::{ErrorCode, KeyRefusal, Limit};
use crate::http::request::HttpRequest;
use crate::http::{AdminCode, Problem, rate_limits};
use crate::runtime::clock;
use directory::event::Source;
use directory::key::PRODUCT_PREFIX;
use directory::{Key, KeyScope, Shard};

/// The `props` of a service binding.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Neighbor {
    /// The organization's id.
    pub(crate) organization: String,
    /// What the product calls itself: whose progress in the feed its acknowledgements are.
    pub(crate) consumer: Option<String>,
}

/// The consumer of a binding whose `props` name none.
const NEIGHBOR: &str = "service-binding";

/// A caller that is not verified yet.
pub(crate) struct Caller {
    /// The database of the organization.
    pub(crate) database: Database,
    /// The organization that the caller stands for. Its statements find nothing if the caller may not do what is
    /// needed.
    pub(crate) tenant: Tenant<'static>,
    /// What the caller has to be allowed to do; `None`: anything.
    needs: Option<KeyScope>,
    key: Option<Key>,
    consumer: Option<String>,
    last_used_is_due: Cell<bool>,
}

/// What a caller is, and the results of its statements.
pub(crate) struct Opened {
    pub(crate) principal: Principal,
    pub(crate) results: Results,
}

impl Caller {
    /// The caller of a request.
    ///
    /// # Errors
    /// 401 for a key that is none, or that was refused a moment ago; 429; 404 for a binding to an organization that
    /// cannot be here.
    pub(crate) async fn of(
        deployment: &Deployment<'_>,
        request: &HttpRequest,
        neighbor: Option<&Neighbor>,
        needs: Option<KeyScope>,
    ) -> Result<Self, Problem> {
        if let Some(Neighbor { organization, consumer }) = neighbor {
            let shard = Shard::of_organization_id(organization);
            let database = shard.and_then(|shard| deployment.database(shard)).ok_or_else(no_organization)?;
            let consumer = consumer.clone().unwrap_or_else(|| NEIGHBOR.to_owned());
            let scope = Scope::Organization(organization.clone());
            let tenant = tenant(deployment, request, scope, consumer.clone(), None);
            let consumer = Some(consumer);
            return Ok(Self {
                database,
                tenant,
                needs,
                key: None,
                consumer,
                last_used_is_due: Cell::default(),
            });
        }
        let header = request.header("authorization");
        let key =
            scim_key::with_prefix(PRODUCT_PREFIX, header.as_deref()).map_err(|refusal| refused(&refusal))?;
        if let Some(refusal) = known_keys::refusal(&key) {
            return Err(refused(&refusal));
        }
        let counted = match known_keys::is_good(&key) {
            true => rate_limits::count_product_request(deployment.env, &key).await,
            false => rate_limits::check_unknown_key(deployment.env, request).await,
        };
        counted.map_err(limited)?;
        let unknown = || refused(&KeyRefusal::Unknown { hint: key.hint() });
        let database = deployment.database(key.shard()).ok_or_else(unknown)?;
        let scope = Scope::ProductKey { id: key.id().to_owned(), hash: key.hash().to_owned(), needs };
        let tenant = tenant(deployment, request, scope, key.hint(), Some(key.id().to_owned()));
        let (key, last_used_is_due) = (Some(key), Cell::default());
        Ok(Self { database, tenant, needs, key, consumer: None, last_used_is_due })
    }

    /// What a product without a key calls itself.
    pub(crate) fn consumer(&self) -> Option<&str> {
        self.consumer.as_deref()
    }

    /// Verifies the caller and runs the statements, in one round trip.
    ///
    /// # Errors
    /// 401, 403 without the scope, or the failure of the storage.
    pub(crate) async fn open(&self, mut batch: Batch) -> Result<Opened, Problem> {
        let consumer = self.consumer.as_deref();
        let presented = batch.push_first_joined(stored::presented(&self.tenant, consumer));
        let mut results = self.database.batch(&batch).await?;
        let mut found = results.first(presented)?;
        if let Some(outdated) = found.as_ref().filter(|found| found.has_outdated_folds()) {
            // The statements may have missed rows.
            let tenant = self.tenant.of_organization(&outdated.organization);
            let mut steps = refolding::STEPS_OF_REQUEST;
            if !refolding::bring_up_to_date(&self.database, &tenant, &mut steps).await? {
                return Err(StorageError::from(StorageErrorKind::Upgrading).into());
            }
            results = self.database.batch(&batch).await?;
            found = results.first(presented)?;
        }
        let principal = match (&self.key, found) {
            (None, None) => return Err(no_organization()),
            (Some(key), None) => return Err(remember(key, KeyRefusal::Unknown { hint: key.hint() })),
            (_, Some(found)) => found,
        };
        if let Some(key) = &self.key {
            if principal.is_stopped {
                // It is not remembered: the organization may come back.
                return Err(refused(&KeyRefusal::Deactivated { hint: key.hint() }));
            }
            let (deactivated_at, expires_at) = (&principal.deactivated_at, &principal.expires_at);
            let now = &self.tenant.now;
            scim_key::check(key.hint(), deactivated_at.as_deref(), expires_at.as_deref(), false, now)
                .map_err(|refusal| remember(key, refusal))?;
            known_keys::note_good(key);
        }
        if let Some(scope) = self.needs.filter(|scope| !principal.scopes.contains(scope)) {
            return Err(Problem::of(
                AdminCode::ScopeMissing,
                format!(
                    "The product key may not do that: it lacks the scope \"{}\". Generate one that has it in the \
                     console, under Products.",
                    scope.as_str()
                ),
            ));
        }
        self.last_used_is_due.set(principal.last_used_is_due());
        Ok(Opened { principal, results })
    }

    /// What may be shown of the key; `None` without one.
    pub(crate) fn hint(&self) -> Option<String> {
        self.key.as_ref().map(Key::hint)
    }

    /// The statement that notes the use of the key after the answer, if it is due.
    pub(crate) fn note_use(&self) -> Option<Statement> {
        self.last_used_is_due.get().then(|| stored::used(&self.tenant))
    }
}

fn tenant(
    deployment: &Deployment<'_>,
    request: &HttpRequest,
    scope: Scope,
    actor: String,
    key_id: Option<String>,
) -> Tenant<'static> {
    Tenant {
        scope,
        catalog: deployment.catalog,
        base: format!("{}/scim", request.address.origin),
        now: clock::iso(clock::now_millis()),
        cause: Cause { source: Source::Console, actor, key_id, request_id: None, story: None },
    }
}

fn remember(key: &Key, refusal: KeyRefusal) -> Problem {
    let problem = refused(&refusal);
    known_keys::note_refused(key, refusal);
    problem
}

/// 401 with what to do about the key.
fn refused(refusal: &KeyRefusal) -> Problem {
    const AGAIN: &str = "Generate another one in the console, under Products.";
    let detail = match refusal {
        KeyRefusal::Missing | KeyRefusal::NotBearer | KeyRefusal::NotAKey => {
            "Send \"Authorization: Bearer scimp-…\" with a product key made in the console, under Products. SCIM keys \
             are not accepted here."
                .to_owned()
        }
        KeyRefusal::WrongLength { .. } | KeyRefusal::Mistyped => {
            format!("The product key is incomplete or mistyped. Copy it again. {AGAIN}")
        }
        KeyRefusal::Unknown { hint } => format!("The product key {hint} is not known here. {AGAIN}"),
        KeyRefusal::Deactivated { hint } => format!("The product key {hint} has been deactivated. {AGAIN}"),
        KeyRefusal::Expired { hint, at } => format!("The product key {hint} expired at {at}. {AGAIN}"),
    };
    Problem::new(401, detail).because(ErrorCode::Key(refusal.into()))
}

/// 429 for a key that is used too often, or an address with too many failures.
pub(crate) fn limited(limit: Limit) -> Problem {
    let code = ErrorCode::Limit((&limit).into());
    match limit {
        Limit::Requests => Problem::new(
            429,
            "The product key is used more often than this service allows in a minute. Try again shortly.",
        )
        .because(code),
        other => other.into(),
    }
}

fn no_organization() -> Problem {
    Problem::of(
        AdminCode::OrganizationNotFound,
        "The service binding's \"props\" name an organization that is not here, or is deleted. Set \"organization\" to \
         its id.",
    )
}
