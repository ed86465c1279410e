//! Changes of a group's members: which ids a request adds, removes, or selects by a filter.

use std::borrow::Cow;

use serde_json::Value;

use crate::member_filter;
pub use crate::member_filter::Ids;
use crate::refusal::{Refusal, RefusalKind};
use crate::text::check_length;
use scim_protocol::filter::Filter;
use scim_protocol::patch::{Edit, Op};
use scim_protocol::schema::Attribute;
use scim_protocol::{IgnoreCase, Object};

/// Most comparisons of the filters of one request that look at each member of a group.
pub const MAX_COMPARISONS: usize = 10;

/// A change of membership, as sets of user ids. A group's members are never read to change them, unless a filter asks
/// for more than their ids.
#[derive(Debug)]
pub struct MembershipChange<'a> {
    /// Whether present members leave who are not in `add`.
    pub replaces_all: bool,
    /// Users who become or stay members.
    pub add: Ids<'a>,
    /// Users who leave or stay away.
    pub remove: Ids<'a>,
    /// Filters whose matches leave, also those in `add`.
    pub selections: Vec<Selection<'a>>,
}

/// A filter that selects members to be removed.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// A filter over the sub-attributes of a member.
    pub filter: Filter<'a>,
    /// The only ids that the filter can select; `None`: any.
    pub candidates: Option<Ids<'a>>,
    /// Ids that later operations add or remove, for which the filter no longer counts.
    pub exempt: Ids<'a>,
}

impl<'a> MembershipChange<'a> {
    /// Whether the request says nothing about members.
    pub fn is_empty(&self) -> bool {
        !self.replaces_all && self.add.is_empty() && self.remove.is_empty() && self.selections.is_empty()
    }

    /// Whether the change must be computed again if another request has changed the group since it was read.
    pub fn depends_on_members(&self) -> bool {
        self.replaces_all || !self.selections.is_empty()
    }
}

/// The edits of the attribute `members` in a request, in their order.
#[derive(Default)]
pub(crate) struct MemberEdits<'a> {
    replaces_all: bool,
    /// Each id that is named, and whether it is to be a member. The last word on an id counts.
    named: Vec<(Cow<'a, str>, bool)>,
    /// Filters whose matches leave, each with the number of ids that are named before it.
    selections: Vec<(usize, Selection<'a>)>,
}

impl<'a> MemberEdits<'a> {
    /// Adds an edit.
    ///
    /// # Errors
    /// A refusal of edits that change a member in part, of members without an id, and of members that are groups.
    pub(crate) fn push(&mut self, edit: &Edit<'a>) -> Result<(), Refusal> {
        if edit.path.sub_attribute.is_some() {
            return Err(RefusalKind::MemberPartImmutable.into());
        }
        if let Some(filter) = &edit.filter {
            return match edit.op {
                Op::Remove => self.remove_selected(filter),
                Op::Add | Op::Replace => Err(RefusalKind::MemberImmutable.into()),
            };
        }
        let removes = edit.op == Op::Remove && !matches!(edit.value, None | Some(Value::Null));
        let ids = member_ids(edit.path.attribute, edit.value, !removes)?;
        match (edit.op, edit.value) {
            (Op::Add, _) => self.name(ids, true),
            (Op::Replace, _) | (Op::Remove, None | Some(Value::Null)) => self.replace(ids),
            // Entra ID names the whole attribute in the path and the ones to remove in the value.
            (Op::Remove, Some(_)) => self.name(ids, false),
        }
        Ok(())
    }

    fn replace(&mut self, ids: Vec<Cow<'a, str>>) {
        *self = Self { replaces_all: true, ..Self::default() };
        self.name(ids, true);
    }

    fn name(&mut self, ids: Vec<Cow<'a, str>>, joins: bool) {
        self.named.extend(ids.into_iter().map(|id| (id, joins)));
    }

    fn remove_selected(&mut self, filter: &Filter<'a>) -> Result<(), Refusal> {
        let member_filter::Reach { candidates, is_exact } = member_filter::reach(filter);
        match candidates {
            Some(ids) if is_exact => self.name(ids, false),
            None if is_exact => self.replace(Ids::new()),
            candidates => {
                // The comparisons of all filters are numbered in one sequence.
                let taken: usize =
                    self.selections.iter().map(|(_, selection)| selection.filter.terms()).sum();
                if taken.saturating_add(filter.terms()) > MAX_COMPARISONS {
                    return Err(RefusalKind::MemberFilterTooComplex { limit: MAX_COMPARISONS }.into());
                }
                let filter = filter.clone().numbered_from(taken);
                let selection = Selection { filter, candidates, exempt: Ids::new() };
                self.selections.push((self.named.len(), selection));
            }
        }
        Ok(())
    }

    /// What the edits change together.
    pub(crate) fn change(self) -> MembershipChange<'a> {
        let Self { replaces_all, mut named, selections } = self;
        let selections = selections.into_iter().map(|(place, selection)| {
            let later = named.get(place..).unwrap_or_default().iter().map(|(id, _)| (id.clone(), true));
            let exempt = last_words(later.collect()).into_iter().map(|(id, _)| id).collect();
            Selection { exempt, ..selection }
        });
        let selections = selections.collect();
        named = last_words(named);
        let of = |wanted: bool| -> Ids<'a> {
            named.iter().filter(|(_, joins)| *joins == wanted).map(|(id, _)| id.clone()).collect()
        };
        let remove = if replaces_all { Ids::new() } else { of(false) };
        MembershipChange { replaces_all, add: of(true), remove, selections }
    }
}

