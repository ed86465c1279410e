//! Paths and query parameters of requests.

use super::{ELLIPSIS, Redactor, unknown_name};
use crate::redaction::secrets::redact;

/// The segments of this service's own paths.
const KNOWN_SEGMENTS: &[&str] = &[
    "guides",
    "setup",
    "setup-links",
    "healthz",
    "scim",
    "v2",
    "Users",
    "Groups",
    "Schemas",
    "ResourceTypes",
    "ServiceProviderConfig",
    "Me",
    "Bulk",
    ".search",
    "console",
    "api",
    "openapi.json",
    "organizations",
    "keys",
    "members",
    "projects",
    "summaries",
    "delete",
    "deletion",
    "groups",
    "log",
    "imports",
    "health",
    "settings",
    "teams",
    "roles",
    "archive",
    "restore",
    "regenerate",
    "deactivate",
    "owner",
    "sign-in",
    "sign-out",
    "assets",
    "sessions",
    "access",
    "brake",
    "changes",
    "compare",
    "deleted-people",
    "erase",
    "export",
    "people",
    "access-review",
    "bulk",
    "events",
    "pages",
    "pause",
    "preview",
    "release",
    "resume",
    "shown",
    "steps",
    "stop",
    "undo",
    "product-keys",
    "products",
    "consumers",
    "revocations",
    "rotate",
    "product",
    "sets",
    "poll",
    "jwks.json",
    "v1",
    "snapshot",
    "acknowledgements",
    ".well-known",
    "webhooks",
    "test",
    "replay",
    "attempts",
    "authzen-configuration",
    "evaluation",
    "evaluations",
    "search",
    "subject",
    "resource",
    "action",
    "invitations",
    "permissions",
    "accept",
    "decline",
    "console.css",
    "console.js",
    "icon.svg",
];

/// Whether a path of this service has the segment.
pub fn is_known_segment(segment: &str) -> bool {
    KNOWN_SEGMENTS.contains(&segment)
}

/// Whether a segment has the form of our ids: a UUID, or the public id of a key.
pub fn is_id(segment: &str) -> bool {
    let is_uuid = segment.len() == 36
        && segment.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    let is_key =
        segment.len() == 10 && segment.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_uuid || is_key
}

impl Redactor<'_> {
    /// Redacts the path of a request and its query parameters.
    pub fn address(&self, path: &str, parameters: &[(String, String)]) -> String {
        let segments = path.split('/').map(|segment| self.path_segment(segment));
        let mut address = segments.collect::<Vec<_>>().join("/");
        let mut mark = '?';
        for (own, value) in parameters {
            address.push(mark);
            address.push_str(&unknown_name(own));
            address.push('=');
            address.push_str(&self.parameter_value(own, value));
            mark = '&';
        }
        address
    }

    /// Redacts a segment that is an id, or stands in the place of one.
    pub fn path_segment(&self, segment: &str) -> String {
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        let is_plain = !decoded.contains(|character: char| {
            character.is_whitespace() || "\"'[](){}<>=&?%;,\\".contains(character)
        });
        let kept = if is_plain { redact(&decoded).into_owned() } else { unknown_name(&decoded) };
        self.remember(&decoded, &kept);
        kept
    }

    /// The parameters of RFC 7644 and RFC 9865 name attributes, or are words and numbers.
    fn parameter_value(&self, parameter: &str, value: &str) -> String {
        let is = |known: &str| parameter.eq_ignore_ascii_case(known);
        if is("filter") {
            return self.filter(value);
        }
        if is("attributes") || is("excludedAttributes") || is("sortBy") {
            return value.split(',').map(|one| self.attribute_path(one).0).collect::<Vec<_>>().join(",");
        }
        let is_number =
            (is("startIndex") || is("count")) && value.len() <= 20 && value.parse::<i64>().is_ok();
        let is_order = is("sortOrder") && matches!(value, "ascending" | "descending");
        if is_number || is_order {
            return value.to_owned();
        }
        self.remember(value, ELLIPSIS);
        ELLIPSIS.to_owned()
    }
}

/// Redacts a path of the console or of its API: known segments and ids are kept.
pub fn console_path(path: &str) -> String {
    let kept = |segment: &str| match segment {
        "" => String::new(),
        own if is_known_segment(own) || is_id(own) => own.to_owned(),
        other => unknown_name(&percent_encoding::percent_decode_str(other).decode_utf8_lossy()),
    };
    path.split('/').map(kept).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use directory::Catalog;

    #[test]
    fn ids_and_names_of_the_schema_are_kept() {
        let catalog = Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap();
        let redactor = Redactor::new(&catalog, Some("Users"));
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        for (path, parameters, expected) in [
            ("/scim/Users/2819c223", pairs(&[]), "/scim/Users/2819c223"),
            ("/scim/Users/ann%40x.example", pairs(&[]), "/scim/Users/ann@x.example"),
            ("/scim/Users/apiKey%20eq%20%22hush%22", pairs(&[]), "/scim/Users/apiKey…"),
            ("/scim/Users/pin=hush", pairs(&[]), "/scim/Users/pin…"),
            (
                "/scim/Users",
                pairs(&[("filter", "pin eq \"hush\""), ("count", "2")]),
                "/scim/Users?filter=pin eq …&count=2",
            ),
            ("/scim/Users", pairs(&[("apiKey", "hush"), ("count", "hush")]), "/scim/Users?apiKey=…&count=…"),
            ("/scim/Users", pairs(&[("a=hush", "hush")]), "/scim/Users?a…=…"),
            (
                "/scim/Users",
                pairs(&[("attributes", "userName,pin=hush")]),
                "/scim/Users?attributes=userName,pin…",
            ),
            (
                "/scim/Users",
                pairs(&[("sortOrder", "hush"), ("cursor", "hush")]),
                "/scim/Users?sortOrder=…&cursor=…",
            ),
        ] {
            assert_eq!(redactor.address(path, &parameters), expected);
        }
    }

    #[test]
    fn ids_are_distinguished_from_names() {
        assert!(is_id("5f0c1c1e-8a1b-4b7e-9d3a-0123456789ab") && is_id("ABCDEFGH0A"));
        for other in
            ["", "nobody", "ann@x.example", "abcdefghij", "5f0c1c1e8a1b4b7e9d3a0123456789ab", "ABCDEFGH0"]
        {
            assert!(!is_id(other), "{other}");
        }
    }
}
