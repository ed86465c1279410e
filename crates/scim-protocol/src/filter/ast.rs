//! The syntax tree of a filter.

use crate::attribute_path::AttributePath;

/// A filter whose names and literals have been checked against a resource type.
#[derive(Debug, Clone)]
pub enum Filter<'a> {
    /// All of these hold.
    And(Vec<Filter<'a>>),
    /// One of these holds.
    Or(Vec<Filter<'a>>),
    /// This does not hold.
    Not(Box<Filter<'a>>),
    /// The attribute has a value (`pr`).
    Present(AttributePath<'a>),
    /// A comparison of the attribute with a literal.
    Compare(Comparison<'a>),
    /// One element of a multi-valued attribute satisfies the filter in the brackets.
    ValuePath {
        /// The multi-valued attribute.
        path: AttributePath<'a>,
        /// A filter over the element's sub-attributes.
        filter: Box<Filter<'a>>,
    },
}

impl Filter<'_> {
    /// The depth of the tree; a comparison has 1.
    pub fn depth(&self) -> usize {
        let within = match self {
            Self::And(all) | Self::Or(all) => all.iter().map(Filter::depth).max().unwrap_or(0),
            Self::Not(filter) | Self::ValuePath { filter, .. } => filter.depth(),
            Self::Present(_) | Self::Compare(_) => 0,
        };
        within.saturating_add(1)
    }

    /// The same filter with its comparisons numbered from `first`. Providers that combine several filters in one
    /// statement can so keep their parameters apart.
    #[must_use]
    pub fn numbered_from(mut self, first: usize) -> Self {
        self.number(&mut { first });
        self
    }

    fn number(&mut self, next: &mut usize) {
        match self {
            Self::And(all) | Self::Or(all) => all.iter_mut().for_each(|filter| filter.number(next)),
            Self::Not(filter) | Self::ValuePath { filter, .. } => filter.number(next),
            Self::Present(_) => {}
            Self::Compare(comparison) => {
                comparison.number = *next;
                *next = next.saturating_add(1);
            }
        }
    }

    /// The number of comparisons, `pr` included.
    pub fn terms(&self) -> usize {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().map(Filter::terms).sum(),
            Self::Not(filter) | Self::ValuePath { filter, .. } => filter.terms(),
            Self::Present(_) | Self::Compare(_) => 1,
        }
    }
}

/// `attribute operator literal`.
#[derive(Debug, Clone)]
pub struct Comparison<'a> {
    /// The number of the comparison in its filter, from 1 and in the order of the text.
    pub number: usize,
    /// The attribute or sub-attribute that is compared.
    pub path: AttributePath<'a>,
    /// The operator.
    pub operator: Operator,
    /// The literal, of the attribute's type.
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
    pub(crate) fn parse(word: &str) -> Option<Self> {
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

    /// The operator in lower case.
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
    /// A string. A date and time that is compared for equality or order is in UTC with milliseconds, as in
    /// `2026-01-31T08:00:00.000Z`, so that it can be compared as text. `+` behind it stands for further digits.
    String(String),
    /// A boolean.
    Boolean(bool),
    /// `null`: the attribute has no value.
    Null,
}
