//! The canonical form of a resource and of its values.
//!
//! Canonical means: names in the spelling of the attribute table (and, at the top level, in its order), values
//! of their attribute's type, nothing unassigned, nothing read-only, nothing unknown. Two resources that
//! mean the same are then equal as JSON.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::schema::{Attribute, Kind, Mutability, ResourceType, Schema};
use super::{IgnoreCase, Limits, Object, ScimError};

/// Longest text in bytes that may be a role as JSON.
const LONGEST_ROLE: usize = 4096;

/// Puts a resource's attributes into the order of the table, brings `schemas` up to date, and checks that
/// nothing required is missing.
///
/// # Errors
/// `invalidValue` naming the required attribute that has no value.
pub(crate) fn canonical(resource_type: &ResourceType, mut resource: Object) -> Result<Object, ScimError> {
    let mut ordered = Object::new();
    let mut schemas = vec![Value::from(resource_type.schema.id)];
    let has_values =
        |schema: &&Schema| resource.get(schema.id).and_then(Value::as_object).is_some_and(|o| !o.is_empty());
    schemas.extend(resource_type.extensions.iter().filter(has_values).map(|schema| Value::from(schema.id)));
    resource.insert("schemas".to_owned(), Value::Array(schemas));
    move_in_order(&resource_type.common, &mut resource, &mut ordered)?;
    move_in_order(&resource_type.schema.attributes, &mut resource, &mut ordered)?;
    for schema in &resource_type.extensions {
        if let Some(Value::Object(mut values)) = resource.remove(schema.id) {
            let mut extension = Object::new();
            move_in_order(&schema.attributes, &mut values, &mut extension)?;
            if !extension.is_empty() {
                ordered.insert(schema.id.to_owned(), Value::Object(extension));
            }
        }
    }
    Ok(ordered)
}

fn move_in_order(attributes: &[Attribute], from: &mut Object, to: &mut Object) -> Result<(), ScimError> {
    for attribute in attributes {
        match from.remove(&attribute.name) {
            Some(mut value) => {
                if let Value::Array(elements) = &mut value {
                    keep_once(elements);
                }
                to.insert(attribute.name.clone(), value);
            }
            None if attribute.required && attribute.mutability != Mutability::ReadOnly => {
                return Err(ScimError::invalid_value(format!("\"{}\" is required.", attribute.name)));
            }
            None => {}
        }
    }
    Ok(())
}

/// An attribute, or a sub-attribute of one. Errors name it in full, as `emails.value`.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    /// What has the value.
    pub(crate) attribute: &'a Attribute,
    /// The complex attribute that it is a part of.
    whole: Option<&'a Attribute>,
    /// The bounds that its values are held to.
    pub(crate) limits: &'a Limits,
}

impl<'a> Target<'a> {
    /// An attribute.
    pub(crate) fn new(attribute: &'a Attribute, limits: &'a Limits) -> Self {
        Self { attribute, whole: None, limits }
    }

    /// A sub-attribute of this attribute.
    pub(crate) fn part(self, sub_attribute: &'a Attribute) -> Self {
        Self { attribute: sub_attribute, whole: Some(self.attribute), ..self }
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(whole) = self.whole {
            formatter.write_str(&whole.name)?;
            formatter.write_str(".")?;
        }
        formatter.write_str(&self.attribute.name)
    }
}

/// A value as the attribute's type has it, or `None` where it means "no value".
///
/// # Errors
/// `invalidValue` naming the attribute, what it must be, and what was sent.
pub(crate) fn coerce(target: Target<'_>, value: &Value) -> Result<Option<Value>, ScimError> {
    if !target.attribute.multi_valued {
        return match value {
            // Entra ID wraps a single value in an array: `"manager": [{"value": "…"}]`.
            Value::Array(items) => match items.as_slice() {
                [] => Ok(None),
                [only] => coerce_one(target, only),
                _ => Err(wrong_type(target, value)),
            },
            _ => coerce_one(target, value),
        };
    }
    let items = match value {
        Value::Array(items) => items.as_slice(),
        other => std::slice::from_ref(other),
    };
    let mut elements: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        if let Some(element) = coerce_one(target, item)? {
            elements.push(element);
        }
    }
    keep_once(&mut elements);
    // RFC 7643 §2.4: "primary" is true at most once.
    if elements.iter().filter(|element| is_primary(element)).count() > 1 {
        return Err(ScimError::invalid_value(format!(
            "\"{target}.primary\" is true in more than one value of \"{target}\"; it may be in one."
        )));
    }
    Ok(if elements.is_empty() { None } else { Some(Value::Array(elements)) })
}

/// Removes repeated elements (RFC 7643 §2.4). An element without `primary` equals one with `"primary": false`.
pub(crate) fn keep_once(elements: &mut Vec<Value>) {
    if elements.len() < 2 {
        return;
    }
    let mut seen = BTreeSet::new();
    elements.retain(|element| {
        let mut said = element.clone();
        if let Value::Object(parts) = &mut said
            && parts.get("primary") == Some(&Value::Bool(false))
        {
            parts.shift_remove("primary");
        }
        // Operations set sub-attributes in any order.
        said.sort_all_objects();
        seen.insert(said.to_string())
    });
}

/// Whether an element of a multi-valued attribute is the primary one.
pub(crate) fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

/// Whether an element of a multi-valued attribute says what a value would be for, and nothing else. It is what is left
/// of an address whose `value` was taken away.
pub(crate) fn is_label(element: &Object) -> bool {
    element.keys().all(|name| name == "type" || name == "primary")
}

/// Whether a value says that there is none: null, blank text, or an array of nothing else. PHP writes `[]` for an
/// object without members.
pub(crate) fn is_no_value(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_no_value),
        _ => false,
    }
}

