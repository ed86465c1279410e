//! The values of a multi-valued attribute: taken out, put back, added to, and which of them is primary.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::canonical::{Target, coerce_one, is_primary};
use crate::filter::{Comparison, Filter, Literal, Operator};
use crate::schema::Attribute;
use crate::{Object, ScimError};

/// Takes out the elements of a multi-valued attribute.
pub(crate) fn take_elements(container: &mut Object, attribute: &Attribute) -> Vec<Value> {
    match container.remove(&attribute.name) {
        Some(Value::Array(elements)) => elements,
        _ => Vec::new(),
    }
}

/// Puts elements back, unless none is left; an element of which nothing is left goes, too.
///
/// # Errors
/// `invalidValue` above [`Limits::max_values`](crate::Limits::max_values).
pub(crate) fn put_elements(
    container: &mut Object,
    target: Target<'_>,
    mut elements: Vec<Value>,
) -> Result<(), ScimError> {
    let most = target.limits.max_values;
    elements.retain(|element| element.as_object().is_none_or(|parts| !parts.is_empty()));
    if elements.len() > most {
        return Err(ScimError::invalid_value(format!(
            "\"{target}\" has {} values; at most {most} are stored.",
            elements.len()
        )));
    }
    if !elements.is_empty() {
        container.insert(target.attribute.name.clone(), Value::Array(elements));
    }
    Ok(())
}

/// Adds values, each unless it is there.
///
/// # Errors
/// As [`put_elements`].
pub(crate) fn append(container: &mut Object, target: Target<'_>, added: Vec<Value>) -> Result<(), ScimError> {
    let mut elements = take_elements(container, target.attribute);
    let before = elements.len();
    if added.len() > target.limits.max_values {
        elements.extend(added);
        return put_elements(container, target, elements);
    }
    let mut known = Known::of(&elements);
    for element in added {
        // RFC 7644 §3.5.2.1: a value that is already there is not added again.
        if known.takes(&elements, &element) {
            elements.push(element);
        }
    }
    let touched: Vec<usize> = (before..elements.len()).collect();
    settle_primary(&mut elements, &touched);
    put_elements(container, target, elements)
}

/// Whether adding an element would change nothing beside the `stored` one: every sub-attribute of it is the same there,
/// or the two are equal if it has no `value`. The stored one may have more, because clients send only what they know.
fn says_nothing_new(element: &Value, stored: &Value) -> bool {
    match (element, stored) {
        (Value::Object(parts), Value::Object(own)) if parts.contains_key("value") => {
            // RFC 7643 §2.4: what does not say that it is primary is not.
            let is_so = |(name, part): (&String, &Value)| match own.get(name) {
                Some(own) => own == part,
                None => name == "primary" && *part == Value::Bool(false),
            };
            parts.iter().all(is_so)
        }
        _ => element == stored,
    }
}

/// Which elements there are. Each is compared only with those of the same digest, so that the work grows with their
/// number and not with its square.
#[derive(Default)]
struct Known(HashMap<u64, Vec<usize>>);

impl Known {
    fn of(elements: &[Value]) -> Self {
        let mut known = Self::default();
        for (index, element) in elements.iter().enumerate() {
            known.0.entry(digest_of_element(element)).or_default().push(index);
        }
        known
    }

    /// Whether an element is a new one, which is then about to be put behind the others.
    fn takes(&mut self, elements: &[Value], element: &Value) -> bool {
        let alike = self.0.entry(digest_of_element(element)).or_default();
        let is_known =
            |index: &usize| elements.get(*index).is_some_and(|stored| says_nothing_new(element, stored));
        if alike.iter().any(is_known) {
            return false;
        }
        alike.push(elements.len());
        true
    }
}

/// A number that is the same for elements of which one may say nothing new beside the other: that of `value`, where
/// there is one.
fn digest_of_element(element: &Value) -> u64 {
    digest(element.get("value").unwrap_or(element))
}

/// A number that is the same for equal values. The order of an object's members does not count.
fn digest(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        Value::Object(parts) => {
            let of_part = |(name, value): (&String, &Value)| {
                let mut hasher = DefaultHasher::new();
                (name, digest(value)).hash(&mut hasher);
                hasher.finish()
            };
            parts.iter().map(of_part).fold(0_u64, u64::wrapping_add).hash(&mut hasher);
        }
        Value::Array(items) => items.iter().for_each(|item| digest(item).hash(&mut hasher)),
        Value::String(text) => text.hash(&mut hasher),
        Value::Bool(flag) => flag.hash(&mut hasher),
        // Equal numbers may be written in several ways.
        Value::Null | Value::Number(_) => {}
    }
    hasher.finish()
}

/// The element that a filter of equalities describes: `type eq "work"` is `{"type": "work"}`.
pub(crate) fn element_of(target: Target<'_>, filter: &Filter<'_>) -> Option<Object> {
    let mut element = Object::new();
    collect_equalities(filter, &mut element)?;
    match coerce_one(target, &Value::Object(element)).ok()?? {
        Value::Object(element) => Some(element),
        _ => None,
    }
}

fn collect_equalities(filter: &Filter<'_>, element: &mut Object) -> Option<()> {
    match filter {
        Filter::And(all) => all.iter().try_for_each(|filter| collect_equalities(filter, element)),
        Filter::Compare(Comparison { path, operator: Operator::Eq, value, .. }) => {
            let value = match value {
                Literal::String(text) => Value::from(text.as_str()),
                Literal::Boolean(flag) => Value::from(*flag),
                Literal::Null => return None,
            };
            element.insert(path.leaf()?.name.clone(), value);
            Some(())
        }
        _ => None,
    }
}

/// RFC 7644 §3.5.2: a value that becomes primary takes that from the one that was.
pub(crate) fn settle_primary(elements: &mut [Value], touched: &[usize]) {
    if elements.iter().filter(|element| is_primary(element)).count() < 2 {
        return;
    }
    let chosen = touched.iter().copied().rev().find(|&index| elements.get(index).is_some_and(is_primary));
    for (index, element) in elements.iter_mut().enumerate() {
        if Some(index) != chosen
            && is_primary(element)
            && let Value::Object(parts) = element
        {
            parts.insert("primary".to_owned(), Value::Bool(false));
        }
    }
}

/// Whether an element is the one that a removal names: by its `value` where it has one.
pub(crate) fn same_element(element: &Value, named: &Value) -> bool {
    match (element.get("value"), named.get("value")) {
        (Some(value), Some(wanted)) => value == wanted,
        _ => element == named,
    }
}
