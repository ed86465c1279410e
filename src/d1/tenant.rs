//! The organization for which statements run. Authorization is in the SQL: every statement names the organization
//! through [`Tenant`], so that a row of another organization cannot be named at all.

use serde::de::DeserializeOwned;

use super::administrators::{self, ORG_OF_ADMINISTRATOR, ORG_OF_INVITED};
use super::batch::Select;
use super::numbered::Meaning;
use super::statement::{Binding, Statement};
use directory::event::Source;
use directory::{AdministratorName, Catalog, Key, KeyScope};

/// How the organization is named in SQL.
#[derive(Debug, Clone)]
pub enum Scope {
    /// By the presented key. With a key that is no longer good, the organization does not exist.
    Key {
        /// The key's public id.
        id: String,
        /// The key's hash.
        hash: String,
    },
    /// By the presented product key. With a key that is no longer good, or that may not do this, the organization does
    /// not exist.
    ProductKey {
        /// The key's public id.
        id: String,
        /// The key's hash.
        hash: String,
        /// What the key has to be allowed to do; `None`: anything.
        needs: Option<KeyScope>,
    },
    /// By the presented setup link. With a link that is no longer good, the organization does not exist.
    SetupLink {
        /// The organization's id.
        organization: String,
        /// The link's id.
        id: String,
        /// The link's HMAC.
        hash: String,
    },
    /// By its id, for an operator of the deployment, who has been authenticated before.
    Organization(String),
    /// By its id, for a user who may administer it once they have accepted it.
    Invited {
        /// The organization's id.
        organization: String,
        /// As in [`Scope::Administrator`].
        name: AdministratorName,
    },
    /// By its id, for an administrator who has accepted it. An organization that the user may not administer does not
    /// exist.
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
            Self::Key { .. } | Self::ProductKey { .. } => None,
            Self::Organization(id)
            | Self::Administrator { organization: id, .. }
            | Self::SetupLink { organization: id, .. }
            | Self::Invited { organization: id, .. } => Some(id),
        }
    }

    /// Whether a search may miss the administrator as long as folded columns are of an older version.
    pub fn may_be_missed(&self) -> bool {
        match self {
            Self::Administrator { name, .. } | Self::Invited { name, .. } => !name.email.is_ascii(),
            Self::Key { .. } | Self::ProductKey { .. } | Self::SetupLink { .. } | Self::Organization(_) => {
                false
            }
        }
    }
}

/// What makes the changes of a request, as its events have it.
#[derive(Debug, Clone)]
pub struct Cause {
    /// What makes them.
    pub source: Source,
    /// A key's hint, an administrator's email address, or the name of a job.
    pub actor: String,
    /// The id of the key.
    pub key_id: Option<String>,
    /// The random end of the id of the request's entry in the log; see [`super::audit_log`]. `None`: there is no entry.
    pub request_id: Option<String>,
    /// The sequence number of the event with which the story began, where that was in another batch.
    pub story: Option<String>,
}

impl Cause {
    /// A scheduled job.
    pub fn job(name: &str) -> Self {
        Self { source: Source::Job, actor: name.to_owned(), key_id: None, request_id: None, story: None }
    }
}

/// The facts of a request that its statements need.
#[derive(Debug, Clone)]
pub struct Tenant<'a> {
    /// How the organization is named.
    pub scope: Scope,
    /// The product's names.
    pub catalog: &'a Catalog,
    /// URL of the SCIM endpoint as the client called it, without a slash at the end.
    pub base: String,
    /// The time of the request.
    pub now: String,
    /// What makes its changes.
    pub cause: Cause,
}

