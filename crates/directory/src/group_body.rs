//! Reading the body of a request that writes a group, which may name a hundred thousand members.

use std::borrow::Cow;

use serde_json::Value;

use crate::membership::says_group;
use scim_protocol::bounded_json::{Members, ParseError, object_of, parse_with};

/// As how many values an array counts besides, and an object that is no member.
const CONTAINER: usize = 10;

/// Reads a body of at most so many values as JSON. A member of which nothing counts but the id becomes the id alone,
/// which means the same (see `member_ids` in `membership`) and takes a fifth of the memory.
///
/// # Errors
/// Those of [`parse_with`].
pub fn read(body: &[u8], most_values: usize) -> Result<Value, ParseError> {
    parse_with(body, most_values, id_alone, CONTAINER)
}

/// A member's id, if the object is a member, its id is text, and it does not say that it is a group.
fn id_alone(mut parts: Members<'_>) -> Value {
    let is = |name: &Cow<'_, str>, own: &str| name.eq_ignore_ascii_case(own);
    let is_known = |name| ["value", "$ref", "display", "type"].iter().any(|own| is(name, own));
    let is_member = parts.iter().all(|(name, part)| match part {
        Value::String(text) => is_known(name) && !says_group(name, text),
        Value::Null => is_known(name),
        _ => false,
    });
    let mut values = parts.iter_mut().filter(|(name, _)| is_member && is(name, "value"));
    match (values.next(), values.next()) {
        (Some((_, Value::String(id))), None) => Value::String(std::mem::take(id)),
        _ => object_of(parts),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_two_parts_by_one_name_the_last_counts() {
        for (member, id) in [
            (r#"{"value":"a","value":"b"}"#, json!({"value": "b"})),
            (r#"{"value":"a","VALUE":"b"}"#, json!({"value": "a", "VALUE": "b"})),
            (r#"{"display":5,"display":"D","value":"a"}"#, json!({"display": "D", "value": "a"})),
            (r#"{"display":"C","display":"D","value":"a"}"#, json!("a")),
        ] {
            assert_eq!(read(format!("[{member}]").as_bytes(), 99).unwrap(), json!([id]));
        }
    }

    #[test]
    fn only_members_become_ids() {
        let body = json!({
            "schemas": ["x"], "displayName": "Group", "value": "no element", "count": [1, -2, 0.5, true, null],
            "members": [
                {"value": "a", "display": "A", "$ref": "../a", "type": "User"}, {"VALUE": "b", "Display": null}, "c",
                {"value": 5}, {"value": null}, {"display": "D"}, {"value": "e", "other": "x"},
                {"value": "f", "type": ["x"]},
                {"value": "i", "type": "group"},
            ],
            "Operations": [
                {"op": "add", "path": "members", "value": {"value": "g"}},
                {"op": "remove", "value": [{"value": "h"}]},
            ],
        });
        let expected = json!({
            "schemas": ["x"], "displayName": "Group", "value": "no element", "count": [1, -2, 0.5, true, null],
            "members": [
                "a", "b", "c",
                {"value": 5}, {"value": null}, {"display": "D"}, {"value": "e", "other": "x"},
                {"value": "f", "type": ["x"]},
                {"value": "i", "type": "group"},
            ],
            "Operations": [{"op": "add", "path": "members", "value": {"value": "g"}}, {"op": "remove", "value": ["h"]}],
        });
        assert_eq!(read(body.to_string().as_bytes(), 1000).unwrap(), expected);
        assert!(read(b"{", 9).is_err() && read(b"[1] x", 9).is_err());
    }
}
