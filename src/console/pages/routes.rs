//! Which page is at which address.

use super::group::Group;
use super::imports::Imports;
use super::keys::Keys;
use super::log::Log;
use super::member::Member;
use super::members::Members;
use super::organizations::Organizations;
use super::page::Shown;
use super::parts::address_of;
use super::projects::Projects;
use super::request::{PageRequest, PageResponse};
use super::settings::Settings;
use crate::admin_api::AdminContext;
use crate::http::Problem;

/// Answers a request for a page: GET, or POST with a form as its body.
///
/// # Errors
/// 404 where there is no page; those of the page.
pub(crate) async fn respond(
    context: &mut AdminContext<'_>,
    path: &[&str],
    request: &PageRequest,
    form: Option<&[u8]>,
) -> Result<PageResponse, Problem> {
    match path {
        [] => respond_with(&Organizations { skips_single: true }, context, request, form).await,
        ["organizations"] => {
            respond_with(&Organizations { skips_single: false }, context, request, form).await
        }
        ["organizations", org] => Ok(PageResponse::Redirect(address_of(org, "keys"))),
        ["organizations", org, "keys"] => respond_with(&Keys { org }, context, request, form).await,
        ["organizations", org, "members"] => respond_with(&Members { org }, context, request, form).await,
        ["organizations", org, "members", id] => {
            respond_with(&Member { org, id }, context, request, form).await
        }
        ["organizations", org, "projects"] => respond_with(&Projects { org }, context, request, form).await,
        ["organizations", org, "groups", id] => {
            respond_with(&Group { org, id }, context, request, form).await
        }
        ["organizations", org, "log"] => respond_with(&Log { org }, context, request, form).await,
        ["organizations", org, "imports"] => respond_with(&Imports { org }, context, request, form).await,
        ["organizations", org, "settings"] => respond_with(&Settings { org }, context, request, form).await,
        _ => Err(Problem::new(404, "There is no such page. The console begins at /console.")),
    }
}

async fn respond_with(
    page: &impl Shown,
    context: &mut AdminContext<'_>,
    request: &PageRequest,
    form: Option<&[u8]>,
) -> Result<PageResponse, Problem> {
    match form {
        None => page.show(context, request).await,
        Some(form) => page.submit(context, request, form).await,
    }
}
