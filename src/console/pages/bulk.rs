//! Changes of many people at once: what would become of those who were ticked, and the run that changes them.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall, WithId};
use super::confirm;
use super::flash::Flash;
use super::form::{number, words};
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, address_of, brief, field, next, once, segment, select, time};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::bulk::{BulkPreview, BulkResults, PreviewBulk, StartBulk};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::query;
use crate::admin_api::{AdminContext, CallKey, InOrganization, bulk, group_people, organizations};
use crate::d1::bulk::{Change, Outcome, Person, Status};
use crate::http::{AdminCode, Problem};
use directory::{ByName, OrgRole};

/// What the fields of ticked people begin with, before the id.
const TICKED: &str = "p-";
/// Most people of the preview that are listed.
const MOST_LISTED: usize = 100;

/// What can be done, as the form has it.
const CHANGES: [(&str, &str); 6] = [
    ("deactivate", "Deactivate"),
    ("activate", "Activate again"),
    ("set_role", "Set the organization role"),
    ("add_to_group", "Add to a group"),
    ("remove_from_group", "Remove from a group"),
    ("remove", "Remove from the organization"),
];

/// The page on which a change of many people is begun.
pub(super) struct Bulk<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    /// The people who are ticked in a list.
    Choose(ByName<String>),
    Preview(Fields),
    Start(Fields),
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    /// Ids with commas between them; empty if the people are those of a search.
    people: String,
    /// The query of the search, after a question mark.
    query: String,
    change: String,
    org_role: String,
    group: String,
    confirm_people: String,
}

impl Fields {
    fn of(form: &Form) -> Self {
        match form {
            Form::Preview(fields) | Form::Start(fields) => fields.clone(),
            Form::Choose(ticked) => {
                let ids: Vec<&str> = ticked.0.keys().filter_map(|name| name.strip_prefix(TICKED)).collect();
                let query = ticked.0.get("query").cloned().unwrap_or_default();
                Self { people: ids.join(","), query, ..Self::default() }
            }
        }
    }

    /// The people who are ticked, or the query that finds them.
    fn target(&self) -> (Option<Vec<String>>, Option<String>) {
        let ids = words(&self.people, &[',']);
        match ids.is_empty() {
            true => (None, Some(self.query.clone()).filter(|query| !query.is_empty())),
            false => (Some(ids), None),
        }
    }

    /// The change, with the group by its id.
    async fn change(&self, context: &AdminContext<'_>, org: &str) -> Result<Change, Problem> {
        let group = async || group_people::group_id(context, org, self.group.trim()).await;
        Ok(match self.change.as_str() {
            "deactivate" => Change::Deactivate {},
            "activate" => Change::Activate {},
            "remove" => Change::Remove {},
            "set_role" if self.org_role == "Admin" => Change::SetRole { org_role: OrgRole::Admin },
            "set_role" => Change::SetRole { org_role: OrgRole::Member },
            "add_to_group" => Change::AddToGroup { group: group().await? },
            "remove_from_group" => Change::RemoveFromGroup { group: group().await? },
            _ => return Err(Problem::of(AdminCode::NothingChosen, "Choose what is to be done.")),
        })
    }
}

impl Page for Bulk<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let org = self.org;
        let fields = Fields::of(form);
        let (people, query) = fields.target();
        if people.is_none() && query.is_none() {
            return Err(Problem::of(AdminCode::SelectionEmpty, "Tick people on the page of members first."));
        }
        match form {
            Form::Choose(_) => {
                let organization = organizations::read(context, org).await?.organization;
                Ok(shown(context, &organization, &fields, None))
            }
            Form::Preview(_) => {
                let change = fields.change(context, org).await?;
                let request = PreviewBulk { change, people, query };
                let InOrganization { organization, answer } = bulk::preview(context, org, request).await?;
                Ok(shown(context, &organization, &fields, Some(&answer)))
            }
            Form::Start(_) => {
                let change = fields.change(context, org).await?;
                let confirm_people = number(&fields.confirm_people, "The number of people")?;
                let body = StartBulk { change, people, query, confirm_people };
                let run: WithId =
                    FormCall::with(Call::StartBulk, &[org], &body)?.send(context, key).await?.read()?;
                Ok(PageResponse::Redirect(address_of(org, &format!("bulk/{}", segment(&run.id))).into()))
            }
        }
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let organization = organizations::read(context, self.org).await?.organization;
        let fields = state.refused.as_ref().map(Fields::of).unwrap_or_default();
        let main = main(&organization, &fields, None);
        let section = Some((&*organization, Section::Members));
        Ok(PageResponse::Page(page(&context.actor, section, TITLE, state.notice.as_ref(), &main)))
    }
}

fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// The forms below a list of members: for those who are ticked in it, and for all whom its search finds.
pub(super) fn choice(organization: &Organization, query: &str, total: Option<u64>) -> Markup {
    html! {
        div.choice {
            form #bulk method="post" action=(address(organization, "bulk")) {
                button.quiet name="action" value="choose" { "Change the ticked people" }
            }
            form method="post" action=(address(organization, "bulk")) {
                (hidden("query", query))
                button.quiet name="action" value="choose" {
                    "Change all " @if let Some(total) = total { (total) " " } "people found"
                }
            }
        }
    }
}

/// The box by which a person is ticked in a list that has [`choice`] below it.
pub(super) fn tick(id: &str, user_name: &str) -> Markup {
    html! {
        input type="checkbox" form="bulk" name={ (TICKED) (id) } value="on" aria-label={ "Choose " (brief(user_name)) };
        " "
    }
}

const TITLE: &str = "Change several people";

fn shown(
    context: &AdminContext<'_>,
    organization: &Organization,
    fields: &Fields,
    preview: Option<&BulkPreview>,
) -> PageResponse {
    let main = main(organization, fields, preview);
    PageResponse::Page(page(&context.actor, Some((organization, Section::Members)), TITLE, None, &main))
}

fn main(organization: &Organization, fields: &Fields, preview: Option<&BulkPreview>) -> Markup {
    let (people, query) = fields.target();
    html! {
        @if people.is_none() && query.is_none() {
            p.empty { "No one is chosen. Tick people on the page of members, and choose what is to be done." }
        } @else {
            form method="post" action=(address(organization, "bulk")) {
                p { @match people.as_deref() {
                    Some([_]) => "1 person is chosen.",
                    Some(people) => { (people.len()) " people are chosen." },
                    None => "All people whom the search finds are chosen.",
                } }
                (hidden("people", &fields.people))
                (hidden("query", &fields.query))
                (select("change", "change", "What is to be done", &CHANGES, &fields.change))
                (select("org_role", "org_role", "Organization role, where that is set",
                    &[("Member", "Member"), ("Admin", "Admin")], &fields.org_role))
                (field("group", "group", "Group, where one is meant", &fields.group, "Its name or its id."))
                button name="action" value="preview" { "Preview" }
            }
        }
        @if let Some(preview) = preview { (previewed(organization, fields, preview)) }
        p { a href=(address(organization, "members")) { "To the members" } }
    }
}

fn previewed(organization: &Organization, fields: &Fields, preview: &BulkPreview) -> Markup {
    let BulkPreview { counts, consequences, people } = preview;
    let losing = (consequences.people > 0).then_some(consequences.people);
    html! {
        section.card aria-labelledby="preview-heading" {
            h2 #preview-heading { "What would happen" }
            ul {
                li { (counts.done) " of " (counts.people) " would be changed." }
                @if counts.unchanged > 0 { li { (counts.unchanged) " need no change." } }
                @if counts.refused > 0 { li { (counts.refused) " would be refused." } }
                @if losing.is_some() {
                    li {
                        (confirm::share(consequences)) " would lose access, and "
                        @match consequences.memberships {
                            1 => "1 membership of a group",
                            many => { (many) " memberships of groups" },
                        }
                        " would end. Identity providers may set back what they manage."
                    }
                }
            }
            @if counts.done > 0 {
                form method="post" action=(address(organization, "bulk")) {
                    (once())
                    (hidden("people", &fields.people))
                    (hidden("query", &fields.query))
                    (hidden("change", &fields.change))
                    (hidden("org_role", &fields.org_role))
                    (hidden("group", &fields.group))
                    (confirm::field("confirm-people", organization, losing))
                    button.danger name="action" value="start" { "Change " (counts.done) }
                }
            }
            (table(organization, people.iter().take(MOST_LISTED)))
            @if people.len() > MOST_LISTED { p { "And " (people.len().saturating_sub(MOST_LISTED)) " more." } }
        }
    }
}