impl Tenant<'_> {
    /// The same tenant with [`Scope::Organization`], for callers that have authenticated the client before.
    pub fn of_organization(&self, id: &str) -> Self {
        Self { scope: Scope::Organization(id.to_owned()), ..self.clone() }
    }

    /// A statement in which `:org` is the organization (and `:whole_org`, where `:org` is bound to less;
    /// `:org_of_write`, which fails while the writes of keys are paused; and `:org_keeping_nothing`, which fails where
    /// the organization has the setting `keep_access`), `:now`, `:base`, `:org_role_attribute` and
    /// `:event_…` are those of the tenant, and the caller binds the other names.
    pub(crate) fn statement(&self, sql: &str, bindings: &[Binding]) -> Statement {
        Statement::of(sql, &|name| Binding::meaning(bindings, name).or_else(|| self.meaning(name)))
    }

    /// A [`Tenant::statement`] whose columns are the fields of `R`.
    pub(crate) fn select<R: DeserializeOwned>(&self, sql: &str, bindings: &[Binding]) -> Select<R> {
        Select::columns(self.statement(sql, bindings))
    }

    /// As [`Tenant::select`], for rows as of [`Select::few`].
    pub(crate) fn select_few<R: DeserializeOwned>(&self, sql: &str, bindings: &[Binding]) -> Select<R> {
        Select::few(self.statement(sql, bindings))
    }

    /// A [`Tenant::statement`] whose column `json` is JSON of an `R`.
    pub(crate) fn select_json<R: DeserializeOwned>(&self, sql: &str, bindings: &[Binding]) -> Select<R> {
        Select::json(self.statement(sql, bindings))
    }

    fn meaning(&self, name: &str) -> Option<Meaning<'_>> {
        let value = |value| Some(Meaning::Value(Some(value)));
        match (name, &self.scope) {
            ("org_keeping_nothing", scope) if !matches!(scope, Scope::Key { .. }) => {
                Some(Meaning::Expression(ORG_KEEPING_NOTHING))
            }
            ("now", _) => value(&self.now),
            ("base", _) => value(&self.base),
            ("org_role_attribute", _) => value(&self.catalog.org_role_attribute),
            ("event_source", _) => value(self.cause.source.as_str()),
            ("event_actor", _) => value(&self.cause.actor),
            ("event_key", _) => Some(Meaning::Value(self.cause.key_id.as_deref())),
            ("event_request", _) => Some(Meaning::Value(self.cause.request_id.as_deref())),
            ("event_story", _) => Some(Meaning::Value(self.cause.story.as_deref())),
            ("org" | "whole_org" | "org_of_write", Scope::Organization(id)) => value(id),
            ("org" | "whole_org" | "org_of_write", Scope::Administrator { .. }) => {
                Some(Meaning::Expression(ORG_OF_ADMINISTRATOR))
            }
            ("org" | "whole_org" | "org_of_write", Scope::Invited { .. }) => {
                Some(Meaning::Expression(ORG_OF_INVITED))
            }
            ("org" | "whole_org" | "org_of_write", Scope::SetupLink { .. }) => {
                Some(Meaning::Expression(ORG_OF_SETUP_LINK))
            }
            ("linked", Scope::SetupLink { organization, .. }) => value(organization),
            ("link", Scope::SetupLink { id, .. }) => value(id),
            ("link_hash", Scope::SetupLink { hash, .. }) => value(hash),
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
            ("org_of_write", Scope::Key { .. }) => Some(Meaning::Expression(ORG_OF_WRITING_KEY)),
            ("org_keeping_nothing", Scope::Key { .. }) => Some(Meaning::Expression(ORG_OF_FORGETTING_KEY)),
            ("org" | "whole_org" | "org_of_write", Scope::ProductKey { .. }) => {
                Some(Meaning::Expression(ORG_OF_PRODUCT_KEY))
            }
            ("key", Scope::Key { id, .. } | Scope::ProductKey { id, .. }) => value(id),
            ("key_hash", Scope::Key { hash, .. } | Scope::ProductKey { hash, .. }) => value(hash),
            ("key_needs", Scope::ProductKey { needs, .. }) => {
                Some(Meaning::Value(Some(needs.map_or("", KeyScope::as_str))))
            }
            _ => None,
        }
    }
}

const ORG_OF_KEY: &str = "(SELECT org_id FROM auth_keys WHERE id = :key AND hash = :key_hash \
                          AND deactivated_at IS NULL AND (expires_at IS NULL OR expires_at > :now))";

const ORG_OF_PRODUCT_KEY: &str = "(SELECT org_id FROM product_keys WHERE id = :key AND hash = :key_hash \
                                  AND deactivated_at IS NULL AND is_stopped = 0 \
                                  AND (expires_at IS NULL OR expires_at > :now) AND instr(scopes, :key_needs))";

const ORG_OF_SETUP_LINK: &str = "(SELECT s.org_id FROM setup_links s CROSS JOIN organizations d ON d.id = s.org_id \
                                 WHERE s.org_id = :linked AND s.id = :link AND s.hash = :link_hash \
                                 AND s.revoked_at IS NULL AND s.expires_at > :now AND d.deleted_at IS NULL)";

/// SQL of the organization in a batch where the statement before changes one row or none; NULL with none.
pub(crate) const IF_ROW_CHANGED: &str = "iif(changes() = 1, :org, NULL)";

/// As [`ORG_OF_KEY`]. While an administrator has paused the writes of keys, it fails the batch as a failed [`guard`]
/// does: the request then starts again, and finds out.
const ORG_OF_WRITING_KEY: &str = "(SELECT iif(is_paused, json('stale'), org_id) FROM auth_keys \
                                  WHERE id = :key AND hash = :key_hash \
                                  AND deactivated_at IS NULL AND (expires_at IS NULL OR expires_at > :now))";

/// As [`ORG_OF_KEY`], and fails as stale where the organization keeps access; see `auth_keys.keeps_access` in
/// schema.sql.
const ORG_OF_FORGETTING_KEY: &str = "(SELECT iif(keeps_access, json('stale'), org_id) FROM auth_keys \
                                     WHERE id = :key AND hash = :key_hash \
                                     AND deactivated_at IS NULL AND (expires_at IS NULL OR expires_at > :now))";

/// The same for requests without a key.
const ORG_KEEPING_NOTHING: &str =
    "(SELECT iif(o.keep_access, json('stale'), o.id) FROM organizations o WHERE o.id = :org)";

/// The statement after a write that must have changed exactly one row. If the write changed none, its basis has
/// changed: the guard then parses a text that is not JSON, which fails the whole batch. (RAISE works in triggers only.)
pub fn guard() -> Statement {
    Statement {
        sql: "SELECT CASE WHEN changes() = 1 THEN '' ELSE json('stale') END".to_owned(),
        params: Vec::new(),
    }
}

/// SQL that fails the batch when it is evaluated, because a limit is reached. `what` is SQL of a text that names the
/// limit; `StorageErrorKind::Full` has this text. (It is no JSON path, and SQLite's error quotes it.)
pub(crate) fn full(what: &str) -> String {
    format!("json_extract('{{}}', 'full ' || {what})")
}
