//! The URNs of schemas.

/// URN of the core User schema (RFC 7643 §4.1).
pub const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// URN of the core Group schema (RFC 7643 §4.2).
pub const CORE_GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// URN of the enterprise extension of User (RFC 7643 §4.3).
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Older URNs of the enterprise extension: that of SCIM 1.1 (`urn:scim:schemas:extension:enterprise:1.0`), and
/// mixtures of both versions that clients send.
pub(crate) const OLDER_ENTERPRISE_USER: &[&str] = &[
    "urn:ietf:params:scim:schemas:extension:enterprise:1.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:1.0",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0",
    "urn:scim:schemas:extension:enterprise:1.0:User",
    "urn:scim:schemas:extension:enterprise:2.0:User",
    "urn:scim:schemas:extension:enterprise:1.0",
    "urn:scim:schemas:extension:enterprise:2.0",
];

/// Older URNs of the core User schema. Those without a resource type are URNs of the core Group schema as well.
pub(crate) const OLDER_CORE_USER: &[&str] = &[
    "urn:ietf:params:scim:schemas:core:1.0:User",
    "urn:scim:schemas:core:1.0:User",
    "urn:scim:schemas:core:2.0:User",
    "urn:scim:schemas:core:1.0",
    "urn:scim:schemas:core:2.0",
];

/// Older URNs of the core Group schema. Those without a resource type are URNs of the core User schema as well.
pub(crate) const OLDER_CORE_GROUP: &[&str] = &[
    "urn:ietf:params:scim:schemas:core:1.0:Group",
    "urn:scim:schemas:core:1.0:Group",
    "urn:scim:schemas:core:2.0:Group",
    "urn:scim:schemas:core:1.0",
    "urn:scim:schemas:core:2.0",
];

/// A name without the URN before it, if that is one of the RFC's schemas for users and groups.
pub(crate) fn without_urn(name: &str) -> &str {
    if !starts_with(name, "urn:") {
        return name;
    }
    [&[CORE_USER, ENTERPRISE_USER, CORE_GROUP], OLDER_CORE_USER, OLDER_ENTERPRISE_USER, OLDER_CORE_GROUP]
        .into_iter()
        .flatten()
        .filter(|urn| starts_with(name, urn))
        .find_map(|urn| name.get(urn.len()..)?.strip_prefix([':', '.']))
        .unwrap_or(name)
}

/// Whether a text begins with another, without regard to the case of ASCII letters.
pub(crate) fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}
