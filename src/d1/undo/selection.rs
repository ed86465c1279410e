//! Which events an undo selects, and which people and groups they are about.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::d1::batch::Select;
use crate::d1::statement::{Binding, Statement, integer, optional, text};
use crate::d1::tenant::Tenant;
use directory::event::Source;
use directory::undo::Place;

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

/// The condition that an event is selected. Memberships that ended with a group are selected with its deletion, or with
/// that of its team, or with the archiving of its project. The organization is a condition of the statement.
pub(super) fn is_selected(event: &str) -> String {
    const CONDITION: &str = "@.seq BETWEEN CAST(:from AS INTEGER) AND CAST(:to AS INTEGER)
    AND (:story IS NULL OR @.story = CAST(:story AS INTEGER)) AND (:key_id IS NULL OR @.key_id = :key_id)
    AND (:actor IS NULL OR @.actor = :actor) AND (:source IS NULL OR @.source = :source)
    AND ((:types IS NULL OR @.type IN (SELECT value FROM json_each(:types)))
        AND (:events IS NULL OR @.seq IN (SELECT value FROM json_each(:events)))
      OR @.type = 'membership.removed' AND @.subject_type = 'group' AND EXISTS (
        SELECT 1 FROM event_subjects ds
        CROSS JOIN events d ON d.org_id = ds.org_id AND d.seq = ds.seq
        WHERE ds.org_id = @.org_id AND ds.subject_id IN (
            @.subject_id, @.data ->> '$.groups[0].team.id', @.data ->> '$.groups[0].project.id')
          AND ds.seq BETWEEN @.story AND @.seq AND d.story = @.story
          AND (d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived')
          AND (:types IS NULL OR d.type IN (SELECT value FROM json_each(:types)))
          AND (:events IS NULL OR d.seq IN (SELECT value FROM json_each(:events)))))";
    CONDITION.replace('@', event)
}

/// SQL of the condition that an event counts as selected: one of the undo itself does, too.
pub(super) fn counts_as_selected(event: &str) -> String {
    format!("({} OR {event}.story = CAST(:own AS INTEGER))", is_selected(event))
}

/// The types of events that are undone.
const UNDONE: &str =
    "('person.created', 'person.updated', 'person.deactivated', 'person.restored', 'person.deleted',
    'person.undeleted', 'org_role.changed', 'ownership.transferred', 'membership.added', 'membership.removed',
    'group.created', 'group.updated', 'group.deleted', 'team.created', 'team.deleted', 'role.created',
    'project.created', 'project.renamed', 'project.archived', 'project.restored', 'settings.changed', 'team.renamed',
    'role.renamed')";

/// What the event `e` is about, as `j`, and its places, as `q`. A group of a team is part of the team, and a group that
/// was created with its project is part of the project.
fn subjects_of() -> String {
    const WITH_PROJECT: &str = "'project.created' = (
          SELECT f.type FROM events f WHERE f.org_id = e.org_id AND f.seq = e.story)";
    let person = Place::Person;
    let places = |places: &[Place]| serde_json::json!(places).to_string();
    let group = format!(
        "iif(e.data ->> '$.group.team.id' IS NULL, '{}', '{}')",
        places(&[Place::CreatedGroup, Place::Group]),
        places(&[Place::CreatedTeam, Place::Team])
    );
    let of_person = places(&[Place::CreatedPerson, person]);
    let of_team = places(&[Place::CreatedTeam, Place::Team]);
    let of_group = places(&[Place::Group]);
    let of_project = places(&[Place::Project]);
    let of_archive = places(&[Place::Project, Place::RestoredProject]);
    format!(
        "json_each(CASE e.type
      WHEN 'membership.added' THEN e.data -> '$.people'
      WHEN 'membership.removed' THEN e.data -> '$.people'
      WHEN 'ownership.transferred' THEN json_array(
        json_object('id', e.data ->> '$.owner.before'), json_object('id', e.data ->> '$.owner.after'))
      ELSE json_array(json_object('id', CASE e.type
        WHEN 'role.created' THEN e.data ->> '$.group.id'
        WHEN 'group.created' THEN iif({WITH_PROJECT}, e.data ->> '$.group.project.id',
          coalesce(e.data ->> '$.group.team.id', e.subject_id))
        WHEN 'group.deleted' THEN coalesce(e.data ->> '$.group.team.id', e.subject_id)
        ELSE e.subject_id END)) END) j
    CROSS JOIN json_each(CASE e.type
      WHEN 'person.created' THEN '{of_person}'
      WHEN 'person.undeleted' THEN '{of_person}'
      WHEN 'group.created' THEN iif({WITH_PROJECT}, '{of_project}', {group})
      WHEN 'group.deleted' THEN {group}
      WHEN 'group.updated' THEN '{of_group}'
      WHEN 'role.created' THEN '{}'
      WHEN 'team.created' THEN '{of_team}'
      WHEN 'team.deleted' THEN '{of_team}'
      WHEN 'team.renamed' THEN '{}'
      WHEN 'role.renamed' THEN '{of_group}'
      WHEN 'project.created' THEN '{of_project}'
      WHEN 'project.renamed' THEN '{of_project}'
      WHEN 'project.archived' THEN '{of_archive}'
      WHEN 'project.restored' THEN '{of_archive}'
      WHEN 'settings.changed' THEN '{}'
      ELSE '{}' END) q",
        places(&[Place::CreatedGroup]),
        places(&[Place::Team]),
        places(&[Place::Organization]),
        places(&[person]),
    )
}

