//! Page boundaries of a snapshot: the `seq` of rows, in text of fixed width, as column `boundaries` of `list_snapshots`
//! has them. The first is the `seq` behind which the list begins.

/// Characters of a boundary, with the comma behind it.
pub(crate) const WIDTH: u64 = 11;
/// Snapshots that were read since this time are kept in any case, as SQL.
pub(crate) const HOUR_AGO: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-1 hour')";

/// Rows of a table, as parts of SQL.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// The column by which they are ordered.
    pub(crate) seq: &'a str,
    /// The table.
    pub(crate) table: &'a str,
    /// `FROM … WHERE …`
    pub(crate) from: &'a str,
    /// The condition, for a row that is found by its `seq`.
    pub(crate) of_row: &'a str,
    /// The number of rows.
    pub(crate) total: &'a str,
    /// The column with `organizations.reveals` as it was when the row became visible, if rows can become visible.
    pub(crate) reveal: Option<&'a str>,
}

/// The boundary with a number, from 0, of the snapshot `s`, as SQL.
pub(crate) fn boundary(number: &str) -> String {
    format!("CAST(substr(s.posts, ({number}) * {WIDTH} + 1, {WIDTH} - 1) AS INTEGER)")
}
