//! Attribute definitions (RFC 7643 §7) and the table of them that everything else reads.

use serde::Serialize;

mod group;
mod meta;
mod user;

pub use group::group;
pub use user::{ENTERPRISE_USER, user};

/// URN of the core User schema.
pub const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the core Group schema.
pub const CORE_GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// Data type of an attribute (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Unicode text.
    String,
    /// `true` or `false`.
    Boolean,
    /// ISO 8601 date and time.
    DateTime,
    /// A URI.
    Reference,
    /// Base64.
    Binary,
    /// An object of sub-attributes.
    Complex,
}

/// Who may change an attribute, and when (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Set by the service provider only; ignored in what a client sends.
    ReadOnly,
    /// Read and written by clients.
    ReadWrite,
    /// Set at creation, never changed.
    Immutable,
    /// Written by clients, never returned.
    WriteOnly,
}

/// When an attribute is part of an answer (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// Whatever is asked for.
    Always,
    /// In no answer.
    Never,
    /// Unless the client asks for other attributes or excludes it.
    Default,
}

/// One attribute and its characteristics (RFC 7643 §7).
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Name in its canonical spelling.
    pub name: String,
    /// Data type.
    pub kind: Kind,
    /// Whether the value is an array.
    pub multi_valued: bool,
    /// What it is, for the reader of `/Schemas`.
    pub description: &'static str,
    /// Whether a resource must have it.
    pub required: bool,
    /// Whether values are compared with regard to case.
    pub case_exact: bool,
    /// Who may change it.
    pub mutability: Mutability,
    /// When it is returned.
    pub returned: Returned,
    /// Whether the service provider keeps it unique.
    pub unique: bool,
    /// Values a client should use; empty: any.
    pub canonical_values: &'static [&'static str],
    /// What a [`Kind::Reference`] may point to.
    pub reference_types: &'static [&'static str],
    /// Sub-attributes of a [`Kind::Complex`].
    pub sub_attributes: Vec<Attribute>,
}

impl Attribute {
    /// An attribute of this kind with the RFC's default characteristics (RFC 7643 §2.2).
    pub fn new(name: &str, kind: Kind, description: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            multi_valued: false,
            description,
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            unique: false,
            canonical_values: &[],
            reference_types: &[],
            sub_attributes: Vec::new(),
        }
    }

    /// A single-valued string.
    pub fn string(name: &str, description: &'static str) -> Self {
        Self::new(name, Kind::String, description)
    }

    /// A complex attribute.
    pub fn complex(name: &str, description: &'static str, sub_attributes: Vec<Attribute>) -> Self {
        Self { sub_attributes, ..Self::new(name, Kind::Complex, description) }
    }

    /// A reference to resources of the given types.
    pub fn reference(name: &str, types: &'static [&'static str], description: &'static str) -> Self {
        // RFC 7643 §2.3.7: references are case exact.
        Self { reference_types: types, case_exact: true, ..Self::new(name, Kind::Reference, description) }
    }

    /// The same, as an array.
    pub fn multi_valued(self) -> Self {
        Self { multi_valued: true, ..self }
    }

    /// The same, required.
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same, compared with regard to case.
    pub fn case_exact(self) -> Self {
        Self { case_exact: true, ..self }
    }

    /// The same, kept unique by the service provider.
    pub fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// The same with another mutability.
    pub fn mutability(self, mutability: Mutability) -> Self {
        Self { mutability, ..self }
    }

    /// The same, read-only, its sub-attributes included.
    pub fn read_only(self) -> Self {
        let sub_attributes = self.sub_attributes.into_iter().map(Attribute::read_only).collect();
        Self { mutability: Mutability::ReadOnly, sub_attributes, ..self }
    }

    /// The same, returned at other times.
    pub fn returned(self, returned: Returned) -> Self {
        Self { returned, ..self }
    }

    /// The same with values that clients should use.
    pub fn canonical(self, canonical_values: &'static [&'static str]) -> Self {
        Self { canonical_values, ..self }
    }

    /// What a value of a multi-valued attribute counts as where it does not say: RFC 7643 §2.4 has an absent
    /// "primary" be false. `None` for every other attribute.
    pub fn assumed(&self) -> Option<bool> {
        (self.kind == Kind::Boolean && self.name == "primary").then_some(false)
    }

    /// The sub-attribute of that name, in any case.
    pub fn sub_attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.sub_attributes, name)
    }

    /// The sub-attribute that a key of the attribute's own object names. Besides the plain name, a client may write it
    /// as it would outside of the object: `manager.value` or `urn:…:User:manager.value` in the value of `manager`.
    pub fn part(&self, key: &str) -> Option<&Attribute> {
        self.sub_attribute(key).or_else(|| {
            let name = without_urn(key);
            let name = match name.split_once('.') {
                Some((own, sub_name)) if own.eq_ignore_ascii_case(&self.name) => sub_name,
                _ => name,
            };
            self.sub_attribute(name)
        })
    }
}

/// A name without the URN of the schema before it, if it has one that is known here.
fn without_urn(name: &str) -> &str {
    if !starts_with(name, "urn:") {
        return name;
    }
    let known = [user::IDS, group::IDS].into_iter().flatten().flat_map(|ids| ids.iter());
    known
        .filter(|urn| starts_with(name, urn))
        .find_map(|urn| name.get(urn.len()..)?.strip_prefix([':', '.']))
        .unwrap_or(name)
}

/// Whether a text begins with another, without regard to the case of ASCII letters.
pub(crate) fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// Attribute names are compared without case (RFC 7643 §2.1).
fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// A schema: a URN and its attributes (RFC 7643 §7).
#[derive(Debug, Clone)]
pub struct Schema {
    /// URN.
    pub id: &'static str,
    /// URNs of earlier versions of SCIM that stand for the same schema, the longer ones first. Some clients still send
    /// them.
    pub older_ids: &'static [&'static str],
    /// Name for people.
    pub name: &'static str,
    /// What the schema describes.
    pub description: &'static str,
    /// Its attributes, in the order in which they are stored and returned.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// The attribute of that name, in any case.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.attributes, name)
    }

    /// Whether the text is the schema's URN or one of its older ones, in any case.
    pub fn is_called(&self, urn: &str) -> bool {
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
    /// What it is.
    pub description: &'static str,
    /// The core schema.
    pub schema: Schema,
    /// Extensions; none of them is required.
    pub extensions: Vec<Schema>,
    /// `id`, `externalId`, `meta`: attributes every resource has that no schema lists (RFC 7643 §3.1).
    pub common: Vec<Attribute>,
}

impl ResourceType {
    /// The core or common attribute of that name, in any case.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.schema.attribute(name).or_else(|| find(&self.common, name))
    }

    /// The extension with that URN, in any case.
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().find(|schema| schema.is_called(urn))
    }
}
