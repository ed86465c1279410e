//! What an undo reads of people and groups: how they are, and what happened to them since the first selected event.

use litemap::LiteMap;
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::selection::{Selection, Span, Subject, counts_as_selected};
use super::things::{self, PastRow, ThingRow};
use crate::d1::batch::{Batch, Handle, Results, Select};
use crate::d1::organizations::{self, Described};
use crate::d1::statement::{Binding, integer, text};
use crate::d1::tenant::Tenant;
use crate::storage_error::StorageError;
use directory::undo::{Addition, Past, PastEvent, PersonHistory, PersonNow, Place};
use directory::{OrgRole, User};
use scim_protocol::Object;
use scim_protocol::json::present;
use scim_protocol::text::in_order;

/// Which events count as selected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) selection: &'a Selection,
    pub(super) span: Span,
    /// The story of the undo itself; 0: it has not begun.
    pub(super) own: i64,
}

impl Scope<'_> {
    pub(super) fn bindings(self, ids: &[&str]) -> Vec<Binding> {
        let mut bindings = self.selection.bindings(self.span);
        bindings.push(text("ids", Value::from(ids).to_string()));
        bindings.push(integer("own", self.own));
        bindings
    }
}

/// SQL of whether the event `e` counts as selected.
fn counts() -> String {
    format!("json(iif({}, 'true', 'false'))", counts_as_selected("e"))
}

/// A person as stored.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PersonRow {
    id: String,
    user: Option<StoredPerson>,
    deleted: Option<DeletedPerson>,
    #[serde(deserialize_with = "or_empty")]
    kept: Vec<String>,
}

fn or_empty<'de, D: Deserializer<'de>>(groups: D) -> Result<Vec<String>, D::Error> {
    Ok(present(groups)?.unwrap_or_default())
}

/// A row of `users`, as far as it is needed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct StoredPerson {
    pub(super) version: i64,
    pub(super) managed: bool,
    person: Kept,
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
    addition: Addition,
}

/// A person with their history.
#[derive(Debug, Clone)]
pub(super) struct LoadedPerson {
    pub(super) place: Place,
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
    pub(super) fn unread(subject: &Subject) -> Self {
        let (now, history) = (PersonNow::default(), PersonHistory::default());
        Self { place: subject.place, id: subject.id.clone(), now, stored: None, deleted: None, history }
    }

    /// The groups that they were in and that do not exist now.
    pub(super) fn gone(&self) -> impl Iterator<Item = &String> {
        self.history.events.iter().flat_map(|past| &past.gone)
    }
}

/// A group, team, project or organization with its history.
#[derive(Debug, Clone)]
pub(super) struct LoadedThing {
    pub(super) place: Place,
    pub(super) row: ThingRow,
    pub(super) past: Vec<Past>,
    /// Of the organization, its settings.
    pub(super) settings: Object,
}

impl LoadedThing {
    /// Something of which nothing was read.
    pub(super) fn unread(subject: &Subject) -> Self {
        let row = ThingRow { id: subject.id.clone(), ..ThingRow::default() };
        Self { place: subject.place, row, past: Vec::new(), settings: Object::new() }
    }

    pub(super) fn id(&self) -> &str {
        &self.row.id
    }
}

/// People and things that were read.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) things: Vec<LoadedThing>,
    pub(super) people: Vec<LoadedPerson>,
}

/// The statements that read subjects.
pub(super) struct Loading {
    people: Option<(Handle<PersonRow>, Handle<EventRow>, Handle<AdditionRow>)>,
    things: Option<(Handle<ThingRow>, Handle<PastRow>)>,
    settings: Option<Handle<Described<Object>>>,
}

impl Loading {
    pub(super) fn push(
        batch: &mut Batch,
        tenant: &Tenant<'_>,
        scope: Scope<'_>,
        subjects: &[Subject],
    ) -> Self {
        let of = |is: &dyn Fn(Place) -> bool| -> Vec<&str> {
            let some = subjects.iter().filter(|subject| is(subject.place));
            in_order(some.map(|subject| subject.id.as_str()).collect())
        };
        let people = of(&Place::is_of_person);
        let people = (!people.is_empty()).then(|| scope.bindings(&people));
        let things = of(&|place| !place.is_of_person());
        let things = (!things.is_empty()).then(|| scope.bindings(&things));
        let removed = Value::from(of(&Place::is_removal)).to_string();
        let has_settings = subjects.iter().any(|subject| subject.place == Place::Organization);
        Self {
            people: people.map(|people| {
                (
                    batch.push(select_people(tenant, &people)),
                    batch.push(select_events(tenant, &people)),
                    batch.push(select_additions(tenant, &people)),
                )
            }),
            things: things.map(|mut things| {
                let past = batch.push(things::select_past(tenant, &things));
                things.push(text("removed", removed));
                (batch.push(things::select(tenant, &things)), past)
            }),
            settings: has_settings.then(|| batch.push(organizations::one(tenant))),
        }
    }

