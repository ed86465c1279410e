//! The members that a filter can select, as far as that is known before the group is read (RFC 7644 §3.5.2.2).

use std::borrow::Cow;

use scim_protocol::Object;
use scim_protocol::budget::Budget;
use scim_protocol::filter::{Comparison, Filter, Literal, Matcher, Operator};

/// Ids of users in a request, in order, each once.
pub type Ids<'a> = Vec<Cow<'a, str>>;

/// The members that a filter can select.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reach<'a> {
    /// The only ids; `None`: any.
    pub(crate) candidates: Option<Ids<'a>>,
    /// Whether it selects all of them.
    pub(crate) is_exact: bool,
}

impl<'a> Reach<'a> {
    const ALL: Self = Self { candidates: None, is_exact: true };
    const SOME: Self = Self { candidates: None, is_exact: false };

    fn none() -> Self {
        Self { candidates: Some(Ids::new()), is_exact: true }
    }

    fn all_if(holds: bool) -> Self {
        if holds { Self::ALL } else { Self::none() }
    }

    fn one(id: &str, is_exact: bool) -> Self {
        Self { candidates: Some(vec![Cow::Owned(id.to_owned())]), is_exact }
    }

    fn and(self, other: Self) -> Self {
        let candidates = match (self.candidates, other.candidates) {
            (Some(mut some), Some(others)) => {
                some.retain(|id| others.binary_search(id).is_ok());
                Some(some)
            }
            (some, others) => some.or(others),
        };
        let is_empty = candidates.as_ref().is_some_and(Ids::is_empty);
        Self { candidates, is_exact: is_empty || (self.is_exact && other.is_exact) }
    }

    fn or(self, other: Self) -> Self {
        let all = |reach: &Self| *reach == Self::ALL;
        if all(&self) || all(&other) {
            return Self::ALL;
        }
        let candidates = self.candidates.zip(other.candidates).map(|(mut some, others)| {
            for id in others {
                if let Err(place) = some.binary_search(&id) {
                    some.insert(place, id);
                }
            }
            some
        });
        Self { candidates, is_exact: self.is_exact && other.is_exact }
    }
}

/// The members that a filter over their sub-attributes can select. Each member has a `value`, a `$ref` and a `display`,
/// and its `type` is "User".
pub(crate) fn reach<'a>(filter: &Filter<'_>) -> Reach<'a> {
    match filter {
        Filter::And(all) => all.iter().map(reach).fold(Reach::ALL, Reach::and),
        Filter::Or(any) => any.iter().map(reach).fold(Reach::none(), Reach::or),
        Filter::Not(filter) => match reach(filter) {
            Reach { candidates: None, is_exact: true } => Reach::none(),
            Reach { candidates: Some(ids), is_exact: true } if ids.is_empty() => Reach::ALL,
            _ => Reach::SOME,
        },
        Filter::Present(_) => Reach::ALL,
        Filter::Compare(comparison) => of_comparison(filter, comparison),
        // Sub-attributes have no elements of their own (RFC 7643 §2.3.8).
        Filter::ValuePath { .. } => Reach::none(),
    }
}

fn of_comparison<'a>(filter: &Filter<'_>, comparison: &Comparison<'_>) -> Reach<'a> {
    let name = comparison.path.leaf().map(|attribute| attribute.name.as_str());
    match (name, comparison.operator, &comparison.value) {
        (_, operator, Literal::Null) => Reach::all_if(operator == Operator::Ne),
        (Some("type"), ..) => {
            let member = Object::from_iter([("type".to_owned(), "User".into())]);
            // One short comparison stays far below what a request may spend.
            Reach::all_if(
                Matcher::new(filter).matches(&member, &Budget::default()).is_ok_and(|matches| matches),
            )
        }
        (Some("value"), Operator::Eq, Literal::String(id)) => Reach::one(id, true),
        // It ends with the id. Whether it begins with the address of this service is compared in the database.
        (Some("$ref"), Operator::Eq, Literal::String(uri)) => {
            Reach::one(uri.rsplit('/').next().unwrap_or_default(), false)
        }
        _ => Reach::SOME,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scim_protocol::Limits;
    use scim_protocol::filter::parse_value_path;
    use scim_protocol::schema::group;

    fn reach_of(filter: &str) -> Reach<'static> {
        let group = group();
        reach(&parse_value_path(group.attribute("members").unwrap(), filter, &Limits::DEFAULT).unwrap())
    }

    fn ids(ids: &[&'static str]) -> Reach<'static> {
        Reach { candidates: Some(ids.iter().map(|&id| Cow::Borrowed(id)).collect()), is_exact: true }
    }

    #[test]
    fn ids_are_found_without_looking_at_members() {
        for (filter, expected) in [
            ("value eq \"a\"", ids(&["a"])),
            ("value eq \"a\" and type eq \"user\"", ids(&["a"])),
            ("value eq \"a\" and type eq \"Group\"", ids(&[])),
            ("(value eq \"a\" or value eq \"b\") and value eq \"b\"", ids(&["b"])),
            ("value eq \"a\" or type ne \"User\" and display co \"x\"", ids(&["a"])),
            ("value eq \"a\" or display eq null", ids(&["a"])),
            ("type sw \"us\" or display co \"x\"", Reach::ALL),
            ("value pr", Reach::ALL),
            ("not (value pr)", ids(&[])),
            ("not (type eq \"Group\")", Reach::ALL),
            ("not (value eq \"a\")", Reach::SOME),
            ("display co \"x\"", Reach::SOME),
            ("value sw \"a\"", Reach::SOME),
        ] {
            assert_eq!(reach_of(filter), expected, "{filter}");
        }
    }

    #[test]
    fn candidates_narrow_what_else_is_asked() {
        for filter in ["value eq \"a\" and display co \"x\"", "$ref eq \"https://x/scim/Users/a\""] {
            assert_eq!(reach_of(filter), Reach { is_exact: false, ..ids(&["a"]) }, "{filter}");
        }
    }
}
