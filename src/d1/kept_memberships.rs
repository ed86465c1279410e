//! Memberships that wait for the activation of a person, in organizations with the setting `keep_access`. A
//! deactivation keeps the memberships that it takes. What an identity provider pushes while the person is inactive is
//! added to them or taken out of them. An activation gives them back; of groups that were deleted meanwhile, there are
//! none.

use serde::Deserialize;

use super::StorageError;
use super::batch::{Batch, Handle, Results};
use super::columns::integers;
use super::events;
use super::limits::MOST_GROUPS;
use super::named_members::{IDS, ORGANIZATION, Selected, USER, chunks, selects_of};
use super::statement::{Statement, integer, text};
use super::tenant::{Tenant, full};
use directory::membership::MembershipChange;

/// The group `:group`.
const GROUP: &str = "(SELECT seq FROM groups WHERE org_id = :org AND id = :group)";

/// What a request does to the kept memberships of a group.
#[derive(Debug, Default)]
pub struct KeptChange {
    /// Inactive users who get one.
    add: Vec<i64>,
    /// Users who lose theirs.
    remove: Vec<i64>,
}

impl KeptChange {
    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty()
    }
}

/// Users by `seq`.
#[derive(Debug, Deserialize)]
struct Seqs {
    #[serde(deserialize_with = "integers")]
    seqs: Vec<i64>,
}

/// The statements that find out what a request does to the kept memberships of a group.
pub struct KeptComparison {
    /// The `seq` of each inactive user to be a member, negative if that is kept already.
    add: Vec<Handle<Seqs>>,
    remove: Vec<Handle<Seqs>>,
    replaces_all: bool,
}

impl KeptComparison {
    /// Adds the statements for a group to a batch.
    pub fn push(
        batch: &mut Batch,
        tenant: &Tenant<'_>,
        group_id: &str,
        change: &MembershipChange<'_>,
    ) -> Self {
        let kept = format!("kept_memberships k ON k.user_seq = e.seq AND k.group_seq = {GROUP}");
        let of_group = format!(
            "SELECT json_group_array(e.seq) AS seqs
             FROM kept_memberships k CROSS JOIN users e ON e.seq = k.user_seq AND e.managed = 1
             WHERE k.group_seq = {GROUP}"
        );
        let group = || text("group", group_id);
        let selected = Selected::of(tenant.catalog, &change.selections);
        let add = selects_of(
            tenant,
            &change.add,
            &format!(
                "SELECT json_group_array(iif(k.user_seq IS NULL, e.seq, -e.seq)) AS seqs
                 FROM {ORGANIZATION} CROSS JOIN {IDS} CROSS JOIN {USER} AND e.active = 0 LEFT JOIN {kept} WHERE NOT {}",
                selected.sql
            ),
            &[selected.bindings.as_slice(), &[group()]].concat(),
        );
        let mut remove = selects_of(
            tenant,
            &change.remove,
            &format!(
                "SELECT json_group_array(e.seq) AS seqs
                 FROM {ORGANIZATION} CROSS JOIN {IDS} CROSS JOIN {USER} CROSS JOIN {kept}"
            ),
            &[group()],
        );
        if change.replaces_all {
            remove.push(tenant.select(&of_group, &[group()]));
        }
        if !change.selections.is_empty() {
            let sql = format!("{of_group} AND {}", selected.sql);
            remove.push(tenant.select(&sql, &[selected.bindings.as_slice(), &[group()]].concat()));
        }
        Self {
            add: add.into_iter().map(|select| batch.push(select)).collect(),
            remove: remove.into_iter().map(|select| batch.push(select)).collect(),
            replaces_all: change.replaces_all,
        }
    }

    /// Reads the change, once the statements have run.
    ///
    /// # Errors
    /// `StorageErrorKind::Internal` if a row is not what a statement selects.
    pub fn read(&self, results: &Results) -> Result<KeptChange, StorageError> {
        let all = |handles: &[Handle<Seqs>]| -> Result<Vec<i64>, StorageError> {
            let rows = handles.iter().map(|handle| results.one(*handle));
            Ok(rows.collect::<Result<Vec<_>, _>>()?.into_iter().flat_map(|row| row.seqs).collect())
        };
        let (add, kept): (Vec<i64>, Vec<i64>) = all(&self.add)?.into_iter().partition(|seq| *seq > 0);
        let mut remove = all(&self.remove)?;
        if self.replaces_all {
            remove.retain(|seq| !kept.contains(&seq.saturating_neg()));
        }
        Ok(KeptChange { add, remove })
    }
}

