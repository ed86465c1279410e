//! Where in the tables the value of an attribute is found, as SQL.

use directory::Catalog;
use scim_protocol::attribute_path::AttributePath;
use scim_protocol::schema::{Attribute, CORE_GROUP, CORE_USER, Kind};

/// The resources that a filter or an order is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    /// `users`
    Users,
    /// `groups g`
    Groups,
}

impl Table {
    /// Its name in a FROM clause.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups g",
        }
    }
}

/// The value of a single-valued attribute, or of one sub-attribute of an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// SQL of the value as it is compared: folded, unless the attribute is `caseExact`.
    pub(crate) sql: String,
    /// SQL of the stored value, if `sql` has a default for it.
    stored: Option<String>,
    /// Whether it can be NULL.
    pub(crate) nullable: bool,
    /// How an index helps to find rows by it.
    pub(crate) index: Index,
    /// Whether the JSON of a document has to be parsed for it.
    pub(crate) is_computed: bool,
}

/// How an index helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Index {
    /// There is none.
    None,
    /// It finds the rows whose value is equal to, or begins with, a text.
    Point,
    /// It finds the one row whose value is equal to a text.
    One,
    /// It finds the rows whose value is greater than a text: times, of which clients request the latest.
    After,
}

impl Value {
    fn computed(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), stored: None, nullable: true, index: Index::None, is_computed: true }
    }

    /// The value of an attribute that no row has.
    fn none() -> Self {
        Self { is_computed: false, ..Self::computed("NULL") }
    }

    fn column(sql: &str, index: Index) -> Self {
        Self { sql: sql.to_owned(), stored: None, nullable: false, index, is_computed: false }
    }

    /// The condition that there is a value.
    pub(crate) fn present(&self) -> String {
        match (&self.stored, self.nullable) {
            (Some(stored), _) => format!("({stored} IS NOT NULL)"),
            (None, true) => format!("({} IS NOT NULL)", self.sql),
            (None, false) => "TRUE".to_owned(),
        }
    }
}

/// The elements of a multi-valued attribute.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Elements<'a> {
    /// In the user's document.
    InDocument(&'a Attribute),
    /// `user_emails`, which has value and type of every address, folded.
    Emails,
    /// A user's groups.
    Groups,
    /// A group's members.
    Members,
    /// `schemas` of a group, the same for every group.
    SchemasOfGroup,
}

/// Where an attribute is found.
#[derive(Debug, Clone)]
pub(crate) enum Place<'a> {
    /// One value.
    Single(Value),
    /// Several.
    Several(Elements<'a>),
}

impl<'a> Place<'a> {
    /// The place of an attribute. An attribute that the table's resources do not have is NULL.
    pub(crate) fn of(catalog: &Catalog, table: Table, path: &AttributePath<'a>) -> Self {
        let other =
            path.core.is_some_and(|core| core != if table == Table::Users { CORE_USER } else { CORE_GROUP });
        let Some(attribute) = path.attribute.filter(|_| !other) else {
            return Self::Single(Value::none());
        };
        match table {
            Table::Users => of_user(catalog, path, attribute),
            Table::Groups => of_group(path, attribute),
        }
    }
}

fn of_user<'a>(catalog: &Catalog, path: &AttributePath<'a>, attribute: &'a Attribute) -> Place<'a> {
    let sub = path.sub_attribute.map(|sub| sub.name.as_str());
    Place::Single(match (path.extension.is_some(), attribute.name.as_str()) {
        (false, "groups") => return Place::Several(Elements::Groups),
        // Only groups have members, also where a filter is for both.
        (false, "members") => Value::none(),
        _ if attribute.multi_valued => return Place::Several(Elements::InDocument(attribute)),
        (false, "id") => Value::column("users.id", Index::One),
        (false, "userName") => Value::column("users.user_name_fold", Index::One),
        (false, "externalId") => Value { nullable: true, ..Value::column("users.external_id", Index::Point) },
        (false, "active") => Value::column("users.active", Index::None),
        (false, "meta") => meta("users", "User", sub),
        (false, name) if name == catalog.org_role_attribute => Value::column(ORG_ROLE_IN_FORCE, Index::None),
        _ => Value::computed(in_document(path, attribute)),
    })
}

