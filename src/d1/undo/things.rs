//! What an undo reads of groups, teams and projects.

use serde::Deserialize;

use super::selection::{counts_as_selected, groups_of};
use crate::d1::batch::Select;
use crate::d1::statement::{Binding, Statement, text};
use crate::d1::tenant::Tenant;
use directory::group::Group;
use directory::undo::{Past, ProjectNow};

/// Most members of a group, team or project among whom those are looked for who were not added by selected changes.
const MOST_MEMBERS: u32 = 10_000;

/// A group, team or project as stored. Of an organization, only the id.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct ThingRow {
    pub(super) id: String,
    /// The group.
    pub(super) group: Option<GroupRow>,
    /// The group or team exists, also in an archived project.
    pub(super) exists: bool,
    /// The name of the team.
    #[serde(default)]
    pub(super) team: Option<String>,
    /// The project itself, or that of the group or team.
    pub(super) project: Option<ProjectNow>,
    /// The event of the newest change that is not selected.
    pub(super) blocked: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct GroupRow {
    pub(super) version: i64,
    display_name: String,
    external_id: Option<String>,
    /// The role of a project that it is; a team's roles have none here.
    pub(super) role: Option<String>,
}

impl GroupRow {
    pub(super) fn group(&self) -> Group {
        Group { display_name: self.display_name.clone(), external_id: self.external_id.clone() }
    }
}

/// An event of a thing.
#[derive(Debug, Deserialize)]
pub(super) struct PastRow {
    pub(super) id: String,
    pub(super) past: Past,
}

pub(super) fn select(tenant: &Tenant<'_>, bindings: &[Binding]) -> Select<ThingRow> {
    let sql = format!(
        "SELECT json_object('id', j.value,
           'group', iif(coalesce(g.id, a.id) IS NULL, NULL, json_object('version', coalesce(g.version, a.version),
             'display_name', coalesce(g.display_name, a.display_name),
             'role', iif(coalesce(g.team_id, a.team_id) IS NULL, coalesce(g.role, a.role), NULL),
             'external_id', iif(g.id IS NULL,
               coalesce(a.external_id_sent, a.external_id), coalesce(g.external_id_sent, g.external_id)))),
           'team', t.name, 'exists', json(iif(coalesce(g.id, a.id, t.id) IS NULL, 'false', 'true')),
           'project', iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name,
             'is_archived', json(iif(r.archived_at IS NULL, 'false', 'true')))),
           'blocked', iif(j.value IN (SELECT value FROM json_each(:removed)), {}, NULL)) AS json
         FROM json_each(:ids) j
         LEFT JOIN groups g ON g.org_id = :org AND g.id = j.value
         LEFT JOIN archived_groups a ON a.id = j.value
         LEFT JOIN teams t ON t.id = j.value
         LEFT JOIN projects r ON +r.org_id = :org AND r.id = coalesce(g.project_id, a.project_id, t.project_id, (
           SELECT coalesce(d.data ->> '$.group.project.id', d.data ->> '$.project.id')
           FROM event_subjects s CROSS JOIN events d ON d.org_id = s.org_id AND d.seq = s.seq
           WHERE s.org_id = :org AND s.subject_id = j.value AND (d.type = 'group.deleted' OR d.type = 'team.deleted')
           ORDER BY s.seq DESC LIMIT 1), j.value)
         ORDER BY j.key",
        blocked()
    );
    tenant.select_json(&sql, bindings)
}

/// SQL of the event of the newest change that is not selected of what has the id `j.value`: a membership of one of its
/// groups, or a change of itself or of one of its groups since it was created or restored. NULL: there is none, or it
/// was not created or restored.
fn blocked() -> String {
    let counts = counts_as_selected("e");
    let groups = groups_of("j.value");
    format!(
        "(SELECT max(x.seq) FROM (
             SELECT max(s.seq) AS began
             FROM event_subjects s CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
             WHERE s.org_id = :org AND s.subject_id = j.value AND s.seq >= CAST(:from AS INTEGER)
               AND e.type IN ('group.created', 'team.created', 'project.restored')) b
           CROSS JOIN (
             SELECT m.since AS seq FROM (
               SELECT since FROM memberships WHERE group_seq IN ({groups}) LIMIT {MOST_MEMBERS}) m
             WHERE NOT EXISTS (SELECT 1 FROM events e
               WHERE e.org_id = :org AND e.seq = m.since AND m.since >= CAST(:from AS INTEGER) AND {counts})
             UNION ALL
             SELECT e.seq FROM (
               SELECT j.value AS id UNION ALL SELECT id FROM groups WHERE seq IN ({groups})) k
             CROSS JOIN event_subjects s
               ON s.org_id = :org AND s.subject_id = k.id AND s.seq >= CAST(:from AS INTEGER)
             CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
             WHERE e.type IN ('group.created', 'group.updated', 'role.created', 'project.renamed', 'team.renamed',
               'role.renamed')
               AND NOT {counts}) x
           WHERE b.began IS NOT NULL AND (x.seq = 0 OR x.seq > b.began))"
    )
}

