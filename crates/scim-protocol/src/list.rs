//! Pages of a list, by index or by cursor: RFC 7644 §3.4.2.4, RFC 9865.

use serde::Serialize;

use crate::cursor::Cursor;
use crate::message::LIST_RESPONSE;
use crate::{Limits, ScimError};

/// The greatest `startIndex`: the greatest integer that every JSON implementation reads exactly (RFC 8259 §6). No list
/// is as long.
const MAX_START_INDEX: i64 = (1 << 53) - 1;

/// Which part of a list a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// A page by position (RFC 7644 §3.4.2.4).
    Index(Page),
    /// A page by cursor (RFC 9865).
    Cursor {
        /// Most resources to return; 0 asks for `totalResults` alone.
        count: u32,
        /// Where the page begins or ends; `None` for the first page.
        from: Option<Cursor>,
    },
}

/// A page by position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Position of the first resource, from 1.
    pub start_index: u64,
    /// Most resources to return; 0 asks for `totalResults` alone.
    pub count: u32,
}

impl Page {
    /// The page for these parameters. A `startIndex` below 1 means 1 and a `count` below 0 means 0 (RFC 7644
    /// §3.4.2.4); a `count` above [`Limits::max_page_size`] is reduced to it.
    pub fn new(start_index: Option<i64>, count: Option<i64>, limits: &Limits) -> Self {
        let start_index = start_index.unwrap_or(1).clamp(1, MAX_START_INDEX);
        Self { start_index: start_index.unsigned_abs(), count: page_size(count, limits) }
    }

    /// Number of resources before the page.
    pub fn offset(self) -> u64 {
        self.start_index.saturating_sub(1)
    }
}

/// The number of resources on a page for this `count`.
pub(crate) fn page_size(count: Option<i64>, limits: &Limits) -> u32 {
    match count {
        None => limits.default_page_size,
        Some(count) => u32::try_from(count.max(0)).unwrap_or(u32::MAX).min(limits.max_page_size),
    }
}

/// Where the resources of a ListResponse stand in the whole list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageLinks {
    /// `startIndex`: the position of the first resource, from 1.
    Index(u64),
    /// The cursors of the neighbouring pages, where there are any (RFC 9865 §2).
    Cursors {
        /// `previousCursor`
        previous: Option<String>,
        /// `nextCursor`
        next: Option<String>,
    },
}

/// A ListResponse message (RFC 7644 §3.4.2). All numbers in it are JSON integers, because identity providers do not
/// accept strings for them.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListResponse<T> {
    schemas: [&'static str; 1],
    total_results: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    items_per_page: usize,
    #[serde(rename = "Resources")]
    resources: Vec<T>,
}

impl<T> ListResponse<T> {
    /// A list that is returned as a whole.
    ///
    /// ```
    /// use scim_protocol::list::ListResponse;
    /// use serde_json::json;
    ///
    /// let list = serde_json::to_value(ListResponse::of_all(vec![json!({"id": "1"})]))?;
    /// assert_eq!(list["totalResults"], 1);
    /// assert_eq!(list["Resources"][0]["id"], "1");
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    pub fn of_all(resources: Vec<T>) -> Self {
        let total = u64::try_from(resources.len()).unwrap_or(u64::MAX);
        let count = resources.len();
        Self::with_resources(total, &PageLinks::Index(1), count, resources)
    }

    fn with_resources(total: u64, links: &PageLinks, count: usize, resources: Vec<T>) -> Self {
        let (start_index, previous_cursor, next_cursor) = match links {
            PageLinks::Index(start_index) => (Some(*start_index), None, None),
            PageLinks::Cursors { previous, next } => (None, previous.clone(), next.clone()),
        };
        Self {
            schemas: [LIST_RESPONSE],
            total_results: total,
            start_index,
            previous_cursor,
            next_cursor,
            items_per_page: count,
            resources,
        }
    }
}

/// What closes a message that [`list_response_start`] opens.
pub const LIST_RESPONSE_END: &str = "]}";

/// The beginning of a ListResponse whose resources are written one after the other: everything up to the first of
/// them. The caller appends `count` resources with commas between them, and [`LIST_RESPONSE_END`].
///
/// `total` is the number of resources in the whole list, `count` that of the resources in this response.
///
/// ```
/// use scim_protocol::list::{LIST_RESPONSE_END, PageLinks, list_response_start};
///
/// let mut body = list_response_start(2, &PageLinks::Index(1), 2)?;
/// body.push_str(r#"{"id":"1"},{"id":"2"}"#);
/// body.push_str(LIST_RESPONSE_END);
/// let body: serde_json::Value = serde_json::from_str(&body).unwrap();
/// assert_eq!(body["itemsPerPage"], 2);
/// # Ok::<_, scim_protocol::ScimError>(())
/// ```
///
/// # Errors
/// 500 if the message cannot be written, which does not happen.
pub fn list_response_start(total: u64, links: &PageLinks, count: usize) -> Result<String, ScimError> {
    let empty = ListResponse::<()>::with_resources(total, links, count, Vec::new());
    let message = serde_json::to_string(&empty).map_err(|_| ScimError::internal())?;
    message.strip_suffix(LIST_RESPONSE_END).map(str::to_owned).ok_or_else(ScimError::internal)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn odd_pages_are_read_as_the_rfc_says() {
        let page = |start_index, count| Page::new(start_index, count, &Limits::DEFAULT);
        assert_eq!(page(None, None), Page { start_index: 1, count: 100 });
        assert_eq!(page(Some(0), Some(-5)), Page { start_index: 1, count: 0 });
        assert_eq!(page(Some(-9), Some(100_000)), Page { start_index: 1, count: 200 });
        assert_eq!(page(Some(201), None), Page { start_index: 201, count: 100 });
        assert_eq!(page(None, Some(i64::MAX)), Page { start_index: 1, count: 200 });
        assert_eq!(page(Some(i64::MIN), Some(i64::MIN)), Page { start_index: 1, count: 0 });
        assert_eq!(page(Some(i64::MAX), None).start_index, MAX_START_INDEX.unsigned_abs());
    }

    #[test]
    fn a_list_is_valid_json() {
        let read = |links| -> Value {
            let start = list_response_start(3, &links, 2).unwrap();
            let body = format!("{start}{}{LIST_RESPONSE_END}", r#"{"id":"b"},{"id":"c"}"#);
            serde_json::from_str(&body).unwrap()
        };
        let body = read(PageLinks::Index(2));
        assert_eq!(body["totalResults"], 3);
        assert_eq!(body["startIndex"], 2);
        assert_eq!(body["itemsPerPage"], 2);
        assert_eq!(body["Resources"][1]["id"], "c");
        let between = PageLinks::Cursors { previous: None, next: Some("n".to_owned()) };
        let body = read(between);
        assert_eq!(body["nextCursor"], "n");
        assert!(body.get("startIndex").is_none() && body.get("previousCursor").is_none());
    }
}
