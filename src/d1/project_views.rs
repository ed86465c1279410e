//! Projects, teams, roles and plain groups as the console lists them: a page at a time, each with how many people it
//! has, and when an identity provider last pushed to it.
//!
//! People are counted while a list is read, as long as that takes few rows; larger numbers are those that the hourly
//! maintenance has counted (see [`super::people_counts`]).

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::batch::Select;
use super::columns::object_by_value;
use super::console_views::DESCRIBED;
use super::statement::{Binding, integer, optional, text};
use super::tenant::Tenant;
use directory::group_name::fold_group_name;

/// Most memberships of one project, team or group that are counted while a list is read.
pub(crate) const MOST_COUNTED: u32 = 100;
/// Most members of each role that are counted for the page of a team or role.
pub(crate) const MOST_COUNTED_OF_ONE: u32 = 1_000;
/// Most names that a search looks through.
pub(crate) const MOST_SEARCHED: u32 = 20_000;
/// Most projects or groups that are sorted by anything but their names: the first by name.
pub(crate) const MOST_SORTED: u32 = 1_000;
/// Most members of a role that the page of a team names.
pub(crate) const MOST_NAMED: u32 = 10;

/// By what a list is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By name.
    #[default]
    Name,
    /// By the number of people, the most first.
    People,
    /// By the time of the last push, the newest first.
    Pushed,
}

/// Which page of a list is read.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// A part of the names, in any case.
    pub search: Option<String>,
    /// The order.
    pub sort: Sort,
    /// How many come before the page.
    pub skip: u32,
    /// Most of the page. One more is read if there are more.
    pub count: u16,
}

/// How many of a list match.
#[derive(Debug, Deserialize)]
pub struct Total {
    /// `None`: more than [`MOST_SORTED`].
    pub total: Option<u64>,
}

/// SQL of how many people the groups that satisfy a condition have, as JSON. `id` is SQL of the id under which the
/// hourly maintenance counts them.
fn people(groups: &str, id: &str, most: u32) -> String {
    format!(
        "(SELECT iif(count(*) <= {most}, json_object('count', count(DISTINCT k.user_seq), 'counted_at', NULL),
             coalesce((SELECT json_object('count', c.people, 'counted_at', c.counted_at) FROM people_counts c
               WHERE c.org_id = :org AND c.id = {id}), json_object('count', NULL, 'counted_at', NULL)))
           FROM (SELECT m.user_seq AS user_seq FROM groups x CROSS JOIN memberships m ON m.group_seq = x.seq
             WHERE {groups} LIMIT {most} + 1) k)"
    )
}

/// SQL of a group `g` that is a role, as JSON with its number of people.
fn role(most: u32) -> String {
    format!(
        "json_object('name', g.role, 'built_in', json(iif(
             g.team_id IS NOT NULL OR g.role = 'Admin' OR g.role = 'Member' OR g.role = 'Read-Only', 'true', 'false')),
           'group', json_object('id', g.id, 'display_name', g.display_name, 'pushed_at', g.pushed_at),
           'people', json({}))",
        people("x.seq = g.seq", "g.id", most)
    )
}

/// What a list is about.
struct Kind {
    /// The rows, with the columns that `json` names, as `f`.
    rows: &'static str,
    json: String,
    people: String,
    pushed: &'static str,
}

impl Kind {
    /// The statement of a page.
    fn page<R: DeserializeOwned>(self, tenant: &Tenant<'_>, page: &Page, more: &[Binding]) -> Select<R> {
        let Self { rows, json, people, pushed } = self;
        let (key, found) = match page.sort {
            Sort::Name => {
                ("NULL".to_owned(), "CAST(:skip AS INTEGER) + CAST(:count AS INTEGER) + 1".to_owned())
            }
            // What is not counted yet has more than are counted at once.
            Sort::People => {
                (format!("coalesce({people} ->> '$.count', {MOST_COUNTED} + 1)"), MOST_SORTED.to_string())
            }
            Sort::Pushed => (pushed.to_owned(), MOST_SORTED.to_string()),
        };
        let sql = format!(
            "WITH found AS MATERIALIZED (
               SELECT f.* FROM ({rows} ORDER BY name_fold LIMIT {MOST_SEARCHED}) f
               WHERE :search IS NULL OR instr(f.name_fold, :search) > 0 LIMIT {found}),
             page AS MATERIALIZED (
               SELECT f.*, {key} AS place FROM found f ORDER BY place DESC NULLS LAST, f.name_fold
               LIMIT CAST(:count AS INTEGER) + 1 OFFSET CAST(:skip AS INTEGER))
             SELECT {json} AS json FROM page f ORDER BY f.place DESC NULLS LAST, f.name_fold"
        );
        let mut bindings = vec![integer("skip", page.skip), integer("count", page.count)];
        bindings.extend(search(page));
        bindings.extend_from_slice(more);
        tenant.select_json(&sql, &bindings)
    }
}

