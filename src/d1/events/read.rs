//! Deeds: runs of events of one request, or of one step of a job, the newest first.
//!
//! A page is found by looking at a bounded number of events, whatever the query asks for: it may have fewer deeds than
//! fit before the list ends.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::super::audit_log::ENTRY;
use super::super::batch::Select;
use super::super::statement::{Binding, integer, optional, text};
use super::super::tenant::Tenant;
use super::range::{ORGANIZATION, Range};
use super::shown::{self, ShownEvent};
use directory::event::Source;

/// Most events at which a page of a query that selects some of them looks, or the count of its deeds.
pub(crate) const MOST_SCANNED: u32 = 5_000;
/// Most events at which a page without such a query looks.
pub(crate) const MOST_SCANNED_OF_ALL: u32 = 1_000;
/// Most events of a person or group that its history has.
pub(crate) const MOST_OF_SUBJECT: u32 = 10_000;
/// Most events of a deed that a page has.
pub(crate) const MOST_SHOWN: u32 = 10;
/// Most people and groups of an event's lists that a page has.
pub(crate) const MOST_LISTED: u32 = 5;
/// Most deeds that are counted.
pub(crate) const MOST_COUNTED: u32 = 1_000;

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

/// What was looked at, and one of the events that were found.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct DeedRow<R> {
    /// How many events were looked at.
    pub scanned: u32,
    /// The lowest and the highest sequence number among them.
    pub lowest: Option<i64>,
    /// See [`Self::lowest`].
    pub highest: Option<i64>,
    /// The time of the event that was looked at last.
    pub reached: Option<String>,
    /// The number of the deed that was looked at last, of which there may be more events.
    pub last_run: Option<i64>,
    /// The event; `None`: none was found.
    pub found: Option<Found<R>>,
}

/// An event that was found.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct Found<R> {
    /// The number of its deed in the order of reading, among all that were looked at.
    pub run: i64,
    /// The lowest sequence number of the deed.
    pub lowest: i64,
    /// The highest one.
    pub highest: i64,
    /// How many events the deed has.
    pub events: u64,
    /// The entry of the request in the log.
    pub request: Option<R>,
    /// The event.
    pub event: ShownEvent,
}

impl Query {
    /// At how many events a page looks at most.
    pub fn most_scanned(&self) -> u32 {
        if self.selects() { MOST_SCANNED } else { MOST_SCANNED_OF_ALL }
    }

    /// Whether some events are left out by their contents.
    fn selects(&self) -> bool {
        !self.types.is_empty()
            || self.source.is_some()
            || self.actor.is_some()
            || self.key.is_some()
            || self.text.is_some()
            || self.group.is_some()
    }

    /// The common table `scanned`, with those before it.
    fn scanned(&self, most: u32, ascending: bool) -> (String, Vec<Binding>) {
        let order = if ascending { "ASC" } else { "DESC" };
        let range_of = if self.about.is_some() { "s.seq" } else { "e.seq" };
        let (tables, range, mut bindings) = self.range.sql(range_of);
        bindings.push(integer("scan", most));
        bindings.push(optional("subject", self.about.as_ref().map(About::id)));
        let from = match self.about {
            None => format!("o CROSS JOIN events e ON e.org_id = o.id{range}"),
            Some(_) => format!(
                "subjects s CROSS JOIN o CROSS JOIN events e ON e.org_id = o.id AND e.seq = s.seq WHERE TRUE{range}"
            ),
        };
        let subjects = self.about.as_ref().map(subjects).unwrap_or_default();
        let limit = match &self.text {
            None => format!("SELECT e.* FROM {from} ORDER BY e.seq {order} LIMIT CAST(:scan AS INTEGER)"),
            // Looking for names looks at each person that an event lists.
            Some(_) => format!(
                "SELECT * FROM (
                   SELECT e.*, sum(1 + coalesce(json_array_length(e.data, '$.people'), 0))
                     OVER (ORDER BY e.seq {order} ROWS UNBOUNDED PRECEDING) AS work
                   FROM (SELECT e.* FROM {from} ORDER BY e.seq {order} LIMIT CAST(:scan AS INTEGER)) e)
                 WHERE work <= CAST(:scan AS INTEGER) + {listed}",
                listed = directory::event::MAX_LISTED
            ),
        };
        (format!("{ORGANIZATION},\n{tables}{subjects}\nscanned AS MATERIALIZED ({limit})"), bindings)
    }

    /// A condition on the event `e`, 0 or 1.
    fn condition(&self) -> (String, Vec<Binding>) {
        let (mut condition, mut bindings) = (String::from("TRUE"), Vec::new());
        let mut and = |sql: &str, binding: Binding| {
            condition.push_str(" AND ");
            condition.push_str(sql);
            bindings.push(binding);
        };
        if !self.types.is_empty() {
            and(
                "e.type IN (SELECT value FROM json_each(:types))",
                text("types", json!(self.types).to_string()),
            );
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
            and(HAS_NAME, text("text", part.as_str()));
        }
        (format!("coalesce({condition}, 0)"), bindings)
    }
}

