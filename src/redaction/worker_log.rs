//! Redacts what goes to the Worker's own log. That has requests of all organizations, also those without a good key, so
//! that nothing in it may name a person or quote a client.

use std::borrow::Cow;

use super::audit_log::{is_id, is_known_segment};
use super::secrets;
use directory::key::{self, PREFIX};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Most segments of a path that are logged.
const MAX_SEGMENTS: usize = 12;
/// Replaces what is redacted.
const REDACTED: &str = "…";

/// The method of a request, if HTTP defines it.
pub(crate) fn method(method: &str) -> &str {
    if METHODS.contains(&method) { method } else { REDACTED }
}

/// The path of a request: known segments, and ids of our form. A key in it is reduced to its hint.
pub(crate) fn path(path: &str) -> String {
    let mut segments: Vec<Cow<'_, str>> = path.split('/').take(MAX_SEGMENTS).map(segment).collect();
    if path.split('/').nth(MAX_SEGMENTS).is_some() {
        segments.push(REDACTED.into());
    }
    segments.join("/")
}

fn segment(segment: &str) -> Cow<'_, str> {
    if segment.is_empty() || is_known_segment(segment) || is_id(segment) {
        return segment.into();
    }
    let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
    match decoded.split_once(PREFIX) {
        Some((_, id)) if id.bytes().take(10).filter(u8::is_ascii_alphanumeric).count() == 10 => {
            key::hint(id).into()
        }
        _ => REDACTED.into(),
    }
}

/// A message of this service, which does not quote the request. As a second line of defence, local parts of email
/// addresses and keys are redacted all the same, and line breaks become spaces.
pub(crate) fn message(text: &str) -> String {
    let text = secrets::redact_strictly(text);
    let mut logged = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        match word.rsplit_once('@') {
            Some((_, domain)) => {
                logged.push_str(REDACTED);
                logged.push('@');
                logged.push_str(domain);
            }
            None => logged.push_str(word),
        }
    }
    logged.chars().map(|character| if is_break(character) { ' ' } else { character }).collect()
}

fn is_break(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_keeps_known_segments_and_ids() {
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
        assert_eq!(path(&"/scim".repeat(100)), format!("{}/…", "/scim".repeat(MAX_SEGMENTS - 1)));
        assert_eq!((method("PATCH"), method("HUSH")), ("PATCH", "…"));
    }

    proptest! {
        #[test]
        fn a_text_is_one_line_without_addresses_and_keys(text in "([ \
             -~]|@|[A-Z2-7]{40}|[0-9a-f]{32}|\u{2028}|[\u{0}-\u{1f}]){0,12}") {
            let logged = message(&text);
            prop_assert!(!logged.contains(is_break));
            prop_assert!(logged.split('@').rev().skip(1).all(|before| before.ends_with(REDACTED)), "{logged}");
            prop_assert!(logged.split(|c: char| !c.is_ascii_hexdigit()).all(|run| run.len() < 40), "{logged}");
        }
    }
}
