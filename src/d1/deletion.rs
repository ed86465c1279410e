//! Deleted organizations: their keys are stopped, and operators can restore them until their rows are deleted.

use serde::Deserialize;

use super::batch::Select;
use super::events;
use super::statement::{Statement, text};
use super::tenant::{Tenant, guard};
use directory::event::{Event, NewEvent, SubjectType};

/// An organization whose rows are to be deleted.
#[derive(Debug, Deserialize)]
pub struct Due {
    /// Its id.
    pub id: String,
    /// When it was deleted.
    pub deleted_at: String,
}

/// A key of an organization.
#[derive(Debug, Deserialize)]
pub struct KeyOf {
    /// Its id.
    pub id: String,
}

/// Reads the keys that a deletion stops.
pub fn working_keys(tenant: &Tenant<'_>) -> Select<KeyOf> {
    tenant.select_few("SELECT id FROM auth_keys WHERE org_id = :org AND deactivated_at IS NULL", &[])
}

/// Reads the keys that a deletion has stopped.
pub fn stopped_keys(tenant: &Tenant<'_>) -> Select<KeyOf> {
    tenant.select_few("SELECT id FROM auth_keys WHERE org_id = :org AND is_stopped = 1", &[])
}

/// Deletes an organization: its keys are refused from now on.
pub fn delete(tenant: &Tenant<'_>, id: &str, name: &str) -> Vec<Statement> {
    let deleted = Event::OrganizationDeleted { name: name.to_owned() };
    let mut statements = vec![
        tenant.statement(
            "UPDATE organizations SET deleted_at = :now, deleted_by = :event_actor
             WHERE id = :org AND deleted_at IS NULL",
            &[],
        ),
        guard(),
        tenant.statement(
            "UPDATE auth_keys SET deactivated_at = :now, is_stopped = 1 WHERE org_id = :org AND deactivated_at IS NULL",
            &[],
        ),
    ];
    statements.extend(events::record(tenant, &[NewEvent::new(deleted, SubjectType::Organization, id)]));
    statements
}

/// Restores a deleted organization, with the keys that were stopped.
pub fn restore(tenant: &Tenant<'_>, id: &str, name: &str) -> Vec<Statement> {
    let restored = Event::OrganizationRestored { name: name.to_owned() };
    let mut statements = vec![
        tenant.statement(
            "UPDATE organizations SET deleted_at = NULL, deleted_by = NULL
             WHERE id = :org AND deleted_at IS NOT NULL",
            &[],
        ),
        guard(),
        tenant.statement(
            "UPDATE auth_keys SET deactivated_at = NULL, is_stopped = 0 WHERE org_id = :org AND is_stopped = 1",
            &[],
        ),
    ];
    statements.extend(events::record(tenant, &[NewEvent::new(restored, SubjectType::Organization, id)]));
    statements
}

/// Finds organizations that were deleted before `before`, the oldest first, at most `most`.
pub fn due(before: &str, most: u32) -> Select<Due> {
    Select::few(Statement::new(
        "SELECT id, deleted_at FROM organizations INDEXED BY organizations_deleted
         WHERE deleted_at IS NOT NULL AND deleted_at < :before ORDER BY deleted_at LIMIT CAST(:most AS INTEGER)",
        &[text("before", before), text("most", most.to_string())],
    ))
}

/// What the rows of an organization `o` are in: the table, its key, and how its rows `t` are found. In their order,
/// none is found by one that is deleted before.
const OWNED: [(&str, &str, &str); 7] = [
    (
        "memberships",
        "group_seq, user_seq",
        "groups g ON g.org_id = o.id CROSS JOIN memberships t ON t.group_seq = g.seq",
    ),
    ("users", "seq", "users t ON t.org_id = o.id"),
    ("groups", "seq", "groups t ON t.org_id = o.id"),
    (
        "archived_groups",
        "id",
        "projects p ON p.org_id = o.id CROSS JOIN archived_groups t ON t.project_id = p.id",
    ),
    ("teams", "id", "projects p ON p.org_id = o.id CROSS JOIN teams t ON t.project_id = p.id"),
    ("projects", "id", "projects t ON t.org_id = o.id"),
    (
        "organizations",
        "id",
        "organizations t ON t.id = o.id AND NOT EXISTS (SELECT 1 FROM users WHERE org_id = o.id)
           AND NOT EXISTS (SELECT 1 FROM groups WHERE org_id = o.id)
           AND NOT EXISTS (SELECT 1 FROM projects WHERE org_id = o.id)",
    ),
];

/// The statements that delete the rows of organizations that were deleted before `before`, each at most `most` rows;
/// each returns one row for each deleted row. The history and the log of an organization follow once it is gone.
pub fn prune(before: &str, most: u32) -> [Statement; 7] {
    OWNED.map(|(table, key, rows)| {
        let of_row = key.split(", ").map(|column| format!("t.{column}")).collect::<Vec<_>>().join(", ");
        Statement::new(
            &format!(
                "DELETE FROM {table} WHERE ({key}) IN (
                   SELECT {of_row} FROM organizations o CROSS JOIN {rows}
                   WHERE o.deleted_at < :before LIMIT CAST(:most AS INTEGER))
                 RETURNING 1"
            ),
            &[text("before", before), text("most", most.to_string())],
        )
    })
}
