//! What a filter costs the database, which has one thread for everybody.

use super::place::Table;

/// Most comparisons that a filter may have made: those that no index helps with, once for each person or group that
/// there is. D1 has one thread, and everybody waits for it.
pub(crate) const MOST_COMPARISONS: u64 = 400_000;
/// What a comparison costs, in tenths of one with an attribute in a person's document.
pub(crate) const COLUMN: u64 = 1;
pub(crate) const IN_DOCUMENT: u64 = 10;
/// The same over elements: in a person's document, whose JSON is taken apart for it, or in a table of their own.
pub(crate) const ELEMENTS_IN_DOCUMENT: u64 = 40;
pub(crate) const ELEMENTS_IN_TABLE: u64 = 20;

/// The organization, if the load of a condition is not too much for it: otherwise there is none, and nothing is looked
/// at.
pub(crate) const ORG_IF_LIGHT: &str = "(SELECT o.id FROM organizations o WHERE o.id = :whole_org
  AND o.user_count * (:load ->> 0) + o.group_count * (:load ->> 1) <= 4000000)";

/// What a condition costs for each person and for each group of the organization, in tenths of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) people: u64,
    pub(crate) groups: u64,
}

impl Load {
    /// Whether there is any.
    pub(crate) fn is_some(self) -> bool {
        self != Self::default()
    }

    /// Whether it is more than to walk through the rows.
    pub(crate) fn is_noticeable(self) -> bool {
        self.people.saturating_add(self.groups) >= IN_DOCUMENT
    }

    /// The two numbers, as `:load` in [`ORG_IF_LIGHT`].
    pub(crate) fn to_json(self) -> String {
        format!("[{},{}]", self.people, self.groups)
    }

    /// Whether the database would be busy for too long in an organization of so many people and groups.
    pub(crate) fn is_too_much(self, people: u64, groups: u64) -> bool {
        let cost = self.people.saturating_mul(people).saturating_add(self.groups.saturating_mul(groups));
        cost > MOST_COMPARISONS.saturating_mul(IN_DOCUMENT)
    }

    /// Both together.
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
