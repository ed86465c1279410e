//! Memberships of groups. Changes are sets of rows: the members that a request asks for are compared with those of the
//! group, and only differences are written. To add and remove members, the other members are never read.

use serde::Deserialize;

use super::batch::{Batch, Handle, Results, Select};
use super::brake::not_lately;
use super::columns::{flag, integers, json};
use super::kept_memberships::{self, KeptChange};
use super::limits::MOST_GROUPS;
use super::named_members::{
    IDS, MOST_SEQS, ORGANIZATION, Selected, USER, array_of, in_parameters, selects_of,
};
use super::statement::{Statement, text};
use super::tenant::Tenant;
use super::{StorageError, StorageErrorKind, events};
use crate::error::Error;
use directory::membership::MembershipChange;
use directory::refusal::list_ids;
use directory::{Refusal, RefusalKind};

/// The users that a request adds to a group, in the state in which they were read.
#[derive(Debug, Default)]
pub struct ResolvedMembers {
    /// The `seq` of each active user.
    pub(crate) active: Vec<i64>,
    /// The ids of inactive users.
    pub(crate) inactive: Vec<String>,
    pub(crate) unknown: Vec<String>,
    /// An unknown id that belongs to a group.
    pub(crate) group: Option<String>,
}

impl ResolvedMembers {
    /// Collects the rows of [`resolve_member_ids`], one for each statement.
    ///
    /// # Errors
    /// `RefusalKind::MembersUnknown`, `RefusalKind::NestedGroup`.
    pub fn of(rows: impl IntoIterator<Item = ResolvedRow>) -> Result<Self, Refusal> {
        let mut members = Self::default();
        for ResolvedRow { seqs, others } in rows {
            members.active.extend(seqs);
            members.unknown.extend(others.unknown);
            members.inactive.extend(others.inactive);
            members.group = members.group.take().or(others.group);
        }
        if let Some(member) = members.group {
            return Err(RefusalKind::NestedGroup { member }.into());
        }
        if members.unknown.is_empty() {
            return Ok(members);
        }
        Err(RefusalKind::MembersUnknown { ids: members.unknown }.into())
    }
}

/// Ids that a request names, resolved.
#[derive(Debug, Deserialize)]
pub struct ResolvedRow {
    /// The `seq` of each active user, negative if nothing changes for the user.
    #[serde(deserialize_with = "integers")]
    seqs: Vec<i64>,
    #[serde(deserialize_with = "json")]
    others: Others,
}

/// The ids that belong to no active user.
#[derive(Debug, Deserialize)]
struct Others {
    unknown: Vec<String>,
    inactive: Vec<String>,
    /// An unknown id that belongs to a group.
    group: Option<String>,
}

/// Users that a request removes from a group.
#[derive(Debug, Deserialize)]
pub struct RemovedRow {
    /// The `seq` of each user, negative if the user is not a member.
    #[serde(deserialize_with = "integers")]
    seqs: Vec<i64>,
    /// Whether a member is among them of whom the access brake counts that they lose a role.
    #[serde(deserialize_with = "flag")]
    counts: bool,
}

/// SQL of the ids in a request that belong to no active user, as [`Others`].
const OTHERS: &str = "json_object(
    'unknown', json(json_group_array(j.value) FILTER (WHERE e.seq IS NULL)),
    'inactive', json(json_group_array(j.value) FILTER (WHERE e.active = 0)),
    'group', min(j.value) FILTER (WHERE e.seq IS NULL AND EXISTS (
      SELECT 1 FROM groups WHERE org_id = :org AND id = j.value)))";

/// Resolves the ids in a request that replaces all members; see [`ResolvedMembers::of`]. One statement for as many ids
/// as fit into a parameter.
///
/// Inactive users are in no group: adding one is no error and has no effect. Users that SCIM does not see count as
/// unknown, and stay in their groups.
pub fn resolve_member_ids(tenant: &Tenant<'_>, change: &MembershipChange<'_>) -> Vec<Select<ResolvedRow>> {
    let selected = Selected::of(tenant.catalog, &change.selections);
    let sql = format!(
        "SELECT json_group_array(e.seq) FILTER (WHERE e.active = 1 AND NOT {}) AS seqs, {OTHERS} AS others
         FROM {ORGANIZATION} CROSS JOIN {IDS} LEFT JOIN {USER}",
        selected.sql
    );
    selects_of(tenant, &change.add, &sql, &selected.bindings)
}

