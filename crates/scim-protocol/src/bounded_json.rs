//! Reading JSON that an untrusted client sent, with a bound on how much memory it takes.
//!
//! The length of a text says little about the memory that its values take: each takes some hundred bytes, however short
//! it is. These functions bound the number of values while they read. Nesting is bounded by serde_json, at 128.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::Object;

/// The members of an object in the order of the text. A name can occur more than once.
pub type Members<'t> = Vec<(Cow<'t, str>, Value)>;

/// Why a text cannot be read.
#[derive(Debug)]
pub enum ParseError {
    /// It has more values than the bound.
    TooManyValues,
    /// It is not JSON.
    Malformed(serde_json::Error),
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyValues => formatter.write_str("the text has too many values"),
            Self::Malformed(error) => error.fmt(formatter),
        }
    }
}

impl std::error::Error for ParseError {}

/// Reads JSON of at most `max_values` values. Objects, arrays and their elements count as one value each.
///
/// ```
/// use scim_protocol::bounded_json::parse;
///
/// assert!(parse(br#"{"userName": "ann", "emails": []}"#, 3).is_ok());
/// assert!(parse(br#"{"userName": "ann", "emails": []}"#, 2).is_err());
/// ```
///
/// # Errors
/// [`ParseError`]
pub fn parse(text: &[u8], max_values: usize) -> Result<Value, ParseError> {
    parse_with(text, max_values, object_of, 0)
}

/// Reads JSON as [`parse`] does, and calls `element` for each object that is an element of an array. What it returns
/// takes the object's place, so that elements can be stored in less memory than an object takes.
///
/// An array, and an object in an array that `element` leaves an object, takes several times as much memory as other
/// values; it counts as 1 + `container` values.
///
/// # Errors
/// [`ParseError`]
pub fn parse_with<'t>(
    text: &'t [u8],
    max_values: usize,
    element: fn(Members<'t>) -> Value,
    container: usize,
) -> Result<Value, ParseError> {
    // The first value that is too many leaves 0.
    let left = Cell::new(max_values.saturating_add(1));
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    Reader { element, is_element: false, left: &left, container }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| match left.get() {
            0 => ParseError::TooManyValues,
            _ => ParseError::Malformed(error),
        })
}

/// The object of these members; of several with one name, the last counts.
pub fn object_of(members: Members<'_>) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.into_owned(), value)).collect())
}

/// Approximate number of bytes that a value takes in memory.
pub fn memory_size(value: &Value) -> usize {
    const VALUE: usize = 64;
    VALUE.saturating_add(match value {
        Value::String(text) => text.len().saturating_add(16),
        Value::Array(items) => items.iter().map(memory_size).fold(VALUE, usize::saturating_add),
        Value::Object(parts) => parts
            .iter()
            .map(|(name, part)| name.len().saturating_add(VALUE).saturating_add(memory_size(part)))
            .fold(VALUE.saturating_mul(3), usize::saturating_add),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    })
}

