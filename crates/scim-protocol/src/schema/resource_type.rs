//! Schemas and resource types (RFC 7643 §6, §7).

use super::attribute::{Attribute, find};

/// A schema: a URN and its attributes (RFC 7643 §7).
#[derive(Debug, Clone)]
pub struct Schema {
    /// URN.
    pub id: &'static str,
    /// URNs of older versions of SCIM for the same schema, longer ones first. Some clients still send them.
    pub older_ids: &'static [&'static str],
    /// Name for people.
    pub name: &'static str,
    /// What the schema describes.
    pub description: &'static str,
    /// Attributes, in the order in which they are stored and returned.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// The attribute of that name, in any case.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.attributes, name)
    }

    /// Whether a text is the schema's URN or one of its older ones, in any case.
    pub fn has_urn(&self, urn: &str) -> bool {
        self.ids().any(|id| id.eq_ignore_ascii_case(urn))
    }

    /// The schema's URN and its older ones.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.id).chain(self.older_ids.iter().copied())
    }
}

/// A kind of resource: its endpoint and its schemas (RFC 7643 §6).
#[derive(Debug, Clone)]
pub struct ResourceType {
    /// `User` or `Group`: the type's name and id.
    pub name: &'static str,
    /// Endpoint relative to the base URL.
    pub endpoint: &'static str,
    /// Description in `/ResourceTypes`.
    pub description: &'static str,
    /// The core schema.
    pub schema: Schema,
    /// Extensions, none of which is required.
    pub extensions: Vec<Schema>,
    /// `schemas`, `id`, `externalId` and `meta`: attributes that every resource has and no schema lists (RFC 7643
    /// §3.1).
    pub common: Vec<Attribute>,
}

impl ResourceType {
    /// The core or common attribute of that name, in any case.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.schema.attribute(name).or_else(|| find(&self.common, name))
    }

    /// The extension with that URN, in any case.
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().find(|schema| schema.has_urn(urn))
    }
}
