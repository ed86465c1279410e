//! Pages of a list, by index or by cursor: RFC 7644 §3.4.2.4, RFC 9865.

use super::ScimError;
use super::cursor::Cursor;

/// How many resources a page has where the client does not say.
pub const DEFAULT_COUNT: u32 = 100;
/// The most resources a page has, whatever the client says (RFC 7644 §3.4.2.4 allows fewer than `count`).
pub const MAX_COUNT: u32 = 200;

/// The greatest `startIndex` that means something: what JSON can say everywhere (RFC 8259 §6). No list is as long.
const MAX_START_INDEX: i64 = (1 << 53) - 1;

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// By position (RFC 7644 §3.4.2.4).
    Index(Page),
    /// By what the page stands behind or before (RFC 9865).
    Cursor {
        /// The most resources to return; 0 asks for the total alone.
        count: u32,
        /// `None` for the first page.
        from: Option<Cursor>,
    },
}

/// A page by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Position of the first resource, from 1.
    pub start_index: u64,
    /// The most resources to return; 0 asks for the total alone.
    pub count: u32,
}

impl Page {
    /// Reads `startIndex` and `count`. RFC 7644 §3.4.2.4: a `startIndex` below 1 is 1, a `count` below 0 is 0.
    ///
    /// # Errors
    /// `invalidValue` where one of them is not an integer.
    pub fn parse(start_index: Option<&str>, count: Option<&str>) -> Result<Self, ScimError> {
        let start_index = integer("startIndex", start_index)?.unwrap_or(1).clamp(1, MAX_START_INDEX);
        let count =
            integer("count", count)?.unwrap_or(i64::from(DEFAULT_COUNT)).clamp(0, i64::from(MAX_COUNT));
        Ok(Self {
            start_index: u64::try_from(start_index).unwrap_or(1),
            count: u32::try_from(count).unwrap_or(MAX_COUNT),
        })
    }

    /// How many resources stand before the page.
    pub fn offset(self) -> u64 {
        self.start_index.saturating_sub(1)
    }
}

/// Reads a number that a client sent as text. One beyond 64 bits is the greatest or the least there is.
///
/// # Errors
/// `invalidValue` naming the parameter.
pub(crate) fn integer(name: &str, text: Option<&str>) -> Result<Option<i64>, ScimError> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ScimError::invalid_value(format!("\"{name}\" must be an integer.")));
    }
    // Digits alone fail to be a number only by being too many.
    Ok(Some(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX })))
}

/// Where an answer stands in its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Position of its first resource, from 1.
    At(u64),
    /// Cursors of the pages beside it, where there are any.
    Between {
        /// `previousCursor`
        previous: Option<String>,
        /// `nextCursor`
        next: Option<String>,
    },
}

/// What a ListResponse begins with, up to its resources, of which there are `count`; `]}` completes it.
///
/// `itemsPerPage` is the number of resources in this answer, and all numbers are JSON integers: identity
/// providers take neither strings nor the requested `count` for it.
pub fn list_response(total: u64, standing: &Standing, count: usize) -> String {
    let mut body =
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":"#.to_owned();
    body.push_str(&total.to_string());
    match standing {
        Standing::At(start_index) => {
            body.push_str(r#","startIndex":"#);
            body.push_str(&start_index.to_string());
        }
        Standing::Between { previous, next } => {
            for (name, cursor) in [("previousCursor", previous), ("nextCursor", next)] {
                if let Some(cursor) = cursor {
                    body.push_str(&format!(r#","{name}":"{cursor}""#));
                }
            }
        }
    }
    body.push_str(r#","itemsPerPage":"#);
    body.push_str(&count.to_string());
    body.push_str(r#","Resources":["#);
    body
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn odd_pages_are_read_as_the_rfc_says() {
        let page = |start_index, count| Page::parse(start_index, count).unwrap();
        assert_eq!(page(None, None), Page { start_index: 1, count: 100 });
        assert_eq!(page(Some("0"), Some("-5")), Page { start_index: 1, count: 0 });
        assert_eq!(page(Some("-9"), Some("100000")), Page { start_index: 1, count: 200 });
        assert_eq!(page(Some("201"), Some("")), Page { start_index: 201, count: 100 });
        assert!(Page::parse(Some("one"), None).is_err());
        let beyond = "99999999999999999999";
        assert_eq!(page(None, Some(beyond)), Page { start_index: 1, count: 200 });
        assert_eq!(
            page(Some("-99999999999999999999"), Some("-99999999999999999999")),
            Page { start_index: 1, count: 0 }
        );
        assert_eq!(page(Some(beyond), None).start_index, MAX_START_INDEX.unsigned_abs());
        assert_eq!(page(Some("9223372036854775807"), None).start_index, MAX_START_INDEX.unsigned_abs());
        for text in ["1e3", "1.5", "-", "+", "99999999999999999999.5", "99999999999999999999x", "--1"] {
            assert!(Page::parse(None, Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_list_is_valid_json() {
        let read = |standing| -> Value {
            let body = format!("{}{}", list_response(3, &standing, 2), r#"{"id":"b"},{"id":"c"}]}"#);
            serde_json::from_str(&body).unwrap()
        };
        let body = read(Standing::At(2));
        assert_eq!(body["totalResults"], 3);
        assert_eq!(body["startIndex"], 2);
        assert_eq!(body["itemsPerPage"], 2);
        assert_eq!(body["Resources"][1]["id"], "c");
        let between = Standing::Between { previous: None, next: Some("n".to_owned()) };
        let body = read(between);
        assert_eq!(body["nextCursor"], "n");
        assert!(body.get("startIndex").is_none() && body.get("previousCursor").is_none());
    }
}
