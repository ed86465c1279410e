//! Permissions of roles in D1.

use serde::Deserialize;

use super::batch::Select;
use super::columns::{json_by_value, json_or_none};
use super::statement::{Statement, optional};
use super::tenant::{Tenant, guard};
use directory::permission::RolePermissions;

/// Most custom roles that are listed.
pub(crate) const MOST_LISTED: u32 = 200;

/// What is stored of an organization.
#[derive(Debug, Deserialize)]
pub struct Stored {
    /// The column as it is, which a change names.
    pub text: Option<String>,
    /// The same, read.
    #[serde(deserialize_with = "json_or_none")]
    pub permissions: Option<RolePermissions>,
    /// The names of roles that its projects have besides the built-in ones, at most [`MOST_LISTED`] of them.
    #[serde(deserialize_with = "json_by_value")]
    pub custom_roles: Vec<String>,
}

/// SQL of the condition of the index `groups_by_custom_role`.
const CUSTOM: &str = "g.team_id IS NULL AND g.role IS NOT NULL AND g.role <> 'Admin' AND g.role <> 'Member'
             AND g.role <> 'Read-Only'";

/// Reads the permissions of the organization's roles. Costs two rows for each custom role.
pub fn stored(tenant: &Tenant<'_>) -> Select<Stored> {
    let sql = format!(
        "WITH RECURSIVE known(role, number) AS (
           SELECT (SELECT g.role FROM groups g WHERE g.org_id = :org AND {CUSTOM} ORDER BY g.role LIMIT 1), 1
           UNION ALL
           SELECT (SELECT g.role FROM groups g WHERE g.org_id = :org AND {CUSTOM} AND g.role > k.role
             ORDER BY g.role LIMIT 1), k.number + 1
           FROM known k WHERE k.role IS NOT NULL AND k.number < {MOST_LISTED})
         SELECT o.permissions AS text, o.permissions AS permissions,
           (SELECT json_group_array(role) FROM known WHERE role IS NOT NULL) AS custom_roles
         FROM organizations o WHERE o.id = :org"
    );
    tenant.select_few(&sql, &[])
}

/// Writes the permissions of the organization's roles, unless they were changed since they were read as `before`.
pub fn update(tenant: &Tenant<'_>, before: Option<&str>, after: Option<&str>) -> [Statement; 2] {
    let sql = "UPDATE organizations SET permissions = :after, last_modified = max(last_modified, :now)
               WHERE id = :org AND permissions IS :before";
    [tenant.statement(sql, &[optional("before", before), optional("after", after)]), guard()]
}
