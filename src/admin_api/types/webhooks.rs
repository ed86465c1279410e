//! Webhooks.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::query::{self, Count};
use super::{Nothing, Repeatable};
use directory::webhook::Format;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum WebhookStatus {
    Active,
    /// Events of ten or more subjects have failed: one event at a time is tried until some arrive.
    Failing,
    /// Nothing is delivered.
    Disabled,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DisabledBecause {
    Administrator,
    /// All eight attempts at an event failed.
    Failures,
    /// The receiver answered 410.
    Gone,
}

/// Events that are delivered once more.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replay {
    /// The `seq` of the next event.
    pub(crate) next: i64,
    /// The `seq` of the last event.
    pub(crate) until: i64,
}

/// Where events are delivered to, and how far that is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Webhook {
    #[schema(format = "uuid")]
    pub(crate) id: String,
    /// The https address that gets the messages. null: a queue gets them.
    #[schema(required)]
    pub(crate) address: Option<String>,
    /// The binding of the Cloudflare queue that gets the messages. null: an address gets them.
    #[schema(required)]
    pub(crate) queue: Option<String>,
    #[schema(inline)]
    pub(crate) format: Format,
    /// The `iss` of security event tokens. null: the messages are none.
    #[schema(required)]
    pub(crate) issuer: Option<String>,
    /// The `aud` of security event tokens. null: the messages are none.
    #[schema(required)]
    pub(crate) audience: Option<String>,
    /// Whether security event tokens are sent with a header `Authorization`. It is never shown.
    pub(crate) has_authorization: bool,
    pub(crate) description: String,
    /// The types of the events that are delivered. Empty: all.
    pub(crate) types: Vec<String>,
    #[schema(inline)]
    pub(crate) status: WebhookStatus,
    /// null: it is not disabled.
    #[schema(required, format = DateTime)]
    pub(crate) disabled_at: Option<String>,
    /// null: it is not disabled.
    #[schema(required, inline)]
    pub(crate) disabled_because: Option<DisabledBecause>,
    /// Until when the secret before the present one signs as well. null: it does not.
    #[schema(required, format = DateTime)]
    pub(crate) previous_secret_until: Option<String>,
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// An email address, or `admin token`.
    pub(crate) created_by: String,
    /// The `seq` of the event up to which all are delivered, but for those of subjects of which one failed.
    pub(crate) position: i64,
    /// How many events come after `position`, of any type.
    pub(crate) waiting: u64,
    /// Of how many subjects an event has failed and is tried again.
    pub(crate) failed_subjects: u64,
    /// When the next of them is due. null: none has failed.
    #[schema(required, format = DateTime)]
    pub(crate) next_attempt_at: Option<String>,
    /// null: no events are delivered once more.
    #[schema(required)]
    pub(crate) replay: Option<Replay>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookList {
    /// The oldest first; ten at most.
    pub(crate) webhooks: Vec<Webhook>,
    /// Whether the deployment has its own queue, by which events are delivered at once. Otherwise they are within a
    /// minute.
    pub(crate) has_queue: bool,
}

/// A new webhook: it has an address or a queue.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// An https address on the internet, by name.
    #[schema(max_length = 2000)]
    pub(crate) address: Option<String>,
    /// The binding of a Cloudflare queue of the deployment, such as `PRODUCT_EVENTS`. Only operators may choose one.
    pub(crate) queue: Option<String>,
    /// What the messages are: `standard-webhooks` (the default), or `security-event-tokens`, which are pushed to the
    /// address by RFC 8935.
    #[schema(inline)]
    pub(crate) format: Option<Format>,
    /// The value of the header `Authorization` that the receiver of security event tokens wants, such as `Bearer …`.
    #[schema(max_length = 4000)]
    pub(crate) authorization: Option<String>,
    /// The `aud` of security event tokens. Left out: the address.
    #[schema(max_length = 4000)]
    pub(crate) audience: Option<String>,
    #[schema(max_length = 200)]
    pub(crate) description: Option<String>,
    /// Types of events, and `access.lost` and `access.gained` for all by which people lose or gain rights. Left out or
    /// empty: all.
    pub(crate) types: Option<Vec<String>>,
}

