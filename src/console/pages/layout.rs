//! What is around a page.

use maud::{DOCTYPE, Markup, html};

use super::asset::{ICON, SCRIPT, STYLESHEET};
use super::notice::Notice;
use super::organizations::domains;
use super::parts::segment;
use super::{Form, Frame, Page};
use crate::admin_api::{Console, text};
use crate::http::Problem;

/// A page's request, and what is known when it is shown.
pub(crate) struct View<'v, 'c> {
    pub(crate) console: &'v Console<'c>,
    pub(crate) frame: &'v Frame<'v>,
    pub(crate) notice: Option<Notice>,
    /// The form that could not be carried out.
    pub(crate) refused: Option<&'v Form>,
}

impl View<'_, '_> {
    /// The organization's page of that name.
    pub(crate) fn address(&self, page: &str) -> String {
        let id = segment(self.frame.path.get(1).copied().unwrap_or_default());
        format!("/console/organizations/{id}/{page}")
    }

    /// What had been typed into a field of the form of that action, so that nobody has to type it again.
    pub(crate) fn typed(&self, action: &str, name: &str) -> &str {
        self.refused_as(action).map_or("", |form| form.text(name))
    }

    /// The form of that action, if it could not be carried out.
    pub(crate) fn refused_as(&self, action: &str) -> Option<&Form> {
        self.refused.filter(|form| form.text("action") == action)
    }

    /// What tells the organization from another of the same name: its mail domains, its Owner and its id.
    fn identity(&self) -> String {
        let domains = self.console.organization.borrow().as_ref().map(domains).unwrap_or_default();
        let (owner, id) = (self.organization("owner_user_name"), self.organization("id"));
        format!("Mail domains: {domains} · Owner: {owner} · Id: {id}")
    }

    /// A text of the organization.
    pub(crate) fn organization(&self, name: &str) -> String {
        self.console
            .organization
            .borrow()
            .as_ref()
            .map(|found| text(found, name).to_owned())
            .unwrap_or_default()
    }
}

/// The pages of an organization that are reached from everywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Keys,
    Members,
    Projects,
    Log,
    Imports,
    Settings,
}

const SECTIONS: [(Section, &str, &str); 6] = [
    (Section::Keys, "keys", "Access management"),
    (Section::Members, "members", "Members"),
    (Section::Projects, "projects", "Projects and teams"),
    (Section::Log, "log", "Provisioning log"),
    (Section::Imports, "imports", "Imports"),
    (Section::Settings, "settings", "Settings"),
];

/// A page with its heading, and the ways to the others.
pub(crate) fn page(view: &View<'_, '_>, section: Option<Section>, title: &str, main: &Markup) -> Page {
    let organization = view.organization("name");
    let header = html! {
        header.top {
            a.skip href="#main" { "Skip to content" }
            div.bar {
                p.brand { a href="/console/organizations" { "scim-edge" } }
                @if section.is_some() { p.organization title=(organization) { (organization) } }
                form method="post" action="/console/sign-out" {
                    span.viewer { (view.console.actor.name()) } " "
                    button.quiet { "Sign out" }
                }
            }
            @if let Some(current) = section {
                p.identity { (view.identity()) }
                nav aria-label="Organization" {
                    ul {
                        @for (section, name, label) in SECTIONS {
                            li { a href=(view.address(name)) aria-current=[(section == current).then_some("page")] { (label) } }
                        }
                    }
                }
            }
        }
    };
    let (status, detail) = match &view.notice {
        Some(Notice::Problem(problem)) => (problem.status, Some(problem.detail.clone())),
        _ => (200, None),
    };
    let main = html! {
        h1 { (title) }
        @match &view.notice {
            Some(Notice::Done(text)) => p.notice.good role="status" { (text) },
            Some(Notice::Problem(problem)) => p.notice.bad role="alert" { (problem.detail) },
            None => {},
        }
        (main)
    };
    let title = match organization.as_str() {
        "" => title.to_owned(),
        organization => format!("{title} – {organization}"),
    };
    Page { status, html: document(&title, &header, &main), detail }
}

/// A page for what cannot be shown.
pub(crate) fn failure(problem: &Problem) -> Page {
    let main = html! {
        h1 { (problem.title()) }
        p.notice.bad role="alert" { (problem.detail) }
        p { a href="/console" { "To the console" } }
    };
    let html = document(problem.title(), &bare_header(), &main);
    Page { status: problem.status, html, detail: Some(problem.detail.clone()) }
}

/// The top of a page that belongs to nobody.
pub(crate) fn bare_header() -> Markup {
    html! { header.top { div.bar { p.brand { "scim-edge" } } } }
}

/// A whole document.
pub(crate) fn document(title: &str, header: &Markup, main: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – scim-edge" }
                link rel="icon" href=(ICON.link());
                link rel="stylesheet" href=(STYLESHEET.link());
                script src=(SCRIPT.link()) defer {}
            }
            body {
                (header)
                main #main tabindex="-1" { (main) }
            }
        }
    }
    .into_string()
}
