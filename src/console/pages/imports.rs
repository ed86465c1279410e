//! Imports: lists that are being read page by page, or were lately.

use maud::{Markup, html};

use super::layout::{Section, page};
use super::page::{NoForm, Shown};
use super::parts::{pill, time};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::imports::{Import, ImportResource, ImportState};
use crate::admin_api::{AdminContext, InOrganization, imports};
use crate::http::Problem;

/// The page of an organization's imports.
pub(super) struct Imports<'a> {
    pub(super) org: &'a str,
}

impl Shown for Imports<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } = imports::list(context, self.org).await?;
        let main = main(&answer.imports);
        let section = Some((&organization, Section::Imports));
        Ok(PageResponse::Page(page(&context.actor, section, "Imports", state.notice.as_ref(), &main)))
    }
}

fn main(imports: &[Import]) -> Markup {
    html! {
        p {
            "Lists that an identity provider reads in several pages. All entries keep their places until the last \
             page, so that no entry is missed because others are added or removed in between. Lists that fit on one \
             page are not shown here."
        }
        @if imports.is_empty() {
            p.empty { "No import of several pages lately." }
        } @else {
            table {
                thead { tr {
                    th scope="col" { "List" } th scope="col" { "State" } th scope="col" { "Pages \
                         read" } th scope="col" { "Rows" }
                    th scope="col" { "Begun" } th scope="col" { "Last page" }
                } }
                tbody { @for import in imports { (row(import)) } }
            }
        }
    }
}

fn row(import: &Import) -> Markup {
    let (kind, state) = match import.state {
        ImportState::Finished => ("good", "finished"),
        ImportState::Stopped => ("bad", "stopped"),
        ImportState::Begun => ("warn", "begun"),
        ImportState::Reading => ("warn", "reading"),
    };
    let resource = match import.resource {
        ImportResource::Users => "Users",
        ImportResource::Groups => "Groups",
    };
    html! {
        tr {
            td data-label="List" {
                (resource)
                @if let Some(filter) = &import.filter { " " code { (filter) } }
            }
            td data-label="State" { (pill(kind, state)) }
            td data-label="Pages read" {
                progress value=(import.pages_read) max=(import.pages) aria-label="Pages read" {} " "
                (import.pages_read) " of " (import.pages) " (" (import.page_size) " rows each)"
            }
            td data-label="Rows" { (import.total) }
            td data-label="Begun" { (time(&import.begun_at)) }
            td data-label="Last page" { (time(&import.read_at)) }
        }
    }
}