/// As [`crate::d1::users`] shows it, folded.
const ORG_ROLE_IN_FORCE: &str = "iif(users.active, lower(users.org_role), 'member')";

fn of_group<'a>(path: &AttributePath<'a>, attribute: &Attribute) -> Place<'a> {
    let sub = path.sub_attribute.map(|sub| sub.name.as_str());
    Place::Single(match (path.extension.is_some(), attribute.name.as_str()) {
        (false, "members") => return Place::Several(Elements::Members),
        (false, "schemas") => return Place::Several(Elements::SchemasOfGroup),
        (false, "id") => Value::column("g.id", Index::One),
        (false, "displayName") => Value::column("g.name_fold", Index::One),
        (false, "externalId") => Value { nullable: true, ..Value::column("g.external_id", Index::Point) },
        (false, "meta") => meta("g", "Group", sub),
        _ => Value::none(),
    })
}

fn meta(row: &str, resource_type: &str, sub: Option<&str>) -> Value {
    match sub {
        Some("resourceType") => Value::column(&format!("'{resource_type}'"), Index::None),
        Some("created") => Value::column(&format!("{row}.created_at"), Index::None),
        Some("lastModified") => Value::column(&format!("{row}.last_modified"), Index::After),
        Some("location") => Value::column(&format!(":base || '/{resource_type}s/' || {row}.id"), Index::None),
        Some("version") => Value::column(&format!("'W/\"' || {row}.version || '\"'"), Index::None),
        // `meta` as a whole, which every resource has.
        _ => Value::column("''", Index::None),
    }
}

/// A value in the user's document. `doc_fold`, where there is one, is the whole document folded, names
/// included; where there is none, ASCII is all there is to fold.
fn in_document(path: &AttributePath<'_>, attribute: &Attribute) -> String {
    let mut at = "$".to_owned();
    if let Some(extension) = path.extension {
        at.push_str(&member(extension.id));
    }
    at.push_str(&member(&attribute.name));
    if let Some(sub) = path.sub_attribute {
        at.push_str(&member(&sub.name));
    }
    let leaf = path.sub_attribute.unwrap_or(attribute);
    if leaf.case_exact || leaf.kind == Kind::Boolean {
        return format!("users.doc ->> '{at}'");
    }
    format!("coalesce(users.doc_fold ->> '{}', lower(users.doc ->> '{at}'))", at.to_ascii_lowercase())
}

/// A member in a JSON path. Names come from the table of attributes, never from a client.
fn member(name: &str) -> String {
    if name.chars().all(|character| character.is_ascii_alphanumeric()) {
        format!(".{name}")
    } else {
        format!(".\"{name}\"")
    }
}

