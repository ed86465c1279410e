//! Organizations, their settings, and invitations to administer one.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::health::ProvisioningState;
use super::members::{Member, NewPerson};
use super::query::LongCount;
use super::{Name, Named, Repeatable};
use directory::OrgRole;

/// Settings to change. Fields that are left out stay as they are.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: Option<String>,
    /// Whether SCIM may change userName and emails.
    pub(crate) email_management: Option<bool>,
    /// Whether SCIM may create groups that belong to no project.
    pub(crate) plain_groups: Option<bool>,
    /// Whether a deactivation keeps role and memberships, and the next activation gives them back, with what was
    /// pushed meanwhile. For Microsoft Entra ID, which does not push memberships again.
    pub(crate) keep_access: Option<bool>,
    /// The domains of the people that SCIM sees. Empty: all people.
    pub(crate) mail_domains: Option<Vec<String>>,
    /// For how long new keys are active, unless they are generated otherwise. 0, not null: until deactivated.
    #[schema(minimum = 0, maximum = 3650)]
    pub(crate) key_lifetime_days: Option<u64>,
    /// How many people SCIM may see; beyond that none are created. 0, not null: any number. Only operators may set it.
    #[schema(minimum = 0, maximum = 100_000_000)]
    pub(crate) user_limit: Option<u64>,
    /// Of how many people in a hundred SCIM may take access within an hour, where these are more than 25: what would
    /// take it from more is refused until an administrator decides. 0: of any number.
    #[schema(minimum = 0, maximum = 100)]
    pub(crate) brake_percent: Option<u64>,
    /// After how many minutes without the acknowledgement of a deactivation by a product administrators are alerted.
    /// 0: never.
    #[schema(minimum = 0, maximum = 1440)]
    pub(crate) revocation_minutes: Option<u64>,
    /// What the names of new role groups begin with; `GROUP_PREFIX` is for organizations that have none yet. Renaming a
    /// project, also to the name that it has, gives its groups this prefix. Only operators may set it.
    #[schema(min_length = 1)]
    pub(crate) group_prefix: Option<String>,
    /// Confirms that the identity provider now sends organization roles with this attribute. It must be the
    /// deployment's ORG_ROLE_ATTRIBUTE.
    pub(crate) org_role_attribute: Option<String>,
    /// From how many people changed email domains take SCIM's sight. If it would be another number by now, nothing is
    /// changed. Must be there where it is more than may lose access over SCIM within an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) confirm_people: Option<u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrganization {
    #[schema(value_type = Name)]
    pub(crate) name: String,
    pub(crate) owner: NewPerson,
    /// The number of the database to create it in. Left out: the smallest database.
    #[schema(minimum = 0, maximum = 128)]
    pub(crate) database: Option<u64>,
    /// Whether SCIM may change userName and emails.
    pub(crate) email_management: Option<bool>,
    /// Whether SCIM may create groups that belong to no project.
    pub(crate) plain_groups: Option<bool>,
    /// Whether a deactivation keeps role and memberships, and the next activation gives them back, with what was
    /// pushed meanwhile. For Microsoft Entra ID, which does not push memberships again.
    pub(crate) keep_access: Option<bool>,
    /// The domains of the people that SCIM sees. Empty: all people.
    pub(crate) mail_domains: Option<Vec<String>>,
    /// For how long new keys are active, unless they are generated otherwise. 0, not null: until deactivated.
    #[schema(minimum = 0, maximum = 3650)]
    pub(crate) key_lifetime_days: Option<u64>,
    /// How many people SCIM may see; beyond that none are created. 0, not null: any number.
    #[schema(minimum = 0, maximum = 100_000_000)]
    pub(crate) user_limit: Option<u64>,
    /// Of how many people in a hundred SCIM may take access within an hour, where these are more than 25: what would
    /// take it from more is refused until an administrator decides. 0: of any number. Left out: 20.
    #[schema(minimum = 0, maximum = 100)]
    pub(crate) brake_percent: Option<u64>,
}

