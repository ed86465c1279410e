//! The rules of an organization's directory as pure functions: what users and groups may become, what a group's name
//! means, what a SCIM key is.
//!
//! Nothing here reads or writes storage, and nothing knows HTTP. Each function gets what was read and returns what to
//! write, or a [`Refusal`].

pub mod access;
pub mod administrator;
mod by_name;
pub mod catalog;
mod characters;
pub mod deactivation;
pub mod event;
pub mod group;
pub mod group_body;
pub mod group_name;
pub mod key;
pub mod key_scope;
mod member_filter;
pub mod membership;
pub mod org_role;
pub mod organization;
pub mod permission;
pub mod person_events;
mod person_name;
pub mod refusal;
mod refusal_text;
pub mod security_event;
pub mod shard;
mod text;
pub mod undo;
pub mod user;
pub mod user_change;
mod user_rules;
pub mod webhook;

pub use administrator::AdministratorName;
pub use by_name::ByName;
pub use catalog::Catalog;
pub use key::Key;
pub use key_scope::KeyScope;
pub use org_role::OrgRole;
pub use organization::Organization;
pub use refusal::{Refusal, RefusalCode, RefusalKind};
pub use shard::Shard;
pub use text::MAX_INDEXED_BYTES;
pub use user::User;
pub use user_rules::MAX_DOC_BYTES;
