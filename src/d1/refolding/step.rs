//! The parts of a step of refolding.

use serde_json::Value;

use crate::d1::statement::{Binding, Statement, text};

/// SQL of the text between a folded name that another row has and the id. Folded text has no capital letters.
pub(crate) const SAME_NAME: &str = "char(1) || 'SAME NAME '";
/// Most rows of which a step reads the texts.
pub(crate) const MOST_ROWS: usize = 500;
/// Up to where the columns are updated: a stage and, in it, the last updated row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) stage: usize,
    pub(crate) after: String,
}

/// The result of a step: the statements to run, and where the next step begins.
pub(crate) struct Step {
    pub(crate) statements: Vec<Statement>,
    pub(crate) next: Position,
}

impl Position {
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::beginning_of(0));
        }
        let (stage, after) = text.split_once(' ')?;
        Some(Self { stage: stage.parse().ok()?, after: after.to_owned() })
    }

    pub(crate) fn beginning_of(stage: usize) -> Self {
        Self { stage, after: String::new() }
    }

    pub(crate) fn next_stage(&self) -> Self {
        Self::beginning_of(self.stage.saturating_add(1))
    }

    pub(crate) fn behind(&self, after: String) -> Self {
        Self { stage: self.stage, after }
    }
}

/// The condition that a text is not all ASCII.
pub(crate) fn not_ascii(sql: &str) -> String {
    format!("length({sql}) <> length(CAST({sql} AS BLOB))")
}

/// A guard that fails the batch unless the statement before changed `count` rows.
pub(crate) fn guard_all(count: usize) -> Statement {
    Statement::new(
        "SELECT CASE WHEN changes() = CAST(:count AS INTEGER) THEN '' ELSE json('stale') END",
        &[text("count", count.to_string())],
    )
}

pub(crate) fn rows_of(changes: Vec<Value>) -> Binding {
    text("rows", Value::Array(changes).to_string())
}

/// The name in a folded column, without [`SAME_NAME`] and the id.
pub(crate) fn bare(folded: &str) -> &str {
    folded.split_once("\u{1}SAME NAME ").map_or(folded, |(name, _)| name)
}

/// An entry of the log for each pair that has the same name. It is among the failures, where administrators look.
pub(crate) fn log_sql(resource_type: &str, path: &str, name: &str, detail: &str, from: &str) -> String {
    format!(
        "INSERT INTO log (org_id, id, source, actor, method, path, status, resource_type, resource_id, resource_name,
           detail, duration)
         SELECT t.org_id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now') || '-' || lower(hex(randomblob(4))), 'console',
           'scim-edge', 'UPGRADE', {path}, 409, '{resource_type}', t.id, substr({name}, 1, 100), {detail}, 0
         FROM {from}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_protocol::text::fold;

    #[test]
    fn positions_are_read_as_they_are_written() {
        assert_eq!(Position::read(""), Some(Position::beginning_of(0)));
        assert_eq!(Position::read("6 17"), Some(Position { stage: 6, after: "17".to_owned() }));
        assert_eq!(Position::read("3 "), Some(Position::beginning_of(3)));
        assert_eq!(Position::read("x"), None);
    }

    #[test]
    fn no_text_folds_to_a_marked_name() {
        let marked = "josé\u{1}SAME NAME 7";
        assert_eq!(bare(marked), "josé");
        assert_ne!(fold(marked), marked);
    }
}
