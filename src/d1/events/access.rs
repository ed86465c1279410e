//! Who had which access at a moment, and what changed between two moments: from the present rows, and the events since
//! then.

use serde::Deserialize;
use serde_json::json;

use super::super::batch::Select;
use super::super::columns::flag;
use super::super::statement::{Binding, integer, optional, text};
use super::super::tenant::Tenant;
use super::groups::{MEANING, group_ref};
use super::range::{ORGANIZATION, Side, at};
use super::read::{About, MOST_OF_SUBJECT, MOST_SCANNED, subjects};
use super::shown::NAMES;
use directory::OrgRole;
use directory::event::{Event, GroupRef, Source};

/// A moment in the history of an organization.
#[derive(Debug, Deserialize)]
pub struct Moment {
    /// The newest event at that moment; less than [`Self::oldest`]: the moment is before the history.
    pub seq: i64,
    /// The oldest event that is kept.
    pub oldest: i64,
    /// Its time.
    pub kept_since: String,
    /// How many events of the person are newer, at most one more than [`MOST_OF_SUBJECT`].
    pub later: u32,
}

/// Finds a moment in the history; no row if there are no events. `time` is a whole time, and events at that time
/// have happened. `person`: whose events are counted.
pub fn moment(tenant: &Tenant<'_>, time: &str, person: Option<&str>) -> Select<Moment> {
    let sql = format!(
        "WITH RECURSIVE {ORGANIZATION}, {}
         SELECT m.seq AS seq, f.seq AS oldest, f.at AS kept_since,
           (SELECT count(*) FROM (
              SELECT 1 FROM event_subjects x WHERE x.org_id = o.id AND x.subject_id = :subject AND x.seq > m.seq
              LIMIT {MOST_OF_SUBJECT} + 1)) AS later
         FROM o CROSS JOIN moment m
         CROSS JOIN events f ON f.org_id = o.id AND f.seq = (SELECT min(seq) FROM events WHERE org_id = o.id)",
        at("moment", Side::Inclusive)
    );
    tenant.select_few(&sql, &[text("moment", time), optional("subject", person)])
}

/// Most events of which a difference is made at once.
pub(crate) const MOST_COMPARED: u32 = 1_000;

/// The rows of `event_subjects` about `:subject` after the moment, the newest first.
fn later() -> String {
    format!(
        "(
             SELECT s.seq AS seq, s.since AS since FROM event_subjects s
             WHERE s.org_id = (SELECT id FROM o) AND s.subject_id = :subject AND s.seq > (SELECT seq FROM moment)
             ORDER BY s.seq DESC LIMIT {MOST_OF_SUBJECT}) s
           CROSS JOIN o"
    )
}

/// A person as they are.
#[derive(Debug, Deserialize)]
pub struct Present {
    /// Whether they may use the organization.
    #[serde(deserialize_with = "flag")]
    pub active: bool,
    /// Whether SCIM sees them.
    #[serde(deserialize_with = "flag")]
    pub visible: bool,
    /// Their organization role.
    pub org_role: OrgRole,
}

/// Reads a person as they are; no row if they are not in the directory.
pub fn present(tenant: &Tenant<'_>, person: &str) -> Select<Present> {
    tenant.select_few(
        "SELECT u.active AS active, u.managed AS visible, u.org_role AS org_role
         FROM users u WHERE u.org_id = :org AND u.id = :subject",
        &[text("subject", person)],
    )
}

/// An event about a person, without those whom it lists.
#[derive(Debug, Deserialize)]
pub struct Step {
    /// The event.
    pub event: Event,
}

/// The types of events that decide about what a person is, besides their memberships.
const OF_STANDING: &str = "('person.created', 'person.deleted', 'person.undeleted', 'person.deactivated',
    'person.restored', 'person.hidden', 'person.shown', 'org_role.changed', 'ownership.transferred')";

/// Reads the events by which a person became what they are since a moment, the newest first.
pub fn steps_since(tenant: &Tenant<'_>, time: &str, person: &str) -> Select<Step> {
    let later = later();
    let sql = format!(
        "WITH RECURSIVE {ORGANIZATION}, {}
         SELECT json_object('event', json_object('type', e.type, 'data', json(
           iif(json_type(e.data, '$.people') IS NULL, e.data, json_set(e.data, '$.people', json('[]')))))) AS json
         FROM {later} CROSS JOIN events e ON e.org_id = o.id AND e.seq = s.seq
         WHERE s.since IS NULL AND e.type IN {OF_STANDING}",
        at("moment", Side::Inclusive)
    );
    tenant.select_json(&sql, &[text("moment", time), text("subject", person)])
}

