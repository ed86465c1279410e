//! What consumers of the feed have acknowledged, and how long after a deactivation.
//!
//! An acknowledgement is up to a sequence number: the first with the number of an event, or a higher one, is that of
//! the event.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::batch::Select;
use super::super::events::range::ORGANIZATION;
use super::super::statement::{Statement, integer, text};
use super::super::tenant::Tenant;

/// For how many days acknowledgements are kept, but for the newest.
pub(crate) const KEPT_DAYS: u32 = 30;
/// Most consumers of an organization that are looked at.
pub(crate) const MOST_CONSUMERS: u32 = 20;
/// How many of the newest events are searched for deactivations, of which times are summed up.
pub(crate) const MOST_SEARCHED: u32 = 2_000;
/// How many events behind the last acknowledgement are searched for a deactivation.
pub(crate) const MOST_WAITING: u32 = 200;
/// Most deactivations of a person that are shown.
pub(crate) const MOST_OF_PERSON: u32 = 10;
/// How many of a person's newest events are searched for deactivations.
const MOST_EVENTS_OF_PERSON: u32 = 200;

/// How far a consumer is.
#[derive(Debug, Deserialize)]
pub struct Progress {
    /// It has applied all events up to this one.
    pub seq: i64,
    /// Since when.
    pub at: String,
}

/// Reads how far a consumer is; no row if it has acknowledged nothing.
pub fn progress(tenant: &Tenant<'_>, consumer: &str) -> Select<Progress> {
    tenant.select_few(
        "SELECT c.seq AS seq, c.at AS at FROM consumers c WHERE c.org_id = :org AND c.id = :consumer",
        &[text("consumer", consumer)],
    )
}

/// Notes that a consumer, by its id and name, has applied all events up to one. Nothing changes if it has acknowledged
/// that one before.
pub fn acknowledge(tenant: &Tenant<'_>, (consumer, name): (&str, &str), seq: i64) -> [Statement; 3] {
    let bindings = [text("consumer", consumer), text("name", name), integer("seq", seq)];
    let consumers = "INSERT INTO consumers (org_id, id, name, seq, at)
         SELECT o.id, :consumer, :name, CAST(:seq AS INTEGER), :now FROM organizations o WHERE o.id = :org
         ON CONFLICT (org_id, id) DO UPDATE SET seq = excluded.seq, at = excluded.at, name = excluded.name
         WHERE excluded.seq > seq";
    let noted = "INSERT INTO acknowledgements (org_id, consumer, seq, at)
         SELECT c.org_id, c.id, c.seq, c.at FROM consumers c
         WHERE changes() = 1 AND c.org_id = :org AND c.id = :consumer ON CONFLICT DO NOTHING";
    let pruned = format!(
        "DELETE FROM acknowledgements WHERE changes() = 1 AND (org_id, consumer, seq) IN (
           SELECT a.org_id, a.consumer, a.seq FROM (
             SELECT * FROM acknowledgements WHERE org_id = :org AND consumer = :consumer ORDER BY seq LIMIT 2) a
           WHERE a.at < strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-{KEPT_DAYS} days'))"
    );
    [
        tenant.statement(consumers, &bindings),
        tenant.statement(noted, &bindings),
        tenant.statement(&pruned, &bindings),
    ]
}

/// SQL of consumers `c`, with whether they still have a key. `found` is SQL behind FROM that finds them.
fn consumers(found: &str) -> String {
    format!(
        "(SELECT c.*, EXISTS (
              SELECT 1 FROM product_keys k WHERE k.org_id = c.org_id AND k.consumer = c.id AND k.deactivated_at IS NULL
                AND (k.expires_at IS NULL OR k.expires_at > :now))
            OR NOT EXISTS (SELECT 1 FROM product_keys k WHERE k.org_id = c.org_id AND k.id = c.id) AS in_use
          FROM {found} ORDER BY c.at DESC LIMIT {MOST_CONSUMERS}) c"
    )
}

/// The consumers of the organization `o`.
const OF_O: &str = "o CROSS JOIN consumers c ON c.org_id = o.id";

/// SQL of the milliseconds from the event `e` to the acknowledgement of the consumer `c`; NULL: there is none yet.
const MILLIS: &str = "(SELECT CAST(round((julianday(a.at) - julianday(e.at)) * 86400000.0) AS INTEGER)
               FROM acknowledgements a
               WHERE a.org_id = c.org_id AND a.consumer = c.id AND a.seq >= e.seq ORDER BY a.seq LIMIT 1)";

/// Whether the event `e` ends all access of a person.
const IS_REVOCATION: &str = "(e.type = 'person.deactivated' OR e.type = 'person.deleted')";

