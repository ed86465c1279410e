//! D1: every SQL statement, the way from a filter to SQL, and the batches that are sent.
//!
//! A read is one batch, a write two: one that reads and authorizes, one that writes and is guarded by what was read
//! (see [`tenant::guard`]). Where nothing has to be decided in between, a write is one, too. Most modules make
//! statements: [`Statement`], or [`Select`] for one whose rows are read. [`Batch`] collects them and gives a handle for
//! the rows of each, by which they are taken from [`Results`]. [`Database`] sends batches.

pub mod acceptances;
pub(crate) mod administrators;
pub mod audit_log;
pub mod batch;
pub mod brake;
pub mod bulk;
pub(crate) mod classify;
pub(crate) mod columns;
pub mod consequences;
pub mod console_sessions;
pub mod console_views;
pub mod database;
pub mod deleted_people;
pub mod deletion;
pub mod erasure;
pub mod events;
pub mod export;
pub mod filter;
#[cfg(test)]
mod golden;
pub mod group_members;
pub mod group_people;
pub mod groups;
pub mod health;
pub mod idempotent_calls;
pub mod imports;
pub mod kept_memberships;
pub mod keys;
pub(crate) mod limits;
pub mod list;
pub mod member_chunks;
pub mod memberships;
mod named_members;
mod numbered;
pub mod organization_list;
pub mod organizations;
pub mod people;
pub mod people_counts;
pub mod permissions;
pub mod product;
pub mod project_list;
pub mod project_views;
pub mod projects;
pub mod refolding;
pub mod retention;
pub(crate) mod retry;
pub mod schema_version;
pub mod session;
pub mod setup_links;
pub mod statement;
pub mod tenant;
pub mod totals;
pub mod undo;
pub mod users;
pub mod webhooks;

pub use crate::runtime::js_text::JsText;
pub use crate::storage_error::{StorageError, StorageErrorKind};
pub use batch::{Batch, Handle, Ignored, Results, Select};
pub use database::{Cost, Database, Sent};
pub use session::Session;
pub use statement::Statement;
pub use tenant::{Cause, Scope, Tenant};
