//! Settings of the organization.

use maud::{Markup, html};
use serde::Deserialize;

use super::brake::pause_section;
use super::calls::{Call, FormCall};
use super::confirm;
use super::flash::Flash;
use super::form::{Checkbox, number, words};
use super::layout::{Section, page};
use super::page::Page;
use super::parts::{address, address_of, copied, field, required_field};
use super::request::{PageRequest, PageResponse, PageState};
use crate::admin_api::types::organizations::{Organization, Settings as Change};
use crate::admin_api::{AdminContext, CallKey, consequences, organizations};
use crate::http::Problem;

/// The page of an organization's settings.
pub(super) struct Settings<'a> {
    pub(super) org: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Form {
    Save(Save),
    /// The identity provider now sends organization roles with the deployment's attribute.
    ConfirmAttribute {},
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Save {
    name: String,
    mail_domains: String,
    email_management: Checkbox,
    plain_groups: Checkbox,
    keep_access: Checkbox,
    key_lifetime_days: String,
    brake_percent: Option<String>,
    confirm_people: String,
    /// Only operators have this field.
    user_limit: Option<String>,
}

impl Page for Settings<'_> {
    type Form = Form;

    async fn act(
        &self,
        context: &mut AdminContext<'_>,
        _request: &PageRequest,
        form: &Form,
        key: Option<&CallKey>,
    ) -> Result<PageResponse, Problem> {
        let org = self.org;
        let body = match form {
            Form::Save(form) => self.confirmed(context, form).await?,
            _ => {
                let attribute = context.catalog.org_role_attribute.clone();
                Change { org_role_attribute: Some(attribute), ..Change::default() }
            }
        };
        FormCall::with(Call::UpdateOrganization, &[org], &body)?.send(context, key).await?;
        Ok(PageResponse::Redirect(Flash::SettingsSaved.at(&address_of(org, "settings"))))
    }

    async fn render(
        &self,
        context: &AdminContext<'_>,
        _request: &PageRequest,
        state: PageState<Form>,
    ) -> Result<PageResponse, Problem> {
        let organization = organizations::read(context, self.org).await?.organization;
        let people = state.people();
        let shown = match state.refused {
            Some(Form::Save(form)) => form,
            Some(Form::ConfirmAttribute {}) | None => Save::stored(&organization),
        };
        let main = main(&organization, context.actor.is_operator(), &shown, people);
        let section = Some((&*organization, Section::Settings));
        Ok(PageResponse::Page(page(&context.actor, section, "Settings", state.notice.as_ref(), &main)))
    }
}

impl Settings<'_> {
    /// The changes of the form, if the number of people from whom they take access is confirmed.
    ///
    /// # Errors
    /// 409 with the number.
    async fn confirmed(&self, context: &AdminContext<'_>, form: &Save) -> Result<Change, Problem> {
        let mut body = form.request()?;
        let domains = Change { mail_domains: body.mail_domains.clone(), ..Change::default() };
        let counted = consequences::of_settings(context, self.org, domains).await?.body;
        let text = format!(
            "This takes {} out of SCIM's sight: Okta will unassign them at its next import.",
            confirm::share(&counted)
        );
        body.confirm_people = confirm::check(&counted, &form.confirm_people, &text)?;
        Ok(body)
    }
}

impl Save {
    /// The form as the organization has it.
    fn stored(organization: &Organization) -> Self {
        let record = &organization.record;
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        Self {
            name: record.name.clone(),
            mail_domains: record.mail_domains.join("\n"),
            email_management: Checkbox(record.email_management),
            plain_groups: Checkbox(record.plain_groups),
            keep_access: Checkbox(record.keep_access),
            key_lifetime_days: number(record.key_lifetime_days),
            brake_percent: Some(record.brake_percent.to_string()),
            confirm_people: String::new(),
            user_limit: Some(number(record.user_limit)),
        }
    }

