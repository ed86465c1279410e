//! The administrators' API: organizations and their settings, keys, members, projects, roles and teams, the audit log
//! and imports. `openapi.json` describes the calls. The console's pages call the same handlers.

pub(crate) mod access;
pub(crate) mod body;
pub(crate) mod brake;
pub(crate) mod bulk;
pub(crate) mod consequences;
pub(crate) mod context;
pub(crate) mod deed_kinds;
mod deed_pages;
pub(crate) mod deeds;
pub(crate) mod deleted_people;
pub(crate) mod deletion;
pub(crate) mod dispatch;
pub(crate) mod export;
pub(crate) mod group_people;
pub(crate) mod groups;
pub(crate) mod health;
pub(crate) mod idempotency;
pub(crate) mod import_comparison;
pub(crate) mod imports;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod members;
#[cfg(test)]
mod openapi;
pub(crate) mod organizations;
pub(crate) mod page_reads;
pub(crate) mod permissions;
pub(crate) mod product_keys;
pub(crate) mod project_views;
pub(crate) mod projects;
pub(crate) mod reply;
pub(crate) mod routes;
pub(crate) mod sessions;
pub(crate) mod setup_links;
pub(crate) mod types;
pub(crate) mod undo;
pub(crate) mod webhooks;

pub(crate) use context::{AdminContext, InOrganization};
pub(crate) use idempotency::CallKey;

/// The description of the calls, in OpenAPI 3.1, which is served as a static asset.
#[cfg(test)]
pub(crate) const OPENAPI: &str = include_str!("../assets/openapi.json");
