//! A request: method, address, headers, and the body within limits.

use futures_util::StreamExt;
use http::Method;
use serde_json::Value;
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen_futures::JsFuture;

use super::address::Address;
use super::body_budget::{Held, LARGE};
use crate::error::{Error, Limit};
use crate::runtime::ids;
use directory::group_body;
use scim_protocol::ScimError;
use scim_protocol::bounded_json::{self, ParseError};
use scim_protocol::error::shorten;

/// The limits of a kind of body, and how it is parsed.
pub(crate) struct BodyLimits {
    /// Most bytes.
    pub(crate) bytes: usize,
    /// Most values.
    pub(crate) values: usize,
    /// Most values of a body that is no larger than [`LARGE`].
    pub(crate) values_of_small: usize,
    /// Most bytes that are read before the key is verified.
    pub(crate) bytes_before_auth: usize,
    /// Parses a body of at most so many values.
    parse: fn(&[u8], usize) -> Result<Value, ScimError>,
}

impl BodyLimits {
    /// Parses a body.
    ///
    /// # Errors
    /// `invalidSyntax` if it is not JSON, `tooMany` if it has too many values.
    pub(crate) fn parse(&self, text: &[u8]) -> Result<Value, ScimError> {
        (self.parse)(text, if text.len() > LARGE { self.values } else { self.values_of_small })
    }
}

/// Bodies that write a user, or search.
pub(crate) const BODY: BodyLimits = BodyLimits {
    bytes: BODY_LIMIT,
    values: VALUE_LIMIT,
    values_of_small: VALUE_LIMIT,
    bytes_before_auth: 64 * 1024,
    parse: parse_json,
};
/// Bodies that write a group. Before the key is verified, 1,000 members fit; after, 100,000 with four attributes each.
pub(crate) const GROUP_BODY: BodyLimits = BodyLimits {
    bytes: 10 * 1024 * 1024,
    values: 500_000,
    values_of_small: 100_000,
    bytes_before_auth: 128 * 1024,
    parse: group_json,
};
/// Most memory that the values of a body may take before the key is verified, in bytes.
pub(crate) const MEMORY_BEFORE_AUTH: usize = 512 * 1024;

/// Largest body of most requests, in bytes.
pub(crate) const BODY_LIMIT: usize = 1024 * 1024;
/// Most values in the body of most requests.
pub(crate) const VALUE_LIMIT: usize = 20_000;

/// A request to this service.
pub(crate) struct HttpRequest {
    /// Its id, in the logs and in the texts of errors: Cloudflare's Ray ID.
    pub(crate) id: String,
    raw: web_sys::Request,
    headers: web_sys::Headers,
    /// The method; GET for HEAD, whose response differs only in that it has no body (RFC 9110 §9.3.2).
    pub(crate) method: Method,
    /// Whether the method is HEAD.
    pub(crate) is_head: bool,
    /// The URL.
    pub(crate) address: Address,
    budget: Held,
}

impl HttpRequest {
    /// Reads everything but the body.
    ///
    /// # Errors
    /// If the method is not a token (RFC 9110 §9.1), or if there is no randomness.
    pub(crate) fn new(raw: web_sys::Request) -> worker::Result<Self> {
        // `worker::Method` makes GET of methods that it does not know, such as PROPFIND.
        let method = Method::from_bytes(raw.method().as_bytes())
            .map_err(|error| format!("the method of the request: {error}"))?;
        let is_head = method == Method::HEAD;
        let headers = raw.headers();
        Ok(Self {
            id: request_id(headers.get("cf-ray").ok().flatten())?,
            method: if is_head { Method::GET } else { method },
            is_head,
            address: Address::parse(&raw.url()),
            headers,
            raw,
            budget: Held::default(),
        })
    }

    /// Refuses an address that is invalid or too long.
    ///
    /// # Errors
    /// 414 if it is too long, otherwise 400.
    pub(crate) fn check_address(&self) -> Result<(), ScimError> {
        self.address.refusal.clone().map_or(Ok(()), Err)
    }

    /// Whether the request came by https, or from this machine.
    pub(crate) fn is_private(&self) -> bool {
        self.address.is_https || self.address.is_loopback
    }

    /// All query parameters.
    pub(crate) fn parameters(&self) -> &[(String, String)] {
        &self.address.query
    }

