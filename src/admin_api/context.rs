//! The context of a request: its actor, its databases, and how statements on behalf of an organization run.

use std::cell::{Cell, RefCell};

use worker::{Env, KvStore};

use super::types::Named;
use super::types::health::ProvisioningState;
use super::types::organizations::{Organization, OrganizationRecord, Others};
use crate::auth::actor::Actor;
use crate::d1::audit_log::{Condition, Entry, Outcome};
use crate::d1::events::read::newest_story;
use crate::d1::organization_list::MOST_SWITCHED;
use crate::d1::{
    Batch, Cause, Database, Results, Scope, Select, Statement, StorageError, StorageErrorKind, Tenant,
    health, idempotent_calls, organization_list, organizations as stored, refolding,
};
use crate::http::{AdminCode, Problem};
use crate::runtime::clock;
use directory::event::Source;
use directory::{AdministratorName, Catalog, Shard, group_name};

/// The context of a call.
pub(crate) struct AdminContext<'a> {
    /// The database of the organization that the call names; of a call that names none, the first.
    pub(crate) database: &'a Database,
    /// Databases that may have the organizations of the call: all of them, or that one.
    pub(crate) databases: &'a [Database],
    /// The bindings of the deployment.
    pub(crate) env: &'a Env,
    /// KV, for revocations.
    pub(crate) kv: &'a KvStore,
    /// The product's names.
    pub(crate) catalog: &'static Catalog,
    /// The time of the request, in milliseconds since the epoch.
    pub(crate) now_millis: u64,
    /// URL of the SCIM endpoint.
    pub(crate) base: String,
    /// The caller.
    pub(crate) actor: Actor,
    /// The call's entry of the audit log, as far as it is known before the outcome.
    pub(crate) entry: Entry,
    /// The deployment's admin token, if it has one.
    pub(crate) admin_token: Option<String>,
    /// How many pages of imports a database keeps in a day.
    pub(crate) import_pages_per_day: u64,
    /// Whether the request makes a change: a deleted organization is read only.
    pub(crate) is_writing: bool,
    /// The story of the change that was made, if it was noted: by it, the change is undone.
    pub(crate) story: Cell<Option<i64>>,
    /// Whether the deployment has more than one database.
    pub(crate) has_databases: bool,
    /// Whether webhooks deliver the organization's events, as far as the organization was read.
    pub(crate) has_webhooks: Cell<bool>,
    /// Whether a page of the console is shown, which says how the provisioning is.
    pub(crate) is_page: bool,
    /// The id of the row that remembers the call, if it has an `Idempotency-Key`.
    pub(crate) call_id: RefCell<Option<String>>,
}

/// An answer about an organization, and the organization.
#[derive(Debug)]
pub(crate) struct InOrganization<T> {
    /// The organization. It is boxed, since it is passed on by many functions.
    pub(crate) organization: Box<Organization>,
    /// The answer.
    pub(crate) answer: T,
}

impl<T> InOrganization<T> {
    /// The same with another answer.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> InOrganization<U> {
        InOrganization { organization: self.organization, answer: change(self.answer) }
    }
}

impl<T> InOrganization<Result<T, Problem>> {
    /// The same, if there is an answer.
    pub(super) fn transpose(self) -> Result<InOrganization<T>, Problem> {
        Ok(InOrganization { organization: self.organization, answer: self.answer? })
    }
}

/// An organization that the actor administers, and the results of the batch that was sent with the look at it.
pub(super) struct Opened {
    pub(super) organization: Box<Organization>,
    pub(super) results: Results,
}

/// Refuses an invalid name; `what` says of what.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), Problem> {
    Ok(group_name::check_name(what, name)?)
}

