//! Versions of resources (RFC 7644 §3.14): what `meta.version` and `ETag` say, and what a client demands of them.

use super::ScimError;

/// The weak entity tag of a version: what it stands for is the same, byte for byte it need not be.
pub fn entity_tag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// What `If-Match` or `If-None-Match` names (RFC 9110 §13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    /// `*`: whatever exists.
    Any,
    /// One of these, without `W/` and quotes.
    Tags(Vec<String>),
}

impl Named {
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

/// On what condition a request is to be carried out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    if_match: Option<Named>,
    if_none_match: Option<Named>,
}

impl Preconditions {
    /// Reads the two headers.
    pub fn parse(if_match: Option<&str>, if_none_match: Option<&str>) -> Self {
        Self { if_match: if_match.map(Named::parse), if_none_match: if_none_match.map(Named::parse) }
    }

    /// Whether there are none, so that any version will do.
    pub fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// Whether a reader has this version already, to be answered with 304.
    pub fn has(&self, version: i64) -> bool {
        self.if_none_match.as_ref().is_some_and(|named| named.includes(version))
    }

    /// Checks that a writer means this version.
    ///
    /// # Errors
    /// 412, so that a change made by somebody else is not overwritten unseen.
    pub fn check(&self, version: i64) -> Result<(), ScimError> {
        let matches = self.if_match.as_ref().is_none_or(|named| named.includes(version));
        if matches && !self.has(version) {
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
        assert!(preconditions.has(3) && !preconditions.has(4));
        assert!(preconditions.check(3).is_err() && preconditions.check(4).is_ok());
        assert!(Preconditions::default().is_empty() && !preconditions.is_empty());
    }
}
