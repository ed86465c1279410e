//! Events of memberships, made in SQL from what the statements beside them change: another request may have changed a
//! part of it since it was read.

use litemap::LiteMap;
use serde_json::{Value, json};

use super::super::statement::{Binding, Statement, integer, text};
use super::super::tenant::Tenant;
use super::groups::{MEANING, group_ref};
use super::{Frame, WRITING};
use directory::event::{MAX_LISTED, MAX_LISTED_BYTES};

/// The active users with these `seq` whom SCIM sees, as `u`.
const USERS: &str =
    "CROSS JOIN users u ON u.seq = j.value AND u.org_id = g.org_id AND u.active = 1 AND u.managed = 1";

/// Adds users to a group: of those with these `seq`, the active ones whom SCIM sees and who are no members yet. Each
/// membership names the event that began it.
pub fn begin(tenant: &Tenant<'_>, group_id: &str, seqs: &[i64]) -> [Statement; 2] {
    let is_one = seqs.len() <= MAX_LISTED;
    // An event for each piece of the list in which there is a new member.
    let (list, number, pieces) = match is_one {
        true => (":seqs", "1", String::new()),
        false => ("c.value", "c.number", {
            format!(
                "CROSS JOIN (SELECT value, row_number() OVER (ORDER BY key) AS number FROM json_each(:seqs) c
                  WHERE EXISTS (
                    SELECT 1 FROM groups g CROSS JOIN json_each(c.value) j {USERS}
                    LEFT JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq
                    WHERE g.org_id = :org AND g.id = :group AND m.user_seq IS NULL)) c"
            )
        }),
    };
    let insert = format!(
        "INSERT INTO memberships (group_seq, user_seq, since)
         SELECT g.seq, u.seq, g.newest + {number}
         FROM (SELECT g.seq AS seq, g.org_id AS org_id,
             coalesce((SELECT max(e.seq) FROM events e WHERE e.org_id = g.org_id), 0) AS newest
           FROM groups g WHERE g.org_id = :org AND g.id = :group LIMIT 1) g
         {pieces} CROSS JOIN json_each({list}) j {USERS}
         WHERE TRUE ON CONFLICT DO NOTHING"
    );
    let new = format!(
        "json_each({list}) j
               CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = j.value AND m.since > p.seq"
    );
    let behind = match is_one {
        true => "WHERE changes() > 0".to_owned(),
        false => {
            format!("CROSS JOIN json_each(:seqs) c WHERE changes() > 0 AND EXISTS (SELECT 1 FROM {new})")
        }
    };
    let began = Frame {
        number: if is_one { "1" } else { "row_number() OVER (ORDER BY c.key)" },
        event_type: "'membership.added'",
        subject_type: "'group'",
        subject_id: "g.id",
        version: "g.version",
        data: &format!(
            "json_object('groups', json_array(json({})), 'people', (
               SELECT json_group_array(json_object('id', u.id)) FROM {new} CROSS JOIN users u ON u.seq = m.user_seq))",
            group_ref("")
        ),
        behind: &format!("CROSS JOIN groups g ON g.org_id = p.org_id AND g.id = :group {MEANING} {behind}"),
        ..Frame::default()
    };
    let bindings = [text("group", group_id), text("seqs", listed(seqs).to_string())];
    [tenant.statement(&insert, &bindings), began.statement(tenant, &bindings)]
}

/// What an event can list as one array, more as an array of such arrays.
fn listed(seqs: &[i64]) -> Value {
    match seqs.len() <= MAX_LISTED {
        true => Value::from(seqs),
        false => seqs.chunks(MAX_LISTED).map(Value::from).collect(),
    }
}

