//! Tests of PATCH from the message to the changed resource.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{apply, parse};
use crate::budget::Budget;
use crate::schema::{ENTERPRISE_USER, user};
use crate::{Limits, Object, ScimError, ScimType};

fn patched(before: &Value, operations: &Value) -> Result<Value, ScimError> {
    let user = user();
    let body = json!({"Operations": operations});
    let edits = parse(&user, &body, &Limits::DEFAULT)?;
    let mut resource = before.as_object().cloned().unwrap_or_default();
    apply(&user, &mut resource, &edits, &Budget::default())?;
    resource.remove("schemas");
    Ok(Value::Object(resource))
}

fn check(before: &Value, operations: &Value, after: &Value) {
    match patched(before, operations) {
        Ok(result) => assert_eq!(&result, after, "{operations}"),
        Err(error) => panic!("{operations}: {}", error.detail),
    }
}

fn refused(operations: &Value) -> Option<ScimType> {
    match patched(&json!({"userName": "a"}), operations) {
        Ok(result) => panic!("{operations} was carried out: {result}"),
        Err(error) => error.scim_type,
    }
}

#[test]
fn simple_and_complex_attributes() {
    let before = json!({"userName": "a", "title": "T", "name": {"givenName": "A", "familyName": "B"}});
    check(
        &before,
        &json!([
            {"op": "Replace", "path": "name.familyName", "value": "C"},
            {"op": "add", "path": "name", "value": {"middleName": "M"}},
            {"op": "remove", "path": "title"},
            {"op": "replace", "path": "active", "value": "False"},
            {"op": "add", "path": "nickName", "value": ""},
        ]),
        &json!({"userName": "a", "active": false,
            "name": {"givenName": "A", "familyName": "C", "middleName": "M"}}),
    );
    check(
        &before,
        &json!([{"op": "remove", "path": "name.givenName"}, {"op": "remove", "path": "name.familyName"}]),
        &json!({"userName": "a", "title": "T"}),
    );
}

#[test]
fn without_a_path_keys_may_be_nested_dotted_or_full() {
    check(
        &json!({"userName": "a"}),
        &json!([{"op": "replace", "value": {
            "id": "ignored", "nonsense": 1, "schemas": [],
            "name.givenName": "K",
            "urn:ietf:params:scim:schemas:core:2.0:User:title": "T",
            format!("{ENTERPRISE_USER}:employeeNumber"): "7",
            ENTERPRISE_USER: {"department": "D"},
            "active": false,
        }}]),
        &json!({"userName": "a", "name": {"givenName": "K"}, "title": "T", "active": false,
            ENTERPRISE_USER: {"employeeNumber": "7", "department": "D"}}),
    );
}

#[test]
fn extensions_as_a_whole() {
    let before = json!({"userName": "a", ENTERPRISE_USER: {"department": "D", "division": "V"}});
    check(&before, &json!([{"op": "remove", "path": ENTERPRISE_USER}]), &json!({"userName": "a"}));
    check(
        &before,
        &json!([{"op": "replace", "path": ENTERPRISE_USER, "value": {"costCenter": "C"}}]),
        &json!({"userName": "a", ENTERPRISE_USER: {"costCenter": "C"}}),
    );
    check(
        &before,
        &json!([{"op": "add", "path": format!("{ENTERPRISE_USER}:manager"), "value": [{"$ref": "r", "value": "m"}]}]),
        &json!({"userName": "a",
            ENTERPRISE_USER: {"department": "D", "division": "V", "manager": {"value": "m", "$ref": "r"}}}),
    );
}

#[test]
fn elements_by_filter() {
    let before = json!({"userName": "a", "emails": [
        {"value": "w@x", "type": "work", "primary": true}, {"value": "h@x", "type": "home"}]});
    check(
        &before,
        &json!([
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "n@x"},
            {"op": "remove", "path": "emails[type eq \"home\"]"},
            {"op": "add", "path": "emails[type eq \"other\"].value", "value": "o@x"},
        ]),
        &json!({"userName": "a", "emails": [
            {"value": "n@x", "type": "work", "primary": true}, {"value": "o@x", "type": "other"}]}),
    );
    check(
        &json!({"userName": "a"}),
        &json!([{"op": "replace", "path": "roles[primary eq \"True\"].value", "value": "R"}]),
        &json!({"userName": "a", "roles": [{"value": "R", "primary": true}]}),
    );
    check(&before, &json!([{"op": "remove", "path": "emails[type eq \"fax\"]"}]), &before);
}

