//! Access management: the SCIM key, and what to type where.

use maud::{Markup, html};
use serde::Deserialize;

use super::calls::{Call, FormCall, KeyText, WithHint};
use super::flash::Flash;
use super::form::{check_confirmed, number, optional};
use super::guides::Guide;
use super::key_forms::Form;
use super::key_views::{self, Lifetimes};
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, address_of, copied, copy_button, maker, segment};
use super::request::{Notice, PageRequest, PageResponse, PageState};
use crate::admin_api::types::keys::{ChangeKey, DeactivatedKeys, GenerateKey, Key, RegenerateKey};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::{AdminContext, CallKey, InOrganization, idempotency, keys};
use crate::d1::StorageError;
use crate::http::{AdminCode, Problem};
use scim_protocol::json::parse;

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
        parse(include_str!("okta.json"))
            .map_err(|error| StorageError::internal(format!("okta.json: {error}")))
    }
}

/// The page of an organization's keys.
pub(super) struct Keys<'a> {
    pub(super) org: &'a str,
}

impl Page for Keys<'_> {
    type Form = Form;

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
                let body = GenerateKey {
                    name: optional(&form.name),
                    expires_in_seconds: expires(&form.expires_in_seconds)?,
                };
                self.check_latest(context, key, &form.latest).await?;
                FormCall::with(Call::GenerateKey, &[org], &body)?.send(context, key).await?
            }
            Form::Regenerate(form) => {
                let has_leaked = match form.has_leaked.as_str() {
                    "yes" => true,
                    "no" => false,
                    _ => {
                        return Err(Problem::of(
                            AdminCode::NothingChosen,
                            "Say whether the old key has leaked. Nothing was changed.",
                        ));
                    }
                };
                let overlap = number(&form.overlap_seconds, "The overlap")?;
                let body = RegenerateKey {
                    name: None,
                    has_leaked: Some(has_leaked),
                    overlap_seconds: overlap.filter(|_| !has_leaked),
                    expires_in_seconds: expires(&form.expires_in_seconds)?,
                };
                self.check_latest(context, key, &form.latest).await?;
                let parameters = [org, form.key.as_str()];
                FormCall::with(Call::RegenerateKey, &parameters, &body)?.send(context, key).await?
            }
            Form::Rename(form) => {
                let body = ChangeKey { name: form.name.trim().to_owned() };
                let parameters = [org, form.key.as_str()];
                let call = FormCall::with(Call::RenameKey, &parameters, &body)?;
                let named: WithHint = call.send(context, key).await?.read()?;
                let here = address_of(org, &format!("keys?key={}", segment(&form.key)));
                return Ok(PageResponse::Redirect(Flash::KeyNamed.about(&named.hint).at(&here)));
            }
            Form::Deactivate(form) if form.all.0 => {
                check_confirmed(&form.confirm, "deactivate")?;
                let call = FormCall::new(Call::DeactivateKeys, &[org]);
                let DeactivatedKeys { deactivated } = call.send(context, key).await?.read()?;
                let hints: Vec<&str> = deactivated.iter().map(|key| key.hint.as_str()).collect();
                let done = Flash::KeysDeactivated.about(&hints.join(", "));
                return Ok(PageResponse::Redirect(done.at(&address_of(org, "keys"))));
            }
            Form::Deactivate(form) => {
                check_confirmed(&form.confirm, "deactivate")?;
                let parameters = [org, form.key.as_str()];
                let call = FormCall::new(Call::DeactivateKey, &parameters);
                let deactivated: WithHint = call.send(context, key).await?.read()?;
                let flash = match deactivated.other_good_keys.is_empty() {
                    true => Flash::KeyDeactivated,
                    false => Flash::OneKeyDeactivated,
                };
                return Ok(PageResponse::Redirect(
                    flash.about(&deactivated.hint).at(&address_of(org, "keys")),
                ));
            }
        };
        let KeyText { key: new_key, note } = issued.read()?;
        let notice = note.map(|note| Notice::Problem(Problem::of(AdminCode::KeyNotShownAgain, note)));
        let state = PageState { notice, refused: None };
        self.render_with(context, request, state, new_key.as_deref()).await
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