impl Elements<'_> {
    /// The condition that one element satisfies a condition over [`Elements::value`].
    pub(crate) fn any(self, condition: &str) -> String {
        match self {
            Self::InDocument(attribute) => {
                let elements = of_document(attribute);
                format!("EXISTS (SELECT 1 FROM {elements} WHERE {condition})")
            }
            Self::SchemasOfGroup => {
                format!("EXISTS (SELECT 1 FROM {} WHERE {condition})", schemas_of_group())
            }
            Self::Emails => format!(
                "users.seq IN (SELECT e.user_seq FROM user_emails e WHERE e.org_id = :org AND {condition})"
            ),
            Self::Groups => format!(
                "users.seq IN (SELECT m.user_seq FROM groups e CROSS JOIN memberships m ON m.group_seq = e.seq \
                 WHERE e.org_id = :org AND {condition})"
            ),
            Self::Members => format!(
                "g.seq IN (SELECT m.group_seq FROM users e CROSS JOIN memberships m ON m.user_seq = e.seq \
                 WHERE e.org_id = :org AND e.managed = 1 AND {condition})"
            ),
        }
    }

    /// The same condition for a resource that is found already: only its own elements are read.
    pub(crate) fn any_of_row(self, condition: &str) -> String {
        let elements = match self {
            Self::InDocument(_) | Self::SchemasOfGroup => return self.any(condition),
            Self::Emails => "user_emails e WHERE e.user_seq = users.seq",
            Self::Groups => {
                "memberships m CROSS JOIN groups e ON e.seq = m.group_seq WHERE m.user_seq = users.seq"
            }
            Self::Members => {
                "memberships m CROSS JOIN users e ON e.seq = m.user_seq WHERE m.group_seq = g.seq AND e.managed = 1"
            }
        };
        format!("EXISTS (SELECT 1 FROM {elements} AND {condition})")
    }

    /// The sort key of a resource: the value of the primary element or else of the first (RFC 7644 §3.4.2.3).
    pub(crate) fn first(self, value: &str) -> String {
        match self {
            Self::InDocument(attribute) => {
                let primary = match attribute.sub_attribute("primary") {
                    Some(_) => "coalesce(e.value ->> '$.primary', 0) DESC, ",
                    None => "",
                };
                format!("(SELECT {value} FROM {} ORDER BY {primary}e.key LIMIT 1)", of_document(attribute))
            }
            Self::SchemasOfGroup => format!("(SELECT {value} FROM {})", schemas_of_group()),
            // `Emails` replaces the document in filters only.
            Self::Emails => "NULL".to_owned(),
            Self::Groups => format!(
                "(SELECT {value} FROM memberships m CROSS JOIN groups e ON e.seq = m.group_seq \
                 WHERE m.user_seq = users.seq ORDER BY m.group_seq LIMIT 1)"
            ),
            Self::Members => format!(
                "(SELECT {value} FROM memberships m CROSS JOIN users e ON e.seq = m.user_seq \
                 WHERE m.group_seq = g.seq AND e.managed = 1 ORDER BY m.user_seq LIMIT 1)"
            ),
        }
    }

    /// The value of an element's sub-attribute, or of the element itself if it has none.
    pub(crate) fn value(self, sub: Option<&Attribute>) -> Value {
        let Some(sub) = sub else { return Value { nullable: false, ..Value::computed("e.value") } };
        match (self, sub.name.as_str()) {
            (Self::InDocument(_), _) => of_element(sub),
            (Self::Emails, "value") => Value::column("e.value_fold", Index::Point),
            (Self::Emails, _) => Value::computed("nullif(e.type_fold, '')"),
            (Self::Groups | Self::Members, "value") => Value::column("e.id", Index::Point),
            (Self::Groups, "display") => Value::column("e.name_fold", Index::Point),
            (Self::Groups, "$ref") => Value::column(":base || '/Groups/' || e.id", Index::None),
            (Self::Groups, _) => Value::column("'direct'", Index::None),
            (Self::Members, "display") => Value::column(DISPLAY_OF_MEMBER, Index::None),
            (Self::Members, "$ref") => Value::column(":base || '/Users/' || e.id", Index::None),
            (Self::Members, _) => Value::column("'user'", Index::None),
            (Self::SchemasOfGroup, _) => Value::none(),
        }
    }
}

/// As [`crate::d1::memberships`] shows it, folded, and not cut.
const DISPLAY_OF_MEMBER: &str = "coalesce(e.doc_fold ->> '$.displayname', lower(e.doc ->> '$.displayName'), \
                                 e.doc_fold ->> '$.username', lower(e.doc ->> '$.userName'))";

fn of_document(attribute: &Attribute) -> String {
    format!("json_each(users.doc, '${}') e", member(&attribute.name))
}

fn schemas_of_group() -> String {
    format!("(SELECT '{CORE_GROUP}' AS value) e")
}

fn of_element(sub: &Attribute) -> Value {
    let at = member(&sub.name);
    let stored = format!("e.value ->> '${at}'");
    match sub.assumed() {
        Some(assumed) => Value {
            stored: Some(stored.clone()),
            ..Value::computed(format!("coalesce({stored}, {})", u8::from(assumed)))
        },
        None if sub.case_exact => Value::computed(stored),
        None => Value::computed(format!(
            "coalesce(users.doc_fold ->> (lower(e.fullkey) || '{}'), lower({stored}))",
            at.to_ascii_lowercase()
        )),
    }
}