/// An organization as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationRecord {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whether SCIM may change userName and emails.
    pub(crate) email_management: bool,
    /// Whether SCIM may create groups that belong to no project.
    pub(crate) plain_groups: bool,
    /// Whether a deactivation keeps role and memberships, and the next activation gives them back, with what was
    /// pushed meanwhile. For Microsoft Entra ID, which does not push memberships again.
    pub(crate) keep_access: bool,
    /// The domains of the people that SCIM sees. Empty: all people.
    pub(crate) mail_domains: Vec<String>,
    /// For how long new keys are active, unless they are generated otherwise. null: until deactivated.
    #[schema(required, minimum = 1, maximum = 3650)]
    pub(crate) key_lifetime_days: Option<u64>,
    /// How many people SCIM may see; beyond that none are created. null: any number.
    #[schema(required, minimum = 1, maximum = 100_000_000)]
    pub(crate) user_limit: Option<u64>,
    /// Of how many people in a hundred SCIM may take access within an hour, where these are more than 25. 0: of any
    /// number.
    #[schema(minimum = 0, maximum = 100)]
    pub(crate) brake_percent: u64,
    /// After how many minutes without the acknowledgement of a deactivation by a product administrators are alerted.
    /// 0: never.
    #[schema(minimum = 0, maximum = 1440)]
    pub(crate) revocation_minutes: u64,
    /// What the names of role groups begin with.
    #[schema(required, value_type = String)]
    pub(crate) group_prefix: Option<String>,
    /// The attribute with which the identity provider was set up to send organization roles. Where it is another than
    /// `org_role_attribute`, requests of the identity provider are refused until it is confirmed. null: not known yet.
    #[schema(required)]
    pub(crate) confirmed_org_role_attribute: Option<String>,
    pub(crate) brake: Brake,
    /// Since when identity providers may not write. null: they may.
    #[schema(required)]
    pub(crate) pause: Option<Pause>,
    /// Since when it is deleted: its keys are refused, and nothing can be changed. null: it is not.
    #[schema(required)]
    pub(crate) deletion: Option<Deletion>,
    /// How many people SCIM sees.
    pub(crate) user_count: u64,
    /// How many groups SCIM sees.
    pub(crate) group_count: u64,
    /// How many webhooks are disabled since their receivers do not take events.
    pub(crate) failed_webhooks: u64,
    /// The Owner: with the id and the email domains, this tells the organization from another with the same name.
    #[schema(required)]
    pub(crate) owner_user_name: Option<String>,
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    #[schema(format = DateTime)]
    pub(crate) last_modified: String,
}

/// The access brake: while it is engaged, requests of identity providers that would take access from people are
/// answered 429.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Brake {
    /// Since when it is engaged. null: it is not.
    #[schema(required, format = DateTime)]
    pub(crate) engaged_at: Option<String>,
    /// The key whose request was refused first.
    #[schema(required)]
    pub(crate) engaged_by: Option<KeyRef>,
    /// Until when an administrator lets everything through. null: it is not lifted.
    #[schema(required, format = DateTime)]
    pub(crate) lifted_until: Option<String>,
    /// How many people lost access over SCIM within the last hour; once the brake is engaged, within the hour before.
    /// Each counts once, and what was let through does not count.
    pub(crate) lost: u64,
    /// How many may. null: any number.
    #[schema(required)]
    pub(crate) limit: Option<u64>,
    /// The undo under way that releases the brake when it has finished. null: there is none.
    #[schema(required)]
    pub(crate) undo: Option<String>,
}

/// A SCIM key.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRef {
    pub(crate) id: String,
    /// What may be shown of the key. The database does not have it.
    #[serde(default)]
    #[schema(required)]
    pub(crate) hint: String,
}

/// Why identity providers may not write.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pause {
    #[schema(format = DateTime)]
    pub(crate) since: String,
    /// The administrator who paused them.
    pub(crate) by: String,
}

/// The deletion of an organization that can still be restored.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deletion {
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The operator who deleted it.
    pub(crate) by: String,
}

/// What the deletion of an organization takes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrganizationDeletion {
    /// How many people SCIM sees.
    pub(crate) people: u64,
    /// How many groups SCIM sees.
    pub(crate) groups: u64,
    /// How many keys stop.
    pub(crate) keys: u64,
}

