//! Projects with their roles and teams, a page at a time.

use serde::Deserialize;
use serde_json::Value;

use super::batch::Select;
use super::columns::json_by_value;
use super::statement::{integer, text};
use super::tenant::Tenant;

/// A project, or a role or team of the project before it.
#[derive(Debug, Deserialize)]
pub struct ProjectPart {
    /// Where in the project it belongs: `roles` or `teams`; empty for the project itself.
    pub list: String,
    /// Of a project: its place in the list.
    pub place: Option<String>,
    /// The project, role or team.
    #[serde(deserialize_with = "json_by_value")]
    pub json: Value,
}

/// Which projects are read with their roles and teams.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'w> {
    /// The one with this id.
    One(&'w str),
    /// Those behind a place, the oldest first: one more than `count` if there are more.
    Page {
        /// When the project at the place was created, and its folded name; empty: from the first on.
        after: (&'w str, &'w str),
        /// The most of the page.
        count: u16,
    },
}

/// Reads projects with their roles and teams. Each project, role and team has a row of its own: together they may be
/// longer than one value of the database can be.
pub fn described(tenant: &Tenant<'_>, wanted: Wanted<'_>) -> Select<ProjectPart> {
    const ROLE: &str = "json_object('name', g.role, 'group', json_object(
      'id', g.id, 'display_name', g.display_name, 'pushed_at', g.pushed_at))";
    let (page, bindings) = match wanted {
        Wanted::One(id) => ("projects p WHERE p.org_id = :org AND p.id = :id", vec![text("id", id)]),
        Wanted::Page { after: (created_at, name), count } => (
            "projects p INDEXED BY projects_by_creation
             WHERE p.org_id = :org AND (p.created_at, p.name_fold) > (:after, :after_name)
             ORDER BY p.created_at, p.name_fold LIMIT CAST(:count AS INTEGER)",
            vec![
                text("after", created_at),
                text("after_name", name),
                integer("count", i64::from(count).saturating_add(1)),
            ],
        ),
    };
    let sql = format!(
        "WITH page AS MATERIALIZED (SELECT p.id, p.name, p.archived_at, p.created_at, p.name_fold FROM {page})
         SELECT json, list, place FROM (
           SELECT p.created_at, p.name_fold, 0 AS kind, 0 AS seq, '' AS name, '' AS list,
             p.created_at || '~' || p.name_fold AS place, json_object(
             'id', p.id, 'name', p.name, 'archived_at', p.archived_at, 'roles', json('[]'), 'teams', json('[]')) AS json
           FROM page p
           UNION ALL
           SELECT p.created_at, p.name_fold, 1, g.seq, '', 'roles', NULL, {ROLE}
           FROM page p CROSS JOIN groups g ON g.project_id = p.id AND g.team_id IS NULL
           UNION ALL
           SELECT p.created_at, p.name_fold, 2, 0, t.name_fold, 'teams', NULL, json_object(
             'id', t.id, 'name', t.name, 'roles', (
               SELECT json_group_array({ROLE}) FROM (SELECT * FROM groups WHERE team_id = t.id ORDER BY seq) g))
           FROM page p CROSS JOIN teams t ON t.project_id = p.id)
         ORDER BY created_at, name_fold, kind, seq, name"
    );
    tenant.select(&sql, &bindings)
}
