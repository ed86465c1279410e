//! Settings of the organization.

use maud::{Markup, html};
use serde_json::Value;

use super::layout::View;
use super::parts::{copied, field, required_field};
use crate::admin_api::{list, text};

pub(crate) fn main(view: &View<'_, '_>, organization: &Value) -> Markup {
    let refused = view.refused_as("save");
    let is = |name| match refused {
        Some(form) => form.is_ticked(name),
        None => organization.get(name).and_then(Value::as_bool).unwrap_or_default(),
    };
    let typed = |name: &str, stored: String| refused.map_or(stored, |form| form.text(name).to_owned());
    let domains: Vec<&str> = list(organization, "mail_domains").iter().filter_map(Value::as_str).collect();
    let days = organization.get("key_lifetime_days").and_then(Value::as_u64);
    let limit = organization.get("user_limit").and_then(Value::as_u64);
    html! {
        form.card method="post" {
            (required_field("name", "name", "Name", &typed("name", text(organization, "name").to_owned()), ""))
            div.field {
                label for="mail_domains" { "Mail domains" }
                textarea #mail_domains name="mail_domains" rows="3" aria-describedby="mail_domains-hint" { (typed("mail_domains", domains.join("\n"))) }
                small #mail_domains-hint {
                    "One a line. People outside them cannot be created over SCIM, and who is here already is not seen by it: \
                     Admins among them stay Admins until you change that under Members. Empty: all domains."
                }
            }
            (tick("email_management", is("email_management"), "User names and mail may be changed over SCIM",
                "Otherwise a changed address is refused, with words that say so."))
            (tick("plain_groups", is("plain_groups"), "Groups of any name may be created over SCIM",
                "They belong to no project."))
            (field("key_lifetime_days", "key_lifetime_days", "A new key expires after so many days",
                &typed("key_lifetime_days", days.map(|days| days.to_string()).unwrap_or_default()),
                "Empty: never. Keys that exist stay as they are."))
            @if view.console.actor.is_operator() {
                (field("user_limit", "user_limit", "At most so many people",
                    &typed("user_limit", limit.map(|limit| limit.to_string()).unwrap_or_default()),
                    "Empty: any number. Beyond it nobody is created over SCIM or added here; whoever is here can still be changed, \
                     deactivated and deleted."))
            } @else if let Some(limit) = limit {
                p { "An operator of this service has limited the organization to " (limit) " people." }
            }
            button name="action" value="save" { "Save" }
        }
        section.card aria-labelledby="fixed-heading" {
            h2 #fixed-heading { "Set by the deployment" }
            dl.values {
                div { dt { "Organization id" } dd { (copied(text(organization, "id"))) } }
                div { dt { "Owner" } dd { (text(organization, "owner_user_name")) } }
                div { dt { "Group prefix" } dd { (copied(&view.organization("group_prefix"))) } }
                div { dt { "Attribute of the organization role" } dd { (copied(&view.organization("org_role_attribute"))) } }
                div { dt { "People SCIM sees" } dd { (organization.get("user_count").and_then(Value::as_u64).unwrap_or_default()) } }
            }
        }
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
