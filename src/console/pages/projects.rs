//! Projects, roles and teams, each with the group that an identity provider pushes to.

use maud::{Markup, html};
use serde_json::Value;

use super::layout::View;
use super::parts::{confirmation, copied, field, maker, once, pill, required_field, time};
use crate::admin_api::{list, text};

pub(crate) fn main(view: &View<'_, '_>, body: &Value) -> Markup {
    let projects = list(body, "projects");
    html! {
        p {
            "Each role is a SCIM group. In your identity provider, push a group and link it to one of these; push a group named "
            code { (view.organization("group_prefix")) "-<project>-<team>-Member" } " to create a team."
        }
        (maker("Create a project", projects.is_empty() || view.refused_as("create").is_some(), &create(view)))
        @if projects.is_empty() { p.empty { "There is no project yet." } }
        @for project in projects { (shown(view, project)) }
    }
}

fn create(view: &View<'_, '_>) -> Markup {
    let typed = |name| view.typed("create", name);
    html! {
        form method="post" {
            (once())
            (required_field("new-project", "name", "Name", typed("name"), ""))
            (field("new-roles", "roles", "Custom roles", typed("roles"),
                "Beside Admin, Member and Read-Only, with commas between them; or none."))
            button name="action" value="create" { "Create" }
        }
    }
}

fn shown(view: &View<'_, '_>, project: &Value) -> Markup {
    let (id, name) = (text(project, "id"), text(project, "name"));
    let archived_at = text(project, "archived_at");
    let of_project = || html! { input type="hidden" name="project" value=(id); };
    html! {
        section.card id=(id) aria-labelledby={ "project-" (id) } {
            h2 id={ "project-" (id) } { (name) @if !archived_at.is_empty() { " " (pill("plain", "archived")) } }
            @if archived_at.is_empty() {
                (roles(view, "Role", list(project, "roles")))
                @for team in list(project, "teams") {
                    h3 { "Team " (text(team, "name")) }
                    (roles(view, "Team role", list(team, "roles")))
                    details {
                        summary { "Delete the team " (text(team, "name")) }
                        form method="post" {
                            (once())
                            (of_project())
                            input type="hidden" name="team" value=(text(team, "id"));
                            input type="hidden" name="team_name" value=(text(team, "name"));
                            p { "Both its groups go. People stay." }
                            (confirmation(&format!("confirm-{}", text(team, "id")), text(team, "name")))
                            button.danger name="action" value="delete-team" { "Delete" }
                        }
                    }
                }
                details {
                    summary { "Add a team or a role, rename, archive " span.hidden { (name) } }
                    div.columns {
                        form method="post" {
                            (once())
                            h3 { "Add a team" }
                            (of_project())
                            (required_field(&format!("team-{id}"), "name", "Name of the team", "", "Its roles are Admin and Member."))
                            button name="action" value="team" { "Add" }
                        }
                        form method="post" {
                            (once())
                            h3 { "Add a role" }
                            (of_project())
                            (required_field(&format!("role-{id}"), "name", "Name of the role", "", ""))
                            button name="action" value="role" { "Add" }
                        }
                        form method="post" {
                            (once())
                            h3 { "Rename" }
                            (of_project())
                            (required_field(&format!("rename-{id}"), "name", "New name", name, "Its groups are renamed, too, and stay linked."))
                            button name="action" value="rename" { "Rename" }
                        }
                        form method="post" {
                            (once())
                            h3 { "Archive" }
                            p { "Its groups go out of the identity provider's sight, and everybody loses the roles." }
                            (of_project())
                            input type="hidden" name="project_name" value=(name);
                            (confirmation(&format!("archive-{id}"), name))
                            button.danger name="action" value="archive" { "Archive" }
                        }
                    }
                }
            } @else {
                p { "Archived " (time(archived_at)) ". Its groups come back under their ids, and empty." }
                form method="post" {
                    (once())
                    (of_project())
                    button name="action" value="restore" { "Restore" }
                }
            }
        }
    }
}

fn roles(view: &View<'_, '_>, what: &str, roles: &[Value]) -> Markup {
    html! {
        table.roles {
            thead { tr {
                th scope="col" { (what) } th scope="col" { "SCIM group" } th scope="col" { "Last pushed" }
            } }
            tbody {
                @for role in roles {
                    @let group = role.get("group").unwrap_or(&Value::Null);
                    tr {
                        td data-label=(what) {
                            a href=(view.address(&format!("groups/{}", text(group, "id")))) { (text(role, "name")) }
                        }
                        td data-label="SCIM group" { (copied(text(group, "display_name"))) }
                        td data-label="Last pushed" { (pushed(group)) }
                    }
                }
            }
        }
    }
}

/// Whether an identity provider pushes to a group.
pub(crate) fn pushed(group: &Value) -> Markup {
    let at = text(group, "pushed_at");
    html! { @if at.is_empty() { (pill("plain", "never")) } @else { (time(at)) } }
}
