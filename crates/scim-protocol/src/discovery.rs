//! Discovery (RFC 7643 §5 to §7, RFC 7644 §4): the bodies of `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas`.
//!
//! Each is a struct that is serialized with serde. `base` is always the URL that clients call the provider by, without
//! a slash at its end, for example `https://example.com/scim`.

use std::borrow::Cow;

use serde::Serialize;

use crate::Limits;
use crate::schema::{Attribute, Kind, Mutability, ResourceType, Returned, Schema};

/// The body of `/ServiceProviderConfig` (RFC 7643 §5, RFC 9865 §4).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceProviderConfig {
    schemas: [&'static str; 1],
    /// PATCH.
    pub patch: Support,
    /// `/Bulk`.
    pub bulk: BulkSupport,
    /// The `filter` parameter.
    pub filter: FilterSupport,
    /// Changing a password.
    pub change_password: Support,
    /// The `sortBy` parameter.
    pub sort: Support,
    /// Entity tags in `meta.version`, `If-Match` and `If-None-Match`.
    pub etag: Support,
    /// Pages by index and by cursor.
    pub pagination: Pagination,
    /// How clients authenticate.
    pub authentication_schemes: Vec<AuthenticationScheme>,
    /// Security events (RFC 9967); `None`: there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_events: Option<SecurityEventSupport>,
    meta: Meta,
}

/// Security events (RFC 9967, section 4).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields are those of the RFC")]
pub struct SecurityEventSupport {
    pub async_request: &'static str,
    pub event_uris: Vec<&'static str>,
    /// How tokens are delivered, by the URNs of RFC 8935 and RFC 8936: what the RFC leaves to agreement.
    pub delivery_methods: [&'static str; 2],
}

/// Whether a feature is supported.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields are those of the RFC")]
pub struct Support {
    pub supported: bool,
}

/// Bulk operations.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields are those of the RFC")]
pub struct BulkSupport {
    pub supported: bool,
    pub max_operations: usize,
    pub max_payload_size: usize,
}

/// Filters.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields are those of the RFC")]
pub struct FilterSupport {
    pub supported: bool,
    pub max_results: u32,
}

/// Pages (RFC 9865 §4).
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "fields are those of the RFC")]
pub struct Pagination {
    pub cursor: bool,
    pub index: bool,
    pub default_pagination_method: &'static str,
    pub default_page_size: u32,
    pub max_page_size: u32,
    /// In seconds.
    pub cursor_timeout: u64,
}

/// One way to authenticate (RFC 7643 §5).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationScheme {
    /// `oauthbearertoken`, `httpbasic`, and so on.
    pub r#type: &'static str,
    /// Name for people.
    pub name: Cow<'static, str>,
    /// What an administrator has to know about it.
    pub description: Cow<'static, str>,
    /// URL of its specification.
    pub spec_uri: Cow<'static, str>,
    /// Whether it is the preferred one.
    pub primary: bool,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    resource_type: &'static str,
    location: String,
}

impl ServiceProviderConfig {
    /// The configuration of a provider that supports everything in this crate, within these limits. Fields can be
    /// changed afterwards.
    ///
    /// ```
    /// use scim_protocol::Limits;
    /// use scim_protocol::discovery::ServiceProviderConfig;
    ///
    /// let config = ServiceProviderConfig::new("https://example.com/scim", &Limits::DEFAULT, Vec::new());
    /// let config = serde_json::to_value(config)?;
    /// assert_eq!(config["filter"]["maxResults"], 200);
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    pub fn new(base: &str, limits: &Limits, authentication_schemes: Vec<AuthenticationScheme>) -> Self {
        let yes = Support { supported: true };
        Self {
            schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            patch: yes,
            bulk: BulkSupport {
                supported: true,
                max_operations: limits.max_bulk_operations,
                max_payload_size: limits.max_bulk_payload_bytes,
            },
            filter: FilterSupport { supported: true, max_results: limits.max_page_size },
            change_password: Support { supported: false },
            sort: yes,
            etag: yes,
            pagination: Pagination {
                cursor: true,
                index: true,
                // Clients that ask for neither know pages by index.
                default_pagination_method: "index",
                default_page_size: limits.default_page_size,
                max_page_size: limits.max_page_size,
                cursor_timeout: limits.cursor_timeout,
            },
            authentication_schemes,
            security_events: None,
            meta: Meta {
                resource_type: "ServiceProviderConfig",
                location: format!("{base}/ServiceProviderConfig"),
            },
        }
    }
}

