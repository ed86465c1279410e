//! Deleted people, as long as they can come back.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::batch::Select;
use super::statement::{integer, text};
use super::tenant::Tenant;

/// A deleted person.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Deleted {
    /// The sequence number of the event of the deletion.
    pub event_seq: i64,
}

/// Reads the deletion of a person.
pub fn one(tenant: &Tenant<'_>, id: &str) -> Select<Deleted> {
    tenant.select("SELECT event_seq FROM deleted_people WHERE org_id = :org AND id = :id", &[text("id", id)])
}

/// Reads deleted people in the order of their ids behind `after`, one a row as JSON; one more than `count` if there are
/// more.
pub fn list<R: DeserializeOwned>(tenant: &Tenant<'_>, after: &str, count: u16) -> Select<R> {
    tenant.select_json(
        "SELECT json_object(
           'id', d.id, 'user_name', json_extract(d.person ->> 'doc', '$.userName'), 'deleted_at', d.deleted_at,
           'active', json(iif(d.person ->> 'active', 'true', 'false')), 'org_role', d.person ->> 'org_role',
           'event', d.event_seq, 'deleted_by', coalesce(e.actor, '')) AS json
         FROM deleted_people d LEFT JOIN events e ON e.org_id = d.org_id AND e.seq = d.event_seq
         WHERE d.org_id = :org AND d.id > :after ORDER BY d.id LIMIT CAST(:count AS INTEGER) + 1",
        &[text("after", after), integer("count", count)],
    )
}