/// The common table `subjects`, with a comma behind it: the numbers of events about a person or group, `:subject`.
pub(super) fn subjects(about: &About) -> String {
    match about {
        About::Group(_) => {
            format!("subjects (seq, since) AS MATERIALIZED ({OF_SUBJECT} LIMIT {MOST_OF_SUBJECT}),")
        }
        // An event that began a membership is named by the membership, or by the event that ended it.
        About::Person(_) => format!(
            "own (seq, since) AS MATERIALIZED ({OF_SUBJECT} LIMIT {MOST_OF_SUBJECT}),
             subjects (seq) AS MATERIALIZED (
               SELECT seq FROM own
               UNION
               SELECT since FROM own WHERE since > 0
               UNION
               SELECT g.value ->> 'since' FROM own CROSS JOIN o
               CROSS JOIN events e ON e.org_id = o.id AND e.seq = own.seq AND e.type = 'membership.removed'
                 AND e.subject_id = :subject
               CROSS JOIN json_each(e.data, '$.groups') g WHERE own.since IS NULL
               UNION
               SELECT m.since FROM o CROSS JOIN users u ON u.org_id = o.id AND u.id = :subject
               CROSS JOIN memberships m ON m.user_seq = u.seq),"
        ),
    }
}

pub(super) const OF_SUBJECT: &str = "SELECT x.seq, x.since FROM o
    CROSS JOIN event_subjects x ON x.org_id = o.id AND x.subject_id = :subject ORDER BY x.seq DESC";

/// Whether a name in the event `e` contains `:text`.
const HAS_NAME: &str = "(
    (instr(lower(e.data), :text) AND EXISTS (
       SELECT 1 FROM json_tree(e.data) j
       WHERE (j.key IN ('name', 'hint') OR j.fullkey IN ('$.name.before', '$.name.after'))
         AND j.type = 'text' AND instr(lower(j.value), :text)))
    OR EXISTS (
      SELECT 1 FROM event_subjects p WHERE p.org_id = e.org_id AND p.subject_id = e.subject_id AND p.seq = e.seq
        AND (instr(lower(p.personal ->> 'user_name'), :text) OR instr(lower(p.personal ->> 'display_name'), :text)))
    OR EXISTS (
      SELECT 1 FROM json_each(e.data, '$.people') j
      CROSS JOIN users u ON u.org_id = e.org_id AND u.id = j.value ->> 'id'
      WHERE instr(u.user_name_fold, :text) OR instr(lower(u.doc ->> 'displayName'), :text)
        OR instr(lower(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), :text)))";

