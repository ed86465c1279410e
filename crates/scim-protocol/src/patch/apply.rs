//! Applying edits to a resource in memory.

use serde_json::Value;

use super::edit::{Edit, Op};
use super::elements::{append, element_of, keep_one_primary, put_elements, same_element, take_elements};
use crate::budget::{Budget, json_size, object_size};
use crate::canonical::canonical;
use crate::coercion::{
    SubAttributes, Target, coerce, coerce_one, coerce_sub_attributes, is_label, is_no_value,
};
use crate::filter::{Filter, Matcher};
use crate::schema::{Attribute, Kind, Mutability, ResourceType};
use crate::{Object, ScimError};

/// How often a changed resource is copied, compared and written after its change.
const COPIES: usize = 2;

/// Applies all edits in order and leaves the resource in canonical form.
///
/// # Errors
/// `tooMany` above [`Limits::max_changes`](crate::Limits::max_changes), or if the budget is exhausted;
/// `invalidValue`, `mutability` or `noTarget` of the first edit that cannot be carried out. The resource is then
/// incomplete and has to be dropped (RFC 7644 §3.5.2: all operations or none).
pub fn apply(
    resource_type: &ResourceType,
    resource: &mut Object,
    edits: &[Edit<'_>],
    budget: &Budget,
) -> Result<(), ScimError> {
    let most = budget.limits().max_changes;
    if edits.len() > most {
        return Err(ScimError::too_many(format!(
            "The request changes {} attributes; at most {most} changes are carried out at once.",
            edits.len()
        )));
    }
    for edit in edits {
        apply_one(resource, edit, budget).map_err(|error| edit.locate(error))?;
    }
    budget.spend(COPIES, object_size(resource))?;
    *resource = canonical(resource_type, std::mem::take(resource))?;
    Ok(())
}

pub(crate) fn apply_one(resource: &mut Object, edit: &Edit<'_>, budget: &Budget) -> Result<(), ScimError> {
    let Some(attribute) = edit.path.attribute else {
        // An extension is only removed as a whole; edits that set it are edits of its attributes.
        if let Some(extension) = edit.path.extension {
            resource.remove(extension.id);
        }
        return Ok(());
    };
    match attribute.mutability {
        Mutability::WriteOnly => return Ok(()),
        Mutability::ReadOnly => {
            return Err(ScimError::mutability(format!("\"{}\" is read-only.", attribute.name)));
        }
        Mutability::ReadWrite | Mutability::Immutable => {}
    }
    match edit.path.extension {
        Some(extension) => {
            let mut values = take_object(resource, extension.id);
            apply_in(&mut values, attribute, edit, budget)?;
            put_object(resource, extension.id, values);
            Ok(())
        }
        None => apply_in(resource, attribute, edit, budget),
    }
}

fn apply_in(
    container: &mut Object,
    attribute: &Attribute,
    edit: &Edit<'_>,
    budget: &Budget,
) -> Result<(), ScimError> {
    match (&edit.filter, edit.path.sub_attribute) {
        (Some(filter), _) => apply_to_elements(container, attribute, filter, edit, budget),
        (None, Some(sub)) => apply_to_sub_attribute(container, attribute, sub, edit, budget),
        (None, None) => apply_to_attribute(container, attribute, edit, budget),
    }
}

/// Removes the object at a key and returns it; an empty one if there is none.
fn take_object(container: &mut Object, key: &str) -> Object {
    match container.remove(key) {
        Some(Value::Object(object)) => object,
        _ => Object::new(),
    }
}

/// Inserts an object, unless it is empty.
fn put_object(container: &mut Object, key: &str, object: Object) {
    if !object.is_empty() {
        container.insert(key.to_owned(), Value::Object(object));
    }
}

fn apply_to_attribute(
    container: &mut Object,
    attribute: &Attribute,
    edit: &Edit<'_>,
    budget: &Budget,
) -> Result<(), ScimError> {
    let target = Target::new(attribute, budget.limits());
    if attribute.multi_valued && edit.op != Op::Replace {
        // Each value is compared with the stored ones.
        let values = edit.value.map_or(0, |value| value.as_array().map_or(1, Vec::len));
        budget.spend(values, container.get(&attribute.name).map_or(0, json_size))?;
    }
    if edit.op != Op::Remove {
        return assign(container, target, edit.op, edit.value);
    }
    refuse_removal_of_required(attribute)?;
    match edit.value {
        // Entra ID removes single elements with a path that names the whole attribute and a value array.
        Some(value) if attribute.multi_valued && !value.is_null() => {
            let Some(Value::Array(unwanted)) = coerce(target, value)? else { return Ok(()) };
            let mut elements = take_elements(container, attribute);
            elements.retain(|element| !unwanted.iter().any(|unwanted| same_element(element, unwanted)));
            put_elements(container, target, elements)?;
        }
        _ => {
            container.remove(&attribute.name);
        }
    }
    Ok(())
}

fn assign(
    container: &mut Object,
    target: Target<'_>,
    op: Op,
    value: Option<&Value>,
) -> Result<(), ScimError> {
    let attribute = target.attribute;
    if let Some(parts) = value.and_then(|value| parts_of(attribute, value)) {
        return assign_parts(container, target, op, parts);
    }
    let value = match value {
        Some(value) => coerce(target, value)?,
        None => None,
    };
    match value {
        None if op == Op::Add => {}
        // RFC 7643 §2.5: null and the empty array say that the attribute has no value.
        None if attribute.required => {
            return Err(ScimError::invalid_value(format!("\"{target}\" is required; it must not be blank.")));
        }
        None => {
            container.remove(&attribute.name);
        }
        Some(Value::Array(added)) if attribute.multi_valued && op == Op::Add => {
            append(container, target, added)?;
        }
        Some(Value::Array(elements)) if attribute.multi_valued => {
            put_elements(container, target, elements)?;
        }
        // `"manager": "id"`.
        Some(Value::Object(given)) => return assign_parts(container, target, op, &given),
        Some(value) => {
            container.insert(attribute.name.clone(), value);
        }
    }
    Ok(())
}

/// The sub-attributes in a value of a single-valued complex attribute; `None` if there are none.
pub(crate) fn parts_of<'v>(attribute: &Attribute, value: &'v Value) -> Option<&'v Object> {
    if attribute.kind != Kind::Complex || attribute.multi_valued {
        return None;
    }
    let value = match value {
        // Entra ID wraps a single value in an array: `"manager": [{"value": "…"}]`.
        Value::Array(items) if items.len() == 1 => items.first()?,
        other => other,
    };
    value.as_object().filter(|parts| !parts.is_empty())
}

