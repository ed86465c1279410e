//! What was noted of imports, for administrators.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::d1::batch::Select;
use crate::d1::columns::{json_by_value, object_by_value};
use crate::d1::statement::{Statement, integer, optional, text};
use crate::d1::tenant::Tenant;

/// How many of the newest imports are looked through for one that is complete, or on which a person was.
const NEWEST: u32 = 20;
/// Most imports that say whether a person was on them.
const MOST_OF_PERSON: u32 = 3;
/// Most pages of an import that may have a person.
const MOST_CANDIDATES: u32 = 3;
/// Most events since an import at which the look ahead looks.
pub(crate) const MOST_EVENTS: u32 = 5_000;

/// The condition that the import `i` is complete: its last page was read, and who was on its pages is kept of all.
const IS_COMPLETE: &str = "(i.is_done = 1 AND i.resource = 'Users' AND (
    SELECT total(iif(p.value ->> 4 IS NULL, 0, p.value ->> 3)) FROM json_each(i.pages) p) >= i.total)";

/// The import `i` as JSON.
fn described() -> String {
    format!(
        "json_object('id', i.id, 'resource', i.resource, 'key', json_object('id', i.key_id),
           'page_size', i.page_size, 'total', i.total,
           'pages', max(1, (i.total + i.page_size - 1) / i.page_size),
           'pages_read', (SELECT count(*) FROM json_each(i.pages)),
           'pages_kept', (SELECT count(*) FROM json_each(i.pages) p WHERE p.value ->> 4 IS NOT NULL),
           'begun_at', substr(i.id, 1, 24), 'read_at', i.read_at,
           'state', CASE
             WHEN i.is_done THEN 'finished'
             WHEN i.read_at < strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-3 minutes') THEN 'stopped'
             ELSE 'reading' END,
           'is_complete', json(iif({IS_COMPLETE}, 'true', 'false')), 'failed', i.failed)"
    )
}

/// Reads the imports that began before `before`, the newest first, one a row as JSON. If there are more than `count`,
/// one more is read.
pub fn list<R: DeserializeOwned>(tenant: &Tenant<'_>, before: Option<&str>, count: u16) -> Select<R> {
    let sql = format!(
        "SELECT {} AS json FROM imports i WHERE i.org_id = :org AND (:before IS NULL OR i.id < :before)
         ORDER BY i.id DESC LIMIT CAST(:count AS INTEGER)",
        described()
    );
    let count = i64::from(count).saturating_add(1);
    tenant.select_json(&sql, &[optional("before", before), integer("count", count)])
}

/// How many pages were kept on the day of the request, of all organizations of the database.
#[derive(Debug, Deserialize)]
pub struct KeptToday {
    /// The number.
    pub pages: u64,
}

/// Reads [`KeptToday`].
pub fn today(tenant: &Tenant<'_>) -> Select<KeptToday> {
    tenant.select_few(
        "SELECT coalesce((SELECT d.pages FROM import_days d WHERE d.day = substr(:now, 1, 10)), 0) AS pages
         FROM (SELECT :org AS id LIMIT 1) o WHERE o.id IS NOT NULL",
        &[],
    )
}

/// A page of an import.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KeptPage {
    /// Its number, from 1.
    pub number: u64,
    /// The least `seq` of its rows.
    pub first: i64,
    /// The greatest.
    pub last: i64,
    /// How many rows it has.
    pub rows: u64,
    /// A hash of who is on it; `None` if that is not kept.
    pub hash: Option<String>,
}

/// An import with its pages.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct WithPages<R> {
    /// The import.
    #[serde(rename = "json", deserialize_with = "object_by_value")]
    pub import: R,
    /// Its pages in their order.
    #[serde(deserialize_with = "json_by_value")]
    pub pages: Vec<KeptPage>,
}

/// Reads an import with its pages.
pub fn one<R: DeserializeOwned>(tenant: &Tenant<'_>, id: &str) -> Select<WithPages<R>> {
    let sql = format!(
        "SELECT {} AS json, (
           SELECT json_group_array(json_object('number', CAST(p.key AS INTEGER), 'first', p.value ->> 0,
             'last', p.value ->> 1, 'rows', p.value ->> 2, 'hash', p.value ->> 4) ORDER BY CAST(p.key AS INTEGER))
           FROM json_each(i.pages) p) AS pages
         FROM imports i WHERE i.org_id = :org AND i.id = :import",
        described()
    );
    tenant.select_few(&sql, &[text("import", id)])
}

/// An import, and the pages on which a person may have been.
#[derive(Debug, Deserialize)]
pub struct OfPerson {
    /// The id of the import.
    pub import: String,
    /// Whether all of its pages are kept, so that a person who is on none was not shown.
    pub is_complete: bool,
    /// The numbers of the pages.
    pub pages: Vec<u64>,
}