/// SQL of the consumers of the organization that have not acknowledged a deactivation in time, with the time `at` of
/// the first, as far as it is among the [`MOST_WAITING`] events that they have to apply next.
pub(crate) fn late() -> String {
    format!(
        "(SELECT c.id AS id, c.name AS name, (
            SELECT e.at FROM (
              SELECT n.at AS at, n.type AS type FROM events n WHERE n.org_id = c.org_id AND n.seq > c.seq
              ORDER BY n.seq LIMIT {MOST_WAITING}) e
            WHERE {IS_REVOCATION} AND e.at < strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-' || (
              SELECT nullif(revocation_minutes, 0) FROM organizations WHERE id = c.org_id) || ' minutes') LIMIT 1) AS at
          FROM {} WHERE c.in_use)",
        consumers("consumers c WHERE c.org_id = :org")
    )
}

/// Reads the consumers, and for each how long it took to acknowledge the deactivations among the newest
/// [`MOST_SEARCHED`] events, one a row as JSON.
pub fn consumers_with_times<R: DeserializeOwned>(tenant: &Tenant<'_>) -> Select<R> {
    let sql = format!(
        "WITH {ORGANIZATION},
         revoked AS MATERIALIZED (
           SELECT e.seq, e.at FROM (
             SELECT n.seq, n.at, n.type FROM o CROSS JOIN events n ON n.org_id = o.id
             ORDER BY n.seq DESC LIMIT {MOST_SEARCHED}) e WHERE {IS_REVOCATION}),
         newest (seq) AS MATERIALIZED (SELECT max(n.seq) FROM o CROSS JOIN events n ON n.org_id = o.id)
         SELECT json_object('id', c.id, 'name', c.name, 'seq', c.seq, 'at', c.at,
           'in_use', json(iif(c.in_use, 'true', 'false')), 'behind', n.seq - c.seq,
           'millis', json((SELECT json_group_array(x.millis) FROM (
             SELECT {MILLIS} AS millis FROM revoked e WHERE e.seq > coalesce((
               SELECT min(f.seq) FROM acknowledgements f WHERE f.org_id = c.org_id AND f.consumer = c.id), 0)) x
             WHERE x.millis IS NOT NULL)),
           'waiting', (SELECT count(*) FROM revoked e WHERE e.seq > c.seq),
           'waiting_since', (SELECT min(e.at) FROM revoked e WHERE e.seq > c.seq)) AS json
         FROM {} CROSS JOIN newest n ORDER BY c.in_use DESC, c.name",
        consumers(OF_O)
    );
    tenant.select_json(&sql, &[])
}

/// Deletes acknowledgements before `before` that are not the newest of their consumer, in all organizations, at most
/// `most`; returns one row for each. A consumer whose oldest is younger costs two rows.
pub fn prune(before: &str, most: u32) -> Statement {
    Statement::new(
        "DELETE FROM acknowledgements WHERE (org_id, consumer, seq) IN (
           SELECT a.org_id, a.consumer, a.seq FROM consumers c
             CROSS JOIN acknowledgements a ON a.org_id = c.org_id AND a.consumer = c.id AND a.seq < c.seq
           WHERE (SELECT f.at FROM acknowledgements f WHERE f.org_id = c.org_id AND f.consumer = c.id
               ORDER BY f.seq LIMIT 1) < :before AND a.at < :before
           LIMIT CAST(:most AS INTEGER))
         RETURNING 1",
        &[text("before", before), text("most", most.to_string())],
    )
}

/// Reads the newest deactivations of a person, at most `most`, and when each consumer acknowledged them: a row for each
/// of both, as JSON.
pub fn of_person<R: DeserializeOwned>(tenant: &Tenant<'_>, person: &str, most: u32) -> Select<R> {
    let sql = format!(
        "WITH {ORGANIZATION},
         revoked AS MATERIALIZED (
           SELECT e.seq, e.at, e.type FROM (
             SELECT s.seq AS seq FROM o CROSS JOIN event_subjects s ON s.org_id = o.id AND s.subject_id = :person
             ORDER BY s.seq DESC LIMIT {MOST_EVENTS_OF_PERSON}) s
           CROSS JOIN o CROSS JOIN events e ON e.org_id = o.id AND e.seq = s.seq
           WHERE {IS_REVOCATION} AND e.subject_id = :person LIMIT CAST(:most AS INTEGER))
         SELECT json_object('event', e.seq, 'at', e.at, 'type', e.type, 'consumer', c.id, 'name', c.name,
           'millis', {MILLIS}) AS json
         FROM revoked e CROSS JOIN {}
         WHERE e.seq > coalesce((
           SELECT min(f.seq) FROM acknowledgements f WHERE f.org_id = c.org_id AND f.consumer = c.id), 0)
         ORDER BY e.seq DESC, c.name",
        consumers(OF_O)
    );
    let most = most.min(MOST_OF_PERSON).to_string();
    tenant.select_json(&sql, &[text("person", person), text("most", most)])
}
