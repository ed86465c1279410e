//! The statements that carry out a step of an undo: few, however many people it is about.

use serde_json::{Value, json};

use super::plan::PlannedPerson;
use crate::d1::batch::Batch;
use crate::d1::events::{self, memberships};
use crate::d1::statement::{Statement, text};
use crate::d1::tenant::Tenant;
use crate::d1::users::{self, doc_fold_of, emails_value};
use directory::event::{Event, NewEvent};
use directory::person_events::{State, of_change};
use directory::undo::Existence;
use directory::{Organization, User};
use scim_protocol::text::compose;

/// Pushes the statements for these people, unless one of them was changed since they were read.
pub(super) fn of_people(
    batch: &mut Batch,
    tenant: &Tenant<'_>,
    organization: &Organization,
    people: &[PlannedPerson],
) {
    let changed: Vec<&PlannedPerson> =
        people.iter().filter(|person| !person.plan.restored.is_empty()).collect();
    if changed.is_empty() {
        return;
    }
    batch.execute(unchanged(tenant, &changed));
    let pairs = |groups: fn(&PlannedPerson) -> &Vec<String>| -> Vec<(&str, &str)> {
        let pairs = changed.iter().flat_map(|person| {
            groups(person).iter().map(|group| (group.as_str(), person.loaded.id.as_str()))
        });
        pairs.collect()
    };
    batch.extend(memberships::end_pairs(tenant, &pairs(|person| &person.plan.leave)));
    batch.extend(events::record(tenant, &events_of(organization, &changed)));
    let rows = |is: &dyn Fn(&PlannedPerson) -> bool| -> Vec<Value> {
        changed.iter().filter(|person| is(person)).filter_map(|person| row(organization, person)).collect()
    };
    let stays = |person: &PlannedPerson| person.plan.existence == Existence::Stays;
    let deleted = rows(&|person| person.plan.existence == Existence::Deleted);
    if !deleted.is_empty() {
        batch.extend(delete(tenant, &Value::from(deleted)));
    }
    let only_status = rows(&|person| stays(person) && is_changed(person) && !has_other_doc(person));
    if !only_status.is_empty() {
        batch.execute(update(
            tenant,
            "active = j.value ->> 'active', org_role = j.value ->> 'org_role'",
            only_status,
        ));
    }
    let whole = rows(&|person| stays(person) && has_other_doc(person));
    if !whole.is_empty() {
        let assignments = "active = j.value ->> 'active', org_role = j.value ->> 'org_role',
               doc = j.value ->> 'doc', doc_fold = j.value ->> 'doc_fold',
               user_name_fold = j.value ->> 'user_name_fold', external_id = j.value ->> 'external_id',
               mail_domain = j.value ->> 'mail_domain', managed = j.value ->> 'managed'";
        batch.execute(update(tenant, assignments, whole));
    }
    let back = rows(&|person| person.plan.existence == Existence::Undeleted);
    if !back.is_empty() {
        batch.extend(undelete(tenant, &Value::from(back)));
    }
    let activated = rows(&is_activated);
    if !activated.is_empty() {
        // What was kept for the next activation begins with the others.
        let sql = format!("DELETE FROM kept_memberships WHERE user_seq IN (SELECT u.seq FROM {PEOPLE})");
        batch.execute(tenant.statement(&sql, &[text("rows", Value::from(activated).to_string())]));
    }
    let emails = rows(&|person| person.plan.existence != Existence::Deleted && has_other_emails(person));
    if !emails.is_empty() {
        batch.extend(replace_emails(tenant, &Value::from(emails)));
    }
    batch.extend(memberships::begin_pairs(tenant, &pairs(|person| &person.plan.join)));
}

/// The person before: as stored, or as they were when they were deleted.
fn before(person: &PlannedPerson) -> Option<&User> {
    let now = &person.loaded.now;
    now.user.as_ref().or(now.deleted.as_ref())
}

/// Whether a person who exists becomes active.
fn is_activated(person: &PlannedPerson) -> bool {
    let before = person.loaded.now.user.as_ref();
    before.is_some_and(|user| !user.active) && person.plan.user.as_ref().is_some_and(|user| user.active)
}

fn is_changed(person: &PlannedPerson) -> bool {
    person.plan.user != person.loaded.now.user
}

fn has_other_doc(person: &PlannedPerson) -> bool {
    let doc = |user: Option<&User>| user.map(|user| user.doc.clone());
    doc(person.plan.user.as_ref()) != doc(before(person))
}

