//! What is asked of a list.

use crate::d1::imports::snapshot::Reader;
use scim_protocol::filter::Filter;
use scim_protocol::list::Window;
use scim_protocol::query::Sort;

/// Whose list it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Users.
    Users,
    /// Groups.
    Groups,
    /// Users, then groups (RFC 7644 §3.4.2.1).
    All,
}

/// What is asked for.
pub struct Query<'a> {
    /// Whose list it is.
    pub listed: Listed,
    /// Which of them; `None`: all.
    pub filter: Option<&'a Filter<'a>>,
    /// The filter as it was sent.
    pub filter_text: Option<&'a str>,
    /// In which order; `None`: in order of insertion.
    pub sort: Option<&'a Sort<'a>>,
    /// Which page.
    pub window: &'a Window,
    /// Who reads it.
    pub reader: Reader<'a>,
    /// Whether users come with their groups. What is not asked for is not read.
    pub with_groups: bool,
    /// Whether groups come with their members.
    pub with_members: bool,
    /// Whether it is known that the list has several pages.
    pub is_long: bool,
}
