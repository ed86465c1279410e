//! People with their access, as products see them.

use serde::Deserialize;

use super::super::batch::Select;
use super::super::columns::js_text;
use super::super::export::{PRODUCT_ACCESS, PRODUCT_PERSON};
use super::super::statement::{integer, optional, text};
use super::super::tenant::Tenant;
use crate::runtime::js_text::JsText;
use directory::group_name::fold_group_name;
use directory::user::fold_user_name;
use scim_protocol::text::compose;

/// Something as products see it.
#[derive(Debug, Deserialize)]
pub struct Described {
    /// As JSON.
    #[serde(deserialize_with = "js_text")]
    pub body: JsText,
}

/// Reads the person with this id, else with this `userName`, else with this external identifier.
pub fn person(tenant: &Tenant<'_>, who: &str) -> Select<Described> {
    let sql = format!(
        "WITH o (id) AS MATERIALIZED (SELECT :org),
         f (seq) AS MATERIALIZED (
           SELECT * FROM (SELECT u.seq FROM o CROSS JOIN users u ON u.org_id = o.id AND u.id = :who)
           UNION ALL
           SELECT * FROM (SELECT u.seq FROM o CROSS JOIN users u ON u.org_id = o.id AND u.user_name_fold = :user_name)
           UNION ALL
           SELECT * FROM (SELECT u.seq FROM o CROSS JOIN users u ON u.org_id = o.id AND u.external_id = :external_id)
           LIMIT 1)
         SELECT json_object('person', json({PRODUCT_PERSON}), 'access', json({PRODUCT_ACCESS})) AS body
         FROM f CROSS JOIN users u ON u.seq = f.seq"
    );
    let names = [
        text("who", who),
        text("user_name", fold_user_name(who)),
        text("external_id", compose(who).into_owned()),
    ];
    tenant.select(&sql, &names)
}

/// A project.
#[derive(Debug, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Reads the project with this id, else with this name.
pub fn project(tenant: &Tenant<'_>, project: &str) -> Select<Project> {
    tenant.select(
        &format!("SELECT p.id AS id, p.name AS name FROM projects p WHERE p.id = {PROJECT}"),
        &[text("project", project), text("project_name", fold_group_name(project))],
    )
}

/// The id of the project `:project`.
const PROJECT: &str = "(SELECT id FROM (
       SELECT id FROM projects WHERE org_id = :org AND id = :project AND archived_at IS NULL)
     UNION ALL
     SELECT id FROM projects WHERE org_id = :org AND name_fold = :project_name AND archived_at IS NULL LIMIT 1)";

/// A right of a person in a project.
#[derive(Debug, Deserialize)]
pub struct RightOf {
    /// The `seq` of the group.
    pub group_seq: i64,
    /// The `seq` of the person.
    pub user_seq: i64,
    /// The person and the right, as JSON.
    #[serde(deserialize_with = "js_text")]
    pub body: JsText,
}

/// Reads who has which role in a project, in the order of groups and people behind `after`, at most `count`.
pub fn rights(
    tenant: &Tenant<'_>,
    project: &str,
    role: Option<&str>,
    (group_seq, user_seq): (i64, i64),
    count: u32,
) -> Select<RightOf> {
    let sql = format!(
        "SELECT g.seq AS group_seq, u.seq AS user_seq, json_object(
           'person', json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId'),
           'group_id', g.id, 'team_id', t.id, 'team', t.name, 'role', g.role, 'since', (
             SELECT b.at FROM events b WHERE b.org_id = g.org_id AND b.seq = m.since)) AS body
         FROM groups g
         CROSS JOIN memberships m ON m.group_seq = g.seq
           AND m.user_seq > iif(g.seq = CAST(:group_seq AS INTEGER), CAST(:user_seq AS INTEGER), 0)
         CROSS JOIN users u ON u.seq = m.user_seq LEFT JOIN teams t ON t.id = g.team_id
         WHERE g.project_id = {PROJECT} AND g.seq >= CAST(:group_seq AS INTEGER)
           AND (:role IS NULL OR g.role = :role)
         ORDER BY g.seq, m.user_seq LIMIT CAST(:count AS INTEGER)"
    );
    let bindings = [
        text("project", project),
        text("project_name", fold_group_name(project)),
        optional("role", role),
        integer("group_seq", group_seq),
        integer("user_seq", user_seq),
        integer("count", count),
    ];
    tenant.select(&sql, &bindings)
}
