//! What comes in: the request, read as far as the protocol needs it.

use futures_util::StreamExt;
use serde_json::Value;
use worker::Request;

use crate::directory::group_body;
use crate::scim::ScimError;
use crate::scim::json::{self, Unreadable};
use crate::scim::text::shorten;

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
    /// Method in upper case. HEAD is GET here: it is answered in the same way, but for the body (RFC 9110 §9.3.2).
    pub(super) method: String,
    /// Whether it is HEAD.
    pub(super) is_head: bool,
    /// `https://host`, as the client called us.
    pub(super) origin: String,
    /// Path as it was sent.
    pub(super) path: String,
    query_text: String,
    query: Vec<(String, String)>,
}

impl Incoming {
    pub(super) fn new(request: Request) -> Self {
        let url = request.inner().url();
        let (origin, rest) = split_origin(&url);
        let query_text = rest
            .split_once('?')
            .map(|(_, query)| query.split('#').next().unwrap_or(query))
            .unwrap_or_default();
        // RFC 7644 is silent; clients send `+` for a space and `%2B` for a plus, which is form encoding.
        let query = form_urlencoded::parse(query_text.as_bytes()).into_owned().collect();
        let method = request.inner().method();
        let is_head = method == "HEAD";
        Self {
            method: if is_head { "GET".to_owned() } else { method },
            is_head,
            origin: origin.to_owned(),
            path: request.path(),
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
    /// 413 above the limit, 415 for a compressed one.
    pub(super) async fn body(&mut self, limit: usize) -> Result<Vec<u8>, ScimError> {
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
    fn segments_are_decoded_after_the_split() {
        assert_eq!(segments("/Schemas/urn%3Aietf//a%2Fb/"), ["Schemas", "urn:ietf", "a/b"]);
    }
}
