//! Values as their attribute's type has them, from the forms in which clients send them.

use std::fmt;

use serde_json::Value;

use crate::canonical::{is_primary, keep_once};
use crate::schema::{Attribute, Kind, Mutability};
use crate::{IgnoreCase, Limits, Object, ScimError};

/// Longest role that is read as JSON, in bytes.
const LONGEST_ROLE: usize = 4096;

/// The attribute or sub-attribute that a value is for. Errors name it in full, as `emails.value`.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    /// The attribute or sub-attribute itself.
    pub(crate) attribute: &'a Attribute,
    /// The complex attribute that it is a part of.
    whole: Option<&'a Attribute>,
    /// The bounds that its values are held to.
    pub(crate) limits: &'a Limits,
}

impl<'a> Target<'a> {
    pub(crate) fn new(attribute: &'a Attribute, limits: &'a Limits) -> Self {
        Self { attribute, whole: None, limits }
    }

    /// The target of a sub-attribute.
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

/// Converts a value to the attribute's type; `None` if it means "no value".
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

/// Whether an element of a multi-valued attribute has only a label, such as `"type": "work"`: what remains of an
/// address whose `value` was removed.
pub(crate) fn is_label(element: &Object) -> bool {
    element.keys().all(|name| name == "type" || name == "primary")
}

/// Whether a value means "no value": null, blank text, or an array of nothing else. PHP clients send `[]` for an empty
/// object.
pub(crate) fn is_no_value(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_no_value),
        _ => false,
    }
}

/// Converts a single value, or one element of an array.
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

/// The sub-attributes of a role that is JSON in a string. Entra ID sends app roles as
/// `{"value": "{\"id\":\"…\",\"value\":\"Ops\",\"displayName\":\"Operations\"}"}`. Sub-attributes outside the string
/// win.
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

/// Converts an object to a value of a complex attribute.
fn coerce_object(target: Target<'_>, parts: &Object) -> Result<Option<Value>, ScimError> {
    let SubAttributes { given, clears_value } = coerce_sub_attributes(target, parts)?;
    // For a phone number that a person does not have, identity providers send a type and a blank value.
    let is_nothing = given.is_empty() || target.attribute.multi_valued && clears_value && is_label(&given);
    Ok(if is_nothing { None } else { Some(Value::Object(given)) })
}

/// The sub-attributes in an object.
pub(crate) struct SubAttributes {
    /// Those with a value.
    pub(crate) given: Object,
    /// Whether `value` is given as null or blank.
    pub(crate) clears_value: bool,
}

/// Converts the sub-attributes in a value of a complex attribute.
///
/// # Errors
/// As [`coerce`].
pub(crate) fn coerce_sub_attributes(target: Target<'_>, parts: &Object) -> Result<SubAttributes, ScimError> {
    let attribute = target.attribute;
    let mut given = Object::new();
    let mut clears_value = false;
    for sub in &attribute.sub_attributes {
        if sub.mutability == Mutability::ReadOnly {
            continue;
        }
        let named = |key: &str| {
            key.contains(['.', ':'])
                && attribute.sub_attribute_of_key(key).is_some_and(|part| part.name == sub.name)
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
    Ok(SubAttributes { given, clears_value })
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
