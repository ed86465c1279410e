//! An event: what the request with it did, and all that the event lists.

use maud::{Markup, html};

use super::deeds::{self, Place, View};
use super::layout::{Section, page};
use super::page::{NoForm, Page};
use super::parts::address;
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::events::{ChangeEvent, Deed};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::{AdminContext, InOrganization, deeds as api};
use crate::http::Problem;

/// The page of an event.
pub(super) struct Event<'a> {
    pub(super) org: &'a str,
    pub(super) seq: &'a str,
}

impl Page for Event<'_> {
    type Form = NoForm;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<NoForm>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } = api::of_event(context, self.org, self.seq).await?;
        let (deed, event) = answer;
        let title = format!("Change {}", event.seq);
        let main = main(&organization, deed, event);
        let section = Some((&*organization, Section::Log));
        Ok(PageResponse::Page(page(&context.actor, section, &title, state.notice.as_ref(), &main)))
    }
}

fn main(organization: &Organization, deed: Deed, event: ChangeEvent) -> Markup {
    let view = View { organization: &organization.record.id, place: Place::Organization, is_whole: true };
    let mut deed = deed;
    // The list of deeds has the beginnings of long lists only.
    match deed.events.iter_mut().find(|other| other.seq == event.seq) {
        Some(other) => *other = event,
        None => deed.events = vec![event],
    }
    html! {
        section.card aria-label="What was done" { (deeds::list(&view, &[deed], None)) }
        p { a href=(address(organization, "log")) { "To the provisioning log" } }
    }
}
