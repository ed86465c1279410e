//! `/Bulk` (RFC 7644 §3.7): operations that are carried out one after another, as if each came by itself.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;
use worker::Url;

use super::context::{Handled, Operation, RequestContext, Source};
use crate::d1::StorageError;
use crate::http::address::{encode_segment, segments};
use crate::http::request::{VALUE_LIMIT, parse_json};
use crate::http::response::HttpResponse;
use crate::runtime::{clock, ids};
use directory::user;
use scim_protocol::bulk::{BulkOperation, BulkRequest, MAX_PAYLOAD, Named, named};
use scim_protocol::error::shorten;
use scim_protocol::json::{self, object};
use scim_protocol::{Object, ScimError};

/// Carries out an operation: a request for a method and the segments of a path.
pub(crate) type Dispatch = for<'r> fn(&'r mut RequestContext<'_>, &'r Method, &'r [&'r str]) -> Handled<'r>;

/// An operation on its way.
struct Step {
    /// What is still to be carried out.
    operation: Option<BulkOperation>,
    /// What the response repeats of it.
    described: Object,
    response: Option<HttpResponse>,
}

impl Step {
    fn failed(&self) -> bool {
        self.response.as_ref().is_some_and(|response| response.status >= 400)
    }
}

/// Carries out the operations of a bulk request.
///
/// Whatever a POST makes has its identifier before anything is carried out, so that references may point
/// anywhere.
pub(crate) async fn respond(
    context: &mut RequestContext<'_>,
    dispatch: Dispatch,
) -> Result<HttpResponse, ScimError> {
    // An operation costs round trips; nobody gets any for a key that is no good.
    context.open(Vec::new()).await?;
    let Source::Http(request) = &mut context.source else { return Err(ScimError::internal()) };
    let text = request.body(MAX_PAYLOAD).await?;
    let body = parse_json(&text, VALUE_LIMIT)?;
    request.hold(text.len(), json::memory(&body))?;
    drop(text);
    let mut bulk = BulkRequest::parse(body)?;
    let makers = bulk.makers();
    let mut ids = Named::with_capacity(makers.len());
    for (name, _) in &makers {
        ids.push((name.clone(), ids::new_id()?));
    }
    let order = bulk.order(&makers);
    let mut steps: Vec<Step> = bulk
        .operations
        .into_iter()
        .map(|operation| Step { described: describe(&operation), operation: Some(operation), response: None })
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
        missing.retain(|name| match named(&makers, name) {
            None => true,
            Some(&maker) => steps.get(maker).is_some_and(Step::failed),
        });
        let Some(step) = steps.get_mut(index) else { continue };
        step.response =
            Some(carry_out(context, dispatch, operation, &missing, &ids, &mut step.described).await);
        failures = failures.saturating_add(u64::from(step.failed()));
    }
    let detail = summary(&steps);
    let answered: Vec<Value> = steps.into_iter().filter_map(describe_result).collect();
    let body =
        object! {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"], "Operations": answered};
    let response = HttpResponse::ok(json::write(&body));
    Ok(match detail {
        Some(detail) => response.with_detail(detail),
        None => response,
    })
}

