//! What an undo reads of people and groups: how they are, and what happened to them since the first selected event.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::selection::{IS_SELECTED, Selection, Span, Subject};
use crate::d1::batch::{Batch, Handle, Results, Select};
use crate::d1::statement::{Binding, integer, text};
use crate::d1::tenant::Tenant;
use crate::storage_error::StorageError;
use directory::event::Event;
use directory::group::Group;
use directory::undo::{Addition, GroupNow, PastEvent, PersonHistory, PersonNow};
use directory::{OrgRole, User};
use scim_protocol::Object;

/// Which events count as selected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) selection: &'a Selection,
    pub(super) span: Span,
    /// The story of the undo itself; 0: it has not begun.
    pub(super) own: i64,
}

impl Scope<'_> {
    fn bindings(self, ids: &[&str]) -> Vec<Binding> {
        let mut bindings = self.selection.bindings(self.span);
        bindings.push(text("ids", Value::from(ids).to_string()));
        bindings.push(integer("own", self.own));
        bindings
    }
}

/// SQL of whether the event `e` counts as selected.
fn counts() -> String {
    format!("json(iif(({IS_SELECTED}) OR e.story = CAST(:own AS INTEGER), 'true', 'false'))")
}

/// A person as stored.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PersonRow {
    id: String,
    user: Option<StoredPerson>,
    deleted: Option<DeletedPerson>,
}

/// A row of `users`, as far as it is needed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StoredPerson {
    pub(super) version: i64,
    pub(super) managed: bool,
    #[serde(flatten)]
    user: Kept,
}

/// A row of `deleted_people`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct DeletedPerson {
    pub(super) event_seq: i64,
    pub(super) person: Kept,
}

/// The parts of a person that are kept when they are deleted.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Kept {
    #[serde(deserialize_with = "number_as_flag")]
    active: bool,
    org_role: OrgRole,
    #[serde(deserialize_with = "text_as_object")]
    doc: Object,
}

fn number_as_flag<'de, D: Deserializer<'de>>(number: D) -> Result<bool, D::Error> {
    match u8::deserialize(number)? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(de::Error::custom(format_args!("{other} is neither 0 nor 1"))),
    }
}

fn text_as_object<'de, D: Deserializer<'de>>(text: D) -> Result<Object, D::Error> {
    let text = String::deserialize(text)?;
    serde_json::from_str(&text).map_err(de::Error::custom)
}

impl Kept {
    fn user(&self) -> User {
        User { doc: self.doc.clone(), active: self.active, org_role: self.org_role }
    }
}

#[derive(Debug, Deserialize)]
struct EventRow {
    id: String,
    event: PastEvent,
}

#[derive(Debug, Deserialize)]
struct AdditionRow {
    id: String,
    #[serde(flatten)]
    addition: Addition,
}

/// A group as stored.
#[derive(Debug, Clone, Deserialize)]
struct GroupRow {
    id: String,
    version: i64,
    display_name: String,
    external_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct GroupEventRow {
    id: String,
    seq: i64,
    is_selected: bool,
    #[serde(flatten)]
    event: Event,
}

/// A person with their history.
#[derive(Debug, Clone)]
pub(super) struct LoadedPerson {
    pub(super) id: String,
    pub(super) now: PersonNow,
    /// The row, if the person exists.
    pub(super) stored: Option<StoredPerson>,
    /// What is kept, if they were deleted.
    pub(super) deleted: Option<DeletedPerson>,
    pub(super) history: PersonHistory,
}

impl LoadedPerson {
    /// A person of whom nothing was read.
    pub(super) fn unread(id: &str) -> Self {
        let (now, history) = (PersonNow::default(), PersonHistory::default());
        Self { id: id.to_owned(), now, stored: None, deleted: None, history }
    }
}

/// A group with its history.
#[derive(Debug, Clone)]
pub(super) struct LoadedGroup {
    pub(super) id: String,
    pub(super) now: GroupNow,
    pub(super) version: i64,
    pub(super) events: Vec<(i64, bool, Event)>,
}

impl LoadedGroup {
    /// A group of which nothing was read.
    pub(super) fn unread(id: &str) -> Self {
        Self { id: id.to_owned(), now: GroupNow::default(), version: 0, events: Vec::new() }
    }
}

/// The statements that read subjects.
pub(super) struct Loading {
    people: Handle<PersonRow>,
    events: Handle<EventRow>,
    additions: Handle<AdditionRow>,
    groups: Handle<GroupRow>,
    group_events: Handle<GroupEventRow>,
}

impl Loading {
    pub(super) fn push(
        batch: &mut Batch,
        tenant: &Tenant<'_>,
        scope: Scope<'_>,
        subjects: &[Subject],
    ) -> Self {
        let of = |is_person: bool| -> Vec<&str> {
            let some = subjects.iter().filter(|subject| subject.is_person() == is_person);
            some.map(|subject| subject.id.as_str()).collect()
        };
        let people = scope.bindings(&of(true));
        let groups = scope.bindings(&of(false));
        Self {
            people: batch.push(select_people(tenant, &people)),
            events: batch.push(select_events(tenant, &people)),
            additions: batch.push(select_additions(tenant, &people)),
            groups: batch.push(select_groups(tenant, &groups)),
            group_events: batch.push(select_group_events(tenant, &groups)),
        }
    }

