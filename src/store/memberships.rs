//! Who is in which group. Changes are sets of rows: what a request asks for is compared with what is there, and
//! only the difference is written. To add and remove members, the group's others are never read.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::session::parse;
use super::statement::{Binding, Statement, expression, text};
use super::tenant::Tenant;
use super::{Row, StoreError};
use crate::directory::group::MembershipChange;
use crate::scim::ScimError;
use crate::scim::text::shorten;

/// A member as the client gets it. A name is cut at 200 characters, so that a piece stays below D1's 2 MB.
const MEMBER: &str = r#"'{"value":"' || u.id || '","$ref":"' || :base || '/Users/' || u.id || '","display":'
  || json_quote(substr(coalesce(u.doc ->> '$.displayName', u.doc ->> '$.userName'), 1, 200)) || ',"type":"User"}'"#;

/// What every member begins with. Within a string its quotes would be escaped.
const MEMBER_BEGINS: &str = "{\"value\":\"";

/// How far apart in order of insertion the members of a piece may be.
const PIECE: i64 = 1000;

/// Members in pieces, since one value may not exceed D1's 2 MB: `head` is the group's `seq`, `body` what is selected of
/// a run of members. Each piece begins with the next member there is; SQLite then reads them as they lie, while
/// grouping would sort them first.
fn in_pieces(selected: &str, groups: &str) -> String {
    format!(
        "WITH RECURSIVE piece (group_seq, first) AS (
           SELECT g.seq, (SELECT min(m.user_seq) FROM memberships m WHERE m.group_seq = g.seq)
           FROM groups g WHERE {groups}
           UNION ALL
           SELECT group_seq, (
             SELECT min(m.user_seq) FROM memberships m
             WHERE m.group_seq = piece.group_seq AND m.user_seq >= piece.first + {PIECE})
           FROM piece WHERE first IS NOT NULL)
         SELECT CAST(group_seq AS TEXT) AS head, coalesce((
           SELECT {selected} FROM memberships m CROSS JOIN users u ON u.seq = m.user_seq
           WHERE m.group_seq = piece.group_seq AND m.user_seq >= piece.first AND m.user_seq < piece.first + {PIECE}
             AND u.managed = 1), '') AS body
         FROM piece WHERE first IS NOT NULL"
    )
}

/// Reads the members of one group.
pub fn of_group(tenant: &Tenant<'_>, id: &str) -> Statement {
    let sql = in_pieces(&format!("group_concat({MEMBER}, ',')"), "g.org_id = :org AND g.id = :id");
    tenant.statement(&sql, vec![text("id", id)])
}

/// Reads the members of the groups whose `seq` a statement selects.
pub(super) fn of_groups(tenant: &Tenant<'_>, seqs: &str, bindings: Vec<Binding>) -> Statement {
    let sql = in_pieces(&format!("group_concat({MEMBER}, ',')"), &format!("g.seq IN ({seqs})"));
    tenant.statement(&sql, bindings)
}

/// The members of a group, each with `seq`, in that order.
#[derive(Debug)]
pub struct Members(Vec<(i64, String)>);

impl Members {
    /// Reads the rows of [`current`] or [`joined`].
    ///
    /// # Errors
    /// Our fault: a row is not what the statement selects.
    pub fn read(rows: &[Row]) -> Result<Self, StoreError> {
        let mut members = Vec::new();
        for row in rows.iter().filter(|row| !row.body.is_empty()) {
            let (seqs, objects) = row.body.split_once(']').unwrap_or_default();
            let seqs: Vec<i64> = parse(&format!("{seqs}]"))?;
            let mut begins: Vec<usize> = objects.match_indices(MEMBER_BEGINS).map(|(at, _)| at).collect();
            begins.push(objects.len().saturating_add(1));
            for (seq, range) in seqs.into_iter().zip(begins.windows(2)) {
                // Up to the comma before the next.
                let object = match *range {
                    [from, next] => objects.get(from..next.saturating_sub(1)),
                    _ => None,
                };
                members.push((seq, object.unwrap_or_default().to_owned()));
            }
        }
        members.sort_unstable_by_key(|(seq, _)| *seq);
        Ok(Self(members))
    }

    /// What is to be done to have those who are wanted in the group, and nobody else.
    pub fn difference(&self, wanted: &Known) -> Difference {
        let wanted: BTreeSet<i64> = wanted.seqs.iter().copied().collect();
        let current: BTreeSet<i64> = self.0.iter().map(|(seq, _)| *seq).collect();
        Difference {
            join: wanted.difference(&current).copied().collect(),
            leave: current.difference(&wanted).copied().collect(),
        }
    }

