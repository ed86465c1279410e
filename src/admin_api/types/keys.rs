//! SCIM keys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Repeatable;
use crate::admin_api::idempotency::read_kept;
use crate::admin_api::reply;
use crate::d1::StorageError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum KeyStatus {
    Active,
    Expired,
    Deactivated,
}

/// The ten characters after `scim-`.
#[derive(Debug, ToSchema)]
#[schema(value_type = String, pattern = "^[A-Z2-7]{8}[A-Z0-9]{2}$")]
#[expect(dead_code, reason = "stands for a key's id in openapi.json")]
pub(crate) struct KeyId(String);

/// A key as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRecord {
    #[schema(value_type = KeyId)]
    pub(crate) id: String,
    pub(crate) status: KeyStatus,
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// An email address, or `admin token`.
    pub(crate) created_by: String,
    /// null: never.
    #[schema(required, format = DateTime)]
    pub(crate) expires_at: Option<String>,
    #[schema(required, format = DateTime)]
    pub(crate) deactivated_at: Option<String>,
    /// Up to five minutes behind.
    #[schema(required, format = DateTime)]
    pub(crate) last_used_at: Option<String>,
}

/// A key without its text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Key {
    #[serde(flatten)]
    pub(crate) record: KeyRecord,
    /// What the log and messages call the key.
    pub(crate) hint: String,
}

impl From<KeyRecord> for Key {
    fn from(record: KeyRecord) -> Self {
        Self { hint: directory::key::hint(&record.id), record }
    }
}

impl Key {
    /// The id.
    pub(crate) fn id(&self) -> &str {
        &self.record.id
    }

    /// Whether requests with the key are accepted.
    pub(crate) fn is_active(&self) -> bool {
        self.record.status == KeyStatus::Active
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    pub(crate) keys: Vec<Key>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenerateKey {
    /// Left out: as the organization's `key_lifetime_days` says.
    #[schema(minimum = 1, maximum = 315_360_000)]
    pub(crate) expires_in_seconds: Option<u64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegenerateKey {
    /// How long the old key stays active beside the new one, though never beyond its own expiry.
    #[schema(default = 0, minimum = 0, maximum = 2_592_000)]
    pub(crate) overlap_seconds: Option<u64>,
    /// Left out: as the organization's `key_lifetime_days` says.
    #[schema(minimum = 1, maximum = 315_360_000)]
    pub(crate) expires_in_seconds: Option<u64>,
}

/// A new key with its text.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct NewKey {
    #[serde(flatten)]
    pub(crate) described: Key,
    /// The secret to give to the identity provider. Shown only once.
    #[schema(pattern = "^scim-[A-Z2-7]{8}[A-Z0-9]{2}[A-Z2-7]{59}$")]
    pub(crate) key: String,
}

/// A new key whose text can no longer be shown.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RepeatedNewKey {
    #[serde(flatten)]
    pub(crate) described: Key,
    /// Why the key's text is not here, and what to do.
    pub(crate) note: String,
}

/// The answer to the generation of a key.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum IssuedKey {
    Shown(NewKey),
    Gone(RepeatedNewKey),
}

const KEY_IS_GONE: &str = "This call was made before, and its new SCIM key was in the first answer. It cannot be \
                           shown any more: if you did not store it, regenerate the key.";

impl Repeatable for IssuedKey {
    fn without_secret(&self) -> Option<(Self, String)> {
        let Self::Shown(NewKey { described, key }) = self else { return None };
        let gone = RepeatedNewKey { described: described.clone(), note: KEY_IS_GONE.to_owned() };
        Some((Self::Gone(gone), key.clone()))
    }

    fn with_secret(json: String, secret: String) -> Result<String, StorageError> {
        let RepeatedNewKey { described, .. } = read_kept(&json)?;
        reply::json(&NewKey { described, key: secret })
    }
}

/// A key that stays active when another is deactivated.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OtherKey {
    #[schema(value_type = KeyId)]
    pub(crate) id: String,
    pub(crate) hint: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DeactivatedKey {
    #[serde(flatten)]
    pub(crate) described: Key,
    /// Keys with which provisioning continues.
    pub(crate) other_good_keys: Vec<OtherKey>,
}

impl Repeatable for DeactivatedKey {}
