//! Groups in D1: the roles of projects and teams, and plain groups.

use serde::Deserialize;

use super::filter::{Table, compile};
use super::session::parse;
use super::statement::{Statement, integer, optional, text};
use super::tenant::{Tenant, guard};
use super::{Row, StoreError};
use crate::directory::group::{Group, GroupKind};
use crate::scim::ScimError;
use crate::scim::filter::Filter;
use crate::scim::list::Page;
use crate::scim::text::fold;

/// A resource as the client gets it, up to its members: `,"members":[…]}` or `}` completes it.
const RESOURCE: &str = r#"
  '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"' || g.id
  || iif(g.external_id IS NULL, '"', '","externalId":' || json_quote(g.external_id))
  || ',"displayName":' || json_quote(g.display_name)
  || ',"meta":{"resourceType":"Group","created":"' || g.created_at || '","lastModified":"' || g.last_modified
  || '","location":"' || :base || '/Groups/' || g.id || '"}' AS body"#;

/// A group as stored, and the version on which a write is based.
#[derive(Debug)]
pub struct GroupRecord {
    /// Its own attributes.
    pub group: Group,
    /// What it stands for.
    pub kind: GroupKind,
    /// Identifier.
    pub id: String,
    team_id: Option<String>,
    version: i64,
}

#[derive(Deserialize)]
struct Head {
    id: String,
    version: i64,
    display_name: String,
    external_id: Option<String>,
    project_id: Option<String>,
    team_id: Option<String>,
}

impl GroupRecord {
    /// Reads a row of [`record`].
    ///
    /// # Errors
    /// Our fault: the row is not what the statement selects.
    pub fn read(row: &Row) -> Result<Self, StoreError> {
        let head: Head = parse(&row.head)?;
        let kind = match (&head.project_id, &head.team_id) {
            (_, Some(_)) => GroupKind::TeamRole,
            (Some(_), None) => GroupKind::ProjectRole,
            (None, None) => GroupKind::Plain,
        };
        Ok(Self {
            group: Group { display_name: head.display_name, external_id: head.external_id },
            kind,
            id: head.id,
            team_id: head.team_id,
            version: head.version,
        })
    }
}

/// Reads one group, its id as `head`, without its members; see [`super::memberships::of_group`].
pub fn resource(tenant: &Tenant<'_>, id: &str) -> Statement {
    let sql = format!("SELECT g.id AS head, {RESOURCE} FROM groups g WHERE g.org_id = :org AND g.id = :id");
    tenant.statement(&sql, vec![text("id", id)])
}

/// Reads one group as a basis for a write; see [`GroupRecord::read`].
pub fn record(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(
        "SELECT json_object('id', g.id, 'version', g.version, 'display_name', g.display_name, 'external_id', g.external_id,
           'project_id', g.project_id, 'team_id', g.team_id) AS head
         FROM groups g WHERE g.org_id = :org AND g.id = :id",
        vec![text("id", id)],
    )
}

/// Reads the id of the group that has a name, as `head`; nothing if none has it.
pub fn holder_of(tenant: &Tenant<'_>, display_name: &str) -> Statement {
    tenant.statement(
        "SELECT g.id AS head FROM groups g WHERE g.org_id = :org AND g.name_fold = :name_fold",
        vec![text("name_fold", fold(display_name))],
    )
}

/// Prepares a page of groups in order of insertion: the page, the members of its groups if they are
/// wanted, and the count.
///
/// # Errors
/// `invalidFilter` for what cannot be served.
pub fn list(
    tenant: &Tenant<'_>,
    filter: Option<&Filter<'_>>,
    page: Page,
    with_members: bool,
) -> Result<Vec<Statement>, ScimError> {
    let condition = compile(Table::Groups, filter)?;
    let from = format!("FROM groups g WHERE g.org_id = :org AND {}", condition.sql);
    let tail = "ORDER BY g.seq LIMIT CAST(:count AS INTEGER) OFFSET CAST(:offset AS INTEGER)";
    let bindings = || {
        let mut bindings = condition.bindings.clone();
        bindings.push(integer("count", page.count));
        bindings.push(integer("offset", i64::try_from(page.offset()).unwrap_or(i64::MAX)));
        bindings
    };
    let mut statements = vec![
        tenant.statement(&format!("SELECT g.id AS head, {RESOURCE} {from} {tail}"), bindings()),
        tenant
            .statement(&format!("SELECT CAST(count(*) AS TEXT) AS head {from}"), condition.bindings.clone()),
    ];
    if with_members {
        let page = format!("SELECT g.seq {from} {tail}");
        statements.push(super::memberships::of_groups(tenant, &page, bindings()));
    }
    Ok(statements)
}

/// Writes a group tied to no project; a statement that adds members may follow.
pub fn insert_plain(tenant: &Tenant<'_>, id: &str, group: &Group) -> Vec<Statement> {
    let sql =
        "INSERT INTO groups (org_id, id, display_name, name_fold, external_id, created_at, last_modified)
               SELECT o.id, :id, :display_name, :name_fold, :external_id, :now, :now
               FROM organizations o WHERE o.id = :org";
    let bindings = vec![
        text("id", id),
        text("display_name", group.display_name.as_str()),
        text("name_fold", fold(&group.display_name)),
        optional("external_id", group.external_id.as_deref()),
    ];
    vec![tenant.statement(sql, bindings), guard()]
}

/// Writes a changed group. `only_if_unchanged`: not if somebody else changed it since it was read; what
/// was decided from its members needs that, adding and removing does not.
pub fn update(
    tenant: &Tenant<'_>,
    current: &GroupRecord,
    group: &Group,
    only_if_unchanged: bool,
) -> Vec<Statement> {
    let mut assignments = vec!["version = version + 1", "last_modified = max(last_modified, :now)"];
    let mut bindings = vec![text("id", current.id.as_str()), integer("version", current.version)];
    if group.display_name != current.group.display_name {
        assignments.push("display_name = :display_name");
        assignments.push("name_fold = :name_fold");
        bindings.push(text("display_name", group.display_name.as_str()));
        bindings.push(text("name_fold", fold(&group.display_name)));
    }
    if group.external_id != current.group.external_id {
        assignments.push("external_id = :external_id");
        bindings.push(optional("external_id", group.external_id.as_deref()));
    }
    let condition = if only_if_unchanged { " AND version = :version" } else { "" };
    let sql =
        format!("UPDATE groups SET {} WHERE org_id = :org AND id = :id{condition}", assignments.join(", "));
    vec![tenant.statement(&sql, bindings), guard()]
}

/// Deletes a group; where it stands for a team's role, the team with both its groups. Memberships go with
/// them, users stay.
pub fn delete(tenant: &Tenant<'_>, current: &GroupRecord) -> Vec<Statement> {
    let statement = match &current.team_id {
        Some(team) => tenant.statement(
            "DELETE FROM teams WHERE id = :team AND project_id IN (SELECT id FROM projects WHERE org_id = :org)",
            vec![text("team", team.as_str())],
        ),
        None => tenant.statement(
            "DELETE FROM groups WHERE org_id = :org AND id = :id AND project_id IS NULL",
            vec![text("id", current.id.as_str())],
        ),
    };
    vec![statement, guard()]
}

/// Whether the unique index on a group's name refused a write.
pub fn name_is_taken(error: &StoreError) -> bool {
    matches!(error, StoreError::Taken(columns) if columns.contains("groups.name_fold"))
}
