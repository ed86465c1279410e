//! Records that our own SQL makes, read member by member.
//!
//! Plain code on JSON values, not derived: what serde derives for a dozen small structs is a large part of the Worker
//! (docs/size.md).

use serde_json::Value;

use super::StorageError;
use scim_protocol::{Object, json};

/// A record whose members are taken out one after another. `None` is a member that the SQL should have made otherwise.
pub(crate) struct Record(Object);

impl Record {
    /// The record that a value is.
    pub(crate) fn of(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    /// Takes a member; null where there is none.
    pub(crate) fn take(&mut self, name: &str) -> Value {
        self.0.get_mut(name).map(Value::take).unwrap_or_default()
    }

    /// A member that is text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.text_or_null(name)?
    }

    /// A member that is text or null.
    pub(crate) fn text_or_null(&mut self, name: &str) -> Option<Option<String>> {
        text_or_null(self.take(name))
    }

    /// A member that is an integer.
    pub(crate) fn integer(&mut self, name: &str) -> Option<i64> {
        self.take(name).as_i64()
    }

    /// A member that is true or false.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        self.take(name).as_bool()
    }

    /// A member that is an object.
    pub(crate) fn object(&mut self, name: &str) -> Option<Object> {
        Some(Self::of(self.take(name))?.0)
    }
}

/// Reads what a row says in JSON; `what` names it in the log.
///
/// # Errors
/// Our fault: the SQL and its reader disagree.
pub(crate) fn read<T>(
    what: &str,
    text: &str,
    reader: impl FnOnce(Value) -> Option<T>,
) -> Result<T, StorageError> {
    let value = json::parse(text.as_bytes()).ok();
    value.and_then(reader).ok_or_else(|| unlike(what))
}

fn unlike(what: &str) -> StorageError {
    StorageError::Internal(format!("{what}: the record is not as it should be"))
}

/// Text or null.
pub(crate) fn text_or_null(value: Value) -> Option<Option<String>> {
    match value {
        Value::Null => Some(None),
        Value::String(text) => Some(Some(text)),
        _ => None,
    }
}

/// An array.
pub(crate) fn array(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(elements) => Some(elements),
        _ => None,
    }
}

/// An array of two.
pub(crate) fn pair(value: Value) -> Option<[Value; 2]> {
    array(value)?.try_into().ok()
}

/// Reads a text that is an array of integers and nothing else, without making a value of each: a large group has a hundred
/// thousand of them.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_integers(what: &str, text: &str) -> Result<Vec<i64>, StorageError> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    match inner {
        Some("") => Ok(Vec::new()),
        Some(inner) => inner.split(',').map(|number| number.parse().map_err(|_| unlike(what))).collect(),
        None => Err(unlike(what)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_what_they_are_taken_for() {
        let json = r#"{"t":"a","n":null,"i":-7,"b":true,"o":{"i":1}}"#;
        let record = || Record::of(serde_json::from_str(json).unwrap()).unwrap();
        assert_eq!(record().text("t").unwrap(), "a");
        assert_eq!(record().text_or_null("t").unwrap().unwrap(), "a");
        assert_eq!(record().text_or_null("n").unwrap(), None);
        assert_eq!(record().integer("i").unwrap(), -7);
        assert!(record().flag("b").unwrap());
        assert_eq!(record().object("o").unwrap().len(), 1);
        assert!(record().text("n").is_none() && record().text("missing").is_none());
        assert!(record().text("i").is_none() && record().text_or_null("b").is_none());
        assert!(record().integer("t").is_none() && record().flag("i").is_none());
        assert!(record().object("t").is_none() && Record::of(Value::Null).is_none());
    }

    #[test]
    fn what_is_not_as_it_should_be_is_our_fault() {
        assert_eq!(read_integers("seqs", "[1,-2]").unwrap(), [1, -2]);
        assert!(read_integers("seqs", "[]").unwrap().is_empty());
        for json in ["", "{", "{}", "[1.5]", "[\"1\"]", "[null]", "[1", "1", "[1,]"] {
            let error = read_integers("seqs", json).unwrap_err();
            assert!(matches!(error, StorageError::Internal(what) if what.starts_with("seqs:")), "{json}");
        }
        assert!(read("pair", "[1,2]", pair).is_ok() && read("pair", "[1]", pair).is_err());
    }
}
