//! `/Bulk` (RFC 7644 §3.7): operations that are carried out one after another, as if each were a request.

use std::cell::{Cell, RefCell};

use http::Method;
use litemap::LiteMap;
use serde_json::Value;
use worker::Url;

use super::context::{HandlerFuture, Operation, RequestContext, Source, to_json};
use crate::audit::scim_request::Target;
use crate::d1::{Batch, StorageError};
use crate::error::Error;
use crate::http::address::{encode_segment, segments};
use crate::http::request::{VALUE_LIMIT, parse_json};
use crate::http::response::HttpResponse;
use crate::runtime::{clock, ids};
use directory::user_change;
use scim_protocol::ScimError;
use scim_protocol::bounded_json::memory_size;
use scim_protocol::bulk::{BulkMethod, BulkOperation, BulkOperationResponse, BulkRequest, BulkResponse};
use scim_protocol::error::shorten;

/// Carries out an operation: a request for a method and the segments of a path.
pub(crate) type Dispatch =
    for<'r> fn(&'r mut RequestContext<'_>, &'r Method, &'r [&'r str]) -> HandlerFuture<'r>;

/// An operation, and its result once it was carried out.
struct Step {
    /// The operation until it is carried out.
    operation: Option<BulkOperation>,
    method: BulkMethod,
    bulk_id: Option<String>,
    /// The URL of its resource.
    location: Option<String>,
    response: Option<HttpResponse>,
}

impl Step {
    fn failed(&self) -> bool {
        self.response.as_ref().is_some_and(|response| response.status >= 400)
    }
}

/// Carries out the operations of a bulk request.
///
/// Resources of POSTs get their identifiers before the first operation, so that a reference may point to a later one.
pub(crate) async fn respond(
    context: &mut RequestContext<'_>,
    dispatch: Dispatch,
) -> Result<HttpResponse, Error> {
    // Operations cost round trips: the key is verified first.
    context.open(Batch::new()).await?;
    let limits = &context.session.tenant.catalog.limits;
    let Source::Http(request) = &mut context.source else {
        return Err(StorageError::internal("a bulk request is an operation of another".to_owned()).into());
    };
    let text = request.body(limits.max_bulk_payload_bytes).await?;
    let body = parse_json(&text, VALUE_LIMIT)?;
    request.hold(text.len(), memory_size(&body))?;
    drop(text);
    let mut bulk = BulkRequest::parse(body, limits)?;
    let creations = bulk.creations();
    let mut ids = LiteMap::new();
    for bulk_id in creations.bulk_ids() {
        ids.insert(bulk_id.to_owned(), ids::new_id()?);
    }
    let order = bulk.order(&creations);
    let mut steps: Vec<Step> = bulk
        .operations
        .into_iter()
        .map(|operation| Step {
            method: operation.method,
            bulk_id: operation.bulk_id.clone(),
            operation: Some(operation),
            location: None,
            response: None,
        })
        .collect();
    let mut failures = 0_u64;
    for index in order {
        if bulk.fail_on_errors.is_some_and(|most| failures >= most) {
            break;
        }
        let Some(mut operation) = steps.get_mut(index).and_then(|step| step.operation.take()) else {
            continue;
        };
        let mut missing = operation.references();
        missing.retain(|name| match creations.index_of(name) {
            None => true,
            Some(index) => steps.get(index).is_some_and(Step::failed),
        });
        let Some(step) = steps.get_mut(index) else { continue };
        step.response =
            Some(carry_out(context, dispatch, operation, &missing, &ids, &mut step.location).await);
        failures = failures.saturating_add(u64::from(step.failed()));
    }
    let detail = summary(&steps);
    let mut deferred = Vec::new();
    for response in steps.iter_mut().filter_map(|step| step.response.as_mut()) {
        deferred.append(&mut response.deferred.statements);
    }
    let results = steps.into_iter().filter_map(|step| result(step).transpose());
    let results = BulkResponse::new(results.collect::<Result<_, Error>>()?);
    let mut response = HttpResponse::ok(to_json(&results)?);
    response.detail = detail;
    response.deferred.statements = deferred;
    Ok(response)
}

