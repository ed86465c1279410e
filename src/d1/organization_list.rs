//! Lists of organizations, a page at a time: all of a database, or those that a person administers.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::administrators::{self, HAS_ACCEPTED, IS_ADMINISTRATOR};
use super::batch::Select;
use super::console_views::Listed;
use super::organizations::described;
use super::statement::{Binding, Statement, integer, text};
use directory::AdministratorName;
use scim_protocol::text::fold;

/// Most organizations of a database that one search looks at, and most that a person's list sorts.
pub(crate) const MOST_SEARCHED: u32 = 5_000;
/// Most organizations that a page names to switch to, beside its own.
pub(crate) const MOST_SWITCHED: usize = 8;

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The oldest first.
    #[default]
    Created,
    /// By name.
    Name,
}

impl Order {
    /// The column by which it sorts, and the index that has it.
    fn column(self) -> (&'static str, &'static str) {
        match self {
            Self::Created => ("created_at", "organizations_by_creation"),
            Self::Name => ("name_fold", "organizations_by_name"),
        }
    }
}

/// Which organizations of a database are read.
#[derive(Debug, Clone)]
pub struct Query<'q> {
    /// Those that the person administers and has accepted; `None`: all.
    pub administrator: Option<&'q AdministratorName>,
    /// A part of the name or of an email domain, or the id.
    pub search: Option<&'q str>,
    /// In which order.
    pub order: Order,
    /// Behind this place: the column that sorts, and the id.
    pub after: Option<(&'q str, &'q str)>,
    /// The most of a page. If there are more, one more is read.
    pub count: u16,
}

impl Query<'_> {
    fn bindings(&self) -> Vec<Binding> {
        let mut bindings = self.administrator.map(administrators::bindings).unwrap_or_default();
        let (after, after_id) = self.after.unwrap_or_default();
        let search = fold(self.search.unwrap_or_default().trim());
        let domain = Value::from(search.as_str()).to_string();
        bindings.extend([
            text("after", after),
            text("after_id", after_id),
            integer("count", i64::from(self.count).saturating_add(1)),
            text("search_domain", domain.trim_matches('"')),
            text("search", search),
        ]);
        bindings
    }

    /// SQL of the organizations `o` that are looked at, in their order.
    fn looked_at(&self) -> String {
        let (column, index) = self.order.column();
        let (rows, condition) = match self.administrator {
            None => (format!("organizations o INDEXED BY {index}"), String::new()),
            Some(_) => (
                "users u INDEXED BY users_administrators CROSS JOIN organizations o ON o.id = u.org_id"
                    .to_owned(),
                format!(" AND {IS_ADMINISTRATOR} AND {HAS_ACCEPTED}"),
            ),
        };
        let after = match self.after {
            Some(_) => format!(" AND (o.{column}, o.id) > (:after, :after_id)"),
            None => String::new(),
        };
        format!(
            "SELECT o.id, o.name, o.name_fold, o.mail_domains, o.{column} AS place FROM {rows}
             WHERE o.deleted_at IS NULL{condition}{after} ORDER BY o.{column}, o.id"
        )
    }

    /// SQL of what is found of those, in their order.
    fn found(&self) -> String {
        let fits = match self.search {
            Some(_) => MATCHES,
            None => "1",
        };
        format!(
            "SELECT l.id, l.name, l.place FROM ({} LIMIT {MOST_SEARCHED}) l WHERE {fits}
             LIMIT CAST(:count AS INTEGER)",
            self.looked_at()
        )
    }

    fn statement(&self, sql: &str) -> Statement {
        Statement::new(sql, &self.bindings())
    }
}

/// An SQL condition that the organization `l` is searched for. A name that is not folded yet is compared as SQLite can.
const MATCHES: &str = "(instr(iif(l.name_fold = '', lower(l.name), l.name_fold), :search) > 0
    OR instr(l.mail_domains, :search_domain) > 0 OR l.id = :search)";

/// Reads a page of organizations, one a row as JSON.
pub fn page<R: DeserializeOwned>(query: &Query<'_>) -> Select<Listed<R>> {
    let sql = format!(
        "WITH found AS MATERIALIZED ({})
         {} FROM found f CROSS JOIN organizations o ON o.id = f.id ORDER BY f.place, f.id",
        query.found(),
        described(", f.place AS place")
    );
    Select::few(query.statement(&sql))
}

/// The place behind which a search has to go on.
#[derive(Debug, Deserialize)]
pub struct Rest {
    /// The column that sorts.
    pub place: String,
    /// The id.
    pub id: String,
}

/// Reads the place of the last organization that a search looks at, if there may be more behind it.
pub fn rest(query: &Query<'_>) -> Select<Rest> {
    let last = MOST_SEARCHED.saturating_sub(1);
    let sql = format!("SELECT r.place, r.id FROM ({} LIMIT 1 OFFSET {last}) r", query.looked_at());
    Select::few(query.statement(&sql))
}

/// Reads the ids and names of organizations to switch to, as JSON.
pub fn to_switch_to<R: DeserializeOwned>(administrator: Option<&AdministratorName>) -> Select<R> {
    // The own organization, and one that says that there are more.
    let count = u16::try_from(MOST_SWITCHED).unwrap_or(u16::MAX).saturating_add(1);
    let query = Query { administrator, search: None, order: Order::Name, after: None, count };
    let sql = format!("SELECT json_object('id', f.id, 'name', f.name) AS json FROM ({}) f", query.found());
    Select::json(query.statement(&sql))
}

/// Reads the deleted organizations that can be restored, the newest first, at most `count`, one a row as JSON.
pub fn deleted<R: DeserializeOwned>(count: u16) -> Select<R> {
    let sql = format!(
        "{} FROM organizations o WHERE o.deleted_at IS NOT NULL
         ORDER BY o.deleted_at DESC LIMIT CAST(:count AS INTEGER)",
        described("")
    );
    Select::json(Statement::new(&sql, &[integer("count", count)]))
}

/// An organization whose name is not folded yet.
#[derive(Debug, Deserialize)]
pub struct Unfolded {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Finds organizations whose names are not folded yet, at most `most`.
pub fn unfolded(most: u32) -> Select<Unfolded> {
    let sql = "SELECT id, name FROM organizations INDEXED BY organizations_by_name WHERE name_fold = ''
               ORDER BY id LIMIT CAST(:most AS INTEGER)";
    Select::few(Statement::new(sql, &[integer("most", most)]))
}

/// Writes the folded name of an organization, unless it has another name meanwhile.
pub fn fold_name(organization: &Unfolded) -> Statement {
    Statement::new(
        "UPDATE organizations SET name_fold = :name_fold WHERE id = :id AND name = :name",
        &[
            text("id", organization.id.as_str()),
            text("name", organization.name.as_str()),
            text("name_fold", fold(&organization.name)),
        ],
    )
}
