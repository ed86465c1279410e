//! Requests and answers of the administrators' API, as they are in JSON. `openapi.json` is generated from these types
//! and from the attributes of their handlers: doc comments here are what its readers see.

pub(crate) mod access;
pub(crate) mod bulk;
pub(crate) mod consequences;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod groups;
pub(crate) mod health;
pub(crate) mod imports;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod members;
pub(crate) mod organizations;
pub(crate) mod permissions;
pub(crate) mod problem;
pub(crate) mod product_keys;
pub(crate) mod projects;
pub(crate) mod query;
pub(crate) mod sessions;
pub(crate) mod setup_links;
pub(crate) mod undo;
pub(crate) mod webhooks;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The answer to a call that may be repeated with its `Idempotency-Key`, and is kept until then.
pub(crate) trait Repeatable: Serialize {
    /// The answer without its secret, if it has one: only that is kept in clear.
    fn without_secret(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

/// The body of a call that takes none: no body, or `{}`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// No space at either end, no control characters.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 200)]
#[expect(
    dead_code,
    reason = "stands for a name in openapi.json; names are checked where their kind is known"
)]
pub(crate) struct Name(String);

/// A named part of an organization.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Named {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) name: String,
}
