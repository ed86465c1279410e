//! Evaluating a filter on the values of a multi-valued attribute, as PATCH paths need it.

use std::cell::RefCell;

use litemap::LiteMap;
use serde_json::Value;

use super::ast::{Comparison, Filter, Literal, Operator};
use crate::budget::Budget;
use crate::schema::Attribute;
use crate::text::fold;
use crate::{Object, ScimError};

/// A filter that is evaluated on many elements. Each of its literals is folded once, and each value of an element once
/// for all comparisons.
///
/// ```
/// use scim_protocol::Limits;
/// use scim_protocol::budget::Budget;
/// use scim_protocol::filter::{Matcher, parse_value_path};
/// use scim_protocol::schema::user;
/// use serde_json::json;
///
/// let user = user();
/// let emails = user.attribute("emails").unwrap();
/// let filter = parse_value_path(emails, "type eq \"work\" and value ew \"@EXAMPLE.com\"", &Limits::DEFAULT)?;
/// let email = json!({"type": "work", "value": "ann@example.com"});
/// assert!(Matcher::new(&filter).matches(email.as_object().unwrap(), &Budget::default())?);
/// # Ok::<_, scim_protocol::ScimError>(())
/// ```
pub struct Matcher<'f> {
    filter: &'f Filter<'f>,
    /// Folded literals by the number of their comparison.
    literals: LiteMap<usize, String>,
}

impl<'f> Matcher<'f> {
    /// Prepares a filter of [`parse_value_path`](super::parse_value_path). Names and values of the elements must be
    /// canonical, as [`resource::read`](crate::resource::read) leaves them.
    pub fn new(filter: &'f Filter<'f>) -> Self {
        let mut literals = LiteMap::new();
        fold_literals(filter, &mut literals);
        Self { filter, literals }
    }

    /// Whether the element satisfies the filter. What is folded and compared is spent from the request's budget.
    ///
    /// # Errors
    /// `tooMany` if the budget is exhausted.
    pub fn matches(&self, element: &Object, budget: &Budget) -> Result<bool, ScimError> {
        let values = Values { element, folded: RefCell::default(), budget };
        self.holds(self.filter, &values)
    }

    fn holds(&self, filter: &Filter<'_>, values: &Values<'_>) -> Result<bool, ScimError> {
        match filter {
            Filter::And(all) => {
                for filter in all {
                    if !self.holds(filter, values)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Filter::Or(any) => {
                for filter in any {
                    if self.holds(filter, values)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Filter::Not(filter) => Ok(!self.holds(filter, values)?),
            Filter::Present(path) => {
                Ok(path.leaf().is_some_and(|attribute| values.element.contains_key(&attribute.name)))
            }
            Filter::Compare(comparison) => self.compare(comparison, values),
            // Sub-attributes are never multi-valued themselves (RFC 7643 §2.3.8).
            Filter::ValuePath { .. } => Ok(false),
        }
    }

    fn compare(&self, comparison: &Comparison<'_>, values: &Values<'_>) -> Result<bool, ScimError> {
        let Some(attribute) = comparison.path.leaf() else { return Ok(false) };
        let value = values.element.get(&attribute.name);
        let assumed = attribute.assumed().map(Value::Bool);
        let value = value.or(assumed.as_ref().filter(|_| comparison.value != Literal::Null));
        Ok(match (&comparison.value, value) {
            (Literal::Null, value) => value.is_none() == (comparison.operator == Operator::Eq),
            // RFC 7644 §3.4.2.2: a missing value is not equal to any other.
            (_, None) => comparison.operator == Operator::Ne,
            (Literal::Boolean(wanted), Some(Value::Bool(value))) => {
                (value == wanted) == (comparison.operator == Operator::Eq)
            }
            (Literal::String(wanted), Some(Value::String(value))) => {
                values.budget.spend(1, value.len())?;
                match self.literals.get(&comparison.number).filter(|_| !attribute.case_exact) {
                    Some(wanted) => {
                        values.fold(attribute, value)?;
                        let folded = values.folded.borrow();
                        let value = folded.get(attribute.name.as_str()).map_or("", String::as_str);
                        ordered(comparison.operator, value, wanted)
                    }
                    None => ordered(comparison.operator, value, wanted),
                }
            }
            _ => false,
        })
    }
}

/// The values of one element, and their folded forms by the name of their attribute.
struct Values<'v> {
    element: &'v Object,
    folded: RefCell<LiteMap<String, String>>,
    budget: &'v Budget,
}

impl Values<'_> {
    /// Folds a value once.
    fn fold(&self, attribute: &Attribute, value: &str) -> Result<(), ScimError> {
        if !self.folded.borrow().contains_key(&attribute.name) {
            self.budget.spend(FOLDING, value.len())?;
            self.folded.borrow_mut().insert(attribute.name.clone(), fold(value));
        }
        Ok(())
    }
}

/// The cost of folding a byte, in those of comparing one.
const FOLDING: usize = 4;

fn fold_literals(filter: &Filter<'_>, literals: &mut LiteMap<usize, String>) {
    match filter {
        Filter::And(all) | Filter::Or(all) => all.iter().for_each(|filter| fold_literals(filter, literals)),
        Filter::Not(filter) | Filter::ValuePath { filter, .. } => fold_literals(filter, literals),
        Filter::Compare(Comparison { number, path, value: Literal::String(wanted), .. })
            if path.leaf().is_some_and(|attribute| !attribute.case_exact) =>
        {
            literals.insert(*number, fold(wanted));
        }
        Filter::Compare(_) | Filter::Present(_) => {}
    }
}

fn ordered(operator: Operator, value: &str, wanted: &str) -> bool {
    match operator {
        Operator::Eq => value == wanted,
        Operator::Ne => value != wanted,
        Operator::Co => value.contains(wanted),
        Operator::Sw => value.starts_with(wanted),
        Operator::Ew => value.ends_with(wanted),
        Operator::Gt => value > wanted,
        Operator::Ge => value >= wanted,
        Operator::Lt => value < wanted,
        Operator::Le => value <= wanted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Limits;
    use crate::filter::parse_value_path;
    use crate::schema::user;

    #[test]
    fn a_value_is_folded_once_however_often_it_is_compared() {
        let user = user();
        let emails = user.attribute("emails").unwrap();
        let value = "İ".repeat(1000);
        let element = json!({"value": value, "type": "work"});
        let spent = |terms: usize| {
            let any: Vec<String> = (0..terms).map(|n| format!("value eq \"x{n}\"")).collect();
            let filter = parse_value_path(emails, &any.join(" or "), &Limits::DEFAULT).unwrap();
            let budget = Budget::default();
            assert!(!Matcher::new(&filter).matches(element.as_object().unwrap(), &budget).unwrap());
            budget.spent()
        };
        assert_eq!(spent(11) - spent(1), 10 * (spent(2) - spent(1)));
        assert!(spent(2) - spent(1) < spent(1) / 4);
    }
}
