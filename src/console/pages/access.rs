//! What a person may do, now or at a moment in the past: each right with the group that gives it, since when, and by
//! what.

use maud::{Markup, html};

use super::days;
use super::deeds::{Place, View, by};
use super::group::removal;
use super::parts::time;
use super::request::PageRequest;
use crate::admin_api::types::access::{Access, AccessQuery, Origin, Right};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::http::Problem;

/// The parameter of the page with the moment.
const AT: &str = "access_at";
/// Most groups that are shown before the list is opened, and afterwards.
const MOST_SHOWN: usize = 8;
const MOST_OPENED: usize = 52;

/// The query of the access at the moment that the page asks for.
///
/// # Errors
/// 400.
pub(super) fn query(request: &PageRequest) -> Result<AccessQuery, Problem> {
    query::read(&[("at".to_owned(), request.parameter(AT).to_owned())])
}

/// The section of a person's page with their access.
pub(super) fn section(
    request: &PageRequest,
    organization: &Organization,
    id: &str,
    access: &Result<Access, Problem>,
) -> Markup {
    let view = View { organization: &organization.record.id, place: Place::Person(id), is_whole: false };
    let moment = days::instant_of(request.parameter(AT));
    html! {
        section.card aria-labelledby="access-heading" {
            h2 #access-heading {
                "Access" @if let Some(moment) = &moment { " as of " (time(moment)) }
            }
            @match access {
                Ok(access) => (rights(&view, moment.is_none().then_some(id), access)),
                Err(problem) => p.empty { (problem.detail) },
            }
            form.inline method="get" {
                (days::field(request, AT, "As of the beginning of"))
                button.quiet { "Show" }
            }
        }
    }
}

/// The rights of a person; `id` is theirs if the rights are those of now, which can be taken.
fn rights(view: &View<'_>, id: Option<&str>, access: &Access) -> Markup {
    let (first, others) = access.rights.split_at_checked(MOST_SHOWN).unwrap_or((&access.rights, &[]));
    html! {
        @if access.rights.is_empty() {
            p.empty {
                @if access.exists && !access.active { "None: this person was deactivated." }
                @else if access.exists { "None." }
                @else { "None: this person was not in the directory." }
            }
        } @else {
            ul.rights { @for one in first { (right(view, id, one, &access.kept_since)) } }
            @if !others.is_empty() {
                details {
                    summary { (others.len()) " more" }
                    ul.rights {
                        @for one in others.iter().take(MOST_OPENED) { (right(view, id, one, &access.kept_since)) }
                    }
                    @if others.len() > MOST_OPENED {
                        p { "The first " (MOST_OPENED) " of them. The API has all." }
                    }
                }
            }
        }
    }
}

fn right(view: &View<'_>, person: Option<&str>, right: &Right, kept_since: &str) -> Markup {
    html! {
        li {
            @match (&right.group, &right.role) {
                (Some(group), _) => (view.group(group)),
                (None, Some(role)) => { (role) " of the organization" },
                (None, None) => {},
            }
            " "
            small {
                @match &right.since {
                    Some(Origin { seq, at, cause, .. }) => {
                        "since " a href=(view.event_address(*seq)) { (time(at)) } " " (by(view, cause))
                    },
                    None => { "since before " (time(kept_since)) },
                }
                @if let (Some(person), Some(group)) = (person, &right.group) {
                    " · " a href=(removal(view.organization, &group.id, person))
                        aria-label={ "Remove from " (group.name) } { "Remove" }
                }
            }
        }
    }
}
