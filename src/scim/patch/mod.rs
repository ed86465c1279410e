//! PATCH (RFC 7644 §3.5.2): a request becomes a list of edits, and edits change a resource.
//!
//! A path-less operation and the body of a POST or PUT are the same thing, an object whose keys are
//! attribute names, so both come through [`assignments`].

mod apply;
mod request;

pub use apply::apply;
pub use request::{assignments, parse};

use serde_json::Value;

use super::attribute_path::AttributePath;
use super::filter::Filter;

/// What an operation does. Entra ID capitalizes the names; any case is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Adds a value, or replaces a single one.
    Add,
    /// Replaces the value.
    Replace,
    /// Removes the value.
    Remove,
}

/// One change to one target.
#[derive(Debug, Clone)]
pub struct Edit<'a> {
    /// What is done.
    pub op: Op,
    /// What it is done to.
    pub path: AttributePath<'a>,
    /// Which elements of a multi-valued attribute: `emails[type eq "work"]`.
    pub filter: Option<Filter<'a>>,
    /// With what. `None` where the operation has no value, which only `remove` may.
    pub value: Option<Value>,
}