fn search(page: &Page) -> [Binding; 1] {
    [optional("search", page.search.as_deref().map(fold_group_name).as_deref())]
}

/// The statement that counts what matches, up to [`MOST_SORTED`].
fn total(tenant: &Tenant<'_>, rows: &str, page: &Page, more: &[Binding]) -> Select<Total> {
    let sql = format!(
        "SELECT nullif(count(*), {MOST_SORTED} + 1) AS total FROM (
           SELECT 1 FROM ({rows} ORDER BY name_fold LIMIT {MOST_SEARCHED}) f
           WHERE :search IS NULL OR instr(f.name_fold, :search) > 0 LIMIT {MOST_SORTED} + 1)"
    );
    tenant.select(&sql, &[search(page).as_slice(), more].concat())
}

/// The projects of an organization: those that are archived, those that are not, or all.
const PROJECTS: &str = "SELECT p.id, p.name, p.name_fold, p.archived_at FROM projects p
    WHERE p.org_id = :org AND (:archived IS NULL OR (p.archived_at IS NOT NULL) = CAST(:archived AS INTEGER))";

const PUSHED_TO_PROJECT: &str = "(SELECT max(x.pushed_at) FROM groups x WHERE x.project_id = f.id)";

fn project() -> Kind {
    let people = people("x.project_id = f.id", "f.id", MOST_COUNTED);
    // The groups of an archived project are in a table of their own.
    let json = format!(
        "json_object('id', f.id, 'name', f.name, 'archived_at', f.archived_at, 'people', json({people}),
           'role_count', (SELECT count(*) FROM groups x WHERE x.project_id = f.id AND x.team_id IS NULL)
             + (SELECT count(*) FROM archived_groups x WHERE x.project_id = f.id AND x.team_id IS NULL),
           'team_count', (SELECT count(*) FROM teams t WHERE t.project_id = f.id),
           'pushed_at', {PUSHED_TO_PROJECT})"
    );
    Kind { rows: PROJECTS, json, people, pushed: PUSHED_TO_PROJECT }
}

fn archived(is_archived: Option<bool>) -> [Binding; 1] {
    let flag = is_archived.map(|is_archived| if is_archived { "1" } else { "0" });
    [optional("archived", flag)]
}

/// Reads a page of projects, one a row as JSON. `is_archived`: only those that are, or are not.
pub fn projects<R: DeserializeOwned>(
    tenant: &Tenant<'_>,
    page: &Page,
    is_archived: Option<bool>,
) -> Select<R> {
    project().page(tenant, page, &archived(is_archived))
}

/// Counts the projects that [`projects`] lists.
pub fn project_total(tenant: &Tenant<'_>, page: &Page, is_archived: Option<bool>) -> Select<Total> {
    total(tenant, PROJECTS, page, &archived(is_archived))
}

/// Reads one project as JSON, as [`projects`] does.
pub fn one_project<R: DeserializeOwned>(tenant: &Tenant<'_>, id: &str) -> Select<R> {
    let sql =
        format!("SELECT {} AS json FROM projects f WHERE f.org_id = :org AND f.id = :id", project().json);
    tenant.select_json(&sql, &[text("id", id)])
}

/// Reads a page of a project's roles in the order of their creation, one a row as JSON.
pub fn roles<R: DeserializeOwned>(tenant: &Tenant<'_>, project: &str, page: &Page) -> Select<R> {
    let sql = format!(
        "SELECT {} AS json FROM (
           SELECT x.* FROM groups x WHERE +x.org_id = :org AND x.project_id = :project AND x.team_id IS NULL
           ORDER BY x.seq LIMIT CAST(:count AS INTEGER) + 1 OFFSET CAST(:skip AS INTEGER)) g ORDER BY g.seq",
        role(MOST_COUNTED)
    );
    let bindings = [text("project", project), integer("skip", page.skip), integer("count", page.count)];
    tenant.select_json(&sql, &bindings)
}

