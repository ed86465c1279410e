//! SCIM keys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Repeatable;
use crate::auth::key_use;
use crate::d1::keys::KeyUse;
use crate::runtime::clock;

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
    /// What administrators call it. null: it has no name.
    #[schema(required, min_length = 1, max_length = 200)]
    pub(crate) name: Option<String>,
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
    /// The country of that request (ISO 3166-1 alpha-2), as Cloudflare has it. null: not known.
    #[schema(required)]
    pub(crate) last_used_country: Option<String>,
    /// The name of the network of that request, as Cloudflare has it. null: not known.
    #[schema(required)]
    pub(crate) last_used_network: Option<String>,
    /// Requests since midnight UTC: at least so many. They are counted in memory, and noted with the time of last use.
    #[schema(minimum = 0)]
    pub(crate) requests_today: u64,
    /// Failed requests since midnight UTC, as the log has them: of each minute 60 at most, and of the newest 1,000 of
    /// the organization.
    #[schema(minimum = 0, maximum = 1000)]
    pub(crate) failures_today: u64,
}

/// A key without its text.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Key {
    #[serde(flatten)]
    pub(crate) record: KeyRecord,
    /// What the log and messages call the key.
    pub(crate) hint: String,
}

impl From<KeyRecord> for Key {
    /// Adds what this isolate knows of the key's use and has not written yet.
    fn from(mut record: KeyRecord) -> Self {
        if let Some(count) = key_use::unwritten(&record.id) {
            if clock::iso(clock::now_millis()).starts_with(&count.day) {
                record.requests_today = record.requests_today.saturating_add(count.requests);
            }
            let is_newer = |used: &KeyUse| record.last_used_at.as_ref().is_none_or(|at| *at < used.at);
            if let Some(used) = count.last.filter(is_newer) {
                record.last_used_at = Some(used.at);
                record.last_used_country = used.country;
                record.last_used_network = used.network;
            }
        }
        // Each failure was a request.
        record.requests_today = record.requests_today.max(record.failures_today);
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
    /// The newest first. Of those that were deactivated the newest 100.
    pub(crate) keys: Vec<Key>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenerateKey {
    /// What administrators call it. Left out: it has no name.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: Option<String>,
    /// Left out: as the organization's `key_lifetime_days` says.
    #[schema(minimum = 1, maximum = 315_360_000)]
    pub(crate) expires_in_seconds: Option<u64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegenerateKey {
    /// What administrators call the new key. Left out: as the old one.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: Option<String>,
    /// The old key may be in wrong hands: it stops at once, so that there is no overlap. The log says so.
    #[schema(default = false)]
    pub(crate) has_leaked: Option<bool>,
    /// How long the old key stays active beside the new one, though never beyond its own expiry.
    #[schema(default = 0, minimum = 0, maximum = 2_592_000)]
    pub(crate) overlap_seconds: Option<u64>,
    /// Left out: as the organization's `key_lifetime_days` says.
    #[schema(minimum = 1, maximum = 315_360_000)]
    pub(crate) expires_in_seconds: Option<u64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeKey {
    /// What administrators call it. Empty: it has no name.
    #[schema(max_length = 200)]
    pub(crate) name: String,
}

/// A new key with its text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewKey {
    #[serde(flatten)]
    pub(crate) described: Key,
    /// The secret to give to the identity provider. Shown only once.
    #[schema(pattern = "^scim-[A-Z2-7]{8}[A-Z0-9]{2}[A-Z2-7]{59}$")]
    pub(crate) key: String,
}

/// A new key whose text can no longer be shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RepeatedNewKey {
    #[serde(flatten)]
    pub(crate) described: Key,
    /// Why the key's text is not here, and what to do.
    pub(crate) note: String,
}

/// The answer to the generation of a key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum IssuedKey {
    Shown(NewKey),
    Gone(RepeatedNewKey),
}

const KEY_IS_GONE: &str = "This call was made before, and its new SCIM key was in the first answer. It cannot be \
                           shown any more: if you did not store it, regenerate the key.";

impl Repeatable for IssuedKey {
    fn without_secret(&self) -> Option<Self> {
        let Self::Shown(NewKey { described, .. }) = self else { return None };
        Some(Self::Gone(RepeatedNewKey { described: described.clone(), note: KEY_IS_GONE.to_owned() }))
    }
}

/// A key as messages about several name it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OtherKey {
    #[schema(value_type = KeyId)]
    pub(crate) id: String,
    pub(crate) hint: String,
    #[schema(required)]
    pub(crate) name: Option<String>,
}

impl From<&Key> for OtherKey {
    fn from(key: &Key) -> Self {
        Self { id: key.id().to_owned(), hint: key.hint.clone(), name: key.record.name.clone() }
    }
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeactivatedKeys {
    /// The keys that were good.
    pub(crate) deactivated: Vec<OtherKey>,
}

impl Repeatable for DeactivatedKeys {}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeactivatedKey {
    #[serde(flatten)]
    pub(crate) described: Key,
    /// Keys with which provisioning continues.
    pub(crate) other_good_keys: Vec<OtherKey>,
}

impl Repeatable for DeactivatedKey {}
