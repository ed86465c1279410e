//! What a check of a permission reads: the person, the resource, and the roles that the person has in it.
//!
//! A question costs the same number of rows however large the directory is: the person and the resource are found by
//! indexes, and of the memberships only those of the resource's own groups are looked for, which projects and teams
//! list with what an answer says of them. D1 counts no row for that: SQLite looks into the index of memberships.

use serde::{Deserialize, Serialize};

use super::super::batch::Select;
use super::super::columns::{flag, json_by_value, json_or_none};
use super::super::statement::text;
use super::super::tenant::Tenant;
use crate::storage_error::StorageError;
use directory::permission::{HeldRole, RoleKind, RolePermissions};

/// Most questions that one statement answers.
pub(crate) const MOST_QUESTIONS: usize = 50;
/// How many places of a list two digits name.
const DIGITS: usize = 32;
/// Most roles of a project whose memberships are looked for without reading a row for each.
pub(crate) const MOST_PROBED: usize = DIGITS * DIGITS;

/// A person as a question names them: each form by which they may be known, in the form in which it is compared.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Who {
    /// Their id.
    pub id: Option<String>,
    /// Their folded `userName`.
    pub user_name: Option<String>,
    /// Their composed `externalId`.
    pub external_id: Option<String>,
}

/// A project, team, or the organization as a question names it: by its id, or by its name.
#[derive(Debug, Clone, Default, Serialize)]
pub struct What {
    /// What it is; `None`: nothing that has roles.
    pub on: Option<RoleKind>,
    /// The organization.
    pub organization: Option<String>,
    /// The project, or that of the team.
    pub project: Option<String>,
    /// The same by its folded name.
    pub project_name: Option<String>,
    /// The team.
    pub team: Option<String>,
    /// The same by its folded name.
    pub team_name: Option<String>,
}

/// A question: what a person may do with something.
#[derive(Debug, Clone, Serialize)]
pub struct Question {
    /// The person.
    pub who: Who,
    /// The thing.
    pub what: What,
}

/// What is known of a question.
#[derive(Debug, Deserialize)]
pub struct Facts {
    /// The permissions of the organization's roles; with the first question only.
    #[serde(deserialize_with = "json_or_none")]
    pub permissions: Option<RolePermissions>,
    /// The person's id; `None`: there is none, or more than one.
    pub person: Option<String>,
    /// Whether they may use the organization.
    #[serde(deserialize_with = "flag")]
    pub is_active: bool,
    /// Their organization role.
    pub organization_role: Option<String>,
    /// The id of the thing; `None`: there is none, or its project is archived.
    pub resource: Option<String>,
    #[serde(deserialize_with = "json_by_value")]
    held: Vec<Vec<Vec<HeldRole>>>,
}

impl Facts {
    /// The roles that the person has in the thing.
    pub fn held(&self) -> Vec<HeldRole> {
        let of_organization = self.organization_role.iter().map(|role| HeldRole {
            kind: RoleKind::Organization,
            role: role.clone(),
            group_id: None,
            group: None,
        });
        of_organization.chain(self.held.iter().flatten().flatten().cloned()).collect()
    }
}

/// SQL of the one person that `{ask}` names, as an array of `seq`, id, activity and organization role; NULL if it names
/// none, or several.
const PERSON: &str =
    "(SELECT iif(min(c.seq) = max(c.seq), json_array(c.seq, c.id, c.active, c.org_role), NULL) FROM (
               SELECT seq, id, active, org_role FROM users WHERE org_id = o.id AND id = {ask} ->> '$.who.id'
               UNION ALL
               SELECT seq, id, active, org_role FROM users
               WHERE org_id = o.id AND user_name_fold = {ask} ->> '$.who.user_name'
               UNION ALL
               SELECT * FROM (SELECT seq, id, active, org_role FROM users
                 WHERE org_id = o.id AND external_id = {ask} ->> '$.who.external_id' LIMIT 2)) c)";