/// Confirms the deletion of an organization.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeletionQuery {
    /// The name of the organization, as it is spelled.
    pub(crate) confirm_name: String,
}

/// Lets through what the access brake refuses.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseBrake {
    /// For how long nothing is refused, up to a minute longer. 0: the brake is ready again at once, and the people who
    /// lost access within the hour still count.
    #[serde(default = "an_hour")]
    #[schema(minimum = 0, maximum = 1440, default = 60)]
    pub(crate) for_minutes: u64,
}

fn an_hour() -> u64 {
    60
}

impl From<&OrganizationRecord> for directory::Organization {
    fn from(record: &OrganizationRecord) -> Self {
        Self {
            id: record.id.clone(),
            name: record.name.clone(),
            email_management: record.email_management,
            plain_groups: record.plain_groups,
            keep_access: record.keep_access,
            email_domains: record.mail_domains.clone(),
            user_count: record.user_count,
            group_count: record.group_count,
            user_limit: record.user_limit,
            group_prefix: record.group_prefix.clone(),
            org_role_attribute: record.confirmed_org_role_attribute.clone(),
        }
    }
}

/// An organization with what the deployment adds.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Organization {
    #[serde(flatten)]
    pub(crate) record: OrganizationRecord,
    /// The number of its database.
    #[schema(minimum = 0, maximum = 128)]
    pub(crate) database: u8,
    /// The SCIM attribute with a user's role.
    pub(crate) org_role_attribute: String,
    /// How its provisioning is, for the pages of the console.
    #[serde(skip)]
    pub(crate) health: Option<ProvisioningState>,
    /// Others to switch to, for the pages of the console.
    #[serde(skip)]
    pub(crate) others: Others,
}

/// Organizations to switch to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Others {
    /// Their ids and names.
    pub(crate) named: Vec<Named>,
    /// Whether there may be more.
    pub(crate) has_more: bool,
}

impl Repeatable for Box<Organization> {}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedOrganization {
    #[serde(flatten)]
    pub(crate) organization: Box<Organization>,
    pub(crate) owner: Member,
}

impl Repeatable for CreatedOrganization {}

/// An organization that names the caller as its Admin or Owner.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invitation {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    /// Names need not be unique.
    pub(crate) name: String,
    pub(crate) mail_domains: Vec<String>,
    #[schema(required)]
    pub(crate) owner_user_name: Option<String>,
    pub(crate) user_count: u64,
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    pub(crate) org_role: OrgRole,
    /// Whether you have declined; you can still accept.
    pub(crate) declined: bool,
}

/// In which order organizations are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrganizationSort {
    /// The oldest first.
    #[default]
    Created,
    /// By name.
    Name,
}

/// Which organizations a list has.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrganizationQuery {
    /// Only organizations with this in their name or in an email domain, in any case, or with this id. At most 5,000 of
    /// a database are searched at once: an answer may have few, and a `next`.
    pub(crate) search: Option<String>,
    /// In which order.
    #[param(inline, required = false)]
    pub(crate) sort: OrganizationSort,
    /// The `next` of the previous page.
    pub(crate) after: Option<String>,
    /// Most organizations of a page.
    #[param(value_type = u16, inline, minimum = 1, maximum = 1000, default = 1000, required = false)]
    pub(crate) count: LongCount,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrganizationList {
    pub(crate) organizations: Vec<Organization>,
    /// Where the next page begins; null on the last page.
    #[schema(required)]
    pub(crate) next: Option<String>,
    /// Organizations that name you as their Admin or Owner and that you have not accepted: until then you administer
    /// none of them. Operators have none. The first page has them: at most 200 of a database.
    pub(crate) invitations: Vec<Invitation>,
    /// Organizations that are deleted and can still be restored, the newest first. Only operators see them, on the
    /// first page: at most 200 of a database.
    pub(crate) deleted: Vec<Organization>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeclinedOrganization {
    #[schema(format = "uuid")]
    pub(crate) id: String,
}

impl Repeatable for DeclinedOrganization {}
