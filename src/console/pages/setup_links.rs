//! Setup links, for operators: made, listed, revoked.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall, LinkAddress};
use super::flash::Flash;
use super::form::number;
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, address_of, copied, field, once, pill, time, time_or_never};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::setup_links::{LinkStatus, NewSetupLink, SetupLink};
use crate::admin_api::{AdminContext, CallKey, InOrganization, setup_links};
use crate::http::Problem;

/// The page of an organization's setup links.
pub(super) struct SetupLinks<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Create {
        #[serde(default)]
        days: String,
    },
    Revoke {
        link: String,
    },
}

const TITLE: &str = "Setup links";

impl Page for SetupLinks<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let org = self.org;
        match form {
            Form::Create { days } => {
                let body = NewSetupLink { expires_in_days: number(days, "The number of days")? };
                let call = FormCall::with(Call::CreateSetupLink, &[org], &body)?;
                let made: LinkAddress = call.send(context, key).await?.read()?;
                context.is_writing = false;
                self.shown(context, PageState { notice: None, refused: None }, made.url.as_deref()).await
            }
            Form::Revoke { link } => {
                FormCall::new(Call::RevokeSetupLink, &[org, link]).send(context, key).await?;
                Ok(PageResponse::Redirect(Flash::SetupLinkRevoked.at(&address_of(org, "setup-links"))))
            }
        }
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        self.shown(context, state, None).await
    }
}

impl SetupLinks<'_> {
    async fn shown(
        &self,
        context: &AdminContext<'_>,
        state: PageState<Form>,
        url: Option<&str>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } = setup_links::list(context, self.org).await?;
        let main = main(&organization, &answer.links, url);
        let section = Some((&*organization, Section::Keys));
        Ok(PageResponse::Page(page(&context.actor, section, TITLE, state.notice.as_ref(), &main)))
    }
}

fn main(organization: &Organization, links: &[SetupLink], url: Option<&str>) -> Markup {
    html! {
        @if let Some(url) = url {
            div.notice.good.key role="status" {
                p { "The new link. Copy it now: it is not shown again. Whoever has it can make and deactivate keys." }
                p { (copied(url)) }
            }
        }
        p {
            "A customer who has a setup link connects their identity provider without an account: they see the keys of \
             this organization, what to type where, and whether the connection works, and nothing else."
        }
        form.inline method="post" {
            (once())
            (field("days", "days", "Days for which it is good", "7", "From 1 to 30."))
            button name="action" value="create" { "Make a setup link" }
        }
        @if links.is_empty() { p.empty { "There is no setup link yet." } } @else { (table(links)) }
        p { a href=(address(organization, "keys")) { "To access management" } }
    }
}

fn table(links: &[SetupLink]) -> Markup {
    html! {
        table {
            caption.hidden { "Setup links" }
            thead { tr {
                th scope="col" { "Made" } th scope="col" { "Status" } th scope="col" { "Good until" }
                th scope="col" { "Opened" } th scope="col" { "Revoke" }
            } }
            tbody { @for link in links { tr {
                td data-label="Made" { (time(&link.created_at)) " by " (link.created_by) }
                td data-label="Status" {
                    @match link.status {
                        LinkStatus::Active => (pill("good", "active")),
                        LinkStatus::Expired => (pill("plain", "expired")),
                        LinkStatus::Revoked => (pill("bad", "revoked")),
                    }
                }
                td data-label="Good until" { (time(&link.expires_at)) }
                td data-label="Opened" { (link.uses) ", last " (time_or_never(link.last_used_at.as_deref())) }
                td data-label="Revoke" {
                    @if link.status == LinkStatus::Active {
                        form method="post" {
                            (once())
                            input type="hidden" name="link" value=(link.id);
                            button.danger name="action" value="revoke"
                                aria-label={ "Revoke the link of " (link.created_at) } { "Revoke" }
                        }
                    }
                }
            } } }
        }
    }
}
