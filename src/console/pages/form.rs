//! A form as a browser sends it.

use serde_json::Value;

use crate::http::Problem;
use scim_protocol::text::equal_fold;

/// The fields of a form.
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body of the type `application/x-www-form-urlencoded`.
    pub fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The field of that name; nothing if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    /// Whether there is a field of that name, also a blank one.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }

    /// The same as JSON; null if it is blank.
    pub(crate) fn optional(&self, name: &str) -> Value {
        match self.text(name).trim() {
            "" => Value::Null,
            text => text.into(),
        }
    }

    /// Whether a box is ticked.
    pub(crate) fn is_ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// A whole number as JSON; null if it is blank.
    ///
    /// # Errors
    /// 400 for what is no such number.
    pub(crate) fn number(&self, name: &str, what: &str) -> Result<Value, Problem> {
        match self.text(name).trim() {
            "" => Ok(Value::Null),
            text => match text.parse::<u64>() {
                Ok(number) => Ok(number.into()),
                Err(_) => Err(Problem::new(400, format!("{what} must be a whole number."))),
            },
        }
    }

    /// Words with commas, spaces or line breaks between them, as JSON.
    pub(crate) fn words(&self, name: &str, separators: &[char]) -> Value {
        let words = self.text(name).split(separators).map(str::trim).filter(|word| !word.is_empty());
        Value::from_iter(words)
    }

    /// Refuses what has not been confirmed by typing a word.
    ///
    /// # Errors
    /// 400.
    pub(crate) fn check_confirmed(&self, word: &str) -> Result<(), Problem> {
        if equal_fold(self.text("confirm").trim(), word.trim()) {
            return Ok(());
        }
        Err(Problem::new(400, format!("Nothing was changed: type \"{word}\" to confirm.")))
    }
}
