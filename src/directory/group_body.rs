//! Reading the body of a request that writes a group, which may name a hundred thousand members.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::scim::Object;

/// Reads a body as JSON. A member of which nothing counts but the id becomes the id alone, which means the same (see
/// `member_ids` in [`super::group`]) and takes a fifth of the memory.
///
/// # Errors
/// Those of `serde_json`, for what is not JSON.
pub fn read(body: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice::<Compact>(body).map(|compact| compact.0)
}

struct Compact(Value);

impl<'de> Deserialize<'de> for Compact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CompactVisitor).map(Self)
    }
}

struct CompactVisitor;

impl<'de> Visitor<'de> for CompactVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Compact(element)) = elements.next_element()? {
            array.push(match element {
                Value::Object(parts) => id_alone(parts),
                element => element,
            });
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Object::new();
        while let Some((name, Compact(value))) = members.next_entry::<String, Compact>()? {
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// A member's id, if the object is a member and its id is text.
fn id_alone(mut parts: Object) -> Value {
    let is = |name: &str, own: &str| name.eq_ignore_ascii_case(own);
    let is_member = parts.iter().all(|(name, part)| match part {
        Value::String(_) | Value::Null => {
            ["value", "$ref", "display", "type"].iter().any(|own| is(name, own))
        }
        _ => false,
    });
    let value = parts.keys().find(|name| is(name, "value")).filter(|_| is_member).cloned();
    match value.and_then(|name| parts.get_mut(&name)) {
        Some(Value::String(id)) => Value::String(std::mem::take(id)),
        _ => Value::Object(parts),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_members_become_ids() {
        let body = json!({
            "schemas": ["x"], "displayName": "Group", "value": "no element", "count": [1, -2, 0.5, true, null],
            "members": [
                {"value": "a", "display": "A", "$ref": "../a", "type": "User"}, {"VALUE": "b", "Display": null}, "c",
                {"value": 5}, {"value": null}, {"display": "D"}, {"value": "e", "other": "x"}, {"value": "f", "type": ["x"]},
            ],
            "Operations": [{"op": "add", "path": "members", "value": {"value": "g"}}, {"op": "remove", "value": [{"value": "h"}]}],
        });
        let expected = json!({
            "schemas": ["x"], "displayName": "Group", "value": "no element", "count": [1, -2, 0.5, true, null],
            "members": [
                "a", "b", "c",
                {"value": 5}, {"value": null}, {"display": "D"}, {"value": "e", "other": "x"}, {"value": "f", "type": ["x"]},
            ],
            "Operations": [{"op": "add", "path": "members", "value": {"value": "g"}}, {"op": "remove", "value": ["h"]}],
        });
        assert_eq!(read(body.to_string().as_bytes()).unwrap(), expected);
        assert!(read(b"{").is_err() && read(b"[1] x").is_err());
    }
}
