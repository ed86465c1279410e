//! Streams of security event tokens: how far each receiver is, and the events behind that.

use serde::Deserialize;
use serde_json::json;

use super::super::batch::Select;
use super::super::statement::{Binding, Statement, integer, optional, text};
use super::super::tenant::{Scope, Tenant};
use directory::event::Event;

/// Most events at which a poll looks.
pub(crate) const MOST_READ: u16 = 200;

/// How far a receiver is.
#[derive(Debug, Deserialize)]
pub(crate) struct Stream {
    /// All events up to this one are acknowledged; `None`: the receiver has never polled.
    pub(crate) acknowledged_to: Option<i64>,
    /// The tokens after it that are acknowledged.
    #[serde(default)]
    pub(crate) acknowledged: Vec<String>,
    /// The number of the newest event.
    pub(crate) newest: i64,
}

/// An event behind that.
#[derive(Debug, Deserialize)]
pub(crate) struct StreamedEvent {
    pub(crate) seq: i64,
    pub(crate) at: String,
    pub(crate) story: i64,
    pub(crate) event: Event,
    pub(crate) subject: String,
    pub(crate) version: Option<i64>,
    /// The client's identifier of the subject, as it is now.
    pub(crate) external_id: Option<String>,
}

/// SQL of the receiver: the consumer of the product key, or what a product without a key calls itself.
fn consumer(tenant: &Tenant<'_>) -> &'static str {
    match tenant.scope {
        Scope::ProductKey { .. } => {
            "(SELECT consumer FROM product_keys WHERE id = :key AND hash = :key_hash)"
        }
        _ => ":consumer",
    }
}

/// Reads how far the receiver is.
pub(crate) fn stream(tenant: &Tenant<'_>, named: Option<&str>) -> Select<Stream> {
    let consumer = consumer(tenant);
    tenant.select_json(
        &format!(
            "SELECT json_object('acknowledged_to', s.acknowledged_to,
               'acknowledged', json(coalesce(s.acknowledged, '[]')),
               'newest', coalesce((SELECT max(seq) FROM events WHERE org_id = o.id), 0)) AS json
             FROM organizations o LEFT JOIN security_event_streams s ON s.org_id = o.id AND s.consumer = {consumer}
             WHERE o.id = :org"
        ),
        &[optional("consumer", named)],
    )
}

/// SQL of the event `e` as a [`StreamedEvent`], as JSON.
pub(crate) const STREAMED: &str =
    "json_object('seq', e.seq, 'at', e.at, 'story', e.story, 'subject', e.subject_id,
               'event', json_object('type', e.type, 'data', json(e.data)), 'version', e.version,
               'external_id', iif(e.subject_type = 'group',
                 (SELECT external_id FROM groups WHERE org_id = e.org_id AND id = e.subject_id),
                 (SELECT external_id FROM users WHERE org_id = e.org_id AND id = e.subject_id)))";

/// Reads the events that the receiver has not acknowledged, at most [`MOST_READ`], the oldest first.
pub(crate) fn unacknowledged(tenant: &Tenant<'_>, named: Option<&str>) -> Select<StreamedEvent> {
    let consumer = consumer(tenant);
    tenant.select_json(
        &format!(
            "SELECT {STREAMED} AS json
             FROM security_event_streams s
             CROSS JOIN events e ON e.org_id = s.org_id AND e.seq > s.acknowledged_to
             WHERE s.org_id = :org AND s.consumer = {consumer} ORDER BY e.seq LIMIT {MOST_READ}"
        ),
        &[optional("consumer", named)],
    )
}

/// Stores how far the receiver is. Two polls at once may lose what one of them acknowledged: it is sent again then.
pub(crate) fn acknowledge(tenant: &Tenant<'_>, named: &str, to: i64, behind: &[String]) -> Statement {
    let bindings: [Binding; 3] =
        [text("consumer", named), integer("to", to), text("behind", json!(behind).to_string())];
    tenant.statement(
        "INSERT INTO security_event_streams (org_id, consumer, acknowledged_to, acknowledged, polled_at)
         SELECT o.id, :consumer, :to, :behind, :now FROM organizations o WHERE o.id = :org
         ON CONFLICT DO UPDATE SET acknowledged_to = max(acknowledged_to, excluded.acknowledged_to),
           acknowledged = excluded.acknowledged, polled_at = excluded.polled_at",
        &bindings,
    )
}
