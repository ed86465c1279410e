//! The parameters of a list, from the URL or from a SearchRequest: RFC 7644 §3.4.2, §3.4.3, RFC 9865.

use serde_json::{Number, Value, json};

use crate::attribute_path::{AttributePath, resolve_any};
use crate::cursor::{Cursor, Seal};
use crate::error::shorten;
use crate::list::{Page, Window, page_size};
use crate::message::check_schemas;
use crate::schema::{ResourceType, Returned};
use crate::{Limits, ScimError};

/// The parameters of a list, from the URL (RFC 7644 §3.4.2) or from a SearchRequest (§3.4.3). Blank ones are left out,
/// except for `cursor`.
///
/// Values are checked where they are used: a request for one resource may have a `count`, which is then ignored.
///
/// ```
/// use scim_protocol::query::{Integer, ListQuery};
///
/// let url = [("startIndex".to_owned(), "1".to_owned()), ("COUNT".to_owned(), "50".to_owned())];
/// let query = ListQuery::from_url(&url)?;
/// assert_eq!(query.count, Some(Integer::Value(50)));
/// # Ok::<_, scim_protocol::ScimError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// `filter`, which [`filter::parse`](crate::filter::parse) reads.
    pub filter: Option<String>,
    /// `sortBy`
    pub sort_by: Option<String>,
    /// `sortOrder`
    pub sort_order: Option<String>,
    /// `startIndex`
    pub start_index: Option<Integer>,
    /// `count`
    pub count: Option<Integer>,
    /// `cursor`; blank for the first page.
    pub cursor: Option<String>,
    /// `attributes`, separated by commas.
    pub attributes: Option<String>,
    /// `excludedAttributes`, separated by commas.
    pub excluded_attributes: Option<String>,
}

/// The value of a parameter that should be an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integer {
    /// An integer. One beyond 64 bits is the greatest or the least there is.
    Value(i64),
    /// Anything else.
    Malformed,
}

impl Integer {
    /// Reads an integer; `None` if the text is blank.
    fn parse(text: &str) -> Option<Self> {
        let text = Some(text.trim()).filter(|text| !text.is_empty())?;
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Malformed);
        }
        let beyond = if text.starts_with('-') { i64::MIN } else { i64::MAX };
        Some(Self::Value(text.parse().unwrap_or(beyond)))
    }

    /// The value of an optional parameter.
    ///
    /// # Errors
    /// `invalidValue` naming the parameter if it is not an integer.
    fn value(integer: Option<Self>, name: &str) -> Result<Option<i64>, ScimError> {
        match integer {
            None => Ok(None),
            Some(Self::Value(value)) => Ok(Some(value)),
            Some(Self::Malformed) => Err(ScimError::invalid_value(format!("\"{name}\" must be an integer."))),
        }
    }
}

/// The parameters that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameter {
    Filter,
    SortBy,
    SortOrder,
    StartIndex,
    Count,
    Cursor,
    Attributes,
    ExcludedAttributes,
}

impl Parameter {
    const ALL: [Self; 8] = [
        Self::Filter,
        Self::SortBy,
        Self::SortOrder,
        Self::StartIndex,
        Self::Count,
        Self::Cursor,
        Self::Attributes,
        Self::ExcludedAttributes,
    ];

    /// The parameter of that name, in any case.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.as_str().eq_ignore_ascii_case(name))
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::SortBy => "sortBy",
            Self::SortOrder => "sortOrder",
            Self::StartIndex => "startIndex",
            Self::Count => "count",
            Self::Cursor => "cursor",
            Self::Attributes => "attributes",
            Self::ExcludedAttributes => "excludedAttributes",
        }
    }

    /// Whether it is a list of attributes.
    fn is_list(self) -> bool {
        matches!(self, Self::Attributes | Self::ExcludedAttributes)
    }
}

impl ListQuery {
    /// Reads the decoded parameters of a URL, their names in any case. `attributes` and `excludedAttributes` may be
    /// repeated; their lists are then joined.
    ///
    /// # Errors
    /// `invalidValue` if another parameter is repeated with another value.
    pub fn from_url(query: &[(String, String)]) -> Result<Self, ScimError> {
        let mut texts: Vec<(Parameter, String)> = Vec::new();
        for (name, value) in query {
            let Some(parameter) = Parameter::named(name) else { continue };
            match texts.iter_mut().find(|(known, _)| *known == parameter) {
                None => texts.push((parameter, value.clone())),
                Some((_, text)) if parameter.is_list() => {
                    text.push(',');
                    text.push_str(value);
                }
                Some((_, text)) if text == value => {}
                Some(_) => {
                    return Err(ScimError::invalid_value(format!(
                        "The URL has \"{}\" twice, with two values. Give it once.",
                        parameter.as_str()
                    )));
                }
            }
        }
        Ok(Self::from_texts(texts))
    }

