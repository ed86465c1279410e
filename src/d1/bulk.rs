//! Changes of many people at once, in steps.
//!
//! A run remembers its people. Each step is one batch, which begins with the new progress under the condition that the
//! progress is the one that was read: a step that was carried out already fails as stale. So a run can be broken off at
//! any point and carried on by any caller. All its events are of one story, which an undo can select.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strum::EnumDiscriminants;
use utoipa::ToSchema;

use super::batch::Select;
use super::consequences::Taken;
use super::statement::{Binding, Statement, integer, text};
use super::tenant::{Tenant, guard};
use directory::OrgRole;

/// Most people of a run.
pub(crate) const MOST_PEOPLE: usize = 10_000;
/// Most windows of a search, each of which looks at [`super::people::MOST_SEARCHED`] people.
pub(crate) const MOST_WINDOWS: u32 = 20;
/// Most people of a step.
pub(crate) const MOST_OF_STEP: u32 = 20;
/// Of how many people of a preview the groups are counted.
pub(crate) const MOST_PREVIEWED: usize = 1_000;

/// What is done to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, EnumDiscriminants, ToSchema)]
#[schema(as = BulkChange)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields, try_from = "Fields")]
#[strum_discriminants(name(Action))]
#[strum_discriminants(doc = "Which [`Change`].")]
#[strum_discriminants(derive(Deserialize), serde(rename_all = "snake_case"))]
pub enum Change {
    /// They become inactive.
    Deactivate {},
    /// They become active again.
    Activate {},
    /// They get this organization role: Member or Admin.
    SetRole {
        /// The role.
        org_role: OrgRole,
    },
    /// They become members of a group.
    AddToGroup {
        /// The id of the group.
        group: String,
    },
    /// They leave a group.
    RemoveFromGroup {
        /// The id of the group.
        group: String,
    },
    /// Those whom SCIM sees become inactive; others are deleted.
    Remove {},
}

/// A [`Change`] as it is sent and stored.
#[derive(Deserialize)]
struct Fields {
    action: Action,
    org_role: Option<OrgRole>,
    group: Option<String>,
}

impl TryFrom<Fields> for Change {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, Self::Error> {
        match (fields.action, fields.org_role, fields.group) {
            (Action::Deactivate, None, None) => Ok(Self::Deactivate {}),
            (Action::Activate, None, None) => Ok(Self::Activate {}),
            (Action::Remove, None, None) => Ok(Self::Remove {}),
            (Action::SetRole, Some(org_role), None) => Ok(Self::SetRole { org_role }),
            (Action::AddToGroup, None, Some(group)) => Ok(Self::AddToGroup { group }),
            (Action::RemoveFromGroup, None, Some(group)) => Ok(Self::RemoveFromGroup { group }),
            (Action::SetRole, None, _) => Err("missing field `org_role`"),
            (Action::AddToGroup | Action::RemoveFromGroup, _, None) => Err("missing field `group`"),
            (Action::SetRole, ..) | (_, None, _) => Err("unknown field `group`"),
            _ => Err("unknown field `org_role`"),
        }
    }
}

/// What a bulk change does to a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BulkResult)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The change was made, or would be.
    Done,
    /// All was so already.
    Unchanged,
    /// Refused: there is no such person any more.
    Gone,
    /// Refused: the Owner cannot be changed.
    Owner,
    /// Refused: an inactive person has no role and is in no group.
    Inactive,
    /// Refused: the person is in as many groups as possible.
    TooManyGroups,
}

impl Outcome {
    /// As it is stored.
    fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::Gone => "gone",
            Self::Owner => "owner",
            Self::Inactive => "inactive",
            Self::TooManyGroups => "too_many_groups",
        }
    }
}

/// A person of a run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = BulkPerson)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Identifier.
    #[schema(format = "uuid")]
    pub id: String,
    /// null: they are gone.
    #[schema(required)]
    pub user_name: Option<String>,
    /// In how many groups they are.
    pub groups: u32,
    /// What was done to them; null: the run has not reached them.
    #[schema(required)]
    pub result: Option<Outcome>,
}

