//! Setup links.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Repeatable;

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSetupLink {
    /// For how many days it is good.
    #[schema(default = 7, minimum = 1, maximum = 30)]
    pub(crate) expires_in_days: Option<u64>,
}

/// Whether a link is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LinkStatus {
    Active,
    Expired,
    Revoked,
}

/// A link with which the identity provider of the organization is set up, without an account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct SetupLink {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    pub(crate) status: LinkStatus,
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    pub(crate) created_by: String,
    #[schema(format = DateTime)]
    pub(crate) expires_at: String,
    /// null: it is not revoked.
    #[schema(required, format = DateTime)]
    pub(crate) revoked_at: Option<String>,
    /// How often it was opened.
    pub(crate) uses: u64,
    /// null: never.
    #[schema(required, format = DateTime)]
    pub(crate) last_used_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetupLinkList {
    /// The newest 100, the newest first.
    #[schema(max_items = 100)]
    pub(crate) links: Vec<SetupLink>,
}

/// A new setup link with its address.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct IssuedSetupLink {
    #[serde(flatten)]
    pub(crate) link: SetupLink,
    /// Its address, which is a secret. null: this call was made before, and the address can no longer be shown.
    #[schema(required)]
    pub(crate) url: Option<String>,
}

impl Repeatable for IssuedSetupLink {
    fn without_secret(&self) -> Option<Self> {
        self.url.as_ref().map(|_| Self { url: None, link: self.link.clone() })
    }
}