    /// Reads a SearchRequest message: the body of a POST to `/.search` (RFC 7644 §3.4.3).
    ///
    /// # Errors
    /// `invalidSyntax` if it is not an object, `invalidValue` for a value of the wrong type.
    pub fn from_search_request(body: &Value) -> Result<Self, ScimError> {
        check_schemas(body)?;
        let Value::Object(body) = body else {
            return Err(ScimError::invalid_syntax("The body must be a SearchRequest: a JSON object."));
        };
        let mut texts: Vec<(Parameter, String)> = Vec::new();
        for (name, value) in body {
            let Some(parameter) = Parameter::named(name) else { continue };
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                Value::Number(number) if !parameter.is_list() => integer_text(number),
                Value::Array(names) if parameter.is_list() && names.iter().all(Value::is_string) => {
                    names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
                }
                _ => {
                    return Err(ScimError::invalid_value(format!(
                        "\"{}\" must be {}.",
                        parameter.as_str(),
                        if parameter.is_list() { "an array of strings" } else { "a string or a number" }
                    )));
                }
            };
            texts.push((parameter, text));
        }
        Ok(Self::from_texts(texts))
    }

    /// Takes each parameter from the texts; the first of repeated ones.
    fn from_texts(mut texts: Vec<(Parameter, String)>) -> Self {
        let mut take = |parameter: Parameter| {
            let at = texts.iter().position(|(known, _)| *known == parameter)?;
            Some(texts.swap_remove(at).1)
        };
        let cursor = take(Parameter::Cursor);
        let mut unless_blank = |parameter| take(parameter).filter(|text| !text.trim().is_empty());
        Self {
            filter: unless_blank(Parameter::Filter),
            sort_by: unless_blank(Parameter::SortBy),
            sort_order: unless_blank(Parameter::SortOrder),
            start_index: unless_blank(Parameter::StartIndex).as_deref().and_then(Integer::parse),
            count: unless_blank(Parameter::Count).as_deref().and_then(Integer::parse),
            attributes: unless_blank(Parameter::Attributes),
            excluded_attributes: unless_blank(Parameter::ExcludedAttributes),
            cursor,
        }
    }

    /// The requested order; `None` for the order of insertion.
    ///
    /// # Errors
    /// `invalidValue` if the attribute is unknown or has no order, or if `sortOrder` is neither `ascending` nor
    /// `descending`.
    pub fn sort<'a>(&self, resource_types: &[&'a ResourceType]) -> Result<Option<Sort<'a>>, ScimError> {
        let Some(name) = self.sort_by.as_deref().map(str::trim) else { return Ok(None) };
        let path = resolve_any(resource_types, name)
            .filter(|path| path.leaf().is_some_and(|leaf| leaf.returned != Returned::Never))
            .ok_or_else(|| {
                ScimError::invalid_value(format!(
                    "\"sortBy\" names \"{}\", which is no attribute here.",
                    shorten(name)
                ))
            })?;
        // RFC 7644 §3.4.2.3: a complex attribute is sorted by one of its sub-attributes.
        let path = path.value().map_err(|example| {
            ScimError::invalid_value(format!(
                "A complex attribute has no order; sort by one of its sub-attributes, for example {example}."
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
        Ok(Some(Sort { path, descending }))
    }

    /// The query that a cursor is valid for.
    fn fingerprint(&self, endpoint: &str) -> String {
        json!([endpoint, self.filter, self.sort_by, self.sort_order]).to_string()
    }

    /// The requested page. A query with `cursor` is paged by cursor, any other by index (RFC 9865 §2).
    ///
    /// # Errors
    /// `invalidValue` if `startIndex` or `count` is not an integer; with a cursor `invalidCount`, `invalidCursor` or
    /// `expiredCursor` (RFC 9865 §2.1).
    pub fn window(&self, context: &CursorContext<'_>, limits: &Limits) -> Result<Window, ScimError> {
        let Some(cursor) = self.cursor.as_deref().map(str::trim) else {
            let start_index = Integer::value(self.start_index, "startIndex")?;
            let count = Integer::value(self.count, "count")?;
            return Ok(Window::Index(Page::new(start_index, count, limits)));
        };
        if self.start_index.is_some() {
            return Err(ScimError::invalid_value("\"startIndex\" and \"cursor\" cannot be used together."));
        }
        let count = match self.count {
            None => page_size(None, limits),
            Some(Integer::Value(count)) => page_size(Some(count), limits),
            Some(Integer::Malformed) => {
                return Err(ScimError::invalid_count(format!(
                    "\"count\" must be an integer from 0 to {}.",
                    limits.max_page_size
                )));
            }
        };
        let from = match cursor {
            "" => None,
            text => {
                let query = self.fingerprint(context.endpoint);
                Some(Cursor::read(text, context.seal, &query, context.now, limits.cursor_timeout)?)
            }
        };
        Ok(Window::Cursor { count, from })
    }

    /// The id of the key that the cursor was sealed with; `None` without a cursor.
    pub fn cursor_sealed_by(&self) -> Option<&str> {
        Cursor::sealed_by(self.cursor.as_deref()?.trim())
    }

    /// A cursor of this query as text.
    ///
    /// # Errors
    /// 500 if it cannot be encrypted, which does not happen.
    pub fn cursor_text(&self, context: &CursorContext<'_>, cursor: &Cursor) -> Result<String, ScimError> {
        cursor.write(context.seal, &self.fingerprint(context.endpoint), context.now)
    }
}

/// A number as text. JSON does not bound integers, and serde_json reads one beyond 64 bits as a float; it becomes the
/// greatest or the least integer there is.
fn integer_text(number: &Number) -> String {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(beyond) if beyond >= BEYOND_INTEGERS => i64::MAX.to_string(),
        Some(beyond) if beyond <= -BEYOND_INTEGERS => i64::MIN.to_string(),
        _ => number.to_string(),
    }
}

/// Floats from here on are integers (RFC 8259 §6: 64-bit floating point has 53 bits).
const BEYOND_INTEGERS: f64 = 9_007_199_254_740_992.0;

/// What cursors are bound to besides the query itself.
#[derive(Debug, Clone, Copy)]
pub struct CursorContext<'a> {
    /// Path of the list, without the base URL.
    pub endpoint: &'a str,
    /// The key that cursors are sealed with.
    pub seal: Seal<'a>,
    /// Seconds since the epoch.
    pub now: u64,
}

