//! Exports: the rows of a file as text that the database makes, read some thousand at a time.
//!
//! The rows are in the order of a key that never changes, and each page begins behind the last row of the one before:
//! none is doubled or missed because others come and go meanwhile.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::batch::Select;
use super::columns::{flag, js_text};
use super::statement::{integer, text};
use super::tenant::Tenant;
use crate::runtime::js_text::JsText;

/// Most rows that one query reads.
pub(crate) const MOST_ROWS: u32 = 5_000;
/// Rows of the first query, from which the size of the rows is known.
pub(crate) const FIRST_ROWS: u32 = 500;
/// How much text one query is to return, in characters.
pub(crate) const WANTED_CHARACTERS: u64 = 2_000_000;
/// How much text of an answer is one string, in characters. D1 takes strings of two million bytes.
const PIECE: u32 = 300_000;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Export {
    /// People with their access.
    People,
    /// Groups with their members.
    Groups,
    /// The provisioning log.
    Log,
    /// The change events.
    Events,
    /// Who has what since when through which group.
    AccessReview,
}

/// How the rows are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// RFC 4180, with a byte order mark.
    #[default]
    Csv,
    /// A JSON object a line.
    Jsonl,
}

/// Some rows as text.
#[derive(Debug, Deserialize)]
pub struct Piece {
    /// The rows, each with its line break.
    #[serde(deserialize_with = "js_text")]
    pub body: JsText,
    /// The key of the last row: two parts, the second of which is a number.
    pub after: String,
    /// See [`Piece::after`].
    pub after_seq: i64,
    /// How many rows they are.
    pub rows: u32,
}

/// Whether the caller may still read the organization.
#[derive(Debug, Deserialize)]
pub struct Permission {
    /// Whether it is so.
    #[serde(deserialize_with = "flag")]
    pub is_given: bool,
}

/// How a column becomes JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text, a number, or NULL.
    Plain,
    /// 0 or 1.
    Flag,
    /// JSON.
    Json,
}

/// The name of a column, its SQL, and its kind.
type Column = (&'static str, &'static str, Kind);

/// A table of which rows are exported.
struct Source {
    columns: Vec<Column>,
    /// SQL behind FROM. `:after` and `:after_seq` are the key of the row before.
    from: &'static str,
    /// SQL of the two parts of the key, in the order of which the rows are.
    key: [&'static str; 2],
}

/// Of people, also those who are inactive.
const PERSON: [Column; 8] = [
    ("user_id", "u.id", Kind::Plain),
    ("user_name", "u.doc ->> '$.userName'", Kind::Plain),
    (
        "name",
        "coalesce(nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
           u.doc ->> '$.displayName')",
        Kind::Plain,
    ),
    (
        "email",
        "(SELECT j.value ->> 'value' FROM json_each(u.doc, '$.emails') j
          ORDER BY coalesce(j.value ->> 'primary', 0) DESC, j.key LIMIT 1)",
        Kind::Plain,
    ),
    ("external_id", "u.doc ->> '$.externalId'", Kind::Plain),
    ("active", "u.active", Kind::Flag),
    ("seen_by_scim", "u.managed", Kind::Flag),
    ("org_role", "iif(u.active, u.org_role, NULL)", Kind::Plain),
];

/// The person `u` as products see them.
pub(super) const PRODUCT_PERSON: &str =
    "json_object('id', u.id, 'user_name', u.doc ->> 'userName', 'external_id', u.doc ->> 'externalId',
       'name', coalesce(
         nullif(trim(concat_ws(' ', u.doc ->> '$.name.givenName', u.doc ->> '$.name.familyName')), ''),
         u.doc ->> 'displayName'),
       'email', coalesce(
         (SELECT m.value ->> 'value' FROM json_each(u.doc, '$.emails') m WHERE m.value ->> 'primary' LIMIT 1),
         u.doc ->> '$.emails[0].value'),
       'active', json(iif(u.active, 'true', 'false')), 'org_role', iif(u.active, u.org_role, NULL),
       'version', u.version)";

