//! Groups in D1: the roles of projects and teams, and plain groups.

use super::member_chunks::{ChunkCursor, Chunks};
use super::record::{self, Record};
use super::statement::{Binding, Statement, boolean, integer, optional, text};
use super::tenant::{Scope, Tenant, guard};
use super::{Row, StorageError};
use directory::group::{Group, GroupKind};
use directory::group_name::fold_group_name;
use scim_protocol::text::{compose, is_composed};

/// A resource as the client gets it, up to its members: `,"members":[…]}` or `}` completes it.
pub(crate) const RESOURCE: &str = r#"'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"' || g.id
  || iif(g.external_id IS NULL, '"', '","externalId":' || json_quote(coalesce(g.external_id_sent, g.external_id)))
  || ',"displayName":' || json_quote(g.display_name)
  || ',"meta":{"resourceType":"Group","created":"' || g.created_at || '","lastModified":"' || g.last_modified
  || '","location":"' || :base || '/Groups/' || g.id || '","version":"W/\"' || g.version || '\""}'"#;

/// A group as the client gets it.
#[derive(Debug, Default)]
pub struct Resource {
    /// Its own attributes, up to the members: what completes it is `}` or `,"members":[…]}`.
    pub own: String,
    /// Its members. `None`: not asked for.
    pub members: Option<Chunks>,
}

impl Resource {
    /// Where the members begin that are still to be read, in the group as it is in that version.
    ///
    /// # Errors
    /// Our fault: the resource does not end with its version.
    pub fn rest(&self) -> Result<Option<ChunkCursor>, StorageError> {
        let Some(rest) = self.members.as_ref().and_then(|members| members.rest) else { return Ok(None) };
        let version =
            self.own.rsplit_once(r#"W/\""#).and_then(|(_, version)| version.split_once('\\')?.0.parse().ok());
        let version = version
            .ok_or_else(|| StorageError::Internal("a group does not end with its version".to_owned()))?;
        Ok(Some(rest.under(version)))
    }
}

/// A group as stored, and the version on which a write is based.
#[derive(Debug)]
pub struct GroupRecord {
    /// Its own attributes.
    pub group: Group,
    /// What it stands for.
    pub kind: GroupKind,
    /// Identifier.
    pub id: String,
    /// The version that a write is based on.
    pub version: i64,
    team_id: Option<String>,
}

impl GroupRecord {
    /// Reads a row of [`find_for_update`].
    ///
    /// # Errors
    /// Our fault: the row is not what the statement selects.
    pub fn read(row: &Row) -> Result<Self, StorageError> {
        record::read("a group", &row.head, |value| {
            let mut record = Record::of(value)?;
            let team_id = record.text_or_null("team_id")?;
            let kind = match (record.text_or_null("project_id")?, &team_id) {
                (_, Some(_)) => GroupKind::TeamRole,
                (Some(_), None) => GroupKind::ProjectRole,
                (None, None) => GroupKind::Plain,
            };
            Some(Self {
                group: Group {
                    display_name: record.text("display_name")?,
                    external_id: record.text_or_null("external_id")?,
                },
                kind,
                id: record.text("id")?,
                version: record.integer("version")?,
                team_id,
            })
        })
    }
}

/// Reads one group, its version as `head`, without its members; see [`super::member_chunks::of_group`].
pub fn resource(tenant: &Tenant<'_>, id: &str) -> Statement {
    let sql = format!(
        "SELECT CAST(g.version AS TEXT) AS head, {RESOURCE} AS body FROM groups g WHERE g.org_id = :org AND g.id = :id"
    );
    tenant.statement(&sql, &[text("id", id)])
}

/// Reads one group as a basis for a write; see [`GroupRecord::read`].
pub fn find_for_update(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(
        "SELECT json_object('id', g.id, 'version', g.version, 'display_name', g.display_name, 'external_id', coalesce(g.external_id_sent, g.external_id),
           'project_id', g.project_id, 'team_id', g.team_id) AS head
         FROM groups g WHERE g.org_id = :org AND g.id = :id",
        &[text("id", id)],
    )
}

