//! The frame of a page: header, navigation, notice.

use maud::{DOCTYPE, Markup, html};

use super::advice::for_admin;
use super::asset::{ICON, SCRIPT, STYLESHEET};
use super::banners::banners;
use super::field_words::plain;
use super::flash::Done;
use super::guides::Guide;
use super::health_line;
use super::parts::{address, address_of, domains};
use super::request::{Notice, Page};
use crate::admin_api::types::organizations::{Organization, Others};
use crate::auth::actor::Actor;
use crate::deployment::VERSION;
use crate::http::{Problem, ProblemCode};
use scim_protocol::error::shorten;

/// The pages of an organization that are reached from everywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Keys,
    Members,
    Projects,
    Products,
    Log,
    Imports,
    Health,
    Export,
    Webhooks,
    Settings,
    /// None of them.
    Elsewhere,
}

const SECTIONS: [(Section, &str, &str); 10] = [
    (Section::Keys, "keys", "Access management"),
    (Section::Members, "members", "Members"),
    (Section::Projects, "projects", "Projects and teams"),
    (Section::Products, "products", "Products"),
    (Section::Log, "log", "Provisioning log"),
    (Section::Imports, "imports", "Imports"),
    (Section::Health, "health", "Health"),
    (Section::Export, "export", "Export"),
    (Section::Webhooks, "webhooks", "Webhooks"),
    (Section::Settings, "settings", "Settings"),
];

/// What tells the organization from another of the same name: its email domains, its Owner and its id.
fn identity(organization: &Organization) -> String {
    let record = &organization.record;
    let (domains, owner) =
        (domains(&record.mail_domains), record.owner_user_name.as_deref().unwrap_or_default());
    format!("Mail domains: {domains} · Owner: {owner} · Id: {}", record.id)
}

/// The page of a section, of whichever organization.
fn page_of(section: Section) -> &'static str {
    SECTIONS.iter().find(|(other, ..)| *other == section).map_or(HOME, |(_, page, _)| *page)
}

/// The page of an organization to which links lead that name none.
pub(super) const HOME: &str = "keys";

/// The page of a section by its name in an address, or else [`HOME`].
pub(super) fn section_page(name: &str) -> &'static str {
    SECTIONS.iter().find(|(_, page, _)| *page == name).map_or(HOME, |(_, page, _)| *page)
}

/// Leads to the same page of another organization.
fn switcher(organization: &Organization, current: Section) -> Markup {
    let Others { named, has_more } = &organization.others;
    let page = page_of(current);
    html! {
        @if !named.is_empty() || *has_more {
            details.switch {
                summary { "Switch" span.hidden { " to another organization" } }
                div {
                    ul aria-label="Organizations" {
                        @for other in named { li { a href=(address_of(&other.id, page)) { (shorten(&other.name)) } } }
                    }
                    @if *has_more {
                        form method="get" action=(ALL) role="search" aria-label="Organizations" {
                            input type="hidden" name="to" value=(page);
                            label for="switch-search" { "Name contains" }
                            input id="switch-search" name="search" autocomplete="off";
                            button.quiet { "Search" }
                        }
                    }
                    p { a href={ (ALL) "?to=" (page) } { "All organizations" } }
                }
            }
        }
    }
}

/// The address of the list of organizations.
const ALL: &str = "/console/organizations";