/// Removes users with these `seq` from a group.
pub fn end(tenant: &Tenant<'_>, group_id: &str, seqs: &[i64]) -> [Statement; 2] {
    let group = [text("group", group_id)];
    const MEMBERS: &str = "CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = j.value
                   CROSS JOIN users u ON u.seq = m.user_seq";
    const OF_GROUP: &str = "WHERE g.org_id = :org AND g.id = :group";
    let bindings = [group.as_slice(), &[text("seqs", listed(seqs).to_string())]].concat();
    let ended = match seqs.len() <= MAX_LISTED {
        true => {
            let ended = format!(
                "(SELECT g.*, 1 AS number, {PEOPLE} AS people, sum({LOST}) AS lost, sum({LOST}) AS lost_sum
                  FROM (SELECT g.seq AS seq, g.id AS id, g.version AS version, g.role AS role, {} AS ref
                    FROM groups g {MEANING} {OF_GROUP} LIMIT 1) g
                  CROSS JOIN json_each(:seqs) j {MEMBERS} HAVING count(*) > 0) g CROSS JOIN",
                group_ref("")
            );
            Frame { before: &ended, ..ENDED_OF_GROUP }.statement(tenant, &bindings)
        }
        false => {
            let pieces = format!("groups g {MEANING} CROSS JOIN json_each(:seqs) c {OF_GROUP}");
            ended_in_pieces(tenant, &pieces, &format!("json_each(c.value) j {MEMBERS}"), &bindings)
        }
    };
    let delete = "DELETE FROM memberships
         WHERE group_seq = (SELECT seq FROM groups WHERE org_id = :org AND id = :group)
           AND user_seq IN (SELECT value FROM json_each(:seqs))";
    let seqs = text("seqs", Value::from(seqs).to_string());
    [ended, tenant.statement(delete, &[group.as_slice(), &[seqs]].concat())]
}

/// Whether the end of the membership of `u` in `g` takes access from a person who has not lost any in the hour before.
const LOST: &str = "(u.active = 1 AND u.managed = 1 AND g.role IS NOT NULL
                     AND coalesce(u.lost_at, '') <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour'))";

/// The people of memberships `m` as an event has them.
const PEOPLE: &str = "json_group_array(json_object('id', u.id, 'since', m.since))";

/// The event of ended memberships of the group `g`, which has its reference and the people.
const ENDED_OF_GROUP: Frame<'_> = Frame {
    number: "g.number",
    event_type: "'membership.removed'",
    subject_type: "'group'",
    subject_id: "g.id",
    version: "g.version",
    data: "json_object('groups', json_array(json(g.ref)), 'people', json(g.people))",
    personal: "NULL",
    others: "g.people",
    active: "0",
    active_sum: "0",
    lost: "g.lost",
    lost_sum: "g.lost_sum",
    before: "",
    behind: "",
    org: WRITING,
};

/// Writes the events of memberships that are about to end. `pieces` is SQL behind FROM that yields the group `g` and
/// its [`MEANING`] for each piece `c` of a list; `members` is SQL behind FROM that yields the memberships `m` and the
/// people `u` of a piece, at most [`MAX_LISTED`]. An identity provider names each person in one piece.
fn ended_in_pieces(tenant: &Tenant<'_>, pieces: &str, members: &str, bindings: &[Binding]) -> Statement {
    // One subquery makes the people of a piece and counts them, so that each is read once. The LIMIT keeps SQLite from
    // evaluating it for each value that is taken out of it.
    let ended = format!(
        "(SELECT x.id AS id, x.version AS version, x.ref AS ref, row_number() OVER (ORDER BY x.key) AS number,
            x.ended -> 'people' AS people, x.ended ->> 'lost' AS lost,
            sum(x.ended ->> 'lost') OVER (ORDER BY x.key) AS lost_sum
          FROM (
            SELECT g.id AS id, g.version AS version, {} AS ref, c.key AS key, (
              SELECT json_object('people', {PEOPLE}, 'lost', sum({LOST})) FROM {members} HAVING count(*) > 0) AS ended
            FROM {pieces} LIMIT -1) x
          WHERE x.ended IS NOT NULL) g CROSS JOIN",
        group_ref("")
    );
    Frame { before: &ended, ..ENDED_OF_GROUP }.statement(tenant, bindings)
}

