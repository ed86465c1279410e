//! The parameters `attributes` and `excludedAttributes` (RFC 7644 §3.9): which attributes of a resource are returned.
//!
//! ```
//! use scim_protocol::Limits;
//! use scim_protocol::projection::Projection;
//! use scim_protocol::schema::user;
//! use serde_json::json;
//!
//! let user = user();
//! let projection = Projection::parse(&user, Some("name.familyName"), None, &Limits::DEFAULT)?;
//! let mut resource = json!({"id": "1", "userName": "ann", "name": {"givenName": "Ann", "familyName": "Jones"}});
//! if let Some(resource) = resource.as_object_mut() {
//!     projection.apply(&user, resource);
//! }
//! assert_eq!(resource, json!({"id": "1", "name": {"familyName": "Jones"}}));
//! # Ok::<_, scim_protocol::ScimError>(())
//! ```

use litemap::LiteMap;
use serde_json::Value;

use crate::attribute_path::resolve;
use crate::schema::{Attribute, ResourceType, Returned};
use crate::{Limits, Object, ScimError};

/// The attributes that a client asked for.
#[derive(Debug, Clone, Default)]
pub struct Projection {
    /// Only these; `None` for all that are returned by default.
    included: Option<Selection>,
    /// All but these.
    excluded: Selection,
}

/// Attributes in canonical spelling, each once. The cost of applying a selection depends on the schema and not on the
/// length of the client's list.
#[derive(Debug, Clone, Default)]
struct Selection {
    core: Names,
    /// Attributes of extensions, by URN.
    extensions: LiteMap<&'static str, Names>,
}

/// Attributes of one schema.
#[derive(Debug, Clone, Default)]
struct Names {
    /// All attributes of the schema.
    whole: bool,
    attributes: LiteMap<String, Parts>,
}

/// An attribute, or some of its sub-attributes.
#[derive(Debug, Clone, Default)]
struct Parts {
    whole: bool,
    sub_attributes: LiteMap<String, ()>,
}

impl Projection {
    /// Reads the two comma-separated parameters. Unknown names are ignored.
    ///
    /// # Errors
    /// `invalidValue` if both are given: RFC 7644 §3.9 makes them mutually exclusive. `tooMany` above
    /// [`Limits::max_attribute_list_bytes`].
    pub fn parse(
        resource_type: &ResourceType,
        attributes: Option<&str>,
        excluded: Option<&str>,
        limits: &Limits,
    ) -> Result<Self, ScimError> {
        let longest = limits.max_attribute_list_bytes;
        let attributes = attributes.filter(|list| !list.trim().is_empty());
        let excluded = excluded.filter(|list| !list.trim().is_empty());
        if attributes.is_some() && excluded.is_some() {
            return Err(ScimError::invalid_value(
                "\"attributes\" and \"excludedAttributes\" cannot be used together.",
            ));
        }
        for (name, list) in [("attributes", attributes), ("excludedAttributes", excluded)] {
            if list.is_some_and(|list| list.len() > longest) {
                return Err(ScimError::too_many(format!(
                    "The list in \"{name}\" is longer than {longest} bytes. Name each attribute once, or leave the \
                     parameter out to get all attributes."
                )));
            }
        }
        Ok(Self {
            included: attributes.map(|list| Selection::of(resource_type, list)),
            excluded: excluded.map(|list| Selection::of(resource_type, list)).unwrap_or_default(),
        })
    }

    /// Whether everything is returned, so that a stored resource can be returned as it is.
    pub fn is_everything(&self) -> bool {
        self.included.is_none() && self.excluded.is_empty()
    }

    /// Whether any part of this core attribute is returned. Others need not be read from the storage.
    pub fn wants(&self, name: &str) -> bool {
        match &self.included {
            Some(included) => included.core.attributes.contains_key(name),
            None => !self.excluded.core.attributes.get(name).is_some_and(|parts| parts.whole),
        }
    }

    /// Removes the other attributes from a resource. `id` and `schemas` always stay (RFC 7643 §3.1, RFC 7644 §3.9).
    pub fn apply(&self, resource_type: &ResourceType, resource: &mut Object) {
        if let Some(included) = &self.included {
            let mut kept = Object::new();
            for (name, value) in std::mem::take(resource) {
                if always(resource_type.attribute(&name)) {
                    kept.insert(name, value);
                } else if let Some(value) = included.keep(resource_type, &name, value) {
                    kept.insert(name, value);
                }
            }
            *resource = kept;
        }
        self.excluded.remove_from(resource_type, resource);
    }
}

fn always(attribute: Option<&Attribute>) -> bool {
    attribute.is_some_and(|attribute| attribute.returned == Returned::Always)
}

impl Selection {
    fn of(resource_type: &ResourceType, list: &str) -> Self {
        let mut selection = Self::default();
        for name in list.split(',') {
            let Some(path) = resolve(resource_type, name.trim()) else { continue };
            let names = match path.extension {
                Some(schema) => selection.extensions.entry(schema.id).or_default(),
                None => &mut selection.core,
            };
            let Some(attribute) = path.attribute else {
                names.whole = true;
                continue;
            };
            let parts = names.attributes.entry(attribute.name.clone()).or_default();
            match path.sub_attribute {
                Some(sub) => {
                    parts.sub_attributes.insert(sub.name.clone(), ());
                }
                None => parts.whole = true,
            }
        }
        selection
    }

