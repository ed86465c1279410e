//! The name by which the console finds an administrator.

use scim_protocol::text::{compose, decompose, fold};

/// The email address of an administrator, in the spellings that their `userName` may have: in any case of ASCII
/// letters, and with letters and marks composed or not.
///
/// It is not folded any further. Folding makes ASCII of other characters, such as full-width letters; an address with
/// such a character is the mailbox of another person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdministratorName {
    /// As it was asserted, ASCII letters in lower case.
    pub email: String,
    /// In Unicode's composed form.
    pub composed: String,
    /// In Unicode's decomposed form.
    pub decomposed: String,
    /// As `userName` is indexed.
    pub fold: String,
}

impl AdministratorName {
    /// The name of the administrator with this email address.
    pub fn of(email: &str) -> Self {
        let email = email.to_ascii_lowercase();
        let is_exact = email
            .chars()
            .all(|character| character.is_ascii() || !fold(character.encode_utf8(&mut [0; 4])).is_ascii());
        let (composed, decomposed) = match is_exact {
            true => (compose(&email).into_owned(), decompose(&email).into_owned()),
            false => (email.clone(), email.clone()),
        };
        Self { composed, decomposed, fold: fold(&email), email }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_become_ascii_have_one_spelling() {
        let name = AdministratorName::of("Jose\u{301}@acme.test");
        assert_eq!(name.composed, "josé@acme.test");
        assert_eq!(name.decomposed, "jose\u{301}@acme.test");
        for email in ["\u{212a}im@acme.test", "ｋim@acme.test", "kim＠acme.test"] {
            let name = AdministratorName::of(email);
            assert_eq!([&name.composed, &name.decomposed], [email, email]);
            assert_eq!(name.fold, "kim@acme.test");
        }
    }
}
