//! The query of a call, taken apart parameter by parameter, so that each mistake is told by name.

use crate::http::Problem;
use scim_protocol::error::shorten;

/// Most that a page shows, where nobody says otherwise.
const COUNT: u16 = 50;
/// Most that a page shows.
const MOST: u16 = 200;

/// The parameters of a call; an empty one is none.
pub(crate) struct Parameters<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Parameters<'a> {
    pub(crate) fn of(query: &'a [(String, String)]) -> Self {
        let given = query.iter().filter(|(_, value)| !value.is_empty());
        Self(given.map(|(name, value)| (name.as_str(), value.as_str())).collect())
    }

    /// Takes the parameter of that name.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(own, _)| *own == name)?;
        Some(self.0.swap_remove(at).1.to_owned())
    }

    /// Takes the parameter of that name, which must be one of these words, and returns what the word stands for.
    pub(crate) fn one_of<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
        let Some(given) = self.text(name) else { return Ok(None) };
        match words.iter().find(|(word, _)| *word == given) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                Err(wrong(name, &format!("one of {}", words.join(", "))))
            }
        }
    }

    /// Takes `count`.
    pub(crate) fn count(&mut self) -> Result<u16, Problem> {
        let Some(given) = self.text("count") else { return Ok(COUNT) };
        let count = given.parse().ok().filter(|count| (1..=MOST).contains(count));
        count.ok_or_else(|| wrong("count", &format!("a number from 1 to {MOST}")))
    }

    /// Takes a time: as ISO 8601 has it, or the beginning of that, such as a day.
    pub(crate) fn time(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let Some(given) = self.text(name) else { return Ok(None) };
        let pattern = b"0000-00-00T00:00:00.000";
        // Compared as text, `…:00Z` would be later than `…:00.500Z`.
        let time = given.strip_suffix('Z').unwrap_or(&given);
        let fits = time.len() >= 10
            && time.len() <= pattern.len()
            && time.bytes().zip(pattern).all(|(byte, like)| match like {
                b'0' => byte.is_ascii_digit(),
                like => byte == *like,
            });
        if fits {
            Ok(Some(time.to_owned()))
        } else {
            Err(wrong(name, "a day or a time in UTC, like 2026-01-31 or 2026-01-31T12:00"))
        }
    }

    /// Refuses what has not been taken.
    pub(crate) fn end(&self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => {
                Err(Problem::new(400, format!("There is no parameter \"{}\" here.", shorten(name))))
            }
        }
    }
}

/// What is said of a parameter that cannot be used.
pub(crate) fn wrong(name: &str, wanted: &str) -> Problem {
    Problem::new(400, format!("The parameter \"{name}\" must be {wanted}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &[(String, String)]) -> Parameters<'_> {
        Parameters::of(query)
    }

    #[test]
    fn times_are_whole_or_begin_one() {
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
            let query = [("from".to_owned(), given.to_owned())];
            let read = parameters(&query).time("from").ok().flatten();
            assert_eq!(read.as_deref(), fits.then(|| given.trim_end_matches('Z')), "{given}");
        }
    }

    #[test]
    fn what_is_not_taken_is_refused() {
        let query = [("count".to_owned(), "7".to_owned()), ("page".to_owned(), "2".to_owned())];
        let mut given = parameters(&query);
        assert_eq!(given.count().unwrap(), 7);
        assert!(given.end().unwrap_err().detail.contains("\"page\""));
        let query = [("count".to_owned(), "0".to_owned())];
        assert!(parameters(&query).count().is_err());
    }
}