/// The access of the person `u` as products see it.
pub(super) const PRODUCT_ACCESS: &str =
    "(SELECT json_group_array(json_object('group_id', g.id, 'group', iif(g.role IS NULL, g.display_name, NULL),
         'project_id', p.id, 'project', p.name, 'team_id', t.id, 'team', t.name, 'role', g.role, 'since', b.at))
       FROM memberships m CROSS JOIN groups g ON g.seq = m.group_seq
       LEFT JOIN projects p ON p.id = g.project_id LEFT JOIN teams t ON t.id = g.team_id
       LEFT JOIN events b ON b.org_id = g.org_id AND b.seq = m.since WHERE m.user_seq = u.seq)";

/// The group `g` with its project `p` and team `t`.
const GROUP: [Column; 5] = [
    ("group", "g.display_name", Kind::Plain),
    ("group_id", "g.id", Kind::Plain),
    ("project", "p.name", Kind::Plain),
    ("team", "t.name", Kind::Plain),
    ("role", "g.role", Kind::Plain),
];

/// The event `b` with which the membership began; NULL: it is older than the history.
const BEGINNING: [Column; 3] =
    [("since", "b.at", Kind::Plain), ("by", "b.actor", Kind::Plain), ("event", "b.seq", Kind::Plain)];

impl Source {
    fn of(export: Export, format: Format) -> Self {
        match export {
            Export::People => Self::people(format),
            Export::Groups => Self::groups(),
            Export::Log => Self::log(),
            Export::Events => Self::events(),
            Export::AccessReview => Self::access_review(),
        }
    }