/// Carries out one operation, unless references in it are `missing`, and puts the URL of its resource into `location`.
async fn carry_out(
    context: &RequestContext<'_>,
    dispatch: Dispatch,
    mut operation: BulkOperation,
    missing: &[String],
    ids: &LiteMap<String, String>,
    location: &mut Option<String>,
) -> HttpResponse {
    let target_missing = missing.iter().any(|name| operation.targets(name));
    let unresolved = missing.first().map(|name| unresolved(name));
    // A deactivation is carried out without the values whose references are missing.
    let deactivates = matches!(operation.method, BulkMethod::Put | BulkMethod::Patch)
        && operation.data.as_ref().is_some_and(user_change::seems_to_deactivate);
    let without_missing = deactivates && !target_missing;
    let stays = |name: &str| without_missing && missing.iter().any(|each| each == name);
    operation.resolve(&|name| if stays(name) { None } else { ids.get(name).cloned() });
    let BulkOperation { method, path, bulk_id, version, data } = operation;
    let is_here = is_of_this_service(&context.session.tenant.base, &path);
    let names = segments(path_of(&path));
    let names = below_base(&names);
    // RFC 7644 §3.7: only a POST that fails has no location. That of one that succeeds is in its response.
    if method != BulkMethod::Post && !target_missing && is_here {
        let mut url = context.session.tenant.base.clone();
        for name in &names {
            url.push('/');
            url.extend(encode_segment(name));
        }
        *location = Some(url);
    }
    let exhausted = context.budget.check().err();
    let refused = match &unresolved {
        // A deactivation is cheap, and earlier operations must not prevent it.
        _ if exhausted.is_some() && !deactivates => exhausted,
        Some(reason) if !without_missing || names.first() != Some(&"Users") => Some(reason.clone()),
        _ if !is_here => Some(other_service(&context.session.tenant.base, &path)),
        _ => matches!(names.as_slice(), ["Bulk"] | [.., ".search"]).then(|| {
            ScimError::method_not_allowed(
                "An operation's \"path\" is \"/Users\", \"/Groups\", or one of their resources, as in \"/Users/{id}\".",
            )
        }),
    };
    let mut session = context.session.clone();
    // Earlier operations may have taken seconds.
    session.tenant.now = clock::iso(clock::now_millis());
    session.is_verified = true;
    let request_id = match ids::request_id() {
        Ok(id) => id,
        Err(error) => return Error::from(error).into(),
    };
    session.tenant.cause.request_id = Some(request_id.clone());
    let new_id = bulk_id.as_ref().and_then(|name| ids.get(name)).cloned();
    let target = Target { method: method.as_str(), path: &path, parameters: &[], segments: &names };
    let mut audit = context.audit.for_operation(target, request_id);
    if let Some(data) = &data {
        audit.set_body(data);
    }
    let source = Operation::new(data, version, new_id).with_unresolved(unresolved);
    let mut single = RequestContext {
        session,
        source: Source::Bulk(&source),
        last_used_is_due: Cell::new(false),
        has_webhooks: Cell::new(false),
        is_watched: Cell::new(false),
        audit,
        holds: RefCell::default(),
        budget: context.budget,
        env: context.env,
    };
    let mut response = match refused {
        Some(error) => error.into(),
        None => {
            let method = http_method(method);
            dispatch(&mut single, &method, &names).await.unwrap_or_else(HttpResponse::from)
        }
    };
    single.defer_entry(&mut response);
    if single.has_webhooks.get() {
        context.has_webhooks.set(true);
    }
    let response = match &context.source {
        Source::Http(request) => response.naming_request(&request.id),
        Source::Bulk(_) => response,
    };
    if let Some(url) = response.header("Location") {
        *location = Some(url.to_owned());
    }
    response
}

fn http_method(method: BulkMethod) -> Method {
    match method {
        BulkMethod::Post => Method::POST,
        BulkMethod::Put => Method::PUT,
        BulkMethod::Patch => Method::PATCH,
        BulkMethod::Delete => Method::DELETE,
    }
}

/// Whether the path of an operation is of this service. A full URL may be of another one.
fn is_of_this_service(base: &str, path: &str) -> bool {
    let Some(host) = host_of(path) else { return true };
    let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
    let is_of_this_host = host.contains("://") && origin(base).is_some_and(|own| Some(own) == origin(host));
    is_of_this_host && segments(path_of(path)).first().is_some_and(|first| first == "scim")
}