/// Common tables behind `scanned`: events in runs of one story and request, in the order of reading.
fn runs(condition: &str, ascending: bool) -> String {
    let order = if ascending { "ASC" } else { "DESC" };
    format!(
        "marked AS (
           SELECT e.seq, e.at, {condition} AS is_match,
             e.story IS NOT lag(e.story) OVER w OR e.log_id IS NOT lag(e.log_id) OVER w AS begins
           FROM scanned e WINDOW w AS (ORDER BY e.seq {order})),
         runs AS MATERIALIZED (
           SELECT m.*, sum(m.begins) OVER (ORDER BY m.seq {order} ROWS UNBOUNDED PRECEDING) AS run FROM marked m)"
    )
}

/// Reads deeds: one row for each event, and at least one. If there are more deeds than [`Query::count`], one more is
/// read.
pub fn deeds<R: DeserializeOwned>(tenant: &Tenant<'_>, query: &Query) -> Select<DeedRow<R>> {
    let ascending = query.range.after.is_some();
    let (scanned, mut bindings) = query.scanned(query.most_scanned(), ascending);
    let (condition, more) = query.condition();
    bindings.extend(more);
    bindings.push(integer("deeds", u32::from(query.count).saturating_add(1)));
    bindings.push(integer("listed", MOST_LISTED));
    let (runs, event) = (runs(&condition, ascending), shown::json());
    let reached = if ascending { "max" } else { "min" };
    let sql = format!(
        "WITH RECURSIVE {scanned},
         {runs},
         placed AS (
           SELECT r.seq, r.run, max(r.is_match) OVER d AS matches, min(r.seq) OVER d AS lowest,
             max(r.seq) OVER d AS highest, count(*) OVER d AS events,
             row_number() OVER (PARTITION BY r.run ORDER BY r.is_match DESC, r.seq) AS place
           FROM runs r WINDOW d AS (PARTITION BY r.run)),
         ranked AS (SELECT p.*, dense_rank() OVER (ORDER BY p.run) AS rank FROM placed p WHERE p.matches = 1)
         SELECT json_object('scanned', w.scanned, 'lowest', w.lowest, 'highest', w.highest, 'reached', w.reached,
           'last_run', w.last_run, 'found', json(iif(s.seq IS NULL, NULL, json_object('run', s.run, 'lowest', s.lowest,
             'highest', s.highest, 'events', s.events, 'event', {event},
             'request', json(iif(s.place = 1,
               (SELECT {ENTRY} FROM log l WHERE l.org_id = e.org_id AND l.id = e.log_id), NULL)))))) AS json
         FROM (SELECT count(*) AS scanned, min(seq) AS lowest, max(seq) AS highest, {reached}(at) AS reached,
             max(run) AS last_run FROM runs) w
         LEFT JOIN (ranked s CROSS JOIN o CROSS JOIN events e ON e.org_id = o.id AND e.seq = s.seq)
           ON s.rank <= CAST(:deeds AS INTEGER) AND s.place <= {MOST_SHOWN}
         ORDER BY s.run, s.seq"
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

/// Counts deeds among the newest [`MOST_SCANNED`] events of a range.
pub fn total(tenant: &Tenant<'_>, query: &Query) -> Select<Total> {
    let all = Query { range: Range { before: None, after: None, ..query.range.clone() }, ..query.clone() };
    let (scanned, mut bindings) = all.scanned(MOST_SCANNED, false);
    let (condition, more) = all.condition();
    bindings.extend(more);
    let runs = runs(&condition, false);
    let sql = format!(
        "WITH RECURSIVE {scanned},
         {runs}
         SELECT count(DISTINCT r.run) FILTER (WHERE r.is_match) AS deeds, count(*) AS scanned FROM runs r"
    );
    tenant.select(&sql, &bindings)
}

/// The time of the oldest event that is kept.
#[derive(Debug, Deserialize)]
pub struct KeptSince {
    /// The time.
    pub at: String,
}

/// Reads the time of the oldest event that is kept, if there is one.
pub fn kept_since(tenant: &Tenant<'_>) -> Select<KeptSince> {
    tenant.select("SELECT e.at AS at FROM events e WHERE e.org_id = :org ORDER BY e.seq LIMIT 1", &[])
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
