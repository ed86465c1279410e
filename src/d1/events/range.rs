//! Events by time. Sequence numbers have no gaps and times never decrease with them, so that the number of a moment is
//! found by halving, in about 20 rows of a million.

use super::super::statement::{Binding, text};

/// A moment among the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Events at the moment itself come before it.
    Inclusive,
    /// Events at the moment itself come behind it.
    Exclusive,
}

/// SQL of common tables that end in `{name} (seq)`: the sequence number of the newest event before the moment `:{name}`
/// of the organization `o`. It is one less than that of the oldest event if there is none, and no row if there are no
/// events.
pub(crate) fn at(name: &str, side: Side) -> String {
    let is_before = match side {
        Side::Inclusive => "<=",
        Side::Exclusive => "<",
    };
    format!(
        "{name}_search (low, high) AS (
           SELECT (SELECT min(e.seq) - 1 FROM events e WHERE e.org_id = o.id),
             (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id) FROM o
           UNION ALL
           SELECT iif(e.at {is_before} :{name}, e.seq, s.low), iif(e.at {is_before} :{name}, s.high, e.seq - 1)
           FROM {name}_search s CROSS JOIN o
           CROSS JOIN events e ON e.org_id = o.id AND e.seq = (s.low + s.high + 1) / 2
           WHERE s.low < s.high),
         {name} (seq) AS MATERIALIZED (SELECT low FROM {name}_search WHERE low = high)"
    )
}

/// SQL of the common table `o`: the organization, one row or none. It is evaluated once, however often it is named.
pub(crate) const ORGANIZATION: &str =
    "o (id) AS MATERIALIZED (SELECT t.id FROM (SELECT :org AS id LIMIT 1) t WHERE t.id IS NOT NULL)";

/// A range of events by time, and by the sequence numbers of a cursor.
#[derive(Debug, Clone, Default)]
pub struct Range {
    /// Not older than this time.
    pub from: Option<String>,
    /// Older than this time.
    pub to: Option<String>,
    /// With a lower sequence number.
    pub before: Option<i64>,
    /// With this sequence number or a higher one.
    pub after: Option<i64>,
}

impl Range {
    /// Common tables, each with a comma behind it; a condition on `{seq}`; and what they name.
    pub(super) fn sql(&self, seq: &str) -> (String, String, Vec<Binding>) {
        let (mut tables, mut condition, mut bindings) = (String::new(), String::new(), Vec::new());
        let mut bound = |name: &'static str, time: &Option<String>, operator: &str| {
            let Some(time) = time else { return };
            tables.push_str(&at(name, Side::Exclusive));
            tables.push_str(",\n");
            condition.push_str(&format!(" AND {seq} {operator} (SELECT seq FROM {name})"));
            bindings.push(text(name, time.as_str()));
        };
        bound("from_time", &self.from, ">");
        bound("to_time", &self.to, "<=");
        condition.push_str(&self.numbered(seq));
        bindings.extend(self.before.map(|before| text("before", before.to_string())));
        bindings.extend(self.after.map(|after| text("after", after.to_string())));
        (tables, condition, bindings)
    }

    /// The condition on `{seq}` that comes from a cursor.
    pub(super) fn numbered(&self, seq: &str) -> String {
        let before = self.before.map(|_| format!(" AND {seq} < CAST(:before AS INTEGER)"));
        let after = self.after.map(|_| format!(" AND {seq} >= CAST(:after AS INTEGER)"));
        before.into_iter().chain(after).collect()
    }
}
