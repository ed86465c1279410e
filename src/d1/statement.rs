//! SQL with named parameters.
//!
//! Statements are written with names (`:id`, `:org`), which D1 does not know; they become `?1`, `?2`, …
//! here. Every value travels as text: D1 would bind a JavaScript number as REAL, while text compares with
//! and is stored into an INTEGER column exactly.

use std::borrow::Cow;

use super::numbered::{self, Meaning};

/// One statement, ready to be bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// SQL with numbered parameters.
    pub sql: String,
    /// The parameters, in order. `None` is NULL.
    pub params: Vec<Option<String>>,
}

/// A name in the SQL, and its meaning.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    name: Cow<'static, str>,
    bound: Bound,
}

#[derive(Debug, Clone)]
enum Bound {
    Value(Option<String>),
    Expression(&'static str),
}

impl Binding {
    /// The meaning of a name among these bindings.
    pub(crate) fn meaning<'b>(bindings: &'b [Self], name: &str) -> Option<Meaning<'b>> {
        let binding = bindings.iter().find(|binding| binding.name == name)?;
        Some(match &binding.bound {
            Bound::Value(value) => Meaning::Value(value.as_deref()),
            Bound::Expression(sql) => Meaning::Expression(sql),
        })
    }
}

/// Binds text.
pub(crate) fn text(name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Binding {
    value_of(name.into(), Some(value.into()))
}

/// Binds text or NULL.
pub(crate) fn optional(name: &'static str, value: Option<&str>) -> Binding {
    value_of(name.into(), value.map(str::to_owned))
}

/// Binds an integer. Where no column's affinity turns the text into a number (`LIMIT`, arithmetic), the
/// SQL must cast it.
pub(crate) fn integer(name: &'static str, value: impl Into<i64>) -> Binding {
    value_of(name.into(), Some(value.into().to_string()))
}

/// Binds a boolean as 0 or 1.
pub(crate) fn boolean(name: &'static str, value: bool) -> Binding {
    integer(name, i64::from(value))
}

/// Lets a name stand for SQL; see [`Meaning::Expression`].
pub(crate) fn expression(name: &'static str, sql: &'static str) -> Binding {
    Binding { name: name.into(), bound: Bound::Expression(sql) }
}

fn value_of(name: Cow<'static, str>, value: Option<String>) -> Binding {
    Binding { name, bound: Bound::Value(value) }
}

impl Statement {
    /// Whether it only reads.
    pub(crate) fn reads(&self) -> bool {
        let sql = self.sql.trim_start();
        let writes = ["INSERT ", "UPDATE ", "DELETE "].iter().any(|word| sql.contains(word));
        sql.starts_with("SELECT") || (sql.starts_with("WITH") && !writes)
    }

    /// Whether it reads what the statement before has changed, or guards a change.
    pub(crate) fn depends_on_changes(&self) -> bool {
        self.sql.contains("changes()") || self.sql.contains("json('stale')")
    }

    /// Numbers the named parameters of `sql`. Names in string literals are left alone, and so are names
    /// that nothing is bound to: D1 then refuses the statement, which a test will see.
    pub(crate) fn new(sql: &str, bindings: &[Binding]) -> Self {
        Self::of(sql, &|name| Binding::meaning(bindings, name))
    }

    /// The same with what names stand for.
    pub(crate) fn of<'m>(sql: &str, meaning: &dyn Fn(&str) -> Option<Meaning<'m>>) -> Self {
        let (sql, params) = numbered::number(sql, meaning);
        Self { sql, params }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_numbers_and_repeat() {
        let statement = Statement::new(
            "SELECT ':id', '{\"a\":\"' || :base FROM t WHERE id = :id AND (o = :org OR id = :id) -- it's",
            &[text("id", "1"), optional("org", None), text("base", "b"), text("unused", "u")],
        );
        assert_eq!(
            statement.sql,
            "SELECT ':id', '{\"a\":\"' || ?1 FROM t WHERE id = ?2 AND (o = ?3 OR id = ?2) -- it's"
        );
        assert_eq!(statement.params, [Some("b".to_owned()), Some("1".to_owned()), None]);
    }

    #[test]
    fn an_expression_brings_its_own_parameters() {
        let statement = Statement::new(
            "SELECT :now WHERE org = :org AND id = :id",
            &[
                text("now", "n"),
                text("id", "i"),
                text("key", "k"),
                expression("org", "(SELECT :key, ':now', :now)"),
            ],
        );
        assert_eq!(statement.sql, "SELECT ?1 WHERE org = (SELECT ?2, ':now', ?1) AND id = ?3");
        assert_eq!(statement.params, [Some("n".to_owned()), Some("k".to_owned()), Some("i".to_owned())]);
    }

    #[test]
    fn a_name_is_matched_whole() {
        let statement = Statement::new("SELECT :id_fold, :id", &[text("id", "1"), text("id_fold", "2")]);
        assert_eq!(statement.sql, "SELECT ?1, ?2");
        assert_eq!(statement.params, [Some("2".to_owned()), Some("1".to_owned())]);
    }
}
