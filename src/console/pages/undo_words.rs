//! Undoing in words.

use maud::{Markup, html};

use super::deeds::setting_name;
use super::parts::{address, segment};
use crate::admin_api::types::organizations::Organization;
use crate::admin_api::types::undo::{UndoLeft, UndoPart, UndoPreview, UndoSelected, UndoSubject};
use crate::d1::undo::Counts;
use directory::undo::Reason;

/// Most entries of a list of what stays.
pub(crate) const MOST_LISTED: usize = 40;

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

/// How much a selection has, in words.
pub(super) fn extent(preview: &UndoPreview) -> String {
    let UndoPreview { events, people, groups, teams, projects, .. } = preview;
    let of = |count: u64, one: &str, many: &str| {
        (count > 0).then(|| format!("{count} {}", if count == 1 { one } else { many }))
    };
    let changes =
        of(*events, "change", "changes").unwrap_or_else(|| "no change that can be undone".to_owned());
    let parts = [
        of(*people, "person", "people"),
        of(*groups, "group", "groups"),
        of(*teams, "team", "teams"),
        of(*projects, "project", "projects"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => changes,
        false => format!("{changes} of {}", parts.join(", ")),
    }
}

/// What is restored, as a list of sentences.
pub(super) fn restored(counts: Counts) -> Markup {
    let Counts { people, groups, undeleted, deleted, activated, deactivated, .. } = counts;
    let Counts { org_roles, attributes, joined, left, groups_undeleted, groups_deleted, .. } = counts;
    let Counts { teams_undeleted, teams_deleted, projects, settings, shown, hidden, .. } = counts;
    let all = [
        (settings, "setting gets its former value", "settings get their former values"),
        (shown, "person is seen by SCIM again", "people are seen by SCIM again"),
        (
            hidden,
            "person is no longer seen by SCIM: the identity provider will unassign them",
            "people are no longer seen by SCIM: the identity provider will unassign them",
        ),
        (
            projects,
            "project is restored, archived, or gets its former name",
            "projects are restored, archived, or get their former names",
        ),
        (teams_undeleted, "deleted team comes back", "deleted teams come back"),
        (groups_undeleted, "deleted group comes back", "deleted groups come back"),
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
        (
            groups_deleted,
            "group that was created is deleted with its memberships",
            "groups that were created are deleted with their memberships",
        ),
        (
            teams_deleted,
            "team that was created is deleted with its groups and their memberships",
            "teams that were created are deleted with their groups and their memberships",
        ),
    ];
    html! {
        @if counts == Counts::default() {
            p.empty { "Nothing: all is as it was before these changes, or was changed since." }
        } @else {
            @if people > 0 { p { "In all, " (people) @if people == 1 { " person." } @else { " people." } } }
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
                thead { tr { th scope="col" { "Of" } th scope="col" { "What" } th scope="col" { "Why" } } }
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
        UndoSubject::Team | UndoSubject::Project => "projects".to_owned(),
        UndoSubject::Organization => "settings".to_owned(),
    };
    let name = match left.subject {
        UndoSubject::Organization => "Settings",
        _ => name,
    };
    html! {
        tr {
            td data-label="Of" { a href=(address(organization, &page)) { (name) } }
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
        UndoPart::Archived => "whether the project is archived".to_owned(),
        UndoPart::Active => "whether the person is active".to_owned(),
        UndoPart::OrgRole => "organization role".to_owned(),
        UndoPart::Attribute => left.attribute.clone().unwrap_or_default(),
        UndoPart::Membership => {
            let group = left.group_name.as_ref().or(left.group.as_ref());
            format!("membership of {}", group.map_or("a group", String::as_str))
        }
        UndoPart::DisplayName => "name".to_owned(),
        UndoPart::ExternalId => "external id".to_owned(),
        UndoPart::Setting => {
            format!("setting: {}", setting_name(left.attribute.as_deref().unwrap_or_default()))
        }
    }
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::ChangedSince => "It was changed since.",
        Reason::JoinedSince => "The person has joined groups since, and would lose them.",
        Reason::PersonDeleted => "The person was deleted. Bring them back first, under Deleted people.",
        Reason::PersonInactive => "The person is inactive now, and inactive people are in no group.",
        Reason::GroupGone => "The group does not exist any more, or its project is archived.",
        Reason::UserNameTaken => "Another person has the user name now. Rename or remove that person first.",
        Reason::GroupNameTaken => "Another group has the name now.",
        Reason::Erased => "What was kept of the person was erased.",
        Reason::OwnerProtected => "The Owner changes by a transfer of the ownership only.",
        Reason::OrganizationFull => "The organization has as many people as it may have.",
        Reason::TooManyGroups => "The person would be in more groups than a person may be.",
        Reason::TooManyChanges => "More has happened since than is looked through. Do it by hand.",
        Reason::ProjectGone => "Its project is archived now, or does not exist. Restore the project first.",
        Reason::ProjectNameTaken => {
            "Another project has the name now, or another group has the name that one of its groups would get."
        }
        Reason::ProjectFull => "The project has as many teams or roles as it may have.",
        Reason::ProjectStays => "A project that was created is not deleted. Archive it, if it is not needed.",
        Reason::NameOfProject => "The name follows from that of the project. Rename the project.",
        Reason::OperatorOnly => "Only an operator of the service sets it.",
        Reason::AccessForgotten => {
            "The setting comes back. What was kept of inactive people was forgotten when it was turned off."
        }
    }
}