/// Writes the events of all memberships of some groups, which are about to end. `next` is SQL of the `seq` of the
/// group with the lowest one behind `c.group_seq`, among those of the organization `c.org_id`.
pub(crate) fn ended_of_groups(tenant: &Tenant<'_>, next: &str, bindings: &[Binding]) -> Statement {
    // From piece to piece, and behind the last one of a group to the next group: each membership is read once, and
    // nothing is sorted. An identity provider deletes at most the two groups of a team: a person who is in both counts
    // as lost once.
    const PRIOR: &str = "iif(g.seq = c.group_seq, c.prior, c.group_seq)";
    let lost = format!(
        "({LOST} AND NOT EXISTS (
                   SELECT 1 FROM memberships f WHERE f.group_seq = {PRIOR} AND f.user_seq = u.seq))"
    );
    let ended = format!(
        "(WITH RECURSIVE piece (org_id, prior, group_seq, number, lost_sum, ended) AS (
            SELECT :org, 0, 0, 0, 0, NULL
            UNION ALL
            SELECT c.org_id, {PRIOR}, g.seq, c.number + (c.ended IS NOT NULL),
              c.lost_sum + coalesce(c.ended ->> 'lost', 0), (
              SELECT json_object('people', json_group_array(json_object('id', x.id, 'since', x.since)),
                'lost', sum(x.lost), 'last', iif(count(*) = {MAX_LISTED}, max(x.seq), NULL))
              FROM (
                SELECT u.seq AS seq, u.id AS id, m.since AS since, {lost} AS lost
                FROM memberships m CROSS JOIN users u ON u.seq = m.user_seq
                WHERE m.group_seq = g.seq AND m.user_seq > coalesce(c.ended ->> 'last', 0)
                ORDER BY m.user_seq LIMIT {MAX_LISTED}) x
              HAVING count(*) > 0)
            FROM piece c
            CROSS JOIN groups g ON g.seq = iif(c.ended ->> 'last' IS NULL, {next}, c.group_seq))
          SELECT g.id AS id, g.version AS version, {} AS ref, e.number + 1 AS number, e.ended -> 'people' AS people,
            e.ended ->> 'lost' AS lost, e.lost_sum + (e.ended ->> 'lost') AS lost_sum
          FROM piece e CROSS JOIN groups g ON g.seq = e.group_seq {MEANING}
          WHERE e.ended IS NOT NULL) g CROSS JOIN",
        group_ref("")
    );
    Frame { before: &ended, ..ENDED_OF_GROUP }.statement(tenant, bindings)
}

/// Writes the events of memberships of groups that are about to end. `memberships` is SQL behind FROM that yields the
/// group `g`, the membership `m` and the person `u`.
pub(crate) fn ended(tenant: &Tenant<'_>, memberships: &str, bindings: &[Binding]) -> Statement {
    // A person who is in several of the groups counts as lost once.
    let ended = format!(
        "(SELECT g.id AS id, g.version AS version, {} AS ref, y.number AS number, y.people AS people, y.lost AS lost,
            y.lost_sum AS lost_sum
          FROM (
            SELECT x.group_seq AS group_seq, row_number() OVER (ORDER BY x.group_seq, x.chunk) AS number,
              sum(x.lost AND x.place = 1) AS lost,
              sum(sum(x.lost AND x.place = 1)) OVER (ORDER BY x.group_seq, x.chunk) AS lost_sum,
              json_group_array(json_object('id', x.id, 'since', x.since)) AS people
            FROM (
              SELECT g.seq AS group_seq, u.id AS id, m.since AS since, {LOST} AS lost,
                (row_number() OVER () - 1) / {MAX_LISTED} AS chunk,
                row_number() OVER (PARTITION BY u.seq, g.role IS NULL ORDER BY g.seq) AS place
              FROM {memberships}) x
            GROUP BY x.group_seq, x.chunk) y
          CROSS JOIN groups g ON g.seq = y.group_seq {MEANING}) g CROSS JOIN",
        group_ref("")
    );
    Frame { before: &ended, ..ENDED_OF_GROUP }.statement(tenant, bindings)
}