/// SQL that selects the `seq` of the group with an id, or of those of the team or project with it.
pub(super) fn groups_of(id: &str) -> String {
    format!(
        "SELECT seq FROM groups WHERE org_id = :org AND id = {id}
         UNION ALL SELECT seq FROM groups WHERE +org_id = :org AND team_id = {id}
         UNION ALL SELECT seq FROM groups WHERE +org_id = :org AND project_id = {id}"
    )
}

/// Most events of memberships that are looked for behind the deletion of a group.
const MOST_PIECES: u32 = 1_000;

impl Selection {
    /// What [`is_selected`] names.
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
    // The memberships that ended with a group are in the events behind it.
    let sql = format!(
        "WITH RECURSIVE ends (oldest, newest) AS (
           SELECT (SELECT seq FROM events WHERE org_id = :org ORDER BY seq LIMIT 1),
             (SELECT seq FROM events WHERE org_id = :org ORDER BY seq DESC LIMIT 1)), {}, {}
         SELECT json_object(
           'from', max(oldest, coalesce(CAST(:story AS INTEGER), 0),
             coalesce((SELECT min(value) FROM json_each(:events)), 0),
             iif(:since IS NULL, 0, (SELECT low FROM since WHERE low = high))),
           'to', min(newest, coalesce(max((SELECT max(value) FROM json_each(:events)), coalesce((
               SELECT max(e.seq) FROM (
                 SELECT max(d.seq) AS seq, d.story AS story FROM json_each(:events) k
                 CROSS JOIN events d ON d.org_id = :org AND d.seq = k.value
                 WHERE d.type = 'group.deleted' OR d.type = 'team.deleted' OR d.type = 'project.archived') d
               CROSS JOIN events e ON e.org_id = :org AND e.seq BETWEEN d.seq AND d.seq + {MOST_PIECES}
                 AND e.story = d.story), 0)), newest),
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
    /// How many teams.
    pub teams: u64,
    /// How many projects.
    pub projects: u64,
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

/// Counts what a selection has. That the brake engaged is no change that an undo could take back: the request that it
/// refused changed nothing.
pub fn extent(tenant: &Tenant<'_>, selection: &Selection, span: Span) -> Select<Extent> {
    let of = |places: &[Place]| {
        let places: Vec<String> = places.iter().map(|place| i8::from(*place).to_string()).collect();
        format!("count(DISTINCT id) FILTER (WHERE place IN ({}))", places.join(", "))
    };
    let sql = format!(
        "SELECT json_object(
           'events', (SELECT count(*) FROM events e WHERE e.org_id = :org AND {selected} AND e.type IN {UNDONE}),
           'people', {}, 'groups', {}, 'teams', {}, 'projects', {},
           'others', json((SELECT json_group_array(json_object('type', type, 'count', number)) FROM (
             SELECT e.type AS type, count(*) AS number FROM events e
             WHERE e.org_id = :org AND {selected} AND e.type NOT IN {UNDONE}
               AND e.type <> 'brake.engaged' GROUP BY 1 ORDER BY 1)))) AS json
         FROM (SELECT DISTINCT q.value AS place, j.value ->> 'id' AS id FROM events e CROSS JOIN {}
           WHERE e.org_id = :org AND {selected} AND e.type IN {UNDONE})",
        of(&[Place::CreatedPerson, Place::Person]),
        of(&[Place::CreatedGroup, Place::Group]),
        of(&[Place::CreatedTeam, Place::Team]),
        of(&[Place::Project, Place::RestoredProject]),
        subjects_of(),
        selected = is_selected("e"),
    );
    tenant.select_json(&sql, &selection.bindings(span))
}

/// What an undo looks at: a person, a group, a team, a project, or the organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Where it stands in the order of the steps.
    pub place: Place,
    /// Identifier.
    pub id: String,
    /// About how much is read or deleted with it, in bytes.
    #[serde(default)]
    pub bytes: u64,
}

/// SQL of about how many bytes are read of the subject `x`, or deleted with it.
fn bytes() -> String {
    format!(
        "(SELECT count(*) * 300 + coalesce(sum(length(s.personal)), 0) FROM event_subjects s
      WHERE s.org_id = :org AND s.subject_id = x.id AND s.seq >= CAST(:from AS INTEGER))
    + coalesce((SELECT length(u.doc) FROM users u WHERE u.org_id = :org AND u.id = x.id), 0)
    + iif(x.place IN (-5, -4, 2), (SELECT count(*) * 50 FROM memberships WHERE group_seq IN ({})), 0)",
        groups_of("x.id")
    )
}

