//! Which SCIM requests D1's read replicas may answer, and the header by which a client reads its own writes.

use http::Method;

use crate::d1::Database;
use crate::http::request::HttpRequest;

/// Request and response header: the state of the database that its sender has seen.
pub(crate) const BOOKMARK: &str = "D1-Bookmark";

/// The database, of which a read replica answers where one may.
pub(crate) fn route_to_replica(database: Database, request: &HttpRequest, segments: &[&str]) -> Database {
    if replica_allowed(&request.method, segments, |name| request.parameter(name).is_some()) {
        database.at_replica(request.header(BOOKMARK).filter(|bookmark| is_bookmark(bookmark)))
    } else {
        database.at_primary()
    }
}

/// Whether a replica, which lags behind the primary, may answer a request.
///
/// No request that writes: a decision from a stale read would only have to be made again. And no list by index, which
/// may be an import: the identity provider removes every user that is missing from one.
fn replica_allowed(method: &Method, segments: &[&str], has_parameter: impl Fn(&str) -> bool) -> bool {
    method == Method::GET
        && match segments {
            [] | ["Users" | "Groups"] => has_parameter("cursor"),
            _ => true,
        }
}

/// Whether a text has the form of a bookmark of D1. Any other text might be a constraint, such as `first-primary`.
fn is_bookmark(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_answer_reads_but_no_list_by_index() {
        let replica_allowed = |method: &str, segments: &[&str], parameters: &[&str]| {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            super::replica_allowed(&method, segments, |name| parameters.contains(&name))
        };
        for segments in [&["Users", "1"][..], &["Groups", "1"], &["Schemas"], &["ServiceProviderConfig"]] {
            assert!(replica_allowed("GET", segments, &[]), "{segments:?}");
        }
        for segments in [&[][..], &["Users"], &["Groups"]] {
            for parameters in [&["cursor"][..], &["cursor", "count"], &["cursor", "filter", "count"]] {
                assert!(replica_allowed("GET", segments, parameters), "{segments:?} {parameters:?}");
            }
            for parameters in [
                &[][..],
                &["filter"],
                &["startIndex"],
                &["count"],
                &["filter", "startIndex"],
                &["filter", "count"],
            ] {
                assert!(!replica_allowed("GET", segments, parameters), "{segments:?} {parameters:?}");
            }
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "HEAD"] {
            assert!(!replica_allowed(method, &["Users", "1"], &[]), "{method}");
        }
        assert!(!replica_allowed("POST", &["Users", ".search"], &["filter"]));
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
