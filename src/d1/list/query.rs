//! The query for a list.

use crate::d1::imports::shown;
use crate::d1::imports::snapshot::Reader;
use scim_protocol::filter::Filter;
use scim_protocol::list::Window;
use scim_protocol::query::Sort;

/// The resources in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Users.
    Users,
    /// Groups.
    Groups,
    /// Users, then groups (RFC 7644 §3.4.2.1).
    All,
}

/// The query for a page of a list.
pub struct Query<'a> {
    /// The resources in the list.
    pub listed: Listed,
    /// The filter; `None`: all resources.
    pub filter: Option<&'a Filter<'a>>,
    /// The filter as it was sent.
    pub filter_text: Option<&'a str>,
    /// The order; `None`: order of insertion.
    pub sort: Option<&'a Sort<'a>>,
    /// The page.
    pub window: &'a Window,
    /// The client that reads it.
    pub reader: Reader<'a>,
    /// Whether users are read with their groups.
    pub with_groups: bool,
    /// Whether groups are read with their members.
    pub with_members: bool,
    /// Whether it is known that the list has several pages.
    pub is_long: bool,
}

impl Query<'_> {
    /// Whether it is a page of an import: of all users or all groups by position, and no test of the connection.
    pub(super) fn is_import(&self) -> bool {
        let Window::Index(page) = self.window else { return false };
        self.listed != Listed::All
            && self.filter.is_none()
            && self.sort.is_none()
            && shown::is_of_import(page.count.into())
    }
}
