//! Filters (RFC 7644 §3.4.2.2): the syntax tree, its parser, and its evaluation on one value of an attribute.
//!
//! A filter is parsed against a resource type, so that every name in the tree is an attribute that exists, and every
//! literal has the type of its attribute. A provider evaluates the tree on its resources in its own way, for example as
//! a condition in SQL. [`Matcher`] evaluates the filter of a PATCH path on the values of a multi-valued attribute.
//!
//! ```
//! use scim_protocol::Limits;
//! use scim_protocol::filter::{Filter, Operator, parse};
//! use scim_protocol::schema::user;
//!
//! let user = user();
//! let filter = parse(&[&user], "userName eq \"ann@example.com\" and active eq true", &Limits::DEFAULT)?;
//! let Filter::And(terms) = &filter else { unreachable!() };
//! let Some(Filter::Compare(comparison)) = terms.first() else { unreachable!() };
//! assert_eq!(comparison.operator, Operator::Eq);
//! assert_eq!(comparison.path.attribute.map(|attribute| attribute.name.as_str()), Some("userName"));
//!
//! let error = parse(&[&user], "userName like \"ann\"", &Limits::DEFAULT).unwrap_err();
//! assert_eq!(error.detail, "\"like\" is not an operator of RFC 7644 §3.4.2.2.");
//! # Ok::<_, scim_protocol::ScimError>(())
//! ```

mod ast;
mod lexer;
mod matcher;
mod parser;
#[cfg(test)]
mod tests;

pub use ast::{Comparison, Filter, Literal, Operator};
pub use matcher::Matcher;
pub use parser::{parse, parse_value_path};
