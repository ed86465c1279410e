//! Deeds: runs of events of one request, or of one step of a job, the newest first.
//!
//! A page is found by looking at a bounded number of events, whatever the query asks for: it may have fewer deeds than
//! fit before the list ends. Statements read what they look at once, in the order of its index, since D1 bills rows of
//! common tables, sorts and windows like those of tables.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::audit_log::{FIRST_EVENT, entry};
use super::super::batch::Select;
use super::super::statement::{Binding, integer, optional, text};
use super::super::tenant::Tenant;
use super::range::{ORGANIZATION, Range};
use super::shown::{self, ShownEvent};
use directory::event::Source;

/// Most events at which a page or a count of deeds looks.
pub(crate) const MOST_SCANNED: u32 = 5_000;
/// The same for a page of deeds with a name.
pub(crate) const MOST_SCANNED_FOR_NAMES: u32 = 1_000;
/// Most people in the list of an event whose names are looked at.
pub(crate) const MOST_NAMED: u32 = 25;
/// Most people who are found in longer lists, by the beginning of their `userName`.
pub(crate) const MOST_BEGINNING: u32 = 10;
/// Most events of a person or group that its history has.
pub(crate) const MOST_OF_SUBJECT: u32 = 10_000;
/// Most events of a deed that a page has.
pub(crate) const MOST_SHOWN: usize = 10;
/// Most people and groups of an event's lists that a page has.
pub(crate) const MOST_LISTED: u32 = 5;
/// Most deeds that are counted.
pub(crate) const MOST_COUNTED: u32 = 1_000;
/// From an event that a query selects, events of the same deed are shown if they are less than this away.
const NEAR: u32 = 4;
/// How many events are read for each deed that fits on a page.
const EVENTS_OF_DEED: u32 = 4;

/// What events are about.
#[derive(Debug, Clone)]
pub enum About {
    /// A person.
    Person(String),
    /// A group.
    Group(String),
}

impl About {
    /// The identifier.
    pub fn id(&self) -> &str {
        match self {
            Self::Person(id) | Self::Group(id) => id,
        }
    }
}

/// Which deeds are read.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// About this person or group.
    pub about: Option<About>,
    /// Of a query about a person: also about this group.
    pub group: Option<String>,
    /// With an event of one of these types; empty: of any.
    pub types: Vec<&'static str>,
    /// Done by this kind of client.
    pub source: Option<Source>,
    /// Done by this administrator, or with the key of this hint.
    pub actor: Option<String>,
    /// Done with the key with this id.
    pub key: Option<String>,
    /// With a name that contains this, folded.
    pub text: Option<String>,
    /// Within this range. With [`Range::after`], the oldest in it are read, else the newest.
    pub range: Range,
    /// Most deeds.
    pub count: u16,
}

/// At what a page looked, or an event that it found.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct DeedRow<R> {
    /// At what it looked: one row has it.
    pub seen: Option<Seen>,
    /// The event.
    pub found: Option<Found<R>>,
}

/// At what a page looked.
#[derive(Debug, Deserialize)]
pub struct Seen {
    /// How many events.
    pub scanned: u32,
    /// How many deeds there are among them.
    pub deeds: u32,
    /// The lowest and the highest sequence number among them.
    pub lowest: Option<i64>,
    /// See [`Self::lowest`].
    pub highest: Option<i64>,
    /// The time of the event that was looked at last.
    pub reached: Option<String>,
}

/// An event that was found, or that belongs to the deed of one that was.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct Found<R> {
    /// The event.
    pub event: ShownEvent,
    /// The entry of the request in the log.
    pub request: Option<R>,
}

impl Query {
    /// Whether some events are left out by their contents.
    fn selects(&self) -> bool {
        !self.types.is_empty()
            || self.source.is_some()
            || self.actor.is_some()
            || self.key.is_some()
            || self.text.is_some()
            || self.group.is_some()
    }

    /// At how many events a page looks at most.
    pub fn most_scanned(&self) -> u32 {
        match (&self.about, &self.text) {
            (Some(_), _) => MOST_OF_SUBJECT,
            (None, Some(_)) => MOST_SCANNED_FOR_NAMES,
            (None, None) => MOST_SCANNED,
        }
    }

    /// How many events a page reads at most.
    pub fn most_read(&self) -> u32 {
        u32::from(self.count).saturating_add(1).saturating_mul(EVENTS_OF_DEED)
    }

