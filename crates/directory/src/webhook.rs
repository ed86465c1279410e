//! Webhooks: when a delivery is tried again, what is signed, and where events may be delivered to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::EventType;

/// What the messages of a webhook are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Events as the feed has them, signed as Standard Webhooks says.
    #[default]
    StandardWebhooks,
    /// Security event tokens, pushed by RFC 8935.
    SecurityEventTokens,
}

impl Format {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StandardWebhooks => "standard-webhooks",
            Self::SecurityEventTokens => "security-event-tokens",
        }
    }
}

/// How long after a failed attempt the next one is, in seconds: before the second attempt, the third, and so on.
pub const DELAYS: [u64; 7] = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600];
/// Attempts at an event. If the last one fails, the webhook is disabled.
pub const MOST_ATTEMPTS: u32 = 8;
/// Subjects with a failed event from which on a webhook counts as failing: it gets one event at a time until some have
/// arrived.
pub const MOST_FAILED: usize = 10;
/// How a secret begins (Standard Webhooks).
pub const SECRET_PREFIX: &str = "whsec_";
/// Random bytes of a secret.
pub const SECRET_BYTES: usize = 24;
/// Longest address, in bytes.
pub const LONGEST_ADDRESS: usize = 2_000;
/// Longest value of the header `Authorization`, and longest audience of tokens, in bytes.
pub const LONGEST_AUTHORIZATION: usize = 4_000;
/// The errors of RFC 8935, section 2.4.
pub const TOKEN_ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_key",
    "invalid_issuer",
    "invalid_audience",
    "authentication_failed",
    "access_denied",
];
/// Most webhooks of an organization.
pub const MOST_WEBHOOKS: usize = 10;

/// Types that no event has: they select the events by which people lost or gained rights.
pub const DERIVED_TYPES: [&str; 2] = ["access.lost", "access.gained"];

/// The seconds from a failed attempt to the next one; `None`: it was the last. `failed` counts the attempts so far.
pub fn delay_after(failed: u32) -> Option<u64> {
    let place = usize::try_from(failed).ok()?.checked_sub(1)?;
    DELAYS.get(place).copied()
}

/// Whether a webhook may select events by this type.
pub fn is_type(name: &str) -> bool {
    DERIVED_TYPES.contains(&name) || name.parse::<EventType>().is_ok()
}

/// What is signed of a delivery (Standard Webhooks): `timestamp` is in seconds since the epoch.
pub fn signed_content(id: &str, timestamp: u64, body: &str) -> String {
    format!("{id}.{timestamp}.{body}")
}

/// Whether a text can be the value of the header `Authorization`, or an audience: visible characters of ASCII, and
/// spaces between them.
pub fn is_header_value(text: &str) -> bool {
    let is_visible = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    text.len() <= LONGEST_AUTHORIZATION
        && !text.is_empty()
        && text.bytes().all(is_visible)
        && text.trim() == text
}

/// Why events are not delivered to a host, as the end of a sentence; `None`: they may be. The host is in the form of
/// the WHATWG URL Standard: lower case, IDNs in Punycode, and any spelling of an IPv4 address as four decimal numbers.
pub fn host_refusal(host: &str) -> Option<&'static str> {
    const INTERNAL: [&str; 8] =
        ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa"];
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    if host.starts_with('[') || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())) {
        return Some("it is a literal address: Workers reach hosts by name");
    }
    let is_internal =
        |name: &str| host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    if INTERNAL.iter().any(|name| is_internal(name)) {
        return Some("the name is one of a private network");
    }
    if !host.contains('.') {
        return Some("a host on the internet has a name with a dot");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_tried_eight_times_within_28_hours() {
        let delays: Vec<_> = (1..=MOST_ATTEMPTS).map(delay_after).collect();
        assert_eq!(delays.iter().flatten().count(), 7);
        assert_eq!(delays.first(), Some(&Some(5)));
        assert_eq!((delays.last(), delay_after(0), delay_after(9)), (Some(&None), None, None));
        assert_eq!(DELAYS.iter().sum::<u64>(), 99_305);
    }

    #[test]
    fn hosts_of_private_networks_are_refused() {
        for host in [
            "127.0.0.1",
            "169.254.169.254",
            "8.8.8.8",
            "[::1]",
            "[fd00::1]",
            "[::ffff:a00:1]",
            "localhost",
            "a.localhost",
            "localhost.",
            "printer.local",
            "metadata.google.internal",
            "x.home.arpa",
            "intranet",
            "",
            "metadata",
        ] {
            assert!(host_refusal(host).is_some(), "{host}");
        }
        for host in
            ["hooks.acme.example", "internal.acme.example", "xn--bcher-kva.example", "1.acme.example", "a.b."]
        {
            assert_eq!(host_refusal(host), None, "{host}");
        }
    }

    #[test]
    fn a_header_has_no_line_breaks() {
        for value in ["Bearer abc", "Basic dTpw", "https://receiver.example/?a=b c"] {
            assert!(is_header_value(value), "{value}");
        }
        let long = "x".repeat(LONGEST_AUTHORIZATION + 1);
        for value in ["", " ", "Bearer a ", "Bearer a\r\nX: y", "Bearer \u{e4}", "a\0", &long] {
            assert!(!is_header_value(value), "{value:?}");
        }
    }

    #[test]
    fn types_are_those_of_events_and_two_more() {
        for name in ["person.created", "webhook.changed", "access.lost", "access.gained"] {
            assert!(is_type(name), "{name}");
        }
        for name in ["", "access", "person.exploded", "Person.Created"] {
            assert!(!is_type(name), "{name}");
        }
    }

    #[test]
    fn the_content_is_that_of_standard_webhooks() {
        assert_eq!(signed_content("evt_1", 7, "{}"), "evt_1.7.{}");
    }
}
