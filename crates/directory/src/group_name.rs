//! What a group's name means: `<prefix>-<Project>-<Role>`, `<prefix>-<Project>-<Team>-<Role>`.
//!
//! The parts contain hyphens and spaces themselves, so a name is never split; it is held against the
//! projects that exist, the longest first.

use serde::Deserialize;

use crate::characters::imitation;
use crate::organization::Organization;
use crate::refusal::{Refusal, RefusalKind};
use crate::text::check_visible;
use scim_protocol::text::{equal_fold, fold};

/// Most characters of the name of a project, role, team or group.
pub const MAX_NAME_LENGTH: usize = 200;

/// The roles every project has.
pub const PROJECT_ROLES: [&str; 3] = ["Admin", "Member", "Read-Only"];
/// The roles every team has, and no others.
pub const TEAM_ROLES: [&str; 2] = ["Admin", "Member"];

/// A project that a new group's name may begin with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Project {
    /// Identifier.
    pub id: String,
    /// Name, as its groups spell it.
    pub name: String,
}

/// What a POST of a group makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewGroup {
    /// A team, with its two groups.
    Team {
        /// The project it belongs to.
        project: Project,
        /// The team's name.
        team: String,
    },
    /// A group tied to no project.
    Plain,
}

/// Name of the group of a project's role.
pub fn project_role(prefix: &str, project: &str, role: &str) -> String {
    format!("{prefix}-{project}-{role}")
}

/// Name of the group of a team's role.
pub fn team_role(prefix: &str, project: &str, team: &str, role: &str) -> String {
    format!("{prefix}-{project}-{team}-{role}")
}

/// The form in which names of groups are unique: without regard to case and to spaces around them, which only a slip of
/// the hand can have put there.
pub fn fold_group_name(name: &str) -> String {
    fold(name.trim())
}

/// The part of a group's name that begins with the project's name, if the prefix is the product's.
pub fn after_prefix<'n>(prefix: &str, name: &'n str) -> Option<&'n str> {
    strip_fold(name, &format!("{prefix}-"))
}

/// Decides what a POST of a group with this name creates. `projects` are those whose name follows the prefix in the
/// group's name, in any order.
///
/// # Errors
/// A refusal that says what can be pushed instead.
pub fn resolve(
    prefix: &str,
    organization: &Organization,
    name: &str,
    projects: &[Project],
) -> Result<NewGroup, Refusal> {
    let trimmed = name.trim();
    let new = resolve_trimmed(prefix, organization, trimmed, projects)?;
    match trimmed == name {
        true => Ok(new),
        false => Err(RefusalKind::GroupNameNotTrimmed { name: name.to_owned() }.into()),
    }
}

fn resolve_trimmed(
    prefix: &str,
    organization: &Organization,
    name: &str,
    projects: &[Project],
) -> Result<NewGroup, Refusal> {
    let Some(rest) = after_prefix(prefix, name) else {
        check_no_imitation(prefix, name)?;
        if organization.plain_groups {
            check_plain(prefix, name)?;
            return Ok(NewGroup::Plain);
        }
        return Err(RefusalKind::NotAProjectGroup { prefix: prefix.to_owned(), name: name.to_owned() }.into());
    };
    let candidates: Vec<(&Project, &str)> = projects
        .iter()
        .filter_map(|project| Some((project, strip_fold(rest, &format!("{}-", project.name))?)))
        .collect();
    let team_of = |role| strip_suffix_fold(role, "-Member").filter(|team| !team.trim().is_empty());
    let teams = candidates.iter().filter_map(|(project, role)| Some((*project, team_of(role)?)));
    if let Some((project, team)) = teams.min_by_key(|(_, team)| team.len()) {
        check_name("team", team)?;
        return Ok(NewGroup::Team { project: project.clone(), team: team.to_owned() });
    }
    match candidates.iter().min_by_key(|(_, role)| role.len()) {
        Some((project, role)) => Err(unknown_role(prefix, &project.name, role, name).into()),
        None => Err(RefusalKind::ProjectUnknown { prefix: prefix.to_owned(), name: name.to_owned() }.into()),
    }
}

