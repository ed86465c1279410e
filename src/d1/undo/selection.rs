//! Which events an undo selects, and which people and groups they are about.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::d1::batch::Select;
use crate::d1::statement::{Binding, Statement, integer, optional, text};
use crate::d1::tenant::Tenant;
use directory::event::Source;

/// Which events are undone: those that fulfil all conditions that are there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// These sequence numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<i64>>,
    /// Of this story.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub story: Option<i64>,
    /// Caused by the key with this id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Caused by this administrator, or by the key with this hint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Made by this kind of client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Not older than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Older than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Of these types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
}

/// The first and the last sequence number that may be selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first.
    pub from: i64,
    /// The last.
    pub to: i64,
}

impl Span {
    /// How many events there are in it.
    pub fn length(self) -> i64 {
        self.to.saturating_sub(self.from).saturating_add(1).max(0)
    }
}

/// The condition that the event `e` is selected. The organization is a condition of the statement.
pub(super) const IS_SELECTED: &str = "e.seq BETWEEN CAST(:from AS INTEGER) AND CAST(:to AS INTEGER)
    AND (:story IS NULL OR e.story = CAST(:story AS INTEGER)) AND (:key_id IS NULL OR e.key_id = :key_id)
    AND (:actor IS NULL OR e.actor = :actor) AND (:source IS NULL OR e.source = :source)
    AND (:types IS NULL OR e.type IN (SELECT value FROM json_each(:types)))
    AND (:events IS NULL OR e.seq IN (SELECT value FROM json_each(:events)))";

/// The types of events that are undone.
const UNDONE: &str =
    "('person.created', 'person.updated', 'person.deactivated', 'person.restored', 'person.deleted',
    'person.undeleted', 'org_role.changed', 'ownership.transferred', 'membership.added', 'membership.removed',
    'group.updated')";

/// The people, or the group, that the event `e` is about, as `j`.
const SUBJECTS: &str = "json_each(CASE e.type
      WHEN 'membership.added' THEN e.data -> '$.people'
      WHEN 'membership.removed' THEN e.data -> '$.people'
      WHEN 'ownership.transferred' THEN json_array(
        json_object('id', e.data ->> '$.owner.before'), json_object('id', e.data ->> '$.owner.after'))
      ELSE json_array(json_object('id', e.subject_id)) END) j";

/// The place of the subject of the event `e` in the order of the steps.
const PLACE: &str = "iif(e.type = 'group.updated', 0, 1)";

impl Selection {
    /// What [`IS_SELECTED`] names.
    pub(super) fn bindings(&self, span: Span) -> Vec<Binding> {
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let list = |list: Option<Value>| list.map(|list| list.to_string());
        vec![
            integer("from", span.from),
            integer("to", span.to),
            optional("story", number(self.story).as_deref()),
            optional("key_id", self.key.as_deref()),
            optional("actor", self.actor.as_deref()),
            optional("source", self.source.map(Source::as_str)),
            optional("types", list(self.types.clone().map(Value::from)).as_deref()),
            optional("events", list(self.events.clone().map(Value::from)).as_deref()),
        ]
    }
}