/// Begins these memberships and writes their events: `pairs` has the ids of a group and of a person each. Those of
/// inactive people, and those that exist, are left alone.
pub fn begin_pairs(tenant: &Tenant<'_>, pairs: &[(&str, &str)]) -> Vec<Statement> {
    if pairs.is_empty() {
        return Vec::new();
    }
    const NEWEST: &str = "(SELECT coalesce(max(seq), 0) FROM events WHERE org_id = :org)";
    const PAIRS: &str = "json_each(:pairs) j CROSS JOIN groups g ON g.org_id = :org AND g.id = j.value ->> 0
               CROSS JOIN users u ON u.org_id = :org AND u.id = j.value ->> 1";
    let insert = format!(
        "INSERT INTO memberships (group_seq, user_seq, since)
         SELECT x.group_seq, x.user_seq, {NEWEST} + dense_rank() OVER (ORDER BY x.group_seq, x.chunk)
         FROM (
           SELECT group_seq, user_seq,
             (row_number() OVER (PARTITION BY group_seq ORDER BY user_seq) - 1) / {MAX_LISTED} AS chunk
           FROM (
             SELECT DISTINCT g.seq AS group_seq, u.seq AS user_seq FROM {PAIRS} AND u.active = 1
             LEFT JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq WHERE m.user_seq IS NULL)) x"
    );
    let began = Frame {
        number: "y.since - p.seq",
        event_type: "'membership.added'",
        subject_type: "'group'",
        subject_id: "g.id",
        version: "g.version",
        data: &format!(
            "json_object('groups', json_array(json({})), 'people', json(y.people))",
            group_ref("")
        ),
        before: &format!(
            "(SELECT x.group_seq AS group_seq, x.since AS since, json_group_array(json_object('id', x.id)) AS people
              FROM (
                SELECT DISTINCT g.seq AS group_seq, m.since AS since, u.id AS id FROM {PAIRS}
                CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq AND m.since > {NEWEST}) x
              GROUP BY 1, 2) y CROSS JOIN groups g ON g.seq = y.group_seq {MEANING} CROSS JOIN"
        ),
        behind: "ORDER BY y.since",
        ..Frame::default()
    };
    let bindings = [text("pairs", json!(pairs).to_string())];
    vec![tenant.statement(&insert, &bindings), began.statement(tenant, &bindings)]
}

/// Ends these memberships and writes their events; see [`begin_pairs`].
pub fn end_pairs(tenant: &Tenant<'_>, pairs: &[(&str, &str)]) -> Vec<Statement> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let mut people_of: LiteMap<&str, Vec<&str>> = LiteMap::new();
    for (group, person) in pairs {
        people_of.entry(group).or_default().push(person);
    }
    let pieces: Value = people_of
        .iter()
        .flat_map(|(group, people)| people.chunks(MAX_LISTED).map(move |people| json!([group, people])))
        .collect();
    let pieces = [text("pieces", pieces.to_string())];
    let of_groups = format!(
        "json_each(:pieces) c CROSS JOIN groups g ON g.org_id = :org AND g.id = c.value ->> 0 {MEANING}"
    );
    const ENDING: &str =
        "json_each(c.value -> 1) j CROSS JOIN users u ON u.org_id = g.org_id AND u.id = j.value
              CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq";
    let delete = format!(
        "DELETE FROM memberships WHERE (group_seq, user_seq) IN (
           SELECT m.group_seq, m.user_seq
           FROM json_each(:pieces) c CROSS JOIN groups g ON g.org_id = :org AND g.id = c.value ->> 0
           CROSS JOIN {ENDING})"
    );
    vec![ended_in_pieces(tenant, &of_groups, ENDING, &pieces), tenant.statement(&delete, &pieces)]
}

