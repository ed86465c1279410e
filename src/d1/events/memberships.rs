//! Events of memberships, made in SQL from what the statements behind them change: another request may have changed a
//! part of it since it was read.

use serde_json::Value;

use super::super::statement::{Binding, Statement, integer, text};
use super::super::tenant::Tenant;
use super::{Frame, JUST_INSERTED, subjects};
use directory::event::MAX_LISTED;

/// A group as [`directory::event::GroupRef`]: JSON without its members that are NULL.
pub(super) fn group_ref(more: &str) -> String {
    format!(
        "json_patch('{{}}', json_object('id', g.id, 'name', g.display_name,
                 'external_id', coalesce(g.external_id_sent, g.external_id), 'role', g.role,
                 'project', iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
                 'team', iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name)){more}))"
    )
}

/// Project and team of the group `g`.
pub(super) const MEANING: &str =
    "LEFT JOIN projects r ON r.id = g.project_id LEFT JOIN teams t ON t.id = g.team_id";

/// Writes the events of people who are about to join a group: of the users with these `seq`, the active ones whom SCIM
/// sees and who are no members yet. The memberships then name the newest event as the one that began them; see
/// [`NEWEST`].
pub fn began(tenant: &Tenant<'_>, group_id: &str, seqs: &str) -> Vec<Statement> {
    let joining = "json_each(:seqs) j
                   CROSS JOIN users u ON u.seq = j.value AND u.org_id = g.org_id AND u.active = 1 AND u.managed = 1
                   LEFT JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq";
    let from = format!(
        "CROSS JOIN (
               SELECT g.seq AS group_seq, j.key / {MAX_LISTED} AS chunk, 0 AS lost,
                 json_group_array(json_object('id', u.id)) AS people
               FROM groups g CROSS JOIN {joining}
               WHERE g.org_id = :org AND g.id = :group AND m.user_seq IS NULL GROUP BY 1, 2) y
             CROSS JOIN groups g ON g.seq = y.group_seq {MEANING}"
    );
    of_group(tenant, "membership.added", &from, &[text("group", group_id), text("seqs", seqs)])
}

/// SQL of the `seq` of the organization's newest event.
pub const NEWEST: &str = "(SELECT max(seq) FROM events WHERE org_id = :org)";

/// Writes the events of memberships of groups that are about to end. `memberships` is SQL behind FROM that yields the
/// group `g`, the membership `m` and the person `u`.
pub(crate) fn ended(tenant: &Tenant<'_>, memberships: &str, bindings: &[Binding]) -> Vec<Statement> {
    // The access brake counts a person once who is taken out of several groups.
    const COUNTS: &str = "row_number() OVER (PARTITION BY u.seq, g.role IS NULL ORDER BY g.seq) = 1";
    let from = format!(
        "CROSS JOIN (
               SELECT x.group_seq AS group_seq, x.chunk AS chunk, sum(x.lost) AS lost,
                 json_group_array(json_object('id', x.id, 'since', x.since)) AS people
               FROM (
                 SELECT g.seq AS group_seq, u.id AS id, m.since AS since,
                   (row_number() OVER (PARTITION BY g.seq ORDER BY u.seq) - 1) / {MAX_LISTED} AS chunk,
                   u.active = 1 AND u.managed = 1 AND g.role IS NOT NULL AND {COUNTS}
                     AND coalesce(u.lost_at, '') <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour') AS lost
                 FROM {memberships}) x
               GROUP BY 1, 2) y
             CROSS JOIN groups g ON g.seq = y.group_seq {MEANING}"
    );
    let mut statements = of_group(tenant, "membership.removed", &from, bindings);
    statements.push(links(tenant, "people"));
    statements
}

/// As [`ended`], of the users with these `seq` in one group.
pub fn ended_of_group(tenant: &Tenant<'_>, group_id: &str, seqs: &str) -> Vec<Statement> {
    let memberships = "groups g CROSS JOIN json_each(:seqs) j
                 CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = j.value
                 CROSS JOIN users u ON u.seq = m.user_seq WHERE g.org_id = :org AND g.id = :group";
    ended(tenant, memberships, &[text("group", group_id), text("seqs", seqs)])
}