/// Finds the span of a selection: between its times, and within its story and its events. It is empty if nothing is
/// selected.
pub fn span(tenant: &Tenant<'_>, selection: &Selection) -> Select<Span> {
    // The sequence numbers have no gaps: the first event at a time is found by halving.
    let first_at = |name: &str, time: &str| {
        format!(
            "{name} (low, high) AS (
               SELECT oldest, newest + 1 FROM ends
               UNION ALL
               SELECT iif(e.at >= {time}, low, e.seq + 1), iif(e.at >= {time}, e.seq, high)
               FROM {name} CROSS JOIN events e ON e.org_id = :org AND e.seq = (low + high) / 2 WHERE low < high)"
        )
    };
    let sql = format!(
        "WITH RECURSIVE ends (oldest, newest) AS (
           SELECT (SELECT seq FROM events WHERE org_id = :org ORDER BY seq LIMIT 1),
             (SELECT seq FROM events WHERE org_id = :org ORDER BY seq DESC LIMIT 1)), {}, {}
         SELECT json_object(
           'from', max(oldest, coalesce(CAST(:story AS INTEGER), 0),
             coalesce((SELECT min(value) FROM json_each(:events)), 0),
             iif(:since IS NULL, 0, (SELECT low FROM since WHERE low = high))),
           'to', min(newest, coalesce((SELECT max(value) FROM json_each(:events)), newest),
             iif(:until IS NULL, newest, (SELECT low - 1 FROM until WHERE low = high)))) AS json
         FROM ends WHERE newest IS NOT NULL",
        first_at("since", "coalesce(:since, '')"),
        first_at("until", "coalesce(:until, '')"),
    );
    let mut bindings = selection.bindings(Span { from: 0, to: 0 });
    bindings.push(optional("since", selection.since.as_deref()));
    bindings.push(optional("until", selection.until.as_deref()));
    tenant.select_json(&sql, &bindings)
}

/// What a selection has.
#[derive(Debug, Clone, Deserialize)]
pub struct Extent {
    /// How many events are undone.
    pub events: u64,
    /// How many people they are about.
    pub people: u64,
    /// How many groups themselves they are about.
    pub groups: u64,
    /// How many events there are of each type that is not undone.
    pub others: Vec<OfType>,
}

/// How many events there are of a type.
#[derive(Debug, Clone, Deserialize)]
pub struct OfType {
    /// The type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The number.
    pub count: u64,
}

/// Counts what a selection has.
pub fn extent(tenant: &Tenant<'_>, selection: &Selection, span: Span) -> Select<Extent> {
    let sql = format!(
        "SELECT json_object(
           'events', (SELECT count(*) FROM events e WHERE e.org_id = :org AND {IS_SELECTED} AND e.type IN {UNDONE}),
           'people', coalesce(sum(place), 0), 'groups', coalesce(sum(1 - place), 0),
           'others', json((SELECT json_group_array(json_object('type', type, 'count', number)) FROM (
             SELECT e.type AS type, count(*) AS number FROM events e
             WHERE e.org_id = :org AND {IS_SELECTED} AND e.type NOT IN {UNDONE} GROUP BY 1 ORDER BY 1)))) AS json
         FROM (SELECT DISTINCT {PLACE} AS place, j.value ->> 'id' AS id FROM events e CROSS JOIN {SUBJECTS}
           WHERE e.org_id = :org AND {IS_SELECTED} AND e.type IN {UNDONE})"
    );
    tenant.select_json(&sql, &selection.bindings(span))
}

/// A person or a group that an undo looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// 0: a group; 1: a person.
    pub place: u8,
    /// Identifier.
    pub id: String,
    /// About how much is read of it, in bytes.
    #[serde(default)]
    pub bytes: u64,
}

impl Subject {
    /// Whether it is a person.
    pub fn is_person(&self) -> bool {
        self.place == 1
    }
}

/// SQL of about how many bytes are read of the subject `x`.
const BYTES: &str = "(SELECT count(*) * 300 + coalesce(sum(length(s.personal)), 0) FROM event_subjects s
      WHERE s.org_id = :org AND s.subject_id = x.id AND s.seq >= CAST(:from AS INTEGER))
    + coalesce((SELECT length(u.doc) FROM users u WHERE u.org_id = :org AND u.id = x.id), 0)";

