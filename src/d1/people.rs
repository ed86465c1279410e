//! Searches for people of an organization, page by page, with how many there are.
//!
//! No index serves a search for a part of a text. It looks at the people one by one in the order of the list, at most
//! at [`MOST_SEARCHED`] of them, and says where the next search has to begin.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::batch::Select;
use super::columns::json_or_none;
use super::console_views::DESCRIBED;
use super::events::range::{ORGANIZATION, Side, at};
use super::statement::{Binding, text};
use super::tenant::Tenant;
use directory::OrgRole;
use scim_protocol::text::fold;

/// Most people that a search looks at.
pub const MOST_SEARCHED: u32 = 20_000;

/// What is asked about a person and the identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// SCIM sees the person.
    Seen,
    /// SCIM does not see the person: they were added in the console, outside the email domains.
    Unseen,
    /// No request about the person has come from an identity provider, as far as history and log go back.
    NeverSent,
}

/// Which people are meant.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A part of their `userName`, names, email addresses or `externalId`, compared as the directory compares texts.
    pub search: Option<String>,
    /// The domain of the address that identifies them.
    pub domain: Option<String>,
    /// Whether they are active.
    pub active: Option<bool>,
    /// Their role in the organization.
    pub org_role: Option<OrgRole>,
    /// The id or the name of a group that they are in.
    pub group: Option<String>,
    /// What is asked about them and the identity provider.
    pub provider: Option<Provider>,
    /// Since this time no request about them has come from an identity provider.
    pub silent_since: Option<String>,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// By `userName`.
    #[default]
    Name,
    /// Those that were changed last come first.
    Changed,
}

/// Which page of a list is read.
#[derive(Debug, Clone, Default)]
pub enum Turn {
    /// The first one.
    #[default]
    First,
    /// The one behind a place.
    After(String),
    /// The one before a place.
    Before(String),
}

/// A page of a list.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Which people.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// The place where the search begins, if not with the first person.
    pub from: Option<String>,
    /// Which page.
    pub turn: Turn,
    /// The most people of the page. If there are more, one more is read.
    pub count: u16,
}

/// A row of a page: a person, and what is known of all. There is at least one row.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub struct Found<R> {
    /// How many people were found; `None`: more than are counted.
    pub total: Option<u64>,
    /// The place where the next search begins; `None`: all people were looked at.
    pub rest: Option<String>,
    /// The person; `None`: the page has none.
    #[serde(rename = "json", deserialize_with = "json_or_none")]
    pub member: Option<R>,
    /// The person's place in the list. Places compare as text.
    pub place: Option<String>,
}

/// How many people the organization `o` has. SCIM sees most of them, and those are counted already. NULL: SCIM does not
/// see more than are counted.
fn everyone() -> String {
    format!(
        "(SELECT iif(h.hidden > {MOST_SEARCHED}, NULL, g.user_count + h.hidden)
          FROM (SELECT count(*) AS hidden FROM (
              SELECT 1 FROM users INDEXED BY users_in_order
              WHERE users.org_id = (SELECT id FROM o) AND users.managed = 0 LIMIT {MOST_SEARCHED} + 1)) h
            CROSS JOIN organizations g ON g.id = (SELECT id FROM o))"
    )
}

/// SQL of the group that `:group` names.
const GROUP: &str = "SELECT g.seq FROM groups g
    WHERE g.org_id = (SELECT id FROM o) AND (g.id = :group OR g.name_fold = :group_fold)
    ORDER BY g.id = :group DESC LIMIT 1";

/// The document with its texts folded.
const FOLDED: &str = "coalesce(users.doc_fold, lower(users.doc))";

/// An SQL condition that a text of the person has the part `:search`. Most documents do not have it at all, which is
/// found out without reading them as JSON. Between two texts is a character that no text has.
fn has_part() -> String {
    let texts: String = ["username", "displayname", "name.givenname", "name.familyname", "externalid"]
        .map(|path| format!("{FOLDED} ->> '$.{path}', "))
        .concat();
    format!(
        "instr({FOLDED}, :search_in_json) > 0 AND instr(concat_ws(char(31), {texts}(
           SELECT group_concat(e.value ->> 'value', char(31)) FROM json_each({FOLDED}, '$.emails') e)), :search) > 0"
    )
}

