//! What a search for people or things with a permission reads: first the roles that decide, then pages.

use serde::Deserialize;

use super::super::batch::Select;
use super::super::columns::{flag, json_or_none};
use super::super::statement::{integer, text};
use super::super::tenant::Tenant;
use super::check::{Question, RESOURCE, THING, as_json, asked};
use crate::storage_error::StorageError;
use directory::permission::{RoleKind, RolePermissions};

/// Most results of a page.
pub(crate) const MOST_FOUND: u64 = 100;

/// A role of a project or team, and its group.
#[derive(Debug, Clone, Deserialize)]
pub struct RoleGroup {
    /// What it is a role of.
    pub on: RoleKind,
    /// The role.
    pub role: String,
    /// The `seq` of its group.
    pub seq: i64,
    /// The project.
    pub project: String,
    /// The team.
    pub team: Option<String>,
}

/// What decides a search.
#[derive(Debug, Deserialize)]
pub struct Deciding {
    /// The permissions of the organization's roles.
    #[serde(deserialize_with = "json_or_none")]
    pub permissions: Option<RolePermissions>,
    /// The organization's id.
    pub organization: String,
    /// The id of the thing, if the question names one that is there.
    pub resource: Option<String>,
    /// Whether the question names a person who is active.
    #[serde(deserialize_with = "flag")]
    pub is_active: bool,
    /// Their organization role.
    pub organization_role: Option<String>,
    /// The roles of the thing, or those of the person.
    #[serde(deserialize_with = "json_or_none")]
    pub roles: Option<Vec<RoleGroup>>,
}

const ROLE_GROUP: &str = "json_group_array(json_object('on', iif(g.team_id IS NULL, 'project', 'team'),
             'role', g.role, 'seq', g.seq, 'project', g.project_id, 'team', g.team_id))";

/// Reads the roles of the thing that a question names: by a row or two for each.
///
/// # Errors
/// Internal, if the question cannot be JSON.
pub fn roles_of_thing(tenant: &Tenant<'_>, question: Question) -> Result<Select<Deciding>, StorageError> {
    let roles = format!(
        "(SELECT {ROLE_GROUP} FROM (
             SELECT value FROM json_each(p.role_groups)
             UNION ALL SELECT value FROM json_each(coalesce(t.role_groups, '[]'))) j
           CROSS JOIN groups g ON g.seq = j.value)"
    );
    deciding(tenant, question, &roles)
}

/// Reads all roles of the person that a question names: two rows for each.
///
/// # Errors
/// As [`roles_of_thing`].
pub fn roles_of_person(tenant: &Tenant<'_>, question: Question) -> Result<Select<Deciding>, StorageError> {
    let roles = format!(
        "(SELECT {ROLE_GROUP} FROM memberships m CROSS JOIN groups g ON g.seq = m.group_seq
           WHERE m.user_seq = x.person ->> 0 AND g.role IS NOT NULL)"
    );
    deciding(tenant, question, &roles)
}

fn deciding(tenant: &Tenant<'_>, question: Question, roles: &str) -> Result<Select<Deciding>, StorageError> {
    let sql = format!(
        "SELECT x.permissions AS permissions, x.org_id AS organization, {RESOURCE} AS resource,
           coalesce(x.person ->> 2, 0) AS is_active, x.person ->> 3 AS organization_role, {roles} AS roles
         FROM {} {THING}",
        asked(true)
    );
    Ok(tenant.select(&sql, &[text("questions", as_json(&[question])?)]))
}

/// A person or thing of a page.
#[derive(Debug, Deserialize)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// Its place in the order of the pages.
    pub place: String,
    /// Whether it is a result: other rows only count for the size of the page.
    #[serde(deserialize_with = "flag")]
    pub is_found: bool,
}

/// The part of a search that a page belongs to.
#[derive(Debug, Clone)]
pub enum Part {
    /// All people.
    Everyone,
    /// People with one of the organization roles in a JSON array.
    WithOrganizationRole(String),
    /// People with an organization role other than Member.
    WithRole(String),
    /// The members of a group who are not in one of the others, and have none of the organization roles.
    Members {
        /// The group.
        group: i64,
        /// The groups of earlier parts, and the roles of earlier parts, as JSON.
        earlier: (String, String),
    },
    /// All projects.
    Projects,
    /// The teams of all projects, or of those whose ids are in a JSON array.
    Teams(Option<String>),
}

/// Reads a page of a part of a search, at most `limit` rows behind a place.
pub fn page(tenant: &Tenant<'_>, part: &Part, after: &str, limit: u64) -> Select<Found> {
    let mut bindings = vec![text("after", after), text("limit", limit.to_string())];
    const PEOPLE: &str = "SELECT u.id AS id, u.user_name_fold AS place, u.active AS is_found
           FROM users u WHERE u.org_id = :org AND u.user_name_fold > :after";
    let sql = match part {
        Part::Everyone => format!("{PEOPLE} ORDER BY u.user_name_fold"),
        Part::WithOrganizationRole(roles) => {
            bindings.push(text("roles", roles.as_str()));
            let is_found = "u.active = 1 AND u.org_role IN (SELECT value FROM json_each(:roles)) AS is_found";
            format!("{} ORDER BY u.user_name_fold", PEOPLE.replace("u.active AS is_found", is_found))
        }
        Part::WithRole(role) => {
            bindings.push(text("role", role.as_str()));
            format!("{PEOPLE} AND u.org_role = :role AND u.org_role <> 'Member' ORDER BY u.user_name_fold")
        }
        Part::Members { group, earlier: (groups, roles) } => {
            bindings.extend([
                integer("group", *group),
                text("groups", groups.as_str()),
                text("roles", roles.as_str()),
            ]);
            "SELECT u.id AS id, CAST(m.user_seq AS TEXT) AS place, u.active = 1
               AND NOT EXISTS (SELECT 1 FROM json_each(:roles) r WHERE r.value = u.org_role)
               AND NOT EXISTS (SELECT 1 FROM json_each(:groups) e
                 CROSS JOIN memberships d ON d.group_seq = e.value AND d.user_seq = m.user_seq) AS is_found
             FROM memberships m CROSS JOIN users u ON u.seq = m.user_seq
             WHERE m.group_seq = CAST(:group AS INTEGER) AND m.user_seq > CAST(:after AS INTEGER) AND u.org_id = :org
             ORDER BY m.user_seq"
                .to_owned()
        }
        Part::Projects => "SELECT p.id AS id, p.name_fold AS place, p.archived_at IS NULL AS is_found
             FROM projects p WHERE p.org_id = :org AND p.name_fold > :after ORDER BY p.name_fold"
            .to_owned(),
        Part::Teams(projects) => {
            bindings.push(text("projects", projects.as_deref().unwrap_or("null")));
            // No name has a line break.
            "SELECT t.id AS id, p.name_fold || char(10) || t.name_fold AS place, 1 AS is_found
             FROM projects p CROSS JOIN teams t ON t.project_id = p.id
             WHERE p.org_id = :org AND p.archived_at IS NULL
               AND (:projects = 'null' OR p.id IN (SELECT value FROM json_each(:projects)))
               AND p.name_fold >= substr(:after, 1, max(0, instr(:after, char(10)) - 1))
               AND p.name_fold || char(10) || t.name_fold > :after
             ORDER BY p.name_fold, t.name_fold"
                .to_owned()
        }
    };
    tenant.select(&format!("{sql} LIMIT CAST(:limit AS INTEGER)"), &bindings)
}
