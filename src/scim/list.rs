//! What a client asks of a list, and what it gets: RFC 7644 §3.4.2, RFC 9865.

use serde_json::Value;

use super::ScimError;
use super::attribute_path::{AttributePath, resolve};
use super::cursor::Cursor;
use super::schema::{Kind, ResourceType};
use super::text::shorten;

/// How many resources a page has where the client does not say.
pub const DEFAULT_COUNT: u32 = 100;
/// The most resources a page has, whatever the client says (RFC 7644 §3.4.2.4 allows fewer than `count`).
pub const MAX_COUNT: u32 = 200;

/// The parameters of a query as they were sent, in the URL (RFC 7644 §3.4.2) or in a SearchRequest (§3.4.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `filter`
    pub filter: Option<String>,
    /// `sortBy`
    pub sort_by: Option<String>,
    /// `sortOrder`
    pub sort_order: Option<String>,
    /// `startIndex`
    pub start_index: Option<String>,
    /// `count`
    pub count: Option<String>,
    /// `cursor`; blank for the first page.
    pub cursor: Option<String>,
    /// `attributes`, separated by commas.
    pub attributes: Option<String>,
    /// `excludedAttributes`, separated by commas.
    pub excluded_attributes: Option<String>,
}

impl Parameters {
    /// Takes each parameter from a function of its name.
    pub fn of(get: impl Fn(&str) -> Option<String>) -> Self {
        let unless_blank = |name| get(name).filter(|text| !text.trim().is_empty());
        Self {
            filter: unless_blank("filter"),
            sort_by: unless_blank("sortBy"),
            sort_order: unless_blank("sortOrder"),
            start_index: unless_blank("startIndex"),
            count: unless_blank("count"),
            cursor: get("cursor"),
            attributes: unless_blank("attributes"),
            excluded_attributes: unless_blank("excludedAttributes"),
        }
    }

    /// Reads the body of a POST to `/.search` (RFC 7644 §3.4.3).
    ///
    /// # Errors
    /// `invalidSyntax` where it is no object, `invalidValue` for a value of the wrong type.
    pub fn of_search(body: &Value) -> Result<Self, ScimError> {
        let Value::Object(body) = body else {
            return Err(ScimError::invalid_syntax("The body must be a SearchRequest: a JSON object."));
        };
        for (name, value) in body {
            if !matches!(value, Value::String(_) | Value::Number(_) | Value::Null) && !is_list_of_names(value)
            {
                return Err(ScimError::invalid_value(format!(
                    "\"{}\" in a SearchRequest must be a string, a number, or an array of strings.",
                    shorten(name)
                )));
            }
        }
        Ok(Self::of(|name| {
            let (_, value) = body.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
            match value {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                Value::Array(names) => {
                    Some(names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","))
                }
                _ => None,
            }
        }))
    }

    /// The order asked for; `None`: the order of insertion.
    ///
    /// # Errors
    /// `invalidValue` for what cannot be sorted by, or another order than the two there are.
    pub fn sort<'a>(&self, resource_types: &[&'a ResourceType]) -> Result<Option<Sort<'a>>, ScimError> {
        let Some(name) = self.sort_by.as_deref().map(str::trim) else { return Ok(None) };
        let path = resource_types
            .iter()
            .find_map(|resource_type| resolve(resource_type, name).filter(|path| path.attribute.is_some()))
            .ok_or_else(|| {
                ScimError::invalid_value(format!(
                    "\"sortBy\" names \"{}\", which is no attribute here.",
                    shorten(name)
                ))
            })?;
        let descending = match self.sort_order.as_deref().map(str::trim) {
            None => false,
            Some(order) if order.eq_ignore_ascii_case("ascending") => false,
            Some(order) if order.eq_ignore_ascii_case("descending") => true,
            Some(_) => {
                return Err(ScimError::invalid_value(
                    "\"sortOrder\" must be \"ascending\" or \"descending\".",
                ));
            }
        };
        Ok(Some(Sort { path: sortable(path)?, descending }))
    }

    /// What a cursor is good for, besides its key: the same query again.
    fn fingerprint(&self, endpoint: &str) -> String {
        Value::from(
            [Some(endpoint), self.filter.as_deref(), self.sort_by.as_deref(), self.sort_order.as_deref()]
                .map(Value::from)
                .to_vec(),
        )
        .to_string()
    }

    /// Which page is asked for. A query with `cursor` is paged by cursor, any other by index (RFC 9865 §2).
    ///
    /// # Errors
    /// `invalidValue` for numbers that are none; with a cursor `invalidCount`, `invalidCursor` or
    /// `expiredCursor` (RFC 9865 §2.1).
    pub fn window(&self, context: &CursorContext<'_>) -> Result<Window, ScimError> {
        let Some(cursor) = self.cursor.as_deref().map(str::trim) else {
            return Page::parse(self.start_index.as_deref(), self.count.as_deref()).map(Window::Index);
        };
        if self.start_index.is_some() {
            return Err(ScimError::invalid_value("\"startIndex\" and \"cursor\" cannot be used together."));
        }
        let count = match integer("count", self.count.as_deref()) {
            Ok(None) => DEFAULT_COUNT,
            Ok(Some(count)) if count > 0 => u32::try_from(count).unwrap_or(MAX_COUNT).min(MAX_COUNT),
            Ok(Some(_)) | Err(_) => {
                return Err(ScimError::invalid_count(format!(
                    "With a cursor, \"count\" must be an integer from 1 to {MAX_COUNT}."
                )));
            }
        };
        let from = match cursor {
            "" => None,
            text => Some(Cursor::read(text, context.key, &self.fingerprint(context.endpoint), context.now)?),
        };
        Ok(Window::Cursor { count, from })
    }

    /// The text of a cursor of this query.
    pub fn cursor_text(&self, context: &CursorContext<'_>, cursor: &Cursor) -> String {
        cursor.write(context.key, &self.fingerprint(context.endpoint), context.now)
    }
}