    /// Common tables, and the events at which a query looks, in the order of reading.
    fn scanned(&self) -> (String, String, Vec<Binding>) {
        let order = if self.range.after.is_some() { "ASC" } else { "DESC" };
        let (mut tables, range, mut bindings) = self.range.sql("s.seq");
        if self.text.is_some() {
            tables.insert_str(0, &format!("{},\n", named()));
        }
        tables.insert_str(0, &format!("{ORGANIZATION},\n"));
        bindings.push(optional("subject", self.about.as_ref().map(About::id)));
        let most = self.most_scanned();
        let ordered = |seqs: &str| {
            format!(
                "SELECT e.* FROM (
               SELECT s.seq FROM ({seqs}) s WHERE TRUE{range} ORDER BY s.seq {order} LIMIT {most}) s
             CROSS JOIN o CROSS JOIN events e ON e.org_id = o.id AND e.seq = s.seq"
            )
        };
        let events = match &self.about {
            None => format!(
                "SELECT s.* FROM events s WHERE s.org_id = (SELECT id FROM o){range}
             ORDER BY s.seq {order} LIMIT {most}"
            ),
            Some(about) => ordered(&subjects(about)),
        };
        (tables, events, bindings)
    }

    /// A condition on the event `e`.
    fn condition(&self) -> (String, Vec<Binding>) {
        let (mut condition, mut bindings) = (String::from("TRUE"), Vec::new());
        let mut and = |sql: &str, binding: Binding| {
            condition.push_str(" AND ");
            condition.push_str(sql);
            bindings.push(binding);
        };
        if !self.types.is_empty() {
            and("instr(:types, '\"' || e.type || '\"')", text("types", json!(self.types).to_string()));
        }
        if let Some(source) = self.source {
            and("e.source = :source", text("source", source.as_str()));
        }
        if let Some(actor) = &self.actor {
            and("e.actor = :actor", text("actor", actor.as_str()));
        }
        if let Some(key) = &self.key {
            and("e.key_id = :of_key", text("of_key", key.as_str()));
        }
        if let Some(group) = &self.group {
            and(
                "(e.subject_id = :group OR :group IN (SELECT g.value ->> 'id' FROM json_each(e.data, '$.groups') g))",
                text("group", group.as_str()),
            );
        }
        if let Some(part) = &self.text {
            and(&has_name(), text("text", part.as_str()));
        }
        (condition, bindings)
    }
}

/// SQL of a common table: the first people whose `userName` begins with `:text`.
fn named() -> String {
    format!(
        "named (id) AS MATERIALIZED (
           SELECT u.id FROM o CROSS JOIN users u ON u.org_id = o.id
             AND u.user_name_fold >= :text AND u.user_name_fold < :text || char(1114111)
           ORDER BY u.user_name_fold LIMIT {MOST_BEGINNING})"
    )
}

/// Whether a name in the event `e` contains `:text`. Of a long list, names are not read: it is searched for the ids of
/// [`named`].
fn has_name() -> String {
    format!(
        "(
    (instr(lower(e.data), :text) AND EXISTS (
       SELECT 1 FROM json_tree(e.data) j
       WHERE (j.key IN ('name', 'hint') OR j.fullkey IN ('$.name.before', '$.name.after'))
         AND j.type = 'text' AND instr(lower(j.value), :text)))
    OR EXISTS (
      SELECT 1 FROM event_subjects p WHERE p.org_id = e.org_id AND p.subject_id = e.subject_id AND p.seq = e.seq
        AND (instr(lower(p.personal ->> 'user_name'), :text) OR instr(lower(p.personal ->> 'display_name'), :text)))
    OR (json_array_length(e.data, '$.people') <= {MOST_NAMED} AND EXISTS (
      SELECT 1 FROM json_each(e.data, '$.people') j
      CROSS JOIN users u ON u.org_id = e.org_id AND u.id = j.value ->> 'id'
      WHERE instr(u.user_name_fold, :text) OR instr(lower(u.doc ->> 'displayName'), :text)
        OR instr(lower(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), :text)))
    OR (json_array_length(e.data, '$.people') > {MOST_NAMED} AND EXISTS (
      SELECT 1 FROM named n WHERE instr(e.data, '\"' || n.id || '\"'))))"
    )
}

/// SQL that yields `seq` of the events about a person or group, `:subject`; some of them more than once.
pub(super) fn subjects(about: &About) -> String {
    match about {
        About::Group(_) => OWN.to_owned(),
        // An event that began a membership is named by the membership, or by the event that ended it.
        About::Person(_) => format!(
            "SELECT x.seq AS seq FROM ({OWN} LIMIT {MOST_OF_SUBJECT}) x
             UNION ALL
             SELECT x.since FROM ({OWN} LIMIT {MOST_OF_SUBJECT}) x WHERE x.since > 0
             UNION ALL
             SELECT g.value ->> 'since' FROM ({OWN} LIMIT {MOST_OF_SUBJECT}) x CROSS JOIN o
             CROSS JOIN events e ON e.org_id = o.id AND e.seq = x.seq AND e.type = 'membership.removed'
               AND e.subject_id = :subject
             CROSS JOIN json_each(e.data, '$.groups') g WHERE x.since IS NULL
             UNION ALL
             SELECT m.since FROM o CROSS JOIN users u ON u.org_id = o.id AND u.id = :subject
             CROSS JOIN memberships m ON m.user_seq = u.seq WHERE m.since > 0"
        ),
    }
}

