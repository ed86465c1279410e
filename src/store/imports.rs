//! What the snapshots of lists tell of imports.

use super::statement::{Statement, text};
use super::tenant::Tenant;

/// Reads the lists that are being read page by page or were lately, the last read first, one a row as JSON.
///
/// `state`: `begun`, as long as only the first page has been read; `finished`; `reading`; or `stopped`, if nobody has
/// asked for a page for a while.
pub fn all(tenant: &Tenant<'_>) -> Statement {
    tenant.statement(
        "SELECT json_object('resource', s.resource, 'filter', nullif(s.filter, ''), 'page_size', s.page_size,
           'total', s.total, 'pages', (s.total + s.page_size - 1) / s.page_size,
           'pages_read', (max(s.reached, s.page_size) + s.page_size - 1) / s.page_size,
           'begun_at', s.begun_at, 'read_at', max(s.first_at, s.read_at), 'state', CASE
             WHEN s.readers = 0 THEN 'finished'
             WHEN max(s.first_at, s.read_at) < strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-3 minutes') THEN 'stopped'
             WHEN s.read_at = '' THEN 'begun'
             ELSE 'reading' END) AS head
         FROM snapshots s WHERE s.org_id = :org ORDER BY max(s.first_at, s.read_at) DESC",
        &[],
    )
}

/// Deletes what nobody has read since then.
pub fn forget(since: &str) -> Statement {
    Statement::new("DELETE FROM snapshots WHERE max(first_at, read_at) < :since", &[text("since", since)])
}
