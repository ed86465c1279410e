//! `/Bulk` (RFC 7644 §3.7): operations that are carried out one after another, as if each came by itself.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::{Call, Source};
use super::request::{VALUE_LIMIT, json as parse_json, segments};
use super::scim_api;
use crate::scim::bulk::{BulkOperation, BulkRequest, MAX_PAYLOAD};
use crate::scim::text::shorten;
use crate::scim::{Object, ScimError};
use crate::store::platform;

/// What a request that is part of a bulk request brings along.
pub(super) struct Operation {
    data: Option<Value>,
    /// What `If-Match` would say.
    pub(super) version: Option<String>,
    /// The identifier of what it makes.
    pub(super) new_id: Option<String>,
}

impl Operation {
    /// The body.
    pub(super) fn data(&self) -> Result<Value, ScimError> {
        self.data.clone().ok_or_else(|| ScimError::invalid_syntax("The operation needs \"data\"."))
    }
}

/// What became of an operation.
struct Outcome {
    answer: Answer,
    location: Option<String>,
}

impl Outcome {
    fn failed(&self) -> bool {
        self.answer.status >= 400
    }
}

/// Carries out the operations of a bulk request.
///
/// Whatever a POST makes has its identifier before anything is carried out, so that references may point
/// anywhere; the operations they point to come first, except in circles.
pub(super) async fn answer(call: &mut Call<'_>) -> Result<Answer, ScimError> {
    // An operation costs round trips; nobody gets any for a key that is no good.
    call.open(Vec::new()).await?;
    let Source::Http(incoming) = &mut call.source else { return Err(ScimError::internal()) };
    let body = parse_json(&incoming.body(MAX_PAYLOAD).await?, VALUE_LIMIT)?;
    let bulk = BulkRequest::parse(body)?;
    let mut ids = HashMap::new();
    let mut makers = HashMap::new();
    for (index, operation) in bulk.operations.iter().enumerate() {
        if let Some(name) = operation.bulk_id.as_ref().filter(|_| operation.makes_something()) {
            ids.insert(name.clone(), platform::new_id()?);
            makers.insert(name.clone(), index);
        }
    }
    let order = bulk.order();
    let mut described: Vec<Object> = bulk.operations.iter().map(describe).collect();
    let mut operations: Vec<Option<BulkOperation>> = bulk.operations.into_iter().map(Some).collect();
    let mut outcomes: Vec<Option<Outcome>> = operations.iter().map(|_| None).collect();
    let mut failures = 0_u64;
    for index in order {
        if bulk.fail_on_errors.is_some_and(|most| failures >= most) {
            break;
        }
        let Some(mut operation) = operations.get_mut(index).and_then(Option::take) else { continue };
        let missing = operation.references().into_iter().find(|name| match makers.get(name) {
            None => true,
            Some(&maker) => outcomes.get(maker).and_then(Option::as_ref).is_some_and(Outcome::failed),
        });
        let outcome = match missing {
            Some(name) => Outcome { answer: unresolved(&name).into(), location: None },
            None => {
                operation.resolve(&ids);
                carry_out(call, operation, &ids).await
            }
        };
        failures = failures.saturating_add(u64::from(outcome.failed()));
        if let Some(slot) = outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }
    let answered: Vec<Value> = described
        .drain(..)
        .zip(outcomes)
        .filter_map(|(described, outcome)| Some(respond(described, outcome?)))
        .collect();
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"], "Operations": answered});
    Ok(Answer::ok(body.to_string()))
}

async fn carry_out(call: &Call<'_>, operation: BulkOperation, ids: &HashMap<String, String>) -> Outcome {
    let BulkOperation { method, path, bulk_id, version, data } = operation;
    let names = segments(&path);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let new_id = bulk_id.as_ref().and_then(|name| ids.get(name)).cloned();
    let source = Operation { data, version, new_id };
    let mut single =
        Call { session: call.session.clone(), source: Source::Bulk(&source), aftermath: call.aftermath };
    let answer = scim_api::write(&mut single, &method, &names).await.unwrap_or_else(Answer::from);
    let location = match (answer.header("Location"), method.as_str()) {
        (Some(location), _) => Some(location.to_owned()),
        // RFC 7644 §3.7: a POST that failed has none.
        (None, "POST") => None,
        (None, _) => Some(format!("{}/{}", call.session.tenant.base, names.join("/"))),
    };
    Outcome { answer, location }
}

/// What a response repeats of its operation.
fn describe(operation: &BulkOperation) -> Object {
    let mut described = Object::new();
    described.insert("method".to_owned(), operation.method.as_str().into());
    if let Some(bulk_id) = &operation.bulk_id {
        described.insert("bulkId".to_owned(), bulk_id.as_str().into());
    }
    described
}

/// RFC 7644 §3.7.3: the body of the response is there where something failed.
fn respond(mut described: Object, outcome: Outcome) -> Value {
    let failed = outcome.failed();
    if let Some(location) = outcome.location {
        described.insert("location".to_owned(), location.into());
    }
    if let Some(version) = outcome.answer.header("ETag") {
        described.insert("version".to_owned(), version.into());
    }
    described.insert("status".to_owned(), outcome.answer.status.to_string().into());
    if failed {
        described
            .insert("response".to_owned(), serde_json::from_str(&outcome.answer.body).unwrap_or_default());
    }
    Value::Object(described)
}

/// RFC 7644 §3.7.1: what cannot be resolved is a conflict.
fn unresolved(name: &str) -> ScimError {
    ScimError::conflict(format!(
        "\"bulkId:{}\" refers to an operation that is not in the request, makes no resource, or failed; so this one was not \
         carried out.",
        shorten(name)
    ))
}
