//! Errors with the place of what is wrong.

use std::fmt;

/// Why a value cannot be read as a type.
#[derive(Debug)]
pub struct Error(Box<Reason>);

#[derive(Debug)]
struct Reason {
    path: String,
    error: serde_json::Error,
}

impl Error {
    pub(super) fn at(path: String, error: serde_json::Error) -> Self {
        Self(Box::new(Reason { path, error }))
    }

    /// The place of the value that is wrong, like `inner.flag` or `list[0]`; of a field that is missing, the object's.
    /// `None`: the whole value.
    pub fn path(&self) -> Option<&str> {
        Some(self.0.path.as_str()).filter(|path| !path.is_empty())
    }

    /// What is wrong there.
    pub fn reason(&self) -> &serde_json::Error {
        &self.0.error
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::at(String::new(), error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            Some(path) => write!(formatter, "{path}: {}", self.0.error),
            None => self.0.error.fmt(formatter),
        }
    }
}

impl std::error::Error for Error {}
