//! Bounds on what a service provider reads, compares, changes and returns.

/// The bounds of one service provider. Functions that read something from a client take them as an argument, so that a
/// provider can choose values that suit its storage and its runtime.
///
/// ```
/// use scim_protocol::Limits;
///
/// // A database that accepts few bound parameters in one statement.
/// let limits = Limits { max_filter_comparisons: 30, ..Limits::DEFAULT };
/// assert_eq!(limits.max_page_size, 200);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest `filter` parameter, or filter in a PATCH path, in bytes.
    pub max_filter_bytes: usize,
    /// Deepest nesting of parentheses and brackets in a filter. The parser and everything that walks the tree recurse
    /// this deep.
    pub max_filter_depth: usize,
    /// Most comparisons in a `filter` parameter. Filters in PATCH paths are bounded by their length alone, because they
    /// are evaluated in memory.
    pub max_filter_comparisons: usize,
    /// Longest value that a `filter` parameter may compare with, in bytes. Filters in PATCH paths are bounded by their
    /// length alone.
    pub max_filter_value_bytes: usize,
    /// Whether strings may contain the character U+0000. JSON allows it, many databases do not store or compare it
    /// correctly.
    pub allow_nul: bool,
    /// Most attribute changes in one PATCH, POST or PUT.
    pub max_changes: usize,
    /// Most values of one multi-valued attribute.
    pub max_values: usize,
    /// Most bytes that one request may have compared, folded, copied and written; see
    /// [`Budget`](crate::budget::Budget).
    pub max_work: usize,
    /// Longest `attributes` or `excludedAttributes` parameter, in bytes.
    pub max_attribute_list_bytes: usize,
    /// Resources on a page where the client gives no `count`.
    pub default_page_size: u32,
    /// Most resources on a page; a larger `count` is reduced to it (RFC 7644 §3.4.2.4).
    pub max_page_size: u32,
    /// Seconds for which a cursor can be used (RFC 9865 §4, `cursorTimeout`).
    pub cursor_timeout: u64,
    /// Most operations of one bulk request (RFC 7643 §5, `maxOperations`).
    pub max_bulk_operations: usize,
    /// Largest bulk request, in bytes (RFC 7643 §5, `maxPayloadSize`).
    pub max_bulk_payload_bytes: usize,
}

impl Limits {
    /// Bounds that keep every request well below a second of computing on common hardware.
    pub const DEFAULT: Self = Self {
        max_filter_bytes: 8 * 1024,
        max_filter_depth: 20,
        max_filter_comparisons: 80,
        max_filter_value_bytes: 1024,
        allow_nul: false,
        max_changes: 1000,
        max_values: 1000,
        max_work: 16 * 1024 * 1024,
        max_attribute_list_bytes: 8 * 1024,
        default_page_size: 100,
        max_page_size: 200,
        cursor_timeout: 3600,
        max_bulk_operations: 100,
        max_bulk_payload_bytes: 1024 * 1024,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
