//! The access brake, and the pause: what holds up the provisioning of an organization.
//!
//! The trigger `events_access_lost` in schema.sql refuses what takes access from too many people within an hour, in the
//! batch that would take it. The statements here note that it did, and what an administrator decides about it.

use serde::Deserialize;

use super::Tenant;
use super::batch::Select;
use super::events;
use super::statement::{Statement, boolean, optional, text};
use directory::{Refusal, RefusalKind};

/// How many people may always lose access within an hour.
pub(crate) const ALWAYS: u32 = 25;
/// Of how many people in a hundred SCIM may take access within an hour, unless the settings say otherwise.
pub(crate) const DEFAULT_PERCENT: u32 = 20;

/// What holds up the provisioning of an organization.
#[derive(Debug, Clone, Deserialize)]
pub struct Holds {
    /// Of how many people in a hundred SCIM may take access within an hour; 0: of any number.
    pub brake_percent: u64,
    /// Since when what takes access is refused.
    pub brake_engaged_at: Option<String>,
    /// Since when SCIM may not write.
    pub paused_at: Option<String>,
    /// The administrator who paused it.
    pub paused_by: Option<String>,
}

impl Holds {
    /// Refuses a write while an administrator has paused them. `console` is where they are resumed.
    ///
    /// # Errors
    /// `RefusalKind::WritesPaused`.
    pub fn check_pause(&self, console: impl FnOnce() -> String) -> Result<(), Refusal> {
        match &self.paused_at {
            None => Ok(()),
            Some(since) => Err(RefusalKind::WritesPaused {
                since: since.clone(),
                by: self.paused_by.clone().unwrap_or_else(|| "An administrator".to_owned()),
                console: console(),
            }
            .into()),
        }
    }

    /// The refusal of a write by the access brake. `console` is where it is released.
    pub fn braked(self, console: String) -> Refusal {
        RefusalKind::AccessBrake { percent: self.brake_percent, since: self.brake_engaged_at, console }.into()
    }
}

/// The condition that the user with this alias has not lost access in the hour before: the access brake counts a person
/// once an hour. In this order, nothing is computed for people who never lost any.
pub(crate) fn not_lately(user: &str) -> String {
    format!("({user}.lost_at IS NULL OR {user}.lost_at <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour'))")
}

/// SQL of a column of the first minute in which people of the organization with this alias lost access: of the hour in
/// which that counts, which is the last one, or the one before the brake engaged.
fn first(organization: &str, column: &str) -> String {
    format!(
        "(SELECT l.{column} FROM access_losses l WHERE l.org_id = {organization}.id
           AND l.minute >= max(strftime('%Y-%m-%dT%H:%M', coalesce({organization}.brake_engaged_at, 'now'), '-1 hour'),
             coalesce(substr({organization}.brake_lifted_until, 1, 16), ''))
         ORDER BY l.minute LIMIT 1)"
    )
}

/// SQL of a column of the newest event of the organization with this alias.
fn newest(organization: &str, column: &str) -> String {
    format!(
        "(SELECT e.{column} FROM events e WHERE e.org_id = {organization}.id ORDER BY e.seq DESC LIMIT 1)"
    )
}

/// SQL of how many people of the organization with this alias lost access within the hour.
pub(crate) fn lost(organization: &str) -> String {
    let before = first(organization, "total_before");
    format!("coalesce({} - {before}, 0)", newest(organization, "lost_total"))
}

/// SQL of how many people of the organization with this alias may lose access within an hour; NULL: any number.
pub(crate) fn limit(organization: &str) -> String {
    let (before, now) = (first(organization, "active_before"), newest(organization, "active_total"));
    format!(
        "iif({organization}.brake_percent = 0, NULL,
           max({ALWAYS}, {organization}.brake_percent * coalesce({before}, {now}, 0) / 100))"
    )
}

/// Reads what holds up the provisioning.
pub fn holds(tenant: &Tenant<'_>) -> Select<Holds> {
    tenant.select(
        "SELECT o.brake_percent AS brake_percent, o.brake_engaged_at AS brake_engaged_at, o.paused_at AS paused_at,
           o.paused_by AS paused_by
         FROM organizations o WHERE o.id = :org",
        &[],
    )
}

/// Engages the brake, unless it is engaged or must not: one row or none. Of several requests that are refused at the
/// same time, one engages it.
pub fn engage(tenant: &Tenant<'_>) -> Statement {
    tenant.statement(
        "UPDATE organizations SET brake_engaged_at = :now, brake_engaged_by = :event_key
         WHERE id = :org AND brake_engaged_at IS NULL AND brake_percent > 0
           AND coalesce(brake_lifted_until, '') <= :now",
        &[],
    )
}

/// Writes the event that the brake has engaged, behind a statement that has changed a row if it has.
pub fn engaged(tenant: &Tenant<'_>) -> Statement {
    events::organization::brake_engaged(tenant, &lost("b"), &limit("b"))
}

/// Releases the brake and lifts it until a time, or not any longer: one row or, where nothing changes, none.
pub fn release(tenant: &Tenant<'_>, lifted_until: Option<&str>) -> Statement {
    tenant.statement(
        "UPDATE organizations SET brake_engaged_at = NULL, brake_engaged_by = NULL, brake_lifted_until = coalesce(
           :until, min(brake_lifted_until, strftime('%Y-%m-%dT%H:%M:00.000Z', 'now')))
         WHERE id = :org AND (brake_engaged_at IS NOT NULL OR :until IS NOT NULL OR brake_lifted_until > :now)",
        &[optional("until", lifted_until)],
    )
}

/// Releases the brake that is engaged since a time, without lifting it: one row or, where that was released meanwhile,
/// none.
pub(crate) fn release_engaged(tenant: &Tenant<'_>, engaged_at: &str) -> Statement {
    tenant.statement(
        "UPDATE organizations SET brake_engaged_at = NULL, brake_engaged_by = NULL
         WHERE id = :org AND brake_engaged_at = :engaged_at",
        &[text("engaged_at", engaged_at)],
    )
}

/// Pauses the writes of identity providers: one row or, where they are paused, none.
pub fn pause(tenant: &Tenant<'_>, by: &str) -> Statement {
    tenant.statement(
        "UPDATE organizations SET paused_at = :now, paused_by = :by WHERE id = :org AND paused_at IS NULL",
        &[text("by", by)],
    )
}

/// Resumes the writes of identity providers: one row or, where they are not paused, none.
pub fn resume(tenant: &Tenant<'_>) -> Statement {
    tenant.statement(
        "UPDATE organizations SET paused_at = NULL, paused_by = NULL WHERE id = :org AND paused_at IS NOT NULL",
        &[],
    )
}

/// Tells the keys whether the organization is paused; see `auth_keys.is_paused` in schema.sql.
pub fn tell_keys(tenant: &Tenant<'_>, is_paused: bool) -> Statement {
    tenant.statement(
        "UPDATE auth_keys SET is_paused = :paused WHERE org_id = :org AND is_paused <> :paused",
        &[boolean("paused", is_paused)],
    )
}
