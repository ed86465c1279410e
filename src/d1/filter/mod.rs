//! From a filter to one SQL condition, with values as parameters, and from `sortBy` to one SQL expression.
//!
//! A condition may be NULL where an attribute has no value, which counts as false; only a negation has to mind the
//! difference.

pub(crate) mod compiler;
mod emails;
pub(crate) mod load;
mod part;
mod place;
pub(crate) mod sort;

pub(crate) use compiler::{compile, compile_member};
pub(crate) use load::{Load, ORG_IF_LIGHT};
pub(crate) use place::Table;
pub(crate) use sort::{SortKey, sort_key};