impl AdminContext<'_> {
    /// The time of the request.
    pub(super) fn now(&self) -> String {
        clock::iso(self.now_millis)
    }

    /// The time that many seconds after the request.
    pub(super) fn after(&self, seconds: u64) -> String {
        clock::iso(self.now_millis.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Makes the database of an organization that of the call. The path of a form may name no organization, so that
    /// the call begins with all databases.
    ///
    /// # Errors
    /// 404 if no database can have the organization.
    pub(crate) fn select_database_of(&mut self, organization: &str) -> Result<(), Problem> {
        let shard = Shard::of_organization_id(organization);
        let database = self.databases.iter().find(|database| Some(database.shard()) == shard);
        self.database = database.ok_or_else(Problem::no_organization)?;
        Ok(())
    }

    /// The name by which organizations know the actor; `None`: an operator, who sees all of them.
    pub(super) fn administrator(&self) -> Option<AdministratorName> {
        match &self.actor {
            Actor::Operator(_) => None,
            Actor::Administrator(email) => Some(AdministratorName::of(email)),
            // It administers none.
            Actor::SetupLink { .. } => Some(AdministratorName::of("")),
        }
    }

    /// The organization as far as the actor administers it: what statements run on behalf of.
    pub(super) fn tenant(&self, organization: &str) -> Tenant<'static> {
        let organization = organization.to_owned();
        let scope = match &self.actor {
            Actor::Operator(_) => Scope::Organization(organization),
            Actor::Administrator(email) => {
                Scope::Administrator { organization, name: AdministratorName::of(email) }
            }
            Actor::SetupLink { organization, id, hash, .. } => {
                Scope::SetupLink { organization: organization.clone(), id: id.clone(), hash: hash.clone() }
            }
        };
        let cause = Cause {
            source: Source::Console,
            actor: self.actor.name().to_owned(),
            key_id: None,
            request_id: Some(self.entry.request_id.clone()),
            story: None,
        };
        Tenant { scope, catalog: self.catalog, base: self.base.clone(), now: self.now(), cause }
    }

    /// Refuses all but operators of the deployment.
    pub(super) fn only_operators(&self) -> Result<(), Problem> {
        if self.actor.is_operator() {
            return Ok(());
        }
        Err(Problem::of(
            AdminCode::OperatorsOnly,
            "Only an operator of this deployment may do that: a caller with the admin token, or one whose address is \
             listed in OPERATORS.",
        ))
    }

    /// Runs a batch that reads, and reads the organization, in one round trip.
    ///
    /// # Errors
    /// 404, if there is no such organization or the actor does not administer it.
    pub(super) async fn open(&self, tenant: &Tenant<'_>, batch: Batch) -> Result<Opened, Problem> {
        let opened = self.open_deleted(tenant, batch).await?;
        if opened.organization.record.deletion.is_some() && self.is_writing {
            return Err(Problem::of(
                AdminCode::OrganizationDeleted,
                "The organization is deleted. An operator can restore it; until then nothing in \
                                          it can be changed.",
            ));
        }
        Ok(opened)
    }

    /// As [`Self::open`], also for a change of an organization that is deleted.
    pub(super) async fn open_deleted(
        &self,
        tenant: &Tenant<'_>,
        mut batch: Batch,
    ) -> Result<Opened, Problem> {
        let organization = batch.push_first(stored::one::<OrganizationRecord>(tenant));
        let health = self.is_page.then(|| batch.push(health::state::<ProvisioningState>(tenant)));
        let administrator = self.administrator();
        let others = (self.is_page && !self.is_writing)
            .then(|| batch.push(organization_list::to_switch_to::<Named>(administrator.as_ref())));
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
        let Some(found) = found else { return Err(self.not_administered(tenant).await?) };
        self.has_webhooks.set(found.webhooks > 0);
        let mut organization = self.located(self.database, found.organization);
        if let Some(health) = health {
            organization.health = results.first(health)?.map(ProvisioningState::described);
        }
        if let Some(others) = others {
            let mut named = results.all(others)?;
            named.retain(|other| other.id != organization.record.id);
            let has_more = named.len() > MOST_SWITCHED || self.has_databases;
            named.truncate(MOST_SWITCHED);
            organization.others = Others { named, has_more };
        }
        Ok(Opened { organization, results })
    }

    /// Reads the rows of one statement, and the organization.
    pub(super) async fn select<R>(
        &self,
        tenant: &Tenant<'_>,
        select: Select<R>,
    ) -> Result<InOrganization<Vec<R>>, Problem> {
        let mut batch = Batch::new();
        let rows = batch.push(select);
        let opened = self.open(tenant, batch).await?;
        Ok(InOrganization { answer: opened.results.all(rows)?, organization: opened.organization })
    }

    /// A stored organization with the number of its database, and the deployment's names.
    pub(super) fn located(&self, database: &Database, mut record: OrganizationRecord) -> Box<Organization> {
        if let Some(key) = &mut record.brake.engaged_by {
            key.hint = directory::key::hint(&key.id);
        }
        record.group_prefix.get_or_insert_with(|| self.catalog.group_prefix.clone());
        Box::new(Organization {
            record,
            database: database.shard().number(),
            org_role_attribute: self.catalog.org_role_attribute.clone(),
            health: None,
            others: Others::default(),
        })
    }

    /// Computes the folded columns of the organization again, if an upgrade requires it.
    async fn bring_up_to_date(&self, tenant: &Tenant<'_>) -> Result<(), Problem> {
        let Some(organization) = tenant.scope.organization() else { return Ok(()) };
        let tenant = tenant.of_organization(organization);
        let mut steps = refolding::STEPS_OF_REQUEST;
        match refolding::bring_up_to_date(self.database, &tenant, &mut steps).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(StorageError::from(StorageErrorKind::Upgrading).into()),
            // There is no such organization.
            Err(error) if error.is_stale() => Err(Problem::no_organization()),
            Err(error) => Err(error.into()),
        }
    }

    /// The answer to an administrator who may not see an organization.
    async fn not_administered(&self, tenant: &Tenant<'_>) -> Result<Problem, StorageError> {
        if let Scope::Administrator { organization, name } = &tenant.scope
            && self.database.is_invited(name, organization).await?
        {
            return Ok(Problem::of(
                AdminCode::InvitationNotAccepted,
                "You have been named an administrator of this organization, and have not accepted it yet. Look at \
                 /console which one it is, and accept or decline it there, or by POST of /accept or /decline.",
            ));
        }
        Ok(Problem::no_organization())
    }

    /// Runs the statements of a write and inserts its entry of the audit log, in one transaction.
    pub(super) async fn write(
        &self,
        tenant: &Tenant<'_>,
        outcome: &Outcome,
        mut batch: Batch,
    ) -> Result<Results, StorageError> {
        if let Some(mark) = self.mark_done() {
            batch.execute_first(mark);
        }
        self.database.write(self.entry.insert_if_authorized(tenant, outcome), &batch).await
    }

    /// Inserts the entry of a request that changes nothing.
    pub(super) async fn note(&self, tenant: &Tenant<'_>, outcome: &Outcome) -> Result<(), StorageError> {
        self.database.write(self.entry.insert_of_reading(tenant, outcome), &Batch::new()).await.map(drop)
    }

    /// As [`Self::write`], and notes the story of the change.
    pub(super) async fn write_noting(
        &self,
        tenant: &Tenant<'_>,
        outcome: &Outcome,
        mut batch: Batch,
    ) -> Result<Results, StorageError> {
        let story = batch.push(newest_story(tenant));
        let results = self.write(tenant, outcome, batch).await?;
        self.story.set(results.first(story)?.map(|newest| newest.story));
        Ok(results)
    }

    /// Like [`Self::write`], for statements that change nothing unless the condition holds: then there is no entry.
    pub(super) async fn write_if_changing(
        &self,
        tenant: &Tenant<'_>,
        outcome: &Outcome,
        condition: &Condition,
        mut batch: Batch,
    ) -> Result<Results, StorageError> {
        if let Some(mark) = self.mark_done() {
            batch.execute_first(mark);
        }
        self.database.write(self.entry.insert_if_changing(tenant, outcome, condition), &batch).await
    }

    /// The statement that notes that a call with an `Idempotency-Key` has made its change.
    pub(super) fn mark_done(&self) -> Option<Statement> {
        self.call_id.borrow().as_deref().map(idempotent_calls::done)
    }

    /// Like [`Self::write`], for a change that writes one row or, where there is nothing to change, none: then there is
    /// no entry. The batch runs after the change.
    pub(super) async fn write_if_changed(
        &self,
        tenant: &Tenant<'_>,
        outcome: &Outcome,
        change: Statement,
        mut batch: Batch,
    ) -> Result<Results, StorageError> {
        let entry = self.entry.insert_if_row_changed(tenant, outcome);
        for statement in self.mark_done().into_iter().chain([change, entry]) {
            batch.execute_first(statement);
        }
        self.database.batch(&batch).await
    }
}
