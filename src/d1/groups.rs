//! Groups in D1: the roles of projects and teams, and plain groups.

use serde::Deserialize;
use serde_json::Value;

use super::batch::{Batch, Handle, Select};
use super::columns::js_text;
use super::member_chunks::{ChunkCursor, Chunks};
use super::statement::{Binding, Statement, boolean, integer, optional, text};
use super::tenant::{Scope, Tenant, guard};
use super::{JsText, StorageError, StorageErrorKind, events};
use directory::event::{Event, GroupRef, NewEvent, SubjectType};
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
    /// Its own attributes, up to the members: `}` or `,"members":[…]}` completes it.
    pub own: String,
    /// Its members. `None`: not requested.
    pub members: Option<Chunks>,
}

impl Resource {
    /// Where the members begin that are still to be read, with the version of the group.
    ///
    /// # Errors
    /// `StorageErrorKind::Internal` if the resource does not end with its version.
    pub fn rest(&self) -> Result<Option<ChunkCursor>, StorageError> {
        let Some(rest) = self.members.as_ref().and_then(|members| members.rest) else { return Ok(None) };
        let version =
            self.own.rsplit_once(r#"W/\""#).and_then(|(_, version)| version.split_once('\\')?.0.parse().ok());
        let version = version
            .ok_or_else(|| StorageError::internal("a group does not end with its version".to_owned()))?;
        Ok(Some(rest.under(version)))
    }
}

/// A group's own attributes as the client gets them.
#[derive(Debug, Deserialize)]
pub struct OwnPart {
    /// Version.
    pub version: i64,
    /// The resource up to its members; see [`Resource::own`].
    #[serde(deserialize_with = "js_text")]
    pub body: JsText,
}

/// A group as the basis of a write.
#[derive(Debug, Deserialize)]
#[serde(from = "Columns")]
pub struct StoredGroup {
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

#[derive(Debug, Deserialize)]
struct Columns {
    id: String,
    version: i64,
    display_name: String,
    external_id: Option<String>,
    project_id: Option<String>,
    team_id: Option<String>,
}

impl From<Columns> for StoredGroup {
    fn from(columns: Columns) -> Self {
        let Columns { id, version, display_name, external_id, project_id, team_id } = columns;
        let kind = match (project_id, &team_id) {
            (_, Some(_)) => GroupKind::TeamRole,
            (Some(_), None) => GroupKind::ProjectRole,
            (None, None) => GroupKind::Plain,
        };
        Self { group: Group { display_name, external_id }, kind, id, version, team_id }
    }
}

/// The group that has a name.
#[derive(Debug, Deserialize)]
pub struct Holder {
    /// Identifier.
    pub id: String,
    /// The name as it is spelled.
    pub display_name: String,
}

/// The version that an UPDATE has made.
#[derive(Debug, Deserialize)]
pub struct Updated {
    /// The new version.
    pub version: i64,
}

/// Reads one group without its members; see [`super::member_chunks::of_group`].
pub fn resource(tenant: &Tenant<'_>, id: &str) -> Select<OwnPart> {
    let sql = format!(
        "SELECT g.version AS version, {RESOURCE} AS body FROM groups g WHERE g.org_id = :org AND g.id = :id"
    );
    tenant.select(&sql, &[text("id", id)])
}

/// Reads one group as the basis of a write.
pub fn find_for_update(tenant: &Tenant<'_>, id: &str) -> Select<StoredGroup> {
    tenant.select(
        "SELECT g.id AS id, g.version AS version, g.display_name AS display_name,
           coalesce(g.external_id_sent, g.external_id) AS external_id, g.project_id AS project_id, g.team_id AS team_id
         FROM groups g WHERE g.org_id = :org AND g.id = :id",
        &[text("id", id)],
    )
}

/// Reads the group that has a name, if there is one.
pub fn find_by_display_name(tenant: &Tenant<'_>, display_name: &str) -> Select<Holder> {
    tenant.select(
        "SELECT g.id AS id, g.display_name AS display_name FROM groups g
         WHERE g.org_id = :org AND g.name_fold = :name_fold",
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
    let group = GroupRef {
        id: id.to_owned(),
        name: group.display_name.clone(),
        external_id: group.external_id.clone(),
        project: None,
        team: None,
        role: None,
        since: None,
    };
    let created = NewEvent::new(Event::GroupCreated { group }, SubjectType::Group, id);
    let created = NewEvent { version: Some(1), ..created };
    let mut statements = vec![tenant.statement(sql, &bindings), guard()];
    statements.extend(events::record(tenant, &[created]));
    statements
}

/// Writes a changed group, and returns its new version. With `only_if_unchanged`, the group must not have been changed
/// since it was read. A change that depends on the members needs that; adding and removing members does not. An
/// attribute that the request does not change must still have the value that was read: otherwise the outcome would mix
/// the states of two moments.
pub fn update(
    batch: &mut Batch,
    tenant: &Tenant<'_>,
    current: &StoredGroup,
    group: &Group,
    only_if_unchanged: bool,
) -> Handle<Updated> {
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
        "UPDATE groups SET {} WHERE org_id = :org AND id = :id{conditions} RETURNING version",
        assignments.join(", ")
    );
    if *group != current.group {
        batch.execute(events::groups::updated(tenant, &current.id, group));
    }
    let updated = batch.push(tenant.select(&sql, &bindings));
    batch.execute(guard());
    updated
}

/// Gives a group its former name and client's identifier, unless it was changed since it was read.
pub(crate) fn set_back(tenant: &Tenant<'_>, id: &str, version: i64, group: &Group) -> [Statement; 2] {
    let sql = "UPDATE groups SET version = version + 1, last_modified = max(last_modified, :now),
                 display_name = :display_name, name_fold = :name_fold, external_id = :external_id,
                 external_id_sent = :external_id_sent
               WHERE org_id = :org AND id = :id AND version = :version";
    let mut bindings = vec![
        text("id", id),
        integer("version", version),
        text("display_name", group.display_name.as_str()),
        text("name_fold", fold_group_name(&group.display_name)),
    ];
    bindings.extend(external_id_of(group));
    [tenant.statement(sql, &bindings), guard()]
}

fn external_id_of(group: &Group) -> [Binding; 2] {
    let external_id = group.external_id.as_deref();
    [
        optional("external_id", external_id.map(compose).as_deref()),
        optional("external_id_sent", external_id.filter(|sent| !is_composed(sent))),
    ]
}

/// Deletes a group. If it stands for a team's role, the team with both its groups is deleted. Their memberships are
/// deleted, too; users stay.
pub fn delete(tenant: &Tenant<'_>, current: &StoredGroup, only_if_unchanged: bool) -> Vec<Statement> {
    let mut bindings = vec![
        text("id", current.id.as_str()),
        integer("version", current.version),
        boolean("any_version", !only_if_unchanged),
    ];
    let of_group = "org_id = :org AND id = :id AND (version = :version OR :any_version)";
    let mut statements = match &current.team_id {
        Some(team) => {
            let delete = format!(
                "DELETE FROM teams WHERE id = :team AND id IN (SELECT team_id FROM groups WHERE {of_group})"
            );
            bindings.push(text("team", team.as_str()));
            let mut statements = vec![events::groups::team_deleted(tenant, team)];
            statements.extend(end_memberships(tenant, Doomed::OfTeam, team));
            statements.push(tenant.statement(&delete, &bindings));
            statements
        }
        None => {
            let mut statements = vec![events::groups::deleted(tenant, "g.id = :id", &current.id)];
            statements.extend(end_memberships(tenant, Doomed::Plain, &current.id));
            let delete = format!("DELETE FROM groups WHERE {of_group} AND project_id IS NULL");
            statements.push(tenant.statement(&delete, &bindings));
            statements
        }
    };
    statements.push(guard());
    statements
}

/// Deletes groups that are not those of teams, with their memberships. Their ids come with their check.
pub(crate) fn delete_all(tenant: &Tenant<'_>, ids: &[&str]) -> Vec<Statement> {
    const OF_IDS: &str = "g.id IN (SELECT value FROM json_each(:id)) AND g.team_id IS NULL";
    let ids = Value::from(ids).to_string();
    let mut statements = vec![events::groups::deleted(tenant, OF_IDS, &ids)];
    let bindings = [text("id", ids.as_str())];
    statements.push(events::memberships::ended(
        tenant,
        &format!(
            "groups g CROSS JOIN memberships m ON m.group_seq = g.seq CROSS JOIN users u ON u.seq = m.user_seq
             WHERE g.org_id = :org AND {OF_IDS}"
        ),
        &bindings,
    ));
    let members = format!(
        "DELETE FROM memberships WHERE group_seq IN (SELECT g.seq FROM groups g WHERE g.org_id = :org AND {OF_IDS})"
    );
    statements.push(tenant.statement(&members, &bindings));
    let delete = format!("DELETE FROM groups AS g WHERE g.org_id = :org AND {OF_IDS}");
    statements.push(tenant.statement(&delete, &[text("id", ids)]));
    statements
}

/// Groups that are deleted together.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doomed {
    /// The groups of the team with the id.
    OfTeam,
    /// The groups of the project with the id.
    OfProject,
    /// The plain group with the id.
    Plain,
}

impl Doomed {
    /// The condition on the group `g`; `:id` is the id, and `org` SQL of the organization.
    fn condition(self, org: &str) -> String {
        // The plus keeps SQLite from searching all groups of the organization.
        match self {
            Self::OfTeam => format!("+g.org_id = {org} AND g.team_id = :id"),
            Self::OfProject => format!("+g.org_id = {org} AND g.project_id = :id"),
            Self::Plain => format!("g.org_id = {org} AND g.id = :id AND g.project_id IS NULL"),
        }
    }
}

/// Deletes the memberships of groups. Deleting the groups alone would do it as well, but then the trigger
/// `memberships_delete` would not know what a membership meant.
pub(super) fn end_memberships(tenant: &Tenant<'_>, doomed: Doomed, id: &str) -> [Statement; 2] {
    let bindings = [text("id", id)];
    let next = format!(
        "(SELECT g.seq FROM groups g WHERE {} AND g.seq > c.group_seq ORDER BY g.seq LIMIT 1)",
        doomed.condition("c.org_id")
    );
    let delete = format!(
        "DELETE FROM memberships WHERE group_seq IN (SELECT g.seq FROM groups g WHERE {})",
        doomed.condition(":org")
    );
    [events::memberships::ended_of_groups(tenant, &next, &bindings), tenant.statement(&delete, &bindings)]
}

/// Whether the unique index on a group's name refused a write.
pub fn name_is_taken(error: &StorageError) -> bool {
    matches!(&**error, StorageErrorKind::Taken(columns) if columns.contains("groups.name_fold"))
}
