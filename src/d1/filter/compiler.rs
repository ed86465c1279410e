//! Compiles filters.

use super::emails::{asks_for_value, narrowed, only_compares_emails_table};
use super::load::{COLUMN, ELEMENTS_IN_DOCUMENT, ELEMENTS_IN_TABLE, IN_DOCUMENT, Load};
use super::part::{Found, Part, chain};
use super::place::{Elements, Index, Place, Table, Value};
use crate::d1::limits::MAX_FILTER_COMPARISONS;
use crate::d1::statement::{Binding, text};
use directory::Catalog;
use directory::user::fold_user_name;
use scim_protocol::ScimError;
use scim_protocol::attribute_path::AttributePath;
use scim_protocol::filter::{Comparison, Filter, Literal, Operator};
use scim_protocol::schema::{Attribute, Kind};
use scim_protocol::text::{compose, fold};

/// A comparison without an index over the elements of every resource counts as this many comparisons.
pub(crate) const WEIGHT_OF_ELEMENTS: usize = 8;

/// A condition for a WHERE clause.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    /// SQL over `users` or, as `g`, groups.
    pub(crate) sql: String,
    /// The same condition for rows that are found by their `seq`: it reads only the elements of these rows.
    pub(crate) sql_of_row: String,
    /// Its parameters. A comparison binds the same name to the same value for every table.
    pub(crate) bindings: Vec<Binding>,
    /// Whether at most one row can satisfy it.
    pub(crate) unique: bool,
    /// Whether an index finds the rows that can satisfy it.
    pub(crate) indexed: bool,
    /// Whether an index finds one row or a few, as the users that share an email address.
    pub(crate) few: bool,
    /// Its cost, if no index finds the rows.
    pub(crate) load: Load,
}

/// Compiles a filter; without one, the condition that every row satisfies.
///
/// # Errors
/// `tooMany` for a filter that would keep the database busy too long.
pub(crate) fn compile(
    catalog: &Catalog,
    table: Table,
    filter: Option<&Filter<'_>>,
) -> Result<Condition, ScimError> {
    let compiled = |by_row| {
        let mut compiler = Compiler { by_row, ..Compiler::new(catalog, table) };
        let part = match filter {
            Some(filter) => compiler.join(filter, &mut Compiler::leaf),
            None => Part::scan("TRUE"),
        };
        (part, compiler)
    };
    let (part, compiler) = compiled(false);
    if compiler.weight > MAX_FILTER_COMPARISONS {
        return Err(ScimError::too_many(format!(
            "The filter would look through too many values: a comparison over the values of a multi-valued attribute \
             counts as {WEIGHT_OF_ELEMENTS} of the {MAX_FILTER_COMPARISONS} comparisons that are made, unless it \
             looks one of them up with \"eq\"."
        )));
    }
    Ok(Condition {
        sql: part.sql,
        sql_of_row: compiled(true).0.sql,
        bindings: compiler.bindings,
        unique: part.found == Found::One,
        indexed: part.found != Found::Scanning,
        few: matches!(part.found, Found::One | Found::Few),
        load: match part.found {
            Found::Scanning => compiler.load,
            // An index may still find most of the rows.
            Found::Looking | Found::Branching | Found::BranchingWithin
                if compiler.has_range && compiler.load.is_noticeable() =>
            {
                compiler.load
            }
            _ => Load::default(),
        },
    })
}

/// Compiles a filter over the sub-attributes of a group's member, which is `e` of `users`.
pub(crate) fn compile_member(catalog: &Catalog, filter: &Filter<'_>) -> (String, Vec<Binding>) {
    let mut compiler = Compiler::new(catalog, Table::Groups);
    let part = compiler.element(Elements::Members, filter);
    (part.sql, compiler.bindings)
}

/// A condition of a filter that has no conditions joined by "and", "or" or "not".
#[derive(Clone, Copy)]
enum Leaf<'f, 'a> {
    Present(&'f AttributePath<'a>),
    Compare(&'f Comparison<'a>),
    ValuePath(&'f AttributePath<'a>, &'f Filter<'a>),
}

