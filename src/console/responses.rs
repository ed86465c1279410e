//! Responses: documents, redirects, and problem details.

use super::pages::Page;
use crate::admin_api::types::problem;
use crate::http::Problem;
use crate::http::response::{HttpResponse, RETRY_AFTER};

/// Pages load only what this origin serves, and send forms only to it.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                                       connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A redirect that a browser follows with GET.
pub(super) fn see_other(place: impl Into<String>) -> HttpResponse {
    HttpResponse::html(303, String::new()).with_header("Location", place)
}

impl From<Page> for HttpResponse {
    fn from(page: Page) -> Self {
        let response = Self::html(page.status, page.html)
            .with_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
            .with_header("Cross-Origin-Opener-Policy", "same-origin");
        let response =
            if page.status == 429 { response.with_header("Retry-After", RETRY_AFTER) } else { response };
        match page.detail {
            Some(detail) => response.with_detail(detail),
            None => response,
        }
    }
}

/// A response with problem details (RFC 9457).
pub(super) fn problem_details(problem: &Problem) -> HttpResponse {
    problem::response(problem, "console")
}
