//! Conditions and how SQLite finds the rows that satisfy them.

/// A condition, and how SQLite finds the rows that can satisfy it.
pub(crate) struct Part {
    pub(crate) sql: String,
    pub(crate) found: Found,
}

impl Part {
    pub(crate) fn scan(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), found: Found::Scanning }
    }
}

/// How SQLite finds the rows that can satisfy a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// By looking at all rows.
    Scanning,
    /// By an index, one row.
    One,
    /// By an index, the rows with the same identifier.
    Few,
    /// By an index.
    Looking,
    /// By an index for every branch of an "or".
    Branching,
    /// By the branches of an "or" that is one of several conditions. SQLite can do that at the top of a WHERE clause,
    /// but not within another "or".
    BranchingWithin,
}

/// Joins all conditions as a balanced tree: SQLite's parser nests a chain as deep as it is long, and D1 allows a depth
/// of 100.
pub(crate) fn chain(parts: &[Part], word: &str) -> String {
    match parts {
        [] => "TRUE".to_owned(),
        [only] => only.sql.clone(),
        several => {
            let (left, right) = several.split_at(several.len() / 2);
            format!("({} {word} {})", chain(left, word), chain(right, word))
        }
    }
}
