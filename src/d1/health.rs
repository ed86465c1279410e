//! Whether the provisioning of an organization works, from what its traffic has left: when its identity provider was
//! last heard, what failed, and what seems to be set up wrongly there. Each statement looks at a bounded number of
//! rows.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::batch::{Batch, Handle, Select};
use super::product::acknowledgements;
use super::tenant::Tenant;

/// Most failures that are counted.
pub(crate) const MOST_FAILURES: u32 = 100;
/// Most keys, events, people and so on at which a statement looks.
const NEWEST_KEYS: u32 = 30;
const NEWEST_FAILURES: u32 = 500;
const NEWEST_PEOPLE: u32 = 200;
const NEWEST_EVENTS: u32 = 2_000;
const NEWEST_IMPORTS: u32 = 20;
const MOST_HIDDEN: u32 = 1_000;
const MOST_GROUPS: u32 = 1_000;

/// The time so long before the request, as SQL.
fn ago(how_long: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-{how_long}')")
}

/// The newest failures of identity providers in a week, as SQL.
fn failures() -> String {
    format!(
        "(SELECT l.* FROM log l INDEXED BY log_of_failures
          WHERE l.org_id = :org AND l.status >= 400 AND l.id >= {} AND l.source = 'scim'
          ORDER BY l.id DESC LIMIT {NEWEST_FAILURES})",
        ago("7 days")
    )
}

/// Reads how the provisioning is, in one row as JSON: `last_heard_at`; `failures` of identity providers within a day,
/// at most [`MOST_FAILURES`]; the `key` that was used last; the good keys that are
/// `unused`; how many `good_keys` there are; the `import` that is
/// under way, and the `bulk` change of many people; and how many `late_products` have not acknowledged a deactivation.
pub fn state<R: DeserializeOwned>(tenant: &Tenant<'_>) -> Select<R> {
    let sql = format!(
        "WITH k AS MATERIALIZED (
           SELECT id, last_used_at, expires_at,
             deactivated_at IS NULL AND (expires_at IS NULL OR expires_at > :now) AS is_good
           FROM auth_keys WHERE org_id = :org ORDER BY created_at DESC LIMIT {NEWEST_KEYS})
         SELECT json_object(
           'last_heard_at', (SELECT max(k.last_used_at) FROM k),
           'failures', (SELECT count(*) FROM (
             SELECT 1 FROM log l INDEXED BY log_of_failures
             WHERE l.org_id = :org AND l.status >= 400 AND l.id >= {day} AND l.source = 'scim'
             LIMIT {MOST_FAILURES})),
           'key', json((SELECT json_object('id', k.id, 'expires_at', k.expires_at,
               'is_good', json(iif(k.is_good, 'true', 'false')))
             FROM k WHERE k.last_used_at IS NOT NULL ORDER BY k.last_used_at DESC LIMIT 1)),
           'unused', json((SELECT json_group_array(json_object('id', k.id, 'expires_at', k.expires_at,
               'is_good', json('true'))) FROM k WHERE k.last_used_at IS NULL AND k.is_good)),
           'good_keys', (SELECT count(*) FROM k WHERE k.is_good),
           'import', (SELECT i.id FROM (
               SELECT id, is_done, read_at FROM imports WHERE org_id = :org ORDER BY id DESC LIMIT 3) i
             WHERE i.is_done = 0 AND i.read_at > {minutes} LIMIT 1),
           'late_products', (SELECT count(c.at) FROM {late} c),
           'bulk', (SELECT r.id FROM bulk_runs r INDEXED BY bulk_runs_under_way
             WHERE r.org_id = :org AND r.status = 'running' LIMIT 1)) AS json",
        day = ago("1 day"),
        minutes = ago("3 minutes"),
        late = acknowledgements::late()
    );
    tenant.select_json(&sql, &[])
}

/// Something that traffic shows to be set up wrongly.
#[derive(Debug, Deserialize)]
pub struct Found {
    /// How many groups, people or requests show it.
    pub number: u64,
    /// When it showed last; `None`: it is so now.
    pub at: Option<String>,
    /// The id of one of them.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
}

/// The statements that look for what is set up wrongly; each returns one row or none.
pub struct Findings {
    /// Groups of roles that the identity provider tries to rename.
    pub renames: Handle<Found>,
    /// An import of people without groups, although groups are pushed.
    pub no_groups: Handle<Found>,
    /// People whose `externalId` is the beginning of their `userName`.
    pub mail_nicknames: Handle<Found>,
    /// Groups from which the same people are removed again and again.
    pub twice: Handle<Found>,
    /// People with an `externalId` whom SCIM does not see.
    pub hidden: Handle<Found>,
    /// People who were refused for their mail domain.
    pub refused: Handle<Found>,
    /// Products that have not acknowledged a deactivation in time.
    pub late: Handle<Found>,
}

impl Findings {
    /// Adds the statements to a batch.
    pub fn push(batch: &mut Batch, tenant: &Tenant<'_>) -> Self {
        let mut add = |sql: &str| batch.push(tenant.select_few(sql, &[]));
        Self {
            renames: add(&renames()),
            no_groups: add(&no_groups()),
            mail_nicknames: add(&mail_nicknames()),
            twice: add(&twice()),
            hidden: add(&hidden()),
            refused: add(&refused()),
            late: add(&late()),
        }
    }
}