/// The rows of `event_subjects` about `:subject`, the newest first.
pub(super) const OWN: &str = "SELECT x.seq AS seq, x.since AS since FROM event_subjects x
    WHERE x.org_id = (SELECT id FROM o) AND x.subject_id = :subject ORDER BY x.seq DESC";

/// Reads deeds: one row for each event, in the order of reading, and at least one. A row may come twice.
pub fn deeds<R: DeserializeOwned>(tenant: &Tenant<'_>, query: &Query) -> Select<DeedRow<R>> {
    let (tables, scanned, mut bindings) = query.scanned();
    let (condition, more) = query.condition();
    bindings.extend(more);
    bindings.push(integer("listed", MOST_LISTED));
    let reached = if query.range.after.is_some() { "max" } else { "min" };
    // What is next to an event that a query selects, as far as it is of the same deed and subject.
    let found = match query.selects() {
        false => "events e ON e.org_id = o.id AND e.seq = j.value".to_owned(),
        true => {
            let same =
                if query.about.is_some() { " AND (e.seq = m.seq OR e.subject_id = :subject)" } else { "" };
            let range = query.range.numbered("e.seq");
            format!(
                "events m ON m.org_id = o.id AND m.seq = j.value
           CROSS JOIN events e ON e.org_id = o.id AND e.seq > m.seq - {NEAR} AND e.seq < m.seq + {NEAR}
             AND e.story = m.story AND e.log_id IS m.log_id{same}{range}"
            )
        }
    };
    let (event, request) = (shown::json(), entry(FIRST_EVENT));
    let sql = format!(
        "WITH RECURSIVE {tables}
         w AS MATERIALIZED (
           SELECT count(*) AS scanned, count(DISTINCT e.story) FILTER (WHERE {condition}) AS deeds,
             min(e.seq) AS lowest, max(e.seq) AS highest, {reached}(e.at) AS reached,
             json_group_array(DISTINCT e.seq) FILTER (WHERE {condition}) AS seqs
           FROM ({scanned}) e)
         SELECT json_object('seen', json_object('scanned', w.scanned, 'deeds', w.deeds, 'lowest', w.lowest,
           'highest', w.highest, 'reached', w.reached)) AS json FROM w
         UNION ALL
         SELECT * FROM (
           SELECT json_object('found', json_object('event', {event},
             'request', json((SELECT {request} FROM log l WHERE l.org_id = e.org_id AND l.id = e.log_id))))
           FROM w CROSS JOIN json_each(w.seqs) j CROSS JOIN o CROSS JOIN {found}
           LIMIT {most})",
        most = query.most_read()
    );
    tenant.select_json(&sql, &bindings)
}

/// How many deeds a query has.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Total {
    /// How many deeds there are among the events that were looked at.
    pub deeds: u32,
    /// How many events were looked at.
    pub scanned: u32,
}

/// Counts deeds among the newest events of a range, on whatever page.
pub fn total(tenant: &Tenant<'_>, query: &Query) -> Select<Total> {
    let all = Query { range: Range { before: None, after: None, ..query.range.clone() }, ..query.clone() };
    let (tables, scanned, mut bindings) = all.scanned();
    let (condition, more) = all.condition();
    bindings.extend(more);
    let tables = tables.trim_end().trim_end_matches(',');
    let sql = format!(
        "WITH RECURSIVE {tables}
         SELECT count(DISTINCT e.story) FILTER (WHERE {condition}) AS deeds, count(*) AS scanned FROM ({scanned}) e"
    );
    tenant.select_few(&sql, &bindings)
}

/// The time of the oldest event that is kept.
#[derive(Debug, Deserialize)]
pub struct KeptSince {
    /// The time.
    pub at: String,
}

/// Reads the time of the oldest event that is kept, if there is one.
pub fn kept_since(tenant: &Tenant<'_>) -> Select<KeptSince> {
    tenant.select_few("SELECT e.at AS at FROM events e WHERE e.org_id = :org ORDER BY e.seq LIMIT 1", &[])
}

/// The newest event.
#[derive(Debug, Deserialize)]
pub struct Newest {
    /// The story to which it belongs.
    pub story: i64,
}

/// Reads the story of the newest event: in the batch of a change, that of the change.
pub fn newest_story(tenant: &Tenant<'_>) -> Select<Newest> {
    tenant.select_few("SELECT story FROM events WHERE org_id = :org ORDER BY seq DESC LIMIT 1", &[])
}

/// Reads one event with all that it lists.
pub fn one(tenant: &Tenant<'_>, seq: u64) -> Select<ShownEvent> {
    let sql = format!(
        "SELECT {} AS json FROM events e WHERE e.org_id = :org AND e.seq = CAST(:seq AS INTEGER)",
        shown::json()
    );
    let listed = integer("listed", i64::try_from(directory::event::MAX_LISTED).unwrap_or(i64::MAX));
    tenant.select_json(&sql, &[text("seq", seq.to_string()), listed, optional("subject", None)])
}