    fn people(format: Format) -> Self {
        let groups: Column = match format {
            Format::Csv => (
                "groups",
                "(SELECT group_concat(g.display_name, '; ' ORDER BY g.seq)
                  FROM memberships m CROSS JOIN groups g ON g.seq = m.group_seq WHERE m.user_seq = u.seq)",
                Kind::Plain,
            ),
            Format::Jsonl => (
                "groups",
                "(SELECT json_group_array(json_object('group', g.display_name, 'group_id', g.id, 'project', p.name,
                    'team', t.name, 'role', g.role) ORDER BY g.seq)
                  FROM memberships m CROSS JOIN groups g ON g.seq = m.group_seq
                  LEFT JOIN projects p ON p.id = g.project_id LEFT JOIN teams t ON t.id = g.team_id
                  WHERE m.user_seq = u.seq)",
                Kind::Json,
            ),
        };
        let times: [Column; 2] =
            [("created_at", "u.created_at", Kind::Plain), ("last_modified", "u.last_modified", Kind::Plain)];
        Self {
            columns: [PERSON.as_slice(), &[groups], &times].concat(),
            from: "users u WHERE u.org_id = :org AND u.id > :after ORDER BY u.id",
            key: ["u.id", "0"],
        }
    }

    /// People with their access, as products see them.
    fn snapshot() -> Self {
        Self {
            columns: vec![("person", PRODUCT_PERSON, Kind::Json), ("access", PRODUCT_ACCESS, Kind::Json)],
            from: "users u WHERE u.org_id = :org AND u.id > :after ORDER BY u.id",
            key: ["u.id", "0"],
        }
    }

    fn groups() -> Self {
        let group: [Column; 2] = [
            ("group_external_id", "coalesce(g.external_id_sent, g.external_id)", Kind::Plain),
            ("pushed_at", "g.pushed_at", Kind::Plain),
        ];
        Self {
            columns: [GROUP.as_slice(), &group, &PERSON, &BEGINNING].concat(),
            from: "groups g INDEXED BY groups_in_order
                 LEFT JOIN memberships m ON m.group_seq = g.seq
                   AND m.user_seq > iif(g.seq = CAST(:after AS INTEGER), CAST(:after_seq AS INTEGER), 0)
                 LEFT JOIN users u ON u.seq = m.user_seq
                 LEFT JOIN projects p ON p.id = g.project_id LEFT JOIN teams t ON t.id = g.team_id
                 LEFT JOIN events b ON b.org_id = g.org_id AND b.seq = m.since
               WHERE g.org_id = :org AND g.seq >= CAST(:after AS INTEGER)
                 AND (g.seq > CAST(:after AS INTEGER) OR m.user_seq IS NOT NULL)
               ORDER BY g.seq, m.user_seq",
            key: ["CAST(g.seq AS TEXT)", "coalesce(m.user_seq, 0)"],
        }
    }

    fn log() -> Self {
        let columns: [Column; 15] = [
            ("at", "substr(l.id, 1, 24)", Kind::Plain),
            ("source", "l.source", Kind::Plain),
            ("actor", "l.actor", Kind::Plain),
            ("method", "l.method", Kind::Plain),
            ("path", "l.path", Kind::Plain),
            ("status", "l.status", Kind::Plain),
            ("code", "l.code", Kind::Plain),
            ("resource_type", "l.resource_type", Kind::Plain),
            ("resource_id", "coalesce(l.resource_id, l.changed_id)", Kind::Plain),
            ("resource_name", "l.resource_name", Kind::Plain),
            ("detail", "l.detail", Kind::Plain),
            ("duration", "l.duration", Kind::Plain),
            ("first_event", "l.first_event", Kind::Plain),
            ("request_id", "l.request_id", Kind::Plain),
            ("body", "l.body", Kind::Json),
        ];
        Self {
            columns: columns.to_vec(),
            // An entry of a later time belongs to the next export.
            from: "log l WHERE l.org_id = :org AND l.id > :after AND l.id < :now ORDER BY l.id",
            key: ["l.id", "0"],
        }
    }

    fn events() -> Self {
        let columns: [Column; 14] = [
            ("seq", "e.seq", Kind::Plain),
            ("at", "e.at", Kind::Plain),
            ("type", "e.type", Kind::Plain),
            ("story", "e.story", Kind::Plain),
            ("source", "e.source", Kind::Plain),
            ("actor", "e.actor", Kind::Plain),
            ("key_id", "e.key_id", Kind::Plain),
            ("log_id", "e.log_id", Kind::Plain),
            ("subject_type", "e.subject_type", Kind::Plain),
            ("subject_id", "e.subject_id", Kind::Plain),
            ("subject_name", "s.personal ->> '$.user_name'", Kind::Plain),
            ("version", "e.version", Kind::Plain),
            ("data", "e.data", Kind::Json),
            ("personal", "s.personal", Kind::Json),
        ];
        Self {
            columns: columns.to_vec(),
            from: "events e
                 LEFT JOIN event_subjects s ON s.org_id = e.org_id AND s.subject_id = e.subject_id AND s.seq = e.seq
               WHERE e.org_id = :org AND e.seq > CAST(:after_seq AS INTEGER) ORDER BY e.seq",
            key: ["''", "e.seq"],
        }
    }

    fn access_review() -> Self {
        let since: [Column; 1] = [("org_role_since", "u.org_role_since", Kind::Plain)];
        Self {
            columns: [PERSON.as_slice(), &since, &GROUP, &BEGINNING].concat(),
            from: "(SELECT u.*, (
                   SELECT b.at FROM (
                     SELECT s.org_id AS org_id, s.seq AS seq FROM event_subjects s
                     WHERE s.org_id = u.org_id AND s.subject_id = u.id AND s.since IS NULL
                     ORDER BY s.seq DESC LIMIT 1000) s
                   CROSS JOIN events b ON b.org_id = s.org_id AND b.seq = s.seq
                   WHERE b.type IN ('person.created', 'person.undeleted', 'person.restored', 'org_role.changed',
                     'ownership.transferred')
                   LIMIT 1) AS org_role_since
                 FROM users u WHERE u.org_id = :org AND u.id >= :after
                 ORDER BY u.id LIMIT CAST(:count AS INTEGER) + 1) u
                 LEFT JOIN memberships m ON m.user_seq = u.seq
                   AND m.group_seq > iif(u.id = :after, CAST(:after_seq AS INTEGER), 0)
                 LEFT JOIN groups g ON g.seq = m.group_seq
                 LEFT JOIN projects p ON p.id = g.project_id LEFT JOIN teams t ON t.id = g.team_id
                 LEFT JOIN events b ON b.org_id = u.org_id AND b.seq = m.since
               WHERE u.id > :after OR m.group_seq IS NOT NULL
               ORDER BY u.id, m.group_seq",
            key: ["u.id", "coalesce(m.group_seq, 0)"],
        }
    }
}