fn has_other_emails(person: &PlannedPerson) -> bool {
    let emails = |user: &Option<User>| user.as_ref().map(User::folded_emails);
    emails(&person.plan.user) != emails(&person.loaded.now.user)
}

/// A row of `users` afterwards.
fn row(organization: &Organization, person: &PlannedPerson) -> Option<Value> {
    let user = person.plan.user.as_ref()?;
    let domain = user.email_domain();
    Some(json!({
        "id": person.loaded.id,
        "active": i32::from(user.active),
        "org_role": user.org_role.as_str(),
        "doc": Value::Object(user.doc.clone()).to_string(),
        "doc_fold": doc_fold_of(user),
        "user_name_fold": user.folded_user_name(),
        "external_id": user.external_id().map(compose),
        "mail_domain": domain,
        "managed": i32::from(organization.manages(domain.as_deref())),
        "emails": emails_value(user),
    }))
}

/// The guard: the people who are changed have the versions that were read, and those who come back are still deleted.
fn unchanged(tenant: &Tenant<'_>, changed: &[&PlannedPerson]) -> Statement {
    let (mut stored, mut deleted, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    let mut activated: Vec<Value> = Vec::new();
    for person in changed {
        let id = person.loaded.id.as_str();
        if let Some(row) = &person.loaded.stored {
            stored.push(json!({"id": id, "version": row.version}));
        } else if let Some(row) = &person.loaded.deleted {
            deleted.push(json!({"id": id, "event": row.event_seq}));
        }
        if is_activated(person) {
            let groups = person.loaded.now.kept.iter();
            kept.extend(groups.map(|group| json!({"id": id, "group": group})));
            activated.push(id.into());
        }
    }
    tenant.statement(
        "SELECT iif(
           (SELECT count(*) FROM json_each(:stored) j CROSS JOIN users u ON u.org_id = :org AND u.id = j.value ->> 'id'
             WHERE u.version = j.value ->> 'version') = json_array_length(:stored)
           AND (SELECT count(*) FROM json_each(:deleted) j
             CROSS JOIN deleted_people d ON d.org_id = :org AND d.id = j.value ->> 'id'
             WHERE d.event_seq = j.value ->> 'event') = json_array_length(:deleted)
           AND (json_array_length(:activated) = 0 OR json_array_length(:kept) = iif(
             (SELECT keep_access FROM organizations WHERE id = :org) = 0, 0,
             (SELECT count(*) FROM json_each(:activated) j CROSS JOIN users u ON u.org_id = :org AND u.id = j.value
               CROSS JOIN kept_memberships k ON k.user_seq = u.seq))
             AND json_array_length(:kept) = (SELECT count(*) FROM json_each(:kept) j
               CROSS JOIN users u ON u.org_id = :org AND u.id = j.value ->> 'id'
               CROSS JOIN groups g ON g.org_id = :org AND g.id = j.value ->> 'group'
               CROSS JOIN kept_memberships k ON k.user_seq = u.seq AND k.group_seq = g.seq)),
           '', json('stale'))",
        &[
            text("stored", Value::from(stored).to_string()),
            text("deleted", Value::from(deleted).to_string()),
            text("kept", Value::from(kept).to_string()),
            text("activated", Value::from(activated).to_string()),
        ],
    )
}

fn events_of(organization: &Organization, changed: &[&PlannedPerson]) -> Vec<NewEvent> {
    let mut all = Vec::new();
    for person in changed {
        let (Some(before), Some(after)) = (before(person), &person.plan.user) else { continue };
        let id = person.loaded.id.as_str();
        let is_seen = |user: &User| organization.manages(user.email_domain().as_deref());
        let stored = person.loaded.stored.as_ref();
        let was = State { user: before, visible: stored.map_or_else(|| is_seen(before), |row| row.managed) };
        let version = stored.map(|row| {
            let left = if before.active { person.plan.leave.len() } else { 0 };
            row.version.saturating_add(1).saturating_add(i64::try_from(left).unwrap_or(i64::MAX))
        });
        match person.plan.existence {
            Existence::Deleted => all.extend(of_change(id, Some(was), None, None, false)),
            Existence::Undeleted => {
                let back = of_change(id, None, Some(was), None, false);
                all.extend(back.into_iter().map(|event| NewEvent {
                    event: Event::PersonUndeleted {
                        active: before.active,
                        org_role: before.org_role,
                        visible: was.visible,
                    },
                    ..event
                }));
                let now = State { user: after, visible: is_seen(after) };
                all.extend(of_change(id, Some(was), Some(now), None, false));
            }
            Existence::Stays => {
                let visible = match after.email_domain() == before.email_domain() {
                    true => was.visible,
                    false => is_seen(after),
                };
                let now = State { user: after, visible };
                all.extend(of_change(id, Some(was), Some(now), version, false));
            }
        }
    }
    all
}

