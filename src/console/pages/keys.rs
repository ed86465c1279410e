//! Access management: the SCIM key, and what to type where.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::post;
use super::flash::Flash;
use super::form::{check_confirmed, number};
use super::guides::Guide;
use super::layout::{Section, page};
use super::page::{Shown, Submitted};
use super::parts::{
    address, address_of, confirmation, copied, copy_button, once, pill, select, time, time_or_never,
};
use super::request::{Notice, PageRequest, PageResponse, PageState};
use crate::admin_api::types::Nothing;
use crate::admin_api::types::keys::{
    GenerateKey, IssuedKey, Key, KeyStatus, NewKey, RegenerateKey, RepeatedNewKey,
};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::{AdminContext, CallKey, InOrganization, idempotency, keys};
use crate::d1::StorageError;
use crate::http::Problem;

/// What to type into Okta, in the words of README.md.
#[derive(Deserialize)]
struct OktaTexts {
    connection: Vec<(String, String)>,
    to_app: String,
    push_groups: String,
    mapping: String,
    attribute: Vec<(String, String)>,
    owner: String,
}

impl OktaTexts {
    fn read() -> Result<Self, StorageError> {
        serde_json::from_str(include_str!("okta.json"))
            .map_err(|error| StorageError::Internal(format!("okta.json: {error}")))
    }
}

const OVERLAPS: [(&str, &str); 4] = [
    ("86400", "Stays good for 24 hours"),
    ("3600", "Stays good for 1 hour"),
    ("604800", "Stays good for 7 days"),
    ("0", "Stops working at once"),
];
const LIFETIMES: [(&str, &str); 4] = [
    ("2592000", "In 30 days"),
    ("7776000", "In 90 days"),
    ("15552000", "In 180 days"),
    ("31536000", "In a year"),
];

/// The page of an organization's keys.
pub(super) struct Keys<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub(super) enum Form {
    Generate(Generate),
    Regenerate(Regenerate),
    Deactivate(Deactivate),
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Generate {
    /// The key that was the newest when the page was made.
    latest: String,
    expires_in_seconds: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Regenerate {
    latest: String,
    key: String,
    overlap_seconds: String,
    expires_in_seconds: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Deactivate {
    key: String,
    confirm: String,
}

impl Submitted for Keys<'_> {
    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let org = self.org;
        let issued = match form {
            Form::Generate(form) => {
                let body = GenerateKey { expires_in_seconds: expires(&form.expires_in_seconds)? };
                self.check_latest(context, key, &form.latest).await?;
                let path = ["organizations", org, "keys"];
                post(context, key, &path, Some(&body), async |context| {
                    keys::generate(context, org, body.clone()).await
                })
                .await?
            }
            Form::Regenerate(form) => {
                let body = RegenerateKey {
                    overlap_seconds: number(&form.overlap_seconds, "The overlap")?,
                    expires_in_seconds: expires(&form.expires_in_seconds)?,
                };
                self.check_latest(context, key, &form.latest).await?;
                let path = ["organizations", org, "keys", &form.key, "regenerate"];
                post(context, key, &path, Some(&body), async |context| {
                    keys::regenerate(context, org, &form.key, body.clone()).await
                })
                .await?
            }
            Form::Deactivate(form) => {
                check_confirmed(&form.confirm, "deactivate")?;
                let path = ["organizations", org, "keys", &form.key, "deactivate"];
                let deactivated = post(context, key, &path, None::<&Nothing>, async |context| {
                    keys::deactivate(context, org, &form.key).await
                })
                .await?
                .into_body()?;
                let flash = match deactivated.other_good_keys.is_empty() {
                    true => Flash::KeyDeactivated,
                    false => Flash::OneKeyDeactivated,
                };
                return Ok(PageResponse::Redirect(
                    flash.about(&deactivated.described.hint).at(&address_of(org, "keys")),
                ));
            }
        };
        let (notice, new_key) = match issued.into_body()? {
            IssuedKey::Shown(NewKey { key, .. }) => (None, Some(key)),
            IssuedKey::Gone(RepeatedNewKey { note, .. }) => {
                (Some(Notice::Problem(Problem::new(409, note))), None)
            }
        };
        self.render_with(context, request, notice, new_key.as_deref()).await
    }
}

impl Shown for Keys<'_> {
    type Form = Form;

    async fn render(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        self.render_with(context, request, state.notice, None).await
    }
}

impl Keys<'_> {
    async fn render_with(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        notice: Option<Notice>,
        new_key: Option<&str>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } = keys::list(context, self.org).await?;
        let main = main(request, &organization, &answer.keys, new_key)?;
        let section = Some((&organization, Section::Keys));
        Ok(PageResponse::Page(page(&context.actor, section, "Access management", notice.as_ref(), &main)))
    }

    /// Refuses a form that would generate one key more than intended: a page with a new key is the answer to a form,
    /// and a browser reloads it by sending the form again. A form with a known key has its own answer.
    ///
    /// # Errors
    /// 409.
    async fn check_latest(
        &self,
        context: &AdminContext<'_>,
        key: Option<&CallKey>,
        seen: &str,
    ) -> Result<(), Problem> {
        if let Some(key) = key
            && idempotency::is_known(context, key).await?
        {
            return Ok(());
        }
        let keys = keys::list(context, self.org).await?.answer.keys;
        if latest(&keys) == seen {
            return Ok(());
        }
        Err(Problem::new(
            409,
            "No key was generated: there is a newer one, generated after this page had been loaded. A key is shown \
             only once; if the newest was not kept, regenerate it.",
        ))
    }
}

