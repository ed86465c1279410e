//! The groups that belong to no project.

use maud::{Markup, html};

use super::layout::{Section, page};
use super::lists::{self, SIZES, SORTS, Turning, people, pushed};
use super::page::{NoForm, Page};
use super::parts::{address, field, select};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::groups::{GroupListQuery, PlainGroups as List};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query::{self, Count, ListSort, Skip};
use crate::admin_api::{AdminContext, InOrganization, project_views};
use crate::d1::project_views::{MOST_SEARCHED, MOST_SORTED};
use crate::http::Problem;

/// The page of an organization's plain groups.
pub(super) struct PlainGroups<'a> {
    pub(super) org: &'a str,
}

impl Page for PlainGroups<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let query: GroupListQuery = query::read(&request.api_query())?;
        let query = GroupListQuery { count: lists::shown(query.count), ..query };
        let turned = (query.skip, query.count, query.sort);
        let InOrganization { organization, answer } =
            project_views::plain_groups(context, self.org, query).await?;
        let main = main(request, &organization, &answer, turned);
        let section = Some((&*organization, Section::Projects));
        Ok(PageResponse::Page(page(&context.actor, section, "Plain groups", state.notice.as_ref(), &main)))
    }
}

fn main(
    request: &PageRequest,
    organization: &Organization,
    list: &List,
    (skip, count, sort): (Skip, Count, ListSort),
) -> Markup {
    let List { groups, total, next } = list;
    let is_filtered = !request.query.is_empty();
    let turning = Turning {
        what: "Pages of groups",
        parameter: "skip",
        skip,
        count,
        shown: groups.len(),
        total: *total,
        next: *next,
    };
    html! {
        p {
            a href=(address(organization, "projects")) { "Projects and teams" } " › Plain groups"
        }
        p {
            "Groups that an identity provider has pushed under names of its own. They belong to no project, and give \
             no role. "
            @if organization.record.plain_groups {
                "More can be pushed: "
            } @else {
                "No more can be pushed: "
            }
            a href=(address(organization, "settings")) { "the settings" } " say so."
        }
        form.filters method="get" role="search" {
            (field("search", "search", "Name contains", request.parameter("search"), ""))
            (select("sort", "sort", "Sorted by", &SORTS, request.parameter("sort")))
            (select("count", "count", "On a page", &SIZES, &count.0.to_string()))
            button { "Search" }
        }
        @if total.is_none() && sort != ListSort::Name {
            p.notice.warn {
                "More than " (MOST_SORTED) " groups match. The first " (MOST_SORTED) " by name are sorted: search for \
                 a part of the name to see others."
            }
        }
        @if !request.parameter("search").is_empty() && organization.record.group_count > MOST_SEARCHED.into() {
            p.notice.warn { "The first " (MOST_SEARCHED) " groups by name are searched." }
        }
        @if groups.is_empty() {
            p.empty { @if is_filtered { "No group matches." } @else { "There is no such group." } }
        } @else {
            table {
                caption.hidden { "Plain groups" }
                thead { tr {
                    th scope="col" { "Group" } th scope="col" { "People" } th scope="col" { "Last pushed" }
                } }
                tbody {
                    @for group in groups { tr {
                        td data-label="Group" {
                            a href=(address(organization, &format!("groups/{}", group.id))) { (group.display_name) }
                        }
                        td data-label="People" { (people(&group.people)) }
                        td data-label="Last pushed" { (pushed(group.pushed_at.as_deref())) }
                    } }
                }
            }
        }
        (turning.links(request))
    }
}
