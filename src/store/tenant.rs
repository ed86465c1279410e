//! On whose behalf statements run. Authorization is in the SQL: every statement names the organization
//! through [`Tenant`], so that a row of another organization cannot be named at all.

use super::statement::{Binding, Meaning, Statement};
use crate::directory::{Catalog, Key};

/// How the organization is named in SQL.
#[derive(Debug, Clone)]
pub enum Scope {
    /// Through the presented key: whatever the key no longer opens does not exist.
    Key {
        /// The key's public id.
        id: String,
        /// The key's hash.
        hash: String,
    },
    /// Directly, for an operator of the deployment, who has been authenticated before.
    Organization(String),
    /// Through somebody who administers it: what they may not administer does not exist.
    Administrator {
        /// The organization's id.
        organization: String,
        /// The administrator's mail address, which is their `userName`, in lower case. Their other addresses do not count: those are
        /// the identity provider's to write, also for the Owner.
        mail: String,
    },
}

impl Scope {
    /// The scope of a presented key.
    pub fn of_key(key: &Key) -> Self {
        Self::Key { id: key.id().to_owned(), hash: key.hash().to_owned() }
    }
}

/// What statements need to know of the request they serve.
#[derive(Debug, Clone)]
pub struct Tenant<'a> {
    /// On whose behalf.
    pub scope: Scope,
    /// The product's names.
    pub catalog: &'a Catalog,
    /// URL of the SCIM endpoint as the client called it, without a slash at the end.
    pub base: String,
    /// The time of the request.
    pub now: String,
}

impl Tenant<'_> {
    /// A statement in which `:org` is the organization (and `:whole_org`, where `:org` is bound to less), `:now`,
    /// `:base` and `:org_role_attribute` are what they say, and the rest is bound by the caller.
    pub(super) fn statement(&self, sql: &str, bindings: &[Binding]) -> Statement {
        Statement::of(sql, &|name| Binding::meaning(bindings, name).or_else(|| self.meaning(name)))
    }

    fn meaning(&self, name: &str) -> Option<Meaning<'_>> {
        let value = |value| Some(Meaning::Value(Some(value)));
        match (name, &self.scope) {
            ("now", _) => value(&self.now),
            ("base", _) => value(&self.base),
            ("org_role_attribute", _) => value(&self.catalog.org_role_attribute),
            ("org" | "whole_org", Scope::Organization(id)) => value(id),
            ("org" | "whole_org", Scope::Administrator { .. }) => {
                Some(Meaning::Expression(ORG_OF_ADMINISTRATOR))
            }
            ("administered", Scope::Administrator { organization, .. }) => value(organization),
            ("administrator", Scope::Administrator { mail, .. }) => value(mail),
            ("org" | "whole_org", Scope::Key { .. }) => Some(Meaning::Expression(ORG_OF_KEY)),
            ("key", Scope::Key { id, .. }) => value(id),
            ("key_hash", Scope::Key { hash, .. }) => value(hash),
            _ => None,
        }
    }
}

const ORG_OF_KEY: &str = "(SELECT org_id FROM auth_keys WHERE id = :key AND hash = :key_hash AND deactivated_at IS NULL \
                          AND (expires_at IS NULL OR expires_at > :now))";

const ORG_OF_ADMINISTRATOR: &str = "(SELECT org_id FROM users
  WHERE org_id = :administered AND user_name_fold = :administrator AND active = 1 AND org_role <> 'Member'
  AND lower(trim(doc ->> '$.userName')) = :administrator)";

/// The statement after a write that must have changed exactly one row. Where it changed none, what it was
/// based on is gone: asking for the JSON of something that is none fails, and takes the batch with it.
/// (RAISE is for triggers only.)
pub fn guard() -> Statement {
    Statement {
        sql: "SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END AS head".to_owned(),
        params: Vec::new(),
    }
}
