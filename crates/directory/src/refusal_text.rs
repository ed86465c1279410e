//! Parts of the texts of refusals.

use crate::characters::{code_point, is_dash};
use scim_protocol::error::shorten;

/// The end of a sentence about an organization's email domains.
pub(crate) fn of_domains(domains: &[String]) -> String {
    const NAMED: usize = 10;
    let mut named = domains.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if domains.len() > NAMED {
        named.push_str(", …");
    }
    format!(
        "this organization: its mail domains are {named}. Assign people of these domains, or have an administrator add \
         the domain in the organization's settings."
    )
}

pub(crate) fn user_name_taken(user_name: &str, holder: Option<&str>) -> String {
    let user_name = shorten(user_name);
    match holder {
        Some(id) => format!(
            "userName \"{user_name}\" is already taken by user {id}, compared without case. Look the user up by \
             userName, also among the deactivated ones, and link it instead of creating another."
        ),
        None => format!("userName \"{user_name}\" is already taken, compared without case."),
    }
}

pub(crate) fn group_name_taken(name: &str, holder: Option<&str>) -> String {
    let by = holder.map(|id| format!(" ({id})")).unwrap_or_default();
    format!(
        "A group named \"{}\" exists already{by}, compared without case and without spaces around it. Link the pushed \
         group to it instead of creating another.",
        shorten(name)
    )
}

/// Some of the ids, and how many others there are.
pub fn list_ids(ids: &[String]) -> String {
    const NAMED: usize = 5;
    let named: Vec<String> = ids.iter().take(NAMED).map(|id| format!("\"{}\"", shorten(id))).collect();
    match ids.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        others => format!("{} and {others} others", named.join(", ")),
    }
}

/// Sentences about slips that may have made the name of a project's group into another name.
pub(crate) fn slips(name: &str) -> String {
    let mut sentences = String::new();
    let is_spaced_hyphen =
        |pair: &[char]| matches!(pair, [space, '-'] | ['-', space] if space.is_whitespace());
    if name.chars().collect::<Vec<char>>().windows(2).any(is_spaced_hyphen) {
        sentences.push_str(
            " The name has a space beside a hyphen: names of projects, roles and teams neither begin nor end with a \
             space.",
        );
    }
    if let Some(dash) = name.chars().find(|character| *character != '-' && is_dash(*character)) {
        sentences.push_str(&format!(
            " The name has a dash, \"{dash}\" ({}), where a hyphen, \"-\", may be meant.",
            code_point(dash)
        ));
    }
    sentences
}

pub(crate) fn place_after(before: &str) -> String {
    match before {
        "" => "at its beginning".to_owned(),
        before => format!("after \"{}\"", shorten(before)),
    }
}
