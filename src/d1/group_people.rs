//! Members of a group as administrators see and change them: also people whom SCIM does not see.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::batch::Select;
use super::columns::{flag, object_by_value};
use super::console_views::DESCRIBED;
use super::events::memberships;
use super::statement::{Statement, boolean, integer, text};
use super::tenant::{Tenant, guard};
use directory::group_name::fold_group_name;
use directory::user::fold_user_name;
use scim_protocol::text::fold;

/// Most members that a search by name goes through at a time.
pub(crate) const MOST_SEARCHED: u32 = 2_000;

/// A person, and whether they are a member of a group.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct Candidate<R> {
    /// The person.
    #[serde(rename = "json", deserialize_with = "object_by_value")]
    pub person: R,
    /// Whether they are a member.
    #[serde(deserialize_with = "flag")]
    pub is_member: bool,
}

/// Reads a person by id or `userName`, and whether they are a member of the group with that id.
pub fn candidate<R: DeserializeOwned>(
    tenant: &Tenant<'_>,
    group: &str,
    person: &str,
) -> Select<Candidate<R>> {
    let sql = format!(
        "SELECT {DESCRIBED} AS json, EXISTS (
           SELECT 1 FROM groups g CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = users.seq
           WHERE g.org_id = :org AND g.id = :group) AS is_member
         FROM users WHERE users.org_id = :org AND (users.id = :person OR users.user_name_fold = :user_name)
         ORDER BY users.id = :person DESC LIMIT 1"
    );
    let bindings = [text("group", group), text("person", person), text("user_name", fold_user_name(person))];
    tenant.select_few(&sql, &bindings)
}

/// A group's id.
#[derive(Debug, Deserialize)]
pub struct GroupId {
    /// Identifier.
    pub id: String,
}

/// Finds a group by its id or its name.
pub fn group_named(tenant: &Tenant<'_>, group: &str) -> Select<GroupId> {
    tenant.select_few(
        "SELECT g.id AS id FROM groups g WHERE g.org_id = :org AND (g.id = :group OR g.name_fold = :name)
         ORDER BY g.id = :group DESC LIMIT 1",
        &[text("group", group), text("name", fold_group_name(group))],
    )
}

/// A member found by name, or the last one that the search went through.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct Searched<R> {
    /// The member.
    #[serde(rename = "json", deserialize_with = "object_by_value")]
    pub member: R,
    /// The place behind which the next page begins if this is the last of its page.
    pub place: String,
    /// Whether the name is theirs.
    #[serde(deserialize_with = "flag")]
    pub is_hit: bool,
    /// Whether the search stopped here.
    #[serde(deserialize_with = "flag")]
    pub is_end: bool,
}

/// Searches the members of a group, in the order of insertion behind `after`, for a part of their user name or their
/// names. Goes through [`MOST_SEARCHED`] members: if there may be more, the last one of them is the last row, whether
/// the name is theirs or not.
pub fn search<R: DeserializeOwned>(
    tenant: &Tenant<'_>,
    id: &str,
    name: &str,
    after: u32,
    count: u16,
) -> Select<Searched<R>> {
    let doc = "coalesce(users.doc_fold, lower(users.doc))";
    let is_hit = format!(
        "instr(concat_ws(char(10), users.user_name_fold, {doc} ->> '$.displayname',
           concat_ws(' ', {doc} ->> '$.name.givenname', {doc} ->> '$.name.familyname')), :name) > 0"
    );
    const MEMBERS: &str = "groups g
         CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq > CAST(:after AS INTEGER)";
    let sql = format!(
        "WITH stop (seq) AS MATERIALIZED (SELECT (
           SELECT m.user_seq FROM {MEMBERS} WHERE g.org_id = :org AND g.id = :id
           ORDER BY m.user_seq LIMIT 1 OFFSET {MOST_SEARCHED} - 1))
         SELECT {DESCRIBED} AS json, CAST(m.user_seq AS TEXT) AS place, {is_hit} AS is_hit,
           coalesce(m.user_seq = stop.seq, 0) AS is_end
         FROM stop CROSS JOIN {MEMBERS} AND m.user_seq <= coalesce(stop.seq, 9223372036854775807)
         CROSS JOIN users ON users.seq = m.user_seq
         WHERE g.org_id = :org AND g.id = :id AND ({is_hit} OR m.user_seq = stop.seq)
         ORDER BY m.user_seq LIMIT CAST(:count AS INTEGER)"
    );
    let count = u32::from(count).saturating_add(1);
    let bindings =
        [text("id", id), text("name", fold(name)), integer("after", after), integer("count", count)];
    tenant.select_few(&sql, &bindings)
}

/// Adds people to a group or removes them from it, by ids, each once. Fails as stale unless all of them are active, and
/// none is a member when they join, or all are when they leave.
pub fn change(tenant: &Tenant<'_>, group: &str, people: &[&str], join: bool) -> Vec<Statement> {
    let check = "SELECT iif(json_array_length(:people) = (
           SELECT count(*) FROM groups g CROSS JOIN json_each(:people) j
           CROSS JOIN users u ON u.org_id = g.org_id AND u.id = j.value AND u.active = 1
           LEFT JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq
           WHERE g.org_id = :org AND g.id = :group AND (m.user_seq IS NULL) = CAST(:join AS INTEGER)),
         '', json('stale'))";
    let touch = "UPDATE groups SET version = version + 1, last_modified = max(last_modified, :now)
         WHERE org_id = :org AND id = :group";
    let bindings =
        [text("group", group), text("people", Value::from(people).to_string()), boolean("join", join)];
    let pairs: Vec<(&str, &str)> = people.iter().map(|person| (group, *person)).collect();
    let mut statements =
        vec![tenant.statement(check, &bindings), tenant.statement(touch, &bindings), guard()];
    statements.extend(match join {
        true => memberships::begin_pairs(tenant, &pairs),
        false => memberships::end_pairs(tenant, &pairs),
    });
    statements
}