/// SQL of a cell of CSV. Spreadsheets take a text that begins so for a formula: it gets an apostrophe (OWASP, CSV
/// injection).
fn cell(column: &str) -> String {
    format!(
        "'\"' || iif(unicode({column}) IN (9, 10, 13, 43, 45, 61, 64) AND typeof({column}) = 'text', '''', '')
           || replace(coalesce({column}, ''), '\"', '\"\"') || '\"'"
    )
}

/// The first line of a file.
pub fn header(export: Export, format: Format) -> String {
    match format {
        Format::Jsonl => String::new(),
        Format::Csv => {
            let names: Vec<&str> =
                Source::of(export, format).columns.into_iter().map(|(name, _, _)| name).collect();
            format!("\u{feff}{}\r\n", names.join(","))
        }
    }
}

/// Reads the next rows behind a key, at most `count`. None: there are no more.
pub fn rows(
    tenant: &Tenant<'_>,
    export: Export,
    format: Format,
    key: (&str, i64),
    count: u32,
) -> Select<Piece> {
    rows_of(tenant, Source::of(export, format), format, key, count)
}

/// As [`rows`], of the people of a snapshot.
pub fn snapshot_rows(tenant: &Tenant<'_>, key: (&str, i64), count: u32) -> Select<Piece> {
    rows_of(tenant, Source::snapshot(), Format::Jsonl, key, count)
}

fn rows_of(
    tenant: &Tenant<'_>,
    source: Source,
    format: Format,
    (after, after_seq): (&str, i64),
    count: u32,
) -> Select<Piece> {
    let Source { columns, from, key: [key, key_seq] } = source;
    let (mut values, mut cells) = (String::new(), Vec::new());
    for (number, (name, sql, kind)) in columns.iter().enumerate() {
        values.push_str(&format!("{sql} AS c{number}, "));
        let column = format!("c{number}");
        cells.push(match (format, kind) {
            (Format::Csv, Kind::Flag) => {
                format!(
                    "'\"' || coalesce(iif({column} = 1, 'yes', iif({column} = 0, 'no', NULL)), '') || '\"'"
                )
            }
            (Format::Csv, _) => cell(&column),
            (Format::Jsonl, Kind::Plain) => format!("'{name}', {column}"),
            (Format::Jsonl, Kind::Flag) => {
                format!("'{name}', json(iif({column} IS NULL, 'null', iif({column}, 'true', 'false')))")
            }
            (Format::Jsonl, Kind::Json) => format!("'{name}', json({column})"),
        });
    }
    let line = match format {
        Format::Csv => format!("{} || char(13, 10)", cells.join(" || ',' || ")),
        Format::Jsonl => format!("json_object({}) || char(10)", cells.join(", ")),
    };
    let sql = format!(
        "SELECT group_concat(y.line, '' ORDER BY y.number) AS body, max(y.number) AS number, count(*) AS rows,
           y.after AS after, y.after_seq AS after_seq
         FROM (
           SELECT x.*, sum(length(x.line)) OVER (ORDER BY x.number ROWS UNBOUNDED PRECEDING) / {PIECE} AS piece
           FROM (
             SELECT w.after AS after, w.after_seq AS after_seq, row_number() OVER () AS number, {line} AS line
             FROM (
               SELECT {values}{key} AS after, {key_seq} AS after_seq FROM {from} LIMIT CAST(:count AS INTEGER)) w) x) y
         GROUP BY y.piece ORDER BY y.piece"
    );
    let bindings = [text("after", after), integer("after_seq", after_seq), integer("count", count)];
    tenant.select(&sql, &bindings)
}

/// Finds out whether the caller may still read the organization: otherwise a file would seem to end there.
pub fn permission(tenant: &Tenant<'_>) -> Select<Permission> {
    tenant.select("SELECT EXISTS (SELECT 1 FROM organizations o WHERE o.id = :org) AS is_given", &[])
}
