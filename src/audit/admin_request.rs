//! Audit entries of requests to the admin API and to the console's pages.

use scim_protocol::Object;
use serde_json::Value;

use crate::d1::audit_log::Entry;
use crate::redaction::audit_log;
use directory::event::Source;

/// The entry of a request that arrived at that time, in milliseconds since the epoch.
pub(crate) fn entry(actor: &str, method: &str, path: &str, began_millis: u64, request_id: String) -> Entry {
    Entry {
        source: Source::Console,
        actor: actor.to_owned(),
        method: method.to_owned(),
        path: audit_log::console_path(path),
        body: None,
        began_millis,
        request_id,
        ray_id: String::new(),
    }
}

/// Adds the body of a call of the admin API, redacted.
pub(crate) fn set_body(entry: &mut Entry, body: Object) {
    entry.body = Some(audit_log::admin_call_body(&Value::Object(body)));
}