    fn is_empty(&self) -> bool {
        self.core.attributes.is_empty() && self.extensions.is_empty()
    }

    /// The selected part of a top-level member.
    fn keep(&self, resource_type: &ResourceType, name: &str, value: Value) -> Option<Value> {
        if resource_type.extension(name).is_none() {
            return self.core.keep(name, value);
        }
        let names = self.extensions.get(name)?;
        if names.whole {
            return Some(value);
        }
        let Value::Object(members) = value else { return None };
        let kept: Object = members
            .into_iter()
            .filter_map(|(name, value)| {
                let value = names.keep(&name, value)?;
                Some((name, value))
            })
            .collect();
        if kept.is_empty() { None } else { Some(Value::Object(kept)) }
    }

    /// Removes the selected attributes from a resource.
    fn remove_from(&self, resource_type: &ResourceType, resource: &mut Object) {
        for (name, parts) in &self.core.attributes {
            if !always(resource_type.attribute(name)) {
                parts.remove_from(name, resource);
            }
        }
        for (urn, names) in &self.extensions {
            if names.whole {
                resource.shift_remove(*urn);
            } else if let Some(Value::Object(extension)) = resource.get_mut(*urn) {
                names.attributes.iter().for_each(|(name, parts)| parts.remove_from(name, extension));
            }
        }
    }
}

impl Names {
    fn keep(&self, name: &str, value: Value) -> Option<Value> {
        let parts = self.attributes.get(name)?;
        if parts.whole {
            return Some(value);
        }
        Some(map_objects(value, &|object| object.retain(|part, _| parts.sub_attributes.contains_key(part))))
    }
}

impl Parts {
    fn remove_from(&self, name: &str, container: &mut Object) {
        if self.whole {
            container.shift_remove(name);
        } else if let Some(value) = container.get_mut(name) {
            *value = map_objects(std::mem::take(value), &|object| {
                object.retain(|part, _| !self.sub_attributes.contains_key(part));
            });
        }
    }
}

/// Changes the object, or each object in the array, of a complex attribute.
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
    use crate::ScimType;
    use crate::schema::{ENTERPRISE_USER, user};

    fn project(attributes: Option<&str>, excluded: Option<&str>) -> Value {
        let user = user();
        let mut resource = json!({
            "schemas": ["x"], "id": "1", "userName": "a", "name": {"givenName": "A", "familyName": "B"},
            "emails": [{"value": "a", "type": "work"}],
            ENTERPRISE_USER: {"department": "D", "manager": {"value": "m", "displayName": "M"}},
        });
        let projection = Projection::parse(&user, attributes, excluded, &Limits::DEFAULT).unwrap();
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
            json!({
                "schemas": ["x"], "id": "1", "emails": [{"type": "work"}],
                ENTERPRISE_USER: {"manager": {"value": "m"}},
            })
        );
        assert_eq!(project(Some("nonsense"), None), json!({"schemas": ["x"], "id": "1"}));
    }

    #[test]
    fn what_is_excluded_is_missing_but_never_the_id() {
        let left = project(None, Some(&format!("id,name.givenName,emails,{ENTERPRISE_USER}")));
        assert_eq!(left, json!({"schemas": ["x"], "id": "1", "userName": "a", "name": {"familyName": "B"}}));
    }

    #[test]
    fn a_name_counts_once_however_often_it_is_given() {
        let parse = |list: &str| Projection::parse(&user(), Some(list), None, &Limits::DEFAULT);
        let often = parse(&"userName,emails.type,".repeat(300)).unwrap();
        let once = parse("userName,emails.type").unwrap();
        assert_eq!(format!("{often:?}"), format!("{once:?}"));
        for list in [
            "id,".repeat(Limits::DEFAULT.max_attribute_list_bytes / 3 + 1),
            "x".repeat(Limits::DEFAULT.max_attribute_list_bytes + 1),
        ] {
            assert_eq!(parse(&list).unwrap_err().scim_type, Some(ScimType::TooMany));
            assert!(Projection::parse(&user(), None, Some(&list), &Limits::DEFAULT).is_err());
        }
    }

    #[test]
    fn both_parameters_are_refused() {
        assert!(Projection::parse(&user(), Some("id"), Some("name"), &Limits::DEFAULT).is_err());
    }

    #[test]
    fn wants_tells_what_must_be_read() {
        let group = crate::schema::group();
        let wants = |attributes, excluded| {
            Projection::parse(&group, attributes, excluded, &Limits::DEFAULT).unwrap().wants("members")
        };
        assert!(wants(None, None));
        assert!(!wants(None, Some("members")));
        assert!(wants(None, Some("members.display")));
        assert!(!wants(Some("displayName"), None));
        assert!(wants(Some("members.value"), None));
    }
}