/// How many people there are with each result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BulkCounts)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// All of them.
    pub people: u64,
    /// Those whom the run has looked at.
    pub looked_at: u64,
    /// Those who were changed.
    pub done: u64,
    /// Those who needed no change.
    pub unchanged: u64,
    /// Those who were refused.
    pub refused: u64,
}

impl Counts {
    /// The same with the results of further people.
    pub fn plus(self, results: impl Iterator<Item = Outcome>) -> Self {
        results.fold(self, |mut counts, result| {
            let count = match result {
                Outcome::Done => &mut counts.done,
                Outcome::Unchanged => &mut counts.unchanged,
                _ => &mut counts.refused,
            };
            *count = count.saturating_add(1);
            counts.looked_at = counts.looked_at.saturating_add(1);
            counts
        })
    }
}

/// Whether a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BulkStatus)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// There is more to do.
    Running,
    /// An administrator stopped it.
    Stopped,
    /// All is done.
    Finished,
}

/// A run.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = BulkRun)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Identifier.
    #[schema(format = "uuid")]
    pub id: String,
    /// When it began.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The administrator who began it.
    pub created_by: String,
    /// What is done.
    pub change: Change,
    /// Whether it goes on.
    pub status: Status,
    /// The sequence number of its first event, by which it is undone; null: nothing was changed.
    #[schema(required)]
    pub story: Option<i64>,
    /// How far it is.
    pub counts: Counts,
}

/// SQL of what becomes of the person `u`, who is a member of the group `g` if `m` is there; and the parameters.
fn outcome(change: &Change) -> (&'static str, Vec<Binding>) {
    let group = |id: &str| vec![text("group", id)];
    let (sql, mut bindings) = match change {
        Change::Deactivate {} => (
            "CASE WHEN u.org_role = 'Owner' THEN 'owner' WHEN u.active = 0 THEN 'unchanged' ELSE 'done' END",
            vec![],
        ),
        Change::Remove {} => (
            "CASE WHEN u.org_role = 'Owner' THEN 'owner' WHEN u.active = 0 AND u.managed = 1 THEN 'unchanged'
               ELSE 'done' END",
            vec![],
        ),
        Change::Activate {} => ("iif(u.active, 'unchanged', 'done')", vec![]),
        Change::SetRole { org_role } => (
            "CASE WHEN u.active = 0 THEN 'inactive' WHEN u.org_role = 'Owner' THEN 'owner'
               WHEN u.org_role = :org_role THEN 'unchanged' ELSE 'done' END",
            vec![text("org_role", org_role.as_str())],
        ),
        Change::AddToGroup { group: id } => (
            "CASE WHEN u.active = 0 THEN 'inactive' WHEN m.user_seq IS NOT NULL THEN 'unchanged' ELSE 'done' END",
            group(id),
        ),
        Change::RemoveFromGroup { group: id } => ("iif(m.user_seq IS NULL, 'unchanged', 'done')", group(id)),
    };
    if !matches!(change, Change::AddToGroup { .. } | Change::RemoveFromGroup { .. }) {
        bindings.push(text("group", ""));
    }
    (sql, bindings)
}

/// SQL of a person `j.value` as JSON, with what becomes of them, and the joins.
fn person(result: &str) -> String {
    format!(
        "json_object('id', j.value, 'user_name', u.doc ->> '$.userName', 'groups', (
           SELECT count(*) FROM memberships c WHERE c.user_seq = iif(j.key < {MOST_PREVIEWED}, u.seq, NULL)),
           'result', {result}) AS json"
    )
}

const JOINS: &str = "LEFT JOIN users u ON u.org_id = :org AND u.id = j.value
    LEFT JOIN memberships m ON m.group_seq = (SELECT g.seq FROM groups g WHERE g.org_id = :org AND g.id = :group)
      AND m.user_seq = u.seq";

