//! From a filter to one SQL condition, values as parameters, and from `sortBy` to one SQL expression.
//!
//! A condition may come out NULL where an attribute has no value, which counts as false; only a negation has to
//! mind the difference.

mod place;

pub(super) use place::Table;

use super::statement::{Binding, text};
use crate::directory::Catalog;
use crate::directory::user::fold_user_name;
use crate::scim::attribute_path::AttributePath;
use crate::scim::filter::{Comparison, Filter, Literal, Operator};
use crate::scim::schema::{Attribute, Kind};
use crate::scim::text::fold;
use place::{Elements, Index, Place, Value};

/// A condition for a WHERE clause.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// SQL over `users` or, as `g`, groups.
    pub(super) sql: String,
    /// What its names are bound to. The same filter binds the same names to the same values for every table.
    pub(super) bindings: Vec<Binding>,
    /// Whether at most one row can satisfy it.
    pub(super) unique: bool,
    /// Whether an index finds the rows that can satisfy it.
    pub(super) indexed: bool,
}

impl Condition {
    /// Whether it binds the same name.
    pub(super) fn binds(&self, binding: &Binding) -> bool {
        self.bindings.iter().any(|own| own.name() == binding.name())
    }
}

/// Compiles a filter; without one, the condition that every row satisfies.
pub(super) fn compile(catalog: &Catalog, table: Table, filter: Option<&Filter<'_>>) -> Condition {
    let mut compiler = Compiler { catalog, table, bindings: Vec::new(), terms: 0 };
    let part = match filter {
        Some(filter) => compiler.condition(filter),
        None => Part::scan("TRUE"),
    };
    Condition {
        sql: part.sql,
        bindings: compiler.bindings,
        unique: part.index == Index::Unique,
        indexed: part.index != Index::None,
    }
}

/// What a list is sorted by: text, of which the first 256 characters count, so that a cursor stays short.
pub(super) struct SortKey {
    /// SQL over `users` or, as `g`, groups.
    pub(super) sql: String,
    /// Whether it can be NULL.
    pub(super) nullable: bool,
}

/// The value that resources are sorted by.
pub(super) fn sort_key(catalog: &Catalog, table: Table, path: &AttributePath<'_>) -> SortKey {
    let boolean = path.leaf().is_some_and(|leaf| leaf.kind == Kind::Boolean);
    let as_text = |sql: String| match boolean {
        true => format!("iif({sql}, 'true', 'false')"),
        false => format!("substr({sql}, 1, 256)"),
    };
    match Place::of(catalog, table, path) {
        // As they are, so that an index can have them in order; none is long.
        Place::Single(value) if !boolean && !value.nullable => SortKey { sql: value.sql, nullable: false },
        Place::Single(value) => SortKey { sql: as_text(value.sql), nullable: value.nullable },
        Place::Several(elements) => {
            SortKey { sql: elements.first(&as_text(elements.value(path.sub_attribute).sql)), nullable: true }
        }
    }
}

/// A condition, and how an index helps to find what satisfies it.
struct Part {
    sql: String,
    index: Index,
}

impl Part {
    fn scan(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), index: Index::None }
    }
}

struct Compiler<'c> {
    catalog: &'c Catalog,
    table: Table,
    bindings: Vec<Binding>,
    /// How many comparisons have been met.
    terms: usize,
}

