//! Products: their keys, how fast they learn that a person lost access, and the alert about it.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall, KeyText, WithHint};
use super::flash::Flash;
use super::form::{Checkbox, check_confirmed, number, optional};
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{
    address, address_of, copy_button, field, maker, once, segment, select, time, time_or_never,
};
use super::request::{Notice, PageRequest, PageResponse, PageState};
use crate::admin_api::product_keys::{self, Products as Found};
use crate::admin_api::types::keys::KeyStatus;
use crate::admin_api::types::organizations::{Organization, Settings};
use crate::admin_api::types::product_keys::{
    ChangeProductKey, Consumer, GenerateProductKey, ProductKey, Revocation, RotateProductKey,
};
use crate::admin_api::{AdminContext, CallKey, InOrganization};
use crate::http::{AdminCode, Problem};
use directory::KeyScope;

/// The page of an organization's products.
pub(super) struct Products<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Generate(Generate),
    Rename(Rename),
    Rotate(OfKey),
    Deactivate(OfKey),
    Alert(Alert),
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Generate {
    name: String,
    read: Checkbox,
    events: Checkbox,
    check: Checkbox,
    setup_links: Checkbox,
    expires_on: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct OfKey {
    key: String,
    overlap_hours: String,
    confirm: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Rename {
    key: String,
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Alert {
    minutes: String,
}

/// What a product key may do, by the fields of the form.
const SCOPES: [(&str, KeyScope, &str); 4] = [
    ("read", KeyScope::Read, "Read people with their access"),
    ("events", KeyScope::Events, "Read the feed of events, and acknowledge them"),
    ("check", KeyScope::Check, "Ask whether a person may do something"),
    ("setup_links", KeyScope::SetupLinks, "Make links for setting up an identity provider"),
];

const OVERLAPS: [(&str, &str); 4] = [
    ("24", "stays good for a day"),
    ("1", "stays good for an hour"),
    ("168", "stays good for a week"),
    ("0", "stops at once"),
];

impl Generate {
    fn has(&self, scope: KeyScope) -> bool {
        match scope {
            KeyScope::Read => self.read.0,
            KeyScope::Events => self.events.0,
            KeyScope::Check => self.check.0,
            KeyScope::SetupLinks => self.setup_links.0,
        }
    }
}

impl Page for Products<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let org = self.org;
        let here = address_of(org, "products");
        let issued = match form {
            Form::Generate(form) => {
                let scopes =
                    SCOPES.iter().map(|(_, scope, _)| *scope).filter(|scope| form.has(*scope)).collect();
                let expires_at = optional(&form.expires_on).map(|day| format!("{day}T23:59:59Z"));
                let body = GenerateProductKey { name: form.name.trim().to_owned(), scopes, expires_at };
                FormCall::with(Call::GenerateProductKey, &[org], &body)?.send(context, key).await?
            }
            Form::Rotate(form) => {
                let overlap_hours = number(&form.overlap_hours, "The overlap")?;
                let body = RotateProductKey { overlap_hours, expires_at: None };
                let parameters = [org, form.key.as_str()];
                FormCall::with(Call::RotateProductKey, &parameters, &body)?.send(context, key).await?
            }
            Form::Rename(form) => {
                let body = ChangeProductKey { name: form.name.trim().to_owned() };
                let parameters = [org, form.key.as_str()];
                let call = FormCall::with(Call::RenameProductKey, &parameters, &body)?;
                let named: WithHint = call.send(context, key).await?.read()?;
                return Ok(PageResponse::Redirect(Flash::KeyNamed.about(&named.hint).at(&here)));
            }
            Form::Deactivate(form) => {
                check_confirmed(&form.confirm, "deactivate")?;
                let parameters = [org, form.key.as_str()];
                let call = FormCall::new(Call::DeactivateProductKey, &parameters);
                let deactivated: WithHint = call.send(context, key).await?.read()?;
                let done = Flash::KeyDeactivated.about(&deactivated.hint);
                return Ok(PageResponse::Redirect(done.at(&here)));
            }
            Form::Alert(form) => {
                let revocation_minutes = number(&form.minutes, "The number of minutes")?.or(Some(0));
                let body = Settings { revocation_minutes, ..Settings::default() };
                FormCall::with(Call::UpdateOrganization, &[org], &body)?.send(context, key).await?;
                return Ok(PageResponse::Redirect(Flash::SettingsSaved.at(&here)));
            }
        };
        let KeyText { key: new_key, note } = issued.read()?;
        let notice = note.map(|note| Notice::Problem(Problem::of(AdminCode::KeyNotShownAgain, note)));
        self.render_with(context, request, PageState { notice, refused: None }, new_key.as_deref()).await
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        self.render_with(context, request, state, None).await
    }
}

impl Products<'_> {
    async fn render_with(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        PageState { notice, refused }: PageState<Form>,
        new_key: Option<&str>,
    ) -> Result<PageResponse, Problem> {
        let person = Some(request.parameter("person")).filter(|person| !person.is_empty());
        let InOrganization { organization, answer } = product_keys::page(context, self.org, person).await?;
        let main = html! {
            @if let Some(key) = new_key { (shown_once(key)) }
            @if let Some(person) = person { (of_person(&organization, person, &answer.revocations)) }
            (keys(&answer, refused.as_ref()))
            (consumers(&organization, &answer.consumers, refused.as_ref()))
        };
        let section = Some((&*organization, Section::Products));
        Ok(PageResponse::Page(page(&context.actor, section, "Products", notice.as_ref(), &main)))
    }
}

