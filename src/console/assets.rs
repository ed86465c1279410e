//! The static assets of the deployment: files that are uploaded beside the Worker, which reads them by a binding.
//! Addresses of the stylesheet, the script and the icon change with their content, so that browsers may cache them
//! forever.

use worker::{Method, Request};

use super::pages::{ICON, SCRIPT, STYLESHEET};
use crate::d1::StorageError;
use crate::deployment::{ASSETS, Deployment};
use crate::http::Problem;
use crate::http::response::HttpResponse;

/// Answers a request for a file that pages load.
///
/// # Errors
/// 404; those of [`read`].
pub(super) async fn answer(deployment: &Deployment<'_>, name: &str) -> Result<HttpResponse, Problem> {
    let Some(asset) = [&STYLESHEET, &SCRIPT, &ICON].into_iter().find(|asset| asset.name == name) else {
        return Err(Problem::new(404, "There is no such file."));
    };
    Ok(HttpResponse::kept(asset.content_type, read(deployment, name).await?))
}

/// The text of a static asset.
///
/// # Errors
/// 500 without the binding or the file.
pub(super) async fn read(deployment: &Deployment<'_>, path: &str) -> Result<String, Problem> {
    let failed = |reason: &dyn std::fmt::Display| {
        let reason = format!("the static asset {path} cannot be read by the binding {ASSETS}: {reason}");
        Problem::from(StorageError::internal(reason))
    };
    let assets = deployment.env.assets(ASSETS).map_err(|error| failed(&error))?;
    // The host is not looked at.
    let address = format!("https://assets.invalid/{path}");
    let request = Request::new(&address, Method::Get).map_err(|error| failed(&error))?;
    let mut response = assets.fetch_request(request).await.map_err(|error| failed(&error))?;
    match response.status_code() {
        200 => response.text().await.map_err(|error| failed(&error)),
        status => Err(failed(&status)),
    }
}
