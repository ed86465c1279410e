//! What may stand in the log.

use std::borrow::Cow;

use crate::directory::key::{self, PREFIX};
use crate::directory::secret;

/// What a client sent, or what quotes that, without what the log must not tell: of keys only the hint, of mail addresses only the
/// domain. It must not begin a line of its own, either.
pub(super) fn redacted(text: &str) -> Cow<'_, str> {
    impersonal(secret::redacted(text))
}

/// The same of the address of a request.
pub(super) fn redacted_address(address: &str) -> Cow<'_, str> {
    impersonal(secret::redacted_address(address))
}

fn impersonal(text: Cow<'_, str>) -> Cow<'_, str> {
    if is_harmless(&text) { text } else { Cow::Owned(word_by_word(&text)) }
}

fn word_by_word(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut word = String::new();
    for character in text.chars() {
        if character.is_alphanumeric() || "@.-_+%~!#&*|'^`{}$".contains(character) {
            word.push(character);
            continue;
        }
        push_word(&mut redacted, &word);
        word.clear();
        redacted.push(if character.is_control() { ' ' } else { character });
    }
    push_word(&mut redacted, &word);
    redacted
}

/// Whether there is neither an address in it, nor a key, nor a control character.
fn is_harmless(text: &str) -> bool {
    let is_suspect = |byte: u8| byte == b'@' || byte == b'%' || !(b' '..=b'~').contains(&byte);
    !text.bytes().any(is_suspect) && !text.contains(PREFIX)
}

fn push_word(redacted: &mut String, word: &str) {
    if let Some(at) = word
        .rfind("%40")
        .map(|at| at.saturating_add(3))
        .or_else(|| word.rfind('@').map(|at| at.saturating_add(1)))
    {
        redacted.push_str("…@");
        redacted.push_str(word.get(at..).unwrap_or_default());
        return;
    }
    match word.split_once(PREFIX) {
        Some((before, id)) if id.len() > 4 => {
            redacted.push_str(before);
            redacted.push_str(&key::hint(id));
        }
        _ => redacted.push_str(word),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_harmless_stays_as_it_is_word_by_word(
            text in "([ -~]|@|%40|scim-|[A-Z2-7]{5}|[\u{7f}-\u{9f}]|\u{2028}|[\u{0}-\u{1f}]){0,12}"
        ) {
            prop_assert!(!is_harmless(&text) || word_by_word(&text) == text);
        }
    }

    #[test]
    fn of_addresses_the_domain_stays_and_of_keys_the_hint() {
        let key = format!("scim-{}", "ABCD2345".repeat(8));
        for (line, expected) in [
            ("\"Ann.Lee+x@example.com\" is taken", "\"…@example.com\" is taken"),
            (&format!("GET /scim/Users/{key} 404"), "GET /scim/Users/scim-ABCD… 404"),
            ("a@scim-ABCD2345ABCD2345ABCD2345ABCD2345ABCD2345ABCD2345", "…@scim-ABCD…"),
            ("of o'brien.secret@example.com", "of …@example.com"),
            ("GET /scim/Users/ann%40example.com", "GET /scim/Users/…@example.com"),
            ("key scim-ABCD…: a\nb", "key scim-ABCD…: a b"),
            ("does not begin with \"scim-\"", "does not begin with \"scim-\""),
        ] {
            assert_eq!(redacted(line), expected);
        }
    }
}