/// One entry of `/ResourceTypes` (RFC 7643 §6).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResourceTypeBody<'a> {
    schemas: [&'static str; 1],
    /// The type's name, which is its id.
    pub id: &'a str,
    name: &'a str,
    endpoint: &'a str,
    description: &'a str,
    schema: &'a str,
    schema_extensions: Vec<SchemaExtension<'a>>,
    meta: Meta,
}

#[derive(Debug, Clone, Serialize)]
struct SchemaExtension<'a> {
    schema: &'a str,
    required: bool,
}

impl<'a> ResourceTypeBody<'a> {
    /// Describes a resource type.
    pub fn new(resource_type: &'a ResourceType, base: &str) -> Self {
        let extensions = resource_type.extensions.iter();
        Self {
            schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            id: resource_type.name,
            name: resource_type.name,
            endpoint: resource_type.endpoint,
            description: resource_type.description,
            schema: resource_type.schema.id,
            schema_extensions: extensions
                .map(|schema| SchemaExtension { schema: schema.id, required: false })
                .collect(),
            meta: Meta {
                resource_type: "ResourceType",
                location: format!("{base}/ResourceTypes/{}", resource_type.name),
            },
        }
    }
}

/// One entry of `/Schemas` (RFC 7643 §7).
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaBody<'a> {
    schemas: [&'static str; 1],
    /// The schema's URN.
    pub id: &'a str,
    name: &'a str,
    description: &'a str,
    attributes: Vec<AttributeBody<'a>>,
    meta: Meta,
}

impl<'a> SchemaBody<'a> {
    /// The schemas of a resource type: its core schema and its extensions.
    ///
    /// `externalId` is listed in the core schema. RFC 7643 §3.1 makes it an attribute of every resource that no schema
    /// lists, but Microsoft Entra ID's schema discovery offers only listed attributes for its mappings.
    pub fn of_resource_type(resource_type: &'a ResourceType, base: &str) -> Vec<Self> {
        let external_id = resource_type.attribute("externalId");
        let core = external_id.into_iter().chain(&resource_type.schema.attributes);
        let extensions = resource_type.extensions.iter();
        std::iter::once(Self::new(&resource_type.schema, core, base))
            .chain(extensions.map(|extension| Self::new(extension, &extension.attributes, base)))
            .collect()
    }

    fn new(schema: &'a Schema, attributes: impl IntoIterator<Item = &'a Attribute>, base: &str) -> Self {
        Self {
            schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            id: schema.id,
            name: schema.name,
            description: schema.description,
            attributes: attributes.into_iter().map(AttributeBody::new).collect(),
            meta: Meta { resource_type: "Schema", location: format!("{base}/Schemas/{}", schema.id) },
        }
    }
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct AttributeBody<'a> {
    name: &'a str,
    r#type: Kind,
    multi_valued: bool,
    description: &'a str,
    required: bool,
    mutability: Mutability,
    returned: Returned,
    #[serde(skip_serializing_if = "Option::is_none")]
    case_exact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uniqueness: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    canonical_values: &'a [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reference_types: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_attributes: Option<Vec<AttributeBody<'a>>>,
}

impl<'a> AttributeBody<'a> {
    fn new(attribute: &'a Attribute) -> Self {
        // RFC 7643 §7: they do not apply to complex attributes and booleans.
        let is_compared = !matches!(attribute.kind, Kind::Complex | Kind::Boolean);
        let sub_attributes = attribute.sub_attributes.iter();
        Self {
            name: &attribute.name,
            r#type: attribute.kind,
            multi_valued: attribute.multi_valued,
            description: attribute.description,
            required: attribute.required,
            mutability: attribute.mutability,
            returned: attribute.returned,
            case_exact: is_compared.then_some(attribute.case_exact),
            uniqueness: is_compared.then_some(if attribute.unique { "server" } else { "none" }),
            canonical_values: attribute.canonical_values,
            reference_types: attribute.reference_types,
            sub_attributes: (attribute.kind == Kind::Complex)
                .then(|| sub_attributes.map(AttributeBody::new).collect()),
        }
    }
}
