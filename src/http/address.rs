//! The address of a request: its URL, read within limits.

use form_urlencoded::parse as parse_form;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use scim_protocol::ScimError;
use worker::Url;
use worker::url::{Host, Position};

/// Longest URL, in bytes. Cloudflare itself takes 16 KB.
pub(crate) const LIMIT: usize = 32 * 1024;
/// How many bytes of a longer URL are read: enough for the origin and the first segment of the path.
const BEGINNING: usize = 200;
/// Most parameters in a query.
pub(crate) const PARAMETER_LIMIT: usize = 100;

/// The address of a request.
#[derive(Debug, Default)]
pub(crate) struct Address {
    /// `https://host`, as the client called this service.
    pub(crate) origin: String,
    /// The path, in which `.` and `..` have been resolved.
    pub(crate) path: String,
    /// Path and query.
    pub(crate) path_and_query: String,
    /// The parameters of the query.
    pub(crate) query: Vec<(String, String)>,
    /// Whether the request came by https.
    pub(crate) is_https: bool,
    /// Whether it was sent to this machine itself.
    pub(crate) is_loopback: bool,
    /// Whether rules for paths, such as those of Cloudflare Access and of a firewall, read the path as this service
    /// does: no slash is doubled, and nothing is encoded that need not be, or leads elsewhere.
    pub(crate) is_plain: bool,
    /// Why the address is refused, if it is.
    pub(crate) refusal: Option<ScimError>,
}

impl Address {
    /// Reads a URL.
    pub(crate) fn parse(sent: &str) -> Self {
        let is_too_long = sent.len() > LIMIT;
        let Ok(url) = Url::parse(if is_too_long { sent.get(..BEGINNING).unwrap_or(sent) } else { sent })
        else {
            let refusal = ScimError::invalid_syntax("The address of the request is not a valid URL.");
            return Self { refusal: Some(refusal), ..Self::default() };
        };
        let has_too_many_parameters =
            url.query().is_some_and(|query| query.matches('&').count() >= PARAMETER_LIMIT);
        let refusal = if is_too_long {
            Some(ScimError::uri_too_long(format!(
                "The address is longer than {LIMIT} characters, the most that are read. Send a long query by POST to \
                 /.search."
            )))
        } else if has_too_many_parameters {
            Some(ScimError::invalid_syntax(format!(
                "The query has more than {PARAMETER_LIMIT} parameters, the most that are read."
            )))
        } else {
            None
        };
        // RFC 7644 is silent; clients send `+` for a space and `%2B` for a plus, which is form encoding.
        let query = url.query().filter(|_| refusal.is_none()).unwrap_or_default();
        Self {
            origin: origin_of(&url),
            path: url.path().to_owned(),
            path_and_query: match url.query().filter(|_| refusal.is_none()) {
                Some(query) if !query.is_empty() => format!("{}?{query}", url.path()),
                _ => url.path().to_owned(),
            },
            query: parse_form(query.as_bytes()).into_owned().collect(),
            is_https: url.scheme() == "https",
            is_loopback: is_loopback(&url),
            is_plain: path_as_sent(sent).is_some_and(|path| url.path() == path && is_plain(path)),
            refusal,
        }
    }
}

/// `scheme://host`, with a port that is not the scheme's own.
fn origin_of(url: &Url) -> String {
    let host = &url[Position::BeforeHost..Position::BeforePath];
    [url.scheme(), "://", host].concat()
}

/// The path of a URL before dots in it are resolved.
fn path_as_sent(url: &str) -> Option<&str> {
    let (_, after_scheme) = url.split_once("://")?;
    let path = after_scheme.get(after_scheme.find('/')?..)?;
    path.split(['?', '#']).next()
}

fn is_plain(path: &str) -> bool {
    let needs_no_encoding = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/\\%".contains(&byte);
    let mut encoded = path.split('%').skip(1).map(|after| {
        let digits = after.get(..2).unwrap_or_default();
        u8::from_str_radix(digits, 16)
    });
    !path.contains("//")
        && !path.contains('\\')
        && encoded.all(|byte| byte.is_ok_and(|byte| !needs_no_encoding(byte)))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The segments of a path, decoded; empty ones left out.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}

/// Everything but the unreserved characters of RFC 3986 §2.3.
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text, percent-encoded as one segment of a path.
pub(crate) fn encode_segment(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, &RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_in_a_path_are_resolved_and_are_not_plain() {
        for (sent, path) in [
            ("/scim/../console", "/console"),
            ("/console/./api", "/console/api"),
            ("/console/%2e%2E/x", "/x"),
            ("/scim\\Users", "/scim/Users"),
        ] {
            let address = Address::parse(&format!("https://a.example:8{sent}?x=/"));
            assert_eq!((address.path.as_str(), address.is_plain), (path, false), "{sent}");
            assert_eq!(address.origin, "https://a.example:8");
            assert_eq!(address.path_and_query, format!("{path}?x=/"));
        }
        assert!(Address::parse("http://a/scim/Users").is_plain);
        assert_eq!(Address::parse("nonsense").refusal.map(|error| error.status), Some(400));
    }

    #[test]
    fn a_query_is_read_within_limits() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let parse = |query: &str| Address::parse(&format!("http://a/scim?{query}"));
        assert_eq!(parse("a=b+c%2Bd&e").query, [pair("a", "b c+d"), pair("e", "")]);
        let many = parse(&"a=1&".repeat(PARAMETER_LIMIT));
        assert_eq!((many.refusal.map(|error| error.status), many.query.len()), (Some(400), 0));
        let long = parse(&"x".repeat(LIMIT));
        assert_eq!((long.refusal.map(|error| error.status), long.query.len()), (Some(414), 0));
        assert_eq!((long.path.as_str(), long.origin.as_str()), ("/scim", "http://a"));
    }

    #[test]
    fn a_plain_path_is_read_in_one_way() {
        for path in ["/console", "/console/", "/console/organizations/a%20b/keys", "/console/a%0D%C3%A9:=x"] {
            assert!(is_plain(path), "{path}");
        }
        for path in [
            "//console",
            "/console//api",
            "/%63onsole",
            "/console/%61pi",
            "/console%2fapi",
            "/console/..%2Fapi",
            "/console/%2E%2E/api",
            "/console/%2561pi",
            "/console\\api",
            "/console%5capi",
            "/console/%zz",
            "/console/%",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }

    #[test]
    fn this_machine_has_few_names() {
        let is_loopback = |text: &str| super::is_loopback(&Url::parse(text).unwrap());
        for origin in [
            "http://127.0.0.1",
            "http://127.8.0.1:80",
            "http://localhost:1",
            "http://a.localhost",
            "http://[::1]:8",
        ] {
            assert!(is_loopback(origin), "{origin}");
        }
        for origin in [
            "http://127.0.0.1.example",
            "http://localhost.example:80",
            "http://10.0.0.1",
            "http://[::2]",
            "http://1",
        ] {
            assert!(!is_loopback(origin), "{origin}");
        }
    }

    #[test]
    fn segments_are_decoded_after_the_split() {
        assert_eq!(segments("/Schemas/urn%3Aietf//a%2Fb/"), ["Schemas", "urn:ietf", "a/b"]);
    }
}