    /// The members after a difference has been written, given those who have joined.
    pub fn changed(mut self, difference: &Difference, joined: Self) -> Self {
        let leave: BTreeSet<i64> = difference.leave.iter().copied().collect();
        self.0.retain(|(seq, _)| !leave.contains(seq));
        self.0.extend(joined.0);
        self.0.sort_unstable_by_key(|(seq, _)| *seq);
        self
    }

    /// As the client gets them.
    pub fn into_objects(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|(_, object)| object)
    }
}

/// Reads the members of one group with their `seq`; see [`Members::read`].
pub fn current(tenant: &Tenant<'_>, id: &str) -> Statement {
    let selected = format!("json_group_array(m.user_seq) || group_concat({MEMBER}, ',')");
    tenant.statement(&in_pieces(&selected, "g.org_id = :org AND g.id = :id"), vec![text("id", id)])
}

/// Reads those who join by a difference, as members; see [`Members::read`].
pub fn joined(tenant: &Tenant<'_>, difference: &Difference) -> Statement {
    let sql = format!(
        "SELECT coalesce(json_group_array(u.seq) || group_concat({MEMBER}, ','), '') AS body
         FROM json_each(:seqs) j CROSS JOIN users u ON u.seq = j.value
         WHERE u.org_id = :org AND u.active = 1 AND u.managed = 1 GROUP BY j.key / {PIECE}"
    );
    tenant.statement(&sql, vec![text("seqs", Value::from(difference.join.as_slice()).to_string())])
}

/// Those of the ids a request names who are somebody, and active.
#[derive(Debug, Deserialize)]
pub struct Known {
    unknown: Vec<Value>,
    seqs: Vec<i64>,
}

impl Known {
    /// Reads the row of [`known`].
    ///
    /// # Errors
    /// `invalidValue` naming the ids that are no user's.
    pub fn read(row: Option<Row>) -> Result<Self, ScimError> {
        let known: Self = parse(&row.unwrap_or_default().head)?;
        if known.unknown.is_empty() {
            return Ok(known);
        }
        const NAMED: usize = 5;
        let named: Vec<String> = known
            .unknown
            .iter()
            .take(NAMED)
            .map(|id| format!("\"{}\"", shorten(id.as_str().unwrap_or_default())))
            .collect();
        let others = match known.unknown.len().saturating_sub(NAMED) {
            0 => String::new(),
            others => format!(" and {others} others"),
        };
        Err(ScimError::invalid_value(format!(
            "No user has the id {}{others}; nothing was changed. Unassign the person in the identity provider and assign \
             them again, so that it learns their id here.",
            named.join(", ")
        )))
    }
}

/// Looks up ids; see [`Known::read`].
///
/// People who are not active are in no group; asking for them is no mistake, and has no effect. People
/// whom SCIM does not see are not known, and stay in their groups.
pub fn known(tenant: &Tenant<'_>, ids: &BTreeSet<String>) -> Statement {
    tenant.statement(
        "SELECT json_object(
           'unknown', json_group_array(j.value) FILTER (WHERE u.seq IS NULL),
           'seqs', json_group_array(u.seq) FILTER (WHERE u.active = 1)) AS head
         FROM json_each(:known_ids) j
         LEFT JOIN users u ON u.org_id = :org AND u.id = j.value AND u.managed = 1",
        bindings_of(ids),
    )
}

/// A key that is no good has no organization, and is not worth looking at the ids for.
fn bindings_of(ids: &BTreeSet<String>) -> Vec<Binding> {
    let ids = Value::from(ids.iter().map(String::as_str).collect::<Vec<_>>()).to_string();
    vec![text("ids", ids), expression("known_ids", "iif(:org IS NULL, '[]', :ids)")]
}

/// The difference between what a request asks for and what is there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    join: Vec<i64>,
    leave: Vec<i64>,
}

impl Difference {
    /// Whether membership is already as it should be.
    pub fn is_empty(&self) -> bool {
        self.join.is_empty() && self.leave.is_empty()
    }

    /// Everybody who is wanted joins a group that has nobody yet.
    pub fn of_new(wanted: Known) -> Self {
        Self { join: wanted.seqs, leave: Vec::new() }
    }

