//! The direction in which a list is read, and where a page begins.

use crate::d1::filter::SortKey;
use scim_protocol::cursor::Position;

/// The direction in which a list is read.
#[derive(Clone, Copy)]
pub(crate) struct Direction {
    /// Whether the client sorts in descending order.
    pub(crate) descending: bool,
    /// Whether the page before a cursor is read, so that the order is reversed.
    pub(crate) backward: bool,
}

impl Direction {
    /// The ORDER BY clause. RFC 7644 §3.4.2.3: resources without a value come last in ascending order, and first in
    /// descending order. Resources with equal values are in order of insertion.
    pub(crate) fn order_by(self, key: Option<&SortKey>, rank: &str) -> String {
        let by_rank = format!("{rank} {}", if self.backward { "DESC" } else { "ASC" });
        let Some(key) = key else { return format!("ORDER BY {by_rank}") };
        let (way, nulls) = match self.descending != self.backward {
            true => ("DESC", " NULLS FIRST"),
            false => ("ASC", " NULLS LAST"),
        };
        let nulls = if key.nullable { nulls } else { "" };
        format!("ORDER BY {} {way}{nulls}, {by_rank}", key.sql)
    }

    /// The condition that a row comes after a place: `:after` and `:after_rank`, which is the row's `seq` plus `shift`.
    pub(crate) fn beyond(self, key: Option<&SortKey>, seq: &str, shift: i64, position: &Position) -> String {
        let by_rank =
            format!("{seq} {} CAST(:after_rank AS INTEGER) - {shift}", if self.backward { "<" } else { ">" });
        let Some(SortKey { sql: key, nullable }) = key else { return by_rank };
        let way = if self.descending != self.backward { "<" } else { ">" };
        match (&position.key, way) {
            (Some(_), _) => {
                // The redundant first comparison lets an index begin where the page does.
                let beyond = format!("{key} {way}= :after AND ({key} {way} :after OR {by_rank})");
                if *nullable && way == ">" { format!("({key} IS NULL OR ({beyond}))") } else { beyond }
            }
            (None, ">") => format!("({key} IS NULL AND {by_rank})"),
            (None, _) => format!("({key} IS NOT NULL OR {by_rank})"),
        }
    }
}
