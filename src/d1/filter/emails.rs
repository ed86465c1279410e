//! Which filters can use the table of email addresses.

use super::place::Elements;
use scim_protocol::attribute_path::AttributePath;
use scim_protocol::filter::{Comparison, Filter, Literal, Operator};

/// Replaces `emails` in the user's document by the table of email addresses, if `by_table`. The table has the address
/// and the type of those elements of `emails` that have an address, which is enough for most filters.
pub(crate) fn narrowed(elements: Elements<'_>, by_table: bool) -> Elements<'_> {
    match elements {
        Elements::InDocument(attribute) if attribute.name == "emails" && by_table => Elements::Emails,
        other => other,
    }
}

/// Whether a sub-attribute of `emails` is a column of their table.
fn is_in_emails_table(path: &AttributePath<'_>) -> bool {
    path.leaf().is_some_and(|leaf| matches!(leaf.name.as_str(), "value" | "type"))
}

pub(crate) fn only_compares_emails_table(filter: &Filter<'_>) -> bool {
    match filter {
        Filter::And(all) | Filter::Or(all) => all.iter().all(only_compares_emails_table),
        Filter::Not(filter) => only_compares_emails_table(filter),
        Filter::Present(path) => is_in_emails_table(path),
        Filter::Compare(comparison) => is_in_emails_table(&comparison.path),
        Filter::ValuePath { .. } => false,
    }
}

/// Whether a filter in brackets can only be satisfied by an element with a `value`.
pub(crate) fn asks_for_value(filter: &Filter<'_>) -> bool {
    let is_value = |path: &AttributePath<'_>| path.leaf().is_some_and(|leaf| leaf.name == "value");
    match filter {
        Filter::And(all) => all.iter().any(asks_for_value),
        Filter::Or(any) => any.iter().all(asks_for_value),
        Filter::Present(path) => is_value(path),
        Filter::Compare(Comparison { path, operator, value, .. }) => {
            is_value(path) && (*operator == Operator::Ne) == (*value == Literal::Null)
        }
        Filter::Not(_) | Filter::ValuePath { .. } => false,
    }
}
