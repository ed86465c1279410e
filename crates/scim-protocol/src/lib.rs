#![doc = include_str!("../README.md")]
//!
//! # Modules
//!
//! | Module | Purpose | RFC |
//! | --- | --- | --- |
//! | [`schema`] | Attributes, schemas and resource types | 7643 §2, §4, §7 |
//! | [`attribute_path`] | Names of attributes, resolved against a resource type | 7644 §3.10 |
//! | [`resource`] | Bodies of POST and PUT | 7644 §3.3, §3.5.1 |
//! | [`patch`] | PATCH | 7644 §3.5.2 |
//! | [`filter`] | Filters | 7644 §3.4.2.2 |
//! | [`query`], [`list`], [`cursor`] | Parameters of lists, pages, ListResponse, cursors | 7644 §3.4.2, §3.4.3, 9865 |
//! | [`projection`] | `attributes` and `excludedAttributes` | 7644 §3.9 |
//! | [`bulk`] | Bulk requests and responses | 7644 §3.7 |
//! | [`entity_tag`] | Versions and preconditions | 7644 §3.14 |
//! | [`discovery`] | `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` | 7643 §5 to §7, 7644 §4 |
//! | [`error`] | Error messages | 7644 §3.12 |
//! | [`text`] | Comparison of strings | 7644 §7.8, 8265 |
//! | [`bounded_json`], [`budget`] | Bounds on memory and computing | 7644 §7 |
//! | [`json`] | JSON values as types | 8259 |

pub mod attribute_path;
pub mod bounded_json;
pub mod budget;
pub mod bulk;
mod canonical;
mod coercion;
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

/// Media type of SCIM requests and responses (RFC 7644 §8.1).
pub const MEDIA_TYPE: &str = "application/scim+json";
