//! SCIM keys and their like must not stand in a log, wherever a client put them and however they are encoded.
//!
//! Every text of a logged request comes by here, and next to none has a key in it: what has none is found out byte by
//! byte and given back as it is.

use std::borrow::Cow;

/// Shortest run of letters and digits that is taken for a key. A SCIM key has 69 after its prefix; in Base64 or
/// hexadecimal it has more. Words, ids and the labels of domains have fewer.
const KEY_LIKE: usize = 40;
/// Shortest run of hexadecimal digits that is taken for a key.
const HEX_KEY_LIKE: usize = 32;
/// How many times a text may be encoded over.
const ENCODINGS: usize = 3;

/// The text without what looks like a key, in either case, as it is or percent-encoded, escaped as in JSON, in Base64
/// or in hexadecimal: of a key, the first four characters stay.
pub fn redacted(text: &str) -> Cow<'_, str> {
    with_runs_cut(text, is_key_like)
}

/// The same, and shorter runs of hexadecimal digits are taken for keys, too.
pub fn strictly_redacted(text: &str) -> Cow<'_, str> {
    with_runs_cut(text, |run| {
        is_key_like(run) || run.len() >= HEX_KEY_LIKE && run.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn is_key_like(run: &str) -> bool {
    run.len() >= KEY_LIKE
}

fn with_runs_cut(text: &str, is_cut: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let mut decoded = Cow::Borrowed(text);
    let mut found = false;
    for _ in 0..=ENCODINGS {
        if runs(&decoded).any(|(is_run, run)| is_run && is_cut(run)) {
            decoded = Cow::Owned(cut(&decoded, &is_cut));
            found = true;
        }
        match decoded_once(&decoded) {
            Some(next) => decoded = Cow::Owned(next),
            None => break,
        }
    }
    if found { decoded } else { Cow::Borrowed(text) }
}

fn cut(text: &str, is_cut: &impl Fn(&str) -> bool) -> String {
    let mut kept = String::with_capacity(text.len());
    for (is_run, run) in runs(text) {
        if is_run && is_cut(run) {
            kept.push_str(run.get(..4).unwrap_or_default());
            kept.push('…');
        } else {
            kept.push_str(run);
        }
    }
    kept
}

/// The text in pieces: runs of ASCII letters and digits, and what is between them.
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

/// The text with its percent-encoding and JSON's `\u` escapes undone once; `None` where it has neither.
fn decoded_once(text: &str) -> Option<String> {
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
            assert_eq!(redacted(&text), expected);
        }
        let plain = "00000000-0000-4000-8000-00000000ABCD scim-ABCD… LONG NAMES IN CAPITALS, 50% AND \\ STAY AS THEY ARE";
        assert_eq!(redacted(plain), plain);
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
            let told = redacted(&format!("<{text}>")).into_owned();
            assert!(told.len() < 40, "{text} -> {told}");
            assert!(!told.to_ascii_uppercase().contains(secret), "{told}");
        }
    }

    #[test]
    fn a_key_is_as_long_as_a_key() {
        assert_eq!(redacted(&"A".repeat(KEY_LIKE)), "AAAA…");
        let shorter = "A".repeat(KEY_LIKE - 1);
        assert_eq!(redacted(&shorter), shorter);
        let digits = "0123456789abcdef".repeat(2);
        assert_eq!(redacted(&digits), digits);
        assert_eq!(strictly_redacted(&digits), "0123…");
        let id = "00000000-0000-4000-8000-00000000abcd";
        assert_eq!(strictly_redacted(id), id);
    }

    proptest! {
        #[test]
        fn what_has_no_key_stays_as_it_is(text in "([ -~ü]{0,30}[^0-9A-Za-z%\\\\]){0,5}") {
            prop_assume!(!text.contains(['%', '\\']));
            prop_assert_eq!(redacted(&text), text.as_str());
        }
    }
}
