//! JSON helpers that are not part of the protocol.

use serde::Serialize;
use serde_json::Value;

#[doc(hidden)]
pub fn parse(text: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(text)
}

#[doc(hidden)]
pub fn write(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[doc(hidden)]
pub fn push_text(json: &mut String, text: &str) {
    json.push_str(&write(&text));
}

#[doc(hidden)]
#[macro_export]
macro_rules! object {
    ($($name:literal: $value:expr),+ $(,)?) => {
        $crate::json::object_of(&mut [$(($name, ::serde_json::Value::from($value))),+])
    };
}
pub use object;

#[doc(hidden)]
pub fn object_of(members: &mut [(&str, Value)]) -> Value {
    Value::Object(members.iter_mut().map(|(name, value)| ((*name).to_owned(), value.take())).collect())
}
