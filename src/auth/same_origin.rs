//! Protection against cross-site request forgery: whether a page of this console sent a request.

use crate::http::request::HttpRequest;
use crate::http::{AdminCode, Problem};

/// Refuses a request that another site has caused a browser to send.
///
/// # Errors
/// 403.
pub(crate) fn check(request: &HttpRequest) -> Result<(), Problem> {
    let site = request.header("sec-fetch-site");
    let origin = request.header("origin");
    let is_same_origin = match (site.as_deref(), origin.as_deref()) {
        (Some(site), None) => site == "same-origin",
        (site, Some(origin)) => {
            origin == request.address.origin && site.is_none_or(|site| site == "same-origin")
        }
        (None, None) => false,
    };
    if is_same_origin {
        return Ok(());
    }
    Err(Problem::of(
        AdminCode::CrossSiteForm,
        "This form was not sent by a page of this console. Open the console in a window of its own and do it there.",
    ))
}

/// Whether the browser follows a link on another site.
pub(crate) fn is_cross_site(request: &HttpRequest) -> bool {
    request.header("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site")
}
