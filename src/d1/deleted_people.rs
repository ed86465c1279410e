//! Deleted people, as long as they can come back.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::batch::Select;
use super::columns::{flag, integers};
use super::events::range::ORGANIZATION;
use super::statement::{integer, text};
use super::tenant::Tenant;

/// How a person lost all that they had: they were deleted, or else deactivated.
#[derive(Debug, Clone, Deserialize)]
pub struct Loss {
    /// The sequence numbers of the events; the last is that of the deletion or deactivation.
    #[serde(deserialize_with = "integers")]
    pub events: Vec<i64>,
    /// Whether they were deleted.
    #[serde(deserialize_with = "flag")]
    pub is_deletion: bool,
}

/// Reads how a person lost all that they had; no row if they are active, or if it is not known.
pub fn loss(tenant: &Tenant<'_>, id: &str) -> Select<Loss> {
    let sql = format!(
        "WITH {ORGANIZATION},
         loss (seq, is_deletion) AS MATERIALIZED (
           SELECT d.event_seq, 1 FROM deleted_people d WHERE d.org_id = (SELECT id FROM o) AND d.id = :id
           UNION ALL
           SELECT * FROM (
             SELECT e.seq, 0 FROM users u CROSS JOIN event_subjects s ON s.org_id = u.org_id AND s.subject_id = u.id
             CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
             WHERE u.org_id = (SELECT id FROM o) AND u.id = :id AND u.active = 0 AND e.type = 'person.deactivated'
             ORDER BY s.seq DESC LIMIT 1)
           LIMIT 1)
         SELECT json_insert((
             SELECT json_group_array(e.seq) FROM events first
             CROSS JOIN event_subjects s ON s.org_id = first.org_id AND s.subject_id = :id AND s.seq > first.seq
             CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq AND e.story = first.story
               AND e.subject_id = :id AND e.type = 'membership.removed'
             WHERE first.org_id = (SELECT id FROM o) AND first.seq = loss.seq), '$[#]', loss.seq) AS events,
           loss.is_deletion AS is_deletion
         FROM loss"
    );
    tenant.select_few(&sql, &[text("id", id)])
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
    tenant.select_few(
        "SELECT EXISTS (SELECT 1 FROM users WHERE org_id = :org AND id = :person) AS is_present,
           EXISTS (SELECT 1 FROM deleted_people WHERE org_id = :org AND id = :person) OR EXISTS (
             SELECT 1 FROM event_subjects s CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
             WHERE s.org_id = :org AND s.subject_id = :person AND e.type = 'person.deleted') AS is_known",
        &[text("person", id)],
    )
}