#[test]
fn there_is_one_primary() {
    let before = json!({"userName": "a", "emails": [{"value": "w@x", "primary": true}]});
    check(
        &before,
        &json!([{"op": "add", "path": "emails", "value": [{"value": "n@x", "primary": true}]}]),
        &json!({"userName": "a", "emails": [
            {"value": "w@x", "primary": false}, {"value": "n@x", "primary": true}]}),
    );
}

#[test]
fn refusals_carry_their_keyword() {
    for (operations, keyword) in [
        (json!([{"op": "remove"}]), ScimType::NoTarget),
        (json!([{"op": "move", "path": "title"}]), ScimType::InvalidSyntax),
        (json!([{"op": "add", "path": "title"}]), ScimType::InvalidValue),
        (json!([{"op": "add", "path": "title", "value": 5}]), ScimType::InvalidValue),
        (json!([{"op": "add", "value": "x"}]), ScimType::InvalidValue),
        (json!([{"op": "add", "path": "nonsense", "value": "x"}]), ScimType::InvalidPath),
        (json!([{"op": "add", "path": "emails[type eq \"work\"", "value": "x"}]), ScimType::InvalidPath),
        (
            json!([{"op": "add", "path": "emails[type eq \"work\"]value", "value": "x"}]),
            ScimType::InvalidPath,
        ),
        (
            json!([{"op": "add", "path": "emails[type like \"work\"].value", "value": "x"}]),
            ScimType::InvalidFilter,
        ),
        (json!([{"op": "replace", "path": "emails[value sw \"a\"].type", "value": "x"}]), ScimType::NoTarget),
        (json!([{"op": "replace", "path": "id", "value": "x"}]), ScimType::Mutability),
        (json!([{"op": "replace", "path": "meta.created", "value": "x"}]), ScimType::Mutability),
        (json!([{"op": "add", "path": "groups", "value": [{"value": "g"}]}]), ScimType::Mutability),
        (json!([{"op": "remove", "path": "userName"}]), ScimType::Mutability),
        (json!([]), ScimType::InvalidSyntax),
    ] {
        assert_eq!(refused(&operations), Some(keyword), "{operations}");
    }
    let second =
        json!([{"op": "add", "path": "title", "value": "x"}, {"op": "add", "path": "title", "value": 5}]);
    assert!(patched(&json!({"userName": "a"}), &second).unwrap_err().detail.starts_with("Operations[1]"));
}

#[test]
fn a_password_is_thrown_away() {
    check(
        &json!({"userName": "a"}),
        &json!([{"op": "replace", "path": "password", "value": "s"}]),
        &json!({"userName": "a"}),
    );
}

proptest! {
    /// RFC 7644 §3.5.2.1: adding what is there changes nothing.
    #[test]
    fn adding_twice_is_adding_once(value in "[a-z]{1,3}", kind in prop::sample::select(vec!["work", "home"])) {
        let operations = json!([
            {"op": "add", "path": "emails", "value": [{"value": value, "type": kind}]},
            {"op": "add", "path": format!("phoneNumbers[type eq \"{kind}\"].value"), "value": value},
            {"op": "add", "path": "title", "value": value},
        ]);
        let once = patched(&json!({"userName": "a"}), &operations).unwrap();
        prop_assert_eq!(patched(&once, &operations).unwrap(), once);
    }

    #[test]
    fn no_path_makes_the_parser_panic(path in ".{0,100}", value in "[a-z]{0,3}") {
        let mut resource = Object::new();
        let user = user();
        let body = json!({"Operations": [{"op": "add", "path": path, "value": value}]});
        if let Ok(edits) = parse(&user, &body, &Limits::DEFAULT) {
            let _ = apply(&user, &mut resource, &edits, &Budget::default());
        }
    }
}