/// Writes the events of all memberships of a person, which are about to end.
pub fn ended_of_person(tenant: &Tenant<'_>, seq: i64) -> Statement {
    // An event has at most MAX_LISTED groups: each counts as at least so many bytes. Most people's groups fit into one
    // event: only others are sorted into several.
    let least = MAX_LISTED_BYTES.div_ceil(MAX_LISTED);
    let ended = format!(
        "(SELECT y.key + 1 AS number, y.value AS groups
          FROM (
            SELECT json_group_array(json(x.ref)) AS groups, sum(max(length(x.ref), {least})) AS size
            FROM (
              SELECT {} AS ref
              FROM memberships m CROSS JOIN groups g ON g.seq = m.group_seq {MEANING}
              WHERE m.user_seq = :seq ORDER BY m.group_seq) x
            HAVING count(*) > 0) x
          CROSS JOIN json_each(iif(x.size < {MAX_LISTED_BYTES}, json_array(json(x.groups)), (
            SELECT json_group_array(json(z.groups) ORDER BY z.chunk) FROM (
              SELECT z.chunk AS chunk, json_group_array(json(z.ref)) AS groups
              FROM (
                SELECT j.value AS ref,
                  sum(max(length(j.value), {least})) OVER (ORDER BY j.key) / {MAX_LISTED_BYTES} AS chunk
                FROM json_each(x.groups) j) z
              GROUP BY z.chunk) z))) y) y CROSS JOIN",
        group_ref(", 'since', m.since"),
    );
    let frame = Frame {
        number: "y.number",
        event_type: "'membership.removed'",
        subject_type: "'person'",
        subject_id: "u.id",
        version: "u.version",
        data: "json_object('groups', json(y.groups), 'people', json_array(json_object('id', u.id)))",
        others: "y.groups",
        before: &ended,
        behind: "CROSS JOIN users u ON u.seq = :seq AND u.org_id = p.org_id",
        ..Frame::default()
    };
    frame.statement(tenant, &[integer("seq", seq)])
}

/// Begins the kept memberships of a person who has become active, and writes their events.
pub fn given_back(tenant: &Tenant<'_>, seq: i64) -> [Statement; 2] {
    const NEWEST: &str = "(SELECT coalesce(max(seq), 0) FROM events WHERE org_id = :org)";
    let least = MAX_LISTED_BYTES.div_ceil(MAX_LISTED);
    let group = group_ref("");
    let insert = format!(
        "INSERT INTO memberships (group_seq, user_seq, since)
         SELECT x.seq, :seq, {NEWEST} + dense_rank() OVER (ORDER BY x.chunk)
         FROM (
           SELECT x.seq AS seq, sum(max(length(x.ref), {least})) OVER (ORDER BY x.seq) / {MAX_LISTED_BYTES} AS chunk
           FROM (
             SELECT {group} AS ref, g.seq AS seq
             FROM kept_memberships k CROSS JOIN groups g ON g.seq = k.group_seq {MEANING}
             WHERE k.user_seq = :seq) x) x"
    );
    let began = Frame {
        number: "y.since - p.seq",
        event_type: "'membership.added'",
        subject_type: "'person'",
        subject_id: "u.id",
        version: "u.version",
        data: "json_object('groups', json(y.groups), 'people', json_array(json_object('id', u.id)))",
        before: &format!(
            "(SELECT m.since AS since, json_group_array(json({group})) AS groups
              FROM memberships m CROSS JOIN groups g ON g.seq = m.group_seq {MEANING}
              WHERE m.user_seq = :seq AND m.since > {NEWEST} GROUP BY m.since) y
             CROSS JOIN users u ON u.seq = :seq AND u.org_id = :org CROSS JOIN"
        ),
        behind: "ORDER BY y.since",
        ..Frame::default()
    };
    let bindings = [integer("seq", seq)];
    [tenant.statement(&insert, &bindings), began.statement(tenant, &bindings)]
}