/// The ids in order, each once, as it is named last.
fn last_words(mut named: Vec<(Cow<'_, str>, bool)>) -> Vec<(Cow<'_, str>, bool)> {
    named.reverse();
    // Borrowed ids are not copied for it.
    named.sort_by_cached_key(|(id, _)| id.clone());
    named.dedup_by(|next, kept| next.0 == kept.0);
    named
}

/// The ids in a value of `members`, whose elements are objects with a `value`, or bare ids. They are borrowed, since
/// there may be a hundred thousand. The other sub-attributes are ignored, except that groups are refused if `join`, and
/// left out otherwise.
fn member_ids<'v>(
    attribute: Option<&Attribute>,
    members: Option<&'v Value>,
    join: bool,
) -> Result<Vec<Cow<'v, str>>, Refusal> {
    let members = match members {
        None | Some(Value::Null) => &[],
        Some(Value::Array(members)) => members.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let is_value = |name: &str| {
        name.eq_ignore_ascii_case("value")
            || attribute
                .and_then(|members| members.sub_attribute_of_key(name))
                .is_some_and(|part| part.name == "value")
    };
    let mut ids = Vec::new();
    for member in members {
        let id = match member {
            Value::Null => continue,
            // PHP writes an empty object as an empty array.
            Value::Array(parts) if parts.is_empty() => continue,
            Value::String(id) => Some(id),
            Value::Object(parts) if is_group(parts) && join => {
                return Err(RefusalKind::NestedGroup { member: name_of(parts).to_owned() }.into());
            }
            // No group is a member.
            Value::Object(parts) if is_group(parts) => continue,
            Value::Object(parts) => {
                let value = parts.iter().find(|(name, _)| is_value(name));
                value.and_then(|(_, value)| match value {
                    Value::String(id) => Some(id),
                    _ => None,
                })
            }
            _ => None,
        };
        let id = id
            .filter(|id| !id.trim().is_empty())
            .ok_or(RefusalKind::MemberIdMissing { is_object: member.is_object() })?;
        check_length("members.value", id)?;
        ids.push(Cow::Borrowed(id.as_str()));
    }
    Ok(ids)
}

/// Whether a member says that it is a group.
fn is_group(member: &Object) -> bool {
    member.iter().any(|(name, value)| value.as_str().is_some_and(|value| says_group(name, value)))
}

/// Whether a part of a member says that the member is a group.
pub(crate) fn says_group(name: &str, value: &str) -> bool {
    if name.eq_ignore_ascii_case("type") {
        return value.trim().eq_ignore_ascii_case("Group");
    }
    let mut segments = value.trim().trim_end_matches('/').rsplit('/').skip(1);
    name.eq_ignore_ascii_case("$ref") && segments.next().is_some_and(|of| of.eq_ignore_ascii_case("Groups"))
}

/// The id of a member, or what names it otherwise, for an error.
fn name_of(member: &Object) -> &str {
    let part = |name| member.get_ignore_case(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    part("value").or_else(|| part("display")).or_else(|| part("$ref")).unwrap_or_default()
}