/// Scheme and host of a full URL, which may have no scheme, as in `//example.com/Users`.
fn host_of(path: &str) -> Option<&str> {
    let at = path
        .find("//")
        .filter(|at| *at == 0 || path.get(..*at).is_some_and(|before| before.ends_with(':')))?;
    let host = at.saturating_add(2);
    let end = path.get(host..)?.find('/').map_or(path.len(), |length| host.saturating_add(length));
    path.get(..end)
}

/// The path of a full URL, or the path itself.
fn path_of(path: &str) -> &str {
    let host = host_of(path).unwrap_or_default();
    path.get(host.len()..).unwrap_or_default()
}

/// The segments without those of the base path, if they begin with it.
fn below_base(names: &[String]) -> Vec<&str> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names.as_slice() {
        ["scim", "v2", rest @ ..] | ["scim", rest @ ..] => rest.to_vec(),
        _ => names,
    }
}

fn other_service(base: &str, path: &str) -> ScimError {
    ScimError::invalid_path(format!(
        "The operation's \"path\" is \"{}\", a URL of another service than this one, {base}. Write the path below it, \
         as in \"/Users/{{id}}\".",
        shorten(path)
    ))
}

/// The result of an operation that was carried out (RFC 7644 §3.7.3), with the body if it failed.
fn result(step: Step) -> Result<Option<BulkOperationResponse>, Error> {
    let failed = step.failed();
    let Step { method, bulk_id, location, response, .. } = step;
    let Some(response) = response else { return Ok(None) };
    let version = response.header("ETag").map(str::to_owned);
    let status = response.status;
    let error = failed.then(|| parse_value(&response.body.into_string())).transpose()?;
    Ok(Some(BulkOperationResponse { method, bulk_id, location, version, status, response: error }))
}

fn parse_value(body: &str) -> Result<Value, Error> {
    serde_json::from_str(body).map_err(|error| {
        StorageError::internal(format!("the error of an operation is not JSON: {error}")).into()
    })
}

/// A sentence for the log, if operations failed.
fn summary(steps: &[Step]) -> Option<String> {
    let failed: Vec<&HttpResponse> =
        steps.iter().filter(|step| step.failed()).filter_map(|step| step.response.as_ref()).collect();
    let first = failed.first()?;
    Some(format!(
        "{} of {} operations failed, first with {}: {}",
        failed.len(),
        steps.len(),
        first.status,
        first.log_text().unwrap_or_default()
    ))
}

/// RFC 7644 §3.7.1: a reference that cannot be resolved is a conflict.
fn unresolved(name: &str) -> ScimError {
    ScimError::conflict(format!(
        "\"bulkId:{}\" refers to an operation that is not in the request, makes no resource, or failed; so this one \
         was not carried out.",
        shorten(name)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_url_is_of_this_service_or_of_another() {
        let base = "https://scim.example:8443/scim";
        for (path, below) in [
            ("/Users/1", "Users 1"),
            ("Users/a%2Fb", "Users a/b"),
            ("https://scim.example:8443/scim/Users/1", "Users 1"),
            ("HTTPS://SCIM.example:8443/scim/v2/Groups/bulkId:g", "Groups bulkId:g"),
            ("/scim/Users", "Users"),
            ("https://scim.example:8443/scim", ""),
            ("/Users//1", "Users 1"),
        ] {
            assert!(is_of_this_service(base, path), "{path}");
            let names = segments(path_of(path));
            assert_eq!(below_base(&names).join(" "), below, "{path}");
        }
        for path in [
            "https://elsewhere.example/scim/Users/1",
            "http://scim.example:8443/scim/Users/1",
            "https://scim.example/scim/Users/1",
            "https://scim.example:8443@elsewhere.example/scim/Users/1",
            "//scim.example:8443/scim/Users/1",
            "https://scim.example:8443/console/api/organizations",
            "https://scim.example:8443",
            "ftp://",
            "://x",
        ] {
            assert!(!is_of_this_service(base, path), "{path}");
        }
        assert!(is_of_this_service("https://scim.example/scim", "https://scim.example:443/scim/Users/1"));
    }
}