    fn request(&self) -> Result<Change, Problem> {
        let limit = self.user_limit.as_deref();
        let limit = limit.map(|limit| number(limit, "The number of users")).transpose()?;
        let percent = self.brake_percent.as_deref();
        let percent = percent.map(|percent| number(percent, "The share of people")).transpose()?;
        Ok(Change {
            name: Some(self.name.trim().to_owned()),
            email_management: Some(self.email_management.0),
            plain_groups: Some(self.plain_groups.0),
            keep_access: Some(self.keep_access.0),
            mail_domains: Some(words(&self.mail_domains, &[',', ' ', '\n', '\r'])),
            key_lifetime_days: Some(number(&self.key_lifetime_days, "The number of days")?.unwrap_or(0)),
            user_limit: limit.map(|limit| limit.unwrap_or(0)),
            brake_percent: percent.map(|percent| percent.unwrap_or(0)),
            ..Change::default()
        })
    }
}

fn main(organization: &Organization, is_operator: bool, shown: &Save, people: Option<u64>) -> Markup {
    let record = &organization.record;
    html! {
        form.card method="post" {
            (required_field("name", "name", "Name", &shown.name, ""))
            div.field {
                label for="mail_domains" { "Mail domains" }
                textarea #mail_domains name="mail_domains" rows="3" aria-describedby="mail_domains-hint" {
                    (shown.mail_domains)
                }
                small #mail_domains-hint {
                    "One a line. People of other domains cannot be created over SCIM, and SCIM does not see those \
                     that exist already: Admins among them stay Admins until you change that under Members. Empty: \
                     all domains."
                }
            }
            (tick("email_management", shown.email_management.0, "User names and mail may be changed over SCIM",
                "Otherwise a request that changes an address is refused with this reason."))
            (tick("plain_groups", shown.plain_groups.0, "Groups of any name may be created over SCIM",
                "They belong to no project."))
            (tick("keep_access", shown.keep_access.0, "An activation gives back what a deactivation took",
                "The role and the groups of before, with what was pushed meanwhile. For Microsoft Entra ID, which does \
                 not push groups again. When it is switched off, what is kept is forgotten: inactive people come back \
                 as Members without groups."))
            (field("key_lifetime_days", "key_lifetime_days", "A new key expires after so many days",
                &shown.key_lifetime_days,
                "Empty: never. Keys that exist stay as they are."))
            (field("brake_percent", "brake_percent",
                "Access brake: most people who may lose access within an hour, in %",
                shown.brake_percent.as_deref().unwrap_or_default(),
                "When an identity provider would take access from more, and from more than 25, it waits for your \
                 decision. 0 or empty: any number."))
            @if is_operator {
                (field("user_limit", "user_limit", "At most so many people",
                    shown.user_limit.as_deref().unwrap_or_default(),
                    "Empty: any number. Beyond the limit no people can be created over SCIM or added here; the \
                     present ones can still be changed, deactivated and deleted."))
            } @else if let Some(limit) = record.user_limit {
                p { "An operator of this service has limited the organization to " (limit) " people." }
            }
            (confirm::field("confirm-people", organization, people))
            button name="action" value="save" { "Save" }
        }
        (pause_section(organization))
        section.card aria-labelledby="fixed-heading" {
            h2 #fixed-heading { "Set by the deployment" }
            dl.values {
                div { dt { "Organization id" } dd { (copied(&record.id)) } }
                div { dt { "Owner" } dd { (record.owner_user_name.as_deref().unwrap_or_default()) } }
                div { dt { "Group prefix" } dd { (copied(record.group_prefix.as_deref().unwrap_or_default())) } }
                div { dt { "Attribute of the organization role" } dd { (copied(&organization.org_role_attribute)) } }
                div { dt { "People SCIM sees" } dd { (record.user_count) } }
            }
        }
        @if is_operator { p { a href=(address(organization, "delete")) { "Delete the organization" } } }
    }
}

fn tick(name: &str, is_on: bool, label: &str, hint: &str) -> Markup {
    html! {
        div.field.tick {
            input id=(name) type="checkbox" name=(name) value="on" checked[is_on] aria-describedby={ (name) "-hint" };
            label for=(name) { (label) }
            small id={ (name) "-hint" } { (hint) }
        }
    }
}
