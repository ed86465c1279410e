//! The body of a request as the log keeps it: nothing secret, and no more of it than somebody reads.

use serde_json::Value;

use super::secret::{is_secret_name, redacted};
use crate::scim::text::shorten;
use crate::scim::{Object, json};

/// About the most that is kept of a body, in bytes.
const LONGEST: usize = 4_000;
/// What a value takes besides its text.
const OVERHEAD: usize = 8;
/// Most values of one array.
const LONGEST_ARRAY: usize = 20;
/// Values within values within values.
const DEEPEST: usize = 8;
/// Stands where something secret was.
const SECRET: &str = "(not kept)";
/// Stands where there is more.
const MORE: &str = "…";

/// What is kept of a body, as JSON. A body that is no object nor array is not kept: nothing says what it is.
pub fn kept(body: &Value) -> String {
    let mut json = String::new();
    match body {
        Value::Object(_) | Value::Array(_) => copy(body, &mut json, &mut LONGEST.clone(), 0),
        _ => json::push_text(&mut json, SECRET),
    }
    json
}

/// Copies as long as there is something `left` of what may be kept.
fn copy(value: &Value, json: &mut String, left: &mut usize, depth: usize) {
    *left = left.saturating_sub(OVERHEAD);
    match value {
        Value::Object(_) | Value::Array(_) if depth >= DEEPEST => json::push_text(json, MORE),
        Value::Object(object) => copy_object(object, json, left, depth),
        Value::Array(array) => {
            json.push('[');
            for (index, element) in array.iter().enumerate() {
                separate(json, index);
                if index >= LONGEST_ARRAY || *left == 0 {
                    let more = array.len().saturating_sub(index);
                    json::push_text(json, &format!("{MORE} and {more} more"));
                    break;
                }
                copy(element, json, left, depth.saturating_add(1));
            }
            json.push(']');
        }
        Value::String(text) => json::push_text(json, &copied(text, left)),
        other => json.push_str(&json::write(other)),
    }
}

fn copy_object(object: &Object, json: &mut String, left: &mut usize, depth: usize) {
    // The `value` of a PATCH operation, or of a pair of name and value, is as secret as what is named beside it.
    let names_secret = object.iter().any(|(name, value)| {
        ["path", "name", "key"].iter().any(|known| name.eq_ignore_ascii_case(known))
            && value.as_str().is_some_and(is_secret_name)
    });
    json.push('{');
    for (index, (name, value)) in object.iter().enumerate() {
        separate(json, index);
        if *left == 0 {
            json::push_text(json, MORE);
            json.push(':');
            json::push_text(json, MORE);
            break;
        }
        json::push_text(json, &copied(name, left));
        json.push(':');
        match is_secret_name(name) || names_secret && name.eq_ignore_ascii_case("value") {
            true => {
                *left = left.saturating_sub(OVERHEAD.saturating_add(SECRET.len()));
                json::push_text(json, SECRET);
            }
            false => copy(value, json, left, depth.saturating_add(1)),
        }
    }
    json.push('}');
}

fn separate(json: &mut String, index: usize) {
    if index > 0 {
        json.push(',');
    }
}

/// A text as it is kept.
fn copied(text: &str, left: &mut usize) -> String {
    // A control character takes six bytes in JSON.
    let mut text = shorten(&redacted(text));
    text.retain(|character| !character.is_control());
    *left = left.saturating_sub(text.len());
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::scim::json::tests::any_json;

    proptest! {
        #[test]
        fn whatever_is_sent_is_kept_as_json_and_short(body in any_json()) {
            let text = kept(&body);
            prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
            prop_assert!(text.len() < 2 * LONGEST, "{} bytes", text.len());
        }
    }

    #[test]
    fn passwords_and_keys_are_not_kept_however_they_are_named() {
        let key = format!("scim-{}", "ABCD2345".repeat(8));
        let body = json!({
            "userName": "ann", "passWord": "s1",
            "urn:ietf:params:scim:schemas:core:2.0:User:password": "s2",
            "Operations": [
                {"op": "replace", "path": "PASSWORD", "value": "s3"},
                {"op": "replace", "value": {"password": {"deep": "s4"}}},
                {"op": "replace", "value": "s5", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password"},
                {"op": "replace", "path": "password[value eq \"s6\"]", "value": "s7"},
            ],
            "attributes": [{"name": "password", "value": "s8"}],
            "filter": "password eq \"s9\"",
            "pwd": "s10", "passphrase": "s11", "clientSecret": "s12", "access_token": "s13",
            "title": key, key.as_str(): 1,
        });
        let text = kept(&body);
        assert!(text.contains("\"ann\""));
        for secret in (1..=13).map(|number| format!("\"s{number}\"")).chain(["2345ABCD".to_owned()]) {
            assert!(
                !text.contains(&secret) && !text.contains(&secret.replace('"', "\\\"")),
                "{secret} in {text}"
            );
        }
        assert_eq!(kept(&json!("a secret by itself")), format!("\"{SECRET}\""));
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        let body = json!({"a": [1, -2.5, true, null, {}, [], {"b": "x\"y"}], "": "ü"});
        assert_eq!(kept(&body), body.to_string());
    }

    #[test]
    fn what_is_long_or_deep_is_cut() {
        let members: Vec<Value> = (0..10_000).map(|n| json!({"value": n})).collect();
        let text = kept(&json!({"members": members, "title": "x".repeat(10_000)}));
        assert!(text.contains("… and 9980 more"));
        assert!(text.len() < 2_000);
        let wide: Object =
            (0..5_000).map(|n| (format!("{n}\u{1}").repeat(30), json!([n, n, "\u{1}".repeat(90)]))).collect();
        assert!(kept(&Value::Object(wide)).len() < 2 * LONGEST);
        for digit in ["7", "\u{1}"] {
            let secrets: Object = (0..1_000).map(|n| (format!("pwd{}", digit.repeat(n)), json!(n))).collect();
            assert!(kept(&Value::Object(secrets)).len() < 2 * LONGEST);
        }
        let deep = (0..120).fold(json!(1), |value, _| json!([value]));
        assert!(kept(&deep).len() < 50);
    }
}
