//! What a change in the console takes from people: counted before it is made, and again in its batch.

use serde::Deserialize;
use serde_json::Value;

use super::Tenant;
use super::batch::Select;
use super::brake::ALWAYS;
use super::statement::{Binding, Statement, optional, text};

/// A change in the console that takes access.
#[derive(Debug, Clone, Copy)]
pub enum Change<'c> {
    /// The organization has these email domains, folded.
    EmailDomains(&'c [String]),
    /// The project with this id is archived.
    Archive(&'c str),
    /// The team with this id is deleted.
    DeleteTeam(&'c str),
    /// The role whose group has this id is deleted.
    DeleteRole(&'c str),
    /// The person with this id is removed.
    Remove(&'c str),
    /// A person leaves a group.
    Leave {
        /// The id of the group.
        group: &'c str,
        /// The id of the person.
        person: &'c str,
    },
    /// Many people are changed.
    Bulk(Taken<'c>),
}

/// What a change of many people takes. The people are a JSON array of their ids.
#[derive(Debug, Clone, Copy)]
pub enum Taken<'c> {
    /// Nothing that counts.
    Nothing,
    /// They become inactive, or are deleted.
    ByLeaving {
        /// The people.
        people: &'c str,
    },
    /// They leave a group.
    FromGroup {
        /// The id of the group.
        group: &'c str,
        /// The people.
        people: &'c str,
    },
}

/// What a change takes.
#[derive(Debug, Deserialize)]
pub struct Counted {
    /// How many people lose access.
    pub people: u64,
    /// How many memberships end.
    pub memberships: u64,
    /// How many people are active and seen by SCIM.
    pub of: u64,
    /// How many people may lose access by a change that is not confirmed; `None`: any number.
    pub limit: Option<u64>,
}

impl Change<'_> {
    /// SQL of how many people lose access, and of how many memberships end.
    fn counts(&self) -> (&'static str, &'static str) {
        const MEMBERSHIPS: &str =
            "(SELECT count(*) FROM groups g CROSS JOIN memberships m ON m.group_seq = g.seq
               WHERE g.org_id = :org AND g.project_id = :id)";
        const MEMBERS: &str = "(SELECT count(*) FROM groups g CROSS JOIN memberships m ON m.group_seq = g.seq
               WHERE g.org_id = :org AND g.id = :id)";
        match self {
            Self::EmailDomains([]) | Self::Bulk(Taken::Nothing) => ("0", "0"),
            Self::EmailDomains(_) => (
                "(SELECT count(*) FROM users u WHERE u.org_id = :org AND u.active = 1 AND u.managed = 1
               AND coalesce(u.mail_domain NOT IN (SELECT value FROM json_each(:id)), 1))",
                "0",
            ),
            Self::Archive(_) => (
                "(SELECT count(DISTINCT m.user_seq) FROM groups g CROSS JOIN memberships m ON m.group_seq = g.seq
               WHERE g.org_id = :org AND g.project_id = :id)",
                MEMBERSHIPS,
            ),
            Self::DeleteTeam(_) => (
                "(SELECT count(DISTINCT m.user_seq) FROM groups g CROSS JOIN memberships m ON m.group_seq = g.seq
               WHERE g.org_id = :org AND g.team_id = :id)",
                "(SELECT count(*) FROM groups g CROSS JOIN memberships m ON m.group_seq = g.seq
               WHERE g.org_id = :org AND g.team_id = :id)",
            ),
            Self::DeleteRole(_) => (MEMBERS, MEMBERS),
            Self::Remove(_) => (
                "(SELECT count(*) FROM users u WHERE u.org_id = :org AND u.id = :id AND u.active = 1)",
                "(SELECT count(*) FROM users u CROSS JOIN memberships m ON m.user_seq = u.seq
               WHERE u.org_id = :org AND u.id = :id)",
            ),
            Self::Bulk(Taken::ByLeaving { .. }) => (
                "(SELECT count(*) FROM json_each(:id) j CROSS JOIN users u ON u.org_id = :org AND u.id = j.value
               WHERE u.active = 1 AND u.org_role <> 'Owner')",
                "(SELECT count(*) FROM json_each(:id) j CROSS JOIN users u ON u.org_id = :org AND u.id = j.value
               CROSS JOIN memberships m ON m.user_seq = u.seq WHERE u.org_role <> 'Owner')",
            ),
            Self::Bulk(Taken::FromGroup { .. }) => (
                "(SELECT count(*) FROM groups g CROSS JOIN json_each(:id) j
               CROSS JOIN users u ON u.org_id = g.org_id AND u.id = j.value
               CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq
               WHERE g.org_id = :org AND g.id = :group AND g.role IS NOT NULL)",
                "(SELECT count(*) FROM groups g CROSS JOIN json_each(:id) j
               CROSS JOIN users u ON u.org_id = g.org_id AND u.id = j.value
               CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq
               WHERE g.org_id = :org AND g.id = :group)",
            ),
            // A plain group gives no access.
            Self::Leave { .. } => (
                "(SELECT count(*) FROM groups g CROSS JOIN users u ON u.org_id = g.org_id AND u.id = :id
               CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq
               WHERE g.org_id = :org AND g.id = :group AND g.role IS NOT NULL)",
                "(SELECT count(*) FROM groups g CROSS JOIN users u ON u.org_id = g.org_id AND u.id = :id
               CROSS JOIN memberships m ON m.group_seq = g.seq AND m.user_seq = u.seq
               WHERE g.org_id = :org AND g.id = :group)",
            ),
        }
    }

    fn bindings(&self) -> Vec<Binding> {
        match self {
            Self::EmailDomains(domains) => vec![text("id", Value::from(*domains).to_string())],
            Self::Archive(id) | Self::DeleteTeam(id) | Self::DeleteRole(id) | Self::Remove(id) => {
                vec![text("id", *id)]
            }
            Self::Leave { group, person: id } | Self::Bulk(Taken::FromGroup { group, people: id }) => {
                vec![text("id", *id), text("group", *group)]
            }
            Self::Bulk(Taken::ByLeaving { people }) => vec![text("id", *people)],
            Self::Bulk(Taken::Nothing) => Vec::new(),
        }
    }
}

