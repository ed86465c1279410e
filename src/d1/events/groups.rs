//! Events of groups, teams and projects that are made in SQL, from the rows before their change.

use super::super::statement::{Binding, Statement, optional, text};
use super::super::tenant::Tenant;
use super::Frame;
use directory::event::MAX_GROUPS_LISTED;
use directory::group::Group;

/// The group `g` as a [`directory::event::GroupRef`], with `more` members: JSON without those that are NULL.
pub(super) fn group_ref(more: &str) -> String {
    format!(
        "json_patch('{{}}', json_object('id', g.id, 'name', g.display_name,
                 'external_id', coalesce(g.external_id_sent, g.external_id), 'role', g.role,
                 'project', iif(r.id IS NULL, NULL, json_object('id', r.id, 'name', r.name)),
                 'team', iif(t.id IS NULL, NULL, json_object('id', t.id, 'name', t.name)){more}))"
    )
}

/// The joins of project `r` and team `t` of the group `g`.
pub(super) const MEANING: &str =
    "LEFT JOIN projects r ON r.id = g.project_id LEFT JOIN teams t ON t.id = g.team_id";

/// An event for each row of `y`, which has the columns `place` (its order), `type`, `subject_type`, `id`, `version` and
/// `data`.
fn of_rows(tenant: &Tenant<'_>, y: &str, bindings: &[Binding]) -> Statement {
    let frame = Frame {
        number: "row_number() OVER (ORDER BY y.place)",
        event_type: "y.type",
        subject_type: "y.subject_type",
        subject_id: "y.id",
        version: "y.version",
        data: "y.data",
        before: &format!("({y}) y CROSS JOIN"),
        ..Frame::default()
    };
    frame.statement(tenant, bindings)
}

/// Writes the event of a group whose name or external id is about to change to those of `group`.
pub fn updated(tenant: &Tenant<'_>, id: &str, group: &Group) -> Statement {
    let frame = Frame {
        event_type: "'group.updated'",
        subject_type: "'group'",
        subject_id: "g.id",
        version: "g.version + 1",
        data: "json_object('name', json_object('before', g.display_name, 'after', :display_name),
                 'external_id', json_object('before', coalesce(g.external_id_sent, g.external_id), 'after', :sent))",
        before: "groups g CROSS JOIN",
        behind: "WHERE g.org_id = :org AND g.id = :id
                   AND (g.display_name <> :display_name OR coalesce(g.external_id_sent, g.external_id) IS NOT :sent)",
        ..Frame::default()
    };
    let bindings = [
        text("id", id),
        text("display_name", group.display_name.as_str()),
        optional("sent", group.external_id.as_deref()),
    ];
    frame.statement(tenant, &bindings)
}

/// Writes the events of groups of a project that are about to be renamed. `renamed` is a JSON array of objects with
/// `id` and `display_name`.
pub fn renamed(tenant: &Tenant<'_>, project: &str, renamed: &str) -> Statement {
    let y = "SELECT j.key AS place, 'group.updated' AS type, 'group' AS subject_type, g.id AS id,
               g.version + 1 AS version, json_object(
                 'name', json_object('before', g.display_name, 'after', j.value ->> 'display_name'),
                 'external_id', json_object('before', coalesce(g.external_id_sent, g.external_id),
                   'after', coalesce(g.external_id_sent, g.external_id))) AS data
             FROM json_each(:renamed) j
             CROSS JOIN groups g ON g.org_id = :org AND g.id = j.value ->> 'id' AND +g.project_id = :id
               AND g.display_name <> j.value ->> 'display_name'";
    of_rows(tenant, y, &[text("id", project), text("renamed", renamed)])
}

/// Writes the event of a project that is about to be renamed.
pub fn project_renamed(tenant: &Tenant<'_>, id: &str, name: &str) -> Statement {
    of_project(
        tenant,
        "'project.renamed'",
        "json_object('name', json_object('before', r.name, 'after', :name))",
        &[text("id", id), text("name", name)],
    )
}

/// Writes the event of a team that is about to be renamed; the bindings name `team`, `project` and `name`.
pub(crate) fn team_renamed(tenant: &Tenant<'_>, bindings: &[Binding]) -> Statement {
    let frame = Frame {
        event_type: "'team.renamed'",
        subject_type: "'team'",
        subject_id: "t.id",
        data: "json_object('name', json_object('before', t.name, 'after', :name),
                 'project', json_object('id', r.id, 'name', r.name))",
        before: "projects r CROSS JOIN teams t ON t.project_id = r.id CROSS JOIN",
        behind: "WHERE r.org_id = :org AND r.id = :project AND t.id = :team AND t.name <> :name",
        ..Frame::default()
    };
    frame.statement(tenant, bindings)
}