/// A page with its heading and its notice; one of an organization with the navigation to its other pages.
pub(super) fn page(
    actor: &Actor,
    organization: Option<(&Organization, Section)>,
    title: &str,
    notice: Option<&Notice>,
    main: &Markup,
) -> Page {
    let header = html! {
        header.top {
            a.skip href="#main" { "Skip to content" }
            div.bar {
                p.brand { a href="/console/organizations" { "scim-edge" } }
                @if let Some((organization, _)) = organization {
                    p.organization title=(organization.record.name) { (organization.record.name) }
                }
                @if let Some((organization, current)) = organization { (switcher(organization, current)) }
                form method="post" action="/console/sign-out" {
                    span.viewer { (actor.name()) } " "
                    button.quiet { "Sign out" }
                }
            }
            @if let Some((organization, current)) = organization {
                p.identity { (identity(organization)) }
                nav aria-label="Organization" {
                    ul {
                        @for (section, name, label) in SECTIONS {
                            @let is_current = (section == current).then_some("page");
                            li { a href=(address(organization, name)) aria-current=[is_current] { (label) } }
                        }
                    }
                }
                (health_line::line(organization))
            }
        }
    };
    let (status, detail) = match notice {
        Some(Notice::Problem(problem)) => (problem.status, Some(problem.detail.clone())),
        _ => (200, None),
    };
    let main = html! {
        @if let Some((organization, _)) = organization { (banners(organization)) }
        h1 { (title) }
        @match notice {
            Some(Notice::Done(done)) => (said(done, organization.map(|(organization, _)| organization))),
            Some(Notice::GivenBack) => p.notice.warn role="status" {
                "The session had ended, so that nothing was done. What you typed is here again: look through it, and \
                 send it once more."
            },
            Some(Notice::Problem(problem)) => p.notice.bad role="alert" { (said_of(problem)) },
            None => {},
        }
        (main)
    };
    let title = match organization {
        None => title.to_owned(),
        Some((organization, _)) => format!("{title} – {}", organization.record.name),
    };
    Page { status, html: document(&title, &header, &main), detail }
}

/// What was done to what, and the way back.
fn said(done: &Done, organization: Option<&Organization>) -> Markup {
    html! {
        p.notice.good role="status" {
            @if let Some(name) = &done.about { strong { (name) } ": " }
            (done.flash.text())
            @if let (Some(query), Some(organization)) = (&done.undo, organization) {
                " " a href=(address(organization, &format!("undo?{query}"))) { "Undo" }
            }
        }
    }
}

/// The title of a page that cannot be shown.
fn heading(status: u16) -> &'static str {
    match status {
        400 | 422 => "This address or form is not valid",
        401 => "Sign in first",
        403 => "You may not do this",
        404 => "There is nothing here",
        405 => "This page takes no such request",
        409 => "This cannot be done now",
        413..=415 => "Too much was sent, or in another format",
        429 => "The service is busy",
        503 => "The service does not work at the moment",
        _ => "Something went wrong",
    }
}

/// What a problem is, and what to do.
fn said_of(problem: &Problem) -> Markup {
    let advice = match problem.code {
        ProblemCode::Admin(code) => for_admin(code),
        ProblemCode::Error(_) => None,
    };
    html! { (plain(&problem.detail)) @if let Some(advice) = advice { " " (advice) } }
}

/// A page for what cannot be shown.
pub(crate) fn failure(problem: &Problem) -> Page {
    let main = html! {
        h1 { (heading(problem.status)) }
        p.notice.bad role="alert" { (said_of(problem)) }
        @if let Some(id) = problem.request_id.as_deref().filter(|_| problem.status >= 500) {
            p { "Request " code { (id) } ": the Worker's log has it." }
        }
        p { a href="/console" { "To the console" } }
    };
    let html = document(heading(problem.status), &bare_header(), &main);
    Page { status: problem.status, html, detail: Some(problem.detail.clone()) }
}

/// A page for what cannot be shown, within an organization.
pub(super) fn failure_inside(actor: &Actor, organization: &Organization, problem: Problem) -> Page {
    let title = heading(problem.status);
    let notice = Notice::Problem(problem);
    page(actor, Some((organization, Section::Elsewhere)), title, Some(&notice), &Markup::default())
}

/// The header of a page without navigation.
pub(super) fn bare_header() -> Markup {
    html! { header.top { div.bar { p.brand { "scim-edge" } } } }
}

/// A whole document.
pub(super) fn document(title: &str, header: &Markup, main: &Markup) -> String {
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
                footer {
                    "Guides: "
                    @for guide in Guide::ALL { (guide.link("", guide.title())) " · " }
                    "scim-edge " (VERSION) " · " a href="/healthz" { "State of the service" }
                }
            }
        }
    }
    .into_string()
}
