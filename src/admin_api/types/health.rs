//! How the provisioning of an organization is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// When the identity provider was heard, and what failed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProvisioningState {
    /// When a key was used last, up to five minutes behind. null: never, or for the first time within 15 seconds.
    #[schema(required, format = DateTime)]
    pub(crate) last_heard_at: Option<String>,
    /// Failed requests of identity providers within 24 hours; 100: or more.
    #[schema(maximum = 100)]
    pub(crate) failures: u64,
    /// The key that was used last. null: none was.
    #[schema(required)]
    pub(crate) key: Option<KeyInUse>,
    /// Good keys whose use is not written, if they are used.
    #[serde(default, skip_serializing)]
    #[schema(ignore)]
    pub(crate) unused: Vec<KeyInUse>,
    /// How many keys are good.
    pub(crate) good_keys: u64,
    /// The id of the import that is under way. null: none is.
    #[schema(required)]
    pub(crate) import: Option<String>,
    /// The id of a change of many people that is under way. null: none is.
    #[schema(required)]
    pub(crate) bulk: Option<String>,
    /// How many products have not acknowledged a deactivation within `revocation_minutes` of the organization.
    pub(crate) late_products: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyInUse {
    pub(crate) id: String,
    /// What may be shown of the key. The database does not have it.
    #[serde(default)]
    #[schema(required)]
    pub(crate) hint: String,
    /// null: it does not expire.
    #[schema(required, format = DateTime)]
    pub(crate) expires_at: Option<String>,
    /// Whether it is neither deactivated nor expired.
    pub(crate) is_good: bool,
}

/// What seems to be set up wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FindingKind {
    /// The key in use expires within 14 days.
    KeyEnding,
    /// The key that was used last is no longer good.
    KeyEnded,
    /// The identity provider tries to rename groups of roles: in Okta, "Rename app groups to match group name in Okta"
    /// is on.
    RenameGroups,
    /// People are imported and groups are not, although groups are pushed: in Okta, *Import Groups* is off.
    ImportGroupsOff,
    /// The `externalId` of people is the beginning of their `userName`: in Entra ID it is mapped from `mailNickname`.
    ExternalIdFromMailNickname,
    /// Two groups of the identity provider are pushed to one group here.
    GroupLinkedTwice,
    /// The mail domains hide people whom the identity provider manages.
    PeopleHidden,
    /// People were refused for their mail domain.
    PeopleRefused,
    /// Webhooks are disabled, since their receivers do not take events.
    WebhooksDisabled,
    /// Products have not acknowledged a deactivation within `revocation_minutes` of the organization.
    RevocationNotAcknowledged,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Finding {
    #[schema(inline)]
    pub(crate) kind: FindingKind,
    /// How many groups, people or requests show it.
    pub(crate) number: u64,
    /// When it showed last. null: it is so now.
    #[schema(required, format = DateTime)]
    pub(crate) at: Option<String>,
    /// The id of the group, person, key or import, or of one of them. null: it has none.
    #[schema(required)]
    pub(crate) id: Option<String>,
    /// Its name.
    #[schema(required)]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthReport {
    #[serde(flatten)]
    pub(crate) state: ProvisioningState,
    /// What seems to be set up wrongly. It is derived from what traffic has left, of a week at most.
    pub(crate) findings: Vec<Finding>,
}
