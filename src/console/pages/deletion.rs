//! The deletion of an organization, and its way back.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall, WithName};
use super::flash::Flash;
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, address_of, confirmation, once, time};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::organizations::{Organization, OrganizationDeletion};
use crate::admin_api::{AdminContext, CallKey, InOrganization, deletion};
use crate::http::Problem;

/// The page of the deletion of an organization.
pub(super) struct Deletion<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Delete(Confirmed),
    Restore {},
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Confirmed {
    confirm: String,
}

impl Page for Deletion<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let org = self.org;
        let here = address_of(org, "delete");
        match form {
            Form::Delete(Confirmed { confirm }) => {
                let call = FormCall::new(Call::DeleteOrganization, &[org]).asking("confirm_name", confirm);
                let deleted: WithName = call.send(context, key).await?.read()?;
                let done = Flash::OrganizationDeleted.about(&deleted.name);
                Ok(PageResponse::Redirect(done.at(&here)))
            }
            Form::Restore {} => {
                FormCall::new(Call::RestoreOrganization, &[org]).send(context, key).await?;
                Ok(PageResponse::Redirect(Flash::OrganizationRestored.at(&address_of(org, "keys"))))
            }
        }
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } = deletion::preview(context, self.org).await?;
        let is_operator = context.actor.is_operator();
        let main = match &organization.record.deletion {
            Some(_) => restore(&organization, is_operator),
            None => delete(&organization, &answer, is_operator),
        };
        let section = Some((&*organization, Section::Settings));
        let title = "Delete the organization";
        Ok(PageResponse::Page(page(&context.actor, section, title, state.notice.as_ref(), &main)))
    }
}

fn delete(organization: &Organization, counted: &OrganizationDeletion, is_operator: bool) -> Markup {
    let OrganizationDeletion { people, groups, keys } = counted;
    let name = &organization.record.name;
    html! {
        section.card aria-label="What is deleted" {
            dl.facts {
                div { dt { "People whom SCIM sees" } dd { (people) } }
                div { dt { "SCIM groups" } dd { (groups) } }
                div { dt { "Keys that stop at once" } dd { (keys) } }
            }
            p {
                "SCIM requests with its keys are refused from then on. Nothing in it can be changed; its pages \
                 say so. Operators can restore it, with its keys, until the hourly maintenance deletes its people, \
                 groups, projects, keys, history and log: after DELETED_RETENTION_DAYS, which is 30 days unless the \
                 deployment says otherwise. Names of organizations need not be unique, so its name stays free."
            }
            @if is_operator {
                form method="post" {
                    (once())
                    (confirmation("delete", name))
                    button.danger name="action" value="delete" { "Delete" }
                }
            } @else {
                p { "Only operators of this deployment delete organizations." }
            }
        }
        p { a href=(address(organization, "settings")) { "Back to the settings" } }
    }
}

fn restore(organization: &Organization, is_operator: bool) -> Markup {
    html! {
        section.card aria-label="Deleted" {
            @if let Some(deletion) = &organization.record.deletion {
                p { "Deleted " (time(&deletion.at)) " by " (deletion.by) "." }
            }
            p {
                "Restored, it is as it was. The keys that were good are good again within two minutes; those that \
                 have expired meanwhile are not."
            }
            @if is_operator {
                form method="post" {
                    (once())
                    button name="action" value="restore" { "Restore" }
                }
            } @else {
                p { "Only operators of this deployment restore organizations." }
            }
        }
    }
}