/// Why a group's name that consists of the prefix, a project and this role names no team that can be created.
fn unknown_role(prefix: &str, project: &str, role: &str, name: &str) -> RefusalKind {
    let team = strip_suffix_fold(role, "-Admin");
    let part = team.unwrap_or(role);
    let name = name.to_owned();
    if part.trim() != part && !part.trim().is_empty() {
        return RefusalKind::RoleNameNotTrimmed { name, part: part.to_owned() };
    }
    let team_group = |team: &str| team_role(prefix, project, team, "Member");
    match team {
        Some(team) => RefusalKind::TeamUnknown {
            project: project.to_owned(),
            team: team.to_owned(),
            team_group: team_group(team),
            name,
        },
        None if role.starts_with('-') => RefusalKind::TeamNameMissing { example: team_group("<Team>"), name },
        None => RefusalKind::ProjectRoleUnknown {
            project: project.to_owned(),
            role: role.to_owned(),
            team_group: team_group(role),
            name,
        },
    }
}

/// Checks the name of a group that belongs to no project. It must not begin, or seem to begin, like the name of a
/// project's group.
///
/// # Errors
/// `RefusalKind::PrefixReserved`, `RefusalKind::PrefixImitated`, and those of [`check_name`].
pub fn check_plain(prefix: &str, name: &str) -> Result<(), Refusal> {
    if after_prefix(prefix, name.trim()).is_some() {
        return Err(RefusalKind::PrefixReserved { prefix: prefix.to_owned(), name: name.to_owned() }.into());
    }
    check_no_imitation(prefix, name)?;
    check_name("group", name)
}

/// Refuses a name that seems to begin with the prefix: people would mistake the group for one of a project.
fn check_no_imitation(prefix: &str, name: &str) -> Result<(), Refusal> {
    match imitation(name, &format!("{prefix}-")) {
        Some(character) => {
            Err(RefusalKind::PrefixImitated { prefix: prefix.to_owned(), name: name.to_owned(), character }
                .into())
        }
        None => Ok(()),
    }
}

/// Checks the name of a project, role, team or plain group. `what` has the name, such as "team".
///
/// # Errors
/// `RefusalKind::NameEmpty`, `RefusalKind::NameNotTrimmed`, `RefusalKind::NameTooLong`, and those of invisible
/// characters.
pub fn check_name(what: &str, name: &str) -> Result<(), Refusal> {
    if name.trim().is_empty() {
        return Err(RefusalKind::NameEmpty { what: what.to_owned() }.into());
    }
    if name != name.trim() {
        return Err(RefusalKind::NameNotTrimmed { what: what.to_owned(), name: name.to_owned() }.into());
    }
    if name.chars().count() > MAX_NAME_LENGTH {
        return Err(RefusalKind::NameTooLong { what: what.to_owned(), limit: MAX_NAME_LENGTH }.into());
    }
    check_visible(&format!("The {what}'s name"), name)
}

/// `text` without `prefix`, compared without case. The folded forms may differ in length from the text,
/// so the end of the prefix is found by folding as far as it takes.
fn strip_fold<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let wanted = fold(prefix);
    for (at, character) in text.char_indices() {
        let (head, rest) = text.split_at_checked(at.saturating_add(character.len_utf8()))?;
        let folded = fold(head);
        if folded == wanted {
            return Some(rest);
        }
        if folded.len() > wanted.len() {
            return None;
        }
    }
    None
}

