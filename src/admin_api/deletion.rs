//! Deletes and restores organizations, for operators.

use super::context::{AdminContext, Opened};
use super::reply::Reply;
use super::types::organizations::{DeletionQuery, Organization, OrganizationDeletion};
use crate::d1::audit_log::Outcome;
use crate::d1::{Batch, StorageError, deletion as stored, organizations};
use crate::http::{AdminCode, Problem};
use crate::kv::revocation;

/// Says what the deletion of an organization takes.
pub(crate) async fn preview(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<super::InOrganization<OrganizationDeletion>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let keys = batch.push(stored::working_keys(&tenant));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let record = &organization.record;
    let answer = OrganizationDeletion {
        people: record.user_count,
        groups: record.group_count,
        keys: results.count(keys) as u64,
    };
    Ok(super::InOrganization { organization, answer })
}

/// Deletes an organization, if its name is confirmed.
pub(crate) async fn delete(
    context: &AdminContext<'_>,
    org: &str,
    query: DeletionQuery,
) -> Result<Reply<Box<Organization>>, Problem> {
    context.only_operators()?;
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let keys = batch.push(stored::working_keys(&tenant));
    let Opened { organization, results } = context.open(&tenant, batch).await?;
    let name = &organization.record.name;
    if query.confirm_name.trim() != name.trim() {
        let detail = "Nothing was deleted: confirm it with the name of the organization, as it is spelled.";
        return Err(Problem::of(AdminCode::NotConfirmed, detail));
    }
    let outcome = Outcome::done(200, format!("Deleted the organization {name}. Its keys are stopped."));
    let mut batch = Batch::from_iter(stored::delete(&tenant, org, name));
    let written = batch.push(organizations::one(&tenant));
    let after = context.write(&tenant, &outcome, batch).await?;
    // D1 has it; the mark in KV is for replicas that do not have it yet.
    for key in results.all(keys)? {
        revocation::mark_revoked(context.kv, &key.id, &context.now()).await;
    }
    let written = after.first(written)?.ok_or_else(StorageError::stale)?;
    Ok(Reply::ok(context.located(context.database, written.organization)))
}

/// Restores a deleted organization. Its keys are good again within two minutes: refusals are remembered for one.
pub(crate) async fn restore(
    context: &AdminContext<'_>,
    org: &str,
) -> Result<Reply<Box<Organization>>, Problem> {
    context.only_operators()?;
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let keys = batch.push(stored::stopped_keys(&tenant));
    let Opened { organization, results } = context.open_deleted(&tenant, batch).await?;
    let name = &organization.record.name;
    if organization.record.deletion.is_none() {
        return Err(Problem::of(AdminCode::OrganizationNotDeleted, "The organization is not deleted."));
    }
    let outcome = Outcome::done(200, format!("Restored the organization {name}."));
    let mut batch = Batch::from_iter(stored::restore(&tenant, org, name));
    let written = batch.push(organizations::one(&tenant));
    let after = context.write(&tenant, &outcome, batch).await?;
    for key in results.all(keys)? {
        revocation::unmark(context.kv, &key.id).await;
    }
    let written = after.first(written)?.ok_or_else(StorageError::stale)?;
    Ok(Reply::ok(context.located(context.database, written.organization)))
}
