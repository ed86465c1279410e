//! Webhooks: when a delivery is tried again, what is signed, and where events may be delivered to.

use crate::event::EventType;

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