/// Reads the subjects of a selection in the order of the steps, behind `after`, at most `count`.
pub(super) fn subjects(
    tenant: &Tenant<'_>,
    selection: &Selection,
    span: Span,
    after: Option<&Subject>,
    count: u32,
) -> Select<Subject> {
    let sql = format!(
        "SELECT json_object('place', x.place, 'id', x.id, 'bytes', {}) AS json FROM (
           SELECT DISTINCT q.value AS place, j.value ->> 'id' AS id FROM events e CROSS JOIN {}
           WHERE e.org_id = :org AND {} AND e.type IN {UNDONE}
             AND (q.value, j.value ->> 'id') > (CAST(:place AS INTEGER), :after)
           ORDER BY 1, 2 LIMIT CAST(:count AS INTEGER)) x",
        bytes(),
        subjects_of(),
        is_selected("e"),
    );
    let mut bindings = selection.bindings(span);
    bindings.extend(behind(after));
    bindings.push(integer("count", count));
    tenant.select_json(&sql, &bindings)
}

fn behind(after: Option<&Subject>) -> [Binding; 2] {
    let place = after.map_or(Place::Project, |after| after.place);
    [integer("place", i8::from(place)), text("after", after.map_or("", |after| after.id.as_str()))]
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
        "SELECT json_object('place', x.place, 'id', x.id, 'bytes', {}) AS json FROM (
           SELECT place, subject_id AS id FROM undo_subjects
           WHERE org_id = :org AND undo_id = :run AND (place, subject_id) > (CAST(:place AS INTEGER), :after)
           ORDER BY place, subject_id LIMIT CAST(:count AS INTEGER)) x",
        bytes()
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
             WHERE e.org_id = :org AND e.seq > CAST(:after AS INTEGER) AND {} AND e.type IN {UNDONE}
             ORDER BY e.seq LIMIT {MOST})
           WINDOW in_order AS (ORDER BY seq ROWS UNBOUNDED PRECEDING))",
        is_selected("e")
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
         SELECT DISTINCT e.org_id, :run, q.value, j.value ->> 'id' FROM events e CROSS JOIN {}
         WHERE e.org_id = :org AND e.seq > CAST(:after AS INTEGER) AND e.seq <= CAST(:upto AS INTEGER)
           AND {} AND e.type IN {UNDONE}
         ON CONFLICT DO NOTHING",
        subjects_of(),
        is_selected("e"),
    );
    let mut bindings = selection.bindings(span);
    bindings.extend([text("run", run), integer("after", after), integer("upto", upto)]);
    tenant.statement(&sql, &bindings)
}
