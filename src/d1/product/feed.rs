//! The feed: the events of an organization as products see them, in order, with what each did to the access of people.
//!
//! SQLite makes the JSON of an event. Names are the present ones, so that a copy that has applied all events has them;
//! those of a person who is deleted are the last ones. Events have no gaps and appear in order (see
//! [`super::super::events`]): a reader who goes on behind the last event that it has read misses none and reads none
//! twice.

use serde::Deserialize;

use super::super::batch::Select;
use super::super::columns::{flag, js_text};
use super::super::events::range::{ORGANIZATION, Side, at};
use super::super::statement::{Binding, text};
use super::super::tenant::Tenant;
use crate::runtime::js_text::JsText;

/// Most events of a page.
pub const MOST_EVENTS: u32 = 1_000;
/// Most people and groups that the events of a page list, up to its last event.
pub(crate) const MOST_LISTED: u32 = 2_000;
/// Rows that a search for the last name of a deleted person reads at most.
const NAMES: u32 = 10;

/// An event of the feed.
#[derive(Debug, Deserialize)]
pub struct FeedEvent {
    /// The sequence number.
    pub seq: i64,
    /// When.
    pub at: String,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Whether it took a right from a person.
    #[serde(deserialize_with = "flag")]
    pub lost: bool,
    /// Whether it gave a right to a person.
    #[serde(deserialize_with = "flag")]
    pub gained: bool,
    /// The event as products see it, as JSON.
    #[serde(deserialize_with = "js_text")]
    pub body: JsText,
}

/// Where a page begins.
#[derive(Debug, Clone, Copy)]
pub enum From<'a> {
    /// Behind the event with this sequence number.
    After(i64),
    /// With the first event at this time or later.
    Time(&'a str),
}

impl From<'_> {
    /// Common tables, each with a comma behind it; the sequence number as SQL; and what they name.
    fn sql(self) -> (String, &'static str, [Binding; 1]) {
        match self {
            Self::After(seq) => (String::new(), "CAST(:after AS INTEGER)", [text("after", seq.to_string())]),
            Self::Time(time) => {
                let tables = format!("{},\n", at("range_start", Side::Exclusive));
                (tables, "(SELECT seq FROM range_start)", [text("range_start", time)])
            }
        }
    }
}

/// Reads the events behind `after`, in order: at most `limit`, and as many as list [`MOST_LISTED`] people and groups,
/// or with the last event a few more.
pub fn read_events(tenant: &Tenant<'_>, after: i64, limit: u32) -> Select<FeedEvent> {
    events(tenant, From::After(after), limit)
}

/// As [`read_events`], from any beginning.
pub fn events(tenant: &Tenant<'_>, from: From<'_>, limit: u32) -> Select<FeedEvent> {
    let (tables, after, [binding]) = from.sql();
    let limit = limit.min(MOST_EVENTS);
    let (body, lost, gained) = (body(), LOST, GAINED);
    let sql = format!(
        "WITH RECURSIVE {ORGANIZATION}, {tables}
         range AS MATERIALIZED (
           SELECT e.*, {WORK} AS work
           FROM o CROSS JOIN events e ON e.org_id = o.id AND e.seq > {after} ORDER BY e.seq LIMIT {limit}),
         kept AS MATERIALIZED (
           SELECT * FROM (
             SELECT r.*, sum(r.work) OVER (ORDER BY r.seq ROWS UNBOUNDED PRECEDING) - r.work AS done FROM range r)
           WHERE done < {MOST_LISTED})
         SELECT e.seq AS seq, e.at AS at, e.type AS type, {lost} AS lost, {gained} AS gained,
           {body} AS body
         FROM kept e ORDER BY e.seq"
    );
    tenant.select(&sql, &[binding])
}

/// SQL of the event `e` as products see it, as JSON.
pub(crate) fn body() -> String {
    let (subject, access) = (subject(), access());
    format!(
        "json_object('id', {EVENT_ID}, 'seq', e.seq, 'at', e.at, 'type', e.type,
             'organization', e.org_id, 'subject', {subject}, 'version', e.version, 'story', e.story,
             'cause', json_object('source', e.source, 'actor', e.actor, 'log_id', e.log_id),
             'data', json(e.data), 'access', json({access}))"
    )
}