/// The event that gave a right.
#[derive(Debug, Deserialize)]
pub struct Origin {
    /// The sequence number.
    pub seq: i64,
    /// When.
    pub at: String,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The first event of its story.
    pub story: i64,
    /// The entry of the request in the log.
    pub log_id: Option<String>,
    /// What caused it.
    pub source: Source,
    /// A key's hint, an administrator's email address, or the name of a job.
    pub actor: String,
    /// The id of the key.
    pub key: Option<String>,
}

/// The event `b` as JSON of an [`Origin`], NULL if there is none.
const ORIGIN: &str = "json(iif(b.seq IS NULL, NULL, json_object('seq', b.seq, 'at', b.at, 'type', b.type,
    'story', b.story, 'log_id', b.log_id, 'source', b.source, 'actor', b.actor, 'key', b.key_id)))";

/// Reads the event that gave a person the organization role that they had at a moment.
pub fn origin_of_role(tenant: &Tenant<'_>, time: &str, person: &str) -> Select<Origin> {
    let sql = format!(
        "WITH RECURSIVE {ORGANIZATION}, {}
         SELECT {ORIGIN} AS json
         FROM (
           SELECT s.seq AS seq FROM event_subjects s
           WHERE s.org_id = (SELECT id FROM o) AND s.subject_id = :subject AND s.seq <= (SELECT seq FROM moment)
             AND s.since IS NULL ORDER BY s.seq DESC LIMIT {MOST_OF_SUBJECT}) s
         CROSS JOIN o CROSS JOIN events b ON b.org_id = o.id AND b.seq = s.seq
         WHERE b.type IN (
           'person.created', 'person.undeleted', 'person.restored', 'org_role.changed', 'ownership.transferred')
         LIMIT 1",
        at("moment", Side::Inclusive)
    );
    tenant.select_json(&sql, &[text("moment", time), text("subject", person)])
}

/// Reads the event that created a person, if it is kept.
pub fn origin_of_person(tenant: &Tenant<'_>, person: &str) -> Select<Origin> {
    let sql = format!(
        "WITH {ORGANIZATION}
         SELECT {ORIGIN} AS json
         FROM (
           SELECT s.org_id AS org_id, s.seq AS seq FROM event_subjects s
           WHERE s.org_id = (SELECT id FROM o) AND s.subject_id = :subject ORDER BY s.seq LIMIT 1) s
         CROSS JOIN events b ON b.org_id = s.org_id AND b.seq = s.seq
         WHERE b.type = 'person.created'"
    );
    tenant.select_json(&sql, &[text("subject", person)])
}

/// A membership at a moment.
#[derive(Debug, Deserialize)]
pub struct Membership {
    /// The group; of a membership that has ended since, as it was then.
    pub group: GroupRef,
    /// The event that began it.
    pub origin: Option<Origin>,
}

/// Reads the memberships that a person had at a moment: those that exist and began before, and those that ended since.
pub fn memberships(tenant: &Tenant<'_>, time: &str, person: &str) -> Select<Membership> {
    let (group, later) = (group_ref(""), later());
    let sql = format!(
        "WITH RECURSIVE {ORGANIZATION}, {},
         had (since, ref) AS (
           SELECT m.since, {group}
           FROM o CROSS JOIN users u ON u.org_id = o.id AND u.id = :subject
           CROSS JOIN memberships m ON m.user_seq = u.seq CROSS JOIN groups g ON g.seq = m.group_seq {MEANING}
           UNION ALL
           SELECT coalesce(s.since, j.value ->> 'since', 0), json_remove(j.value, '$.since')
           FROM {later} CROSS JOIN events e ON e.org_id = o.id AND e.seq = s.seq AND e.type = 'membership.removed'
           CROSS JOIN json_each(e.data, '$.groups') j)
         SELECT json_object('group', json(h.ref), 'origin', {ORIGIN}) AS json
         FROM had h CROSS JOIN o LEFT JOIN events b ON b.org_id = o.id AND b.seq = h.since
         WHERE h.since <= (SELECT seq FROM moment)",
        at("moment", Side::Inclusive)
    );
    tenant.select_json(&sql, &[text("moment", time), text("subject", person)])
}

