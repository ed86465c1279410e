//! Forms as browsers send them (`application/x-www-form-urlencoded`).

use std::borrow::Cow;

use serde::de::{DeserializeOwned, Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::map::Entry;

use crate::admin_api::CallKey;
use crate::http::{AdminCode, Problem};
use scim_protocol::Object;
use scim_protocol::json;
use scim_protocol::text::equal_fold;

/// Reads the fields of a form.
///
/// # Errors
/// 400 if the page has no form with such fields.
pub(crate) fn fields<F: DeserializeOwned>(body: &[u8]) -> Result<F, Problem> {
    json::read_object(&object(form_urlencoded::parse(body))).map_err(|_| unknown())
}

/// Writes the fields of a form. Those that are null are left out.
pub(super) fn written(fields: &impl Serialize) -> Option<String> {
    let Ok(Value::Object(fields)) = serde_json::to_value(fields) else { return None };
    let texts = fields.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)));
    Some(form_urlencoded::Serializer::new(String::new()).extend_pairs(texts).finish())
}

/// Reads one of a page's forms, which are the variants of an enum: the name of its button, `action`, is the variant's.
///
/// # Errors
/// 400 if the page has no such form.
pub(crate) fn read<F: DeserializeOwned>(body: &[u8]) -> Result<F, Problem> {
    let (actions, fields): (Vec<_>, Vec<_>) =
        form_urlencoded::parse(body).partition(|(name, _)| name == "action");
    let [(_, action)] = actions.as_slice() else { return Err(unknown()) };
    // An enum with its tag among the fields would be read in two ways, since any of the fields may come first.
    let form = Object::from_iter([(action.to_string(), Value::Object(object(fields.into_iter())))]);
    json::read_object(&form).map_err(|_| unknown())
}

/// 400: the page has no such form.
pub(super) fn unknown() -> Problem {
    Problem::of(AdminCode::FormUnknown, "This page has no such form. Load it again.")
}

/// The fields by name. One that is given several times is an array.
fn object<'a>(fields: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> Object {
    let mut object = Object::new();
    for (name, value) in fields {
        let value = Value::String(value.into_owned());
        match object.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(mut entry) => match entry.get_mut() {
                Value::Array(values) => values.push(value),
                first => *first = Value::Array(vec![first.take(), value]),
            },
        }
    }
    object
}

/// A field that may be given several times.
pub(super) fn several<'de, D: Deserializer<'de>>(field: D) -> Result<Vec<String>, D::Error> {
    match Value::deserialize(field)? {
        Value::String(value) => Ok(vec![value]),
        values => json::read(&values).map_err(D::Error::custom),
    }
}

/// The field by which a form is recognized that is sent a second time.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Once {
    idempotency_key: String,
}

impl Once {
    /// The key of the form's call; `None` if the form has none.
    ///
    /// # Errors
    /// 400 for an invalid key.
    pub(super) fn key(&self) -> Result<Option<CallKey>, Problem> {
        match self.idempotency_key.as_str() {
            "" => Ok(None),
            key => CallKey::parse(key).map(Some),
        }
    }
}

/// A checkbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub(super) struct Checkbox(pub(super) bool);

impl From<String> for Checkbox {
    fn from(value: String) -> Self {
        Self(!value.is_empty())
    }
}

/// A text field that may be left empty.
pub(crate) fn optional(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A field for a whole number that may be left empty; `what` names it.
///
/// # Errors
/// 400 for anything else.
pub(super) fn number(text: &str, what: &str) -> Result<Option<u64>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(Problem::of(AdminCode::OutOfRange, format!("{what} must be a whole number."))),
        },
    }
}

/// A field with several words.
pub(super) fn words(text: &str, separators: &[char]) -> Vec<String> {
    text.split(separators).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Refuses a form that was not confirmed by typing a word.
///
/// # Errors
/// 400.
pub(super) fn check_confirmed(typed: &str, word: &str) -> Result<(), Problem> {
    if equal_fold(typed.trim(), word.trim()) {
        return Ok(());
    }
    Err(Problem::of(AdminCode::NotConfirmed, format!("Nothing was changed: type \"{word}\" to confirm.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Add {
        name: String,
        confirm: Checkbox,
        limit: Option<String>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Form {
        Add(Add),
        EndAll {},
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Several {
        #[serde(deserialize_with = "several")]
        group: Vec<String>,
    }

    #[test]
    fn a_form_is_known_by_its_button() {
        let add = Add { name: "a b".to_owned(), confirm: Checkbox(true), limit: Some(String::new()) };
        let form = read::<Form>(b"idempotency_key=k&name=a+b&confirm=on&limit=&action=add").unwrap();
        assert_eq!(form, Form::Add(add));
        assert_eq!(read::<Form>(b"action=add").unwrap(), Form::Add(Add::default()));
        assert_eq!(read::<Form>(b"idempotency_key=k&action=end-all").unwrap(), Form::EndAll {});
        for body in [
            &b""[..],
            b"action=",
            b"action=remove",
            b"name=a",
            b"action=add&action=add",
            b"action=add&name=a&name=b",
        ] {
            assert_eq!(read::<Form>(body).unwrap_err().status, 400);
        }
        assert_eq!(fields::<Once>(b"idempotency_key=k&name=a&action=add").unwrap().idempotency_key, "k");
    }

    #[test]
    fn a_field_may_be_given_several_times() {
        let groups = |body: &str| fields::<Several>(body.as_bytes()).unwrap().group;
        assert_eq!(groups("name=a"), [""; 0]);
        assert_eq!(groups("group=a"), ["a"]);
        assert_eq!(groups("group=a&name=b&group=c&group=d"), ["a", "c", "d"]);
    }

    #[test]
    fn fields_are_trimmed() {
        assert_eq!((optional(" "), optional(" a ")), (None, Some("a".to_owned())));
        assert_eq!((number(" ", "It").unwrap(), number(" 7 ", "It").unwrap()), (None, Some(7)));
        assert!(number("seven", "The limit").unwrap_err().detail.contains("The limit"));
        assert_eq!(words("a, b,,c", &[',']), ["a", "b", "c"]);
        assert!(check_confirmed(" DEACTIVATE", "deactivate").is_ok());
        assert!(check_confirmed("", "deactivate").is_err());
    }
}