/// Sets the sub-attributes that are given, and clears those that are given as null (RFC 7644 §3.5.2.1, §3.5.2.3).
fn assign_parts(container: &mut Object, target: Target<'_>, op: Op, given: &Object) -> Result<(), ScimError> {
    let attribute = target.attribute;
    let mut parts = take_object(container, &attribute.name);
    for (key, value) in given {
        let writable = |sub: &&Attribute| sub.mutability != Mutability::ReadOnly;
        if let Some(sub) = attribute.sub_attribute_of_key(key).filter(writable) {
            assign(&mut parts, target.part(sub), op, Some(value))?;
        }
    }
    put_object(container, &attribute.name, parts);
    Ok(())
}

fn apply_to_sub_attribute(
    container: &mut Object,
    attribute: &Attribute,
    sub: &Attribute,
    edit: &Edit<'_>,
    budget: &Budget,
) -> Result<(), ScimError> {
    let whole = Target::new(attribute, budget.limits());
    let target = whole.part(sub);
    if !attribute.multi_valued {
        let mut parts = take_object(container, &attribute.name);
        set_part(&mut parts, target, edit)?;
        put_object(container, &attribute.name, parts);
        return Ok(());
    }
    // RFC 7644 §3.5.2.3: without a filter, the operation is about all values.
    let mut elements = take_elements(container, attribute);
    if elements.is_empty() && edit.op != Op::Remove {
        elements.push(Value::Object(Object::new()));
    }
    budget.spend(elements.len(), edit.value.map_or(0, json_size))?;
    for element in &mut elements {
        set_part_of(element, target, edit)?;
    }
    let touched: Vec<usize> = (0..elements.len()).collect();
    keep_one_primary(&mut elements, &touched);
    put_elements(container, whole, elements)
}

/// Sets a sub-attribute of one element of a multi-valued attribute.
fn set_part_of(element: &mut Value, target: Target<'_>, edit: &Edit<'_>) -> Result<(), ScimError> {
    let Value::Object(parts) = element else { return Ok(()) };
    let had_value = parts.contains_key("value");
    set_part(parts, target, edit)?;
    if had_value {
        drop_label(parts);
    }
    Ok(())
}

fn set_part(parts: &mut Object, target: Target<'_>, edit: &Edit<'_>) -> Result<(), ScimError> {
    match edit.op {
        Op::Remove => {
            parts.remove(&target.attribute.name);
        }
        op => assign(parts, target, op, edit.value)?,
    }
    Ok(())
}

