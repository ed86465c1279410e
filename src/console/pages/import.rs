//! An import on record: its pages, who was on one of them, and how another import differs.

use maud::{Markup, html};

use super::layout::{Section, page};
use super::page::{NoForm, Page};
use super::parts::{address, next, pill, segment, time};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::imports::{
    DifferenceKind, ImportComparison, ImportDetail, ImportPage as Described, ImportResource, ImportState,
    KeptImport, MemberShown, ShownAs, ShownInImport,
};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::{AdminContext, InOrganization, imports};
use crate::http::Problem;

/// How many pages of an import are listed at once.
const LISTED: usize = 200;

/// The page of an import.
pub(super) struct Import<'a> {
    pub(super) org: &'a str,
    pub(super) id: &'a str,
}

/// The page of a page of an import.
pub(super) struct ImportPage<'a> {
    pub(super) org: &'a str,
    pub(super) id: &'a str,
    pub(super) number: &'a str,
}

/// The page that compares two imports.
pub(super) struct Comparison<'a> {
    pub(super) org: &'a str,
}

impl Page for Import<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } = imports::read(context, self.org, self.id).await?;
        let main = pages(request, &organization, &answer);
        let section = Some((&*organization, Section::Imports));
        Ok(PageResponse::Page(page(&context.actor, section, "Import", state.notice.as_ref(), &main)))
    }
}

impl Page for ImportPage<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } =
            imports::page(context, self.org, self.id, self.number).await?;
        let main = people(&organization, &answer);
        let title = format!("Page {} of an import", answer.number);
        let section = Some((&*organization, Section::Imports));
        Ok(PageResponse::Page(page(&context.actor, section, &title, state.notice.as_ref(), &main)))
    }
}

impl Page for Comparison<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let query = query::read(&request.api_query())?;
        let InOrganization { organization, answer } = imports::comparison(context, self.org, query).await?;
        let main = differences(request, &organization, &answer);
        let section = Some((&*organization, Section::Imports));
        let title = "Compare two imports";
        Ok(PageResponse::Page(page(&context.actor, section, title, state.notice.as_ref(), &main)))
    }
}

/// The address of an import.
pub(super) fn place(organization: &Organization, import: &str) -> String {
    address(organization, &format!("imports/{}", segment(import)))
}

/// The name of a resource.
pub(super) fn resource(resource: ImportResource) -> &'static str {
    match resource {
        ImportResource::Users => "Users",
        ImportResource::Groups => "Groups",
    }
}

/// The colour and the words of a state.
pub(super) fn state(state: ImportState) -> (&'static str, &'static str) {
    match state {
        ImportState::Finished => ("good", "finished"),
        ImportState::Stopped => ("bad", "stopped"),
        ImportState::Begun => ("warn", "begun"),
        ImportState::Reading => ("warn", "reading"),
    }
}

/// A person with a link to their page.
pub(super) fn person(organization: &Organization, id: &str, user_name: Option<&str>) -> Markup {
    html! {
        a href=(address(organization, &format!("members/{}", segment(id)))) {
            @match user_name { Some(name) => (name), None => code { (id) } }
        }
    }
}

/// The form that asks for a comparison of two of these imports; nothing if there are no two of which pages are kept.
pub(super) fn compare_form(organization: &Organization, kept: &[KeptImport]) -> Markup {
    let with_pages: Vec<&KeptImport> = kept.iter().filter(|import| import.pages_kept > 0).collect();
    let choice = |name: &str, label: &str, chosen: usize| {
        html! {
            div.field {
                label for=(name) { (label) }
                select id=(name) name=(name) {
                    @for (at, import) in with_pages.iter().enumerate() {
                        option value=(import.id) selected[at == chosen] {
                            (import.begun_at.replace('T', " ").get(..19).unwrap_or_default()) " UTC, "
                            (import.total) " rows"
                        }
                    }
                }
            }
        }
    };
    html! {
        @if with_pages.len() > 1 {
            form.filters method="get" action=(address(organization, "imports/compare")) {
                (choice("from", "What changed since", 1))
                (choice("to", "until", 0))
                button { "Compare" }
            }
        }
    }
}

fn facts(organization: &Organization, import: &KeptImport) -> Markup {
    let (kind, words) = state(import.state);
    html! {
        section.card aria-label="Import" {
            dl.facts {
                div { dt { "List" } dd { (resource(import.resource)) } }
                div { dt { "Begun" } dd { (time(&import.begun_at)) } }
                div { dt { "Last page" } dd { (time(&import.read_at)) } }
                div { dt { "State" } dd { (pill(kind, words)) } }
                div { dt { "Key" } dd { a href=(address(organization, "keys")) { (import.key.hint) } } }
                div { dt { "Rows" } dd { (import.total) " in pages of " (import.page_size) } }
                div { dt { "Pages" } dd {
                    (import.pages_read) " of " (import.pages) " read, " (import.pages_kept) " kept"
                } }
                @if let Some(failed) = &import.failed {
                    div { dt { "Not kept" } dd { "A page could not be written: " (failed) } }
                }
            }
        }
    }
}

