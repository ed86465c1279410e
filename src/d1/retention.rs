//! What the hourly maintenance deletes of the history, in all organizations of a database. Each statement is served by
//! a primary key or an index, and bounded in rows.

use super::statement::{Statement, text};

/// Tables whose rows stay when their organization is deleted, each with its primary key behind `org_id`.
pub(crate) const KEPT_TABLES: [(&str, &str); 12] = [
    ("log", "id"),
    ("events", "seq"),
    ("event_subjects", "subject_id, seq"),
    ("access_losses", "minute"),
    ("deleted_people", "id"),
    ("undo_runs", "id"),
    ("undo_subjects", "undo_id, place, subject_id"),
    ("bulk_runs", "id"),
    ("bulk_people", "run_id, person_id"),
    ("webhooks", "id"),
    ("webhook_failures", "webhook_id, subject_id"),
    ("webhook_attempts", "webhook_id, slot"),
];

/// Deletes the rows of deleted organizations in one of [`KEPT_TABLES`], at most `most`; returns one row for each
/// deleted row. One look at the primary key finds each organization that has rows.
pub fn prune_orphans((table, key): (&str, &str), most: u32) -> Statement {
    let of_row = key.split(", ").map(|column| format!("t.{column}")).collect::<Vec<_>>().join(", ");
    Statement::new(
        &format!(
            "WITH RECURSIVE found (id) AS (
               SELECT min(org_id) FROM {table}
               UNION ALL
               SELECT (SELECT min(t.org_id) FROM {table} t WHERE t.org_id > found.id) FROM found
               WHERE found.id IS NOT NULL)
             DELETE FROM {table} WHERE (org_id, {key}) IN (
               SELECT t.org_id, {of_row} FROM found CROSS JOIN {table} t ON t.org_id = found.id
               WHERE NOT EXISTS (SELECT 1 FROM organizations o WHERE o.id = found.id)
               LIMIT CAST(:most AS INTEGER))
             RETURNING 1"
        ),
        &[text("most", most.to_string())],
    )
}

/// The events before `:before`, as `picked`: of each organization from the oldest one on, but never the newest, since
/// its number is the one that the next event counts on from. Together they have at most `:most` rows.
const PICKED: &str = "WITH RECURSIVE
  ends (org_id, first, last) AS MATERIALIZED (
    SELECT o.id, (SELECT min(e.seq) FROM events e WHERE e.org_id = o.id),
      (SELECT max(e.seq) FROM events e WHERE e.org_id = o.id)
    FROM organizations o),
  old (org_id, seq, last, parts) AS (
    SELECT e.org_id, e.seq, n.last, json_array_length(e.data, '$.people') + json_array_length(e.data, '$.groups')
    FROM ends n CROSS JOIN events e ON e.org_id = n.org_id AND e.seq = n.first
    WHERE n.first < n.last AND e.at < :before
    UNION ALL
    SELECT e.org_id, e.seq, p.last, json_array_length(e.data, '$.people') + json_array_length(e.data, '$.groups')
    FROM old p CROSS JOIN events e ON e.org_id = p.org_id AND e.seq = p.seq + 1
    WHERE e.seq < p.last AND e.at < :before
    LIMIT CAST(:most AS INTEGER) / 3),
  picked (org_id, seq) AS MATERIALIZED (
    SELECT org_id, seq FROM (
      SELECT org_id, seq, sum(3 + coalesce(parts, 0)) OVER (ORDER BY org_id, seq) AS rows FROM old)
    WHERE rows <= CAST(:most AS INTEGER))";

/// Deletes events that are older than `before` and what is found by them, at most `most` rows. The last statement
/// returns one row for each deleted event.
pub fn prune_events(before: &str, most: u32) -> [Statement; 2] {
    let bindings = [text("before", before), text("most", most.to_string())];
    // An event is found by what it is about and by what it names: each is a text of its data.
    let subjects = format!(
        "{PICKED}
         DELETE FROM event_subjects WHERE (org_id, subject_id, seq) IN (
           SELECT e.org_id, e.subject_id, e.seq
           FROM picked p CROSS JOIN events e ON e.org_id = p.org_id AND e.seq = p.seq
           UNION ALL
           SELECT e.org_id, t.atom, e.seq FROM picked p CROSS JOIN events e ON e.org_id = p.org_id AND e.seq = p.seq
             CROSS JOIN json_tree(e.data) t WHERE t.type = 'text')"
    );
    let events = format!(
        "{PICKED}
         DELETE FROM events WHERE (org_id, seq) IN (SELECT org_id, seq FROM picked) RETURNING 1"
    );
    [subjects, events].map(|sql| Statement::new(&sql, &bindings))
}

/// Deletes what undos that began before `before` looked at, at most `most` rows; returns one row for each.
pub fn prune_undo_subjects(before: &str, most: u32) -> Statement {
    Statement::new(
        "DELETE FROM undo_subjects WHERE (org_id, undo_id, place, subject_id) IN (
           SELECT s.org_id, s.undo_id, s.place, s.subject_id FROM organizations o
             CROSS JOIN undo_runs r ON r.org_id = o.id AND r.created_at < :before
             CROSS JOIN undo_subjects s ON s.org_id = r.org_id AND s.undo_id = r.id
           LIMIT CAST(:most AS INTEGER))
         RETURNING 1",
        &[text("before", before), text("most", most.to_string())],
    )
}

/// Deletes undos that began before `before` and have no subjects left, at most `most`; returns one row for each.
pub fn prune_undos(before: &str, most: u32) -> Statement {
    Statement::new(
        "DELETE FROM undo_runs WHERE (org_id, id) IN (
           SELECT r.org_id, r.id FROM organizations o
             CROSS JOIN undo_runs r ON r.org_id = o.id AND r.created_at < :before
           WHERE NOT EXISTS (SELECT 1 FROM undo_subjects s WHERE s.org_id = r.org_id AND s.undo_id = r.id)
           LIMIT CAST(:most AS INTEGER))
         RETURNING 1",
        &[text("before", before), text("most", most.to_string())],
    )
}

/// Deletes the records of lost access of minutes before `before`, at most `most`; returns one row for each.
pub fn prune_access_losses(before: &str, most: u32) -> Statement {
    Statement::new(
        "DELETE FROM access_losses WHERE (org_id, minute) IN (
           SELECT l.org_id, l.minute FROM organizations o
             CROSS JOIN access_losses l ON l.org_id = o.id AND l.minute < :before
           LIMIT CAST(:most AS INTEGER))
         RETURNING 1",
        &[text("before", before), text("most", most.to_string())],
    )
}
