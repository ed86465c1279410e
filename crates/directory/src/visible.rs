//! Which texts can be told apart by looking at them: what names people and groups must have nothing in it that nobody
//! sees.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

use scim_protocol::error::shorten;
use scim_protocol::text::fold;

/// Refuses characters that cannot be seen, or that turn the order of the others around: control characters, and what
/// Unicode lets fonts ignore, such as zero-width spaces and joiners, soft hyphens, bidirectional marks, variation
/// selectors and fillers. Refuses a text that looks empty, too. `what` is how the sentence begins: the attribute.
///
/// # Errors
/// A sentence naming the attribute and the character.
pub fn check_visible(what: &str, text: &str) -> Result<(), String> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return Ok(());
    }
    if let Some((at, hidden)) = text.char_indices().find(|(_, character)| is_hidden(*character)) {
        let before = text.get(..at).filter(|before| !before.is_empty());
        let place =
            before.map_or("at its beginning".to_owned(), |before| format!("after \"{}\"", shorten(before)));
        return Err(format!(
            "{what} must not contain the invisible character {}, which it has {place}. Remove the character, or type the text \
             anew.",
            code_of(hidden)
        ));
    }
    match text.chars().next() {
        Some(first) if text.chars().all(is_blank) => {
            Err(format!("{what} must not consist of blank characters alone, such as {}.", code_of(first)))
        }
        _ => Ok(()),
    }
}

/// The first character of `text` that makes it begin with something like `beginning`, and not with that itself: another
/// kind of hyphen or dash. `None` where it begins otherwise.
pub fn imitation(text: &str, beginning: &str) -> Option<char> {
    let straight = |text: &str| -> String {
        fold(text).chars().map(|character| if is_dash(character) { '-' } else { character }).collect()
    };
    if !straight(text).starts_with(&straight(beginning)) {
        return None;
    }
    text.chars().take(beginning.chars().count()).find(|&character| character != '-' && is_dash(character))
}

/// A character as Unicode's documents name it.
pub fn code_of(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

fn is_hidden(character: char) -> bool {
    // Line and paragraph separators, and the marks of annotations.
    let is_separator = matches!(u32::from(character), 0x2028 | 0x2029 | 0xFFF9..=0xFFFB);
    character.is_control()
        || is_separator
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// Spaces, and the two symbols that are drawn as nothing.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{2800}' | '\u{1D159}')
}

/// Unicode's property Dash, and the letters and marks that look like one.
pub(crate) fn is_dash(character: char) -> bool {
    matches!(
        u32::from(character),
        0x2D | 0xAF | 0x2C9 | 0x2CD | 0x2D7 | 0x58A | 0x5BE | 0x1400 | 0x1428 | 0x1806 | 0x2010..=0x2015 | 0x203E
            | 0x2043 | 0x2053 | 0x207B | 0x208B | 0x2212 | 0x23AF | 0x23BA..=0x23BD | 0x2500 | 0x2501 | 0x2574 | 0x2576
            | 0x2578 | 0x257A | 0x2796 | 0x2E17 | 0x2E1A | 0x2E3A | 0x2E3B | 0x2E40 | 0x2E5D | 0x301C | 0x3030 | 0x30A0
            | 0x30FC | 0x3161 | 0x4E00 | 0xFE31 | 0xFE32 | 0xFE58 | 0xFE63 | 0xFF0D | 0xFF70 | 0xFFDA | 0x10D6E | 0x10EAD
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_named() {
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
            let sentence = check_visible("\"userName\"", text).unwrap_err();
            assert!(sentence.starts_with("\"userName\" must not contain"), "{sentence}");
            assert!(sentence.contains(&format!("{code}, which it has {place}.")), "{sentence}");
        }
    }

    #[test]
    fn what_looks_empty_is_refused() {
        for text in ["\u{2800}", "\u{a0}\u{2003}", " \u{3000} "] {
            assert!(check_visible("\"displayName\"", text).unwrap_err().contains("U+"), "{text:?}");
        }
        assert!(check_visible("x", "a\u{a0}b").is_ok());
    }

    #[test]
    fn letters_of_all_scripts_are_seen() {
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

    #[test]
    fn other_dashes_imitate_the_hyphen() {
        for dash in [
            "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2015}", "\u{2212}", "\u{fe58}",
            "\u{fe63}",
        ] {
            let name = format!("STATSIG{dash}Demo{dash}Member");
            assert_eq!(imitation(&name, "Statsig-"), dash.chars().next(), "{name}");
        }
        assert_eq!(imitation("Ｓｔａｔｓｉｇ–Demo", "Statsig-"), Some('–'));
        assert_eq!(imitation("Stat–sig", "Stat-sig-"), None);
        assert_eq!(imitation("Stat–sig-x", "Stat-sig-"), Some('–'));
        assert_eq!(imitation("Engineering – Statsig-", "Statsig-"), None);
    }
}
