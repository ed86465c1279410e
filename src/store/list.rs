//! Lists: of users, of groups, or of both, filtered, sorted, and page by page.

use std::collections::HashMap;

use super::filter::{Condition, SortKey, Table, compile, sort_key};
use super::session::{Opened, parse};
use super::statement::{Binding, Statement, integer, optional};
use super::tenant::Tenant;
use super::{StoreError, groups, memberships, users};
use crate::scim::cursor::{Cursor, Position};
use crate::scim::filter::Filter;
use crate::scim::list::{Sort, Window};

/// What is added to the `seq` of a group where users and groups are in one list: 2^52, which JSON still has
/// exactly. Users come first.
const GROUP_RANK: i64 = 4_503_599_627_370_496;

/// Whose list it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Users.
    Users,
    /// Groups.
    Groups,
    /// Users and groups.
    All,
}

/// What is asked for.
pub struct Query<'a> {
    /// Whose list it is.
    pub listed: Listed,
    /// Which of them; `None`: all.
    pub filter: Option<&'a Filter<'a>>,
    /// In which order; `None`: in order of insertion.
    pub sort: Option<&'a Sort<'a>>,
    /// Which page.
    pub window: &'a Window,
    /// Whether users come with their groups. What is not asked for is not read.
    pub with_groups: bool,
    /// Whether groups come with their members.
    pub with_members: bool,
}

/// A page of a list.
pub struct Listing {
    /// How many there are on all pages.
    pub total: u64,
    /// Those of this page, in order.
    pub items: Vec<Item>,
    /// Whether there are more in the direction in which the list was read.
    pub more: bool,
}

/// A resource of a list.
pub struct Item {
    /// Its place.
    pub position: Position,
    /// Whether it is a group.
    pub is_group: bool,
    /// The whole resource, less what was not asked for.
    pub resource: String,
}

/// A list that has been prepared; see [`prepare`].
pub struct Prepared {
    statements: Vec<Statement>,
    listed: Listed,
    total: Total,
    limit: Option<usize>,
    backward: bool,
    with_members: bool,
}

/// How the total is learned.
enum Total {
    /// It is kept with the organization.
    OfOrganization,
    /// The filter can match one at most, and the page is the first.
    OnPage,
    /// The second statement counts.
    Counted,
}

/// Where the rows of a list come from, as SQL.
struct Source {
    /// `FROM … WHERE …`
    from: String,
    /// Rank in order of insertion.
    rank: &'static str,
    /// What the list is sorted by.
    key: Option<SortKey>,
    /// The resource.
    body: String,
    /// Whether rows come in order by themselves, so that those behind the page are never looked at.
    in_order: bool,
    bindings: Vec<Binding>,
    unique: bool,
}

impl Source {
    /// The resource that a row of the page, `hit`, is about.
    fn body_of_hit(&self, listed: Listed) -> String {
        match listed {
            Listed::Users => format!("(SELECT {} FROM users WHERE users.seq = hit.rank)", self.body),
            Listed::Groups => format!("(SELECT {} FROM groups g WHERE g.seq = hit.rank)", self.body),
            Listed::All => self.body.clone(),
        }
    }
}

