//! Bodies of requests, redacted and truncated, as JSON.

use serde_json::Value;

use super::{ELLIPSIS, Redactor, is_secret, is_secret_path, unknown_name};
use crate::redaction::secrets::redact;
use scim_protocol::Object;
use scim_protocol::attribute_path::AttributePath;
use scim_protocol::error::shorten;
use scim_protocol::schema::{Attribute, Kind, Schema};

/// About the most that is kept of a body, in bytes.
pub(crate) const MAX_BODY: usize = 4_000;
/// Bytes of a value besides its text.
const OVERHEAD: usize = 8;
/// Most elements of an array.
pub(crate) const MAX_ELEMENTS: usize = 20;
/// Deepest nesting of values.
pub(crate) const MAX_DEPTH: usize = 8;
/// Replaces a value that is redacted.
const NOT_KEPT: &str = "(not kept)";
/// The fields of bodies of the admin API whose values are kept.
const ADMIN_FIELDS: [&str; 29] = [
    "name",
    "owner",
    "user_name",
    "given_name",
    "family_name",
    "org_role",
    "mail_domains",
    "email_management",
    "plain_groups",
    "keep_access",
    "key_lifetime_days",
    "user_limit",
    "brake_percent",
    "revocation_minutes",
    "scopes",
    "overlap_hours",
    "expires_at",
    "permissions",
    "for_minutes",
    "confirm_people",
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

/// How a value is redacted, by its place in the body.
#[derive(Clone, Copy)]
enum Rule<'a> {
    /// A whole resource, or a message of the protocol.
    Resource,
    /// The attributes of an extension.
    Extension(&'a Schema),
    /// A value of an attribute.
    Attribute(&'a Attribute),
    /// The operations of a PATCH.
    Operations,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A number.
    Number,
    /// A filter.
    Filter,
    /// One or more attribute paths.
    Path,
    /// The body of a call of the admin API, or one of its fields.
    AdminCall,
    /// A value that no rule allows.
    Redact,
}

impl Redactor<'_> {
    /// Redacts the body of a SCIM request. A body that is neither an object nor an array is redacted as a whole.
    pub fn body(&self, body: &Value) -> String {
        redact_body(Some(self), body, Rule::Resource)
    }
}

/// Redacts the body of a call of the admin API.
pub fn admin_call_body(body: &Value) -> String {
    redact_body(None, body, Rule::AdminCall)
}

fn redact_body(redactor: Option<&Redactor<'_>>, body: &Value, rule: Rule<'_>) -> String {
    let mut copy = Copy { redactor, json: String::new(), left: MAX_BODY };
    match body {
        Value::Object(_) | Value::Array(_) => copy.value(body, rule, 0),
        _ => copy.redact_value(body),
    }
    copy.json
}

/// A redacted copy, which is truncated when no bytes are `left`.
struct Copy<'k, 'c> {
    redactor: Option<&'k Redactor<'c>>,
    json: String,
    left: usize,
}

impl<'c> Copy<'_, 'c> {
    fn value(&mut self, value: &Value, rule: Rule<'_>, depth: usize) {
        self.left = self.left.saturating_sub(OVERHEAD);
        match (value, rule) {
            (Value::Null | Value::Bool(_), rule) if !matches!(rule, Rule::Redact) => {
                self.json.push_str(&value.to_string());
            }
            (_, Rule::Redact) => self.redact_value(value),
            (_, Rule::Attribute(attribute)) if is_secret(attribute) => self.redact_value(value),
            (Value::Object(_) | Value::Array(_), _) if depth >= MAX_DEPTH => {
                self.push_string(ELLIPSIS);
            }
            (Value::Object(object), rule) => self.object(object, rule, depth),
            (Value::Array(array), rule) => self.array(array, rule, depth),
            (Value::String(text), Rule::OneOf(words)) => {
                match words.iter().any(|word| word.eq_ignore_ascii_case(text)) {
                    true => self.text(text),
                    false => self.redact_value(value),
                }
            }
            (Value::String(text), Rule::Filter) => self.redacted_text(|redactor| redactor.filter(text)),
            (Value::String(text), Rule::Path) => {
                self.redacted_text(|redactor| redactor.attribute_path(text).0);
            }
            (Value::String(text), Rule::Attribute(_) | Rule::AdminCall) => self.value_text(text, rule, depth),
            (Value::Number(_), Rule::Number | Rule::Attribute(_) | Rule::AdminCall) => {
                self.json.push_str(&value.to_string());
            }
            _ => self.redact_value(value),
        }
    }

    fn push_string(&mut self, text: &str) {
        let is_escaped = |byte: u8| matches!(byte, b'"' | b'\\' | 0..b' ');
        if text.bytes().any(is_escaped) {
            self.json.push_str(&Value::from(text).to_string());
        } else {
            self.json.extend(["\"", text, "\""]);
        }
    }

    fn array(&mut self, array: &[Value], rule: Rule<'_>, depth: usize) {
        self.json.push('[');
        for (index, element) in array.iter().enumerate() {
            self.separate(index);
            if index >= MAX_ELEMENTS || self.left == 0 {
                let more = array.len().saturating_sub(index);
                self.push_string(&format!("{ELLIPSIS} and {more} more"));
                break;
            }
            self.value(element, rule, depth.saturating_add(1));
        }
        self.json.push(']');
    }

    fn object(&mut self, object: &Object, rule: Rule<'_>, depth: usize) {
        let operation = matches!(rule, Rule::Operations).then(|| self.rule_of_value(object));
        self.json.push('{');
        for (index, (own, value)) in object.iter().enumerate() {
            self.separate(index);
            if self.left == 0 {
                self.push_string(ELLIPSIS);
                self.json.push(':');
                self.push_string(ELLIPSIS);
                break;
            }
            let (shown, inner) = match operation {
                Some(of_value) => (unknown_name(own), rule_of_member(own, of_value)),
                None => self.member(own, rule, depth),
            };
            self.text(&shown);
            self.json.push(':');
            self.value(value, inner, depth.saturating_add(1));
        }
        self.json.push('}');
    }

    /// The redacted name of a member of an object, and the rule for its value.
    fn member<'p>(&self, own: &str, rule: Rule<'p>, depth: usize) -> (String, Rule<'p>)
    where
        'c: 'p,
    {
        let rule = match rule {
            Rule::Resource => return self.attribute(own, depth),
            Rule::Extension(schema) => match self.resolved(&format!("{}:{own}", schema.id)) {
                Some(path) => rule_of_path(&path),
                None => return self.attribute(own, depth),
            },
            // The names of other people: their ids say who they are.
            Rule::Attribute(attribute) if is_name_of_another(attribute, own) => Rule::Redact,
            Rule::Attribute(attribute) if attribute.kind == Kind::Complex => {
                attribute.sub_attribute(own).map_or(Rule::Redact, Rule::Attribute)
            }
            // Microsoft Entra ID's `{"$ref": null, "value": "False"}`.
            Rule::Attribute(attribute) if own.eq_ignore_ascii_case("value") => Rule::Attribute(attribute),
            Rule::AdminCall if ADMIN_FIELDS.contains(&own) => Rule::AdminCall,
            _ => Rule::Redact,
        };
        (unknown_name(own), rule)
    }

    /// The same for an attribute by any of its names in a resource, or for a member of a message.
    fn attribute(&self, own: &str, depth: usize) -> (String, Rule<'c>) {
        let Some(redactor) = self.redactor else { return (unknown_name(own), Rule::Redact) };
        if let (shown, Some(path)) = redactor.attribute_path(own) {
            return (shown, rule_of_path(&path));
        }
        let is = |known: &str| own.eq_ignore_ascii_case(known);
        let rule = if redactor.types.iter().any(|each| is(each.schema.id)) {
            Rule::Resource
        } else if depth > 0 {
            Rule::Redact
        } else if is("Operations") {
            Rule::Operations
        } else if is("filter") {
            Rule::Filter
        } else if is("attributes") || is("excludedAttributes") || is("sortBy") {
            Rule::Path
        } else if is("startIndex") || is("count") || is("failOnErrors") {
            Rule::Number
        } else if is("sortOrder") {
            Rule::OneOf(&["ascending", "descending"])
        } else {
            Rule::Redact
        };
        (redactor.attribute_path(own).0, rule)
    }

    fn resolved(&self, own: &str) -> Option<AttributePath<'c>> {
        self.redactor.and_then(|redactor| redactor.resolve(own))
    }

    /// The rule for the `value` of a PATCH operation, by its path.
    fn rule_of_value(&self, operation: &Object) -> Rule<'c> {
        let path = operation.iter().find(|(own, _)| own.eq_ignore_ascii_case("path")).map(|(_, path)| path);
        match (path, self.redactor) {
            (None | Some(Value::Null), _) => Rule::Resource,
            (Some(Value::String(path)), _) if path.trim().is_empty() => Rule::Resource,
            (Some(Value::String(path)), Some(redactor)) => {
                redactor.attribute_path(path).1.map_or(Rule::Redact, |path| rule_of_path(&path))
            }
            _ => Rule::Redact,
        }
    }

    /// A value of an attribute. One that is JSON itself is redacted as JSON, since it may contain secrets.
    fn value_text(&mut self, text: &str, rule: Rule<'_>, depth: usize) {
        let looks_like_json = text.trim_start().starts_with(['{', '[', '"']);
        if !looks_like_json || depth >= MAX_DEPTH {
            return self.text(text);
        }
        match serde_json::from_str(text) {
            Ok(value @ (Value::Object(_) | Value::Array(_) | Value::String(_))) => {
                let mut inner = Copy { redactor: self.redactor, json: String::new(), left: self.left };
                inner.value(&value, rule, depth.saturating_add(1));
                self.left = inner.left;
                self.push_string(&inner.json);
            }
            // Cut off, or otherwise broken.
            _ if text.contains('"') => self.redact_value(&Value::from(text)),
            _ => self.text(text),
        }
    }

    fn redacted_text(&mut self, text: impl FnOnce(&Redactor<'_>) -> String) {
        let text = self.redactor.map_or_else(|| NOT_KEPT.to_owned(), text);
        self.text(&text);
    }

    fn text(&mut self, text: &str) {
        // A control character takes six bytes in JSON.
        let mut text = shorten(&redact(text));
        if !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            text.retain(|character| !character.is_control());
        }
        self.left = self.left.saturating_sub(text.len());
        self.push_string(&text);
    }

    fn redact_value(&mut self, value: &Value) {
        self.left = self.left.saturating_sub(NOT_KEPT.len());
        self.push_string(NOT_KEPT);
        if let Some(redactor) = self.redactor {
            match value {
                Value::String(text) => redactor.remember(text, ELLIPSIS),
                Value::Number(number) => redactor.remember(&number.to_string(), ELLIPSIS),
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

/// Whether a sub-attribute is the name of the person to whom the attribute refers: a member of a group, or the manager.
fn is_name_of_another(attribute: &Attribute, own: &str) -> bool {
    [("members", "display"), ("manager", "displayName")]
        .iter()
        .any(|(name, of_person)| attribute.name == *name && own.eq_ignore_ascii_case(of_person))
}

fn rule_of_path<'a>(path: &AttributePath<'a>) -> Rule<'a> {
    match (path.leaf(), path.extension) {
        _ if is_secret_path(path) => Rule::Redact,
        (Some(attribute), _) => Rule::Attribute(attribute),
        (None, Some(extension)) => Rule::Extension(extension),
        (None, None) => Rule::Redact,
    }
}

fn rule_of_member<'a>(own: &str, of_value: Rule<'a>) -> Rule<'a> {
    match own.to_ascii_lowercase().as_str() {
        "op" => Rule::OneOf(&["add", "replace", "remove"]),
        "path" => Rule::Path,
        "value" => of_value,
        _ => Rule::Redact,
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

    fn redacted(body: &Value) -> String {
        Redactor::new(&catalog(), Some("Users")).body(body)
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
        fn a_redacted_body_is_json_and_short(body in any_json()) {
            for text in [redacted(&body), admin_call_body(&body)] {
                prop_assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
                prop_assert!(text.len() < 2 * MAX_BODY, "{} bytes", text.len());
            }
        }
    }

    #[test]
    fn of_unknown_attributes_only_the_name_is_kept() {
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
            "roles": ["{\"value\": \"Ops\", \"apiKey\": \
                       \"s32\"}", "[{\"otp\": \
                 \"s33\"}]", "\"{\\\"otp\\\": \
                 \\\"s34\\\"}\""],
            "userType": "{\"privateKey\": \"s35",
            "x509Certificates": [{"value": "s36", "display": "s37"}],
            "emails": {"value": "s", "apiKey": {"userName": "s38"}},
        });
        let text = redacted(&body);
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
        assert_eq!(redacted(&json!("a secret by itself")), format!("\"{NOT_KEPT}\""));
        assert_eq!(
            admin_call_body(&json!({"name": "a", "apiKey": "s1", "owner": {"user_name": "b", "pin": 2}})),
            r#"{"name":"a","apiKey":"(not kept)","owner":{"user_name":"b","pin":"(not kept)"}}"#
        );
    }

    #[test]
    fn attributes_of_the_schema_are_kept() {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ü\"x", "active": true, "name": {"givenName": "[EU] {a}", "familyName": null},
            "emails": [{"value": "a@b.example", "type": "work", "primary": true}],
            "roles": [], "externalId": "7", "statsigOrgRole": "Admin",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": 7},
        });
        assert_eq!(redacted(&body), body.to_string());
        let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [
            {"op": "Replace", "path": "active", "value": "False"},
            {"op": "add", "value": {"active": false, "name.givenName": "A"}},
            {"op": "remove", "path": "emails[type eq \"work\"].value"},
        ]});
        assert_eq!(redacted(&patch), patch.to_string());
    }

    #[test]
    fn long_and_deep_values_are_truncated() {
        let members: Vec<Value> = (0..10_000).map(|n| json!({"value": n})).collect();
        let catalog = catalog();
        let text = Redactor::new(&catalog, Some("Groups"))
            .body(&json!({"members": members, "displayName": "x".repeat(10_000)}));
        assert!(text.contains("… and 9980 more"));
        assert!(text.len() < 2_000);
        let wide: Object =
            (0..5_000).map(|n| (format!("{n}\u{1}").repeat(30), json!([n, n, "\u{1}".repeat(90)]))).collect();
        assert!(redacted(&Value::Object(wide)).len() < 2 * MAX_BODY);
        let deep = (0..120).fold(json!(1), |value, _| json!([value]));
        assert!(redacted(&json!({"roles": deep})).len() < 50);
        let nested = (0..6).fold("x".to_owned(), |text, _| json!([text]).to_string());
        assert!(redacted(&json!({"title": nested})).len() < 500);
    }
}
