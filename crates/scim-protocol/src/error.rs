//! Errors as clients read them: RFC 7644 §3.12.
//!
//! There is one constructor for each outcome, so that a status never has the wrong `scimType`. Identity providers show
//! `detail` to the administrator as it is, so every detail should say what to do next.
//!
//! ```
//! use scim_protocol::ScimError;
//!
//! let error = ScimError::uniqueness("Another user has the userName \"ann\". Choose another one.");
//! assert_eq!(error.status, 409);
//! let body: serde_json::Value = serde_json::from_str(&error.to_json()).unwrap();
//! assert_eq!(body["scimType"], "uniqueness");
//! assert_eq!(body["status"], "409");
//! ```

use std::fmt;

use serde::{Serialize, Serializer};

/// URN of the Error message (RFC 7644 §3.12).
const MESSAGE: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// The error keywords of RFC 7644 §3.12, table 9, and RFC 9865 §2.1 that this crate uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ScimType {
    /// The filter's syntax is wrong, or it names something that cannot be filtered.
    InvalidFilter,
    /// The request asks for more than the provider processes.
    TooMany,
    /// A uniqueness constraint would be violated.
    Uniqueness,
    /// The attribute may not be changed by a client.
    Mutability,
    /// The body is not the JSON that the operation needs.
    InvalidSyntax,
    /// A PATCH path is malformed or names an unknown attribute.
    InvalidPath,
    /// A PATCH path selects nothing that can be changed.
    NoTarget,
    /// A required value is missing, or a value has the wrong type.
    InvalidValue,
    /// The cursor was not made for this query (RFC 9865 §2.1).
    InvalidCursor,
    /// The cursor is too old (RFC 9865 §2.1).
    ExpiredCursor,
    /// `count` cannot be used with a cursor (RFC 9865 §2.1).
    InvalidCount,
}

impl ScimType {
    /// The keyword as it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
        }
    }
}

/// An outcome other than success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScimError {
    /// HTTP status code.
    pub status: u16,
    /// The keyword, if the RFC has one for this outcome.
    pub scim_type: Option<ScimType>,
    /// What went wrong and what to do about it. Identity providers show it to the administrator.
    pub detail: String,
}

impl ScimError {
    fn new(status: u16, scim_type: Option<ScimType>, detail: impl Into<String>) -> Self {
        Self { status, scim_type, detail: detail.into() }
    }

    /// 400 `invalidSyntax`: the body is not the JSON that the operation needs.
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidSyntax), detail)
    }

    /// 400 `invalidValue`: a value is missing, of the wrong type, or not allowed.
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidValue), detail)
    }

    /// 400 `invalidFilter`: the filter cannot be parsed or evaluated.
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidFilter), detail)
    }

    /// 400 `invalidPath`: a PATCH path is malformed or names an unknown attribute.
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidPath), detail)
    }

    /// 400 `noTarget`: a PATCH path selects nothing that can be changed.
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::NoTarget), detail)
    }

    /// 400 `mutability`: the attribute may not be changed.
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::Mutability), detail)
    }

    /// 400 `tooMany`: more than this provider processes in one request.
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::TooMany), detail)
    }

    /// 400 `invalidCursor`: the cursor was not made for this query.
    pub fn invalid_cursor(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidCursor), detail)
    }

    /// 400 `expiredCursor`: the cursor is too old.
    pub fn expired_cursor(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::ExpiredCursor), detail)
    }

    /// 400 `invalidCount`: this `count` cannot be used with a cursor.
    pub fn invalid_count(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidCount), detail)
    }

    /// 401: the request has no valid credentials.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(401, None, detail)
    }

    /// 403: the operation is not permitted.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, None, detail)
    }

    /// 404: there is no such resource or endpoint.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, None, detail)
    }

    /// 404 for a resource of the given type (`User`, `Group`) and id.
    pub fn no_such_resource(resource_type: &str, id: &str) -> Self {
        Self::not_found(format!("{resource_type} \"{}\" was not found.", shorten(id)))
    }

    /// 405: the endpoint exists, but not for this method.
    pub fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(405, None, detail)
    }

    /// 409 `uniqueness`: another resource has the value.
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self::new(409, Some(ScimType::Uniqueness), detail)
    }

    /// 409: the request depends on another one that was not carried out.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(409, None, detail)
    }

    /// 412: the resource is not in the version that the client named (RFC 7644 §3.14).
    pub fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::new(412, None, detail)
    }

    /// 413 `tooMany`: more bulk operations than are carried out at once (RFC 7644 §3.7.4).
    pub fn too_many_operations(detail: impl Into<String>) -> Self {
        Self::new(413, Some(ScimType::TooMany), detail)
    }

    /// 413: the body is larger than what is read.
    pub fn payload_too_large(detail: impl Into<String>) -> Self {
        Self::new(413, None, detail)
    }

    /// 415: the body has a content coding that is not supported (RFC 9110 §15.5.16).
    pub fn unsupported_coding(detail: impl Into<String>) -> Self {
        Self::new(415, None, detail)
    }

    /// 500: the request failed for a reason that is not the client's. The detail says nothing of the cause, which
    /// belongs into the server's log.
    pub fn internal() -> Self {
        Self::new(
            500,
            None,
            "The server failed to process the request. Try again; if it happens again, the server's log says why.",
        )
    }

    /// 501: an optional part of the RFC that this provider does not have.
    pub fn not_implemented(detail: impl Into<String>) -> Self {
        Self::new(501, None, detail)
    }

    /// 503: the provider cannot work until its operator has done something.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(503, None, detail)
    }

    /// 414: the URL is longer than what is read.
    pub fn uri_too_long(detail: impl Into<String>) -> Self {
        Self::new(414, None, detail)
    }

    /// 429: more requests than this provider processes at a time. Identity providers repeat the request later.
    pub fn throttled(detail: impl Into<String>) -> Self {
        Self::new(429, None, detail)
    }

    /// The error's body (RFC 7644 §3.12).
    pub fn to_json(&self) -> String {
        serde_json::to_string(self)
            .unwrap_or_else(|_| format!("{{\"schemas\":[\"{MESSAGE}\"],\"status\":\"500\"}}"))
    }
}

/// The error's body (RFC 7644 §3.12), in which `status` is a string.
impl Serialize for ScimError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body<'a> {
            schemas: [&'static str; 1],
            status: String,
            detail: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            scim_type: Option<ScimType>,
        }
        let body = Body {
            schemas: [MESSAGE],
            status: self.status.to_string(),
            detail: &self.detail,
            scim_type: self.scim_type,
        };
        body.serialize(serializer)
    }
}

impl fmt::Display for ScimError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.status, self.detail)
    }
}

impl std::error::Error for ScimError {}

/// The first 100 characters of a client's text, to quote it in a `detail`.
pub fn shorten(text: &str) -> String {
    const LONGEST: usize = 100;
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortening_keeps_characters_whole() {
        let long = "ü".repeat(200);
        assert_eq!(shorten(&long), format!("{}…", "ü".repeat(100)));
        assert_eq!(shorten("short"), "short");
    }
}
