//! Filters and attribute paths.

use super::{ELLIPSIS, Redactor, is_secret_path, unknown_name};
use crate::redaction::secrets::redact;
use scim_protocol::attribute_path::AttributePath;
use scim_protocol::filter::{Filter, parse, parse_value_path};

/// Longest part of a filter that is kept, in bytes.
const MAX_FILTER: usize = 1_000;
const OPERATORS: [&str; 10] = ["eq", "ne", "co", "sw", "ew", "pr", "gt", "ge", "lt", "le"];
const KEYWORDS: [&str; 6] = ["and", "or", "not", "true", "false", "null"];

impl<'c> Redactor<'c> {
    /// Redacts a filter: one that resolves to the schema is kept, of others the names and operators.
    pub fn filter(&self, text: &str) -> String {
        match parse(&self.types, text, self.limits) {
            Ok(filter) if !names_secret(&filter) => redact(text).into_owned(),
            _ => self.skeleton(text),
        }
    }

    /// Redacts an attribute path, as of a PATCH operation. Also returns what it resolves to.
    pub(crate) fn attribute_path(&self, text: &str) -> (String, Option<AttributePath<'c>>) {
        let text = text.trim();
        let (kept, path) = self.path(text);
        self.remember(text, &kept);
        (kept, path)
    }

    fn path(&self, text: &str) -> (String, Option<AttributePath<'c>>) {
        let Some((before, bracketed)) = text.split_once('[') else {
            let path = self.resolve(text);
            return (if path.is_some() { redact(text).into_owned() } else { unknown_name(text) }, path);
        };
        let unresolved = || (format!("{}[{ELLIPSIS}", unknown_name(before)), None);
        let Some(path) = self.resolve(before.trim()) else { return unresolved() };
        let Some((attribute, (filter, after))) = path.attribute.zip(bracketed.rsplit_once(']')) else {
            return unresolved();
        };
        let leads_to = match after.trim().strip_prefix('.').map(|sub_name| attribute.sub_attribute(sub_name))
        {
            None if after.trim().is_empty() => path,
            Some(Some(sub_attribute)) => AttributePath { sub_attribute: Some(sub_attribute), ..path },
            _ => return unresolved(),
        };
        match parse_value_path(attribute, filter, self.limits) {
            Ok(filter) if !is_secret_path(&path) && !names_secret(&filter) => {
                (redact(text).into_owned(), Some(leads_to))
            }
            _ => {
                self.skeleton(filter);
                unresolved()
            }
        }
    }

    /// The names and operators of a filter that does not resolve.
    fn skeleton(&self, text: &str) -> String {
        let mut kept = String::new();
        let end = text.floor_char_boundary(MAX_FILTER);
        let (beginning, cut_off) = text.split_at_checked(end).unwrap_or((text, ""));
        let mut rest = beginning.trim_start();
        while let Some(first) = rest.chars().next() {
            let after = match first {
                '(' | ')' | '[' | ']' => {
                    kept.push(first);
                    rest.get(1..).unwrap_or_default()
                }
                '"' => {
                    kept.push_str(ELLIPSIS);
                    let (quoted, after) = rest.split_at_checked(end_of_quoted(rest)).unwrap_or((rest, ""));
                    self.remember(quoted.trim_matches('"'), ELLIPSIS);
                    after
                }
                _ => {
                    let (word, after) = word(rest);
                    kept.push_str(&self.word(word, after));
                    after
                }
            };
            rest = after.trim_start();
            if !rest.is_empty() && after.len() != rest.len() {
                kept.push(' ');
            }
        }
        if !cut_off.is_empty() {
            kept.push_str(ELLIPSIS);
        }
        kept
    }

    fn word(&self, word: &str, after: &str) -> String {
        let is_one_of =
            |words: &[&str], word: &str| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        let after = after.trim_start();
        let is_name = after.starts_with('[') || is_one_of(&OPERATORS, self::word(after).0);
        if is_one_of(&OPERATORS, word) || is_one_of(&KEYWORDS, word) || self.resolve(word).is_some() {
            return word.to_owned();
        }
        let kept = if is_name { unknown_name(word) } else { ELLIPSIS.to_owned() };
        self.remember(word, &kept);
        kept
    }
}

