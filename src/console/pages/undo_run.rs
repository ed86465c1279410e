//! An undo under way, and its result. With JavaScript the page carries it on by itself, otherwise by a button.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall};
use super::flash::Flash;
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, next, time};
use super::request::{PageRequest, PageResponse, PageState};
use super::undo::{address_of_run, state};
use super::undo_words::{left_table, restored, selected};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::types::undo::{UndoResult, UndoRun};
use crate::admin_api::{AdminContext, CallKey, InOrganization, undo};
use crate::d1::undo::{Counts, Status};
use crate::http::Problem;

/// The page of an undo.
pub(super) struct UndoRunPage<'a> {
    pub(super) org: &'a str,
    pub(super) id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Step {},
    Stop {},
}

impl Page for UndoRunPage<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (org, id) = (self.org, self.id);
        let here = address_of_run(org, id);
        let (call, redirect) = match form {
            Form::Step {} => (Call::StepUndo, here.into()),
            Form::Stop {} => (Call::StopUndo, Flash::UndoStopped.at(&here)),
        };
        FormCall::new(call, &[org, id]).send(context, key).await?;
        Ok(PageResponse::Redirect(redirect))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let query = query::read(&request.api_query())?;
        let InOrganization { organization, answer } = undo::read(context, self.org, self.id, query).await?;
        let main = main(request, &organization, &answer);
        let section = Some((&*organization, Section::Log));
        Ok(PageResponse::Page(page(&context.actor, section, "Undo", state.notice.as_ref(), &main)))
    }
}

fn main(request: &PageRequest, organization: &Organization, result: &UndoResult) -> Markup {
    let UndoResult { run, left, next: after } = result;
    let after = after.as_deref().map(|after| request.with_parameter("after", after));
    html! {
        section.card #run aria-labelledby="run-heading" data-status=(status(run)) {
            h2 #run-heading { (state(run)) }
            dl.facts {
                div { dt { "Changes" } dd { (selected(&run.selection)) } }
                div { dt { "Begun" } dd { (time(&run.created_at)) " by " (run.created_by) } }
                div { dt { "Looked at" } dd { (progress(run)) } }
            }
            (restored(run.restored))
            @if run.status == Status::Running {
                p {
                    "It goes on while this page is open, and without it every hour. What is restored already stays if \
                     you stop it."
                }
                @if run.releases_brake { p { "When it has finished, the access brake is released." } }
                form method="post" #run-step { button name="action" value="step" { "Go on" } }
                form method="post" { button.danger name="action" value="stop" { "Stop" } }
                p #run-status role="status" {}
            } @else if run.restored != Counts::default() {
                p { a href=(address(organization, &format!("undo?story={}", run.story))) { "Undo this undo" } }
            }
        }
        (left_table(organization, left, "What stayed as it is"))
        (next(after, "More of what stayed"))
    }
}

fn status(run: &UndoRun) -> &'static str {
    match run.status {
        Status::Running => "running",
        Status::Stopped => "stopped",
        Status::Finished => "finished",
    }
}

fn progress(run: &UndoRun) -> Markup {
    html! {
        @match run.subjects {
            None => "The people and groups are being collected.",
            Some(subjects) => {
                progress value=(run.done) max=(subjects.max(1)) aria-label="People and groups looked at" {} " "
                (run.done) " of " (subjects) " people and groups"
            }
        }
    }
}