fn apply_to_elements(
    container: &mut Object,
    attribute: &Attribute,
    filter: &Filter<'_>,
    edit: &Edit<'_>,
    budget: &Budget,
) -> Result<(), ScimError> {
    let target = Target::new(attribute, budget.limits());
    let sub = edit.path.sub_attribute.map(|sub| target.part(sub));
    let given = match sub {
        Some(_) => None,
        None => given_element(target, edit)?,
    };
    let gives_nothing = if sub.is_some() { edit.value.is_none_or(is_no_value) } else { given.is_none() };
    let mut elements = take_elements(container, attribute);
    let matcher = Matcher::new(filter);
    let mut matched: Vec<usize> = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        if let Some(parts) = element.as_object()
            && matcher.matches(parts, budget)?
        {
            matched.push(index);
        }
    }
    budget.spend(matched.len(), edit.value.map_or(0, json_size))?;
    let op = match edit.op {
        // Replacing a value by null removes it; adding null does nothing.
        Op::Replace if sub.is_none() && gives_nothing => Op::Remove,
        Op::Add if gives_nothing => return put_elements(container, target, elements),
        op => op,
    };
    match (op, sub) {
        (Op::Remove, None) => {
            let mut index = 0_usize;
            let mut leaving = matched.into_iter().peekable();
            elements.retain(|_| {
                let leaves = leaving.next_if_eq(&index).is_some();
                index = index.saturating_add(1);
                !leaves
            });
        }
        (Op::Remove, Some(sub)) => {
            for index in matched {
                if let Some(element) = elements.get_mut(index) {
                    set_part_of(element, sub, edit)?;
                }
            }
        }
        (Op::Add | Op::Replace, _) => {
            if matched.is_empty() && !gives_nothing {
                // The RFC requires noTarget (§3.5.2.3). Identity providers expect a new element, where the filter
                // describes one.
                elements.push(Value::Object(element_of(target, filter).ok_or_else(|| {
                    ScimError::no_target(format!(
                        "No value of \"{}\" satisfies the filter in the path, and the filter does not say what a new \
                         one would be.",
                        attribute.name
                    ))
                })?));
                matched.push(elements.len().saturating_sub(1));
            }
            for &index in &matched {
                if let Some(element) = elements.get_mut(index) {
                    match (sub, &given) {
                        (Some(sub), _) => set_part_of(element, sub, edit)?,
                        (None, Some(parts)) => set_element(element, target, filter, edit.op, parts),
                        (None, None) => {}
                    }
                }
            }
            keep_one_primary(&mut elements, &matched);
        }
    }
    put_elements(container, target, elements)
}

/// The sub-attributes in the value of an edit of whole elements; `None` if there are none.
fn given_element(target: Target<'_>, edit: &Edit<'_>) -> Result<Option<SubAttributes>, ScimError> {
    let value = match edit.value {
        // An array of one element means that element.
        Some(Value::Array(items)) if items.len() == 1 => items.first(),
        other => other,
    };
    let parts = match value.filter(|_| edit.op != Op::Remove) {
        None => return Ok(None),
        Some(Value::Object(parts)) => coerce_sub_attributes(target, parts)?,
        Some(value) => match coerce_one(target, value)? {
            Some(Value::Object(given)) => SubAttributes { given, clears_value: false },
            _ => return Ok(None),
        },
    };
    Ok(Some(parts).filter(|parts| !parts.given.is_empty()))
}

fn set_element(element: &mut Value, target: Target<'_>, filter: &Filter<'_>, op: Op, sent: &SubAttributes) {
    let Value::Object(parts) = element else { return };
    let mut given = sent.given.clone();
    if op == Op::Add {
        parts.extend(given);
    } else {
        // RFC 7644 §3.5.2.3: matching values are replaced, not merged. They keep the sub-attributes that the filter
        // compares, so that the same request matches them again.
        for (name, value) in element_of(target, filter).unwrap_or_default() {
            given.entry(name).or_insert(value);
        }
        *parts = given;
    }
    if sent.clears_value {
        drop_label(parts);
    }
}

/// Empties an element that has a type, but no value any more: the label of an address without the address.
fn drop_label(parts: &mut Object) {
    if is_label(parts) {
        parts.clear();
    }
}

fn refuse_removal_of_required(attribute: &Attribute) -> Result<(), ScimError> {
    if attribute.required {
        // RFC 7644 §3.5.2.2: removing a required attribute is "mutability".
        return Err(ScimError::mutability(format!(
            "\"{}\" is required and cannot be removed.",
            attribute.name
        )));
    }
    Ok(())
}
