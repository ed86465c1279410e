//! Undoing in words.

use maud::{Markup, html};

use super::parts::{address, segment};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::undo::{UndoCounts, UndoLeft, UndoPart, UndoReason, UndoSelected, UndoSubject};

/// Most entries of a list of what stays.
pub(crate) const MOST_LISTED: usize = 200;

/// A selection in words.
pub(super) fn selected(selection: &UndoSelected) -> Markup {
    let UndoSelected { events, story, key, actor, since, until, types, .. } = selection;
    let mut parts: Vec<String> = Vec::new();
    match events.as_deref() {
        Some([one]) => parts.push(format!("change {one}")),
        Some(several) => parts.push(format!("{} changes by their numbers", several.len())),
        None => {}
    }
    if let Some(story) = story {
        parts.push(format!("the request that began with change {story}"));
    }
    if let Some(key) = key {
        parts.push(format!("what the key {key} did"));
    }
    if let Some(actor) = actor {
        parts.push(format!("what {actor} did"));
    }
    if let Some(since) = since {
        parts.push(format!("since {}", since.clone().into_prefix()));
    }
    if let Some(until) = until {
        parts.push(format!("before {}", until.clone().into_prefix()));
    }
    if let Some(types) = types {
        parts.push(format!("only {}", types.join(", ")));
    }
    html! { (parts.join(", ")) }
}

/// What is restored, as a list of sentences.
pub(super) fn restored(counts: UndoCounts) -> Markup {
    let UndoCounts { people, groups, undeleted, deleted, activated, deactivated, .. } = counts;
    let UndoCounts { org_roles, attributes, joined, left, .. } = counts;
    let all = [
        (undeleted, "deleted person comes back", "deleted people come back"),
        (activated, "person becomes active again", "people become active again"),
        (org_roles, "organization role is set back", "organization roles are set back"),
        (joined, "membership of a group begins again", "memberships of groups begin again"),
        (attributes, "attribute gets its former value", "attributes get their former values"),
        (
            groups,
            "group gets its former name or external id",
            "groups get their former names or external ids",
        ),
        (left, "membership of a group ends", "memberships of groups end"),
        (deactivated, "person becomes inactive", "people become inactive"),
        (deleted, "person who was created is deleted", "people who were created are deleted"),
    ];
    html! {
        @if counts == UndoCounts::default() {
            p.empty { "Nothing: all is as it was before these changes, or was changed since." }
        } @else {
            p { "In all, " (people) @if people == 1 { " person." } @else { " people." } }
            ul.restored {
                @for (count, one, many) in all {
                    @if count > 0 { li { (count) " " (if count == 1 { one } else { many }) } }
                }
            }
        }
    }
}

/// What stays, as a table: first what would be overwritten, then what cannot be restored.
pub(super) fn left_table(organization: &Organization, left: &[UndoLeft], heading: &str) -> Markup {
    let (overwritten, impossible): (Vec<&UndoLeft>, Vec<&UndoLeft>) =
        left.iter().partition(|left| left.would_overwrite);
    html! {
        section.card aria-labelledby="left-heading" {
            h2 #left-heading { (heading) }
            @if left.is_empty() { p.empty { "Nothing." } }
            (list(organization, &overwritten, "Changed since, so that it stays"))
            (list(organization, &impossible, "Cannot be restored"))
        }
    }
}

fn list(organization: &Organization, left: &[&UndoLeft], heading: &str) -> Markup {
    html! {
        @if !left.is_empty() {
            h3 { (heading) " (" (left.len()) ")" }
            table {
                thead { tr { th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "Why" } } }
                tbody { @for left in left.iter().take(MOST_LISTED) { (row(organization, left)) } }
            }
            @if left.len() > MOST_LISTED { p { "The others are in the API's answer." } }
        }
    }
}

fn row(organization: &Organization, left: &UndoLeft) -> Markup {
    let name = left.name.as_deref().unwrap_or(&left.id);
    let page = match left.subject {
        UndoSubject::Person => format!("members/{}", segment(&left.id)),
        UndoSubject::Group => format!("groups/{}", segment(&left.id)),
    };
    html! {
        tr {
            td data-label="Who" {
                @if left.name.is_some() { a href=(address(organization, &page)) { (name) } } @else { (name) }
            }
            td data-label="What" { (part(left)) }
            td data-label="Why" {
                (reason(left.reason))
                @if let Some(event) = left.event { " " small { "(change " (event) ")" } }
            }
        }
    }
}

fn part(left: &UndoLeft) -> String {
    match left.part {
        UndoPart::Existence => "everything".to_owned(),
        UndoPart::Active => "whether the person is active".to_owned(),
        UndoPart::OrgRole => "organization role".to_owned(),
        UndoPart::Attribute => left.attribute.clone().unwrap_or_default(),
        UndoPart::Membership => {
            let group = left.group_name.as_ref().or(left.group.as_ref());
            format!("membership of {}", group.map_or("a group", String::as_str))
        }
        UndoPart::DisplayName => "name".to_owned(),
        UndoPart::ExternalId => "external id".to_owned(),
    }
}

fn reason(reason: UndoReason) -> &'static str {
    match reason {
        UndoReason::ChangedSince => "It was changed since.",
        UndoReason::JoinedSince => "The person has joined groups since, and would lose them.",
        UndoReason::PersonDeleted => "The person was deleted. Bring them back first, under Deleted people.",
        UndoReason::PersonInactive => "The person is inactive now, and inactive people are in no group.",
        UndoReason::GroupGone => "The group does not exist any more, or its project is archived.",
        UndoReason::UserNameTaken => {
            "Another person has the user name now. Rename or remove that person first."
        }
        UndoReason::GroupNameTaken => "Another group has the name now.",
        UndoReason::Erased => "What was kept of the person was erased.",
        UndoReason::OwnerProtected => "The Owner changes by a transfer of the ownership only.",
        UndoReason::OrganizationFull => "The organization has as many people as it may have.",
        UndoReason::TooManyGroups => "The person would be in more groups than a person may be.",
        UndoReason::TooManyChanges => "More has happened since than is looked through. Do it by hand.",
    }
}
