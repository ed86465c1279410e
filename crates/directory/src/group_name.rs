//! What a group's name means: `<prefix>-<Project>-<Role>`, `<prefix>-<Project>-<Team>-<Role>`.
//!
//! The parts contain hyphens and spaces themselves, so a name is never split; it is held against the
//! projects that exist, the longest first.

use serde::Deserialize;

use super::Organization;
use super::visible::{check_visible, code_of, imitation, is_dash};
use scim_protocol::ScimError;
use scim_protocol::error::shorten;
use scim_protocol::text::{equal_fold, fold};

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

/// Decides what a group that does not exist yet would be. `projects` are those whose name the group's
/// name goes on with after the prefix, in any order.
///
/// # Errors
/// `invalidValue` with what can be pushed instead.
pub fn resolve(
    prefix: &str,
    organization: &Organization,
    name: &str,
    projects: &[Project],
) -> Result<NewGroup, ScimError> {
    let trimmed = name.trim();
    let new = resolve_trimmed(prefix, organization, trimmed, projects)?;
    if trimmed == name {
        return Ok(new);
    }
    Err(ScimError::invalid_value(format!(
        "The name \"{}\" begins or ends with a space. Remove the space in the identity provider, and push \"{}\".",
        shorten(name),
        shorten(trimmed)
    )))
}

fn resolve_trimmed(
    prefix: &str,
    organization: &Organization,
    name: &str,
    projects: &[Project],
) -> Result<NewGroup, ScimError> {
    let Some(rest) = after_prefix(prefix, name) else {
        check_no_imitation(prefix, name)?;
        if organization.plain_groups {
            check_plain(prefix, name)?;
            return Ok(NewGroup::Plain);
        }
        return Err(refusal(
            format!(
                "Project creation is not supported via SCIM, and \"{}\" is not the name of a project's group: those begin \
             with \"{prefix}-\". Link the pushed group to an existing group, such as \"{prefix}-<Project>-Member\".",
                shorten(name)
            ),
            name,
        ));
    };
    let candidates: Vec<(&Project, &str)> = projects
        .iter()
        .filter_map(|project| Some((project, strip_fold(rest, &format!("{}-", project.name))?)))
        .collect();
    let team_of = |role| strip_suffix_fold(role, "-Member").filter(|team| !team.trim().is_empty());
    let teams = candidates.iter().filter_map(|(project, role)| Some((*project, team_of(role)?)));
    if let Some((project, team)) = teams.min_by_key(|(_, team)| team.len()) {
        check_name("team", team).map_err(ScimError::invalid_value)?;
        return Ok(NewGroup::Team { project: project.clone(), team: team.to_owned() });
    }
    let Some(&(project, role)) = candidates.iter().min_by_key(|(_, role)| role.len()) else {
        return Err(refusal(
            format!(
                "Project creation is not supported via SCIM: no project's name follows \"{prefix}-\" in \"{}\". Create the \
             project in the console, or correct the group's name.",
                shorten(name)
            ),
            name,
        ));
    };
    let team = strip_suffix_fold(role, "-Admin");
    let part = team.unwrap_or(role);
    if part.trim() != part && !part.trim().is_empty() {
        return Err(ScimError::invalid_value(format!(
            "In \"{}\", the name \"{}\" of a role or team begins or ends with a space. Remove the space in the identity \
             provider.",
            shorten(name),
            shorten(part)
        )));
    }
    Err(refusal(
        match team {
            Some(team) => format!(
                "There is no team \"{0}\" in project \"{1}\". Push \"{2}\" to create the team; its \"-Admin\" group comes \
             with it and can be linked then.",
                shorten(team),
                project.name,
                shorten(&team_role(prefix, &project.name, team, "Member"))
            ),
            None if role.starts_with('-') => format!(
                "The name of the team is missing: a team's group is named \"{}\".",
                team_role(prefix, &project.name, "<Team>", "Member")
            ),
            None => format!(
                "Project \"{1}\" has no role \"{0}\", and roles are made in the console, not via SCIM. To create a team \
             named \"{0}\", push \"{2}\".",
                shorten(role),
                project.name,
                shorten(&team_role(prefix, &project.name, role, "Member"))
            ),
        },
        name,
    ))
}