/// Reads what would become of people.
pub fn preview(tenant: &Tenant<'_>, change: &Change, people: &[String]) -> Select<Person> {
    let (result, mut bindings) = outcome(change);
    bindings.push(text("people", Value::from(people).to_string()));
    let person = person(&format!("iif(u.seq IS NULL, 'gone', {result})"));
    tenant
        .select_json(&format!("SELECT {person} FROM json_each(:people) j {JOINS} ORDER BY j.key"), &bindings)
}

/// What a run takes from people, for [`super::consequences`].
pub fn taken<'c>(change: &'c Change, people: &'c str) -> Taken<'c> {
    match change {
        Change::Deactivate {} | Change::Remove {} => Taken::ByLeaving { people },
        Change::RemoveFromGroup { group } => Taken::FromGroup { group, people },
        Change::Activate {} | Change::SetRole { .. } | Change::AddToGroup { .. } => Taken::Nothing,
    }
}

const DESCRIBED: &str =
    "SELECT json_object('id', r.id, 'created_at', r.created_at, 'created_by', r.created_by,
    'change', json(r.change), 'status', r.status, 'story', r.story, 'counts', json(r.counts)) AS json
  FROM bulk_runs r";

/// Reads a run.
pub fn one(tenant: &Tenant<'_>, id: &str) -> Select<Run> {
    tenant.select_json(&format!("{DESCRIBED} WHERE r.org_id = :org AND r.id = :run"), &[text("run", id)])
}

/// Writes a new run with its people, each of whom is named once. Runs that are older than thirty days are forgotten,
/// one at a time.
pub fn start(tenant: &Tenant<'_>, id: &str, change: &Change, people: &[String]) -> Vec<Statement> {
    let counts = Counts { people: people.len() as u64, ..Counts::default() };
    let old = "SELECT r.id FROM bulk_runs r WHERE r.org_id = :org
                 AND r.created_at < strftime('%Y-%m-%dT%H:%M:%fZ', :now, '-30 days') ORDER BY r.id LIMIT 1";
    let bindings = [
        text("run", id),
        text("change", json!(change).to_string()),
        text("counts", json!(counts).to_string()),
        text("people", Value::from(people).to_string()),
    ];
    [
        format!("DELETE FROM bulk_people WHERE org_id = :org AND run_id = ({old})"),
        format!("DELETE FROM bulk_runs WHERE org_id = :org AND id = ({old})"),
        "INSERT INTO bulk_runs (org_id, id, created_at, created_by, change, status, counts, stepped_at)
         SELECT o.id, :run, :now, :event_actor, :change, 'running', :counts, :now
         FROM organizations o WHERE o.id = :org"
            .to_owned(),
    ]
    .iter()
    .map(|sql| tenant.statement(sql, &bindings))
    .chain([
        guard(),
        tenant.statement(
            "INSERT INTO bulk_people (org_id, run_id, person_id) SELECT :org, :run, value FROM json_each(:people)",
            &bindings,
        ),
    ])
    .collect()
}

/// Reads the people of a run behind one, as they are now, with what becomes of them: at most `count`.
pub fn next(tenant: &Tenant<'_>, run: &Run, count: u32) -> Select<Person> {
    let (result, mut bindings) = outcome(&run.change);
    let person = person(&format!("iif(u.seq IS NULL, 'gone', {result})"));
    let sql = format!(
        "SELECT {person} FROM (
           SELECT p.person_id AS value, 0 AS key FROM bulk_people p
           WHERE p.org_id = :org AND p.run_id = :run AND p.result IS NULL
           ORDER BY p.person_id LIMIT CAST(:count AS INTEGER)) j {JOINS} ORDER BY j.value"
    );
    bindings.extend([text("run", run.id.as_str()), integer("count", count)]);
    tenant.select_json(&sql, &bindings)
}