/// Reads the newest imports of which pages are kept, and on which of them a person may have been, one a row as JSON.
/// People are listed in the order of their `seq`.
pub fn of_person(tenant: &Tenant<'_>, id: &str) -> Select<OfPerson> {
    let sql = format!(
        "SELECT json_object('import', i.id, 'is_complete', json(iif({IS_COMPLETE}, 'true', 'false')),
           'pages', json((SELECT json_group_array(CAST(c.key AS INTEGER)) FROM (
             SELECT p.key FROM json_each(i.pages) p
             WHERE p.value ->> 4 IS NOT NULL AND u.seq BETWEEN p.value ->> 0 AND p.value ->> 1
             LIMIT {MOST_CANDIDATES}) c))) AS json
         FROM (SELECT * FROM imports WHERE org_id = :org ORDER BY id DESC LIMIT {NEWEST}) i
           CROSS JOIN users u ON u.org_id = i.org_id AND u.id = :id
         WHERE i.resource = 'Users' AND EXISTS (SELECT 1 FROM json_each(i.pages) p WHERE p.value ->> 4 IS NOT NULL)
         ORDER BY i.id DESC LIMIT {MOST_OF_PERSON}"
    );
    tenant.select_json(&sql, &[text("id", id)])
}

/// What the next import of an identity provider finds otherwise than its last complete one.
#[derive(Debug, Deserialize)]
pub struct Ahead<R> {
    /// The id of the last complete import.
    pub import: String,
    /// Whether there were more than [`MOST_EVENTS`] events since, of which the others were not looked at.
    pub is_partial: bool,
    /// The people that it showed as active and the next one will not.
    pub people: Vec<R>,
}

/// Reads [`Ahead`] with at most one more person than `count`; no row if there is no complete import among the newest.
///
/// Of each person the first event since the import decides: a person whom it deactivates, deletes or hides was active
/// before. What the identity provider did itself, with the same key, it knows already.
pub fn ahead<R: DeserializeOwned>(tenant: &Tenant<'_>, count: u16) -> Select<Ahead<R>> {
    let sql = format!(
        "WITH last AS MATERIALIZED (
           SELECT i.* FROM (SELECT * FROM imports WHERE org_id = :org ORDER BY id DESC LIMIT {NEWEST}) i
           WHERE {IS_COMPLETE} ORDER BY i.id DESC LIMIT 1),
         since AS MATERIALIZED (
           SELECT e.* FROM last l CROSS JOIN events e ON e.org_id = l.org_id AND e.seq > l.event_seq
           ORDER BY e.seq LIMIT {MOST_EVENTS}),
         change AS (
           SELECT s.seq, s.at, s.type, s.source, s.key_id, s.subject_id AS id FROM since s
           WHERE s.type IN ('person.created', 'person.deactivated', 'person.restored', 'person.deleted',
             'person.undeleted')
           UNION ALL
           SELECT s.seq, s.at, s.type, s.source, s.key_id, p.value ->> 'id'
           FROM since s CROSS JOIN json_each(s.data, '$.people') p
           WHERE s.type IN ('person.hidden', 'person.shown')),
         first AS MATERIALIZED (
           SELECT c.id, min(c.seq) AS seq, c.at, c.type, c.source, c.key_id FROM change c GROUP BY c.id),
         lost AS (
           SELECT f.* , u.doc ->> '$.userName' AS user_name
           FROM first f CROSS JOIN last l LEFT JOIN users u ON u.org_id = l.org_id AND u.id = f.id
           WHERE f.type IN ('person.deactivated', 'person.deleted', 'person.hidden')
             AND (f.source <> 'scim' OR f.key_id <> l.key_id) AND coalesce(u.active = 0 OR u.managed = 0, 1)
           ORDER BY f.seq LIMIT CAST(:count AS INTEGER))
         SELECT json_object('import', l.id,
           'is_partial', json(iif((SELECT count(*) FROM since) = {MOST_EVENTS}, 'true', 'false')),
           'people', json((SELECT json_group_array(json_object('id', x.id, 'at', x.at, 'why', substr(x.type, 8),
             'user_name', coalesce(x.user_name, (
               SELECT s.personal ->> 'user_name' FROM event_subjects s
               WHERE s.org_id = l.org_id AND s.subject_id = x.id AND s.seq = x.seq))) ORDER BY x.seq)
             FROM lost x))) AS json
         FROM last l"
    );
    let count = i64::from(count).saturating_add(1);
    tenant.select_json(&sql, &[integer("count", count)])
}

/// Deletes what was noted of imports that began before `before`, at most `most`; returns a row for each.
pub fn prune(before: &str, most: u32) -> Statement {
    Statement::new(
        "DELETE FROM imports WHERE (org_id, id) IN (
           SELECT i.org_id, i.id FROM organizations o CROSS JOIN imports i ON i.org_id = o.id AND i.id < :before
           LIMIT CAST(:most AS INTEGER))
         RETURNING 1",
        &[text("before", before), integer("most", most)],
    )
}

/// Deletes the counts of days before that of `before`.
pub fn prune_days(before: &str) -> Statement {
    Statement::new("DELETE FROM import_days WHERE day < substr(:before, 1, 10)", &[text("before", before)])
}
