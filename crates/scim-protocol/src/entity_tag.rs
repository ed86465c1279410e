//! Versions of resources (RFC 7644 §3.14): `meta.version` and `ETag`, and the preconditions of requests.
//!
//! ```
//! use scim_protocol::entity_tag::{Preconditions, entity_tag};
//!
//! assert_eq!(entity_tag(3), "W/\"3\"");
//! let preconditions = Preconditions::parse(Some("W/\"2\""), None);
//! assert_eq!(preconditions.check(3).unwrap_err().status, 412);
//! ```

use crate::ScimError;

/// The weak entity tag of a version. It is weak because the same version may be written in several ways, for example
/// with `excludedAttributes`.
pub fn entity_tag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// The value of `If-Match` or `If-None-Match` (RFC 9110 §13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    /// `*`
    Any,
    /// Entity tags without `W/` and quotes.
    Tags(Vec<String>),
}

impl Condition {
    fn parse(header: &str) -> Self {
        if header.trim() == "*" {
            return Self::Any;
        }
        Self::Tags(
            header
                .split(',')
                .map(str::trim)
                // Compared weakly: all tags here are weak, and some clients drop the W/ or the quotes.
                .map(|tag| tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"').to_owned())
                .collect(),
        )
    }

    fn includes(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.contains(&version.to_string()),
        }
    }
}

/// The preconditions of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    if_match: Option<Condition>,
    if_none_match: Option<Condition>,
}

impl Preconditions {
    /// Reads the two headers.
    pub fn parse(if_match: Option<&str>, if_none_match: Option<&str>) -> Self {
        Self { if_match: if_match.map(Condition::parse), if_none_match: if_none_match.map(Condition::parse) }
    }

    /// Whether there are none, so that any version satisfies them.
    pub fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// Whether the client has this version already: a GET is then answered with 304.
    pub fn client_has(&self, version: i64) -> bool {
        self.if_none_match.as_ref().is_some_and(|condition| condition.includes(version))
    }

    /// Checks that a write is meant for this version.
    ///
    /// # Errors
    /// 412 if it is not, so that the client does not overwrite a change that it has not seen.
    pub fn check(&self, version: i64) -> Result<(), ScimError> {
        let matches = self.if_match.as_ref().is_none_or(|condition| condition.includes(version));
        if matches && !self.client_has(version) {
            return Ok(());
        }
        Err(ScimError::precondition_failed(format!(
            "The resource is in version {} now, not in the one that the request names, so nothing was changed. Read \
             it again and decide anew.",
            entity_tag(version)
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        for header in ["W/\"3\"", "\"3\"", "3", "\"1\", W/\"3\"", "*", " * "] {
            let preconditions = Preconditions::parse(Some(header), None);
            assert!(preconditions.check(3).is_ok(), "{header}");
        }
        for header in ["W/\"2\"", "", "W/\"33\"", "\"x\""] {
            assert_eq!(
                Preconditions::parse(Some(header), None).check(3).unwrap_err().status,
                412,
                "{header}"
            );
        }
    }

    #[test]
    fn what_the_client_has_is_not_sent_nor_overwritten() {
        let preconditions = Preconditions::parse(None, Some("W/\"3\""));
        assert!(preconditions.client_has(3) && !preconditions.client_has(4));
        assert!(preconditions.check(3).is_err() && preconditions.check(4).is_ok());
        assert!(Preconditions::default().is_empty() && !preconditions.is_empty());
    }
}
