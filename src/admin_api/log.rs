//! The audit log, as administrators read it.

use super::context::{AdminContext, InOrganization};
use super::types::log::{LogEntry, LogPage, LogQuery, LogSource, LogStatus};
use super::types::query::Moment;
use crate::d1::audit_log::{self as stored, Query};
use crate::http::Problem;
use directory::event::Source;

/// Lists entries, the newest first.
pub(crate) async fn list(
    context: &AdminContext<'_>,
    org: &str,
    query: LogQuery,
) -> Result<InOrganization<LogPage>, Problem> {
    let count = query.count;
    let query = Query {
        failed: query.status.map(|status| status == LogStatus::Failed),
        source: query.source.map(|source| match source {
            LogSource::Scim => Source::Scim,
            LogSource::Console => Source::Console,
        }),
        resource: query.resource,
        code: query.code,
        resource_id: None,
        from: query.from.map(Moment::into_prefix),
        to: query.to.map(Moment::into_prefix),
        before: query.before,
        after: query.after,
        count: count.0,
    };
    let tenant = context.tenant(org);
    let found = context.select(&tenant, stored::entries::<LogEntry>(&tenant, &query)).await?;
    let mut entries = found.answer;
    let has_more = count.truncate(&mut entries);
    let next = entries.last().filter(|_| has_more).map(|entry| entry.id.clone());
    Ok(InOrganization { organization: found.organization, answer: LogPage { entries, next } })
}
