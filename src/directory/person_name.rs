//! First and last names: identity providers need both, and send stale ones.

use serde_json::Value;

use crate::scim::Object;

const PARTS: [&str; 5] = ["honorificPrefix", "givenName", "middleName", "familyName", "honorificSuffix"];

/// What stands for a last name nobody told us, as other providers write it too.
const UNKNOWN: &str = "N/A";

/// Makes sure that a person has a first and a last name. An identity provider cannot import one without.
///
/// They are taken from `formatted`, from `displayName`, or from `user_name` up to its `@`; what the client
/// gave is left alone.
pub(super) fn fill(doc: &mut Object, user_name: &str) {
    let name = match doc.get("name") {
        Some(Value::Object(name)) => name.clone(),
        _ => Object::new(),
    };
    if name.contains_key("givenName") && name.contains_key("familyName") {
        return;
    }
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::trim).map(str::to_owned);
    let whole = text(name.get("formatted"))
        .or_else(|| text(doc.get("displayName")))
        .or_else(|| user_name.split('@').next().map(str::trim).map(str::to_owned))
        .filter(|whole| !whole.is_empty())
        .unwrap_or_else(|| UNKNOWN.to_owned());
    let (given, family) = match whole.rsplit_once(char::is_whitespace) {
        Some((given, family)) => (given.trim(), family),
        None => (whole.as_str(), UNKNOWN),
    };
    let mut name = name;
    name.entry("givenName").or_insert_with(|| given.into());
    name.entry("familyName").or_insert_with(|| family.into());
    doc.insert("name".to_owned(), Value::Object(name));
}

/// Makes a `formatted` that the client only echoes follow the parts that it changed.
///
/// Okta reads a user, replaces `givenName` and sends the rest back, our old `formatted` included.
pub(super) fn refresh_formatted(before: &Object, after: &mut Object) {
    let part = |doc: &Object, name: &str| {
        doc.get("name").and_then(|parts| parts.get(name)).and_then(Value::as_str).map(str::to_owned)
    };
    let formatted = part(after, "formatted");
    let echoed = formatted.is_some() && formatted == part(before, "formatted");
    if !echoed || PARTS.iter().all(|name| part(before, name) == part(after, name)) {
        return;
    }
    let whole = PARTS.iter().filter_map(|name| part(after, name)).collect::<Vec<_>>().join(" ");
    if let Some(Value::Object(name)) = after.get_mut("name") {
        if whole.is_empty() {
            name.shift_remove("formatted");
        } else {
            name.insert("formatted".to_owned(), whole.into());
        }
        if name.is_empty() {
            after.shift_remove("name");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(doc: Value, user_name: &str) -> (String, String) {
        let Value::Object(mut doc) = doc else { panic!("not an object") };
        fill(&mut doc, user_name);
        let part = |name: &str| doc["name"][name].as_str().unwrap().to_owned();
        (part("givenName"), part("familyName"))
    }

    #[test]
    fn everybody_gets_two_names() {
        let pair = |given: &str, family: &str| (given.to_owned(), family.to_owned());
        assert_eq!(filled(json!({"name": {"formatted": "Ann Mary Lee"}}), "x"), pair("Ann Mary", "Lee"));
        assert_eq!(filled(json!({"displayName": "Cher"}), "x"), pair("Cher", "N/A"));
        assert_eq!(filled(json!({}), "ann@example.com"), pair("ann", "N/A"));
        assert_eq!(filled(json!({}), "@"), pair("N/A", "N/A"));
        assert_eq!(
            filled(json!({"name": {"familyName": "Lee"}, "displayName": "Ann B"}), "x"),
            pair("Ann", "Lee")
        );
    }

    #[test]
    fn a_stale_formatted_follows_its_parts() {
        let before =
            json!({"name": {"givenName": "Mona", "familyName": "Octocat", "formatted": "Mona Octocat"}});
        let mut after =
            json!({"name": {"givenName": "Jane", "familyName": "Smith", "formatted": "Mona Octocat"}});
        refresh_formatted(before.as_object().unwrap(), after.as_object_mut().unwrap());
        assert_eq!(after["name"]["formatted"], "Jane Smith");

        let mut own = json!({"name": {"givenName": "Jane", "familyName": "Smith", "formatted": "Dr. Smith"}});
        refresh_formatted(before.as_object().unwrap(), own.as_object_mut().unwrap());
        assert_eq!(own["name"]["formatted"], "Dr. Smith");
    }
}
