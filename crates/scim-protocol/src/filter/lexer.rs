//! The tokens of a filter.

use serde_json::Value;

use crate::ScimError;
use crate::error::shorten;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name, operator, keyword, number or unquoted value.
    Word(String),
    /// A quoted string, unescaped.
    Quoted(String),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
}

impl Token {
    /// The token as errors quote it. They do not quote strings, which are personal data, because errors are logged.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("\"{}\"", shorten(word)),
            Self::Quoted(_) => "a string".to_owned(),
            Self::Open => "\"(\"".to_owned(),
            Self::Close => "\")\"".to_owned(),
            Self::OpenBracket => "\"[\"".to_owned(),
            Self::CloseBracket => "\"]\"".to_owned(),
        }
    }
}

/// Splits a filter into tokens.
///
/// # Errors
/// `invalidFilter` if a string is not closed or is not a JSON string.
pub(crate) fn tokens(text: &str) -> Result<Vec<Token>, ScimError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '(' => (Token::Open, skip(rest, 1)),
            ')' => (Token::Close, skip(rest, 1)),
            '[' => (Token::OpenBracket, skip(rest, 1)),
            ']' => (Token::CloseBracket, skip(rest, 1)),
            '"' => quoted(rest)?,
            _ => word(rest),
        };
        tokens.push(token);
        rest = after.trim_start();
    }
    Ok(tokens)
}

fn skip(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

fn word(text: &str) -> (Token, &str) {
    let end = text
        .find(|character: char| character.is_whitespace() || matches!(character, '(' | ')' | '[' | ']' | '"'))
        .unwrap_or(text.len());
    let (word, after) = text.split_at_checked(end).unwrap_or((text, ""));
    (Token::Word(word.to_owned()), after)
}

/// A string in double quotes, escaped as in JSON (RFC 7644 §3.4.2.2: `compValue` is a JSON value).
fn quoted(text: &str) -> Result<(Token, &str), ScimError> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => {
                let (literal, after) = text.split_at_checked(at.saturating_add(1)).unwrap_or((text, ""));
                return match serde_json::from_str(literal) {
                    Ok(Value::String(value)) => Ok((Token::Quoted(value), after)),
                    _ => Err(ScimError::invalid_filter(
                        "A string in the filter is not a JSON string. Write \\\\ for a backslash and \\\" for a \
                         double quote in it.",
                    )),
                };
            }
            _ => {}
        }
    }
    Err(ScimError::invalid_filter("A string in the filter is not closed: a double quote is missing."))
}