/// Begins these memberships and writes their events: `pairs` has the ids of a group and of a person each. Those of
/// inactive people, and those that exist, are left alone.
pub fn begin_pairs(tenant: &Tenant<'_>, pairs: &Value) -> Vec<Statement> {
    if pairs.as_array().is_none_or(Vec::is_empty) {
        return Vec::new();
    }
    let from = format!(
        "CROSS JOIN (
               SELECT x.group_seq AS group_seq, x.chunk AS chunk, 0 AS lost,
                 json_group_array(json_object('id', x.id)) AS people
               FROM (
                 SELECT g.seq AS group_seq, u.id AS id,
                   (row_number() OVER (PARTITION BY g.seq ORDER BY u.seq) - 1) / {MAX_LISTED} AS chunk
                 FROM json_each(:pairs) j CROSS JOIN groups g ON g.org_id = :org AND g.id = j.value ->> 0
                 CROSS JOIN users u ON u.org_id = :org AND u.id = j.value ->> 1 AND u.active = 1
                 LEFT JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq
                 WHERE m.user_seq IS NULL) x
               GROUP BY 1, 2) y
             CROSS JOIN groups g ON g.seq = y.group_seq {MEANING}"
    );
    let mut statements = of_group(tenant, "membership.added", &from, &[text("pairs", pairs.to_string())]);
    // Behind the subjects, one for each event.
    statements.push(tenant.statement(
        &format!(
            "INSERT INTO memberships (group_seq, user_seq, since)
             SELECT g.seq, u.seq, e.seq FROM {JUST_INSERTED}
             CROSS JOIN groups g ON g.org_id = e.org_id AND g.id = e.subject_id
             CROSS JOIN json_each(e.data, '$.people') j
             CROSS JOIN users u ON u.org_id = e.org_id AND u.id = j.value ->> 'id'"
        ),
        &[],
    ));
    statements
}

/// Ends these memberships and writes their events; see [`begin_pairs`].
pub fn end_pairs(tenant: &Tenant<'_>, pairs: &Value) -> Vec<Statement> {
    if pairs.as_array().is_none_or(Vec::is_empty) {
        return Vec::new();
    }
    const ENDING: &str = "json_each(:pairs) j CROSS JOIN groups g ON g.org_id = :org AND g.id = j.value ->> 0
                 CROSS JOIN users u ON u.org_id = :org AND u.id = j.value ->> 1
                 CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq";
    let pairs = || [text("pairs", pairs.to_string())];
    let mut statements = ended(tenant, ENDING, &pairs());
    let delete = format!(
        "DELETE FROM memberships WHERE (group_seq, user_seq) IN (SELECT m.group_seq, m.user_seq FROM {ENDING})"
    );
    statements.push(tenant.statement(&delete, &pairs()));
    statements
}

/// Writes the events of all memberships of a person, which are about to end.
pub fn ended_of_person(tenant: &Tenant<'_>, seq: i64) -> Vec<Statement> {
    let group = group_ref(", 'since', m.since");
    let from = format!(
        "CROSS JOIN (
               SELECT x.chunk AS chunk, json_group_array(json(x.ref)) AS groups
               FROM (
                 SELECT {group} AS ref, (row_number() OVER (ORDER BY g.seq) - 1) / {MAX_LISTED} AS chunk
                 FROM memberships m CROSS JOIN groups g ON g.seq = m.group_seq {MEANING}
                 WHERE m.user_seq = :seq) x
               GROUP BY 1) y
             CROSS JOIN users u ON u.seq = :seq AND u.org_id = o.id"
    );
    let frame = Frame {
        number: "row_number() OVER (ORDER BY y.chunk)",
        event_type: "'membership.removed'",
        subject_type: "'person'",
        subject_id: "u.id",
        version: "u.version",
        data: "json_object('groups', json(y.groups), 'people', json_array(json_object('id', u.id)))",
        active: "0",
        active_sum: "0",
        lost: "0",
        lost_sum: "0",
        from: &from,
        goes_on: false,
    };
    vec![frame.statement(tenant, &[integer("seq", seq)]), subjects(tenant, None), links(tenant, "groups")]
}

/// Events whose subject is the group `g`, one for each row of `y`.
fn of_group(tenant: &Tenant<'_>, event_type: &str, from: &str, bindings: &[Binding]) -> Vec<Statement> {
    let frame = Frame {
        number: "row_number() OVER (ORDER BY y.group_seq, y.chunk)",
        event_type: &format!("'{event_type}'"),
        subject_type: "'group'",
        subject_id: "g.id",
        version: "g.version",
        data: &format!(
            "json_object('groups', json_array(json({})), 'people', json(y.people))",
            group_ref("")
        ),
        active: "0",
        active_sum: "0",
        lost: "y.lost",
        lost_sum: "sum(y.lost) OVER (ORDER BY y.group_seq, y.chunk)",
        from,
        goes_on: false,
    };
    vec![frame.statement(tenant, bindings), subjects(tenant, None)]
}

/// The statement after the subjects of events with a list: those listed are found by their events, too.
pub(super) fn links(tenant: &Tenant<'_>, list: &str) -> Statement {
    let sql = format!(
        "INSERT INTO event_subjects (org_id, subject_id, seq, since)
         SELECT e.org_id, j.value ->> 'id', e.seq, j.value ->> 'since'
         FROM {JUST_INSERTED} CROSS JOIN json_each(e.data, '$.{list}') j"
    );
    tenant.statement(&sql, &[])
}
