//! Query parameters.

use std::fmt::Display;
use std::str::FromStr;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use utoipa::ToSchema;

use crate::d1::project_views::{MOST_SEARCHED, Sort};
use crate::http::{AdminCode, Problem};
use scim_protocol::Object;
use scim_protocol::error::shorten;
use scim_protocol::json;

/// Entries of a page, unless the query says otherwise.
pub(crate) const DEFAULT_COUNT: u16 = 50;
/// Most entries of a page.
pub(crate) const MAX_COUNT: u16 = 200;

/// Reads the parameters of a query. An empty one counts as left out.
///
/// # Errors
/// 400 for a parameter that is unknown, given twice or invalid, with its name.
pub(crate) fn read<T: DeserializeOwned>(parameters: &[(String, String)]) -> Result<T, Problem> {
    let mut fields = Object::new();
    let mut twice = None;
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        if fields.insert(name.clone(), Value::String(value.clone())).is_some() {
            twice = Some(name);
        }
    }
    let query =
        json::read_exactly(&fields).map_err(|error| invalid(error.path(), &error.reason().to_string()))?;
    match twice {
        Some(name) => Err(invalid(None, &format!("duplicate field `{name}`"))),
        None => Ok(query),
    }
}

fn invalid(name: Option<&str>, why: &str) -> Problem {
    let why = shorten(why);
    Problem::of(
        AdminCode::InvalidParameter,
        match name {
            None => format!("Invalid query: {why}."),
            Some(name) => format!("Invalid query parameter \"{}\": {why}.", shorten(name)),
        },
    )
}

/// A parameter that is a number.
pub(crate) fn number<'de, D: Deserializer<'de>, N: FromStr<Err: Display>>(
    parameter: D,
) -> Result<Option<N>, D::Error> {
    Option::<String>::deserialize(parameter)?
        .map(|number| number.parse().map_err(D::Error::custom))
        .transpose()
}

/// How many entries a page has at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Count(pub(crate) u16);

impl Default for Count {
    fn default() -> Self {
        Self(DEFAULT_COUNT)
    }
}

impl TryFrom<String> for Count {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let count = text.parse().ok().filter(|count| (1..=MAX_COUNT).contains(count));
        count.map(Self).ok_or_else(|| format!("must be a number from 1 to {MAX_COUNT}"))
    }
}

impl Count {
    /// Truncates rows to a page; true if there are more. Statements select one row more than a page has.
    pub(crate) fn truncate<T>(self, rows: &mut Vec<T>) -> bool {
        let has_more = rows.len() > usize::from(self.0);
        rows.truncate(self.0.into());
        has_more
    }
}

/// Most entries of a page of a list that had no pages once.
pub(crate) const MAX_LONG_COUNT: u16 = 1_000;

/// How many entries a page has at most, of a list that had no pages once: as many as possible, unless the query says
/// otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct LongCount(pub(crate) u16);

impl Default for LongCount {
    fn default() -> Self {
        Self(MAX_LONG_COUNT)
    }
}

impl TryFrom<String> for LongCount {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let count = text.parse().ok().filter(|count| (1..=MAX_LONG_COUNT).contains(count));
        count.map(Self).ok_or_else(|| format!("must be a number from 1 to {MAX_LONG_COUNT}"))
    }
}

/// A day or a time, in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(
    value_type = String,
    pattern = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{3})?)?Z?)?$",
    examples("2026-01-31", "2026-01-31T12:00:00Z")
)]
pub(crate) struct Moment(String);

impl TryFrom<String> for Moment {
    type Error = &'static str;

    /// Reads a time of ISO 8601, or a prefix of one that is at least a day.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let pattern = b"0000-00-00T00:00:00.000";
        // Compared as text, `…:00Z` would be later than `…:00.500Z`.
        let time = text.strip_suffix('Z').unwrap_or(&text);
        let fits = time.len() >= 10
            && time.len() <= pattern.len()
            && time.bytes().zip(pattern).all(|(byte, like)| match like {
                b'0' => byte.is_ascii_digit(),
                like => byte == *like,
            });
        match fits {
            true => Ok(Self(time.to_owned())),
            false => Err("must be a day or a time in UTC, like 2026-01-31 or 2026-01-31T12:00"),
        }
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Moment {
    /// The prefix of a time, without `Z`: texts of times compare with it as times do.
    pub(crate) fn into_prefix(self) -> String {
        self.0
    }

    /// The whole time, of which the given one is the beginning.
    pub(crate) fn into_time(self) -> String {
        const BEGINNING: &str = "0000-00-00T00:00:00.000Z";
        format!("{}{}", self.0, BEGINNING.get(self.0.len()..).unwrap_or_default())
    }
}

/// Where a page of a group's members begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, pattern = "^[0-9]+$")]
pub(crate) struct GroupCursor(pub(crate) u32);

impl TryFrom<String> for GroupCursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self).map_err(|_| "must be the \"next\" of the previous page")
    }
}

