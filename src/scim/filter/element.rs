//! The meaning of a filter for one element of a multi-valued attribute, as PATCH paths need it.

use serde_json::Value;

use super::{Comparison, Filter, Literal, Operator};
use crate::scim::Object;
use crate::scim::schema::Attribute;
use crate::scim::text::fold;

/// Whether the element satisfies the filter. Names in the filter are sub-attributes of the element, in
/// their canonical spelling; values are of their attribute's type.
pub fn matches_element(filter: &Filter<'_>, element: &Object) -> bool {
    match filter {
        Filter::And(all) => all.iter().all(|filter| matches_element(filter, element)),
        Filter::Or(any) => any.iter().any(|filter| matches_element(filter, element)),
        Filter::Not(filter) => !matches_element(filter, element),
        Filter::Present(path) => path.leaf().is_some_and(|attribute| element.contains_key(&attribute.name)),
        Filter::Compare(comparison) => compare(comparison, element),
        // Sub-attributes are never multi-valued themselves (RFC 7643 §2.3.8).
        Filter::ValuePath { .. } => false,
    }
}

fn compare(comparison: &Comparison<'_>, element: &Object) -> bool {
    let Some(attribute) = comparison.path.leaf() else { return false };
    let value = element.get(&attribute.name);
    let assumed = attribute.assumed().map(Value::Bool);
    match (&comparison.value, value.or(assumed.as_ref().filter(|_| comparison.value != Literal::Null))) {
        (Literal::Null, value) => value.is_none() == (comparison.operator == Operator::Eq),
        // RFC 7644 §3.4.2.2: what has no value is not equal to any.
        (_, None) => comparison.operator == Operator::Ne,
        (Literal::Boolean(wanted), Some(Value::Bool(value))) => {
            (value == wanted) == (comparison.operator == Operator::Eq)
        }
        (Literal::String(wanted), Some(Value::String(value))) => {
            compare_text(attribute, comparison.operator, value, wanted)
        }
        _ => false,
    }
}

fn compare_text(attribute: &Attribute, operator: Operator, value: &str, wanted: &str) -> bool {
    if attribute.case_exact {
        return ordered(operator, value, wanted);
    }
    ordered(operator, &fold(value), &fold(wanted))
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
