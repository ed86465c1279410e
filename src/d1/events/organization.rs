//! The events of an organization, its owner and its settings, made in SQL: the values before are those that the batch
//! itself finds.

use super::super::administrators::IS_ADMINISTRATOR;
use super::super::statement::{Binding, Statement, optional, text};
use super::super::tenant::Tenant;
use super::memberships::links;
use super::{Frame, JUST_INSERTED, subjects};
use directory::event::MAX_LISTED;

/// What the events of this module have in common: each is the only one of its statement, about the organization `o`, and
/// counts no people.
const OF_ORGANIZATION: Frame<'static> = Frame {
    number: "1",
    event_type: "",
    subject_type: "'organization'",
    subject_id: "o.id",
    version: "NULL",
    data: "'{}'",
    active: "0",
    active_sum: "0",
    lost: "0",
    lost_sum: "0",
    from: "",
    goes_on: false,
};

/// Writes that the access brake has engaged, if the statement before has changed a row. `lost` and `limit` are SQL about
/// the organization `b`.
pub(crate) fn brake_engaged(tenant: &Tenant<'_>, lost: &str, limit: &str) -> [Statement; 2] {
    let frame = Frame {
        event_type: "'brake.engaged'",
        data: &format!("json_object('lost', {lost}, 'limit', {limit})"),
        from: "CROSS JOIN organizations b ON b.id = o.id WHERE changes() = 1",
        goes_on: true,
        ..OF_ORGANIZATION
    };
    [frame.statement(tenant, &[]), subjects(tenant, None)]
}

/// Writes that settings are about to change. `changed` is SQL of a JSON object, with the values before and after of each
/// changed setting of the organization `s`; `differs` is the condition that there is one.
pub(crate) fn settings_changed(
    tenant: &Tenant<'_>,
    changed: &str,
    differs: &str,
    bindings: &[Binding],
) -> [Statement; 2] {
    let frame = Frame {
        event_type: "'settings.changed'",
        data: &format!("json_object('settings', json({changed}))"),
        from: &format!("CROSS JOIN organizations s ON s.id = o.id WHERE {differs}"),
        ..OF_ORGANIZATION
    };
    [frame.statement(tenant, bindings), subjects(tenant, None)]
}

/// Writes the events of people who are about to be hidden from SCIM or shown to it. `differs` is the condition that
/// `users.managed` of the user `u` changes.
pub(crate) fn visibility(tenant: &Tenant<'_>, differs: &str, bindings: &[Binding]) -> [Statement; 3] {
    let from = format!(
        "CROSS JOIN (
               SELECT x.shown AS shown, x.chunk AS chunk, sum(x.change) AS active,
                 json_group_array(json_object('id', x.id)) AS people
               FROM (
                 SELECT u.id AS id, 1 - u.managed AS shown, u.active * (1 - 2 * u.managed) AS change,
                   (row_number() OVER (PARTITION BY u.managed ORDER BY u.seq) - 1) / {MAX_LISTED} AS chunk
                 FROM users u WHERE u.org_id = :org AND {differs}) x
               GROUP BY 1, 2) y"
    );
    let frame = Frame {
        number: "row_number() OVER (ORDER BY y.shown, y.chunk)",
        event_type: "iif(y.shown, 'person.shown', 'person.hidden')",
        data: "json_object('people', json(y.people))",
        active: "y.active",
        active_sum: "sum(y.active) OVER (ORDER BY y.shown, y.chunk)",
        from: &from,
        ..OF_ORGANIZATION
    };
    [frame.statement(tenant, bindings), subjects(tenant, None), links(tenant, "people")]
}

/// Writes that the ownership is about to move to an active person; with `from`, only if the Owner has this `userName`.
/// The previous Owner finds the event, too.
pub fn ownership_transferred(tenant: &Tenant<'_>, to: &str, from: Option<&str>) -> [Statement; 3] {
    let frame = Frame {
        event_type: "'ownership.transferred'",
        subject_type: "'person'",
        subject_id: "n.id",
        version: "n.version + 1",
        data: "json_object('owner', json_object('before', w.id, 'after', n.id), 'role_before', n.org_role)",
        from: "CROSS JOIN users n ON n.org_id = o.id AND n.id = :id AND n.active = 1
             CROSS JOIN users w ON w.org_id = o.id AND w.org_role = 'Owner' AND w.id <> n.id
               AND (:by IS NULL OR w.user_name_fold = :by)",
        ..OF_ORGANIZATION
    };
    let previous = format!(
        "INSERT INTO event_subjects (org_id, subject_id, seq)
         SELECT e.org_id, e.data ->> '$.owner.before', e.seq FROM {JUST_INSERTED}"
    );
    [
        frame.statement(tenant, &[text("id", to), optional("by", from)]),
        subjects(tenant, None),
        tenant.statement(&previous, &[]),
    ]
}

/// Writes that a person has accepted or declined to administer the organization, if the statement before has changed a
/// row. The scope is that of the invited person.
pub fn invitation_answered(tenant: &Tenant<'_>, is_accepted: bool) -> [Statement; 2] {
    let frame = Frame {
        event_type: if is_accepted { "'invitation.accepted'" } else { "'invitation.declined'" },
        subject_type: "'person'",
        subject_id: "u.id",
        from: &format!("CROSS JOIN users u ON u.org_id = o.id AND {IS_ADMINISTRATOR} WHERE changes() = 1"),
        ..OF_ORGANIZATION
    };
    [frame.statement(tenant, &[]), subjects(tenant, None)]
}