/// Writes the event of a project that is about to be archived.
pub fn project_archived(tenant: &Tenant<'_>, id: &str) -> Statement {
    of_project(tenant, "'project.archived'", "json_object('name', r.name)", &[text("id", id)])
}

/// Writes the event of a project that is about to be restored.
pub fn project_restored(tenant: &Tenant<'_>, id: &str) -> Statement {
    of_project(tenant, "'project.restored'", "json_object('name', r.name)", &[text("id", id)])
}

/// Writes the events of the groups of a project that is about to be archived, of which SCIM no longer sees any.
pub fn hidden(tenant: &Tenant<'_>, project: &str) -> Statement {
    let groups = "SELECT g.id AS id, g.display_name AS name, row_number() OVER (ORDER BY g.seq) - 1 AS place
               FROM groups g WHERE +g.org_id = :org AND g.project_id = :id";
    of_groups(tenant, "group.hidden", groups, project)
}

/// Writes the events of the groups of a project that is about to be restored.
pub fn shown(tenant: &Tenant<'_>, project: &str) -> Statement {
    let groups = "SELECT a.id AS id, a.display_name AS name, row_number() OVER (
                 ORDER BY a.team_id IS NOT NULL, a.created_at, a.display_name) - 1 AS place
               FROM archived_groups a WHERE a.project_id = :id";
    of_groups(tenant, "group.shown", groups, project)
}

/// Writes events that list groups of a project, at most [`MAX_GROUPS_LISTED`] each. `groups` has the columns `id`,
/// `name` and `place`.
fn of_groups(tenant: &Tenant<'_>, event_type: &str, groups: &str, project: &str) -> Statement {
    let y = format!(
        "SELECT n.place / {MAX_GROUPS_LISTED} AS place, '{event_type}' AS type, 'project' AS subject_type, r.id AS id,
               NULL AS version, json_object('name', r.name, 'groups', json_group_array(
                 json_object('id', n.id, 'name', n.name) ORDER BY n.place)) AS data
             FROM projects r CROSS JOIN ({groups}) n
             WHERE r.org_id = :org AND r.id = :id GROUP BY n.place / {MAX_GROUPS_LISTED}"
    );
    of_rows(tenant, &y, &[text("id", project)])
}

fn of_project(tenant: &Tenant<'_>, event_type: &str, data: &str, bindings: &[Binding]) -> Statement {
    let frame = Frame {
        event_type,
        subject_type: "'project'",
        subject_id: "r.id",
        data,
        before: "projects r CROSS JOIN",
        behind: "WHERE r.org_id = :org AND r.id = :id",
        ..Frame::default()
    };
    frame.statement(tenant, bindings)
}

/// The event of the deletion of the group `g`, as columns of [`of_rows`] behind `place`.
fn deleted_columns() -> String {
    format!(
        "'group.deleted' AS type, 'group' AS subject_type, g.id AS id, g.version AS version,
           json_object('group', json({}), 'created_at', g.created_at, 'pushed_at', g.pushed_at) AS data",
        group_ref("")
    )
}

/// Writes the events of the groups `g` that satisfy a condition, which names `:id`, and are about to be deleted.
pub fn deleted(tenant: &Tenant<'_>, condition: &str, id: &str) -> Statement {
    let y = format!(
        "SELECT g.seq AS place, {} FROM groups g {MEANING} WHERE g.org_id = :org AND {condition}",
        deleted_columns()
    );
    of_rows(tenant, &y, &[text("id", id)])
}

/// Writes the events of a team that is about to be deleted with its groups.
pub fn team_deleted(tenant: &Tenant<'_>, team: &str) -> Statement {
    let reference = group_ref("");
    let frame = Frame {
        number: "1 + (SELECT count(*) FROM groups o WHERE o.team_id = t.id AND o.seq <= g.seq)",
        event_type: "iif(g.seq IS NULL, 'team.deleted', 'group.deleted')",
        subject_type: "iif(g.seq IS NULL, 'team', 'group')",
        subject_id: "coalesce(g.id, t.id)",
        version: "g.version",
        data: &format!(
            "iif(g.seq IS NULL,
               json_object('name', t.name, 'project', json_object('id', r.id, 'name', r.name),
                 'created_at', t.created_at),
               json_object('group', json({reference}), 'created_at', g.created_at, 'pushed_at', g.pushed_at))"
        ),
        // A row without a group is that of the team.
        behind: "CROSS JOIN teams t ON t.id = :team CROSS JOIN projects r ON r.id = t.project_id AND r.org_id = p.org_id
             CROSS JOIN json_each('[0,1]') k LEFT JOIN groups g ON g.team_id = iif(k.value, t.id, NULL)
             WHERE k.value = 0 OR g.seq IS NOT NULL",
        ..Frame::default()
    };
    frame.statement(tenant, &[text("team", team)])
}