    pub(super) fn read(
        &self,
        results: &Results,
        subjects: &[Subject],
    ) -> Result<(Vec<LoadedGroup>, Vec<LoadedPerson>), StorageError> {
        let mut histories: BTreeMap<String, PersonHistory> = BTreeMap::new();
        for EventRow { id, event } in results.all(self.events)? {
            histories.entry(id).or_default().events.push(event);
        }
        for AdditionRow { id, addition } in results.all(self.additions)? {
            histories.entry(id).or_default().additions.push(addition);
        }
        let people = results.all(self.people)?.into_iter().map(|PersonRow { id, user, deleted }| {
            let now = PersonNow {
                user: user.as_ref().map(|row| row.user.user()),
                deleted: deleted.as_ref().map(|row| row.person.user()),
            };
            let history = histories.remove(&id).unwrap_or_default();
            LoadedPerson { id, now, stored: user, deleted, history }
        });
        let people = people.collect();
        let mut stored: BTreeMap<String, GroupRow> =
            results.all(self.groups)?.into_iter().map(|row| (row.id.clone(), row)).collect();
        let mut events: BTreeMap<String, Vec<(i64, bool, Event)>> = BTreeMap::new();
        for GroupEventRow { id, seq, is_selected, event } in results.all(self.group_events)? {
            events.entry(id).or_default().push((seq, is_selected, event));
        }
        let groups = subjects.iter().filter(|subject| !subject.is_person()).map(|subject| {
            let row = stored.remove(&subject.id);
            let version = row.as_ref().map_or(0, |row| row.version);
            let group = row.map(|row| Group { display_name: row.display_name, external_id: row.external_id });
            let events = events.remove(&subject.id).unwrap_or_default();
            LoadedGroup { id: subject.id.clone(), now: GroupNow { group }, version, events }
        });
        Ok((groups.collect(), people))
    }
}

fn select_people(tenant: &Tenant<'_>, bindings: &[Binding]) -> Select<PersonRow> {
    tenant.select_json(
        "SELECT json_object('id', j.value,
           'user', iif(u.id IS NULL, NULL, json_object('version', u.version, 'active', u.active,
             'managed', json(iif(u.managed, 'true', 'false')), 'org_role', u.org_role, 'doc', u.doc)),
           'deleted', iif(d.id IS NULL, NULL, json_object('event_seq', d.event_seq, 'person', json(d.person)))) AS json
         FROM json_each(:ids) j LEFT JOIN users u ON u.org_id = :org AND u.id = j.value
         LEFT JOIN deleted_people d ON d.org_id = :org AND d.id = j.value AND u.id IS NULL
         ORDER BY j.key",
        bindings,
    )
}

fn select_events(tenant: &Tenant<'_>, bindings: &[Binding]) -> Select<EventRow> {
    let counts = counts();
    let sql = format!(
        "SELECT json_object('id', j.value, 'event', json_object('seq', e.seq, 'story', e.story,
           'is_selected', {counts}, 'is_of_person', json(iif(e.subject_type = 'person', 'true', 'false')),
           'type', e.type, 'personal', json(s.personal), 'data', iif(e.type = 'membership.removed',
             json_object('groups', e.data -> '$.groups', 'people', json('[]')), json(e.data)),
           'gone', iif(e.type = 'membership.removed', json((
             SELECT json_group_array(k.value ->> 'id') FROM json_each(e.data, '$.groups') k
             WHERE NOT EXISTS (SELECT 1 FROM groups g WHERE g.org_id = e.org_id AND g.id = k.value ->> 'id'))),
             NULL))) AS json
         FROM json_each(:ids) j
         CROSS JOIN event_subjects s
           ON s.org_id = :org AND s.subject_id = j.value AND s.seq >= CAST(:from AS INTEGER)
         CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
         WHERE e.type IN ('person.created', 'person.updated', 'person.deactivated', 'person.restored',
           'person.deleted', 'person.undeleted', 'org_role.changed', 'ownership.transferred', 'membership.removed')
         ORDER BY j.key, e.seq"
    );
    tenant.select_json(&sql, bindings)
}

