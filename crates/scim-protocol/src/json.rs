//! JSON as text and as values.
//!
//! There is one way from text to values and one back, whatever is read or written: each type that `serde_json` reads
//! and each kind of text it reads from is one more reader in the Worker, and [`Value`]'s own brings what complains of
//! types along (docs/size.md).

use std::borrow::Cow;
use std::cell::Cell;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Object;

/// The members of an object in the order of the text, of which one may come twice.
pub type Members<'t> = Vec<(Cow<'t, str>, Value)>;

/// Why a text cannot be read.
#[derive(Debug)]
pub enum Unreadable {
    /// It has more values than are read.
    TooMany,
    /// It is not JSON; what is wrong, and where.
    Malformed(serde_json::Error),
}

/// Reads JSON.
///
/// # Errors
/// What is wrong with the text, and where.
pub fn parse(text: &[u8]) -> serde_json::Result<Value> {
    read(text, &Cell::new(usize::MAX), object_from, 0)
}

/// Reads JSON of at most so many values, making something of each object that is an element of an array. Each value
/// takes some hundred bytes once it is read, however short it is: the length of a text says little of the memory that
/// it will take. An array, and an object in an array that `element` leaves an object, takes several times as much, and
/// counts as `container` values more.
///
/// # Errors
/// Why not.
pub fn parse_with<'t>(
    text: &'t [u8],
    most_values: usize,
    element: fn(Members<'t>) -> Value,
    container: usize,
) -> Result<Value, Unreadable> {
    // The first that is too many leaves nothing.
    let left = Cell::new(most_values.saturating_add(1));
    read(text, &left, element, container).map_err(|error| match left.get() {
        0 => Unreadable::TooMany,
        _ => Unreadable::Malformed(error),
    })
}

/// About how many bytes a value takes in memory.
pub fn memory(value: &Value) -> usize {
    const VALUE: usize = 64;
    VALUE.saturating_add(match value {
        Value::String(text) => text.len().saturating_add(16),
        Value::Array(items) => items.iter().map(memory).fold(VALUE, usize::saturating_add),
        Value::Object(parts) => parts
            .iter()
            .map(|(name, part)| name.len().saturating_add(VALUE).saturating_add(memory(part)))
            .fold(VALUE.saturating_mul(3), usize::saturating_add),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    })
}

fn read<'t>(
    text: &'t [u8],
    left: &Cell<usize>,
    element: fn(Members<'t>) -> Value,
    container: usize,
) -> serde_json::Result<Value> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Reader { element, is_element: false, left, container }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The object of these members: of two by one name, the last one counts.
pub fn object_from(members: Members<'_>) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.into_owned(), value)).collect())
}

/// A member of an object, its name in any case (RFC 7643 §2.1).
pub fn member<'v>(object: &'v Object, name: &str) -> Option<&'v Value> {
    object
        .get(name)
        .or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Writes JSON.
pub fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Appends a text as JSON.
pub fn push_text(json: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || matches!(byte, b'"' | b'\\')) {
        json.push_str(&write(&text));
        return;
    }
    json.push('"');
    json.push_str(text);
    json.push('"');
}

/// An object of these members, of which each has a [`Value`] made `From` it. `json!` would serialize them instead.
#[macro_export]
macro_rules! object {
    ($($name:literal: $value:expr),+ $(,)?) => {
        $crate::json::object_of(&mut [$(($name, ::serde_json::Value::from($value))),+])
    };
}
pub use object;

/// What [`object!`] calls: takes the values.
pub fn object_of(members: &mut [(&str, Value)]) -> Value {
    Value::Object(members.iter_mut().map(|(name, value)| ((*name).to_owned(), value.take())).collect())
}

/// Makes a value of whatever comes.
#[derive(Clone, Copy)]
struct Reader<'r, 't> {
    element: fn(Members<'t>) -> Value,
    is_element: bool,
    /// How many values may still come.
    left: &'r Cell<usize>,
    /// How many values an array counts as besides, and an object in an array that stays one.
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

/// The name of a member, where it stands if nothing in it is escaped.
struct Name;

impl<'t> DeserializeSeed<'t> for Name {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Cow<'t, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Name {
    type Value = Cow<'t, str>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Any JSON, with names that come twice, and characters that have to be escaped.
    pub(crate) fn any_json() -> impl Strategy<Value = Value> {
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
            prop_assert_eq!(parse(write(&value).as_bytes()).unwrap(), value);
        }

        #[test]
        fn any_text_is_written_as_serde_json_writes_it(text in any::<String>()) {
            let mut json = String::new();
            push_text(&mut json, &text);
            prop_assert_eq!(json, write(&text));
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
            let fits = |most| parse_with(text.as_bytes(), most, object_from, 0).is_ok();
            (1..).find(|most| fits(*most)).unwrap()
        };
        assert_eq!(count(r#"{"a": [1, "x,[{\"," , {}]}"#), 5);
        assert_eq!(count("true"), 1);
        assert!(matches!(parse_with(b"[1, 2", 2, object_from, 0), Err(Unreadable::TooMany)));
        assert!(matches!(parse_with(b"[1, 2", 9, object_from, 0), Err(Unreadable::Malformed(_))));
    }

    #[test]
    fn what_takes_more_memory_counts_for_more() {
        let fits = |text: &str, most: usize| {
            let small = |members: Members<'_>| match members.is_empty() {
                true => Value::Null,
                false => object_from(members),
            };
            parse_with(text.as_bytes(), most, small, 10).is_ok()
        };
        assert!(fits("[{}, {}, 1]", 14) && !fits("[{}, {}, 1]", 13));
        assert!(fits(r#"[{"a": 1}, 1]"#, 24) && !fits(r#"[{"a": 1}, 1]"#, 23));
    }

    #[test]
    fn an_object_has_its_members_in_order() {
        let made = object! {"b": 1, "a": ["x"], "c": object! {"d": None::<bool>}};
        assert_eq!(made, json!({"b": 1, "a": ["x"], "c": {"d": null}}));
        assert_eq!(write(&made), r#"{"b":1,"a":["x"],"c":{"d":null}}"#);
    }
}