/// The refusal of a name, with what may be wrong with it beside.
fn refusal(mut detail: String, name: &str) -> ScimError {
    let spaced = |pair: &[char]| matches!(pair, [space, '-'] | ['-', space] if space.is_whitespace());
    if name.chars().collect::<Vec<char>>().windows(2).any(spaced) {
        detail.push_str(
            " The name has a space beside a hyphen: names of projects, roles and teams neither begin nor end with a \
             space.",
        );
    }
    if let Some(dash) = name.chars().find(|character| *character != '-' && is_dash(*character)) {
        detail.push_str(&format!(
            " The name has a dash, \"{dash}\" (U+{:04X}), where a hyphen, \"-\", may be meant.",
            u32::from(dash)
        ));
    }
    ScimError::invalid_value(detail)
}

/// Checks the name of a group that is tied to no project: names that begin as projects' groups do are
/// kept for those.
///
/// # Errors
/// `invalidValue` saying what is wrong with it.
pub fn check_plain(prefix: &str, name: &str) -> Result<(), ScimError> {
    if after_prefix(prefix, name.trim()).is_some() {
        let detail = format!(
            "Names that begin with \"{prefix}-\" are kept for the groups of projects; \"{}\" is not one of them.",
            shorten(name)
        );
        return Err(refusal(detail, name));
    }
    check_no_imitation(prefix, name)?;
    check_name("group", name).map_err(ScimError::invalid_value)
}

/// Refuses a name that looks as if it began with the prefix: people would take the group for a project's.
fn check_no_imitation(prefix: &str, name: &str) -> Result<(), ScimError> {
    let Some(dash) = imitation(name, &format!("{prefix}-")) else { return Ok(()) };
    Err(ScimError::invalid_value(format!(
        "\"{}\" begins with what looks like \"{prefix}-\", but has the character {} for the hyphen. Names that look so are kept \
         for the groups of projects: write \"-\" (U+002D), or choose another name.",
        shorten(name),
        code_of(dash)
    )))
}

/// Checks the name of a project, role, team or plain group.
///
/// # Errors
/// A sentence saying what is wrong with it.
pub fn check_name(what: &str, name: &str) -> Result<(), String> {
    const LONGEST: usize = 200;
    if name.trim().is_empty() {
        return Err(format!("The {what}'s name must not be empty."));
    }
    if name != name.trim() {
        return Err(format!("The {what}'s name \"{}\" must not begin or end with a space.", shorten(name)));
    }
    if name.chars().count() > LONGEST {
        return Err(format!("The {what}'s name must not be longer than {LONGEST} characters."));
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
            email_domains: Vec::new(),
            user_count: 0,
            group_count: 0,
            user_limit: None,
        }
    }

    fn resolve_among(projects: &[&str], name: &str) -> Result<NewGroup, ScimError> {
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
        let detail = |name: &str| resolve_among(&["Demo"], name).unwrap_err().detail;
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
            let detail = resolve(plain, "Ｓtatsig–Demo–Member").unwrap_err().detail;
            assert!(detail.contains("U+2013"), "{detail}");
        }
    }

    #[test]
    fn a_space_at_the_end_of_a_part_is_named() {
        let detail = |name: &str| resolve_among(&["Demo"], name).unwrap_err().detail;
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
                assert!(error.detail.contains(&format!("U+{:04X}", u32::from(dash))), "{}", error.detail);
            }
            assert_eq!(resolve(true, &format!("Sales {dash} EMEA")).unwrap(), NewGroup::Plain);
        }
        assert!(resolve_among(&["Demo"], "Statsig-Demo–Member").unwrap_err().detail.contains("U+2013"));
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
