//! The words of the pages for what the texts of the admin API call by the names of its fields.

use std::borrow::Cow;

/// Fields of the API as its texts quote them, and what the pages call them.
const WORDS: [(&str, &str); 14] = [
    ("\"user_name\"", "The user name"),
    ("\"name\"", "The name"),
    ("\"org_role\"", "The organization role"),
    ("\"mail_domains\"", "The mail domains"),
    ("\"key_lifetime_days\"", "The number of days"),
    ("\"user_limit\"", "The number of people"),
    ("\"brake_percent\"", "The share of people"),
    ("\"overlap_seconds\"", "The time that the old key stays good, in seconds,"),
    ("\"expires_in_seconds\"", "The time after which the key expires, in seconds,"),
    ("\"for_minutes\"", "The number of minutes"),
    ("\"org_role_attribute\"", "The attribute of the organization role"),
    ("\"events\"", "The list of changes"),
    ("confirm it with \"confirm_no_address\": true.", "tick the box at the form, and send it again."),
    ("confirm it with \"confirm_people\":", "confirm that number:"),
];

/// A text of the API as a page says it.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    // The rest tells callers of the API which values there are.
    if let Some((name, _)) =
        text.strip_prefix("Invalid query parameter \"").and_then(|rest| rest.split_once('"'))
    {
        return Cow::Owned(format!(
            "The part \"{name}\" of this address is not valid: choose it on the page again."
        ));
    }
    WORDS.iter().fold(Cow::Borrowed(text), |text, (name, words)| match text.contains(name) {
        true => Cow::Owned(text.replace(name, words)),
        false => text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields_become_words() {
        assert_eq!(
            plain("\"brake_percent\" must be from 0 to 100."),
            "The share of people must be from 0 to 100."
        );
        assert_eq!(plain("There is no such page."), "There is no such page.");
        let of_address = plain("Invalid query parameter \"status\": unknown variant `lost`.");
        assert_eq!(
            of_address,
            "The part \"status\" of this address is not valid: choose it on the page again."
        );
    }
}
