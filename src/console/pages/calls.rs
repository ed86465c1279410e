//! Forms as calls of the API: the audit log and `Idempotency-Key` treat both alike.

use serde::Serialize;
use serde_json::Value;

use crate::admin_api::idempotency::{Fingerprint, Outcome, once};
use crate::admin_api::types::Repeatable;
use crate::admin_api::{AdminContext, CallKey, Reply};
use crate::audit::admin_request;
use crate::d1::StorageError;
use crate::http::Problem;

/// The call of the API that a form stands for.
pub(super) struct Call<'a, B> {
    pub(super) method: &'static str,
    /// Segments of the path after `/console/api`.
    pub(super) path: &'a [&'a str],
    pub(super) body: Option<&'a B>,
}

/// Notes a call for the audit log. Returns its path and its body as they are in a request.
pub(super) fn note<B: Serialize>(
    context: &mut AdminContext<'_>,
    call: &Call<'_, B>,
) -> Result<(String, String), StorageError> {
    let unwritable = |error| StorageError::Internal(format!("a form cannot be a call: {error}"));
    let path = call.path.join("/");
    context.entry.method = call.method.to_owned();
    context.entry.path = format!("/console/api/{path}");
    let Some(body) = call.body else { return Ok((path, String::new())) };
    let body = serde_json::to_value(body).map_err(unwritable)?;
    let text = serde_json::to_string(&body).map_err(unwritable)?;
    if let Value::Object(body) = body {
        admin_request::set_body(&mut context.entry, body);
    }
    Ok((path, text))
}

/// Makes a POST, once if the form has a key.
pub(super) async fn post<B: Serialize, T: Repeatable>(
    context: &mut AdminContext<'_>,
    key: Option<&CallKey>,
    path: &[&str],
    body: Option<&B>,
    handler: impl AsyncFnOnce(&AdminContext<'_>) -> Result<Reply<T>, Problem>,
) -> Result<Outcome<T>, Problem> {
    let call = Call { method: "POST", path, body };
    let (path, body) = note(context, &call)?;
    let call = Fingerprint { method: call.method, path: &path, body: &body };
    once(context, key, call, handler).await
}
