//! What changes would take from people, before they are made.

use super::context::{AdminContext, InOrganization};
use super::organizations::parsed_domains;
use super::reply::Reply;
use super::types::consequences::Consequences;
use super::types::organizations::Settings;
use crate::d1::consequences::{self as stored, Change, Counted};
use crate::d1::{Batch, StorageError};
use crate::http::Problem;

/// Counts what changed settings would take.
pub(crate) async fn of_settings(
    context: &AdminContext<'_>,
    org: &str,
    settings: Settings,
) -> Result<Reply<Consequences>, Problem> {
    let domains = settings.mail_domains.as_deref().map(parsed_domains).transpose()?;
    let counted = of(context, org, Change::EmailDomains(domains.as_deref().unwrap_or_default())).await?;
    Ok(Reply::ok(counted.answer))
}

/// Counts what a change would take. Of what does not exist, it takes nothing.
pub(crate) async fn of(
    context: &AdminContext<'_>,
    org: &str,
    change: Change<'_>,
) -> Result<InOrganization<Consequences>, Problem> {
    let tenant = context.tenant(org);
    let mut batch = Batch::new();
    let counted = batch.push(stored::count(&tenant, change));
    let opened = context.open(&tenant, batch).await?;
    let counted = opened.results.first(counted)?.ok_or_else(StorageError::stale)?;
    Ok(InOrganization { organization: opened.organization, answer: counted.into() })
}

impl From<Counted> for Consequences {
    fn from(counted: Counted) -> Self {
        let Counted { people, memberships, of, limit } = counted;
        let needs_confirmation = limit.is_some_and(|limit| people > limit);
        Self { people, memberships, of, needs_confirmation }
    }
}