fn shown_once(key: &str) -> Markup {
    html! {
        section.notice.good.key aria-labelledby="new-key-heading" role="status" {
            h2 #new-key-heading { "Your new product key" }
            p { "This is the only time it is shown. Put it into the product's secrets now." }
            p { code.value #new-key { (key) } " " (copy_button(key, "the product key")) }
        }
    }
}

fn keys(found: &Found, refused: Option<&Form>) -> Markup {
    let filled = match refused {
        Some(Form::Generate(form)) => Some(form),
        _ => None,
    };
    let form = html! {
        form method="post" {
            (once())
            (field("new-name", "name", "Name", filled.map_or("", |form| &form.name), "Which product, and where."))
            fieldset {
                legend { "The product may" }
                @for (name, scope, label) in SCOPES {
                    div.field.tick {
                        input id={ "scope-" (name) } type="checkbox" name=(name) value="on"
                            checked[filled.is_none_or(|form| form.has(scope)) && scope != KeyScope::SetupLinks
                                || filled.is_some_and(|form| form.has(scope))];
                        label for={ "scope-" (name) } { (label) }
                    }
                }
            }
            div.field {
                label for="expires-on" { "Good until the end of this day (UTC)" }
                input #expires-on type="date" name="expires_on" value=(filled.map_or("", |form| &form.expires_on))
                    aria-describedby="expires-on-hint";
                small #expires-on-hint { "Empty: it never expires." }
            }
            button name="action" value="generate" { "Generate" }
        }
    };
    html! {
        p {
            "A product reads people, events and permissions with a key of its own. It never writes the directory, and \
             SCIM keys do not open this side."
        }
        @if found.keys.is_empty() { p { "There are no product keys yet." } }
        @for key in &found.keys { (one_key(key, refused)) }
        (maker("Generate a product key", filled.is_some() || found.keys.is_empty(), &form))
    }
}

fn one_key(key: &ProductKey, refused: Option<&Form>) -> Markup {
    let may: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let (state, tone) = match key.status {
        KeyStatus::Active => ("active", "good"),
        KeyStatus::Expired => ("expired", "bad"),
        KeyStatus::Deactivated => ("deactivated", "bad"),
    };
    let overlap = match refused {
        Some(Form::Rotate(form)) if form.key == key.id => form.overlap_hours.as_str(),
        _ => "24",
    };
    let (typed, is_open) = match refused {
        Some(Form::Rename(form)) => (Some(form.name.as_str()), form.key == key.id),
        Some(Form::Rotate(form) | Form::Deactivate(form)) => (None, form.key == key.id),
        _ => (None, false),
    };
    let name = typed.filter(|_| is_open).unwrap_or(&key.name);
    html! {
        section.card id={ "key-" (key.id) } aria-labelledby={ "heading-" (key.id) } {
            h2 id={ "heading-" (key.id) } { (key.name) " " span.badge.(tone) { (state) } }
            dl.facts {
                div { dt { "Key" } dd { code { (key.hint) } } }
                div { dt { "May" } dd { (may.join(", ")) } }
                div { dt { "Generated" } dd { (time(&key.created_at)) " by " (key.created_by) } }
                div { dt { "Last used" } dd { (time_or_never(key.last_used_at.as_deref())) } }
                @match &key.deactivated_at {
                    None => div { dt { "Expires" } dd { (time_or_never(key.expires_at.as_deref())) } },
                    Some(at) => div { dt { "Deactivated" } dd { (time(at)) } },
                }
            }
            @if key.status == KeyStatus::Active {
                details open[is_open] {
                    summary { "Rename, rotate or deactivate" span.hidden { " " (key.name) ", " (key.hint) } }
                    div.columns {
                        form method="post" {
                            h3 { "Rename" }
                            input type="hidden" name="key" value=(key.id);
                            (field(&format!("name-{}", key.id), "name", "New name", name, ""))
                            button.quiet name="action" value="rename" { "Save the name" }
                        }
                        form method="post" {
                            (once())
                            h3 { "Rotate" }
                            p { "A new key takes this one's place: its name, what it may do, and how far it has read." }
                            input type="hidden" name="key" value=(key.id);
                            (select(&format!("overlap-{}", key.id), "overlap_hours", "This key", &OVERLAPS, overlap))
                            button name="action" value="rotate" { "Rotate" }
                        }
                        form method="post" {
                            h3 { "Deactivate" }
                            p { "Requests with it are refused at once, for good." }
                            input type="hidden" name="key" value=(key.id);
                            (field(&format!("confirm-{}", key.id), "confirm", "Type deactivate to confirm", "", ""))
                            button.danger name="action" value="deactivate" { "Deactivate" }
                        }
                    }
                }
            }
        }
    }
}

/// A time in milliseconds in words.
fn span(millis: i64) -> String {
    match millis {
        ..=9_999 => format!("{}.{}\u{a0}s", millis / 1_000, millis.rem_euclid(1_000) / 100),
        10_000..=119_999 => format!("{}\u{a0}s", millis / 1_000),
        120_000..=7_199_999 => format!("{}\u{a0}min", millis / 60_000),
        _ => format!("{}\u{a0}h", millis / 3_600_000),
    }
}

fn consumers(organization: &Organization, consumers: &[Consumer], refused: Option<&Form>) -> Markup {
    let minutes = match refused {
        Some(Form::Alert(form)) => form.minutes.clone(),
        _ => organization.record.revocation_minutes.to_string(),
    };
    html! {
        section.card aria-labelledby="revocation-heading" {
            h2 #revocation-heading { "How fast lost access is known" }
            p {
                "A product acknowledges the events that it has applied. The time is from the request of the identity \
                 provider to the acknowledgement, of the deactivations among the newest 2,000 events."
            }
            @if consumers.is_empty() { p { "No product has acknowledged events yet." } } @else {
                table {
                    caption.hidden { "Products that acknowledge events" }
                    thead { tr {
                        th scope="col" { "Product" } th scope="col" { "Half of them within" }
                        th scope="col" { "99 % within" } th scope="col" { "Deactivations" }
                        th scope="col" { "Acknowledged" } th scope="col" { "Behind" }
                    } }
                    tbody { @for each in consumers { tr {
                        td data-label="Product" {
                            (each.name) @if !each.in_use { " " span.badge { "no key" } }
                            @if each.is_late { " " span.badge.bad { "late" } }
                        }
                        td data-label="Half of them within" { (each.p50_millis.map_or("–".to_owned(), span)) }
                        td data-label="99 % within" { (each.p99_millis.map_or("–".to_owned(), span)) }
                        td data-label="Deactivations" {
                            (each.measured) @if let Some(since) = &each.waiting_since {
                                ", and " (each.waiting) " not acknowledged since " (time(since))
                            }
                        }
                        td data-label="Acknowledged" { (time(&each.at)) }
                        td data-label="Behind" {
                            (each.behind) @if each.behind == 1 { " event" } @else { " events" }
                        }
                    } } }
                }
            }
            form method="post" {
                (field("minutes", "minutes", "Alert after so many minutes without acknowledgement", &minutes,
                    "On each page and under Health. 0: no alert. The IPSIE profile asks for 5."))
                button name="action" value="alert" { "Save" }
            }
        }
    }
}

fn of_person(organization: &Organization, person: &str, revocations: &[Revocation]) -> Markup {
    html! {
        section.card aria-labelledby="person-heading" {
            h2 #person-heading { "When products knew that this person lost access" }
            p { a href=(address(organization, &format!("members/{}", segment(person)))) { "The person" } }
            (deactivations(organization, revocations))
        }
    }
}

/// The deactivations of a person, and when products acknowledged them.
pub(super) fn deactivations(organization: &Organization, revocations: &[Revocation]) -> Markup {
    html! {
        @if revocations.is_empty() {
            p { "There is no deactivation that a product could have acknowledged." }
        } @else {
            table {
                caption.hidden { "Deactivations" }
                thead { tr {
                    th scope="col" { "When" } th scope="col" { "What" } th scope="col" { "Acknowledged by" }
                } }
                tbody { @for each in revocations { tr {
                    td data-label="When" {
                        a href=(address(organization, &format!("events/{}", each.event))) { (time(&each.at)) }
                    }
                    td data-label="What" {
                        @if each.r#type == "person.deleted" { "deleted" } @else { "deactivated" }
                    }
                    td data-label="Acknowledged by" { ul { @for one in &each.acknowledged { li {
                        (one.name) ": " @match one.millis {
                            Some(millis) => { "after " (span(millis)) },
                            None => { strong { "not yet" } ", waiting since " (time(&each.at)) },
                        }
                    } } } }
                } } }
            }
        }
    }
}
