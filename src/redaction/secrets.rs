//! Redacts SCIM keys and similar secrets, wherever a client has put them and however they are encoded.
//!
//! Every text of a logged request passes through here, and hardly any contains a key: a text without one is recognized
//! byte by byte and returned without a copy.

use std::borrow::Cow;

/// Shortest run of letters and digits that is taken for a key. A SCIM key has 69 after its prefix; in Base64 or
/// hexadecimal it has more. Words, ids and the labels of domains have fewer.
const MIN_KEY: usize = 40;
/// Shortest run of hexadecimal digits that [`redact_strictly`] takes for a key.
const MIN_HEX_KEY: usize = 32;
/// Most encodings on top of each other that are undone.
const MAX_ENCODINGS: usize = 3;

/// Redacts what looks like a key: in upper or lower case, in clear, percent-encoded, escaped as in JSON, in Base64 or
/// in hexadecimal. Its first four characters stay.
pub fn redact(text: &str) -> Cow<'_, str> {
    redact_runs(text, is_key)
}

/// As [`redact`], and shorter runs of hexadecimal digits are taken for keys, too.
pub fn redact_strictly(text: &str) -> Cow<'_, str> {
    redact_runs(text, |run| {
        is_key(run) || run.len() >= MIN_HEX_KEY && run.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_key(run: &str) -> bool {
    run.len() >= MIN_KEY
}

fn redact_runs(text: &str, is_secret: impl Fn(&str) -> bool) -> Cow<'_, str> {
    // Decoding makes no run of letters and digits that is longer than the text.
    if text.len() < MIN_HEX_KEY {
        return text.into();
    }
    let mut decoded = Cow::Borrowed(text);
    let mut found = false;
    for _ in 0..=MAX_ENCODINGS {
        if runs(&decoded).any(|(is_run, run)| is_run && is_secret(run)) {
            decoded = Cow::Owned(truncate(&decoded, &is_secret));
            found = true;
        }
        match decode_once(&decoded) {
            Some(next) => decoded = Cow::Owned(next),
            None => break,
        }
    }
    if found { decoded } else { Cow::Borrowed(text) }
}

fn truncate(text: &str, is_secret: &impl Fn(&str) -> bool) -> String {
    let mut kept = String::with_capacity(text.len());
    for (is_run, run) in runs(text) {
        if is_run && is_secret(run) {
            kept.push_str(run.get(..4).unwrap_or_default());
            kept.push('…');
        } else {
            kept.push_str(run);
        }
    }
    kept
}

/// Splits the text into runs of ASCII letters and digits, marked `true`, and the text between them.
fn runs(text: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_run = rest.bytes().next()?.is_ascii_alphanumeric();
        let end = rest.bytes().position(|byte| byte.is_ascii_alphanumeric() != is_run).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        rest = after;
        Some((is_run, run))
    })
}

/// Undoes percent-encoding and JSON's `\u` escapes once; `None` if the text has neither.
fn decode_once(text: &str) -> Option<String> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'\\')) {
        return None;
    }
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    let mut parts = decoded.split("\\u");
    let mut unescaped = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escaped = part.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match (escaped.and_then(char::from_u32), part.get(4..)) {
            (Some(character), Some(after)) => {
                unescaped.push(character);
                unescaped.push_str(after);
            }
            _ => {
                unescaped.push_str("\\u");
                unescaped.push_str(part);
            }
        }
    }
    (unescaped != text).then_some(unescaped)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Base64UrlUnpadded, Encoding};
    use proptest::prelude::*;

    use super::*;

    fn percent_encoded(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02X}")).collect()
    }

    #[test]
    fn keys_are_found_wherever_they_stand() {
        let key = "ABCD2345".repeat(8);
        for (text, expected) in [
            (format!("scim-{key}"), "scim-ABCD…"),
            (format!("a@scim-{key}/x"), "a@scim-ABCD…/x"),
            (format!("scim%2D{key} and ü{key}"), "scim-AB… and üABCD…"),
            (format!("…{key}é"), "…ABCD…é"),
        ] {
            assert_eq!(redact(&text), expected);
        }
        let plain = "00000000-0000-4000-8000-00000000ABCD scim-ABCD… LONG NAMES IN CAPITALS, 50% AND \\ STAY AS THEY \
                     ARE";
        assert_eq!(redact(plain), plain);
    }

    #[test]
    fn keys_are_found_in_either_case_and_however_they_are_encoded() {
        let key = format!("scim-{}", "ABCD2345Z".repeat(8));
        let secret = key.get(20..60).unwrap();
        let escaped: String = key.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
        for text in [
            key.to_ascii_lowercase(),
            percent_encoded(&key),
            percent_encoded(&percent_encoded(&key)),
            percent_encoded(&Base64::encode_string(key.as_bytes())),
            Base64::encode_string(key.as_bytes()),
            Base64::encode_string(format!("user:{key}").as_bytes()),
            Base64UrlUnpadded::encode_string(key.as_bytes()),
            base16ct::lower::encode_string(key.as_bytes()),
            format!("userName eq \"{escaped}\""),
            format!("{key} {}", percent_encoded(&key)),
        ] {
            let logged = redact(&format!("<{text}>")).into_owned();
            assert!(logged.len() < 40, "{text} -> {logged}");
            assert!(!logged.to_ascii_uppercase().contains(secret), "{logged}");
        }
    }

    #[test]
    fn a_key_is_as_long_as_a_key() {
        assert_eq!(redact(&"A".repeat(MIN_KEY)), "AAAA…");
        let shorter = "A".repeat(MIN_KEY - 1);
        assert_eq!(redact(&shorter), shorter);
        let digits = "0123456789abcdef".repeat(2);
        assert_eq!(redact(&digits), digits);
        assert_eq!(redact_strictly(&digits), "0123…");
        let id = "00000000-0000-4000-8000-00000000abcd";
        assert_eq!(redact_strictly(id), id);
    }

    proptest! {
        #[test]
        fn a_text_without_a_key_is_unchanged(text in "([ -~ü]{0,30}[^0-9A-Za-z%\\\\]){0,5}") {
            prop_assume!(!text.contains(['%', '\\']));
            prop_assert_eq!(redact(&text), text.as_str());
        }
    }
}
