//! What may stand in the Worker's own log, which tells of all organizations, and of requests without a good key:
//! nothing that names a person, and nothing that quotes what a client sent.

use std::borrow::Cow;

use crate::redaction::kept::{is_id, known_segment};
use crate::redaction::secret;
use directory::key::{self, PREFIX};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Most segments of a path that are told.
const MOST_SEGMENTS: usize = 12;
/// Stands where something is not told.
const MORE: &str = "…";

/// The method of a request, if it is one of HTTP's.
pub(crate) fn method(method: &str) -> &str {
    if METHODS.contains(&method) { method } else { MORE }
}

/// The path of a request: our own names and ids that look like those we make. Of a key that has strayed into it, the
/// hint.
pub(crate) fn path(path: &str) -> String {
    let mut segments: Vec<Cow<'_, str>> = path.split('/').take(MOST_SEGMENTS).map(segment).collect();
    if path.split('/').nth(MOST_SEGMENTS).is_some() {
        segments.push(MORE.into());
    }
    segments.join("/")
}

fn segment(segment: &str) -> Cow<'_, str> {
    if segment.is_empty() || known_segment(segment) || is_id(segment) {
        return segment.into();
    }
    let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
    match decoded.split_once(PREFIX) {
        Some((_, id)) if id.bytes().take(10).filter(u8::is_ascii_alphanumeric).count() == 10 => {
            key::hint(id).into()
        }
        _ => MORE.into(),
    }
}

/// A text of our own that quotes nothing of the request. A net: what looks like an address or a key is left out all the
/// same, and nothing begins a line of its own.
pub(crate) fn own_text(text: &str) -> String {
    let text = secret::strictly_redacted(text);
    let mut told = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        match word.rsplit_once('@') {
            Some((_, domain)) => {
                told.push_str(MORE);
                told.push('@');
                told.push_str(domain);
            }
            None => told.push_str(word),
        }
    }
    told.chars().map(|character| if is_break(character) { ' ' } else { character }).collect()
}

fn is_break(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_a_path_only_our_own_names_and_ids_are_told() {
        let id = "5f0c1c1e-8a1b-4b7e-9d3a-0123456789ab";
        let key = format!("scim-{}", "ABCD2345".repeat(8));
        for (sent, expected) in [
            ("/scim/v2/Users", "/scim/v2/Users"),
            (&format!("/scim/Users/{id}"), &format!("/scim/Users/{id}")),
            ("/scim/Users/ann@example.com", "/scim/Users/…"),
            ("/scim/Users/ann%40example.com", "/scim/Users/…"),
            ("/scim/Users/hush", "/scim/Users/…"),
            ("/scim/Users/00000000000040008000000000000001", "/scim/Users/…"),
            (&format!("/scim/Users/{key}"), "/scim/Users/scim-ABCD…"),
            (&format!("/{}", key.replace('-', "%2D")), "/scim-ABCD…"),
            ("/%63onsole/a\nb", "/…/…"),
            (
                "/console/api/organizations/x/keys/ABCDEFGH0A/deactivate",
                "/console/api/organizations/…/keys/ABCDEFGH0A/deactivate",
            ),
        ] {
            assert_eq!(path(sent), expected);
        }
        assert_eq!(path(&"/scim".repeat(100)), format!("{}/…", "/scim".repeat(MOST_SEGMENTS - 1)));
        assert_eq!((method("PATCH"), method("HUSH")), ("PATCH", "…"));
    }

    proptest! {
        #[test]
        fn a_text_is_one_line_without_addresses_and_keys(text in "([ -~]|@|[A-Z2-7]{40}|[0-9a-f]{32}|\u{2028}|[\u{0}-\u{1f}]){0,12}") {
            let told = own_text(&text);
            prop_assert!(!told.contains(is_break));
            prop_assert!(told.split('@').rev().skip(1).all(|before| before.ends_with(MORE)), "{told}");
            prop_assert!(told.split(|c: char| !c.is_ascii_hexdigit()).all(|run| run.len() < 40), "{told}");
        }
    }
}