impl Keys<'_> {
    async fn render_with(
        &self,
        context: &AdminContext<'_>,
        request: &PageRequest,
        PageState { notice, refused }: PageState<Form>,
        new_key: Option<&str>,
    ) -> Result<PageResponse, Problem> {
        let InOrganization { organization, answer } = keys::list(context, self.org).await?;
        // With a new key, its page is the answer: the one that it replaced is not what the administrator looks for.
        let asked = refused.as_ref().map_or(request.parameter("key"), Form::key);
        let asked = if new_key.is_some() { "" } else { asked };
        let is_operator = context.actor.is_operator();
        let shown = Shown { asked, refused: refused.as_ref(), new_key, is_operator };
        let main = main(request, &organization, &answer.keys, &shown)?;
        let section = Some((&*organization, Section::Keys));
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
        Err(Problem::of(
            AdminCode::NewerKey,
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

/// What is shown beside the keys.
struct Shown<'a> {
    /// The id of the key that the request asks for; empty: none.
    asked: &'a str,
    refused: Option<&'a Form>,
    /// The text of a new key.
    new_key: Option<&'a str>,
    is_operator: bool,
}

fn main(
    request: &PageRequest,
    organization: &Organization,
    keys: &[Key],
    Shown { asked, refused, new_key, is_operator }: &Shown<'_>,
) -> Result<Markup, StorageError> {
    // What an administrator means by "the key": the newest active one, else the newest.
    let chosen = keys.iter().find(|key| key.id() == *asked);
    let current = chosen.or_else(|| keys.iter().find(|key| key.is_active())).or(keys.first());
    let others: Vec<&Key> =
        keys.iter().filter(|key| current.is_some_and(|current| current.id() != key.id())).collect();
    let base = format!("{}/scim", request.origin);
    let okta = OktaTexts::read()?;
    let policy = Lifetimes::of(organization);
    let filled = match refused {
        Some(Form::Generate(form)) => Some(form),
        _ => None,
    };
    let generate = key_views::generate(latest(keys), &policy, filled);
    Ok(html! {
        @if let Some(key) = new_key { (shown_once(key)) }
        section.card id=[current.map(key_views::anchor)] aria-labelledby="key-heading" {
            h2 #key-heading {
                @match current.and_then(|key| key.record.name.as_deref()) {
                    Some(name) => (name),
                    None => "SCIM key",
                }
                " " (key_views::status(current))
            }
            @match current {
                None => p { "Provisioning is off. Generate a key and put it into your identity provider." },
                Some(key) => {
                    (key_views::facts(organization, key))
                    @if !keys.iter().any(Key::is_active) { p { "No key is good: provisioning is off." } }
                    (key_views::forms(key, keys, latest(keys), &policy, *refused))
                }
            }
            @if !keys.iter().any(Key::is_active) { (generate) }
        }
        @if keys.iter().any(Key::is_active) { (maker("Generate another key", filled.is_some(), &generate)) }
        @if !others.is_empty() {
            section.card aria-labelledby="others-heading" {
                h2 #others-heading { "Other keys" }
                (key_views::table(organization, &others))
            }
        }
        @if *is_operator {
            p {
                "Your customer's administrator can do all of this without an account: "
                a href=(address(organization, "setup-links")) { "make a setup link" } "."
            }
        }
        section.card aria-labelledby="okta-heading" {
            h2 #okta-heading { "Okta" }
            p { "Applications > your app > Provisioning > Integration > Edit. Then \
                 " em { "Test Connector \
                 Configuration" } ". " (Guide::Okta.link("", "All steps")) }
            (filled_in(&okta.connection, &[("{base}", &base)], *new_key))
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