struct Compiler<'c> {
    catalog: &'c Catalog,
    table: Table,
    /// Whether the row is known, so that a condition over elements reads those of that row alone.
    by_row: bool,
    bindings: Vec<Binding>,
    weight: usize,
    load: Load,
    /// Whether an index is used for more than equality.
    has_range: bool,
}

impl<'c> Compiler<'c> {
    fn new(catalog: &'c Catalog, table: Table) -> Self {
        Self {
            catalog,
            table,
            by_row: false,
            bindings: Vec::new(),
            weight: 0,
            load: Load::default(),
            has_range: false,
        }
    }

    /// Joins conditions as the filter does; `leaf` makes the conditions of its leaves.
    fn join(&mut self, filter: &Filter<'_>, leaf: &mut dyn FnMut(&mut Self, Leaf<'_, '_>) -> Part) -> Part {
        let mut parts =
            |all: &[Filter<'_>]| -> Vec<Part> { all.iter().map(|one| self.join(one, leaf)).collect() };
        match filter {
            Filter::And(all) => {
                let parts = parts(all);
                // It is enough if an index helps with one of them.
                let is = |found| parts.iter().any(|part| part.found == found);
                let found = if is(Found::One) {
                    Found::One
                } else if is(Found::Few) {
                    Found::Few
                } else if is(Found::Looking) {
                    Found::Looking
                } else if is(Found::Branching) || is(Found::BranchingWithin) {
                    Found::BranchingWithin
                } else {
                    Found::Scanning
                };
                Part { sql: chain(&parts, "AND"), found }
            }
            Filter::Or(any) => {
                let parts = parts(any);
                let each = |part: &Part| !matches!(part.found, Found::Scanning | Found::BranchingWithin);
                let found = if parts.iter().all(each) { Found::Branching } else { Found::Scanning };
                Part { sql: chain(&parts, "OR"), found }
            }
            Filter::Not(filter) => Part::scan(format!("({}) IS NOT TRUE", self.join(filter, leaf).sql)),
            Filter::Present(path) => leaf(self, Leaf::Present(path)),
            Filter::Compare(comparison) => leaf(self, Leaf::Compare(comparison)),
            Filter::ValuePath { path, filter } => leaf(self, Leaf::ValuePath(path, filter)),
        }
    }

    fn leaf(&mut self, leaf: Leaf<'_, '_>) -> Part {
        match leaf {
            Leaf::Present(path) => match Place::of(self.catalog, self.table, path) {
                Place::Single(value) => {
                    self.look_at(&value);
                    Part::scan(value.present())
                }
                Place::Several(elements) => {
                    let present = elements.value(path.sub_attribute).present();
                    self.any(elements, &Part::scan(present))
                }
            },
            Leaf::Compare(comparison) => self.comparison(comparison),
            Leaf::ValuePath(path, filter) => match Place::of(self.catalog, self.table, path) {
                Place::Single(_) => Part::scan("NULL"),
                Place::Several(elements) => {
                    let by_table = only_compares_emails_table(filter) && asks_for_value(filter);
                    self.value_path(narrowed(elements, by_table), filter)
                }
            },
        }
    }

    fn comparison(&mut self, comparison: &Comparison<'_>) -> Part {
        let path = &comparison.path;
        let elements = match Place::of(self.catalog, self.table, path) {
            Place::Single(value) => {
                self.weight = self.weight.saturating_add(1);
                self.look_at(&value);
                return self.compare(&value, comparison);
            }
            Place::Several(elements) => {
                let is_value = path.leaf().is_some_and(|leaf| leaf.name == "value");
                let differs = comparison.operator == Operator::Ne && comparison.value != Literal::Null;
                narrowed(elements, is_value && !differs)
            }
        };
        let value = elements.value(path.sub_attribute);
        match (&comparison.value, comparison.operator) {
            (Literal::Null, Operator::Eq) => {
                let any = self.any(elements, &Part::scan(value.present()));
                Part::scan(format!("NOT {}", any.sql))
            }
            (Literal::Null, _) => self.any(elements, &Part::scan(value.present())),
            // A resource matches if one of its values differs, or if it has no value.
            (_, Operator::Ne) => {
                let differs = self.compare(&value, comparison);
                let differs = self.any(elements, &differs);
                let any = if self.by_row { elements.any_of_row("TRUE") } else { elements.any("TRUE") };
                Part::scan(format!("({} OR NOT {any})", differs.sql))
            }
            _ => {
                let part = self.compare(&value, comparison);
                self.any(elements, &part)
            }
        }
    }

    /// `emails[type eq "work" and value eq "a@example.com"]`: one element has to satisfy all conditions.
    fn value_path(&mut self, elements: Elements<'_>, filter: &Filter<'_>) -> Part {
        let part = self.element(elements, filter);
        self.any(elements, &part)
    }

    /// The condition that an element, `e`, satisfies a filter.
    fn element(&mut self, elements: Elements<'_>, filter: &Filter<'_>) -> Part {
        self.join(filter, &mut |compiler, leaf| match leaf {
            Leaf::Present(path) => Part::scan(elements.value(path.leaf()).present()),
            Leaf::Compare(comparison) => {
                compiler.load.add(Load::of(Table::Users, IN_DOCUMENT / 2));
                compiler.compare(&elements.value(comparison.path.leaf()), comparison)
            }
            // Sub-attributes have no elements of their own (RFC 7643 §2.3.8).
            Leaf::ValuePath(..) => Part::scan("NULL"),
        })
    }

    /// Adds the cost of a comparison with the value of every row.
    fn look_at(&mut self, value: &Value) {
        let cost = if value.is_computed { IN_DOCUMENT } else { COLUMN };
        self.load.add(Load::of(self.table, cost));
    }

    /// The condition that one element satisfies a condition.
    fn any(&mut self, elements: Elements<'_>, part: &Part) -> Part {
        let scanning = matches!(part.found, Found::Scanning | Found::BranchingWithin);
        self.weight = self.weight.saturating_add(if scanning { WEIGHT_OF_ELEMENTS } else { 1 });
        self.load.add(match elements {
            // An index finds the elements; the row is looked up among their resources.
            _ if !scanning => Load::of(self.table, COLUMN),
            Elements::InDocument(_) => Load::of(Table::Users, ELEMENTS_IN_DOCUMENT),
            Elements::SchemasOfGroup => Load::of(Table::Groups, COLUMN),
            // The rows of another table, and of `memberships`: each user has some.
            Elements::Emails | Elements::Groups | Elements::Members => {
                Load { people: ELEMENTS_IN_TABLE, groups: COLUMN }
            }
        });
        // Several resources may have the same element.
        let found = match part.found {
            _ if scanning => Found::Scanning,
            Found::Few if matches!(elements, Elements::Emails) => Found::Few,
            _ => {
                // A group may have all users as members.
                self.has_range = true;
                Found::Looking
            }
        };
        // An index finds the matching elements with fewer reads than a row may have elements.
        let sql =
            if self.by_row && scanning { elements.any_of_row(&part.sql) } else { elements.any(&part.sql) };
        Part { sql, found }
    }

    fn compare(&mut self, value: &Value, comparison: &Comparison<'_>) -> Part {
        let Comparison { number, path, operator, value: literal } = comparison;
        let Some(attribute) = path.leaf() else { return Part::scan("NULL") };
        let sql = &value.sql;
        let wanted = match literal {
            Literal::Null if *operator == Operator::Eq => {
                return Part::scan(format!("NOT {}", value.present()));
            }
            Literal::Null => return Part::scan(value.present()),
            Literal::Boolean(wanted) => {
                let is = if *operator == Operator::Eq { "=" } else { "IS NOT" };
                return Part::scan(format!("{sql} {is} {}", u8::from(*wanted)));
            }
            Literal::String(wanted) => wanted,
        };
        let within = matches!(operator, Operator::Co | Operator::Sw | Operator::Ew);
        if wanted.is_empty() && within {
            return Part::scan(value.present());
        }
        // `name_fold` has no spaces around the name, as in a userName. The user's `displayName`, which the same filter
        // may compare, may have some.
        let is_spaced_name = sql.ends_with(".name_fold") && !within && wanted.trim() != wanted;
        let (name, wanted) = match is_spaced_name {
            true => (format!("f{number}_trimmed"), wanted.trim()),
            false => (format!("f{number}"), wanted.as_str()),
        };
        self.bindings.push(text(name.clone(), comparable(attribute, wanted, within)));
        let (condition, index) = match operator {
            Operator::Eq => (format!("{sql} = :{name}"), value.index),
            // The upper bound has the next character at its end; the last of all characters has no next.
            Operator::Sw
                if matches!(value.index, Index::Point | Index::One) && !wanted.ends_with(char::MAX) =>
            {
                let next = format!(
                    "substr(:{name}, 1, length(:{name}) - 1) || char(unicode(substr(:{name}, -1)) + 1)"
                );
                (format!("{sql} >= :{name} AND {sql} < {next}"), Index::Point)
            }
            Operator::Gt | Operator::Ge if value.index == Index::After => {
                let sign = if *operator == Operator::Gt { ">" } else { ">=" };
                (format!("{sql} {sign} :{name}"), Index::After)
            }
            Operator::Ne => (format!("{sql} IS NOT :{name}"), Index::None),
            Operator::Co => (format!("instr({sql}, :{name}) > 0"), Index::None),
            Operator::Sw => (format!("substr({sql}, 1, length(:{name})) = :{name}"), Index::None),
            Operator::Ew => (format!("substr({sql}, -length(:{name})) = :{name}"), Index::None),
            Operator::Gt => (format!("{sql} > :{name}"), Index::None),
            Operator::Ge => (format!("{sql} >= :{name}"), Index::None),
            Operator::Lt => (format!("{sql} < :{name}"), Index::None),
            Operator::Le => (format!("{sql} <= :{name}"), Index::None),
        };
        let found = match index {
            Index::None => return Part::scan(condition),
            Index::After if *operator == Operator::Eq => return Part::scan(condition),
            Index::One => Found::One,
            Index::Point if *operator == Operator::Eq => Found::Few,
            Index::Point | Index::After => {
                self.has_range = true;
                Found::Looking
            }
        };
        // Indexes begin with `org_id`. With it in each comparison, every branch of an "or" may use an index.
        let row = sql.split('.').next().unwrap_or_default();
        Part { sql: format!("({row}.org_id = :org AND {condition})"), found }
    }
}

/// A literal in the form in which the attribute's values are compared.
fn comparable(attribute: &Attribute, wanted: &str, within: bool) -> String {
    match attribute.name.as_str() {
        "userName" if !within => fold_user_name(wanted),
        _ if attribute.kind == Kind::DateTime => wanted.to_ascii_uppercase(),
        // The column is composed. Other exact values are our own identifiers and addresses, compared unchanged.
        "externalId" => compose(wanted).into_owned(),
        _ if attribute.case_exact => wanted.to_owned(),
        _ => fold(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::d1::limits::LIMITS;
    use scim_protocol::filter::parse;

    fn catalog() -> Catalog {
        Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap()
    }

    fn condition(table: Table, filter: &str) -> Condition {
        let catalog = catalog();
        let resource_type = if table == Table::Users { &catalog.user } else { &catalog.group };
        compile(&catalog, table, Some(&parse(&[resource_type], filter, &LIMITS).unwrap())).unwrap()
    }

    #[test]
    fn look_ups_become_columns() {
        let condition_of = |filter: &str| condition(Table::Users, filter);
        let both = condition_of("userName eq \"JÖRG@x.com\" and active eq true");
        assert_eq!(both.sql, "((users.org_id = :org AND users.user_name_fold = :f1) AND users.active = 1)");
        assert!(both.unique && both.indexed);
        assert!(!condition_of("externalId eq jyoung").unique);
        assert_eq!(
            condition(Table::Groups, "displayName eq \"x\"").sql,
            "(g.org_id = :org AND g.name_fold = :f1)"
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
            ("title pr and (userName eq \"a\" or userName eq \"b\")", true),
            ("userName eq \"a\" or (userName eq \"b\" or externalId eq \"c\")", true),
            ("userName eq \"a\" or title pr and externalId eq \"c\"", true),
            // SQLite does not use an index for an "or" within an "and" within an "or".
            ("userName eq \"c\" or title pr and (userName eq \"a\" or userName eq \"b\")", false),
        ] {
            assert_eq!(condition(Table::Users, filter).indexed, indexed, "{filter}");
        }
    }

    #[test]
    fn a_comparison_has_the_same_name_in_every_table() {
        let catalog = catalog();
        let text = "members[value pr and display co \"x\"] or userName eq \"q\" or displayName eq \"c\"";
        let filter = parse(&[&catalog.user, &catalog.group], text, &LIMITS).unwrap();
        let last = |table| format!("{:?}", compile(&catalog, table, Some(&filter)).unwrap().bindings.last());
        assert_eq!(last(Table::Users), last(Table::Groups));
    }

    #[test]
    fn what_has_to_be_looked_at_is_weighed_with_the_number_of_people() {
        let is_refused = |filter: &str, times: usize, people: u64| {
            let filter = vec![filter; times].join(" or ");
            condition(Table::Users, &filter).load.is_too_much(people, 0)
        };
        for (filter, times, people) in [
            ("manager.value co \"x\"", 4, 100_000),
            ("title co \"x\"", 1, 400_000),
            ("emails.value ew \"x\"", 2, 100_000),
            ("phoneNumbers.value eq \"x\"", 1, 100_000),
            ("active eq true", 1, 4_000_000),
            ("title pr and userName eq \"x\"", 40, 10_000_000),
            ("externalId eq \"x\"", 80, 10_000_000),
            ("meta.lastModified gt \"2026-01-01T00:00:00Z\"", 1, 10_000_000),
        ] {
            assert!(!is_refused(filter, times, people), "{filter}");
        }
        for (filter, times, people) in [
            ("manager.value co \"x\"", 80, 10_000),
            ("title co \"x\"", 5, 100_000),
            ("emails.value ew \"x\"", 3, 100_000),
            ("roles[value eq \"x\"]", 1, 100_000),
            ("groups.display co \"x\"", 10, 100_000),
            ("userName sw \"x\" and title co \"x\" and locale co \"x\"", 3, 100_000),
        ] {
            assert!(is_refused(filter, times, people), "{filter}");
        }
        assert_eq!(4_000_000, super::super::load::MOST_COMPARISONS * IN_DOCUMENT);
        assert!(condition(Table::Groups, "members.display co \"x\"").load.is_too_much(300_000, 1));
        assert!(condition(Table::Groups, "displayName co \"x\"").load.is_too_much(0, 4_000_001));
    }

    #[test]
    fn what_looks_through_many_values_weighs_more() {
        let catalog = catalog();
        let refused = |term: &str, times: usize| {
            let filter = vec![term; times].join(" or ");
            let filter = parse(&[&catalog.user], &filter, &LIMITS).unwrap();
            compile(&catalog, Table::Users, Some(&filter)).is_err()
        };
        assert!(!refused("emails.value eq \"x\"", MAX_FILTER_COMPARISONS));
        assert!(!refused("title co \"x\"", MAX_FILTER_COMPARISONS));
        assert!(!refused("phoneNumbers.value eq \"x\"", 10));
        assert!(refused("phoneNumbers.value eq \"x\"", 11));
        assert!(refused("roles pr", 11));
        assert!(refused("not (photos[type eq \"x\"])", 11));
    }
}
