//! A group: its role, and its members.

use maud::{Markup, html};

use super::history::{self, Subject};
use super::layout::{Section, page};
use super::members::table;
use super::page::{NoForm, Shown};
use super::parts::{address, copied, next};
use super::projects::pushed;
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::page_reads::{self, GroupWithHistory};
use crate::admin_api::types::groups::Group as Described;
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::{AdminContext, InOrganization};
use crate::http::Problem;

/// The page of a group.
pub(super) struct Group<'a> {
    pub(super) org: &'a str,
    pub(super) id: &'a str,
}

impl Shown for Group<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let subject = Subject::Group(self.id);
        let query = query::read(&history::other_parameters(request))?;
        let history = history::query(request, subject)?;
        let InOrganization { organization, answer } =
            page_reads::group(context, self.org, self.id, query, history).await?;
        let GroupWithHistory { group, history } = answer;
        let group = match group {
            Ok(group) => group,
            Err(problem) => {
                return history::of_the_gone(context, request, &organization, &history, subject, problem);
            }
        };
        let history = history::section(request, &organization, &history, subject, group.member_count);
        let main = main(request, &organization, &group, &history);
        let section = Some((&organization, Section::Projects));
        let title = &group.record.display_name;
        Ok(PageResponse::Page(page(&context.actor, section, title, state.notice.as_ref(), &main)))
    }
}

fn main(request: &PageRequest, organization: &Organization, group: &Described, history: &Markup) -> Markup {
    let Described { record, members, member_count, next: after } = group;
    let after = after.as_deref().map(|after| request.with_parameter("after", after));
    html! {
        section.card aria-label="Group" {
            dl.facts {
                div { dt { "SCIM group" } dd { (copied(&record.display_name)) } }
                div { dt { "SCIM id" } dd { (copied(&record.id)) } }
                @if let Some(project) = &record.project {
                    div { dt { "Project" } dd { a href=(address(organization, "projects")) { (project.name) } } }
                }
                @if let Some(team) = &record.team { div { dt { "Team" } dd { (team.name) } } }
                @if let Some(role) = &record.role { div { dt { "Role" } dd { (role) } } }
                div { dt { "Members" } dd { @match member_count {
                    Some(count) => (count),
                    None => "more than 1,000",
                } } }
                div { dt { "Last pushed" } dd { (pushed(record.pushed_at.as_deref())) } }
            }
        }
        h2 { "Members" }
        @if members.is_empty() { p.empty { "This group has no members." } } @else { (table(organization, members)) }
        (next(after, "Next page"))
        (history)
    }
}
