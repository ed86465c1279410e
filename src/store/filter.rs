//! From a filter to one SQL condition, values as parameters.
//!
//! Served so far: `eq`, and `and` between comparisons, on what an index can find. What the grammar allows
//! beyond that is refused by name, never ignored: a filter that is not applied returns people who should
//! not be there.

use super::statement::{Binding, boolean, text};
use crate::directory::user::fold_user_name;
use crate::scim::ScimError;
use crate::scim::attribute_path::AttributePath;
use crate::scim::filter::{Comparison, Filter, Literal, Operator};
use crate::scim::text::fold;

/// A condition for a WHERE clause.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// SQL over `users` or, as `g`, groups.
    pub(super) sql: String,
    /// What its names are bound to.
    pub(super) bindings: Vec<Binding>,
    /// Whether at most one row can satisfy it.
    pub(super) unique: bool,
    /// Whether it compares an indexed column for equality. (Addresses are found as a set of `seq`, which
    /// the index that keeps the order takes, too.)
    pub(super) indexed: bool,
}

impl Condition {
    /// The condition every row satisfies.
    pub(super) fn any() -> Self {
        Self { sql: "TRUE".to_owned(), bindings: Vec::new(), unique: false, indexed: false }
    }
}

/// The resources a filter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// `users`
    Users,
    /// `groups g`
    Groups,
}

/// Compiles a filter.
///
/// # Errors
/// `invalidFilter` naming what cannot be served.
pub(super) fn compile(table: Table, filter: Option<&Filter<'_>>) -> Result<Condition, ScimError> {
    let mut compiler = Compiler { table, bindings: Vec::new(), unique: false, indexed: false, scans: false };
    match filter {
        None => Ok(Condition::any()),
        Some(filter) => {
            let sql = compiler.condition(filter)?;
            if compiler.scans && !compiler.unique {
                return Err(not_served("\"manager\" without \"id\" or \"userName\" beside it"));
            }
            Ok(Condition {
                sql,
                bindings: compiler.bindings,
                unique: compiler.unique,
                indexed: compiler.indexed,
            })
        }
    }
}

struct Compiler {
    table: Table,
    bindings: Vec<Binding>,
    unique: bool,
    indexed: bool,
    /// Whether a comparison is made that no index helps with.
    scans: bool,
}

impl Compiler {
    fn condition(&mut self, filter: &Filter<'_>) -> Result<String, ScimError> {
        match filter {
            Filter::And(all) => {
                let all: Vec<String> =
                    all.iter().map(|filter| self.condition(filter)).collect::<Result<_, _>>()?;
                Ok(conjunction(&all))
            }
            Filter::Compare(comparison) => self.comparison(comparison),
            Filter::ValuePath { path, filter } => self.value_path(path, filter),
            Filter::Or(_) => Err(not_served("\"or\"")),
            Filter::Not(_) => Err(not_served("\"not\"")),
            Filter::Present(_) => Err(not_served("\"pr\"")),
        }
    }

    fn comparison(&mut self, comparison: &Comparison<'_>) -> Result<String, ScimError> {
        if comparison.operator != Operator::Eq {
            return Err(not_served(&format!("the operator \"{}\"", comparison.operator.as_str())));
        }
        let name = name_of(&comparison.path);
        match (self.table, name.as_str(), &comparison.value) {
            (Table::Users, "id", Literal::String(id)) => Ok(self.only("users.id", id)),
            (Table::Users, "userName", Literal::String(name)) => {
                Ok(self.only("users.user_name_fold", &fold_user_name(name)))
            }
            (Table::Users, "externalId", Literal::String(id)) => Ok(self.equal("users.external_id", id)),
            (Table::Users, "active", Literal::Boolean(active)) => {
                let parameter = self.bind(|name| boolean(name, *active));
                Ok(format!("users.active = {parameter}"))
            }
            (Table::Users, "emails.value", Literal::String(address)) => {
                let parameter = self.bind(|name| text(name, fold(address)));
                Ok(format!(
                    "users.seq IN (SELECT user_seq FROM user_emails WHERE org_id = :org AND value_fold = {parameter})"
                ))
            }
            // Entra ID asks of one person whether this is the manager: `id eq "…" and manager eq "…"`.
            (Table::Users, "manager.value", Literal::String(id)) => {
                self.scans = true;
                let parameter = self.bind(|name| text(name, id.as_str()));
                Ok(format!(
                    "users.doc ->> '$.\"{}\".manager.value' = {parameter}",
                    crate::scim::schema::ENTERPRISE_USER
                ))
            }
            (Table::Groups, "id", Literal::String(id)) => Ok(self.only("g.id", id)),
            (Table::Groups, "displayName", Literal::String(name)) => {
                Ok(self.only("g.name_fold", &fold(name)))
            }
            (Table::Groups, "externalId", Literal::String(id)) => Ok(self.equal("g.external_id", id)),
            (Table::Groups, "members.value", Literal::String(id)) => {
                let parameter = self.bind(|name| text(name, id.as_str()));
                Ok(format!(
                    "g.seq IN (SELECT m.group_seq FROM users u JOIN memberships m ON m.user_seq = u.seq \
                     WHERE u.org_id = :org AND u.id = {parameter} AND u.managed = 1)"
                ))
            }
            _ => Err(not_served(&format!("a comparison of \"{name}\" with this value"))),
        }
    }