/// The id of the newest key; empty if there is none.
fn latest(keys: &[Key]) -> &str {
    keys.first().map_or("", Key::id)
}

fn expires(text: &str) -> Result<Option<u64>, Problem> {
    number(text, "The time after which the key expires")
}

fn main(
    request: &PageRequest,
    organization: &Organization,
    keys: &[Key],
    new_key: Option<&str>,
) -> Result<Markup, StorageError> {
    // What an administrator means by "the key": the newest active one, else the newest.
    let current = keys.iter().find(|key| key.is_active()).or(keys.first());
    let others: Vec<&Key> =
        keys.iter().filter(|key| current.is_some_and(|current| current.id() != key.id())).collect();
    let base = format!("{}/scim", request.origin);
    let okta = OktaTexts::read()?;
    let policy = lifetimes(organization);
    Ok(html! {
        @if let Some(key) = new_key { (shown_once(key)) }
        section.card id=[current.map(anchor)] aria-labelledby="key-heading" {
            h2 #key-heading { "SCIM key " (status(current)) }
            @match current {
                None => p { "Provisioning is off. Generate a key and put it into your identity provider." },
                Some(key) => (facts(organization, key)),
            }
            @match current.filter(|key| key.is_active()) {
                None => (generate(latest(keys), &policy)),
                Some(key) => {
                    div.columns { (regenerate(latest(keys), &policy, key)) (deactivate(key, keys)) }
                }
            }
        }
        section.card aria-labelledby="okta-heading" {
            h2 #okta-heading { "Okta" }
            p { "Applications > your app > Provisioning > Integration > Edit. Then \
                 " em { "Test Connector \
                 Configuration" } ". " (Guide::Okta.link("", "All steps")) }
            (filled_in(&okta.connection, &[("{base}", &base)], new_key))
            p { (okta.to_app) }
            p { (okta.push_groups) }
            p {
                "For organization roles, add to the app's profile an attribute. " (okta.owner)
            }
            (filled_in(&okta.attribute, &[("{attribute}", &organization.org_role_attribute)], None))
            p { (okta.mapping) " " (Guide::Okta.link("8-organization-roles", "How")) }
        }
        section.card aria-labelledby="entra-heading" {
            h2 #entra-heading { "Microsoft Entra ID" }
            p { "Enterprise applications > your app > Provisioning > Admin Credentials. Then \
                 " em { "Test \
                 Connection" } ". " (Guide::Entra.link("", "All steps")) }
            (values(&[
                ("Provisioning Mode", "Automatic", false),
                ("Tenant URL", &base, true),
                (
                    "Secret Token",
                    new_key.unwrap_or("the SCIM key, which is shown once, when it is generated"),
                    new_key.is_some(),
                ),
            ]))
        }
        @if !others.is_empty() {
            section.card aria-labelledby="others-heading" {
                h2 #others-heading { "Other keys" }
                (table(organization, &others, keys))
            }
        }
    })
}