fn table<'p>(organization: &Organization, people: impl Iterator<Item = &'p Person>) -> Markup {
    html! {
        table aria-label="People" {
            thead { tr {
                th scope="col" { "User name" } th scope="col" { "Groups" } th scope="col" { "Result" }
            } }
            tbody {
                @for person in people { tr {
                    td data-label="User name" {
                        a href=(address(organization, &format!("members/{}", segment(&person.id)))) {
                            (person.user_name.as_deref().unwrap_or(&person.id))
                        }
                    }
                    td data-label="Groups" { (person.groups) }
                    td data-label="Result" { (result(person.result)) }
                } }
            }
        }
    }
}

fn result(result: Option<Outcome>) -> &'static str {
    match result {
        None => "not looked at yet",
        Some(Outcome::Done) => "changed",
        Some(Outcome::Unchanged) => "no change needed",
        Some(Outcome::Gone) => "refused: not in the organization any more",
        Some(Outcome::Owner) => "refused: the Owner cannot be changed",
        Some(Outcome::Inactive) => "refused: inactive people have no role and no groups",
        Some(Outcome::TooManyGroups) => "refused: in too many groups",
    }
}

/// A run under way, and its result. With JavaScript the page carries it on by itself, otherwise by a button.
pub(super) struct BulkRunPage<'a> {
    pub(super) org: &'a str,
    pub(super) id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum RunForm {
    Step {},
    Stop {},
}

impl Page for BulkRunPage<'_> {
    type Form = RunForm;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &RunForm,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let (org, id) = (self.org, self.id);
        let here = address_of(org, &format!("bulk/{}", segment(id)));
        let (call, redirect) = match form {
            RunForm::Step {} => (Call::StepBulk, here.into()),
            RunForm::Stop {} => (Call::StopBulk, Flash::BulkStopped.at(&here)),
        };
        FormCall::new(call, &[org, id]).send(context, key).await?;
        Ok(PageResponse::Redirect(redirect))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<RunForm>,
    ) -> Result<PageResponse, Problem> {
        let query = query::read(&request.api_query())?;
        let InOrganization { organization, answer } = bulk::read(context, self.org, self.id, query).await?;
        let main = progress(request, &organization, &answer);
        let section = Some((&*organization, Section::Members));
        Ok(PageResponse::Page(page(&context.actor, section, TITLE, state.notice.as_ref(), &main)))
    }
}

fn progress(request: &PageRequest, organization: &Organization, answer: &BulkResults) -> Markup {
    let BulkResults { run, people, next: after } = answer;
    let (status, heading) = match run.status {
        Status::Running => ("running", "Under way"),
        Status::Stopped => ("stopped", "Stopped"),
        Status::Finished => ("finished", "Finished"),
    };
    let after = after.as_deref().map(|after| request.with_parameter("after", after));
    html! {
        section.card #run aria-labelledby="run-heading" data-status=(status) {
            h2 #run-heading { (heading) }
            dl.facts {
                div { dt { "Change" } dd { (what(organization, &run.change)) } }
                div { dt { "Begun" } dd { (time(&run.created_at)) " by " (run.created_by) } }
                div { dt { "Looked at" } dd {
                    progress value=(run.counts.looked_at) max=(run.counts.people.max(1))
                        aria-label="People looked at" {} " "
                    (run.counts.looked_at) " of " (run.counts.people)
                } }
                div { dt { "Changed" } dd { (run.counts.done) } }
                div { dt { "No change needed" } dd { (run.counts.unchanged) } }
                div { dt { "Refused" } dd { (run.counts.refused) } }
            }
            @if run.status == Status::Running {
                p {
                    "It goes on while this page is open, and without it every hour. What is changed stays if you stop \
                     it."
                }
                form method="post" #run-step { button name="action" value="step" { "Go on" } }
                form method="post" { button.danger name="action" value="stop" { "Stop" } }
                p #run-status role="status" {}
            }
            @if let Some(story) = run.story {
                p { a href=(address(organization, &format!("undo?story={story}"))) { "Undo" } }
            }
        }
        (table(organization, people.iter()))
        (next(after, "More people"))
        p { a href=(address(organization, "members")) { "To the members" } }
    }
}

fn what(organization: &Organization, change: &Change) -> Markup {
    let group = |id: &str| html! { a href=(address(organization, &format!("groups/{}", segment(id)))) { "the group" } };
    html! {
        @match change {
            Change::Deactivate {} => "Deactivate",
            Change::Activate {} => "Activate again",
            Change::SetRole { org_role } => { "Set the organization role " (org_role.as_str()) },
            Change::AddToGroup { group: id } => { "Add to " (group(id)) },
            Change::RemoveFromGroup { group: id } => { "Remove from " (group(id)) },
            Change::Remove {} => "Remove from the organization",
        }
    }
}