/// Reads the group that has a name: as `head` its id, as `body` the name as it is spelled; nothing if none has it.
pub fn find_by_display_name(tenant: &Tenant<'_>, display_name: &str) -> Statement {
    tenant.statement(
        "SELECT g.id AS head, g.display_name AS body FROM groups g WHERE g.org_id = :org AND g.name_fold = :name_fold",
        &[text("name_fold", fold_group_name(display_name))],
    )
}

/// Writes a group tied to no project; a statement that adds members may follow.
pub fn insert_plain(tenant: &Tenant<'_>, id: &str, group: &Group) -> Vec<Statement> {
    let sql =
        "INSERT INTO groups (org_id, id, display_name, name_fold, external_id, external_id_sent, pushed_at, created_at,
                 last_modified)
               SELECT o.id, :id, :display_name, :name_fold, :external_id, :external_id_sent, :now, :now, :now
               FROM organizations o WHERE o.id = :org";
    let mut bindings = vec![
        text("id", id),
        text("display_name", group.display_name.as_str()),
        text("name_fold", fold_group_name(&group.display_name)),
    ];
    bindings.extend(external_id_of(group));
    vec![tenant.statement(sql, &bindings), guard()]
}

/// Writes a changed group; the first statement returns the new version. `only_if_unchanged`: not if somebody else
/// changed it since it was read; what was decided from its members needs that, adding and removing does not. An
/// attribute that the request leaves as it was read has to be so still: otherwise the outcome would be that of no
/// single moment.
pub fn update(
    tenant: &Tenant<'_>,
    current: &GroupRecord,
    group: &Group,
    only_if_unchanged: bool,
) -> Vec<Statement> {
    let mut assignments = vec!["version = version + 1", "last_modified = max(last_modified, :now)"];
    let mut conditions = String::new();
    let mut bindings = vec![
        text("id", current.id.as_str()),
        integer("version", current.version),
        text("display_name", group.display_name.as_str()),
    ];
    bindings.extend(external_id_of(group));
    if group.display_name == current.group.display_name {
        conditions.push_str(" AND display_name = :display_name");
    } else {
        assignments.push("display_name = :display_name");
        assignments.push("name_fold = :name_fold");
        bindings.push(text("name_fold", fold_group_name(&group.display_name)));
    }
    if matches!(tenant.scope, Scope::Key { .. }) {
        assignments.push("pushed_at = :now");
    }
    if group.external_id == current.group.external_id {
        conditions.push_str(" AND external_id IS :external_id");
    } else {
        assignments.push("external_id = :external_id");
        assignments.push("external_id_sent = :external_id_sent");
    }
    if only_if_unchanged {
        conditions.push_str(" AND version = :version");
    }
    let sql = format!(
        "UPDATE groups SET {} WHERE org_id = :org AND id = :id{conditions} RETURNING CAST(version AS TEXT) AS head",
        assignments.join(", ")
    );
    vec![tenant.statement(&sql, &bindings), guard()]
}

fn external_id_of(group: &Group) -> [Binding; 2] {
    let external_id = group.external_id.as_deref();
    [
        optional("external_id", external_id.map(compose).as_deref()),
        optional("external_id_sent", external_id.filter(|sent| !is_composed(sent))),
    ]
}

/// Deletes a group; where it stands for a team's role, the team with both its groups. Memberships go with
/// them, users stay.
pub fn delete(tenant: &Tenant<'_>, current: &GroupRecord, only_if_unchanged: bool) -> Vec<Statement> {
    let mut bindings = vec![
        text("id", current.id.as_str()),
        integer("version", current.version),
        boolean("any_version", !only_if_unchanged),
    ];
    let of_group = "org_id = :org AND id = :id AND (version = :version OR :any_version)";
    let delete = match &current.team_id {
        Some(team) => {
            bindings.push(text("team", team.as_str()));
            format!(
                "DELETE FROM teams WHERE id = :team AND id IN (SELECT team_id FROM groups WHERE {of_group})"
            )
        }
        None => format!("DELETE FROM groups WHERE {of_group} AND project_id IS NULL"),
    };
    vec![tenant.statement(&delete, &bindings), guard()]
}

/// Whether the unique index on a group's name refused a write.
pub fn name_is_taken(error: &StorageError) -> bool {
    matches!(error, StorageError::Taken(columns) if columns.contains("groups.name_fold"))
}
