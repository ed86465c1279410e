//! How many people groups and projects have, where that takes many rows to count: the hourly maintenance counts them,
//! and lists show its numbers. A number is counted again when its group, or a group of its project, has changed since.

use serde::Deserialize;

use super::batch::{Ignored, Select};
use super::project_views::MOST_COUNTED;
use super::statement::{Statement, integer};
use super::tenant::Tenant;

/// Most organizations of a database that one run looks at.
pub(crate) const MOST_ORGANIZATIONS: u32 = 100;
/// Most groups or projects of one statement.
pub(crate) const MOST_AT_ONCE: u32 = 20;

/// An organization in which something has happened since its people were counted.
#[derive(Debug, Deserialize)]
pub struct Due {
    /// The organization.
    pub org_id: String,
    /// The newest event.
    pub newest: i64,
}

/// Finds organizations with events since the last count.
pub fn due() -> Select<Due> {
    let sql = format!(
        "SELECT o.id AS org_id, e.seq AS newest FROM organizations o
         CROSS JOIN events e ON e.org_id = o.id AND e.seq = (SELECT max(seq) FROM events WHERE org_id = o.id)
         WHERE o.deleted_at IS NULL AND e.seq > o.people_counted_to LIMIT {MOST_ORGANIZATIONS}"
    );
    Select::few(Statement::new(&sql, &[]))
}

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub enum Counted {
    /// The members of groups.
    Groups,
    /// The people of projects, each once.
    Projects,
}

// A change may be written minutes after the time that it notes.
/// Counts some that are due, and returns a row for each. Fewer than [`MOST_AT_ONCE`]: no more are due.
pub fn count(tenant: &Tenant<'_>, counted: Counted) -> Select<Ignored> {
    let (rows, groups, people) = match counted {
        Counted::Groups => ("groups", "x.seq = t.seq", "count(*)"),
        Counted::Projects => ("projects", "x.project_id = t.id", "count(DISTINCT m.user_seq)"),
    };
    let sql = format!(
        "INSERT INTO people_counts (org_id, id, people, counted_at)
         SELECT t.org_id, t.id, (
             SELECT {people} FROM groups x CROSS JOIN memberships m ON m.group_seq = x.seq WHERE {groups}), :now
         FROM {rows} t LEFT JOIN people_counts c ON c.org_id = t.org_id AND c.id = t.id
         WHERE t.org_id = :org AND c.counted_at IS NOT :now
           AND EXISTS (SELECT 1 FROM groups x WHERE {groups} AND x.last_modified > coalesce(
             strftime('%Y-%m-%dT%H:%M:%fZ', c.counted_at, '-5 minutes'), ''))
           AND EXISTS (SELECT 1 FROM groups x CROSS JOIN memberships m ON m.group_seq = x.seq WHERE {groups}
             LIMIT 1 OFFSET {MOST_COUNTED})
         LIMIT {MOST_AT_ONCE}
         ON CONFLICT (org_id, id) DO UPDATE SET people = excluded.people, counted_at = excluded.counted_at
         RETURNING 1 AS counted"
    );
    tenant.select_few(&sql, &[])
}

/// Notes that all people are counted as of an event.
pub fn done(tenant: &Tenant<'_>, newest: i64) -> Statement {
    tenant.statement(
        "UPDATE organizations SET people_counted_to = CAST(:newest AS INTEGER) WHERE id = :org",
        &[integer("newest", newest)],
    )
}