    /// `emails[type eq "work" and value eq "a@example.com"]`: one and the same address satisfies all.
    fn value_path(&mut self, path: &AttributePath<'_>, filter: &Filter<'_>) -> Result<String, ScimError> {
        let name = name_of(path);
        if self.table != Table::Users || name != "emails" {
            return Err(not_served(&format!("a filter in brackets after \"{name}\"")));
        }
        let mut terms = Vec::new();
        equalities(filter, &mut terms)?;
        let mut conditions = vec!["org_id = :org".to_owned()];
        for (part, value) in &terms {
            let column = match part.as_str() {
                "value" => "value_fold",
                "type" => "type_fold",
                other => return Err(not_served(&format!("\"emails.{other}\" in brackets"))),
            };
            let Literal::String(wanted) = value else { return Err(not_served("null in brackets")) };
            let parameter = self.bind(|name| text(name, fold(wanted)));
            conditions.push(format!("{column} = {parameter}"));
        }
        if !terms.iter().any(|(part, _)| part == "value") {
            return Err(not_served("a filter in brackets that compares no \"value\""));
        }
        Ok(format!("users.seq IN (SELECT user_seq FROM user_emails WHERE {})", conjunction(&conditions)))
    }

    fn only(&mut self, column: &str, value: &str) -> String {
        self.unique = true;
        self.equal(column, value)
    }

    fn equal(&mut self, column: &str, value: &str) -> String {
        self.indexed = true;
        let parameter = self.bind(|name| text(name, value));
        format!("{column} = {parameter}")
    }

    fn bind(&mut self, binding: impl Fn(&str) -> Binding) -> String {
        let name = format!("f{}", self.bindings.len());
        self.bindings.push(binding(&name));
        format!(":{name}")
    }
}

/// All conditions joined, in halves of halves: SQLite's parser nests a chain as deep as it is long, and D1
/// allows a depth of 100.
fn conjunction(conditions: &[String]) -> String {
    match conditions {
        [] => "TRUE".to_owned(),
        [only] => only.clone(),
        several => {
            let (left, right) = several.split_at(several.len() / 2);
            format!("({} AND {})", conjunction(left), conjunction(right))
        }
    }
}

/// The comparisons of a conjunction of equalities.
fn equalities(filter: &Filter<'_>, terms: &mut Vec<(String, Literal)>) -> Result<(), ScimError> {
    match filter {
        Filter::And(all) => all.iter().try_for_each(|filter| equalities(filter, terms)),
        Filter::Compare(Comparison { path, operator: Operator::Eq, value }) => {
            terms.push((name_of(path), value.clone()));
            Ok(())
        }
        _ => Err(not_served("anything but \"eq\" and \"and\" in brackets")),
    }
}

/// `userName`, `name.familyName`; an extension's attributes by their bare name.
fn name_of(path: &AttributePath<'_>) -> String {
    let name = |attribute: Option<&crate::scim::schema::Attribute>| {
        attribute.map(|attribute| attribute.name.clone())
    };
    match (name(path.attribute), name(path.sub_attribute)) {
        (Some(attribute), Some(sub)) => format!("{attribute}.{sub}"),
        (Some(attribute), None) => attribute,
        _ => String::new(),
    }
}

fn not_served(what: &str) -> ScimError {
    ScimError::invalid_filter(format!(
        "This service does not serve {what} in a filter yet. Served are \"eq\" and \"and\" on users' userName, externalId, \
         id, active and emails, and on groups' displayName, externalId, id and members."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::filter::parse;
    use crate::scim::schema::{group, user};

    fn users(filter: &str) -> Result<Condition, ScimError> {
        let user = user();
        compile(Table::Users, Some(&parse(&user, filter)?))
    }

    #[test]
    fn look_ups_become_columns() {
        let condition = users("userName eq \"JÖRG@x.com\" and active eq true").unwrap();
        assert_eq!(condition.sql, "(users.user_name_fold = :f0 AND users.active = :f1)");
        assert!(condition.unique);
        assert!(!users("externalId eq jyoung").unwrap().unique);
        let group = group();
        let filter = parse(&group, "displayName eq \"x\"").unwrap();
        assert_eq!(compile(Table::Groups, Some(&filter)).unwrap().sql, "g.name_fold = :f0");
    }

    #[test]
    fn what_is_not_served_is_refused_by_name() {
        for (filter, named) in [
            ("userName co \"x\"", "\"co\""),
            ("userName eq \"x\" or id eq \"y\"", "\"or\""),
            ("not (active eq true)", "\"not\""),
            ("title pr", "\"pr\""),
            ("title eq \"x\"", "\"title\""),
            ("emails[type eq \"work\"]", "\"value\""),
            ("manager eq \"x\"", "\"manager\""),
        ] {
            let error = users(filter).unwrap_err();
            assert_eq!(error.scim_type, Some(crate::scim::ScimType::InvalidFilter));
            assert!(error.detail.contains(named), "{filter}: {}", error.detail);
        }
    }
}