/// Prepares a list.
pub fn prepare(tenant: &Tenant<'_>, query: &Query<'_>) -> Prepared {
    let source = match query.listed {
        Listed::Users => of_users(tenant, query),
        Listed::Groups => of_groups(tenant, query),
        Listed::All => of_all(tenant, query),
    };
    let (count, cursor) = match query.window {
        Window::Index(page) => (page.count, None),
        Window::Cursor { count, from } => (*count, from.as_ref()),
    };
    let descending = query.sort.is_some_and(|sort| sort.descending);
    let backward = cursor.is_some_and(|cursor| cursor.backward);
    let direction = Direction { descending, backward };
    let mut bindings = source.bindings.clone();
    let mut from = source.from.clone();
    if let Some(Cursor { position, .. }) = cursor {
        from.push_str(" AND ");
        from.push_str(&direction.beyond(&source, position));
        bindings.push(optional("after", position.key.as_deref()));
        bindings.push(integer("after_rank", position.rank));
    }
    let by_cursor = matches!(query.window, Window::Cursor { .. });
    bindings.push(integer("count", count));
    // One more than asked for tells whether there is another page.
    bindings.push(integer("limit", i64::from(count).saturating_add(i64::from(by_cursor))));
    let mut tail = direction.order_by(source.key.as_ref(), source.rank);
    if let Window::Index(page) = query.window {
        tail.push_str(" LIMIT CAST(:limit AS INTEGER) OFFSET CAST(:offset AS INTEGER)");
        bindings.push(integer("offset", i64::try_from(page.offset()).unwrap_or(i64::MAX)));
    } else {
        tail.push_str(" LIMIT CAST(:limit AS INTEGER)");
    }
    let key = source.key.as_ref().map_or("NULL", |key| key.sql.as_str());
    let page = if source.in_order {
        format!("SELECT json_array({}, {key}) AS head, {} AS body {from} {tail}", source.rank, source.body)
    } else {
        // What has to be sorted is sorted by place alone; only what is on the page is read whole.
        let again = source.key.as_ref().map(|key| SortKey { sql: "hit.key".to_owned(), ..*key });
        format!(
            "SELECT json_array(hit.rank, hit.key) AS head, {} AS body
             FROM (SELECT {} AS rank, {key} AS key {from} {tail}) hit {}",
            source.body_of_hit(query.listed),
            source.rank,
            direction.order_by(again.as_ref(), "hit.rank")
        )
    };
    let first_page = match query.window {
        Window::Index(page) => page.start_index == 1 && page.count > 0,
        Window::Cursor { from, .. } => from.is_none(),
    };
    let mut statements = vec![tenant.statement(&page, bindings.clone())];
    let total = match (query.listed, query.filter) {
        (Listed::Users, None) => Total::OfOrganization,
        _ if source.unique && first_page => Total::OnPage,
        _ => {
            let count = format!("SELECT CAST(count(*) AS TEXT) AS head {}", source.from);
            statements.push(tenant.statement(&count, source.bindings));
            Total::Counted
        }
    };
    let with_members = query.with_members && query.listed != Listed::Users;
    if with_members {
        let ranks = format!("SELECT {} AS rank {from} {}", source.rank, tail.replace(":limit", ":count"));
        let seqs = match query.listed {
            Listed::All => format!("SELECT rank - {GROUP_RANK} FROM ({ranks}) WHERE rank >= {GROUP_RANK}"),
            _ => ranks,
        };
        statements.push(memberships::of_groups(tenant, &seqs, bindings));
    }
    Prepared {
        statements,
        listed: query.listed,
        total,
        limit: by_cursor.then(|| usize::try_from(count).unwrap_or(usize::MAX)),
        backward,
        with_members,
    }
}

fn of_users(tenant: &Tenant<'_>, query: &Query<'_>) -> Source {
    let condition = compile(tenant.catalog, Table::Users, query.filter);
    Source {
        from: from_users(&condition),
        rank: "users.seq",
        key: query.sort.map(|sort| sort_key(tenant.catalog, Table::Users, &sort.path)),
        in_order: query.sort.is_none() && (condition.unique || !condition.indexed),
        body: users::resource_sql(query.with_groups),
        unique: condition.unique,
        bindings: condition.bindings,
    }
}

fn from_users(condition: &Condition) -> String {
    let plus = plus(condition);
    format!("FROM users WHERE {plus}users.org_id = :org AND {plus}users.managed = 1 AND {}", condition.sql)
}

/// Keeps SQLite from walking everybody in order where an index finds the few that are meant: with a plus before it,
/// a column is no reason to use an index.
fn plus(condition: &Condition) -> &'static str {
    if condition.indexed { "+" } else { "" }
}

fn of_groups(tenant: &Tenant<'_>, query: &Query<'_>) -> Source {
    let condition = compile(tenant.catalog, Table::Groups, query.filter);
    Source {
        from: from_groups(&condition),
        rank: "g.seq",
        key: query.sort.map(|sort| sort_key(tenant.catalog, Table::Groups, &sort.path)),
        in_order: query.sort.is_none() && (condition.unique || !condition.indexed),
        body: groups::RESOURCE.to_owned(),
        unique: condition.unique,
        bindings: condition.bindings,
    }
}

fn from_groups(condition: &Condition) -> String {
    format!("FROM groups g WHERE {}g.org_id = :org AND {}", plus(condition), condition.sql)
}