/// How far events between two moments were read, and one of them.
#[derive(Debug, Deserialize)]
pub struct Between {
    /// The event that was looked at last, and its time; `None`: there was none to look at.
    pub reached: Option<(i64, String)>,
    /// Whether there are more events.
    pub has_more: bool,
    /// An event of access; `None`: there was none among them.
    pub found: Option<Change>,
}

/// An event of access.
#[derive(Debug, Deserialize)]
pub struct Change {
    /// The subject's identifier.
    pub subject: String,
    /// The event.
    pub event: Event,
}

/// Reads the events of access after `from` and until `to`, which are sequence numbers, in order: of [`MOST_COMPARED`]
/// events, and as many as list [`MOST_SCANNED`] people, or with the last event a few more.
pub fn between(tenant: &Tenant<'_>, from: i64, to: i64, about: Option<&About>) -> Select<Between> {
    const RANGE: &str = "s.seq > CAST(:from AS INTEGER) AND s.seq <= CAST(:to AS INTEGER)";
    let seqs = match about {
        None => format!("SELECT s.seq FROM events s WHERE s.org_id = (SELECT id FROM o) AND {RANGE}"),
        Some(about) => format!("SELECT DISTINCT s.seq FROM ({}) s WHERE {RANGE}", subjects(about)),
    };
    // Of an event that is found by a person, only the person matters. An event that is found as the beginning of a
    // membership may list others who joined at the same time.
    let data = match about {
        Some(About::Person(_)) => {
            "iif(json_type(e.data, '$.people') IS NULL, e.data,
                json_set(e.data, '$.people', json_array(json_object('id', :subject))))"
        }
        _ => "e.data",
    };
    let sql = format!(
        "WITH {ORGANIZATION},
         range AS MATERIALIZED (
           SELECT e.seq, e.at, e.type, e.subject_id, {data} AS data
           FROM ({seqs} ORDER BY s.seq LIMIT {MOST_COMPARED}) s
           CROSS JOIN o CROSS JOIN events e ON e.org_id = o.id AND e.seq = s.seq),
         counted AS (
           SELECT r.*, 1 + coalesce(json_array_length(r.data, '$.people'), 0) AS work FROM range r),
         kept AS MATERIALIZED (
           SELECT * FROM (
             SELECT c.*, sum(c.work) OVER (ORDER BY c.seq ROWS UNBOUNDED PRECEDING) - c.work AS done FROM counted c)
           WHERE done < {MOST_SCANNED})
         SELECT json_object('reached', json(iif(w.seq IS NULL, NULL, json_array(w.seq, w.at))),
           'has_more', json(iif(w.events < w.ranged OR w.ranged = {MOST_COMPARED}, 'true', 'false')),
           'found', json(iif(k.seq IS NULL, NULL, json_object('subject', k.subject_id,
             'event', json_object('type', k.type, 'data', json(k.data)))))) AS json
         FROM (SELECT max(seq) AS seq, max(at) AS at, count(*) AS events, (SELECT count(*) FROM range) AS ranged
           FROM kept) w
         LEFT JOIN kept k
           ON k.type IN {OF_STANDING} OR k.type IN ('membership.added', 'membership.removed')
         ORDER BY k.seq"
    );
    let bindings: Vec<Binding> =
        vec![integer("from", from), integer("to", to), optional("subject", about.map(About::id))];
    tenant.select_json(&sql, &bindings)
}

/// The newest name of a person.
#[derive(Debug, Deserialize)]
pub struct NamedPerson {
    /// `userName`; `None`: it was erased.
    pub user_name: Option<String>,
}

/// Reads the newest names of people, a row for each, in their order.
pub fn names(tenant: &Tenant<'_>, ids: &[&str]) -> Select<NamedPerson> {
    let sql = format!(
        "WITH {ORGANIZATION}
         SELECT coalesce(u.doc ->> 'userName', (
           SELECT n.personal ->> 'user_name' FROM (
             SELECT x.personal FROM event_subjects x WHERE x.org_id = o.id AND x.subject_id = j.value
             ORDER BY x.seq DESC LIMIT {NAMES}) n
           WHERE n.personal IS NOT NULL LIMIT 1)) AS user_name
         FROM o CROSS JOIN json_each(:ids) j LEFT JOIN users u ON u.org_id = o.id AND u.id = j.value
         ORDER BY j.key"
    );
    tenant.select_few(&sql, &[text("ids", json!(ids).to_string())])
}
