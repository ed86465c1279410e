//! Storage: every SQL statement, every KV key, and the way from a filter to SQL.
//!
//! A read is one D1 batch, a write two: one that reads and authorizes, one that writes and is guarded by what was read
//! (see [`tenant::guard`]). Where nothing has to be decided in between, a write is one, too. The modules make
//! statements; [`session::Session`] sends them.

pub mod acceptances;
pub mod console_sessions;
mod database;
mod error;
mod filter;
pub mod group_members;
pub mod groups;
pub mod idempotent_calls;
pub mod imports;
pub mod keys;
pub mod known_keys;
mod kv;
pub mod list;
pub mod log;
pub mod members;
pub mod memberships;
pub mod organizations;
mod patience;
pub mod pieces;
pub mod platform;
pub mod projects;
mod record;
pub mod refolding;
pub mod session;
mod statement;
pub mod tenant;
mod text;
pub mod tombstone;
pub mod users;

pub use database::{Cost, Database, Row, Sent};
pub use error::StoreError;
pub use kv::KvStore;
pub use session::Session;
pub use statement::Statement;
pub use tenant::{Scope, Tenant};
pub use text::Text;
