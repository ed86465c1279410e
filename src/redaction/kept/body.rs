//! Bodies of requests: no more of them than somebody reads, as JSON.

use serde_json::Value;

use super::{Kept, MORE, is_secret, is_secret_path, name};
use crate::redaction::secret::redacted;
use scim_protocol::attribute_path::AttributePath;
use scim_protocol::error::shorten;
use scim_protocol::schema::{Attribute, Kind, Schema};
use scim_protocol::{Object, json};

/// About the most that is kept of a body, in bytes.
const LONGEST: usize = 4_000;
/// What a value takes besides its text.
const OVERHEAD: usize = 8;
/// Most values of one array.
const LONGEST_ARRAY: usize = 20;
/// Values within values within values.
const DEEPEST: usize = 8;
/// Stands where something was that is not kept.
const NOT_KEPT: &str = "(not kept)";
/// The fields of the console's calls.
const CALL_FIELDS: [&str; 20] = [
    "name",
    "owner",
    "user_name",
    "given_name",
    "family_name",
    "org_role",
    "mail_domains",
    "email_management",
    "plain_groups",
    "key_lifetime_days",
    "user_limit",
    "database",
    "expires_in_seconds",
    "overlap_seconds",
    "roles",
    "member",
    "confirm_no_address",
    "active",
    "status",
    "id",
];

/// What a value is, by where it stands.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// A whole resource, or a message of the protocol.
    Resource,
    /// The attributes of an extension.
    Extension(&'a Schema),
    /// A value of an attribute.
    Of(&'a Attribute),
    /// The operations of a PATCH.
    Operations,
    /// One of a few words.
    Word(&'static [&'static str]),
    /// A number.
    Number,
    /// A filter.
    Filter,
    /// The name of an attribute, or several.
    Path,
    /// The body of a call of the console, or a field of it.
    Call,
    /// What nobody knows.
    Unknown,
}

/// What is kept of a body of a SCIM request, as JSON. A body that is no object nor array is not kept: nothing says what
/// it is.
pub fn of_body(kept: &Kept<'_>, body: &Value) -> String {
    whole(Some(kept), body, Place::Resource)
}

/// What is kept of the body of a call of the console, as JSON.
pub fn of_call(body: &Value) -> String {
    whole(None, body, Place::Call)
}

fn whole(kept: Option<&Kept<'_>>, body: &Value, place: Place<'_>) -> String {
    let mut copy = Copy { kept, json: String::new(), left: LONGEST };
    match body {
        Value::Object(_) | Value::Array(_) => copy.value(body, place, 0),
        _ => copy.leave_out(body),
    }
    copy.json
}

/// Copies as long as there is something `left` of what may be kept.
struct Copy<'k, 'c> {
    kept: Option<&'k Kept<'c>>,
    json: String,
    left: usize,
}

