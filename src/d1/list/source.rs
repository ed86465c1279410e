//! Where the rows of a list come from, as SQL.

use super::direction::Direction;
use super::query::{Listed, Query};
use crate::d1::filter::{Load, ORG_IF_LIGHT, SortKey, Table, compile, sort_key};
use crate::d1::imports::boundaries::Rows;
use crate::d1::statement::{Binding, expression, text};
use crate::d1::tenant::Tenant;
use crate::d1::{groups, organizations, users};
use scim_protocol::ScimError;
use scim_protocol::cursor::Position;

/// Added to the `seq` of a group if users and groups are in one list: 2^52, which a JSON number represents exactly.
pub(crate) const GROUP_RANK: i64 = 4_503_599_627_370_496;

/// How many rows come before the page, as SQL.
const SKIPPED: &str = "CAST(:offset AS INTEGER)";

/// The tables of a list.
pub(crate) struct Sources {
    /// One for each table.
    pub(crate) all: Vec<Source>,
    /// The parameters of their filters.
    pub(crate) bindings: Vec<Binding>,
    /// The cost of the filters.
    pub(crate) load: Load,
}

/// A table of a list.
pub(crate) struct Source {
    /// `FROM … WHERE …`
    pub(crate) from: String,
    /// The condition alone, for a row that is found by its `seq`.
    of_row: String,
    /// SQL of the number of rows.
    pub(crate) total: String,
    /// Whether the filter can match one row at most.
    pub(crate) unique: bool,
    /// Whether the filter finds few rows, so that there is no second page.
    pub(crate) few: bool,
    table: Table,
    /// Added to a row's `seq` to get its rank in the list.
    shift: i64,
    key: Option<SortKey>,
    /// Whether an index has the order, so that SQLite never looks at rows behind the page.
    in_order: bool,
    /// Whether a page has who is on it in the column `shown`.
    is_shown: bool,
}

impl Sources {
    /// # Errors
    /// Those of the filter.
    pub(crate) fn of(tenant: &Tenant<'_>, query: &Query<'_>) -> Result<Self, ScimError> {
        let tables: &[(Table, i64)] = match query.listed {
            Listed::Users => &[(Table::Users, 0)],
            Listed::Groups => &[(Table::Groups, 0)],
            Listed::All => &[(Table::Users, 0), (Table::Groups, GROUP_RANK)],
        };
        let mut all = Vec::new();
        let mut bindings: Vec<Binding> = Vec::new();
        let mut load = Load::default();
        for &(table, shift) in tables {
            let condition = compile(tenant.catalog, table, query.filter)?;
            let from = format!(
                "FROM {} WHERE {}",
                table.name(),
                where_clause(table, condition.indexed, &condition.sql)
            );
            all.push(Source {
                of_row: where_clause(table, false, &condition.sql_of_row),
                total: match (query.filter, table) {
                    (None, Table::Users) => organizations::USER_COUNT.to_owned(),
                    _ => format!("(SELECT count(*) {from})"),
                },
                from,
                unique: condition.unique,
                few: condition.few,
                table,
                shift,
                key: query.sort.map(|sort| sort_key(tenant.catalog, table, &sort.path)),
                in_order: query.sort.is_none() && (condition.unique || !condition.indexed),
                is_shown: query.is_import() && table == Table::Users,
            });
            // The same comparison is bound by the same name to the same value in every table that has the attribute.
            bindings.extend(condition.bindings);
            load = load.and(condition.load);
        }
        if load.is_some() {
            bindings.push(expression("org", ORG_IF_LIGHT));
            bindings.push(text("load", load.to_json()));
        }
        Ok(Self { all, bindings, load })
    }

