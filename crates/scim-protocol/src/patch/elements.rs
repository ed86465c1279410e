//! The elements of a multi-valued attribute: removing, inserting and adding them, and which of them is primary.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use crate::canonical::is_primary;
use crate::coercion::{Target, coerce_one};
use crate::filter::{Comparison, Filter, Literal, Operator};
use crate::schema::Attribute;
use crate::{Object, ScimError};

/// Removes the elements of a multi-valued attribute and returns them.
pub(crate) fn take_elements(container: &mut Object, attribute: &Attribute) -> Vec<Value> {
    match container.remove(&attribute.name) {
        Some(Value::Array(elements)) => elements,
        _ => Vec::new(),
    }
}

/// Inserts elements without the empty ones; none if none is left.
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

/// Adds the values that are not there yet.
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
    let mut index = Index::of(&elements);
    for element in added {
        // RFC 7644 §3.5.2.1: a value that is already there is not added again.
        if index.insert(&elements, &element) {
            elements.push(element);
        }
    }
    let touched: Vec<usize> = (before..elements.len()).collect();
    keep_one_primary(&mut elements, &touched);
    put_elements(container, target, elements)
}

/// Whether the `stored` element makes adding this one unnecessary: each of its sub-attributes is the same there, or the
/// two are equal if it has no `value`. The stored one may have more sub-attributes, which the client may not know.
fn is_contained(element: &Value, stored: &Value) -> bool {
    match (element, stored) {
        (Value::Object(parts), Value::Object(own)) if parts.contains_key("value") => {
            // RFC 7643 §2.4: an element without "primary" is not primary.
            let is_so = |(name, part): (&String, &Value)| match own.get(name) {
                Some(own) => own == part,
                None => name == "primary" && *part == Value::Bool(false),
            };
            parts.iter().all(is_so)
        }
        _ => element == stored,
    }
}

/// The positions of elements by their digests. An element is compared only with those of the same digest, so that
/// adding many takes linear time.
#[derive(Default)]
struct Index(HashMap<u64, Vec<usize>>);

impl Index {
    fn of(elements: &[Value]) -> Self {
        let mut index = Self::default();
        for (position, element) in elements.iter().enumerate() {
            index.0.entry(digest_of_element(element)).or_default().push(position);
        }
        index
    }

    /// Whether an element is new. The caller then appends it to `elements`.
    fn insert(&mut self, elements: &[Value], element: &Value) -> bool {
        let alike = self.0.entry(digest_of_element(element)).or_default();
        let is_known =
            |position: &usize| elements.get(*position).is_some_and(|stored| is_contained(element, stored));
        if alike.iter().any(is_known) {
            return false;
        }
        alike.push(elements.len());
        true
    }
}

/// A number that is the same for elements of which one may be contained in the other: the digest of `value`, if there
/// is one.
fn digest_of_element(element: &Value) -> u64 {
    digest(element.get("value").unwrap_or(element))
}

/// A number that is the same for equal values, whatever the order of an object's members.
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
        // Equal numbers may have several representations.
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

/// Leaves one element primary, of several the last that was changed (RFC 7644 §3.5.2).
pub(crate) fn keep_one_primary(elements: &mut [Value], touched: &[usize]) {
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

/// Whether an element is the one that a removal names: with the same `value`, if both have one.
pub(crate) fn same_element(element: &Value, named: &Value) -> bool {
    match (element.get("value"), named.get("value")) {
        (Some(value), Some(wanted)) => value == wanted,
        _ => element == named,
    }
}