impl<'c> Copy<'_, 'c> {
    fn value(&mut self, value: &Value, place: Place<'_>, depth: usize) {
        self.left = self.left.saturating_sub(OVERHEAD);
        match (value, place) {
            (Value::Null | Value::Bool(_), place) if !matches!(place, Place::Unknown) => {
                self.json.push_str(&json::write(value));
            }
            (_, Place::Unknown) => self.leave_out(value),
            (_, Place::Of(attribute)) if is_secret(attribute) => self.leave_out(value),
            (Value::Object(_) | Value::Array(_), _) if depth >= DEEPEST => {
                json::push_text(&mut self.json, MORE);
            }
            (Value::Object(object), place) => self.object(object, place, depth),
            (Value::Array(array), place) => self.array(array, place, depth),
            (Value::String(text), Place::Word(words)) => {
                match words.iter().any(|word| word.eq_ignore_ascii_case(text)) {
                    true => self.text(text),
                    false => self.leave_out(value),
                }
            }
            (Value::String(text), Place::Filter) => self.kept_text(|kept| kept.of_filter(text)),
            (Value::String(text), Place::Path) => self.kept_text(|kept| kept.of_path(text).0),
            (Value::String(text), Place::Of(_) | Place::Call) => self.value_text(text, place, depth),
            (Value::Number(_), Place::Number | Place::Of(_) | Place::Call) => {
                self.json.push_str(&json::write(value));
            }
            _ => self.leave_out(value),
        }
    }

    fn array(&mut self, array: &[Value], place: Place<'_>, depth: usize) {
        self.json.push('[');
        for (index, element) in array.iter().enumerate() {
            self.separate(index);
            if index >= LONGEST_ARRAY || self.left == 0 {
                let more = array.len().saturating_sub(index);
                json::push_text(&mut self.json, &format!("{MORE} and {more} more"));
                break;
            }
            self.value(element, place, depth.saturating_add(1));
        }
        self.json.push(']');
    }

    fn object(&mut self, object: &Object, place: Place<'_>, depth: usize) {
        let operation = matches!(place, Place::Operations).then(|| self.place_of_operation(object));
        self.json.push('{');
        for (index, (own, value)) in object.iter().enumerate() {
            self.separate(index);
            if self.left == 0 {
                json::push_text(&mut self.json, MORE);
                self.json.push(':');
                json::push_text(&mut self.json, MORE);
                break;
            }
            let (shown, inner) = match operation {
                Some(of_value) => (name(own), part_of_operation(own, of_value)),
                None => self.member(own, place, depth),
            };
            self.text(&shown);
            self.json.push(':');
            self.value(value, inner, depth.saturating_add(1));
        }
        self.json.push('}');
    }

    /// The name of a member of an object as it is kept, and what its value is.
    fn member<'p>(&self, own: &str, place: Place<'p>, depth: usize) -> (String, Place<'p>)
    where
        'c: 'p,
    {
        let place = match place {
            Place::Resource => return self.attribute(own, depth),
            Place::Extension(schema) => match self.resolved(&format!("{}:{own}", schema.id)) {
                Some(path) => of_path(&path),
                None => return self.attribute(own, depth),
            },
            Place::Of(attribute) if attribute.kind == Kind::Complex => {
                attribute.sub_attribute(own).map_or(Place::Unknown, Place::Of)
            }
            // Microsoft Entra ID's `{"$ref": null, "value": "False"}`.
            Place::Of(attribute) if own.eq_ignore_ascii_case("value") => Place::Of(attribute),
            Place::Call if CALL_FIELDS.contains(&own) => Place::Call,
            _ => Place::Unknown,
        };
        (name(own), place)
    }

    /// An attribute by any of the names that it may have in a resource, or a part of a message.
    fn attribute(&self, own: &str, depth: usize) -> (String, Place<'c>) {
        let Some(kept) = self.kept else { return (name(own), Place::Unknown) };
        if let (shown, Some(path)) = kept.of_path(own) {
            return (shown, of_path(&path));
        }
        let is = |known: &str| own.eq_ignore_ascii_case(known);
        let place = if kept.types.iter().any(|each| is(each.schema.id)) {
            Place::Resource
        } else if depth > 0 {
            Place::Unknown
        } else if is("Operations") {
            Place::Operations
        } else if is("filter") {
            Place::Filter
        } else if is("attributes") || is("excludedAttributes") || is("sortBy") {
            Place::Path
        } else if is("startIndex") || is("count") || is("failOnErrors") {
            Place::Number
        } else if is("sortOrder") {
            Place::Word(&["ascending", "descending"])
        } else {
            Place::Unknown
        };
        (kept.of_path(own).0, place)
    }

    fn resolved(&self, own: &str) -> Option<AttributePath<'c>> {
        self.kept.and_then(|kept| kept.resolve(own))
    }

    /// What the `value` of a PATCH operation is, by its path.
    fn place_of_operation(&self, operation: &Object) -> Place<'c> {
        let path = operation.iter().find(|(own, _)| own.eq_ignore_ascii_case("path")).map(|(_, path)| path);
        match (path, self.kept) {
            (None | Some(Value::Null), _) => Place::Resource,
            (Some(Value::String(path)), _) if path.trim().is_empty() => Place::Resource,
            (Some(Value::String(path)), Some(kept)) => {
                kept.of_path(path).1.map_or(Place::Unknown, |path| of_path(&path))
            }
            _ => Place::Unknown,
        }
    }

    /// A value of an attribute. One that is JSON itself is copied as such: what it says may be anything.
    fn value_text(&mut self, text: &str, place: Place<'_>, depth: usize) {
        let looks_like_json = text.trim_start().starts_with(['{', '[', '"']);
        if !looks_like_json || depth >= DEEPEST {
            return self.text(text);
        }
        match json::parse(text.as_bytes()) {
            Ok(value @ (Value::Object(_) | Value::Array(_) | Value::String(_))) => {
                let mut inner = Copy { kept: self.kept, json: String::new(), left: self.left };
                inner.value(&value, place, depth.saturating_add(1));
                self.left = inner.left;
                json::push_text(&mut self.json, &inner.json);
            }
            // Cut off, or otherwise broken.
            _ if text.contains('"') => self.leave_out(&Value::from(text)),
            _ => self.text(text),
        }
    }

    fn kept_text(&mut self, text: impl FnOnce(&Kept<'_>) -> String) {
        let text = self.kept.map(text).unwrap_or_default();
        self.text(&text);
    }

    fn text(&mut self, text: &str) {
        // A control character takes six bytes in JSON.
        let mut text = shorten(&redacted(text));
        text.retain(|character| !character.is_control());
        self.left = self.left.saturating_sub(text.len());
        json::push_text(&mut self.json, &text);
    }

    fn leave_out(&mut self, value: &Value) {
        self.left = self.left.saturating_sub(NOT_KEPT.len());
        json::push_text(&mut self.json, NOT_KEPT);
        if let Some(kept) = self.kept {
            match value {
                Value::String(text) => kept.leave_out(text, MORE),
                Value::Number(number) => kept.leave_out(&number.to_string(), MORE),
                _ => {}
            }
        }
    }

    fn separate(&mut self, index: usize) {
        if index > 0 {
            self.json.push(',');
        }
    }
}

