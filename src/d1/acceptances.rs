//! Which organizations an administrator has accepted. The console lists no other organization for an administrator,
//! and lets them manage no other: the creator of an organization may give it the name of another organization, and any
//! person as its administrator.

use serde::de::DeserializeOwned;

use super::Database;
use super::administrators::{self, HAS_ACCEPTED, IS_ADMINISTRATOR};
use super::batch::Select;
use super::statement::{Statement, integer, text};
use super::tenant::Tenant;
use directory::AdministratorName;

/// Selects the organizations that a person is invited to administer and has not accepted, one a row as JSON;
/// at most `count`.
pub fn invitations<R: DeserializeOwned>(name: &AdministratorName, count: u16) -> Select<R> {
    let sql = format!(
        "SELECT json_object('id', o.id, 'name', o.name, 'mail_domains', json(o.mail_domains),
           'owner_user_name', (SELECT doc ->> '$.userName' FROM users WHERE org_id = o.id AND org_role = 'Owner'),
           'user_count', o.user_count, 'created_at', o.created_at, 'org_role', u.org_role,
           'declined', json(iif(a.declined_at IS NULL, 'false', 'true'))) AS json
         FROM users u INDEXED BY users_administrators CROSS JOIN organizations o ON o.id = u.org_id
           LEFT JOIN acceptances a ON a.org_id = o.id AND a.mail = :administrator_composed
         WHERE {IS_ADMINISTRATOR} AND o.deleted_at IS NULL AND NOT {HAS_ACCEPTED}
         ORDER BY o.created_at, o.id LIMIT CAST(:count AS INTEGER)"
    );
    let mut bindings = administrators::bindings(name);
    bindings.push(integer("count", count));
    Select::json(Statement::new(&sql, &bindings))
}

/// Writes that an administrator accepts the tenant's organization. If they have accepted it before, nothing changes.
pub fn accept(tenant: &Tenant<'_>, mail: &str) -> Statement {
    tenant.statement(
        "INSERT INTO acceptances (org_id, mail, accepted_at)
         SELECT o.id, :mail, :now FROM organizations o WHERE o.id = :org
         ON CONFLICT (org_id, mail) DO UPDATE SET accepted_at = :now, declined_at = NULL WHERE accepted_at IS NULL",
        &[text("mail", mail)],
    )
}

/// Writes that an administrator declines the tenant's organization. If they have declined it before, nothing changes.
pub fn decline(tenant: &Tenant<'_>, mail: &str) -> Statement {
    tenant.statement(
        "INSERT INTO acceptances (org_id, mail, declined_at)
         SELECT o.id, :mail, :now FROM organizations o WHERE o.id = :org
         ON CONFLICT (org_id, mail) DO UPDATE SET accepted_at = NULL, declined_at = :now WHERE declined_at IS NULL",
        &[text("mail", mail)],
    )
}

/// The mail address under which an administrator with that `userName` accepts.
pub fn mail_of(user_name: &str) -> String {
    AdministratorName::of(user_name.trim()).composed
}

impl Database {
    /// Whether a person is invited to administer the organization with this id and has not accepted it.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn is_invited(
        &self,
        name: &AdministratorName,
        organization: &str,
    ) -> Result<bool, super::StorageError> {
        let sql = format!("SELECT 1 FROM users u WHERE u.org_id = :organization AND {IS_ADMINISTRATOR}");
        let mut bindings = administrators::bindings(name);
        bindings.push(text("organization", organization));
        Ok(self.execute(Statement::new(&sql, &bindings)).await? > 0)
    }
}
