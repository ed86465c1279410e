//! `/Bulk` (RFC 7644 §3.7): operations that are carried out one after another, as if each came by itself.

use serde_json::Value;

use super::answer::Answer;
use super::call::{Call, Operation, Source};
use super::request::{VALUE_LIMIT, parse_json, segments};
use super::resources;
use crate::scim::bulk::{BulkOperation, BulkRequest, MAX_PAYLOAD, Named, named};
use crate::scim::json::{self, object};
use crate::scim::text::shorten;
use crate::scim::{Object, ScimError, uri};
use crate::store::platform;

/// An operation on its way.
struct Step {
    /// What is still to be carried out.
    operation: Option<BulkOperation>,
    /// What the response repeats of it.
    described: Object,
    answer: Option<Answer>,
}

impl Step {
    fn failed(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.status >= 400)
    }
}

/// Carries out the operations of a bulk request.
///
/// Whatever a POST makes has its identifier before anything is carried out, so that references may point
/// anywhere.
pub(super) async fn answer(call: &mut Call<'_>) -> Result<Answer, ScimError> {
    // An operation costs round trips; nobody gets any for a key that is no good.
    call.open(Vec::new()).await?;
    let Source::Http(incoming) = &mut call.source else { return Err(ScimError::internal()) };
    let body = parse_json(&incoming.body(MAX_PAYLOAD).await?, VALUE_LIMIT)?;
    let mut bulk = BulkRequest::parse(body)?;
    let makers = bulk.makers();
    let mut ids = Named::with_capacity(makers.len());
    for (name, _) in &makers {
        ids.push((name.clone(), platform::new_id()?));
    }
    let order = bulk.order(&makers);
    let mut steps: Vec<Step> = bulk
        .operations
        .into_iter()
        .map(|operation| Step { described: describe(&operation), operation: Some(operation), answer: None })
        .collect();
    let mut failures = 0_u64;
    for index in order {
        if bulk.fail_on_errors.is_some_and(|most| failures >= most) {
            break;
        }
        let Some(mut operation) = steps.get_mut(index).and_then(|step| step.operation.take()) else {
            continue;
        };
        let missing = operation.references().into_iter().find(|name| match named(&makers, name) {
            None => true,
            Some(&maker) => steps.get(maker).is_some_and(Step::failed),
        });
        let Some(step) = steps.get_mut(index) else { continue };
        step.answer = Some(carry_out(call, operation, missing.as_deref(), &ids, &mut step.described).await);
        failures = failures.saturating_add(u64::from(step.failed()));
    }
    let detail = summary(&steps);
    let answered: Vec<Value> = steps.into_iter().filter_map(respond).collect();
    let body =
        object! {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"], "Operations": answered};
    let answer = Answer::ok(json::write(&body));
    Ok(match detail {
        Some(detail) => answer.with_detail(detail),
        None => answer,
    })
}

/// Carries out one operation, unless what it refers to is `missing`, and notes where what it is about is found.
async fn carry_out(
    call: &Call<'_>,
    mut operation: BulkOperation,
    missing: Option<&str>,
    ids: &Named<String>,
    described: &mut Object,
) -> Answer {
    let nowhere = missing.is_some_and(|name| operation.is_about(name));
    operation.resolve(ids);
    let BulkOperation { method, path, bulk_id, version, data } = operation;
    let names = segments(&path);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // RFC 7644 §3.7: only a POST that fails has no location; where one succeeds, the answer tells.
    if method != "POST" && !nowhere {
        let mut location = call.session.tenant.base.clone();
        for name in &names {
            location.push('/');
            location.extend(uri::segment(name));
        }
        described.insert("location".to_owned(), location.into());
    }
    let refused = match missing {
        Some(name) => Some(unresolved(name)),
        None => matches!(names.as_slice(), ["Bulk"] | [.., ".search"]).then(|| {
            ScimError::method_not_allowed(
                "An operation's \"path\" is \"/Users\", \"/Groups\", or one of their resources, as in \"/Users/{id}\".",
            )
        }),
    };
    let mut session = call.session.clone();
    // The others may have taken their time.
    session.tenant.now = platform::iso(platform::now_millis());
    session.is_vetted = true;
    let new_id = bulk_id.as_ref().and_then(|name| named(ids, name)).cloned();
    let mut record = call.record.of_operation(&method, &path, &names);
    if let Some(data) = &data {
        record.keep(data);
    }
    let source = Operation::new(data, version, new_id);
    let mut single = Call { session, source: Source::Bulk(&source), aftermath: call.aftermath, record };
    let answer = match refused {
        Some(error) => error.into(),
        None => resources::write(&mut single, &method, &names).await.unwrap_or_else(Answer::from),
    };
    single.note(&answer);
    if let Some(location) = answer.header("Location") {
        described.insert("location".to_owned(), location.into());
    }
    answer
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

/// The response to an operation that was carried out (RFC 7644 §3.7.3): with the body where something failed.
fn respond(step: Step) -> Option<Value> {
    let failed = step.failed();
    let Step { mut described, answer, .. } = step;
    let answer = answer?;
    if let Some(version) = answer.header("ETag") {
        described.insert("version".to_owned(), version.into());
    }
    described.insert("status".to_owned(), answer.status.to_string().into());
    if failed {
        described.insert(
            "response".to_owned(),
            json::parse(answer.body.into_string().as_bytes()).unwrap_or_default(),
        );
    }
    Some(Value::Object(described))
}

/// What the log is to say, if anything failed.
fn summary(steps: &[Step]) -> Option<String> {
    let failed: Vec<&Answer> =
        steps.iter().filter(|step| step.failed()).filter_map(|step| step.answer.as_ref()).collect();
    let first = failed.first()?;
    Some(format!(
        "{} of {} operations failed, first with {}: {}",
        failed.len(),
        steps.len(),
        first.status,
        first.log_text().unwrap_or_default()
    ))
}

/// RFC 7644 §3.7.1: what cannot be resolved is a conflict.
fn unresolved(name: &str) -> ScimError {
    ScimError::conflict(format!(
        "\"bulkId:{}\" refers to an operation that is not in the request, makes no resource, or failed; so this one was not \
         carried out.",
        shorten(name)
    ))
}
