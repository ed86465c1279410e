//! The progress of imports, from the snapshots of lists.

use serde::de::DeserializeOwned;

use crate::d1::batch::Select;
use crate::d1::statement::{Statement, text};
use crate::d1::tenant::Tenant;

/// Reads the lists that are being read page by page or were lately, the last read first, at most 200, one a row as
/// JSON.
///
/// `state`: `begun`, as long as only the first page has been read; `finished`; `reading`; or `stopped`, if there was no
/// request for a page for a while.
pub fn all<R: DeserializeOwned>(tenant: &Tenant<'_>) -> Select<R> {
    tenant.select_json(
        "SELECT json_object('resource', resource, 'filter', nullif(filter, ''), 'page_size', page_size,
           'total', total, 'pages', (total + page_size - 1) / page_size,
           'pages_read', (min(next_offset, total) + page_size - 1) / page_size,
           'begun_at', begun_at, 'read_at', read_at, 'state', CASE
             WHEN is_done THEN 'finished'
             WHEN read_at < strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-3 minutes') THEN 'stopped'
             WHEN next_offset = page_size THEN 'begun'
             ELSE 'reading' END) AS json
         FROM (
           SELECT s.resource, s.filter, s.begun_at, c.total, coalesce(r.page_size, s.page_size) AS page_size,
             coalesce(r.next_offset, s.page_size) AS next_offset, coalesce(r.is_done, 0) AS is_done,
             coalesce(r.read_at, s.begun_at) AS read_at
           FROM list_snapshots s LEFT JOIN readings r ON r.org_id = s.org_id AND r.list = s.list AND r.id = s.id
           CROSS JOIN list_snapshots c ON c.org_id = s.org_id AND c.list = s.list AND c.id = coalesce(r.snapshot, s.id)
           WHERE s.org_id = :org AND s.base = 0)
         ORDER BY read_at DESC LIMIT 200",
        &[],
    )
}

/// Deletes the snapshots that were not read since `since`.
pub fn forget(since: &str) -> Statement {
    Statement::new(
        "DELETE FROM list_snapshots AS s WHERE s.begun_at < :since AND NOT EXISTS (
           SELECT 1 FROM readings r
           WHERE r.org_id = s.org_id AND r.list = s.list AND (r.id = s.id OR r.snapshot = s.id)
             AND r.read_at >= :since)",
        &[text("since", since)],
    )
}
