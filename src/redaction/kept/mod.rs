//! What the log of an organization keeps of a request: what the schema knows.
//!
//! Values of attributes of the schema are kept, but for passwords and certificates. Of anything else that a client
//! sends, only the name is kept: no list of names of secrets would ever be complete. What is left out of the request is
//! left out of what quotes it, too.

mod address;
mod body;
mod filter;

use std::cell::RefCell;

use super::secret::redacted;
use directory::Catalog;
use scim_protocol::Limits;
use scim_protocol::attribute_path::{AttributePath, resolve};
use scim_protocol::error::shorten;
use scim_protocol::schema::{Attribute, Kind, ResourceType, Returned};

pub use address::{address_of_parts, is_id, known_segment};
pub use body::{of_body, of_call};

/// Stands where something was that is not kept.
const MORE: &str = "…";
/// Longest name that is kept, in bytes.
const LONGEST_NAME: usize = 100;
/// Most texts that are remembered as left out.
const MOST_LEFT_OUT: usize = 100;

/// Decides what is kept of one request, and remembers what was left out of it.
#[derive(Debug)]
pub struct Kept<'c> {
    /// The resource types that the request may be about.
    types: Vec<&'c ResourceType>,
    limits: &'c Limits,
    /// What a text that is not kept is replaced by where something quotes it.
    left_out: RefCell<Vec<(String, String)>>,
}

impl<'c> Kept<'c> {
    /// Of a request to this endpoint: its first segment behind the base path.
    pub fn of(catalog: &'c Catalog, endpoint: Option<&str>) -> Self {
        let types = match endpoint {
            Some("Users") => vec![&catalog.user],
            Some("Groups") => vec![&catalog.group],
            _ => vec![&catalog.user, &catalog.group],
        };
        Self { types, limits: &catalog.limits, left_out: RefCell::default() }
    }

    /// A text that may quote the request, without what is left out of it.
    pub fn told(&self, text: &str) -> String {
        let mut left_out = self.left_out.borrow().clone();
        // What is part of something else comes after it.
        left_out.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        let mut told = text.to_owned();
        for (text, kept) in &left_out {
            for quoted in [text.clone(), shorten(text)] {
                told = replaced(&told, &quoted, kept);
            }
        }
        redacted(&told).into_owned()
    }

    fn leave_out(&self, text: &str, kept: &str) {
        let mut left_out = self.left_out.borrow_mut();
        if left_out.len() < MOST_LEFT_OUT && !text.is_empty() && text != kept {
            left_out.push((text.to_owned(), kept.to_owned()));
        }
    }

    fn resolve(&self, name: &str) -> Option<AttributePath<'c>> {
        self.types.iter().find_map(|resource_type| resolve(resource_type, name))
    }
}

/// Replaces a text wherever it stands as a word of its own.
fn replaced(within: &str, text: &str, by: &str) -> String {
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

/// A name that no schema has, as far as it can be one (RFC 7643 §2.1, RFC 7644 §3.10).
fn name(text: &str) -> String {
    let end = text
        .find(|character: char| !(character.is_ascii_alphanumeric() || "_$-.:".contains(character)))
        .unwrap_or(text.len())
        .min(LONGEST_NAME);
    let kept = text.get(..end).unwrap_or_default();
    let more = if kept.len() < text.len() { MORE } else { "" };
    format!("{}{more}", redacted(kept))
}