    /// The table, if there is only one.
    pub(crate) fn only(&self) -> Option<&Source> {
        match self.all.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The statement that selects a page: as `head` the place of each resource, as `body` the resource.
    pub(crate) fn page(&self, direction: Direction, from: Option<&Position>, with_groups: bool) -> String {
        if let [source] = self.all.as_slice()
            && source.in_order
        {
            return source.select(
                &source.columns(with_groups),
                direction,
                from,
                &format!("LIMIT CAST(:limit AS INTEGER) OFFSET {SKIPPED}"),
            );
        }
        // Only places are sorted; whole resources are read for the page alone.
        let bodies: Vec<String> = self
            .all
            .iter()
            .map(|source| {
                let (table, seq) = (source.table.name(), source.seq());
                format!(
                    "(SELECT {} FROM {table} WHERE {seq} = hit.rank - {})",
                    source.resource(with_groups),
                    source.shift
                )
            })
            .collect();
        // A rank belongs to a row of one table only.
        let body = match bodies.as_slice() {
            [only] => only.clone(),
            several => format!("coalesce({})", several.join(", ")),
        };
        format!(
            "SELECT hit.rank AS rank, hit.key AS key, {body} AS body FROM ({}) hit {}",
            self.hits(direction, from, "limit"),
            direction.order_by(self.hit_key("hit.key").as_ref(), "hit.rank")
        )
    }

    /// The statement that selects the `seq` of the groups on a page. On a first page, these are the first of all
    /// groups, and there is no need to read users to find them.
    pub(crate) fn groups_on_page(
        &self,
        direction: Direction,
        from: Option<&Position>,
        is_first: bool,
    ) -> String {
        let shift = self.all.last().map_or(0, |source| source.shift);
        if let (true, [_, groups]) = (is_first, self.all.as_slice()) {
            let hits = groups.hits(direction, from, "LIMIT CAST(:count AS INTEGER)");
            return format!("SELECT hit.rank - {shift} FROM ({hits}) hit");
        }
        format!(
            "SELECT hit.rank - {shift} FROM ({}) hit WHERE hit.rank >= {shift}",
            self.hits(direction, from, "count")
        )
    }

    /// Rank and sort key of each resource on the page.
    fn hits(&self, direction: Direction, from: Option<&Position>, limit: &str) -> String {
        let window = format!("LIMIT CAST(:{limit} AS INTEGER) OFFSET {SKIPPED}");
        if let [source] = self.all.as_slice() {
            return source.hits(direction, from, &window);
        }
        // No table has more rows on the page than the position of the page's end.
        let most = format!("LIMIT CAST(:{limit} AS INTEGER) + CAST(:offset AS INTEGER)");
        let parts: Vec<String> = self
            .all
            .iter()
            .map(|source| format!("SELECT * FROM ({})", source.hits(direction, from, &most)))
            .collect();
        let order = direction.order_by(self.hit_key("key").as_ref(), "rank");
        format!("SELECT rank, key FROM ({}) {order} {window}", parts.join(" UNION ALL "))
    }

    /// The sort key under another name.
    fn hit_key(&self, sql: &str) -> Option<SortKey> {
        // An attribute that one of two tables does not have is NULL there.
        let nullable = self.all.iter().any(|source| source.key.as_ref().is_some_and(|key| key.nullable));
        let several = self.all.len() > 1;
        self.all.first()?.key.as_ref()?;
        Some(SortKey { sql: sql.to_owned(), nullable: nullable || several })
    }
}

impl Source {
    /// Whether it is the table of users.
    pub(crate) fn is_users(&self) -> bool {
        self.table == Table::Users
    }

    /// Its rows, for a snapshot.
    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows {
            seq: self.seq(),
            table: self.table.name(),
            from: &self.from,
            of_row: &self.of_row,
            total: &self.total,
            reveal: self.is_users().then_some("users.reveal"),
        }
    }

    /// The statement that selects a page, with columns as in [`Sources::page`]. `rows` is a statement that selects the
    /// `seq` of each row and a number by which the rows are ordered.
    pub(crate) fn page_of(&self, rows: &str, with_groups: bool) -> String {
        let (table, seq) = (self.table.name(), self.seq());
        format!(
            "SELECT {} FROM ({rows}) hit CROSS JOIN {table} WHERE {seq} = hit.seq ORDER BY hit.turn, hit.seq",
            self.columns(with_groups)
        )
    }

    /// The columns of a page.
    fn columns(&self, with_groups: bool) -> String {
        let shown = match self.is_shown {
            true => ", json_array(users.seq, users.id, users.active, users.version) AS shown",
            false => "",
        };
        format!("{} AS rank, NULL AS key, {} AS body{shown}", self.seq(), self.resource(with_groups))
    }

    /// The whole resource, as SQL.
    fn resource(&self, with_groups: bool) -> String {
        match self.table {
            Table::Users => users::resource_sql(with_groups),
            Table::Groups => groups::RESOURCE.to_owned(),
        }
    }

    fn seq(&self) -> &'static str {
        match self.table {
            Table::Users => "users.seq",
            Table::Groups => "g.seq",
        }
    }

    fn hits(&self, direction: Direction, from: Option<&Position>, window: &str) -> String {
        let key = self.key.as_ref().map_or("NULL", |key| key.sql.as_str());
        self.select(
            &format!("{} + {} AS rank, {key} AS key", self.seq(), self.shift),
            direction,
            from,
            window,
        )
    }

    fn select(&self, columns: &str, direction: Direction, from: Option<&Position>, window: &str) -> String {
        let mut sql = format!("SELECT {columns} {}", self.from);
        if let Some(position) = from {
            sql.push_str(" AND ");
            sql.push_str(&direction.beyond(self.key.as_ref(), self.seq(), self.shift, position));
        }
        let order = direction.order_by(self.key.as_ref(), self.seq());
        format!("{sql} {order} {window}")
    }
}

/// The condition that a row of a table belongs to the organization, is visible to SCIM, and satisfies `condition`. If
/// an index finds the few rows that can satisfy `condition`, SQLite must not walk through all users in order instead:
/// with a plus before it, a column is no reason to use an index.
fn where_clause(table: Table, indexed: bool, condition: &str) -> String {
    let plus = if indexed { "+" } else { "" };
    match table {
        Table::Users => format!("{plus}users.org_id = :org AND {plus}users.managed = 1 AND {condition}"),
        Table::Groups => format!("{plus}g.org_id = :org AND {condition}"),
    }
}
