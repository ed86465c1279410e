//! Redacts what goes to the Worker's own log. That has requests of all organizations, also those without a good key, so
//! that nothing in it may name a person or quote a client.

use std::borrow::Cow;
use std::net::IpAddr;

use super::audit_log::{is_id, is_known_segment};
use super::secrets;
use directory::key::{self, PREFIX};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
/// Most segments of a path that are logged.
const MAX_SEGMENTS: usize = 12;
/// Replaces what is redacted.
const REDACTED: &str = "…";
/// Stands for a segment of a path that is no name of this service.
const ID: &str = ":id";
/// Most bytes that are reserved for a route.
const MAX_ROUTE: usize = 100;

/// The method of a request, if HTTP defines it.
pub(crate) fn method(method: &str) -> &str {
    if METHODS.contains(&method) { method } else { REDACTED }
}

/// The route of a request by its path: known segments, and `:id` for any other. A key that strayed into the path is
/// reduced to its hint.
pub(crate) fn route(path: &str) -> String {
    let mut route = String::with_capacity(path.len().min(MAX_ROUTE));
    for segment in path.split('/').skip(1).take(MAX_SEGMENTS) {
        route.push('/');
        route.push_str(&named(segment));
    }
    if path.split('/').nth(MAX_SEGMENTS.saturating_add(1)).is_some() {
        route.push_str("/…");
    }
    route
}

fn named(segment: &str) -> Cow<'_, str> {
    if segment.is_empty() || is_known_segment(segment) {
        return segment.into();
    }
    if is_id(segment) {
        return ID.into();
    }
    let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
    match decoded.split_once(PREFIX) {
        Some((_, id)) if id.bytes().take(10).filter(u8::is_ascii_alphanumeric).count() == 10 => {
            key::hint(id).into()
        }
        _ => ID.into(),
    }
}

/// The network of a client's address: 24 bits of IPv4, 48 of IPv6. `None` for what is no address.
pub(crate) fn network(address: &str) -> Option<String> {
    Some(match address.parse().ok()? {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    })
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

/// A message that may quote the request, in double quotes: all from the first to the last of them is redacted, since
/// what is quoted may have some of its own.
pub(crate) fn quoting(text: &str) -> String {
    match (text.find('"'), text.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            let (before, behind) = (text.get(..=first), text.get(last..));
            message(&[before.unwrap_or_default(), REDACTED, behind.unwrap_or_default()].concat())
        }
        _ => message(text),
    }
}

fn is_break(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_quoted_is_redacted() {
        for (text, redacted) in [
            ("userName \"Ada Lovelace\" is taken.", "userName \"…\" is taken."),
            ("\"A\" and \"B\" are not.", "\"…\" are not."),
            ("It is named \"a\"b\"c\" here", "It is named \"…\" here"),
            ("one \" alone, of ada@example.com", "one \" alone, of …@example.com"),
            ("There is nothing.", "There is nothing."),
        ] {
            assert_eq!(quoting(text), redacted);
        }
    }

    #[test]
    fn a_route_has_known_segments_and_no_ids() {
        let id = "5f0c1c1e-8a1b-4b7e-9d3a-0123456789ab";
        let key = format!("scim-{}", "ABCD2345".repeat(8));
        for (sent, expected) in [
            ("/", "/"),
            ("/scim/v2/Users", "/scim/v2/Users"),
            (&format!("/scim/Users/{id}"), "/scim/Users/:id"),
            ("/scim/Users/ann@example.com", "/scim/Users/:id"),
            ("/scim/Users/ann%40example.com", "/scim/Users/:id"),
            ("/scim/Users/hush", "/scim/Users/:id"),
            ("/scim/Users/00000000000040008000000000000001", "/scim/Users/:id"),
            (&format!("/scim/Users/{key}"), "/scim/Users/scim-ABCD…"),
            (&format!("/{}", key.replace('-', "%2D")), "/scim-ABCD…"),
            ("/%63onsole/a\nb", "/:id/:id"),
            (
                "/console/api/organizations/x/keys/ABCDEFGH0A/deactivate",
                "/console/api/organizations/:id/keys/:id/deactivate",
            ),
        ] {
            assert_eq!(route(sent), expected);
        }
        assert_eq!(route(&"/scim".repeat(100)), format!("{}/…", "/scim".repeat(MAX_SEGMENTS)));
        assert_eq!((method("PATCH"), method("HUSH")), ("PATCH", "…"));
    }

    #[test]
    fn an_address_is_cut() {
        assert_eq!(network("203.0.113.7").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network("2001:db8:1:2:3::4").as_deref(), Some("2001:db8:1::/48"));
        assert_eq!(network("hush"), None);
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
