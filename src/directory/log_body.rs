//! The body of a request as the log keeps it: nothing secret, and no more of it than somebody reads.

use serde_json::Value;

use super::key::PREFIX;
use crate::scim::Object;
use crate::scim::text::shorten;

/// Most values of a body.
const MOST_VALUES: usize = 200;
/// Most values of one array.
const LONGEST_ARRAY: usize = 20;
/// Stands where something secret was.
const SECRET: &str = "(not kept)";
/// Stands where there is more.
const MORE: &str = "…";

/// What is kept of a body.
pub fn kept(body: &Value) -> Value {
    copy(body, &mut MOST_VALUES.clone())
}

/// A copy, as long as there is something `left` of what may be kept.
fn copy(value: &Value, left: &mut usize) -> Value {
    *left = left.saturating_sub(1);
    match value {
        Value::Object(object) => Value::Object(copy_object(object, left)),
        Value::Array(array) => {
            let mut copied = Vec::new();
            for (index, element) in array.iter().enumerate() {
                if index >= LONGEST_ARRAY || *left == 0 {
                    let more = array.len().saturating_sub(index);
                    copied.push(Value::String(format!("{MORE} and {more} more")));
                    break;
                }
                copied.push(copy(element, left));
            }
            Value::Array(copied)
        }
        Value::String(text) if may_tell(text) => SECRET.into(),
        Value::String(text) => shorten(text).into(),
        other => other.clone(),
    }
}

fn copy_object(object: &Object, left: &mut usize) -> Object {
    let mut copied = Object::new();
    // The `value` of a PATCH operation is as secret as what its `path` names.
    let names_secret = object
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("path") && value.as_str().is_some_and(is_secret));
    for (name, value) in object {
        if *left == 0 {
            copied.insert(MORE.to_owned(), MORE.into());
            break;
        }
        let value = match is_secret(name) || names_secret && name.eq_ignore_ascii_case("value") {
            true => SECRET.into(),
            false => copy(value, left),
        };
        copied.insert(shorten(name), value);
    }
    copied
}

/// Whether a text may have a secret in it: a key that was pasted into the wrong field, or a filter by a secret.
pub fn may_tell(text: &str) -> bool {
    (text.contains(PREFIX) && text.len() > 40)
        || (is_secret(text)
            && text.contains(|character| !matches!(character, 'a'..='z' | 'A'..='Z' | '0'..='9' | ':' | '.')))
}

/// Whether an attribute by this name or path is a secret.
fn is_secret(name: &str) -> bool {
    name.to_ascii_lowercase().contains("password")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn passwords_and_keys_are_not_kept_however_they_are_named() {
        let body = json!({
            "userName": "ann", "passWord": "s1",
            "urn:ietf:params:scim:schemas:core:2.0:User:password": "s2",
            "Operations": [
                {"op": "replace", "path": "PASSWORD", "value": "s3"},
                {"op": "replace", "value": {"password": {"deep": "s4"}}},
                {"op": "replace", "value": "s5", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password"},
            ],
            "filter": "password eq \"s6\"",
            "title": format!("scim-{}", "A".repeat(69)),
        });
        let text = kept(&body).to_string();
        assert!(text.contains("\"ann\""));
        for secret in ["s1", "s2", "s3", "s4", "s5", "s6", "AAAA"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }

    #[test]
    fn what_is_long_is_cut() {
        let members: Vec<Value> = (0..10_000).map(|n| json!({"value": n})).collect();
        let text = kept(&json!({"members": members, "title": "x".repeat(10_000)})).to_string();
        assert!(text.contains("… and 9980 more"));
        assert!(text.len() < 2_000);
        let wide: Object = (0..5_000).map(|n| (n.to_string(), json!([n, n, n]))).collect();
        assert!(kept(&Value::Object(wide)).to_string().len() < 5_000);
    }
}