fn pages(request: &PageRequest, organization: &Organization, detail: &ImportDetail) -> Markup {
    let ImportDetail { import, page_list } = detail;
    let behind: u64 = request.parameter("after").parse().unwrap_or(0);
    let shown: Vec<_> = page_list.iter().filter(|page| page.number > behind).take(LISTED).collect();
    let last = shown.last().map_or(behind, |page| page.number);
    let more = page_list.iter().any(|page| page.number > last);
    let more = more.then(|| request.with_parameter("after", &last.to_string()));
    html! {
        (facts(organization, import))
        h2 { "Pages" }
        @if import.pages_kept == 0 {
            p {
                "It is not kept who was on these pages. "
                @match import.resource {
                    ImportResource::Groups => "It is kept of users only.",
                    ImportResource::Users => "The limit of the day was reached, or the list has more than 2,000 pages.",
                }
            }
        }
        ul.pages {
            @for page in &shown {
                li {
                    @if page.is_kept {
                        a href=(format!("{}/pages/{}", place(organization, &import.id), page.number)) {
                            (page.number)
                        }
                    } @else { (page.number) }
                }
            }
        }
        (next(more, "Further pages"))
        p { a href=(address(organization, "imports")) { "All imports" } }
    }
}

fn people(organization: &Organization, described: &Described) -> Markup {
    let Described { import, number, people } = described;
    let at = |number: u64| format!("{}/pages/{number}", place(organization, &import.id));
    html! {
        p {
            "The " a href=(place(organization, &import.id)) { "import of " (time(&import.begun_at)) }
            " showed these " (people.len()) " people on page " (number) " of " (import.pages) "."
        }
        @if people.is_empty() { p.empty { "The page was empty." } } @else {
            table {
                thead { tr { th scope="col" { "Person" } th scope="col" { "Shown as" } th scope="col" { "Version" } } }
                tbody {
                    @for each in people {
                        tr {
                            td data-label="Person" { (person(organization, &each.id, each.user_name.as_deref())) }
                            td data-label="Shown as" { (active(each.active)) }
                            td data-label="Version" { (each.version) }
                        }
                    }
                }
            }
        }
        p.turning {
            @if *number > 1 { a.button rel="prev" href=(at(number.saturating_sub(1))) { "Previous page" } " " }
            @if *number < import.pages { a.button rel="next" href=(at(number.saturating_add(1))) { "Next page" } }
        }
    }
}

fn active(active: bool) -> Markup {
    if active { pill("good", "active") } else { pill("plain", "inactive") }
}

fn differences(request: &PageRequest, organization: &Organization, comparison: &ImportComparison) -> Markup {
    let ImportComparison { from, to, differences, pages_missing, next: more } = comparison;
    let more = more.as_deref().map(|after| request.with_parameter("after", after));
    html! {
        p {
            "What the " a href=(place(organization, &to.id)) { "import of " (time(&to.begun_at)) }
            " showed otherwise than the " a href=(place(organization, &from.id)) { "import of " (time(&from.begun_at)) }
            "."
        }
        @if !(from.is_complete && to.is_complete) || *pages_missing > 0 {
            p.notice.bad {
                "Not all pages of both imports are kept, so that people may seem new or gone who are not."
            }
        }
        @if differences.is_empty() {
            p.empty { @if more.is_some() { "No difference in this part." } @else { "No difference." } }
        } @else {
            table {
                thead { tr {
                    th scope="col" { "Person" } th scope="col" { "Difference" } th scope="col" { "Before" }
                    th scope="col" { "After" }
                } }
                tbody {
                    @for each in differences {
                        tr {
                            td data-label="Person" { (person(organization, &each.id, each.user_name.as_deref())) }
                            td data-label="Difference" {
                                @match each.kind {
                                    DifferenceKind::New => (pill("good", "new")),
                                    DifferenceKind::Gone => (pill("bad", "gone")),
                                    DifferenceKind::Changed => (pill("warn", "changed")),
                                }
                            }
                            td data-label="Before" { (shown_as(organization, &from.id, each.from.as_ref())) }
                            td data-label="After" { (shown_as(organization, &to.id, each.to.as_ref())) }
                        }
                    }
                }
            }
        }
        (next(more, "Go on"))
        p { a href=(address(organization, "imports")) { "All imports" } }
    }
}

fn shown_as(organization: &Organization, import: &str, shown: Option<&ShownAs>) -> Markup {
    html! {
        @match shown {
            None => "not shown",
            Some(ShownAs { page, active, version }) => {
                @if *active { "active" } @else { "inactive" } ", version " (version) ", "
                a href=(format!("{}/pages/{page}", place(organization, import))) { "page " (page) }
            }
        }
    }
}

/// What the newest imports showed of a person, for the person's page; nothing if none is kept.
pub(super) fn of_person(organization: &Organization, shown: &Result<MemberShown, Problem>) -> Markup {
    let imports = match shown {
        Ok(MemberShown { imports }) => imports,
        Err(problem) => {
            return html! { section.card aria-label="Imports" { p { "Imports: " (problem.detail) } } };
        }
    };
    html! {
        @if !imports.is_empty() {
            section.card aria-labelledby="shown-heading" {
                h2 #shown-heading { "What imports showed" }
                ul { @for import in imports { li { (of_import(organization, import)) } } }
            }
        }
    }
}

fn of_import(organization: &Organization, of: &ShownInImport) -> Markup {
    let link = html! { a href=(place(organization, &of.import)) { "import of " (time(&of.begun_at)) } };
    html! {
        @match &of.shown {
            Some(ShownAs { page, active, version }) => {
                "Shown as " @if *active { "active" } @else { "inactive" } " in the " (link) ", "
                a href=(format!("{}/pages/{page}", place(organization, &of.import))) { "page " (page) }
                " (version " (version) ")."
            }
            None if of.is_complete => { "Not shown in the " (link) "." }
            None => { "On none of the pages that are kept of the " (link) "." }
        }
    }
}