/// Reads one role of a project as JSON, by the id of its group.
pub fn one_role<R: DeserializeOwned>(tenant: &Tenant<'_>, project: &str, group: &str) -> Select<R> {
    let sql = format!(
        "SELECT {} AS json FROM groups g
         WHERE g.org_id = :org AND g.id = :group AND g.project_id = :project AND g.team_id IS NULL",
        role(MOST_COUNTED_OF_ONE)
    );
    tenant.select_json(&sql, &[text("project", project), text("group", group)])
}

/// The teams of a project that is one of the organization's.
const TEAMS: &str = "SELECT t.id AS id, t.name AS name, t.name_fold AS name_fold
    FROM projects p CROSS JOIN teams t ON t.project_id = p.id
    WHERE p.org_id = :org AND p.id = :project";

/// SQL of the team `f`, as JSON with its roles.
fn team_json(most: u32) -> String {
    format!(
        "json_object('id', f.id, 'name', f.name, 'roles', (
           SELECT json_group_array(json({})) FROM (SELECT * FROM groups WHERE team_id = f.id ORDER BY seq) g))",
        role(most)
    )
}

/// Reads a page of a project's teams by name, one a row as JSON.
pub fn teams<R: DeserializeOwned>(tenant: &Tenant<'_>, project: &str, page: &Page) -> Select<R> {
    let kind = Kind { rows: TEAMS, json: team_json(MOST_COUNTED), people: String::new(), pushed: "" };
    let page = Page { sort: Sort::Name, ..page.clone() };
    kind.page(tenant, &page, &[text("project", project)])
}

/// Counts the teams that [`teams`] lists.
pub fn team_total(tenant: &Tenant<'_>, project: &str, page: &Page) -> Select<Total> {
    total(tenant, TEAMS, page, &[text("project", project)])
}

/// Reads one team as JSON, as [`teams`] does.
pub fn one_team<R: DeserializeOwned>(tenant: &Tenant<'_>, project: &str, team: &str) -> Select<R> {
    let sql = format!("SELECT {} AS json FROM ({TEAMS} AND t.id = :team) f", team_json(MOST_COUNTED_OF_ONE));
    tenant.select_json(&sql, &[text("project", project), text("team", team)])
}

/// A member of a group.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct MemberOf<R> {
    /// The id of the group.
    pub group_id: String,
    /// The member.
    #[serde(rename = "json", deserialize_with = "object_by_value")]
    pub member: R,
}

/// Reads the first members of each role of a team.
pub fn first_members<R: DeserializeOwned>(tenant: &Tenant<'_>, team: &str) -> Select<MemberOf<R>> {
    let sql = format!(
        "SELECT g.id AS group_id, {DESCRIBED} AS json
         FROM groups g CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq IN (
             SELECT k.user_seq FROM memberships k WHERE k.group_seq = g.seq ORDER BY k.user_seq LIMIT {MOST_NAMED})
           CROSS JOIN users ON users.seq = m.user_seq
         WHERE +g.org_id = :org AND g.team_id = :team ORDER BY g.seq, m.user_seq"
    );
    tenant.select_few(&sql, &[text("team", team)])
}

/// The groups that are no roles.
const PLAIN: &str = "SELECT g.seq, g.id, g.display_name, g.name_fold, g.pushed_at
    FROM groups g INDEXED BY groups_by_name WHERE g.org_id = :org AND g.project_id IS NULL";

/// Reads a page of plain groups, one a row as JSON.
pub fn plain_groups<R: DeserializeOwned>(tenant: &Tenant<'_>, page: &Page) -> Select<R> {
    let people = people("x.seq = f.seq", "f.id", MOST_COUNTED);
    let json = format!(
        "json_object('id', f.id, 'display_name', f.display_name, 'pushed_at', f.pushed_at, 'people', json({people}))"
    );
    Kind { rows: PLAIN, json, people, pushed: "f.pushed_at" }.page(tenant, page, &[])
}

/// Counts the groups that [`plain_groups`] lists.
pub fn plain_group_total(tenant: &Tenant<'_>, page: &Page) -> Select<Total> {
    total(tenant, PLAIN, page, &[])
}
