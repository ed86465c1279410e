//! The canonical form of a resource.
//!
//! Canonical means: names in the spelling and order of the schema, values of their attribute's type, and neither null
//! nor read-only nor unknown attributes. Two resources that mean the same are then equal as JSON.

use std::collections::HashSet;

use serde_json::Value;

use crate::schema::{Attribute, Mutability, ResourceType, Schema};
use crate::{Object, ScimError};

/// Puts a resource's attributes into the order of the schema, updates `schemas`, and checks that no required attribute
/// is missing.
///
/// # Errors
/// `invalidValue` naming the required attribute without a value.
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

/// Removes repeated elements (RFC 7643 §2.4). An element without `primary` equals one with `"primary": false`.
pub(crate) fn keep_once(elements: &mut Vec<Value>) {
    if elements.len() < 2 {
        return;
    }
    let mut seen = HashSet::new();
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
pub fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}