/// Reads the subjects of a selection in the order of the steps, behind `after`, at most `count`.
pub(super) fn subjects(
    tenant: &Tenant<'_>,
    selection: &Selection,
    span: Span,
    after: Option<&Subject>,
    count: u32,
) -> Select<Subject> {
    let sql = format!(
        "SELECT json_object('place', x.place, 'id', x.id, 'bytes', {BYTES}) AS json FROM (
           SELECT DISTINCT {PLACE} AS place, j.value ->> 'id' AS id FROM events e CROSS JOIN {SUBJECTS}
           WHERE e.org_id = :org AND {IS_SELECTED} AND e.type IN {UNDONE}
             AND ({PLACE}, j.value ->> 'id') > (CAST(:place AS INTEGER), :after)
           ORDER BY 1, 2 LIMIT CAST(:count AS INTEGER)) x"
    );
    let mut bindings = selection.bindings(span);
    bindings.extend(behind(after));
    bindings.push(integer("count", count));
    tenant.select_json(&sql, &bindings)
}

fn behind(after: Option<&Subject>) -> [Binding; 2] {
    let place = after.map_or(0, |after| after.place);
    [integer("place", place), text("after", after.map_or("", |after| after.id.as_str()))]
}

/// Reads the subjects of a run that it has not looked at yet, at most `count`.
pub(super) fn worklist(
    tenant: &Tenant<'_>,
    run: &str,
    span: Span,
    after: Option<&Subject>,
    count: u32,
) -> Select<Subject> {
    let sql = format!(
        "SELECT json_object('place', x.place, 'id', x.id, 'bytes', {BYTES}) AS json FROM (
           SELECT place, subject_id AS id FROM undo_subjects
           WHERE org_id = :org AND undo_id = :run AND (place, subject_id) > (CAST(:place AS INTEGER), :after)
           ORDER BY place, subject_id LIMIT CAST(:count AS INTEGER)) x"
    );
    let mut bindings = vec![text("run", run), integer("from", span.from), integer("count", count)];
    bindings.extend(behind(after));
    tenant.select_json(&sql, &bindings)
}

/// Up to where the events are collected in one batch.
#[derive(Debug, Deserialize)]
pub(super) struct Upto {
    pub(super) seq: i64,
}

/// Finds up to which event subjects are collected next: those of some thousand memberships.
pub(super) fn upto(tenant: &Tenant<'_>, selection: &Selection, span: Span, after: i64) -> Select<Upto> {
    const MOST: u32 = 5_000;
    let sql = format!(
        "SELECT json_object('seq', coalesce(max(seq) FILTER (WHERE total <= {MOST} OR number = 1),
           CAST(:to AS INTEGER))) AS json
         FROM (
           SELECT seq, sum(weight) OVER in_order AS total, row_number() OVER in_order AS number FROM (
             SELECT e.seq AS seq, 1 + coalesce(json_array_length(e.data, '$.people'), 0) AS weight FROM events e
             WHERE e.org_id = :org AND e.seq > CAST(:after AS INTEGER) AND {IS_SELECTED} AND e.type IN {UNDONE}
             ORDER BY e.seq LIMIT {MOST})
           WINDOW in_order AS (ORDER BY seq ROWS UNBOUNDED PRECEDING))"
    );
    let mut bindings = selection.bindings(span);
    bindings.push(integer("after", after));
    tenant.select_json(&sql, &bindings)
}

/// Collects the subjects of the selected events behind `after` up to `upto`.
pub(super) fn collect(
    tenant: &Tenant<'_>,
    run: &str,
    selection: &Selection,
    span: Span,
    after: i64,
    upto: i64,
) -> Statement {
    let sql = format!(
        "INSERT INTO undo_subjects (org_id, undo_id, place, subject_id)
         SELECT DISTINCT e.org_id, :run, {PLACE}, j.value ->> 'id' FROM events e CROSS JOIN {SUBJECTS}
         WHERE e.org_id = :org AND e.seq > CAST(:after AS INTEGER) AND e.seq <= CAST(:upto AS INTEGER)
           AND {IS_SELECTED} AND e.type IN {UNDONE}
         ON CONFLICT DO NOTHING"
    );
    let mut bindings = selection.bindings(span);
    bindings.extend([text("run", run), integer("after", after), integer("upto", upto)]);
    tenant.statement(&sql, &bindings)
}
