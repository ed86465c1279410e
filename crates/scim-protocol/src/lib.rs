//! The SCIM 2.0 protocol (RFC 7643, RFC 7644, RFC 9865) as pure functions over values.
//!
//! Nothing here knows of Workers, of D1, or of the product's own rules. One table of attribute
//! definitions ([`schema`]) drives what `/Schemas` says, how bodies are read ([`resource`]), what a
//! filter may name ([`filter`]), how PATCH behaves ([`patch`]) and what is returned ([`projection`]).

pub mod attribute_path;
pub mod bounded_json;
pub mod budget;
pub mod bulk;
mod canonical;
pub mod cursor;
pub mod discovery;
pub mod entity_tag;
pub mod error;
pub mod filter;
pub mod json;
mod limits;
pub mod list;
mod message;
mod object;
pub mod patch;
pub mod projection;
pub mod query;
pub mod resource;
pub mod schema;
pub mod text;

pub use error::{ScimError, ScimType};
pub use limits::Limits;
pub use object::{IgnoreCase, Object};

/// Media type of every SCIM request and response (RFC 7644 §8.1).
pub const MEDIA_TYPE: &str = "application/scim+json";