impl Compiler<'_> {
    fn condition(&mut self, filter: &Filter<'_>) -> Part {
        self.within(filter, &mut |compiler, filter| match filter {
            Filter::Present(path) => Part::scan(compiler.present(path)),
            Filter::ValuePath { path, filter } => compiler.value_path(path, filter),
            Filter::Compare(comparison) => compiler.comparison(comparison),
            // Joined by `within`.
            Filter::And(_) | Filter::Or(_) | Filter::Not(_) => Part::scan("NULL"),
        })
    }

    /// Joins conditions as the filter does; `leaf` makes those of its leaves.
    fn within(&mut self, filter: &Filter<'_>, leaf: &mut dyn FnMut(&mut Self, &Filter<'_>) -> Part) -> Part {
        match filter {
            Filter::And(all) => {
                let parts: Vec<Part> = all.iter().map(|filter| self.within(filter, leaf)).collect();
                // One of them being found by an index is enough.
                let index = parts
                    .iter()
                    .map(|part| part.index)
                    .reduce(|best, index| match (best, index) {
                        (Index::Unique, _) | (_, Index::None) => best,
                        _ => index,
                    })
                    .unwrap_or(Index::None);
                Part { sql: join(&parts, "AND"), index }
            }
            Filter::Or(any) => {
                let parts: Vec<Part> = any.iter().map(|filter| self.within(filter, leaf)).collect();
                let all = parts.iter().all(|part| part.index != Index::None);
                Part { sql: join(&parts, "OR"), index: if all { Index::Equal } else { Index::None } }
            }
            Filter::Not(filter) => {
                let part = self.within(filter, leaf);
                Part::scan(format!("({}) IS NOT TRUE", part.sql))
            }
            _ => leaf(self, filter),
        }
    }

    fn present(&mut self, path: &AttributePath<'_>) -> String {
        match Place::of(self.catalog, self.table, path) {
            Place::Single(Value { nullable: false, .. }) => "TRUE".to_owned(),
            Place::Single(value) => format!("{} IS NOT NULL", value.sql),
            Place::Several(elements) => elements.any(&element_present(elements, path.sub_attribute)),
        }
    }

    fn comparison(&mut self, comparison: &Comparison<'_>) -> Part {
        let Comparison { path, operator, value: literal } = comparison;
        let Some(leaf) = path.leaf() else { return Part::scan("NULL") };
        let elements = match Place::of(self.catalog, self.table, path) {
            Place::Single(value) => return self.compare(&value, leaf, *operator, literal),
            Place::Several(elements) => narrowed(elements, &Filter::Compare(comparison.clone())),
        };
        let value = elements.value(path.sub_attribute);
        let present = element_present(elements, path.sub_attribute);
        match (literal, operator) {
            (Literal::Null, Operator::Eq) => {
                self.terms += 1;
                Part::scan(format!("NOT {}", elements.any(&present)))
            }
            (Literal::Null, _) => {
                self.terms += 1;
                Part::scan(elements.any(&present))
            }
            // One value that is another, or no value at all.
            (_, Operator::Ne) => {
                let differs = self.compare(&value, leaf, Operator::Ne, literal).sql;
                Part::scan(format!("({} OR NOT {})", elements.any(&differs), elements.any("TRUE")))
            }
            _ => {
                let part = self.compare(&value, leaf, *operator, literal);
                Part { sql: elements.any(&part.sql), index: several(part.index) }
            }
        }
    }

    /// `emails[type eq "work" and value eq "a@example.com"]`: one and the same element satisfies all.
    fn value_path(&mut self, path: &AttributePath<'_>, filter: &Filter<'_>) -> Part {
        let Place::Several(elements) = Place::of(self.catalog, self.table, path) else {
            self.terms += filter.terms();
            return Part::scan("NULL");
        };
        let elements = narrowed(elements, filter);
        let part = self.within(filter, &mut |compiler, leaf| match leaf {
            Filter::Present(path) => Part::scan(element_present(elements, path.leaf())),
            Filter::Compare(Comparison { path, operator, value: literal }) => match path.leaf() {
                Some(sub) => compiler.compare(&elements.value(Some(sub)), sub, *operator, literal),
                None => Part::scan("NULL"),
            },
            // Sub-attributes have no elements of their own (RFC 7643 §2.3.8).
            _ => Part::scan("NULL"),
        });
        Part { sql: elements.any(&part.sql), index: several(part.index) }
    }

    fn compare(
        &mut self,
        value: &Value,
        attribute: &Attribute,
        operator: Operator,
        literal: &Literal,
    ) -> Part {
        let name = format!("f{}", self.terms);
        self.terms += 1;
        let sql = &value.sql;
        let wanted = match literal {
            Literal::Null => {
                // Where a value is assumed, it is not there: `present` knows what is stored.
                let stored = match attribute.assumed() {
                    Some(_) => format!("e.value ->> '$.{}'", attribute.name),
                    None => sql.clone(),
                };
                let not = if operator == Operator::Eq { "" } else { "NOT " };
                return Part::scan(format!("{stored} IS {not}NULL"));
            }
            Literal::Boolean(wanted) => {
                let is = if operator == Operator::Eq { "=" } else { "IS NOT" };
                return Part::scan(format!("{sql} {is} {}", u8::from(*wanted)));
            }
            Literal::String(wanted) => wanted,
        };
        let within = matches!(operator, Operator::Co | Operator::Sw | Operator::Ew);
        if wanted.is_empty() && within {
            return Part::scan(if value.nullable { format!("{sql} IS NOT NULL") } else { "TRUE".to_owned() });
        }
        let wanted = match attribute.name.as_str() {
            "userName" if !within => fold_user_name(wanted),
            _ if attribute.kind == Kind::DateTime => wanted.to_ascii_uppercase(),
            _ if attribute.case_exact => wanted.clone(),
            _ => fold(wanted),
        };
        self.bindings.push(text(&name, wanted));
        let index = |helps: bool| if helps { value.index } else { Index::None };
        let by_value = matches!(value.index, Index::Equal | Index::Unique);
        let part = match operator {
            Operator::Eq => Part { sql: format!("{sql} = :{name}"), index: index(by_value) },
            Operator::Ne => Part::scan(format!("{sql} IS NOT :{name}")),
            Operator::Co => Part::scan(format!("instr({sql}, :{name}) > 0")),
            // The last of all characters follows every text that goes on.
            Operator::Sw if by_value => Part {
                sql: format!("{sql} >= :{name} AND {sql} < :{name} || char(1114111)"),
                index: Index::Equal,
            },
            Operator::Sw => Part::scan(format!("substr({sql}, 1, length(:{name})) = :{name}")),
            Operator::Ew => Part::scan(format!("substr({sql}, -length(:{name})) = :{name}")),
            Operator::Gt => {
                Part { sql: format!("{sql} > :{name}"), index: index(value.index == Index::After) }
            }
            Operator::Ge => {
                Part { sql: format!("{sql} >= :{name}"), index: index(value.index == Index::After) }
            }
            Operator::Lt => Part::scan(format!("{sql} < :{name}")),
            Operator::Le => Part::scan(format!("{sql} <= :{name}")),
        };
        if part.index == Index::None {
            return part;
        }
        // Indexes begin with the organization. Said with each, one may be used for every branch of an "or".
        let row = value.sql.split('.').next().unwrap_or_default();
        Part { sql: format!("({row}.org_id = :org AND {})", part.sql), ..part }
    }
}