/// Reads any value.
#[derive(Clone, Copy)]
struct Reader<'r, 't> {
    element: fn(Members<'t>) -> Value,
    is_element: bool,
    /// How many values may still come; 0 if there were too many.
    left: &'r Cell<usize>,
    /// As how many more values an array counts, and an object in an array that stays an object.
    container: usize,
}

impl Reader<'_, '_> {
    /// Counts values.
    fn count<E: Error>(&self, values: usize) -> Result<(), E> {
        self.left.set(self.left.get().saturating_sub(values));
        match self.left.get() {
            0 => Err(E::custom("too many values")),
            _ => Ok(()),
        }
    }
}

impl<'t> DeserializeSeed<'t> for Reader<'_, 't> {
    type Value = Value;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.count(1)?;
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Reader<'_, 't> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut elements: A) -> Result<Value, A::Error> {
        self.count(self.container)?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(Self { is_element: true, ..self })? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Value, A::Error> {
        let value = Self { is_element: false, ..self };
        if self.is_element {
            let mut members = Vec::new();
            while let Some(name) = map.next_key_seed(Name)? {
                members.push((name, map.next_value_seed(value)?));
            }
            let made = (self.element)(members);
            if made.is_object() {
                self.count(self.container)?;
            }
            return Ok(made);
        }
        let mut object = Object::new();
        while let Some(name) = map.next_key_seed(Name)? {
            object.insert(name.into_owned(), map.next_value_seed(value)?);
        }
        Ok(Value::Object(object))
    }
}

/// Reads the name of a member, borrowed unless something in it is escaped.
struct Name;

impl<'t> DeserializeSeed<'t> for Name {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Cow<'t, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Name {
    type Value = Cow<'t, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'t str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Any JSON, with names that come twice, and characters that have to be escaped.
    fn any_json() -> impl Strategy<Value = Value> {
        let text = proptest::prop_oneof![".{0,12}", "[\"\\\\\u{0}-\u{1f}\u{7f}a-c]{0,6}"];
        let leaf = proptest::prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            // serde_json reads other fractions to the last bit but one.
            any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(10, 200, 40, move |inner| {
            proptest::prop_oneof![
                proptest::collection::vec(inner.clone(), 0..40).prop_map(Value::from),
                proptest::collection::vec((text.clone(), inner), 0..40).prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_value_comes_back_from_its_text(value in any_json()) {
            prop_assert_eq!(parse(value.to_string().as_bytes(), usize::MAX).unwrap(), value);
        }
    }

    #[test]
    fn values_are_read_as_serde_json_reads_them() {
        for text in [
            r#" {"b": [null, true, "x\n\u00fc", {}, []], "a": {"n": [0, -7, 9007199254740993]}, "": ""} "#,
            r#"[1.5, -0, 1e3, -1.25, 99999999999999999999]"#,
            r#"{"a": 1, "b": 2, "a": 3}"#,
            "\"x\"",
        ] {
            let value = parse(text.as_bytes(), usize::MAX).unwrap();
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(value, expected);
            assert_eq!(value.to_string(), expected.to_string());
        }
    }

    #[test]
    fn what_is_not_json_is_refused_as_serde_json_refuses_it() {
        let deep = "[".repeat(200);
        for text in [
            "",
            "{",
            "[1,]",
            "nul",
            "\"\u{1}\"",
            "{\"a\"}",
            "1 2",
            "{1:2}",
            "01",
            "1.",
            "\"\\ud800\"",
            "1e999",
            &deep,
        ] {
            let expected = serde_json::from_slice::<Value>(text.as_bytes()).unwrap_err();
            assert_eq!(parse(text.as_bytes(), usize::MAX).unwrap_err().to_string(), expected.to_string());
        }
        assert!(parse(b"\"\xff\"", usize::MAX).is_err());
    }

    #[test]
    fn elements_of_arrays_are_made_something_of_and_nothing_else() {
        let count = |members: Members<'_>| Value::from(members.len());
        let made = parse_with(
            br#"{"a": {"b": 1}, "c": [{"d": {"e": [{}]}}, [{"f": 1, "f": 2}], {}]}"#,
            99,
            count,
            0,
        );
        assert_eq!(made.unwrap(), json!({"a": {"b": 1}, "c": [1, [2], 0]}));
        assert_eq!(parse_with(br#"{"a": 1}"#, 99, count, 0).unwrap(), json!({"a": 1}));
    }

    #[test]
    fn as_many_values_as_are_read_and_no_more() {
        let count = |text: &str| {
            let fits = |most| parse(text.as_bytes(), most).is_ok();
            (1..).find(|most| fits(*most)).unwrap()
        };
        assert_eq!(count(r#"{"a": [1, "x,[{\"," , {}]}"#), 5);
        assert_eq!(count("true"), 1);
        assert!(matches!(parse(b"[1, 2", 2), Err(ParseError::TooManyValues)));
        assert!(matches!(parse(b"[1, 2", 9), Err(ParseError::Malformed(_))));
    }

    #[test]
    fn what_takes_more_memory_counts_for_more() {
        let fits = |text: &str, most: usize| {
            let small = |members: Members<'_>| match members.is_empty() {
                true => Value::Null,
                false => object_of(members),
            };
            parse_with(text.as_bytes(), most, small, 10).is_ok()
        };
        assert!(fits("[{}, {}, 1]", 14) && !fits("[{}, {}, 1]", 13));
        assert!(fits(r#"[{"a": 1}, 1]"#, 24) && !fits(r#"[{"a": 1}, 1]"#, 23));
    }
}
