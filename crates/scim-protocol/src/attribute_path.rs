//! Attribute names as clients write them, resolved against a resource type (RFC 7644 §3.10).
//!
//! ```
//! use scim_protocol::attribute_path::resolve;
//! use scim_protocol::schema::user;
//!
//! let user = user();
//! let path = resolve(&user, "NAME.familyname").unwrap();
//! assert_eq!(path.leaf().unwrap().name, "familyName");
//! ```

use crate::schema::{Attribute, Kind, ResourceType, Schema, starts_with};

/// An attribute, a sub-attribute, or a whole extension.
#[derive(Debug, Clone, Copy)]
pub struct AttributePath<'a> {
    /// URN of the core schema, if the name was written with it. It is then not the name of an attribute of another
    /// resource type.
    pub core: Option<&'static str>,
    /// The extension that the attribute belongs to; `None` for the core schema.
    pub extension: Option<&'a Schema>,
    /// The attribute; `None` for the extension as a whole.
    pub attribute: Option<&'a Attribute>,
    /// The sub-attribute, where one is named.
    pub sub_attribute: Option<&'a Attribute>,
}

impl<'a> AttributePath<'a> {
    /// The innermost attribute, whose type the value has.
    pub fn leaf(&self) -> Option<&'a Attribute> {
        self.sub_attribute.or(self.attribute)
    }

    /// The path to a sub-attribute of one element, as in the brackets of a PATCH path.
    pub fn of_element(sub_attribute: &'a Attribute) -> Self {
        Self { core: None, extension: None, attribute: Some(sub_attribute), sub_attribute: None }
    }

    /// The path to an attribute or sub-attribute of an extension, by its name there.
    pub fn in_extension(extension: &'a Schema, name: &str) -> Option<Self> {
        named(Some(extension), name, |name| extension.attribute(name))
    }

    /// The path to what is compared or sorted by: of a complex attribute its `value` (RFC 7644 §3.4.2.2: `emails co
    /// "example.com"`).
    ///
    /// # Errors
    /// If there is no `value`: the name of a sub-attribute that could be meant.
    pub fn value(self) -> Result<Self, String> {
        match self.leaf() {
            Some(attribute) if attribute.kind == Kind::Complex => match attribute.sub_attribute("value") {
                Some(value) => Ok(Self { sub_attribute: Some(value), ..self }),
                None => {
                    let example =
                        attribute.sub_attributes.first().map_or("value", |first| first.name.as_str());
                    Err(format!("{}.{example}", attribute.name))
                }
            },
            _ => Ok(self),
        }
    }
}

/// Resolves `userName`, `name.familyName`, `urn:…:User:userName`, `urn:…:enterprise:2.0:User:manager.value`
/// or a bare extension URN. Names and URNs are compared without case; a URN ends at its last colon, not at
/// the dot of `2.0`. Older URNs of a schema stand for it, and a dot behind a URN for the colon.
///
/// A bare name that only an extension has, such as `manager`, is understood as that: Microsoft Entra ID
/// filters and writes so.
///
/// Returns `None` if the resource type has no such attribute.
pub fn resolve<'a>(resource_type: &'a ResourceType, text: &str) -> Option<AttributePath<'a>> {
    if let Some(extension) = resource_type.extension(text) {
        return Some(AttributePath {
            core: None,
            extension: Some(extension),
            attribute: None,
            sub_attribute: None,
        });
    }
    if let Some((schema, urn, rest)) = split_urn(resource_type, text) {
        let name = rest.get(1..)?;
        if schema.id != resource_type.schema.id {
            return AttributePath::in_extension(schema, name);
        }
        let path = named(None, name, |name| resource_type.attribute(name))?;
        // SCIM 1.1 had one URN for the core attributes of all types.
        let names_type = urn.rsplit(':').next() == Some(resource_type.name);
        return Some(AttributePath { core: names_type.then_some(schema.id), ..path });
    }
    named(None, text, |name| resource_type.attribute(name)).or_else(|| {
        resource_type.extensions.iter().find_map(|extension| AttributePath::in_extension(extension, text))
    })
}

/// If the text begins with a URN and a dot: the same with a colon in place of the dot.
pub fn with_colon(resource_type: &ResourceType, text: &str) -> Option<String> {
    let (_, urn, rest) = split_urn(resource_type, text)?;
    Some(format!("{}:{}", text.get(..urn.len())?, rest.strip_prefix('.')?))
}