/// Reads the people of a run behind one with what became of them; one more than `count` if there are more.
pub fn people(tenant: &Tenant<'_>, run: &str, after: &str, count: u16) -> Select<Person> {
    let sql = format!(
        "SELECT {} FROM (
           SELECT p.person_id AS value, p.result AS result, 0 AS key FROM bulk_people p
           WHERE p.org_id = :org AND p.run_id = :run AND p.person_id > :after
           ORDER BY p.person_id LIMIT CAST(:count AS INTEGER) + 1) j
         LEFT JOIN users u ON u.org_id = :org AND u.id = j.value ORDER BY j.value",
        person("j.result")
    );
    tenant.select_json(&sql, &[text("run", run), text("after", after), integer("count", count)])
}

/// The beginning of the batch of a step: the counts behind it, if they are still those that were read. `status` is that
/// behind the step.
pub fn advance(tenant: &Tenant<'_>, run: &Run, after: Counts, status: Status) -> [Statement; 2] {
    let bindings = [
        text("run", run.id.as_str()),
        text("counts", json!(after).to_string()),
        text("status", if status == Status::Finished { "finished" } else { "running" }),
        text("looked_at", run.counts.looked_at.to_string()),
    ];
    let sql = "UPDATE bulk_runs SET counts = :counts, status = :status, stepped_at = :now
               WHERE org_id = :org AND id = :run AND status = 'running'
                 AND counts ->> '$.looked_at' = CAST(:looked_at AS INTEGER)";
    [tenant.statement(sql, &bindings), guard()]
}

/// The end of the batch of a step: what became of its people, and the story of its events.
pub fn note(
    tenant: &Tenant<'_>,
    run: &Run,
    people: &[(String, Outcome)],
    has_events: bool,
) -> Vec<Statement> {
    let results: Value = people.iter().map(|(id, result)| json!([id, result.as_str()])).collect();
    let mut statements = vec![tenant.statement(
        "UPDATE bulk_people SET result = (
           SELECT j.value ->> 1 FROM json_each(:results) j WHERE j.value ->> 0 = person_id)
         WHERE (org_id, run_id, person_id) IN (SELECT :org, :run, value ->> 0 FROM json_each(:results))",
        &[text("run", run.id.as_str()), text("results", results.to_string())],
    )];
    if has_events && run.story.is_none() {
        statements.push(tenant.statement(
            "UPDATE bulk_runs
             SET story = (SELECT e.story FROM events e WHERE e.org_id = :org ORDER BY e.seq DESC LIMIT 1)
             WHERE org_id = :org AND id = :run",
            &[text("run", run.id.as_str())],
        ));
    }
    statements
}

/// Stops a run that is under way.
pub fn stop(tenant: &Tenant<'_>, id: &str) -> Statement {
    tenant.statement(
        "UPDATE bulk_runs SET status = 'stopped' WHERE org_id = :org AND id = :run AND status = 'running'",
        &[text("run", id)],
    )
}

/// A run that has not been carried on for a while.
#[derive(Debug, Deserialize)]
pub struct Waiting {
    /// The organization.
    pub org_id: String,
    /// The run.
    pub id: String,
    /// The administrator who began it.
    pub created_by: String,
}

/// Finds runs of all organizations whose last step was before `before`, at most `most`; those that have waited longest
/// come first. A run that an older version began has no time of a step: it was to wait for its administrator.
pub fn waiting(before: &str, most: u32) -> Select<Waiting> {
    Select::few(Statement::new(
        "SELECT r.org_id AS org_id, r.id AS id, r.created_by AS created_by
         FROM bulk_runs r INDEXED BY bulk_runs_under_way
         WHERE r.status = 'running' AND r.stepped_at > '' AND r.stepped_at < :before
           AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = r.org_id AND o.deleted_at IS NULL)
         ORDER BY r.stepped_at LIMIT CAST(:most AS INTEGER)",
        &[text("before", before), integer("most", most)],
    ))
}