    /// The first query parameter of that name, compared without case.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.address
            .query
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The value of a header; `None` if there is none.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).ok().flatten()
    }

    /// Where the request comes from, as Cloudflare has it: the country, and the name of the network.
    pub(crate) fn place(&self) -> (Option<String>, Option<String>) {
        let request = worker::Request::from(Clone::clone(&self.raw));
        // workerd gives an empty name where there is none.
        let named = |name: &String| !name.is_empty();
        let network = |cf: &worker::Cf| cf.as_organization().filter(named).map(|name| shorten(&name));
        request.cf().map_or((None, None), |cf| (cf.country(), network(cf)))
    }

    /// Whether `Content-Length` says that the body is no longer than that.
    pub(crate) fn is_within(&self, bytes: usize) -> bool {
        self.declared_length().is_some_and(|length| length <= bytes)
    }

    fn declared_length(&self) -> Option<usize> {
        self.header("content-length").and_then(|length| length.trim().parse().ok())
    }

    /// Reads the body.
    ///
    /// # Errors
    /// 413 above the limit, 415 if it is compressed, 429 if the isolate has no memory for it.
    pub(crate) async fn body(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        if self.raw.body().is_some() {
            check_coding(self.header("content-encoding").as_deref())?;
        }
        let too_large = || {
            ScimError::payload_too_large(format!(
                "The body is larger than {limit} bytes, the most that is read here. Split the request into smaller \
                 ones."
            ))
        };
        let unreadable =
            || ScimError::invalid_syntax("The body could not be read to its end. Send the request again.");
        match self.declared_length() {
            Some(length) if length > limit => Err(too_large().into()),
            Some(length) => {
                self.budget.grow(length, length)?;
                let promise = self.raw.array_buffer().map_err(|_| unreadable())?;
                let buffer = JsFuture::from(promise).await.map_err(|_| unreadable())?;
                let body = Uint8Array::new(&buffer).to_vec();
                if body.len() > limit { Err(too_large().into()) } else { Ok(body) }
            }
            // Without `Content-Length`, the limit is checked as chunks arrive.
            None => {
                let Ok(mut stream) = worker::Request::from(Clone::clone(&self.raw)).stream() else {
                    return Ok(Vec::new());
                };
                let mut body = Vec::new();
                while let Some(chunk) = stream.next().await {
                    body.extend(chunk.map_err(|_| unreadable())?);
                    if body.len() > limit {
                        return Err(too_large().into());
                    }
                    self.budget.grow(body.len(), body.capacity())?;
                }
                Ok(body)
            }
        }
    }

    /// Sets how long the body is, and how much memory it takes as values, in bytes.
    ///
    /// # Errors
    /// 429 if the isolate has no memory for it.
    pub(crate) fn hold(&mut self, body: usize, bytes: usize) -> Result<(), Limit> {
        self.budget.grow(body, bytes)
    }
}

/// The id of a request: the Ray ID, which Cloudflare sets, or a new id where a request did not come through its
/// network.
fn request_id(ray: Option<String>) -> worker::Result<String> {
    let is_one = |ray: &String| {
        (8..=40).contains(&ray.len()) && ray.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match ray.filter(is_one) {
        Some(ray) => Ok(ray),
        None => ids::ray_id().map_err(|error| format!("the id of a request: {error:?}").into()),
    }
}

/// Refuses a body with a `Content-Encoding`.
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

/// Parses a body as JSON.
///
/// # Errors
/// `invalidSyntax` if it is not JSON, `tooMany` if it has more than `most_values` values.
pub(crate) fn parse_json(body: &[u8], most_values: usize) -> Result<Value, ScimError> {
    json_by(body, most_values, bounded_json::parse)
}

/// Parses the body of a group, or of a PATCH of one, as JSON.
///
/// # Errors
/// As [`parse_json`].
pub(crate) fn group_json(body: &[u8], most_values: usize) -> Result<Value, ScimError> {
    json_by(body, most_values, group_body::read)
}

fn json_by(
    body: &[u8],
    most_values: usize,
    read: fn(&[u8], usize) -> Result<Value, ParseError>,
) -> Result<Value, ScimError> {
    if body.is_empty() {
        return Err(ScimError::invalid_syntax("The request has no body; it needs one in JSON."));
    }
    read(body, most_values).map_err(|why| match why {
        ParseError::TooManyValues => ScimError::too_many(format!(
            "The body has more than {most_values} values, the most that are read. Split the request into smaller ones."
        )),
        ParseError::Malformed(error) => {
            ScimError::invalid_syntax(format!("The body is not valid JSON: {error}."))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_request_is_its_ray_id() {
        let ray = "8f1c2d3e4f5a6b7c-FRA";
        assert_eq!(request_id(Some(ray.to_owned())).unwrap(), ray);
        for other in [None, Some("\",\"x\":\""), Some("short"), Some(&"x".repeat(41))] {
            let id = request_id(other.map(str::to_owned)).unwrap();
            assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        }
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
}