/// Products that have not acknowledged a deactivation in time.
fn late() -> String {
    format!(
        "SELECT count(*) AS number, min(c.at) AS at, c.id AS id, c.name AS name FROM {} c WHERE c.at IS NOT NULL
         HAVING count(*) > 0",
        acknowledgements::late()
    )
}

/// A group that was pushed after the last refusal is renamed no longer.
fn renames() -> String {
    format!(
        "SELECT count(DISTINCT f.resource_id) AS number, max(substr(f.id, 1, 24)) AS at, f.resource_id AS id,
           g.display_name AS name
         FROM {} f JOIN groups g ON g.org_id = f.org_id AND g.id = f.resource_id
         WHERE f.code = 'group_rename_not_allowed' AND coalesce(g.pushed_at, '') < substr(f.id, 1, 24)
         HAVING count(*) > 0",
        failures()
    )
}

/// Okta reads groups right after people. Only the imports of a key that pushes groups count, or of the only good key.
fn no_groups() -> String {
    format!(
        "WITH newest AS MATERIALIZED (
           SELECT id, resource, key_id, read_at, is_done FROM imports
           WHERE org_id = :org ORDER BY id DESC LIMIT {NEWEST_IMPORTS}),
         import AS (
           SELECT n.* FROM newest n WHERE n.resource = 'Users' AND n.is_done = 1 AND n.id >= {week}
           ORDER BY n.id DESC LIMIT 1)
         SELECT 1 AS number, i.read_at AS at, i.id AS id, NULL AS name FROM import i
         WHERE i.read_at < {minutes}
           AND NOT EXISTS (SELECT 1 FROM newest n WHERE n.resource = 'Groups' AND n.key_id = i.key_id AND n.id >= i.id)
           AND EXISTS (SELECT 1 FROM (
             SELECT g.pushed_at FROM groups g INDEXED BY groups_in_order WHERE g.org_id = :org
             ORDER BY g.seq LIMIT {MOST_GROUPS}) p WHERE p.pushed_at IS NOT NULL)
           AND EXISTS (SELECT 1 FROM (
             SELECT e.key_id, e.subject_type FROM events e WHERE e.org_id = :org ORDER BY e.seq DESC
             LIMIT {NEWEST_EVENTS}) e WHERE e.key_id = i.key_id AND e.subject_type = 'group')",
        week = ago("7 days"),
        minutes = ago("10 minutes")
    )
}

/// Of Okta it is an id of its own; of Entra ID it should be the object id, and is `mailNickname` by default.
fn mail_nicknames() -> String {
    format!(
        "SELECT n.number AS number, NULL AS at, NULL AS id, NULL AS name FROM (
           SELECT count(CASE WHEN u.external_id <> '' AND instr(u.user_name_fold, '@') > 1
               AND lower(u.external_id) = substr(u.user_name_fold, 1, instr(u.user_name_fold, '@') - 1)
             THEN 1 END) AS number,
             count(u.external_id) AS known
           FROM (SELECT external_id, user_name_fold FROM users INDEXED BY users_in_order
             WHERE org_id = :org AND managed = 1 ORDER BY seq DESC LIMIT {NEWEST_PEOPLE}) u) n
         WHERE n.number >= 2 AND n.number * 2 > n.known"
    )
}

/// Two groups of the identity provider that are pushed to one group here take turns in removing each other's members.
fn twice() -> String {
    format!(
        "WITH removal AS (
           SELECT g.value ->> 'id' AS group_id, p.value ->> 'id' AS person_id, count(*) AS times, max(e.at) AS at
           FROM (SELECT e.at, e.type, e.source, e.data FROM events e WHERE e.org_id = :org
                 ORDER BY e.seq DESC LIMIT {NEWEST_EVENTS}) e
             CROSS JOIN json_each(e.data, '$.groups') g CROSS JOIN json_each(e.data, '$.people') p
           WHERE e.type = 'membership.removed' AND e.source = 'scim' AND e.at >= {day}
           GROUP BY group_id, person_id HAVING count(*) > 1),
         flapping AS (
           SELECT r.group_id, max(r.at) AS at FROM removal r
           GROUP BY r.group_id HAVING count(*) > 1 OR max(r.times) > 2)
         SELECT count(*) AS number, max(f.at) AS at, f.group_id AS id, (
           SELECT g.display_name FROM groups g WHERE g.org_id = :org AND g.id = f.group_id) AS name
         FROM flapping f HAVING count(*) > 0",
        day = ago("1 day")
    )
}

/// People whom an administrator added have no `externalId`.
fn hidden() -> String {
    format!(
        "SELECT count(*) AS number, NULL AS at, max(u.id) AS id, max(u.name) AS name FROM (
           SELECT id, external_id, doc ->> '$.userName' AS name FROM users INDEXED BY users_in_order
           WHERE org_id = :org AND managed = 0 LIMIT {MOST_HIDDEN}) u
         WHERE u.external_id IS NOT NULL HAVING count(*) > 0"
    )
}

/// What was refused before the settings were changed last may be allowed now.
fn refused() -> String {
    format!(
        "SELECT count(DISTINCT f.resource_name) AS number, max(substr(f.id, 1, 24)) AS at, NULL AS id,
           f.resource_name AS name
         FROM {} f JOIN organizations o ON o.id = f.org_id
         WHERE f.code = 'domain_not_allowed' AND substr(f.id, 1, 24) > o.last_modified
         HAVING count(*) > 0",
        failures()
    )
}