    pub(super) fn read(&self, results: &Results, subjects: &[Subject]) -> Result<Loaded, StorageError> {
        let people =
            self.people.map(|handles| read_people(handles, results)).transpose()?.unwrap_or_default();
        // The rows of each statement come in the order of the ids.
        let (mut rows, mut past) = (LiteMap::new_vec(), LiteMap::<String, Vec<Past>>::new());
        if let Some((things, events)) = self.things {
            for row in results.all(things)? {
                rows.insert(row.id.clone(), row);
            }
            for row in results.all(events)? {
                past.entry(row.id).or_default().push(row.past);
            }
        }
        let settings = self.settings.map(|handle| results.one(handle)).transpose()?;
        let settings = settings.map(|described| described.organization).unwrap_or_default();
        let mut loaded = Loaded::default();
        for Subject { place, id, .. } in subjects {
            if place.is_of_person() {
                loaded
                    .people
                    .extend(people.get(id).map(|person| LoadedPerson { place: *place, ..person.clone() }));
            } else if let Some(row) = rows.get(id) {
                let settings = if *place == Place::Organization { settings.clone() } else { Object::new() };
                let past = past.get(id).cloned().unwrap_or_default();
                loaded.things.push(LoadedThing { place: *place, row: row.clone(), past, settings });
            }
        }
        Ok(loaded)
    }
}

fn read_people(
    (people, events, additions): (Handle<PersonRow>, Handle<EventRow>, Handle<AdditionRow>),
    results: &Results,
) -> Result<LiteMap<String, LoadedPerson>, StorageError> {
    let mut histories: LiteMap<String, PersonHistory> = LiteMap::new();
    for EventRow { id, event } in results.all(events)? {
        histories.entry(id).or_default().events.push(event);
    }
    for AdditionRow { id, addition } in results.all(additions)? {
        histories.entry(id).or_default().additions.push(addition);
    }
    let mut loaded = LiteMap::new();
    for PersonRow { id, user, deleted, kept } in results.all(people)? {
        let now = PersonNow {
            user: user.as_ref().map(|row| row.person.user()),
            deleted: deleted.as_ref().map(|row| row.person.user()),
            kept,
        };
        let history = histories.get_mut(&id).map(std::mem::take).unwrap_or_default();
        let person =
            LoadedPerson { place: Place::Person, id: id.clone(), now, stored: user, deleted, history };
        loaded.insert(id, person);
    }
    Ok(loaded)
}

fn select_people(tenant: &Tenant<'_>, bindings: &[Binding]) -> Select<PersonRow> {
    tenant.select_json(
        "SELECT json_object('id', j.value,
           'user', iif(u.id IS NULL, NULL, json_object('version', u.version,
             'managed', json(iif(u.managed, 'true', 'false')),
             'person', json_object('active', u.active, 'org_role', u.org_role, 'doc', u.doc))),
           'deleted', iif(d.id IS NULL, NULL, json_object('event_seq', d.event_seq, 'person', json(d.person))),
           'kept', json(iif(o.keep_access = 0, NULL, iif(u.id IS NOT NULL,
             (SELECT json_group_array(g.id) FROM kept_memberships k CROSS JOIN groups g ON g.seq = k.group_seq
               WHERE k.user_seq = u.seq),
             (SELECT json_group_array(g.id) FROM json_each(d.person, '$.kept') k
               CROSS JOIN groups g ON g.org_id = :org AND g.id = k.value))))) AS json
         FROM organizations o CROSS JOIN json_each(:ids) j
         LEFT JOIN users u ON u.org_id = :org AND u.id = j.value
         LEFT JOIN deleted_people d ON d.org_id = :org AND d.id = j.value AND u.id IS NULL
         WHERE o.id = :org ORDER BY j.key",
        bindings,
    )
}

fn select_events(tenant: &Tenant<'_>, bindings: &[Binding]) -> Select<EventRow> {
    let counts = counts();
    let sql = format!(
        "SELECT json_object('id', j.value, 'event', json_object('seq', e.seq, 'story', e.story,
           'is_selected', {counts}, 'is_of_person', json(iif(e.subject_type = 'person', 'true', 'false')),
           'personal', json(s.personal), 'event', json_object('type', e.type,
             'data', iif(e.type = 'membership.removed',
               json_object('groups', e.data -> '$.groups', 'people', json('[]')), json(e.data))),
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
        "SELECT json_object('id', x.id, 'addition', json_object('group', x.group_id, 'seq', x.since,
           'is_selected', {counts}, 'is_present', json(iif(x.is_present, 'true', 'false')))) AS json
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
