//! Filters (RFC 7644 §3.4.2.2): the tree, its parser, and its meaning for one element of an attribute.
//!
//! A filter is parsed once, against the resource type, so that every name in the tree is an attribute
//! that exists and every literal has its attribute's type. What the tree means for a whole directory is
//! decided by the storage, which turns it into SQL.

mod element;
mod lexer;
mod parser;

pub use element::Matcher;
pub use parser::{parse, parse_value_path};

use super::attribute_path::AttributePath;

/// A filter whose names and literals have been checked against a resource type.
#[derive(Debug, Clone)]
pub enum Filter<'a> {
    /// All hold.
    And(Vec<Filter<'a>>),
    /// One holds.
    Or(Vec<Filter<'a>>),
    /// It does not hold.
    Not(Box<Filter<'a>>),
    /// The attribute has a value (`pr`).
    Present(AttributePath<'a>),
    /// The attribute compares with a literal.
    Compare(Comparison<'a>),
    /// One element of a multi-valued attribute satisfies the filter in the brackets.
    ValuePath {
        /// The multi-valued attribute.
        path: AttributePath<'a>,
        /// A filter over the element's sub-attributes.
        filter: Box<Filter<'a>>,
    },
}

impl Filter<'_> {
    /// How deep it is nested; a comparison is 1.
    pub fn depth(&self) -> usize {
        let within = match self {
            Self::And(all) | Self::Or(all) => all.iter().map(Filter::depth).max().unwrap_or(0),
            Self::Not(filter) | Self::ValuePath { filter, .. } => filter.depth(),
            Self::Present(_) | Self::Compare(_) => 0,
        };
        within.saturating_add(1)
    }

    /// The same with other numbers for its comparisons, which begin with `first`.
    #[must_use]
    pub fn numbered_from(mut self, first: usize) -> Self {
        self.number(&mut { first });
        self
    }

    fn number(&mut self, next: &mut usize) {
        match self {
            Self::And(all) | Self::Or(all) => all.iter_mut().for_each(|filter| filter.number(next)),
            Self::Not(filter) | Self::ValuePath { filter, .. } => filter.number(next),
            Self::Present(_) => {}
            Self::Compare(comparison) => {
                comparison.number = *next;
                *next = next.saturating_add(1);
            }
        }
    }

    /// How many comparisons it has.
    pub fn terms(&self) -> usize {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().map(Filter::terms).sum(),
            Self::Not(filter) | Self::ValuePath { filter, .. } => filter.terms(),
            Self::Present(_) | Self::Compare(_) => 1,
        }
    }
}

/// `attribute operator literal`.
#[derive(Debug, Clone)]
pub struct Comparison<'a> {
    /// Its number in the filter.
    pub number: usize,
    /// The attribute, down to the sub-attribute that is compared.
    pub path: AttributePath<'a>,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with, of the attribute's type.
    pub value: Literal,
}

/// Comparison operators (RFC 7644 §3.4.2.2, table 3), `pr` aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
}

impl Operator {
    fn parse(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "co" => Self::Co,
            "sw" => Self::Sw,
            "ew" => Self::Ew,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "lt" => Self::Lt,
            "le" => Self::Le,
            _ => return None,
        })
    }

    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

/// A literal of the type of the attribute it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// Text; of a date-time, too.
    String(String),
    /// A boolean.
    Boolean(bool),
    /// `null`: the attribute has no value.
    Null,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
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
                "(emails[(type eq String(\"work\") and value co String(\"@example.com\"))] or ims[type eq String(\"xmpp\")])",
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
}
