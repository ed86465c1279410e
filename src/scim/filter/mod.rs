//! Filters (RFC 7644 §3.4.2.2): the tree, its parser, and its meaning for one element of an attribute.
//!
//! A filter is parsed once, against the resource type, so that every name in the tree is an attribute
//! that exists and every literal has its attribute's type. What the tree means for a whole directory is
//! decided by the storage, which turns it into SQL.

mod element;
mod lexer;
mod parser;

pub use element::matches_element;
pub use parser::{parse, parse_value_path};

use super::attribute_path::AttributePath;

/// Longest filter that is read, in bytes.
pub const MAX_LENGTH: usize = 8 * 1024;
/// Deepest nesting of parentheses and brackets. Keeps recursion off the stack's end and SQL within
/// D1's expression depth of 100.
pub const MAX_DEPTH: usize = 20;
/// Most comparisons in one filter. Each binds a parameter, of which D1 takes 100.
pub const MAX_TERMS: usize = 80;

/// A filter whose names and literals have been checked against a resource type.
#[derive(Debug, Clone)]
pub enum Filter<'a> {
    /// All hold.
    And(Vec<Filter<'a>>),
    /// One holds.
    Or(Vec<Filter<'a>>),
    /// It does not hold.
    Not(Box<Filter<'a>>),
    /// The attribute has a value (`pr`).
    Present(AttributePath<'a>),
    /// The attribute compares with a literal.
    Compare(Comparison<'a>),
    /// One element of a multi-valued attribute satisfies the filter in the brackets.
    ValuePath {
        /// The multi-valued attribute.
        path: AttributePath<'a>,
        /// A filter over the element's sub-attributes.
        filter: Box<Filter<'a>>,
    },
}

/// `attribute operator literal`.
#[derive(Debug, Clone)]
pub struct Comparison<'a> {
    /// The attribute, down to the sub-attribute that is compared.
    pub path: AttributePath<'a>,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with, of the attribute's type.
    pub value: Literal,
}

/// Comparison operators (RFC 7644 §3.4.2.2, table 3), `pr` aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
}

impl Operator {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "co" => Self::Co,
            "sw" => Self::Sw,
            "ew" => Self::Ew,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "lt" => Self::Lt,
            "le" => Self::Le,
            _ => return None,
        })
    }

    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

/// A literal of the type of the attribute it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// Text; of a date-time, too.
    String(String),
    /// A boolean.
    Boolean(bool),
    /// `null`: the attribute has no value.
    Null,
}
