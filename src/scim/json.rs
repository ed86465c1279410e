//! JSON as text and as values.
//!
//! There is one way from text to values and one back, whatever is read or written: each type that `serde_json` reads
//! and each kind of text it reads from is one more reader in the Worker, and [`Value`]'s own brings what complains of
//! types along (docs/size.md).

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Object;

/// Reads JSON.
///
/// # Errors
/// What is wrong with the text, and where.
pub fn parse(text: &[u8]) -> serde_json::Result<Value> {
    parse_with(text, Value::Object)
}

/// Reads JSON, making something of each object that is an element of an array.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(text: &[u8], element: fn(Object) -> Value) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Reader { element }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Writes JSON.
pub fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// An object of these members, of which each has a [`Value`] made `From` it. `json!` would serialize them instead.
macro_rules! object {
    ($($name:literal: $value:expr),+ $(,)?) => {
        $crate::scim::json::object_of(&mut [$(($name, ::serde_json::Value::from($value))),+])
    };
}
pub(crate) use object;

/// What [`object!`] calls: takes the values.
pub(crate) fn object_of(members: &mut [(&str, Value)]) -> Value {
    Value::Object(members.iter_mut().map(|(name, value)| ((*name).to_owned(), value.take())).collect())
}

/// Makes a value of whatever comes.
#[derive(Clone, Copy)]
struct Reader {
    element: fn(Object) -> Value,
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(self)? {
            array.push(match element {
                Value::Object(members) => (self.element)(members),
                element => element,
            });
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Object::new();
        while let Some(name) = members.next_key()? {
            object.insert(name, members.next_value_seed(self)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_as_serde_json_reads_them() {
        for text in [
            r#" {"b": [null, true, "x\n\u00fc", {}, []], "a": {"n": [0, -7, 9007199254740993]}, "": ""} "#,
            r#"[1.5, -0, 1e3, -1.25, 99999999999999999999]"#,
            r#"{"a": 1, "b": 2, "a": 3}"#,
            "\"x\"",
        ] {
            let value = parse(text.as_bytes()).unwrap();
            let expected: Value = serde_json::from_str(text).unwrap();
            assert_eq!(value, expected);
            assert_eq!(write(&value), expected.to_string());
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
            assert_eq!(parse(text.as_bytes()).unwrap_err().to_string(), expected.to_string());
        }
        assert!(parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn an_object_has_its_members_in_order() {
        let made = object! {"b": 1, "a": ["x"], "c": object! {"d": None::<bool>}};
        assert_eq!(made, json!({"b": 1, "a": ["x"], "c": {"d": null}}));
        assert_eq!(write(&made), r#"{"b":1,"a":["x"],"c":{"d":null}}"#);
    }
}
