//! Deleted people, who can come back until they are erased.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall};
use super::flash::Flash;
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, address_of, next, once, segment, time};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::types::undo::{DeletedPeople as List, DeletedPerson};
use crate::admin_api::{AdminContext, CallKey, InOrganization, deleted_people};
use crate::http::Problem;
use scim_protocol::error::shorten;

/// The page of deleted people.
pub(super) struct DeletedPeople<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Erase(Chosen),
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Chosen {
    id: String,
}

impl Page for DeletedPeople<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let org = self.org;
        let Form::Erase(Chosen { id }) = form;
        FormCall::new(Call::EraseDeletedPerson, &[org, id]).send(context, key).await?;
        Ok(PageResponse::Redirect(Flash::PersonErased.at(&address_of(org, "deleted-people"))))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let query = query::read(&request.api_query())?;
        let InOrganization { organization, answer } = deleted_people::list(context, self.org, query).await?;
        let main = main(request, &organization, &answer);
        let section = Some((&*organization, Section::Members));
        Ok(PageResponse::Page(page(&context.actor, section, "Deleted people", state.notice.as_ref(), &main)))
    }
}

fn main(request: &PageRequest, organization: &Organization, list: &List) -> Markup {
    let List { people, next: after } = list;
    let after = after.as_deref().map(|after| request.with_parameter("after", after));
    html! {
        p {
            "They come back under their ids, with their attributes, their role, and the groups that still exist. \
             What is kept of them is deleted after some time; see the settings of the deployment."
        }
        @if people.is_empty() {
            p.empty { "There is no deleted person." }
        } @else {
            table {
                thead { tr {
                    th scope="col" { "User name" } th scope="col" { "Deleted" } th scope="col" { "By" }
                    th scope="col" { "Organization role" } th scope="col" { "Actions" }
                } }
                tbody { @for person in people { (row(organization, person)) } }
            }
        }
        p { a href=(address(organization, "undo")) { "Undo other changes" } }
        (next(after, "More people"))
    }
}

fn row(organization: &Organization, person: &DeletedPerson) -> Markup {
    html! {
        tr {
            td data-label="User name" { (shorten(&person.user_name)) }
            td data-label="Deleted" { (time(&person.deleted_at)) }
            td data-label="By" { (person.deleted_by) }
            td data-label="Role" { (person.org_role.as_str()) @if !person.active { ", inactive" } }
            td data-label="Actions" {
                a.button aria-label={ "Bring back " (shorten(&person.user_name)) }
                    href=(address(organization, &format!("members/{}/restore", segment(&person.id)))) {
                    "Bring back"
                }
                details {
                    summary aria-label={ "Erase " (person.user_name) } { "Erase" }
                    form method="post" {
                        (once())
                        input type="hidden" name="id" value=(person.id);
                        p { "What is kept of the person is deleted, also their names in the history. This is final." }
                        button name="action" value="erase" aria-label={ "Erase now " (person.user_name) } {
                            "Erase now"
                        }
                    }
                }
            }
        }
    }
}
