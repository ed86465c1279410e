//! Security event tokens (RFC 8417): changes of people and groups in the words of RFC 9967. Receivers poll them, or
//! webhooks push them; a token has the same identifier and claims on both ways.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::d1::StorageError;
use crate::d1::product::security_events::StreamedEvent;
use crate::runtime::clock;
use directory::security_event::{SecurityEvent, security_events};

/// The type of a token, in its header.
pub(crate) const TOKEN_TYPE: &str = "secevent+jwt";
/// The event of a test: the verification event of OpenID's Shared Signals Framework 1.0, section 8.1.4.
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";

/// Why a receiver does not take a token (RFC 8935, section 2.3, and RFC 8936, section 2.6).
#[derive(Debug, Deserialize)]
pub(crate) struct SetError {
    pub(crate) err: String,
}

/// A token.
pub(crate) struct Token<'a> {
    /// Its identifier.
    pub(crate) id: String,
    event: &'a StreamedEvent,
    what: SecurityEvent,
}

/// The tokens of an event, in order.
pub(crate) fn of_event<'a>(event: &'a StreamedEvent, organization: &str, org_role: &str) -> Vec<Token<'a>> {
    let all = security_events(&event.event, &event.subject, org_role);
    let token = |(place, what)| Token { id: format!("{organization}_{}_{place}", event.seq), event, what };
    all.into_iter().enumerate().map(token).collect()
}

impl Token<'_> {
    /// The claims (RFC 9967, section 2).
    ///
    /// # Errors
    /// The event has no time, which cannot be.
    pub(crate) fn claims(&self, issuer: &str, audience: &str) -> Result<Value, StorageError> {
        let Self { id, event, what } = self;
        // One event may be about several resources. Version and identifier are those of its own subject.
        let is_own = what.uri.rsplit('/').next() == Some(event.subject.as_str());
        let mut subject =
            Map::from_iter([("format".to_owned(), json!("scim")), ("uri".to_owned(), json!(what.uri))]);
        if let Some(external_id) = event.external_id.as_ref().filter(|_| is_own) {
            subject.insert("externalId".to_owned(), json!(external_id));
        }
        let mut payload = Map::new();
        if let Some(version) = event.version.filter(|_| is_own) {
            payload.insert("version".to_owned(), json!(format!("W/\"{version}\"")));
        }
        if !what.attributes.is_empty() {
            payload.insert("attributes".to_owned(), json!(what.attributes));
        }
        let toe = clock::parse_iso(&event.at)? / 1000;
        Ok(json!({
            "iss": issuer,
            "iat": clock::now_millis() / 1000,
            "jti": id,
            "aud": audience,
            "txn": event.story.to_string(),
            "toe": toe,
            "sub_id": subject,
            "events": {what.event_type.urn(): payload},
        }))
    }
}

/// The claims of a test of the webhook `stream`.
pub(crate) fn verification(id: &str, stream: &str, issuer: &str, audience: &str) -> Value {
    json!({
        "iss": issuer,
        "iat": clock::now_millis() / 1000,
        "jti": id,
        "aud": audience,
        "sub_id": {"format": "opaque", "id": stream},
        "events": {VERIFICATION: {"state": id}},
    })
}
