//! Text that can stay outside the Worker's own memory.

use worker::js_sys::JsString;

/// Text from the database on its way to the client. Text that is only passed on stays in the runtime's memory: the
/// members of a large group are twenty megabytes, and the memory of WebAssembly, once it has grown, never shrinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsText {
    /// In the memory of WebAssembly.
    Wasm(String),
    /// In the runtime's memory.
    Js(JsString),
}

impl JsText {
    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Wasm(text) => text.is_empty(),
            Self::Js(text) => text.length() == 0,
        }
    }

    /// How long it is, in UTF-16 code units or more.
    pub(crate) fn units(&self) -> usize {
        match self {
            Self::Wasm(text) => text.len(),
            Self::Js(text) => usize::try_from(text.length()).unwrap_or(usize::MAX),
        }
    }

    /// The text in the memory of WebAssembly.
    pub fn into_string(self) -> String {
        match self {
            Self::Wasm(text) => text,
            Self::Js(text) => text.into(),
        }
    }

    /// The text in the runtime's memory.
    pub fn into_js(self) -> JsString {
        match self {
            Self::Wasm(text) => text.into(),
            Self::Js(text) => text,
        }
    }

    /// Splits the text behind the first `mark`: what is up to and with it is copied into the memory of WebAssembly, the
    /// rest stays where it is. `None` without a `mark`.
    pub(crate) fn split_after(self, mark: char) -> Option<(String, Self)> {
        match self {
            Self::Wasm(text) => {
                let end = text.find(mark)?.saturating_add(mark.len_utf8());
                let (before, after) = text.split_at_checked(end)?;
                Some((before.to_owned(), Self::Wasm(after.to_owned())))
            }
            Self::Js(text) => {
                let at = u32::try_from(text.index_of(mark.to_string().as_str(), 0)).ok()?;
                let end = at.saturating_add(1);
                Some((text.slice(0, end).into(), Self::Js(text.slice(end, text.length()))))
            }
        }
    }
}

impl Default for JsText {
    fn default() -> Self {
        Self::Wasm(String::new())
    }
}

impl From<String> for JsText {
    fn from(text: String) -> Self {
        Self::Wasm(text)
    }
}
