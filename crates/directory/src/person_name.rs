//! First and last names: identity providers need both, and send stale ones.

use serde_json::Value;

use scim_protocol::Object;

const PARTS: [&str; 5] = ["honorificPrefix", "givenName", "middleName", "familyName", "honorificSuffix"];

/// The last name of people without one, as other providers write it, too.
const UNKNOWN: &str = "N/A";

/// Makes sure that a person has a first and a last name. An identity provider cannot import one without.
///
/// They are taken from `formatted`, from `displayName`, or from `user_name` up to its `@`; what the client
/// gave is left alone.
pub(crate) fn fill(doc: &mut Object, user_name: &str) {
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

/// Makes a `formatted` that is nothing but its parts follow them, where the client changed these and not it.
///
/// Okta reads a user, replaces `givenName` and sends the rest back, our old `formatted` included. One that says more
/// than its parts, such as "Dr. A B, PhD", is a value of its own and stays (RFC 7644 §3.5.2.3).
pub(crate) fn refresh_formatted(before: &Object, after: &mut Object) {
    let formatted = part(after, "formatted");
    let is_made_of_parts = formatted.is_some() && formatted == whole(before).as_deref();
    let is_echoed = formatted == part(before, "formatted");
    if !is_made_of_parts || !is_echoed {
        return;
    }
    let whole = whole(after);
    if let Some(Value::Object(name)) = after.get_mut("name") {
        match whole {
            Some(whole) => name.insert("formatted".to_owned(), whole.into()),
            None => name.shift_remove("formatted"),
        };
        if name.is_empty() {
            after.shift_remove("name");
        }
    }
}

fn part<'a>(doc: &'a Object, name: &str) -> Option<&'a str> {
    doc.get("name")?.get(name)?.as_str()
}

/// What the parts of a name make as a whole; `None` where there are none.
fn whole(doc: &Object) -> Option<String> {
    let parts: Vec<&str> = PARTS.iter().filter_map(|name| part(doc, name)).collect();
    if parts.is_empty() { None } else { Some(parts.join(" ")) }
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
    #[test]
    fn a_formatted_of_its_own_stays_when_its_parts_change() {
        for formatted in ["Dr. A B, PhD", "B, A", "A", "a b"] {
            let before = json!({"name": {"givenName": "A", "familyName": "B", "formatted": formatted}});
            let mut after = json!({"name": {"givenName": "C", "familyName": "B", "formatted": formatted}});
            refresh_formatted(before.as_object().unwrap(), after.as_object_mut().unwrap());
            assert_eq!(after["name"]["formatted"], formatted);
        }
    }

    #[test]
    fn every_part_is_one_that_formatted_follows() {
        let before = json!({"name": {"honorificPrefix": "Ms.", "givenName": "A", "middleName": "M", "familyName": "B",
            "honorificSuffix": "III", "formatted": "Ms. A M B III"}});
        for (name, expected) in [
            ("honorificPrefix", "X A M B III"),
            ("givenName", "Ms. X M B III"),
            ("middleName", "Ms. A X B III"),
            ("familyName", "Ms. A M X III"),
            ("honorificSuffix", "Ms. A M B X"),
        ] {
            let mut after = before.clone();
            after["name"][name] = json!("X");
            refresh_formatted(before.as_object().unwrap(), after.as_object_mut().unwrap());
            assert_eq!(after["name"]["formatted"], expected);
        }
    }
}
