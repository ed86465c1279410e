//! JSON objects as types.

use std::iter::FusedIterator;

use serde::de::DeserializeOwned;
use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde_json::map::Iter;
use serde_json::{Error, Value};

use scim_protocol::Object;

/// Reads an object.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read<T: DeserializeOwned>(fields: &Object) -> Result<T, Error> {
    read_naming(fields).map_err(|(_, error)| error)
}

/// As [`read`]; an error has the name of the field that is unknown or wrong.
///
/// # Errors
/// What is wrong, and with which field; `None`: one is missing.
pub(crate) fn read_naming<T: DeserializeOwned>(fields: &Object) -> Result<T, (Option<&str>, Error)> {
    let mut members = Members { rest: fields.iter(), last: None };
    let read = T::deserialize(MapAccessDeserializer::new(MapDeserializer::new(&mut members)));
    read.map_err(|error| (members.last, error))
}

/// The members of an object.
struct Members<'f> {
    rest: Iter<'f>,
    /// The member that was taken last, if it was not the end.
    last: Option<&'f str>,
}

impl<'f> Iterator for Members<'f> {
    type Item = (&'f str, &'f Value);

    // Each type that is read has a call of it.
    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        let member = self.rest.next().map(|(name, value)| (name.as_str(), value));
        self.last = member.map(|(name, _)| name);
        member
    }
}

impl FusedIterator for Members<'_> {}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Part {
        name: String,
        size: Option<u8>,
    }

    #[test]
    fn an_error_names_the_field() {
        let read = |json: Value| {
            let fields = json.as_object().unwrap();
            read_naming::<Part>(fields)
                .map_err(|(name, error)| (name.unwrap_or_default().to_owned(), error.to_string()))
        };
        assert_eq!(
            read(json!({"size": 7, "name": "n"})).unwrap(),
            Part { name: "n".to_owned(), size: Some(7) }
        );
        for (json, name, why) in [
            (json!({"name": "n", "size": 256}), "size", "invalid value: integer `256`, expected u8"),
            (
                json!({"name": "n", "age": 1, "size": 1}),
                "age",
                "unknown field `age`, expected `name` or `size`",
            ),
            (json!({"size": 1}), "", "missing field `name`"),
        ] {
            assert_eq!(read(json).unwrap_err(), (name.to_owned(), why.to_owned()));
        }
    }
}
