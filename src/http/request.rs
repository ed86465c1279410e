//! What comes in: the request, read as far as the protocol needs it.

use futures_util::StreamExt;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};
use serde_json::Value;
use worker::Request;
use worker::js_sys::{JsString, Reflect};
use worker::wasm_bindgen::JsCast;

use super::body_budget::{Held, LARGE};
use directory::group_body;
use scim_protocol::ScimError;
use scim_protocol::error::shorten;
use scim_protocol::json::{self, Unreadable};

/// What is read of the body of a kind of request.
pub(crate) struct BodyLimits {
    /// Most bytes.
    pub(crate) bytes: usize,
    /// Most values.
    values: usize,
    /// Most values of a body that is no larger than [`LARGE`].
    values_of_small: usize,
    /// Most bytes before the key is known to be good.
    pub(crate) bytes_of_strangers: usize,
    /// How it is read.
    parse: fn(&[u8], usize) -> Result<Value, ScimError>,
}

impl BodyLimits {
    /// Reads a body.
    ///
    /// # Errors
    /// `invalidSyntax` for what is not JSON, `tooMany` for more values than are read.
    pub(crate) fn read(&self, text: &[u8]) -> Result<Value, ScimError> {
        (self.parse)(text, if text.len() > LARGE { self.values } else { self.values_of_small })
    }
}

/// Bodies that write a user, or search.
pub(crate) const BODY: BodyLimits = BodyLimits {
    bytes: BODY_LIMIT,
    values: VALUE_LIMIT,
    values_of_small: VALUE_LIMIT,
    bytes_of_strangers: 64 * 1024,
    parse: parse_json,
};
/// Bodies that write a group. 1,000 members fit before the key is known to be good, and 100,000 with four parts each
/// after.
pub(crate) const GROUP_BODY: BodyLimits = BodyLimits {
    bytes: 10 * 1024 * 1024,
    values: 500_000,
    values_of_small: 100_000,
    bytes_of_strangers: 128 * 1024,
    parse: group_json,
};
/// Most memory that the values of a body may take before the key is known to be good, in bytes.
pub(crate) const MEMORY_OF_STRANGERS: usize = 512 * 1024;

/// Largest body of most requests, in bytes.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;
/// Most values in the body of most requests.
pub(crate) const VALUE_LIMIT: usize = 20_000;

/// Longest address with its query, in characters. Cloudflare itself takes 16 KB.
const ADDRESS_LIMIT: u32 = 32 * 1024;
/// Most parameters in a query.
const PARAMETER_LIMIT: usize = 100;

/// A request, taken apart.
pub(crate) struct HttpRequest {
    request: Request,
    /// Method in upper case. HEAD is GET here: it is answered in the same way, but for the body (RFC 9110 §9.3.2).
    pub(crate) method: String,
    /// Whether it is HEAD.
    pub(crate) is_head: bool,
    /// `https://host`, as the client called us.
    pub(crate) origin: String,
    /// Path as it was sent, but for dots that lead elsewhere; of an address that is too long, its beginning.
    pub(crate) path: String,
    /// Whether the path had no such dots, nor anything else that is read in more than one way.
    is_path_as_sent: bool,
    query_text: String,
    query: Vec<(String, String)>,
    held: Held,
    /// Why the address is not read, if it is not.
    refusal: Option<ScimError>,
}

impl HttpRequest {
    pub(crate) fn new(request: Request) -> Self {
        let (url, is_too_long) = address_of(&request);
        let (origin, rest) = split_origin(&url);
        let sent = rest.split(['?', '#']).next().unwrap_or_default();
        let path = if is_too_long { sent.to_owned() } else { request.path() };
        let is_path_as_sent = sent == path;
        let query_text = match rest.split_once('?') {
            Some((_, query)) if !is_too_long => query.split('#').next().unwrap_or(query),
            _ => "",
        };
        let refusal = if is_too_long {
            Some(ScimError::uri_too_long(format!(
                "The address is longer than {ADDRESS_LIMIT} characters, the most that are read. Send a long query by POST to \
                 /.search."
            )))
        } else if query_text.bytes().filter(|byte| *byte == b'&').count() >= PARAMETER_LIMIT {
            Some(ScimError::invalid_syntax(format!(
                "The query has more than {PARAMETER_LIMIT} parameters, the most that are read."
            )))
        } else {
            None
        };
        let query_text = if refusal.is_some() { "" } else { query_text };
        // RFC 7644 is silent; clients send `+` for a space and `%2B` for a plus, which is form encoding.
        let query = form_urlencoded::parse(query_text.as_bytes()).into_owned().collect();
        let method = request.inner().method();
        let is_head = method == "HEAD";
        Self {
            method: if is_head { "GET".to_owned() } else { method },
            is_head,
            origin: origin.to_owned(),
            path,
            is_path_as_sent,
            query_text: query_text.to_owned(),
            query,
            request,
            held: Held::default(),
            refusal,
        }
    }

    /// Refuses an address that is not read.
    ///
    /// # Errors
    /// 414, or 400 for too many parameters.
    pub(crate) fn check_address(&self) -> Result<(), ScimError> {
        self.refusal.clone().map_or(Ok(()), Err)
    }

