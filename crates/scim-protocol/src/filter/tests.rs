//! Tests of the parser and of what filters mean.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Comparison, Filter, Literal, Matcher, parse, parse_value_path};
use crate::attribute_path::AttributePath;
use crate::budget::Budget;
use crate::schema::{Attribute, user};
use crate::{Limits, ScimType};

const LIMITS: Limits = Limits::DEFAULT;

/// The tree in a form that is easy to compare: fully parenthesized, names canonical.
fn shape(filter: &Filter<'_>) -> String {
    let join = |all: &[Filter<'_>], word: &str| {
        format!("({})", all.iter().map(shape).collect::<Vec<_>>().join(&format!(" {word} ")))
    };
    let name = |path: &AttributePath<'_>| {
        let parts = [path.attribute, path.sub_attribute];
        parts.into_iter().flatten().map(|attribute| attribute.name.as_str()).collect::<Vec<_>>().join(".")
    };
    match filter {
        Filter::And(all) => join(all, "and"),
        Filter::Or(any) => join(any, "or"),
        Filter::Not(inner) => format!("not {}", shape(inner)),
        Filter::Present(path) => format!("{} pr", name(path)),
        Filter::ValuePath { path, filter } => format!("{}[{}]", name(path), shape(filter)),
        Filter::Compare(Comparison { path, operator, value, .. }) => {
            format!("{} {} {value:?}", name(path), operator.as_str())
        }
    }
}

fn parsed(text: &str) -> String {
    let user = user();
    match parse(&[&user], text, &LIMITS) {
        Ok(filter) => shape(&filter),
        Err(error) => panic!("{text}: {}", error.detail),
    }
}

#[test]
fn precedence_and_case() {
    assert_eq!(
        parsed("TITLE PR AND (userType EQ \"a\" Or userType ne \"b\") or not (active eq TRUE)"),
        "((title pr and (userType eq String(\"a\") or userType ne String(\"b\"))) or not active eq Boolean(true))"
    );
}

#[test]
fn the_filters_of_the_rfc() {
    for (text, expected) in [
        ("name.familyName co \"O'Malley\"", "name.familyName co String(\"O'Malley\")"),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"J\"", "userName sw String(\"J\")"),
        (
            "meta.lastModified gt \"2011-05-13T04:42:34Z\"",
            "meta.lastModified gt String(\"2011-05-13T04:42:34.000Z\")",
        ),
        ("emails co \"example.com\"", "emails.value co String(\"example.com\")"),
        (
            "emails[type eq \"work\" and value co \"@example.com\"] or ims[type eq \"xmpp\"]",
            "(emails[(type eq String(\"work\") and value co String(\"@example.com\"))] or ims[type eq \
             String(\"xmpp\")])",
        ),
    ] {
        assert_eq!(parsed(text), expected);
    }
}

