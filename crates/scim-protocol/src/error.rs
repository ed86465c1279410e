//! The one error type of the protocol: RFC 7644 §3.12.
//!
//! There is one constructor per outcome, so that a status never meets the wrong `scimType`. Identity
//! providers show `detail` to the administrator as it is, so every detail says what to do next.

use super::json::{self, object};

/// The error keywords of RFC 7644 §3.12, table 9, and RFC 9865 §2.1 that this provider answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScimType {
    /// The filter's syntax is wrong, or it names something that cannot be filtered.
    InvalidFilter,
    /// The request would yield more than the provider is willing to process.
    TooMany,
    /// A uniqueness constraint would be violated.
    Uniqueness,
    /// The attribute may not be changed by a client.
    Mutability,
    /// The body is not the JSON that the operation needs.
    InvalidSyntax,
    /// A PATCH path is malformed or names an unknown attribute.
    InvalidPath,
    /// A PATCH path yielded nothing that could be operated on.
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
    /// The keyword as it stands on the wire.
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

/// An outcome other than success, as the client will read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScimError {
    /// HTTP status code.
    pub status: u16,
    /// The keyword, where the RFC has one for this outcome.
    pub scim_type: Option<ScimType>,
    /// What went wrong and what to do about it, for the administrator.
    pub detail: String,
}

impl ScimError {
    fn new(status: u16, scim_type: Option<ScimType>, detail: impl Into<String>) -> Self {
        Self { status, scim_type, detail: detail.into() }
    }

    /// 400: the body is not what the operation needs.
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidSyntax), detail)
    }

    /// 400: a value is missing, of the wrong type, or not allowed.
    pub fn invalid_value(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidValue), detail)
    }

    /// 400: the filter cannot be understood or served.
    pub fn invalid_filter(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidFilter), detail)
    }

    /// 400: a PATCH path is malformed or names an unknown attribute.
    pub fn invalid_path(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidPath), detail)
    }

    /// 400: a PATCH path has no target.
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::NoTarget), detail)
    }

    /// 400: the attribute may not be changed.
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::Mutability), detail)
    }

    /// 400: more than this provider processes in one request.
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::TooMany), detail)
    }

    /// 400: the cursor was not made for this query.
    pub fn invalid_cursor(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidCursor), detail)
    }

    /// 400: the cursor is too old.
    pub fn expired_cursor(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::ExpiredCursor), detail)
    }

    /// 400: `count` cannot be used with a cursor.
    pub fn invalid_count(detail: impl Into<String>) -> Self {
        Self::new(400, Some(ScimType::InvalidCount), detail)
    }

    /// 401: the request carries no key that is accepted.
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

    /// 405: the endpoint exists but not for this method.
    pub fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self::new(405, None, detail)
    }

    /// 409: the value is taken.
    pub fn uniqueness(detail: impl Into<String>) -> Self {
        Self::new(409, Some(ScimType::Uniqueness), detail)
    }

    /// 409: the request depends on something that was not done.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(409, None, detail)
    }

    /// 412: the resource is not, or no longer, in the version that the client named (RFC 7644 §3.14).
    pub fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::new(412, None, detail)
    }

    /// 413: more operations than are carried out at once (RFC 7644 §3.7.4).
    pub fn too_many_operations(detail: impl Into<String>) -> Self {
        Self::new(413, Some(ScimType::TooMany), detail)
    }

    /// 413: the body is larger than is read.
    pub fn payload_too_large(detail: impl Into<String>) -> Self {
        Self::new(413, None, detail)
    }

    /// 415: the body is compressed, or otherwise coded (RFC 9110 §15.5.16).
    pub fn unsupported_coding(detail: impl Into<String>) -> Self {
        Self::new(415, None, detail)
    }

    /// 500: the request failed for a reason that is not the client's. The detail says nothing of the cause, which belongs
    /// into the server's log.
    pub fn internal() -> Self {
        Self::new(
            500,
            None,
            "The server failed to process the request. Try again; if it happens again, the server's log says why.",
        )
    }

    /// 501: the RFC has it, this provider does not.
    pub fn not_implemented(detail: impl Into<String>) -> Self {
        Self::new(501, None, detail)
    }

    /// 414: the address is longer than is read.
    pub fn uri_too_long(detail: impl Into<String>) -> Self {
        Self::new(414, None, detail)
    }

    /// 429: more than this service does at a time, or for one client. Identity providers repeat the request by
    /// themselves.
    pub fn throttled(detail: impl Into<String>) -> Self {
        Self::new(429, None, detail)
    }

    /// The error's body (RFC 7644 §3.12). `status` is a string there.
    pub fn to_json(&self) -> String {
        let mut body = object! {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            "status": self.status.to_string(),
            "detail": self.detail.as_str(),
        };
        if let (Some(scim_type), Some(map)) = (self.scim_type, body.as_object_mut()) {
            map.insert("scimType".to_owned(), scim_type.as_str().into());
        }
        json::write(&body)
    }
}

/// At most 100 characters of text a client sent, for quoting it back in a `detail`.
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
