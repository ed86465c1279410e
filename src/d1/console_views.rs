//! People and groups as the console shows them: a person, a group, and the members of a group.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::batch::{Ignored, Select};
use super::columns::{json, object_by_value};
use super::statement::{integer, text};
use super::tenant::Tenant;
use super::users::resource_sql;
use scim_protocol::Object;

/// A person as the console shows them, as JSON.
pub(super) const DESCRIBED: &str = "json_object(
    'id', users.id, 'user_name', users.doc ->> '$.userName', 'name', coalesce(
      nullif(trim(concat_ws(' ', users.doc ->> '$.name.givenName', users.doc ->> '$.name.familyName')), ''),
      users.doc ->> '$.displayName', ''),
    'org_role', iif(users.active, users.org_role, 'Member'), 'active', json(iif(users.active, 'true', 'false')),
    'managed', json(iif(users.managed, 'true', 'false')), 'created_at', users.created_at,
    'last_modified', users.last_modified)";

/// A member of a list.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct Listed<R> {
    /// The member.
    #[serde(rename = "json", deserialize_with = "object_by_value")]
    pub member: R,
    /// The place behind which the next page begins if this is the last of its page.
    pub place: String,
}

/// A member, and the resource as SCIM shows or would show it.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct MemberRow<R> {
    /// The member.
    #[serde(rename = "json", deserialize_with = "object_by_value")]
    pub member: R,
    /// The resource.
    #[serde(deserialize_with = "json")]
    pub resource: Object,
}

/// Reads one person as JSON, and the resource as the identity provider sees it, or would see it.
pub fn member<R: DeserializeOwned>(tenant: &Tenant<'_>, id: &str) -> Select<MemberRow<R>> {
    let sql = format!(
        "SELECT {DESCRIBED} AS json, {} AS resource FROM users WHERE users.org_id = :org AND users.id = :id",
        resource_sql(true)
    );
    tenant.select(&sql, &[text("id", id)])
}

/// Returns a row if there is such a person.
pub fn exists(tenant: &Tenant<'_>, id: &str) -> Select<Ignored> {
    tenant.select(
        "SELECT 1 AS found FROM users WHERE users.org_id = :org AND users.id = :id",
        &[text("id", id)],
    )
}

/// Reads one group as JSON, with its project and team.
pub fn group<R: DeserializeOwned>(tenant: &Tenant<'_>, id: &str) -> Select<R> {
    tenant.select_json(
        "SELECT json_object('id', g.id, 'display_name', g.display_name, 'role', g.role,
           'external_id', coalesce(g.external_id_sent, g.external_id), 'pushed_at', g.pushed_at,
           'project', iif(p.id IS NULL, NULL, json_object('id', p.id, 'name', p.name)),
           'team', iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name))) AS json
         FROM groups g LEFT JOIN projects p ON p.id = g.project_id LEFT JOIN teams t ON t.id = g.team_id
         WHERE g.org_id = :org AND g.id = :id",
        &[text("id", id)],
    )
}

/// Reads the names of groups by their ids, one a row as JSON.
pub fn groups_by_ids<R: DeserializeOwned>(tenant: &Tenant<'_>, ids: &[&str]) -> Select<R> {
    tenant.select_json(
        "SELECT json_object('id', g.id, 'display_name', g.display_name) AS json
         FROM json_each(:ids) j CROSS JOIN groups g ON g.org_id = :org AND g.id = j.value",
        &[text("ids", serde_json::Value::from(ids).to_string())],
    )
}

/// Reads the members of a group in the order of insertion, one a row as JSON.
pub fn group_members<R: DeserializeOwned>(
    tenant: &Tenant<'_>,
    id: &str,
    after: u32,
    count: u16,
) -> Select<Listed<R>> {
    let sql = format!(
        "SELECT {DESCRIBED} AS json, CAST(m.user_seq AS TEXT) AS place
         FROM groups g CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq > CAST(:after AS INTEGER)
           CROSS JOIN users ON users.seq = m.user_seq
         WHERE g.org_id = :org AND g.id = :id ORDER BY m.user_seq LIMIT CAST(:count AS INTEGER)"
    );
    let count = u32::from(count).saturating_add(1);
    tenant.select(&sql, &[text("id", id), integer("after", after), integer("count", count)])
}

/// Most members of a group that are counted.
const MOST_COUNTED: u32 = 1_000;

/// How many members a group has.
#[derive(Debug, Deserialize)]
pub struct GroupSize {
    /// `None`: more than are counted.
    pub members: Option<u64>,
}

/// Counts the members of a group, as far as that is cheap.
pub fn group_size(tenant: &Tenant<'_>, id: &str) -> Select<GroupSize> {
    let sql = "SELECT nullif(count(*), CAST(:most AS INTEGER) + 1) AS members FROM (
           SELECT 1 FROM groups g CROSS JOIN memberships m ON m.group_seq = g.seq
           WHERE g.org_id = :org AND g.id = :id LIMIT CAST(:most AS INTEGER) + 1)";
    tenant.select_few(sql, &[text("id", id), integer("most", MOST_COUNTED)])
}
