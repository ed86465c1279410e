//! What must not stand in a log: keys, passwords and their like, wherever somebody put them.
//!
//! Every text of a logged request comes by here, and next to none has a secret in it: what has none is found out byte by byte and
//! given back as it is.

use std::borrow::Cow;

/// Shortest run of a key's letters that is taken for one.
const KEY_LIKE: usize = 40;
/// What attributes are called that hold secrets, or parts of that, in lower case.
const SECRET_NAMES: [&str; 8] =
    ["password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "authorization"];

/// The text without what looks like a SCIM key, with or without its prefix: of it, the first four letters stay.
pub fn without_keys(text: &str) -> Cow<'_, str> {
    let is_letter = |byte: u8| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
    if !text.as_bytes().split(|byte| !is_letter(*byte)).any(|run| run.len() >= KEY_LIKE) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.bytes().position(is_letter) {
        let (before, run) = rest.split_at_checked(begin).unwrap_or((rest, ""));
        let end = run.bytes().position(|byte| !is_letter(byte)).unwrap_or(run.len());
        let (run, after) = run.split_at_checked(end).unwrap_or((run, ""));
        kept.push_str(before);
        if run.len() < KEY_LIKE {
            kept.push_str(run);
        } else {
            kept.push_str(run.get(..4).unwrap_or_default());
            kept.push('…');
        }
        rest = after;
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// Whether an attribute by this name or path holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    ends_of_secret_names(name).next().is_some()
}

/// The text up to the name of a secret after which something is quoted, as filters and paths do, and what says that more was there.
pub fn without_quoted_secrets(text: &str) -> Cow<'_, str> {
    let is_quote = |byte: u8| matches!(byte, b'"' | b'\'');
    if !text.bytes().any(is_quote) {
        return Cow::Borrowed(text);
    }
    for end in ends_of_secret_names(text) {
        let after = text.get(end..).unwrap_or_default();
        // A name may be in quotes itself.
        let after = after.strip_prefix(['"', '\'']).unwrap_or(after);
        if after.bytes().any(is_quote) {
            return Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default()));
        }
    }
    Cow::Borrowed(text)
}

/// The text as a log may have it.
pub fn redacted(text: &str) -> Cow<'_, str> {
    match without_keys(text) {
        Cow::Borrowed(text) => without_quoted_secrets(text),
        Cow::Owned(text) => Cow::Owned(without_quoted_secrets(&text).into_owned()),
    }
}

/// The address of a request as a log may have it: what stands in a path behind the name of a secret may be one, quoted or not. No
/// address of ours has such a name.
pub fn redacted_address(address: &str) -> Cow<'_, str> {
    let path = address.split('?').next().unwrap_or_default();
    let end = ends_of_secret_names(path).min();
    match end.filter(|end| *end < path.len()).and_then(|end| path.get(..end)) {
        Some(before) => Cow::Owned(format!("{}…", redacted(before))),
        None => redacted(address),
    }
}

/// Where the names of secrets in a text end, in any case: of each name, the first.
fn ends_of_secret_names(text: &str) -> impl Iterator<Item = usize> {
    SECRET_NAMES.iter().filter_map(|name| {
        let mut parts = text.as_bytes().windows(name.len());
        let begin = parts.position(|part| part.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(begin.saturating_add(name.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_wherever_they_stand() {
        let key = "ABCD2345".repeat(8);
        for (text, expected) in [
            (format!("scim-{key}"), "scim-ABCD…"),
            (format!("a@scim-{key}/x"), "a@scim-ABCD…/x"),
            (format!("scim%2D{key} and ü{key}"), "scim%2DAB… and üABCD…"),
            (format!("…{key}é"), "…ABCD…é"),
        ] {
            assert_eq!(redacted(&text), expected);
        }
        let plain = "00000000-0000-4000-8000-00000000ABCD scim-ABCD… LONG NAMES IN CAPITALS AND 234567 STAY AS THEY ARE";
        assert_eq!(redacted(plain), plain);
    }

    #[test]
    fn a_key_is_as_long_as_a_key() {
        assert_eq!(without_keys(&"A".repeat(KEY_LIKE)), "AAAA…");
        let shorter = "A".repeat(KEY_LIKE - 1);
        assert_eq!(without_keys(&shorter), shorter);
    }

    #[test]
    fn what_stands_in_a_path_behind_the_name_of_a_secret_is_not_told() {
        for (address, expected) in [
            ("/scim/Users/password%20eq%20%22hush%22", "/scim/Users/password…"),
            ("/scim/Users/myToken=hush?count=1", "/scim/Users/myToken…"),
            ("/scim/Users/x/secret/pwd-hush", "/scim/Users/x/secret…"),
            ("/scim/Users?filter=password eq \"hush\"", "/scim/Users?filter=password…"),
            ("/scim/Users?attributes=password,userName", ""),
            ("/scim/Users/password", ""),
        ] {
            assert_eq!(redacted_address(address), if expected.is_empty() { address } else { expected });
        }
    }

    #[test]
    fn what_is_quoted_behind_the_name_of_a_secret_is_not_told() {
        for (text, expected) in [
            (r#"password eq "hush""#, "password…"),
            (r#"The path "passWord[value eq "hush"]" is none."#, r#"The path "passWord…"#),
            (r#""password" is never returned, and nothing can be found by it."#, ""),
            ("clientSecret eq 'hush'", "clientSecret…"),
            ("nothing \"of\" the kind", ""),
        ] {
            assert_eq!(redacted(text), if expected.is_empty() { text } else { expected });
        }
    }
}
