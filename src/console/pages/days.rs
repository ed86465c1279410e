//! Fields for days: the first and the last day of a period, which has both, or the day at whose beginning something
//! was.
//!
//! The script of the pages knows the reader's zone. It sends the instants at which these days begin or end there, under
//! the names of the API's parameters. Without it the days are sent, and are those of UTC.

use chrono::NaiveDate;
use maud::{Markup, html};

use super::request::PageRequest;

/// What is added to the name of a parameter for its field.
const DAY: &str = "_day";
/// The parameters that have such a field, and whether they stand for the end of the day.
const PARAMETERS: [(&str, bool); 3] = [("from", false), ("to", true), ("access_at", false)];

/// The parameters of a request with instants in the place of days.
pub(crate) fn in_instants(query: Vec<(String, String)>) -> Vec<(String, String)> {
    let instant = |(name, value): (String, String)| {
        let of_field = |(own, _): &&(&str, bool)| name.strip_suffix(DAY) == Some(own);
        match PARAMETERS.iter().find(of_field) {
            Some((own, true)) => ((*own).to_owned(), moved(&value, NaiveDate::succ_opt).unwrap_or(value)),
            Some((own, false)) => ((*own).to_owned(), value),
            None => (name, value),
        }
    };
    query.into_iter().map(instant).collect()
}

/// The field of the parameter with that name.
pub(super) fn field(request: &PageRequest, name: &str, label: &str) -> Markup {
    let instant = request.parameter(name);
    let is_end = PARAMETERS.contains(&(name, true));
    html! {
        div.field {
            label for=(name) { (label) " " small.zone { "(UTC)" } }
            input id=(name) type="date" name={ (name) (DAY) } value=(day(instant, is_end))
                data-instant=[instant_of(instant)] data-edge=(if is_end { "end" } else { "start" });
        }
    }
}

/// The day in UTC that begins at an instant, or ends there.
fn day(instant: &str, is_end: bool) -> String {
    let (day, time) = instant.split_at_checked(10).unwrap_or((instant, ""));
    let is_midnight = time.bytes().all(|byte| !matches!(byte, b'1'..=b'9'));
    let before = if is_end && is_midnight { moved(day, NaiveDate::pred_opt) } else { None };
    before.unwrap_or_else(|| day.to_owned())
}

/// An instant as browsers read it; `None`: there is none. Without the `Z` they take a time for one of the reader's
/// zone.
pub(super) fn instant_of(instant: &str) -> Option<String> {
    let is_time = instant.contains('T') && !instant.ends_with('Z');
    (!instant.is_empty()).then(|| format!("{instant}{}", if is_time { "Z" } else { "" }))
}

/// The day next to another one; `None`: the text is no day.
fn moved(day: &str, way: impl FnOnce(&NaiveDate) -> Option<NaiveDate>) -> Option<String> {
    let (year, rest) = day.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let day = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    Some(way(&day)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_has_its_last_day() {
        let sent =
            |name: &str, value: &str| in_instants(vec![(name.to_owned(), value.to_owned())]).pop().unwrap();
        let is = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(sent("from_day", "2026-12-31"), is("from", "2026-12-31"));
        assert_eq!(sent("to_day", "2026-12-31"), is("to", "2027-01-01"));
        assert_eq!(sent("to_day", "2028-02-28"), is("to", "2028-02-29"));
        assert_eq!(sent("to_day", "nonsense"), is("to", "nonsense"));
        assert_eq!(sent("to_day", ""), is("to", ""));
        assert_eq!(sent("access_at_day", "2026-01-01"), is("access_at", "2026-01-01"));
        assert_eq!(sent("first_day", "2026-01-01"), is("first_day", "2026-01-01"));
    }

    #[test]
    fn a_field_shows_the_day_that_an_instant_begins_or_ends() {
        for (instant, begins, ends) in [
            ("", "", ""),
            ("2027-01-01", "2027-01-01", "2026-12-31"),
            ("2027-01-01T00:00:00.000Z", "2027-01-01", "2026-12-31"),
            ("2026-12-31T23:00:00.000Z", "2026-12-31", "2026-12-31"),
        ] {
            assert_eq!(
                (day(instant, false), day(instant, true)),
                (begins.to_owned(), ends.to_owned()),
                "{instant}"
            );
        }
        assert_eq!(instant_of("2026-12-31T23:00").as_deref(), Some("2026-12-31T23:00Z"));
        assert_eq!(instant_of("2026-12-31").as_deref(), Some("2026-12-31"));
        assert_eq!(instant_of(""), None);
    }
}
