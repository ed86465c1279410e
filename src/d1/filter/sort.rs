//! The sort keys of lists.

use super::place::{Place, Table};
use directory::Catalog;
use scim_protocol::attribute_path::AttributePath;
use scim_protocol::schema::Kind;

/// How many characters of a text count for sorting where no index has the order, so that a cursor stays short.
pub(crate) const SORTED_CHARACTERS: usize = 256;

/// The sort key of a list.
pub(crate) struct SortKey {
    /// SQL over `users` or, as `g`, groups.
    pub(crate) sql: String,
    /// Whether it can be NULL.
    pub(crate) nullable: bool,
}

/// The value that resources are sorted by.
pub(crate) fn sort_key(catalog: &Catalog, table: Table, path: &AttributePath<'_>) -> SortKey {
    let boolean = path.leaf().is_some_and(|leaf| leaf.kind == Kind::Boolean);
    let as_text = |sql: String| match boolean {
        true => format!("CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"),
        false => format!("substr({sql}, 1, {SORTED_CHARACTERS})"),
    };
    match Place::of(catalog, table, path) {
        // As they are, so that an index can have them in order; none is long.
        Place::Single(value) if !boolean && !value.nullable => SortKey { sql: value.sql, nullable: false },
        Place::Single(value) => SortKey { sql: as_text(value.sql), nullable: value.nullable },
        Place::Several(elements) => {
            SortKey { sql: elements.first(&as_text(elements.value(path.sub_attribute).sql)), nullable: true }
        }
    }
}
