//! Deleted people, as long as they can come back.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::batch::Select;
use super::columns::flag;
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

/// What is known of a person with an id.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Known {
    /// Whether there is such a person, who is not deleted.
    #[serde(deserialize_with = "flag")]
    pub is_present: bool,
    /// Whether there was one: the history names them.
    #[serde(deserialize_with = "flag")]
    pub is_known: bool,
}

/// Reads what is known of a person.
pub fn known(tenant: &Tenant<'_>, id: &str) -> Select<Known> {
    tenant.select(
        "SELECT EXISTS (SELECT 1 FROM users WHERE org_id = :org AND id = :person) AS is_present,
           EXISTS (SELECT 1 FROM deleted_people WHERE org_id = :org AND id = :person) OR EXISTS (
             SELECT 1 FROM event_subjects s CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
             WHERE s.org_id = :org AND s.subject_id = :person AND e.type = 'person.deleted') AS is_known",
        &[text("person", id)],
    )
}