/// One value, or one element of an array.
pub(crate) fn coerce_one(target: Target<'_>, value: &Value) -> Result<Option<Value>, ScimError> {
    if is_no_value(value) {
        return Ok(None);
    }
    if let Some(parts) = unpacked_role(target.attribute, value) {
        return coerce_object(target, &parts);
    }
    match (target.attribute.kind, value) {
        (Kind::Complex, Value::Object(parts)) => coerce_object(target, parts),
        (Kind::Complex, Value::String(_)) => match target.attribute.sub_attribute("value") {
            // `"members": ["id"]` and Entra ID's `"manager": "id"`.
            Some(sub) => Ok(coerce_one(target.part(sub), value)?.map(|value| {
                let mut parts = Object::new();
                parts.insert(sub.name.clone(), value);
                Value::Object(parts)
            })),
            None => Err(wrong_type(target, value)),
        },
        // Entra ID's older wrapper: `[{"$ref": null, "value": "…"}]` for a simple attribute.
        (kind, Value::Object(parts)) if kind != Kind::Complex => match parts.get_ignore_case("value") {
            Some(inner) if !inner.is_object() => coerce_one(target, inner),
            None if parts.is_empty() => Ok(None),
            _ => Err(wrong_type(target, value)),
        },
        (Kind::Boolean, Value::Bool(_)) => Ok(Some(value.clone())),
        // Entra ID sends booleans as the strings "True" and "False".
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => {
            Ok(Some(Value::Bool(true)))
        }
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => {
            Ok(Some(Value::Bool(false)))
        }
        (Kind::String | Kind::Reference | Kind::Binary | Kind::DateTime, Value::String(text)) => {
            if !target.limits.allow_nul && text.contains('\0') {
                return Err(ScimError::invalid_value(format!(
                    "\"{target}\" must not contain the character U+0000."
                )));
            }
            Ok(Some(value.clone()))
        }
        _ => Err(wrong_type(target, value)),
    }
}

/// The sub-attributes of a role that is JSON text. Entra ID sends app roles as
/// `{"value": "{\"id\":\"…\",\"value\":\"Ops\",\"displayName\":\"Operations\"}"}`. Sub-attributes beside the text win.
fn unpacked_role(attribute: &Attribute, value: &Value) -> Option<Object> {
    if attribute.name != "roles" || !attribute.multi_valued {
        return None;
    }
    let beside = value.as_object();
    let text = match beside {
        Some(parts) => parts.get_ignore_case("value")?.as_str()?,
        None => value.as_str()?,
    };
    if text.len() > LONGEST_ROLE || !text.trim_start().starts_with('{') {
        return None;
    }
    let Ok(Value::Object(mut parts)) = serde_json::from_str(text) else { return None };
    if parts.get("value")?.as_str()?.trim().is_empty() {
        return None;
    }
    if let Some(name) = parts.remove("displayName") {
        parts.entry("display").or_insert(name);
    }
    let beside = beside.into_iter().flatten().filter(|(name, _)| !name.eq_ignore_ascii_case("value"));
    for (name, part) in beside {
        parts.retain(|own, _| !own.eq_ignore_ascii_case(name));
        parts.insert(name.clone(), part.clone());
    }
    Some(parts)
}

/// An object as a value of a complex attribute.
fn coerce_object(target: Target<'_>, parts: &Object) -> Result<Option<Value>, ScimError> {
    let Parts { given, clears_value } = coerce_parts(target, parts)?;
    // Identity providers send the type of a number that a person does not have beside a blank "value".
    let is_nothing = given.is_empty() || target.attribute.multi_valued && clears_value && is_label(&given);
    Ok(if is_nothing { None } else { Some(Value::Object(given)) })
}

/// What an object says of the sub-attributes of a complex attribute.
pub(crate) struct Parts {
    /// Those that it gives a value.
    pub(crate) given: Object,
    /// Whether it says that there is no `value`.
    pub(crate) clears_value: bool,
}

/// Reads the sub-attributes from a value of a complex attribute.
///
/// # Errors
/// As [`coerce`].
pub(crate) fn coerce_parts(target: Target<'_>, parts: &Object) -> Result<Parts, ScimError> {
    let attribute = target.attribute;
    let mut given = Object::new();
    let mut clears_value = false;
    for sub in &attribute.sub_attributes {
        if sub.mutability == Mutability::ReadOnly {
            continue;
        }
        let named = |key: &str| {
            key.contains(['.', ':']) && attribute.part(key).is_some_and(|part| part.name == sub.name)
        };
        let sent = parts
            .get_ignore_case(&sub.name)
            .or_else(|| parts.iter().find(|(key, _)| named(key)).map(|(_, value)| value));
        let value = sent.map(|value| coerce(target.part(sub), value)).transpose()?;
        match value {
            Some(Some(value)) => {
                given.insert(sub.name.clone(), value);
            }
            _ if sub.required => {
                return Err(ScimError::invalid_value(format!(
                    "\"{}\" is required in every value of \"{target}\".",
                    target.part(sub)
                )));
            }
            Some(None) => clears_value |= sub.name == "value",
            None => {}
        }
    }
    Ok(Parts { given, clears_value })
}

fn wrong_type(target: Target<'_>, value: &Value) -> ScimError {
    let wanted = match target.attribute.kind {
        Kind::Boolean => "a boolean (true or false)",
        Kind::Complex => "an object",
        Kind::String | Kind::DateTime | Kind::Reference | Kind::Binary => "a string",
    };
    let sent = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    ScimError::invalid_value(format!("\"{target}\" must be {wanted}, not {sent}."))
}
