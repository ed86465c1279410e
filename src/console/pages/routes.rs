//! The pages by their names.

use super::brake::Brake;
use super::bulk::{Bulk, BulkRunPage};
use super::deleted_people::DeletedPeople;
use super::deletion::Deletion;
use super::event::Event;
use super::export::Exports;
use super::group::Group;
use super::health::Health;
use super::import::{Comparison, Import, ImportPage};
use super::imports::Imports;
use super::keys::Keys;
use super::layout::{failure as layout_failure, failure_inside};
use super::log::Log;
use super::member::Member;
use super::members::Members;
use super::organizations::Organizations;
use super::page::{Shown, Submitted};
use super::parts::address_of;
use super::permissions::Permissions;
use super::plain_groups::PlainGroups;
use super::products::Products;
use super::project::Project;
use super::projects::Projects;
use super::request::{Page, PageRequest, PageResponse};
use super::restore::Restore;
use super::role::Role;
use super::settings::Settings;
use super::setup_links::SetupLinks;
use super::team::Team;
use super::undo::Undo;
use super::undo_run::UndoRunPage;
use super::webhooks::{WebhookPage, Webhooks};
use crate::admin_api::{AdminContext, organizations};
use crate::d1::StorageError;
use crate::http::Problem;

/// A page, without the parameters of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PageName {
    /// All organizations, or the only one.
    Start,
    Organizations,
    Organization,
    Keys,
    Members,
    Member,
    RestoreMember,
    Projects,
    Project,
    Role,
    Team,
    Permissions,
    PlainGroups,
    Products,
    Group,
    Log,
    Event,
    Imports,
    Health,
    Export,
    Import,
    ImportPage,
    CompareImports,
    Bulk,
    BulkRun,
    Undo,
    UndoRun,
    DeletedPeople,
    Deletion,
    Settings,
    SetupLinks,
    Brake,
    Webhooks,
    Webhook,
}

/// Answers a request for a page: GET, or POST with a form as its body.
///
/// # Errors
/// Those of the page.
pub(crate) async fn respond(
    context: &mut AdminContext<'_>,
    page: PageName,
    parameters: &[&str],
    request: &PageRequest,
    form: Option<&[u8]>,
) -> Result<PageResponse, Problem> {
    use PageName as P;
    match (page, parameters) {
        (P::Start, []) => with_forms(&Organizations { skips_single: true }, context, request, form).await,
        (P::Organizations, []) => {
            with_forms(&Organizations { skips_single: false }, context, request, form).await
        }
        (P::Organization, [org]) => Ok(PageResponse::Redirect(address_of(org, "keys").into())),
        (P::Keys, [org]) => with_forms(&Keys { org }, context, request, form).await,
        (P::Members, [org]) => with_forms(&Members { org }, context, request, form).await,
        (P::Member, [org, id]) => with_forms(&Member { org, id }, context, request, form).await,
        (P::RestoreMember, [org, id]) => with_forms(&Restore { org, id }, context, request, form).await,
        (P::Projects, [org]) => with_forms(&Projects { org }, context, request, form).await,
        (P::Project, [org, id]) => with_forms(&Project { org, id }, context, request, form).await,
        (P::Role, [org, project, id]) => with_forms(&Role { org, project, id }, context, request, form).await,
        (P::Team, [org, project, id]) => with_forms(&Team { org, project, id }, context, request, form).await,
        (P::Permissions, [org]) => with_forms(&Permissions { org }, context, request, form).await,
        (P::PlainGroups, [org]) => PlainGroups { org }.show(context, request).await,
        (P::Group, [org, id]) => with_forms(&Group { org, id }, context, request, form).await,
        (P::Products, [org]) => with_forms(&Products { org }, context, request, form).await,
        (P::Log, [org]) => Log { org }.show(context, request).await,
        (P::Event, [org, seq]) => Event { org, seq }.show(context, request).await,
        (P::Imports, [org]) => Imports { org }.show(context, request).await,
        (P::Bulk, [org]) => with_forms(&Bulk { org }, context, request, form).await,
        (P::BulkRun, [org, id]) => with_forms(&BulkRunPage { org, id }, context, request, form).await,
        (P::Export, [org]) => Exports { org }.show(context, request).await,
        (P::Health, [org]) => Health { org }.show(context, request).await,
        (P::Import, [org, id]) => Import { org, id }.show(context, request).await,
        (P::ImportPage, [org, id, number]) => ImportPage { org, id, number }.show(context, request).await,
        (P::CompareImports, [org]) => Comparison { org }.show(context, request).await,
        (P::Brake, [org]) => with_forms(&Brake { org }, context, request, form).await,
        (P::Undo, [org]) => with_forms(&Undo { org }, context, request, form).await,
        (P::UndoRun, [org, id]) => with_forms(&UndoRunPage { org, id }, context, request, form).await,
        (P::DeletedPeople, [org]) => with_forms(&DeletedPeople { org }, context, request, form).await,
        (P::Deletion, [org]) => with_forms(&Deletion { org }, context, request, form).await,
        (P::Webhooks, [org]) => with_forms(&Webhooks { org }, context, request, form).await,
        (P::Webhook, [org, id]) => with_forms(&WebhookPage { org, id }, context, request, form).await,
        (P::SetupLinks, [org]) => with_forms(&SetupLinks { org }, context, request, form).await,
        (P::Settings, [org]) => with_forms(&Settings { org }, context, request, form).await,
        _ => {
            let detail = format!("the route of the page {page:?} has other parameters than the page");
            Err(StorageError::Internal(detail).into())
        }
    }
}

/// The page for what cannot be shown: within an organization with its navigation.
pub(crate) async fn failure(
    context: &AdminContext<'_>,
    organization: Option<&str>,
    problem: Problem,
) -> Page {
    if let Some(org) = organization.filter(|_| matches!(problem.status, 400 | 404))
        && let Ok(found) = organizations::read(context, org).await
    {
        return failure_inside(&context.actor, &found.organization, problem);
    }
    layout_failure(&problem)
}

async fn with_forms(
    page: &impl Submitted,
    context: &mut AdminContext<'_>,
    request: &PageRequest,
    form: Option<&[u8]>,
) -> Result<PageResponse, Problem> {
    match form {
        None => page.show(context, request).await,
        Some(form) => page.submit(context, request, form).await,
    }
}