/// SQL of the id of the event `e`.
pub(crate) const EVENT_ID: &str = "'evt_' || e.org_id || '_' || e.seq";

/// SQL of how much it takes to read the event `e`: one, and what it lists.
pub(crate) const WORK: &str = "(1 + coalesce(json_array_length(e.data, '$.people'), 0)
             + coalesce(json_array_length(e.data, '$.groups'), 0))";

/// Whether the event `e` took a right from a person.
pub(crate) const LOST: &str = "(e.type = 'membership.removed' OR e.type = 'person.deactivated'
             OR e.type = 'person.deleted' OR e.type = 'ownership.transferred'
             OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' = 'Member'))";

/// Whether the event `e` gave a right to a person.
pub(crate) const GAINED: &str = "(e.type = 'membership.added' OR e.type = 'person.restored'
             OR e.type = 'ownership.transferred'
             OR ((e.type = 'person.created' OR e.type = 'person.undeleted') AND e.data ->> 'active')
             OR (e.type = 'org_role.changed' AND e.data ->> 'active' AND e.data ->> '$.org_role.after' <> 'Member'))";

/// SQL of the fields of a person as a list has them.
const BRIEF: [&str; 2] = [
    "'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId'",
    "'user_name', n.personal ->> 'user_name', 'external_id', n.personal ->> 'external_id'",
];

/// The same with the name and the mail address.
const WHOLE: [&str; 2] = [
    "'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId', 'name', coalesce(
                  nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
                  u.doc ->> 'displayName'),
                'email', coalesce(
                  (SELECT m.value ->> 'value' FROM json_each(u.doc, '$.emails') m WHERE m.value ->> 'primary' LIMIT 1),
                  u.doc ->> '$.emails[0].value')",
    "'user_name', n.personal ->> 'user_name', 'external_id', n.personal ->> 'external_id',
                'name', n.personal ->> 'display_name', 'email', NULL",
];

/// SQL of a person, as JSON: with the present fields, else with the last that are known, which are null once they are
/// erased. `fields` are those of the row `u`, and of the event `n`.
fn person(id: &str, [present, last]: [&str; 2]) -> String {
    format!(
        "coalesce(
             (SELECT json_object('id', u.id, {present}) FROM users u WHERE u.org_id = e.org_id AND u.id = {id}),
             (SELECT json_object('id', {id}, {last})
              FROM (SELECT max(x.personal) AS personal FROM (
                SELECT y.personal FROM (
                  SELECT z.personal FROM event_subjects z WHERE z.org_id = e.org_id AND z.subject_id = {id}
                  ORDER BY z.seq DESC LIMIT {NAMES}) y
                WHERE y.personal IS NOT NULL LIMIT 1) x) n))"
    )
}

/// SQL of what the event `e` is about, as JSON.
fn subject() -> String {
    format!(
        "iif(e.subject_type = 'person', json_insert({}, '$.type', 'person'),
           json_object('type', e.subject_type, 'id', e.subject_id, 'user_name', NULL, 'external_id', NULL,
             'name', coalesce(e.data ->> '$.group.name', e.data ->> '$.name.after',
               iif(json_type(e.data, '$.name') = 'text', e.data ->> 'name', NULL), e.data ->> '$.groups[0].name',
               e.data ->> 'hint'),
             'email', NULL))",
        person("e.subject_id", WHOLE)
    )
}