/// An SQL condition that no request about the person has come from an identity provider. Requests that change something
/// are found by their events behind `seq`, others by their entries in the log from `id` on.
fn silent(seq: &str, id: &str) -> String {
    format!(
        "NOT EXISTS (
           SELECT 1 FROM event_subjects s CROSS JOIN events e ON e.org_id = s.org_id AND e.seq = s.seq
           WHERE s.org_id = (SELECT id FROM o) AND s.subject_id = users.id AND s.seq > {seq} AND e.source = 'scim'
             AND e.subject_id = s.subject_id)
         AND NOT EXISTS (
           SELECT 1 FROM log l INDEXED BY log_by_resource
           WHERE l.org_id = (SELECT id FROM o) AND l.resource_id = users.id AND l.resource_id IS NOT NULL
             AND l.id >= {id} AND l.source = 'scim' AND l.status < 400)"
    )
}

/// The parts of a statement that come from a [`Filter`].
struct Parts {
    index: &'static str,
    /// The condition of the index.
    indexed: &'static str,
    /// The other conditions.
    conditions: Vec<String>,
    /// Common tables, each with a comma behind it.
    tables: String,
    bindings: Vec<Binding>,
}

impl Parts {
    fn of(filter: &Filter, order: Order) -> Self {
        let (mut index, mut indexed) = match order {
            Order::Name => ("users_by_user_name", ""),
            Order::Changed => ("users_by_last_modified", ""),
        };
        let (mut conditions, mut bindings, mut tables) = (Vec::new(), Vec::new(), String::new());
        // An inactive person may have a role that applies once the person is active.
        match filter.org_role {
            Some(OrgRole::Member) => {
                conditions.push("(users.org_role = 'Member' OR users.active = 0)".to_owned());
            }
            Some(role) => {
                bindings.push(text("org_role", role.as_str()));
                conditions.push("users.active = 1".to_owned());
                if order == Order::Name {
                    index = "users_with_org_role";
                    indexed = " AND users.org_role <> 'Member' AND users.org_role = :org_role";
                } else {
                    conditions.push("users.org_role = :org_role".to_owned());
                }
            }
            None => {}
        }
        match filter.active {
            Some(false) if order == Order::Name && indexed.is_empty() => {
                (index, indexed) = ("users_inactive", " AND users.active = 0");
            }
            Some(active) => conditions.push(format!("users.active = {}", u8::from(active))),
            None => {}
        }
        if let Some(domain) = &filter.domain {
            let domain = fold(domain.trim());
            bindings.push(text("domain", domain.strip_prefix('@').unwrap_or(&domain)));
            conditions.push("coalesce(users.mail_domain = :domain, 0)".to_owned());
        }
        match filter.provider {
            Some(Provider::Seen) => conditions.push("users.managed = 1".to_owned()),
            Some(Provider::Unseen) => conditions.push("users.managed = 0".to_owned()),
            Some(Provider::NeverSent) | None => {}
        }
        if let Some(group) = &filter.group {
            bindings.extend(group_bindings(group));
            conditions.push(format!(
                "EXISTS (SELECT 1 FROM memberships m WHERE m.group_seq = ({GROUP}) AND m.user_seq = users.seq)"
            ));
        }
        if let Some(part) = &filter.search {
            let part = fold(part.trim());
            let in_json = serde_json::Value::from(part.as_str()).to_string();
            let in_json = in_json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(&part);
            bindings.push(text("search_in_json", in_json));
            bindings.push(text("search", part));
            conditions.push(has_part());
        }
        if filter.provider == Some(Provider::NeverSent) {
            conditions.push(silent("0", "''"));
        }
        if let Some(since) = &filter.silent_since {
            tables.push_str(&at("silent_since", Side::Exclusive));
            tables.push_str(",\n");
            bindings.push(text("silent_since", since.as_str()));
            conditions.push(silent("coalesce((SELECT seq FROM silent_since), 0)", ":silent_since"));
        }
        Self { index, indexed, conditions, tables, bindings }
    }
}

fn group_bindings(group: &str) -> [Binding; 2] {
    [text("group", group.trim()), text("group_fold", fold(group.trim()))]
}