/// What a request does to the members of a group: the difference between the members it asks for and those that were
/// read, and the rest of what it asks for.
///
/// All of it is written, not only the difference: another request may have undone a part of it since the members were
/// read, and the outcome has to be as if this request had happened at one moment.
#[derive(Debug, Default)]
pub struct Difference {
    /// Users to be members who were not.
    pub(crate) join: Vec<i64>,
    /// Users not to be members who were.
    pub(crate) leave: Vec<i64>,
    /// Users to be members who were already.
    pub(crate) stay: Vec<i64>,
    /// Users not to be members who were not.
    pub(crate) stay_away: Vec<i64>,
    /// The ids of users that are left out because they were inactive.
    pub(crate) inactive: Vec<String>,
    /// What is done to kept memberships; `None`: the organization keeps none.
    pub(crate) kept: Option<KeptChange>,
    /// Whether the access brake counts, where the group gives a role, one of those who leave.
    pub(crate) counts: bool,
}

impl Difference {
    /// Whether membership is already as it should be.
    pub fn is_empty(&self) -> bool {
        self.join.is_empty() && self.leave.is_empty() && self.kept.as_ref().is_none_or(KeptChange::is_empty)
    }

    /// The difference for a new group: all active users join it.
    pub fn of_new(wanted: ResolvedMembers) -> Self {
        Self { join: wanted.active, inactive: wanted.inactive, ..Self::default() }
    }

    /// The text for the audit log that says which users were left out.
    pub fn left_out(&self) -> Option<String> {
        if self.inactive.is_empty() {
            return None;
        }
        if self.kept.is_some() {
            return Some(kept_memberships::describe(&list_ids(&self.inactive)));
        }
        Some(format!(
            "Not added to the group, because inactive: {}. Activating them later does not add them; push the group \
             again then.",
            list_ids(&self.inactive)
        ))
    }
}

/// Numbers in order, each once.
pub(crate) fn in_order(mut numbers: Vec<i64>) -> Vec<i64> {
    // Other lists are sorted by numbers as keys. This is compiled to the same code.
    numbers.sort_by_cached_key(|number| *number);
    numbers.dedup();
    numbers
}

/// Statements that compare the users to add and to remove with the members of a group.
pub struct Comparison {
    join: Vec<Handle<ResolvedRow>>,
    leave: Vec<Handle<RemovedRow>>,
}