fn select_additions(tenant: &Tenant<'_>, bindings: &[Binding]) -> Select<AdditionRow> {
    let counts = counts();
    let sql = format!(
        "SELECT json_object('id', x.id, 'group', x.group_id, 'seq', x.since, 'is_selected', {counts},
           'is_present', json(iif(x.is_present, 'true', 'false'))) AS json
         FROM (
           SELECT j.value AS id, g.id AS group_id, m.since AS since, 1 AS is_present
           FROM json_each(:ids) j CROSS JOIN users u ON u.org_id = :org AND u.id = j.value
           CROSS JOIN memberships m ON m.user_seq = u.seq CROSS JOIN groups g ON g.seq = m.group_seq
           UNION ALL
           SELECT j.value, e.subject_id, s.since, 0
           FROM json_each(:ids) j
           CROSS JOIN event_subjects s
             ON s.org_id = :org AND s.subject_id = j.value AND s.seq >= CAST(:from AS INTEGER)
           CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
           WHERE e.type = 'membership.removed' AND e.subject_type = 'group' AND s.since >= CAST(:from AS INTEGER)
           UNION ALL
           SELECT j.value, k.value ->> 'id', k.value ->> 'since', 0
           FROM json_each(:ids) j
           CROSS JOIN event_subjects s
             ON s.org_id = :org AND s.subject_id = j.value AND s.seq >= CAST(:from AS INTEGER)
           CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
           CROSS JOIN json_each(e.data, '$.groups') k
           WHERE e.type = 'membership.removed' AND e.subject_type = 'person'
             AND k.value ->> 'since' >= CAST(:from AS INTEGER)) x
         LEFT JOIN events e ON e.org_id = :org AND e.seq = x.since AND x.since >= CAST(:from AS INTEGER)"
    );
    tenant.select_json(&sql, bindings)
}

fn select_groups(tenant: &Tenant<'_>, bindings: &[Binding]) -> Select<GroupRow> {
    tenant.select_json(
        "SELECT json_object('id', g.id, 'version', g.version, 'display_name', g.display_name,
           'external_id', coalesce(g.external_id_sent, g.external_id)) AS json
         FROM json_each(:ids) j CROSS JOIN groups g ON g.org_id = :org AND g.id = j.value",
        bindings,
    )
}

fn select_group_events(tenant: &Tenant<'_>, bindings: &[Binding]) -> Select<GroupEventRow> {
    let counts = counts();
    let sql = format!(
        "SELECT json_object('id', j.value, 'seq', e.seq, 'is_selected', {counts}, 'type', e.type,
           'data', json(e.data)) AS json
         FROM json_each(:ids) j
         CROSS JOIN event_subjects s
           ON s.org_id = :org AND s.subject_id = j.value AND s.seq >= CAST(:from AS INTEGER)
         CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
         WHERE e.type = 'group.updated' ORDER BY j.key, e.seq"
    );
    tenant.select_json(&sql, bindings)
}

#[derive(Debug, Deserialize)]
pub(super) struct Taken {
    fold: String,
    id: String,
}

/// Reads the people and groups that have one of these names in folded form.
pub(super) fn holders(tenant: &Tenant<'_>, user_names: &[&str], group_names: &[&str]) -> Select<Taken> {
    tenant.select_json(
        "SELECT json_object('fold', u.user_name_fold, 'id', u.id) AS json
         FROM json_each(:user_names) j CROSS JOIN users u ON u.org_id = :org AND u.user_name_fold = j.value
         UNION ALL
         SELECT json_object('fold', g.name_fold, 'id', g.id)
         FROM json_each(:group_names) j CROSS JOIN groups g ON g.org_id = :org AND g.name_fold = j.value",
        &[
            text("user_names", Value::from(user_names).to_string()),
            text("group_names", Value::from(group_names).to_string()),
        ],
    )
}

/// The names that other people and groups have.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<(String, String)>);

impl Names {
    pub(super) fn of(rows: Vec<Taken>) -> Self {
        Self(rows.into_iter().map(|Taken { fold, id }| (fold, id)).collect())
    }

    /// Whether a name is that of another person or group.
    pub(super) fn is_taken(&self, fold: &str, by_other_than: &str) -> bool {
        self.0.iter().any(|(own, id)| own == fold && id != by_other_than)
    }
}