/// The order of a list.
#[derive(Debug, Clone, Copy)]
pub struct Sort<'a> {
    /// The attribute that is sorted by.
    pub path: AttributePath<'a>,
    /// Whether the greatest value comes first.
    pub descending: bool,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cursor::Position;
    use crate::schema::{group, user};

    const CONTEXT: CursorContext<'static> =
        CursorContext { endpoint: "Users", seal: Seal { id: "key", secret: "secret" }, now: 1_000_000 };

    fn url(query: &str) -> Result<ListQuery, ScimError> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs: Vec<_> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        ListQuery::from_url(&pairs)
    }

    #[test]
    fn lists_of_attributes_may_be_given_twice_and_nothing_else() {
        let both =
            url("attributes=id&ATTRIBUTES=userName&excludedAttributes=a&excludedattributes=b").unwrap();
        assert_eq!(both.attributes.as_deref(), Some("id,userName"));
        assert_eq!(both.excluded_attributes.as_deref(), Some("a,b"));
        assert_eq!(url("count=1&Count=1&nonsense=1&nonsense=2").unwrap().count, Some(Integer::Value(1)));
        for twice in ["count=1&count=2", "filter=a&FILTER=b", "cursor=&cursor=x", "sortBy=a&sortBy="] {
            let name = twice.split('=').next().unwrap();
            assert!(url(twice).unwrap_err().detail.contains(&format!("\"{name}\"")), "{twice}");
        }
    }

    #[test]
    fn integers_are_told_from_other_texts() {
        for (text, value) in [
            ("0", 0),
            ("-5", -5),
            ("+7", 7),
            (" 201 ", 201),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", i64::MIN),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(Integer::parse(text), Some(Integer::Value(value)), "{text}");
        }
        assert_eq!(Integer::parse(" "), None);
        for text in ["one", "1e3", "1.5", "-", "+", "99999999999999999999.5", "99999999999999999999x", "--1"]
        {
            assert_eq!(Integer::parse(text), Some(Integer::Malformed), "{text}");
            let wrong =
                |name: &str| url(&format!("{name}={text}")).unwrap().window(&CONTEXT, &Limits::DEFAULT);
            for name in ["startIndex", "count"] {
                assert!(wrong(name).unwrap_err().detail.contains(name), "{name} {text}");
            }
        }
    }

    #[test]
    fn integers_of_any_length_are_integers() {
        let count = |text: &str| {
            let body = serde_json::from_str(&format!("{{\"count\":{text},\"startIndex\":{text}}}")).unwrap();
            ListQuery::from_search_request(&body).unwrap().window(&CONTEXT, &Limits::DEFAULT)
        };
        let greatest = (1 << 53) - 1;
        for text in ["99999999999999999999", "1e30", "9223372036854775808", "\"99999999999999999999\""] {
            let page = Page { start_index: greatest, count: 200 };
            assert_eq!(count(text).unwrap(), Window::Index(page), "{text}");
        }
        let least = Page { start_index: 1, count: 0 };
        assert_eq!(count("-99999999999999999999").unwrap(), Window::Index(least));
        assert!(count("1.5").is_err());
    }

    #[test]
    fn a_search_request_says_the_same_as_a_url() {
        let body = json!({"SCHEMAS": ["x"], "attributes": ["userName", "name.familyName"], "Filter": "title pr",
            "startIndex": 3, "count": 2, "sortBy": "userName", "sortOrder": null});
        let search = ListQuery::from_search_request(&body).unwrap();
        let url =
            url("attributes=userName,name.familyName&filter=title pr&startIndex=3&count=2&sortBy=userName");
        let url = url.unwrap();
        assert_eq!(search, url);
        for wrong in [
            json!({"filter": {"x": 1}}),
            json!({"filter": ["x"]}),
            json!({"attributes": [5]}),
            json!({"cursor": true}),
        ] {
            assert!(ListQuery::from_search_request(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(ListQuery::from_search_request(&json!({"nonsense": {}})).unwrap(), ListQuery::default());
        assert!(ListQuery::from_search_request(&json!([])).is_err());
    }

    #[test]
    fn what_can_be_sorted_by() {
        let (user, group) = (user(), group());
        let sort = |by: &str, order: Option<&str>| {
            let parameters = ListQuery {
                sort_by: Some(by.to_owned()),
                sort_order: order.map(str::to_owned),
                ..ListQuery::default()
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
        assert!(sort("password", None).is_err());
        assert!(sort("userName", Some("upwards")).is_err());
    }

    #[test]
    fn a_cursor_is_good_for_its_own_query_only() {
        let query = |filter: &str| ListQuery {
            filter: Some(filter.to_owned()),
            cursor: Some(String::new()),
            ..ListQuery::default()
        };
        let window = |parameters: &ListQuery, context: &CursorContext<'_>| {
            parameters.window(context, &Limits::DEFAULT)
        };
        assert_eq!(window(&query("a"), &CONTEXT).unwrap(), Window::Cursor { count: 100, from: None });
        let cursor = Cursor { backward: false, position: Position { key: Some("x".to_owned()), rank: 7 } };
        let text = query("a").cursor_text(&CONTEXT, &cursor).unwrap();
        let again = |filter: &str| ListQuery { cursor: Some(text.clone()), ..query(filter) };
        assert_eq!(window(&again("a"), &CONTEXT).unwrap(), Window::Cursor { count: 100, from: Some(cursor) });
        let keyword = |result: Result<Window, ScimError>| result.unwrap_err().scim_type.unwrap().as_str();
        assert_eq!(keyword(window(&again("b"), &CONTEXT)), "invalidCursor");
        assert_eq!(
            keyword(window(&again("a"), &CursorContext { endpoint: "Groups", ..CONTEXT })),
            "invalidCursor"
        );
        assert_eq!(
            keyword(window(
                &again("a"),
                &CursorContext { seal: Seal { id: "key", secret: "other" }, ..CONTEXT }
            )),
            "invalidCursor"
        );
        let late = CursorContext { now: CONTEXT.now + 3601, ..CONTEXT };
        assert_eq!(keyword(window(&again("a"), &late)), "expiredCursor");
        for count in ["many", "1.5"] {
            let parameters = ListQuery { count: Integer::parse(count), ..query("a") };
            assert_eq!(keyword(window(&parameters, &CONTEXT)), "invalidCount");
        }
    }
}
