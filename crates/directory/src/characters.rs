//! Characters by how they look.

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

use scim_protocol::text::fold;

/// The first character of `text` that makes it begin with something like `beginning`, and not with that itself: another
/// kind of hyphen or dash. `None` where it begins otherwise.
pub(crate) fn imitation(text: &str, beginning: &str) -> Option<char> {
    let straight = |text: &str| -> String {
        fold(text).chars().map(|character| if is_dash(character) { '-' } else { character }).collect()
    };
    if !straight(text).starts_with(&straight(beginning)) {
        return None;
    }
    text.chars().take(beginning.chars().count()).find(|&character| character != '-' && is_dash(character))
}

/// A character's code point as Unicode writes it, such as `U+2010`.
pub(crate) fn code_point(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

/// Whether a character cannot be seen or turns the order of others around: control characters, and what Unicode lets
/// fonts ignore, such as zero-width spaces and joiners, soft hyphens, bidirectional marks, variation selectors and
/// fillers.
pub(crate) fn is_hidden(character: char) -> bool {
    // Line and paragraph separators, and the marks of annotations.
    let is_separator = matches!(u32::from(character), 0x2028 | 0x2029 | 0xFFF9..=0xFFFB);
    character.is_control()
        || is_separator
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// Spaces, and the two symbols that are drawn as nothing.
pub(crate) fn is_blank(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{2800}' | '\u{1D159}')
}

/// Unicode's property Dash, and the letters and marks that look like one.
pub(crate) fn is_dash(character: char) -> bool {
    matches!(
        u32::from(character),
        0x2D | 0xAF | 0x2C9 | 0x2CD | 0x2D7 | 0x58A | 0x5BE | 0x1400 | 0x1428 | 0x1806 | 0x2010..=0x2015 | 0x203E
            | 0x2043 | 0x2053 | 0x207B | 0x208B | 0x2212 | 0x23AF | 0x23BA..=0x23BD | 0x2500 | 0x2501 | 0x2574 | 0x2576
            | 0x2578 | 0x257A | 0x2796 | 0x2E17 | 0x2E1A | 0x2E3A | 0x2E3B | 0x2E40 | 0x2E5D | 0x301C | 0x3030 | 0x30A0
            | 0x30FC | 0x3161 | 0x4E00 | 0xFE31 | 0xFE32 | 0xFE58 | 0xFE63 | 0xFF0D | 0xFF70 | 0xFFDA | 0x10D6E
            | 0x10EAD
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
