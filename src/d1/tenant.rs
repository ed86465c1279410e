//! On whose behalf statements run. Authorization is in the SQL: every statement names the organization
//! through [`Tenant`], so that a row of another organization cannot be named at all.

use serde::de::DeserializeOwned;

use super::administrators::{self, ORG_OF_ADMINISTRATOR, ORG_OF_INVITED};
use super::batch::Select;
use super::statement::{Binding, Meaning, Statement};
use directory::{AdministratorName, Catalog, Key};

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
    /// Through somebody who may administer it once they have accepted that.
    Invited {
        /// The organization's id.
        organization: String,
        /// As in [`Scope::Administrator`].
        name: AdministratorName,
    },
    /// Through somebody who administers it, and has accepted that: what they may not administer does not exist.
    Administrator {
        /// The organization's id.
        organization: String,
        /// The administrator's mail address, which is their `userName`. Their other addresses do not count: those are
        /// the identity provider's to write, also for the Owner.
        name: AdministratorName,
    },
}

impl Scope {
    /// The scope of a presented key.
    pub fn of_key(key: &Key) -> Self {
        Self::Key { id: key.id().to_owned(), hash: key.hash().to_owned() }
    }

    /// The id of the organization, if it is named.
    pub fn organization(&self) -> Option<&str> {
        match self {
            Self::Key { .. } => None,
            Self::Organization(id)
            | Self::Administrator { organization: id, .. }
            | Self::Invited { organization: id, .. } => Some(id),
        }
    }

    /// Whether the administrator may be missed by folded columns that are not made anew yet.
    pub fn may_be_missed(&self) -> bool {
        match self {
            Self::Administrator { name, .. } | Self::Invited { name, .. } => !name.email.is_ascii(),
            Self::Key { .. } | Self::Organization(_) => false,
        }
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
    /// The same on behalf of an organization as such, after whoever asks has been authenticated.
    pub fn of_organization(&self, id: &str) -> Self {
        Self { scope: Scope::Organization(id.to_owned()), ..self.clone() }
    }

    /// A statement in which `:org` is the organization (and `:whole_org`, where `:org` is bound to less), `:now`,
    /// `:base` and `:org_role_attribute` are what they say, and the rest is bound by the caller.
    pub(crate) fn statement(&self, sql: &str, bindings: &[Binding]) -> Statement {
        Statement::of(sql, &|name| Binding::meaning(bindings, name).or_else(|| self.meaning(name)))
    }

    /// A [`Tenant::statement`] whose columns are the fields of `R`.
    pub(crate) fn select<R: DeserializeOwned>(&self, sql: &str, bindings: &[Binding]) -> Select<R> {
        Select::columns(self.statement(sql, bindings))
    }

    /// A [`Tenant::statement`] whose column `json` is JSON of an `R`.
    pub(crate) fn select_json<R: DeserializeOwned>(&self, sql: &str, bindings: &[Binding]) -> Select<R> {
        Select::json(self.statement(sql, bindings))
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
            ("org" | "whole_org", Scope::Invited { .. }) => Some(Meaning::Expression(ORG_OF_INVITED)),
            (
                _,
                Scope::Administrator { organization, name: by } | Scope::Invited { organization, name: by },
            ) => {
                let known = administrators::values(by);
                match name {
                    "administered" => value(organization),
                    _ => known
                        .into_iter()
                        .find(|(known, _)| *known == name)
                        .and_then(|(_, found)| value(found)),
                }
            }
            ("org" | "whole_org", Scope::Key { .. }) => Some(Meaning::Expression(ORG_OF_KEY)),
            ("key", Scope::Key { id, .. }) => value(id),
            ("key_hash", Scope::Key { hash, .. }) => value(hash),
            _ => None,
        }
    }
}

const ORG_OF_KEY: &str = "(SELECT org_id FROM auth_keys WHERE id = :key AND hash = :key_hash \
                          AND deactivated_at IS NULL AND (expires_at IS NULL OR expires_at > :now))";

/// The statement after a write that must have changed exactly one row. Where it changed none, what it was
/// based on is gone: asking for the JSON of something that is none fails, and takes the batch with it.
/// (RAISE is for triggers only.)
pub fn guard() -> Statement {
    Statement {
        sql: "SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END".to_owned(),
        params: Vec::new(),
    }
}

/// SQL that fails the batch, if it is evaluated: there are as many as there may be. `what` is SQL of what is full,
/// which [`super::StorageError::Full`] then tells. (It is no path in JSON, and the error of SQLite quotes it.)
pub(crate) fn full(what: &str) -> String {
    format!("json_extract('{{}}', 'full ' || {what})")
}
