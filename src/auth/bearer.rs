//! Bearer tokens in the `Authorization` header (RFC 6750 §2.1).

/// The token behind the scheme `Bearer`, which is read in any case; `None` for other schemes and for none.
pub(crate) fn token(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.trim().split_once(char::is_whitespace)?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::token;

    #[test]
    fn only_bearer_tokens_are_read() {
        for credentials in ["Bearer a", "bearer a", " BEARER \t a "] {
            assert_eq!(token(credentials), Some("a"), "{credentials}");
        }
        for credentials in ["", "a", "Bearer", "Basic a", "Bearers a"] {
            assert_eq!(token(credentials), None, "{credentials}");
        }
    }
}