#[test]
fn what_identity_providers_write() {
    assert_eq!(parsed("externalId eq jyoung"), "externalId eq String(\"jyoung\")");
    assert_eq!(
        parsed("emails[type eq \"work\"].value eq \"a@b\""),
        "emails[(type eq String(\"work\") and value eq String(\"a@b\"))]"
    );
    assert_eq!(parsed("roles[primary eq \"True\"]"), "roles[primary eq Boolean(true)]");
    assert_eq!(
        parsed("ID eq \"1\" and manager eq \"2\""),
        "(id eq String(\"1\") and manager.value eq String(\"2\"))"
    );
    assert_eq!(
        parsed(r#"userName eq "a \"b\" \u00fc and or""#),
        "userName eq String(\"a \\\"b\\\" ü and or\")"
    );
    assert_eq!(parsed("title eq null"), "title eq Null");
}

#[test]
fn text_without_quotes_is_taken_unless_it_begins_with_another_quote() {
    for text in [
        "o'brien@acme.test",
        "o’brien@acme.test",
        "a,b",
        "AT&T",
        "a;b",
        "$5",
        r"acme\jane",
        "a{b}",
        "?",
        "50%",
        "ΟΔΟΣ",
        "1",
    ] {
        let expected = Literal::String(text.to_owned());
        assert_eq!(parsed(&format!("title eq {text}")), format!("title eq {expected:?}"));
        assert_eq!(parsed(&format!("emails[value eq {text}]")), format!("emails[value eq {expected:?}]"));
    }
    for text in [
        "'jo@acme.test'",
        "“jo@acme.test”",
        "‘jo’",
        "„jo“",
        "«jo»",
        "`jo`",
        "{\"a\":1}",
        "<jo>",
        "'jo smith'",
    ] {
        for filter in [format!("userName eq {text}"), format!("not (emails[value co {text}])")] {
            let detail = parse(&[&user()], &filter, &LIMITS).unwrap_err().detail;
            assert!(detail.contains("double quotes"), "{filter}: {detail}");
        }
    }
}

#[test]
fn names_may_be_older_or_have_a_dot_behind_their_urn() {
    for name in [
        "urn:ietf:params:scim:schemas:core:2.0:User.name.givenName",
        "urn:scim:schemas:core:1.0:name.givenName",
        "URN:SCIM:SCHEMAS:CORE:2.0:USER.name.givenName",
    ] {
        assert_eq!(parsed(&format!("{name} pr")), "name.givenName pr", "{name}");
    }
    assert_eq!(parsed("urn:scim:schemas:extension:enterprise:1.0:manager pr"), "manager pr");
}

#[test]
fn moments_are_brought_to_utc() {
    for (text, expected) in [
        ("2026-01-31T09:00:00.5+01:00", "2026-01-31T08:00:00.500Z"),
        ("2026-01-31T08:00:00", "2026-01-31T08:00:00.000Z"),
        ("2026-01-31t08:00:00.0001z", "2026-01-31T08:00:00.000Z+"),
        ("9999-12-31T23:59:59-08:00", "9999-12-31T23:59:59.999Z+"),
    ] {
        assert_eq!(
            parsed(&format!("meta.created ge \"{text}\"")),
            format!("meta.created ge String({expected:?})")
        );
    }
    assert_eq!(parsed("meta.created sw \"2026\""), "meta.created sw String(\"2026\")");
}

#[test]
fn mistakes_are_named() {
    let user = user();
    let long = format!("title eq \"{}\"", "a".repeat(LIMITS.max_filter_value_bytes + 1));
    for (text, named) in [
        ("", "ends"),
        ("userName", "operator"),
        ("userName eq", "value"),
        ("userName eq \"a", "not closed"),
        ("userName eq {}", "value"),
        ("userName like \"a\"", "\"like\""),
        ("nonsense eq \"a\"", "\"nonsense\""),
        ("userName eq \"a\" \"b\"", "ended"),
        ("(userName eq \"a\"", "\")\""),
        ("userName[value eq \"a\"]", "multi-valued"),
        ("emails[nonsense eq \"a\"]", "\"nonsense\""),
        ("active gt true", "boolean"),
        ("not userName eq \"a\"", "not (userName eq"),
        ("emails[NOT type pr]", "parentheses"),
        ("emails.primary eq 5", "\"emails.primary\""),
        ("emails[primary co true]", "\"emails.primary\""),
        ("meta.created gt \"yesterday\"", "\"meta.created\""),
        ("x509Certificates[value gt \"x\"]", "\"x509Certificates.value\""),
        ("name.givenName gt null", "\"name.givenName\""),
        ("emails[value eq \"\\u0000\"]", "\"emails.value\""),
        ("active eq 5", "boolean"),
        ("name eq \"a\"", "name.formatted"),
        (long.as_str(), "1024"),
        ("userName gt null", "null"),
        ("password pr", "never returned"),
        ("meta.created gt \"yesterday\"", "date and time"),
        ("x509Certificates.value gt \"x\"", "binary"),
        ("title eq \"\\u0000\"", "U+0000"),
    ] {
        let error = parse(&[&user], text, &LIMITS).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidFilter), "{text}");
        assert!(error.detail.contains(named), "{text}: {}", error.detail);
    }
}

#[test]
fn limits_hold() {
    let user = user();
    let deep = format!("{}title pr{}", "(".repeat(10_000), ")".repeat(10_000));
    let long = format!("title eq \"{}\"", "a".repeat(LIMITS.max_filter_bytes));
    for text in [deep.get(..8000).unwrap(), long.as_str()] {
        assert_eq!(parse(&[&user], text, &LIMITS).unwrap_err().scim_type, Some(ScimType::InvalidFilter));
    }
    let wide = vec!["title pr"; LIMITS.max_filter_comparisons + 1].join(" or ");
    assert_eq!(parse(&[&user], &wide, &LIMITS).unwrap_err().scim_type, Some(ScimType::TooMany));
}

fn matches(filter: &str, element: &Value) -> bool {
    let user = user();
    let emails: &Attribute = user.attribute("emails").unwrap();
    let filter = parse_value_path(emails, filter, &LIMITS).unwrap();
    Matcher::new(&filter).matches(element.as_object().unwrap(), &Budget::default()).unwrap()
}

#[test]
fn elements_are_compared_as_their_attribute_says() {
    let email = json!({"value": "Ada@Example.com", "type": "work", "primary": true});
    for holds in [
        "type eq \"WORK\"",
        "primary eq true",
        "value sw \"ada\" and value ew \".COM\" and value co \"@\"",
        "display ne \"x\"",
        "not (display pr)",
        "display eq null or type eq null",
        "value gt \"a\" and value le \"ada@example.com\"",
    ] {
        assert!(matches(holds, &email), "{holds}");
    }
    for fails in
        ["type eq \"home\"", "display eq \"x\"", "primary ne true", "display sw \"\"", "value eq null"]
    {
        assert!(!matches(fails, &email), "{fails}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in ".{0,200}") {
        let _ = parse(&[&user()], &text, &LIMITS);
    }

    #[test]
    fn nor_does_any_sequence_of_tokens(
        tokens in proptest::collection::vec(
            prop::sample::select(vec![
                "userName", "emails", "active", "(", ")", "[", "]", "and", "or", "not", "eq", "pr", "co",
                "\"x\"", "true", "null", ".value", "\\", "\"", "ü",
            ]),
            0..40,
        ),
    ) {
        let _ = parse(&[&user()], &tokens.join(" "), &LIMITS);
    }
}