/// Sets columns of people to those of the rows, which are `j.value`.
fn update(tenant: &Tenant<'_>, assignments: &str, rows: Vec<Value>) -> Statement {
    // The CROSS JOIN makes SQLite find each person by their id.
    let sql = format!(
        "WITH back AS MATERIALIZED (
           SELECT u.seq, j.value
           FROM json_each(:rows) j CROSS JOIN users u ON u.org_id = :org AND u.id = j.value ->> 'id')
         UPDATE users SET version = version + 1, last_modified = max(last_modified, :now), {assignments}
         FROM back j WHERE users.seq = j.seq"
    );
    tenant.statement(&sql, &[text("rows", Value::from(rows).to_string())])
}

/// Inserts deleted people again, under their ids and in their places.
fn undelete(tenant: &Tenant<'_>, rows: &Value) -> Vec<Statement> {
    let rows = || [text("rows", rows.to_string())];
    vec![
        tenant.statement(
            "INSERT INTO users (seq, org_id, id, user_name_fold, external_id, active, org_role, mail_domain, managed,
               doc, doc_fold, version, created_at, last_modified)
             SELECT d.person ->> 'seq', d.org_id, d.id, j.value ->> 'user_name_fold', j.value ->> 'external_id',
               j.value ->> 'active', j.value ->> 'org_role', j.value ->> 'mail_domain', j.value ->> 'managed',
               j.value ->> 'doc', j.value ->> 'doc_fold', (d.person ->> 'version') + 1, d.person ->> 'created_at', :now
             FROM json_each(:rows) j
             CROSS JOIN deleted_people d ON d.org_id = :org AND d.id = j.value ->> 'id'",
            &rows(),
        ),
        // What waits for the activation of an inactive person.
        tenant.statement(
            "INSERT INTO kept_memberships (user_seq, group_seq)
             SELECT u.seq, g.seq FROM organizations o CROSS JOIN json_each(:rows) j
             CROSS JOIN deleted_people d ON d.org_id = :org AND d.id = j.value ->> 'id'
             CROSS JOIN users u ON u.org_id = :org AND u.id = d.id AND u.active = 0
             CROSS JOIN json_each(d.person, '$.kept') k
             CROSS JOIN groups g ON g.org_id = :org AND g.id = k.value
             WHERE o.id = :org AND o.keep_access = 1",
            &rows(),
        ),
        tenant.statement(
            "DELETE FROM deleted_people
             WHERE org_id = :org AND id IN (SELECT value ->> 'id' FROM json_each(:rows))",
            &rows(),
        ),
    ]
}

/// Deletes people, and keeps what is needed for them to come back.
fn delete(tenant: &Tenant<'_>, rows: &Value) -> Vec<Statement> {
    const IDS: &str = "SELECT value ->> 'id' FROM json_each(:rows)";
    let rows = || [text("rows", rows.to_string())];
    // Their events are written.
    let event =
        "(SELECT e.seq FROM event_subjects s CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
             WHERE s.org_id = u.org_id AND s.subject_id = u.id AND e.type = 'person.deleted'
             ORDER BY s.seq DESC LIMIT 1)";
    let keep = users::keep_deleted(event, &format!("u.org_id = :org AND u.id IN ({IDS})"));
    vec![
        tenant.statement(&keep, &rows()),
        tenant.statement(&format!("DELETE FROM users WHERE org_id = :org AND id IN ({IDS})"), &rows()),
    ]
}

/// The people of the rows `j`, as `u`.
const PEOPLE: &str = "json_each(:rows) j CROSS JOIN users u ON u.org_id = :org AND u.id = j.value ->> 'id'";

fn replace_emails(tenant: &Tenant<'_>, rows: &Value) -> Vec<Statement> {
    let rows = || [text("rows", rows.to_string())];
    let delete = format!("DELETE FROM user_emails WHERE user_seq IN (SELECT u.seq FROM {PEOPLE})");
    let insert = format!(
        "INSERT INTO user_emails (org_id, value_fold, type_fold, user_seq)
         SELECT u.org_id, k.value ->> 'value', k.value ->> 'type', u.seq
         FROM {PEOPLE} CROSS JOIN json_each(j.value, '$.emails') k"
    );
    vec![tenant.statement(&delete, &rows()), tenant.statement(&insert, &rows())]
}
