//! How columns of a row become fields of a struct: functions for `#[serde(deserialize_with = "…")]`. Text and numbers
//! need none.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error};
use worker::js_sys::JsString;

use crate::runtime::js_text::JsText;
use scim_protocol::json::{parse, parse_object};

/// A column with JSON, as any type.
pub(crate) fn json<'de, D: Deserializer<'de>, T: DeserializeOwned>(column: D) -> Result<T, D::Error> {
    let text = String::deserialize(column)?;
    serde_json::from_str(&text).map_err(D::Error::custom)
}

/// As [`json`], for columns that requests of identity providers do not read.
pub(crate) fn json_by_value<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    column: D,
) -> Result<T, D::Error> {
    parse(&String::deserialize(column)?).map_err(D::Error::custom)
}

/// As [`json_by_value`], for columns with a JSON object.
pub(crate) fn object_by_value<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    column: D,
) -> Result<T, D::Error> {
    parse_object(&String::deserialize(column)?).map_err(D::Error::custom)
}

/// As [`json_by_value`], for columns that may be NULL.
pub(crate) fn json_or_none<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    column: D,
) -> Result<Option<T>, D::Error> {
    Option::<String>::deserialize(column)?.map(|text| parse(&text)).transpose().map_err(D::Error::custom)
}

/// A condition, of which SQLite makes 0 or 1.
pub(crate) fn flag<'de, D: Deserializer<'de>>(column: D) -> Result<bool, D::Error> {
    match u8::deserialize(column)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(D::Error::custom(format_args!("{other} is neither 0 nor 1"))),
    }
}

/// A column with a JSON array of integers. A large group has a hundred thousand of them, so no value is made of each.
pub(crate) fn integers<'de, D: Deserializer<'de>>(column: D) -> Result<Vec<i64>, D::Error> {
    let text = String::deserialize(column)?;
    parse_integers(&text).ok_or_else(|| D::Error::custom("not an array of integers"))
}

/// Text that stays in the runtime's memory.
pub(crate) fn js_text<'de, D: Deserializer<'de>>(column: D) -> Result<JsText, D::Error> {
    serde_wasm_bindgen::preserve::deserialize::<D, JsString>(column).map(JsText::Js)
}

/// Reads a JSON array that has integers and nothing else.
pub(crate) fn parse_integers(text: &str) -> Option<Vec<i64>> {
    match text.strip_prefix('[')?.strip_suffix(']')? {
        "" => Some(Vec::new()),
        inner => inner.split(',').map(|number| number.parse().ok()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json as value};

    #[derive(Debug, PartialEq, Deserialize)]
    struct Row {
        #[serde(deserialize_with = "json")]
        domains: Vec<String>,
        #[serde(deserialize_with = "flag")]
        active: bool,
        #[serde(deserialize_with = "integers")]
        seqs: Vec<i64>,
    }

    fn row(active: i64, domains: &str, seqs: &str) -> Result<Row, serde_json::Error> {
        from_value::<Row>(value!({"active": active, "domains": domains, "seqs": seqs}))
    }

    #[test]
    fn columns_are_read_as_what_they_hold() {
        let read = row(1, r#"["a"]"#, "[1,-2]").unwrap();
        assert_eq!(read, Row { domains: vec!["a".to_owned()], active: true, seqs: vec![1, -2] });
        for (active, domains, seqs) in [(2, "[]", "[]"), (1, "{}", "[]"), (0, "[]", "[1.5]"), (0, "", "[]")] {
            assert!(row(active, domains, seqs).is_err(), "{active} {domains} {seqs}");
        }
        assert!(from_value::<Row>(value!({"active": 1, "domains": null, "seqs": "[]"})).is_err());
    }

    #[test]
    fn only_integers_are_integers() {
        assert!(parse_integers("[]").unwrap().is_empty());
        for text in ["", "{", "{}", "[1.5]", "[\"1\"]", "[null]", "[1", "1", "[1,]"] {
            assert_eq!(parse_integers(text), None, "{text}");
        }
    }
}