impl Comparison {
    /// Adds the statements for a group to a batch.
    pub fn push(
        batch: &mut Batch,
        tenant: &Tenant<'_>,
        group_id: &str,
        change: &MembershipChange<'_>,
    ) -> Self {
        const GROUP: &str = "groups g ON g.org_id = o.id AND g.id = :group";
        const MEMBERSHIP: &str = "memberships m ON m.user_seq = e.seq AND m.group_seq = g.seq";
        let group = || text("group", group_id);
        let counts = not_lately("e");
        let selected = Selected::of(tenant.catalog, &change.selections);
        let join = selects_of(
            tenant,
            &change.add,
            &format!(
                "SELECT json_group_array(iif(m.user_seq IS NULL, e.seq, -e.seq))
                   FILTER (WHERE e.active = 1 AND NOT {}) AS seqs, {OTHERS} AS others
                 FROM {ORGANIZATION} LEFT JOIN {GROUP} CROSS JOIN {IDS} LEFT JOIN {USER}
                 LEFT JOIN {MEMBERSHIP}",
                selected.sql
            ),
            &[selected.bindings.as_slice(), &[group()]].concat(),
        );
        let mut leave: Vec<Select<RemovedRow>> = selects_of(
            tenant,
            &change.remove,
            &format!(
                "SELECT json_group_array(iif(m.user_seq IS NULL, -e.seq, e.seq)) AS seqs,
                   coalesce(max(m.user_seq IS NOT NULL AND {counts}), 0) AS counts
                 FROM {ORGANIZATION} CROSS JOIN {GROUP} CROSS JOIN {IDS} CROSS JOIN {USER}
                 LEFT JOIN {MEMBERSHIP}"
            ),
            &[group()],
        );
        for selection in &change.selections {
            let selected = Selected::of(tenant.catalog, std::slice::from_ref(selection));
            let mut bindings = [selected.bindings.as_slice(), &[group()]].concat();
            let people = match &selection.candidates {
                // Only these users can match: the others need not be read.
                Some(candidates) => {
                    bindings.push(text("candidates", array_of(candidates.iter())));
                    format!(
                        "{ORGANIZATION} CROSS JOIN {GROUP} CROSS JOIN json_each(:candidates) j
                         CROSS JOIN users e ON e.org_id = o.id AND e.id = j.value CROSS JOIN {MEMBERSHIP} WHERE TRUE"
                    )
                }
                None => "memberships m CROSS JOIN users e ON e.seq = m.user_seq
                         WHERE m.group_seq = (SELECT seq FROM groups WHERE org_id = :org AND id = :group)"
                    .to_owned(),
            };
            let sql = format!(
                "SELECT json_group_array(seq) AS seqs, coalesce(max(counts), 0) AS counts FROM (
                   SELECT e.seq AS seq, {counts} AS counts FROM {people} AND e.managed = 1 AND {}
                   LIMIT {MOST_SEQS} + 1)",
                selected.sql
            );
            leave.push(tenant.select(&sql, &bindings));
        }
        Self {
            join: join.into_iter().map(|select| batch.push(select)).collect(),
            leave: leave.into_iter().map(|select| batch.push(select)).collect(),
        }
    }

    /// Reads the difference, once the statements have run.
    ///
    /// # Errors
    /// Those of [`ResolvedMembers::of`], and `RefusalKind::TooManyMembersSelected`.
    pub fn read(&self, results: &Results) -> Result<Difference, Error> {
        let rows = self.join.iter().map(|handle| results.one(*handle)).collect::<Result<Vec<_>, _>>()?;
        let members = ResolvedMembers::of(rows)?;
        let (mut removed, mut counts) = (Vec::new(), false);
        for handle in &self.leave {
            let RemovedRow { seqs: selected, counts: counted } = results.one(*handle)?;
            if selected.len() > MOST_SEQS {
                return Err(Refusal::from(RefusalKind::TooManyMembersSelected { limit: MOST_SEQS }).into());
            }
            removed.extend(selected);
            counts |= counted;
        }
        let parted = |seqs: Vec<i64>| -> (Vec<i64>, Vec<i64>) {
            let (others, changing): (Vec<i64>, Vec<i64>) = seqs.into_iter().partition(|seq| *seq < 0);
            (changing, others.into_iter().map(i64::saturating_neg).collect())
        };
        let (join, stay) = parted(members.active);
        // Two filters may select the same member.
        let (leave, stay_away) = parted(in_order(removed));
        Ok(Difference { join, leave, stay, stay_away, inactive: members.inactive, kept: None, counts })
    }
}

/// Writes what a request does to the members of a group.
pub fn change(tenant: &Tenant<'_>, group_id: &str, difference: &Difference) -> Vec<Statement> {
    let Difference { join, leave, stay, stay_away, inactive, kept, .. } = difference;
    let mut statements = Vec::new();
    // The users left out as inactive must still be inactive, and their memberships must not be kept, unless they are;
    // otherwise the request is evaluated again.
    let org = if kept.is_some() { ":org" } else { ":org_keeping_nothing" };
    for ids in in_parameters(inactive.iter()) {
        let sql = format!(
            "SELECT iif(EXISTS (
               SELECT 1 FROM json_each(:ids) j
               CROSS JOIN users e ON e.org_id = {org} AND e.id = j.value AND e.active = 1), json('stale'), '')"
        );
        statements.push(tenant.statement(&sql, &[text("ids", ids)]));
    }
    for seqs in [join.as_slice(), stay].concat().chunks(MOST_SEQS) {
        statements.extend(events::memberships::begin(tenant, group_id, seqs));
    }
    for seqs in [leave.as_slice(), stay_away].concat().chunks(MOST_SEQS) {
        statements.extend(events::memberships::end(tenant, group_id, seqs));
    }
    if let Some(kept) = kept {
        let (join, leave) = ([join.as_slice(), stay].concat(), [leave.as_slice(), stay_away].concat());
        statements.extend(kept_memberships::change(tenant, group_id, kept, &join, &leave));
    }
    statements
}

/// The refusal of a write that would make a user a member of more groups than [`MOST_GROUPS`]; `None` for another
/// error.
pub fn too_many_groups(error: &StorageError) -> Option<Refusal> {
    let StorageErrorKind::Full(what) = &**error else { return None };
    let user = what.strip_prefix("user ")?;
    Some(RefusalKind::TooManyGroups { user: user.to_owned(), limit: MOST_GROUPS }.into())
}
