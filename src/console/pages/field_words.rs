//! The words of the pages for what the texts of the admin API call by the names of its fields.

use std::borrow::Cow;

/// Fields of the API as its texts quote them, and what the pages call them.
const WORDS: [(&str, &str); 13] = [
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
    ("confirm it with \"confirm_people\":", "confirm that number:"),
];

/// A text of the API as a page says it.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
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
    }
}