    /// Path and query as they were sent.
    pub(crate) fn path_and_query(&self) -> String {
        match self.query_text.as_str() {
            "" => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }

    /// Whether rules for paths, such as those of Cloudflare Access and of a firewall, read the path as we do: no slash
    /// is doubled, and nothing is encoded that need not be or that leads elsewhere.
    pub(crate) fn has_plain_path(&self) -> bool {
        self.is_path_as_sent && is_plain_path(&self.path)
    }

    /// Whether the request came by https, or from this machine.
    pub(crate) fn is_private(&self) -> bool {
        self.is_https() || is_loopback(&self.origin)
    }

    /// Whether the request came by https.
    pub(crate) fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// All query parameters.
    pub(crate) fn parameters(&self) -> &[(String, String)] {
        &self.query
    }

    /// A query parameter, its name in any case; the first of that name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A header, if it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.request.headers().get(name).ok().flatten()
    }

    /// Whether the body is known to be no longer than that. Of one whose length nobody says, nothing is known.
    pub(crate) fn is_within(&self, bytes: usize) -> bool {
        self.declared_length().is_some_and(|length| length <= bytes)
    }

    fn declared_length(&self) -> Option<usize> {
        self.header("content-length").and_then(|length| length.trim().parse().ok())
    }

    /// The body as it is.
    ///
    /// # Errors
    /// 413 above the limit, 415 for a compressed one, 429 where the isolate has no memory for it.
    pub(crate) async fn body(&mut self, limit: usize) -> Result<Vec<u8>, ScimError> {
        if self.request.inner().body().is_some() {
            check_coding(self.header("content-encoding").as_deref())?;
        }
        let too_large = || {
            ScimError::payload_too_large(format!(
                "The body is larger than {limit} bytes, the most that is read here. Split the request into smaller ones."
            ))
        };
        let unreadable =
            |_| ScimError::invalid_syntax("The body could not be read to its end. Send the request again.");
        match self.declared_length() {
            Some(length) if length > limit => Err(too_large()),
            Some(length) => {
                self.held.grow(length, length)?;
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
                    self.held.grow(body.len(), body.capacity())?;
                }
                Ok(body)
            }
        }
    }

    /// Notes how much memory the body takes now that it has been read.
    ///
    /// # Errors
    /// 429 where the isolate has not got that much.
    pub(crate) fn hold(&mut self, body: usize, bytes: usize) -> Result<(), ScimError> {
        self.held.grow(body, bytes)
    }
}

/// The address that was called, or the beginning of one that is too long: then it stays in the runtime's memory.
fn address_of(request: &Request) -> (String, bool) {
    const BEGINNING: u32 = 200;
    let text =
        Reflect::get(request.inner(), &"url".into()).ok().and_then(|url| url.dyn_into::<JsString>().ok());
    match text {
        Some(text) if text.length() > ADDRESS_LIMIT => (text.slice(0, BEGINNING).into(), true),
        Some(text) => (text.into(), false),
        None => (String::new(), false),
    }
}

/// Refuses a body that has been compressed, or otherwise coded.
fn check_coding(content_encoding: Option<&str>) -> Result<(), ScimError> {
    let mut codings = content_encoding.unwrap_or_default().split(',').map(str::trim);
    let is_plain = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
    codings.find(|coding| !is_plain(coding)).map_or(Ok(()), |coding| {
        Err(ScimError::unsupported_coding(format!(
            "The body has the Content-Encoding \"{}\", which is not read here. Send it uncompressed, without \
             Content-Encoding.",
            shorten(coding)
        )))
    })
}

/// Reads a body as JSON.
///
/// # Errors
/// `invalidSyntax` for what is not JSON, `tooMany` for more values than that.
pub(crate) fn parse_json(body: &[u8], most_values: usize) -> Result<Value, ScimError> {
    json_by(body, most_values, |body, most| json::parse_with(body, most, json::object_from, 0))
}

/// Reads a body that describes a group, or a change of one, as JSON.
///
/// # Errors
/// As [`parse_json`].
pub(crate) fn group_json(body: &[u8], most_values: usize) -> Result<Value, ScimError> {
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
    fn an_origin_ends_where_the_path_begins() {
        assert_eq!(split_origin("https://a.example:8/scim?x=/"), ("https://a.example:8", "/scim?x=/"));
        assert_eq!(split_origin("http://a?x"), ("http://a", "?x"));
        assert_eq!(split_origin("nonsense"), ("nonsense", ""));
    }

    #[test]
    fn only_a_body_as_it_is_can_be_read() {
        for plain in [None, Some(""), Some("identity"), Some("Identity, identity")] {
            assert!(check_coding(plain).is_ok(), "{plain:?}");
        }
        for coded in ["gzip", "x-gzip", "br", "deflate", "identity, GZIP", "nonsense"] {
            let error = check_coding(Some(coded)).unwrap_err();
            assert_eq!(error.status, 415, "{coded}");
            assert!(error.detail.contains("uncompressed"));
        }
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
