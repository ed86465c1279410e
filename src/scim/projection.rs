//! `attributes` and `excludedAttributes` (RFC 7644 §3.9): which part of a resource is returned.

use serde_json::Value;

use super::attribute_path::resolve;
use super::schema::{Attribute, ResourceType, Returned};
use super::text::equal_fold;
use super::{Object, ScimError};

/// What a client asked to see.
#[derive(Debug, Clone, Default)]
pub struct Projection {
    /// Only these; `None`: everything that is returned by default.
    included: Option<Vec<Selected>>,
    /// Not these.
    excluded: Vec<Selected>,
}

/// One attribute, in canonical spelling.
#[derive(Debug, Clone)]
struct Selected {
    extension: Option<&'static str>,
    /// `None`: the extension as a whole.
    attribute: Option<String>,
    sub_attribute: Option<String>,
}

impl Projection {
    /// Reads the two comma-separated parameters. Names that no schema has select nothing.
    ///
    /// # Errors
    /// `invalidValue` where both are given: RFC 7644 §3.9 makes them mutually exclusive.
    pub fn parse(
        resource_type: &ResourceType,
        attributes: Option<&str>,
        excluded: Option<&str>,
    ) -> Result<Self, ScimError> {
        let attributes = attributes.filter(|list| !list.trim().is_empty());
        let excluded = excluded.filter(|list| !list.trim().is_empty());
        if attributes.is_some() && excluded.is_some() {
            return Err(ScimError::invalid_value(
                "\"attributes\" and \"excludedAttributes\" cannot be used together.",
            ));
        }
        Ok(Self {
            included: attributes.map(|list| select(resource_type, list)),
            excluded: excluded.map(|list| select(resource_type, list)).unwrap_or_default(),
        })
    }

    /// Whether everything is returned, so that a stored resource can go out as it is.
    pub fn is_everything(&self) -> bool {
        self.included.is_none() && self.excluded.is_empty()
    }

    /// Whether any part of this core attribute is returned. What is not need not be read.
    pub fn wants(&self, name: &str) -> bool {
        let named = |selected: &Selected| {
            selected.extension.is_none()
                && selected.attribute.as_deref().is_some_and(|own| equal_fold(own, name))
        };
        match &self.included {
            Some(included) => included.iter().any(named),
            None => !self.excluded.iter().any(|selected| named(selected) && selected.sub_attribute.is_none()),
        }
    }

    /// Removes from a resource what is not to be returned. `id` and `schemas` always stay
    /// (RFC 7643 §3.1, RFC 7644 §3.9).
    pub fn apply(&self, resource_type: &ResourceType, resource: &mut Object) {
        if let Some(included) = &self.included {
            let mut kept = Object::new();
            for (name, value) in std::mem::take(resource) {
                if always(resource_type.attribute(&name)) {
                    kept.insert(name, value);
                } else if let Some(value) = keep(included, resource_type, &name, value) {
                    kept.insert(name, value);
                }
            }
            *resource = kept;
        }
        for selected in &self.excluded {
            exclude(selected, resource_type, resource);
        }
    }
}

fn select(resource_type: &ResourceType, list: &str) -> Vec<Selected> {
    list.split(',')
        .filter_map(|name| resolve(resource_type, name.trim()))
        .map(|path| Selected {
            extension: path.extension.map(|schema| schema.id),
            attribute: path.attribute.map(|attribute| attribute.name.clone()),
            sub_attribute: path.sub_attribute.map(|attribute| attribute.name.clone()),
        })
        .collect()
}

fn always(attribute: Option<&Attribute>) -> bool {
    attribute.is_some_and(|attribute| attribute.returned == Returned::Always)
}

/// The part of one top-level member that the selection includes.
fn keep(included: &[Selected], resource_type: &ResourceType, name: &str, value: Value) -> Option<Value> {
    if resource_type.extension(name).is_some() {
        let within: Vec<&Selected> =
            included.iter().filter(|selected| selected.extension.is_some_and(|urn| urn == name)).collect();
        if within.iter().any(|selected| selected.attribute.is_none()) {
            return Some(value);
        }
        let Value::Object(members) = value else { return None };
        let kept: Object = members
            .into_iter()
            .filter_map(|(name, value)| Some((name.clone(), keep_parts(&within, &name, value)?)))
            .collect();
        return if kept.is_empty() { None } else { Some(Value::Object(kept)) };
    }
    let core: Vec<&Selected> = included.iter().filter(|selected| selected.extension.is_none()).collect();
    keep_parts(&core, name, value)
}