/// Changes of a webhook. Fields that the body leaves out do not change.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeWebhook {
    /// An https address on the internet, by name.
    #[schema(max_length = 2000)]
    pub(crate) address: Option<String>,
    /// The binding of a Cloudflare queue of the deployment. Only operators may choose one.
    pub(crate) queue: Option<String>,
    /// Another value of the header `Authorization` for security event tokens, which counts at once. Empty: no header.
    #[schema(max_length = 4000)]
    pub(crate) authorization: Option<String>,
    /// The `aud` of security event tokens. Empty: the address.
    #[schema(max_length = 4000)]
    pub(crate) audience: Option<String>,
    #[schema(max_length = 200)]
    pub(crate) description: Option<String>,
    /// Empty: all.
    pub(crate) types: Option<Vec<String>>,
    /// A webhook that is enabled again goes on where it was: it gets all events that came meanwhile.
    pub(crate) disabled: Option<bool>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateSecret {
    /// How long the old secret signs as well.
    #[schema(default = 86400, minimum = 0, maximum = 2_592_000)]
    pub(crate) overlap_seconds: Option<u64>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayEvents {
    /// The `seq` of the first event.
    #[schema(minimum = 1)]
    pub(crate) from: u64,
    /// The `seq` of the last event. Left out: all up to now.
    #[schema(minimum = 1)]
    pub(crate) to: Option<u64>,
}

/// A webhook with its new secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookWithSecret {
    #[serde(flatten)]
    pub(crate) webhook: Webhook,
    /// What messages are signed with. Shown only once. null: the messages are security event tokens, which the
    /// deployment signs.
    #[schema(required, pattern = "^whsec_")]
    pub(crate) secret: Option<String>,
}

impl Repeatable for WebhookWithSecret {
    fn without_secret(&self) -> Option<Self> {
        self.secret.as_ref().map(|_| Self { webhook: self.webhook.clone(), secret: None })
    }
}

impl Repeatable for Webhook {}

impl Repeatable for Nothing {}

/// An attempt at a delivery.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookAttempt {
    /// Grows by 1 from attempt to attempt.
    pub(crate) number: u64,
    #[schema(format = DateTime)]
    pub(crate) at: String,
    /// The `seq` of the event. null: it was a test.
    #[schema(required)]
    pub(crate) event: Option<i64>,
    pub(crate) r#type: String,
    /// Which attempt at the event.
    pub(crate) attempt: u32,
    /// The HTTP status; 200: a queue took the message; 0: there was no answer, and `answer` says why.
    pub(crate) status: u16,
    /// In milliseconds.
    pub(crate) duration: u64,
    /// What the receiver of a security event token has called the error (RFC 8935): `invalid_request`, `invalid_key`,
    /// `invalid_issuer`, `invalid_audience`, `authentication_failed` or `access_denied`. null: nothing.
    #[schema(required)]
    pub(crate) error: Option<String>,
    /// The beginning of the answer, or why there was none.
    pub(crate) answer: String,
}

impl Repeatable for WebhookAttempt {}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookAttempts {
    /// The newest first. The newest 500 of a webhook are kept, for 30 days at most.
    pub(crate) attempts: Vec<WebhookAttempt>,
    /// The `before` of the next page. null: this is the last.
    #[schema(required)]
    pub(crate) next: Option<u64>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct AttemptQuery {
    /// Only attempts before the one with this number: the `next` of the previous page.
    #[serde(deserialize_with = "query::number")]
    pub(crate) before: Option<u64>,
    /// Most attempts of a page.
    #[param(value_type = u16, inline, minimum = 1, maximum = 200, default = 50, required = false)]
    pub(crate) count: Count,
}
