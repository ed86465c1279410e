//! How many people are active, counted anew. The newest event of an organization says how many there are (see
//! [`super::events`]); a version of the service that writes no events changes some without saying so.
//!
//! SCIM sees `organizations.user_count` people: triggers of the database count them. The inactive ones among them are
//! counted by their index, in pieces where there are many. The count holds if no event about people came meanwhile.

use serde::Deserialize;

use super::batch::Select;
use super::statement::{Statement, text};
use super::tenant::Tenant;

/// Most organizations of a database that one run looks at.
pub(crate) const MOST_ORGANIZATIONS: u32 = 100;
/// Most inactive people of an organization that are counted together with those of others.
pub(crate) const MOST_AT_ONCE: u32 = 1_000;
/// Most inactive people of a piece.
pub(crate) const MOST_OF_PIECE: u32 = 10_000;

/// An organization whose active people have to be counted.
#[derive(Debug, Deserialize)]
pub struct Due {
    /// The organization.
    pub org_id: String,
}

/// Finds organizations of which events say another number of active people than there are, or which have more inactive
/// people than [`MOST_AT_ONCE`]. Looks at [`MOST_ORGANIZATIONS`], with each hour since the epoch at the next ones.
pub fn due(hour: u64) -> Select<Due> {
    let sql = format!(
        "WITH looked_at AS MATERIALIZED (
           SELECT o.id AS id, o.user_count AS user_count FROM (
             SELECT id, user_count, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS total
             FROM organizations) o
           WHERE o.total <= {MOST_ORGANIZATIONS}
             OR (o.place + o.total - CAST(:hour AS INTEGER) * {MOST_ORGANIZATIONS} % o.total) % o.total
               < {MOST_ORGANIZATIONS})
         SELECT o.id AS org_id FROM looked_at o
         WHERE (SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1)
           IS NOT (
             SELECT iif(count(*) > {MOST_AT_ONCE}, -1, o.user_count - coalesce(sum(x.managed), 0)) FROM (
               SELECT u.managed AS managed FROM users u INDEXED BY users_inactive
               WHERE u.org_id = o.id AND u.active = 0 LIMIT {MOST_AT_ONCE} + 1) x)"
    );
    Select::few(Statement::new(&sql, &[text("hour", hour.to_string())]))
}

/// A piece of an organization's inactive people.
#[derive(Debug, Deserialize)]
pub struct Piece {
    /// How many people it has; fewer than [`MOST_OF_PIECE`]: it is the last.
    pub people: u32,
    /// How many of them SCIM sees.
    pub managed: u64,
    /// Where the next piece begins.
    pub last: Option<String>,
    /// The newest event.
    pub newest: i64,
}

/// Counts the next piece, behind `after`.
pub fn piece(tenant: &Tenant<'_>, after: &str) -> Select<Piece> {
    let sql = format!(
        "SELECT count(*) AS people, coalesce(sum(x.managed), 0) AS managed, max(x.name) AS last,
           coalesce((SELECT max(e.seq) FROM events e WHERE e.org_id = :org), 0) AS newest
         FROM (
           SELECT u.managed AS managed, u.user_name_fold AS name FROM users u INDEXED BY users_inactive
           WHERE u.org_id = :org AND u.active = 0 AND u.user_name_fold > :after
           ORDER BY u.user_name_fold LIMIT {MOST_OF_PIECE}) x"
    );
    tenant.select_few(&sql, &[text("after", after)])
}
