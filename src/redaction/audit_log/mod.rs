//! Redacts requests for the audit log of an organization, by an allow-list: the schema.
//!
//! Values of attributes of the schema are kept, except passwords and certificates. Of everything else that a client
//! sends, only the name is kept: a deny-list of the names of secrets would never be complete. What is redacted in the
//! request is redacted in messages that quote it, too.

mod address;
pub(crate) mod body;
mod filter;

use std::cell::RefCell;

use super::secrets::redact;
use directory::Catalog;
use scim_protocol::Limits;
use scim_protocol::attribute_path::{AttributePath, resolve};
use scim_protocol::error::shorten;
use scim_protocol::schema::{Attribute, Kind, ResourceType, Returned};

pub use address::{console_path, is_id, is_known_segment};
pub use body::admin_call_body;

/// Replaces what is redacted.
const ELLIPSIS: &str = "…";
/// Longest name that is kept, in bytes.
pub(crate) const MAX_NAME: usize = 100;
/// Most redacted texts that are remembered.
const MAX_REDACTED: usize = 100;

/// Redacts one request, and remembers what it has redacted.
#[derive(Debug)]
pub struct Redactor<'c> {
    /// The resource types that the request may be about.
    types: Vec<&'c ResourceType>,
    limits: &'c Limits,
    /// Redacted texts and their replacements, for messages that quote the request.
    redacted: RefCell<Vec<(String, String)>>,
}

impl<'c> Redactor<'c> {
    /// For a request to this endpoint: the first segment behind the base path.
    pub fn new(catalog: &'c Catalog, endpoint: Option<&str>) -> Self {
        let types = match endpoint {
            Some("Users") => vec![&catalog.user],
            Some("Groups") => vec![&catalog.group],
            _ => vec![&catalog.user, &catalog.group],
        };
        Self { types, limits: &catalog.limits, redacted: RefCell::default() }
    }

    /// Redacts a message that may quote the request.
    pub fn message(&self, text: &str) -> String {
        let mut redacted = self.redacted.borrow().clone();
        // The longest first: a shorter text may be part of it.
        redacted.sort_by_cached_key(|(text, _)| -(text.len() as i64));
        let mut message = text.to_owned();
        for (text, replacement) in &redacted {
            for quoted in [text.clone(), shorten(text)] {
                message = replace_word(&message, &quoted, replacement);
            }
        }
        redact(&message).into_owned()
    }

    fn remember(&self, text: &str, replacement: &str) {
        let mut redacted = self.redacted.borrow_mut();
        if redacted.len() < MAX_REDACTED && !text.is_empty() && text != replacement {
            redacted.push((text.to_owned(), replacement.to_owned()));
        }
    }

    fn resolve(&self, name: &str) -> Option<AttributePath<'c>> {
        self.types.iter().find_map(|resource_type| resolve(resource_type, name))
    }
}

/// Replaces a text wherever it is a whole word.
fn replace_word(within: &str, text: &str, by: &str) -> String {
    let is_part = |character: char| character.is_alphanumeric();
    let mut replaced = String::with_capacity(within.len());
    let mut rest = within;
    while let Some(at) = rest.find(text) {
        let (before, found) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let after = found.get(text.len()..).unwrap_or_default();
        let inside = text.starts_with(is_part) && before.ends_with(is_part)
            || text.ends_with(is_part) && after.starts_with(is_part);
        replaced.push_str(before);
        replaced.push_str(if inside { text } else { by });
        rest = after;
    }
    replaced.push_str(rest);
    replaced
}

/// Whether values of an attribute are secrets or certificates.
fn is_secret(attribute: &Attribute) -> bool {
    attribute.returned == Returned::Never
        || attribute.kind == Kind::Binary
        || attribute.sub_attributes.iter().any(|sub_attribute| sub_attribute.kind == Kind::Binary)
}

fn is_secret_path(path: &AttributePath<'_>) -> bool {
    [path.attribute, path.sub_attribute].into_iter().flatten().any(is_secret)
}

/// The beginning of a text that may be the name of an attribute (RFC 7643 §2.1, RFC 7644 §3.10), for a name that is not
/// in the schema.
fn unknown_name(text: &str) -> String {
    let end = text
        .find(|character: char| !(character.is_ascii_alphanumeric() || "_$-.:".contains(character)))
        .unwrap_or(text.len())
        .min(MAX_NAME);
    let kept = text.get(..end).unwrap_or_default();
    let more = if kept.len() < text.len() { ELLIPSIS } else { "" };
    format!("{}{more}", redact(kept))
}
