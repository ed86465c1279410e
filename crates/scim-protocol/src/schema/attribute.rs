//! Attributes and their characteristics (RFC 7643 §2.2, §2.3, §7).

use serde::Serialize;

use super::urn::without_urn;

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

/// Whether and when clients may change an attribute (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Mutability {
    /// Set by the service provider; ignored in the bodies of clients.
    ReadOnly,
    /// Read and written by clients.
    ReadWrite,
    /// Set at creation, never changed.
    Immutable,
    /// Written by clients and never returned.
    WriteOnly,
}

/// When an attribute is part of a response (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Returned {
    /// In every response.
    Always,
    /// In no response.
    Never,
    /// Unless the client requests other attributes or excludes it.
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
    /// Description in `/Schemas`.
    pub description: &'static str,
    /// Whether a resource must have it.
    pub required: bool,
    /// Whether values are compared case-sensitively.
    pub case_exact: bool,
    /// Whether and when clients may change it.
    pub mutability: Mutability,
    /// When it is returned.
    pub returned: Returned,
    /// Whether the service provider keeps it unique.
    pub unique: bool,
    /// Values that clients should use; empty for any.
    pub canonical_values: &'static [&'static str],
    /// Types of resources that a [`Kind::Reference`] may point to, `uri` or `external`.
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

    /// The same attribute, multi-valued.
    pub fn multi_valued(self) -> Self {
        Self { multi_valued: true, ..self }
    }

    /// The same attribute, required.
    pub fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The same attribute, compared case-sensitively.
    pub fn case_exact(self) -> Self {
        Self { case_exact: true, ..self }
    }

    /// The same attribute, kept unique by the service provider.
    pub fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// The same attribute with another mutability.
    pub fn mutability(self, mutability: Mutability) -> Self {
        Self { mutability, ..self }
    }

    /// The same attribute, read-only, with all its sub-attributes.
    pub fn read_only(self) -> Self {
        let sub_attributes = self.sub_attributes.into_iter().map(Attribute::read_only).collect();
        Self { mutability: Mutability::ReadOnly, sub_attributes, ..self }
    }

    /// The same attribute, returned at other times.
    pub fn returned(self, returned: Returned) -> Self {
        Self { returned, ..self }
    }

    /// The same attribute with values that clients should use.
    pub fn canonical(self, canonical_values: &'static [&'static str]) -> Self {
        Self { canonical_values, ..self }
    }

    /// The value that filters assume where the attribute is missing: `false` for `primary` (RFC 7643 §2.4), `None` for
    /// all others.
    pub fn assumed(&self) -> Option<bool> {
        (self.kind == Kind::Boolean && self.name == "primary").then_some(false)
    }

    /// The sub-attribute of that name, in any case.
    pub fn sub_attribute(&self, name: &str) -> Option<&Attribute> {
        find(&self.sub_attributes, name)
    }

    /// The sub-attribute that a key in a value of the attribute names. Some clients write the full name there:
    /// `manager.value` or `urn:…:User:manager.value` in the value of `manager`.
    pub fn sub_attribute_of_key(&self, key: &str) -> Option<&Attribute> {
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

/// Finds an attribute by its name in any case (RFC 7643 §2.1).
pub(crate) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}
