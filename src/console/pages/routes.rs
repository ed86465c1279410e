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
use super::page::{AnyPage, show, submit};
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
    if let (PageName::Organization, [org]) = (page, parameters) {
        return Ok(PageResponse::Redirect(address_of(org, "keys").into()));
    }
    let page = named(page, parameters)?;
    match form {
        None => show(&*page, context, request).await,
        Some(form) => submit(&*page, context, request, form).await,
    }
}

/// The page of that name with the parameters of its path.
///
/// # Errors
/// Internal, if it has other parameters.
fn named<'a>(page: PageName, parameters: &[&'a str]) -> Result<Box<dyn AnyPage + 'a>, StorageError> {
    use PageName as P;
    Ok(match (page, parameters) {
        (P::Start, []) => Box::new(Organizations { skips_single: true }),
        (P::Organizations, []) => Box::new(Organizations { skips_single: false }),
        (P::Keys, [org]) => Box::new(Keys { org }),
        (P::Members, [org]) => Box::new(Members { org }),
        (P::Member, [org, id]) => Box::new(Member { org, id }),
        (P::RestoreMember, [org, id]) => Box::new(Restore { org, id }),
        (P::Projects, [org]) => Box::new(Projects { org }),
        (P::Project, [org, id]) => Box::new(Project { org, id }),
        (P::Role, [org, project, id]) => Box::new(Role { org, project, id }),
        (P::Team, [org, project, id]) => Box::new(Team { org, project, id }),
        (P::Permissions, [org]) => Box::new(Permissions { org }),
        (P::PlainGroups, [org]) => Box::new(PlainGroups { org }),
        (P::Group, [org, id]) => Box::new(Group { org, id }),
        (P::Products, [org]) => Box::new(Products { org }),
        (P::Log, [org]) => Box::new(Log { org }),
        (P::Event, [org, seq]) => Box::new(Event { org, seq }),
        (P::Imports, [org]) => Box::new(Imports { org }),
        (P::Bulk, [org]) => Box::new(Bulk { org }),
        (P::BulkRun, [org, id]) => Box::new(BulkRunPage { org, id }),
        (P::Export, [org]) => Box::new(Exports { org }),
        (P::Health, [org]) => Box::new(Health { org }),
        (P::Import, [org, id]) => Box::new(Import { org, id }),
        (P::ImportPage, [org, id, number]) => Box::new(ImportPage { org, id, number }),
        (P::CompareImports, [org]) => Box::new(Comparison { org }),
        (P::Brake, [org]) => Box::new(Brake { org }),
        (P::Undo, [org]) => Box::new(Undo { org }),
        (P::UndoRun, [org, id]) => Box::new(UndoRunPage { org, id }),
        (P::DeletedPeople, [org]) => Box::new(DeletedPeople { org }),
        (P::Deletion, [org]) => Box::new(Deletion { org }),
        (P::Webhooks, [org]) => Box::new(Webhooks { org }),
        (P::Webhook, [org, id]) => Box::new(WebhookPage { org, id }),
        (P::SetupLinks, [org]) => Box::new(SetupLinks { org }),
        (P::Settings, [org]) => Box::new(Settings { org }),
        _ => {
            let detail = format!("the route of the page {page:?} has other parameters than the page");
            return Err(StorageError::internal(detail));
        }
    })
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
