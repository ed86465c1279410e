//! What comes in: the request, read as far as the protocol needs it.

use futures_util::StreamExt;
use serde_json::Value;
use worker::Request;
use worker::js_sys::{JsString, Reflect};
use worker::wasm_bindgen::JsCast;

use super::memory::{Held, LARGE};
use crate::directory::group_body;
use crate::scim::ScimError;
use crate::scim::json::{self, Unreadable};

/// What is read of the body of a kind of request.
pub(super) struct BodyLimits {
    /// Most bytes.
    pub(super) bytes: usize,
    /// Most values.
    values: usize,
    /// Most values of a body that is no larger than [`LARGE`].
    values_of_small: usize,
    /// Most bytes before the key is known to be good.
    pub(super) bytes_of_strangers: usize,
    /// How it is read.
    parse: fn(&[u8], usize) -> Result<Value, ScimError>,
}

impl BodyLimits {
    /// Reads a body.
    ///
    /// # Errors
    /// `invalidSyntax` for what is not JSON, `tooMany` for more values than are read.
    pub(super) fn read(&self, text: &[u8]) -> Result<Value, ScimError> {
        (self.parse)(text, if text.len() > LARGE { self.values } else { self.values_of_small })
    }
}

/// Bodies that write a user, or search.
pub(super) const BODY: BodyLimits = BodyLimits {
    bytes: BODY_LIMIT,
    values: VALUE_LIMIT,
    values_of_small: VALUE_LIMIT,
    bytes_of_strangers: 64 * 1024,
    parse: parse_json,
};
/// Bodies that write a group. 1,000 members fit before the key is known to be good, and 100,000 with four parts each
/// after.
pub(super) const GROUP_BODY: BodyLimits = BodyLimits {
    bytes: 10 * 1024 * 1024,
    values: 500_000,
    values_of_small: 100_000,
    bytes_of_strangers: 128 * 1024,
    parse: group_json,
};
/// Most memory that the values of a body may take before the key is known to be good, in bytes.
pub(super) const MEMORY_OF_STRANGERS: usize = 512 * 1024;

/// Largest body of most requests, in bytes.
pub(super) const BODY_LIMIT: usize = 1024 * 1024;
/// Most values in the body of most requests.
pub(super) const VALUE_LIMIT: usize = 20_000;

/// Longest address with its query, in characters. Cloudflare itself takes 16 KB.
const ADDRESS_LIMIT: u32 = 32 * 1024;
/// Most parameters in a query.
const PARAMETER_LIMIT: usize = 100;

/// A request, taken apart.
pub(super) struct Incoming {
    request: Request,
    /// Method in upper case.
    pub(super) method: String,
    /// `https://host`, as the client called us.
    pub(super) origin: String,
    /// Path as it was sent; of an address that is too long, its beginning.
    pub(super) path: String,
    query_text: String,
    query: Vec<(String, String)>,
    held: Held,
    /// Why the address is not read, if it is not.
    refusal: Option<ScimError>,
}

impl Incoming {
    pub(super) fn new(request: Request) -> Self {
        let (url, is_too_long) = address_of(&request);
        let (origin, rest) = split_origin(&url);
        let path = rest.split(['?', '#']).next().unwrap_or_default().to_owned();
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
        Self {
            method: request.inner().method(),
            origin: origin.to_owned(),
            path,
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
    pub(super) fn check_address(&self) -> Result<(), ScimError> {
        self.refusal.clone().map_or(Ok(()), Err)
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

    /// Whether the body is known to be no longer than that. Of one whose length nobody says, nothing is known.
    pub(super) fn is_within(&self, bytes: usize) -> bool {
        self.declared_length().is_some_and(|length| length <= bytes)
    }

    fn declared_length(&self) -> Option<usize> {
        self.header("content-length").and_then(|length| length.trim().parse().ok())
    }

    /// The body as it is.
    ///
    /// # Errors
    /// 413 above the limit, 429 where the isolate has no memory for it.
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
    pub(super) fn hold(&mut self, body: usize, bytes: usize) -> Result<(), ScimError> {
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

/// Reads a body as JSON.
///
/// # Errors
/// `invalidSyntax` for what is not JSON, `tooMany` for more values than that.
pub(super) fn parse_json(body: &[u8], most_values: usize) -> Result<Value, ScimError> {
    json_by(body, most_values, |body, most| json::parse_with(body, most, json::object_from, 0))
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
    fn segments_are_decoded_after_the_split() {
        assert_eq!(segments("/Schemas/urn%3Aietf//a%2Fb/"), ["Schemas", "urn:ietf", "a/b"]);
    }
}
