//! An event as administrators see it: with names as they were.

use serde::Deserialize;

use directory::event::{Event, Personal, Source, SubjectType};

/// Rows that a search for the name of a person at a time reads at most, on either side of it.
pub(super) const NAMES: u32 = 10;

/// An event with what is needed to show it.
#[derive(Debug, Deserialize)]
pub struct ShownEvent {
    /// The sequence number.
    pub seq: i64,
    /// When.
    pub at: String,
    /// The `seq` of the first event of its story.
    pub story: i64,
    /// The entry of the request in the log.
    pub log_id: Option<String>,
    /// What caused it.
    pub source: Source,
    /// A key's hint, an administrator's email address, or the name of a job.
    pub actor: String,
    /// The id of the key.
    pub key: Option<String>,
    /// What the subject is.
    pub subject_type: SubjectType,
    /// The subject's identifier.
    pub subject_id: String,
    /// The version of the subject.
    pub version: Option<i64>,
    /// What happened, with shortened lists.
    pub event: Event,
    /// The personal part.
    pub personal: Option<Personal>,
    /// Of a person the names.
    pub names: Option<Names>,
    /// The people in the list, with their names.
    pub people: Vec<ShownPerson>,
    /// How many people the list has.
    pub people_count: u64,
    /// How many groups the list has.
    pub group_count: u64,
}

/// A person whom an event lists.
#[derive(Debug, Deserialize)]
pub struct ShownPerson {
    /// Identifier.
    pub id: String,
    /// The names; `None`: they were erased.
    pub names: Option<Names>,
}

/// The names of a person.
#[derive(Debug, Deserialize)]
pub struct Names {
    /// `userName`.
    pub user_name: String,
    /// The name for display.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The client's identifier.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// SQL of the event `e` as JSON of a [`ShownEvent`], whose lists have at most `:listed` elements, that of `:subject`
/// first.
pub(super) fn json() -> String {
    let shortened = |list: &str| {
        format!(
            "(SELECT j.value AS value FROM json_each(e.data, '$.{list}') j
               ORDER BY j.value ->> 'id' = :subject DESC, j.key LIMIT CAST(:listed AS INTEGER))"
        )
    };
    let replaced =
        |list: &str| format!("json((SELECT json_group_array(json(s.value)) FROM {} s))", shortened(list));
    let (people, groups, listed) = (replaced("people"), replaced("groups"), shortened("people"));
    let (of_subject, names) = (names("e.subject_id"), names("s.value ->> 'id'"));
    format!(
        "json_object('seq', e.seq, 'at', e.at, 'story', e.story, 'log_id', e.log_id, 'source', e.source,
           'actor', e.actor, 'key', e.key_id, 'subject_type', e.subject_type, 'subject_id', e.subject_id,
           'version', e.version, 'event', json_object('type', e.type, 'data', json(CASE
             WHEN json_type(e.data, '$.groups') IS NOT NULL
               THEN json_set(e.data, '$.people', {people}, '$.groups', {groups})
             WHEN json_type(e.data, '$.people') IS NOT NULL THEN json_set(e.data, '$.people', {people})
             ELSE e.data END)),
           'personal', json((SELECT p.personal FROM event_subjects p
             WHERE p.org_id = e.org_id AND p.subject_id = e.subject_id AND p.seq = e.seq)),
           'names', json(iif(e.subject_type = 'person', {of_subject}, NULL)),
           'people', json((SELECT json_group_array(json_object('id', s.value ->> 'id', 'names', json({names})))
             FROM {listed} s)),
           'people_count', coalesce(json_array_length(e.data, '$.people'), 0),
           'group_count', coalesce(json_array_length(e.data, '$.groups'), 0))"
    )
}

/// SQL of the names of a person at the event `e`, as JSON: as the last event until then has them; else as they were
/// before the next event; else the present ones.
fn names(id: &str) -> String {
    let personal = |operator: &str, order: &str| {
        format!(
            "(SELECT x.personal FROM event_subjects x WHERE x.org_id = e.org_id AND x.subject_id = {id}
                AND x.seq {operator} e.seq ORDER BY x.seq {order} LIMIT {NAMES})"
        )
    };
    let (until, behind) = (personal("<=", "DESC"), personal(">", "ASC"));
    format!(
        "coalesce(
             (SELECT json_remove(n.personal, '$.changes') FROM {until} n WHERE n.personal IS NOT NULL LIMIT 1),
             (SELECT json_object('external_id', n.personal ->> 'external_id',
                'display_name', n.personal ->> 'display_name',
                'user_name', coalesce(n.personal ->> '$.changes.userName.before', n.personal ->> 'user_name'))
              FROM {behind} n WHERE n.personal IS NOT NULL LIMIT 1),
             (SELECT json_object('user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId',
                'display_name', coalesce(
                nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
                u.doc ->> 'displayName'))
              FROM users u WHERE u.org_id = e.org_id AND u.id = {id}))"
    )
}