fn word(text: &str) -> (&str, &str) {
    let is_end = |character: char| character.is_whitespace() || "()[]\"".contains(character);
    text.split_at_checked(text.find(is_end).unwrap_or(text.len())).unwrap_or((text, ""))
}

/// Where a quoted text ends. The closing quote may be missing.
fn end_of_quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at.saturating_add(1),
            _ => {}
        }
    }
    text.len()
}

fn names_secret(filter: &Filter<'_>) -> bool {
    match filter {
        Filter::And(all) | Filter::Or(all) => all.iter().any(names_secret),
        Filter::Not(filter) => names_secret(filter),
        Filter::ValuePath { path, filter } => is_secret_path(path) || names_secret(filter),
        Filter::Present(path) => is_secret_path(path),
        Filter::Compare(comparison) => is_secret_path(&comparison.path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use directory::Catalog;

    #[test]
    fn a_filter_that_does_not_resolve_keeps_its_names() {
        let catalog = Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap();
        let redactor = Redactor::new(&catalog, Some("Users"));
        for (filter, expected) in [
            (r#"userName eq "ann" and emails[type eq "work"].value co "x""#, ""),
            (r#"apiKey eq "hush""#, "apiKey eq …"),
            ("apiKey eq hush", "apiKey eq …"),
            ("hush", "…"),
            (r#"userName eq "ann" and pin eq "hush""#, "userName eq … and pin eq …"),
            (r#"password eq "hush""#, "password eq …"),
            (r#"x509Certificates.value eq "hush""#, "x509Certificates.value eq …"),
            (r#"x509Certificates[value eq "hush"]"#, "x509Certificates[value eq …]"),
            (r#"emails[apiKey eq "hush"]"#, "emails[apiKey eq …]"),
            (r#"userName eq "hush"#, "userName eq …"),
            (r#"userName eq "a\" and b eq "hush""#, "userName eq ………"),
            (r#"not (otp eq "hush") or hush pr"#, "not (otp eq …) or hush pr"),
            (r#"title eq "a" hush"#, "title eq … …"),
            ("urn:acme:2.0:User:apiKey eq \"hush\"", "urn:acme:2.0:User:apiKey eq …"),
            ("\"hush\"", "…"),
            ("a=hush eq 1", "a… eq …"),
        ] {
            assert_eq!(redactor.filter(filter), if expected.is_empty() { filter } else { expected });
        }
        assert!(redactor.filter(&"hush eq hush ".repeat(2_000)).len() < 2_000);
    }

    #[test]
    fn a_path_that_does_not_resolve_keeps_its_name() {
        let catalog = Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap();
        let redactor = Redactor::new(&catalog, Some("Users"));
        for (path, expected) in [
            (r#"emails[type eq "work"].value"#, ""),
            ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", ""),
            ("apiKey", ""),
            ("name.pin", ""),
            (r#"apiKey[value eq "hush"]"#, "apiKey[…"),
            (r#"emails[pin eq "hush"].value"#, "emails[…"),
            (r#"emails[value eq "a"].hush pin"#, "emails[…"),
            (r#"password[value eq "hush"]"#, "password[…"),
            (r#"x509Certificates[value eq "hush"]"#, "x509Certificates[…"),
            ("apiKey=hush", "apiKey…"),
            ("emails[value eq \"hush", "emails[…"),
        ] {
            assert_eq!(redactor.attribute_path(path).0, if expected.is_empty() { path } else { expected });
        }
    }

    #[test]
    fn what_is_redacted_is_redacted_in_quotes_of_it() {
        let catalog = Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap();
        let redactor = Redactor::new(&catalog, Some("Users"));
        for (filter, detail, expected) in [
            ("apiKey eq hush", "The filter has \"hush\" where", "The filter has \"…\" where"),
            ("hush", "\"hush\" is no operator; hushed", "\"…\" is no operator; hushed"),
        ] {
            redactor.filter(filter);
            assert_eq!(redactor.message(detail), expected);
        }
        let long = format!("pin[value eq \"{}\"]", "x".repeat(200));
        redactor.attribute_path(&long);
        let detail = format!("The path \"{}\" names no attribute.", scim_protocol::error::shorten(&long));
        assert_eq!(redactor.message(&detail), "The path \"pin[…\" names no attribute.");
    }
}
