//! The stylesheet, the script and the icon of the pages. Their addresses change with their content, so that browsers
//! may cache them forever.

use crate::console::pages::{ICON, SCRIPT, STYLESHEET};
use crate::http::response::HttpResponse;
use scim_protocol::ScimError;

/// Answers a request for an asset.
pub(crate) fn answer(name: &str) -> HttpResponse {
    let (content_type, text) = match name {
        "console.css" => ("text/css; charset=utf-8", STYLESHEET.text),
        "console.js" => ("text/javascript; charset=utf-8", SCRIPT.text),
        "icon.svg" => ("image/svg+xml", ICON.text),
        _ => return ScimError::not_found("There is no such file.").into(),
    };
    HttpResponse::kept(content_type, text)
}
