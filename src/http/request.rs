//! What comes in: the request, read as far as the protocol needs it.

use futures_util::StreamExt;
use serde_json::Value;
use worker::Request;

use crate::directory::group_body;
use crate::scim::ScimError;
use crate::scim::json::{self, Unreadable};

/// Largest body of most requests, in bytes.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;
/// Largest body of a request that writes a group, in bytes.
pub(super) const GROUP_BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Most values in the body of most requests.
pub(super) const VALUE_LIMIT: usize = 20_000;
/// Most values in the body of a request that writes a group: 100,000 members with four parts each.
pub(super) const GROUP_VALUE_LIMIT: usize = 500_000;
/// Largest body that is read before the key is known to be good, in bytes: 10,000 members fit.
pub(super) const UNAUTHENTICATED_BODY_LIMIT: usize = 2 * 1024 * 1024;

/// Most values in such a body.
pub(super) const UNAUTHENTICATED_VALUE_LIMIT: usize = 100_000;

/// A request, taken apart.
pub(super) struct Incoming {
    request: Request,
    /// Method in upper case.
    pub(super) method: String,
    /// `https://host`, as the client called us.
    pub(super) origin: String,
    /// Path as it was sent, but for dots that lead elsewhere.
    pub(super) path: String,
    /// Whether the path had no such dots, nor anything else that is read in more than one way.
    is_path_as_sent: bool,
    query_text: String,
    query: Vec<(String, String)>,
}

impl Incoming {
    pub(super) fn new(request: Request) -> Self {
        let url = request.inner().url();
        let (origin, rest) = split_origin(&url);
        let path = request.path();
        let is_path_as_sent = rest.split(['?', '#']).next().unwrap_or_default() == path;
        let query_text = rest
            .split_once('?')
            .map(|(_, query)| query.split('#').next().unwrap_or(query))
            .unwrap_or_default();
        // RFC 7644 is silent; clients send `+` for a space and `%2B` for a plus, which is form encoding.
        let query = form_urlencoded::parse(query_text.as_bytes()).into_owned().collect();
        Self {
            method: request.inner().method(),
            origin: origin.to_owned(),
            path,
            is_path_as_sent,
            query_text: query_text.to_owned(),
            query,
            request,
        }
    }

    /// Path and query as they were sent.
    pub(super) fn path_and_query(&self) -> String {
        match self.query_text.as_str() {
            "" => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }

    /// Whether rules for paths, such as those of Cloudflare Access and of a firewall, read the path as we do: no slash is
    /// doubled, and nothing is encoded that need not be or that leads elsewhere.
    pub(super) fn has_plain_path(&self) -> bool {
        self.is_path_as_sent && is_plain_path(&self.path)
    }

    /// Whether the request came by https, or from this machine.
    pub(super) fn is_private(&self) -> bool {
        self.is_https() || is_loopback(&self.origin)
    }

    /// Whether the request came by https.
    pub(super) fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// All query parameters.
    pub(super) fn parameters(&self) -> &[(String, String)] {
        &self.query
    }

    /// A query parameter, its name in any case; the first of that name.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A header, if it is there and is text.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.request.headers().get(name).ok().flatten()
    }

    /// How long the body is, if the client says so.
    pub(super) fn declared_length(&self) -> Option<usize> {
        self.header("content-length").and_then(|length| length.trim().parse().ok())
    }

    /// The body as it is.
    ///
    /// # Errors
    /// 413 above the limit.
    pub(super) async fn body(&mut self, limit: usize) -> Result<Vec<u8>, ScimError> {
        let too_large = || {
            ScimError::payload_too_large(format!(
                "The body is larger than {limit} bytes, the most that is read here. Split the request into smaller ones."
            ))
        };
        let unreadable =
            |_| ScimError::invalid_syntax("The body could not be read to its end. Send the request again.");
        match self.declared_length() {
            Some(length) if length > limit => Err(too_large()),
            Some(_) => {
                let body = self.request.bytes().await.map_err(unreadable)?;
                if body.len() > limit { Err(too_large()) } else { Ok(body) }
            }
            // A client that does not say how long its body is may not fill the memory with it.
            None => {
                let Ok(mut stream) = self.request.stream() else { return Ok(Vec::new()) };
                let mut body = Vec::new();
                while let Some(piece) = stream.next().await {
                    body.extend(piece.map_err(unreadable)?);
                    if body.len() > limit {
                        return Err(too_large());
                    }
                }
                Ok(body)
            }
        }
    }
}

/// Reads a body as JSON.
///
/// # Errors
/// `invalidSyntax` for what is not JSON, `tooMany` for more values than that.
pub(super) fn parse_json(body: &[u8], most_values: usize) -> Result<Value, ScimError> {
    json_by(body, most_values, |body, most| json::parse_with(body, most, json::object_from))
}

/// Reads a body that describes a group, or a change of one, as JSON.
///
/// # Errors
/// As [`parse_json`].
pub(super) fn group_json(body: &[u8], most_values: usize) -> Result<Value, ScimError> {
    json_by(body, most_values, group_body::read)
}

fn json_by(
    body: &[u8],
    most_values: usize,
    read: fn(&[u8], usize) -> Result<Value, Unreadable>,
) -> Result<Value, ScimError> {
    if body.is_empty() {
        return Err(ScimError::invalid_syntax("The request has no body; it needs one in JSON."));
    }
    read(body, most_values).map_err(|why| match why {
        Unreadable::TooMany => ScimError::too_many(format!(
            "The body has more than {most_values} values, the most that are read. Split the request into smaller ones."
        )),
        Unreadable::Malformed(error) => {
            ScimError::invalid_syntax(format!("The body is not valid JSON: {error}."))
        }
    })
}

fn split_origin(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |at| at.saturating_add(3));
    let end = url
        .get(host..)
        .and_then(|rest| rest.find(['/', '?', '#']))
        .map_or(url.len(), |at| at.saturating_add(host));
    url.split_at_checked(end).unwrap_or((url, ""))
}

fn is_plain_path(path: &str) -> bool {
    let needs_no_encoding = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/\\%".contains(&byte);
    let encoded = path.split('%').skip(1).map(|after| {
        let digits = after.get(..2).unwrap_or_default();
        u8::from_str_radix(digits, 16)
    });
    let mut encoded = encoded;
    !path.contains("//")
        && !path.contains('\\')
        && encoded.all(|byte| byte.is_ok_and(|byte| !needs_no_encoding(byte)))
}

/// Whether an origin is this machine's.
fn is_loopback(origin: &str) -> bool {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    let name = match host.strip_prefix('[') {
        Some(address) => return address.split(']').next() == Some("::1"),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || name == "localhost"
        || name.ends_with(".localhost")
}

/// The segments of a path, decoded; empty ones left out.
pub(super) fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_ends_where_the_path_begins() {
        assert_eq!(split_origin("https://a.example:8/scim?x=/"), ("https://a.example:8", "/scim?x=/"));
        assert_eq!(split_origin("http://a?x"), ("http://a", "?x"));
        assert_eq!(split_origin("nonsense"), ("nonsense", ""));
    }

    #[test]
    fn a_plain_path_is_read_in_one_way() {
        for path in ["/console", "/console/", "/console/organizations/a%20b/keys", "/console/a%0D%C3%A9:=x"] {
            assert!(is_plain_path(path), "{path}");
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
            assert!(!is_plain_path(path), "{path}");
        }
    }

    #[test]
    fn this_machine_has_few_names() {
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