fn is_list_of_names(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(|item| item.is_string()))
}

/// RFC 7644 §3.4.2.3: a complex attribute is sorted by one of its sub-attributes.
fn sortable(path: AttributePath<'_>) -> Result<AttributePath<'_>, ScimError> {
    match path.leaf() {
        Some(attribute) if attribute.kind == Kind::Complex => match attribute.sub_attribute("value") {
            Some(value) => Ok(AttributePath { sub_attribute: Some(value), ..path }),
            None => Err(ScimError::invalid_value(format!(
                "\"{0}\" is complex; sort by one of its sub-attributes, for example {0}.{1}.",
                attribute.name,
                attribute.sub_attributes.first().map_or("value", |first| first.name.as_str())
            ))),
        },
        _ => Ok(path),
    }
}

/// What the cursors of a list are bound to.
#[derive(Debug, Clone, Copy)]
pub struct CursorContext<'a> {
    /// Path of the list, without the base URL.
    pub endpoint: &'a str,
    /// A secret of the client's own, so that a cursor is of use to nobody else.
    pub key: &'a str,
    /// Seconds since the epoch.
    pub now: u64,
}

/// The order of a list.
#[derive(Debug, Clone, Copy)]
pub struct Sort<'a> {
    /// What is sorted by.
    pub path: AttributePath<'a>,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// By position (RFC 7644 §3.4.2.4).
    Index(Page),
    /// By what the page stands behind or before (RFC 9865).
    Cursor {
        /// The most resources to return; at least one.
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
        let start_index = integer("startIndex", start_index)?.unwrap_or(1).max(1);
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

fn integer(name: &str, text: Option<&str>) -> Result<Option<i64>, ScimError> {
    text.map(str::trim)
        .filter(|text| !text.is_empty())
        .map(|text| {
            text.parse().map_err(|_| ScimError::invalid_value(format!("\"{name}\" must be an integer.")))
        })
        .transpose()
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

/// The body of a ListResponse around resources that are already JSON.
///
/// `itemsPerPage` is the number of resources in this answer, and all numbers are JSON integers: identity
/// providers take neither strings nor the requested `count` for it.
pub fn list_response(total: u64, standing: &Standing, resources: &[String]) -> String {
    let length: usize = resources.iter().map(|resource| resource.len().saturating_add(1)).sum();
    let mut body = String::with_capacity(length.saturating_add(500));
    body.push_str(r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":"#);
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
    body.push_str(&resources.len().to_string());
    body.push_str(r#","Resources":["#);
    for (index, resource) in resources.iter().enumerate() {
        if index > 0 {
            body.push(',');
        }
        body.push_str(resource);
    }
    body.push_str("]}");
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::cursor::Position;
    use crate::scim::schema::{group, user};

    const CONTEXT: CursorContext<'static> =
        CursorContext { endpoint: "Users", key: "secret", now: 1_000_000 };

    #[test]
    fn odd_pages_are_read_as_the_rfc_says() {
        let page = |start_index, count| Page::parse(start_index, count).unwrap();
        assert_eq!(page(None, None), Page { start_index: 1, count: 100 });
        assert_eq!(page(Some("0"), Some("-5")), Page { start_index: 1, count: 0 });
        assert_eq!(page(Some("-9"), Some("100000")), Page { start_index: 1, count: 200 });
        assert_eq!(page(Some("201"), Some("")), Page { start_index: 201, count: 100 });
        assert!(Page::parse(Some("one"), None).is_err());
        assert!(Page::parse(None, Some("99999999999999999999")).is_err());
    }

    #[test]
    fn a_list_is_valid_json() {
        let resources = [r#"{"id":"b"}"#.to_owned(), r#"{"id":"c"}"#.to_owned()];
        let body: Value = serde_json::from_str(&list_response(3, &Standing::At(2), &resources)).unwrap();
        assert_eq!(body["totalResults"], 3);
        assert_eq!(body["startIndex"], 2);
        assert_eq!(body["itemsPerPage"], 2);
        assert_eq!(body["Resources"][1]["id"], "c");
        let between = Standing::Between { previous: None, next: Some("n".to_owned()) };
        let body: Value = serde_json::from_str(&list_response(3, &between, &resources)).unwrap();
        assert_eq!(body["nextCursor"], "n");
        assert!(body.get("startIndex").is_none() && body.get("previousCursor").is_none());
    }

    #[test]
    fn a_search_request_says_the_same_as_a_url() {
        let body = json!({"SCHEMAS": ["x"], "attributes": ["userName", "name.familyName"], "Filter": "title pr",
            "startIndex": 3, "count": 2, "sortBy": "userName", "sortOrder": null});
        let search = Parameters::of_search(&body).unwrap();
        let url = Parameters::of(|name| {
            let value = match name {
                "attributes" => "userName,name.familyName",
                "filter" => "title pr",
                "startIndex" => "3",
                "count" => "2",
                "sortBy" => "userName",
                _ => return None,
            };
            Some(value.to_owned())
        });
        assert_eq!(search, url);
        assert!(Parameters::of_search(&json!({"filter": {"x": 1}})).is_err());
        assert!(Parameters::of_search(&json!([])).is_err());
    }

    #[test]
    fn what_can_be_sorted_by() {
        let (user, group) = (user(), group());
        let sort = |by: &str, order: Option<&str>| {
            let parameters = Parameters {
                sort_by: Some(by.to_owned()),
                sort_order: order.map(str::to_owned),
                ..Parameters::default()
            };
            let sort = parameters.sort(&[&user, &group])?;
            Ok::<_, ScimError>(sort.map(|sort| (sort.path.leaf().unwrap().name.clone(), sort.descending)))
        };
        assert_eq!(
            sort("NAME.familyName", Some("Descending")).unwrap(),
            Some(("familyName".to_owned(), true))
        );
        assert_eq!(sort("emails", None).unwrap(), Some(("value".to_owned(), false)));
        assert_eq!(sort("members", None).unwrap(), Some(("value".to_owned(), false)));
        assert!(sort("name", None).is_err());
        assert!(sort("nonsense", None).is_err());
        assert!(sort("userName", Some("upwards")).is_err());
    }

    #[test]
    fn a_cursor_is_good_for_its_own_query_only() {
        let query = |filter: &str| Parameters {
            filter: Some(filter.to_owned()),
            cursor: Some(String::new()),
            ..Parameters::default()
        };
        let window = |parameters: &Parameters, context: &CursorContext<'_>| parameters.window(context);
        assert_eq!(window(&query("a"), &CONTEXT).unwrap(), Window::Cursor { count: 100, from: None });
        let cursor = Cursor { backward: false, position: Position { key: Some("x".to_owned()), rank: 7 } };
        let text = query("a").cursor_text(&CONTEXT, &cursor);
        let again = |filter: &str| Parameters { cursor: Some(text.clone()), ..query(filter) };
        assert_eq!(window(&again("a"), &CONTEXT).unwrap(), Window::Cursor { count: 100, from: Some(cursor) });
        let keyword = |result: Result<Window, ScimError>| result.unwrap_err().scim_type.unwrap().as_str();
        assert_eq!(keyword(window(&again("b"), &CONTEXT)), "invalidCursor");
        assert_eq!(
            keyword(window(&again("a"), &CursorContext { endpoint: "Groups", ..CONTEXT })),
            "invalidCursor"
        );
        assert_eq!(keyword(window(&again("a"), &CursorContext { key: "other", ..CONTEXT })), "invalidCursor");
        let late = CursorContext { now: CONTEXT.now + 3601, ..CONTEXT };
        assert_eq!(keyword(window(&again("a"), &late)), "expiredCursor");
        for count in ["0", "-1", "many"] {
            let parameters = Parameters { count: Some(count.to_owned()), ..query("a") };
            assert_eq!(keyword(window(&parameters, &CONTEXT)), "invalidCount");
        }
    }
}
