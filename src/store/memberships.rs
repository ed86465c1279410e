//! Who is in which group. Changes are sets of rows: what a request asks for is compared with what is
//! there inside SQLite, and only the difference is written. Members are never read to change them.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::Row;
use super::session::parse;
use super::statement::{Binding, Statement, expression, text};
use super::tenant::Tenant;
use crate::directory::group::MembershipChange;
use crate::scim::ScimError;
use crate::scim::text::shorten;

/// Members as the client gets them, in pieces: `head` is the group's `seq`, `body` a run of JSON objects.
/// One value may not exceed D1's 2 MB, so a large group comes in several rows, and a name is cut at 200
/// characters.
const MEMBERS: &str = r#"
  SELECT CAST(g.seq AS TEXT) AS head, group_concat(
    '{"value":"' || u.id || '","$ref":"' || :base || '/Users/' || u.id || '","display":'
    || json_quote(substr(coalesce(u.doc ->> '$.displayName', u.doc ->> '$.userName'), 1, 200)) || ',"type":"User"}', ',') AS body
  FROM groups g CROSS JOIN memberships m ON m.group_seq = g.seq CROSS JOIN users u ON u.seq = m.user_seq
  WHERE u.managed = 1 AND "#;
const IN_PIECES: &str = " GROUP BY g.seq, m.user_seq / 1000 ORDER BY g.seq, m.user_seq / 1000";

/// Reads the members of one group.
pub fn of_group(tenant: &Tenant<'_>, id: &str) -> Statement {
    let sql = format!("{MEMBERS} g.org_id = :org AND g.id = :id {IN_PIECES}");
    tenant.statement(&sql, vec![text("id", id)])
}

/// Reads the members of the groups whose `seq` a statement selects.
pub(super) fn of_groups(tenant: &Tenant<'_>, seqs: &str, bindings: Vec<Binding>) -> Statement {
    tenant.statement(&format!("{MEMBERS} g.seq IN ({seqs}) {IN_PIECES}"), bindings)
}

/// The difference between what a request asks for and what is there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    join: Vec<i64>,
    leave: Vec<i64>,
}

#[derive(Deserialize)]
struct Joining {
    unknown: Vec<Value>,
    seqs: Vec<i64>,
}

impl Difference {
    /// Whether membership is already as it should be.
    pub fn is_empty(&self) -> bool {
        self.join.is_empty() && self.leave.is_empty()
    }

    /// Reads the rows of [`compare`].
    ///
    /// # Errors
    /// `invalidValue` naming the ids that are no user's.
    pub fn read(mut rows: impl FnMut() -> Option<Row>) -> Result<Self, ScimError> {
        let joining: Joining = parse(&rows().unwrap_or_default().head)?;
        let leave: Vec<i64> = parse(&rows().unwrap_or_default().head)?;
        if joining.unknown.is_empty() {
            return Ok(Self { join: joining.seqs, leave });
        }
        const NAMED: usize = 5;
        let named: Vec<String> = joining
            .unknown
            .iter()
            .take(NAMED)
            .map(|id| format!("\"{}\"", shorten(id.as_str().unwrap_or_default())))
            .collect();
        let others = match joining.unknown.len().saturating_sub(NAMED) {
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

/// Compares what is asked for with what is there: two statements, to be read by [`Difference::read`].
///
/// People who are not active are in no group; asking for them is no mistake, and has no effect. People
/// whom SCIM does not see are not known, and stay in their groups.
pub fn compare(tenant: &Tenant<'_>, group_id: &str, change: &MembershipChange) -> [Statement; 2] {
    let bindings = |ids: &BTreeSet<String>| {
        let ids = Value::from(ids.iter().map(String::as_str).collect::<Vec<_>>()).to_string();
        // A key that is no good has no organization, and is not worth looking at the ids for.
        vec![
            text("group", group_id),
            text("ids", ids),
            expression("known_ids", "iif(:org IS NULL, '[]', :ids)"),
        ]
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
    let leave = if change.replaces_all {
        tenant.statement(
            "SELECT json_group_array(m.user_seq) AS head
             FROM groups g CROSS JOIN memberships m ON m.group_seq = g.seq CROSS JOIN users u ON u.seq = m.user_seq
             WHERE g.org_id = :org AND g.id = :group AND u.managed = 1
               AND u.id NOT IN (SELECT value FROM json_each(:ids))",
            bindings(&change.add),
        )
    } else {
        tenant.statement(
            "SELECT json_group_array(m.user_seq) AS head
             FROM json_each(:known_ids) j
             CROSS JOIN users u ON u.org_id = :org AND u.id = j.value AND u.managed = 1
             CROSS JOIN memberships m ON m.user_seq = u.seq
               AND m.group_seq = (SELECT seq FROM groups WHERE org_id = :org AND id = :group)",
            bindings(&change.remove),
        )
    };
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