/// Carries out one operation, unless what it refers to is `missing`, and notes where what it is about is found.
async fn carry_out(
    context: &RequestContext<'_>,
    dispatch: Dispatch,
    mut operation: BulkOperation,
    missing: &BTreeSet<String>,
    ids: &Named<String>,
    described: &mut Object,
) -> HttpResponse {
    let nowhere = missing.iter().any(|name| operation.is_about(name));
    let unresolved = missing.first().map(|name| unresolved(name));
    // A deactivation is carried out without the values that refer to nothing.
    let deactivates = matches!(operation.method.as_str(), "PUT" | "PATCH")
        && operation.data.as_ref().is_some_and(user::seems_to_deactivate);
    let goes_on = deactivates && !nowhere;
    operation.resolve(ids, |name| goes_on && missing.contains(name));
    let BulkOperation { method, path, bulk_id, version, data } = operation;
    let is_here = is_of_this_service(&context.session.tenant.base, &path);
    let names = segments(path_of(&path));
    let names = below_base(&names);
    // RFC 7644 §3.7: only a POST that fails has no location; where one succeeds, the response tells.
    if method != "POST" && !nowhere && is_here {
        let mut location = context.session.tenant.base.clone();
        for name in &names {
            location.push('/');
            location.extend(encode_segment(name));
        }
        described.insert("location".to_owned(), location.into());
    }
    let exhausted = context.work.check().err();
    let refused = match &unresolved {
        // A deactivation takes little, and is never refused because of what came before it.
        _ if exhausted.is_some() && !deactivates => exhausted,
        Some(reason) if !goes_on || names.first() != Some(&"Users") => Some(reason.clone()),
        _ if !is_here => Some(elsewhere(&context.session.tenant.base, &path)),
        _ => matches!(names.as_slice(), ["Bulk"] | [.., ".search"]).then(|| {
            ScimError::method_not_allowed(
                "An operation's \"path\" is \"/Users\", \"/Groups\", or one of their resources, as in \"/Users/{id}\".",
            )
        }),
    };
    let mut session = context.session.clone();
    // The others may have taken their time.
    session.tenant.now = clock::iso(clock::now_millis());
    session.is_verified = true;
    let new_id = bulk_id.as_ref().and_then(|name| named(ids, name)).cloned();
    let mut record = context.record.of_operation(&method, &path, &names);
    if let Some(data) = &data {
        record.keep(data);
    }
    let source = Operation::new(data, version, new_id).with_unresolved(unresolved);
    let mut single = RequestContext {
        session,
        source: Source::Bulk(&source),
        deferred: context.deferred,
        record,
        work: context.work,
        env: context.env,
    };
    let response = match refused {
        Some(error) => error.into(),
        None => match Method::from_bytes(method.as_bytes()) {
            Ok(method) => dispatch(&mut single, &method, &names).await.unwrap_or_else(HttpResponse::from),
            Err(_) => {
                let error = StorageError::Internal(format!("a bulk operation has the method {method:?}"));
                ScimError::from(error).into()
            }
        },
    };
    single.note(&response);
    if let Some(location) = response.header("Location") {
        described.insert("location".to_owned(), location.into());
    }
    response
}

/// Whether an operation's path is of this service. One that is a full URL may be of another.
fn is_of_this_service(base: &str, path: &str) -> bool {
    let Some(host) = host_of(path) else { return true };
    let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
    let is_of_this_host = host.contains("://") && origin(base).is_some_and(|own| Some(own) == origin(host));
    is_of_this_host && segments(path_of(path)).first().is_some_and(|first| first == "scim")
}

/// What of a full URL stands before its path, also if that has no scheme, as in `//example.com/Users`.
fn host_of(path: &str) -> Option<&str> {
    let at = path
        .find("//")
        .filter(|at| *at == 0 || path.get(..*at).is_some_and(|before| before.ends_with(':')))?;
    let host = at.saturating_add(2);
    let end = path.get(host..)?.find('/').map_or(path.len(), |length| host.saturating_add(length));
    path.get(..end)
}

/// The path of a full URL; what is none is one already.
fn path_of(path: &str) -> &str {
    let host = host_of(path).unwrap_or_default();
    path.get(host.len()..).unwrap_or_default()
}

/// The segments below a base path, if they begin with one.
fn below_base(names: &[String]) -> Vec<&str> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    match names.as_slice() {
        ["scim", "v2", rest @ ..] | ["scim", rest @ ..] => rest.to_vec(),
        _ => names,
    }
}

fn elsewhere(base: &str, path: &str) -> ScimError {
    ScimError::invalid_path(format!(
        "The operation's \"path\" is \"{}\", a URL of another service than this one, {base}. Write the path below it, as in \
         \"/Users/{{id}}\".",
        shorten(path)
    ))
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
fn describe_result(step: Step) -> Option<Value> {
    let failed = step.failed();
    let Step { mut described, response, .. } = step;
    let response = response?;
    if let Some(version) = response.header("ETag") {
        described.insert("version".to_owned(), version.into());
    }
    described.insert("status".to_owned(), response.status.to_string().into());
    if failed {
        described.insert(
            "response".to_owned(),
            json::parse(response.body.into_string().as_bytes()).unwrap_or_default(),
        );
    }
    Some(Value::Object(described))
}

/// What the log is to say, if anything failed.
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

/// RFC 7644 §3.7.1: what cannot be resolved is a conflict.
fn unresolved(name: &str) -> ScimError {
    ScimError::conflict(format!(
        "\"bulkId:{}\" refers to an operation that is not in the request, makes no resource, or failed; so this one was not \
         carried out.",
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