/// Splits a name into the URN at its beginning and the rest, which begins with a colon or a dot, and finds the schema.
fn split_urn<'a, 't>(
    resource_type: &'a ResourceType,
    text: &'t str,
) -> Option<(&'a Schema, &'static str, &'t str)> {
    let schemas = std::iter::once(&resource_type.schema).chain(&resource_type.extensions);
    schemas.flat_map(|schema| schema.ids().map(move |urn| (schema, urn))).find_map(|(schema, urn)| {
        let rest = text.get(urn.len()..).filter(|rest| rest.starts_with([':', '.']))?;
        starts_with(text, urn).then_some((schema, urn, rest))
    })
}

/// Resolves the name of an attribute in the first of several resource types that has it.
pub fn resolve_any<'a>(resource_types: &[&'a ResourceType], text: &str) -> Option<AttributePath<'a>> {
    resource_types
        .iter()
        .find_map(|resource_type| resolve(resource_type, text).filter(|path| path.attribute.is_some()))
}

fn named<'a>(
    extension: Option<&'a Schema>,
    text: &str,
    find: impl Fn(&str) -> Option<&'a Attribute>,
) -> Option<AttributePath<'a>> {
    let (name, sub_name) = match text.split_once('.') {
        Some((name, sub_name)) => (name, Some(sub_name)),
        None => (text, None),
    };
    let attribute = find(name)?;
    let sub_attribute = match sub_name {
        Some(sub_name) => Some(attribute.sub_attribute(sub_name)?),
        None => None,
    };
    Some(AttributePath { core: None, extension, attribute: Some(attribute), sub_attribute })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{CORE_USER, ENTERPRISE_USER, user};

    fn names(text: &str) -> Option<(bool, Option<String>, Option<String>)> {
        let user = user();
        let path = resolve(&user, text)?;
        let name = |attribute: Option<&Attribute>| attribute.map(|attribute| attribute.name.clone());
        Some((path.extension.is_some(), name(path.attribute), name(path.sub_attribute)))
    }

    #[test]
    fn names_are_found_in_any_case_and_with_their_urn() {
        let family = Some((false, Some("name".to_owned()), Some("familyName".to_owned())));
        assert_eq!(names("NAME.familyname"), family);
        assert_eq!(names("URN:ietf:params:scim:schemas:core:2.0:user:name.familyName"), family);
        let manager = Some((true, Some("manager".to_owned()), Some("value".to_owned())));
        assert_eq!(names(&format!("{ENTERPRISE_USER}:manager.value")), manager);
        assert_eq!(names("manager.value"), manager);
        assert_eq!(names(ENTERPRISE_USER), Some((true, None, None)));
        assert_eq!(names("externalId"), Some((false, Some("externalId".to_owned()), None)));
    }

    #[test]
    fn older_urns_and_a_dot_behind_a_urn_are_understood() {
        let user_name = Some((false, Some("userName".to_owned()), None));
        for urn in [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:scim:schemas:core:1.0",
            "URN:SCIM:schemas:core:1.0:user",
        ] {
            assert_eq!(names(&format!("{urn}:userName")), user_name, "{urn}");
            assert_eq!(names(&format!("{urn}.userName")), user_name, "{urn}");
        }
        for older in ["1.0", "2.0", "1.0:User", "2.0:User"] {
            let urn = format!("urn:scim:schemas:extension:enterprise:{older}");
            assert_eq!(names(&urn), Some((true, None, None)));
            assert_eq!(names(&format!("{urn}:manager.value")), names("manager.value"));
        }
        let core = |text: &str| resolve(&user(), text).and_then(|path| path.core);
        assert_eq!(core("urn:scim:schemas:core:1.0:User:displayName"), Some(CORE_USER));
        assert_eq!(core("urn:scim:schemas:core:1.0:displayName"), None, "it is one of groups, too");
        let corrected = with_colon(&user(), &format!("{ENTERPRISE_USER}.manager.value"));
        assert_eq!(corrected, Some(format!("{ENTERPRISE_USER}:manager.value")));
        assert_eq!(with_colon(&user(), "name.givenName"), None);
    }

    #[test]
    fn what_no_schema_has_is_not_resolved() {
        for text in
            ["", "nonsense", "name.nonsense", "userName.value", "urn:example:User:userName", "name.", "."]
        {
            assert_eq!(names(text), None, "{text}");
        }
    }
}