/// Several resources may have the same element.
fn several(index: Index) -> Index {
    if index == Index::None { Index::None } else { Index::Equal }
}

fn element_present(elements: Elements<'_>, sub: Option<&Attribute>) -> String {
    match sub {
        None => "TRUE".to_owned(),
        Some(sub) if sub.assumed().is_some() => format!("e.value ->> '$.{}' IS NOT NULL", sub.name),
        Some(sub) => format!("{} IS NOT NULL", elements.value(Some(sub)).sql),
    }
}

/// Mail addresses have a table of their own, which has what most filters ask of them.
fn narrowed<'a>(elements: Elements<'a>, filter: &Filter<'_>) -> Elements<'a> {
    match elements {
        Elements::InDocument(attribute)
            if attribute.name == "emails" && only_compares(filter, &["value", "type"]) =>
        {
            Elements::Emails
        }
        other => other,
    }
}

fn only_compares(filter: &Filter<'_>, names: &[&str]) -> bool {
    let is_one =
        |path: &AttributePath<'_>| path.leaf().is_some_and(|leaf| names.contains(&leaf.name.as_str()));
    match filter {
        Filter::And(all) | Filter::Or(all) => all.iter().all(|filter| only_compares(filter, names)),
        Filter::Not(filter) => only_compares(filter, names),
        Filter::Present(path) => is_one(path),
        Filter::Compare(comparison) => is_one(&comparison.path),
        Filter::ValuePath { .. } => false,
    }
}

/// All conditions joined, in halves of halves: SQLite's parser nests a chain as deep as it is long, and D1
/// allows a depth of 100.
fn join(parts: &[Part], word: &str) -> String {
    match parts {
        [] => "TRUE".to_owned(),
        [only] => only.sql.clone(),
        several => {
            let (left, right) = several.split_at(several.len() / 2);
            format!("({} {word} {})", join(left, word), join(right, word))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::filter::parse;

    fn catalog() -> Catalog {
        Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap()
    }

    fn condition(table: Table, filter: &str) -> Condition {
        let catalog = catalog();
        let resource_type = if table == Table::Users { &catalog.user } else { &catalog.group };
        compile(&catalog, table, Some(&parse(&[resource_type], filter).unwrap()))
    }

    #[test]
    fn look_ups_become_columns() {
        let condition_of = |filter: &str| condition(Table::Users, filter);
        let both = condition_of("userName eq \"JÖRG@x.com\" and active eq true");
        assert_eq!(both.sql, "((users.org_id = :org AND users.user_name_fold = :f0) AND users.active = 1)");
        assert!(both.unique && both.indexed);
        assert!(!condition_of("externalId eq jyoung").unique);
        assert_eq!(
            condition(Table::Groups, "displayName eq \"x\"").sql,
            "(g.org_id = :org AND g.name_fold = :f0)"
        );
    }

    #[test]
    fn an_index_is_known_where_it_serves_the_whole() {
        for (filter, indexed) in [
            ("userName eq \"x\" or emails.value eq \"y\"", true),
            ("userName eq \"x\" or title eq \"y\"", false),
            ("title eq \"y\" and userName sw \"x\"", true),
            ("not (userName eq \"x\")", false),
            ("userName ne \"x\"", false),
            ("meta.lastModified gt \"2026-01-01T00:00:00Z\"", true),
            ("meta.lastModified lt \"2026-01-01T00:00:00Z\"", false),
            ("emails[type eq \"work\" and value eq \"x\"]", true),
            ("emails[type eq \"work\"]", false),
            ("groups.value eq \"x\"", true),
        ] {
            assert_eq!(condition(Table::Users, filter).indexed, indexed, "{filter}");
        }
    }

    #[test]
    fn every_table_binds_the_same_names() {
        let catalog = catalog();
        let text = "userName eq \"A\" or members[value eq \"m\" and display co \"x\"] or emails eq null or displayName eq \"B\"";
        let filter = parse(&[&catalog.user, &catalog.group], text).unwrap();
        let names = |table| format!("{:?}", compile(&catalog, table, Some(&filter)).bindings.last());
        assert_eq!(names(Table::Users), names(Table::Groups));
    }
}
