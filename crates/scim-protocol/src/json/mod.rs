//! JSON values as types that derive serde's `Deserialize`.
//!
//! A struct is read field by field, as by formats without names: with `visit_seq`, not `visit_map`. The code that serde
//! derives for that has half the size, and none that compares names. What follows from it:
//!
//! - An array is no struct, while serde_json takes one for it.
//! - Whether members that no field has are refused depends on the call, [`read`] or [`read_exactly`], and holds for the
//!   whole value. `deny_unknown_fields` of a type has no effect.
//! - A missing field that is an `Option` is `None`, also if the type has another default for it.
//! - A field that may be null but not missing needs [`present`].
//! - Fields have no `alias`: reading such a type fails.

mod error;
mod reader;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::Object;
use reader::{Reader, Source};

pub use error::Error;

/// Reads a value.
///
/// ```
/// use scim_protocol::json::read;
/// use serde::Deserialize;
/// use serde_json::json;
///
/// #[derive(Deserialize)]
/// struct Person {
///     emails: Vec<String>,
/// }
///
/// let person: Person = read(&json!({"emails": ["ann@example.com"], "age": 7})).unwrap();
/// assert_eq!(person.emails, ["ann@example.com"]);
/// let error = read::<Person>(&json!({"emails": ["ann@example.com", 7]})).err().unwrap();
/// assert_eq!(error.to_string(), "emails[1]: invalid type: integer `7`, expected a string");
/// ```
///
/// # Errors
/// What is wrong, and where.
pub fn read<'v, T: Deserialize<'v>>(value: &'v Value) -> Result<T, Error> {
    read_source(Source::of(value), false)
}

/// Reads an object as [`read`] does.
///
/// # Errors
/// What is wrong, and where.
pub fn read_object<'v, T: Deserialize<'v>>(object: &'v Object) -> Result<T, Error> {
    read_source(Source::Object(object), false)
}

/// Reads an object, and refuses members that no field has.
///
/// # Errors
/// What is wrong, and where.
pub fn read_exactly<'v, T: Deserialize<'v>>(object: &'v Object) -> Result<T, Error> {
    read_source(Source::Object(object), true)
}

/// Reads a text as JSON, and that as [`read`] does.
///
/// # Errors
/// What is wrong, and where.
pub fn parse<T: for<'v> Deserialize<'v>>(json: &str) -> Result<T, Error> {
    read(&serde_json::from_str(json)?)
}

/// Reads a text as a JSON object, and that as [`read`] does.
///
/// # Errors
/// What is wrong, and where.
pub fn parse_object<T: for<'v> Deserialize<'v>>(json: &str) -> Result<T, Error> {
    read_object(&serde_json::from_str(json)?)
}

/// Reads a word: the name of an enum's variant.
///
/// # Errors
/// There is none of that name.
pub fn read_word<'v, T: Deserialize<'v>>(word: &'v str) -> Result<T, Error> {
    read_source(Source::Text(word), false)
}

fn read_source<'v, T: Deserialize<'v>>(source: Source<'v>, is_exact: bool) -> Result<T, Error> {
    let mut reader = Reader::new(source, is_exact);
    T::deserialize(&mut reader).map_err(|error| reader.explain(error))
}

/// A field that may be null but not missing, for `#[serde(deserialize_with = "…")]`.
///
/// # Errors
/// Those of the value.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(value: D) -> Result<Option<T>, D::Error> {
    // Serde takes a missing newtype for an error, also if it has an `Option`.
    #[derive(Deserialize)]
    struct Present<T>(Option<T>);

    Present::deserialize(value).map(|Present(value)| value)
}

#[cfg(test)]
mod tests;