/// The statement before the removal of groups, teams or projects. It fails the batch as stale if others have changed
/// one of them since they were read.
pub(super) fn check_unused(tenant: &Tenant<'_>, bindings: &[Binding]) -> Statement {
    let sql = format!(
        "SELECT iif(EXISTS (SELECT 1 FROM json_each(:ids) j WHERE {} IS NOT NULL), json('stale'), '')",
        blocked()
    );
    tenant.statement(&sql, bindings)
}

/// Reads the events of things since the first selected one. The event of a team counts as selected with one of its
/// groups, and that of a group with that of its role.
pub(super) fn select_past(tenant: &Tenant<'_>, bindings: &[Binding]) -> Select<PastRow> {
    let sql = format!(
        "SELECT json_object('id', j.value, 'past', json_object('seq', e.seq,
           'event', json_object('type', e.type, 'data', json(e.data)), 'version', e.version,
           'is_selected', json(iif({} OR EXISTS (SELECT 1 FROM events c
             WHERE c.org_id = e.org_id AND c.seq BETWEEN e.seq - 1 AND e.seq + 2 AND c.story = e.story
               AND iif(e.type LIKE 'team.%', c.seq > e.seq AND c.type LIKE 'group.%',
                 e.type = 'group.created' AND c.seq < e.seq AND c.type = 'role.created') AND {}), 'true', 'false')),
           'with_project', json(iif(e.type = 'group.updated' AND EXISTS (
             SELECT 1 FROM (SELECT project_id, team_id FROM groups WHERE org_id = :org AND id = j.value
               UNION ALL SELECT project_id, team_id FROM archived_groups WHERE id = j.value
               UNION ALL SELECT j.value, j.value) g
             CROSS JOIN event_subjects ps ON ps.org_id = e.org_id AND ps.subject_id IN (g.project_id, g.team_id)
               AND ps.seq BETWEEN e.story AND e.seq
             CROSS JOIN events p ON p.org_id = ps.org_id AND p.seq = ps.seq
             WHERE p.type IN ('project.renamed', 'team.renamed', 'role.renamed') AND p.story = e.story AND {}),
             'true', 'false')),
           'groups', iif(e.type = 'team.deleted', json((
             SELECT json_group_array(json_patch(d.data, json_object('version', d.version))) FROM events d
             WHERE d.org_id = e.org_id AND d.seq IN (e.seq + 1, e.seq + 2) AND d.type = 'group.deleted'
               AND d.data ->> '$.group.team.id' = j.value)), NULL))) AS json
         FROM json_each(:ids) j
         CROSS JOIN event_subjects s
           ON s.org_id = :org AND s.subject_id = j.value AND s.seq >= CAST(:from AS INTEGER)
         CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
         WHERE e.type IN ('group.created', 'group.updated', 'group.deleted', 'team.created', 'team.deleted',
           'project.created', 'project.renamed', 'project.archived', 'project.restored', 'settings.changed',
           'team.renamed', 'role.renamed')
         ORDER BY j.key, e.seq",
        counts_as_selected("e"),
        counts_as_selected("c"),
        counts_as_selected("p"),
    );
    tenant.select_json(&sql, bindings)
}

/// A group with its team and its project.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Kin {
    pub(super) group: String,
    pub(super) team: Option<String>,
    pub(super) project: Option<String>,
}

/// Reads of which teams and projects groups are, or were when they were deleted.
pub(super) fn kin(tenant: &Tenant<'_>, groups: &[&str]) -> Select<Kin> {
    const DELETED: &str = "FROM event_subjects s CROSS JOIN events d ON d.org_id = s.org_id AND d.seq = s.seq
           WHERE s.org_id = :org AND s.subject_id = j.value AND d.type = 'group.deleted' ORDER BY s.seq DESC LIMIT 1";
    let sql = format!(
        "SELECT json_object('group', j.value,
           'team', coalesce(g.team_id, a.team_id, (SELECT d.data ->> '$.group.team.id' {DELETED})),
           'project', coalesce(g.project_id, a.project_id, (SELECT d.data ->> '$.group.project.id' {DELETED}))) AS json
         FROM json_each(:groups) j LEFT JOIN groups g ON g.org_id = :org AND g.id = j.value
         LEFT JOIN archived_groups a ON a.id = j.value"
    );
    tenant.select_json(&sql, &[text("groups", serde_json::Value::from(groups).to_string())])
}
