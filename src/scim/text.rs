//! Text as SCIM compares it.

/// The form in which strings that are not `caseExact` are compared and indexed (RFC 7643 §2.2).
///
/// Unicode lower case, character by character, so that a part of a text folds to a part of the folded text;
/// of the two small sigmas, whose choice depends on what follows, always the same one. SQLite folds ASCII
/// only, so what is compared in SQL is folded here first.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|character| if character == 'ς' { 'σ' } else { character })
        .collect()
}

/// Whether two strings are equal without regard to case.
pub fn equal_fold(left: &str, right: &str) -> bool {
    left == right || fold(left) == fold(right)
}

/// At most 100 characters of text a client sent, for quoting it back in a `detail`.
pub fn shorten(text: &str) -> String {
    const LONGEST: usize = 100;
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let mut characters = text.chars();
    let mut short: String = characters.by_ref().take(LONGEST).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_goes_beyond_ascii() {
        assert!(equal_fold("JÜRGEN@Example.com", "jürgen@example.COM"));
        assert!(!equal_fold("jurgen", "jürgen"));
        assert!(fold("ΟΔΟΣ ΑΘΗΝΑΣ").starts_with(&fold("οδος")));
    }

    #[test]
    fn shortening_keeps_characters_whole() {
        let long = "ü".repeat(200);
        assert_eq!(shorten(&long), format!("{}…", "ü".repeat(100)));
        assert_eq!(shorten("short"), "short");
    }
}
