//! Text that need not enter the Worker's own memory.

use worker::js_sys::JsString;

/// Text from the database on its way to the client. What goes out as it came in stays with the runtime: the members of
/// a large group are twenty megabytes, and the memory of WebAssembly, once it has grown, never shrinks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// In our memory.
    Here(String),
    /// In the runtime's memory.
    There(JsString),
}

impl Text {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Here(text) => text.is_empty(),
            Self::There(text) => text.length() == 0,
        }
    }

    /// The text in our memory.
    pub fn into_string(self) -> String {
        match self {
            Self::Here(text) => text,
            Self::There(text) => text.into(),
        }
    }

    /// The same text in the runtime's memory.
    pub fn moved_out(self) -> Self {
        match self {
            Self::Here(text) => Self::There(text.into()),
            there => there,
        }
    }

    /// What stands up to and with the first such mark, in our memory, and the rest where it is.
    pub(crate) fn split_after(self, mark: char) -> (String, Self) {
        match self {
            Self::Here(text) => {
                let end = text.find(mark).map_or(0, |at| at.saturating_add(mark.len_utf8()));
                let (before, after) = text.split_at_checked(end).unwrap_or_default();
                (before.to_owned(), Self::Here(after.to_owned()))
            }
            Self::There(text) => {
                let end =
                    u32::try_from(text.index_of(mark.to_string().as_str(), 0).saturating_add(1)).unwrap_or(0);
                (text.slice(0, end).into(), Self::There(text.slice(end, text.length())))
            }
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::Here(String::new())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Here(text)
    }
}
