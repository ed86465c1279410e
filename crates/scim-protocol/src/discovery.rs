//! What the service provider says of itself (RFC 7643 §5 to §7, RFC 7644 §4).

use serde_json::Value;

use super::json::object;
use super::list::{DEFAULT_COUNT, MAX_COUNT};
use super::schema::{Attribute, Kind, ResourceType, Schema};
use super::{bulk, cursor};

/// The body of `/ServiceProviderConfig`: what this provider does, and nothing it does not.
///
/// `base` is the URL the client calls the provider by, such as `https://example.com/scim`.
pub fn service_provider_config(base: &str) -> Value {
    object! {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": object! {"supported": true},
        "bulk": object! {
            "supported": true,
            "maxOperations": bulk::MAX_OPERATIONS,
            "maxPayloadSize": bulk::MAX_PAYLOAD,
        },
        "filter": object! {"supported": true, "maxResults": MAX_COUNT},
        "changePassword": object! {"supported": false},
        "sort": object! {"supported": true},
        "etag": object! {"supported": true},
        // RFC 9865 §4. Index paging is what clients know that ask for neither.
        "pagination": object! {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_COUNT,
            "maxPageSize": MAX_COUNT,
            "cursorTimeout": cursor::TIMEOUT,
        },
        "authenticationSchemes": [object! {
            "type": "oauthbearertoken",
            "name": "SCIM key",
            "description": "The key made for the organization, in the header \"Authorization: Bearer scim-…\".",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": object! {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    }
}

/// One entry of `/ResourceTypes`.
pub fn resource_type(resource_type: &ResourceType, base: &str) -> Value {
    let extensions: Vec<Value> = resource_type
        .extensions
        .iter()
        .map(|schema| object! {"schema": schema.id, "required": false})
        .collect();
    object! {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": resource_type.name,
        "name": resource_type.name,
        "endpoint": resource_type.endpoint,
        "description": resource_type.description,
        "schema": resource_type.schema.id,
        "schemaExtensions": extensions,
        "meta": object! {
            "resourceType": "ResourceType",
            "location": format!("{base}/ResourceTypes/{}", resource_type.name),
        },
    }
}

/// The entries of `/Schemas` for a resource type: its core schema and its extensions.
///
/// `externalId` stands in the core schema. RFC 7643 §3.1 has it be an attribute of every resource that no schema lists,
/// but Microsoft's schema discovery offers only what is listed for its mappings.
pub fn schemas(resource_type: &ResourceType, base: &str) -> Vec<Value> {
    let external_id = resource_type.attribute("externalId");
    let core = external_id.into_iter().chain(&resource_type.schema.attributes);
    let extensions = resource_type.extensions.iter();
    std::iter::once(schema(&resource_type.schema, core, base))
        .chain(extensions.map(|extension| schema(extension, extension.attributes.iter(), base)))
        .collect()
}

fn schema<'a>(schema: &Schema, attributes: impl Iterator<Item = &'a Attribute>, base: &str) -> Value {
    object! {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": attributes.map(attribute).collect::<Vec<_>>(),
        "meta": object! {"resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.id)},
    }
}

fn attribute(definition: &Attribute) -> Value {
    let mut described = object! {
        "name": definition.name.as_str(),
        "type": definition.kind.as_str(),
        "multiValued": definition.multi_valued,
        "description": definition.description,
        "required": definition.required,
        "mutability": definition.mutability.as_str(),
        "returned": definition.returned.as_str(),
    };
    if let Some(object) = described.as_object_mut() {
        // RFC 7643 §7: these do not apply to complex attributes and booleans.
        if !matches!(definition.kind, Kind::Complex | Kind::Boolean) {
            object.insert("caseExact".to_owned(), definition.case_exact.into());
            object.insert("uniqueness".to_owned(), if definition.unique { "server" } else { "none" }.into());
        }
        if !definition.canonical_values.is_empty() {
            object.insert("canonicalValues".to_owned(), definition.canonical_values.into());
        }
        if !definition.reference_types.is_empty() {
            object.insert("referenceTypes".to_owned(), definition.reference_types.into());
        }
        if definition.kind == Kind::Complex {
            object.insert(
                "subAttributes".to_owned(),
                definition.sub_attributes.iter().map(attribute).collect(),
            );
        }
    }
    described
}