/// Users and groups as one list (RFC 7644 §3.4.2.1).
fn of_all(tenant: &Tenant<'_>, query: &Query<'_>) -> Source {
    let key_of = |table| {
        let key = query.sort.map(|sort| sort_key(tenant.catalog, table, &sort.path).sql);
        key.unwrap_or_else(|| "NULL".to_owned())
    };
    let of_users = compile(tenant.catalog, Table::Users, query.filter);
    let of_groups = compile(tenant.catalog, Table::Groups, query.filter);
    let mut bindings = of_users.bindings.clone();
    bindings.extend(of_groups.bindings.iter().filter(|binding| !of_users.binds(binding)).cloned());
    Source {
        from: format!(
            "FROM (SELECT users.seq AS rank, {} AS key {} UNION ALL SELECT g.seq + {GROUP_RANK}, {} {}) resource WHERE TRUE",
            key_of(Table::Users),
            from_users(&of_users),
            key_of(Table::Groups),
            from_groups(&of_groups)
        ),
        rank: "resource.rank",
        key: query.sort.map(|_| SortKey { sql: "resource.key".to_owned(), nullable: true }),
        in_order: false,
        body: format!(
            "iif(hit.rank < {GROUP_RANK}, (SELECT {} FROM users WHERE users.seq = hit.rank),
               (SELECT {} FROM groups g WHERE g.seq = hit.rank - {GROUP_RANK}))",
            users::resource_sql(query.with_groups),
            groups::RESOURCE
        ),
        unique: false,
        bindings,
    }
}

/// In which direction a list is read.
#[derive(Clone, Copy)]
struct Direction {
    /// Whether the client sorts from the greatest.
    descending: bool,
    /// Whether the page before a cursor is read, and so everything the other way round.
    backward: bool,
}

impl Direction {
    /// RFC 7644 §3.4.2.3: what has no value comes last in ascending order, and first in descending. Ties are in
    /// order of insertion.
    fn order_by(self, key: Option<&SortKey>, rank: &str) -> String {
        let by_rank = format!("{rank} {}", if self.backward { "DESC" } else { "ASC" });
        let Some(key) = key else { return format!("ORDER BY {by_rank}") };
        let (way, nulls) = match self.descending != self.backward {
            true => ("DESC", " NULLS FIRST"),
            false => ("ASC", " NULLS LAST"),
        };
        let nulls = if key.nullable { nulls } else { "" };
        format!("ORDER BY {} {way}{nulls}, {by_rank}", key.sql)
    }

    /// What comes after a place, in this direction.
    fn beyond(self, source: &Source, position: &Position) -> String {
        let by_rank =
            format!("{} {} CAST(:after_rank AS INTEGER)", source.rank, if self.backward { "<" } else { ">" });
        let Some(SortKey { sql: key, nullable }) = &source.key else { return by_rank };
        let way = if self.descending != self.backward { "<" } else { ">" };
        match (&position.key, way) {
            (Some(_), _) => {
                // Said twice, so that an index can begin where the page does.
                let beyond = format!("{key} {way}= :after AND ({key} {way} :after OR {by_rank})");
                if *nullable && way == ">" { format!("({key} IS NULL OR ({beyond}))") } else { beyond }
            }
            (None, ">") => format!("({key} IS NULL AND {by_rank})"),
            (None, _) => format!("({key} IS NOT NULL OR {by_rank})"),
        }
    }
}

impl Prepared {
    /// The statements to run.
    pub fn take_statements(&mut self) -> Vec<Statement> {
        std::mem::take(&mut self.statements)
    }

    /// The page, once the statements have run.
    ///
    /// # Errors
    /// Our fault: a row is not what the statement selects.
    pub fn read(&self, opened: &mut Opened) -> Result<Listing, StoreError> {
        let mut rows = opened.rows();
        let total = match self.total {
            Total::OfOrganization => opened.organization.user_count,
            Total::OnPage => u64::try_from(rows.len()).unwrap_or(0),
            Total::Counted => opened.count()?,
        };
        let more = self.limit.is_some_and(|limit| rows.len() > limit);
        rows.truncate(self.limit.unwrap_or(usize::MAX));
        if self.backward {
            rows.reverse();
        }
        let mut members: HashMap<i64, Vec<String>> = HashMap::new();
        if self.with_members {
            for piece in opened.rows() {
                members.entry(parse(&piece.head)?).or_default().push(piece.body);
            }
        }
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let (rank, key): (i64, Option<String>) = parse(&row.head)?;
            let group = match self.listed {
                Listed::Users => None,
                Listed::Groups => Some(rank),
                Listed::All => rank.checked_sub(GROUP_RANK).filter(|seq| *seq >= 0),
            };
            let resource = match group {
                None => row.body,
                Some(seq) if self.with_members => {
                    groups::with_members(&row.body, members.remove(&seq).unwrap_or_default())
                }
                Some(_) => groups::without_members(&row.body),
            };
            items.push(Item { position: Position { key, rank }, is_group: group.is_some(), resource });
        }
        Ok(Listing { total, items, more })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::directory::Catalog;
    use crate::scim::filter::parse;
    use crate::scim::list::{CursorContext, Parameters};
    use crate::store::Scope;

