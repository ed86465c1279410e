//! What D1 and the Workers runtime bound of the protocol and of resources.

use scim_protocol::Limits;

/// Most comparisons in a filter. Each binds at least one parameter, and a D1 statement takes 100 of them; the rest is
/// left for the other conditions of a statement.
pub(crate) const MAX_FILTER_COMPARISONS: usize = 80;

/// The most groups of a user: a user's resource has all of them, and is one value of the database, which has at most
/// 2 MB. The trigger `memberships_insert` in schema.sql enforces the limit.
pub(crate) const MOST_GROUPS: u32 = 1_000;

/// The limits of the protocol in this deployment.
pub(crate) const LIMITS: Limits = Limits {
    max_filter_comparisons: MAX_FILTER_COMPARISONS,
    // Indexes hold as many bytes of a value, so that longer ones cannot be told apart by them.
    max_filter_value_bytes: 1024,
    // SQLite's text functions take U+0000 for the end of the text.
    allow_nul: false,
    // Less than two seconds of the Worker's CPU time.
    max_work: 16 * 1024 * 1024,
    // Each operation costs up to two round trips to the database.
    max_bulk_operations: 100,
    // An isolate has 128 MB of memory for all requests that it processes at the same time.
    max_bulk_payload_bytes: 1024 * 1024,
    ..Limits::DEFAULT
};
