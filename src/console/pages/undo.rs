//! Undoing of changes: what would be restored, before it is begun.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall, WithId};
use super::form::optional;
use super::guides::Guide;
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, address_of, field, once, pill, segment, time};
use super::request::{PageRequest, PageResponse, PageState};
use super::undo_words::{extent, left_table, restored, selected};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query::Moment;
use crate::admin_api::types::undo::{PreviewUndo, StartUndo, UndoList, UndoPreview, UndoRun, UndoSelection};
use crate::admin_api::{AdminContext, CallKey, InOrganization, undo};
use crate::d1::undo::{Counts, Status};
use crate::http::{AdminCode, Problem};

/// Most people and things of which the page says what would be restored.
pub(crate) const MOST_PREVIEWED: u32 = 1_000;

/// The page on which an undo is begun.
pub(super) struct Undo<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Start(Chosen),
}

/// A selection as the page's address and its form have it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Chosen {
    events: String,
    story: String,
    key: String,
    actor: String,
    since: String,
    until: String,
    types: String,
    /// Not empty: the access brake is released when all is undone.
    release_brake: String,
}

/// The parameters of the page and its form.
const PARAMETERS: [&str; 8] = ["events", "story", "key", "actor", "since", "until", "types", "release_brake"];

impl Chosen {
    fn of(request: &PageRequest) -> Self {
        let parameter = |name: &str| request.parameter(name).to_owned();
        Self {
            events: parameter("events"),
            story: parameter("story"),
            key: parameter("key"),
            actor: parameter("actor"),
            since: parameter("since"),
            until: parameter("until"),
            types: parameter("types"),
            release_brake: parameter("release_brake"),
        }
    }

    /// Reads the selection; `None`: there is none yet.
    ///
    /// # Errors
    /// 400 for a number or a time that is none.
    fn selection(&self) -> Result<Option<UndoSelection>, Problem> {
        let number = |text: &str| -> Result<i64, Problem> {
            text.trim()
                .parse()
                .map_err(|_| Problem::of(AdminCode::InvalidParameter, "Changes are named by their numbers."))
        };
        let moment = |text: &str| -> Result<Option<Moment>, Problem> {
            optional(text)
                .map(Moment::try_from)
                .transpose()
                .map_err(|why| Problem::of(AdminCode::InvalidParameter, format!("A time {why}.")))
        };
        let list = |text: &str| -> Option<Vec<String>> {
            optional(text).map(|text| text.split(',').map(|each| each.trim().to_owned()).collect())
        };
        let events = list(&self.events);
        let selection = UndoSelection {
            events: events.map(|all| all.iter().map(|each| number(each)).collect()).transpose()?,
            story: optional(&self.story).map(|story| number(&story)).transpose()?,
            key: optional(&self.key),
            actor: optional(&self.actor),
            source: None,
            since: moment(&self.since)?,
            until: moment(&self.until)?,
            types: list(&self.types),
        };
        let is_chosen = selection.events.is_some() || selection.story.is_some() || selection.since.is_some();
        Ok(is_chosen.then_some(selection))
    }

    fn values(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self { events, story, key, actor, since, until, types, release_brake } = self;
        PARAMETERS
            .into_iter()
            .zip([events, story, key, actor, since, until, types, release_brake].map(String::as_str))
    }

    fn releases_brake(&self) -> bool {
        !self.release_brake.is_empty()
    }
}

/// The page of a run.
pub(super) fn address_of_run(org: &str, run: &str) -> String {
    address_of(org, &format!("undo/{}", segment(run)))
}

impl Page for Undo<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (org, Form::Start(chosen)) = (self.org, form);
        let selection = chosen
            .selection()?
            .ok_or_else(|| Problem::of(AdminCode::SelectionEmpty, "Choose the changes first."))?;
        let body = StartUndo { selection, release_brake: chosen.releases_brake() };
        let run: WithId = FormCall::with(Call::StartUndo, &[org], &body)?.send(context, key).await?.read()?;
        Ok(PageResponse::Redirect(address_of_run(org, &run.id).into()))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let chosen = match state.refused {
            Some(Form::Start(chosen)) => chosen,
            None => Chosen::of(request),
        };
        let (organization, main) = match chosen.selection()? {
            Some(selection) => {
                let request = PreviewUndo { selection: selection.clone(), after: None };
                let InOrganization { organization, answer } =
                    undo::preview(context, self.org, request, MOST_PREVIEWED).await?;
                let main = previewed(&organization, &chosen, &selection, &answer);
                (organization, main)
            }
            None => {
                let InOrganization { organization, answer } = undo::list(context, self.org).await?;
                let main = overview(&organization, &chosen, &answer);
                (organization, main)
            }
        };
        let section = Some((&*organization, Section::Log));
        Ok(PageResponse::Page(page(&context.actor, section, "Undo", state.notice.as_ref(), &main)))
    }
}