    /// Queries that an index has to serve, and the statements they become.
    fn statements() -> Value {
        let catalog = Catalog::new("Statsig".to_owned(), "statsigOrgRole".to_owned()).unwrap();
        let tenant = Tenant {
            scope: Scope::Key { id: "key".to_owned(), hash: "hash".to_owned() },
            catalog: &catalog,
            base: "https://example.com/scim".to_owned(),
            now: "2026-01-01T00:00:00.000Z".to_owned(),
        };
        let context = CursorContext { endpoint: "/", key: "key", now: 0 };
        let of = |listed: Listed, filter: Option<&str>, sort_by: Option<&str>, cursor: bool| {
            let resource_type = if listed == Listed::Users { &catalog.user } else { &catalog.group };
            let parameters = Parameters {
                filter: filter.map(str::to_owned),
                sort_by: sort_by.map(str::to_owned),
                cursor: cursor.then(String::new),
                ..Parameters::default()
            };
            let parsed = filter.map(|text| parse(&[resource_type], text).unwrap());
            let sort = parameters.sort(&[resource_type]).unwrap();
            let mut window = parameters.window(&context).unwrap();
            if let Window::Cursor { from, .. } = &mut window {
                let key = sort_by.map(|_| "m".to_owned());
                *from = Some(Cursor { backward: false, position: Position { key, rank: 5000 } });
            }
            let query = Query {
                listed,
                filter: parsed.as_ref(),
                sort: sort.as_ref(),
                window: &window,
                with_groups: true,
                with_members: listed == Listed::Groups,
            };
            let statements: Vec<Value> = prepare(&tenant, &query)
                .take_statements()
                .into_iter()
                .map(|statement| json!({"sql": statement.sql, "params": statement.params}))
                .collect();
            json!({"listed": format!("{listed:?}"), "filter": filter, "sortBy": sort_by, "cursor": cursor,
                "statements": statements})
        };
        let users = |filter| of(Listed::Users, Some(filter), None, false);
        let groups = |filter| of(Listed::Groups, Some(filter), None, false);
        json!([
            users("id eq \"1\""),
            users("userName eq \"a@example.com\""),
            users("userName sw \"a\""),
            users("externalId eq \"00u1\""),
            users("emails.value eq \"a@example.com\""),
            users("emails[type eq \"work\" and value eq \"a@example.com\"]"),
            users("groups.value eq \"1\""),
            users("meta.lastModified gt \"2026-01-01T00:00:00Z\""),
            users("userName eq \"a\" or externalId eq \"b\" or emails eq \"c\""),
            users("active eq true and (userName eq \"a\" or id eq \"1\")"),
            groups("id eq \"1\""),
            groups("displayName eq \"Engineers\""),
            groups("externalId eq \"1\""),
            groups("members.value eq \"1\""),
            groups("displayName eq \"a\" or displayName eq \"b\""),
            of(Listed::Users, None, None, false),
            of(Listed::Users, None, None, true),
            of(Listed::Users, None, Some("userName"), false),
            of(Listed::Users, None, Some("userName"), true),
            of(Listed::Users, None, Some("meta.lastModified"), false),
            of(Listed::Groups, None, None, true),
            of(Listed::Groups, None, Some("displayName"), true),
        ])
    }

    /// What D1 makes of them, `tests/query-plans.test.mjs` asks it. Run with UPDATE=1 to write the file anew.
    #[test]
    fn statements_are_those_whose_plans_are_tested() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/statements.json");
        let made = format!("{:#}\n", statements());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(made == kept, "tests/statements.json is out of date: UPDATE=1 cargo test statements_are");
    }
}