fn shown_once(key: &str) -> Markup {
    html! {
        section.notice.good.key aria-labelledby="new-key-heading" role="status" {
            h2 #new-key-heading { "Your new SCIM key" }
            p { "This is the only time it is shown. Put it into your identity provider now." }
            p { code.value #new-key { (key) } " " (copy_button(key, "the SCIM key")) }
        }
    }
}

fn status(key: Option<&Key>) -> Markup {
    match key.map(|key| key.record.status) {
        None => pill("plain", "not enabled"),
        Some(KeyStatus::Active) => pill("good", "active"),
        Some(KeyStatus::Expired) => pill("bad", "expired"),
        Some(KeyStatus::Deactivated) => pill("plain", "deactivated"),
    }
}

/// Where links to a key lead on this page.
fn anchor(key: &Key) -> String {
    format!("key-{}", key.id())
}

/// A link to what a key did.
fn deeds(organization: &Organization, key: &Key) -> Markup {
    html! { a href=(address(organization, &format!("log?key={}", key.id()))) { "What it did" } }
}

fn facts(organization: &Organization, key: &Key) -> Markup {
    let record = &key.record;
    html! {
        dl.facts {
            div { dt { "Key" } dd { code { (key.hint) } " " (deeds(organization, key)) } }
            div { dt { "Generated" } dd { (time(&record.created_at)) " by " (record.created_by) } }
            div { dt { "Last used" } dd { (time_or_never(record.last_used_at.as_deref())) } }
            @match &record.deactivated_at {
                None => div { dt { "Expires" } dd { (time_or_never(record.expires_at.as_deref())) } },
                Some(at) => div { dt { "Deactivated" } dd { (time(at)) } },
            }
        }
    }
}

fn generate(latest: &str, lifetimes: &Lifetimes) -> Markup {
    html! {
        form.inline method="post" {
            (once())
            input type="hidden" name="latest" value=(latest);
            (lifetimes.select("Expires"))
            button name="action" value="generate" { "Generate" }
        }
    }
}

/// When a new key can expire: as in the settings, or otherwise.
struct Lifetimes {
    by_settings: String,
}

fn lifetimes(organization: &Organization) -> Lifetimes {
    let by_settings = match organization.record.key_lifetime_days {
        Some(days) => format!("In {days} days, as in Settings"),
        None => "Never".to_owned(),
    };
    Lifetimes { by_settings }
}

impl Lifetimes {
    fn select(&self, label: &str) -> Markup {
        let by_settings = std::iter::once(("", self.by_settings.as_str()));
        let options: Vec<(&str, &str)> = by_settings.chain(LIFETIMES).collect();
        select("expires", "expires_in_seconds", label, &options, "")
    }
}

fn regenerate(latest: &str, lifetimes: &Lifetimes, key: &Key) -> Markup {
    html! {
        form method="post" {
            (once())
            h3 { "Regenerate" }
            p { "A new key takes this one's place. Let the old one stay good until the new one is in the identity \
                 provider." }
            input type="hidden" name="key" value=(key.id());
            input type="hidden" name="latest" value=(latest);
            (select("overlap", "overlap_seconds", "The old key", &OVERLAPS, "86400"))
            (lifetimes.select("The new key expires"))
            button name="action" value="regenerate" { "Regenerate" }
        }
    }
}

fn deactivate(key: &Key, keys: &[Key]) -> Markup {
    html! {
        form method="post" {
            (once())
            h3 { "Deactivate" }
            (consequences(key, keys))
            input type="hidden" name="key" value=(key.id());
            (confirmation("confirm", "deactivate"))
            button.danger name="action" value="deactivate" { "Deactivate" }
        }
    }
}

/// What deactivating a key stops, and which other keys go on.
fn consequences(key: &Key, keys: &[Key]) -> Markup {
    let others: Vec<&str> = keys
        .iter()
        .filter(|other| other.is_active() && other.id() != key.id())
        .map(|other| other.hint.as_str())
        .collect();
    html! {
        @if others.is_empty() {
            p { "It is the only good key: provisioning stops at once. People and groups stay as they are." }
        } @else {
            p {
                "Requests with this key are refused at once. Provisioning goes on with the other good "
                (if others.len() == 1 { "key" } else { "keys" }) ": " (others.join(", "))
            }
        }
    }
}

/// Rows of the texts for an identity provider, with what stands in their places.
fn filled_in(rows: &[(String, String)], places: &[(&str, &str)], key: Option<&str>) -> Markup {
    html! {
        dl.values {
            @for (field, value) in rows {
                @let place = places.iter().find(|(place, _)| place == value).map(|(_, value)| *value);
                @let key = key.filter(|_| field == "Authorization");
                @let is_name = value == "userName" || value.starts_with("urn:");
                @let copies = place.or(key).or(is_name.then_some(value.as_str()));
                div { dt { (field) } dd { @match copies { Some(value) => (copied(value)), None => (value) } } }
            }
        }
    }
}

fn values(rows: &[(&str, &str, bool)]) -> Markup {
    html! {
        dl.values {
            @for (field, value, can_copy) in rows {
                div { dt { (field) } dd { @if *can_copy { (copied(value)) } @else { (value) } } }
            }
        }
    }
}

fn table(organization: &Organization, keys: &[&Key], all: &[Key]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Key" } th scope="col" { "Status" } th scope="col" { "Generated" }
                th scope="col" { "Last used" } th scope="col" { "Until" } th scope="col" { span.hidden { "Action" } }
            } }
            tbody {
                @for key in keys { tr id=(anchor(key)) {
                    td data-label="Key" { code { (key.hint) } " " (deeds(organization, key)) }
                    td data-label="Status" { (status(Some(key))) }
                    td data-label="Generated" { (time(&key.record.created_at)) " by " (key.record.created_by) }
                    td data-label="Last used" { (time_or_never(key.record.last_used_at.as_deref())) }
                    td data-label="Until" {
                        @match key.record.deactivated_at.as_ref().or(key.record.expires_at.as_ref()) {
                            Some(at) => (time(at)),
                            None => "no end",
                        }
                    }
                    td {
                        @if key.is_active() {
                            details {
                                summary { "Deactivate" }
                                form method="post" {
                                    (once())
                                    (consequences(key, all))
                                    input type="hidden" name="key" value=(key.id());
                                    (confirmation(&format!("confirm-{}", key.id()), "deactivate"))
                                    button.danger name="action" value="deactivate" { "Deactivate" }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }
}
