//! Request bodies: JSON objects, of limited size in memory.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::{AdminCode, Problem};
use scim_protocol::Object;
use scim_protocol::bounded_json::{ParseError, object_of, parse_with};
use scim_protocol::json;

/// Most values of a body.
pub(crate) const MAX_VALUES: usize = 100_000;
/// How many more values an array counts as, and an object in an array: each takes several times as much memory.
const CONTAINER: usize = 10;
/// Longest reason of a refusal, in characters. It may quote the body.
const MAX_REASON: usize = 300;

/// Reads a body as JSON. An empty body counts as `{}`.
///
/// # Errors
/// 400 for anything but a JSON object.
pub(crate) fn parse(body: &[u8]) -> Result<Object, Problem> {
    if body.is_empty() {
        return Ok(Object::new());
    }
    let value = parse_with(body, MAX_VALUES, object_of, CONTAINER).map_err(|why| match why {
        ParseError::TooManyValues => invalid(&format!("it has more than {MAX_VALUES} values")),
        ParseError::Malformed(error) => invalid(&error.to_string()),
    })?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(invalid("it must be a JSON object")),
    }
}

/// Reads the fields of a body.
///
/// # Errors
/// 400 for a field that is unknown, missing or of the wrong type, with its name.
pub(crate) fn read<T: DeserializeOwned>(fields: &Object) -> Result<T, Problem> {
    json::read_exactly(fields).map_err(|error| wrong(&error))
}

/// Reads the fields of a body that may have others, which are ignored.
///
/// # Errors
/// As [`read`], but for unknown fields.
pub(crate) fn read_known<T: DeserializeOwned>(fields: &Object) -> Result<T, Problem> {
    json::read_object(fields).map_err(|error| wrong(&error))
}

fn wrong(error: &json::Error) -> Problem {
    match error.path() {
        None => invalid(&error.reason().to_string()),
        Some(path) => invalid(&format!("\"{}\": {}", shorten(path), error.reason())),
    }
}

fn invalid(why: &str) -> Problem {
    Problem::of(AdminCode::InvalidBody, format!("Invalid request body: {}.", shorten(why)))
}

fn shorten(text: &str) -> String {
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(MAX_REASON).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Inner {
        flag: Option<bool>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Outer {
        name: String,
        age: Option<u64>,
        inner: Inner,
        list: Option<Vec<String>>,
    }

    #[test]
    fn every_field_is_read_or_refused_by_name() {
        let body = |body: &str| parse(body.as_bytes()).and_then(|fields| read::<Outer>(&fields));
        let expected = Outer {
            name: "n".to_owned(),
            age: None,
            inner: Inner { flag: Some(true) },
            list: Some(vec!["a".to_owned()]),
        };
        assert_eq!(body(r#"{"list":["a"],"inner":{"flag":true},"age":null,"name":"n"}"#).unwrap(), expected);
        for (json, said) in [
            ("", "missing field `name`"),
            ("[]", "must be a JSON object"),
            ("{", "EOF"),
            (r#"{"name":1}"#, "\"name\": invalid type"),
            (r#"{"name":null}"#, "\"name\": invalid type: null"),
            (r#"{"name":"n","age":-1}"#, "\"age\": invalid value: integer `-1`"),
            (r#"{"name":"n"}"#, "missing field `inner`"),
            (r#"{"name":"n","inner":{"flag":0}}"#, "\"inner.flag\": invalid type"),
            (r#"{"name":"n","inner":{"x":0}}"#, "\"inner.x\": unknown field"),
            (r#"{"name":"n","inner":{},"list":[1]}"#, "\"list[0]\": invalid type"),
            (r#"{"name":"n","inner":{},"extra":null}"#, "\"extra\": unknown field"),
            (r#"{"title":"n"}"#, "\"title\": unknown field"),
        ] {
            let problem = body(json).unwrap_err();
            assert_eq!(problem.status, 400);
            assert!(problem.detail.contains(said), "{json}: {}", problem.detail);
        }
    }

    #[test]
    fn a_refusal_quotes_little_of_a_body() {
        let name = "ü".repeat(10_000);
        for json in [format!(r#"{{"{name}":1}}"#), format!(r#"{{"name":"n","age":"{name}"}}"#)] {
            let detail =
                parse(json.as_bytes()).and_then(|fields| read::<Outer>(&fields)).unwrap_err().into_detail();
            assert!(
                detail.starts_with("Invalid request body: \"") && detail.chars().count() < 700,
                "{detail}"
            );
        }
    }
}
