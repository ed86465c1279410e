//! Exports: what each file has, and where it is.

use maud::{Markup, html};

use super::layout::{Section, page};
use super::page::{NoForm, Page};
use super::parts::{address, segment};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::{AdminContext, organizations};
use crate::http::Problem;

/// The page of an organization's exports.
pub(super) struct Exports<'a> {
    pub(super) org: &'a str,
}

/// The name of each export, what it is called, and what it has.
const EXPORTS: [(&str, &str, &str); 5] = [
    (
        "access-review",
        "Access review",
        "Who has what, since when, through which group: a row for each membership of each person, with the \
         organization role, the project, team and role, and what gave it. A person without a group has one row.",
    ),
    (
        "people",
        "People",
        "A row for each person, also inactive ones: names, address, organization role, and groups.",
    ),
    (
        "groups",
        "Groups with members",
        "A row for each member of each group, with the project, team and role that it stands for. A group without \
         members has one row.",
    ),
    (
        "log",
        "Provisioning log",
        "A row for each request that is kept: changes, and what identity providers tried in vain.",
    ),
    (
        "events",
        "Events",
        "A row for each change event of the history, with all its fields and the personal part.",
    ),
];

/// The address of a file.
fn file(organization: &Organization, export: &str, format: &str) -> String {
    format!("/console/api/organizations/{}/export/{export}?format={format}", segment(&organization.record.id))
}

/// Links to the files of an export.
pub(super) fn links(organization: &Organization, export: &str, what: &str) -> Markup {
    html! {
        a.button.quiet href=(file(organization, export, "csv")) aria-label={ "Export " (what) " as CSV" } { "CSV" }
        " "
        a.button.quiet href=(file(organization, export, "jsonl")) aria-label={ "Export " (what) " as JSON lines" } {
            "JSON lines"
        }
    }
}

/// A line with the files of an export, and the way to the others.
pub(super) fn line(organization: &Organization, export: &str, what: &str) -> Markup {
    html! {
        p.export {
            "Export " (what) ": " (links(organization, export, what)) " "
            a href=(address(organization, "export")) { "Other files" }
        }
    }
}

impl Page for Exports<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let organization = organizations::read(context, self.org).await?.organization;
        let main = main(&organization);
        let section = Some((&*organization, Section::Export));
        Ok(PageResponse::Page(page(&context.actor, section, "Export", state.notice.as_ref(), &main)))
    }
}

fn main(organization: &Organization) -> Markup {
    html! {
        p { "Files for spreadsheets, audits and other programs. The log says who has exported what." }
        table aria-label="Files" {
            thead { tr { th scope="col" { "File" } th scope="col" { "What it has" } th scope="col" { "Export" } } }
            tbody {
                @for (export, name, about) in EXPORTS { tr {
                    th scope="row" data-label="File" { (name) }
                    td data-label="What it has" { (about) }
                    td data-label="Export" { (links(organization, export, name)) }
                } }
            }
        }
        h2 { "What to know" }
        ul {
            li {
                "A file is read while it is sent, in an order that never changes. People and groups that come or go \
                 meanwhile double no row, and hide none."
            }
            li {
                "A file that breaks off is incomplete: the browser says that the download failed, and the last line of \
                 JSON lines says that it is not complete. Begin it again."
            }
            li {
                "CSV is UTF-8 with a byte order mark. A cell that a spreadsheet would take for a formula begins with \
                 an apostrophe."
            }
            li { "Times are in UTC. A membership without \"since\" is older than the history." }
        }
    }
}