/// Fails as stale if the organization does not keep access any more.
pub(crate) fn check_setting(tenant: &Tenant<'_>) -> Statement {
    tenant.statement(
        "SELECT iif((SELECT keep_access FROM organizations WHERE id = :org) = 1, '', json('stale'))",
        &[],
    )
}

/// Writes what a request does to the kept memberships of a group. `join` and `leave` are the users whom it makes
/// members or not: of those, some may have been deactivated since they were read.
pub(crate) fn change(
    tenant: &Tenant<'_>,
    group_id: &str,
    kept: &KeptChange,
    join: &[i64],
    leave: &[i64],
) -> Vec<Statement> {
    let bindings = |seqs| [text("group", group_id), text("seqs", seqs)];
    let insert = "INSERT INTO kept_memberships (user_seq, group_seq)
         SELECT u.seq, g.seq FROM groups g CROSS JOIN json_each(:seqs) j CROSS JOIN users u ON u.seq = j.value
         WHERE g.org_id = :org AND g.id = :group AND u.org_id = g.org_id AND u.active = 0 AND u.managed = 1
         ON CONFLICT DO NOTHING";
    // More than a person can be given back are not kept.
    let check = format!(
        "SELECT iif(EXISTS (
           SELECT 1 FROM kept_memberships k WHERE k.user_seq = u.seq LIMIT 1 OFFSET {MOST_GROUPS}), {}, '')
         FROM json_each(:seqs) j CROSS JOIN users u ON u.seq = j.value AND u.org_id = :org AND u.active = 0",
        full("'user ' || u.id")
    );
    let delete = format!(
        "DELETE FROM kept_memberships WHERE group_seq = {GROUP}
           AND user_seq IN (SELECT value FROM json_each(:seqs))"
    );
    let mut statements = vec![check_setting(tenant)];
    for seqs in chunks(leave, &kept.remove) {
        statements.push(tenant.statement(&delete, &bindings(seqs)));
    }
    for seqs in chunks(join, &kept.add) {
        statements.push(tenant.statement(insert, &bindings(seqs.clone())));
        statements.push(tenant.statement(&check, &[text("seqs", seqs)]));
    }
    statements
}

/// Keeps the memberships of a person who is being deactivated, before they end.
pub(crate) fn keep(tenant: &Tenant<'_>, seq: i64) -> Vec<Statement> {
    let keep = "INSERT INTO kept_memberships (user_seq, group_seq)
         SELECT m.user_seq, m.group_seq FROM memberships m WHERE m.user_seq = :seq";
    vec![
        tenant.statement("DELETE FROM kept_memberships WHERE user_seq = :seq", &[integer("seq", seq)]),
        tenant.statement(keep, &[integer("seq", seq)]),
    ]
}

/// Gives the kept memberships back to a person who has become active, with their events.
pub(crate) fn give_back(tenant: &Tenant<'_>, seq: i64) -> Vec<Statement> {
    let bindings = || [integer("seq", seq)];
    let touched = "UPDATE groups SET version = version + 1, last_modified = max(last_modified, :now)
         WHERE seq IN (SELECT k.group_seq FROM kept_memberships k WHERE k.user_seq = :seq)";
    let mut statements = Vec::from(events::memberships::given_back(tenant, seq));
    statements.extend([
        tenant.statement(touched, &bindings()),
        tenant.statement("DELETE FROM kept_memberships WHERE user_seq = :seq", &bindings()),
    ]);
    statements
}

/// Forgets what the organization has kept, if it is about to keep access no longer: inactive people become Members
/// without memberships. A role that was pushed for one of them is forgotten, too.
pub(crate) fn forget(tenant: &Tenant<'_>) -> Vec<Statement> {
    let mut statements = vec![events::organization::kept_roles_forgotten(tenant)];
    statements.extend(
        [
            "UPDATE users SET org_role = 'Member' WHERE seq IN (
               SELECT u.seq FROM organizations o
                 CROSS JOIN users u ON u.org_id = o.id AND u.active = 0 AND u.org_role <> 'Member'
               WHERE o.id = :org AND o.keep_access = 1)",
            "DELETE FROM kept_memberships WHERE user_seq IN (
               SELECT u.seq FROM organizations o CROSS JOIN users u ON u.org_id = o.id AND u.active = 0
               WHERE o.id = :org AND o.keep_access = 1)",
        ]
        .map(|sql| tenant.statement(sql, &[])),
    );
    statements
}

/// What the log says of inactive people whom a request adds to a group.
pub(crate) fn describe(ids: &str) -> String {
    format!(
        "Kept for the activation of people who are inactive: {ids}. They become members of the group then."
    )
}
