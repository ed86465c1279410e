//! Comparison of strings: case, width and composition of characters.
//!
//! ```
//! use scim_protocol::text::{equal_fold, fold};
//!
//! assert!(equal_fold("Jose\u{301}", "JOSÉ"));
//! assert_eq!(fold("ＡＮＮ"), "ann");
//! ```

use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::Rules;
use serde_json::Value;

use crate::Object;

// As statics, their tables are in the compiled code once: a call of `new_nfc` has those of this crate and its own.
static COMPOSING: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
static DECOMPOSING: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();

/// The form in which strings that are not `caseExact` are compared and indexed (RFC 7643 §2.2, RFC 7644 §5 and §7.8):
/// the mappings of PRECIS' UsernameCaseMapped (RFC 8265 §3.3). Full-width and half-width characters become the ordinary
/// ones, capital letters become small, and letters with marks are composed (NFC).
///
/// Case is mapped character by character, and both small sigmas become the same one, so that a part of a text, cut
/// between letters, folds to a part of the folded text. A letter and its mark are one letter in either form: "René"
/// does not begin with "Rene".
///
/// Providers may store folded text, to compare it in a database. [`FOLD_VERSION`] tells them when it has to be folded
/// again.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let small: String = width_mapped(text)
        .chars()
        .flat_map(char::to_lowercase)
        .map(|character| if character == 'ς' { 'σ' } else { character })
        .collect();
    compose(&small).into_owned()
}

/// The version of the rules of [`fold`]. It is raised when they change, also by new Unicode data, so that
/// providers find the text that was folded by an older version.
pub const FOLD_VERSION: i64 = 1;

/// The text in Unicode's composed form (NFC), in which `caseExact` strings are compared.
pub fn compose(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    COMPOSING.normalize(text)
}

/// Whether the text is in Unicode's composed form (NFC).
pub fn is_composed(text: &str) -> bool {
    compose(text) == text
}

/// The text in Unicode's decomposed form (NFD).
pub fn decompose(text: &str) -> Cow<'_, str> {
    DECOMPOSING.normalize(text)
}

/// RFC 8265 §3.3.1: fullwidth and halfwidth characters are mapped to their decomposition mappings.
fn width_mapped(text: &str) -> Cow<'_, str> {
    // The rule of this profile does not fail.
    UsernameCaseMapped::new().width_mapping_rule(text).unwrap_or(Cow::Borrowed(text))
}

/// Folds the strings in a JSON object, and its names. Strings have to be folded one by one and not as JSON text,
/// because folding can turn another character into a quotation mark.
pub fn fold_object(object: &Object) -> Object {
    object.iter().map(|(name, value)| (fold(name), fold_value(value))).collect()
}

fn fold_value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(fold(text)),
        Value::Array(elements) => Value::Array(elements.iter().map(fold_value).collect()),
        Value::Object(object) => Value::Object(fold_object(object)),
        other => other.clone(),
    }
}

/// The texts in the order of the alphabet, each once.
pub fn in_order<T: AsRef<str> + PartialEq>(mut texts: Vec<T>) -> Vec<T> {
    // The sort is one of keys, so that it is compiled once for all types of texts.
    texts.sort_by_cached_key(|text| text.as_ref().to_owned());
    texts.dedup();
    texts
}

/// Whether two strings are equal apart from case, width and composition.
pub fn equal_fold(left: &str, right: &str) -> bool {
    left == right || fold(left) == fold(right)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn folding_goes_beyond_ascii() {
        assert!(equal_fold("JÜRGEN@Example.com", "jürgen@example.COM"));
        assert!(!equal_fold("jurgen", "jürgen"));
        assert!(fold("ΟΔΟΣ ΑΘΗΝΑΣ").starts_with(&fold("οδος")));
        // RFC 8265 maps to small letters; it does not fold: these are two names.
        assert!(equal_fold("STRAẞE", "straße"));
        assert!(!equal_fold("straße", "strasse"));
    }

    #[test]
    fn canonically_equal_text_is_equal() {
        for (left, right) in [
            ("Jose\u{301}", "JOSÉ"),
            ("zoe\u{308}", "Zoë"),
            // Marks in another order.
            ("a\u{323}\u{302}", "a\u{302}\u{323}"),
            ("Ậ", "a\u{302}\u{323}"),
            // Hangul in letters and in syllables.
            ("\u{1100}\u{1161}\u{11a8}", "각"),
            ("\u{212b}ngström", "ångström"),
            ("\u{212a}im", "kim"),
            ("İ", "i\u{307}"),
        ] {
            assert_eq!(fold(left), fold(right), "{left} {right}");
        }
    }

    #[test]
    fn width_is_no_difference() {
        for (left, right) in [
            ("Ａｎｎ＠ａｃｍｅ．ｔｅｓｔ", "ann@acme.test"),
            ("ｶﾞｷﾞ", "ガギ"),
            ("ｶﾞ", "カ\u{3099}"),
            ("\u{ffa1}", "\u{3131}"),
            ("a\u{3000}b", "a b"),
            ("￣￥", "¯¥"),
        ] {
            assert_eq!(fold(left), fold(right), "{left} {right}");
        }
        // Only width: other compatibility characters keep their difference.
        assert!(!equal_fold("①", "1"));
        assert!(!equal_fold("ﬁ", "fi"));
    }

    #[test]
    fn every_character_folds_once_and_in_every_form() {
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            let folded = fold(&text);
            assert_eq!(fold(&folded), folded, "{:X}", u32::from(character));
            assert_eq!(fold(&decompose(&text)), folded, "{:X}", u32::from(character));
            assert!(!folded.bytes().any(|byte| byte.is_ascii_uppercase()), "{:X}", u32::from(character));
        }
    }

    #[test]
    fn a_document_stays_json() {
        let doc = json!({"displayName": "Ｘ＂,＼｛｝Y", "emails": [{"value": "É@X", "primary": true}]});
        let Value::Object(doc) = doc else { panic!("no object") };
        let folded = Value::Object(fold_object(&doc));
        assert_eq!(
            folded,
            json!({"displayname": "x\",\\{}y", "emails": [{"value": "é@x", "primary": true}]})
        );
    }

    proptest! {
        #[test]
        fn folding_is_idempotent_and_blind_to_form(
            text in "\\PC{0,12}|[aeiouAEIOU\u{300}-\u{345}\u{1100}-\u{11ff}ΣΆ\u{ff21}-\u{ffdc}]{0,12}",
        ) {
            let folded = fold(&text);
            prop_assert_eq!(&fold(&folded), &folded);
            prop_assert_eq!(&fold(&decompose(&text)), &folded);
            prop_assert_eq!(fold(&compose(&text)), folded);
        }
    }
}