/// Where a page of a comparison of imports begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = String, pattern = "^[0-9]+$")]
pub(crate) struct SeqCursor(pub(crate) i64);

impl TryFrom<String> for SeqCursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let number = text.parse().ok().filter(|number| *number >= 0);
        number.map(Self).ok_or("must be the \"next\" of the previous page")
    }
}

/// How many entries of a list come before a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(try_from = "String")]
#[schema(value_type = u32, minimum = 0, maximum = 20_000)]
pub(crate) struct Skip(pub(crate) u32);

impl TryFrom<String> for Skip {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let skip = text.parse().ok().filter(|skip| *skip <= MOST_SEARCHED);
        skip.map(Self).ok_or_else(|| format!("must be a number from 0 to {MOST_SEARCHED}"))
    }
}

/// By what a list is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ListSort {
    /// By name.
    #[default]
    Name,
    /// By the number of people, the most first.
    People,
    /// By the time of the last push, the newest first.
    Pushed,
}

impl From<ListSort> for Sort {
    fn from(sort: ListSort) -> Self {
        match sort {
            ListSort::Name => Self::Name,
            ListSort::People => Self::People,
            ListSort::Pushed => Self::Pushed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_a_prefix_of_one() {
        for (given, fits) in [
            ("2026-01-31", true),
            ("2026-01-31T12:00", true),
            ("2026-01-31T12:00:00Z", true),
            ("2026-01-31T12:00:00.000Z", true),
            ("2026-01-31T12:00:00.000", true),
            ("2026-01", false),
            ("yesterday", false),
            ("2026-01-31 12:00", false),
            ("2026-01-31T12:00:00.000Z0", false),
        ] {
            let read = Moment::try_from(given.to_owned()).ok().map(Moment::into_prefix);
            assert_eq!(read.as_deref(), fits.then(|| given.trim_end_matches('Z')), "{given}");
        }
    }

    #[test]
    fn a_moment_is_completed() {
        for (given, time) in [
            ("2026-01-31", "2026-01-31T00:00:00.000Z"),
            ("2026-01-31T12:30Z", "2026-01-31T12:30:00.000Z"),
            ("2026-01-31T12:30:01.234Z", "2026-01-31T12:30:01.234Z"),
        ] {
            assert_eq!(Moment::try_from(given.to_owned()).unwrap().into_time(), time);
        }
    }

    #[test]
    fn unknown_parameters_are_refused_by_name() {
        use crate::admin_api::types::members::{MemberQuery, MemberStatus};
        use directory::OrgRole;
        let pairs = |query: &str| form_urlencoded::parse(query.as_bytes()).into_owned().collect::<Vec<_>>();
        let read = |query: &str| read::<MemberQuery>(&pairs(query));
        let query = read("count=7&status=inactive&org_role=Owner&search=").unwrap();
        assert_eq!((query.count, query.search), (Count(7), None));
        assert_eq!((query.status, query.org_role), (Some(MemberStatus::Inactive), Some(OrgRole::Owner)));
        assert_eq!(read("").unwrap().count, Count(50));
        for (wrong, name) in
            [("page=2", "page"), ("count=0", "count"), ("status=new", "status"), ("count=1&count=2", "count")]
        {
            let problem = read(wrong).unwrap_err();
            assert_eq!(problem.status, 400);
            assert!(problem.detail.contains(name), "{wrong}: {}", problem.detail);
        }
    }

    #[test]
    fn a_page_has_no_more_than_its_count() {
        assert_eq!(Count::try_from("7".to_owned()), Ok(Count(7)));
        for wrong in ["0", "201", "-1", "7.0", "many"] {
            assert!(Count::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        for (rows, has_more) in [(2, false), (3, true)] {
            let mut rows: Vec<_> = (0..rows).collect();
            assert_eq!((Count(2).truncate(&mut rows), rows.len()), (has_more, 2));
        }
    }
}
