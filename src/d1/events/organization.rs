//! The events of an organization, its owner and its settings, made in SQL: the values before are those that the batch
//! itself finds.

use super::super::administrators::IS_ADMINISTRATOR;
use super::super::statement::{Binding, Statement, integer, optional, text};
use super::super::tenant::Tenant;
use super::{Frame, READING};
use directory::event::MAX_LISTED;

/// Writes that the access brake has engaged, if the statement before has changed a row. `lost` and `limit` are SQL
/// about the organization `b`.
pub(crate) fn brake_engaged(tenant: &Tenant<'_>, lost: &str, limit: &str) -> Statement {
    let frame = Frame {
        event_type: "'brake.engaged'",
        subject_type: "'organization'",
        subject_id: "p.org_id",
        data: &format!("json_object('lost', {lost}, 'limit', {limit})"),
        behind: "CROSS JOIN organizations b ON b.id = p.org_id WHERE changes() = 1",
        org: READING,
        ..Frame::default()
    };
    frame.statement(tenant, &[])
}

/// Writes that another number of people is active than events say: `inactive` people whom SCIM sees were counted. Does
/// nothing if an event about people has come behind the one with the number `since`.
pub fn people_counted(tenant: &Tenant<'_>, inactive: u64, since: i64) -> Statement {
    const MORE: &str = "o.user_count - CAST(:inactive AS INTEGER) - p.active_total";
    let frame = Frame {
        event_type: "'people.counted'",
        subject_type: "'organization'",
        subject_id: "p.org_id",
        data: &format!(
            "json_object('active', json_object('before', p.active_total, 'after', p.active_total + {MORE}))"
        ),
        active: MORE,
        active_sum: MORE,
        behind: &format!(
            "CROSS JOIN organizations o ON o.id = p.org_id WHERE {MORE} <> 0 AND NOT EXISTS (
               SELECT 1 FROM events c WHERE c.org_id = p.org_id AND c.seq > CAST(:since AS INTEGER)
                 AND (c.subject_type = 'person' OR c.subject_type = 'organization'))"
        ),
        ..Frame::default()
    };
    frame.statement(tenant, &[text("inactive", inactive.to_string()), integer("since", since)])
}

/// Writes that settings are about to change. `changed` is SQL of a JSON object, with the values before and after of
/// each changed setting of the organization `s`; `differs` is the condition that there is one.
pub(crate) fn settings_changed(
    tenant: &Tenant<'_>,
    changed: &str,
    differs: &str,
    bindings: &[Binding],
) -> Statement {
    let frame = Frame {
        subject_type: "'organization'",
        subject_id: "p.org_id",
        event_type: "'settings.changed'",
        data: &format!("json_object('settings', json({changed}))"),
        behind: &format!("CROSS JOIN organizations s ON s.id = p.org_id WHERE {differs}"),
        ..Frame::default()
    };
    frame.statement(tenant, bindings)
}

/// Writes the events of people who are about to be hidden from SCIM or shown to it. `differs` is the condition that
/// `users.managed` of the user `u` changes.
pub(crate) fn visibility(tenant: &Tenant<'_>, differs: &str, bindings: &[Binding]) -> Statement {
    let changed = format!(
        "(SELECT x.shown AS shown, x.chunk AS chunk, sum(x.change) AS active,
                 json_group_array(json_object('id', x.id)) AS people
               FROM (
                 SELECT u.id AS id, 1 - u.managed AS shown, u.active * (1 - 2 * u.managed) AS change,
                   (row_number() OVER (PARTITION BY u.managed ORDER BY u.seq) - 1) / {MAX_LISTED} AS chunk
                 FROM users u WHERE u.org_id = :org AND {differs}) x
               GROUP BY 1, 2) y CROSS JOIN"
    );
    let frame = Frame {
        number: "row_number() OVER (ORDER BY y.shown, y.chunk)",
        event_type: "iif(y.shown, 'person.shown', 'person.hidden')",
        data: "json_object('people', json(y.people))",
        active: "y.active",
        active_sum: "sum(y.active) OVER (ORDER BY y.shown, y.chunk)",
        others: "y.people",
        subject_type: "'organization'",
        subject_id: "p.org_id",
        before: &changed,
        ..Frame::default()
    };
    frame.statement(tenant, bindings)
}

/// Writes that the ownership is about to move to an active person; with `from`, only if the Owner has this `userName`.
/// The previous Owner finds the event, too.
pub fn ownership_transferred(tenant: &Tenant<'_>, to: &str, from: Option<&str>) -> Statement {
    let frame = Frame {
        event_type: "'ownership.transferred'",
        subject_type: "'person'",
        subject_id: "n.id",
        version: "n.version + 1",
        data: "json_object('owner', json_object('before', w.id, 'after', n.id), 'role_before', n.org_role)",
        others: "json_array(json_object('id', w.id))",
        behind: "CROSS JOIN users n ON n.org_id = p.org_id AND n.id = :id AND n.active = 1
             CROSS JOIN users w ON w.org_id = p.org_id AND w.org_role = 'Owner' AND w.id <> n.id
               AND (:by IS NULL OR w.user_name_fold = :by)",
        ..Frame::default()
    };
    frame.statement(tenant, &[text("id", to), optional("by", from)])
}

/// Writes that a person has accepted or declined to administer the organization, if the statement before has changed a
/// row. The scope is that of the invited person.
pub fn invitation_answered(tenant: &Tenant<'_>, is_accepted: bool) -> Statement {
    let frame = Frame {
        event_type: if is_accepted { "'invitation.accepted'" } else { "'invitation.declined'" },
        subject_type: "'person'",
        subject_id: "u.id",
        behind: &format!(
            "CROSS JOIN users u ON u.org_id = p.org_id AND {IS_ADMINISTRATOR} WHERE changes() = 1"
        ),
        ..Frame::default()
    };
    frame.statement(tenant, &[])
}

/// Writes that the roles kept of inactive people are about to be forgotten, if the organization keeps any.
pub fn kept_roles_forgotten(tenant: &Tenant<'_>) -> Statement {
    let frame = Frame {
        number: "row_number() OVER (ORDER BY u.seq)",
        event_type: "'org_role.changed'",
        subject_type: "'person'",
        subject_id: "u.id",
        version: "u.version",
        data: "json_object('org_role', json_object('before', u.org_role, 'after', 'Member'), 'active', json('false'))",
        behind: "CROSS JOIN organizations s ON s.id = p.org_id AND s.keep_access = 1
             CROSS JOIN users u ON u.org_id = s.id AND u.active = 0 AND u.org_role <> 'Member'",
        ..Frame::default()
    };
    frame.statement(tenant, &[])
}
