//! What a filter costs the database, which has one thread for all requests.

use super::place::Table;

/// Most comparisons that a filter may cause: those without an index, once for each user or group of the organization.
/// D1 has one thread, and all other requests wait for it.
pub(crate) const MOST_COMPARISONS: u64 = 400_000;
/// The cost of a comparison with a column or with an attribute in a user's document, in tenths of the latter.
pub(crate) const COLUMN: u64 = 1;
pub(crate) const IN_DOCUMENT: u64 = 10;
/// The cost of a comparison over elements in a user's document, whose JSON has to be parsed, or in a table of their
/// own.
pub(crate) const ELEMENTS_IN_DOCUMENT: u64 = 40;
pub(crate) const ELEMENTS_IN_TABLE: u64 = 20;

/// The organization, or NULL if the load of a condition is too much for it: then no row is looked at.
pub(crate) const ORG_IF_LIGHT: &str = "(SELECT o.id FROM organizations o WHERE o.id = :whole_org
  AND o.user_count * (:load ->> 0) + o.group_count * (:load ->> 1) <= 4000000)";

/// The cost of a condition for each user and for each group of the organization, in tenths of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) people: u64,
    pub(crate) groups: u64,
}

impl Load {
    /// Whether the condition costs anything.
    pub(crate) fn is_some(self) -> bool {
        self != Self::default()
    }

    /// Whether the condition costs more than a walk through the rows.
    pub(crate) fn is_noticeable(self) -> bool {
        self.people.saturating_add(self.groups) >= IN_DOCUMENT
    }

    /// The two numbers, as `:load` in [`ORG_IF_LIGHT`].
    pub(crate) fn to_json(self) -> String {
        format!("[{},{}]", self.people, self.groups)
    }

    /// Whether the condition costs too much in an organization with so many users and groups.
    pub(crate) fn is_too_much(self, people: u64, groups: u64) -> bool {
        let cost = self.people.saturating_mul(people).saturating_add(self.groups.saturating_mul(groups));
        cost > MOST_COMPARISONS.saturating_mul(IN_DOCUMENT)
    }

    /// The sum of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            people: self.people.saturating_add(other.people),
            groups: self.groups.saturating_add(other.groups),
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        *self = self.and(other);
    }

    pub(crate) fn of(table: Table, cost: u64) -> Self {
        match table {
            Table::Users => Self { people: cost, groups: 0 },
            Table::Groups => Self { people: 0, groups: cost },
        }
    }
}