fn of_path<'a>(path: &AttributePath<'a>) -> Place<'a> {
    match (path.leaf(), path.extension) {
        _ if is_secret_path(path) => Place::Unknown,
        (Some(attribute), _) => Place::Of(attribute),
        (None, Some(extension)) => Place::Extension(extension),
        (None, None) => Place::Unknown,
    }
}

fn part_of_operation<'a>(own: &str, of_value: Place<'a>) -> Place<'a> {
    match own.to_ascii_lowercase().as_str() {
        "op" => Place::Word(&["add", "replace", "remove"]),
        "path" => Place::Path,
        "value" => of_value,
        _ => Place::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use directory::Catalog;

    fn catalog() -> Catalog {
        Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap()
    }

    fn kept(body: &Value) -> String {
        of_body(&Kept::of(&catalog(), Some("Users")), body)
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(10, 200, 40, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..40).prop_map(Value::from),
                proptest::collection::vec((".{0,12}", inner), 0..40).prop_map(Value::from_iter),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_sent_is_kept_as_json_and_short(body in any_json()) {
            for text in [kept(&body), of_call(&body)] {
                prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
                prop_assert!(text.len() < 2 * LONGEST, "{} bytes", text.len());
            }
        }
    }

    #[test]
    fn of_what_the_schema_does_not_know_the_name_is_kept() {
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let key = format!("scim-{}", "ABCD2345".repeat(8));
        let body = json!({
            "userName": "ann", "passWord": "s1",
            "urn:ietf:params:scim:schemas:core:2.0:User:password": "s2",
            "Operations": [
                {"op": "replace", "path": "PASSWORD", "value": "s3"},
                {"op": "replace", "value": {"password": {"deep": "s4"}, "apiKey": "s5", "name": {"pin": "s6"}}},
                {"op": "replace", "value": "s7", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password"},
                {"op": "replace", "path": "password[value eq \"s8\"]", "value": "s9"},
                {"op": "replace", "path": "emails[otp eq \"s10\"].value", "value": "s39"},
                {"op": "s11", "path": "apiKey", "value": ["s12", {"value": "s13"}], "privateKey": "s14"},
                {"op": "add", "path": "roles", "value": [{"value": "a", "pin": "s15"}]},
                {"op": "add", "path": "x509Certificates", "value": [{"value": "s16"}]},
            ],
            "attributes": [{"name": "apiKey", "value": "s17"}],
            "filter": "apiKey eq \"s18\"", "sortOrder": "s19",
            "pin": 4711, "otp": [[{"a": "s20"}]], "clientSecret": "s21", "access_token": "s22",
            "title": key, key.as_str(): 1,
            "urn:acme:2.0:User": {"anything": "s23"},
            enterprise: {"department": "Ops", "apiKey": "s24", "manager": {"value": "m", "pin": "s25"}},
            format!("{enterprise}:pin"): "s26",
            "name.pin": "s27",
            "emails[pin eq \"s28\"].value": "s29",
            "active": {"value": "False", "otp": "s30"},
            "nickName": "{\"privateKey\": \"s31\"}",
            "roles": ["{\"value\": \"Ops\", \"apiKey\": \"s32\"}", "[{\"otp\": \"s33\"}]", "\"{\\\"otp\\\": \\\"s34\\\"}\""],
            "userType": "{\"privateKey\": \"s35",
            "x509Certificates": [{"value": "s36", "display": "s37"}],
            "emails": {"value": "s", "apiKey": {"userName": "s38"}},
        });
        let text = kept(&body);
        for known in
            ["\"ann\"", "apiKey", "privateKey", "\"pin\"", "otp", "Ops", "urn:acme:2.0:User", "False"]
        {
            assert!(text.contains(known), "{known} is not in {text}");
        }
        for secret in
            (1..=39).map(|number| format!("s{number}")).chain(["2345ABCD".to_owned(), "4711".to_owned()])
        {
            let found = text.split(|character: char| !character.is_alphanumeric()).any(|word| word == secret);
            assert!(!found, "{secret} in {text}");
        }
        assert_eq!(kept(&json!("a secret by itself")), format!("\"{NOT_KEPT}\""));
        assert_eq!(
            of_call(&json!({"name": "a", "apiKey": "s1", "owner": {"user_name": "b", "pin": 2}})),
            r#"{"name":"a","apiKey":"(not kept)","owner":{"user_name":"b","pin":"(not kept)"}}"#
        );
    }

    #[test]
    fn everything_that_the_schema_knows_stays_as_it_is() {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ü\"x", "active": true, "name": {"givenName": "[EU] {a}", "familyName": null},
            "emails": [{"value": "a@b.example", "type": "work", "primary": true}],
            "roles": [], "externalId": "7", "statsigOrgRole": "Admin",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": 7},
        });
        assert_eq!(kept(&body), body.to_string());
        let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
            {"op": "Replace", "path": "active", "value": "False"},
            {"op": "add", "value": {"active": false, "name.givenName": "A"}},
            {"op": "remove", "path": "emails[type eq \"work\"].value"},
        ]});
        assert_eq!(kept(&patch), patch.to_string());
    }

    #[test]
    fn what_is_long_or_deep_is_cut() {
        let members: Vec<Value> = (0..10_000).map(|n| json!({"value": n})).collect();
        let catalog = catalog();
        let text = of_body(
            &Kept::of(&catalog, Some("Groups")),
            &json!({"members": members, "displayName": "x".repeat(10_000)}),
        );
        assert!(text.contains("… and 9980 more"));
        assert!(text.len() < 2_000);
        let wide: Object =
            (0..5_000).map(|n| (format!("{n}\u{1}").repeat(30), json!([n, n, "\u{1}".repeat(90)]))).collect();
        assert!(kept(&Value::Object(wide)).len() < 2 * LONGEST);
        let deep = (0..120).fold(json!(1), |value, _| json!([value]));
        assert!(kept(&json!({"roles": deep})).len() < 50);
        let nested = (0..6).fold("x".to_owned(), |text, _| json!([text]).to_string());
        assert!(kept(&json!({"title": nested})).len() < 500);
    }
}