/// SQL of how many people of the organization `o` are active and seen by SCIM.
const ACTIVE: &str =
    "coalesce((SELECT e.active_total FROM events e WHERE e.org_id = o.id ORDER BY e.seq DESC LIMIT 1), 0)";

/// SQL of how many people may lose access by a change that is not confirmed; NULL: any number.
fn limit() -> String {
    format!("iif(o.brake_percent = 0, NULL, max({ALWAYS}, o.brake_percent * {ACTIVE} / 100))")
}

/// Counts what a change takes.
pub fn count(tenant: &Tenant<'_>, change: Change<'_>) -> Select<Counted> {
    let (people, memberships) = change.counts();
    let sql = format!(
        "SELECT {people} AS people, {memberships} AS memberships, {ACTIVE} AS \"of\", {} AS \"limit\"
         FROM organizations o WHERE o.id = :org",
        limit()
    );
    tenant.select_few(&sql, &change.bindings())
}

/// The statement before a change that fails the batch with `StorageErrorKind::Unconfirmed` if the change takes
/// access from another number of people than is confirmed; or, where none is confirmed, from more than may lose it
/// without.
pub fn check(tenant: &Tenant<'_>, change: Change<'_>, confirmed: Option<u64>) -> Statement {
    let (people, _) = change.counts();
    let sql = format!(
        "SELECT iif(coalesce(c.people <> CAST(:confirmed AS INTEGER), c.people > c.most),
           json_extract('{{}}', 'unconfirmed ' || c.people), '')
         FROM (SELECT {people} AS people, {} AS most FROM organizations o WHERE o.id = :org) c",
        limit()
    );
    let confirmed = confirmed.map(|number| number.to_string());
    let mut bindings = change.bindings();
    bindings.push(optional("confirmed", confirmed.as_deref()));
    tenant.statement(&sql, &bindings)
}
