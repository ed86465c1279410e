//! The folded names of projects, teams and groups.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::step::{MOST_ROWS, Position, SAME_NAME, Step, bare, guard_all, log_sql, not_ascii, rows_of};
use crate::d1::Tenant;
use crate::d1::batch::Select;
use crate::d1::statement::{Statement, text};
use directory::group_name::fold_group_name;
use scim_protocol::text::compose;

/// A table whose rows have a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Names {
    table: &'static str,
    /// Column of the name as it is shown.
    name: &'static str,
    /// Column by which the rows are ordered.
    key: &'static str,
    /// FROM and WHERE, which find the rows of the organization as `t`.
    of_organization: &'static str,
    /// The condition that another row, `h`, has the name; `j` is the change.
    taken: &'static str,
    /// Whether there is an `external_id`.
    is_group: bool,
    /// What the log calls a row, if it is told there.
    resource_type: Option<&'static str>,
}

pub(crate) const PROJECTS: Names = Names {
    table: "projects",
    name: "name",
    key: "id",
    of_organization: "FROM projects t WHERE t.org_id = :org",
    taken: "EXISTS (SELECT 1 FROM projects h WHERE h.org_id = projects.org_id AND h.name_fold = j.value ->> 'fold'
              AND h.id <> projects.id)",
    is_group: false,
    resource_type: Some("Project"),
};
pub(crate) const TEAMS: Names = Names {
    table: "teams",
    name: "name",
    key: "id",
    of_organization: "FROM projects p JOIN teams t ON t.project_id = p.id WHERE p.org_id = :org",
    taken: "EXISTS (SELECT 1 FROM teams h WHERE h.project_id = teams.project_id AND h.name_fold = j.value ->> 'fold'
              AND h.id <> teams.id)",
    is_group: false,
    resource_type: None,
};
pub(crate) const ARCHIVED_GROUPS: Names = Names {
    table: "archived_groups",
    name: "display_name",
    key: "id",
    of_organization: "FROM projects p JOIN archived_groups t ON t.project_id = p.id WHERE p.org_id = :org",
    taken: "FALSE",
    is_group: true,
    resource_type: None,
};
pub(crate) const GROUPS: Names = Names {
    table: "groups",
    name: "display_name",
    key: "seq",
    of_organization: "FROM groups t WHERE t.org_id = :org",
    taken: "EXISTS (SELECT 1 FROM groups h WHERE h.org_id = groups.org_id AND h.name_fold = j.value ->> 'fold'
              AND h.seq <> groups.seq)
            OR EXISTS (SELECT 1 FROM archived_groups a JOIN projects p ON p.id = a.project_id
              WHERE a.name_fold = j.value ->> 'fold' AND p.org_id = groups.org_id AND p.archived_at IS NOT NULL)",
    is_group: true,
    resource_type: Some("Group"),
};

/// A name and its folded form.
#[derive(Debug, Deserialize)]
pub(crate) struct NameRow {
    /// In whose order the rows are gone through.
    key: String,
    name: String,
    fold: String,
    external_id: Option<String>,
}

impl Names {
    /// Reads the next names that are not all ASCII.
    pub(crate) fn rows(&self, tenant: &Tenant<'_>, after: &str) -> Select<NameRow> {
        let Self { name, key, of_organization, .. } = self;
        let (external_id, also) = match self.is_group {
            true => (
                "coalesce(t.external_id_sent, t.external_id)",
                format!(" OR {}", not_ascii("coalesce(t.external_id_sent, t.external_id, '')")),
            ),
            false => ("NULL", String::new()),
        };
        let (after_key, after) = match *key {
            "seq" => ("CAST(:after AS INTEGER)", if after.is_empty() { "0" } else { after }),
            _ => (":after", after),
        };
        let sql = format!(
            "SELECT CAST(t.{key} AS TEXT) AS key, t.{name} AS name, t.name_fold AS fold, {external_id} AS external_id
             {of_organization} AND t.{key} > {after_key}
               AND ({}{also} OR t.{name} <> trim(t.{name}, ' ' || char(9, 10, 13)))
             ORDER BY t.{key} LIMIT CAST(:most AS INTEGER)",
            not_ascii(&format!("t.{name}"))
        );
        tenant.select_few(&sql, &[text("after", after), text("most", MOST_ROWS.to_string())])
    }

    /// The step that writes what differs in these rows.
    pub(crate) fn step(&self, tenant: &Tenant<'_>, position: &Position, rows: &[NameRow]) -> Step {
        let mut changes = Vec::new();
        let mut seen = HashSet::new();
        let mut last = String::new();
        for row in rows {
            let NameRow { key, name, fold: folded, external_id } = row;
            last.clone_from(key);
            let new = fold_group_name(name);
            let composed = external_id.as_deref().map(compose);
            if bare(folded) == new && composed.as_deref() == external_id.as_deref() {
                continue;
            }
            let is_second = !seen.insert(new.clone());
            let sent = external_id.as_deref().filter(|sent| composed.as_deref() != Some(*sent));
            changes.push(json!({
                "key": key.as_str(), "name": name.as_str(), "fold": new, "is_second": is_second,
                "external_id": composed.as_deref(), "external_id_sent": sent,
            }));
        }
        let next = match rows.len() < MOST_ROWS {
            true => position.next_stage(),
            false => position.behind(last),
        };
        Step { statements: self.change(tenant, changes), next }
    }

    fn change(&self, tenant: &Tenant<'_>, changes: Vec<Value>) -> Vec<Statement> {
        if changes.is_empty() {
            return Vec::new();
        }
        let Self { table, name, key, taken, .. } = self;
        let (also, unchanged) = match self.is_group {
            true => (
                ", external_id = j.value ->> 'external_id', external_id_sent = j.value ->> 'external_id_sent'",
                format!(
                    " AND coalesce({table}.external_id_sent, {table}.external_id)
                      IS coalesce(j.value ->> 'external_id_sent', j.value ->> 'external_id')"
                ),
            ),
            false => ("", String::new()),
        };
        let update = format!(
            "UPDATE {table} SET name_fold = CASE
               WHEN j.value ->> 'is_second' OR {taken}
               THEN (j.value ->> 'fold') || {SAME_NAME} || {table}.id ELSE j.value ->> 'fold' END{also}
             FROM json_each(:rows) j
             WHERE {table}.{key} = j.value ->> 'key' AND {table}.{name} = j.value ->> 'name'{unchanged}"
        );
        let count = changes.len();
        let rows = rows_of(changes);
        let mut statements = vec![tenant.statement(&update, std::slice::from_ref(&rows)), guard_all(count)];
        if let Some(resource_type) = self.resource_type {
            let log = log_sql(
                resource_type,
                &format!("'/{resource_type}s/' || t.id"),
                &format!("t.{name}"),
                &format!(
                    "'The name \"' || substr(t.{name}, 1, 100) || '\" (' || t.id || ') is now the same as that of \"' \
                     || substr(h.{name}, 1, 100) || '\" (' || h.id || '), which is found by it. Rename one of them.'"
                ),
                &format!(
                    "json_each(:rows) j CROSS JOIN {table} t ON t.{key} = j.value ->> 'key'
                     CROSS JOIN {table} h ON h.org_id = t.org_id AND h.name_fold = j.value ->> 'fold' AND h.id <> t.id
                     WHERE t.name_fold <> j.value ->> 'fold'"
                ),
            );
            statements.push(tenant.statement(&log, &[rows]));
        }
        statements
    }
}
