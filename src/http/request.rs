//! What comes in: the request, read as far as the protocol needs it.

use futures_util::StreamExt;
use http::Method;
use serde_json::Value;
use worker::Request;

use super::address::Address;
use super::body_budget::{Held, LARGE};
use crate::error::{Error, Limit};
use directory::group_body;
use scim_protocol::ScimError;
use scim_protocol::bounded_json::{self, ParseError};
use scim_protocol::error::shorten;

/// What is read of the body of a kind of request.
pub(crate) struct BodyLimits {
    /// Most bytes.
    pub(crate) bytes: usize,
    /// Most values.
    pub(crate) values: usize,
    /// Most values of a body that is no larger than [`LARGE`].
    pub(crate) values_of_small: usize,
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

/// A request, taken apart.
pub(crate) struct HttpRequest {
    raw: Request,
    /// Method. HEAD is GET here: it is answered in the same way, but for the body (RFC 9110 §9.3.2).
    pub(crate) method: Method,
    /// Whether it is HEAD.
    pub(crate) is_head: bool,
    /// Its URL.
    pub(crate) address: Address,
    budget: Held,
}

impl HttpRequest {
    /// # Errors
    /// The request has no method.
    pub(crate) fn new(raw: Request) -> worker::Result<Self> {
        // The worker crate's `Method` takes what it does not know, such as PROPFIND, for GET.
        let method = Method::from_bytes(raw.inner().method().as_bytes())
            .map_err(|error| format!("the method of the request: {error}"))?;
        let is_head = method == Method::HEAD;
        Ok(Self {
            method: if is_head { Method::GET } else { method },
            is_head,
            address: Address::parse(&raw.inner().url(), &raw.path()),
            raw,
            budget: Held::default(),
        })
    }

    /// Refuses an address that is not read.
    ///
    /// # Errors
    /// 414, or 400 for too many parameters.
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

    /// A query parameter, its name in any case; the first of that name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.address
            .query
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A header, if it is there and is text.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.raw.headers().get(name).ok().flatten()
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
    pub(crate) async fn body(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        if self.raw.inner().body().is_some() {
            check_coding(self.header("content-encoding").as_deref())?;
        }
        let too_large = || {
            ScimError::payload_too_large(format!(
                "The body is larger than {limit} bytes, the most that is read here. Split the request into smaller \
                 ones."
            ))
        };
        let unreadable =
            |_| ScimError::invalid_syntax("The body could not be read to its end. Send the request again.");
        match self.declared_length() {
            Some(length) if length > limit => Err(too_large().into()),
            Some(length) => {
                self.budget.grow(length, length)?;
                let body = self.raw.bytes().await.map_err(unreadable)?;
                if body.len() > limit { Err(too_large().into()) } else { Ok(body) }
            }
            // A client that does not say how long its body is may not fill the memory with it.
            None => {
                let Ok(mut stream) = self.raw.stream() else { return Ok(Vec::new()) };
                let mut body = Vec::new();
                while let Some(piece) = stream.next().await {
                    body.extend(piece.map_err(unreadable)?);
                    if body.len() > limit {
                        return Err(too_large().into());
                    }
                    self.budget.grow(body.len(), body.capacity())?;
                }
                Ok(body)
            }
        }
    }

    /// Notes how much memory the body takes now that it has been read.
    ///
    /// # Errors
    /// 429 where the isolate has not got that much.
    pub(crate) fn hold(&mut self, body: usize, bytes: usize) -> Result<(), Limit> {
        self.budget.grow(body, bytes)
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
    json_by(body, most_values, bounded_json::parse)
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