/// SQL of questions `x`, each with its place, its person, and the organization. The LIMIT keeps SQLite from searching
/// for the person once for each use. No rows: the organization is not there, or is deleted.
pub(super) fn asked(is_single: bool) -> String {
    // A single question is no list, which would cost rows of its own.
    let (place, ask, from) = match is_single {
        true => ("0", "(:questions -> 0)", ""),
        false => ("a.key", "a.value", "CROSS JOIN json_each(:questions) a"),
    };
    format!(
        "(SELECT o.id AS org_id, iif({place} = 0, o.permissions, NULL) AS permissions, {ask} AS ask, {} AS person
           FROM organizations o {from} WHERE o.id = :org AND o.deleted_at IS NULL LIMIT {MOST_QUESTIONS}) x",
        PERSON.replace("{ask}", ask)
    )
}

/// The joins of the project `p` and the team `t` that `x.ask` names.
pub(super) const THING: &str = "LEFT JOIN projects p ON p.org_id = x.org_id AND p.archived_at IS NULL
           AND p.id = coalesce(x.ask ->> '$.what.project',
           (SELECT n.id FROM projects n
            WHERE n.org_id = x.org_id AND n.name_fold = x.ask ->> '$.what.project_name'),
           (SELECT n.project_id FROM teams n WHERE n.id = x.ask ->> '$.what.team'))
         LEFT JOIN teams t ON t.project_id = p.id AND t.id = coalesce(x.ask ->> '$.what.team',
           (SELECT n.id FROM teams n WHERE n.project_id = p.id AND n.name_fold = x.ask ->> '$.what.team_name'))";

/// SQL of the id of that thing.
pub(super) const RESOURCE: &str = "CASE x.ask ->> '$.what.on'
             WHEN 'organization' THEN iif(x.ask ->> '$.what.organization' = x.org_id, x.org_id, NULL)
             WHEN 'project' THEN p.id WHEN 'team' THEN t.id END";

/// SQL of a [`HeldRole`] of the group `g`.
pub(super) fn held_role(kind: &str) -> String {
    format!("json_object('on', '{kind}', 'role', g.role, 'group_id', g.id, 'group', g.display_name)")
}

/// SQL of the roles that the person has in the project or team with an alias: arrays of them, in an array. The digits
/// make the places in the list of groups, since to join the list costs a row for each of its elements.
fn held_in(of: &str, kind: &str) -> String {
    let digits: Vec<String> = (0..DIGITS).map(|digit| format!("({digit})")).collect();
    let digits = digits.join(",");
    let place = format!("({DIGITS} * a.column1 + b.column1)");
    format!(
        "json((SELECT json_group_array(json((SELECT json_group_array(json(coalesce(
               {of}.roles -> ('$.\"' || ({of}.role_groups ->> {place}) || '\"'),
               (SELECT {} FROM groups g WHERE g.seq = {of}.role_groups ->> {place}))))
             FROM (VALUES {digits}) b
             WHERE ({of}.role_groups ->> {place}, x.person ->> 0) IN (SELECT group_seq, user_seq FROM memberships))))
           FROM (VALUES {digits}) a WHERE {DIGITS} * a.column1 < json_array_length({of}.role_groups)))",
        held_role(kind)
    )
}

/// Reads what is known of each question, in their order.
///
/// # Errors
/// Internal, if the questions cannot be JSON.
pub fn facts(tenant: &Tenant<'_>, questions: &[Question]) -> Result<Select<Facts>, StorageError> {
    let sql = format!(
        "SELECT x.permissions AS permissions, x.person ->> 1 AS person, coalesce(x.person ->> 2, 0) AS is_active,
           x.person ->> 3 AS organization_role, {RESOURCE} AS resource, json_array({}, {},
             json(iif(json_array_length(p.role_groups) > {MOST_PROBED}, (
               SELECT json_array(json_group_array({})) FROM json_each(p.role_groups) j
               CROSS JOIN memberships m ON m.group_seq = j.value AND m.user_seq = x.person ->> 0
               CROSS JOIN groups g ON g.seq = m.group_seq WHERE j.key >= {MOST_PROBED}), '[]'))) AS held
         FROM {}
         {THING}",
        held_in("p", "project"),
        held_in("t", "team"),
        held_role("project"),
        asked(questions.len() == 1),
    );
    Ok(tenant.select(&sql, &[text("questions", as_json(questions)?)]))
}

pub(super) fn as_json(questions: &[Question]) -> Result<String, StorageError> {
    serde_json::to_string(questions)
        .map_err(|error| StorageError::internal(format!("questions cannot be JSON: {error}")))
}
