//! Imports: lists that are being read page by page, or were lately; what identity providers were shown; and what the
//! next import will find otherwise.

use maud::{Markup, html};

use super::import::{compare_form, person, place, resource, state};
use super::layout::{Section, page};
use super::page::{NoForm, Page};
use super::parts::{address, next, pill, time};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::imports::{Ahead, Import, ImportList, KeptImport, KeptToday, WhyUnassigned};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::{AdminContext, InOrganization, imports};
use crate::http::Problem;

/// Most lists under way that the page shows.
const MOST_UNDER_WAY: usize = 30;

/// The page of an organization's imports.
pub(super) struct Imports<'a> {
    pub(super) org: &'a str,
}

impl Page for Imports<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let query = query::read(&request.api_query())?;
        let InOrganization { organization, answer } = imports::list(context, self.org, query).await?;
        let main = main(request, &organization, &answer);
        let section = Some((&*organization, Section::Imports));
        Ok(PageResponse::Page(page(&context.actor, section, "Imports", state.notice.as_ref(), &main)))
    }
}

fn main(request: &PageRequest, organization: &Organization, list: &ImportList) -> Markup {
    let ImportList { imports, kept, next: older, today, ahead } = list;
    let older = older.as_deref().map(|before| request.with_parameter("before", before));
    html! {
        @if let Some(ahead) = ahead { (look_ahead(organization, ahead)) }
        h2 { "Under way, or lately" }
        p {
            "Lists that an identity provider reads in several pages. All entries keep their places until the last \
             page, so that no entry is missed because others are added or removed in between. Lists that fit on one \
             page are not shown here."
        }
        @if imports.is_empty() {
            p.empty { "No import of several pages lately." }
        } @else {
            table #under-way {
                thead { tr {
                    th scope="col" { "List" } th scope="col" { "State" } th scope="col" { "Pages read" }
                    th scope="col" { "Rows" } th scope="col" { "Begun" } th scope="col" { "Last page" }
                } }
                tbody { @for import in imports.iter().take(MOST_UNDER_WAY) { (row(import)) } }
            }
            @if imports.len() > MOST_UNDER_WAY {
                p { (imports.len().saturating_sub(MOST_UNDER_WAY)) " more are not shown." }
            }
        }
        h2 #record { "On record" }
        p {
            "What identity providers were shown: each list of all users or groups, and of each page of users who was \
             on it. It is kept as long as the provisioning log. Lists of fewer than 10 entries a page are tests of \
             the connection, and are not kept."
        }
        (budget(today))
        @if kept.is_empty() {
            p.empty { "No import is on record." }
        } @else {
            (compare_form(organization, kept))
            table {
                thead { tr {
                    th scope="col" { "Begun" } th scope="col" { "List" } th scope="col" { "State" }
                    th scope="col" { "Pages kept" } th scope="col" { "Rows" } th scope="col" { "Key" }
                } }
                tbody { @for import in kept { (kept_row(organization, import)) } }
            }
        }
        (next(older, "Older imports"))
    }
}

fn look_ahead(organization: &Organization, ahead: &Ahead) -> Markup {
    let Ahead { import, people, has_more, is_partial } = ahead;
    let shown_by = html! { a href=(place(organization, import)) { "import of " (time(began(import))) } };
    html! {
        section.card aria-labelledby="ahead-heading" {
            h2 #ahead-heading { "The next import" }
            @if people.is_empty() {
                p { "All people whom the " (shown_by) " showed as active are active still." }
            } @else {
                p {
                    strong {
                        "The identity provider will unassign "
                        @if *has_more { "more than " }
                        (people.len()) @if people.len() == 1 { " person" } @else { " people" }
                        " at its next import. "
                    }
                    "The " (shown_by) " showed them as active, and the next one will not."
                }
                table {
                    thead { tr { th scope="col" { "Person" } th scope="col" { "Why" } th scope="col" { "Since" } } }
                    tbody {
                        @for each in people {
                            tr {
                                td data-label="Person" { (person(organization, &each.id, each.user_name.as_deref())) }
                                td data-label="Why" {
                                    @match each.why {
                                        WhyUnassigned::Deactivated => "deactivated",
                                        WhyUnassigned::Deleted => "deleted",
                                        WhyUnassigned::Hidden => "outside the mail domains",
                                    }
                                }
                                td data-label="Since" { (time(&each.at)) }
                            }
                        }
                    }
                }
            }
            @if *is_partial {
                p { "There were more than 5,000 changes since that import. Only the first 5,000 were looked at." }
            }
        }
    }
}

/// The time at which an import began, from its id.
fn began(import: &str) -> &str {
    import.get(..24).unwrap_or(import)
}

fn budget(today: &KeptToday) -> Markup {
    let KeptToday { pages, most } = today;
    html! {
        p {
            "Today " (pages) " of " (most) " pages are kept (the day is that of UTC, for all organizations of this \
             database). "
            @if pages >= most {
                strong { "The limit of today is reached: " }
                "further imports are noted without who was on their pages. An operator can raise \
                 IMPORT_PAGES_PER_DAY."
            } @else { "An import that needs more pages than are left is noted without who was on its pages." }
        }
    }
}

fn kept_row(organization: &Organization, import: &KeptImport) -> Markup {
    let (kind, words) = state(import.state);
    html! {
        tr {
            td data-label="Begun" { a href=(place(organization, &import.id)) { (time(&import.begun_at)) } }
            td data-label="List" { (resource(import.resource)) }
            td data-label="State" { (pill(kind, words)) }
            td data-label="Pages kept" { (import.pages_kept) " of " (import.pages) }
            td data-label="Rows" { (import.total) }
            td data-label="Key" { a href=(address(organization, "keys")) { (import.key.hint) } }
        }
    }
}

fn row(import: &Import) -> Markup {
    let (kind, words) = state(import.state);
    html! {
        tr {
            td data-label="List" {
                (resource(import.resource))
                @if let Some(filter) = &import.filter { " " code { (filter) } }
            }
            td data-label="State" { (pill(kind, words)) }
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
