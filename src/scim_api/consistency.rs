//! Which SCIM requests D1's read replicas may answer, and the header by which a client reads its own writes.

use crate::d1::Database;
use crate::http::request::HttpRequest;

/// Request and response header: how much of the database its sender has seen.
pub(crate) const BOOKMARK: &str = "D1-Bookmark";

/// Lets the database answer from where this request may be answered.
pub(crate) fn anchored(database: Database, request: &HttpRequest, segments: &[&str]) -> Database {
    if may_lag(&request.method, segments, |name| request.parameter(name).is_some()) {
        database.at_replica(request.header(BOOKMARK).filter(|bookmark| is_bookmark(bookmark)))
    } else {
        database.at_primary()
    }
}

/// Whether a request may be answered by a replica that lags.
///
/// None that writes: what is decided by a stale read is only decided again. And no list by index, which may be an
/// import: whoever is missing from one is removed by the identity provider.
fn may_lag(method: &str, segments: &[&str], has_parameter: impl Fn(&str) -> bool) -> bool {
    method == "GET"
        && match segments {
            [] | ["Users" | "Groups"] => has_parameter("cursor"),
            _ => true,
        }
}

/// Whether a text can be one of D1's bookmarks. Anything else might name another of a session's constraints.
fn is_bookmark(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_reads_and_is_no_list_by_index_may_lag() {
        let may_lag = |method, segments: &[&str], parameters: &[&str]| {
            super::may_lag(method, segments, |name| parameters.contains(&name))
        };
        for segments in [&["Users", "1"][..], &["Groups", "1"], &["Schemas"], &["ServiceProviderConfig"]] {
            assert!(may_lag("GET", segments, &[]), "{segments:?}");
        }
        for segments in [&[][..], &["Users"], &["Groups"]] {
            for parameters in [&["cursor"][..], &["cursor", "count"], &["cursor", "filter", "count"]] {
                assert!(may_lag("GET", segments, parameters), "{segments:?} {parameters:?}");
            }
            for parameters in [
                &[][..],
                &["filter"],
                &["startIndex"],
                &["count"],
                &["filter", "startIndex"],
                &["filter", "count"],
            ] {
                assert!(!may_lag("GET", segments, parameters), "{segments:?} {parameters:?}");
            }
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "HEAD"] {
            assert!(!may_lag(method, &["Users", "1"], &[]), "{method}");
        }
        assert!(!may_lag("POST", &["Users", ".search"], &["filter"]));
    }

    #[test]
    fn a_bookmark_is_hexadecimal() {
        assert!(is_bookmark("00000085-0000024c-00004c6d-8e61117bf38d7adb71b934ebbf891683"));
        assert!(is_bookmark(&"a".repeat(128)));
        for text in ["", "first-primary", "ABC", "0 1", "é", &"a".repeat(129)] {
            assert!(!is_bookmark(text), "{text}");
        }
    }
}
