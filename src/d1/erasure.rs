//! Erasing of deleted people: at once, or when they have been kept for long enough. Events stay, without their personal
//! parts. Entries of the log stay without name, detail and body: those about the person by its id, and failures by what
//! the person was called, such as an attempt to create them.

use super::audit_log::Condition;
use super::events;
use super::statement::{Statement, text};
use super::tenant::Tenant;
use directory::event::{Event, NewEvent, SubjectType};

/// Of how many of the newest failures an erasure at once reads the text.
pub(crate) const MOST_FAILURES: u32 = 5_000;

/// The statements that erase a person.
pub struct Erasure {
    /// The condition that there is something to erase. Without, the statements change nothing.
    pub condition: Condition,
    /// Delete the person, and what names them.
    pub statements: Vec<Statement>,
}

/// The person `:person`, unless another request has brought them back.
const THIS: &str = "SELECT o.id AS org_id, :person AS id, (
    SELECT d.person FROM deleted_people d WHERE d.org_id = o.id AND d.id = :person) AS person
  FROM organizations o
  WHERE o.id = :org AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = o.id AND u.id = :person)";

/// The people who were deleted first, before `:before`.
const OLD: &str = "SELECT d.org_id AS org_id, d.id AS id, d.person AS person
  FROM deleted_people d INDEXED BY deleted_people_by_time WHERE d.deleted_at < :before
  ORDER BY d.deleted_at LIMIT CAST(:people AS INTEGER)";

/// What the people `due` were called: their names and addresses, also former ones, but none that a person has now.
const NAMES: &str = "names (org_id, name) AS MATERIALIZED (
    SELECT DISTINCT p.org_id, t.atom FROM (
      SELECT d.org_id AS org_id, d.person ->> 'doc' AS part FROM due d
      UNION ALL
      SELECT s.org_id, s.personal FROM due d
        CROSS JOIN event_subjects s ON s.org_id = d.org_id AND s.subject_id = d.id AND s.personal IS NOT NULL) p
    CROSS JOIN json_tree(p.part) t
    WHERE t.type = 'text'
      AND (t.key IN ('user_name', 'display_name', 'userName', 'displayName')
        OR t.key = 'value' AND t.fullkey LIKE '%emails%'
        OR t.key IN ('before', 'after') AND (t.path LIKE '%userName' OR t.path LIKE '%displayName'))
      AND NOT EXISTS (SELECT 1 FROM users u WHERE u.org_id = p.org_id AND u.user_name_fold = lower(t.atom)))";

/// What is left of an entry of the log that names a person.
const BLANK: &str =
    "resource_name = NULL, detail = NULL, body = NULL, path = substr(path, 1, instr(path || '?', '?') - 1)";

/// The statements for the people `due`, as SQL.
fn statements(due: &str) -> [String; 4] {
    let due = format!("WITH due AS MATERIALIZED ({due})");
    let named = format!(
        "{due}, {NAMES}
         UPDATE log SET {BLANK} WHERE (org_id, id) IN (
           SELECT l.org_id, l.id FROM names n
             CROSS JOIN log l INDEXED BY log_of_failures_by_name ON l.org_id = n.org_id
               AND l.resource_name COLLATE NOCASE = n.name AND l.resource_name IS NOT NULL AND l.status >= 400
           WHERE l.resource_type = 'User')"
    );
    // An entry of a change is found by its events, any other by its own index. That of the erasure has no name.
    let about = format!(
        "{due}
         UPDATE log SET {BLANK} WHERE (org_id, id) IN (
           SELECT e.org_id, e.log_id FROM due d
             CROSS JOIN event_subjects s ON s.org_id = d.org_id AND s.subject_id = d.id
             CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
             CROSS JOIN log l ON l.org_id = e.org_id AND l.id = e.log_id AND l.changed_id = d.id
           WHERE l.resource_name IS NOT d.id
           UNION
           SELECT l.org_id, l.id FROM due d CROSS JOIN log l INDEXED BY log_by_resource
             ON l.org_id = d.org_id AND l.resource_id = d.id AND l.resource_id IS NOT NULL)"
    );
    let accepted = format!(
        "{due}, {NAMES}
         DELETE FROM acceptances WHERE (org_id, mail) IN (SELECT n.org_id, lower(n.name) FROM names n)"
    );
    let parts = format!(
        "{due}
         UPDATE event_subjects SET personal = NULL WHERE (org_id, subject_id, seq) IN (
           SELECT s.org_id, s.subject_id, s.seq FROM due d
             CROSS JOIN event_subjects s ON s.org_id = d.org_id AND s.subject_id = d.id AND s.personal IS NOT NULL)"
    );
    [named, about, accepted, parts]
}

/// Erases what is kept of a deleted person.
pub fn erase(tenant: &Tenant<'_>, id: &str) -> Erasure {
    let bindings = [text("person", id)];
    let [named, about, accepted, parts] = statements(THIS);
    // Failures of requests about others may quote an address as well.
    let quoting = format!(
        "WITH due AS MATERIALIZED ({THIS}), {NAMES}
         UPDATE log SET {BLANK} WHERE (org_id, id) IN (
           SELECT l.org_id, l.id FROM (
             SELECT * FROM log INDEXED BY log_of_failures WHERE org_id = :org AND status >= 400
             ORDER BY id DESC LIMIT {MOST_FAILURES}) l
           CROSS JOIN names n ON n.name GLOB '*@*' AND instr(lower(l.path || ' ' || coalesce(l.resource_name, '')
             || ' ' || coalesce(l.detail, '') || ' ' || coalesce(l.body, '')), lower(n.name)) > 0)"
    );
    let delete = "DELETE FROM deleted_people WHERE org_id = :org AND id = :person";
    let mut all: Vec<Statement> = [named.as_str(), &about, &quoting, &accepted, &parts, delete]
        .into_iter()
        .map(|sql| tenant.statement(sql, &bindings))
        .collect();
    let erased = NewEvent::new(Event::PersonErased {}, SubjectType::Person, id);
    all.extend(events::record_if_row_changed(tenant, &[erased]));
    let sql = "EXISTS (SELECT 1 FROM deleted_people d WHERE d.org_id = o.id AND d.id = :person)".to_owned();
    Erasure { condition: Condition { sql, bindings: bindings.to_vec() }, statements: all }
}

/// Erases, in all organizations of a database, people who were deleted before `before`, at most so many `people` at
/// once. The last statement returns one row for each.
pub fn erase_old(before: &str, people: u32) -> Vec<Statement> {
    let delete = format!(
        "WITH due AS MATERIALIZED ({OLD})
         DELETE FROM deleted_people WHERE (org_id, id) IN (SELECT d.org_id, d.id FROM due d) RETURNING 1"
    );
    let bindings = [text("before", before), text("people", people.to_string())];
    statements(OLD).iter().chain([&delete]).map(|sql| Statement::new(sql, &bindings)).collect()
}