fn keep_parts(selected: &[&Selected], name: &str, value: Value) -> Option<Value> {
    let named: Vec<&&Selected> =
        selected.iter().filter(|selection| selection.attribute.as_deref() == Some(name)).collect();
    if named.iter().any(|selection| selection.sub_attribute.is_none()) {
        return Some(value);
    }
    let parts: Vec<&str> = named.iter().filter_map(|selection| selection.sub_attribute.as_deref()).collect();
    if parts.is_empty() {
        return None;
    }
    Some(map_objects(value, &|object| object.retain(|part, _| parts.contains(&part.as_str()))))
}

fn exclude(selected: &Selected, resource_type: &ResourceType, resource: &mut Object) {
    let (container, attribute) = match (selected.extension, &selected.attribute) {
        (Some(urn), None) => {
            resource.remove(urn);
            return;
        }
        (Some(urn), Some(attribute)) => match resource.get_mut(urn) {
            Some(Value::Object(extension)) => (extension, attribute),
            _ => return,
        },
        (None, Some(attribute)) => (resource, attribute),
        (None, None) => return,
    };
    if selected.extension.is_none() && always(resource_type.attribute(attribute)) {
        return;
    }
    match &selected.sub_attribute {
        None => {
            container.remove(attribute);
        }
        Some(sub) => {
            if let Some(value) = container.remove(attribute) {
                let value = map_objects(value, &|object| {
                    object.remove(sub);
                });
                container.insert(attribute.clone(), value);
            }
        }
    }
}

/// Changes the object, or each object of the array, that a complex attribute's value is.
fn map_objects(value: Value, change: &impl Fn(&mut Object)) -> Value {
    match value {
        Value::Object(mut object) => {
            change(&mut object);
            Value::Object(object)
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| map_objects(item, change)).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::schema::{ENTERPRISE_USER, user};

    fn project(attributes: Option<&str>, excluded: Option<&str>) -> Value {
        let user = user();
        let mut resource = json!({
            "schemas": ["x"], "id": "1", "userName": "a", "name": {"givenName": "A", "familyName": "B"},
            "emails": [{"value": "a", "type": "work"}],
            ENTERPRISE_USER: {"department": "D", "manager": {"value": "m", "displayName": "M"}},
        });
        let projection = Projection::parse(&user, attributes, excluded).unwrap();
        projection.apply(&user, resource.as_object_mut().unwrap());
        resource
    }

    #[test]
    fn only_what_is_asked_for_and_what_is_always_returned() {
        assert_eq!(
            project(Some("USERNAME, name.familyName,nonsense"), None),
            json!({"schemas": ["x"], "id": "1", "userName": "a", "name": {"familyName": "B"}})
        );
        assert_eq!(
            project(Some(&format!("{ENTERPRISE_USER}:manager.value,emails.type")), None),
            json!({"schemas": ["x"], "id": "1", "emails": [{"type": "work"}], ENTERPRISE_USER: {"manager": {"value": "m"}}})
        );
        assert_eq!(project(Some("nonsense"), None), json!({"schemas": ["x"], "id": "1"}));
    }

    #[test]
    fn what_is_excluded_is_missing_but_never_the_id() {
        let left = project(None, Some(&format!("id,name.givenName,emails,{ENTERPRISE_USER}")));
        assert_eq!(left, json!({"schemas": ["x"], "id": "1", "userName": "a", "name": {"familyName": "B"}}));
    }

    #[test]
    fn both_parameters_are_refused() {
        assert!(Projection::parse(&user(), Some("id"), Some("name")).is_err());
    }

    #[test]
    fn wants_tells_what_must_be_read() {
        let group = crate::scim::schema::group();
        let wants =
            |attributes, excluded| Projection::parse(&group, attributes, excluded).unwrap().wants("members");
        assert!(wants(None, None));
        assert!(!wants(None, Some("members")));
        assert!(wants(None, Some("members.display")));
        assert!(!wants(Some("displayName"), None));
        assert!(wants(Some("members.value"), None));
    }
}