fn overview(organization: &Organization, chosen: &Chosen, list: &UndoList) -> Markup {
    html! {
        p {
            "Take back what identity providers or administrators changed: access, roles, attributes, groups, teams, \
             projects and settings become as they were, unless others have changed them since. You see what would be \
             done before anything is. "
            (Guide::WhatHappened.link("take-changes-back", "How it works"))
        }
        form.filters method="get" {
            (field("since", "since", "Changes since", &chosen.since, "In UTC, like 2026-01-31T14:00"))
            (field("until", "until", "Before", &chosen.until, "May be left empty"))
            (field("key", "key", "Id of the key", &chosen.key, "Any, if left empty"))
            (field("actor", "actor", "Administrator", &chosen.actor, "Any, if left empty"))
            button { "Look at what would be undone" }
        }
        p { a href=(address(organization, "deleted-people")) { "Deleted people, who can come back" } }
        section.card aria-labelledby="runs-heading" {
            h2 #runs-heading { "Undone so far" }
            @if list.runs.is_empty() {
                p.empty { "Nothing yet." }
            } @else {
                table {
                    thead { tr {
                        th scope="col" { "Begun" } th scope="col" { "By" } th scope="col" { "Changes" }
                        th scope="col" { "State" }
                    } }
                    tbody { @for run in &list.runs { (row(organization, run)) } }
                }
            }
        }
    }
}

fn row(organization: &Organization, run: &UndoRun) -> Markup {
    html! {
        tr {
            td data-label="Begun" {
                a href=(address_of_run(&organization.record.id, &run.id)) { (time(&run.created_at)) }
            }
            td data-label="By" { (run.created_by) }
            td data-label="Changes" { (selected(&run.selection)) }
            td data-label="State" { (state(run)) }
        }
    }
}

/// The state of a run as a label.
pub(super) fn state(run: &UndoRun) -> Markup {
    match run.status {
        Status::Running => pill("warn", "under way"),
        Status::Stopped => pill("bad", "stopped"),
        Status::Finished => pill("good", "finished"),
    }
}

fn previewed(
    organization: &Organization,
    chosen: &Chosen,
    selection: &UndoSelection,
    preview: &UndoPreview,
) -> Markup {
    let has_more = preview.next.is_some();
    let is_anything = preview.restored != Counts::default() || has_more;
    html! {
        p { "Selected: " (selected(&selection.clone().into())) ", that is " (extent(preview)) "." }
        section.card aria-labelledby="restored-heading" {
            h2 #restored-heading { "What would be restored" }
            @if has_more { p { "Of the first " (MOST_PREVIEWED) " people, groups, teams and projects:" } }
            (restored(preview.restored))
            @if !preview.others.is_empty() {
                h3 { "Not undone" }
                table {
                    thead { tr { th scope="col" { "What" } th scope="col" { "Why" } } }
                    tbody { @for other in &preview.others {
                        tr {
                            td data-label="What" { code { (other.event_type) } " (" (other.count) ")" }
                            td data-label="Why" { (other.why) }
                        }
                    } }
                }
            }
            @if is_anything {
                @if chosen.releases_brake() && organization.record.brake.engaged_at.is_some() {
                    p { "When this has finished, the access brake is released." }
                }
                form method="post" {
                    (once())
                    @for (name, value) in chosen.values() {
                        @if !value.is_empty() { input type="hidden" name=(name) value=(value); }
                    }
                    button.danger name="action" value="start" { "Undo these changes" }
                }
            }
            p { a href=(address(organization, "undo")) { "Choose other changes" } }
        }
        (left_table(organization, &preview.left, "What stays as it is"))
    }
}