    /// Reads the rows of [`compare`].
    ///
    /// # Errors
    /// Those of [`Known::read`].
    pub fn read(mut rows: impl FnMut() -> Option<Row>) -> Result<Self, ScimError> {
        let joining = Known::read(rows())?;
        Ok(Self { join: joining.seqs, leave: parse(&rows().unwrap_or_default().head)? })
    }
}

/// Compares whom to add and to remove with who is there: two statements, to be read by [`Difference::read`].
pub fn compare(tenant: &Tenant<'_>, group_id: &str, change: &MembershipChange) -> [Statement; 2] {
    let bindings = |ids: &BTreeSet<String>| {
        let mut bindings = bindings_of(ids);
        bindings.push(text("group", group_id));
        bindings
    };
    let join = tenant.statement(
        "SELECT json_object(
           'unknown', json_group_array(j.value) FILTER (WHERE u.seq IS NULL),
           'seqs', json_group_array(u.seq) FILTER (WHERE u.active = 1 AND m.user_seq IS NULL)) AS head
         FROM json_each(:known_ids) j
         LEFT JOIN users u ON u.org_id = :org AND u.id = j.value AND u.managed = 1
         LEFT JOIN memberships m ON m.user_seq = u.seq
           AND m.group_seq = (SELECT seq FROM groups WHERE org_id = :org AND id = :group)",
        bindings(&change.add),
    );
    let leave = tenant.statement(
        "SELECT json_group_array(m.user_seq) AS head
         FROM json_each(:known_ids) j
         CROSS JOIN users u ON u.org_id = :org AND u.id = j.value AND u.managed = 1
         CROSS JOIN memberships m ON m.user_seq = u.seq
           AND m.group_seq = (SELECT seq FROM groups WHERE org_id = :org AND id = :group)",
        bindings(&change.remove),
    );
    [join, leave]
}

/// Writes a difference. Adding who is there and removing who is not changes nothing, so that two requests
/// at once do not disturb each other.
pub fn change(tenant: &Tenant<'_>, group_id: &str, difference: &Difference) -> Vec<Statement> {
    let bindings = |seqs: &[i64]| vec![text("group", group_id), text("seqs", Value::from(seqs).to_string())];
    let mut statements = Vec::new();
    if !difference.join.is_empty() {
        statements.push(tenant.statement(
            "INSERT INTO memberships (group_seq, user_seq)
             SELECT g.seq, u.seq
             FROM groups g CROSS JOIN json_each(:seqs) j CROSS JOIN users u ON u.seq = j.value
             WHERE g.org_id = :org AND g.id = :group AND u.org_id = g.org_id AND u.active = 1 AND u.managed = 1
             ON CONFLICT DO NOTHING",
            bindings(&difference.join),
        ));
    }
    if !difference.leave.is_empty() {
        statements.push(tenant.statement(
            "DELETE FROM memberships
             WHERE group_seq = (SELECT seq FROM groups WHERE org_id = :org AND id = :group)
               AND user_seq IN (SELECT value FROM json_each(:seqs))",
            bindings(&difference.leave),
        ));
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bodies: &[&str]) -> Vec<Row> {
        bodies.iter().map(|body| Row { head: "1".to_owned(), body: (*body).to_owned() }).collect()
    }

    fn objects(members: Members) -> Vec<String> {
        members.into_objects().collect()
    }

    #[test]
    fn members_are_told_apart_whatever_they_are_called() {
        let one = r#"{"value":"a","display":"},{\"value\":\"x]"}"#;
        let two = r#"{"value":"b","display":"B"}"#;
        let members =
            Members::read(&rows(&[&format!("[7,9]{one},{two}"), "", r#"[3]{"value":"c"}"#])).unwrap();
        assert_eq!(objects(members), [r#"{"value":"c"}"#, one, two]);
    }

    #[test]
    fn a_difference_leads_to_what_is_wanted() {
        let members = Members::read(&rows(&[r#"[1,2,3]{"value":"a"},{"value":"b"},{"value":"c"}"#])).unwrap();
        let wanted = Known { unknown: Vec::new(), seqs: vec![5, 2, 1] };
        let difference = members.difference(&wanted);
        assert_eq!(difference, Difference { join: vec![5], leave: vec![3] });
        let joined = Members::read(&rows(&[r#"[5]{"value":"e"}"#])).unwrap();
        let after = members.changed(&difference, joined);
        assert!(after.difference(&wanted).is_empty());
        assert_eq!(objects(after), [r#"{"value":"a"}"#, r#"{"value":"b"}"#, r#"{"value":"e"}"#]);
    }
}