/// SQL of what the event `e` did to the access of people, as a JSON array.
fn access() -> String {
    // Of a membership, either list has one element.
    let rights = "(SELECT json_group_array(json_object('group_id', g.value ->> 'id',
               'group', iif(g.value ->> 'role' IS NULL, g.value ->> 'name', NULL),
               'project_id', g.value ->> '$.project.id', 'project', g.value ->> '$.project.name',
               'team_id', g.value ->> '$.team.id', 'team', g.value ->> '$.team.name', 'role', g.value ->> 'role'))
             FROM json_each(e.data, '$.groups') g)";
    let entry = |id: &str, active: &str, [lost, gained]: [&str; 2], flags: [&str; 2], role: &str| {
        let person = person(id, BRIEF);
        let [is_lost, is_gained] = flags;
        format!(
            "json_object('person', json({person}), 'active', json({active}), 'lost', json({lost}),
               'gained', json({gained}), 'is_lost', json('{is_lost}'), 'is_gained', {is_gained},
               'org_role', json({role}))"
        )
    };
    let of_subject = |active: &str, is_lost: &str, is_gained: &str, role: &str| {
        let made = entry("e.subject_id", active, ["'[]'", "'[]'"], [is_lost, is_gained], role);
        format!("json_array({made})")
    };
    let truth = |field: &str| format!("iif(e.data ->> '{field}', 'true', 'false')");
    let active = truth("active");
    let is_active = format!("json({active})");
    let no = "json('false')";
    let of_lists = |active: &str, rights: [&str; 2]| {
        let made = entry("j.value ->> 'id'", active, rights, ["false", no], "NULL");
        format!("(SELECT json_group_array({made}) FROM json_each(e.data, '$.people') j)")
    };
    let owner = |which: &str, role: &str| {
        entry(&format!("e.data ->> '$.owner.{which}'"), "'true'", ["'[]'", "'[]'"], ["false", no], role)
    };
    format!(
        "CASE
           WHEN e.type = 'membership.added' THEN {added}
           WHEN e.type = 'membership.removed' THEN {removed}
           WHEN e.type = 'person.deactivated' THEN {deactivated}
           WHEN e.type = 'person.deleted' THEN {deleted}
           WHEN e.type = 'person.restored' THEN {restored}
           WHEN e.type = 'person.created' OR e.type = 'person.undeleted' THEN {created}
           WHEN e.type = 'org_role.changed' THEN {role_changed}
           WHEN e.type = 'ownership.transferred' THEN json_array({previous}, {new})
           ELSE '[]' END",
        added = of_lists("'true'", ["'[]'", rights]),
        // Those of one person end with the person's access.
        removed = of_lists("iif(e.subject_type = 'person', 'false', 'true')", [rights, "'[]'"]),
        deactivated = of_subject("'false'", "true", no, "NULL"),
        deleted = of_subject("'false'", "true", no, "NULL"),
        restored = of_subject("'true'", "false", "json('true')", "NULL"),
        created = of_subject(&active, "false", &is_active, "NULL"),
        role_changed = of_subject(&active, "false", no, "e.data -> '$.org_role'"),
        previous = owner("before", "json_object('before', 'Owner', 'after', 'Admin')"),
        new = owner("after", "json_object('before', e.data ->> 'role_before', 'after', 'Owner')"),
    )
}

/// Which events are kept.
#[derive(Debug, Deserialize)]
pub struct Kept {
    /// The oldest.
    pub oldest: i64,
    /// Its time.
    pub oldest_at: String,
    /// The newest.
    pub newest: i64,
    /// Its time.
    pub newest_at: String,
    /// The time of the event asked for, if it is kept.
    pub at: Option<String>,
}

/// Reads which events are kept, and the time of the one with the sequence number `seq`; no row without events.
pub fn kept(tenant: &Tenant<'_>, seq: i64) -> Select<Kept> {
    let sql = format!(
        "WITH {ORGANIZATION}
         SELECT f.seq AS oldest, f.at AS oldest_at, l.seq AS newest, l.at AS newest_at,
           (SELECT e.at FROM events e WHERE e.org_id = o.id AND e.seq = CAST(:after AS INTEGER)) AS at
         FROM o CROSS JOIN events f ON f.org_id = o.id AND f.seq = (SELECT min(seq) FROM events WHERE org_id = o.id)
         CROSS JOIN events l ON l.org_id = o.id AND l.seq = (SELECT max(seq) FROM events WHERE org_id = o.id)"
    );
    tenant.select(&sql, &[text("after", seq.to_string())])
}

/// The newest event.
#[derive(Debug, Deserialize)]
pub struct Newest {
    /// Its sequence number; `None`: the caller may no longer read, or there is none.
    pub seq: Option<i64>,
}

/// Reads the number of the newest event, in two rows.
pub fn newest(tenant: &Tenant<'_>) -> Select<Newest> {
    tenant.select("SELECT max(e.seq) AS seq FROM events e WHERE e.org_id = :org", &[])
}
