//! What texts of people and groups have to be: short enough for an index, and told apart by looking at them.

use crate::characters::{is_blank, is_hidden};
use crate::refusal::{Refusal, RefusalKind};

/// Most bytes of a text that an index holds: `userName`, `externalId`, a group's `displayName`.
pub const MAX_INDEXED_BYTES: usize = 1024;

/// Refuses a text that is too long for an index.
pub(crate) fn check_length(attribute: &'static str, text: &str) -> Result<(), Refusal> {
    match text.len() <= MAX_INDEXED_BYTES {
        true => Ok(()),
        false => Err(RefusalKind::TextTooLong { attribute, limit: MAX_INDEXED_BYTES }.into()),
    }
}

/// Refuses hidden characters, and texts of blank characters alone. `what` begins the sentence: it names the attribute.
///
/// # Errors
/// `RefusalKind::InvisibleCharacter`, `RefusalKind::BlankText`.
pub(crate) fn check_visible(what: &str, text: &str) -> Result<(), Refusal> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return Ok(());
    }
    if let Some((at, character)) = text.char_indices().find(|(_, character)| is_hidden(*character)) {
        let before = text.get(..at).unwrap_or_default().to_owned();
        return Err(RefusalKind::InvisibleCharacter { what: what.to_owned(), character, before }.into());
    }
    match text.chars().next() {
        Some(first) if text.chars().all(is_blank) => {
            Err(RefusalKind::BlankText { what: what.to_owned(), character: first }.into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_named() {
        for (text, code, place) in [
            ("ann\u{200b}@acme.test", "U+200B", "after \"ann\""),
            ("\u{202e}Statsig-Demo-Member", "U+202E", "at its beginning"),
            ("ann\r\nBcc: b@acme.test", "U+000D", "after \"ann\""),
            ("a\u{0}", "U+0000", "after \"a\""),
            ("a\u{7f}", "U+007F", "after \"a\""),
            ("a\u{85}", "U+0085", "after \"a\""),
            ("\u{3164}", "U+3164", "at its beginning"),
            ("so\u{ad}ft", "U+00AD", "after \"so\""),
            ("a\u{feff}", "U+FEFF", "after \"a\""),
            ("a\u{2066}b\u{2069}", "U+2066", "after \"a\""),
            ("a\u{200d}b", "U+200D", "after \"a\""),
            ("a\u{fe0f}", "U+FE0F", "after \"a\""),
            ("a\u{e0041}", "U+E0041", "after \"a\""),
            ("a\u{2029}", "U+2029", "after \"a\""),
            ("a\u{fff9}", "U+FFF9", "after \"a\""),
        ] {
            let sentence = check_visible("\"userName\"", text).unwrap_err().to_string();
            assert!(sentence.starts_with("\"userName\" must not contain"), "{sentence}");
            assert!(sentence.contains(&format!("{code}, which it has {place}.")), "{sentence}");
        }
    }

    #[test]
    fn blank_texts_are_refused() {
        for text in ["\u{2800}", "\u{a0}\u{2003}", " \u{3000} "] {
            assert!(
                check_visible("\"displayName\"", text).unwrap_err().to_string().contains("U+"),
                "{text:?}"
            );
        }
        assert!(check_visible("x", "a\u{a0}b").is_ok());
    }

    #[test]
    fn letters_of_all_scripts_are_visible() {
        for text in [
            "ann@acme.test",
            "José",
            "Jose\u{301}",
            "각",
            "\u{1100}\u{1161}\u{11a8}",
            "ｱﾞ",
            "🛠 Team",
            "नमस्ते",
            "عمر",
            "a b",
        ] {
            assert_eq!(check_visible("x", text), Ok(()), "{text}");
        }
    }
}