impl Order {
    /// SQL of the place of a person, which compares as text.
    fn place(self) -> &'static str {
        match self {
            Self::Name => "users.user_name_fold",
            Self::Changed => "users.last_modified || printf(' %016d', users.seq)",
        }
    }

    /// SQL that orders people, and the opposite.
    fn by(self, is_backwards: bool) -> &'static str {
        match (self, is_backwards) {
            (Self::Name, false) => "users.user_name_fold",
            (Self::Name, true) => "users.user_name_fold DESC",
            (Self::Changed, false) => "users.last_modified DESC, users.seq DESC",
            (Self::Changed, true) => "users.last_modified, users.seq",
        }
    }

    /// An SQL condition that compares the place of a person with a parameter, as an index serves it.
    fn compare(self, operator: &str, name: &str) -> String {
        match self {
            Self::Name => format!("users.user_name_fold {operator} :{name}"),
            Self::Changed => format!(
                "(users.last_modified, users.seq) {operator}
                   (substr(:{name}, 1, 24), CAST(substr(:{name}, 26) AS INTEGER))"
            ),
        }
    }

    /// The operators of what comes before and behind a place.
    fn operators(self) -> [&'static str; 2] {
        match self {
            Self::Name => ["<", ">"],
            Self::Changed => [">", "<"],
        }
    }
}

/// Reads a page of people, one a row as JSON, in any order.
pub fn page<R: DeserializeOwned>(tenant: &Tenant<'_>, query: &Query) -> Select<Found<R>> {
    let order = query.order;
    let Parts { index, indexed, conditions, tables, mut bindings } = Parts::of(&query.filter, order);
    let [before, behind] = order.operators();
    let (operator, place, is_backwards) = match &query.turn {
        Turn::First => (behind, None, false),
        Turn::After(place) => (behind, Some(place), false),
        Turn::Before(place) => (before, Some(place), true),
    };
    bindings.extend(place.map(|place| text("place", place.as_str())));
    bindings.extend(query.from.as_deref().map(|from| text("from", from)));
    bindings.push(text("count", u32::from(query.count).saturating_add(1).to_string()));
    let from = match query.from {
        Some(_) => format!(" AND {}", order.compare(&format!("{behind}="), "from")),
        None => String::new(),
    };
    let (own, by, everyone) = (order.place(), order.by(false), everyone());
    let people =
        format!("FROM users INDEXED BY {index} WHERE users.org_id = (SELECT id FROM o){indexed}{from}");
    let is_everyone = conditions.is_empty() && indexed.is_empty() && query.from.is_none();
    let sql = match is_everyone {
        true => format!(
            "WITH {ORGANIZATION}
             SELECT t.total AS total, NULL AS rest, p.json AS json, p.place AS place
             FROM (SELECT {everyone} AS total) t LEFT JOIN (
               SELECT {DESCRIBED} AS json, {own} AS place {people}{} ORDER BY {} LIMIT CAST(:count AS INTEGER)) p",
            place.map_or_else(String::new, |_| format!(" AND {}", order.compare(operator, "place"))),
            order.by(is_backwards)
        ),
        false => format!(
            "WITH RECURSIVE {ORGANIZATION}, {tables}found (seq, place) AS MATERIALIZED (
               SELECT w.seq, w.place FROM (
                 SELECT users.seq AS seq, {own} AS place, {} AS fits {people} ORDER BY {by} LIMIT {MOST_SEARCHED}) w
               WHERE w.fits)
             SELECT t.total AS total, t.rest AS rest, p.json AS json, p.place AS place
             FROM (SELECT (SELECT count(*) FROM found) AS total, iif({everyone} <= {MOST_SEARCHED}, NULL, (
                 SELECT {own} {people} ORDER BY {by} LIMIT 1 OFFSET {MOST_SEARCHED})) AS rest) t
             LEFT JOIN (
               SELECT {DESCRIBED} AS json, f.place AS place FROM (
                 SELECT seq, place FROM found{} ORDER BY place{} LIMIT CAST(:count AS INTEGER)) f
               CROSS JOIN users ON users.seq = f.seq) p",
            if conditions.is_empty() { "1".to_owned() } else { conditions.join(" AND ") },
            place.map_or_else(String::new, |_| format!(" WHERE place {operator} :place")),
            if is_backwards == (order == Order::Changed) { "" } else { " DESC" },
        ),
    };
    tenant.select(&sql, &bindings)
}

/// Reads the group that a [`Filter`] names by its id or its name, as JSON.
pub fn group<R: DeserializeOwned>(tenant: &Tenant<'_>, group: &str) -> Select<R> {
    let sql = format!(
        "WITH {ORGANIZATION}
         SELECT json_object('id', g.id, 'display_name', g.display_name) AS json FROM groups g WHERE g.seq = ({GROUP})"
    );
    tenant.select_json(&sql, &group_bindings(group))
}