/// `text` without an ASCII `suffix`, compared folded. What folds to one ASCII character is one character.
fn strip_suffix_fold<'t>(text: &'t str, suffix: &str) -> Option<&'t str> {
    let (at, _) = text.char_indices().rev().nth(suffix.len().checked_sub(1)?)?;
    let (head, tail) = text.split_at_checked(at)?;
    equal_fold(tail, suffix).then_some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization(plain_groups: bool) -> Organization {
        Organization {
            id: "o".to_owned(),
            name: "O".to_owned(),
            email_management: false,
            plain_groups,
            keep_access: false,
            email_domains: Vec::new(),
            user_count: 0,
            group_count: 0,
            user_limit: None,
            group_prefix: None,
            org_role_attribute: None,
        }
    }

    fn resolve_among(projects: &[&str], name: &str) -> Result<NewGroup, Refusal> {
        let projects: Vec<Project> = projects
            .iter()
            .map(|&name| Project { id: format!("id of {name}"), name: name.to_owned() })
            .collect();
        resolve("Statsig", &organization(false), name, &projects)
    }

    fn team(project: &str, team: &str) -> NewGroup {
        NewGroup::Team {
            project: Project { id: format!("id of {project}"), name: project.to_owned() },
            team: team.to_owned(),
        }
    }

    #[test]
    fn the_longest_project_wins() {
        let projects = ["Statsig", "Statsig-Okta Test Project", "Statsig-Okta"];
        assert_eq!(
            resolve_among(&projects, "Statsig-Statsig-Okta Test Project-X-Member").unwrap(),
            team("Statsig-Okta Test Project", "X")
        );
        assert_eq!(
            resolve_among(&projects, "statsig-STATSIG-okta-a-b-member").unwrap(),
            team("Statsig-Okta", "a-b")
        );
    }

    #[test]
    fn a_shorter_project_is_taken_where_the_longest_leaves_no_team() {
        assert_eq!(resolve_among(&["A", "A-B"], "Statsig-A-B-Member").unwrap(), team("A", "B"));
    }

    #[test]
    fn refusals_say_what_to_push() {
        let detail = |name: &str| resolve_among(&["Demo"], name).unwrap_err().to_string();
        assert!(detail("Statsig-Nowhere-Member").starts_with("Project creation is not supported via SCIM"));
        assert!(detail("Engineering").starts_with("Project creation is not supported via SCIM"));
        assert!(detail("Statsig-Demo-Core-Admin").contains("\"Statsig-Demo-Core-Member\""));
        assert!(detail("Statsig-Demo-Gardener").contains("\"Statsig-Demo-Gardener-Member\""));
    }

    #[test]
    fn plain_groups_need_the_setting_and_another_name() {
        let resolve = |plain, name| resolve("Statsig", &organization(plain), name, &[]);
        assert_eq!(resolve(true, "Engineering").unwrap(), NewGroup::Plain);
        assert!(resolve(true, "Statsig-Nowhere-Member").is_err());
        assert!(resolve(true, " ").is_err());
        for plain in [true, false] {
            let detail = resolve(plain, "Ｓtatsig–Demo–Member").unwrap_err().to_string();
            assert!(detail.contains("U+2013"), "{detail}");
        }
    }

    #[test]
    fn a_space_at_the_end_of_a_part_is_named() {
        let detail = |name: &str| resolve_among(&["Demo"], name).unwrap_err().to_string();
        for name in [
            "Statsig-Demo-Core-Member ",
            "\u{a0}Statsig-Demo-Core-Member",
            "Statsig-Demo-Core -Member",
            "Statsig-Demo- Core-Member",
            "Statsig-Demo-Core -Admin",
            "Statsig-Demo- Gardener",
            "Statsig-Demo -Member",
            "Statsig- Demo-Member",
            "Statsig -Demo-Member",
            "Statsig-Demo-Core-Member\t",
        ] {
            assert!(detail(name).contains("space"), "{name:?}: {}", detail(name));
        }
        for name in ["Engineering ", "Statsig-Nowhere-Member", "Statsig-Demo-Gardener"] {
            assert!(!detail(name).contains("space"), "{name:?}: {}", detail(name));
        }
        assert!(detail("Statsig-Demo-Core-Member ").ends_with("push \"Statsig-Demo-Core-Member\"."));
    }

    #[test]
    fn dashes_are_no_hyphens_and_no_other_name() {
        let resolve = |plain, name: &str| resolve("Statsig", &organization(plain), name, &[]);
        for dash in ['\u{2010}', '\u{2011}', '\u{2013}', '\u{2014}', '\u{2212}', '\u{FE63}', '\u{FF0D}'] {
            for plain in [true, false] {
                let error = resolve(plain, &format!("statsig{dash}Demo{dash}Member")).unwrap_err();
                assert!(error.to_string().contains(&format!("U+{:04X}", u32::from(dash))), "{error}");
            }
            assert_eq!(resolve(true, &format!("Sales {dash} EMEA")).unwrap(), NewGroup::Plain);
        }
        assert!(resolve_among(&["Demo"], "Statsig-Demo–Member").unwrap_err().to_string().contains("U+2013"));
    }

    #[test]
    fn folding_that_changes_length_does_not_break_the_cut() {
        assert_eq!(resolve_among(&["İstanbul"], "Statsig-İSTANBUL-T-Member").unwrap(), team("İstanbul", "T"));
        assert_eq!(strip_suffix_fold("ü", "-Member"), None);
        assert_eq!(strip_suffix_fold("aü-member", "-Member"), Some("aü"));
        assert_eq!(strip_suffix_fold("aü－Ｍember", "-Member"), Some("aü"));
        assert_eq!(
            resolve_among(&["Cafe\u{301}"], "Ｓtatsig-Café-T-Member").unwrap(),
            team("Cafe\u{301}", "T")
        );
    }
}
