//! Product keys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Repeatable;
use super::keys::{KeyId, KeyStatus};
use directory::KeyScope;

/// A product key without its text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ProductKey {
    #[schema(value_type = KeyId)]
    pub(crate) id: String,
    /// What the log and messages call the key.
    pub(crate) hint: String,
    /// What administrators call it.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: String,
    /// What it may do.
    pub(crate) scopes: Vec<KeyScope>,
    /// Whose progress in the feed its acknowledgements are: the id of the first of the keys that replaced each other.
    pub(crate) consumer: String,
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

impl Repeatable for ProductKey {}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductKeyList {
    /// The newest first. Of those that were deactivated the newest 100.
    pub(crate) keys: Vec<ProductKey>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GenerateProductKey {
    /// What administrators call it.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: String,
    /// What it may do.
    #[schema(min_items = 1)]
    pub(crate) scopes: Vec<KeyScope>,
    /// Left out: it never expires.
    #[schema(format = DateTime)]
    pub(crate) expires_at: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeProductKey {
    /// What administrators call it.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateProductKey {
    /// How long the old key stays active beside the new one, though never beyond its own expiry. 0: it stops at once.
    #[schema(default = 24, minimum = 0, maximum = 720)]
    pub(crate) overlap_hours: Option<u64>,
    /// Left out: the new key never expires.
    #[schema(format = DateTime)]
    pub(crate) expires_at: Option<String>,
}

/// A new product key with its text.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductKeyWithText {
    #[serde(flatten)]
    pub(crate) described: ProductKey,
    /// The secret to give to the product. Shown only once.
    #[schema(pattern = "^scimp-[A-Z2-7]{8}[A-Z0-9]{2}[A-Z2-7]{59}$")]
    pub(crate) key: String,
}

/// A new product key whose text can no longer be shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductKeyWithoutText {
    #[serde(flatten)]
    pub(crate) described: ProductKey,
    /// Why the key's text is not here, and what to do.
    pub(crate) note: String,
}

/// The answer to the generation of a product key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum IssuedProductKey {
    Shown(ProductKeyWithText),
    Gone(ProductKeyWithoutText),
}

impl Repeatable for IssuedProductKey {
    fn without_secret(&self) -> Option<Self> {
        let Self::Shown(ProductKeyWithText { described, .. }) = self else { return None };
        let note = "This call was made before, and its new product key was in the first answer. It cannot be shown \
                    any more: if you did not store it, rotate the key.";
        Some(Self::Gone(ProductKeyWithoutText { described: described.clone(), note: note.to_owned() }))
    }
}

/// A consumer of the feed: a product key with those that replaced it, or a service binding.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Consumer {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Whether it still has a good key, or needs none.
    pub(crate) in_use: bool,
    /// It has applied all events up to this one.
    pub(crate) seq: i64,
    /// Since when.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// How many events it has not acknowledged.
    pub(crate) behind: i64,
    /// How many of the newest deactivations it has acknowledged: those among the newest 2,000 events.
    pub(crate) measured: u64,
    /// In so many milliseconds after the identity provider's request it has acknowledged half of them. null: of none.
    #[schema(required)]
    pub(crate) p50_millis: Option<i64>,
    /// The same for 99 of a hundred.
    #[schema(required)]
    pub(crate) p99_millis: Option<i64>,
    /// How many deactivations it has not acknowledged.
    pub(crate) waiting: u64,
    /// The time of the first of them. null: there is none.
    #[schema(required, format = DateTime)]
    pub(crate) waiting_since: Option<String>,
    /// Whether that is longer ago than `revocation_minutes` of the organization.
    pub(crate) is_late: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsumerList {
    /// At most 20, those in use first.
    pub(crate) consumers: Vec<Consumer>,
}

/// When a consumer acknowledged a deactivation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Acknowledged {
    pub(crate) consumer: String,
    pub(crate) name: String,
    /// How many milliseconds after the request. null: not yet.
    #[schema(required)]
    pub(crate) millis: Option<i64>,
}

/// A deactivation, or a deletion, of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Revocation {
    /// The sequence number of its event.
    pub(crate) event: i64,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// `person.deactivated` or `person.deleted`.
    pub(crate) r#type: String,
    pub(crate) acknowledged: Vec<Acknowledged>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevocationList {
    /// The newest first, at most 10.
    pub(crate) revocations: Vec<Revocation>,
}
