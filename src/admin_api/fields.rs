//! The body of a call, taken apart field by field, so that each mistake is told by name.

use serde_json::Value;

use crate::http::Problem;
use scim_protocol::Object;
use scim_protocol::bounded_json::{ParseError, object_of, parse_with};
use scim_protocol::error::shorten;

/// Most values of a body.
const MOST_VALUES: usize = 100_000;
/// As how many values an array counts besides, and an object within one: of their memory, each takes several times as
/// much.
const CONTAINER: usize = 10;

/// The fields of a body that have not been taken yet.
pub(crate) struct Fields {
    /// What the body is called in messages: `owner.` before the fields of an owner.
    within: &'static str,
    fields: Object,
    /// The first field that has to be there and is not. Told last: what has been given in its stead, by another name,
    /// says more.
    missing: Option<Problem>,
}

impl Fields {
    fn of(within: &'static str, fields: Object) -> Self {
        Self { within, fields, missing: None }
    }

    /// Reads a whole body: whatever `reader` has not taken is refused.
    pub(crate) fn read<T>(
        body: Object,
        reader: impl FnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let mut fields = Self::of("", body);
        let read = reader(&mut fields)?;
        fields.end()?;
        Ok(read)
    }

    /// A field whose value is an object, which `reader` has to take as a whole; `within` is its name with a dot.
    pub(crate) fn object<T>(
        &mut self,
        name: &str,
        within: &'static str,
        reader: impl FnOnce(&mut Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let Some(value) = self.take(name) else {
            self.miss(name, "an object");
            return reader(&mut Self::of(within, Object::new()));
        };
        let Value::Object(fields) = value else { return Err(self.wrong(name, "an object")) };
        let mut inner = Self::of(within, fields);
        let read = reader(&mut inner)?;
        inner.end()?;
        Ok(read)
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<String, Problem> {
        let text = self.optional_text(name)?;
        if text.is_none() {
            self.miss(name, "a string");
        }
        Ok(text.unwrap_or_default())
    }

    pub(crate) fn optional_text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => {
                value.as_u64().map(Some).ok_or_else(|| self.wrong(name, "a whole number, not below 0"))
            }
        }
    }

    pub(crate) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Problem> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let wrong = || self.wrong(name, "an array of strings");
        let Value::Array(elements) = value else { return Err(wrong()) };
        let mut texts = Vec::new();
        for element in elements {
            let Value::String(text) = element else { return Err(wrong()) };
            texts.push(text);
        }
        Ok(Some(texts))
    }

    /// Null is no value.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.shift_remove(name).filter(|value| !value.is_null())
    }

    fn miss(&mut self, name: &str, wanted: &str) {
        if self.missing.is_none() {
            self.missing = Some(self.wrong(name, wanted));
        }
    }

    fn end(self) -> Result<(), Problem> {
        match self.fields.keys().next() {
            None => self.missing.map_or(Ok(()), Err),
            Some(name) => Err(unusable(&format!("unknown field \"{}{}\"", self.within, shorten(name)))),
        }
    }

    fn wrong(&self, name: &str, wanted: &str) -> Problem {
        unusable(&format!("\"{}{name}\" must be {wanted}", self.within))
    }
}

/// Reads a body as JSON; an empty one has no fields.
///
/// # Errors
/// 400 for anything but an object.
pub(crate) fn parse(body: &[u8]) -> Result<Object, Problem> {
    if body.is_empty() {
        return Ok(Object::new());
    }
    let value = parse_with(body, MOST_VALUES, object_of, CONTAINER).map_err(|why| match why {
        ParseError::TooManyValues => unusable(&format!("it has more than {MOST_VALUES} values")),
        ParseError::Malformed(error) => unusable(&error.to_string()),
    })?;
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(unusable("it must be a JSON object")),
    }
}

fn unusable(why: &str) -> Problem {
    Problem::new(400, format!("The body cannot be used: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail<T>(body: &str, reader: impl FnOnce(&mut Fields) -> Result<T, Problem>) -> String {
        parse(body.as_bytes()).and_then(|body| Fields::read(body, reader)).err().unwrap().detail
    }

    #[test]
    fn every_field_is_taken_or_refused() {
        let read = |fields: &mut Fields| {
            let name = fields.text("name")?;
            let age = fields.number("age")?;
            let inner = fields.object("inner", "inner.", |inner| inner.flag("flag"))?;
            Ok((name, age, inner, fields.texts("list")?))
        };
        let body = br#"{"list":["a"],"inner":{"flag":true},"age":null,"name":"n"}"#;
        let expected = ("n".to_owned(), None, Some(true), Some(vec!["a".to_owned()]));
        assert_eq!(Fields::read(parse(body).unwrap(), read).unwrap(), expected);
        for (body, said) in [
            ("", "\"name\" must be a string"),
            ("[]", "must be a JSON object"),
            ("{", "EOF"),
            (r#"{"name":1}"#, "\"name\" must be a string"),
            (r#"{"name":"n","age":-1}"#, "\"age\" must be a whole number"),
            (r#"{"name":"n"}"#, "\"inner\" must be an object"),
            (r#"{"name":"n","inner":{"flag":0}}"#, "\"inner.flag\" must be true or false"),
            (r#"{"name":"n","inner":{"x":0}}"#, "unknown field \"inner.x\""),
            (r#"{"name":"n","inner":{},"list":[1]}"#, "\"list\" must be an array of strings"),
            (r#"{"name":"n","inner":{},"extra":null}"#, "unknown field \"extra\""),
            (r#"{"title":"n"}"#, "unknown field \"title\""),
        ] {
            let detail = detail(body, read);
            assert!(detail.contains(said), "{body}: {detail}");
        }
    }
}
