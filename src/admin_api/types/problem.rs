//! Problem details (RFC 9457).

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::response::{HttpResponse, RETRY_AFTER};
use crate::http::{Problem, ProblemCode};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDetails<'p> {
    /// The status in words.
    pub(crate) title: &'p str,
    #[schema(minimum = 400, maximum = 599)]
    pub(crate) status: u16,
    #[schema(value_type = ProblemCode)]
    pub(crate) code: &'static str,
    /// What went wrong, and what to do.
    #[schema(min_length = 1)]
    pub(crate) detail: &'p str,
    /// With 409: from how many people the change takes access. It is not made until it is confirmed with this number.
    /// null: that is not the problem.
    #[schema(required)]
    pub(crate) people: Option<u64>,
    /// The id of the request: the Worker's log and the entry in the provisioning log have the same.
    #[schema(min_length = 1)]
    pub(crate) request_id: &'p str,
}

impl<'p> From<&'p Problem> for ProblemDetails<'p> {
    fn from(problem: &'p Problem) -> Self {
        Self {
            title: problem.title(),
            status: problem.status,
            code: problem.code.as_str(),
            detail: &problem.detail,
            people: problem.people,
            request_id: problem.request_id.as_deref().unwrap_or_default(),
        }
    }
}

/// A response with problem details (RFC 9457). `realm`: the part of the service, for a client without credentials.
pub(crate) fn response(problem: &Problem, realm: &str) -> HttpResponse {
    let body = serde_json::to_string(&ProblemDetails::from(problem))
        .unwrap_or_else(|_| format!("{{\"status\":{}}}", problem.status));
    let response = HttpResponse::json(problem.status, "application/problem+json", body)
        .with_detail(problem.detail.as_str());
    match (problem.status, &problem.allow) {
        (401, _) => response.with_header("WWW-Authenticate", format!("Bearer realm=\"{realm}\"")),
        (415, _) => response.with_header("Accept-Encoding", "identity"),
        (429, _) => response.with_header("Retry-After", RETRY_AFTER),
        (_, Some(allowed)) => response.with_header("Allow", allowed),
        _ => response,
    }
}
