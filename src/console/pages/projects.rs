//! The projects of an organization.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall, WithName};
use super::flash::Flash;
use super::form::words;
use super::guides::Guide;
use super::layout::{Section, page};
use super::lists::{self, SIZES, SORTS, Turning, people, pushed};
use super::page::Page;
use super::parts::{address, address_of, field, maker, once, pill, required_field, segment, select};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::projects::{NewProject, ProjectInList, ProjectListQuery, ProjectSummaries};
use crate::admin_api::types::query::{self, Count, ListSort, Skip};
use crate::admin_api::{AdminContext, CallKey, InOrganization, project_views};
use crate::d1::project_views::MOST_SORTED;
use crate::http::Problem;

const ARCHIVED: [(&str, &str); 3] = [("", "Not archived"), ("only", "Archived"), ("with", "Archived or not")];

/// The page of an organization's projects.
pub(super) struct Projects<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Create(Create),
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Create {
    name: String,
    roles: String,
}

/// The page of a project.
pub(super) fn address_of_project(org: &str, project: &str) -> String {
    address_of(org, &format!("projects/{}", segment(project)))
}

impl Page for Projects<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (org, Form::Create(form)) = (self.org, form);
        let body = NewProject { name: form.name.trim().to_owned(), roles: Some(words(&form.roles, &[','])) };
        let call = FormCall::with(Call::CreateProject, &[org], &body)?;
        let created: WithName = call.send(context, key).await?.read()?;
        let done = Flash::ProjectCreated.about(&created.name);
        Ok(PageResponse::Redirect(done.at(&address_of_project(org, &created.id))))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let query: ProjectListQuery = query::read(&request.api_query())?;
        let query = ProjectListQuery { count: lists::shown(query.count), ..query };
        let turned = (query.skip, query.count, query.sort);
        let InOrganization { organization, answer } = project_views::list(context, self.org, query).await?;
        let refused = state.refused.map(|Form::Create(form)| form);
        let main = main(request, &organization, &answer, turned, refused.as_ref());
        let section = Some((&*organization, Section::Projects));
        Ok(PageResponse::Page(page(
            &context.actor,
            section,
            "Projects and teams",
            state.notice.as_ref(),
            &main,
        )))
    }
}

fn main(
    request: &PageRequest,
    organization: &Organization,
    list: &ProjectSummaries,
    (skip, count, sort): (Skip, Count, ListSort),
    refused: Option<&Create>,
) -> Markup {
    let ProjectSummaries { projects, total, next } = list;
    let is_filtered = !request.query.is_empty();
    let turning = Turning {
        what: "Pages of projects",
        parameter: "skip",
        skip,
        count,
        shown: projects.len(),
        total: *total,
        next: *next,
    };
    html! {
        p {
            "Each role of a project or team is a SCIM group. In your identity provider, push a group and link it to \
             one of these; push a group named "
            code { (organization.record.group_prefix.as_deref().unwrap_or_default()) "-<project>-<team>-Member" }
            " to create a team. How: "
            (Guide::Okta.link("7-project-roles", "Okta")) ", "
            (Guide::Entra.link("8-project-roles", "Microsoft Entra ID")) ". Groups that belong to no project: "
            a href=(address(organization, "groups")) { "Plain groups" } ". What roles allow: "
            a href=(address(organization, "permissions")) { "Permissions" } "."
        }
        (maker(
            "Create a project",
            refused.is_some() || (projects.is_empty() && !is_filtered),
            &create(refused.unwrap_or(&Create::default())),
        ))
        form.filters method="get" role="search" {
            (field("search", "search", "Name contains", request.parameter("search"), ""))
            (select("sort", "sort", "Sorted by", &SORTS, request.parameter("sort")))
            (select("archived", "archived", "Archived", &ARCHIVED, request.parameter("archived")))
            (select("count", "count", "On a page", &SIZES, &count.0.to_string()))
            button { "Search" }
        }
        @if total.is_none() && sort != ListSort::Name {
            p.notice.warn {
                "More than " (MOST_SORTED) " projects match. The first " (MOST_SORTED) " by name are sorted: search \
                 for a part of the name to see others."
            }
        }
        @if projects.is_empty() {
            p.empty { @if is_filtered { "No project matches." } @else { "There is no project yet." } }
        } @else {
            (table(organization, projects))
        }
        (turning.links(request))
    }
}

fn table(organization: &Organization, projects: &[ProjectInList]) -> Markup {
    html! {
        table {
            caption.hidden { "Projects" }
            thead { tr {
                th scope="col" { "Project" } th scope="col" { "People" } th scope="col" { "Roles" }
                th scope="col" { "Teams" } th scope="col" { "Last pushed" }
            } }
            tbody {
                @for project in projects { tr {
                    td data-label="Project" {
                        a href=(address_of_project(&organization.record.id, &project.id)) { (project.name) }
                        @if project.archived_at.is_some() { " " (pill("plain", "archived")) }
                    }
                    td data-label="People" { (people(&project.people)) }
                    td data-label="Roles" { (project.role_count) }
                    td data-label="Teams" { (project.team_count) }
                    td data-label="Last pushed" { (pushed(project.pushed_at.as_deref())) }
                } }
            }
        }
    }
}

fn create(typed: &Create) -> Markup {
    html! {
        form method="post" {
            (once())
            (required_field("new-project", "name", "Name", &typed.name, ""))
            (field("new-roles", "roles", "Custom roles", &typed.roles,
                "Beside Admin, Member and Read-Only, with commas between them; or none."))
            button name="action" value="create" { "Create" }
        }
    }
}
